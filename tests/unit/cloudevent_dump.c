/* JSON written: the same bytes as jansson's own, whatever there is to be written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "schemas/cloudevent_parts.h"

static void same(json_t *value, bool sorted)
{
    struct sl_buffer out = {0};
    size_t flags = JSON_COMPACT | JSON_ENCODE_ANY | (sorted ? JSON_SORT_KEYS : 0);
    char *wanted = json_dumps(value, flags);
    assert_non_null(wanted);
    assert_int_equal(sl_json_write(&out, value, sorted, strlen(wanted)), 0);
    assert_int_equal(out.size, strlen(wanted));
    assert_memory_equal(out.data, wanted, out.size);
    sl_buffer_clear(&out);
    assert_int_equal(sl_json_write(&out, value, sorted, strlen(wanted) - 1), -1);
    sl_buffer_free(&out);
    free(wanted);
}

static void texts(void **state)
{
    static const char *const all[] = {
        "{}",
        "[]",
        "\"\"",
        "[1,-1,0,9223372036854775807,-9223372036854775808,1.5,-0.0,1e300,3.0,0.1]",
        "[true,false,null,{\"b\":{\"z\":[],\"a\":{}},\"a\":[[],[{}]]}]",
        "{\"b\":1,\"a\":2,\"aa\":3,\"B\":4,\"\":5,\"a b\":6,\"\\u00e9\":7,\"a\\\"\":8}",
        "\"\\u20ac \\ud83c\\udfe0 / \\\\ \\\" e\\u0301 \\u2028 \\u007f\"",
        "{\"tab\\t\":\"\\b\\f\\n\\r\\t\\u0001\\u001f\"}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        json_t *value = json_loads(all[i], JSON_DECODE_ANY, NULL);
        assert_non_null(value);
        same(value, false);
        same(value, true);
        json_decref(value);
    }
}

static void every_character(void **state)
{
    (void)state;
    for (char c = 1; c > 0; c++) {
        char text[] = {'x', c, 'y', c};
        json_t *value = json_stringn(text, sizeof text);
        same(value, false);
        json_decref(value);
        if (c == 127)
            break;
    }
}

static void many_keys(void **state)
{
    json_t *object = json_object();
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "%u", i * 7919 % 1000);
        assert_int_equal(json_object_set_new(object, key, json_integer(i)), 0);
    }
    same(object, false);
    same(object, true);
    json_decref(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(texts), cmocka_unit_test(every_character),
                                       cmocka_unit_test(many_keys)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
