/* The core's tables hold what was put into them, through growing and taking out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "router/core/table.h"

enum { KEYS = 3000, STEPS = 400000, MOST = 4 };

/* What a key has: values, in any order. */
struct expected {
    uint64_t values[MOST];
    size_t count;
};

static uint64_t next_random(uint64_t *seed)
{
    *seed += UINT64_C(0x9e3779b97f4a7c15);
    return table_fingerprint(1, seed, sizeof *seed);
}

/* Small numbers, and the largest there are, of which many begin alike. */
static uint64_t key_of(size_t n)
{
    return n % 2 == 0 ? n : (UINT64_C(1) << TABLE_KEY_BITS) - n;
}

static void holds(const struct table *table, size_t n, const struct expected *expected)
{
    uint64_t value;
    size_t place = 0;
    size_t found = 0;
    while ((value = table_next(table, key_of(n), &place)) != 0) {
        size_t i = 0;
        while (i < expected->count && expected->values[i] != value)
            i++;
        assert_true(i < expected->count);
        found++;
    }
    assert_int_equal(found, expected->count);
}

static void a_table_holds_what_was_put_in(void **state)
{
    (void)state;
    struct table table = {0};
    struct expected *all = calloc(KEYS, sizeof *all);
    uint64_t seed = 7;
    size_t count = 0;
    assert_non_null(all);
    for (uint64_t step = 1; step <= STEPS; step++) {
        size_t n = (size_t)(next_random(&seed) % KEYS);
        struct expected *one = &all[n];
        if (one->count < MOST && next_random(&seed) % 2 == 0) {
            uint64_t value = step << 20 | 1;
            one->values[one->count++] = value;
            table_add(&table, key_of(n), value);
            count++;
        } else if (one->count > 0) {
            assert_true(table_remove(&table, key_of(n), one->values[--one->count]));
            assert_false(table_remove(&table, key_of(n), one->values[one->count]));
            count--;
        }
        assert_int_equal(table.count, count);
        holds(&table, n, one);
    }
    for (size_t n = 0; n < KEYS; n++)
        holds(&table, n, &all[n]);
    free(all);
    table_free(&table);
}

static void many_cost_little(void **state)
{
    (void)state;
    struct table table = {0};
    const uint64_t many = 1000000;
    for (uint64_t n = 1; n <= many; n++)
        table_set(&table, n, n);
    for (uint64_t n = 1; n <= many; n++)
        assert_int_equal(table_get(&table, n), n);
    assert_int_equal(table_get(&table, many + 1), 0);
    assert_in_range(table_bytes(&table), many * 12, many * 17);
    table_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_holds_what_was_put_in),
        cmocka_unit_test(many_cost_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
