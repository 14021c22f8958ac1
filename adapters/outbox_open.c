#include "adapters/outbox_state.h"

#include <stdlib.h>

/* ---------------------------------------------------------------- the fold */

static int fold_batch(struct outbox *outbox, const struct sl_record *record, struct sl_error *error)
{
    const Samenloop__V1__OutboxBatch *batch = (const void *)sl_arena_unpack(
        &outbox->arena, &samenloop__v1__outbox_batch__descriptor, record->kept);
    const Samenloop__V1__OutboxContent *content = NULL;
    if (!record->erased)
        content = (const void *)sl_arena_unpack(
            &outbox->arena, &samenloop__v1__outbox_content__descriptor, record->content);
    if (!outbox_batch_is_good(batch, content) || (content == NULL && !record->erased))
        return outbox_damaged(error, record->number);
    batches_add(outbox->batches, record->number, (enum sl_lane)batch->lane, batch->n_headers);
    for (uint32_t i = 0; i < batch->n_headers; i++) {
        const Samenloop__V1__Header *header = outbox_header_at(&outbox->arena, batch, i);
        struct sl_bytes none = {0};
        if (header == NULL)
            return outbox_damaged(error, record->number);
        known_event(outbox->known,
                    (struct place){.log = PLACE_OUTBOX, .record = record->number, .index = i},
                    sl_from_pb(header->event_id),
                    content == NULL ? none : sl_from_pb(content->events[i]->id),
                    sl_from_pb(header->subject),
                    content == NULL ? none : sl_from_pb(content->events[i]->subject));
    }
    return 0;
}

static int fold_answered(struct outbox *outbox, const struct sl_record *record,
                         struct sl_error *error)
{
    const Samenloop__V1__OutboxAnswered *answer = (const void *)sl_arena_unpack(
        &outbox->results, &samenloop__v1__outbox_answered__descriptor, record->kept);
    struct batch *batch = answer == NULL ? NULL : batches_find(outbox->batches, answer->batch);
    if (answer != NULL && answer->batch < sl_log_first(outbox->log))
        return 0; /* the batch is gone */
    if (batch == NULL || batch->answer != 0 || answer->n_results != batch->events)
        return outbox_damaged(error, record->number);
    struct outbox_batch read = {0};
    if (outbox_read_refused(outbox, batch, answer->results, &read, error) < 0)
        return -1;
    outbox_note_answer(outbox, batch, record->number, answer->results, &read);
    return 0;
}

/* Its houses and ids are known by what stands here. */
static int fold_left(struct outbox *outbox, const struct sl_record *record, struct sl_error *error)
{
    const Samenloop__V1__OutboxLeft *left = (const void *)sl_arena_unpack(
        &outbox->arena, &samenloop__v1__outbox_left__descriptor, record->kept);
    struct outbox_batch batch = {0};
    if (left == NULL)
        return outbox_damaged(error, record->number);
    if (left->batch < sl_log_first(outbox->log))
        return 0; /* the batch is gone */
    leftovers_note(&outbox->leftovers, left->batch, record->number);
    outbox->read = 0;
    if (record->erased || batches_find(outbox->batches, left->batch) == NULL)
        return 0;
    if (outbox_read(outbox, left->batch, &batch, error) < 0)
        return -1;
    for (uint32_t i = 0; batch.content != NULL && i < batch.kept->n_headers; i++) {
        const Samenloop__V1__Header *header = outbox_header_at(&outbox->arena, batch.kept, i);
        if (header != NULL)
            known_again(outbox->known,
                        (struct place){.log = PLACE_OUTBOX, .record = left->batch, .index = i},
                        sl_from_pb(batch.content->events[i]->id), sl_from_pb(header->subject),
                        sl_from_pb(batch.content->events[i]->subject), record->number);
    }
    return 0;
}

static int fold(struct outbox *outbox, const struct sl_record *record, struct sl_error *error)
{
    bool good = false;
    sl_arena_clear(&outbox->arena);
    sl_arena_clear(&outbox->results);
    switch (record->kind) {
    case SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_OUTBOX_BATCH:
        return fold_batch(outbox, record, error);
    case SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_OUTBOX_ANSWERED:
        return fold_answered(outbox, record, error);
    case SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_OUTBOX_RECEIPT:
    case SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_OUTBOX_RECEIPTED:
        good = receipts_fold(&outbox->receipts, &outbox->arena, record) == 0;
        break;
    case SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_OUTBOX_LEFT:
        return fold_left(outbox, record, error);
    case SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_OUTBOX_HOUSE:
        good = keeping_fold_house(&outbox->arena, record, outbox->known->houses, PLACE_OUTBOX) == 0;
        break;
    default:
        break;
    }
    return good ? 0 : outbox_damaged(error, record->number);
}

static int fold_all(struct outbox *outbox, struct sl_error *error)
{
    struct sl_log_reader *reader = sl_log_reader_new(outbox->log, 1);
    struct sl_record record;
    int result;
    while ((result = sl_log_reader_next(reader, &record, error)) > 0) {
        if (fold(outbox, &record, error) < 0) {
            result = -1;
            break;
        }
    }
    sl_log_reader_free(reader);
    return result;
}

int outbox_open(struct outbox **out, struct sl_storage *storage, uint64_t segment_bytes,
                struct known *known, struct sl_error *error)
{
    struct outbox *outbox = sl_new(1, sizeof *outbox);
    uint8_t identity[SL_LOG_ID_SIZE];
    struct sl_log_options options = {.identity = identity, .segment_bytes = segment_bytes};
    sl_random(identity, sizeof identity);
    outbox->known = known;
    outbox->batches = batches_new();
    sl_arena_init(&outbox->batch_arena, 0);
    sl_arena_init(&outbox->arena, 0);
    sl_arena_init(&outbox->results, 0);
    if (sl_log_open(&outbox->log, storage, "outbox", &options, error) < 0 ||
        fold_all(outbox, error) < 0) {
        outbox_close(outbox);
        return -1;
    }
    *out = outbox;
    return 0;
}

void outbox_close(struct outbox *outbox)
{
    if (outbox == NULL)
        return;
    sl_log_close(outbox->log);
    sl_arena_free(&outbox->batch_arena);
    sl_arena_free(&outbox->arena);
    sl_arena_free(&outbox->results);
    sl_buffer_free(&outbox->kept);
    sl_buffer_free(&outbox->content);
    batches_free(outbox->batches);
    receipts_clear(&outbox->receipts);
    leftovers_clear(&outbox->leftovers);
    free(outbox);
}

const uint8_t *outbox_identity(const struct outbox *outbox)
{
    return sl_log_identity(outbox->log);
}
