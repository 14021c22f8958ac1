/* Values from outside, and how a refusal is said. */
#include <inttypes.h>
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

struct sl_bytes sl_digits(char out[24], int64_t number)
{
    int size = snprintf(out, 24, "%" PRId64, number);
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
