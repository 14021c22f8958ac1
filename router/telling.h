/*
 * The routing log as the journal tells it: the same lines, in the same order, that the router gave
 * out while it wrote the journal, refusals and repetitions too. What a crash kept from the log's
 * file is in here. The journal is only read, and a router may be writing it meanwhile.
 *
 * A line belongs to a record; a version of the router that decides otherwise than the one that
 * wrote the record gives other lines (router_figures, `differing`).
 */
#ifndef ROUTER_TELLING_H
#define ROUTER_TELLING_H

#include "schemas/bytes.h"
#include "schemas/error.h"

struct router;
struct sl_storage;
struct watch;

/* Gets the lines of a record, each ended by a line feed; good during the call. -1 ends all. */
typedef int (*telling_reader)(void *context, struct sl_bytes lines, struct sl_error *error);

/* The storage stays the caller's; what is given is closed with router_close. */
int telling_open(struct router **out, struct sl_storage *journal, struct sl_error *error);

/* These are told too, of what is told from now on. The watcher outlives the router. */
void telling_watch(struct router *router, const struct watch *watch);

/* Tells what the journal holds and was not told yet. */
int telling_more(struct router *router, telling_reader read, void *context, struct sl_error *error);

/* The obligations that are open now, as lines of the log that have no moment. */
void telling_obligations(struct router *router, struct sl_buffer *lines);

#endif
