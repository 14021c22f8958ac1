#include "adapters/leftovers.h"

#include <stdlib.h>

void leftovers_clear(struct leftovers *leftovers)
{
    free(leftovers->list);
    *leftovers = (struct leftovers){0};
}

/* The place of the first that is not before this batch. */
static size_t place_of(const struct leftovers *leftovers, uint64_t batch)
{
    size_t low = 0;
    size_t high = leftovers->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (leftovers->list[middle].batch < batch)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint64_t leftovers_find(const struct leftovers *leftovers, uint64_t batch)
{
    size_t at = place_of(leftovers, batch);
    return at < leftovers->count && leftovers->list[at].batch == batch ? leftovers->list[at].record
                                                                       : 0;
}

void leftovers_note(struct leftovers *leftovers, uint64_t batch, uint64_t record)
{
    size_t at = place_of(leftovers, batch);
    if (at == leftovers->count || leftovers->list[at].batch != batch) {
        leftovers->list = sl_grow(leftovers->list, &leftovers->capacity, leftovers->count + 1,
                                  sizeof *leftovers->list);
        for (size_t i = leftovers->count++; i > at; i--)
            leftovers->list[i] = leftovers->list[i - 1];
    }
    leftovers->list[at] = (struct leftover){batch, record};
}

void leftovers_forget(struct leftovers *leftovers, uint64_t before)
{
    size_t gone = place_of(leftovers, before);
    leftovers->count -= gone;
    for (size_t i = 0; i < leftovers->count; i++)
        leftovers->list[i] = leftovers->list[i + gone];
}

size_t leftovers_empty(struct sl_arena *arena, const Samenloop__V1__OutboxBatch *batch,
                       Samenloop__V1__OutboxContent *content, struct sl_bytes subject, size_t *left)
{
    static const Samenloop__V1__OutboxEvent nothing = SAMENLOOP__V1__OUTBOX_EVENT__INIT;
    size_t emptied = 0;
    *left = 0;
    for (size_t i = 0; i < content->n_events; i++) {
        const Samenloop__V1__Header *header = (const void *)sl_arena_unpack(
            arena, &samenloop__v1__header__descriptor, sl_from_pb(batch->headers[i]));
        bool empty = content->events[i]->subject.len == 0 && content->events[i]->n_sections == 0;
        if (empty)
            continue;
        if (header == NULL || !sl_bytes_equal(sl_from_pb(header->subject), subject)) {
            ++*left;
            continue;
        }
        *content->events[i] = nothing;
        emptied++;
    }
    return emptied;
}
