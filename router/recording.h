/*
 * A decision of the core as the journal's records have it: remarks for the publisher, and
 * deliveries, which have no numbers yet. All of it stands in the router's arena.
 */
#ifndef ROUTER_RECORDING_H
#define ROUTER_RECORDING_H

#include "router/decided.h"

struct core_decision;
struct core_delivery;

/* Adds the remarks of a decision, as many as an answer takes. */
void recording_remarks(struct router *router, const struct core_decision *decision,
                       struct decided *out);

/*
 * A delivery. `number` is that of the event which the record itself will hold; 0: it will hold
 * none. -1: the event behind it cannot be found in the journal.
 */
int recording_delivery(struct router *router, const struct core_delivery *from, uint64_t number,
                       Samenloop__V1__Queued **out, struct sl_error *error);

/* Memory in the arena, which has no limit; never NULL. */
void *recording_room(struct router *router, size_t size);
/* Bytes of a record as a C string; NULL when there are none. */
const char *recording_text(struct router *router, ProtobufCBinaryData data);

#endif
