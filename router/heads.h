/*
 * The journal's signed heads: a checkpoint of so many records, and so long after something changed,
 * is written into the journal and delivered to every participant, with the proof that the tree is
 * what it was at the checkpoint before, and more (schemas/checkpoint.h). What an adapter holds of
 * them shows that nothing that the router accepted has vanished, changed or been slipped in.
 *
 * A checkpoint's own record, and that its deliveries ended, are no change: a router at rest makes
 * none.
 */
#ifndef ROUTER_HEADS_H
#define ROUTER_HEADS_H

#include "schemas/checkpoint.h"

struct router;
struct router_setup;

enum { HEADS_RECORDS = 65536, HEADS_MINUTES = 10 }; /* where the setup says nothing */

struct heads {
    EVP_PKEY *key;      /* NULL: none are made */
    uint64_t records;   /* a checkpoint at least every so many, */
    int64_t wait;       /* and so long (ms) after a change */
    uint64_t size;      /* records under the last one; 0: none yet */
    int64_t at;         /* when it was made */
    sl_hash root;       /* as it says */
    int64_t changed_at; /* something has changed since; 0: nothing */
};

/* The key and the rhythm of a setup. */
void heads_setup(struct router *router, const struct router_setup *setup);

/* The last checkpoint in the journal must be one of what stands before it: `damaged` else. */
int heads_check(struct router *router, struct sl_error *error);

/* Appends the last head, signed; nothing where there is none. */
void heads_last(const struct router *router, struct sl_buffer *note);

/* Makes a checkpoint if one is due, or, with `now`, if anything has changed. -1: the journal
 * failed. */
int heads_time(struct router *router, bool now, struct sl_error *error);
int64_t heads_wake(const struct router *router); /* ms since 1970; INT64_MAX: not at all */

#endif
