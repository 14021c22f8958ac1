#include "router/journal.h"

#include <stdlib.h>
#include <string.h>

#include "router/answered.h"
#include "router/core/image.h"
#include "router/recent.h"

/* ---------------------------------------------------------------- the kinds, one table */

static const ProtobufCMessageDescriptor *const messages[] = {
    [SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_AGREEMENT] =
        &samenloop__v1__journal_agreement__descriptor,
    [SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_CARD] = &samenloop__v1__journal_card__descriptor,
    [SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_BATCH] = &samenloop__v1__journal_batch__descriptor,
    [SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_EVENT] = &samenloop__v1__journal_event__descriptor,
    [SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_REFUSED] = &samenloop__v1__journal_refused__descriptor,
    [SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_DUPLICATE] =
        &samenloop__v1__journal_duplicate__descriptor,
    [SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_ENDED] = &samenloop__v1__journal_ended__descriptor,
    [SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_DEAD_LETTER] =
        &samenloop__v1__journal_dead_letter__descriptor,
    [SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_RECEIPT] = &samenloop__v1__journal_receipt__descriptor,
    [SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_TICK] = &samenloop__v1__journal_tick__descriptor,
    [SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_ERASURE] = &samenloop__v1__journal_erasure__descriptor,
    [SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_CHECKPOINT] =
        &samenloop__v1__journal_checkpoint__descriptor,
};

static const ProtobufCMessageDescriptor *message_of(unsigned kind)
{
    return kind < sizeof messages / sizeof messages[0] ? messages[kind] : NULL;
}

/* ---------------------------------------------------------------- what finds things again */

struct journal {
    struct sl_log *log;
    struct recent *recent;
    struct answered *answered;
    uint64_t *strides; /* record of event 1, 1 + JOURNAL_STRIDE ... */
    size_t stride_capacity;
    uint64_t *agreements; /* records */
    size_t agreement_count;
    size_t agreement_capacity;
    uint64_t events;
    uint64_t news;   /* the last record that is no matter of course */
    uint64_t folded; /* the last record that was */
    bool due;        /* something was appended that is waited for */
    struct sl_buffer kept;
};

static int index_event(struct journal *journal, uint64_t record,
                       const Samenloop__V1__JournalEvent *event, struct sl_error *error)
{
    if (event->number != journal->events + 1)
        return sl_fail(error, SL_DAMAGED, "journal: record %llu is not event %llu",
                       (unsigned long long)record, (unsigned long long)journal->events + 1);
    if (journal->events % JOURNAL_STRIDE == 0) {
        size_t at = (size_t)(journal->events / JOURNAL_STRIDE);
        journal->strides = sl_grow(journal->strides, &journal->stride_capacity, at + 1,
                                   sizeof *journal->strides);
        journal->strides[at] = record;
    }
    journal->events++;
    answered_event(journal->answered, event->batch);
    return 0;
}

static int index_record(struct journal *journal, uint64_t record, unsigned kind,
                        const void *message, struct sl_error *error)
{
    if (kind != SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_ENDED &&
        kind != SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_CHECKPOINT)
        journal->news = record;
    switch (kind) {
    case SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_AGREEMENT:
        journal->agreements = sl_grow(journal->agreements, &journal->agreement_capacity,
                                      journal->agreement_count + 1, sizeof *journal->agreements);
        journal->agreements[journal->agreement_count++] = record;
        return 0;
    case SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_BATCH:
        return answered_begin(journal->answered, record, message, error);
    case SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_EVENT:
        return index_event(journal, record, message, error);
    case SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_REFUSED:
        answered_event(journal->answered, ((const Samenloop__V1__JournalRefused *)message)->batch);
        return 0;
    case SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_DUPLICATE:
        answered_event(journal->answered,
                       ((const Samenloop__V1__JournalDuplicate *)message)->batch);
        return 0;
    default:
        return 0;
    }
}

/* ---------------------------------------------------------------- open, fold, write */

int journal_open(struct journal **out, struct sl_storage *storage, uint64_t segment_bytes,
                 struct sl_error *error)
{
    struct journal *journal = sl_new(1, sizeof *journal);
    uint8_t identity[SL_LOG_ID_SIZE];
    sl_random(identity, sizeof identity);
    struct sl_log_options options = {
        .identity = identity, .tree = true, .segment_bytes = segment_bytes};
    if (sl_log_open(&journal->log, storage, "journal", &options, error) < 0) {
        free(journal);
        return -1;
    }
    journal->recent = recent_new();
    journal->answered = answered_new();
    *out = journal;
    return 0;
}

int journal_open_past(struct journal **out, struct sl_storage *storage, struct sl_error *error)
{
    struct journal *journal = sl_new(1, sizeof *journal);
    struct sl_log_options options = {.read_only = true};
    if (sl_log_open(&journal->log, storage, "journal", &options, error) < 0) {
        free(journal);
        return -1;
    }
    journal->recent = recent_new();
    journal->answered = answered_new();
    *out = journal;
    return 0;
}

int journal_refresh(struct journal *journal, struct sl_error *error)
{
    return sl_log_refresh(journal->log, error);
}

void journal_close(struct journal *journal)
{
    if (journal == NULL)
        return;
    sl_log_close(journal->log);
    answered_free(journal->answered);
    free(journal->strides);
    free(journal->agreements);
    recent_free(journal->recent);
    sl_buffer_free(&journal->kept);
    free(journal);
}

const struct answered *journal_answered(const struct journal *journal)
{
    return journal->answered;
}

struct recent *journal_recent(const struct journal *journal)
{
    return journal->recent;
}

const uint8_t *journal_identity(const struct journal *journal)
{
    return sl_log_identity(journal->log);
}

uint64_t journal_news(const struct journal *journal)
{
    return journal->news;
}

uint64_t journal_events(const struct journal *journal)
{
    return journal->events;
}

static int fold_record(struct journal *journal, struct sl_arena *arena,
                       const struct sl_record *record, journal_visitor visit, void *context,
                       struct sl_error *error)
{
    const ProtobufCMessageDescriptor *type = message_of(record->kind);
    if (type == NULL)
        return 0; /* a later version's; what it means for decisions it would have to say itself */
    ProtobufCMessage *message = sl_arena_unpack(arena, type, record->kept);
    if (message == NULL)
        return sl_fail(error, SL_DAMAGED, "journal: record %llu cannot be decoded",
                       (unsigned long long)record->number);
    if (index_record(journal, record->number, record->kind, message, error) < 0)
        return -1;
    return visit(context, record->number, (Samenloop__V1__RecordKind)record->kind, message, error);
}

int journal_fold(struct journal *journal, journal_visitor visit, void *context,
                 struct sl_error *error)
{
    struct sl_log_reader *reader = sl_log_reader_new(journal->log, journal->folded + 1);
    struct sl_arena arena;
    struct sl_record record = {0};
    int result = 0;
    sl_arena_init(&arena, 0);
    while (result == 0 && (result = sl_log_reader_next(reader, &record, error)) == 1) {
        sl_arena_clear(&arena);
        result = fold_record(journal, &arena, &record, visit, context, error);
        journal->folded = record.number;
    }
    sl_arena_free(&arena);
    sl_log_reader_free(reader);
    return result;
}

int journal_append(struct journal *journal, Samenloop__V1__RecordKind kind,
                   const ProtobufCMessage *kept, struct sl_bytes content, uint64_t *record,
                   struct sl_error *error)
{
    uint64_t number = 0;
    journal->due = true;
    sl_buffer_clear(&journal->kept);
    sl_buffer_pack(&journal->kept, kept);
    struct sl_entry entry = {
        .kind = (uint16_t)kind, .kept = sl_buffer_bytes(&journal->kept), .content = content};
    if (sl_log_append(journal->log, &entry, 1, &number, error) < 0 ||
        index_record(journal, number, kind, kept, error) < 0)
        return -1;
    if (record != NULL)
        *record = number;
    return 0;
}

int journal_append_done(struct journal *journal, const Samenloop__V1__JournalEnded *done,
                        struct sl_error *error)
{
    bool due = journal->due;
    if (journal_append(journal, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_ENDED, &done->base,
                       sl_bytes(NULL, 0), NULL, error) < 0)
        return -1;
    journal->due = due;
    return 0;
}

static int unknown_tree(uint64_t size, struct sl_error *error)
{
    return sl_fail(error, SL_DAMAGED, "journal: the tree of %llu records is not known",
                   (unsigned long long)size);
}

int journal_sync(struct journal *journal, struct sl_error *error)
{
    if (sl_log_sync(journal->log, error) < 0)
        return -1;
    journal->due = false;
    return 0;
}

bool journal_is_due(const struct journal *journal)
{
    return journal->due;
}

bool journal_is_synced(const struct journal *journal)
{
    return sl_log_synced(journal->log) == sl_log_last(journal->log);
}

int journal_root(struct journal *journal, uint64_t size, sl_hash root, struct sl_error *error)
{
    struct sl_frontier tree;
    struct sl_crypto *crypto = NULL;
    if (size == sl_log_synced(journal->log)) {
        sl_log_root(journal->log, root);
        return 0;
    }
    int found = sl_log_frontier(journal->log, size, &tree, error);
    if (found != 1)
        return found < 0 ? -1 : unknown_tree(size, error);
    crypto = sl_crypto_new();
    sl_frontier_root(crypto, &tree, root);
    sl_crypto_free(crypto);
    return 0;
}

int journal_prove_growth(struct journal *journal, uint64_t size, struct sl_buffer *nodes,
                         struct sl_error *error)
{
    int found = sl_log_prove_growth(journal->log, size, nodes, error);
    return found == 0 ? unknown_tree(size, error) : found < 0 ? -1 : 0;
}

int journal_step(struct journal *journal, struct sl_error *error)
{
    return sl_log_step(journal->log, error) < 0 ? -1 : 0;
}

int journal_room(struct journal *journal, uint64_t size, struct sl_error *error)
{
    return sl_log_make_room(journal->log, size, error);
}

int journal_erase(struct journal *journal, const uint64_t *records, size_t count,
                  struct sl_error *error)
{
    recent_clear(journal->recent);
    return sl_log_erase(journal->log, records, count, error);
}

/* ---------------------------------------------------------------- image */

void journal_image(struct journal *journal, struct image *image, uint64_t position)
{
    size_t strides = (size_t)((journal->events + JOURNAL_STRIDE - 1) / JOURNAL_STRIDE);
    IMAGE(image, journal->events);
    IMAGE(image, journal->news);
    journal->strides = image_list(image, journal->strides, &strides, sizeof *journal->strides);
    journal->agreements = image_list(image, journal->agreements, &journal->agreement_count,
                                     sizeof *journal->agreements);
    answered_image(journal->answered, image);
    if (!image->reading)
        return;
    journal->stride_capacity = strides;
    journal->agreement_capacity = journal->agreement_count;
    journal->folded = position;
}

const uint64_t *journal_agreements(const struct journal *journal, size_t *count)
{
    *count = journal->agreement_count;
    return journal->agreements;
}

/* ---------------------------------------------------------------- reading */

struct sl_log *journal_log(const struct journal *journal)
{
    return journal->log;
}

uint64_t journal_synced(const struct journal *journal)
{
    return sl_log_synced(journal->log);
}

static int missing(uint64_t record, struct sl_error *error)
{
    return sl_fail(error, SL_DAMAGED, "journal: record %llu is not what it should be",
                   (unsigned long long)record);
}

/* 1: read, 0: there is none, -1. */
static int read_record(struct journal *journal, uint64_t number, struct sl_record *out,
                       struct sl_error *error)
{
    if (number > sl_log_synced(journal->log) && number <= sl_log_last(journal->log) &&
        sl_log_sync(journal->log, error) < 0)
        return -1;
    return sl_log_read(journal->log, number, out, error);
}

const ProtobufCMessage *journal_read(struct journal *journal, struct sl_arena *arena,
                                     uint64_t record, Samenloop__V1__RecordKind kind,
                                     struct sl_bytes *content, struct sl_error *error)
{
    struct sl_record found = {0};
    int result = read_record(journal, record, &found, error);
    if (result < 0)
        return NULL;
    ProtobufCMessage *message = NULL;
    const ProtobufCMessageDescriptor *type = result == 1 ? message_of(found.kind) : NULL;
    if (type != NULL &&
        (kind == SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_UNSPECIFIED || found.kind == kind))
        message = sl_arena_unpack(arena, type, found.kept);
    if (message == NULL)
        (void)missing(record, error);
    else if (content != NULL)
        *content = sl_arena_copy(arena, found.content);
    return message;
}

uint64_t journal_last(const struct journal *journal)
{
    return sl_log_last(journal->log);
}

uint64_t journal_find_event(struct journal *journal, uint64_t number, struct sl_error *error)
{
    if (number == 0 || number > journal->events)
        return 0;
    uint64_t left = (number - 1) % JOURNAL_STRIDE;
    uint64_t record = journal->strides[(number - 1) / JOURNAL_STRIDE];
    struct sl_record found = {0};
    for (; left > 0; left -= found.kind == SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_EVENT ? 1 : 0) {
        if (read_record(journal, ++record, &found, error) != 1)
            return 0;
    }
    return record;
}

size_t journal_queued(const ProtobufCMessage *record, Samenloop__V1__Queued ***queued)
{
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(
        record->descriptor, "queued");
    size_t count = 0;
    if (field != NULL) {
        memcpy(&count, (const uint8_t *)record + field->quantifier_offset, sizeof count);
        memcpy(queued, (const uint8_t *)record + field->offset, sizeof *queued);
    }
    return count;
}

/* ---------------------------------------------------------------- answers */

static void *take(struct sl_arena *arena, size_t size)
{
    void *memory = sl_arena_alloc(arena, size);
    if (memory == NULL)
        abort(); /* arenas without a limit end only with the machine's memory */
    return memory;
}

/* What one of the batch's records says to its publisher. */
static int read_result(const struct sl_record *record, struct sl_arena *arena,
                       Samenloop__V1__Result *result, struct sl_error *error)
{
    const ProtobufCMessageDescriptor *type = message_of(record->kind);
    const void *message = type == NULL ? NULL : sl_arena_unpack(arena, type, record->kept);
    if (message != NULL && record->kind == SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_EVENT) {
        const Samenloop__V1__JournalEvent *event = message;
        result->verdict = SAMENLOOP__V1__VERDICT__VERDICT_ACCEPTED;
        result->journal_number = event->number;
        result->n_remarks = event->n_remarks;
        result->remarks = event->remarks;
        return 0;
    }
    if (message != NULL && record->kind == SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_DUPLICATE) {
        result->verdict = SAMENLOOP__V1__VERDICT__VERDICT_DUPLICATE;
        result->journal_number = ((const Samenloop__V1__JournalDuplicate *)message)->number;
        return 0;
    }
    if (message != NULL && record->kind == SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_REFUSED) {
        const Samenloop__V1__JournalRefused *refused = message;
        result->verdict = SAMENLOOP__V1__VERDICT__VERDICT_REFUSED;
        result->code = refused->code;
        result->sentence = refused->sentence;
        return 0;
    }
    return missing(record->number, error);
}

int journal_read_results(struct journal *journal, struct sl_arena *arena, uint64_t batch,
                         Samenloop__V1__Published *out, struct sl_error *error)
{
    const Samenloop__V1__JournalBatch *head = (const Samenloop__V1__JournalBatch *)journal_read(
        journal, arena, batch, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_BATCH, NULL, error);
    if (head == NULL)
        return -1;
    size_t count = head->leaves.len / SL_HASH_SIZE;
    *out = (Samenloop__V1__Published)SAMENLOOP__V1__PUBLISHED__INIT;
    out->lane = head->lane;
    out->position = head->position;
    out->n_results = count;
    out->results = take(arena, count * sizeof(Samenloop__V1__Result *));
    Samenloop__V1__Result *results = take(arena, count * sizeof *results);
    for (size_t i = 0; i < count; i++) {
        struct sl_record record = {0};
        results[i] = (Samenloop__V1__Result)SAMENLOOP__V1__RESULT__INIT;
        out->results[i] = &results[i];
        if (read_record(journal, batch + 1 + i, &record, error) != 1)
            return missing(batch + 1 + i, error);
        if (read_result(&record, arena, &results[i], error) < 0)
            return -1;
    }
    return 0;
}
