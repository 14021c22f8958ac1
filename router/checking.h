/*
 * What a snapshot spares the start from reading is read beside the running router, a piece a round,
 * so that nobody waits for it. Damage found so ends the router with the sentence that a start
 * without a snapshot would have ended with: segment and offset; and the snapshot goes, so that the
 * next start does end so. Until it is found nothing is taken from the damaged part, for every
 * record that is read is checked.
 */
#ifndef ROUTER_CHECKING_H
#define ROUTER_CHECKING_H

#include <stdbool.h>
#include <stdint.h>

#include "schemas/error.h"

struct router;
struct sl_log_reader;

enum { CHECKING_BYTES = 256 * 1024 }; /* of records, read in a round */

struct checking {
    struct sl_log_reader *reader; /* NULL: there is nothing to be read */
    uint64_t until;               /* the last record of it */
    uint64_t done;                /* the last one that was read */
};

/* The records up to this one are to be read; the heads of all segments are, at once. */
int checking_begin(struct router *router, uint64_t until, struct sl_error *error);
bool checking_goes_on(const struct router *router);
/* Reads on. -1: SL_DAMAGED, or the disk has failed. */
int checking_step(struct router *router, struct sl_error *error);
void checking_end(struct router *router); /* before the journal is closed */

#endif
