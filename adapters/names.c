#include "adapters/names.h"

#include <string.h>

/* An event in one of the logs. */
struct found {
    const Samenloop__V1__Header *header;
    struct sl_bytes id; /* as its back office gave it; empty: erased, or it never came */
    const Samenloop__V1__Delivery *delivery; /* of the inbox */
};

static int fetch(struct samenloop *house, struct place place, struct found *out)
{
    struct sl_error error = {0};
    struct sl_bytes header = {0};
    *out = (struct found){0};
    sl_arena_clear(&house->lookup);
    if (place.log == PLACE_OUTBOX) {
        struct outbox_batch batch;
        if (outbox_read(house->outbox, place.record, &batch, &error) < 0)
            return -1;
        header = sl_from_pb(batch.kept->headers[place.index]);
        if (batch.content != NULL)
            out->id = sl_from_pb(batch.content->events[place.index]->id);
    } else {
        struct inbox_item item;
        if (inbox_read(house->inbox, &house->lookup, place.record, &item, &error) < 0 ||
            item.delivery == NULL)
            return -1;
        header = sl_from_pb(item.delivery->header);
        out->delivery = item.delivery->delivery;
        if (item.content != NULL)
            out->id = sl_from_pb(item.content->id);
    }
    out->header = (const void *)sl_arena_unpack(&house->lookup, &samenloop__v1__header__descriptor,
                                                header);
    return out->header == NULL || out->header->event_id.len != SL_UUID_SIZE ? -1 : 0;
}

bool names_pseudonym(void *context, struct sl_bytes bag_id, uint8_t pseudonym[SL_HASH_SIZE])
{
    struct samenloop *house = context;
    return houses_pseudonym(house->known.houses, bag_id, pseudonym);
}

bool names_event(void *context, struct sl_bytes id, uint8_t uuid[SL_UUID_SIZE])
{
    struct samenloop *house = context;
    struct place place, best = {.log = PLACE_INBOX};
    struct found found;
    size_t cursor = 0;
    bool any = false;
    while (places_next(house->known.ids, id, &cursor, &place)) {
        bool better = !any || (place.log == best.log ? place.record > best.record
                                                     : place.log == PLACE_OUTBOX);
        if (!better || fetch(house, place, &found) < 0 || !sl_bytes_equal(found.id, id))
            continue;
        memcpy(uuid, found.header->event_id.data, SL_UUID_SIZE);
        best = place;
        any = true;
    }
    return any;
}

void names_behind(struct samenloop *house, uint8_t uuid[SL_UUID_SIZE])
{
    struct place place;
    struct found found;
    size_t cursor = 0;
    while (places_next(house->known.ids, sl_bytes(uuid, SL_UUID_SIZE), &cursor, &place)) {
        uint8_t derived[SL_UUID_SIZE];
        if (fetch(house, place, &found) < 0 || found.delivery == NULL)
            continue;
        sl_derived_id(derived, sl_from_pb(found.header->event_id), found.delivery);
        if (memcmp(derived, uuid, SL_UUID_SIZE) != 0)
            continue;
        memcpy(uuid, found.header->event_id.data, SL_UUID_SIZE);
        return;
    }
}

struct sl_bytes names_bag_id(void *context, const uint8_t pseudonym[SL_HASH_SIZE])
{
    struct samenloop *house = context;
    char bag_id[SL_BAG_SIZE + 1];
    if (!houses_bag_id(house->known.houses, pseudonym, bag_id))
        return sl_bytes(NULL, 0);
    return sl_arena_copy(&house->window, sl_bytes(bag_id, SL_BAG_SIZE));
}

struct sl_bytes names_id(void *context, const uint8_t uuid[SL_UUID_SIZE])
{
    struct samenloop *house = context;
    struct place place;
    struct found found;
    size_t cursor = 0;
    while (places_next(house->known.events, sl_bytes(uuid, SL_UUID_SIZE), &cursor, &place)) {
        if (fetch(house, place, &found) == 0 &&
            memcmp(found.header->event_id.data, uuid, SL_UUID_SIZE) == 0 && found.id.size > 0)
            return sl_arena_copy(&house->window, found.id);
    }
    return sl_bytes(NULL, 0);
}

const Samenloop__V1__Header *names_published(struct samenloop *house,
                                             const uint8_t uuid[SL_UUID_SIZE])
{
    struct place place;
    struct found found;
    size_t cursor = 0;
    while (places_next(house->known.events, sl_bytes(uuid, SL_UUID_SIZE), &cursor, &place)) {
        if (place.log == PLACE_OUTBOX && fetch(house, place, &found) == 0 &&
            memcmp(found.header->event_id.data, uuid, SL_UUID_SIZE) == 0)
            return found.header;
    }
    return NULL;
}
