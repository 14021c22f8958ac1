/*
 * What stands behind a delivery: the words that its record holds, and the event that it is about.
 * What was read last is remembered, since many deliveries in a row stand in one record.
 */
#ifndef ROUTER_SOURCE_H
#define ROUTER_SOURCE_H

#include "router/delivery.h"
#include "router/journal.h"
#include "router/recent.h"

/* Begin with {.journal = ..., .arena = ...}; good until the arena is cleared. */
struct source {
    struct journal *journal;
    struct sl_arena *arena;
    uint64_t record; /* read last; 0: none */
    const ProtobufCMessage *message;
    uint64_t event_record;
    const Samenloop__V1__JournalEvent *event;
    const struct recent_event *recent; /* the same, where it is still in memory */
    struct sl_bytes content;
    uint64_t batch_record;
    const Samenloop__V1__JournalBatch *batch;
};

/* The delivery's words; NULL with SL_DAMAGED when the record does not hold it. */
const Samenloop__V1__Queued *source_queued(struct source *source, const struct delivery *delivery,
                                           struct sl_error *error);

/* Reads the event behind a delivery into the source; -1. Not for checkpoints and erasures. */
int source_event(struct source *source, const struct delivery *delivery,
                 const Samenloop__V1__Queued *queued, struct sl_error *error);

/* The header of the event that was read; NULL: it has none. */
const Samenloop__V1__Header *source_header(struct source *source);

/* The sections of the event that was read; NULL: none, or erased. */
const Samenloop__V1__Sections *source_sections(struct source *source);

/* The batch of the event that was read; NULL: it could not be read. */
const Samenloop__V1__JournalBatch *source_batch(struct source *source, struct sl_error *error);

/* Is it about an event? */
bool source_has_event(const Samenloop__V1__Queued *queued);

#endif
