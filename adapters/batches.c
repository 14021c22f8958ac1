#include "adapters/batches.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct batches {
    struct batch *list; /* by record */
    size_t count, capacity;
    size_t low[SL_LANES];  /* all before it are answered, or another lane's */
    size_t next[SL_LANES]; /* all before it are that, or sent */
    uint64_t waiting[SL_LANES];
};

struct batches *batches_new(void)
{
    return sl_new(1, sizeof(struct batches));
}

void batches_free(struct batches *batches)
{
    if (batches == NULL)
        return;
    free(batches->list);
    free(batches);
}

void batches_add(struct batches *batches, uint64_t record, enum sl_lane lane, size_t events)
{
    batches->list = sl_grow(batches->list, &batches->capacity, batches->count + 1,
                            sizeof *batches->list);
    batches->list[batches->count++] = (struct batch){
        .record = record, .events = (uint16_t)events, .lane = (uint8_t)lane};
    batches->waiting[lane] += events;
}

/* The index of the first batch that is not before a record. */
static size_t index_of(const struct batches *batches, uint64_t record)
{
    size_t low = 0;
    size_t high = batches->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (batches->list[middle].record < record)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct batch *batches_find(const struct batches *batches, uint64_t record)
{
    size_t low = index_of(batches, record);
    bool found = low < batches->count && batches->list[low].record == record;
    return found ? &batches->list[low] : NULL;
}

static bool is_done(const struct batch *batch, enum sl_lane lane)
{
    return batch->lane != lane || batch->answer != 0;
}

static void settle(struct batches *batches, enum sl_lane lane)
{
    size_t *low = &batches->low[lane];
    while (*low < batches->count && is_done(&batches->list[*low], lane))
        (*low)++;
    if (batches->next[lane] < *low)
        batches->next[lane] = *low;
}

bool batches_done(struct batches *batches, uint64_t before)
{
    size_t count = index_of(batches, before);
    for (int lane = SL_LANE_ACUTE; lane < SL_LANES; lane++) {
        settle(batches, (enum sl_lane)lane);
        if (batches->low[lane] < count)
            return false;
    }
    return true;
}

void batches_forget(struct batches *batches, uint64_t before)
{
    size_t gone = index_of(batches, before);
    assert(batches_done(batches, before));
    batches->count -= gone;
    memmove(batches->list, batches->list + gone, batches->count * sizeof *batches->list);
    for (int lane = SL_LANE_ACUTE; lane < SL_LANES; lane++) {
        batches->low[lane] -= gone;
        batches->next[lane] -= gone;
    }
}

uint64_t batches_unanswered(const struct batches *batches, uint64_t behind)
{
    for (size_t i = index_of(batches, behind + 1); i < batches->count; i++) {
        if (batches->list[i].answer == 0)
            return batches->list[i].record;
    }
    return 0;
}

bool batches_half_told(const struct batches *batches)
{
    for (size_t i = 0; i < batches->count; i++) {
        if (batches->list[i].answer == 0 && batches->list[i].told > 0)
            return true;
    }
    return false;
}

uint64_t batches_next(struct batches *batches, enum sl_lane lane, size_t events)
{
    settle(batches, lane);
    for (size_t *next = &batches->next[lane]; *next < batches->count; (*next)++) {
        struct batch *batch = &batches->list[*next];
        if (is_done(batch, lane) || batch->sent)
            continue;
        if (batch->events > events)
            return 0;
        batch->sent = true;
        (*next)++;
        return batch->record;
    }
    return 0;
}

void batches_answered(struct batches *batches, struct batch *batch, uint64_t answer)
{
    batch->answer = answer;
    batches->waiting[batch->lane] -= batch->events;
    settle(batches, (enum sl_lane)batch->lane);
}

void batches_later(struct batches *batches, struct batch *batch)
{
    size_t index = (size_t)(batch - batches->list);
    batch->sent = false;
    if (index < batches->next[batch->lane])
        batches->next[batch->lane] = index;
}

void batches_again(struct batches *batches)
{
    for (int lane = SL_LANE_ACUTE; lane < SL_LANES; lane++) {
        for (size_t i = batches->low[lane]; i < batches->next[lane]; i++) {
            if (batches->list[i].lane == lane)
                batches->list[i].sent = false;
        }
        batches->next[lane] = batches->low[lane];
    }
}

uint64_t batches_waiting(const struct batches *batches, enum sl_lane lane)
{
    return batches->waiting[lane];
}
