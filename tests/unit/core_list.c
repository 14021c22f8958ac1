/* The joint team's list as it stands: who is told of which house, since when, piece by piece. */
#include "tests/unit/core.h"

enum { HOUSES = 300 };

static const char rules[] = "facts complex, harrowing, restricted start no\n"
                            "list\n"
                            "  priority 3 if harrowing\n"
                            "  priority 4 if complex\n"
                            "rule told\n"
                            "  when the list changes\n"
                            "  notify img joint_team of joint_list_changed\n"
                            "  notify ncg joint_team of joint_list_changed if complex\n"
                            "rule complex\n"
                            "  when complex_case_signalled\n"
                            "  remember complex\n"
                            "  expect joint_team_priority_set from both within 5 working days\n"
                            "rule simple\n"
                            "  when complex_case_closed\n"
                            "  remember not complex\n"
                            "rule harrowing\n"
                            "  when harrowing_situation_signalled\n"
                            "  remember harrowing\n";

/* The event's house is number `house`, of any number of houses. */
static void signal(struct world *world, uint64_t number, const char *type, uint64_t house)
{
    struct sl_error error = {0};
    bool officer = strcmp(type, "harrowing_situation_signalled") == 0;
    struct kept *kept = world_make(
        world, &(struct told){.type = type,
                              .from = IMG,
                              .role = officer ? SL_INCIDENT_OFFICER : SL_JOINT_TEAM});
    world_id(kept->id, number);
    sl_put64(kept->subject, house);
    struct core_event event = {
        .number = number, .at = world->at, .publisher = IMG, .header = &kept->header};
    assert_int_equal(core_event(world->core, &event, &world->decision, &error), 0);
    assert_int_equal(world->decision.refused, SL_OK);
}

static void each_is_told_its_own(void **state)
{
    (void)state;
    struct world world;
    struct core_list list;
    world_open(&world, rules);
    core_list(world.core, IMG, 0, &list);
    assert_int_equal(list.count, 0);
    signal(&world, 1, "harrowing_situation_signalled", 1);
    signal(&world, 2, "complex_case_signalled", 1);
    signal(&world, 3, "harrowing_situation_signalled", 2);
    core_list(world.core, IMG, 0, &list);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.next, 0);
    assert_int_equal(list.houses[0].priority, 3);
    assert_int_equal(list.houses[0].since, 1);
    assert_string_equal(list.houses[0].grounds, "complex, harrowing");
    assert_int_equal(list.houses[0].open_count, 1);
    assert_string_equal(list.houses[0].open[0].to, "both");
    assert_string_equal(list.houses[0].open[0].what, "joint_team_priority_set");
    assert_int_equal(list.houses[0].open[0].event.number, 2);
    assert_int_equal(list.houses[1].open_count, 0);
    core_list(world.core, NCG, 0, &list);
    assert_int_equal(list.count, 1); /* the complex one */
    core_list(world.core, GM0014, 0, &list);
    assert_int_equal(list.count, 0);
    world_close(&world);
}

/* What was on it, left it and came back is on it since it came back. */
static void since_it_holds(void **state)
{
    (void)state;
    struct world world;
    struct core_list list;
    world_open(&world, rules);
    signal(&world, 1, "complex_case_signalled", 1);
    signal(&world, 2, "complex_case_closed", 1);
    core_list(world.core, IMG, 0, &list);
    assert_int_equal(list.count, 0);
    signal(&world, 3, "complex_case_signalled", 1);
    signal(&world, 4, "complex_case_signalled", 1);
    core_list(world.core, IMG, 0, &list);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.houses[0].since, 3);
    world_close(&world);
}

static void a_long_list_comes_in_pieces(void **state)
{
    (void)state;
    struct world world;
    struct core_list list;
    bool seen[HOUSES + 1] = {false};
    size_t pieces = 0, houses = 0;
    uint32_t after = 0;
    world_open(&world, rules);
    for (uint64_t i = 1; i <= HOUSES; i++)
        signal(&world, i, "complex_case_signalled", i);
    do {
        core_list(world.core, NCG, after, &list);
        assert_true(list.count <= CORE_LIST_HOUSES);
        assert_true(list.next == 0 || list.next > after);
        for (size_t i = 0; i < list.count; i++) {
            uint64_t house = sl_get64(list.houses[i].subject);
            assert_false(seen[house]);
            seen[house] = true;
            assert_int_equal(list.houses[i].open[0].event.number, house);
        }
        houses += list.count;
        pieces++;
        after = list.next;
    } while (after != 0);
    assert_int_equal(houses, HOUSES);
    assert_int_equal(pieces, 3);
    core_list(world.core, NCG, HOUSES + 1, &list); /* a place that never was */
    assert_int_equal(list.count + list.next, 0);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_told_its_own),
        cmocka_unit_test(since_it_holds),
        cmocka_unit_test(a_long_list_comes_in_pieces),
    };
    return cmocka_run_group_tests_name("core_list", tests, NULL, NULL);
}
