/* Plain characters, and text that is printable, are found as one looks at them one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "schemas/bytes.h"
#include "schemas/plain.h"

static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Each byte that there is, at each place of texts of each size, before bytes of all kinds. */
static void the_first_byte_that_is_not_plain_is_found(void **state)
{
    (void)state;
    uint8_t text[40];
    uint64_t seed = 3;
    for (size_t size = 0; size <= sizeof text; size++) {
        for (size_t at = 0; at < size; at++) {
            for (unsigned c = 0; c < 256; c++) {
                for (size_t i = 0; i < size; i++) {
                    seed = seed * UINT64_C(6364136223846793005) + 1;
                    text[i] = i < at ? (uint8_t)('#' + i % 50) : (uint8_t)(seed >> 40);
                }
                text[at] = (uint8_t)c;
                size_t want = at;
                while (want < size && is_plain(text[want]))
                    want++;
                assert_int_equal(sl_plain(text, text + size), want);
            }
        }
    }
}

static void printable_text_is_what_the_contract_says(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        {"", true},
        {"a \"quoted\" back\\slash of more than eight", true},
        {"0123456\x7f", false},
        {"01234567\x1f", false},
        {"012345678 \n", false},
        {"gr\xc3\xb6ninger verst\xc3\xa4rkung", true},
        {"0123456\xc3\xb6", true},
        {"\xc2\x85 next line", false},
        {"\xef\xbf\xbe no character", false},
        {"\xef\xb7\x90", false},
        {"half a character \xc3", false},
        {"\xed\xa0\x80 a surrogate", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(sl_bytes_printable(sl_text(cases[i].text)), cases[i].good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_byte_that_is_not_plain_is_found),
        cmocka_unit_test(printable_text_is_what_the_contract_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
