/*
 * A table of pairs of 64-bit numbers, 16 bytes each: several values may go with a key. Open
 * addressing, at most three quarters full. Values are never 0. Begin with {0}.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table {
    struct table_pair *pairs;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
};

void table_free(struct table *table);
void table_add(struct table *table, uint64_t key, uint64_t value);
bool table_remove(struct table *table, uint64_t key, uint64_t value); /* false: no such pair */

/*
 * The values of a key, one after the other, in no particular order: begin with *place 0; 0 when
 * there are no more. The table must not change in between.
 */
uint64_t table_next(const struct table *table, uint64_t key, size_t *place);

/* The key will be asked for soon. */
void table_prefetch(const struct table *table, uint64_t key);

/* The only value of a key, or 0. */
uint64_t table_get(const struct table *table, uint64_t key);
void table_set(struct table *table, uint64_t key, uint64_t value); /* in place of the one before */

size_t table_bytes(const struct table *table);

/* 64 bits of which each depends on all bits of the bytes. */
uint64_t table_fingerprint(uint64_t seed, const void *data, size_t size);

#endif
