#include "adapters/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "adapters/batches.h"
#include "adapters/keeping.h"
#include "adapters/leftovers.h"
#include "adapters/receipts.h"
#include "schemas/limits.h"
#include "schemas/log/log.h"

struct outbox {
    struct sl_log *log;
    struct known *known;
    struct batches *batches;
    struct receipts receipts; /* that wait to be receipted */
    struct keeping keeping;
    struct leftovers leftovers; /* of batches with an erasure */
    /* The batch that was read last. */
    uint64_t read;
    struct outbox_batch batch;
    struct sl_arena batch_arena;
    struct sl_arena arena;   /* for one call */
    struct sl_arena results; /* of outbox_result */
    struct sl_buffer kept, content;
};

static const ProtobufCMessageDescriptor *const batch_type =
    &samenloop__v1__outbox_batch__descriptor;

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

static int damaged(struct sl_error *error, uint64_t record)
{
    return sl_fail(error, SL_DAMAGED, "outbox: record %llu is not what it should be",
                   (unsigned long long)record);
}

static bool batch_is_good(const Samenloop__V1__OutboxBatch *batch,
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
            return damaged(error, left);
    }
    outbox->batch.content = (void *)sl_arena_unpack(
        &outbox->batch_arena, &samenloop__v1__outbox_content__descriptor, record.content);
    return outbox->batch.content == NULL ? damaged(error, record.number) : 0;
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
        return result < 0 ? -1 : damaged(error, number);
    sl_arena_clear(&outbox->batch_arena);
    outbox->read = 0;
    outbox->batch.kept = (const void *)sl_arena_unpack(&outbox->batch_arena, batch_type,
                                                       record.kept);
    outbox->batch.content = NULL;
    bool is_batch = record.kind == SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_OUTBOX_BATCH;
    if (is_batch && read_content(outbox, &record, error) < 0)
        return -1;
    if (!is_batch || !batch_is_good(outbox->batch.kept, outbox->batch.content))
        return damaged(error, number);
    outbox->read = number;
    *out = outbox->batch;
    return 0;
}

static const Samenloop__V1__Header *
header_at(struct sl_arena *arena, const Samenloop__V1__OutboxBatch *batch, uint32_t index)
{
    if (batch == NULL || index >= batch->n_headers)
        return NULL;
    const Samenloop__V1__Header *header = (const void *)sl_arena_unpack(
        arena, &samenloop__v1__header__descriptor, sl_from_pb(batch->headers[index]));
    return header != NULL && header->event_id.len == SL_UUID_SIZE ? header : NULL;
}

static int append(struct outbox *outbox, Samenloop__V1__RecordKind kind,
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
    if (append(outbox, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_OUTBOX_BATCH, &kept.base,
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
        const Samenloop__V1__Header *known = header_at(&outbox->arena, batch.kept, place.index);
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
        const Samenloop__V1__Header *known = header_at(&outbox->arena, batch.kept, place.index);
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
    const Samenloop__V1__Header *header = header_at(&outbox->arena, batch->kept, index);
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

/* The batch, where an event in it was refused; most of the time nothing is to be read. */
static int read_refused(struct outbox *outbox, const struct batch *batch,
                        Samenloop__V1__Result *const *results, struct outbox_batch *out,
                        struct sl_error *error)
{
    for (uint32_t i = 0; i < batch->events; i++) {
        if (is_refused(results[i]))
            return outbox_read(outbox, batch->record, out, error);
    }
    return 0;
}

static void note_answer(struct outbox *outbox, struct batch *batch, uint64_t answer,
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
    if (read_refused(outbox, batch, results, &read, error) < 0 ||
        append(outbox, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_OUTBOX_ANSWERED, &kept.base, NULL,
               &number, error) < 0)
        return -1;
    note_answer(outbox, batch, number, results, &read);
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
        return damaged(error, batch->answer);
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

/* ---------------------------------------------------------------- what is old */

static int64_t written_at(struct sl_arena *arena, const struct sl_record *record)
{
    if (record->kind == SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_OUTBOX_BATCH) {
        const Samenloop__V1__OutboxBatch *batch = (const void *)sl_arena_unpack(arena, batch_type,
                                                                                record->kept);
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
    if (left > 0 && append(outbox, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_OUTBOX_LEFT, &kept.base,
                           &content->base, &written, error) < 0)
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
        return damaged(error, record->number);
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

/* ---------------------------------------------------------------- the fold */

static int fold_batch(struct outbox *outbox, const struct sl_record *record, struct sl_error *error)
{
    const Samenloop__V1__OutboxBatch *batch = (const void *)sl_arena_unpack(
        &outbox->arena, batch_type, record->kept);
    const Samenloop__V1__OutboxContent *content = NULL;
    if (!record->erased)
        content = (const void *)sl_arena_unpack(
            &outbox->arena, &samenloop__v1__outbox_content__descriptor, record->content);
    if (!batch_is_good(batch, content) || (content == NULL && !record->erased))
        return damaged(error, record->number);
    batches_add(outbox->batches, record->number, (enum sl_lane)batch->lane, batch->n_headers);
    for (uint32_t i = 0; i < batch->n_headers; i++) {
        const Samenloop__V1__Header *header = header_at(&outbox->arena, batch, i);
        struct sl_bytes none = {0};
        if (header == NULL)
            return damaged(error, record->number);
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
        return damaged(error, record->number);
    struct outbox_batch read = {0};
    if (read_refused(outbox, batch, answer->results, &read, error) < 0)
        return -1;
    note_answer(outbox, batch, record->number, answer->results, &read);
    return 0;
}

/* Its houses and ids are known by what stands here. */
static int fold_left(struct outbox *outbox, const struct sl_record *record, struct sl_error *error)
{
    const Samenloop__V1__OutboxLeft *left = (const void *)sl_arena_unpack(
        &outbox->arena, &samenloop__v1__outbox_left__descriptor, record->kept);
    struct outbox_batch batch = {0};
    if (left == NULL)
        return damaged(error, record->number);
    if (left->batch < sl_log_first(outbox->log))
        return 0; /* the batch is gone */
    leftovers_note(&outbox->leftovers, left->batch, record->number);
    outbox->read = 0;
    if (record->erased || batches_find(outbox->batches, left->batch) == NULL)
        return 0;
    if (outbox_read(outbox, left->batch, &batch, error) < 0)
        return -1;
    for (uint32_t i = 0; batch.content != NULL && i < batch.kept->n_headers; i++) {
        const Samenloop__V1__Header *header = header_at(&outbox->arena, batch.kept, i);
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
    return good ? 0 : damaged(error, record->number);
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
