/*
 * Which numbers of a lane's deliveries have come: the highest, and the gaps below it. A gap is 16
 * bytes however long it is.
 */
#ifndef ADAPTER_NUMBERS_H
#define ADAPTER_NUMBERS_H

#include "schemas/bytes.h"

enum { NUMBERS_MAX_GAPS = 8192 };

struct gap {
    uint64_t first, last;
};

/* Begin with {0}; end with numbers_clear. */
struct numbers {
    uint64_t highest; /* 0: none came */
    struct gap *gaps; /* in order */
    size_t count, capacity;
};

void numbers_clear(struct numbers *numbers);
bool numbers_has(const struct numbers *numbers, uint64_t number);
/* Can this number, which has not come, be added? Not when there would be too many gaps. */
bool numbers_takes(const struct numbers *numbers, uint64_t number);
void numbers_add(struct numbers *numbers, uint64_t number); /* one that it takes */

/* Takes the place of what is there; false: no such numbers can be. `missing`: first and last of
 * each gap. */
bool numbers_set(struct numbers *numbers, uint64_t highest, const uint64_t *missing, size_t count);

#endif
