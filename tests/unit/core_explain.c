/* In words: what is known and awaited at a house, which rules fire, and why the others do not. */
#include "tests/unit/core.h"

static const char *const rules = FACTS
    "rule ask\n  when misdirected_contact\n"
    "  expect contact_taken_over from other contact_person within 5 working days\n"
    "rule taken\n  when contact_taken_over\n    and awaited and none of (acute, complex)\n"
    "  forward to other\n"
    "rule stock\n  when work_stock_changed from ncg\n"
    "  remember in_work_stock if value is in\n"
    "  remember not in_work_stock if value is out\n"
    "rule danger\n  when acute_unsafe from ncg\n  remember acute\n"
    "rule enquiry\n  when dossier_question\n    and role is contact_person\n  forward to other\n"
    "  otherwise\n  withhold because \"not asked by a contact person\"\n"
    "rule note\n  when resident_consent_changed\n  log \"noted\"\n"
    "rule set\n  when joint_team_priority_set\n  log \"noted\"\n";

static void expect_words(struct world *world, struct told told, const char *wanted)
{
    struct sl_buffer out = {0};
    struct kept *kept = world_make(world, &told);
    struct core_event event = {.number = world->count + 1,
                               .at = world->at,
                               .publisher = told.from,
                               .header = &kept->header};
    struct core_figures before, after;
    core_figures(world->core, &before);
    core_explain(world->core, &event, &out);
    sl_buffer_add(&out, "", 1);
    assert_string_equal((char *)out.data, wanted);
    sl_buffer_free(&out);
    core_figures(world->core, &after);
    assert_int_equal(before.obligations, after.obligations); /* nothing was decided */
    assert_int_equal(before.events, after.events);
}

#define EXPLAIN(wanted, ...) expect_words(&world, (struct told){__VA_ARGS__}, wanted)

static void an_outcome_of_its_own_condition(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, rules);
    (void)TELL(STOCK("in"));
    EXPLAIN("known of the house: in_work_stock=yes\n"
            "  yes stock\n"
            "      - remember: in work stock is yes\n"
            "        not so: value is in\n"
            "      + remember: in work stock is no\n"
            "1 rules fire, 0 about this type do not, 6 are about others\n",
            STOCK("out"));
    world_close(&world);
}

static void an_answer_names_what_it_answers(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, rules);
    uint64_t asked = TELL(.type = "misdirected_contact", .from = IMG);
    EXPLAIN("known of the house: nothing\n"
            "awaited of ncg: contact_taken_over by 2021-04-07T22:00:00Z (ask), "
            "which this event answers\n"
            "  yes taken\n"
            "      + forward to the other organisation: that it happened, no more\n"
            "1 rules fire, 0 about this type do not, 6 are about others\n",
            .type = "contact_taken_over", .from = NCG, .causation = asked);
    (void)TELL(.type = "acute_unsafe", .from = NCG);
    EXPLAIN("known of the house: acute=yes\n"
            "awaited of ncg: contact_taken_over by 2021-04-07T22:00:00Z (ask)\n"
            "  no  taken\n"
            "        not so: it is awaited\n"
            "        not so: neither acute is yes nor complex is yes\n"
            "0 rules fire, 1 about this type do not, 6 are about others\n",
            .type = "contact_taken_over", .from = IMG);
    world_close(&world);
}

static void who_may_not_say_it(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, rules);
    EXPLAIN("known of the house: nothing\n"
            "  no  danger\n"
            "        not from this publisher\n"
            "0 rules fire, 1 about this type do not, 6 are about others\n",
            .type = "acute_unsafe", .from = IMG);
    EXPLAIN("known of the house: nothing\n"
            "  no  enquiry\n"
            "        not so: the publisher's role is contact person\n"
            "      + withhold: \"not asked by a contact person\"\n"
            "0 rules fire, 1 about this type do not, 6 are about others\n",
            .type = "dossier_question", .from = IMG);
    EXPLAIN("known of the house: nothing\n"
            "no rule is asked: another role publishes this type\n",
            .type = "joint_team_priority_set", .from = IMG);
    world_close(&world);
}

static void a_withdrawal_has_no_rule(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, rules);
    uint64_t first = TELL(.type = "misdirected_contact", .from = IMG);
    EXPLAIN("known of the house: nothing\n"
            "awaited of ncg: contact_taken_over by 2021-04-07T22:00:00Z (ask)\n"
            "no rule is about corrections and withdrawals: what they bring about follows\n"
            "from the rules for the event that they name (gates X9 to X13)\n",
            .type = "event_withdrawn", .from = IMG, .causation = first);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_outcome_of_its_own_condition),
        cmocka_unit_test(an_answer_names_what_it_answers),
        cmocka_unit_test(who_may_not_say_it),
        cmocka_unit_test(a_withdrawal_has_no_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
