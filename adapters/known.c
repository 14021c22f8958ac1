#include "adapters/known.h"

#include <string.h>

void known_init(struct known *known)
{
    known->houses = houses_new();
    known->events = places_new();
    known->ids = places_new();
}

void known_free(struct known *known)
{
    houses_free(known->houses);
    places_free(known->events);
    places_free(known->ids);
}

static bool has(const struct places *places, struct sl_bytes key)
{
    size_t cursor = 0;
    struct place place;
    return places_next(places, key, &cursor, &place);
}

void known_event(struct known *known, struct place place, struct sl_bytes uuid, struct sl_bytes id,
                 struct sl_bytes subject, struct sl_bytes bag_id)
{
    uint8_t same[SL_UUID_SIZE];
    if (subject.size == SL_PSEUDONYM_SIZE && bag_id.size > 0)
        houses_learn(known->houses, subject.data, bag_id, place.log, place.record);
    if (place.log == PLACE_INBOX && has(known->events, uuid))
        return;
    places_add(known->events, uuid, place);
    if (id.size > 0 && sl_uuid_parse(same, id) < 0)
        places_add(known->ids, id, place);
}

void known_again(struct known *known, struct place place, struct sl_bytes id,
                 struct sl_bytes subject, struct sl_bytes bag_id, uint64_t record)
{
    uint8_t same[SL_UUID_SIZE];
    if (subject.size == SL_PSEUDONYM_SIZE && bag_id.size > 0)
        houses_learn(known->houses, subject.data, bag_id, place.log, record);
    if (id.size > 0 && sl_uuid_parse(same, id) < 0 && !has(known->ids, id))
        places_add(known->ids, id, place);
}

void known_derived(struct known *known, struct place place, const uint8_t uuid[SL_UUID_SIZE])
{
    struct sl_bytes key = sl_bytes(uuid, SL_UUID_SIZE);
    if (!has(known->ids, key))
        places_add(known->ids, key, place);
}

void known_forget(struct known *known, enum place_log log, uint64_t before)
{
    places_forget(known->events, log, before);
    places_forget(known->ids, log, before);
}

void known_uuid(uint8_t out[SL_UUID_SIZE], struct sl_bytes source, struct sl_bytes id)
{
    if (sl_uuid_parse(out, id) < 0)
        sl_uuid_from_name(out, (struct sl_bytes[]){source, id}, 2);
}
