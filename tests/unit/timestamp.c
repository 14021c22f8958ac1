/* Moments as RFC 3339 writes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "schemas/timestamp.h"

static void moments_are_read_and_written(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        const char *out; /* NULL: no moment */
    } cases[] = {
        {"2021-02-01T09:00:00Z", "2021-02-01T09:00:00Z"},
        {"2021-02-01T10:00:00+01:00", "2021-02-01T09:00:00Z"},
        {"2021-02-01t09:00:00.25z", "2021-02-01T09:00:00.250Z"},
        {"2024-02-29T23:59:60Z", "2024-03-01T00:00:00Z"},
        {"2021-02-29T00:00:00Z", NULL},
        {"2021-02-01T09:00Z", NULL},
        {"2021-02-01 09:00:00Z", NULL},
        {"2021-02-01T09:00:00", NULL},
        {"2021-02-01T09:00:00.Z", NULL},
        {"2021-02-01T24:00:00Z", NULL},
        {"1969-12-31T23:59:59Z", NULL},
        {"1970-01-01T00:00:00+00:01", NULL},
        {"9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"},
        {"9999-12-31T23:59:60Z", NULL},
        {"9999-12-31T23:59:59-00:01", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t at = 0;
        char text[SL_TIMESTAMP_SIZE];
        assert_int_equal(sl_timestamp_parse(&at, sl_text(cases[i].in)), cases[i].out ? 0 : -1);
        if (cases[i].out != NULL) {
            sl_timestamp_format(text, at);
            assert_string_equal(text, cases[i].out);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_are_read_and_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
