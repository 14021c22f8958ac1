/*
 * The outbox: what this organisation has published, as it was sealed and signed, and what the
 * router answered. A log of batches, answers and receipts (log.proto).
 *
 * A segment goes (outbox_release) when all its batches are answered and it is older than the house
 * keeps. Its events are not known here any more: one that is handed in again goes to the router,
 * whose journal is whole and answers it as a duplicate, or as a conflict of ids.
 *
 * A batch is of one lane and is named by its record's number: its position on the wire. Each lane
 * has its own place in the log: the next batch to send is the first of the lane that was neither
 * answered nor sent on this connection. In memory are 24 bytes a batch and, in `struct known`, 16
 * bytes an event; everything else is read from the log when it is wanted.
 *
 * What is appended counts at once, and is durable when outbox_sync has returned 0. Functions that
 * can fail do so when the disk does (SL_IO, SL_DAMAGED), with nothing changed.
 */
#ifndef ADAPTER_OUTBOX_H
#define ADAPTER_OUTBOX_H

#include "adapters/known.h"
#include "samenloop/v1/log.pb-c.h"
#include "schemas/envelope.h"

struct outbox;
struct sl_storage;

/* `known` learns every event; it must outlive the outbox. The storage is the caller's. */
int outbox_open(struct outbox **out, struct sl_storage *storage, uint64_t segment_bytes,
                struct known *known, struct sl_error *error);
void outbox_close(struct outbox *outbox); /* NULL is fine */
const uint8_t *outbox_identity(const struct outbox *outbox);

/* Appends a sealed bundle of these events, all of one lane. */
int outbox_append(struct outbox *outbox, enum sl_lane lane, const Samenloop__V1__Bundle *bundle,
                  const struct sl_event *events, int64_t now, struct sl_error *error);
bool outbox_dirty(const struct outbox *outbox);
int outbox_sync(struct outbox *outbox, struct sl_error *error);
/* Is there room for whatever comes next? -1: SL_FULL, or the disk has failed. */
int outbox_make_room(struct outbox *outbox, struct sl_error *error);

/*
 * Removes the oldest segment, when all in it is answered and was written before `before`; receipts
 * and houses in it are written again. All is synced then. 1: it is gone, 0: there is none such,
 * -1: SL_FULL or SL_IO, to be tried again; else the disk has failed.
 */
int outbox_release(struct outbox *outbox, int64_t before, int64_t now, struct sl_error *error);

/*
 * Takes the content of a house's events out of the log, where the router has answered them:
 * sections, BAG number, the back office's own ids; and the house's number. 0 once that is on stable
 * storage; after a failure all of it is asked again. Looks at the whole log.
 */
int outbox_erase(struct outbox *outbox, const uint8_t subject[SL_HASH_SIZE],
                 struct sl_error *error);

/* Does an event of a house wait for the router's answer? The journal may have it already, and what
 * waits is sent again as it was, so an erasure comes after the answer. 1: it does, 0, -1. */
int outbox_waits_about(struct outbox *outbox, const uint8_t subject[SL_HASH_SIZE],
                       struct sl_error *error);

/* A batch as it stands in the log; good until the next outbox_read. */
struct outbox_batch {
    const Samenloop__V1__OutboxBatch *kept;
    const Samenloop__V1__OutboxContent *content; /* NULL: erased */
};
int outbox_read(struct outbox *outbox, uint64_t record, struct outbox_batch *out,
                struct sl_error *error);

/* Does the outbox have an event with this UUID and source? */
enum outbox_known {
    OUTBOX_FREE,  /* no, or the router refused it */
    OUTBOX_SAME,  /* yes, with this content */
    OUTBOX_OTHER, /* yes, with other content */
    OUTBOX_FAILED
};
enum outbox_known outbox_look(struct outbox *outbox, const Samenloop__V1__Header *header,
                              struct sl_error *error);

/* The newest place of an event. 1: `place` is set; 0: never handed in; -1: the disk failed. */
int outbox_find(struct outbox *outbox, const uint8_t uuid[SL_UUID_SIZE], struct sl_bytes source,
                struct place *place, struct sl_error *error);

/* ---------------------------------------------------------------- sending */

/* The next batch of a lane with at most `events` events; it counts as sent. 0: none now. */
uint64_t outbox_next(struct outbox *outbox, enum sl_lane lane, size_t events);

/* The connection ended: what was sent and not answered is sent again, from the beginning. */
void outbox_again(struct outbox *outbox);

/* What became of a batch that was sent. */
enum outbox_batch_state { OUTBOX_NO_BATCH, OUTBOX_WAITING, OUTBOX_SENT, OUTBOX_ANSWERED };
enum outbox_batch_state outbox_batch_state(const struct outbox *outbox, uint64_t record,
                                           enum sl_lane *lane, size_t *events);

/*
 * Takes the router's answer to a batch that was sent, a result an event and none of them `later`;
 * it is kept whole. Events that were refused are free again.
 */
int outbox_answered(struct outbox *outbox, uint64_t record, Samenloop__V1__Result *const *results,
                    size_t count, struct sl_error *error);
/* The batch is to be sent again. */
void outbox_later(struct outbox *outbox, uint64_t record);

/* The answer to an event; *out is NULL while it waits. Good until the next outbox_result. */
int outbox_result(struct outbox *outbox, struct place place, const Samenloop__V1__Result **out,
                  struct sl_error *error);

/*
 * Of an unanswered batch: how many events the back office has been told of, so that an answer that
 * comes again after a crash tells it nothing twice.
 */
void outbox_told(struct outbox *outbox, uint64_t record, size_t events);
bool outbox_half_told(const struct outbox *outbox); /* is there an unanswered one with any told? */
size_t outbox_told_of(const struct outbox *outbox, uint64_t record);

/* Events that wait for an answer, by lane. */
uint64_t outbox_waiting(const struct outbox *outbox, enum sl_lane lane);

/* ---------------------------------------------------------------- receipts */

struct outbox_receipt {
    enum sl_lane lane;
    uint64_t number;
    enum sl_role role;
    int64_t at;
};

/* A receipt to be sent until it is receipted. */
int outbox_receipt(struct outbox *outbox, struct outbox_receipt receipt, struct sl_error *error);
/* The next that was not sent on this connection; false: none. */
bool outbox_next_receipt(struct outbox *outbox, struct outbox_receipt *out);
/* One that does not wait is passed over. */
int outbox_receipted(struct outbox *outbox, enum sl_lane lane, uint64_t number, enum sl_role role,
                     struct sl_error *error);
/* Another journal feeds the inbox: its numbers are others. */
int outbox_drop_receipts(struct outbox *outbox, struct sl_error *error);

#endif
