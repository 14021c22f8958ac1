/*
 * The journal: the log as the router keeps it (log.proto, the part "journal"). Records are appended
 * and synced together; what is read back is decoded into an arena.
 *
 * Beside the log it keeps what finds things in it again: where every JOURNAL_STRIDEth event stands
 * (the others are a few records further), what was written lately (recent.h), and which batches
 * were answered (answered.h). All are made by the fold.
 *
 * The records of a batch follow each other: JournalBatch, then an Event, Refused or Duplicate for
 * each of its leaves, in their order. After a crash the end of the last batch may be missing; such
 * a batch was never answered, and is taken as new when it comes again.
 */
#ifndef ROUTER_JOURNAL_H
#define ROUTER_JOURNAL_H

#include "samenloop/v1/log.pb-c.h"
#include "schemas/limits.h"
#include "schemas/log/log.h"

enum { JOURNAL_STRIDE = 32 };

struct answered;
struct image;
struct journal;
struct recent;

/* Opens or makes it. The storage stays the caller's. */
int journal_open(struct journal **out, struct sl_storage *storage, uint64_t segment_bytes,
                 struct sl_error *error);
/* Opens one for reading alone, while a router may be writing it; the second takes in what was
 * written since. */
int journal_open_past(struct journal **out, struct sl_storage *storage, struct sl_error *error);
int journal_refresh(struct journal *journal, struct sl_error *error);
void journal_close(struct journal *journal); /* what was not synced is dropped; NULL is fine */

const uint8_t *journal_identity(const struct journal *journal); /* SL_LOG_ID_SIZE bytes */
uint64_t journal_events(const struct journal *journal);         /* the last event's number */
struct recent *journal_recent(const struct journal *journal);
const struct answered *journal_answered(const struct journal *journal);

/* The last record that is neither a checkpoint nor the end of deliveries; 0: none. */
uint64_t journal_news(const struct journal *journal);

/* ---------------------------------------------------------------- folding and writing */

/* A record, decoded; `message` is a Journal... message by its kind. */
typedef int (*journal_visitor)(void *context, uint64_t record, Samenloop__V1__RecordKind kind,
                               const ProtobufCMessage *message, struct sl_error *error);

/*
 * Gives every record since the last call to the visitor, in order; the first -1 ends it for good.
 * A journal that is written must have been folded once, first.
 */
int journal_fold(struct journal *journal, journal_visitor visit, void *context,
                 struct sl_error *error);

/* Appends a record; nothing of it is to be told before journal_sync gave 0. */
int journal_append(struct journal *journal, Samenloop__V1__RecordKind kind,
                   const ProtobufCMessage *kept, struct sl_bytes content, uint64_t *record,
                   struct sl_error *error);
int journal_sync(struct journal *journal, struct sl_error *error);

/* Appends that deliveries were done, which nobody waits for: what a crash takes of it is delivered
 * again, and the receiver knows it. */
int journal_append_done(struct journal *journal, const Samenloop__V1__JournalEnded *done,
                        struct sl_error *error);
bool journal_is_due(const struct journal *journal); /* something else was, since the last sync */
bool journal_is_synced(const struct journal *journal);

/*
 * Makes room ahead, a little a call. -1: SL_FULL, nothing should be taken on until journal_room
 * says that there is room again; or the disk has failed.
 */
int journal_step(struct journal *journal, struct sl_error *error);
/* Is there room for `size` bytes of records, whatever happens to the disk? As sl_log_make_room. */
int journal_room(struct journal *journal, uint64_t size, struct sl_error *error);

/* Erases the content of these records; 0 once it is gone from stable storage, and from memory. */
int journal_erase(struct journal *journal, const uint64_t *records, size_t count,
                  struct sl_error *error);

/* The root of the tree over records 1 to `size`, which are synced; the proof that all that is
 * synced has grown from it (sl_log_prove_growth). `damaged` where it is not known. */
int journal_root(struct journal *journal, uint64_t size, sl_hash root, struct sl_error *error);
int journal_prove_growth(struct journal *journal, uint64_t size, struct sl_buffer *nodes,
                         struct sl_error *error);

/*
 * Moves what finds things again into or out of an image (core/image.h); out of it, into a journal
 * that was not folded, of which the fold then begins behind record `position`.
 */
void journal_image(struct journal *journal, struct image *image, uint64_t position);
/* The records that say which agreement holds, in their order. */
const uint64_t *journal_agreements(const struct journal *journal, size_t *count);

/* ---------------------------------------------------------------- reading */

/* The log under it, for one who reads its records as they stand. */
struct sl_log *journal_log(const struct journal *journal);
uint64_t journal_synced(const struct journal *journal); /* the last record on stable storage */

/*
 * Reads a record into the arena; what was appended and not synced is synced first. NULL when there
 * is none of this kind (RECORD_KIND_UNSPECIFIED: of any). `content` (may be NULL) gets a copy of
 * what can be erased; empty when it was.
 */
const ProtobufCMessage *journal_read(struct journal *journal, struct sl_arena *arena,
                                     uint64_t record, Samenloop__V1__RecordKind kind,
                                     struct sl_bytes *content, struct sl_error *error);

uint64_t journal_last(const struct journal *journal); /* the last record's number; 0: none */

/* The record of the event with this number; 0: none, or it could not be read. */
uint64_t journal_find_event(struct journal *journal, uint64_t number, struct sl_error *error);

/* The deliveries that a record brought about; none for kinds that bring none about. */
size_t journal_queued(const ProtobufCMessage *record, Samenloop__V1__Queued ***queued);

/* The results of an answered batch, from its records, in the arena. */
int journal_read_results(struct journal *journal, struct sl_arena *arena, uint64_t batch,
                         Samenloop__V1__Published *out, struct sl_error *error);

#endif
