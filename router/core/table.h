/*
 * A table of pairs of numbers, 12 bytes each, some 15 with what is free: several values may go with
 * a key. Of a key count its low 58 bits, of a value 48; values are never 0. Begin with {0}.
 *
 * It is made of 1024 small tables with open addressing. A key's bits are mixed, one to one; the
 * first 10 of them choose the small table and need not be kept there. Each grows by itself and by
 * about an eighth, so that a table of millions takes no step that anybody would notice, in time or
 * memory.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct image;

enum { TABLE_SHARDS = 1024, TABLE_KEY_BITS = 58, TABLE_VALUE_BITS = 48 };

struct table {
    struct table_shard *shards; /* NULL: nothing was ever added */
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

void table_image(struct table *table, struct image *image); /* into an empty one */

size_t table_bytes(const struct table *table);

/* 64 bits of which each depends on all bits of the bytes. */
uint64_t table_fingerprint(uint64_t seed, const void *data, size_t size);

#endif
