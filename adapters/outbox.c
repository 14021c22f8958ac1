#include "adapters/outbox_state.h"

#include "schemas/limits.h"

/* ---------------------------------------------------------------- sending */

uint64_t outbox_next(struct outbox *outbox, enum sl_lane lane, size_t events)
{
    return batches_next(outbox->batches, lane, events);
}

void outbox_again(struct outbox *outbox)
{
    batches_again(outbox->batches);
    receipts_again(&outbox->receipts);
}

void outbox_later(struct outbox *outbox, uint64_t record)
{
    struct batch *batch = batches_find(outbox->batches, record);
    if (batch != NULL && batch->answer == 0)
        batches_later(outbox->batches, batch);
}

enum outbox_batch_state outbox_batch_state(const struct outbox *outbox, uint64_t record,
                                           enum sl_lane *lane, size_t *events)
{
    const struct batch *batch = batches_find(outbox->batches, record);
    if (batch == NULL)
        return OUTBOX_NO_BATCH;
    *lane = (enum sl_lane)batch->lane;
    *events = batch->events;
    if (batch->answer != 0)
        return OUTBOX_ANSWERED;
    return batch->sent ? OUTBOX_SENT : OUTBOX_WAITING;
}

void outbox_told(struct outbox *outbox, uint64_t record, size_t events)
{
    struct batch *batch = batches_find(outbox->batches, record);
    if (batch != NULL && batch->answer == 0 && events <= batch->events && events > batch->told)
        batch->told = (uint16_t)events;
}

size_t outbox_told_of(const struct outbox *outbox, uint64_t record)
{
    const struct batch *batch = batches_find(outbox->batches, record);
    return batch == NULL ? 0 : batch->told;
}

bool outbox_half_told(const struct outbox *outbox)
{
    return batches_half_told(outbox->batches);
}

uint64_t outbox_waiting(const struct outbox *outbox, enum sl_lane lane)
{
    return batches_waiting(outbox->batches, lane);
}

/* ---------------------------------------------------------------- the log */

int outbox_damaged(struct sl_error *error, uint64_t record)
{
    return sl_fail(error, SL_DAMAGED, "outbox: record %llu is not what it should be",
                   (unsigned long long)record);
}

bool outbox_batch_is_good(const Samenloop__V1__OutboxBatch *batch,
                          const Samenloop__V1__OutboxContent *content)
{
    return batch != NULL && batch->proof != NULL && batch->n_headers > 0 &&
           batch->n_headers <= SL_MAX_BATCH && (int)batch->lane > SL_NO_LANE &&
           (int)batch->lane < SL_LANES &&
           (content == NULL || content->n_events == batch->n_headers);
}

/* The content of a batch, or what is left of it; its record is not to be looked at any more. */
static int read_content(struct outbox *outbox, const struct sl_record *batch,
                        struct sl_error *error)
{
    struct sl_record record = *batch;
    uint64_t left = leftovers_find(&outbox->leftovers, batch->number);
    if (batch->erased && left == 0)
        return 0;
    if (batch->erased) {
        int result = sl_log_read(outbox->log, left, &record, error);
        if (result < 0 || (result == 1 && record.erased))
            return result < 0 ? -1 : 0;
        if (result == 0)
            return outbox_damaged(error, left);
    }
    outbox->batch.content = (void *)sl_arena_unpack(
        &outbox->batch_arena, &samenloop__v1__outbox_content__descriptor, record.content);
    return outbox->batch.content == NULL ? outbox_damaged(error, record.number) : 0;
}

int outbox_read(struct outbox *outbox, uint64_t number, struct outbox_batch *out,
                struct sl_error *error)
{
    if (outbox->read == number) {
        *out = outbox->batch;
        return 0;
    }
    struct sl_record record;
    int result = sl_log_read(outbox->log, number, &record, error);
    if (result <= 0)
        return result < 0 ? -1 : outbox_damaged(error, number);
    sl_arena_clear(&outbox->batch_arena);
    outbox->read = 0;
    outbox->batch.kept = (const void *)sl_arena_unpack(
        &outbox->batch_arena, &samenloop__v1__outbox_batch__descriptor, record.kept);
    outbox->batch.content = NULL;
    bool is_batch = record.kind == SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_OUTBOX_BATCH;
    if (is_batch && read_content(outbox, &record, error) < 0)
        return -1;
    if (!is_batch || !outbox_batch_is_good(outbox->batch.kept, outbox->batch.content))
        return outbox_damaged(error, number);
    outbox->read = number;
    *out = outbox->batch;
    return 0;
}

const Samenloop__V1__Header *
outbox_header_at(struct sl_arena *arena, const Samenloop__V1__OutboxBatch *batch, uint32_t index)
{
    if (batch == NULL || index >= batch->n_headers)
        return NULL;
    const Samenloop__V1__Header *header = (const void *)sl_arena_unpack(
        arena, &samenloop__v1__header__descriptor, sl_from_pb(batch->headers[index]));
    return header != NULL && header->event_id.len == SL_UUID_SIZE ? header : NULL;
}

int outbox_write(struct outbox *outbox, Samenloop__V1__RecordKind kind,
                 const ProtobufCMessage *kept, const ProtobufCMessage *content, uint64_t *number,
                 struct sl_error *error)
{
    sl_buffer_clear(&outbox->kept);
    sl_buffer_clear(&outbox->content);
    sl_buffer_pack(&outbox->kept, kept);
    if (content != NULL)
        sl_buffer_pack(&outbox->content, content);
    struct sl_entry entry = {(uint16_t)kind, sl_buffer_bytes(&outbox->kept),
                             sl_buffer_bytes(&outbox->content)};
    return sl_log_append(outbox->log, &entry, 1, number, error);
}

int outbox_append(struct outbox *outbox, enum sl_lane lane, const Samenloop__V1__Bundle *bundle,
                  const struct sl_event *events, int64_t now, struct sl_error *error)
{
    size_t count = bundle->n_envelopes;
    Samenloop__V1__OutboxBatch kept = SAMENLOOP__V1__OUTBOX_BATCH__INIT;
    Samenloop__V1__OutboxContent content = SAMENLOOP__V1__OUTBOX_CONTENT__INIT;
    sl_arena_clear(&outbox->arena);
    Samenloop__V1__OutboxEvent *list = sl_arena_alloc(&outbox->arena, count * sizeof *list);
    kept.lane = (Samenloop__V1__Lane)lane;
    kept.proof = bundle->proof;
    kept.headers = sl_arena_alloc(&outbox->arena, count * sizeof *kept.headers);
    kept.n_headers = count;
    kept.at = now;
    content.events = sl_arena_alloc(&outbox->arena, count * sizeof(void *));
    content.n_events = count;
    for (size_t i = 0; i < count; i++) {
        Samenloop__V1__OutboxEvent *event = content.events[i] = &list[i];
        samenloop__v1__outbox_event__init(event);
        kept.headers[i] = bundle->envelopes[i]->header;
        event->id = sl_to_pb(events[i].id);
        event->subject = sl_to_pb(sl_text(events[i].subject));
        event->sections = bundle->envelopes[i]->sections;
        event->n_sections = bundle->envelopes[i]->n_sections;
    }
    uint64_t record = 0;
    if (outbox_write(outbox, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_OUTBOX_BATCH, &kept.base,
                     &content.base, &record, error) < 0)
        return -1;
    batches_add(outbox->batches, record, lane, count);
    for (size_t i = 0; i < count; i++)
        known_event(outbox->known,
                    (struct place){.log = PLACE_OUTBOX, .record = record, .index = (uint32_t)i},
                    sl_from_pb(events[i].header.event_id), events[i].id,
                    sl_from_pb(events[i].header.subject), sl_text(events[i].subject));
    return 0;
}

bool outbox_dirty(const struct outbox *outbox)
{
    return sl_log_last(outbox->log) > sl_log_synced(outbox->log);
}

int outbox_sync(struct outbox *outbox, struct sl_error *error)
{
    struct sl_error ignored = {0};
    if (!outbox_dirty(outbox))
        return 0;
    if (sl_log_sync(outbox->log, error) < 0)
        return -1;
    (void)sl_log_step(outbox->log, &ignored); /* a full disk shows when a record finds no room */
    return 0;
}

int outbox_make_room(struct outbox *outbox, struct sl_error *error)
{
    return sl_log_make_room(outbox->log, UINT64_MAX, error);
}

/* ---------------------------------------------------------------- what it has */

enum outbox_known outbox_look(struct outbox *outbox, const Samenloop__V1__Header *header,
                              struct sl_error *error)
{
    struct place place = {0};
    size_t cursor = 0;
    while (places_next(outbox->known->events, sl_from_pb(header->event_id), &cursor, &place)) {
        struct outbox_batch batch = {0};
        if (place.log != PLACE_OUTBOX || place.refused)
            continue;
        if (outbox_read(outbox, place.record, &batch, error) < 0)
            return OUTBOX_FAILED;
        sl_arena_clear(&outbox->arena);
        const Samenloop__V1__Header *known = outbox_header_at(&outbox->arena, batch.kept,
                                                              place.index);
        if (known == NULL ||
            !sl_bytes_equal(sl_from_pb(known->event_id), sl_from_pb(header->event_id)) ||
            !sl_bytes_equal(sl_from_pb(known->source), sl_from_pb(header->source)))
            continue;
        return sl_bytes_equal(sl_from_pb(known->content_mac), sl_from_pb(header->content_mac))
                   ? OUTBOX_SAME
                   : OUTBOX_OTHER;
    }
    return OUTBOX_FREE;
}

int outbox_find(struct outbox *outbox, const uint8_t uuid[SL_UUID_SIZE], struct sl_bytes source,
                struct place *out, struct sl_error *error)
{
    struct place place = {0};
    size_t cursor = 0;
    int found = 0;
    struct sl_bytes key = sl_bytes(uuid, SL_UUID_SIZE);
    while (places_next(outbox->known->events, key, &cursor, &place)) {
        struct outbox_batch batch = {0};
        if (place.log != PLACE_OUTBOX || (found == 1 && place.record < out->record))
            continue;
        if (outbox_read(outbox, place.record, &batch, error) < 0)
            return -1;
        sl_arena_clear(&outbox->arena);
        const Samenloop__V1__Header *known = outbox_header_at(&outbox->arena, batch.kept,
                                                              place.index);
        if (known == NULL || !sl_bytes_equal(sl_from_pb(known->event_id), key) ||
            !sl_bytes_equal(sl_from_pb(known->source), source))
            continue;
        *out = place;
        found = 1;
    }
    return found;
}

/* ---------------------------------------------------------------- answers */

/* The id of an event that was refused is free again. */
static void free_id(struct outbox *outbox, const struct outbox_batch *batch, uint64_t record,
                    uint32_t index)
{
    sl_arena_clear(&outbox->arena);
    const Samenloop__V1__Header *header = outbox_header_at(&outbox->arena, batch->kept, index);
    struct place place = {0};
    size_t cursor = 0;
    if (header == NULL)
        return;
    struct sl_bytes key = sl_from_pb(header->event_id);
    while (places_next(outbox->known->events, key, &cursor, &place)) {
        if (place.log != PLACE_OUTBOX || place.record != record || place.index != index)
            continue;
        place.refused = true;
        places_replace(outbox->known->events, key, cursor, place);
        return;
    }
}

static bool is_refused(const Samenloop__V1__Result *result)
{
    return result->verdict == SAMENLOOP__V1__VERDICT__VERDICT_REFUSED;
}

int outbox_read_refused(struct outbox *outbox, const struct batch *batch,
                        Samenloop__V1__Result *const *results, struct outbox_batch *out,
                        struct sl_error *error)
{
    for (uint32_t i = 0; i < batch->events; i++) {
        if (is_refused(results[i]))
            return outbox_read(outbox, batch->record, out, error);
    }
    return 0;
}

void outbox_note_answer(struct outbox *outbox, struct batch *batch, uint64_t answer,
                        Samenloop__V1__Result *const *results, const struct outbox_batch *read)
{
    for (uint32_t i = 0; i < batch->events; i++) {
        if (is_refused(results[i]))
            free_id(outbox, read, batch->record, i);
    }
    batches_answered(outbox->batches, batch, answer);
}

int outbox_answered(struct outbox *outbox, uint64_t record, Samenloop__V1__Result *const *results,
                    size_t count, struct sl_error *error)
{
    struct batch *batch = batches_find(outbox->batches, record);
    struct outbox_batch read = {0};
    uint64_t number = 0;
    if (batch == NULL || batch->answer != 0 || batch->events != count)
        return sl_fail(error, SL_PROTOCOL, "an answer to no batch that waits");
    Samenloop__V1__OutboxAnswered kept = SAMENLOOP__V1__OUTBOX_ANSWERED__INIT;
    kept.batch = record;
    kept.results = (Samenloop__V1__Result **)(uintptr_t)results;
    kept.n_results = count;
    if (outbox_read_refused(outbox, batch, results, &read, error) < 0 ||
        outbox_write(outbox, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_OUTBOX_ANSWERED, &kept.base,
                     NULL, &number, error) < 0)
        return -1;
    outbox_note_answer(outbox, batch, number, results, &read);
    return 0;
}

int outbox_result(struct outbox *outbox, struct place place, const Samenloop__V1__Result **out,
                  struct sl_error *error)
{
    const struct batch *batch = batches_find(outbox->batches, place.record);
    struct sl_record record;
    *out = NULL;
    if (batch == NULL || batch->answer == 0)
        return 0;
    int result = sl_log_read(outbox->log, batch->answer, &record, error);
    if (result <= 0)
        return result; /* 0: not synced yet, so it counts as waiting */
    sl_arena_clear(&outbox->results);
    const Samenloop__V1__OutboxAnswered *answer = (const void *)sl_arena_unpack(
        &outbox->results, &samenloop__v1__outbox_answered__descriptor, record.kept);
    if (answer == NULL || place.index >= answer->n_results)
        return outbox_damaged(error, batch->answer);
    *out = answer->results[place.index];
    return 0;
}

/* ---------------------------------------------------------------- receipts */

int outbox_receipt(struct outbox *outbox, struct outbox_receipt receipt, struct sl_error *error)
{
    if (receipts_find(&outbox->receipts, receipt.lane, receipt.number, receipt.role) != NULL)
        return 0;
    return receipts_write(&outbox->receipts, outbox->log, receipt, error);
}

bool outbox_next_receipt(struct outbox *outbox, struct outbox_receipt *out)
{
    return receipts_next(&outbox->receipts, out);
}

int outbox_receipted(struct outbox *outbox, enum sl_lane lane, uint64_t number, enum sl_role role,
                     struct sl_error *error)
{
    const struct receipt *receipt = receipts_find(&outbox->receipts, lane, number, role);
    return receipt == NULL ? 0 : receipts_end(&outbox->receipts, outbox->log, receipt, error);
}

int outbox_drop_receipts(struct outbox *outbox, struct sl_error *error)
{
    struct receipts *receipts = &outbox->receipts;
    while (receipts->count > 0) {
        if (receipts_end(receipts, outbox->log, &receipts->list[receipts->count - 1], error) < 0)
            return -1;
    }
    return 0;
}
