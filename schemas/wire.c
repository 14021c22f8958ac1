#include "schemas/wire.h"

#include <string.h>

#include "schemas/checkpoint.h"
#include "schemas/crypto.h"
#include "schemas/envelope.h"
#include "schemas/limits.h"

/* ---------------------------------------------------------------- forms that recur */

static int wrong(struct sl_error *error, const char *what)
{
    return sl_fail(error, SL_PROTOCOL, "%s", what);
}

static bool lane_is_one(Samenloop__V1__Lane lane)
{
    return (int)lane >= SL_LANE_ACUTE && (int)lane <= SL_LANE_ORDINARY;
}

static bool role_is_one(Samenloop__V1__Role role)
{
    return (int)role > SL_NO_ROLE && (int)role < SL_ROLES;
}

static bool is_text(ProtobufCBinaryData data, size_t max)
{
    return data.len <= max && sl_bytes_printable(sl_from_pb(data));
}

static bool is_name(ProtobufCBinaryData data)
{
    return is_text(data, SL_MAX_WORD);
}

static bool is_identity(ProtobufCBinaryData data)
{
    return data.len == SL_IDENTITY_SIZE;
}

/* The last places of each lane: at most one of a lane. */
static bool places_are_good(Samenloop__V1__Place *const *places, size_t count)
{
    unsigned seen = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned bit = 1u << ((unsigned)places[i]->lane & 31);
        if (!lane_is_one(places[i]->lane) || (seen & bit) != 0)
            return false;
        seen |= bit;
    }
    return true;
}

static int check_envelope(const Samenloop__V1__Envelope *envelope, size_t encapsulations,
                          struct sl_error *error)
{
    if (envelope->header.len == 0 || envelope->header.len > SL_MAX_HEADER ||
        envelope->n_sections > SL_MAX_SECTIONS)
        return wrong(error, "an envelope has a header and at most 9 sections");
    for (size_t i = 0; i < envelope->n_sections; i++) {
        const Samenloop__V1__SealedSection *section = envelope->sections[i];
        int number = (int)section->section;
        if (number <= SL_NO_SECTION || number >= SL_SECTIONS || section->salt.len != SL_SALT_SIZE ||
            section->n_ciphertexts > SL_MAX_RECIPIENTS)
            return wrong(error, "a section that is none");
        for (size_t k = 0; k < section->n_ciphertexts; k++) {
            if (section->ciphertexts[k]->encapsulation >= encapsulations)
                return wrong(error, "a ciphertext for nobody");
        }
    }
    return 0;
}

static int check_bundle(const Samenloop__V1__Bundle *bundle, struct sl_error *error)
{
    const Samenloop__V1__BatchProof *proof = bundle->proof;
    if (proof == NULL || proof->card.len != SL_HASH_SIZE || proof->size == 0 ||
        proof->size > SL_MAX_BATCH || proof->n_encapsulations > SL_MAX_RECIPIENTS ||
        proof->signature.len > SL_SIGNATURE_SIZE ||
        proof->nodes.len > (size_t)SL_MAX_BATCH * SL_HASH_SIZE)
        return wrong(error, "a bundle has a proof, of 1 to 1024 events");
    for (size_t i = 0; i < proof->n_encapsulations; i++) {
        if (proof->encapsulations[i]->recipient.len != SL_KEY_SIZE ||
            proof->encapsulations[i]->enc.len != SL_HPKE_ENC_SIZE)
            return wrong(error, "an encapsulation of the wrong size");
    }
    if (bundle->n_envelopes == 0 || bundle->n_envelopes > proof->size)
        return wrong(error, "a bundle has at least one event, and no more than were signed");
    for (size_t i = 0; i < bundle->n_envelopes; i++) {
        const Samenloop__V1__Envelope *envelope = bundle->envelopes[i];
        if (envelope->index >= proof->size ||
            (i > 0 && envelope->index <= bundle->envelopes[i - 1]->index))
            return wrong(error, "the events of a bundle are in their order, none twice");
        if (check_envelope(envelope, proof->n_encapsulations, error) < 0)
            return -1;
    }
    return 0;
}

/* ---------------------------------------------------------------- a check a kind */

static int check_hello(const Samenloop__V1__Frame *frame, struct sl_error *error)
{
    const Samenloop__V1__Hello *hello = frame->hello;
    if (hello->version != SL_WIRE_VERSION)
        return sl_fail(error, SL_PROTOCOL, "this side speaks version %d", SL_WIRE_VERSION);
    if (!is_name(hello->software) || !is_identity(hello->outbox) || !is_identity(hello->inbox) ||
        (hello->journal.len != 0 && !is_identity(hello->journal)))
        return wrong(error, "hello: an identity has 16 bytes");
    if (!places_are_good(hello->last, hello->n_last) || hello->credit > SL_CREDIT)
        return wrong(error, "hello: a lane, or the credit, is out of bounds");
    return 0;
}

static int check_welcome(const Samenloop__V1__Frame *frame, struct sl_error *error)
{
    const Samenloop__V1__Welcome *welcome = frame->welcome;
    if (welcome->head.len > SL_NOTE_MAX)
        return wrong(error, "welcome: a head that cannot be");
    if (welcome->version != SL_WIRE_VERSION)
        return sl_fail(error, SL_PROTOCOL, "this side speaks version %d", SL_WIRE_VERSION);
    if (!is_name(welcome->software) || welcome->agreement.len != SL_HASH_SIZE ||
        !is_identity(welcome->journal) || !places_are_good(welcome->last, welcome->n_last) ||
        welcome->credit > SL_CREDIT)
        return wrong(error, "welcome: an identity, a lane, or the credit is out of bounds");
    return 0;
}

static int check_publish(const Samenloop__V1__Frame *frame, struct sl_error *error)
{
    const Samenloop__V1__Publish *publish = frame->publish;
    if (!lane_is_one(publish->lane) || publish->position == 0 || publish->bundle == NULL)
        return wrong(error, "publish: a lane, a position and a bundle are wanted");
    if (check_bundle(publish->bundle, error) < 0)
        return -1;
    /* The leaves are kept once a batch, so all of them must be there. */
    if (publish->bundle->n_envelopes != publish->bundle->proof->size ||
        publish->bundle->proof->nodes.len != 0)
        return wrong(error, "publish: all events of the batch are wanted");
    return 0;
}

static int check_result(const Samenloop__V1__Result *result, struct sl_error *error)
{
    bool numbered = result->verdict == SAMENLOOP__V1__VERDICT__VERDICT_ACCEPTED ||
                    result->verdict == SAMENLOOP__V1__VERDICT__VERDICT_DUPLICATE;
    if (result->verdict <= SAMENLOOP__V1__VERDICT__VERDICT_UNSPECIFIED ||
        result->verdict > SAMENLOOP__V1__VERDICT__VERDICT_LATER ||
        numbered != (result->journal_number != 0) || !is_name(result->code) ||
        !is_text(result->sentence, SL_MAX_SENTENCE) || result->n_remarks > SL_MAX_REMARKS)
        return wrong(error, "published: a result that is none");
    for (size_t i = 0; i < result->n_remarks; i++) {
        const Samenloop__V1__Remark *remark = result->remarks[i];
        if (!is_name(remark->rule) || !is_name(remark->clause) ||
            !is_text(remark->sentence, SL_MAX_SENTENCE))
            return wrong(error, "published: a remark that is none");
    }
    return 0;
}

static int check_published(const Samenloop__V1__Frame *frame, struct sl_error *error)
{
    const Samenloop__V1__Published *published = frame->published;
    if (!lane_is_one(published->lane) || published->position == 0 || published->n_results == 0 ||
        published->n_results > SL_MAX_BATCH)
        return wrong(error, "published: a lane, a position and results are wanted");
    for (size_t i = 0; i < published->n_results; i++) {
        if (check_result(published->results[i], error) < 0)
            return -1;
    }
    return 0;
}

static int check_checkpoint(const Samenloop__V1__Delivery *delivery, struct sl_error *error)
{
    const Samenloop__V1__Checkpoint *checkpoint = delivery->checkpoint;
    bool wanted = delivery->kind == SAMENLOOP__V1__DELIVERY_KIND__DELIVERY_KIND_CHECKPOINT;
    if (wanted != (checkpoint != NULL))
        return wrong(error, "deliver: a checkpoint stands in a delivery of its kind");
    if (wanted && (checkpoint->note.len > SL_NOTE_MAX ||
                   checkpoint->proof.len > (size_t)SL_PROOF_MAX * SL_HASH_SIZE ||
                   checkpoint->proof.len % SL_HASH_SIZE != 0))
        return wrong(error, "deliver: a checkpoint that cannot be");
    return 0;
}

static int check_delivery(const Samenloop__V1__Deliver *deliver,
                          const Samenloop__V1__Delivery *delivery, struct sl_error *error)
{
    bool of_an_event = delivery->kind <= SAMENLOOP__V1__DELIVERY_KIND__DELIVERY_KIND_NOTICE;
    if (!lane_is_one(delivery->lane) || delivery->number == 0 || delivery->attempt == 0 ||
        delivery->previous >= delivery->number ||
        delivery->kind <= SAMENLOOP__V1__DELIVERY_KIND__DELIVERY_KIND_UNSPECIFIED ||
        delivery->kind > SAMENLOOP__V1__DELIVERY_KIND__DELIVERY_KIND_ERASURE)
        return wrong(error, "deliver: a lane, number, attempt or kind that cannot be");
    if (!is_name(delivery->name) || (of_an_event && !role_is_one(delivery->role)) ||
        delivery->n_rules > SL_MAX_REMARKS || delivery->n_details > SL_MAX_DETAILS ||
        delivery->n_subjects > SL_MAX_DIGEST || delivery->deadline < 0)
        return wrong(error, "deliver: a name, role or list that cannot be");
    for (size_t i = 0; i < delivery->n_rules; i++) {
        const Samenloop__V1__Ground *ground = delivery->rules[i];
        if (!is_name(ground->rule) || !is_name(ground->clause) ||
            !is_text(ground->quotation, SL_MAX_SENTENCE))
            return wrong(error, "deliver: a rule that is none");
    }
    for (size_t i = 0; i < delivery->n_details; i++) {
        if (!is_name(delivery->details[i]->name) ||
            !is_text(delivery->details[i]->value, SL_MAX_SENTENCE))
            return wrong(error, "deliver: a detail that is none");
    }
    for (size_t i = 0; i < delivery->n_subjects; i++) {
        if (delivery->subjects[i].len != SL_HASH_SIZE)
            return wrong(error, "deliver: a pseudonym has 32 bytes");
    }
    if (of_an_event && (delivery->bundle >= deliver->n_bundles ||
                        delivery->envelope >= deliver->bundles[delivery->bundle]->n_envelopes))
        return wrong(error, "deliver: the event behind it is not there");
    return check_checkpoint(delivery, error);
}

static int check_deliver(const Samenloop__V1__Frame *frame, struct sl_error *error)
{
    const Samenloop__V1__Deliver *deliver = frame->deliver;
    if (deliver->n_deliveries == 0 || deliver->n_deliveries > SL_MAX_DELIVERIES ||
        deliver->n_bundles > deliver->n_deliveries)
        return wrong(error, "deliver: 1 to 1024 deliveries are wanted");
    for (size_t i = 0; i < deliver->n_bundles; i++) {
        if (check_bundle(deliver->bundles[i], error) < 0)
            return -1;
    }
    for (size_t i = 0; i < deliver->n_deliveries; i++) {
        if (check_delivery(deliver, deliver->deliveries[i], error) < 0)
            return -1;
    }
    return 0;
}

static int check_delivered(const Samenloop__V1__Frame *frame, struct sl_error *error)
{
    const Samenloop__V1__Delivered *delivered = frame->delivered;
    if (delivered->n_answers > SL_MAX_DELIVERIES || delivered->credit > SL_CREDIT)
        return wrong(error, "delivered: too many answers, or too much credit");
    for (size_t i = 0; i < delivered->n_answers; i++) {
        const Samenloop__V1__DeliveryAnswer *answer = delivered->answers[i];
        if (!lane_is_one(answer->lane) || answer->number == 0 || answer->attempt == 0 ||
            answer->outcome <= SAMENLOOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_UNSPECIFIED ||
            answer->outcome > SAMENLOOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_BEHIND ||
            !is_name(answer->code) || !is_text(answer->sentence, SL_MAX_SENTENCE))
            return wrong(error, "delivered: an answer that is none");
    }
    return 0;
}

static int check_receipt(const Samenloop__V1__Frame *frame, struct sl_error *error)
{
    const Samenloop__V1__Receipt *receipt = frame->receipt;
    if (!lane_is_one(receipt->lane) || receipt->number == 0 || !role_is_one(receipt->role) ||
        receipt->at <= 0)
        return wrong(error, "receipt: a lane, number, role and moment are wanted");
    return 0;
}

static int check_receipted(const Samenloop__V1__Frame *frame, struct sl_error *error)
{
    const Samenloop__V1__Receipted *receipted = frame->receipted;
    if (!lane_is_one(receipted->lane) || receipted->number == 0 || !role_is_one(receipted->role))
        return wrong(error, "receipted: a lane, number and role are wanted");
    return 0;
}

static int check_list(const Samenloop__V1__Frame *frame, struct sl_error *error)
{
    (void)frame;
    (void)error;
    return 0;
}

static int check_listed(const Samenloop__V1__Listed *listed, struct sl_error *error)
{
    if (listed->subject.len != SL_HASH_SIZE || listed->priority == 0 || listed->priority > 9 ||
        listed->since < 0 || !is_text(listed->grounds, SL_MAX_SENTENCE) ||
        listed->n_open > SL_MAX_LISTED_OPEN)
        return wrong(error, "list: a house that cannot be on it");
    for (size_t i = 0; i < listed->n_open; i++) {
        const Samenloop__V1__Awaited *open = listed->open[i];
        if (!is_name(open->from) || !role_is_one(open->role) ||
            !is_text(open->what, SL_MAX_SENTENCE) || open->due < 0 || !is_name(open->rule) ||
            !is_name(open->clause))
            return wrong(error, "list: something awaited that is out of bounds");
    }
    return 0;
}

static int check_list_piece(const Samenloop__V1__Frame *frame, struct sl_error *error)
{
    const Samenloop__V1__ListPiece *piece = frame->list_piece;
    if (piece->n_houses > SL_MAX_LISTED)
        return wrong(error, "list: at most 128 houses at once");
    for (size_t i = 0; i < piece->n_houses; i++) {
        if (check_listed(piece->houses[i], error) < 0)
            return -1;
    }
    return 0;
}

static int check_heartbeat(const Samenloop__V1__Frame *frame, struct sl_error *error)
{
    (void)frame;
    (void)error;
    return 0;
}

static int check_bye(const Samenloop__V1__Frame *frame, struct sl_error *error)
{
    if (!is_name(frame->bye->code) || !is_text(frame->bye->sentence, SL_MAX_SENTENCE))
        return wrong(error, "bye: text out of bounds");
    return 0;
}

/* ---------------------------------------------------------------- the kinds, one table */

struct kind {
    const char *name;
    unsigned sides; /* set of enum sl_wire_side that may send it */
    int (*check)(const Samenloop__V1__Frame *frame, struct sl_error *error);
};

static const struct kind kinds[] = {
    [SAMENLOOP__V1__FRAME__BODY_HELLO] = {"hello", SL_WIRE_ADAPTER, check_hello},
    [SAMENLOOP__V1__FRAME__BODY_WELCOME] = {"welcome", SL_WIRE_ROUTER, check_welcome},
    [SAMENLOOP__V1__FRAME__BODY_PUBLISH] = {"publish", SL_WIRE_ADAPTER, check_publish},
    [SAMENLOOP__V1__FRAME__BODY_PUBLISHED] = {"published", SL_WIRE_ROUTER, check_published},
    [SAMENLOOP__V1__FRAME__BODY_DELIVER] = {"deliver", SL_WIRE_ROUTER, check_deliver},
    [SAMENLOOP__V1__FRAME__BODY_DELIVERED] = {"delivered", SL_WIRE_ADAPTER, check_delivered},
    [SAMENLOOP__V1__FRAME__BODY_RECEIPT] = {"receipt", SL_WIRE_ADAPTER, check_receipt},
    [SAMENLOOP__V1__FRAME__BODY_RECEIPTED] = {"receipted", SL_WIRE_ROUTER, check_receipted},
    [SAMENLOOP__V1__FRAME__BODY_HEARTBEAT] = {"heartbeat", SL_WIRE_ADAPTER | SL_WIRE_ROUTER,
                                              check_heartbeat},
    [SAMENLOOP__V1__FRAME__BODY_LIST] = {"list", SL_WIRE_ADAPTER, check_list},
    [SAMENLOOP__V1__FRAME__BODY_LIST_PIECE] = {"list_piece", SL_WIRE_ROUTER, check_list_piece},
    [SAMENLOOP__V1__FRAME__BODY_BYE] = {"bye", SL_WIRE_ADAPTER | SL_WIRE_ROUTER, check_bye},
};

static const struct kind *find_kind(const Samenloop__V1__Frame *frame)
{
    size_t number = (size_t)frame->body_case;
    bool known = number < sizeof kinds / sizeof kinds[0] && kinds[number].name != NULL;
    return known ? &kinds[number] : NULL;
}

const char *sl_wire_name(const Samenloop__V1__Frame *frame)
{
    const struct kind *kind = find_kind(frame);
    return kind == NULL ? "unknown" : kind->name;
}

const Samenloop__V1__Frame *sl_wire_unpack(struct sl_arena *arena, enum sl_wire_side side,
                                           struct sl_bytes bytes, struct sl_error *error)
{
    if (bytes.size > SL_MAX_FRAME) {
        (void)wrong(error, "a frame has at most 4 MiB");
        return NULL;
    }
    if (bytes.size == 0) { /* which is what the router makes of a message of several parts */
        (void)wrong(error, "a message is one part, and that part a frame that is not empty");
        return NULL;
    }
    const Samenloop__V1__Frame *frame = (const Samenloop__V1__Frame *)sl_arena_unpack(
        arena, &samenloop__v1__frame__descriptor, bytes);
    const struct kind *kind = frame == NULL ? NULL : find_kind(frame);
    if (kind == NULL || frame->hello == NULL) { /* the union's members are all pointers */
        (void)wrong(error, "this is no frame that this version knows");
        return NULL;
    }
    if ((kind->sides & (unsigned)side) == 0) {
        (void)sl_fail(error, SL_PROTOCOL, "%s is not for this side to send", kind->name);
        return NULL;
    }
    return kind->check(frame, error) < 0 ? NULL : frame;
}

/* ---------------------------------------------------------------- writing */

/* protobuf-c packs from pointers without const, and does not write through them. */
static void pack(struct sl_buffer *out, Samenloop__V1__Frame__BodyCase body, const void *message)
{
    Samenloop__V1__Frame frame = SAMENLOOP__V1__FRAME__INIT;
    frame.body_case = body;
    memcpy(&frame.hello, &message, sizeof message);
    sl_buffer_pack(out, &frame.base);
}

void sl_wire_hello(struct sl_buffer *out, const Samenloop__V1__Hello *body)
{
    pack(out, SAMENLOOP__V1__FRAME__BODY_HELLO, body);
}

void sl_wire_welcome(struct sl_buffer *out, const Samenloop__V1__Welcome *body)
{
    pack(out, SAMENLOOP__V1__FRAME__BODY_WELCOME, body);
}

void sl_wire_publish(struct sl_buffer *out, const Samenloop__V1__Publish *body)
{
    pack(out, SAMENLOOP__V1__FRAME__BODY_PUBLISH, body);
}

void sl_wire_published(struct sl_buffer *out, const Samenloop__V1__Published *body)
{
    pack(out, SAMENLOOP__V1__FRAME__BODY_PUBLISHED, body);
}

void sl_wire_deliver(struct sl_buffer *out, const Samenloop__V1__Deliver *body)
{
    pack(out, SAMENLOOP__V1__FRAME__BODY_DELIVER, body);
}

void sl_wire_delivered(struct sl_buffer *out, const Samenloop__V1__Delivered *body)
{
    pack(out, SAMENLOOP__V1__FRAME__BODY_DELIVERED, body);
}

void sl_wire_receipt(struct sl_buffer *out, const Samenloop__V1__Receipt *body)
{
    pack(out, SAMENLOOP__V1__FRAME__BODY_RECEIPT, body);
}

void sl_wire_receipted(struct sl_buffer *out, const Samenloop__V1__Receipted *body)
{
    pack(out, SAMENLOOP__V1__FRAME__BODY_RECEIPTED, body);
}

void sl_wire_list(struct sl_buffer *out, const Samenloop__V1__List *body)
{
    pack(out, SAMENLOOP__V1__FRAME__BODY_LIST, body);
}

void sl_wire_list_piece(struct sl_buffer *out, const Samenloop__V1__ListPiece *body)
{
    pack(out, SAMENLOOP__V1__FRAME__BODY_LIST_PIECE, body);
}

void sl_wire_heartbeat(struct sl_buffer *out)
{
    Samenloop__V1__Heartbeat body = SAMENLOOP__V1__HEARTBEAT__INIT;
    pack(out, SAMENLOOP__V1__FRAME__BODY_HEARTBEAT, &body);
}

void sl_wire_bye(struct sl_buffer *out, enum sl_code code, const char *sentence)
{
    Samenloop__V1__Bye body = SAMENLOOP__V1__BYE__INIT;
    if (code != SL_OK)
        body.code = sl_to_pb(sl_text(sl_code_name(code)));
    body.sentence = sl_to_pb(sl_bytes(sentence, strnlen(sentence, SL_MAX_SENTENCE)));
    pack(out, SAMENLOOP__V1__FRAME__BODY_BYE, &body);
}
