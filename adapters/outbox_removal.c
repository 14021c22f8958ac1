#include "adapters/outbox_state.h"

#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- what is old */

static int64_t written_at(struct sl_arena *arena, const struct sl_record *record)
{
    if (record->kind == SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_OUTBOX_BATCH) {
        const Samenloop__V1__OutboxBatch *batch = (const void *)sl_arena_unpack(
            arena, &samenloop__v1__outbox_batch__descriptor, record->kept);
        return batch == NULL ? 0 : batch->at;
    }
    if (record->kind == SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_OUTBOX_HOUSE) {
        const Samenloop__V1__House *house = (const void *)sl_arena_unpack(
            arena, &samenloop__v1__house__descriptor, record->kept);
        return house == NULL ? 0 : house->at;
    }
    return 0;
}

int outbox_release(struct outbox *outbox, int64_t before, int64_t now, struct sl_error *error)
{
    uint64_t end = 0;
    int old = keeping_old(&outbox->keeping, outbox->log, written_at, before, &end, error);
    if (old <= 0 || !batches_done(outbox->batches, end))
        return old < 0 ? -1 : 0;
    if (receipts_write_again(&outbox->receipts, outbox->log, end, error) < 0 ||
        keeping_houses(outbox->log, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_OUTBOX_HOUSE,
                       outbox->known->houses, PLACE_OUTBOX, end, now, error) < 0 ||
        sl_log_sync(outbox->log, error) < 0 || sl_log_release(outbox->log, end, error) < 0)
        return -1;
    batches_forget(outbox->batches, end);
    leftovers_forget(&outbox->leftovers, end);
    known_forget(outbox->known, PLACE_OUTBOX, end);
    if (outbox->read < end)
        outbox->read = 0;
    return 1;
}

/* ---------------------------------------------------------------- erasure */

/* Records whose content is to go. */
struct going {
    uint64_t *numbers;
    size_t count, capacity;
};

static void let_go(struct going *going, uint64_t number)
{
    going->numbers = sl_grow(going->numbers, &going->capacity, going->count + 1,
                             sizeof *going->numbers);
    going->numbers[going->count++] = number;
}

/* What is left of an answered batch without a house's events is written again. */
static int leave(struct outbox *outbox, const struct sl_record *record, struct sl_bytes subject,
                 struct going *going, struct sl_error *error)
{
    const struct batch *batch = batches_find(outbox->batches, record->number);
    struct outbox_batch read = {0};
    size_t left = 0;
    uint64_t written = 0;
    Samenloop__V1__OutboxLeft kept = SAMENLOOP__V1__OUTBOX_LEFT__INIT;
    if (record->erased)
        let_go(going, record->number); /* a crash may have left half of it */
    if (batch == NULL || batch->answer == 0)
        return 0;
    if (outbox_read(outbox, record->number, &read, error) < 0)
        return -1;
    if (read.content == NULL)
        return 0;
    Samenloop__V1__OutboxContent *content = (void *)(uintptr_t)read.content; /* of its arena */
    outbox->read = 0;
    if (leftovers_empty(&outbox->arena, read.kept, content, subject, &left) == 0)
        return 0;
    kept.batch = batch->record;
    if (left > 0 && outbox_write(outbox, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_OUTBOX_LEFT,
                                 &kept.base, &content->base, &written, error) < 0)
        return -1;
    leftovers_note(&outbox->leftovers, batch->record, written);
    let_go(going, batch->record);
    return 0;
}

/* One that holds no more goes, now or once more. */
static int look_at_left(struct outbox *outbox, const struct sl_record *record, struct going *going,
                        struct sl_error *error)
{
    const Samenloop__V1__OutboxLeft *left = (const void *)sl_arena_unpack(
        &outbox->arena, &samenloop__v1__outbox_left__descriptor, record->kept);
    if (left == NULL)
        return outbox_damaged(error, record->number);
    if (record->erased || leftovers_find(&outbox->leftovers, left->batch) != record->number)
        let_go(going, record->number);
    return 0;
}

static int look_at(struct outbox *outbox, const struct sl_record *record, struct sl_bytes subject,
                   struct going *going, struct sl_error *error)
{
    sl_arena_clear(&outbox->arena);
    if (record->kind == SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_OUTBOX_BATCH)
        return leave(outbox, record, subject, going, error);
    if (record->kind == SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_OUTBOX_LEFT)
        return look_at_left(outbox, record, going, error);
    if (record->kind != SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_OUTBOX_HOUSE)
        return 0;
    const Samenloop__V1__House *house = (const void *)sl_arena_unpack(
        &outbox->arena, &samenloop__v1__house__descriptor, record->kept);
    if (house != NULL && sl_bytes_equal(sl_from_pb(house->pseudonym), subject))
        let_go(going, record->number);
    return 0;
}

/* 1: the batch has an event of the house; -1. */
static int is_about(struct outbox *outbox, uint64_t record, struct sl_bytes subject,
                    struct sl_error *error)
{
    struct outbox_batch batch;
    if (outbox_read(outbox, record, &batch, error) < 0)
        return -1;
    for (uint32_t i = 0; i < batch.kept->n_headers; i++) {
        sl_arena_clear(&outbox->arena);
        const Samenloop__V1__Header *header = outbox_header_at(&outbox->arena, batch.kept, i);
        if (header == NULL)
            return outbox_damaged(error, record);
        if (sl_bytes_equal(sl_from_pb(header->subject), subject))
            return 1;
    }
    return 0;
}

int outbox_waits_about(struct outbox *outbox, const uint8_t subject[SL_HASH_SIZE],
                       struct sl_error *error)
{
    struct sl_bytes house = sl_bytes(subject, SL_HASH_SIZE);
    const struct batch *found = batches_find(outbox->batches, outbox->waits);
    if (found != NULL && found->answer == 0 &&
        sl_bytes_equal(house, sl_bytes(outbox->waits_about, SL_HASH_SIZE)))
        return 1; /* as when it was asked last: a long backlog is not read again and again */
    for (uint64_t record = 0; (record = batches_unanswered(outbox->batches, record)) != 0;) {
        int result = is_about(outbox, record, house, error);
        if (result == 0)
            continue;
        outbox->waits = record;
        memcpy(outbox->waits_about, subject, SL_HASH_SIZE);
        return result;
    }
    return 0;
}

int outbox_erase(struct outbox *outbox, const uint8_t subject[SL_HASH_SIZE], struct sl_error *error)
{
    if (outbox_sync(outbox, error) < 0) /* only what is synced can be erased */
        return -1;
    struct sl_log_reader *reader = sl_log_reader_new(outbox->log, 1);
    struct going going = {0};
    uint64_t last = sl_log_last(outbox->log);
    struct sl_record record = {0};
    int result = 0;
    while (record.number < last && (result = sl_log_reader_next(reader, &record, error)) > 0) {
        result = look_at(outbox, &record, sl_bytes(subject, SL_HASH_SIZE), &going, error);
        if (result < 0)
            break;
    }
    sl_log_reader_free(reader);
    if (result >= 0)
        result = outbox_sync(outbox, error);
    if (result == 0 && going.count > 0)
        result = sl_log_erase(outbox->log, going.numbers, going.count, error);
    if (result == 0)
        houses_forget(outbox->known->houses, subject);
    free(going.numbers);
    return result;
}
