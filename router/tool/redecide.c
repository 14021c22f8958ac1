#include "router/tool/redecide.h"

#include <stdlib.h>
#include <string.h>

#include "schemas/check.h"
#include "schemas/directory.h"
#include "schemas/log/log.h"
#include "samenloop/v1/log.pb-c.h"

/* An event of the journal; its number in the journal is its place. */
struct told {
    uint64_t record;
    uint64_t number; /* the core's; 0: refused under this agreement */
    struct sl_bytes past;
};

/* A delivery whose receipt somebody waits for. */
struct asked {
    int receiver;
    int32_t lane;
    uint64_t number;
    uint64_t event; /* the journal's */
};

struct past {
    struct sl_log *log;
    struct agreement *first;
    struct agreement *next;
    const struct agreement *holding;
    const struct agreement *coming;
    struct core *core;
    struct core_participant who[SL_MAX_PARTICIPANTS]; /* in the core's order */
    char names[SL_MAX_PARTICIPANTS][SL_NAME_SIZE];
    size_t who_count;
    int publisher;
    int64_t at;
    struct told *events;
    size_t event_count;
    size_t event_capacity;
    uint64_t *journal; /* the journal's number of each of the core's */
    size_t journal_count;
    size_t journal_capacity;
    struct asked *asked;
    size_t asked_count;
    size_t asked_capacity;
    struct sl_arena arena;  /* a record */
    struct sl_arena memory; /* all that stays */
    struct sl_buffer *out;
};

static int odd(const char *what, struct sl_error *error)
{
    return sl_fail(error, SL_DAMAGED, "journal: %s", what);
}

/* Lines show the journal's numbers, not the core's, which has none for what it refused. */
static void write_lines(struct past *past, const struct core_decision *decision, uint64_t number)
{
    for (size_t i = 0; i < decision->line_count; i++) {
        struct core_line line = decision->lines[i];
        uint64_t own = line.event.number;
        if (own > 0)
            line.event.number = own <= past->journal_count ? past->journal[own - 1] : number;
        core_line_write(past->out, &line);
    }
}

/* ---------------------------------------------------------------- time and agreements */

static void let_deadlines_pass(struct past *past, int64_t until)
{
    struct core_decision decision;
    while (past->core != NULL && core_tick(past->core, until, &decision))
        write_lines(past, &decision, 0);
}

static void agree(struct past *past)
{
    if (past->core == NULL)
        past->core = core_new(past->holding, past->who, past->who_count);
    else
        core_agreement(past->core, past->holding, past->who, past->who_count);
}

static void let_time_pass(struct past *past, int64_t until)
{
    const struct agreement *coming = past->coming;
    if (coming != NULL && past->core != NULL && coming->in_force <= until) {
        let_deadlines_pass(past, coming->in_force);
        past->holding = coming;
        past->coming = NULL;
        agree(past);
    }
    let_deadlines_pass(past, until);
    past->at = until;
}

static int find(const struct past *past, ProtobufCBinaryData name)
{
    for (size_t i = 0; i < past->who_count; i++) {
        if (sl_bytes_is(sl_from_pb(name), past->names[i]))
            return (int)i;
    }
    return -1;
}

/* The roles of a participant, who gets a place when it had none. */
static int take_participant(struct past *past, const Samenloop__V1__Participant *one,
                            struct sl_error *error)
{
    int place = find(past, one->name);
    if (place < 0) {
        if (past->who_count == SL_MAX_PARTICIPANTS || one->name.len >= SL_NAME_SIZE)
            return odd("a participant too many, or with a name too long", error);
        place = (int)past->who_count++;
        memcpy(past->names[place], one->name.data, one->name.len);
        past->who[place].name = past->names[place];
    }
    for (size_t k = 0; k < one->n_roles; k++)
        past->who[place].roles |= 1u << (unsigned)one->roles[k];
    return 0;
}

/* ---------------------------------------------------------------- records */

static int take_agreement(struct past *past, const void *message, struct sl_error *error)
{
    const Samenloop__V1__JournalAgreement *record = message;
    for (size_t i = 0; i < past->who_count; i++)
        past->who[i].roles = 0;
    for (size_t i = 0; i < record->n_participants; i++) {
        if (take_participant(past, record->participants[i], error) < 0)
            return -1;
    }
    agree(past);
    return 0;
}

static int take_batch(struct past *past, const void *message, struct sl_error *error)
{
    past->publisher = find(past, ((const Samenloop__V1__JournalBatch *)message)->participant);
    return past->publisher < 0 ? odd("nobody's batch", error) : 0;
}

static void remember_asked(struct past *past, Samenloop__V1__Queued *const *queued, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const Samenloop__V1__Delivery *delivery = queued[i]->delivery;
        int receiver = find(past, queued[i]->participant);
        if (delivery == NULL || !delivery->receipt_wanted || receiver < 0)
            continue;
        past->asked = sl_grow(past->asked, &past->asked_capacity, past->asked_count + 1,
                              sizeof *past->asked);
        past->asked[past->asked_count++] = (struct asked){
            receiver, (int32_t)delivery->lane, delivery->number, delivery->journal_number};
    }
}

static uint32_t sections_of(const Samenloop__V1__Header *header)
{
    return sl_header_sections(header) & ~sl_section_bit(SL_ORIGIN);
}

static const Samenloop__V1__Header *header_of(struct past *past,
                                              const Samenloop__V1__JournalEvent *event)
{
    return event == NULL
               ? NULL
               : (const Samenloop__V1__Header *)sl_arena_unpack(
                     &past->arena, &samenloop__v1__header__descriptor, sl_from_pb(event->header));
}

/* What the core wants to know of an earlier event. */
static int hand_in(struct past *past, struct core_event *event, struct sl_error *error)
{
    uint64_t wanted = core_wants(past->core, event->publisher, event->header);
    struct sl_record record;
    if (wanted == 0)
        return 0;
    const struct told *earlier = &past->events[past->journal[wanted - 1] - 1];
    if (sl_log_read(past->log, earlier->record, &record, error) != 1)
        return -1;
    event->kept = header_of(
        past, (const Samenloop__V1__JournalEvent *)sl_arena_unpack(
                  &past->arena, &samenloop__v1__journal_event__descriptor, record.kept));
    if (event->kept == NULL)
        return odd("an event without a header", error);
    event->kept_sections = sections_of(event->kept);
    event->past = earlier->past;
    return 0;
}

static int take_event(struct past *past, uint64_t record, const void *message,
                      struct sl_error *error)
{
    const Samenloop__V1__JournalEvent *told = message;
    const Samenloop__V1__Header *header = header_of(past, told);
    struct core_decision decision;
    if (header == NULL || past->core == NULL || told->number != past->event_count + 1)
        return odd("an event that cannot stand there", error);
    struct core_event event = {.number = past->journal_count + 1,
                               .at = past->at,
                               .publisher = past->publisher,
                               .header = header,
                               .sections = sections_of(header)};
    remember_asked(past, told->queued, told->n_queued);
    if (hand_in(past, &event, error) < 0 || core_event(past->core, &event, &decision, error) < 0)
        return -1;
    past->events = sl_grow(past->events, &past->event_capacity, past->event_count + 1,
                           sizeof *past->events);
    struct told *kept = &past->events[past->event_count++];
    *kept = (struct told){.record = record};
    write_lines(past, &decision, told->number);
    if (decision.refused != SL_OK)
        return 0;
    kept->number = event.number;
    kept->past = sl_arena_copy(&past->memory, decision.past);
    past->journal = sl_grow(past->journal, &past->journal_capacity, past->journal_count + 1,
                            sizeof *past->journal);
    past->journal[past->journal_count++] = told->number;
    return 0;
}

static int take_receipt(struct past *past, const void *message, struct sl_error *error)
{
    const Samenloop__V1__JournalReceipt *receipt = message;
    int receiver = find(past, receipt->participant);
    struct core_decision decision;
    for (size_t i = past->asked_count; i-- > 0;) {
        const struct asked *asked = &past->asked[i];
        if (asked->receiver != receiver || asked->lane != (int32_t)receipt->lane ||
            asked->number != receipt->number)
            continue;
        if (asked->event == 0 || asked->event > past->event_count)
            return odd("a receipt of an event that is not there", error);
        uint64_t number = past->events[asked->event - 1].number;
        if (number == 0)
            return 0;
        core_receipt(past->core, past->at, number, receiver, (enum sl_role)receipt->role,
                     &decision);
        write_lines(past, &decision, 0);
        return 0;
    }
    return 0;
}

static int take_tick(struct past *past, const void *message, struct sl_error *error)
{
    const Samenloop__V1__JournalTick *tick = message; /* time has passed already */
    (void)error;
    remember_asked(past, tick->queued, tick->n_queued);
    return 0;
}

static int take_erasure(struct past *past, const void *message, struct sl_error *error)
{
    const Samenloop__V1__JournalErasure *erasure = message;
    struct core_decision decision;
    if (past->core == NULL || erasure->subject.len != SL_PSEUDONYM_SIZE)
        return odd("an erasure of nothing", error);
    core_erase(past->core, past->at, erasure->subject.data, &decision);
    write_lines(past, &decision, 0);
    return 0;
}

/* ---------------------------------------------------------------- all of them */

#define AT(type) offsetof(Samenloop__V1__Journal##type, at)

static const struct kind {
    const ProtobufCMessageDescriptor *type;
    size_t at; /* where the message has its moment; SIZE_MAX: nowhere */
    int (*take)(struct past *past, const void *message, struct sl_error *error);
} kinds[] = {
    [SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_AGREEMENT] =
        {&samenloop__v1__journal_agreement__descriptor, AT(Agreement), take_agreement},
    [SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_BATCH] = {&samenloop__v1__journal_batch__descriptor,
                                                       SIZE_MAX, take_batch},
    [SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_EVENT] = {&samenloop__v1__journal_event__descriptor,
                                                       AT(Event), NULL},
    [SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_RECEIPT] =
        {&samenloop__v1__journal_receipt__descriptor, AT(Receipt), take_receipt},
    [SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_TICK] = {&samenloop__v1__journal_tick__descriptor,
                                                      AT(Tick), take_tick},
    [SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_ERASURE] =
        {&samenloop__v1__journal_erasure__descriptor, AT(Erasure), take_erasure},
};

static int take_record(struct past *past, const struct sl_record *record, struct sl_error *error)
{
    if (record->kind >= sizeof kinds / sizeof kinds[0] || kinds[record->kind].type == NULL)
        return 0;
    const struct kind *kind = &kinds[record->kind];
    sl_arena_clear(&past->arena);
    const ProtobufCMessage *message = sl_arena_unpack(&past->arena, kind->type, record->kept);
    if (message == NULL)
        return odd("a record that is none", error);
    if (kind->at != SIZE_MAX) {
        int64_t at;
        memcpy(&at, (const uint8_t *)message + kind->at, sizeof at);
        let_time_pass(past, at);
    }
    return kind->take != NULL ? kind->take(past, message, error)
                              : take_event(past, record->number, message, error);
}

static int tell(struct past *past, struct sl_error *error)
{
    struct sl_log_reader *reader = sl_log_reader_new(past->log, 1);
    struct sl_record record;
    int result;
    while ((result = sl_log_reader_next(reader, &record, error)) == 1) {
        if (take_record(past, &record, error) < 0) {
            result = sl_fail_at(error, "record %llu", (unsigned long long)record.number);
            break;
        }
    }
    sl_log_reader_free(reader);
    return result;
}

static int load(struct agreement **out, const char *path, struct sl_error *error)
{
    struct sl_buffer findings = {0};
    int result = agreement_load(out, path, &findings);
    if (result < 0)
        (void)sl_fail(error, SL_MALFORMED, "%.*s", (int)strcspn((char *)findings.data, "\n"),
                      (char *)findings.data);
    sl_buffer_free(&findings);
    return result;
}

static int open_past(struct past *past, struct sl_storage *storage,
                     const struct scenario_agreements *agreements, struct sl_error *error)
{
    static const struct sl_log_options options = {.tree = true, .read_only = true};
    if (load(&past->first, agreements->first, error) < 0 ||
        (agreements->next != NULL && load(&past->next, agreements->next, error) < 0))
        return -1;
    past->holding = agreements->throughout ? past->next : past->first;
    past->coming = agreements->throughout ? NULL : past->next;
    return sl_log_open(&past->log, storage, "journal", &options, error);
}

int redecide_log(struct sl_buffer *out, int64_t *last, const char *folder,
                 const struct scenario_agreements *agreements, struct sl_error *error)
{
    struct sl_storage *storage = NULL;
    struct past past = {.out = out};
    if (sl_storage_files(&storage, folder, false, error) < 0)
        return -1;
    sl_arena_init(&past.arena, 0);
    sl_arena_init(&past.memory, 0);
    int result = open_past(&past, storage, agreements, error);
    if (result == 0)
        result = tell(&past, error);
    *last = past.at;
    core_free(past.core);
    sl_log_close(past.log);
    sl_storage_free(storage);
    agreement_free(past.first);
    agreement_free(past.next);
    sl_arena_free(&past.arena);
    sl_arena_free(&past.memory);
    free(past.events);
    free(past.journal);
    free(past.asked);
    return result;
}
