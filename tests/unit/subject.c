/* Houses: BAG identifications and their pseudonyms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "schemas/subject.h"

static void only_addresses_are_subjects(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        bool building;
        const char *says; /* NULL: good */
    } cases[] = {
        {"0014200000000001", false, NULL},
        {"0014100000000001", true, NULL},
        {"0014010000000001", false, "verblijfsobject"},
        {"0014100000000001", false, "subject_kind building"},
        {"0014200000000001", true, "pand is wanted"},
        {"14200000000001", false, "zeros lost"},
        {"001420000000000a", false, "16 digits"},
        {"0014990000000001", false, "no object type"},
        {"0014200000000000", false, "zero"},
        {"", false, "16 digits"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sl_error error = {0};
        int result = sl_bag_check(sl_text(cases[i].id), cases[i].building, &error);
        assert_int_equal(result, cases[i].says == NULL ? 0 : -1);
        if (cases[i].says != NULL)
            assert_non_null(strstr(error.text, cases[i].says));
    }
}

static void pseudonyms_are_hmacs(void **state)
{
    (void)state;
    uint8_t key[SL_KEY_SIZE] = {0};
    uint8_t out[SL_PSEUDONYM_SIZE];
    uint8_t again[SL_HASH_SIZE];
    struct sl_bytes id = sl_text("0014209999000001");
    struct sl_mac *mac = sl_mac_new(key);
    sl_pseudonym(mac, out, id);
    sl_pseudonym(mac, out, id);
    sl_hmac(again, sl_bytes(key, sizeof key), &id, 1);
    assert_memory_equal(out, again, sizeof out);
    sl_mac_free(mac);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_addresses_are_subjects),
        cmocka_unit_test(pseudonyms_are_hmacs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
