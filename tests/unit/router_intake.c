/* What the router says of a publication at its first door: each refusal, and its place. */
#include "tests/unit/router_parties.h"

#include "router/intake.h"

static struct sl_arena arena;

static const int64_t now = 1612170000000; /* 2021-02-01T09:00:00Z */

static struct intake door(int sender)
{
    return (struct intake){.directory = &parties.directory,
                           .participant = sender,
                           .lane = SL_LANE_ORDINARY,
                           .now = now,
                           .in_force = now - 1000000,
                           .future_tolerance = SL_FUTURE_TOLERANCE};
}

static Samenloop__V1__Bundle *good_bundle(struct party_event *events, size_t count)
{
    for (size_t i = 0; i < count; i++)
        party_event(&events[i], IMG, "damage_case_opened", i + 1, i, now);
    return party_seal(&parties, &arena, IMG, events, count);
}

static enum sl_code judge_as(const struct intake *intake, const Samenloop__V1__Bundle *bundle,
                             size_t index)
{
    sl_hash leaves[SL_MAX_BATCH];
    struct intake_event judged[SL_MAX_BATCH];
    assert_int_equal(intake_judge(intake, parties.crypto, &arena, bundle, leaves, judged),
                     INTAKE_JUDGED);
    sl_hash leaf;
    sl_merkle_leaf(parties.crypto, leaf, sl_from_pb(bundle->envelopes[index]->header));
    assert_memory_equal(leaf, leaves[index], sizeof leaf);
    if (judged[index].error.code == SL_OK)
        assert_non_null(judged[index].type);
    else
        assert_true(strlen(judged[index].error.text) > 5);
    return judged[index].error.code;
}

static enum sl_code judge(const Samenloop__V1__Bundle *bundle, size_t index)
{
    struct intake intake = door(IMG);
    return judge_as(&intake, bundle, index);
}

static void a_good_bundle_passes(void **state)
{
    (void)state;
    static struct party_event events[SL_MAX_BATCH];
    Samenloop__V1__Bundle *bundle = good_bundle(events, SL_MAX_BATCH);
    for (size_t i = 0; i < SL_MAX_BATCH; i += 341)
        assert_int_equal(judge(bundle, i), SL_OK);
}

static void what_was_not_signed_so_is_refused(void **state)
{
    (void)state;
    struct party_event events[3];
    Samenloop__V1__Bundle *bundle = good_bundle(events, 3);
    bundle->envelopes[1]->header.data[20] ^= 1;
    assert_int_equal(judge(bundle, 0), SL_BAD_SIGNATURE);
    assert_int_equal(judge(bundle, 2), SL_BAD_SIGNATURE);

    bundle = good_bundle(events, 3);
    bundle->proof->signature.data[3] ^= 1;
    assert_int_equal(judge(bundle, 0), SL_BAD_SIGNATURE);
    bundle = good_bundle(events, 3);
    bundle->proof->signature.len = 63;
    assert_int_equal(judge(bundle, 0), SL_BAD_SIGNATURE);

    /* Another batch's signature. */
    bundle = good_bundle(events, 3);
    Samenloop__V1__Bundle *other = good_bundle(events, 2);
    bundle->proof->signature = other->proof->signature;
    assert_int_equal(judge(bundle, 0), SL_BAD_SIGNATURE);
}

static void the_other_organisation_signs_for_itself_only(void **state)
{
    (void)state;
    struct party_event event;
    party_event(&event, IMG, "damage_case_opened", 1, 1, now);
    assert_int_equal(judge(party_seal(&parties, &arena, NCG, &event, 1), 0), SL_BAD_SIGNATURE);
    /* ncg signs and sends an event with img's source */
    struct intake intake = door(NCG);
    assert_int_equal(judge_as(&intake, party_seal(&parties, &arena, NCG, &event, 1), 0),
                     SL_SOURCE_MISMATCH);
    party_event(&event, NCG, "damage_case_opened", 1, 1, now);
    assert_int_equal(judge_as(&intake, party_seal(&parties, &arena, NCG, &event, 1), 0),
                     SL_NOT_PERMITTED);
}

static void an_unknown_card_is_for_later(void **state)
{
    (void)state;
    struct party_event event;
    sl_hash leaves[1];
    struct intake_event judged[1];
    struct intake intake = door(IMG);
    Samenloop__V1__Bundle *bundle = good_bundle(&event, 1);
    struct sl_card *card = &parties.directory.participants[IMG].cards[0];
    card->hash[0] ^= 1;
    assert_int_equal(intake_judge(&intake, parties.crypto, &arena, bundle, leaves, judged),
                     INTAKE_LATER);
    card->hash[0] ^= 1;
    /* Known, but its key was not valid when the event was recorded: that stays so. */
    card->keys[0].not_before = now + 1;
    assert_int_equal(judge(bundle, 0), SL_BAD_KEY_CARD);
    card->keys[0].not_before = 0;
    /* A key that has ended since then is good for what it signed before. */
    card->keys[0].not_after = now + 1;
    intake.now = now + 100000;
    assert_int_equal(judge_as(&intake, bundle, 0), SL_OK);
    card->keys[0].not_after = now - 1;
    assert_int_equal(judge_as(&intake, bundle, 0), SL_BAD_KEY_CARD);
    /* So is one that began after the event was recorded, and before it came. */
    card->keys[0].not_before = now + 50000;
    card->keys[0].not_after = INT64_MAX;
    assert_int_equal(judge_as(&intake, bundle, 0), SL_OK);
    card->keys[0].not_before = intake.now + 1;
    assert_int_equal(judge_as(&intake, bundle, 0), SL_BAD_KEY_CARD);
    card->keys[0].not_before = 0;
}

static void a_changed_section_is_refused_alone(void **state)
{
    (void)state;
    struct party_event events[3];
    Samenloop__V1__Bundle *bundle = good_bundle(events, 3);
    Samenloop__V1__SealedSection *section = bundle->envelopes[1]->sections[0];
    section->ciphertexts[0]->sealed.data[0] ^= 1;
    assert_int_equal(judge(bundle, 0), SL_OK);
    assert_int_equal(judge(bundle, 1), SL_BAD_DIGEST);
    assert_int_equal(judge(bundle, 2), SL_OK);
    bundle->envelopes[2]->n_sections = 0; /* left out */
    assert_int_equal(judge(bundle, 2), SL_BAD_DIGEST);
    bundle->envelopes[0]->sections = bundle->envelopes[1]->sections; /* another event's */
    assert_int_equal(judge(bundle, 0), SL_BAD_DIGEST);
}

static enum sl_code judge_changed(void (*change)(struct party_event *event))
{
    struct party_event event;
    party_event(&event, IMG, "damage_case_opened", 1, 1, now);
    change(&event);
    return judge(party_seal(&parties, &arena, IMG, &event, 1), 0);
}

static void unknown_type(struct party_event *event)
{
    event->event.header.type = sl_to_pb(sl_text("house_painted"));
    event->event.header.source = sl_to_pb(sl_text("somewhere")); /* comes after the type */
}

static void derived_type(struct party_event *event)
{
    event->event.header.type = sl_to_pb(sl_text("concurrence_detected"));
}

static void other_source(struct party_event *event)
{
    event->event.header.source = sl_to_pb(sl_text("urn:nld:oin:00000004164164164000:systeem:"));
    event->event.header.subject.len = 31; /* comes after the source */
}

static void short_subject(struct party_event *event)
{
    event->event.header.subject.len = 31;
}

static void unknown_attribute(struct party_event *event)
{
    party_attribute(event, "colour", "red");
}

static void forbidden_section(struct party_event *event)
{
    event->event.present |= sl_section_bit(SL_NOTE);
    event->event.sections[SL_NOTE] = sl_text("\x0a\x02hi");
}

static void far_future(struct party_event *event)
{
    event->event.header.recorded_at = now + SL_FUTURE_TOLERANCE + 1;
}

static void near_future(struct party_event *event)
{
    event->event.header.recorded_at = now + SL_FUTURE_TOLERANCE;
}

static void before_the_agreement(struct party_event *event)
{
    event->event.header.recorded_at = now - 1000001;
}

static void too_large(struct party_event *event)
{
    static uint8_t text[SL_MAX_SEALED / 2];
    event->event.sections[SL_DOSSIER] = sl_bytes(text, sizeof text);
}

static void each_refusal_has_its_code(void **state)
{
    (void)state;
    assert_int_equal(judge_changed(unknown_type), SL_UNKNOWN_TYPE);
    assert_int_equal(judge_changed(derived_type), SL_NOT_PERMITTED);
    assert_int_equal(judge_changed(other_source), SL_SOURCE_MISMATCH);
    assert_int_equal(judge_changed(short_subject), SL_SUBJECT_INVALID);
    assert_int_equal(judge_changed(unknown_attribute), SL_ATTRIBUTE_INVALID);
    assert_int_equal(judge_changed(forbidden_section), SL_SECTION_NOT_ALLOWED);
    assert_int_equal(judge_changed(far_future), SL_TIME_WINDOW);
    assert_int_equal(judge_changed(near_future), SL_OK);
    assert_int_equal(judge_changed(before_the_agreement), SL_TIME_WINDOW);
    assert_int_equal(judge_changed(too_large), SL_TOO_LARGE);
}

/* What the first door says of an event of this type in this lane. */
static enum sl_code judge_in(enum sl_lane lane, int publisher, const char *name)
{
    struct party_event event;
    struct intake intake = door(publisher);
    intake.lane = lane;
    party_event(&event, publisher, name, 1, 1, now);
    if (event.event.type->original) {
        event.event.header.causation_id = (ProtobufCBinaryData){SL_UUID_SIZE, event.cause};
        event.event.present = 0;
    }
    return judge_as(&intake, party_seal(&parties, &arena, publisher, &event, 1), 0);
}

static void each_type_has_its_lane(void **state)
{
    (void)state;
    for (int lane = SL_LANE_ACUTE; lane < SL_LANES; lane++) {
        enum sl_lane in = (enum sl_lane)lane;
        assert_int_equal(judge_in(in, IMG, "damage_case_opened"),
                         in == SL_LANE_ORDINARY ? SL_OK : SL_WRONG_LANE);
        assert_int_equal(judge_in(in, IMG, "acute_unsafe_dismissed"),
                         in == SL_LANE_ACUTE ? SL_OK : SL_WRONG_LANE);
        assert_int_equal(judge_in(in, IMG, "event_withdrawn"), SL_OK); /* with its original */
    }
}

static void an_id_comes_once_in_a_batch(void **state)
{
    (void)state;
    struct party_event events[3];
    for (size_t i = 0; i < 3; i++)
        party_event(&events[i], IMG, "damage_case_opened", i, i, now);
    Samenloop__V1__Bundle *bundle = party_seal(&parties, &arena, IMG, events, 3);
    /* Sealing refuses what a hostile publisher could write: the second event's id is the first's.
     */
    ProtobufCBinaryData *header = &bundle->envelopes[1]->header;
    uint8_t *id = memmem(header->data, header->len, events[1].id, SL_UUID_SIZE);
    assert_non_null(id);
    memcpy(id, events[0].id, SL_UUID_SIZE);
    party_sign(&parties, IMG, bundle);
    assert_int_equal(judge(bundle, 0), SL_OK);
    assert_int_equal(judge(bundle, 1), SL_MALFORMED);
    assert_int_equal(judge(bundle, 2), SL_OK);
}

static int begin(void **state)
{
    (void)state;
    parties_init(&parties);
    sl_arena_init(&arena, 0);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    sl_arena_free(&arena);
    parties_free(&parties);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_bundle_passes),
        cmocka_unit_test(what_was_not_signed_so_is_refused),
        cmocka_unit_test(the_other_organisation_signs_for_itself_only),
        cmocka_unit_test(an_unknown_card_is_for_later),
        cmocka_unit_test(a_changed_section_is_refused_alone),
        cmocka_unit_test(each_refusal_has_its_code),
        cmocka_unit_test(each_type_has_its_lane),
        cmocka_unit_test(an_id_comes_once_in_a_batch),
    };
    return cmocka_run_group_tests(tests, begin, finish);
}
