/* Statements, conditions, gates: each alone, under agreements of a few lines. */
#include "tests/unit/core.h"

enum { DOSSIER = 1 << SL_DOSSIER, RESIDENT = 1 << SL_RESIDENT, NOTE = 1 << SL_NOTE };

/* ---------------------------------------------------------------- statements */

static const char *const stock_rules = FACTS
    "rule stock\n  when work_stock_changed from ncg\n"
    "  remember in_work_stock if value is in\n"
    "  remember not in_work_stock if value is out\n"
    "rule reaches\n  when planning_reviewed from ncg\n"
    "  log \"in\" if in_work_stock\n"
    "  log \"out\" if in_work_stock is no\n"
    "  log \"unknown\" if in_work_stock is unknown\n"
    "rule turns\n  when in_work_stock becomes yes\n"
    "  notify both of concurrence_detected\n"
    "rule turns-back\n  when in_work_stock ceases to be yes\n"
    "  notify both of concurrence_ended\n";

static void assert_stock(struct world *world, const char *wanted)
{
    (void)world_tell(world, (struct told){.type = "planning_reviewed", .from = NCG});
    assert_int_equal(world->decision.line_count, 1);
    assert_string_equal(world->decision.lines[0].detail, wanted);
}

static void the_newest_statement_holds(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, stock_rules);
    assert_stock(&world, "unknown");
    (void)TELL(STOCK("in"));
    assert_line(&world, "remembered stock -/ in_work_stock=yes");
    assert_line(&world, "notified turns img/back_office concurrence_detected");
    assert_stock(&world, "in");
    (void)TELL(STOCK("in"));
    assert_no_line(&world, "notified"); /* nothing has turned */
    (void)TELL(STOCK("out"));
    assert_line(&world, "notified turns-back ncg/back_office concurrence_ended");
    assert_stock(&world, "out");
    world_close(&world);
}

static void a_withdrawn_statement_is_as_if_never_made(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, stock_rules);
    uint64_t first = TELL(STOCK("in"));
    uint64_t second = TELL(STOCK("out"));
    (void)TELL(.type = "event_withdrawn", .from = NCG, .causation = first);
    assert_no_line(&world, "remembered"); /* a newer statement stands */
    assert_stock(&world, "out");
    (void)TELL(.type = "event_withdrawn", .from = NCG, .causation = second);
    assert_line(&world, "remembered withdrawn -/ in_work_stock=unknown");
    assert_stock(&world, "unknown");
    (void)TELL(.type = "event_withdrawn", .from = NCG, .causation = second);
    assert_line(&world, "withheld too-late ncg/ -");
    world_close(&world);
}

static void a_corrected_statement_keeps_its_place(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, stock_rules);
    uint64_t first = TELL(STOCK("in"), .house = 1);
    (void)TELL(STOCK("out"));
    uint64_t third = TELL(STOCK("in"));
    (void)TELL(.type = "event_corrected", .from = NCG, .causation = third,
               .attributes = {"value", "out", "reason", "answer"});
    assert_line(&world, "remembered corrected -/ in_work_stock=no");
    assert_stock(&world, "out");
    (void)TELL(.type = "event_corrected", .from = NCG, .causation = first,
               .attributes = {"value", "in", "reason", "answer"}); /* moves it to this house */
    assert_stock(&world, "out"); /* it is older than what stands there */
    assert_int_equal(world.decision.refused, SL_OK);
    world_close(&world);
}

static void many_statements_of_many_houses(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, stock_rules);
    for (uint8_t i = 0; i < 60; i++)
        (void)TELL(STOCK(i % 3 == 0 ? "in" : "out"), .house = i % 7);
    struct core_figures figures;
    core_figures(world.core, &figures);
    assert_int_equal(figures.subjects, 7);
    assert_int_equal(figures.events, 60);
    (void)TELL(.type = "planning_reviewed", .from = NCG, .house = 3);
    assert_string_equal(world.decision.lines[0].detail, "out"); /* said last by the 60th */
    world_close(&world);
}

/* ---------------------------------------------------------------- conditions */

static bool holds(const char *condition, struct told told)
{
    char rules[1024];
    struct world world;
    (void)snprintf(rules, sizeof rules,
                   FACTS "rule tried\n  when acute_unsafe\n    and %s\n  log \"holds\"\n"
                         "  otherwise\n  log \"does not\"\n",
                   condition);
    world_open(&world, rules);
    (void)world_tell(&world, told);
    assert_int_equal(world.decision.line_count, 1);
    bool held = strcmp(world.decision.lines[0].detail, "holds") == 0;
    world_close(&world);
    return held;
}

#define ACUTE(...) ((struct told){.type = "acute_unsafe", .from = IMG, .attributes = {__VA_ARGS__}})

static void unknown_is_a_value_like_others(void **state)
{
    (void)state;
    assert_false(holds("in_work_stock", ACUTE(NULL)));
    assert_false(holds("in_work_stock is no", ACUTE(NULL)));
    assert_true(holds("in_work_stock is unknown", ACUTE(NULL)));
    assert_true(holds("in_work_stock is not yes", ACUTE(NULL)));
    assert_true(holds("in_work_stock is no or unknown", ACUTE(NULL)));
    assert_true(holds("structural is unknown", ACUTE(NULL)));
    assert_true(holds("structural is unknown", ACUTE("structural", "unknown")));
    assert_true(holds("structural", ACUTE("structural", "yes")));
}

static void codes_roles_publishers_dates(void **state)
{
    (void)state;
    assert_true(holds("certainty is established", ACUTE("certainty", "established")));
    assert_false(holds("certainty is not established", ACUTE("certainty", "established")));
    assert_true(holds("publisher is img", ACUTE(NULL)));
    assert_false(holds("publisher is not img", ACUTE(NULL)));
    assert_true(holds("role is back_office", ACUTE(NULL)));
    assert_true(holds("event is acute_unsafe or works_done", ACUTE(NULL)));
    assert_true(holds("since 2021-03-29", ACUTE(NULL)));
    assert_false(holds("since 2021-03-30", ACUTE(NULL)));
    assert_false(holds("awaited", ACUTE(NULL)));
    assert_true(holds("not awaited", ACUTE(NULL)));
    assert_false(holds("overdue", ACUTE(NULL)));
}

static void trees_of_conditions(void **state)
{
    (void)state;
    assert_true(holds("all of (acute is no, publisher is img)", ACUTE(NULL)));
    assert_false(holds("all of (acute is no, publisher is ncg)", ACUTE(NULL)));
    assert_true(holds("any of (acute, publisher is img)", ACUTE(NULL)));
    assert_false(holds("any of (acute, complex)", ACUTE(NULL)));
    assert_true(holds("none of (acute, complex)", ACUTE(NULL)));
    assert_false(holds("none of (acute, any of (complex, publisher is img))", ACUTE(NULL)));
}

/* ---------------------------------------------------------------- gates */

#define CONTACT .type = "misdirected_contact", .from = IMG

static void sections_that_no_rule_discloses_stay_behind(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, FACTS "rule one\n  when misdirected_contact\n"
                             "  forward to other disclosing dossier, resident\n"
                             "rule two\n  when misdirected_contact\n  forward to other\n");
    (void)TELL(CONTACT, .sections = DOSSIER | RESIDENT | NOTE);
    assert_string_equal(world.lines, "forwarded one ncg/back_office dossier\n"
                                     "forwarded two ncg/back_office \n"
                                     "stripped resident-needs-consent ncg/back_office resident\n"
                                     "stripped minimise ncg/back_office note\n");
    assert_int_equal(world.decision.delivery_count, 1); /* one event, one role: one delivery */
    assert_int_equal(world.decision.deliveries[0].sections, DOSSIER);
    assert_int_equal(world.decision.deliveries[0].reason_count, 2);
    assert_string_equal(world.decision.deliveries[0].reasons[1].rule, "two");
    world_close(&world);
}

static void a_participant_that_is_not_there(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, FACTS "rule to-the-municipality\n  when municipality_advised\n"
                             "  forward to municipality else log \"not connected\"\n");
    (void)TELL(.type = "municipality_advised", .from = NCG, .attributes = {"municipality", "0014"});
    assert_line(&world, "forwarded to-the-municipality gm0014/back_office");
    (void)TELL(.type = "municipality_advised", .from = NCG, .attributes = {"municipality", "1979"});
    assert_string_equal(world.lines, "logged to-the-municipality -/ -\n");
    world_close(&world);
}

static void the_resident_is_told_of_it(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, FACTS "inform residents within 20 working days\nrule one\n"
                             "  when misdirected_contact\n"
                             "  forward to other disclosing resident without consent\n");
    uint64_t told = TELL(CONTACT, .sections = RESIDENT);
    assert_line(&world, "instructed inform-resident img/back_office inform_resident");
    assert_line(&world, "obligation_opened inform-resident img/back_office resident_informed");
    (void)TELL(.type = "resident_informed", .from = IMG, .causation = told);
    assert_string_equal(world.lines,
                        "obligation_met inform-resident img/back_office resident_informed\n");
    (void)TELL(CONTACT, .sections = NOTE);
    assert_no_line(&world, "inform-resident");
    world_close(&world);
}

/* ---------------------------------------------------------------- bad pasts */

static void a_damaged_past_changes_nothing(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, stock_rules);
    uint64_t first = TELL(STOCK("in"));
    struct sl_buffer whole = world.events[first].past;
    struct told told = {.type = "event_withdrawn", .from = NCG, .causation = first};
    struct kept *kept = world_make(&world, &told);
    struct sl_error error;
    for (size_t size = 0; size < whole.size; size++) {
        struct core_event event = {.number = 2,
                                   .at = world.at,
                                   .publisher = NCG,
                                   .header = &kept->header,
                                   .kept = &world.events[first].header,
                                   .past = sl_bytes(whole.data, size)};
        assert_int_equal(core_event(world.core, &event, &world.decision, &error), -1);
    }
    for (size_t i = 0; i < whole.size * 8; i++) { /* bent: refused, or taken, but never a fault */
        struct world other;
        world_open(&other, stock_rules);
        (void)world_tell(&other, (struct told){STOCK("in")});
        other.events[1].past.data[i / 8] ^= (uint8_t)(1 << i % 8);
        kept = world_make(&other, &told);
        struct core_event event = {.number = 2,
                                   .at = other.at,
                                   .publisher = NCG,
                                   .header = &kept->header,
                                   .kept = &other.events[1].header,
                                   .past = sl_buffer_bytes(&other.events[1].past)};
        (void)core_event(other.core, &event, &other.decision, &error);
        world_close(&other);
    }
    assert_stock(&world, "in");
    world_close(&world);
}

static void refusals_change_nothing(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, stock_rules);
    uint64_t first = TELL(STOCK("in"));
    assert_int_equal(TELL(.type = "event_withdrawn", .from = IMG, .causation = first), 0);
    assert_int_equal(world.decision.refused, SL_NOT_YOURS);
    assert_int_equal(TELL(.type = "event_withdrawn", .from = NCG, .causation = 40), 0);
    assert_int_equal(world.decision.refused, SL_UNKNOWN_ORIGINAL);
    assert_int_equal(TELL(.type = "event_withdrawn", .from = NCG, .causation = first, .house = 1),
                     0);
    assert_int_equal(world.decision.refused, SL_SUBJECT_INVALID);
    assert_int_equal(TELL(.type = "event_corrected", .from = NCG, .causation = first,
                          .attributes = {"value", "in"}),
                     0);
    assert_int_equal(world.decision.refused, SL_ATTRIBUTE_MISSING);
    assert_line(&world, "refused corrected ncg/ attribute_missing");
    uint8_t id[SL_UUID_SIZE];
    struct sl_bytes source = sl_text("urn:nld:oin:00000004164164164000:systeem:test");
    world_id(id, 2);
    assert_int_equal(core_known(world.core, source, id), 0); /* a refused id is free */
    world_id(id, 1);
    assert_int_equal(core_known(world.core, source, id), 1);
    assert_int_equal(core_known(world.core, sl_text("urn:nld:oin:2:systeem:x"), id), 0);
    assert_stock(&world, "in");
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_statement_holds),
        cmocka_unit_test(a_withdrawn_statement_is_as_if_never_made),
        cmocka_unit_test(a_corrected_statement_keeps_its_place),
        cmocka_unit_test(many_statements_of_many_houses),
        cmocka_unit_test(unknown_is_a_value_like_others),
        cmocka_unit_test(codes_roles_publishers_dates),
        cmocka_unit_test(trees_of_conditions),
        cmocka_unit_test(sections_that_no_rule_discloses_stay_behind),
        cmocka_unit_test(a_participant_that_is_not_there),
        cmocka_unit_test(the_resident_is_told_of_it),
        cmocka_unit_test(a_damaged_past_changes_nothing),
        cmocka_unit_test(refusals_change_nothing),
    };
    return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
