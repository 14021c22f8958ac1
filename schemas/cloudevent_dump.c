/*
 * JSON as text, in jansson's own compact form: some five times as fast as its dump, which looks at
 * every character for itself, and every event is written in the publisher's house and in the
 * receiver's. What is written in a fixed order needs no tree of jansson's either.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/cloudevent_parts.h"

enum { FEW = 32, NUMBER = 64 };

struct pair {
    const char *key;
    size_t size;
    json_t *value;
};

static int compare(const void *left, const void *right)
{
    const struct pair *a = left;
    const struct pair *b = right;
    int difference = memcmp(a->key, b->key, a->size < b->size ? a->size : b->size);
    return difference != 0 ? difference : (a->size > b->size) - (a->size < b->size);
}

static void write_escape(struct sl_buffer *out, unsigned char c)
{
    static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* what it is, how it is written */
    char text[8];
    for (size_t i = 0; i + 1 < sizeof letters - 1; i += 2) {
        if (letters[i] == (char)c) {
            sl_buffer_add(out, (const char[]){'\\', letters[i + 1]}, 2);
            return;
        }
    }
    (void)snprintf(text, sizeof text, "\\u%04X", (unsigned)c);
    sl_buffer_add(out, text, 6);
}

/* Text that is UTF-8: only these characters need a word of their own. */
static void write_characters(struct sl_buffer *out, const char *text, size_t size)
{
    size_t begin = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        sl_buffer_add(out, text + begin, i - begin);
        write_escape(out, c);
        begin = i + 1;
    }
    if (begin < size)
        sl_buffer_add(out, text + begin, size - begin);
}

static void write_string(struct sl_buffer *out, const char *text, size_t size)
{
    sl_buffer_add(out, "\"", 1);
    write_characters(out, text, size);
    sl_buffer_add(out, "\"", 1);
}

/* ---------------------------------------------------------------- piece by piece */

void sl_write_next(struct sl_writer *writer)
{
    uint8_t last = writer->out->data[writer->out->size - 1];
    sl_buffer_add(writer->out, ",", last != '{' && last != '[');
}

void sl_write_key(struct sl_writer *writer, struct sl_bytes key)
{
    sl_write_next(writer);
    sl_write_text(writer, key);
    sl_buffer_add(writer->out, ":", 1);
}

void sl_write_mark(struct sl_writer *writer, char mark)
{
    sl_buffer_add(writer->out, &mark, 1);
}

void sl_write_piece(struct sl_writer *writer, struct sl_bytes text)
{
    writer->bad = writer->bad || !sl_bytes_utf8(text);
    write_characters(writer->out, (const char *)text.data, text.size);
}

void sl_write_text(struct sl_writer *writer, struct sl_bytes text)
{
    sl_write_mark(writer, '"');
    sl_write_piece(writer, text);
    sl_write_mark(writer, '"');
}

void sl_write_integer(struct sl_writer *writer, int64_t number)
{
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%" PRId64, number);
    sl_buffer_add(writer->out, digits, (size_t)size);
}

/* ---------------------------------------------------------------- jansson's trees */

static void write_number(struct sl_buffer *out, const json_t *number)
{
    char text[NUMBER];
    if (json_is_integer(number))
        sl_buffer_add_bytes(out, sl_json_digits(text, number));
    else
        sl_buffer_add(out, text, json_dumpb(number, text, sizeof text, JSON_ENCODE_ANY));
}

static int write_object(struct sl_buffer *out, json_t *object, bool sorted, size_t most)
{
    struct pair few[FEW];
    size_t size = json_object_size(object);
    struct pair *pairs = size > FEW ? sl_new(size, sizeof *pairs) : few;
    size_t count = 0;
    int result = 0;
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at))
        pairs[count++] = (struct pair){json_object_iter_key(at), json_object_iter_key_len(at),
                                       json_object_iter_value(at)};
    if (sorted)
        qsort(pairs, count, sizeof *pairs, compare);
    sl_buffer_add(out, "{", 1);
    for (size_t i = 0; i < count && result == 0; i++) {
        sl_buffer_add(out, ",", i > 0);
        write_string(out, pairs[i].key, pairs[i].size);
        sl_buffer_add(out, ":", 1);
        result = sl_json_write(out, pairs[i].value, sorted, most);
    }
    sl_buffer_add(out, "}", 1);
    if (pairs != few)
        free(pairs);
    return result;
}

static int write_array(struct sl_buffer *out, const json_t *array, bool sorted, size_t most)
{
    int result = 0;
    sl_buffer_add(out, "[", 1);
    for (size_t i = 0; i < json_array_size(array) && result == 0; i++) {
        sl_buffer_add(out, ",", i > 0);
        result = sl_json_write(out, json_array_get(array, i), sorted, most);
    }
    sl_buffer_add(out, "]", 1);
    return result;
}

int sl_json_write(struct sl_buffer *out, const json_t *value, bool sorted, size_t most)
{
    int result = 0;
    switch (json_typeof(value)) {
    case JSON_OBJECT: /* jansson's iterators know no const */
        result = write_object(out, (json_t *)(uintptr_t)value, sorted, most);
        break;
    case JSON_ARRAY:
        result = write_array(out, value, sorted, most);
        break;
    case JSON_STRING:
        write_string(out, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
    case JSON_REAL:
        write_number(out, value);
        break;
    case JSON_TRUE:
        sl_buffer_add(out, "true", 4);
        break;
    case JSON_FALSE:
        sl_buffer_add(out, "false", 5);
        break;
    case JSON_NULL:
        sl_buffer_add(out, "null", 4);
        break;
    }
    return result == 0 && out->size <= most ? 0 : -1;
}
