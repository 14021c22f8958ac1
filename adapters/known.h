/*
 * What the house knows by name: houses by pseudonym and BAG number, events by UUID and by the id
 * that a back office uses. Filled by outbox and inbox, both when they are opened and as they grow.
 */
#ifndef ADAPTER_KNOWN_H
#define ADAPTER_KNOWN_H

#include "adapters/houses.h"
#include "adapters/places.h"
#include "schemas/uuid.h"

struct known {
    struct houses *houses;
    struct places *events; /* by UUID (16 bytes): of the outbox each, of the inbox the first */
    struct places *ids; /* by a back office's own id, and by the UUID of an instruction or notice */
};

void known_init(struct known *known);
void known_free(struct known *known);

/*
 * An event stands at `place`. Its house is learned when the number is known, its id when it is no
 * UUID; both may be empty. Of an event that is known by its UUID already a place in the inbox is
 * passed over; one in the outbox is added (an id that was refused can come again).
 */
void known_event(struct known *known, struct place place, struct sl_bytes uuid, struct sl_bytes id,
                 struct sl_bytes subject, struct sl_bytes bag_id);

/* The same of an event that is known by its UUID: its id and house stand elsewhere now, the house
 * in `record`. */
void known_again(struct known *known, struct place place, struct sl_bytes id,
                 struct sl_bytes subject, struct sl_bytes bag_id, uint64_t record);

/* The router said something about an event: its own UUID leads to the record that has the event. */
void known_derived(struct known *known, struct place place, const uint8_t uuid[SL_UUID_SIZE]);

/* The records of a log before this one are gone; houses stay. */
void known_forget(struct known *known, enum place_log log, uint64_t before);

/* The UUID of an event by source and id: the id itself where it is one, else made of both. */
void known_uuid(uint8_t out[SL_UUID_SIZE], struct sl_bytes source, struct sl_bytes id);

#endif
