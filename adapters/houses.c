#include "adapters/houses.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 64 };

struct house {
    uint8_t pseudonym[SL_PSEUDONYM_SIZE];
    uint64_t bag_id;    /* its 16 digits; 0: forgotten */
    uint64_t stands[2]; /* by log: the last record with its number; 0: none */
};

/* Two tables of indices into `list`, plus one; 0 is free. Pseudonyms are random, so bytes of them
 * are their hash; BAG numbers come from a register and are spread by a multiplication. */
struct houses {
    struct house *list;
    size_t count, capacity, forgotten;
    size_t slots; /* a power of two, at least twice the count */
    uint32_t *by_pseudonym;
    uint32_t *by_bag_id;
};

static uint64_t hash_pseudonym(const uint8_t *pseudonym)
{
    return sl_get64(pseudonym);
}

static uint64_t hash_bag_id(uint64_t bag_id)
{
    return (bag_id * UINT64_C(0x9e3779b97f4a7c15)) >> 20;
}

struct houses *houses_new(void)
{
    struct houses *houses = sl_new(1, sizeof *houses);
    houses->slots = FIRST_SLOTS;
    houses->by_pseudonym = sl_new(houses->slots, sizeof(uint32_t));
    houses->by_bag_id = sl_new(houses->slots, sizeof(uint32_t));
    return houses;
}

void houses_free(struct houses *houses)
{
    if (houses == NULL)
        return;
    free(houses->list);
    free(houses->by_pseudonym);
    free(houses->by_bag_id);
    free(houses);
}

static int parse(struct sl_bytes bag_id, uint64_t *out)
{
    *out = 0;
    if (bag_id.size != SL_BAG_SIZE)
        return -1;
    for (size_t i = 0; i < SL_BAG_SIZE; i++) {
        if (bag_id.data[i] < '0' || bag_id.data[i] > '9')
            return -1;
        *out = *out * 10 + (uint64_t)(bag_id.data[i] - '0');
    }
    return *out == 0 ? -1 : 0;
}

static void digits(uint64_t rest, char bag_id[SL_BAG_SIZE + 1])
{
    for (size_t i = SL_BAG_SIZE; i-- > 0; rest /= 10)
        bag_id[i] = (char)('0' + rest % 10);
    bag_id[SL_BAG_SIZE] = '\0';
}

static struct house *find_pseudonym(const struct houses *houses, const uint8_t *pseudonym)
{
    size_t at = hash_pseudonym(pseudonym) & (houses->slots - 1);
    for (; houses->by_pseudonym[at] != 0; at = (at + 1) & (houses->slots - 1)) {
        struct house *house = &houses->list[houses->by_pseudonym[at] - 1];
        if (memcmp(house->pseudonym, pseudonym, SL_PSEUDONYM_SIZE) == 0)
            return house;
    }
    return NULL;
}

static const struct house *find_bag_id(const struct houses *houses, uint64_t bag_id)
{
    size_t at = hash_bag_id(bag_id) & (houses->slots - 1);
    for (; houses->by_bag_id[at] != 0; at = (at + 1) & (houses->slots - 1)) {
        const struct house *house = &houses->list[houses->by_bag_id[at] - 1];
        if (house->bag_id == bag_id)
            return house;
    }
    return NULL;
}

static void put(uint32_t *table, size_t slots, uint64_t hash, size_t index)
{
    size_t at = hash & (slots - 1);
    while (table[at] != 0)
        at = (at + 1) & (slots - 1);
    table[at] = (uint32_t)index + 1;
}

static void index_house(struct houses *houses, size_t index)
{
    const struct house *house = &houses->list[index];
    put(houses->by_pseudonym, houses->slots, hash_pseudonym(house->pseudonym), index);
    if (house->bag_id != 0)
        put(houses->by_bag_id, houses->slots, hash_bag_id(house->bag_id), index);
}

static void index_again(struct houses *houses, size_t slots)
{
    free(houses->by_pseudonym);
    free(houses->by_bag_id);
    houses->slots = slots;
    houses->by_pseudonym = sl_new(slots, sizeof(uint32_t));
    houses->by_bag_id = sl_new(slots, sizeof(uint32_t));
    for (size_t i = 0; i < houses->count; i++)
        index_house(houses, i);
}

void houses_learn(struct houses *houses, const uint8_t pseudonym[SL_PSEUDONYM_SIZE],
                  struct sl_bytes bag_id, enum place_log log, uint64_t record)
{
    uint64_t number = 0;
    if (parse(bag_id, &number) < 0)
        return;
    struct house *known = find_pseudonym(houses, pseudonym);
    if (known != NULL)
        known->stands[log] = record;
    if (known != NULL && known->bag_id != 0)
        return;
    if (known != NULL) {
        known->bag_id = number;
        houses->forgotten--;
        put(houses->by_bag_id, houses->slots, hash_bag_id(number), (size_t)(known - houses->list));
        return;
    }
    assert(houses->count < UINT32_MAX - 1);
    houses->list = sl_grow(houses->list, &houses->capacity, houses->count + 1,
                           sizeof *houses->list);
    houses->list[houses->count] = (struct house){.bag_id = number};
    houses->list[houses->count].stands[log] = record;
    memcpy(houses->list[houses->count++].pseudonym, pseudonym, SL_PSEUDONYM_SIZE);
    if (houses->count * 2 > houses->slots)
        index_again(houses, houses->slots * 2);
    else
        index_house(houses, houses->count - 1);
}

void houses_forget(struct houses *houses, const uint8_t pseudonym[SL_PSEUDONYM_SIZE])
{
    struct house *known = find_pseudonym(houses, pseudonym);
    if (known == NULL || known->bag_id == 0)
        return;
    known->bag_id = 0;
    memset(known->stands, 0, sizeof known->stands);
    houses->forgotten++;
    index_again(houses, houses->slots);
}

bool houses_pseudonym(const struct houses *houses, struct sl_bytes bag_id,
                      uint8_t pseudonym[SL_PSEUDONYM_SIZE])
{
    uint64_t number = 0;
    if (parse(bag_id, &number) < 0)
        return false;
    const struct house *house = find_bag_id(houses, number);
    if (house == NULL)
        return false;
    memcpy(pseudonym, house->pseudonym, SL_PSEUDONYM_SIZE);
    return true;
}

bool houses_bag_id(const struct houses *houses, const uint8_t pseudonym[SL_PSEUDONYM_SIZE],
                   char bag_id[SL_BAG_SIZE + 1])
{
    const struct house *house = find_pseudonym(houses, pseudonym);
    if (house == NULL || house->bag_id == 0)
        return false;
    digits(house->bag_id, bag_id);
    return true;
}

size_t houses_before(const struct houses *houses, enum place_log log, uint64_t end, size_t *cursor,
                     struct house_known *out, size_t max)
{
    size_t count = 0;
    for (; *cursor < houses->count && count < max; ++*cursor) {
        const struct house *house = &houses->list[*cursor];
        if (house->bag_id == 0 || house->stands[log] == 0 || house->stands[log] >= end)
            continue;
        memcpy(out[count].pseudonym, house->pseudonym, SL_PSEUDONYM_SIZE);
        digits(house->bag_id, out[count++].bag_id);
    }
    return count;
}

size_t houses_count(const struct houses *houses)
{
    return houses->count - houses->forgotten;
}
