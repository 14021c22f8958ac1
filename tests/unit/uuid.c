/* UUIDs read, written, and made from names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "schemas/uuid.h"

static void uuids_are_read_and_made(void **state)
{
    (void)state;
    uint8_t uuid[SL_UUID_SIZE];
    char text[SL_UUID_TEXT];
    assert_int_equal(sl_uuid_parse(uuid, sl_text("01000000-0000-4000-8000-00000000ABCD")), 0);
    sl_uuid_format(text, uuid);
    assert_string_equal(text, "01000000-0000-4000-8000-00000000abcd");
    assert_int_equal(sl_uuid_parse(uuid, sl_text("01000000000040008000000000000001")), -1);
    assert_int_equal(sl_uuid_parse(uuid, sl_text("01000000-0000-4000-8000-00000000000g")), -1);
    struct sl_bytes name[] = {sl_text("a"), sl_text("b")};
    sl_uuid_from_name(uuid, name, 2);
    sl_uuid_format(text, uuid); /* as uuid5 of "a", NUL, "b" in the name space of the contract */
    assert_string_equal(text, "b8d9eae7-532c-554a-9980-fad4b814b8ee");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uuids_are_read_and_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
