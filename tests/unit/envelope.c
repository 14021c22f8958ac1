/* Bundles: what is sealed opens for its readers alone, what was changed is found, what is no batch
 * is refused. */
#include "tests/unit/router_parties.h"

enum { AT = 1000000 };

struct fixture {
    struct parties parties;
    struct sl_arena arena;
    struct party_event events[4];
    uint8_t receivers[PARTIES][SL_KEY_SIZE];
    struct sl_sealer sealer;
    struct sl_opener openers[PARTIES];
};

static int make_sealer(struct fixture *all, size_t receivers, struct sl_error *error)
{
    return sl_sealer_init(&all->sealer, all->parties.signing[IMG],
                          all->parties.directory.participants[IMG].cards[0].hash,
                          (const uint8_t(*)[SL_KEY_SIZE])all->receivers, receivers, error);
}

static int set_up(void **state)
{
    struct fixture *all = sl_new(1, sizeof *all);
    struct sl_error error = {0};
    parties_init(&all->parties);
    sl_arena_init(&all->arena, 0);
    for (uint64_t i = 0; i < 4; i++)
        party_event(&all->events[i], IMG, "structural_damage_found", i + 1, i, AT);
    for (int i = 0; i < PARTIES; i++) {
        sl_key_raw(all->parties.sealing[i], NULL, all->receivers[i]);
        sl_opener_init(&all->openers[i], all->parties.sealing[i]);
    }
    assert_int_equal(make_sealer(all, PARTIES, &error), 0);
    *state = all;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *all = *state;
    for (int i = 0; i < PARTIES; i++)
        sl_opener_free(&all->openers[i]);
    sl_sealer_free(&all->sealer);
    sl_arena_free(&all->arena);
    parties_free(&all->parties);
    free(all);
    return 0;
}

/* Seals the first events to the readers given; the result of sl_bundle_seal. */
static int seal(struct fixture *all, size_t count, uint32_t readers, Samenloop__V1__Bundle **out,
                struct sl_error *error)
{
    struct sl_event events[4];
    for (size_t i = 0; i < 4; i++) {
        events[i] = all->events[i].event;
        events[i].readers = readers;
    }
    return sl_bundle_seal(&all->sealer, all->parties.crypto, &all->arena, events, count, out,
                          error);
}

static int open_section(struct fixture *all, int who, const Samenloop__V1__Bundle *bundle,
                        size_t index, struct sl_bytes id, struct sl_bytes *out)
{
    struct sl_error error = {0};
    const Samenloop__V1__Envelope *envelope = bundle->envelopes[index];
    return sl_section_open(&all->openers[who], all->parties.crypto, &all->arena, bundle->proof,
                           envelope, id, envelope->sections[0], out, &error);
}

static struct sl_bytes id_of(struct fixture *all, size_t index)
{
    return sl_bytes(all->events[index].id, SL_UUID_SIZE);
}

static void what_is_sealed_opens_for_its_readers(void **state)
{
    struct fixture *all = *state;
    struct sl_error error = {0};
    Samenloop__V1__Bundle *bundle = NULL;
    struct sl_bytes text;
    assert_int_equal(seal(all, 4, 1u << NCG, &bundle, &error), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(open_section(all, NCG, bundle, i, id_of(all, i), &text), 0);
        assert_true(sl_bytes_equal(text, all->events[i].event.sections[SL_DOSSIER]));
        assert_int_equal(open_section(all, IMG, bundle, i, id_of(all, i), &text), -1);
        assert_int_equal(open_section(all, NCG, bundle, i, id_of(all, (i + 1) % 4), &text), -1);
    }
    bundle->envelopes[0]->index = 1; /* the key is its place's */
    assert_int_equal(open_section(all, NCG, bundle, 0, id_of(all, 0), &text), -1);
}

static void a_section_without_a_field_is_a_section(void **state)
{
    struct fixture *all = *state;
    struct sl_error error = {0};
    Samenloop__V1__Bundle *bundle = NULL;
    struct sl_bytes text;
    all->events[0].event.present = sl_section_bit(SL_PLANNING);
    assert_int_equal(seal(all, 1, 3, &bundle, &error), 0);
    assert_int_equal(bundle->envelopes[0]->n_sections, 1);
    assert_int_equal(bundle->envelopes[0]->sections[0]->section, SL_PLANNING);
    assert_int_equal(open_section(all, NCG, bundle, 0, id_of(all, 0), &text), 0);
    assert_int_equal(text.size, 0);
}

/* No two sections of a bundle share key and nonce: equal texts never give equal ciphertexts. */
static void equal_texts_never_look_equal(void **state)
{
    struct fixture *all = *state;
    struct sl_error error = {0};
    Samenloop__V1__Bundle *bundle = NULL;
    for (size_t i = 0; i < 4; i++) {
        all->events[i].event.present |= sl_section_bit(SL_NOTE);
        all->events[i].event.sections[SL_NOTE] = all->events[i].event.sections[SL_DOSSIER];
    }
    (void)snprintf(all->events[1].source, sizeof all->events[1].source, "urn:other");
    all->events[1].event.header.source = sl_to_pb(sl_text(all->events[1].source));
    memcpy(all->events[1].id, all->events[0].id, SL_UUID_SIZE); /* one id, another source */
    assert_int_equal(seal(all, 4, 3, &bundle, &error), 0);
    ProtobufCBinaryData seen[4 * 2 * PARTIES];
    size_t count = 0;
    for (size_t i = 0; i < 4; i++) {
        for (size_t k = 0; k < 2; k++) {
            for (size_t r = 0; r < PARTIES; r++) {
                seen[count] = bundle->envelopes[i]->sections[k]->ciphertexts[r]->sealed;
                for (size_t other = 0; other < count; other++)
                    assert_memory_not_equal(seen[other].data, seen[count].data, 32);
                count++;
            }
        }
    }
}

static void sizes_tell_nothing(void **state)
{
    (void)state;
    static const struct {
        size_t content;
        size_t padded;
    } cases[] = {{0, 64},      {60, 64},     {61, 128},      {1020, 1024},   {1021, 1088},
                 {2000, 2048}, {2045, 2176}, {10000, 10240}, {65532, 65536}, {65533, 67584}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(sl_padded_size(cases[i].content), cases[i].padded);
    for (size_t size = 0; size < 70000; size++) {
        assert_true(sl_padded_size(size) >= size + 4);
        assert_true(sl_padded_size(size) >= 1024 ? sl_padded_size(size) * 100 <= (size + 4) * 112
                                                 : sl_padded_size(size) % 64 == 0);
    }
}

static void what_is_no_batch_is_refused(void **state)
{
    struct fixture *all = *state;
    struct sl_error error = {0};
    Samenloop__V1__Bundle *bundle = NULL;
    assert_int_equal(seal(all, 0, 3, &bundle, &error), -1);
    assert_int_equal(error.code, SL_MALFORMED);
    struct sl_event *many = sl_new(SL_MAX_BATCH + 1, sizeof *many);
    assert_int_equal(sl_bundle_seal(&all->sealer, all->parties.crypto, &all->arena, many,
                                    SL_MAX_BATCH + 1, &bundle, &error),
                     -1);
    assert_int_equal(error.code, SL_MALFORMED);
    free(many);
    assert_int_equal(seal(all, 1, 0, &bundle, &error), -1); /* nobody reads it */
    assert_int_equal(seal(all, 1, 4, &bundle, &error), -1); /* nobody knows who */
    all->events[0].event.header.event_id.len = 15;
    assert_int_equal(seal(all, 1, 3, &bundle, &error), -1);
    all->events[0].event.header.event_id.len = SL_UUID_SIZE;
    memcpy(all->events[3].id, all->events[0].id, SL_UUID_SIZE);
    assert_int_equal(seal(all, 4, 3, &bundle, &error), -1); /* one name twice */
    assert_non_null(strstr(error.text, "source and id"));
    all->events[3].event.present = 1;
    assert_int_equal(seal(all, 4, 3, &bundle, &error), -1); /* a section that is none */
    assert_null(bundle);
}

static void a_sealer_wants_readers_with_good_keys(void **state)
{
    struct fixture *all = *state;
    struct sl_error error = {0};
    sl_sealer_free(&all->sealer);
    assert_int_equal(make_sealer(all, 0, &error), -1);
    assert_int_equal(error.code, SL_MALFORMED);
    assert_int_equal(make_sealer(all, SL_MAX_RECIPIENTS + 1, &error), -1);
    assert_int_equal(error.code, SL_MALFORMED);
    memset(all->receivers[NCG], 0, SL_KEY_SIZE); /* of small order */
    assert_int_equal(make_sealer(all, PARTIES, &error), -1);
    assert_int_equal(error.code, SL_BAD_KEY_CARD);
    all->receivers[NCG][0] = 1;
    assert_int_equal(make_sealer(all, PARTIES, &error), -1);
    assert_int_equal(error.code, SL_BAD_KEY_CARD);
}

/* The origin goes to the publisher too; who reads nothing in a bundle is no receiver of it. */
static void each_section_has_its_readers(void **state)
{
    struct fixture *all = *state;
    struct sl_error error = {0};
    Samenloop__V1__Bundle *bundle = NULL;
    struct sl_bytes text;
    struct sl_event *event = &all->events[0].event;
    assert_int_equal(seal(all, 1, 1u << NCG, &bundle, &error), 0);
    assert_int_equal(bundle->proof->n_encapsulations, 1);
    assert_int_equal(open_section(all, NCG, bundle, 0, id_of(all, 0), &text), 0);
    event->present |= sl_section_bit(SL_ORIGIN);
    event->origin_readers = 1u << IMG;
    assert_int_equal(seal(all, 1, 1u << NCG, &bundle, &error), 0);
    assert_int_equal(bundle->proof->n_encapsulations, PARTIES);
    assert_int_equal(bundle->envelopes[0]->sections[0]->n_ciphertexts, 1);
    assert_int_equal(bundle->envelopes[0]->sections[1]->n_ciphertexts, PARTIES);
    assert_int_equal(open_section(all, IMG, bundle, 0, id_of(all, 0), &text), -1);
    event->present = sl_section_bit(SL_ORIGIN);
    assert_int_equal(seal(all, 1, 0, &bundle, &error), 0); /* one that its publisher alone reads */
    assert_int_equal(open_section(all, IMG, bundle, 0, id_of(all, 0), &text), 0);
    assert_int_equal(open_section(all, NCG, bundle, 0, id_of(all, 0), &text), -1);
}

static void a_full_arena_is_said(void **state)
{
    struct fixture *all = *state;
    struct sl_error error = {0};
    bool sealed = false;
    for (size_t limit = 64; !sealed; limit += 64) {
        Samenloop__V1__Bundle *bundle = NULL;
        sl_arena_free(&all->arena);
        sl_arena_init(&all->arena, limit);
        sealed = seal(all, 4, 3, &bundle, &error) == 0;
        assert_true(sealed || error.code == SL_TOO_LARGE);
        assert_true(limit < 65536);
    }
    assert_true(all->arena.used <= all->arena.limit);
}

/* Packs a bundle, changes one byte, and asks whether what comes out is still what was signed. */
static bool survives(struct fixture *all, const uint8_t *bytes, size_t size)
{
    struct sl_error error = {0};
    struct sl_arena arena;
    sl_hash leaves[4];
    int participant = -1;
    sl_arena_init(&arena, SL_MAX_ARENA);
    const Samenloop__V1__Bundle *bundle = (const Samenloop__V1__Bundle *)(const void *)
        sl_arena_unpack(&arena, &samenloop__v1__bundle__descriptor, sl_bytes(bytes, size));
    bool good = bundle != NULL && bundle->n_envelopes == 2 &&
                sl_bundle_verify(all->parties.crypto, &all->parties.directory, bundle, AT, AT,
                                 leaves, &participant, &error) == 0;
    for (size_t i = 0; good && i < 2; i++) {
        const Samenloop__V1__Header *header = (const Samenloop__V1__Header *)(const void *)
            sl_arena_unpack(&arena, &samenloop__v1__header__descriptor,
                            sl_from_pb(bundle->envelopes[i]->header));
        struct sl_bytes text;
        good = header != NULL && participant == IMG &&
               sl_envelope_check(all->parties.crypto, header, bundle->envelopes[i], true, &error) ==
                   0 &&
               sl_section_open(&all->openers[NCG], all->parties.crypto, &arena, bundle->proof,
                               bundle->envelopes[i], sl_from_pb(header->event_id),
                               bundle->envelopes[i]->sections[0], &text, &error) == 0 &&
               sl_bytes_equal(text, all->events[i].event.sections[SL_DOSSIER]);
    }
    sl_arena_free(&arena);
    return good;
}

static void every_changed_byte_is_found(void **state)
{
    struct fixture *all = *state;
    struct sl_error error = {0};
    Samenloop__V1__Bundle *bundle = NULL;
    struct sl_buffer bytes = {0};
    assert_int_equal(seal(all, 2, 3, &bundle, &error), 0);
    sl_buffer_pack(&bytes, &bundle->base);
    assert_true(survives(all, bytes.data, bytes.size));
    for (size_t i = 0; i < bytes.size; i++) {
        bytes.data[i] ^= 0x01;
        if (survives(all, bytes.data, bytes.size))
            fail_msg("byte %zu of %zu can be changed", i, bytes.size);
        bytes.data[i] ^= 0x01;
    }
    for (size_t size = 0; size < bytes.size; size++)
        assert_false(survives(all, bytes.data, size));
    sl_buffer_free(&bytes);
}

/* What comes from outside has any size: each is refused, none is read beyond. */
static void sizes_from_outside_are_checked(void **state)
{
    struct fixture *all = *state;
    struct sl_error error = {0};
    Samenloop__V1__Bundle *bundle = NULL;
    struct sl_bytes text;
    assert_int_equal(seal(all, 1, 1u << NCG, &bundle, &error), 0);
    struct sl_bytes id = id_of(all, 0);
    Samenloop__V1__SealedSection *section = bundle->envelopes[0]->sections[0];
    Samenloop__V1__Ciphertext *sealed = section->ciphertexts[0];
    Samenloop__V1__Encapsulation *to = bundle->proof->encapsulations[0];
    struct {
        size_t *size;
        size_t value;
    } sizes[] = {{&sealed->sealed.len, 0},
                 {&sealed->sealed.len, SL_TAG_SIZE - 1},
                 {&sealed->sealed.len, SL_TAG_SIZE},
                 {&to->enc.len, 31},
                 {&to->enc.len, 0},
                 {&to->recipient.len, 31},
                 {&bundle->proof->card.len, 33},
                 {&section->n_ciphertexts, 0},
                 {&bundle->proof->n_encapsulations, 0}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t before = *sizes[i].size;
        *sizes[i].size = sizes[i].value;
        assert_int_equal(open_section(all, NCG, bundle, 0, id, &text), -1);
        *sizes[i].size = before;
    }
    assert_int_equal(open_section(all, NCG, bundle, 0, sl_bytes(id.data, 15), &text), -1);
    static const int numbers[] = {0, -1, SL_SECTIONS, 255, SL_NOTE}; /* renamed, too */
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        section->section = (Samenloop__V1__Section)numbers[i];
        assert_int_equal(open_section(all, NCG, bundle, 0, id, &text), -1);
    }
    section->section = SAMENLOOP__V1__SECTION__SECTION_DOSSIER;
    sealed->encapsulation = 1;
    assert_int_equal(open_section(all, NCG, bundle, 0, id, &text), -1);
    sealed->encapsulation = UINT32_MAX;
    assert_int_equal(open_section(all, NCG, bundle, 0, id, &text), -1);
    sealed->encapsulation = 0;
    memset(to->enc.data, 0, SL_HPKE_ENC_SIZE); /* agrees on nothing */
    assert_int_equal(open_section(all, NCG, bundle, 0, id, &text), -1);
}

static void each_bit_of_a_tag_counts(void **state)
{
    struct fixture *all = *state;
    struct sl_error error = {0};
    Samenloop__V1__Bundle *bundle = NULL;
    struct sl_bytes text;
    assert_int_equal(seal(all, 1, 1u << NCG, &bundle, &error), 0);
    ProtobufCBinaryData sealed = bundle->envelopes[0]->sections[0]->ciphertexts[0]->sealed;
    for (size_t bit = 0; bit < 8 * sealed.len; bit++) {
        sealed.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(open_section(all, NCG, bundle, 0, id_of(all, 0), &text), -1);
        sealed.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(open_section(all, NCG, bundle, 0, id_of(all, 0), &text), 0);
}

static enum sl_code verify(struct fixture *all, const Samenloop__V1__Bundle *bundle, int64_t at)
{
    struct sl_error error = {0};
    sl_hash leaves[4];
    int who = -1;
    (void)sl_bundle_verify(all->parties.crypto, &all->parties.directory, bundle, at, at, leaves,
                           &who, &error);
    return error.code;
}

/* Events of a batch, some left out; of two batches, put together; a proof of another form. */
static void a_proof_is_of_these_events(void **state)
{
    struct fixture *all = *state;
    struct sl_error error = {0};
    Samenloop__V1__Bundle *bundle = NULL;
    Samenloop__V1__Bundle *other = NULL;
    sl_hash leaves[4];
    struct sl_buffer nodes = {0};
    static const uint32_t kept[] = {1, 3};
    assert_int_equal(seal(all, 4, 3, &bundle, &error), 0);
    assert_int_equal(seal(all, 4, 3, &other, &error), 0);
    for (size_t i = 0; i < 4; i++)
        sl_merkle_leaf(all->parties.crypto, leaves[i], sl_from_pb(bundle->envelopes[i]->header));
    sl_merkle_prove(all->parties.crypto, (const sl_hash *)leaves, 4, kept, 2, &nodes);
    Samenloop__V1__Envelope *two[] = {bundle->envelopes[1], bundle->envelopes[3]};
    Samenloop__V1__Envelope *mixed[] = {bundle->envelopes[1], other->envelopes[3]};
    Samenloop__V1__Envelope *twice[] = {bundle->envelopes[1], bundle->envelopes[1]};
    Samenloop__V1__Envelope *turned[] = {bundle->envelopes[3], bundle->envelopes[1]};
    Samenloop__V1__Bundle part = *bundle;
    part.proof->nodes = sl_to_pb(sl_buffer_bytes(&nodes));
    part.n_envelopes = 2;
    part.envelopes = two;
    assert_int_equal(verify(all, &part, AT), SL_OK);
    assert_int_equal(verify(all, &part, -1), SL_BAD_KEY_CARD); /* before the key's time */
    part.envelopes = mixed;
    assert_int_equal(verify(all, &part, AT), SL_BAD_SIGNATURE);
    part.envelopes = twice;
    assert_int_equal(verify(all, &part, AT), SL_BAD_SIGNATURE);
    part.envelopes = turned;
    assert_int_equal(verify(all, &part, AT), SL_BAD_SIGNATURE);
    part.envelopes = two;
    static const uint32_t sizes[] = {0, 1, 2, 3, 5, SL_MAX_BATCH, SL_MAX_BATCH + 1, UINT32_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        part.proof->size = sizes[i];
        assert_int_not_equal(verify(all, &part, AT), SL_OK);
    }
    part.proof->size = 4;
    for (size_t size = 0; size < nodes.size; size++) {
        part.proof->nodes.len = size;
        assert_int_equal(verify(all, &part, AT), SL_BAD_SIGNATURE);
    }
    part.proof->nodes.len = nodes.size;
    two[1]->index = 4;
    assert_int_equal(verify(all, &part, AT), SL_BAD_SIGNATURE);
    two[1]->index = 3;
    part.proof->signature = other->proof->signature;
    assert_int_equal(verify(all, &part, AT), SL_BAD_SIGNATURE);
    part.n_envelopes = 0;
    assert_int_equal(verify(all, &part, AT), SL_MALFORMED);
    part.proof = NULL;
    assert_int_equal(verify(all, &part, AT), SL_MALFORMED);
    sl_buffer_free(&nodes);
}

/* An envelope may lack sections on its way; it has none twice, none in another place, none more. */
static void sections_are_those_of_the_header(void **state)
{
    struct fixture *all = *state;
    struct sl_error error = {0};
    Samenloop__V1__Bundle *bundle = NULL;
    struct sl_event *event = &all->events[0].event;
    event->present |= sl_section_bit(SL_NOTE);
    event->sections[SL_NOTE] = event->sections[SL_DOSSIER];
    assert_int_equal(seal(all, 2, 3, &bundle, &error), 0);
    Samenloop__V1__Envelope *envelope = bundle->envelopes[0];
    Samenloop__V1__SealedSection *dossier = envelope->sections[0];
    Samenloop__V1__SealedSection *note = envelope->sections[1];
    Samenloop__V1__SealedSection *other = bundle->envelopes[1]->sections[0];
    const Samenloop__V1__Header *header =
        (const Samenloop__V1__Header *)(const void *)sl_arena_unpack(
            &all->arena, &samenloop__v1__header__descriptor, sl_from_pb(envelope->header));
    assert_non_null(header);
    const struct {
        Samenloop__V1__SealedSection *sections[3];
        size_t count;
        bool some; /* good where some are enough */
        bool whole;
    } cases[] = {{{dossier, note}, 2, true, true},
                 {{dossier}, 1, true, false},
                 {{note}, 1, true, false},
                 {{NULL}, 0, true, false},
                 {{note, dossier}, 2, false, false},
                 {{dossier, dossier}, 2, false, false},
                 {{dossier, note, note}, 3, false, false},
                 {{other, note}, 2, false, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        envelope->n_sections = cases[i].count;
        envelope->sections = (Samenloop__V1__SealedSection **)(uintptr_t)cases[i].sections;
        assert_int_equal(sl_envelope_check(all->parties.crypto, header, envelope, false, &error) ==
                             0,
                         cases[i].some);
        assert_int_equal(sl_envelope_check(all->parties.crypto, header, envelope, true, &error) ==
                             0,
                         cases[i].whole);
    }
}

static void what_one_remembers_is_the_signer_s(void **state)
{
    struct fixture *all = *state;
    struct sl_error error = {0};
    Samenloop__V1__Bundle *bundle = NULL;
    struct sl_bytes text;
    assert_int_equal(seal(all, 1, 3, &bundle, &error), 0);
    assert_int_equal(open_section(all, NCG, bundle, 0, id_of(all, 0), &text), 0);
    memset(bundle->proof->card.data, 9, SL_HASH_SIZE); /* the same encapsulation, another signer */
    assert_int_equal(open_section(all, NCG, bundle, 0, id_of(all, 0), &text), -1);
    bundle->proof->card.len = 31;
    assert_int_equal(open_section(all, NCG, bundle, 0, id_of(all, 0), &text), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_sealed_opens_for_its_readers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_section_without_a_field_is_a_section, set_up, tear_down),
        cmocka_unit_test_setup_teardown(equal_texts_never_look_equal, set_up, tear_down),
        cmocka_unit_test(sizes_tell_nothing),
        cmocka_unit_test_setup_teardown(what_is_no_batch_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_sealer_wants_readers_with_good_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_section_has_its_readers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_arena_is_said, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_changed_byte_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sizes_from_outside_are_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_bit_of_a_tag_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_proof_is_of_these_events, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sections_are_those_of_the_header, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_one_remembers_is_the_signer_s, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
