#include "router/core/table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "router/core/image.h"

/* 48 bits of a mixed key, and a value; no value: nothing here. */
struct pair {
    uint32_t key_low;
    uint16_t key_high;
    uint16_t value_high;
    uint32_t value_low;
};

static_assert(sizeof(struct pair) == 12, "a pair is 12 bytes");

struct table_shard {
    struct pair *pairs;
    uint32_t capacity;
    uint32_t count;
};

enum { SHARD_FIRST = 8, SHARD_SHIFT = 48, APART = 32 * 1024, PAGE = 4096 };

/* One to one on the key's bits, as each of its steps is. */
static uint64_t mix_key(uint64_t x)
{
    static const uint64_t mask = (UINT64_C(1) << TABLE_KEY_BITS) - 1;
    x &= mask;
    x = ((x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9)) & mask;
    x = ((x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb)) & mask;
    return x ^ (x >> 31);
}

/* The finaliser of splitmix64. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static struct pair make(uint64_t mixed, uint64_t value)
{
    return (struct pair){(uint32_t)mixed, (uint16_t)(mixed >> 32), (uint16_t)(value >> 32),
                         (uint32_t)value};
}

static uint64_t value_of(const struct pair *pair)
{
    return (uint64_t)pair->value_high << 32 | pair->value_low;
}

static bool has_key(const struct pair *pair, uint64_t mixed)
{
    return pair->key_low == (uint32_t)mixed && pair->key_high == (uint16_t)(mixed >> 32);
}

static struct table_shard *shard_of(const struct table *table, uint64_t mixed)
{
    return &table->shards[mixed >> SHARD_SHIFT];
}

/* Where a key's pairs are looked for from. */
static uint32_t home(const struct table_shard *shard, uint32_t key_low)
{
    return (uint32_t)((uint64_t)key_low * shard->capacity >> 32);
}

static uint32_t after(const struct table_shard *shard, uint32_t at)
{
    return at + 1 == shard->capacity ? 0 : at + 1;
}

/* Small tables grow at about the same pace, and leave arrays behind that fit none of the others:
 * those that are not small are pages of their own, and go back to the system. */
static struct pair *pairs_new(uint32_t capacity)
{
    size_t size = capacity * sizeof(struct pair);
    return size < APART ? sl_new(capacity, sizeof(struct pair)) : sl_pages_new(size);
}

static void pairs_free(struct table_shard *shard)
{
    size_t size = shard->capacity * sizeof *shard->pairs;
    if (size < APART)
        free(shard->pairs);
    else
        sl_pages_free(shard->pairs, size);
}

/* More by an eighth; whole pages where it is pages. */
static uint32_t wider(uint32_t capacity)
{
    if (capacity < SHARD_FIRST)
        return SHARD_FIRST;
    size_t size = (capacity + capacity / 8) * sizeof(struct pair);
    if (size >= APART)
        size = (size + PAGE - 1) / PAGE * PAGE;
    return (uint32_t)(size / sizeof(struct pair));
}

void table_free(struct table *table)
{
    for (size_t i = 0; table->shards != NULL && i < TABLE_SHARDS; i++)
        pairs_free(&table->shards[i]);
    free(table->shards);
    *table = (struct table){0};
}

static void put(struct table_shard *shard, struct pair pair)
{
    uint32_t at = home(shard, pair.key_low);
    while (value_of(&shard->pairs[at]) != 0)
        at = after(shard, at);
    shard->pairs[at] = pair;
}

static void grow(struct table_shard *shard)
{
    struct table_shard old = *shard;
    shard->capacity = wider(old.capacity);
    shard->pairs = pairs_new(shard->capacity);
    for (uint32_t i = 0; i < old.capacity; i++) {
        if (value_of(&old.pairs[i]) != 0)
            put(shard, old.pairs[i]);
    }
    pairs_free(&old);
}

void table_add(struct table *table, uint64_t key, uint64_t value)
{
    assert(value != 0 && value >> TABLE_VALUE_BITS == 0);
    uint64_t mixed = mix_key(key);
    if (table->shards == NULL)
        table->shards = sl_new(TABLE_SHARDS, sizeof *table->shards);
    struct table_shard *shard = shard_of(table, mixed);
    if ((uint64_t)(shard->count + 1) * 8 > (uint64_t)shard->capacity * 7)
        grow(shard);
    put(shard, make(mixed, value));
    shard->count++;
    table->count++;
}

static uint32_t distance(const struct table_shard *shard, uint32_t from, uint32_t to)
{
    return to >= from ? to - from : to + shard->capacity - from;
}

/* Closes the gap, so that no search ends before what stands behind it. */
static void vacate(struct table_shard *shard, uint32_t gap)
{
    for (uint32_t at = after(shard, gap); value_of(&shard->pairs[at]) != 0; at = after(shard, at)) {
        uint32_t from = home(shard, shard->pairs[at].key_low);
        if (distance(shard, from, at) < distance(shard, gap, at))
            continue; /* the gap is before its home */
        shard->pairs[gap] = shard->pairs[at];
        gap = at;
    }
    shard->pairs[gap] = (struct pair){0};
    shard->count--;
}

bool table_remove(struct table *table, uint64_t key, uint64_t value)
{
    uint64_t mixed = mix_key(key);
    if (table->count == 0 || shard_of(table, mixed)->count == 0)
        return false;
    struct table_shard *shard = shard_of(table, mixed);
    for (uint32_t at = home(shard, (uint32_t)mixed); value_of(&shard->pairs[at]) != 0;
         at = after(shard, at)) {
        if (has_key(&shard->pairs[at], mixed) && value_of(&shard->pairs[at]) == value) {
            vacate(shard, at);
            table->count--;
            return true;
        }
    }
    return false;
}

uint64_t table_next(const struct table *table, uint64_t key, size_t *place)
{
    uint64_t mixed = mix_key(key);
    if (table->count == 0 || shard_of(table, mixed)->count == 0)
        return 0;
    const struct table_shard *shard = shard_of(table, mixed);
    uint32_t begin = home(shard, (uint32_t)mixed);
    for (;;) {
        size_t at = begin + *place;
        const struct pair *pair = &shard->pairs[at < shard->capacity ? at : at - shard->capacity];
        if (value_of(pair) == 0)
            return 0;
        (*place)++;
        if (has_key(pair, mixed))
            return value_of(pair);
    }
}

void table_prefetch(const struct table *table, uint64_t key)
{
    uint64_t mixed = mix_key(key);
    if (table->shards == NULL || shard_of(table, mixed)->pairs == NULL)
        return;
    const struct table_shard *shard = shard_of(table, mixed);
    __builtin_prefetch(&shard->pairs[home(shard, (uint32_t)mixed)], 1);
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

void table_image(struct table *table, struct image *image)
{
    bool any = table->shards != NULL;
    IMAGE(image, table->count);
    IMAGE(image, any);
    if (image->reading && any && !image->failed)
        table->shards = sl_new(TABLE_SHARDS, sizeof *table->shards);
    for (size_t i = 0; table->shards != NULL && i < TABLE_SHARDS; i++) {
        struct table_shard *shard = &table->shards[i];
        uint32_t capacity = shard->capacity;
        IMAGE(image, shard->count);
        IMAGE(image, capacity);
        if (image->reading && capacity > image->left / sizeof *shard->pairs)
            image->failed = true;
        if (image->reading && capacity > 0 && !image->failed)
            *shard = (struct table_shard){pairs_new(capacity), capacity, shard->count};
        image_bytes(image, shard->pairs, shard->capacity * sizeof *shard->pairs);
    }
}

size_t table_bytes(const struct table *table)
{
    size_t bytes = table->shards == NULL ? 0 : TABLE_SHARDS * sizeof *table->shards;
    for (size_t i = 0; table->shards != NULL && i < TABLE_SHARDS; i++)
        bytes += table->shards[i].capacity * sizeof(struct pair);
    return bytes;
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
