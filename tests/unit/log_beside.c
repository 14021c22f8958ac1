/* A sync beside ends, says how, and nothing that is under way is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "schemas/log/beside.h"

static int a_file(void)
{
    char name[] = "/tmp/samenloop-XXXXXX";
    int file = mkstemp(name);
    assert_true(file >= 0);
    assert_int_equal(unlink(name), 0);
    assert_int_equal(write(file, "zeros", 5), 5);
    return file;
}

static int ask_until_it_ends(struct sl_beside *beside, int file)
{
    int result;
    while ((result = sl_beside_sync(beside, file, false)) == 1)
        (void)sched_yield();
    return result;
}

static void a_sync_ends(void **state)
{
    (void)state;
    struct sl_beside *beside = sl_beside_new();
    int file = a_file();
    for (int i = 0; i < 20; i++) {
        assert_int_equal(sl_beside_sync(beside, file, false), 1);
        assert_int_equal(
            i % 2 == 0 ? ask_until_it_ends(beside, file) : sl_beside_sync(beside, file, true), 0);
    }
    assert_int_equal(sl_beside_sync(beside, file, true), 0); /* none was begun */
    sl_beside_free(beside);
    (void)close(file);
}

static void a_failure_is_told_once(void **state)
{
    (void)state;
    struct sl_beside *beside = sl_beside_new();
    int ends[2]; /* a pipe cannot be synced */
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(sl_beside_sync(beside, ends[1], false), 1);
    assert_int_equal(ask_until_it_ends(beside, ends[1]), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(sl_beside_sync(beside, ends[1], true), -1);
    assert_int_equal(errno, EINVAL);
    int file = a_file();
    assert_int_equal(sl_beside_sync(beside, file, false), 1);
    assert_int_equal(sl_beside_sync(beside, file, true), 0);
    sl_beside_free(beside);
    (void)close(file);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void what_is_under_way_is_waited_for(void **state)
{
    (void)state;
    struct sl_beside *beside = sl_beside_new();
    int file = a_file();
    assert_int_equal(sl_beside_sync(beside, file, false), 1);
    sl_beside_free(beside);
    assert_int_equal(close(file), 0);
    sl_beside_free(sl_beside_new());
    sl_beside_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sync_ends),
        cmocka_unit_test(a_failure_is_told_once),
        cmocka_unit_test(what_is_under_way_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
