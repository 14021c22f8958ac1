/* Plain characters: printable ASCII but for the two that JSON writes otherwise, " and \. Nearly all
 * text is of these, so what looks at text looks at eight of them at once. */
#ifndef SL_PLAIN_H
#define SL_PLAIN_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The high bit of each byte that is not plain (bytes behind the first such one may be wrong). */
static inline uint64_t sl_not_plain(uint64_t eight)
{
    const uint64_t ones = 0x0101010101010101u;
    const uint64_t highs = 0x8080808080808080u;
    uint64_t quote = eight ^ ones * '"';
    uint64_t backslash = eight ^ ones * '\\';
    uint64_t below_space = ~((eight | highs) - ones * ' ');
    uint64_t delete = (eight & ~highs) + ones;
    return (eight | below_space | delete | ((quote - ones) & ~quote) |
            ((backslash - ones) & ~backslash)) &
           highs;
}

static inline uint64_t sl_plain_load(const uint8_t *at)
{
    uint64_t eight = 0;
    memcpy(&eight, at, sizeof eight);
    return le64toh(eight);
}

/* How many bytes from `at` on are plain, up to `end`. */
static inline size_t sl_plain(const uint8_t *at, const uint8_t *end)
{
    size_t size = (size_t)(end - at);
    size_t plain = 0;
    for (; plain + 8 <= size; plain += 8) {
        uint64_t marks = sl_not_plain(sl_plain_load(at + plain));
        if (marks != 0)
            return plain + ((size_t)__builtin_ctzll(marks) >> 3);
    }
    if (size >= 8 && plain < size) { /* the last eight, of which the first ones are plain */
        uint64_t marks = sl_not_plain(sl_plain_load(end - 8));
        return marks == 0 ? size : size - 8 + ((size_t)__builtin_ctzll(marks) >> 3);
    }
    while (plain < size && at[plain] >= ' ' && at[plain] < 0x7f && at[plain] != '"' &&
           at[plain] != '\\')
        plain++;
    return plain;
}

#endif
