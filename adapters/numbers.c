#include "adapters/numbers.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void numbers_clear(struct numbers *numbers)
{
    free(numbers->gaps);
    *numbers = (struct numbers){0};
}

/* The first gap that ends at or behind a number. */
static size_t search(const struct numbers *numbers, uint64_t number)
{
    size_t low = 0;
    size_t high = numbers->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (numbers->gaps[middle].last < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool numbers_has(const struct numbers *numbers, uint64_t number)
{
    if (number == 0 || number > numbers->highest)
        return false;
    size_t at = search(numbers, number);
    return at == numbers->count || numbers->gaps[at].first > number;
}

bool numbers_takes(const struct numbers *numbers, uint64_t number)
{
    return numbers->count < NUMBERS_MAX_GAPS || number == numbers->highest + 1 ||
           (number != 0 && number <= numbers->highest);
}

static void insert(struct numbers *numbers, size_t at, struct gap gap)
{
    numbers->gaps = sl_grow(numbers->gaps, &numbers->capacity, numbers->count + 1,
                            sizeof *numbers->gaps);
    memmove(numbers->gaps + at + 1, numbers->gaps + at,
            (numbers->count - at) * sizeof *numbers->gaps);
    numbers->gaps[at] = gap;
    numbers->count++;
}

void numbers_add(struct numbers *numbers, uint64_t number)
{
    assert(number != 0);
    if (number > numbers->highest) {
        if (number > numbers->highest + 1)
            insert(numbers, numbers->count, (struct gap){numbers->highest + 1, number - 1});
        numbers->highest = number;
        return;
    }
    size_t at = search(numbers, number);
    if (at == numbers->count || numbers->gaps[at].first > number)
        return;
    struct gap gap = numbers->gaps[at];
    if (gap.first == number && gap.last == number) {
        numbers->count--;
        memmove(numbers->gaps + at, numbers->gaps + at + 1,
                (numbers->count - at) * sizeof *numbers->gaps);
    } else if (gap.first == number) {
        numbers->gaps[at].first = number + 1;
    } else if (gap.last == number) {
        numbers->gaps[at].last = number - 1;
    } else {
        numbers->gaps[at].last = number - 1;
        insert(numbers, at + 1, (struct gap){number + 1, gap.last});
    }
}

bool numbers_set(struct numbers *numbers, uint64_t highest, const uint64_t *missing, size_t count)
{
    uint64_t before = 0;
    if (count % 2 != 0 || count / 2 > 2 * NUMBERS_MAX_GAPS)
        return false;
    for (size_t i = 0; i < count; i += 2) {
        if (missing[i] <= before || missing[i + 1] < missing[i] || missing[i + 1] >= highest)
            return false;
        before = missing[i + 1];
    }
    numbers->count = 0;
    numbers->highest = highest;
    for (size_t i = 0; i < count; i += 2)
        insert(numbers, numbers->count, (struct gap){missing[i], missing[i + 1]});
    return true;
}
