/*
 * The outbox's batches in memory, 24 bytes each: which wait, which were sent on this connection,
 * which is next in a lane.
 */
#ifndef ADAPTER_BATCHES_H
#define ADAPTER_BATCHES_H

#include "schemas/catalogue.h"

struct batch {
    uint64_t record; /* of the outbox */
    uint64_t answer; /* record of the router's answer; 0: it waits */
    uint16_t events;
    uint16_t told; /* of the first so many the back office has been told what it must hear */
    uint8_t lane;
    bool sent;
};

struct batches;

struct batches *batches_new(void);
void batches_free(struct batches *batches); /* NULL is fine */

/* Records rise. */
void batches_add(struct batches *batches, uint64_t record, enum sl_lane lane, size_t events);
/* NULL: no such batch. Good until the next batches_add. */
struct batch *batches_find(const struct batches *batches, uint64_t record);

/* Are all before a record answered? Then they can be forgotten. */
bool batches_done(struct batches *batches, uint64_t before);
void batches_forget(struct batches *batches, uint64_t before);
/* The first behind this record that waits for its answer; 0: none. */
uint64_t batches_unanswered(const struct batches *batches, uint64_t behind);
/* Has the back office been told of a part of a batch that waits? */
bool batches_half_told(const struct batches *batches);

/* The next of a lane with at most `events` events that waits and was not sent; it now is. 0: none.
 */
uint64_t batches_next(struct batches *batches, enum sl_lane lane, size_t events);
void batches_answered(struct batches *batches, struct batch *batch, uint64_t answer);
void batches_later(struct batches *batches, struct batch *batch); /* it was not sent after all */
void batches_again(struct batches *batches);                      /* none was */

uint64_t batches_waiting(const struct batches *batches, enum sl_lane lane); /* events */

#endif
