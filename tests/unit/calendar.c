/* Working days, holidays and midnights of Groningen. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "router/core/calendar.h"
#include "schemas/timestamp.h"

static int64_t moment(const char *text)
{
    int64_t at = 0;
    assert_int_equal(sl_timestamp_parse(&at, sl_text(text)), 0);
    return at;
}

static int64_t date(const char *text)
{
    int64_t day = 0;
    assert_int_equal(sl_date_parse(&day, sl_text(text)), 0);
    return day;
}

static void check_after(struct calendar *calendar, const char *from, int count, const char *wanted)
{
    char got[SL_TIMESTAMP_SIZE];
    for (int again = 0; again < 2; again++) { /* computed, and remembered */
        sl_timestamp_format(got, calendar_after(calendar, moment(from), count));
        assert_string_equal(got, wanted);
    }
}

static void working_days_end_at_local_midnight(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        int count;
        const char *end;
    } vectors[] = {
        {"2021-02-01T09:00:00Z", 5, "2021-02-08T23:00:00Z"},
        {"2021-02-01T09:00:00Z", 10, "2021-02-15T23:00:00Z"},
        {"2021-03-29T13:00:00Z", 5, "2021-04-07T22:00:00Z"}, /* Easter, summer time */
        {"2021-03-29T13:00:00Z", 10, "2021-04-14T22:00:00Z"},
        {"2021-03-29T13:00:00Z", 20, "2021-04-29T22:00:00Z"}, /* King's Day */
        {"2021-04-23T12:00:00Z", 5, "2021-05-03T22:00:00Z"},
        {"2021-12-24T15:00:00Z", 1, "2021-12-27T23:00:00Z"},
        {"2021-05-11T09:00:00Z", 3, "2021-05-17T22:00:00Z"},
        {"2021-03-31T22:30:00Z", 1, "2021-04-06T22:00:00Z"}, /* already 1 April in Groningen */
    };
    struct calendar calendar = {0};
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
        check_after(&calendar, vectors[i].from, vectors[i].count, vectors[i].end);
}

static void days_free_by_decree_do_not_count(void **state)
{
    (void)state;
    int64_t decree = date("2021-05-14");
    struct calendar calendar = {.free_days = &decree, .free_day_count = 1};
    check_after(&calendar, "2021-05-11T09:00:00Z", 3, "2021-05-18T22:00:00Z");
}

static void holidays_are_those_of_the_law(void **state)
{
    (void)state;
    static const char *const holidays[] = {
        "2021-04-02", "2022-04-15", "2023-04-07", "2024-03-29", "2025-04-18", /* Good Friday */
        "2026-04-03", "2027-03-26", "2021-04-05", "2021-05-13", "2021-05-24",
        "2021-01-01", "2021-05-05", "2023-12-25", "2023-12-26", "2021-04-27"};
    static const char *const working[] = {"2025-04-28", "2021-05-14", "2021-04-26", "2021-12-24",
                                          "2021-12-31"};
    struct calendar calendar = {0};
    for (size_t i = 0; i < sizeof holidays / sizeof holidays[0]; i++)
        assert_false(calendar_working_day(&calendar, date(holidays[i])));
    for (size_t i = 0; i < sizeof working / sizeof working[0]; i++)
        assert_true(calendar_working_day(&calendar, date(working[i])));
    assert_false(calendar_working_day(&calendar, date("2025-04-26"))); /* the 27th is a Sunday */
}

static void a_day_begins_where_the_one_before_ends(void **state)
{
    (void)state;
    int64_t last = date("2025-01-01");
    for (int64_t day = date("2020-01-01"); day < last; day++) {
        int64_t begin = calendar_begin_of(day);
        assert_int_equal(calendar_local_day(begin), day);
        assert_int_equal(calendar_local_day(begin - 1), day - 1);
        assert_int_equal(calendar_end_of(day - 1), begin);
    }
}

static void the_next_level_comes_a_working_day_later(void **state)
{
    (void)state;
    static const struct {
        const char *at;
        const char *next;
    } vectors[] = {
        {"2021-02-08T23:00:00Z", "2021-02-09T23:00:00Z"}, /* 24:00 of Monday: end of Tuesday */
        {"2021-02-05T23:00:00Z", "2021-02-08T23:00:00Z"}, /* 24:00 of Friday: end of Monday */
        {"2021-02-08T10:15:00Z", "2021-02-09T23:00:00Z"},
    };
    struct calendar calendar = {0};
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        char got[SL_TIMESTAMP_SIZE];
        sl_timestamp_format(got, calendar_next_level(&calendar, moment(vectors[i].at)));
        assert_string_equal(got, vectors[i].next);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(working_days_end_at_local_midnight),
        cmocka_unit_test(days_free_by_decree_do_not_count),
        cmocka_unit_test(holidays_are_those_of_the_law),
        cmocka_unit_test(a_day_begins_where_the_one_before_ends),
        cmocka_unit_test(the_next_level_comes_a_working_day_later),
    };
    return cmocka_run_group_tests_name("calendar", tests, NULL, NULL);
}
