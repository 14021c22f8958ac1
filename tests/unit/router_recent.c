/* What is kept in memory of batches that were written lately, and what goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "router/recent.h"

enum { EVENTS = 3 };

static struct recent *recent;
static struct sl_arena first, second;

static int setup(void **state)
{
    (void)state;
    recent = recent_new();
    sl_arena_init(&first, 64 * 1024 * 1024);
    sl_arena_init(&second, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    recent_free(recent);
    sl_arena_free(&first);
    sl_arena_free(&second);
    return 0;
}

/* A batch of three, the second refused, and `bytes` more. */
static void keep(uint64_t record, size_t bytes)
{
    static const Samenloop__V1__JournalEvent none = SAMENLOOP__V1__JOURNAL_EVENT__INIT;
    Samenloop__V1__JournalBatch *batch = sl_arena_alloc(&first, sizeof *batch);
    struct recent_event *events = sl_arena_alloc(&second, EVENTS * sizeof *events);
    memset(events, 0, EVENTS * sizeof *events);
    *batch = (Samenloop__V1__JournalBatch)SAMENLOOP__V1__JOURNAL_BATCH__INIT;
    batch->position = record;
    for (size_t i = 0; i < EVENTS; i += 2) {
        Samenloop__V1__JournalEvent *event = sl_arena_alloc(&first, sizeof *event);
        *event = none;
        event->number = record + i;
        events[i].event = event;
    }
    if (bytes > 0)
        memset(sl_arena_alloc(&first, bytes), 0xff, bytes);
    recent_keep(
        recent,
        &(struct recent_batch){.record = record, .batch = batch, .events = events, .count = EVENTS},
        &first, &second);
    assert_int_equal(first.limit, 64 * 1024 * 1024);
    assert_int_equal(second.limit, 0);
}

static bool has(uint64_t record)
{
    const struct recent_batch *batch = recent_batch(recent, record);
    const struct recent_event *event = recent_event(recent, record + 3);
    assert_true((batch == NULL) == (event == NULL));
    if (batch == NULL)
        return false;
    assert_int_equal(batch->batch->position, record);
    assert_int_equal(event->event->number, record + 2);
    assert_int_equal(recent_event(recent, record + 1)->event->number, record);
    assert_null(recent_event(recent, record)); /* the batch itself */
    assert_null(recent_event(recent, record + 2));
    assert_null(recent_batch(recent, record + 1));
    return true;
}

static void test_many_batches(void **state)
{
    (void)state;
    assert_false(has(1));
    for (uint64_t i = 0; i < 3 * RECENT_BATCHES; i++) {
        keep(1 + 10 * i, 0);
        assert_int_equal(first.used, 0);
        for (uint64_t k = 0; k <= i; k++)
            assert_int_equal(has(1 + 10 * k), i - k < RECENT_BATCHES);
        assert_null(recent_event(recent, 10 * i + 5)); /* some other record behind it */
    }
    recent_clear(recent);
    assert_false(has(1 + 10 * (3 * RECENT_BATCHES - 1)));
    keep(10000, 0);
    assert_true(has(10000));
}

static void test_many_bytes(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 20; i++) {
        keep(1 + 10 * i, RECENT_BYTES / 4 - 4096);
        for (uint64_t k = 0; k <= i; k++)
            assert_int_equal(has(1 + 10 * k), i - k < 4);
    }
    keep(1000, RECENT_BYTES / 2 - 4096);
    assert_true(has(191) && has(181));
    assert_false(has(171));
    keep(2000, RECENT_BYTES / 2); /* too much: what it lies in stays the caller's */
    assert_false(has(2000));
    assert_true(has(1000));
    assert_true(first.used > RECENT_BYTES / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_many_batches, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_bytes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
