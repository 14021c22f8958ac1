/* Moments and dates: what is read is written the same way. */
#include "tests/fuzz/fuzz.h"

#include "schemas/timestamp.h"

static void fuzz_begin(void)
{
}

static void fuzz_seeds(void)
{
    static const char *const seeds[] = {
        "2021-02-01T09:00:00Z",
        "2021-02-28T23:59:60Z",
        "1970-01-01T00:00:00.001+00:00",
        "9999-12-31T23:59:59-23:59",
        "2024-02-29T00:00:00.123456Z",
        "2021-02-01",
        "2000-02-29",
        "2021-02-01t09:00:00.5z",
        "1970-01-01T00:00:00+00:01",
    };
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
        fuzz_seed(sl_text(seeds[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[SL_TIMESTAMP_SIZE];
    int64_t at, again, days, year;
    int month, day;
    if (sl_timestamp_parse(&at, sl_bytes(data, size)) == 0) {
        sl_timestamp_format(text, at);
        must(strlen(text) < SL_TIMESTAMP_SIZE);
        must(sl_timestamp_parse(&again, sl_text(text)) == 0 && again == at);
    }
    if (sl_date_parse(&days, sl_bytes(data, size)) == 0) {
        sl_date_from_days(days, &year, &month, &day);
        (void)snprintf(text, sizeof text, "%04d-%02d-%02d", (int)year, month, day);
        must(sl_bytes_is(sl_bytes(data, size), text));
        must(sl_days_from_date(year, month, day) == days);
    }
    return 0;
}
