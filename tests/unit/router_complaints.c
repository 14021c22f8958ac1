/* Complaints: never more than a few a second, and none is forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "router/complaints.h"

static void tells_a_few_a_second(void **state)
{
    (void)state;
    struct complaints complaints = {0};
    int told = 0;
    for (int i = 0; i < 1000; i++)
        told += complaints_allow(&complaints, 5000 + i / 2) ? 1 : 0;
    assert_int_equal(told, COMPLAINTS_A_SECOND);
    assert_int_equal(complaints_untold(&complaints, 5999), 0); /* not before there is room */
    assert_int_equal(complaints_untold(&complaints, 6000), 1000 - COMPLAINTS_A_SECOND);
    assert_int_equal(complaints_untold(&complaints, 6000), 0); /* told once */
    assert_true(complaints_allow(&complaints, 6000));
}

static void is_quiet_when_little_happens(void **state)
{
    (void)state;
    struct complaints complaints = {0};
    for (int second = 0; second < 100; second++)
        assert_true(complaints_allow(&complaints, second * 1000));
    assert_int_equal(complaints_untold(&complaints, 200000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_a_few_a_second),
        cmocka_unit_test(is_quiet_when_little_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
