/*
 * A snapshot of the router's state beside its journal, so that a start folds only what came since.
 *
 * The journal stays the only truth. A snapshot is bound to it by the root of the tree over the
 * records in it; one that is torn, changed, of another journal or of records that are not there is
 * refused with a note, and the whole journal is folded. So is one by another program than this very
 * one (the linker's build id says which): bytes are those of memory, and another version may decide
 * otherwise, which folding finds and tells. Which agreements held is read from the journal.
 *
 * The records that were not folded are checked beside the running router (checking.h), the heads of
 * their segments at once; so damage in them is found too, only later.
 *
 * It is written under another name, synced, and renamed; one is there at a time, named by the last
 * record in it (20 digits and `.snapshot`). It holds what follows from what the journal keeps, and
 * none of the contents that can be erased; an erasure removes it all the same, before it is told as
 * done.
 *
 * Bytes: struct head of snapshot.c, then the image (core/image.h), with a CRC-32C each.
 */
#ifndef ROUTER_SNAPSHOT_H
#define ROUTER_SNAPSHOT_H

#include "schemas/error.h"

struct router;

enum { SNAPSHOT_RECORDS = 1000 * 1000 }; /* one at least every so many */

/*
 * Puts the state of a snapshot into a router that has its journal open and nothing folded, if there
 * is one that is good. -1: it broke off or the journal is damaged; the router is good for
 * router_close alone.
 */
int snapshot_read(struct router *router, struct sl_error *error);

/* Writes one, if there is news; all is synced and told. A disk that is full or fails is no harm. */
void snapshot_write(struct router *router);
/* The same, where many records came since the last; by a child process, if the setup says so: the
 * router does not stop for it. */
void snapshot_aside(struct router *router);
/* A child that writes one ends, whether it is done or not. */
void snapshot_end(struct router *router);

/* There is none any more; 0 once that is on stable storage. */
int snapshot_drop(struct router *router, struct sl_error *error);

#endif
