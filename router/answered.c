#include "router/answered.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "router/core/image.h"
#include "schemas/directory.h"

struct place {
    uint64_t position;
    uint64_t record;
};

/* The answered batches of one outbox and lane: a ring of the last ones. */
struct outbox {
    char participant[SL_NAME_SIZE];
    uint8_t identity[SL_LOG_ID_SIZE];
    Samenloop__V1__Lane lane;
    uint64_t last;  /* the highest position answered */
    uint64_t count; /* answered since the beginning */
    size_t capacity;
    struct place *ring;
};

struct answered {
    struct outbox outboxes[ANSWERED_OUTBOXES]; /* the one that was heard last comes first */
    size_t outbox_count;
    /* The batch that is being written or folded, of the first one. */
    uint64_t batch;
    size_t batch_left;
    uint64_t batch_position;
};

struct answered *answered_new(void)
{
    return sl_new(1, sizeof(struct answered));
}

void answered_free(struct answered *answered)
{
    if (answered == NULL)
        return;
    for (size_t i = 0; i < answered->outbox_count; i++)
        free(answered->outboxes[i].ring);
    free(answered);
}

static bool is_outbox(const struct outbox *outbox, const struct answered_outbox *wanted)
{
    return outbox->lane == wanted->lane && strcmp(outbox->participant, wanted->participant) == 0 &&
           sl_bytes_equal(sl_bytes(outbox->identity, SL_LOG_ID_SIZE), wanted->identity);
}

static const struct outbox *find_outbox(const struct answered *answered,
                                        const struct answered_outbox *wanted)
{
    for (size_t i = 0; i < answered->outbox_count; i++) {
        if (is_outbox(&answered->outboxes[i], wanted))
            return &answered->outboxes[i];
    }
    return NULL;
}

/* Brings an outbox to the front; a new one takes the place of the one that was silent longest. */
static struct outbox *meet_outbox(struct answered *answered, const struct answered_outbox *wanted)
{
    size_t at = 0;
    assert(wanted->identity.data != NULL);
    while (at < answered->outbox_count && !is_outbox(&answered->outboxes[at], wanted))
        at++;
    struct outbox found = {.lane = wanted->lane};
    if (at < answered->outbox_count) {
        found = answered->outboxes[at];
    } else {
        memcpy(found.participant, wanted->participant, strlen(wanted->participant) + 1);
        memcpy(found.identity, wanted->identity.data, SL_LOG_ID_SIZE);
        at = answered->outbox_count < ANSWERED_OUTBOXES ? answered->outbox_count++ : at - 1;
        free(answered->outboxes[at].ring);
    }
    memmove(&answered->outboxes[1], &answered->outboxes[0], at * sizeof found);
    answered->outboxes[0] = found;
    return &answered->outboxes[0];
}

static void widen(struct outbox *outbox)
{
    struct place *ring = NULL;
    size_t capacity = outbox->capacity == 0 ? 64 : 2 * outbox->capacity;
    ring = sl_new(capacity, sizeof *ring);
    for (uint64_t i = 0; i < outbox->count; i++)
        ring[i] = outbox->ring[i];
    free(outbox->ring);
    outbox->ring = ring;
    outbox->capacity = capacity;
}

static void remember_answer(struct outbox *outbox, uint64_t position, uint64_t record)
{
    if (outbox->count == outbox->capacity && outbox->capacity < ANSWERED_BATCHES)
        widen(outbox);
    outbox->ring[outbox->count++ % outbox->capacity] = (struct place){position, record};
    if (position > outbox->last)
        outbox->last = position;
}

int answered_begin(struct answered *answered, uint64_t record,
                   const Samenloop__V1__JournalBatch *batch, struct sl_error *error)
{
    char participant[SL_NAME_SIZE] = "";
    if (batch->participant.len >= sizeof participant || batch->outbox.len != SL_LOG_ID_SIZE ||
        batch->leaves.len == 0 || batch->leaves.len % SL_HASH_SIZE != 0)
        return sl_fail(error, SL_DAMAGED, "journal: record %llu is no batch",
                       (unsigned long long)record);
    memcpy(participant, batch->participant.data, batch->participant.len);
    struct answered_outbox outbox = {participant, sl_from_pb(batch->outbox), batch->lane};
    (void)meet_outbox(answered, &outbox);
    answered->batch = record;
    answered->batch_left = batch->leaves.len / SL_HASH_SIZE;
    answered->batch_position = batch->position;
    return 0;
}

void answered_event(struct answered *answered, uint64_t batch)
{
    if (batch != answered->batch || answered->batch_left == 0 || --answered->batch_left > 0)
        return;
    remember_answer(&answered->outboxes[0], answered->batch_position, batch);
}

uint64_t answered_last(const struct answered *answered, const struct answered_outbox *outbox)
{
    const struct outbox *found = find_outbox(answered, outbox);
    return found == NULL ? 0 : found->last;
}

uint64_t answered_find(const struct answered *answered, const struct answered_outbox *outbox,
                       uint64_t position)
{
    const struct outbox *found = find_outbox(answered, outbox);
    if (found == NULL || position > found->last)
        return 0;
    uint64_t kept = found->count < found->capacity ? found->count : found->capacity;
    for (uint64_t i = 1; i <= kept; i++) {
        const struct place *one = &found->ring[(found->count - i) % found->capacity];
        if (one->position == position)
            return one->record;
    }
    return 0;
}

/* A ring keeps its size, for places in it count modulo that. */
static void outbox_image(struct outbox *outbox, struct image *image)
{
    size_t capacity = outbox->capacity;
    IMAGE(image, outbox->participant);
    IMAGE(image, outbox->identity);
    IMAGE(image, outbox->lane);
    IMAGE(image, outbox->last);
    IMAGE(image, outbox->count);
    outbox->ring = image_list(image, outbox->ring, &capacity, sizeof *outbox->ring);
    outbox->capacity = capacity;
}

void answered_image(struct answered *answered, struct image *image)
{
    size_t count = answered->outbox_count;
    IMAGE(image, answered->batch);
    IMAGE(image, answered->batch_left);
    IMAGE(image, answered->batch_position);
    IMAGE(image, count);
    for (size_t i = 0; i < count && i < ANSWERED_OUTBOXES && !image->failed; i++) {
        answered->outbox_count = i + 1;
        outbox_image(&answered->outboxes[i], image);
    }
}
