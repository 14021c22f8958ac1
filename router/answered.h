/*
 * Which batches were answered: of each outbox and lane the last position, and where the last
 * ANSWERED_BATCHES stand in the journal, so that a batch that comes again is answered again in the
 * same words. Made by the records as they are written or folded. The outbox that was silent longest
 * makes room for a new one.
 */
#ifndef ROUTER_ANSWERED_H
#define ROUTER_ANSWERED_H

#include "samenloop/v1/log.pb-c.h"
#include "schemas/limits.h"
#include "schemas/log/log.h"

enum { ANSWERED_BATCHES = SL_CREDIT, ANSWERED_OUTBOXES = 64 };

struct answered;
struct image;

struct answered_outbox {
    const char *participant;
    struct sl_bytes identity;
    Samenloop__V1__Lane lane;
};

struct answered *answered_new(void);
void answered_free(struct answered *answered); /* NULL is fine */

/* A batch begins with this record; the one before it, had it no answer for every event, was never
 * answered. -1: SL_DAMAGED, it is no batch. */
int answered_begin(struct answered *answered, uint64_t record,
                   const Samenloop__V1__JournalBatch *batch, struct sl_error *error);
/* One more event of the batch of this record has its answer; with the last one the batch has. */
void answered_event(struct answered *answered, uint64_t batch);

/* The position of the last batch of this outbox and lane that was answered; 0: none. */
uint64_t answered_last(const struct answered *answered, const struct answered_outbox *outbox);
/* The record of the batch at this position, when it was answered and is remembered; 0: it is not.
 */
uint64_t answered_find(const struct answered *answered, const struct answered_outbox *outbox,
                       uint64_t position);

/* Moves all of it into or out of an image (core/image.h), into one that has nothing. */
void answered_image(struct answered *answered, struct image *image);

#endif
