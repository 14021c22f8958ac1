#include "router/core/table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/bytes.h"

struct table_pair {
    uint64_t key;
    uint64_t value; /* 0: nothing here */
};

enum { TABLE_FIRST = 64 };

/* Keys may be small numbers: mixed by the finaliser of splitmix64. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static size_t home(const struct table *table, uint64_t key)
{
    return (size_t)mix(key) & (table->capacity - 1);
}

void table_free(struct table *table)
{
    free(table->pairs);
    *table = (struct table){0};
}

static void put(struct table *table, struct table_pair pair)
{
    size_t at = home(table, pair.key);
    while (table->pairs[at].value != 0)
        at = (at + 1) & (table->capacity - 1);
    table->pairs[at] = pair;
}

static void grow(struct table *table)
{
    struct table old = *table;
    table->capacity = old.capacity > 0 ? old.capacity * 2 : TABLE_FIRST;
    table->pairs = sl_new(table->capacity, sizeof *table->pairs);
    for (size_t i = 0; i < old.capacity; i++) {
        if (old.pairs[i].value != 0)
            put(table, old.pairs[i]);
    }
    free(old.pairs);
}

void table_add(struct table *table, uint64_t key, uint64_t value)
{
    assert(value != 0);
    if ((table->count + 1) * 4 > table->capacity * 3)
        grow(table);
    put(table, (struct table_pair){key, value});
    table->count++;
}

/* Closes the gap, so that no search ends before what stands behind it. */
static void vacate(struct table *table, size_t gap)
{
    size_t mask = table->capacity - 1;
    for (size_t at = (gap + 1) & mask; table->pairs[at].value != 0; at = (at + 1) & mask) {
        size_t from = home(table, table->pairs[at].key);
        if (((at - from) & mask) < ((at - gap) & mask))
            continue; /* it stands no further from its home than the gap would put it */
        table->pairs[gap] = table->pairs[at];
        gap = at;
    }
    table->pairs[gap] = (struct table_pair){0, 0};
    table->count--;
}

bool table_remove(struct table *table, uint64_t key, uint64_t value)
{
    if (table->count == 0)
        return false;
    for (size_t at = home(table, key); table->pairs[at].value != 0;
         at = (at + 1) & (table->capacity - 1)) {
        if (table->pairs[at].key == key && table->pairs[at].value == value) {
            vacate(table, at);
            return true;
        }
    }
    return false;
}

uint64_t table_next(const struct table *table, uint64_t key, size_t *place)
{
    if (table->count == 0)
        return 0;
    size_t begin = home(table, key);
    for (;;) {
        const struct table_pair *pair = &table->pairs[(begin + *place) & (table->capacity - 1)];
        if (pair->value == 0)
            return 0;
        (*place)++;
        if (pair->key == key)
            return pair->value;
    }
}

void table_prefetch(const struct table *table, uint64_t key)
{
    if (table->capacity > 0)
        __builtin_prefetch(&table->pairs[home(table, key)], 1);
}

uint64_t table_get(const struct table *table, uint64_t key)
{
    size_t place = 0;
    return table_next(table, key, &place);
}

void table_set(struct table *table, uint64_t key, uint64_t value)
{
    uint64_t old = table_get(table, key);
    if (old != 0)
        (void)table_remove(table, key, old);
    table_add(table, key, value);
}

size_t table_bytes(const struct table *table)
{
    return table->capacity * sizeof *table->pairs;
}

uint64_t table_fingerprint(uint64_t seed, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    uint64_t sum = seed ^ (size * UINT64_C(0x9e3779b97f4a7c15));
    while (size >= 8) {
        sum = mix(sum ^ sl_get64(bytes));
        bytes += 8;
        size -= 8;
    }
    uint8_t rest[8] = {0};
    if (size > 0)
        memcpy(rest, bytes, size);
    return mix(sum ^ sl_get64(rest));
}
