#include "router/decided.h"

#include <stdlib.h>
#include <string.h>

#include "router/core/core.h"
#include "router/core/image.h"
#include "router/recording.h"
#include "router/state.h"

/* Decisions in one Tick record: so that it fits into a segment, whatever has become due. */
enum { TICK_DECISIONS = 64 };

struct decider {
    struct core *core;             /* NULL until there is an agreement */
    struct agreement **agreements; /* all that held since the start; the last one holds */
    size_t count;
    size_t capacity;
};

/* ---------------------------------------------------------------- the core's words */

static void tell(struct router *router, const struct core_line *line)
{
    if (!router->quiet)
        core_line_write(&router->lines, line);
    if (router->watch != NULL)
        router->watch->line(router->watch->context, line);
}

static void tell_event(struct router *router, const struct core_event *event,
                       const struct core_decision *decision)
{
    const struct watch_event watched = {event->number, event->at,
                                        router->participants[event->publisher], event->header,
                                        decision->original};
    if (router->watch != NULL)
        router->watch->event(router->watch->context, &watched);
}

/* Adds a decision's lines and deliveries; the deliveries have no numbers yet. */
static int add(struct router *router, const struct core_decision *decision, uint64_t number,
               struct decided *out, struct sl_error *error)
{
    for (size_t i = 0; i < decision->line_count; i++)
        tell(router, &decision->lines[i]);
    if (decision->delivery_count == 0)
        return 0;
    size_t count = out->queued_count + decision->delivery_count;
    Samenloop__V1__Queued **queued = recording_room(router, count * sizeof(void *));
    if (out->queued_count > 0)
        memcpy(queued, out->queued, out->queued_count * sizeof(void *));
    out->queued = queued;
    for (size_t i = 0; i < decision->delivery_count && router->watch != NULL; i++)
        router->watch->told(router->watch->context, &decision->deliveries[i]);
    for (size_t i = 0; i < decision->delivery_count; i++) {
        if (recording_delivery(router, &decision->deliveries[i], number, &queued[out->queued_count],
                               error) < 0)
            return -1;
        out->queued_count++;
    }
    return 0;
}

/* ---------------------------------------------------------------- events */

struct intake decided_intake(const struct router *router, int participant)
{
    const struct decider *decider = router->decider;
    const struct agreement *agreement = decider->agreements[decider->count - 1];
    int sender = sl_directory_find(router->directory, router->participants[participant]);
    return (struct intake){.directory = router->directory,
                           .participant = sender,
                           .now = router->at,
                           .in_force = decider->agreements[0]->in_force, /* the first ever */
                           .future_tolerance = agreement->future_tolerance};
}

static struct core_source source_of(struct router *router, int participant,
                                    const Samenloop__V1__Header *header)
{
    struct core_source source = {.from = router->participants[participant]};
    if (header == NULL)
        return source;
    if (header->event_id.len == SL_UUID_SIZE)
        source.uuid = header->event_id.data;
    if (header->type.len <= SL_MAX_WORD && sl_bytes_printable(sl_from_pb(header->type)))
        source.type = recording_text(router, header->type);
    if (header->subject.len == SL_PSEUDONYM_SIZE)
        source.subject = header->subject.data;
    return source;
}

void decided_refused(struct router *router, int participant,
                     const Samenloop__V1__JournalRefused *refused)
{
    struct core_line line = {.outcome = CORE_REFUSED,
                             .at = router->at,
                             .event = {.from = router->participants[participant],
                                       .type = recording_text(router, refused->type)},
                             .rule = recording_text(router, refused->rule),
                             .to = router->participants[participant],
                             .what = recording_text(router, refused->code),
                             .detail = recording_text(router, refused->sentence)};
    if (refused->event_id.len == SL_UUID_SIZE)
        line.event.uuid = refused->event_id.data;
    if (refused->subject.len == SL_PSEUDONYM_SIZE)
        line.event.subject = refused->subject.data;
    tell(router, &line);
}

void decided_repeated(struct router *router, int participant, uint64_t number,
                      const Samenloop__V1__Header *header)
{
    char detail[64];
    (void)snprintf(detail, sizeof detail, "the same as #%llu", (unsigned long long)number);
    struct core_line line = {.outcome = CORE_DUPLICATE,
                             .at = router->at,
                             .event = source_of(router, participant, header),
                             .rule = "same-id",
                             .detail = detail};
    tell(router, &line);
}

/* An event of the journal by its number, with its header. NULL: an error. */
static const Samenloop__V1__JournalEvent *recall(struct router *router, uint64_t number,
                                                 const Samenloop__V1__Header **header,
                                                 struct sl_error *error)
{
    uint64_t record = journal_find_event(router->journal, number, error);
    const Samenloop__V1__JournalEvent *event = (const Samenloop__V1__JournalEvent *)journal_read(
        router->journal, &router->arena, record, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_EVENT,
        NULL, error);
    if (event == NULL)
        return NULL;
    *header = (const Samenloop__V1__Header *)sl_arena_unpack(
        &router->arena, &samenloop__v1__header__descriptor, sl_from_pb(event->header));
    if (*header == NULL)
        (void)sl_fail(error, SL_DAMAGED, "journal: event %llu has no header",
                      (unsigned long long)number);
    return *header == NULL ? NULL : event;
}

static bool same(ProtobufCBinaryData a, ProtobufCBinaryData b)
{
    return sl_bytes_equal(sl_from_pb(a), sl_from_pb(b));
}

/* Gates X6 and X7: the same source and id was there before. DECIDED_ACCEPTED: it was not. */
static enum decided_verdict look_for_same(struct router *router,
                                          const Samenloop__V1__Header *header, struct decided *out,
                                          struct sl_error *error)
{
    const Samenloop__V1__Header *earlier = NULL;
    uint64_t number = core_known(router->decider->core, sl_from_pb(header->source),
                                 header->event_id.data);
    if (number == 0)
        return DECIDED_ACCEPTED;
    if (recall(router, number, &earlier, error) == NULL)
        return DECIDED_FAILED;
    if (!same(header->event_id, earlier->event_id) || !same(header->source, earlier->source))
        return DECIDED_ACCEPTED; /* two fingerprints alike */
    out->number = number;
    if (same(header->content_mac, earlier->content_mac))
        return DECIDED_DUPLICATE;
    (void)sl_fail(&out->refusal, SL_ID_CONFLICT, "the same id with other content, as #%llu",
                  (unsigned long long)number);
    out->rule = "same-id-other-content";
    return DECIDED_REFUSED;
}

static uint32_t sections_of(const Samenloop__V1__Header *header)
{
    return sl_header_sections(header) & ~sl_section_bit(SL_ORIGIN);
}

/* What the core wants to know of an earlier event: a correction's or withdrawal's original. */
static int hand_in(struct router *router, struct core_event *event, struct sl_error *error)
{
    uint64_t wanted = core_wants(router->decider->core, event->publisher, event->header);
    if (wanted == 0)
        return 0;
    const Samenloop__V1__JournalEvent *earlier = recall(router, wanted, &event->kept, error);
    if (earlier == NULL)
        return -1;
    event->kept_sections = sections_of(event->kept);
    event->past = sl_from_pb(earlier->past);
    return 0;
}

enum decided_verdict decided_event(struct router *router, int participant, uint64_t number,
                                   const Samenloop__V1__Header *header, const struct sl_type *type,
                                   struct decided *out, struct sl_error *error)
{
    struct core_decision decision = {0};
    struct core_event event = {.number = number,
                               .at = router->at,
                               .publisher = participant,
                               .header = header,
                               .sections = sections_of(header)};
    (void)type;
    if (!router->folding) {
        enum decided_verdict verdict = look_for_same(router, header, out, error);
        if (verdict != DECIDED_ACCEPTED)
            return verdict;
    }
    if (hand_in(router, &event, error) < 0 ||
        core_event(router->decider->core, &event, &decision, error) < 0)
        return DECIDED_FAILED;
    if (decision.refused != SL_OK) { /* its only line is written with its record */
        (void)sl_fail(&out->refusal, decision.refused, "%s", decision.sentence);
        out->rule = decision.lines[0].rule;
        return DECIDED_REFUSED;
    }
    tell_event(router, &event, &decision);
    if (add(router, &decision, number, out, error) < 0)
        return DECIDED_FAILED;
    recording_remarks(router, &decision, out);
    out->past = sl_arena_copy(&router->arena, decision.past);
    out->original = decision.original;
    outgoing_number(router, out->queued, out->queued_count);
    return DECIDED_ACCEPTED;
}

/* ---------------------------------------------------------------- receipts, time, deliveries */

int decided_receipt(struct router *router, int participant, uint64_t number, enum sl_role role,
                    struct decided *out, struct sl_error *error)
{
    struct core_decision decision = {0};
    core_receipt(router->decider->core, router->at, number, participant, role, &decision);
    if (add(router, &decision, 0, out, error) < 0)
        return -1;
    outgoing_number(router, out->queued, out->queued_count);
    return 0;
}

void decided_erasure(struct router *router, const uint8_t subject[SL_PSEUDONYM_SIZE])
{
    struct core_decision decision = {0};
    core_erase(router->decider->core, router->at, subject, &decision);
    for (size_t i = 0; i < decision.line_count; i++)
        tell(router, &decision.lines[i]);
}

void decided_obligations(struct router *router, struct sl_buffer *lines)
{
    struct core_decision decision = {0};
    if (router->decider == NULL)
        return;
    core_obligations(router->decider->core, &decision);
    for (size_t i = 0; i < decision.line_count; i++)
        core_line_write(lines, &decision.lines[i]);
}

struct core_open decided_open(const struct router *router)
{
    return router->decider == NULL ? (struct core_open){0} : core_open(router->decider->core);
}

void decided_list(struct router *router, int participant, uint32_t after, struct core_list *out)
{
    core_list(router->decider->core, participant, after, out);
}

bool decided_is_due(const struct router *router)
{
    return router->decider != NULL && core_wake(router->decider->core) <= router->at;
}

int64_t decided_wake(const struct router *router)
{
    return router->decider == NULL ? INT64_MAX : core_wake(router->decider->core);
}

int decided_tick(struct router *router, struct decided *out, struct sl_error *error)
{
    struct core_decision decision = {0};
    for (int i = 0; i < TICK_DECISIONS && core_tick(router->decider->core, router->at, &decision);
         i++) {
        if (add(router, &decision, 0, out, error) < 0)
            return -1;
    }
    outgoing_number(router, out->queued, out->queued_count);
    return 0;
}

void decided_ended(struct router *router, const struct decided_end *end)
{
    const Samenloop__V1__Delivery *delivery = end->queued->delivery;
    struct core_line line = {.outcome = end->dead ? CORE_DEAD_LETTERED : CORE_DELIVERED,
                             .at = router->at,
                             .event = source_of(router, end->publisher, end->header),
                             .to = router->participants[end->receiver],
                             .role = (enum sl_role)delivery->role,
                             .what = recording_text(router, delivery->name)};
    line.event.number = end->event->number;
    if (delivery->n_rules > 0) { /* the first that brought it about */
        line.rule = recording_text(router, delivery->rules[0]->rule);
        line.clause = recording_text(router, delivery->rules[0]->clause);
    }
    if (end->dead)
        line.what = recording_text(router, sl_to_pb(end->code));
    tell(router, &line);
}

/* ---------------------------------------------------------------- the agreement */

static struct sl_bytes first_line(const struct sl_buffer *findings)
{
    struct sl_bytes all = sl_buffer_bytes(findings);
    const uint8_t *end = all.size == 0 ? NULL : memchr(all.data, '\n', all.size);
    return end == NULL ? all : sl_bytes(all.data, (size_t)(end - all.data));
}

static int read_agreement(struct agreement **out, const char *name, struct sl_bytes text,
                          struct sl_error *error)
{
    struct sl_buffer findings = {0};
    int result = agreement_read(out, name, text, &findings);
    if (result < 0) {
        struct sl_bytes first = first_line(&findings);
        (void)sl_fail(error, SL_CONFIGURATION, "%.*s", (int)first.size, (const char *)first.data);
    }
    sl_buffer_free(&findings);
    return result;
}

static size_t read_participants(struct router *router,
                                const Samenloop__V1__JournalAgreement *record,
                                struct core_participant *who)
{
    size_t count = record->n_participants < SL_MAX_PARTICIPANTS ? record->n_participants
                                                                : SL_MAX_PARTICIPANTS;
    for (size_t i = 0; i < count; i++) {
        const Samenloop__V1__Participant *one = record->participants[i];
        who[i] = (struct core_participant){.name = recording_text(router, one->name)};
        for (size_t k = 0; k < one->n_roles; k++)
            who[i].roles |= 1u << one->roles[k];
    }
    return count;
}

int decided_agreement(struct router *router, const char *name,
                      const Samenloop__V1__JournalAgreement *record, struct decided *out,
                      struct sl_error *error)
{
    struct agreement *agreement = NULL;
    struct core_participant who[SL_MAX_PARTICIPANTS];
    (void)out;
    if (read_agreement(&agreement, name, sl_from_pb(record->text), error) < 0)
        return -1;
    if (router->decider == NULL)
        router->decider = sl_new(1, sizeof *router->decider);
    struct decider *decider = router->decider;
    decider->agreements = sl_grow(decider->agreements, &decider->capacity, decider->count + 1,
                                  sizeof(struct agreement *));
    decider->agreements[decider->count++] = agreement;
    size_t count = read_participants(router, record, who);
    if (decider->core == NULL)
        decider->core = core_new(agreement, who, count);
    else
        core_agreement(decider->core, agreement, who, count);
    return 0;
}

int decided_in_force(int64_t *out, const char *name, struct sl_bytes text, struct sl_error *error)
{
    struct agreement *agreement = NULL;
    if (read_agreement(&agreement, name, text, error) < 0)
        return -1;
    *out = agreement->in_force;
    agreement_free(agreement);
    return 0;
}

struct sl_bytes decided_agreement_text(const struct router *router)
{
    const struct decider *decider = router->decider;
    return decider->agreements[decider->count - 1]->text;
}

struct sl_bytes decided_agreement_hash(const struct router *router)
{
    const struct decider *decider = router->decider;
    if (decider == NULL)
        return sl_bytes(NULL, 0);
    return sl_bytes(decider->agreements[decider->count - 1]->hash, SL_HASH_SIZE);
}

void decided_agreement_name(const struct router *router, const char **name, int *version,
                            int64_t *in_force)
{
    const struct decider *decider = router->decider;
    if (decider == NULL)
        return;
    const struct agreement *holding = decider->agreements[decider->count - 1];
    *name = holding->name;
    *version = holding->version;
    *in_force = holding->in_force;
}

void decided_image(struct router *router, struct image *image)
{
    if (router->decider == NULL)
        image->failed = true;
    else
        core_image(router->decider->core, image);
}

void decided_free(struct router *router)
{
    struct decider *decider = router->decider;
    if (decider == NULL)
        return;
    core_free(decider->core);
    for (size_t i = 0; i < decider->count; i++)
        agreement_free(decider->agreements[i]);
    free(decider->agreements);
    free(decider);
    router->decider = NULL;
}
