/* The time from a file, as it is while somebody writes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "schemas/clock.h"

static void write_clock(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void a_file_has_the_time(void **state)
{
    char path[] = "/tmp/samenloop-clock-XXXXXX";
    (void)state;
    assert_true(close(mkstemp(path)) == 0);
    assert_int_equal(sl_clock_now(path, 5), 5); /* empty: it is being written */
    write_clock(path, "2021-02-01T09:00:00Z");
    assert_int_equal(sl_clock_now(path, 5), 1612170000000);
    write_clock(path, "2021-02-01T09:00:00Z\n");
    assert_int_equal(sl_clock_now(path, 5), 1612170000000);
    write_clock(path, "2021-02-01T09");
    assert_int_equal(sl_clock_now(path, 6), 6);
    write_clock(path, "2021-02-01T09:00:00Z and more than a moment has");
    assert_int_equal(sl_clock_now(path, 7), 7);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(sl_clock_now(path, 8), 8);
}

static void without_one_it_is_the_system_s(void **state)
{
    (void)state;
    int64_t before = (int64_t)time(NULL) * 1000 - 1000; /* time() may lag by a tick */
    int64_t now = sl_clock_now("", 0);
    assert_in_range(now, before, before + 60 * 1000);
    int64_t elapsed = sl_clock_elapsed();
    assert_true(elapsed > 0 && sl_clock_elapsed() >= elapsed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_has_the_time),
        cmocka_unit_test(without_one_it_is_the_system_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
