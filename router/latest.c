#include "router/latest.h"

#include <stdlib.h>

struct slot {
    uint64_t key; /* 0: free */
    uint64_t number;
};

/* Open addressing. */
struct latest {
    struct slot *slots;
    size_t capacity; /* a power of two */
    size_t count;
};

static uint64_t key_of(int participant, enum sl_lane lane, const uint8_t *subject)
{
    uint64_t queue = (uint64_t)participant << 2 | (uint64_t)lane;
    uint64_t key = (sl_get64(subject) + queue * 0xd1342543de82ef95u) * 0x9e3779b97f4a7c15u;
    return key == 0 ? 1 : key;
}

static struct slot *find(const struct latest *latest, uint64_t key)
{
    size_t at = (size_t)(key >> 20) & (latest->capacity - 1);
    while (latest->slots[at].key != 0 && latest->slots[at].key != key)
        at = (at + 1) & (latest->capacity - 1);
    return &latest->slots[at];
}

static void grow(struct latest *latest)
{
    struct latest wider = {.capacity = latest->capacity == 0 ? 1024 : 2 * latest->capacity,
                           .count = latest->count};
    wider.slots = sl_new(wider.capacity, sizeof *wider.slots);
    for (size_t i = 0; i < latest->capacity; i++) {
        if (latest->slots[i].key != 0)
            *find(&wider, latest->slots[i].key) = latest->slots[i];
    }
    free(latest->slots);
    *latest = wider;
}

struct latest *latest_new(void)
{
    struct latest *latest = sl_new(1, sizeof *latest);
    grow(latest);
    return latest;
}

void latest_free(struct latest *latest)
{
    free(latest->slots);
    free(latest);
}

uint64_t latest_find(const struct latest *latest, int participant, enum sl_lane lane,
                     const uint8_t subject[SL_HASH_SIZE])
{
    return find(latest, key_of(participant, lane, subject))->number;
}

void latest_set(struct latest *latest, int participant, enum sl_lane lane,
                const uint8_t subject[SL_HASH_SIZE], uint64_t number)
{
    if (4 * (latest->count + 1) > 3 * latest->capacity)
        grow(latest);
    uint64_t key = key_of(participant, lane, subject);
    struct slot *slot = find(latest, key);
    latest->count += slot->key == 0 ? 1 : 0;
    *slot = (struct slot){key, number};
}
