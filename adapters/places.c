#include "adapters/places.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/crypto.h"
#include "schemas/limits.h"

static_assert(SL_MAX_BATCH <= 1 << 10, "an index has ten bits");

enum { FIRST_SLOTS = 64 };

struct slot {
    uint64_t fingerprint;
    uint64_t place; /* 0: free */
};

struct places {
    uint64_t secret[2];
    size_t slots; /* a power of two, at most three quarters of them taken */
    size_t taken;
    struct slot *table;
};

/* record + 1 in the low 52 bits, so that no place is 0 */
static uint64_t pack(struct place place)
{
    return (place.record + 1) | (uint64_t)place.index << 52 |
           (uint64_t)(place.log == PLACE_INBOX) << 62 | (uint64_t)place.refused << 63;
}

static struct place unpack(uint64_t packed)
{
    return (struct place){.record = (packed & ((UINT64_C(1) << 52) - 1)) - 1,
                          .index = (uint32_t)(packed >> 52 & 0x3ff),
                          .log = (packed >> 62 & 1) != 0 ? PLACE_INBOX : PLACE_OUTBOX,
                          .refused = (packed >> 63 & 1) != 0};
}

__extension__ typedef unsigned __int128 wide;

static uint64_t mix(uint64_t a, uint64_t b)
{
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t fingerprint(const struct places *places, struct sl_bytes key)
{
    uint64_t state = places->secret[0] ^ key.size;
    for (size_t at = 0; at < key.size; at += 8) {
        uint8_t chunk[8] = {0};
        memcpy(chunk, key.data + at, key.size - at < 8 ? key.size - at : 8);
        state = mix(state ^ sl_get64(chunk), places->secret[1]);
    }
    return mix(state ^ UINT64_C(0x9e3779b97f4a7c15), places->secret[1]);
}

struct places *places_new(void)
{
    struct places *places = sl_new(1, sizeof *places);
    sl_random(places->secret, sizeof places->secret);
    places->secret[1] |= 1;
    places->slots = FIRST_SLOTS;
    places->table = sl_new(places->slots, sizeof *places->table);
    return places;
}

void places_free(struct places *places)
{
    if (places == NULL)
        return;
    free(places->table);
    free(places);
}

static void put(struct places *places, struct slot slot)
{
    size_t at = slot.fingerprint & (places->slots - 1);
    while (places->table[at].place != 0)
        at = (at + 1) & (places->slots - 1);
    places->table[at] = slot;
    places->taken++;
}

/* Another table of so many slots, with those that stay. */
static void renew(struct places *places, size_t slots, enum place_log log, uint64_t before)
{
    struct slot *old = places->table;
    size_t count = places->slots;
    places->slots = slots;
    places->taken = 0;
    places->table = sl_new(slots, sizeof *places->table);
    for (size_t i = 0; i < count; i++) {
        struct place place = unpack(old[i].place);
        if (old[i].place != 0 && (place.log != log || place.record >= before))
            put(places, old[i]);
    }
    free(old);
}

void places_forget(struct places *places, enum place_log log, uint64_t before)
{
    renew(places, places->slots, log, before);
}

void places_add(struct places *places, struct sl_bytes key, struct place place)
{
    assert(place.index < SL_MAX_BATCH && place.record < (UINT64_C(1) << 52) - 1);
    if (places->taken + 1 > places->slots / 4 * 3)
        renew(places, places->slots * 2, PLACE_OUTBOX, 0);
    put(places, (struct slot){fingerprint(places, key), pack(place)});
}

/* The cursor counts the slots that were looked at. */
bool places_next(const struct places *places, struct sl_bytes key, size_t *cursor,
                 struct place *out)
{
    uint64_t wanted = fingerprint(places, key);
    for (;;) {
        const struct slot *slot = &places->table[(wanted + *cursor) & (places->slots - 1)];
        if (slot->place == 0)
            return false;
        (*cursor)++;
        if (slot->fingerprint == wanted) {
            *out = unpack(slot->place);
            return true;
        }
    }
}

void places_replace(struct places *places, struct sl_bytes key, size_t cursor, struct place place)
{
    assert(cursor > 0);
    uint64_t wanted = fingerprint(places, key);
    struct slot *slot = &places->table[(wanted + cursor - 1) & (places->slots - 1)];
    assert(slot->place != 0 && slot->fingerprint == wanted);
    slot->place = pack(place);
}
