/*
 * Batches that were written lately, with all that was decoded and decided for them. Most deliveries
 * go out, and are answered, while their batch is here: nothing of them is then read from the disk
 * or decoded again. What is not here stands in the journal.
 */
#ifndef ROUTER_RECENT_H
#define ROUTER_RECENT_H

#include "samenloop/v1/log.pb-c.h"
#include "samenloop/v1/wire.pb-c.h"
#include "schemas/bytes.h"

enum {
    RECENT_BATCHES = 64,
    RECENT_BYTES = 16 * 1024 * 1024, /* of all of them; a batch of more than half is not kept */
};

struct recent_event {
    const Samenloop__V1__JournalEvent *event; /* NULL: the batch's event was not accepted */
    const Samenloop__V1__Header *header;
    const Samenloop__V1__Sections *sections;
    struct sl_bytes content; /* the sections, packed */
};

struct recent_batch {
    uint64_t record; /* of the batch; its events' follow, one by one */
    const Samenloop__V1__JournalBatch *batch;
    const struct recent_event *events;
    size_t count;
};

struct recent;

struct recent *recent_new(void);
void recent_free(struct recent *recent); /* NULL is fine */

/*
 * Keeps a batch that was written, and its memory: all of it lies in these two arenas, in whose
 * place come others, cleared. The oldest go.
 */
void recent_keep(struct recent *recent, const struct recent_batch *batch, struct sl_arena *first,
                 struct sl_arena *second);
/* Forgets all: something in the journal has been erased. */
void recent_clear(struct recent *recent);

/* By their records; NULL: not here. Good until the next batch is kept. */
const struct recent_batch *recent_batch(const struct recent *recent, uint64_t record);
const struct recent_event *recent_event(const struct recent *recent, uint64_t record);

#endif
