/* JSON from outside: text with the contract's bounds, values, and how a refusal is said. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "schemas/cloudevent_parts.h"
#include "schemas/limits.h"
#include "schemas/timestamp.h"

enum { MAX_SHOWN = 40, MAX_SHOWN_DIGITS = 4, MAX_MOMENT = 64 };

int sl_refuse(struct sl_refusal *refusal, enum sl_code code, const char *field, const char *format,
              ...)
{
    va_list arguments;
    va_start(arguments, format);
    refusal->error.code = code;
    (void)vsnprintf(refusal->error.text, sizeof refusal->error.text, format, arguments);
    va_end(arguments);
    (void)snprintf(refusal->field, sizeof refusal->field, "%s", field);
    return -1;
}

/*
 * How deep the brackets of a text go, strings left out. What is no JSON gets some number too, and
 * is then refused by the parser.
 */
static size_t depth_of(struct sl_bytes text)
{
    size_t depth = 0;
    size_t most = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c == '\\' && in_string)
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && (c == '{' || c == '[') && ++depth > most)
            most = depth;
        else if (!in_string && (c == '}' || c == ']') && depth > 0)
            depth--;
    }
    return most;
}

/* The parser's own sentence would repeat the text, which may be personal. */
static const char *reason(const json_error_t *trouble)
{
    switch (json_error_code(trouble)) {
    case json_error_duplicate_key:
        return "a key twice in one object";
    case json_error_invalid_utf8:
        return "no UTF-8";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "a NUL character";
    case json_error_numeric_overflow:
        return "a number beyond all bounds";
    case json_error_premature_end_of_input:
        return "the text breaks off";
    case json_error_end_of_input_expected:
        return "more text after the end";
    default:
        return "no JSON";
    }
}

json_t *sl_json_parse(struct sl_bytes text, size_t max, struct sl_refusal *refusal)
{
    if (text.size > max) {
        (void)sl_refuse(refusal, SL_TOO_LARGE, "", "%zu bytes; at most %zu are taken", text.size,
                        max);
        return NULL;
    }
    if (depth_of(text) > SL_MAX_DEPTH) {
        (void)sl_refuse(refusal, SL_MALFORMED, "", "JSON nested deeper than %d levels",
                        SL_MAX_DEPTH);
        return NULL;
    }
    json_error_t trouble = {.line = 1};
    const char *begin = text.size > 0 ? (const char *)text.data : "";
    json_t *value = json_loadb(begin, text.size, JSON_REJECT_DUPLICATES, &trouble);
    if (value == NULL)
        (void)sl_refuse(refusal, SL_MALFORMED, "", "line %d, column %d: %s", trouble.line,
                        trouble.column, reason(&trouble));
    return value;
}

const char *sl_name_shown(const char *name)
{
    size_t digits = 0;
    size_t size = strlen(name);
    bool good = size > 0 && size <= MAX_SHOWN && (name[0] < '0' || name[0] > '9');
    for (size_t i = 0; good && i < size; i++) {
        char c = name[i];
        bool digit = c >= '0' && c <= '9';
        digits += digit;
        good = digit || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    }
    return good && digits <= MAX_SHOWN_DIGITS ? name : "?";
}

void sl_pointer(char out[SL_POINTER_SIZE], const char *parent, const char *name)
{
    const char *shown = sl_name_shown(name);
    bool whole = strcmp(shown, name) != 0;
    (void)snprintf(out, SL_POINTER_SIZE, "%s%s%s", parent, whole ? "" : "/", whole ? "" : shown);
}

struct sl_bytes sl_json_text(const json_t *value)
{
    return json_is_string(value) ? sl_bytes(json_string_value(value), json_string_length(value))
                                 : sl_bytes(NULL, 0);
}

struct sl_bytes sl_json_digits(char out[24], const json_t *integer)
{
    int size = snprintf(out, 24, "%" JSON_INTEGER_FORMAT, json_integer_value(integer));
    return sl_bytes(out, (size_t)size);
}

/*
 * The calendar repeats after 400 years: a moment before 1970 is read as one of a later year and
 * taken back. So a back office whose clock stands at zero is told of the time, not of the form.
 */
static int read_early(int64_t *out, struct sl_bytes text)
{
    static const int64_t era = 146097 * SL_DAY;
    char later[MAX_MOMENT];
    int year = 0;
    if (text.size < 20 || text.size >= sizeof later)
        return -1;
    memcpy(later, text.data, text.size);
    for (size_t i = 0; i < 4; i++) {
        if (later[i] < '0' || later[i] > '9')
            return -1;
        year = year * 10 + (later[i] - '0');
    }
    if (year < 1 || year >= 1970)
        return -1;
    int eras = (1970 - year + 399) / 400;
    year += 400 * eras;
    for (int i = 3; i >= 0; i--, year /= 10)
        later[i] = (char)('0' + year % 10);
    if (sl_timestamp_parse(out, sl_bytes(later, text.size)) < 0)
        return -1;
    *out -= eras * era;
    return 0;
}

int sl_moment_read(int64_t *out, struct sl_bytes text)
{
    enum { SECONDS_AT = 17 };
    if (text.size > SECONDS_AT && text.data[SECONDS_AT] == '6')
        return -1;
    return sl_timestamp_parse(out, text) == 0 ? 0 : read_early(out, text);
}
