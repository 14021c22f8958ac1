/* Which known word was meant: the distance of two words is the number of letters to mend. */
#include <string.h>

#include "router/language/raw.h"

enum { WORD_MAX = 64 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Letters to insert, remove, change, or swap with their neighbour; words of at most WORD_MAX. */
static size_t distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t rows[3][WORD_MAX + 1] = {0};
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= b_size; j++)
        last[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        now[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t change = last[j - 1] + (a[i - 1] != b[j - 1]);
            now[j] = least(change, least(last[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], before[j - 2] + 1);
        }
        size_t *oldest = before;
        before = last;
        last = now;
        now = oldest;
    }
    return last[b_size];
}

struct nearest nearest_begin(const struct reader *reader, const char *word)
{
    size_t size = strlen(word);
    bool told = size <= WORD_MAX && reader->finding_count < AGREEMENT_FINDINGS_MAX;
    return (struct nearest){.word = word, .distance = told ? size / 3 + 1 : 0};
}

void nearest_offer(struct nearest *nearest, const char *candidate)
{
    size_t size = strlen(candidate);
    if (nearest->distance == 0 || size > WORD_MAX)
        return;
    size_t found = distance(nearest->word, strlen(nearest->word), candidate, size);
    /* A word of two letters is near to any other of two letters. */
    if (found < nearest->distance || (found == nearest->distance && nearest->best == NULL)) {
        if (found < size) {
            nearest->distance = found;
            nearest->best = candidate;
        }
    }
}

const char *nearest_hint(struct reader *reader, const struct nearest *nearest)
{
    if (nearest->best == NULL)
        return "";
    struct sl_buffer text = {0};
    sl_buffer_printf(&text, "; did you mean %s?", nearest->best);
    const char *kept = reader_text(reader, sl_buffer_bytes(&text));
    sl_buffer_free(&text);
    return kept;
}
