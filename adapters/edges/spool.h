/*
 * The spool edge of an adapter: a back office that exchanges files. All in one folder, SPOOL, on
 * one file system; whoever may write to in/ROLE speaks in that role, so the folders' permissions
 * are what a token is for HTTP. Folders that are missing are made.
 *
 *   in/ROLE/NAME.json         one CloudEvent, or a list of them (a batch). The back office writes
 *                             it elsewhere on the file system and moves it here (rename). When it
 *                             has left, the event is on stable storage. In the names' order.
 *   taken/ROLE/NAME.json      where it is then, for people to look back; removing it is the back
 *                             office's (it holds personal data)
 *   rejected/ROLE/NAME.json   one that is refused, all of it or, of a batch, some events (the
 *                             others are taken, and moving the file in again is safe)
 *   rejected/ROLE/NAME.json.reason.json   {"code":…,"sentence":…,"field":…}, and for a batch
 *                             "events":[{"id":…,"source":…,"status":"accepted"|"duplicate"|
 *                             "refused","code":…,"sentence":…,"field":…}] in its order
 *   taking/ROLE               the adapter's own: between in and taken
 *   out/ROLE/LANE-POSITION.json   an item of the role's inbox, whole and synced. LANE is 1 (acute),
 *                             2 (urgent), 3 (ordinary), POSITION has 20 digits: the names' order
 *                             is the order to take them in.
 *   out/ROLE/done/            moving the file here (rename) is the acknowledgement; the adapter
 *                             removes it when the inbox is synced. A file that is removed instead
 *                             was not acknowledged: it comes again when the adapter starts.
 *
 * Looked at in in/ROLE are regular files whose name ends in ".json" and does not begin with a dot;
 * whatever else is there is left alone and never opened. A name of more than 200 bytes is cut in
 * taken and rejected, and one that is there already gets a number behind it.
 *
 * Never lost: a file leaves in/ after the sync, and an item is acknowledged when its file is in
 * done/. Never twice: events are told apart by source and id, items by their position; a file goes
 * from out to done only, so one that is in neither was never written. (So a spool belongs to one
 * inbox: with another inbox goes an empty SPOOL/out.) A file that is exchanged while it is read is
 * noticed, and the second one is taken too. A file keeps its place when the disk is full.
 *
 * The folders are looked through every quarter of a second. What one round does, and what is
 * remembered, is bounded, however many files there are: of out/ROLE at most SPOOL_MAX_OUT a lane
 * stand at once, so that a backlog hides no acute item.
 *
 *     for (;;) {
 *         samenloop_turn(line, NULL, 0, spool_timeout(spool, elapsed));  with the sync
 *         spool_answer(spool, elapsed);
 *         spool_take(spool, elapsed);
 *     }
 */
#ifndef ADAPTERS_EDGES_SPOOL_H
#define ADAPTERS_EDGES_SPOOL_H

#include "adapters/samenloop.h"
#include "schemas/error.h"

struct spool;

enum {
    SPOOL_ROLES = 4,
    SPOOL_MAX_FILE = 4 * 1024 * 1024,  /* of a batch; one event has SL_MAX_EVENT at most */
    SPOOL_MAX_TAKEN = 256,             /* files that are handed in before a sync, by role; */
    SPOOL_MAX_BYTES = 8 * 1024 * 1024, /* and their bytes; a file more may pass it */
    SPOOL_MAX_NAMES = 1024,            /* names that are remembered, by role */
    SPOOL_MAX_SCAN = 2048,             /* of a folder's entries are looked at in a round */
    SPOOL_MAX_OUT = 256,               /* files in out/ROLE, by lane */
    SPOOL_MAX_WRITTEN = 32,            /* of them in a round, by role */
    SPOOL_PERIOD = 250,                /* ms between two looks */
    SPOOL_PAUSE = 1000,                /* ms after trouble */
};

/* Everything is the caller's; only `house` must outlive the edge. */
struct spool_setup {
    struct samenloop *house;
    const char *folder;
    enum samenloop_role roles[SPOOL_ROLES];
    size_t role_count;
};

/* -1 with a sentence when a folder cannot be made or opened, or another process uses the spool. */
int spool_open(struct spool **out, const struct spool_setup *setup, struct sl_error *error);
void spool_close(struct spool *spool); /* NULL is fine */

/* How long to wait at most, in ms. `elapsed` is in ms and never goes back. */
int spool_timeout(const struct spool *spool, int64_t elapsed);
/* Hands files in, acknowledges, and writes files out. */
void spool_take(struct spool *spool, int64_t elapsed);
/* After the house's sync: files that have their answer leave. */
void spool_answer(struct spool *spool, int64_t elapsed);

/* For people: what stands in the way (a read-only folder, a full disk), or empty. */
const char *spool_trouble(const struct spool *spool);

/* Files since the edge was opened. */
struct spool_counts {
    uint64_t taken;
    uint64_t rejected;
    uint64_t written;
    uint64_t acknowledged;
};
void spool_counts(const struct spool *spool, struct spool_counts *out);

#endif
