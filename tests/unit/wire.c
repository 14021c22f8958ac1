/* Frames: what is written is read again; what breaks a bound is refused, and never disturbs. */
#include "tests/unit/wire_sample.h"

enum { FIRST = SAMENLOOP__V1__FRAME__BODY_HELLO, LAST = SAMENLOOP__V1__FRAME__BODY_LIST_PIECE };

static enum sl_wire_side side_of(int kind)
{
    switch (kind) {
    case SAMENLOOP__V1__FRAME__BODY_WELCOME:
    case SAMENLOOP__V1__FRAME__BODY_PUBLISHED:
    case SAMENLOOP__V1__FRAME__BODY_DELIVER:
    case SAMENLOOP__V1__FRAME__BODY_RECEIPTED:
    case SAMENLOOP__V1__FRAME__BODY_LIST_PIECE:
        return SL_WIRE_ROUTER;
    default:
        return SL_WIRE_ADAPTER;
    }
}

static bool is_read(enum sl_wire_side side, struct sl_bytes frame, int kind)
{
    struct sl_arena arena;
    sl_arena_init(&arena, SL_MAX_ARENA);
    struct sl_error error = {0};
    const Samenloop__V1__Frame *got = sl_wire_unpack(&arena, side, frame, &error);
    bool read = got != NULL;
    if (read && kind != 0)
        assert_int_equal(got->body_case, kind);
    if (!read) {
        assert_int_equal(error.code, SL_PROTOCOL);
        assert_true(strlen(error.text) > 5);
    }
    sl_arena_free(&arena);
    return read;
}

static void each_kind_is_read_again(void **state)
{
    (void)state;
    struct sample s;
    fill(&s);
    for (int kind = FIRST; kind <= LAST; kind++) {
        struct sl_buffer out = {0};
        write_kind(&s, kind, &out);
        assert_true(is_read(side_of(kind), sl_buffer_bytes(&out), kind));
        bool both = kind == SAMENLOOP__V1__FRAME__BODY_HEARTBEAT ||
                    kind == SAMENLOOP__V1__FRAME__BODY_BYE;
        enum sl_wire_side other = side_of(kind) == SL_WIRE_ADAPTER ? SL_WIRE_ROUTER
                                                                   : SL_WIRE_ADAPTER;
        assert_int_equal(is_read(other, sl_buffer_bytes(&out), kind), both);
        sl_buffer_free(&out);
    }
}

/* Bytes in a block of their own, so that a sanitizer sees a read beyond them. */
static bool exact_is_read(enum sl_wire_side side, const uint8_t *data, size_t size)
{
    uint8_t *copy = sl_new(size + (size == 0), 1);
    if (size > 0)
        memcpy(copy, data, size);
    bool read = is_read(side, sl_bytes(copy, size), 0);
    free(copy);
    return read;
}

static void a_frame_cut_at_any_byte_disturbs_nothing(void **state)
{
    (void)state;
    struct sample s;
    fill(&s);
    for (int kind = FIRST; kind <= LAST; kind++) {
        struct sl_buffer out = {0};
        write_kind(&s, kind, &out);
        for (size_t size = 0; size < out.size; size++)
            assert_false(exact_is_read(side_of(kind), out.data, size)); /* its length is inside */
        sl_buffer_free(&out);
    }
}

static void a_turned_bit_disturbs_nothing(void **state)
{
    (void)state;
    struct sample s;
    fill(&s);
    size_t refused = 0;
    for (int kind = FIRST; kind <= LAST; kind++) {
        struct sl_buffer out = {0};
        write_kind(&s, kind, &out);
        for (size_t bit = 0; bit < 8 * out.size; bit++) {
            out.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
            refused += exact_is_read(side_of(kind), out.data, out.size) ? 0 : 1;
            out.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        }
        sl_buffer_free(&out);
    }
    assert_true(refused > 500);
}

static bool written_is_read(const struct sample *s, int kind)
{
    struct sl_buffer out = {0};
    write_kind(s, kind, &out);
    bool read = is_read(side_of(kind), sl_buffer_bytes(&out), kind);
    sl_buffer_free(&out);
    return read;
}

/* Changes one thing of a good frame, and wants it refused. */
#define REFUSED(kind, change)                                                                      \
    do {                                                                                           \
        struct sample s;                                                                           \
        fill(&s);                                                                                  \
        assert_true(written_is_read(&s, kind));                                                    \
        change;                                                                                    \
        assert_false(written_is_read(&s, kind));                                                   \
    } while (0)

static void bounds_of_greetings_hold(void **state)
{
    (void)state;
    Samenloop__V1__Place *twice[2];
    REFUSED(SAMENLOOP__V1__FRAME__BODY_HELLO, s.hello.version = 2);
    REFUSED(SAMENLOOP__V1__FRAME__BODY_HELLO, s.hello.outbox = bytes(15));
    REFUSED(SAMENLOOP__V1__FRAME__BODY_HELLO, s.hello.inbox = bytes(0));
    REFUSED(SAMENLOOP__V1__FRAME__BODY_HELLO, s.hello.journal = bytes(17));
    REFUSED(SAMENLOOP__V1__FRAME__BODY_HELLO, s.hello.credit = SL_CREDIT + 1);
    REFUSED(SAMENLOOP__V1__FRAME__BODY_HELLO, s.hello.software = text("a\x1b[2J"));
    REFUSED(SAMENLOOP__V1__FRAME__BODY_HELLO, s.place.lane = (Samenloop__V1__Lane)4);
    REFUSED(SAMENLOOP__V1__FRAME__BODY_HELLO, s.place.lane = (Samenloop__V1__Lane)-1);
    REFUSED(SAMENLOOP__V1__FRAME__BODY_HELLO, {
        twice[0] = twice[1] = &s.place;
        s.hello.last = twice;
        s.hello.n_last = 2;
    });
    REFUSED(SAMENLOOP__V1__FRAME__BODY_WELCOME, s.welcome.agreement = bytes(31));
    REFUSED(SAMENLOOP__V1__FRAME__BODY_WELCOME, s.welcome.credit = UINT32_MAX);
}

static void bounds_of_publications_hold(void **state)
{
    (void)state;
    const int publish = SAMENLOOP__V1__FRAME__BODY_PUBLISH;
    const int published = SAMENLOOP__V1__FRAME__BODY_PUBLISHED;
    Samenloop__V1__Envelope *twice[2];
    REFUSED(publish, s.publish.lane = SAMENLOOP__V1__LANE__LANE_UNSPECIFIED);
    REFUSED(publish, s.publish.position = 0);
    REFUSED(publish, s.publish.bundle = NULL);
    REFUSED(publish, s.bundle.proof = NULL);
    REFUSED(publish, s.bundle.n_envelopes = 0);
    REFUSED(publish, s.proof.size = 0);
    REFUSED(publish, s.proof.size = 2); /* one of its events is not there */
    REFUSED(publish, s.proof.size = UINT32_MAX);
    REFUSED(publish, s.proof.nodes = bytes(SL_HASH_SIZE));
    REFUSED(publish, s.proof.card = bytes(0));
    REFUSED(publish, s.encapsulation.enc = bytes(31));
    REFUSED(publish, s.envelope.index = 1);
    REFUSED(publish, s.envelope.header = bytes(0));
    REFUSED(publish, s.ciphertext.encapsulation = 1);
    REFUSED(publish, s.section.section = (Samenloop__V1__Section)10);
    REFUSED(publish, s.section.section = (Samenloop__V1__Section)-1);
    REFUSED(publish, {
        s.proof.size = 2;
        twice[0] = twice[1] = &s.envelope;
        s.bundle.envelopes = twice;
        s.bundle.n_envelopes = 2;
    });
    REFUSED(published, s.result.verdict = SAMENLOOP__V1__VERDICT__VERDICT_UNSPECIFIED);
    REFUSED(published, s.result.verdict = (Samenloop__V1__Verdict)INT32_MAX);
    REFUSED(published, s.result.journal_number = 0);
    REFUSED(published, s.published.n_results = 0);
    REFUSED(published, s.remark.sentence = text("two\nlines"));
}

static void bounds_of_deliveries_hold(void **state)
{
    (void)state;
    const int deliver = SAMENLOOP__V1__FRAME__BODY_DELIVER;
    const int delivered = SAMENLOOP__V1__FRAME__BODY_DELIVERED;
    REFUSED(deliver, s.delivery.number = 0);
    REFUSED(deliver, s.delivery.previous = s.delivery.number);
    REFUSED(deliver, s.delivery.attempt = 0);
    REFUSED(deliver, s.delivery.kind = (Samenloop__V1__DeliveryKind)9);
    REFUSED(deliver, s.delivery.role = (Samenloop__V1__Role)5);
    REFUSED(deliver, s.delivery.bundle = 1);
    REFUSED(deliver, s.delivery.envelope = 1);
    REFUSED(deliver, s.subjects[0] = bytes(31));
    REFUSED(deliver, s.ground.quotation = text("two\nlines"));
    REFUSED(deliver, s.deliver.n_deliveries = 0);
    REFUSED(delivered,
            s.answer.outcome = SAMENLOOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_UNSPECIFIED);
    REFUSED(delivered, s.answer.number = 0);
    REFUSED(delivered, s.answer.code = text("\xc0\x80"));
    REFUSED(delivered, s.delivered.credit = UINT32_MAX);
    REFUSED(SAMENLOOP__V1__FRAME__BODY_RECEIPT,
            s.receipt.role = SAMENLOOP__V1__ROLE__ROLE_UNSPECIFIED);
    REFUSED(SAMENLOOP__V1__FRAME__BODY_RECEIPT, s.receipt.at = -1);
    REFUSED(SAMENLOOP__V1__FRAME__BODY_RECEIPTED, s.receipted.number = 0);
}

/* A signed head has a bounded note and whole hashes, and stands in a delivery of its kind alone. */
static void bounds_of_checkpoints_hold(void **state)
{
    (void)state;
    static uint8_t many[(SL_PROOF_MAX + 1) * SL_HASH_SIZE];
    static const struct {
        bool of_its_kind, is_there, read;
        size_t note, proof;
    } cases[] = {
        {true, true, true, SL_NOTE_MAX, (size_t)SL_PROOF_MAX * SL_HASH_SIZE},
        {true, true, true, 1, 0},
        {true, true, false, SL_NOTE_MAX + 1, 0},
        {true, true, false, 1, (size_t)(SL_PROOF_MAX + 1) * SL_HASH_SIZE},
        {true, true, false, 1, SL_HASH_SIZE - 1},
        {true, false, false, 0, 0},
        {false, true, false, 1, 0},
        {false, false, true, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sample s;
        Samenloop__V1__Checkpoint checkpoint = SAMENLOOP__V1__CHECKPOINT__INIT;
        checkpoint.note = (ProtobufCBinaryData){cases[i].note, many};
        checkpoint.proof = (ProtobufCBinaryData){cases[i].proof, many};
        fill(&s);
        if (cases[i].of_its_kind)
            s.delivery.kind = SAMENLOOP__V1__DELIVERY_KIND__DELIVERY_KIND_CHECKPOINT;
        if (cases[i].is_there)
            s.delivery.checkpoint = &checkpoint;
        if (written_is_read(&s, SAMENLOOP__V1__FRAME__BODY_DELIVER) != cases[i].read)
            fail_msg("case %zu", i);
    }
    struct sample s;
    fill(&s);
    s.welcome.head = (ProtobufCBinaryData){SL_NOTE_MAX, many};
    assert_true(written_is_read(&s, SAMENLOOP__V1__FRAME__BODY_WELCOME));
    s.welcome.head.len++;
    assert_false(written_is_read(&s, SAMENLOOP__V1__FRAME__BODY_WELCOME));
}

static void bounds_of_the_list_hold(void **state)
{
    (void)state;
    const int piece = SAMENLOOP__V1__FRAME__BODY_LIST_PIECE;
    REFUSED(piece, s.listed.subject = bytes(31));
    REFUSED(piece, s.listed.priority = 0);
    REFUSED(piece, s.listed.priority = 10);
    REFUSED(piece, s.listed.since = -1);
    REFUSED(piece, s.listed.grounds = text("two\nlines"));
    REFUSED(piece, s.awaited.role = SAMENLOOP__V1__ROLE__ROLE_UNSPECIFIED);
    REFUSED(piece, s.awaited.from = text("\xc0\x80"));
    REFUSED(piece, s.awaited.due = -1);
    REFUSED(piece, {
        static Samenloop__V1__Listed *many[SL_MAX_LISTED + 1];
        for (size_t i = 0; i <= SL_MAX_LISTED; i++)
            many[i] = &s.listed;
        s.piece.houses = many;
        s.piece.n_houses = SL_MAX_LISTED + 1;
    });
}

/* Wraps what is in the buffer as the field `tag`. */
static void wrap(struct sl_buffer *text, uint8_t tag)
{
    struct sl_buffer out = {0};
    const uint8_t head[] = {tag, (uint8_t)text->size};
    assert_true(text->size < 128);
    sl_buffer_add(&out, head, sizeof head);
    sl_buffer_add_bytes(&out, sl_buffer_bytes(text));
    sl_buffer_free(text);
    *text = out;
}

/* Field 0 with a tag that is longer than it must be: protobuf-c reads it once, and never again. */
static void what_could_not_be_read_again_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *more;
        size_t size;
        bool good;
    } cases[] = {{"", 0, true},
                 {"\x78\x01", 2, true}, /* a field to come */
                 {"\xa0\x86\x00\x01", 4, true},
                 {"\x00\x01", 2, false},
                 {"\x80\x00\x01", 3, false},
                 {"\x81\x00yyyyyyyy", 10, false},
                 {"\x82\x80\x80\x80\x00\x01z", 7, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int depth = 0; depth < 3; depth++) {
            struct sl_buffer frame = {0};
            sl_buffer_add(&frame, "\x08\x01\x10\x01\x18\x01\x20\x01", 8); /* an answer */
            for (int at = 0; at < 3; at++) {
                if (at == depth)
                    sl_buffer_add(&frame, cases[i].more, cases[i].size);
                if (at < 2)
                    wrap(&frame,
                         at == 0 ? 1 << 3 | 2 : SAMENLOOP__V1__FRAME__BODY_DELIVERED << 3 | 2);
            }
            if (is_read(SL_WIRE_ADAPTER, sl_buffer_bytes(&frame), 0) != cases[i].good)
                fail_msg("case %zu, depth %d", i, depth);
            sl_buffer_free(&frame);
        }
    }
}

static void a_flood_of_small_things_is_bounded(void **state)
{
    (void)state;
    /* 500,000 empty answers, two bytes each, in one Delivered of a frame below the limit. */
    struct sl_buffer frame = {0};
    size_t count = 500000;
    uint8_t head[] = {SAMENLOOP__V1__FRAME__BODY_DELIVERED << 3 | 2, 0x80 | (1000000 & 127),
                      0x80 | (1000000 >> 7 & 127), 1000000 >> 14};
    sl_buffer_add(&frame, head, sizeof head);
    for (size_t i = 0; i < count; i++)
        sl_buffer_add(&frame, "\x0a\x00", 2);
    assert_false(is_read(SL_WIRE_ADAPTER, sl_buffer_bytes(&frame), 0));
    sl_buffer_clear(&frame);
    memset(sl_buffer_extend(&frame, SL_MAX_FRAME + 1), 0, SL_MAX_FRAME + 1);
    assert_false(is_read(SL_WIRE_ADAPTER, sl_buffer_bytes(&frame), 0));
    sl_buffer_free(&frame);
    assert_false(is_read(SL_WIRE_ADAPTER, sl_text(""), 0));
    assert_false(is_read(SL_WIRE_ADAPTER, sl_bytes("\xa2\x06\x00", 3), 0)); /* a kind to come */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_is_read_again),
        cmocka_unit_test(a_frame_cut_at_any_byte_disturbs_nothing),
        cmocka_unit_test(a_turned_bit_disturbs_nothing),
        cmocka_unit_test(bounds_of_greetings_hold),
        cmocka_unit_test(bounds_of_publications_hold),
        cmocka_unit_test(bounds_of_deliveries_hold),
        cmocka_unit_test(bounds_of_checkpoints_hold),
        cmocka_unit_test(bounds_of_the_list_hold),
        cmocka_unit_test(what_could_not_be_read_again_is_refused),
        cmocka_unit_test(a_flood_of_small_things_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
