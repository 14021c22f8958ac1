#include "adapters/inbox.h"

#include <stdlib.h>
#include <string.h>

#include "adapters/inbox_record.h"
#include "adapters/keeping.h"
#include "adapters/marks.h"
#include "adapters/numbers.h"
#include "adapters/outbox.h"
#include "schemas/cloudevent.h"
#include "schemas/log/log.h"

struct inbox {
    struct sl_log *log;
    struct known *known;
    struct outbox *outbox;
    bool fed;
    uint8_t journal[SL_LOG_ID_SIZE];
    struct numbers numbers[SL_LANES];
    struct keeping keeping;
    struct marks marks;
    uint64_t arrivals[SL_ROLES];
    uint64_t fresh[SL_ROLES]; /* arrivals that are not synced */
    struct sl_arena arena;
    struct sl_buffer kept, content;
};

static void mark(struct inbox *inbox, uint64_t record, int role, int lane, bool receipt)
{
    if (role == SL_NO_ROLE)
        return;
    marks_add(&inbox->marks, record, (enum sl_role)role, (enum sl_lane)lane, receipt);
    inbox->fresh[role]++;
}

static int damaged(struct sl_error *error, uint64_t record)
{
    return sl_fail(error, SL_DAMAGED, "inbox: record %llu is not what it should be",
                   (unsigned long long)record);
}

/* ---------------------------------------------------------------- the log */

static int append(struct inbox *inbox, Samenloop__V1__RecordKind kind, const ProtobufCMessage *kept,
                  const ProtobufCMessage *content, uint64_t *number, struct sl_error *error)
{
    sl_buffer_clear(&inbox->kept);
    sl_buffer_clear(&inbox->content);
    sl_buffer_pack(&inbox->kept, kept);
    if (content != NULL)
        sl_buffer_pack(&inbox->content, content);
    struct sl_entry entry = {(uint16_t)kind, sl_buffer_bytes(&inbox->kept),
                             sl_buffer_bytes(&inbox->content)};
    return sl_log_append(inbox->log, &entry, 1, number, error);
}

bool inbox_dirty(const struct inbox *inbox)
{
    return sl_log_last(inbox->log) > sl_log_synced(inbox->log);
}

int inbox_sync(struct inbox *inbox, struct sl_error *error)
{
    struct sl_error ignored = {0};
    if (inbox_dirty(inbox)) {
        if (sl_log_sync(inbox->log, error) < 0)
            return -1;
        (void)sl_log_step(inbox->log, &ignored); /* a full disk shows when there is no room */
    }
    for (int role = SL_NO_ROLE; role < SL_ROLES; role++) {
        inbox->arrivals[role] += inbox->fresh[role];
        inbox->fresh[role] = 0;
    }
    return 0;
}

int inbox_make_room(struct inbox *inbox, struct sl_error *error)
{
    return sl_log_make_room(inbox->log, UINT64_MAX, error);
}

/* ---------------------------------------------------------------- feeding */

const uint8_t *inbox_journal(const struct inbox *inbox)
{
    return inbox->fed ? inbox->journal : NULL;
}

static void note_feed(struct inbox *inbox, const uint8_t *journal)
{
    inbox->fed = true;
    memcpy(inbox->journal, journal, SL_LOG_ID_SIZE);
    for (int lane = SL_LANE_ACUTE; lane < SL_LANES; lane++)
        numbers_clear(&inbox->numbers[lane]);
}

int inbox_feed(struct inbox *inbox, const uint8_t *journal, struct sl_error *error)
{
    Samenloop__V1__InboxFedBy kept = SAMENLOOP__V1__INBOX_FED_BY__INIT;
    kept.journal = sl_to_pb(sl_bytes(journal, SL_LOG_ID_SIZE));
    if (append(inbox, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_INBOX_FED_BY, &kept.base, NULL, NULL,
               error) < 0)
        return -1;
    note_feed(inbox, journal);
    return 0;
}

uint64_t inbox_last(const struct inbox *inbox, enum sl_lane lane)
{
    return inbox->numbers[lane].highest;
}

bool inbox_has(const struct inbox *inbox, enum sl_lane lane, uint64_t number)
{
    return numbers_has(&inbox->numbers[lane], number);
}

bool inbox_takes(const struct inbox *inbox, enum sl_lane lane, uint64_t number)
{
    return numbers_takes(&inbox->numbers[lane], number);
}

static void mark_delivery(struct inbox *inbox, uint64_t record,
                          const Samenloop__V1__Delivery *delivery)
{
    numbers_add(&inbox->numbers[delivery->lane], delivery->number);
    bool erasure = delivery->kind == SAMENLOOP__V1__DELIVERY_KIND__DELIVERY_KIND_ERASURE;
    mark(inbox, record, (int)delivery->role, (int)delivery->lane,
         delivery->receipt_wanted || erasure);
}

/* What the delivery of an event teaches. */
static void learn(struct inbox *inbox, uint64_t record, const Samenloop__V1__InboxDelivery *kept,
                  const Samenloop__V1__Header *header, const Samenloop__V1__InboxContent *content)
{
    struct place place = {.log = PLACE_INBOX, .record = record};
    uint8_t derived[SL_UUID_SIZE];
    struct sl_bytes none = {0};
    known_event(inbox->known, place, sl_from_pb(header->event_id),
                content == NULL ? none : sl_from_pb(content->id), sl_from_pb(header->subject),
                content == NULL ? none : sl_from_pb(content->subject));
    if (kept->delivery->name.len > 0) {
        sl_derived_id(derived, sl_from_pb(header->event_id), kept->delivery);
        known_derived(inbox->known, place, derived);
    }
}

int inbox_deliver(struct inbox *inbox, const Samenloop__V1__InboxDelivery *kept,
                  const Samenloop__V1__Header *header, const Samenloop__V1__InboxContent *content,
                  struct sl_error *error)
{
    uint64_t record = 0;
    if (append(inbox, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_INBOX_DELIVERY, &kept->base,
               &content->base, &record, error) < 0)
        return -1;
    mark_delivery(inbox, record, kept->delivery);
    if (header != NULL)
        learn(inbox, record, kept, header, content);
    return 0;
}

int inbox_tell(struct inbox *inbox, const Samenloop__V1__InboxTold *kept,
               const Samenloop__V1__InboxContent *content, struct sl_error *error)
{
    uint64_t record = 0;
    if (append(inbox, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_INBOX_TOLD, &kept->base,
               &content->base, &record, error) < 0)
        return -1;
    mark(inbox, record, (int)kept->role, (int)kept->lane, false);
    return 0;
}

int inbox_erase(struct inbox *inbox, const uint8_t subject[SL_HASH_SIZE], uint64_t last,
                struct sl_error *error)
{
    if (inbox_sync(inbox, error) < 0) /* only what is synced can be erased */
        return -1;
    struct sl_log_reader *reader = sl_log_reader_new(inbox->log, 1);
    struct sl_record record;
    uint64_t *numbers = NULL;
    size_t count = 0;
    size_t capacity = 0;
    int result;
    while ((result = sl_log_reader_next(reader, &record, error)) > 0) {
        sl_arena_clear(&inbox->arena);
        struct inbox_about what = inbox_record_about(&inbox->arena, &record);
        if (!sl_bytes_equal(what.subject, sl_bytes(subject, SL_HASH_SIZE)) ||
            (last != 0 && what.number > last))
            continue;
        numbers = sl_grow(numbers, &capacity, count + 1, sizeof *numbers);
        numbers[count++] = record.number;
    }
    sl_log_reader_free(reader);
    if (result == 0 && count > 0)
        result = sl_log_erase(inbox->log, numbers, count, error);
    if (result == 0)
        houses_forget(inbox->known->houses, subject);
    free(numbers);
    return result;
}

int inbox_forget(struct inbox *inbox, uint64_t record, struct sl_error *error)
{
    return inbox_sync(inbox, error) < 0 ? -1 : sl_log_erase(inbox->log, &record, 1, error);
}

/* ---------------------------------------------------------------- handing out */

int inbox_read(struct inbox *inbox, struct sl_arena *arena, uint64_t number, struct inbox_item *out,
               struct sl_error *error)
{
    struct sl_record record;
    int result = sl_log_read(inbox->log, number, &record, error);
    if (result <= 0)
        return result < 0 ? -1 : damaged(error, number);
    if (arena->borrows) { /* what is read next takes the record's place */
        record.kept = sl_arena_copy(arena, record.kept);
        record.content = sl_arena_copy(arena, record.content);
    }
    return inbox_record_item(arena, &record, out) < 0 ? damaged(error, number) : 0;
}

uint64_t inbox_next(struct inbox *inbox, enum sl_role role, uint64_t cursor[SL_LANES])
{
    return marks_next(&inbox->marks, role, sl_log_synced(inbox->log) + 1, cursor);
}

uint64_t inbox_arrivals(const struct inbox *inbox, enum sl_role role)
{
    return inbox->arrivals[role];
}

bool inbox_is_for(const struct inbox *inbox, uint64_t record, enum sl_role role)
{
    if (record < inbox->marks.base)
        return record != 0;
    return record <= sl_log_synced(inbox->log) && role != SL_NO_ROLE &&
           marks_role(&inbox->marks, record) == role;
}

bool inbox_receipt(const struct inbox *inbox, uint64_t record)
{
    return marks_receipt(&inbox->marks, record);
}

int inbox_take(struct inbox *inbox, uint64_t record, int64_t at, struct sl_error *error)
{
    Samenloop__V1__InboxTaken kept = SAMENLOOP__V1__INBOX_TAKEN__INIT;
    if (!marks_waits(&inbox->marks, record))
        return 0;
    kept.record = record;
    kept.role = (Samenloop__V1__Role)marks_role(&inbox->marks, record);
    kept.at = at;
    if (append(inbox, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_INBOX_TAKEN, &kept.base, NULL, NULL,
               error) < 0)
        return -1;
    marks_take(&inbox->marks, record);
    return 0;
}

uint64_t inbox_waiting(const struct inbox *inbox, enum sl_lane lane)
{
    return inbox->marks.waiting[lane];
}

/* ---------------------------------------------------------------- what is old */

static int write_numbers(struct inbox *inbox, struct sl_error *error)
{
    Samenloop__V1__InboxNumbers kept = SAMENLOOP__V1__INBOX_NUMBERS__INIT;
    Samenloop__V1__InboxLane lanes[SL_LANES];
    Samenloop__V1__InboxLane *list[SL_LANES];
    if (!inbox->fed)
        return 0;
    sl_arena_clear(&inbox->arena);
    kept.journal = sl_to_pb(sl_bytes(inbox->journal, SL_LOG_ID_SIZE));
    kept.lanes = list;
    for (int lane = SL_LANE_ACUTE; lane < SL_LANES; lane++) {
        const struct numbers *numbers = &inbox->numbers[lane];
        Samenloop__V1__InboxLane *one = list[kept.n_lanes++] = &lanes[lane];
        samenloop__v1__inbox_lane__init(one);
        one->lane = (Samenloop__V1__Lane)lane;
        one->highest = numbers->highest;
        one->missing = sl_arena_alloc(&inbox->arena, 2 * numbers->count * sizeof *one->missing);
        for (size_t i = 0; i < numbers->count; i++) {
            one->missing[one->n_missing++] = numbers->gaps[i].first;
            one->missing[one->n_missing++] = numbers->gaps[i].last;
        }
    }
    return append(inbox, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_INBOX_NUMBERS, &kept.base, NULL,
                  NULL, error);
}

int inbox_release(struct inbox *inbox, int64_t before, int64_t now, struct sl_error *error)
{
    uint64_t end = 0;
    int old = keeping_old(&inbox->keeping, inbox->log, inbox_record_at, before, &end, error);
    if (old <= 0 || !marks_taken(&inbox->marks, end) || outbox_half_told(inbox->outbox))
        return old < 0 ? -1 : 0;
    if (keeping_houses(inbox->log, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_INBOX_HOUSE,
                       inbox->known->houses, PLACE_INBOX, end, now, error) < 0 ||
        write_numbers(inbox, error) < 0 || inbox_sync(inbox, error) < 0 ||
        sl_log_release(inbox->log, end, error) < 0)
        return -1;
    marks_forget(&inbox->marks, end);
    known_forget(inbox->known, PLACE_INBOX, end);
    return 1;
}

/* ---------------------------------------------------------------- the fold */

static bool is_place(int role, int lane)
{
    return role >= SL_NO_ROLE && role < SL_ROLES && lane > SL_NO_LANE && lane < SL_LANES;
}

static int fold_delivery(struct inbox *inbox, const struct sl_record *record)
{
    const Samenloop__V1__InboxContent *content = NULL;
    const Samenloop__V1__InboxDelivery *kept = (const void *)sl_arena_unpack(
        &inbox->arena, &samenloop__v1__inbox_delivery__descriptor, record->kept);
    if (!record->erased)
        content = (const void *)sl_arena_unpack(
            &inbox->arena, &samenloop__v1__inbox_content__descriptor, record->content);
    if (kept == NULL || kept->delivery == NULL || kept->delivery->number == 0 ||
        !is_place((int)kept->delivery->role, (int)kept->delivery->lane) ||
        (content == NULL && !record->erased))
        return -1;
    mark_delivery(inbox, record->number, kept->delivery);
    if (kept->header.len == 0)
        return 0;
    const Samenloop__V1__Header *header = (const void *)sl_arena_unpack(
        &inbox->arena, &samenloop__v1__header__descriptor, sl_from_pb(kept->header));
    if (header == NULL || header->event_id.len != SL_UUID_SIZE)
        return -1;
    learn(inbox, record->number, kept, header, content);
    return 0;
}

static int fold_told(struct inbox *inbox, const struct sl_record *record)
{
    const Samenloop__V1__InboxTold *kept = (const void *)sl_arena_unpack(
        &inbox->arena, &samenloop__v1__inbox_told__descriptor, record->kept);
    if (kept == NULL || !is_place((int)kept->role, (int)kept->lane))
        return -1;
    mark(inbox, record->number, (int)kept->role, (int)kept->lane, false);
    outbox_told(inbox->outbox, kept->batch, kept->index + 1);
    return 0;
}

static int fold_taken(struct inbox *inbox, const struct sl_record *record)
{
    const Samenloop__V1__InboxTaken *kept = (const void *)sl_arena_unpack(
        &inbox->arena, &samenloop__v1__inbox_taken__descriptor, record->kept);
    if (kept != NULL && kept->record < inbox->marks.base)
        return 0; /* what was taken is gone */
    if (kept == NULL || !marks_waits(&inbox->marks, kept->record))
        return -1;
    marks_take(&inbox->marks, kept->record);
    return 0;
}

static int fold_fed_by(struct inbox *inbox, const struct sl_record *record)
{
    const Samenloop__V1__InboxFedBy *kept = (const void *)sl_arena_unpack(
        &inbox->arena, &samenloop__v1__inbox_fed_by__descriptor, record->kept);
    if (kept == NULL || kept->journal.len != SL_LOG_ID_SIZE)
        return -1;
    note_feed(inbox, kept->journal.data);
    return 0;
}

static int fold_numbers(struct inbox *inbox, const struct sl_record *record)
{
    const Samenloop__V1__InboxNumbers *kept = (const void *)sl_arena_unpack(
        &inbox->arena, &samenloop__v1__inbox_numbers__descriptor, record->kept);
    if (kept == NULL || kept->journal.len != SL_LOG_ID_SIZE)
        return -1;
    note_feed(inbox, kept->journal.data);
    for (size_t i = 0; i < kept->n_lanes; i++) {
        const Samenloop__V1__InboxLane *lane = kept->lanes[i];
        if (!is_place(SL_NO_ROLE, (int)lane->lane) ||
            !numbers_set(&inbox->numbers[lane->lane], lane->highest, lane->missing,
                         lane->n_missing))
            return -1;
    }
    return 0;
}

static int fold(struct inbox *inbox, const struct sl_record *record)
{
    sl_arena_clear(&inbox->arena);
    switch (record->kind) {
    case SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_INBOX_DELIVERY:
        return fold_delivery(inbox, record);
    case SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_INBOX_TOLD:
        return fold_told(inbox, record);
    case SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_INBOX_TAKEN:
        return fold_taken(inbox, record);
    case SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_INBOX_FED_BY:
        return fold_fed_by(inbox, record);
    case SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_INBOX_HOUSE:
        return keeping_fold_house(&inbox->arena, record, inbox->known->houses, PLACE_INBOX);
    case SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_INBOX_NUMBERS:
        return fold_numbers(inbox, record);
    default:
        return -1;
    }
}

static int fold_all(struct inbox *inbox, struct sl_error *error)
{
    struct sl_log_reader *reader = sl_log_reader_new(inbox->log, 1);
    struct sl_record record;
    int result;
    while ((result = sl_log_reader_next(reader, &record, error)) > 0) {
        if (fold(inbox, &record) < 0) {
            result = damaged(error, record.number);
            break;
        }
    }
    sl_log_reader_free(reader);
    return result;
}

static int begin(struct inbox *inbox, struct sl_error *error)
{
    inbox->marks.base = sl_log_first(inbox->log);
    return fold_all(inbox, error);
}

int inbox_open(struct inbox **out, struct sl_storage *storage, uint64_t segment_bytes,
               struct known *known, struct outbox *outbox, struct sl_error *error)
{
    struct inbox *inbox = sl_new(1, sizeof *inbox);
    uint8_t identity[SL_LOG_ID_SIZE];
    struct sl_log_options options = {.identity = identity, .segment_bytes = segment_bytes};
    sl_random(identity, sizeof identity);
    inbox->known = known;
    inbox->outbox = outbox;
    sl_arena_init(&inbox->arena, 0);
    if (sl_log_open(&inbox->log, storage, "inbox", &options, error) < 0 ||
        begin(inbox, error) < 0 || inbox_sync(inbox, error) < 0) {
        inbox_close(inbox);
        return -1;
    }
    *out = inbox;
    return 0;
}

void inbox_close(struct inbox *inbox)
{
    if (inbox == NULL)
        return;
    sl_log_close(inbox->log);
    for (int lane = SL_NO_LANE; lane < SL_LANES; lane++)
        numbers_clear(&inbox->numbers[lane]);
    sl_arena_free(&inbox->arena);
    sl_buffer_free(&inbox->kept);
    sl_buffer_free(&inbox->content);
    marks_clear(&inbox->marks);
    free(inbox);
}

const uint8_t *inbox_identity(const struct inbox *inbox)
{
    return sl_log_identity(inbox->log);
}
