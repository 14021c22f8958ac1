/* Obligations: met, released, escalated, overdue; under agreements of a few lines. */
#include "tests/unit/core.h"

enum {
    DOSSIER = 1 << SL_DOSSIER,
    RESIDENT = 1 << SL_RESIDENT,
    NOTE = 1 << SL_NOTE,
    PLANNED = DOSSIER | 1 << SL_PLANNING
};

static const char *const question_rules = FACTS
    "rule ask\n  when misdirected_contact\n"
    "  expect contact_taken_over from other contact_person within 5 working days\n"
    "    else escalate to both contact_person, then other incident_officer\n"
    "rule taken\n  when contact_taken_over\n    and awaited\n  forward to other\n";

#define QUESTION .type = "misdirected_contact", .from = IMG
#define ANSWER(number) .type = "contact_taken_over", .from = NCG, .causation = number

static void an_answer_meets_its_question(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, question_rules);
    uint64_t first = TELL(QUESTION);
    assert_line(&world, "obligation_opened ask ncg/contact_person contact_taken_over");
    uint64_t second = TELL(QUESTION);
    (void)TELL(ANSWER(second), .house = 1); /* of another house */
    assert_line(&world, "withheld answer-without-question ncg/ -");
    (void)TELL(ANSWER(second));
    assert_line(&world, "obligation_met ask ncg/contact_person contact_taken_over");
    (void)TELL(ANSWER(second));
    assert_line(&world, "withheld answer-without-question ncg/ -");
    (void)TELL(.type = "contact_taken_over", .from = IMG, .causation = first); /* not who owes */
    assert_line(&world, "withheld answer-without-question img/ -");
    (void)TELL(ANSWER(first));
    assert_line(&world, "obligation_met ask");
    struct core_figures figures;
    core_figures(world.core, &figures);
    assert_int_equal(figures.obligations, 0);
    world_close(&world);
}

/* Two rules that both release what an event answers: it ends once. */
static void a_question_is_released_once(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, FACTS
               "rule ask\n  when misdirected_contact\n"
               "  expect contact_taken_over from other within 5 working days\n"
               "rule every\n  when contact_taken_over\n  release ask because \"x\"\n"
               "rule first\n  when contact_taken_over\n  release the question because \"x\"\n"
               "rule second\n  when contact_taken_over\n  release the question because \"x\"\n");
    uint64_t first = TELL(QUESTION);
    (void)TELL(ANSWER(first));
    assert_line(&world, "obligation_released ask ncg/back_office contact_taken_over");
    assert_null(strstr(strstr(world.lines, "obligation_released") + 1, "obligation_released"));
    struct core_figures figures;
    core_figures(world.core, &figures);
    assert_int_equal(figures.obligations, 0);
    world_close(&world);
}

static void time_escalates_level_by_level(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, question_rules);
    uint64_t asked = TELL(QUESTION);
    world_wait(&world, "2021-04-07T22:00:00Z"); /* at the very moment it is in time */
    assert_string_equal(world.lines, "");
    world_wait(&world, "2021-04-07T22:00:01Z");
    assert_string_equal(world.lines,
                        "obligation_overdue ask ncg/contact_person contact_taken_over\n"
                        "escalated ask img/contact_person contact_taken_over\n"
                        "escalated ask ncg/contact_person contact_taken_over\n");
    world_wait(&world, "2021-04-30T00:00:00Z");
    assert_string_equal(world.lines, "escalated ask ncg/incident_officer contact_taken_over\n");
    (void)TELL(ANSWER(asked));
    assert_line(&world, "obligation_met_late ask ncg/contact_person contact_taken_over");
    assert_true(core_wake(world.core) == INT64_MAX);
    world_close(&world);
}

static void an_answer_before_its_question(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, FACTS "rule ask\n  when misdirected_contact\n"
                             "  expect damage_claim_prompted from ncg within 5 working days\n"
                             "rule prompted\n  when damage_claim_prompted\n  forward to other\n");
    uint64_t answer = TELL(.type = "damage_claim_prompted", .from = NCG, .causation = 2);
    assert_line(&world, "forwarded prompted img/back_office ");
    (void)TELL(QUESTION);
    assert_line(&world, "obligation_opened ask ncg/back_office damage_claim_prompted\n"
                        "obligation_met ask ncg/back_office damage_claim_prompted");
    assert_int_equal(world.decision.lines[1].event.number, answer);
    (void)TELL(QUESTION);
    assert_no_line(&world, "obligation_met");
    world_close(&world);
}

static void nothing_is_asked_twice(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, question_rules);
    uint64_t first = TELL(QUESTION, .occurred_at = 5000);
    uint64_t again = TELL(QUESTION, .occurred_at = 5000); /* the same finding */
    assert_line(&world, "logged same-finding-again");
    assert_no_line(&world, "obligation_opened");
    (void)TELL(.type = "event_withdrawn", .from = IMG, .causation = first);
    assert_no_line(&world, "obligation_withdrawn"); /* the second asks for it too */
    (void)TELL(.type = "event_withdrawn", .from = IMG, .causation = again);
    assert_line(&world, "obligation_withdrawn ask ncg/contact_person contact_taken_over");
    world_close(&world);
}

static void deadlines_fall_in_their_order(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, FACTS "rule soon\n  when misdirected_contact from ncg\n"
                             "  expect contact_taken_over from img within 3 hours\n"
                             "rule later\n  when misdirected_contact from img\n"
                             "  expect contact_taken_over from ncg within 4 hours\n");
    int64_t last = 0;
    size_t fell = 0;
    for (uint8_t i = 0; i < 40; i++) {
        (void)TELL(.type = "misdirected_contact", .from = i % 3 == 0 ? IMG : NCG, .house = i % 5);
        world.at += SL_MINUTE * (i % 4);
    }
    for (uint64_t i = 1; i <= 40; i += 4)
        (void)TELL(.type = "event_withdrawn", .from = (i - 1) % 3 == 0 ? IMG : NCG,
                   .house = (uint8_t)((i - 1) % 5), .causation = i);
    while (core_tick(world.core, world.at + SL_DAY, &world.decision)) {
        assert_true(world.decision.lines[0].at >= last);
        assert_int_equal(world.decision.lines[0].outcome, CORE_OVERDUE);
        assert_int_equal(world.decision.lines[0].event.number % 4 == 1, false);
        last = world.decision.lines[0].at;
        fell++;
    }
    assert_int_equal(fell, 30);
    world_close(&world);
}

static void a_receipt_is_awaited_of_who_got_it(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, FACTS "rule both\n  when acute_unsafe\n  forward to other incident_officer\n"
                             "  expect receipt from other incident_officer within 15 minutes\n");
    uint64_t event = TELL(.type = "acute_unsafe", .from = IMG);
    assert_int_equal(world.decision.delivery_count, 1);
    assert_true(world.decision.deliveries[0].receipt_wanted);
    core_receipt(world.core, world.at, event, NCG, SL_BACK_OFFICE, &world.decision);
    assert_int_equal(world.decision.line_count, 0); /* another role's hands */
    core_receipt(world.core, world.at, event, NCG, SL_INCIDENT_OFFICER, &world.decision);
    assert_int_equal(world.decision.line_count, 1);
    assert_int_equal(world.decision.lines[0].outcome, CORE_MET);
    core_receipt(world.core, world.at, event, NCG, SL_INCIDENT_OFFICER, &world.decision);
    assert_int_equal(world.decision.line_count, 0); /* the second time changes nothing */
    world_close(&world);
}

static void what_is_open_outlives_its_agreement(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, question_rules);
    uint64_t first = TELL(QUESTION);
    uint64_t second = TELL(QUESTION);
    uint64_t stock = TELL(STOCK("in"));
    world_agree(&world, "facts new, in_work_stock start no\n"
                        "rule stock\n  when work_stock_changed\n"
                        "  remember in_work_stock if value is in\n"
                        "rule taken-too\n  when contact_taken_over\n    and awaited by ask-too\n"
                        "  log \"of the new\"\n"
                        "rule ask-too\n  when misdirected_contact\n  log \"asked\"\n");
    (void)TELL(ANSWER(first));
    assert_line(&world, "obligation_met ask ncg/contact_person contact_taken_over");
    (void)TELL(.type = "event_withdrawn", .from = IMG, .causation = second);
    assert_line(&world, "obligation_withdrawn ask ncg/contact_person contact_taken_over");
    (void)TELL(.type = "event_corrected", .from = NCG, .causation = stock,
               .attributes = {"value", "in", "reason", "answer"});
    assert_int_equal(world.decision.refused, SL_OK);
    world_close(&world);
}

static void an_answer_goes_by_its_question_as_corrected(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, FACTS "rule ask\n  when dossier_question\n"
                             "  expect dossier_answer from other within 5 working days\n"
                             "rule answer\n  when dossier_answer\n    and awaited\n"
                             "  forward to other disclosing dossier, note"
                             " where asked needs_resident is yes\n");
    struct told question = {.type = "dossier_question",
                            .from = IMG,
                            .role = SL_CONTACT_PERSON,
                            .sections = DOSSIER | NOTE,
                            .attributes = {"needs_resident", "yes"}};
    struct told correction = question;
    uint64_t first = world_tell(&world, question);
    uint64_t second = world_tell(&world, question);
    correction.type = "event_corrected";
    correction.causation = second;
    correction.attributes[1] = "no";
    assert_int_not_equal(world_tell(&world, correction), 0);
    (void)TELL(.type = "dossier_answer", .from = NCG, .role = SL_CONTACT_PERSON, .causation = first,
               .sections = DOSSIER | NOTE);
    assert_line(&world, "forwarded answer img/back_office dossier,note");
    (void)TELL(.type = "dossier_answer", .from = NCG, .role = SL_CONTACT_PERSON,
               .causation = second, .sections = DOSSIER | NOTE);
    assert_line(&world, "forwarded answer img/back_office dossier\n");
    world_close(&world);
}

/* As an operator asks for it: what is overdue first, and since when. */
static void what_is_open_is_told_first_due_first(void **state)
{
    (void)state;
    struct world world;
    char due[SL_TIMESTAMP_SIZE];
    world_open(&world, question_rules);
    assert_int_equal(core_open(world.core).open, 0);
    core_obligations(world.core, &world.decision);
    assert_int_equal(world.decision.line_count, 0);
    (void)TELL(QUESTION, .house = 2);
    world_wait(&world, "2021-03-31T13:00:00Z");
    (void)TELL(QUESTION, .house = 1);
    core_obligations(world.core, &world.decision);
    assert_int_equal(world.decision.line_count, 2);
    const struct core_line *lines = world.decision.lines;
    int64_t first = lines[0].due;
    assert_true(first < lines[1].due);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(lines[i].event.number, i + 1);
        assert_int_equal(lines[i].outcome, CORE_OPENED);
        assert_int_equal(lines[i].at, 0);
    }
    sl_timestamp_format(due, first + 1); /* at the very moment it is in time */
    world_wait(&world, due);
    assert_line(&world, "obligation_overdue ask ncg/contact_person contact_taken_over");
    core_obligations(world.core, &world.decision);
    assert_int_equal(world.decision.lines[0].outcome, CORE_OVERDUE);
    assert_int_equal(world.decision.lines[1].outcome, CORE_OPENED);
    struct core_open open = core_open(world.core);
    assert_int_equal(open.open, 2);
    assert_int_equal(open.overdue, 1);
    assert_int_equal(open.overdue_since, first);
    world_close(&world);
}

static void a_term_moves_with_its_date(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, FACTS "rule ask\n  when damage_inspection_planned from img\n"
                             "  expect damage_inspection_done from img"
                             " within 5 working days after date\n");
    uint64_t planned = TELL(.type = "damage_inspection_planned", .from = IMG, .sections = PLANNED,
                            .attributes = {"date", "2021-04-12"});
    int64_t before = world.decision.lines[0].due;
    (void)TELL(.type = "event_corrected", .from = IMG, .causation = planned, .sections = PLANNED,
               .attributes = {"date", "2021-04-12"});
    assert_no_line(&world, "obligation"); /* the same date: nothing moves */
    (void)TELL(.type = "event_corrected", .from = IMG, .causation = planned, .sections = PLANNED,
               .attributes = {"date", "2021-04-19"});
    assert_line(&world, "obligation_released ask img/back_office damage_inspection_done\n"
                        "obligation_opened ask img/back_office damage_inspection_done\n");
    core_obligations(world.core, &world.decision);
    assert_int_equal(world.decision.line_count, 1);
    assert_int_equal(world.decision.lines[0].due, before + 7 * SL_DAY);
    (void)TELL(.type = "event_withdrawn", .from = IMG, .causation = planned);
    assert_line(&world, "obligation_withdrawn ask img/back_office damage_inspection_done");
    assert_int_equal(core_open(world.core).open, 0);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_meets_its_question),
        cmocka_unit_test(a_question_is_released_once),
        cmocka_unit_test(time_escalates_level_by_level),
        cmocka_unit_test(an_answer_before_its_question),
        cmocka_unit_test(nothing_is_asked_twice),
        cmocka_unit_test(deadlines_fall_in_their_order),
        cmocka_unit_test(a_receipt_is_awaited_of_who_got_it),
        cmocka_unit_test(what_is_open_outlives_its_agreement),
        cmocka_unit_test(an_answer_goes_by_its_question_as_corrected),
        cmocka_unit_test(what_is_open_is_told_first_due_first),
        cmocka_unit_test(a_term_moves_with_its_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
