/* Screening: a citizen service number is found whatever stands before it. */
#include "tests/fuzz/fuzz.h"

#include "schemas/bsn.h"

static void fuzz_begin(void)
{
}

static void fuzz_seeds(void)
{
    static const char *const seeds[] = {
        "111222333",
        "1112.22.333",
        "1112 22333",
        "050-1234567",
        "06 12345678",
        "2021-02-01 12-10",
        "+31 50 123 45 67 111222333",
        "12345678",
        "0014200000000001",
        "\xc2\xa0\x31\x31\x31\xc2\xa0\x32\x32\x32\xc2\xa0\x33\x33\x33",
    };
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
        fuzz_seed(sl_text(seeds[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char number[] = " de bewoner heeft 111222333 als nummer";
    struct sl_buffer text = {0};
    size_t position = 0, again = 0;
    sl_buffer_add(&text, data, size);
    bool found = sl_bsn_find(sl_buffer_bytes(&text), &position);
    bool digits = false;
    for (size_t i = 0; i < size; i++)
        digits = digits || (data[i] >= '0' && data[i] <= '9');
    must(!found || (digits && position < size));
    must(sl_bsn_find(sl_buffer_bytes(&text), &again) == found && (!found || again == position));
    sl_buffer_add(&text, number, sizeof number - 1);
    must(sl_bsn_find(sl_buffer_bytes(&text), &again));
    sl_buffer_free(&text);
    return 0;
}
