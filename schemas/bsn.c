#include "schemas/bsn.h"

#include <string.h>

enum { RUN = 32 }; /* digits kept of a run; a longer one is no citizen service number anyway */

static bool is_digit(struct sl_bytes text, size_t at)
{
    return at < text.size && text.data[at] >= '0' && text.data[at] <= '9';
}

/* 9a + 8b + ... + 2h - i must be a multiple of eleven; eight digits have lost a leading zero. */
static bool eleven_test(const uint8_t *digits, size_t count)
{
    int sum = 0;
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        int weight = i + 1 == count ? -1 : (int)(count - i);
        sum += weight * digits[i];
        any = any || digits[i] != 0;
    }
    return any && (count == 8 || count == 9) && sum % 11 == 0;
}

/* Reads digits with single separators between them; the end of the run. */
static size_t read_run(struct sl_bytes text, size_t at, uint8_t digits[RUN], size_t *count)
{
    *count = 0;
    while (is_digit(text, at)) {
        if (*count < RUN)
            digits[(*count)++] = (uint8_t)(text.data[at] - '0');
        at++;
        bool separator = at < text.size && strchr(" .-", text.data[at]) != NULL &&
                         text.data[at] != '\0' && is_digit(text, at + 1);
        if (separator)
            at++;
    }
    return at;
}

/* Is some stretch of whole groups of 8 or 9 digits a number? "kamer 3 111222333" has two groups. */
static bool any_stretch(struct sl_bytes text, size_t begin, size_t end, size_t *at)
{
    for (size_t from = begin; from < end; from++) {
        bool starts = is_digit(text, from) && (from == begin || !is_digit(text, from - 1));
        if (!starts)
            continue;
        uint8_t digits[9];
        size_t count = 0;
        for (size_t to = from; to < end && count <= 9; to++) {
            if (!is_digit(text, to))
                continue;
            if (count == 9)
                break;
            digits[count++] = (uint8_t)(text.data[to] - '0');
            if (!is_digit(text, to + 1) && count >= 8 && eleven_test(digits, count)) {
                *at = from;
                return true;
            }
        }
    }
    return false;
}

bool sl_bsn_find(struct sl_bytes text, size_t *position)
{
    for (size_t at = 0; at < text.size;) {
        if (!is_digit(text, at)) {
            at++;
            continue;
        }
        uint8_t digits[RUN];
        size_t count = 0;
        size_t end = read_run(text, at, digits, &count);
        bool plus = at > 0 && text.data[at - 1] == '+';
        bool telephone = (plus && count >= 2 && digits[0] == 3 && digits[1] == 1) ||
                         (count >= 4 && memcmp(digits, (uint8_t[]){0, 0, 3, 1}, 4) == 0);
        size_t found = 0;
        if (!telephone && any_stretch(text, at, end, &found)) {
            *position = 0;
            for (size_t i = 0; i < found; i++)
                *position += (text.data[i] & 0xc0) != 0x80;
            return true;
        }
        at = end;
    }
    return false;
}
