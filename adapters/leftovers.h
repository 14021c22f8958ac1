/*
 * What stays of a batch in the outbox when the content of one of its houses is erased: a batch is
 * of many houses, and its record's content goes as a whole. So the rest of it is written again
 * first, as a record of its own with the same events in the same order, those of the house empty;
 * when that is on stable storage the old content goes. A crash in between leaves both, and the
 * erasure, which comes again, leaves one.
 */
#ifndef ADAPTER_LEFTOVERS_H
#define ADAPTER_LEFTOVERS_H

#include "samenloop/v1/log.pb-c.h"
#include "schemas/bytes.h"

struct leftover {
    uint64_t batch;  /* record of the outbox */
    uint64_t record; /* where the rest of its content stands */
};

/* Rising by batch. Begin with {0}; end with leftovers_clear. Some bytes a batch with an erasure. */
struct leftovers {
    struct leftover *list;
    size_t count, capacity;
};

void leftovers_clear(struct leftovers *leftovers);

/* The record with what is left of a batch; 0: its own has it, or all of it is gone. */
uint64_t leftovers_find(const struct leftovers *leftovers, uint64_t batch);
/* It stands there from now on; 0: nothing is left of it. */
void leftovers_note(struct leftovers *leftovers, uint64_t batch, uint64_t record);
/* Batches before this one are gone. */
void leftovers_forget(struct leftovers *leftovers, uint64_t before);

/*
 * Empties the events of a house in a batch's content, in place. Gives how many events it has of the
 * house (that were not empty before); *left: of others.
 */
size_t leftovers_empty(struct sl_arena *arena, const Samenloop__V1__OutboxBatch *batch,
                       Samenloop__V1__OutboxContent *content, struct sl_bytes subject,
                       size_t *left);

#endif
