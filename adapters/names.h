/*
 * Names that a back office uses for what the wire knows by UUID and pseudonym, looked up in the
 * house's own logs.
 */
#ifndef ADAPTER_NAMES_H
#define ADAPTER_NAMES_H

#include "adapters/house.h"
#include "schemas/cloudevent.h"

/*
 * For struct sl_door; `context` is the house. names_event is the event with this id that the back
 * office published itself, else one that it received: the newest.
 */
bool names_pseudonym(void *context, struct sl_bytes bag_id, uint8_t pseudonym[SL_HASH_SIZE]);
bool names_event(void *context, struct sl_bytes id, uint8_t uuid[SL_UUID_SIZE]);

/*
 * Where a UUID is that of an instruction or notice in the inbox: makes it that of the event behind
 * it, which is what the router knows. Else leaves it.
 */
void names_behind(struct samenloop *house, uint8_t uuid[SL_UUID_SIZE]);

/* For struct sl_names; `context` is the house, and what they give lives in house->window. */
struct sl_bytes names_bag_id(void *context, const uint8_t pseudonym[SL_HASH_SIZE]);
struct sl_bytes names_id(void *context, const uint8_t uuid[SL_UUID_SIZE]);

/*
 * The header of the event with this UUID that this organisation published, in the lookup arena;
 * NULL: none.
 */
const Samenloop__V1__Header *names_published(struct samenloop *house,
                                             const uint8_t uuid[SL_UUID_SIZE]);

#endif
