/*
 * The erasure of a house's content from the journal (AVG): the sealed sections of its events go,
 * their leaves stay, so the tree's root is what it was. The journal is looked through a piece a
 * round, and nobody waits for it. Then the content goes, and then a record says who asked and why,
 * and tells everybody who received something about the house (a delivery of kind erasure). A crash
 * in between leaves an erasure without a record, and an operator without an answer: asking again
 * does it all again.
 *
 * Deliveries in a higher lane can come after the erasure's, but not with content: what is sent is
 * read from the journal when it is sent, so what goes out behind the record has none, and what went
 * out before it is before it on the connection, or lost with that and read anew.
 */
#ifndef ROUTER_ERASURE_H
#define ROUTER_ERASURE_H

#include "schemas/error.h"
#include "schemas/subject.h"

struct router;

struct erasure_wanted {
    uint8_t subject[SL_PSEUDONYM_SIZE];
    const char *who;
    const char *why;
};

struct erasure_result {
    struct sl_error error; /* SL_OK: it is done */
    uint64_t events;       /* of the house, whose content is gone */
    uint64_t told;         /* participants */
};

/* -1 with `overload` when another one is under way, or the disk is full. Words are copied. */
int erasure_begin(struct router *router, const struct erasure_wanted *wanted,
                  struct sl_error *error);

/* Goes on with what is under way, a round's piece. -1: the journal failed. */
int erasure_step(struct router *router, struct sl_error *error);

/* Is one under way? Then router_time is wanted again at once. */
bool erasure_goes_on(const struct router *router);

/* Has one ended since the last call? */
bool erasure_ended(struct router *router, struct erasure_result *out);

void erasure_free(struct router *router);

#endif
