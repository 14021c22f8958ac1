/*
 * An open outbox, shared by its three files and nobody else: outbox.c (what it has, takes and
 * sends), outbox_open.c (how it is opened and closed), outbox_removal.c (what leaves it).
 */
#ifndef ADAPTER_OUTBOX_STATE_H
#define ADAPTER_OUTBOX_STATE_H

#include "adapters/batches.h"
#include "adapters/keeping.h"
#include "adapters/leftovers.h"
#include "adapters/outbox.h"
#include "adapters/receipts.h"
#include "schemas/log/log.h"

struct outbox {
    struct sl_log *log;
    struct known *known;
    struct batches *batches;
    struct receipts receipts; /* that wait to be receipted */
    struct keeping keeping;
    struct leftovers leftovers;        /* of batches with an erasure */
    uint64_t waits;                    /* a batch that an erasure was found waiting for, */
    uint8_t waits_about[SL_HASH_SIZE]; /* and the house */
    /* The batch that was read last. */
    uint64_t read;
    struct outbox_batch batch;
    struct sl_arena batch_arena;
    struct sl_arena arena;   /* for one call */
    struct sl_arena results; /* of outbox_result */
    struct sl_buffer kept, content;
};

int outbox_damaged(struct sl_error *error, uint64_t record); /* -1, SL_DAMAGED */

/* Is this what a batch's record may hold? `content` is NULL where it is not looked at. */
bool outbox_batch_is_good(const Samenloop__V1__OutboxBatch *batch,
                          const Samenloop__V1__OutboxContent *content);

/* A header of a batch, in the arena; NULL: there is none, or it is damaged. */
const Samenloop__V1__Header *
outbox_header_at(struct sl_arena *arena, const Samenloop__V1__OutboxBatch *batch, uint32_t index);

/* Appends a record; `content` may be NULL. */
int outbox_write(struct outbox *outbox, Samenloop__V1__RecordKind kind,
                 const ProtobufCMessage *kept, const ProtobufCMessage *content, uint64_t *number,
                 struct sl_error *error);

/*
 * An answer is taken in two steps, so that it is taken whole or not at all: the batch is read where
 * an event in it was refused (most of the time nothing is to be read), and when the answer stands
 * in the log, as record `answer`, the ids of those refused are free.
 */
int outbox_read_refused(struct outbox *outbox, const struct batch *batch,
                        Samenloop__V1__Result *const *results, struct outbox_batch *out,
                        struct sl_error *error);
void outbox_note_answer(struct outbox *outbox, struct batch *batch, uint64_t answer,
                        Samenloop__V1__Result *const *results, const struct outbox_batch *read);

#endif
