/* Screening: what looks like a citizen service number in free text, and what only seems to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "schemas/bsn.h"

/* Answers as the agreement's model gives them. */
static const struct {
    const char *text;
    bool found;
} cases[] = {
    {"111222333", true},
    {"11122233", false},
    {"12345672", true},
    {"111222334", false},
    {"bsn 111222333", true},
    {"111222333.", true},
    {"(111222333)", true},
    {"x111222333y", true},
    {"é 111222333", true},
    {"111 222 333", true},
    {"111.222.333 staat er", true},
    {"111-222-333", true},
    {"111 222 333", true},
    {"1112 22 333", true},
    {"1 1 1 2 2 2 3 3 3", true},
    {"111  222  333", false},
    {"111. 222. 333", false},
    {"111/222/333", false},
    {"111,222,333", false},
    {"kamer 3 111222333", true},
    {"111222333 3", true},
    {"3-111222333", true},
    {"12 111222333 12", true},
    {"0111222333", false},
    {"1112223330", false},
    {"1112223334444", false},
    {"111222333111222333", false},
    {"0014209999000001", false},
    {"Resident 1234.56.782 asks", true},
    {"bel +31 612345671", false},
    {"+31612345671", false},
    {"+31 (0)612345671", false},
    {"+31 (0) 612345671", false},
    {"+31 0612345671", false},
    {"0031 612345671", false},
    {"0031612345671", false},
    {"0031 (0)612345671", false},
    {"0612345671", false},
    {"06 12345671", false},
    {"06-12345671", false},
    {"06 12 34 56 71", false},
    {"06.12.34.56.71", false},
    {"050 1234567", false},
    {"+31 612345671 111222333", true},
    {"+31612345671112", false},
    {"0612345671 111222333", true},
    {"0612345671-111222333", true},
    {"bel +31 112223330", false},
    {"bel 0031 50 1112223", false},
    {"+32 111222333", true},
    {"+3 111222333", true},
    {"0031 111222333", false},
    {"2021-04-20", false},
    {"20-04-2021", false},
    {"20.04.2021", false},
    {"2021.04.20", false},
    {"20/04/2021", false},
    {"31-02-2021", false},
    {"2021-02-30", false},
    {"2021-04-20 111222333", true},
    {"2021-04-20111222333", false},
    {"12345678", false},
    {"10000008", true},
    {"1000-00-08", true},
    {"99990019", false},
    {"000000000", false},
    {"00000000", false},
    {"0000000000", false},
    {"dossier 2021-0001", false},
    {"12-11-2021 10:30", false},
    {"postcode 9711AB 12", false},
    {"€ 12.345,67", false},
    {"IBAN NL91ABNA0417164300", false},
    {"20 april 2021 om 9.30", false},
    {"", false},
};

static void each_text_is_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t at = 0;
        if (sl_bsn_find(sl_text(cases[i].text), &at) != cases[i].found)
            fail_msg("%s", cases[i].text);
    }
}

static void where_it_begins_is_told_in_characters(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t at;
    } places[] = {{"111222333", 0},
                  {"é 111222333", 2},
                  {"kamer 3 111222333", 8},
                  {"+31 612345671 111222333", 14}};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        size_t at = 99;
        assert_true(sl_bsn_find(sl_text(places[i].text), &at));
        assert_int_equal(at, places[i].at);
    }
}

static void broken_text_is_no_trouble(void **state)
{
    (void)state;
    uint8_t bytes[64];
    size_t at = 0;
    for (unsigned seed = 0; seed < 5000; seed++) {
        uint32_t value = seed * 2654435761u + 1;
        for (size_t i = 0; i < sizeof bytes; i++) {
            value = value * 1664525u + 1013904223u;
            bytes[i] = (uint8_t)((value >> 24) % 3 == 0 ? value >> 16 : '0' + (value >> 20) % 10);
        }
        (void)sl_bsn_find(sl_bytes(bytes, seed % sizeof bytes), &at);
    }
    assert_false(sl_bsn_find(sl_bytes(NULL, 0), &at));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_text_is_judged),
        cmocka_unit_test(where_it_begins_is_told_in_characters),
        cmocka_unit_test(broken_text_is_no_trouble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
