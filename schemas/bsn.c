/* Screening for citizen service numbers: dates and telephone numbers are blotted out, the rest is
 * tried. */
#include "schemas/bsn.h"

#include <assert.h>
#include <string.h>

#include "schemas/timestamp.h"

/*
 * The text as marks, one a character: digits, '.', '-', '+', '(' and ')' stand for themselves, ' '
 * for both kinds of space, 'x' for all else; '~' is what was blotted out.
 */
struct marks {
    const char *at; /* ended by a NUL */
    size_t count;
};

static bool digit(char mark)
{
    return mark >= '0' && mark <= '9';
}

static bool separator(char mark)
{
    return mark == ' ' || mark == '.' || mark == '-';
}

static char mark_of(uint8_t byte)
{
    switch (byte) {
    case ' ':
    case '.':
    case '-':
    case '+':
    case '(':
    case ')':
        return (char)byte;
    default:
        return byte >= '0' && byte <= '9' ? (char)byte : 'x';
    }
}

static struct marks mark(struct sl_bytes text, struct sl_buffer *out)
{
    char *at = (char *)sl_buffer_extend(out, text.size + 1);
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        bool no_break_space = byte == 0xc2 && i + 1 < text.size && text.data[i + 1] == 0xa0;
        if ((byte & 0xc0) != 0x80)
            at[count++] = no_break_space ? ' ' : mark_of(byte);
    }
    at[count] = '\0';
    out->size = count + 1;
    return (struct marks){at, count};
}

/* Do marks look like the pattern, in which 9 is any digit? */
static bool looks_like(const char *at, const char *pattern)
{
    for (; *pattern != '\0'; at++, pattern++) {
        if (*pattern == '9' ? !digit(*at) : *at != *pattern)
            return false;
    }
    return true;
}

static const char *const date_forms[][2] = {{"9999-99-99", "yyyy-mm-dd"},
                                            {"9999.99.99", "yyyy-mm-dd"},
                                            {"99-99-9999", "dd-mm-yyyy"},
                                            {"99.99.9999", "dd-mm-yyyy"}};

/* Characters that have the form of a date; `real`: and are one. 0: none. */
static size_t date_at(const char *at, bool *real)
{
    for (size_t i = 0; i < sizeof date_forms / sizeof date_forms[0]; i++) {
        const char *form = date_forms[i][0];
        size_t size = strlen(form);
        if (!looks_like(at, form) || digit(at[size]))
            continue;
        bool year_first = date_forms[i][1][0] == 'y';
        char iso[] = "yyyy-mm-dd";
        memcpy(iso, year_first ? at : at + 6, 4);
        memcpy(iso + 5, year_first ? at + 5 : at + 3, 2);
        memcpy(iso + 8, year_first ? at + 8 : at, 2);
        int64_t days = 0;
        *real = sl_date_parse(&days, sl_text(iso)) == 0;
        return size;
    }
    return 0;
}

/* Digits with at most one separator before each; where they end, or NULL. */
static const char *some_digits(const char *at, int count)
{
    for (int i = 0; i < count; i++) {
        if (i > 0 && separator(*at))
            at++;
        if (!digit(*at++))
            return NULL;
    }
    return at;
}

/* +31 or 0031 and nine digits, with (0) perhaps; or ten digits from 0 on. Its size; 0: none. */
static size_t telephone_at(const char *at)
{
    const char *next = looks_like(at, "+31") ? at + 3 : looks_like(at, "0031") ? at + 4 : NULL;
    const char *end = NULL;
    if (next != NULL) {
        next += separator(*next);
        if (looks_like(next, "(0)")) {
            next += 3;
            next += separator(*next);
        }
        end = some_digits(next, 9);
    }
    if (end == NULL && *at == '0') {
        end = some_digits(at, 10);
        if (end != NULL && digit(*end))
            end = NULL;
    }
    return end == NULL ? 0 : (size_t)(end - at);
}

/* Blots out dates, then telephone numbers; both are found in the text as it was before each. */
static void blot(struct sl_buffer *out, struct marks marks)
{
    char *own = (char *)out->data;
    assert(own != NULL); /* it holds a NUL at least */
    for (size_t i = 0; i < marks.count;) {
        bool real = false;
        size_t size = i > 0 && digit(marks.at[i - 1]) ? 0 : date_at(marks.at + i, &real);
        if (real)
            memset(own + i, '~', size);
        i += size > 0 ? size : 1;
    }
    char before = 'x'; /* the mark in front, as it was */
    for (size_t i = 0; i < marks.count;) {
        size_t size = digit(before) ? 0 : telephone_at(own + i);
        before = size > 0 ? own[i + size - 1] : own[i];
        if (size > 0)
            memset(own + i, '~', size);
        i += size > 0 ? size : 1;
    }
}

/* 9a + 8b + ... + 2h - i must be a multiple of eleven; eight digits have lost a leading zero. */
static bool eleven_test(const char *digits, int count)
{
    int sum = 0;
    bool any = false;
    for (int i = 0; i < count; i++) {
        sum += (i + 1 == count ? -1 : count - i) * (digits[i] - '0');
        any = any || digits[i] != '0';
    }
    return any && sum % 11 == 0;
}

/* Do whole groups from here on have 8 or 9 digits together that pass the test? */
static bool number_at(const char *at)
{
    char digits[9];
    int count = 0;
    while (digit(*at)) {
        while (digit(*at)) {
            if (count == 9)
                return false;
            digits[count++] = *at++;
        }
        if (count >= 8 && eleven_test(digits, count))
            return true;
        at += separator(*at);
    }
    return false;
}

bool sl_bsn_find(struct sl_bytes text, size_t *position)
{
    struct sl_buffer own = {0};
    struct marks marks = mark(text, &own);
    blot(&own, marks);
    bool found = false;
    for (size_t i = 0; !found && i < marks.count; i++) {
        found = digit(marks.at[i]) && (i == 0 || !digit(marks.at[i - 1])) &&
                number_at(marks.at + i);
        *position = i;
    }
    sl_buffer_free(&own);
    return found;
}
