#include "schemas/json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/limits.h"
#include "schemas/plain.h"

enum { FEW = 24, MAX_NUMBER = 512 };

static const char no_json[] = "no JSON";
static const char breaks_off[] = "the text breaks off";
static const char too_deep[] = "nested deeper than 32 levels";
static const char beyond[] = "a number beyond all bounds";

struct reader {
    struct sl_arena *arena;
    const uint8_t *at;
    const uint8_t *end;
    size_t depth;
    const char *wrong; /* what is wrong at `at`; NULL: the arena has no room */
};

static int fail(struct reader *reader, const char *wrong)
{
    reader->wrong = reader->at < reader->end || wrong != no_json ? wrong : breaks_off;
    return -1;
}

/* NULL at the arena's limit. */
static void *take(struct reader *reader, size_t size)
{
    return sl_arena_alloc(reader->arena, size);
}

/* The next byte; 0, which nothing begins with, at the end. */
static uint8_t peek(const struct reader *reader)
{
    return reader->at < reader->end ? *reader->at : 0;
}

static void skip_space(struct reader *reader)
{
    while (peek(reader) == ' ' || peek(reader) == '\n' || peek(reader) == '\r' ||
           peek(reader) == '\t')
        reader->at++;
}

/* ---------------------------------------------------------------- text */

static int read_four(struct reader *reader, unsigned *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++, reader->at++) {
        uint8_t c = peek(reader);
        uint8_t lower = c | 0x20;
        if (c >= '0' && c <= '9')
            *out = *out << 4 | (unsigned)(c - '0');
        else if (lower >= 'a' && lower <= 'f')
            *out = *out << 4 | (unsigned)(lower - 'a' + 10);
        else
            return fail(reader, no_json);
    }
    return 0;
}

/* Behind "\u"; a character beyond U+FFFF is written as two. */
static int read_code_point(struct reader *reader, unsigned *out)
{
    unsigned low = 0;
    if (read_four(reader, out) < 0)
        return -1;
    if (*out == 0)
        return fail(reader, "a NUL character");
    if (*out < 0xd800 || *out > 0xdfff)
        return 0;
    if (*out > 0xdbff || reader->end - reader->at < 2 || reader->at[0] != '\\' ||
        reader->at[1] != 'u')
        return fail(reader, no_json);
    reader->at += 2;
    if (read_four(reader, &low) < 0)
        return -1;
    if (low < 0xdc00 || low > 0xdfff)
        return fail(reader, no_json);
    *out = 0x10000 + ((*out & 0x3ff) << 10 | (low & 0x3ff));
    return 0;
}

static uint8_t *put_utf8(uint8_t *out, unsigned c)
{
    if (c < 0x80) {
        *out++ = (uint8_t)c;
        return out;
    }
    if (c < 0x800) {
        *out++ = (uint8_t)(0xc0 | c >> 6);
    } else {
        if (c < 0x10000) {
            *out++ = (uint8_t)(0xe0 | c >> 12);
        } else {
            *out++ = (uint8_t)(0xf0 | c >> 18);
            *out++ = (uint8_t)(0x80 | (c >> 12 & 0x3f));
        }
        *out++ = (uint8_t)(0x80 | (c >> 6 & 0x3f));
    }
    *out++ = (uint8_t)(0x80 | (c & 0x3f));
    return out;
}

/* Behind a backslash; NULL: none that there is. What comes out is never longer than what stands. */
static uint8_t *read_escape(struct reader *reader, uint8_t *out)
{
    static const char letters[] = "\"\"\\\\//b\bf\fn\nr\rt\t"; /* how it is written, what it is */
    unsigned c = 0;
    if (peek(reader) == 'u') {
        reader->at++;
        return read_code_point(reader, &c) < 0 ? NULL : put_utf8(out, c);
    }
    for (size_t i = 0; i + 1 < sizeof letters - 1; i += 2) {
        if (letters[i] == (char)peek(reader)) {
            reader->at++;
            *out++ = (uint8_t)letters[i + 1];
            return out;
        }
    }
    (void)fail(reader, no_json);
    return NULL;
}

/* The text until `end` with its escapes read; -1. */
static int unescape(struct reader *reader, const uint8_t *end, uint8_t *out, size_t *size)
{
    uint8_t *begin = out;
    while (out != NULL && reader->at < end) {
        if (*reader->at != '\\') {
            *out++ = *reader->at++;
            continue;
        }
        reader->at++;
        out = read_escape(reader, out);
    }
    *size = out == NULL ? 0 : (size_t)(out - begin);
    return out == NULL ? -1 : 0;
}

/* Where the quotation mark stands that ends the text which begins here; NULL: nowhere. */
static const uint8_t *find_end(struct reader *reader, bool *escapes, bool *ascii)
{
    const uint8_t *at = reader->at;
    *escapes = false;
    *ascii = true;
    while ((at += sl_plain(at, reader->end)) < reader->end && *at != '"') {
        bool escape = *at == '\\';
        *escapes = *escapes || escape;
        *ascii = *ascii && *at < 0x80;
        if (*at < ' ') {
            reader->at = at;
            (void)fail(reader, no_json);
            return NULL;
        }
        at += escape && at + 1 < reader->end ? 2 : 1;
    }
    if (at < reader->end)
        return at;
    reader->at = reader->end;
    (void)fail(reader, breaks_off);
    return NULL;
}

/* At the quotation mark that begins it. */
static int read_text(struct reader *reader, struct sl_bytes *out)
{
    bool escapes = false;
    bool ascii = false;
    reader->at++;
    const uint8_t *end = find_end(reader, &escapes, &ascii);
    if (end == NULL)
        return -1;
    size_t size = (size_t)(end - reader->at);
    if (!ascii && !sl_bytes_utf8(sl_bytes(reader->at, size)))
        return fail(reader, "no UTF-8");
    uint8_t *text = take(reader, size + 1);
    if (text == NULL)
        return fail(reader, NULL);
    if (escapes) {
        if (unescape(reader, end, text, &size) < 0)
            return -1;
    } else {
        memcpy(text, reader->at, size);
    }
    text[size] = '\0';
    reader->at = end + 1;
    *out = sl_bytes(text, size);
    return 0;
}

/* ---------------------------------------------------------------- numbers and words */

static size_t skip_digits(struct reader *reader)
{
    const uint8_t *begin = reader->at;
    while (peek(reader) >= '0' && peek(reader) <= '9')
        reader->at++;
    return (size_t)(reader->at - begin);
}

static int read_integer(struct reader *reader, const uint8_t *begin, int64_t *out)
{
    bool negative = *begin == '-';
    *out = 0;
    for (const uint8_t *at = begin + negative; at < reader->at; at++) {
        int digit = *at - '0';
        if (__builtin_mul_overflow(*out, 10, out) ||
            __builtin_add_overflow(*out, negative ? -digit : digit, out))
            return fail(reader, beyond);
    }
    return 0;
}

static int read_real(struct reader *reader, const uint8_t *begin, double *out)
{
    char text[MAX_NUMBER];
    size_t size = (size_t)(reader->at - begin);
    if (size >= sizeof text)
        return fail(reader, beyond);
    memcpy(text, begin, size);
    text[size] = '\0';
    *out = strtod(text, NULL);
    return isfinite(*out) ? 0 : fail(reader, beyond);
}

static int read_number(struct reader *reader, struct sl_json *value)
{
    const uint8_t *begin = reader->at;
    bool real = false;
    if (peek(reader) == '-')
        reader->at++;
    bool zero = peek(reader) == '0';
    size_t digits = skip_digits(reader);
    if (digits == 0 || (zero && digits > 1))
        return fail(reader, no_json);
    if (peek(reader) == '.') {
        real = true;
        reader->at++;
        if (skip_digits(reader) == 0)
            return fail(reader, no_json);
    }
    if ((peek(reader) | 0x20) == 'e') {
        real = true;
        reader->at++;
        if (peek(reader) == '+' || peek(reader) == '-')
            reader->at++;
        if (skip_digits(reader) == 0)
            return fail(reader, no_json);
    }
    value->kind = real ? SL_JSON_REAL : SL_JSON_INTEGER;
    return real ? read_real(reader, begin, &value->real)
                : read_integer(reader, begin, &value->integer);
}

static int read_word(struct reader *reader, struct sl_json *value)
{
    static const struct {
        const char *word;
        enum sl_json_kind kind;
    } words[] = {{"null", SL_JSON_NULL}, {"false", SL_JSON_FALSE}, {"true", SL_JSON_TRUE}};
    size_t left = (size_t)(reader->end - reader->at);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t size = strlen(words[i].word);
        if (left >= size && memcmp(reader->at, words[i].word, size) == 0) {
            value->kind = words[i].kind;
            reader->at += size;
            return 0;
        }
    }
    return fail(reader, no_json);
}

/* ---------------------------------------------------------------- arrays and objects */

static int compare(const void *left, const void *right)
{
    struct sl_bytes a = (*(const struct sl_json *const *)left)->name;
    struct sl_bytes b = (*(const struct sl_json *const *)right)->name;
    int difference = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);
    return difference != 0 ? difference : (a.size > b.size) - (a.size < b.size);
}

/* By insertion where there are few, as nearly always: the library's sort costs several times that.
 */
static void sort(const struct sl_json **members, size_t count)
{
    if (count > FEW) {
        qsort(members, count, sizeof(struct sl_json *), compare);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        const struct sl_json *one = members[i];
        size_t at = i;
        for (; at > 0 && compare(&one, &members[at - 1]) < 0; at--)
            members[at] = members[at - 1];
        members[at] = one;
    }
}

/* Sorts an object's members by their names, none of which may stand there twice. */
static int close_object(struct reader *reader, struct sl_json *object)
{
    const struct sl_json **members = take(reader, object->count * sizeof(struct sl_json *));
    size_t count = 0;
    if (members == NULL)
        return fail(reader, NULL);
    for (const struct sl_json *one = object->first; one != NULL; one = one->next)
        members[count++] = one;
    sort(members, count);
    for (size_t i = 1; i < count; i++) {
        if (compare(&members[i - 1], &members[i]) == 0)
            return fail(reader, "a key twice in one object");
    }
    object->by_name = members;
    return 0;
}

static struct sl_json *read_value(struct reader *reader);

/* "name": value; NULL. */
static struct sl_json *read_member(struct reader *reader)
{
    struct sl_bytes name = {0};
    if (peek(reader) != '"') {
        (void)fail(reader, no_json);
        return NULL;
    }
    if (read_text(reader, &name) < 0)
        return NULL;
    skip_space(reader);
    if (peek(reader) != ':') {
        (void)fail(reader, no_json);
        return NULL;
    }
    reader->at++;
    skip_space(reader);
    struct sl_json *member = read_value(reader);
    if (member != NULL)
        member->name = name;
    return member;
}

/* At the bracket that opens it. */
static int read_list(struct reader *reader, struct sl_json *list, enum sl_json_kind kind)
{
    const uint8_t close = kind == SL_JSON_OBJECT ? '}' : ']';
    const struct sl_json **last = &list->first;
    list->kind = kind;
    reader->at++;
    skip_space(reader);
    while (list->count > 0 || peek(reader) != close) {
        struct sl_json *one = kind == SL_JSON_OBJECT ? read_member(reader) : read_value(reader);
        if (one == NULL)
            return -1;
        *last = one;
        last = &one->next;
        list->count++;
        skip_space(reader);
        if (peek(reader) == close)
            break;
        if (peek(reader) != ',')
            return fail(reader, no_json);
        reader->at++;
        skip_space(reader);
    }
    reader->at++;
    return kind == SL_JSON_OBJECT ? close_object(reader, list) : 0;
}

static int read_nested(struct reader *reader, struct sl_json *list, enum sl_json_kind kind)
{
    if (reader->depth == SL_MAX_DEPTH)
        return fail(reader, too_deep);
    reader->depth++;
    int result = read_list(reader, list, kind);
    reader->depth--;
    return result;
}

/* Fills the value, which is zeroed. */
static int read_into(struct reader *reader, struct sl_json *value)
{
    switch (peek(reader)) {
    case '"':
        value->kind = SL_JSON_TEXT;
        return read_text(reader, &value->text);
    case '{':
        return read_nested(reader, value, SL_JSON_OBJECT);
    case '[':
        return read_nested(reader, value, SL_JSON_ARRAY);
    case 'n':
    case 'f':
    case 't':
        return read_word(reader, value);
    default:
        return read_number(reader, value);
    }
}

/* NULL: no value. */
static struct sl_json *read_value(struct reader *reader)
{
    struct sl_json *value = take(reader, sizeof *value);
    if (value == NULL) {
        (void)fail(reader, NULL);
        return NULL;
    }
    *value = (struct sl_json){0};
    return read_into(reader, value) < 0 ? NULL : value;
}

/* ---------------------------------------------------------------- the whole text */

/* Says what is wrong, and at which line and character. */
static void explain(const struct reader *reader, struct sl_bytes text, struct sl_error *error)
{
    size_t line = 1;
    size_t column = 1;
    if (reader->wrong == NULL) {
        (void)sl_fail(error, SL_OVERLOAD, "no room for one more event");
        return;
    }
    for (const uint8_t *at = text.data; at < reader->at; at++) {
        column = *at == '\n' ? 1 : column + ((*at & 0xc0) != 0x80);
        line += *at == '\n';
    }
    (void)sl_fail(error, SL_MALFORMED, "line %zu, column %zu: %s", line, column, reader->wrong);
}

const struct sl_json *sl_json_read(struct sl_arena *arena, struct sl_bytes text, size_t max,
                                   struct sl_error *error)
{
    static const uint8_t none = 0;
    if (text.size > max) {
        (void)sl_fail(error, SL_TOO_LARGE, "%zu bytes; at most %zu are taken", text.size, max);
        return NULL;
    }
    if (text.size == 0)
        text.data = &none;
    struct reader reader = {.arena = arena, .at = text.data, .end = text.data + text.size};
    skip_space(&reader);
    const struct sl_json *value = read_value(&reader);
    skip_space(&reader);
    if (value != NULL && reader.at < reader.end) {
        (void)fail(&reader, "more text after the end");
        value = NULL;
    }
    if (value == NULL)
        explain(&reader, text, error);
    return value;
}

/* ---------------------------------------------------------------- looking at it */

bool sl_json_is(const struct sl_json *value, enum sl_json_kind kind)
{
    return value != NULL && value->kind == kind;
}

const struct sl_json *sl_json_first(const struct sl_json *value)
{
    return sl_json_is(value, SL_JSON_OBJECT) || sl_json_is(value, SL_JSON_ARRAY) ? value->first
                                                                                 : NULL;
}

const struct sl_json *sl_json_get(const struct sl_json *object, const char *name)
{
    size_t size = strlen(name);
    if (!sl_json_is(object, SL_JSON_OBJECT))
        return NULL;
    for (const struct sl_json *one = object->first; one != NULL; one = one->next) {
        if (one->name.size == size && memcmp(one->name.data, name, size) == 0)
            return one;
    }
    return NULL;
}

struct sl_bytes sl_json_text(const struct sl_json *value)
{
    return sl_json_is(value, SL_JSON_TEXT) ? value->text : sl_bytes(NULL, 0);
}
