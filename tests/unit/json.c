/* JSON read and written in canonical form: as jansson does, whose word on it nobody doubts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <jansson.h>

#include "schemas/json.h"
#include "schemas/limits.h"

enum { MOST = 4096 };

static struct sl_arena arena;

static const struct sl_json *read(struct sl_bytes text, struct sl_error *error)
{
    *error = (struct sl_error){0};
    sl_arena_clear(&arena);
    return sl_json_read(&arena, text, MOST, error);
}

static bool has_real(json_t *value)
{
    const char *name;
    size_t i;
    json_t *one;
    json_array_foreach(value, i, one)
    {
        if (has_real(one))
            return true;
    }
    json_object_foreach(value, name, one)
    {
        if (has_real(one))
            return true;
    }
    return json_is_real(value);
}

/* The canonical form is JSON, and byte for byte jansson's where there is no real. */
static void check_written(const struct sl_json *mine, json_t *theirs)
{
    struct sl_buffer out = {0};
    char *wanted = json_dumps(theirs, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
    assert_int_equal(sl_json_write(&out, mine, MOST), 0);
    json_t *again = json_loadb((const char *)out.data, out.size, JSON_DECODE_ANY, NULL);
    if (!has_real(theirs)) {
        assert_int_equal(out.size, strlen(wanted));
        assert_memory_equal(out.data, wanted, out.size);
        assert_true(json_equal(again, theirs));
    }
    size_t size = out.size;
    assert_non_null(again);
    sl_buffer_clear(&out);
    assert_int_equal(sl_json_write(&out, mine, size - 1), -1);
    sl_buffer_free(&out);
    json_decref(again);
    free(wanted);
}

/* Taken by both, with the same in it, or by neither. Was it? */
static bool same(struct sl_bytes text)
{
    static const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY;
    struct sl_error error;
    const struct sl_json *mine = read(text, &error);
    json_t *theirs = json_loadb((const char *)text.data, text.size, flags, NULL);
    if ((mine != NULL) != (theirs != NULL))
        fail_msg("%.*s: %s", (int)text.size, (const char *)text.data, error.text);
    if (mine != NULL)
        check_written(mine, theirs);
    else
        assert_int_equal(error.code, SL_MALFORMED);
    json_decref(theirs);
    return mine != NULL;
}

static const char *const texts[] = {
    "{}",
    "[]",
    "\"\"",
    " [ 1 ,\t-1 , 0,\r\n-0,9223372036854775807,-9223372036854775808,1.5,1e300, 0.1 ] ",
    "[true,false,null,{\"b\":{\"z\":[],\"a\":{}},\"a\":[[],[{}]]}]",
    "{\"b\":1,\"a\":2,\"aa\":3,\"B\":4,\"\":5,\"a b\":6,\"\\u00e9\":7,\"a\\\"\":8}",
    "\"\\u20ac \\ud83c\\udfe0 \\/ \\\\ \\\" e\\u0301 \\u2028 \\u007f \\uFFFF\"",
    "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8f\xa0\"",
    "{\"tab\\t\":\"\\b\\f\\n\\r\\t\\u0001\\u001f\", \"x\" : { \"y\" : [ \"\" ] } }",
};

static void test_as_jansson(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_true(same(sl_text(texts[i])));
}

/* Each text cut off at each byte, and with each byte replaced, put in, and left out. */
static void test_damaged_as_jansson(void **state)
{
    static const char others[] = "\"\\{}[]:,0-1.eE+utn /\n\x01\x7f\x80\xc3\xed\xf4";
    char damaged[256];
    size_t taken = 0;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        size_t size = strlen(texts[i]);
        for (size_t at = 0; at < size; at++) {
            taken += same(sl_bytes(texts[i], at));
            memcpy(damaged, texts[i], at);
            memcpy(damaged + at, texts[i] + at + 1, size - at - 1);
            taken += same(sl_bytes(damaged, size - 1));
            for (size_t k = 0; k < sizeof others - 1; k++) {
                memcpy(damaged, texts[i], size);
                damaged[at] = others[k];
                taken += same(sl_bytes(damaged, size));
                memcpy(damaged + at + 1, texts[i] + at, size - at);
                taken += same(sl_bytes(damaged, size + 1));
            }
        }
    }
    assert_true(taken > 1000);
}

static void test_many_members(void **state)
{
    struct sl_buffer text = {0};
    (void)state;
    sl_buffer_add(&text, "{", 1);
    for (unsigned i = 0; i < 300; i++)
        sl_buffer_printf(&text, "%s\"%u\":%u", i > 0 ? "," : "", i * 7919 % 300, i);
    sl_buffer_add(&text, "}", 1);
    assert_true(same(sl_buffer_bytes(&text)));
    text.size--;
    sl_buffer_printf(&text, ",\"299\":1}");
    assert_false(same(sl_buffer_bytes(&text)));
    sl_buffer_free(&text);
}

static void test_sentences(void **state)
{
    static const struct {
        const char *text;
        const char *sentence;
    } all[] = {
        {"", "line 1, column 1: the text breaks off"},
        {"{\"a\":1,\n \"a\":2}", "line 2, column 8: a key twice in one object"},
        {"[\"\xc3\xa9\",\n\"\xc3\"]", "line 2, column 2: no UTF-8"},
        {"[\"at the end of words of eight: \xc3\"]", "line 1, column 3: no UTF-8"},
        {"[\"\\u0000\"]", "line 1, column 9: a NUL character"},
        {"[9223372036854775808]", "line 1, column 21: a number beyond all bounds"},
        {"[1e999]", "line 1, column 7: a number beyond all bounds"},
        {"[1", "line 1, column 3: the text breaks off"},
        {"[1] x", "line 1, column 5: more text after the end"},
        {"[Jansen]", "line 1, column 2: no JSON"},
        {"\xef\xbb\xbf{}", "line 1, column 1: no JSON"},
    };
    struct sl_error error;
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        assert_null(read(sl_text(all[i].text), &error));
        assert_int_equal(error.code, SL_MALFORMED);
        assert_string_equal(error.text, all[i].sentence);
    }
}

static void test_bounds(void **state)
{
    char text[MOST + 1];
    struct sl_error error;
    struct sl_arena small;
    (void)state;
    for (size_t depth = SL_MAX_DEPTH; depth <= SL_MAX_DEPTH + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_int_equal(read(sl_bytes(text, 2 * depth), &error) != NULL, depth == SL_MAX_DEPTH);
    }
    assert_string_equal(error.text, "line 1, column 33: nested deeper than 32 levels");
    memset(text, ' ', sizeof text);
    text[0] = '1';
    assert_non_null(read(sl_bytes(text, MOST), &error));
    assert_null(read(sl_bytes(text, MOST + 1), &error));
    assert_int_equal(error.code, SL_TOO_LARGE);
    sl_arena_init(&small, 128);
    assert_null(sl_json_read(&small, sl_text("[1,2,3,4]"), MOST, &error));
    assert_int_equal(error.code, SL_OVERLOAD);
    sl_arena_free(&small);
}

static void test_looking(void **state)
{
    struct sl_error error;
    const struct sl_json *value = read(sl_text("{\"b\":\"x\\ny\",\"a\":[7,0.5]}"), &error);
    (void)state;
    assert_non_null(value);
    assert_int_equal(value->count, 2);
    assert_string_equal((const char *)value->first->name.data, "b");
    assert_true(sl_bytes_is(sl_json_text(sl_json_get(value, "b")), "x\ny"));
    const struct sl_json *list = sl_json_get(value, "a");
    assert_true(sl_json_is(list, SL_JSON_ARRAY));
    assert_int_equal(sl_json_first(list)->integer, 7);
    assert_true(sl_json_first(list)->next->real == 0.5);
    assert_null(sl_json_get(value, "c"));
    assert_null(sl_json_get(list, "a"));
    assert_null(sl_json_get(NULL, "a"));
    assert_null(sl_json_first(sl_json_get(value, "b")));
    assert_null(sl_json_text(list).data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_jansson),   cmocka_unit_test(test_damaged_as_jansson),
        cmocka_unit_test(test_many_members), cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_bounds),       cmocka_unit_test(test_looking),
    };
    int result = cmocka_run_group_tests(tests, NULL, NULL);
    sl_arena_free(&arena);
    return result;
}
