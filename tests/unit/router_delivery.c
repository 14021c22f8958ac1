/* Queues: lanes and order, one subject's trouble, dead letters, a window on a long backlog. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "router/delivery.h"

enum { NCG = 1 };

static const uint8_t *subject(unsigned number)
{
    static uint8_t bytes[SL_HASH_SIZE];
    memset(bytes, 0, sizeof bytes);
    sl_put64(bytes, 0x1234567800000000u + number);
    return bytes;
}

static struct delivery wanted(const struct deliveries *queues, enum sl_lane lane, unsigned house)
{
    uint64_t number = deliveries_next(queues, NCG, lane);
    return (struct delivery){.number = number,
                             .previous = deliveries_previous(queues, NCG, lane, subject(house)),
                             .record = 100 + number};
}

static uint64_t add(struct deliveries *queues, enum sl_lane lane, unsigned house)
{
    struct delivery one = wanted(queues, lane, house);
    deliveries_add(queues, NCG, lane, &one, subject(house));
    return one.number;
}

static void expect_pick(struct deliveries *queues, int64_t at, enum sl_lane lane, uint64_t number,
                        uint64_t previous, unsigned failures)
{
    enum sl_lane got = SL_NO_LANE;
    struct delivery one = {0};
    assert_true(deliveries_pick(queues, NCG, SL_LANE_ORDINARY, at, &got, &one));
    assert_int_equal(got, lane);
    assert_int_equal(one.number, number);
    assert_int_equal(one.previous, previous);
    assert_int_equal(one.failures, failures);
}

static void expect_nothing(struct deliveries *queues, int64_t at)
{
    enum sl_lane lane = SL_NO_LANE;
    struct delivery one = {0};
    assert_false(deliveries_pick(queues, NCG, SL_LANE_ORDINARY, at, &lane, &one));
}

static void acute_goes_first_and_order_is_kept(void **state)
{
    (void)state;
    struct deliveries *queues = deliveries_new();
    add(queues, SL_LANE_ORDINARY, 1);
    add(queues, SL_LANE_ORDINARY, 1);
    add(queues, SL_LANE_URGENT, 1);
    add(queues, SL_LANE_ACUTE, 2);
    expect_pick(queues, 0, SL_LANE_ACUTE, 1, 0, 0);
    expect_pick(queues, 0, SL_LANE_URGENT, 1, 0, 0);
    expect_pick(queues, 0, SL_LANE_ORDINARY, 1, 0, 0);
    expect_pick(queues, 0, SL_LANE_ORDINARY, 2, 1, 0);
    expect_nothing(queues, 0);
    enum sl_lane lane = SL_NO_LANE;
    struct delivery one = {0};
    /* Nothing for somebody else. */
    assert_false(deliveries_pick(queues, 0, SL_LANE_ORDINARY, 0, &lane, &one));
    assert_true(deliveries_done(queues, NCG, SL_LANE_ORDINARY, 1));
    assert_false(deliveries_done(queues, NCG, SL_LANE_ORDINARY, 1)); /* the second time */
    assert_false(deliveries_done(queues, NCG, SL_LANE_ORDINARY, 3)); /* never was */
    deliveries_unsend(queues, NCG);
    expect_pick(queues, 0, SL_LANE_ACUTE, 1, 0, 0);
    expect_pick(queues, 0, SL_LANE_URGENT, 1, 0, 0);
    expect_pick(queues, 0, SL_LANE_ORDINARY, 2, 0, 0); /* what it followed is there */
    assert_int_equal(deliveries_waiting(queues, NCG, SL_LANE_ORDINARY), 1);
    deliveries_free(queues);
}

static void what_is_kept_for_higher_lanes_is_not_taken_by_lower_ones(void **state)
{
    (void)state;
    struct deliveries *queues = deliveries_new();
    enum sl_lane lane = SL_NO_LANE;
    struct delivery one = {0};
    add(queues, SL_LANE_ORDINARY, 1);
    assert_false(deliveries_pick(queues, NCG, SL_LANE_URGENT, 0, &lane, &one));
    add(queues, SL_LANE_URGENT, 1);
    assert_true(deliveries_pick(queues, NCG, SL_LANE_URGENT, 0, &lane, &one));
    assert_int_equal(lane, SL_LANE_URGENT);
    assert_false(deliveries_pick(queues, NCG, SL_LANE_URGENT, 0, &lane, &one));
    expect_pick(queues, 0, SL_LANE_ORDINARY, 1, 0, 0);
    deliveries_free(queues);
}

static void a_failure_holds_its_own_subject_only(void **state)
{
    (void)state;
    struct deliveries *queues = deliveries_new();
    bool dead = false;
    add(queues, SL_LANE_ORDINARY, 1);
    add(queues, SL_LANE_ORDINARY, 1);
    add(queues, SL_LANE_ORDINARY, 2);
    expect_pick(queues, 0, SL_LANE_ORDINARY, 1, 0, 0);
    expect_pick(queues, 0, SL_LANE_ORDINARY, 2, 1, 0);
    assert_true(deliveries_failed(queues, NCG, SL_LANE_ORDINARY, 1, 0, &dead));
    assert_false(dead);
    assert_true(deliveries_behind(queues, NCG, SL_LANE_ORDINARY, 2, 0));
    add(queues, SL_LANE_ORDINARY, 1);
    expect_pick(queues, 0, SL_LANE_ORDINARY, 3, 0, 0);
    expect_nothing(queues, 0);
    assert_int_equal(deliveries_wake(queues, NCG), 1000);
    expect_nothing(queues, 999);
    expect_pick(queues, 1000, SL_LANE_ORDINARY, 1, 0, 1);
    expect_pick(queues, 1000, SL_LANE_ORDINARY, 2, 1, 0); /* being behind was no attempt */
    expect_pick(queues, 1000, SL_LANE_ORDINARY, 4, 2, 0);
    expect_nothing(queues, 1000);
    deliveries_free(queues);
}

static void failed_too_often_is_a_dead_letter_and_the_subject_goes_on(void **state)
{
    (void)state;
    struct deliveries *queues = deliveries_new();
    bool dead = false;
    int64_t now = 0;
    add(queues, SL_LANE_URGENT, 1);
    add(queues, SL_LANE_URGENT, 1);
    for (unsigned i = 0; i < SL_ATTEMPTS; i++) {
        assert_false(dead);
        expect_pick(queues, now, SL_LANE_URGENT, 1, 0, i);
        assert_true(deliveries_failed(queues, NCG, SL_LANE_URGENT, 1, now, &dead));
        now += 1000000;
        if (i == 0)
            deliveries_unsend(queues, NCG); /* being away is no failure */
    }
    assert_true(dead);
    assert_int_equal(deliveries_dead(queues), 1);
    assert_int_equal(deliveries_waiting(queues, NCG, SL_LANE_URGENT), 1);
    expect_pick(queues, now, SL_LANE_URGENT, 2, 0, 0);
    expect_nothing(queues, now);
    assert_false(deliveries_done(queues, NCG, SL_LANE_URGENT, 1));
    assert_false(deliveries_judge(queues, NCG, SL_LANE_URGENT, 2, true));
    assert_true(deliveries_judge(queues, NCG, SL_LANE_URGENT, 1, true));
    assert_false(deliveries_judge(queues, NCG, SL_LANE_URGENT, 1, true));
    expect_pick(queues, now, SL_LANE_URGENT, 1, 0, SL_ATTEMPTS);
    for (unsigned i = 1; i <= SL_ATTEMPTS; i++) {
        assert_true(deliveries_failed(queues, NCG, SL_LANE_URGENT, 1, now, &dead));
        assert_int_equal(dead, i == SL_ATTEMPTS);
        now += 1000000;
        if (!dead)
            expect_pick(queues, now, SL_LANE_URGENT, 1, 0, SL_ATTEMPTS + i);
    }
    assert_int_equal(deliveries_dead(queues), 1);
    assert_true(deliveries_judge(queues, NCG, SL_LANE_URGENT, 1, true));
    expect_pick(queues, now, SL_LANE_URGENT, 1, 0, 2 * SL_ATTEMPTS);
    assert_true(deliveries_done(queues, NCG, SL_LANE_URGENT, 1));
    assert_int_equal(deliveries_dead(queues), 0);
    deliveries_free(queues);
}

static void a_discarded_letter_is_gone(void **state)
{
    (void)state;
    struct deliveries *queues = deliveries_new();
    bool dead = false;
    add(queues, SL_LANE_URGENT, 1);
    for (unsigned i = 0; i < SL_ATTEMPTS; i++)
        assert_true(deliveries_failed(queues, NCG, SL_LANE_URGENT, 1, 0, &dead));
    assert_true(deliveries_judge(queues, NCG, SL_LANE_URGENT, 1, false));
    assert_int_equal(deliveries_dead(queues), 0);
    assert_null(deliveries_find(queues, NCG, SL_LANE_URGENT, 1));
    expect_nothing(queues, 1000000);
    deliveries_free(queues);
}

/* The journal of this test: what was wanted, in order. */
static struct delivery kept[4 * QUEUE_WINDOW];
static size_t kept_count;

static void refill(struct deliveries *queues)
{
    uint64_t number = 0;
    uint64_t record = 0;
    while (deliveries_gap(queues, NCG, SL_LANE_ORDINARY, &number, &record)) {
        assert_true(record <= kept[number - 1].record);
        while (number <= kept_count &&
               deliveries_refill(queues, NCG, SL_LANE_ORDINARY, &kept[number - 1]))
            number++;
    }
}

static void a_backlog_waits_on_disk_and_loses_nothing(void **state)
{
    (void)state;
    struct deliveries *queues = deliveries_new();
    for (kept_count = 0; kept_count < 4 * QUEUE_WINDOW; kept_count++) {
        kept[kept_count] = wanted(queues, SL_LANE_ORDINARY, (unsigned)kept_count % 1000);
        deliveries_add(queues, NCG, SL_LANE_ORDINARY, &kept[kept_count],
                       subject((unsigned)kept_count % 1000));
    }
    assert_null(deliveries_find(queues, NCG, SL_LANE_ORDINARY, QUEUE_WINDOW + 1));
    assert_int_equal(kept[2000].previous, 1001);
    uint64_t expected = 1;
    enum sl_lane lane = SL_NO_LANE;
    struct delivery one = {0};
    for (;;) {
        refill(queues);
        if (!deliveries_pick(queues, NCG, SL_LANE_ORDINARY, 0, &lane, &one))
            break;
        assert_int_equal(one.number, expected++);
        assert_true(deliveries_done(queues, NCG, lane, one.number));
    }
    assert_int_equal(expected, 4 * QUEUE_WINDOW + 1);
    assert_int_equal(deliveries_waiting(queues, NCG, SL_LANE_ORDINARY), 0);
    add(queues, SL_LANE_ORDINARY, 1); /* and what comes now is in memory again */
    expect_pick(queues, 0, SL_LANE_ORDINARY, expected, 0, 0);
    deliveries_free(queues);
}

/* A receiver that fails, is behind, and goes away as chance will have it: a house's deliveries
 * arrive in their order, each once, but for dead letters. */
static void chance_never_breaks_the_order_of_a_subject(void **state)
{
    (void)state;
    enum { HOUSES = 20, COUNT = 3000 };
    uint64_t seed = 7;
    struct deliveries *queues = deliveries_new();
    uint64_t house_of[COUNT + 1];
    bool has[COUNT + 1] = {false};
    bool gone[COUNT + 1] = {false};
    uint64_t last[HOUSES] = {0};
    size_t settled = 0;
    int64_t now = 0;
    for (uint64_t i = 1; i <= COUNT; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        house_of[i] = (seed >> 33) % HOUSES;
        assert_int_equal(add(queues, SL_LANE_URGENT, (unsigned)house_of[i]), i);
    }
    for (int step = 0; settled < COUNT; step++) {
        assert_true(step < 2000000);
        enum sl_lane lane = SL_NO_LANE;
        struct delivery one = {0};
        if (!deliveries_pick(queues, NCG, SL_LANE_ORDINARY, now, &lane, &one)) {
            assert_true(deliveries_wake(queues, NCG) < INT64_MAX);
            now = deliveries_wake(queues, NCG);
            continue;
        }
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        bool dead = false;
        if (one.previous != 0 && !has[one.previous]) {
            assert_false(gone[one.previous]);
            assert_true(deliveries_behind(queues, NCG, lane, one.number, now));
        } else if ((seed >> 33) % 100 < 30) {
            assert_true(deliveries_failed(queues, NCG, lane, one.number, now, &dead));
            gone[one.number] = dead;
            settled += dead ? 1 : 0;
        } else if ((seed >> 33) % 100 < 32) {
            deliveries_unsend(queues, NCG);
        } else {
            assert_false(has[one.number]);
            assert_true(one.number > last[house_of[one.number]]);
            last[house_of[one.number]] = one.number;
            has[one.number] = true;
            settled++;
            assert_true(deliveries_done(queues, NCG, lane, one.number));
        }
    }
    expect_nothing(queues, INT64_MAX - 1);
    assert_true(deliveries_dead(queues) > 0 && deliveries_dead(queues) < COUNT / 50);
    deliveries_free(queues);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acute_goes_first_and_order_is_kept),
        cmocka_unit_test(what_is_kept_for_higher_lanes_is_not_taken_by_lower_ones),
        cmocka_unit_test(a_failure_holds_its_own_subject_only),
        cmocka_unit_test(failed_too_often_is_a_dead_letter_and_the_subject_goes_on),
        cmocka_unit_test(a_discarded_letter_is_gone),
        cmocka_unit_test(a_backlog_waits_on_disk_and_loses_nothing),
        cmocka_unit_test(chance_never_breaks_the_order_of_a_subject),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
