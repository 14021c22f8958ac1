#include "router/recent.h"

#include <stdlib.h>

struct kept {
    struct recent_batch batch;
    struct sl_arena arenas[2];
    size_t bytes;
};

/* A ring, in the order of the records. */
struct recent {
    struct kept ring[RECENT_BATCHES];
    size_t oldest, count;
    size_t bytes;
};

struct recent *recent_new(void)
{
    return sl_new(1, sizeof(struct recent));
}

static struct kept *at(struct recent *recent, size_t place)
{
    return &recent->ring[(recent->oldest + place) % RECENT_BATCHES];
}

/* Forgets the oldest; its arenas are the caller's. */
static void drop(struct recent *recent, struct sl_arena arenas[2])
{
    const struct kept *gone = at(recent, 0);
    arenas[0] = gone->arenas[0];
    arenas[1] = gone->arenas[1];
    recent->bytes -= gone->bytes;
    recent->oldest = (recent->oldest + 1) % RECENT_BATCHES;
    recent->count--;
}

void recent_clear(struct recent *recent)
{
    while (recent->count > 0) {
        struct sl_arena arenas[2];
        drop(recent, arenas);
        sl_arena_free(&arenas[0]);
        sl_arena_free(&arenas[1]);
    }
}

static bool is_full(const struct recent *recent, size_t bytes)
{
    return recent->count == RECENT_BATCHES || recent->bytes + bytes > RECENT_BYTES;
}

void recent_free(struct recent *recent)
{
    if (recent == NULL)
        return;
    recent_clear(recent);
    free(recent);
}

/* The memory changes places; what the arena is for stays. */
static void exchange(struct sl_arena *mine, struct sl_arena *theirs)
{
    struct sl_arena swapped = *mine;
    swapped.limit = theirs->limit;
    swapped.borrows = theirs->borrows;
    *mine = *theirs;
    *theirs = swapped;
}

void recent_keep(struct recent *recent, const struct recent_batch *batch, struct sl_arena *first,
                 struct sl_arena *second)
{
    struct kept one = {.batch = *batch, .bytes = first->used + second->used};
    if (one.bytes > RECENT_BYTES / 2)
        return;
    while (recent->count > 0 && is_full(recent, one.bytes)) {
        sl_arena_free(&one.arenas[0]);
        sl_arena_free(&one.arenas[1]);
        drop(recent, one.arenas); /* the last one's memory is used again */
    }
    sl_arena_clear(&one.arenas[0]);
    sl_arena_clear(&one.arenas[1]);
    exchange(&one.arenas[0], first);
    exchange(&one.arenas[1], second);
    recent->bytes += one.bytes;
    *at(recent, recent->count++) = one;
}

static const struct recent_batch *find(const struct recent *recent, uint64_t record)
{
    for (size_t i = recent->count; i > 0; i--) {
        const struct kept *one = &recent->ring[(recent->oldest + i - 1) % RECENT_BATCHES];
        if (record >= one->batch.record)
            return record <= one->batch.record + one->batch.count ? &one->batch : NULL;
    }
    return NULL;
}

const struct recent_batch *recent_batch(const struct recent *recent, uint64_t record)
{
    const struct recent_batch *found = find(recent, record);
    return found != NULL && found->record == record ? found : NULL;
}

const struct recent_event *recent_event(const struct recent *recent, uint64_t record)
{
    const struct recent_batch *found = find(recent, record);
    if (found == NULL || found->record == record)
        return NULL;
    const struct recent_event *event = &found->events[record - found->record - 1];
    return event->event == NULL ? NULL : event;
}
