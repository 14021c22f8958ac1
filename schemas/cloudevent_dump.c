/* JSON as compact text: piece by piece where the order is fixed, or a tree in canonical form. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/cloudevent_parts.h"
#include "schemas/plain.h"

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
    const uint8_t *bytes = (const uint8_t *)text;
    size_t begin = 0;
    for (size_t i = 0; i < size; i++) {
        i += sl_plain(bytes + i, bytes + size);
        if (i == size)
            break;
        uint8_t c = bytes[i];
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

/* Text in its marks, and what stands behind it; in one piece where it is plain, as nearly always.
 */
static void write_quoted(struct sl_writer *writer, struct sl_bytes text, struct sl_bytes behind)
{
    if (text.size > 0 && sl_plain(text.data, text.data + text.size) < text.size) {
        sl_write_mark(writer, '"');
        sl_write_piece(writer, text);
        sl_buffer_add_bytes(writer->out, behind);
        return;
    }
    uint8_t *at = sl_buffer_extend(writer->out, 1 + text.size + behind.size);
    *at++ = '"';
    if (text.size > 0)
        memcpy(at, text.data, text.size);
    memcpy(at + text.size, behind.data, behind.size);
}

void sl_write_key(struct sl_writer *writer, struct sl_bytes key)
{
    sl_write_next(writer);
    write_quoted(writer, key, sl_bytes("\":", 2));
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
    write_quoted(writer, text, sl_bytes("\"", 1));
}

void sl_write_integer(struct sl_writer *writer, int64_t number)
{
    sl_buffer_add_integer(writer->out, number);
}

/* ---------------------------------------------------------------- trees */

static int write_list(struct sl_buffer *out, const struct sl_json *list, size_t most)
{
    bool object = list->kind == SL_JSON_OBJECT;
    const struct sl_json *one = list->first;
    int result = 0;
    sl_buffer_add(out, object ? "{" : "[", 1);
    for (uint32_t i = 0; i < list->count && result == 0; i++) {
        sl_buffer_add(out, ",", i > 0);
        if (object) {
            one = list->by_name[i];
            write_string(out, (const char *)one->name.data, one->name.size);
            sl_buffer_add(out, ":", 1);
        }
        result = sl_json_write(out, one, most);
        one = one->next;
    }
    sl_buffer_add(out, object ? "}" : "]", 1);
    return result;
}

int sl_json_write(struct sl_buffer *out, const struct sl_json *value, size_t most)
{
    int result = 0;
    switch (value->kind) {
    case SL_JSON_OBJECT:
    case SL_JSON_ARRAY:
        result = write_list(out, value, most);
        break;
    case SL_JSON_TEXT:
        write_string(out, (const char *)value->text.data, value->text.size);
        break;
    case SL_JSON_INTEGER:
        sl_buffer_add_integer(out, value->integer);
        break;
    case SL_JSON_REAL:
        sl_buffer_printf(out, "%.17g", value->real);
        break;
    case SL_JSON_TRUE:
        sl_buffer_add(out, "true", 4);
        break;
    case SL_JSON_FALSE:
        sl_buffer_add(out, "false", 5);
        break;
    case SL_JSON_NULL:
        sl_buffer_add(out, "null", 4);
        break;
    }
    return result == 0 && out->size <= most ? 0 : -1;
}
