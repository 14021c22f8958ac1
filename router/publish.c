/* What comes in: a batch is judged, decided on, written down, and answered. */
#include <stdlib.h>
#include <string.h>

#include "router/answered.h"
#include "router/decided.h"
#include "router/intake.h"
#include "router/recent.h"
#include "router/state.h"
#include "schemas/uuid.h"

/* A batch while it is dealt with, made once; results point into the router's arena. */
struct publication {
    struct router *router;
    int participant;
    const Samenloop__V1__Publish *publish;
    struct recent_batch recent; /* what is kept of it in memory */
    struct recent_event *kept;  /* an event each */
    struct sl_buffer packed;    /* the sections of one */
    sl_hash leaves[SL_MAX_BATCH];
    struct intake_event events[SL_MAX_BATCH];
    Samenloop__V1__Result results[SL_MAX_BATCH];
    Samenloop__V1__Result *list[SL_MAX_BATCH];
};

static void *take(struct sl_arena *arena, size_t size)
{
    void *memory = sl_arena_alloc(arena, size);
    if (memory == NULL)
        abort(); /* this arena has no limit */
    return memory;
}

static void answer(struct router *router, int participant,
                   const Samenloop__V1__Published *published)
{
    router_begin_frame(router, router->connections.of[participant].number);
    sl_wire_published(&router->frames, published);
    router_end_frame(router);
}

static void answer_all(struct publication *publication)
{
    Samenloop__V1__Published published = SAMENLOOP__V1__PUBLISHED__INIT;
    published.lane = publication->publish->lane;
    published.position = publication->publish->position;
    published.n_results = publication->publish->bundle->n_envelopes;
    published.results = publication->list;
    answer(publication->router, publication->participant, &published);
}

/* ---------------------------------------------------------------- records */

static int append_batch(struct publication *publication, struct sl_bytes outbox,
                        struct sl_error *error)
{
    struct router *router = publication->router;
    const Samenloop__V1__Bundle *bundle = publication->publish->bundle;
    size_t count = bundle->n_envelopes;
    struct sl_bytes leaves = sl_bytes(publication->leaves, count * sizeof *publication->leaves);
    Samenloop__V1__JournalBatch *record = take(&router->arena, sizeof *record);
    *record = (Samenloop__V1__JournalBatch)SAMENLOOP__V1__JOURNAL_BATCH__INIT;
    record->participant = sl_to_pb(sl_text(router->participants[publication->participant]));
    record->outbox = sl_to_pb(sl_arena_copy(&router->arena, outbox));
    record->lane = publication->publish->lane;
    record->position = publication->publish->position;
    record->proof = bundle->proof;
    record->leaves = sl_to_pb(sl_arena_copy(&router->arena, leaves));
    publication->kept = take(&router->arena, count * sizeof *publication->kept);
    memset(publication->kept, 0, count * sizeof *publication->kept);
    publication->recent = (struct recent_batch){
        .batch = record, .events = publication->kept, .count = count};
    return journal_append(router->journal, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_BATCH,
                          &record->base, sl_bytes(NULL, 0), &publication->recent.record, error);
}

static ProtobufCBinaryData text_of(struct router *router, const char *text)
{
    return sl_to_pb(sl_arena_copy(&router->arena, sl_text(text)));
}

/* `rule` refused it; NULL: the first door. */
static int refuse(struct publication *publication, size_t index, const struct sl_error *reason,
                  const char *rule, struct sl_error *error)
{
    struct router *router = publication->router;
    const Samenloop__V1__Header *header = publication->events[index].header;
    Samenloop__V1__JournalRefused record = SAMENLOOP__V1__JOURNAL_REFUSED__INIT;
    record.at = router->at;
    record.participant = sl_to_pb(sl_text(router->participants[publication->participant]));
    if (header != NULL && header->event_id.len == SL_UUID_SIZE)
        record.event_id = header->event_id;
    if (header != NULL && header->type.len <= SL_MAX_WORD &&
        sl_bytes_printable(sl_from_pb(header->type)))
        record.type = header->type;
    if (header != NULL && header->subject.len == SL_HASH_SIZE)
        record.subject = header->subject;
    record.code = text_of(router, sl_code_name(reason->code));
    record.sentence = text_of(router, reason->text);
    if (rule != NULL)
        record.rule = text_of(router, rule);
    record.batch = publication->recent.record;
    record.index = (uint32_t)index;
    Samenloop__V1__Result *result = &publication->results[index];
    result->verdict = SAMENLOOP__V1__VERDICT__VERDICT_REFUSED;
    result->code = record.code;
    result->sentence = record.sentence;
    router->figures.refused++;
    decided_refused(router, publication->participant, &record);
    return journal_append(router->journal, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_REFUSED,
                          &record.base, sl_bytes(NULL, 0), NULL, error);
}

static int repeat(struct publication *publication, size_t index, uint64_t number,
                  struct sl_error *error)
{
    struct router *router = publication->router;
    Samenloop__V1__JournalDuplicate record = SAMENLOOP__V1__JOURNAL_DUPLICATE__INIT;
    record.at = router->at;
    record.number = number;
    record.batch = publication->recent.record;
    record.index = (uint32_t)index;
    publication->results[index].verdict = SAMENLOOP__V1__VERDICT__VERDICT_DUPLICATE;
    publication->results[index].journal_number = number;
    router->figures.duplicates++;
    decided_repeated(router, publication->participant, number, publication->events[index].header);
    return journal_append(router->journal, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_DUPLICATE,
                          &record.base, sl_bytes(NULL, 0), NULL, error);
}

/* The sealed sections as they came: the part of the record that can be erased. */
static void pack_sections(struct router *router, struct sl_buffer *packed,
                          const Samenloop__V1__Envelope *envelope, struct recent_event *out)
{
    Samenloop__V1__Sections *sections = take(&router->arena, sizeof *sections);
    *sections = (Samenloop__V1__Sections)SAMENLOOP__V1__SECTIONS__INIT;
    sections->n_sections = envelope->n_sections;
    sections->sections = envelope->sections;
    sl_buffer_clear(packed);
    sl_buffer_pack(packed, &sections->base);
    out->sections = sections;
    out->content = sl_arena_copy(&router->arena, sl_buffer_bytes(packed));
}

static int accept(struct publication *publication, size_t index, const struct decided *decided,
                  struct sl_error *error)
{
    struct router *router = publication->router;
    const Samenloop__V1__Envelope *envelope = publication->publish->bundle->envelopes[index];
    struct recent_event *kept = &publication->kept[index];
    Samenloop__V1__JournalEvent *record = take(&router->arena, sizeof *record);
    *record = (Samenloop__V1__JournalEvent)SAMENLOOP__V1__JOURNAL_EVENT__INIT;
    router->acute = router->acute || publication->publish->lane == SAMENLOOP__V1__LANE__LANE_ACUTE;
    record->number = journal_events(router->journal) + 1;
    record->at = router->at;
    record->batch = publication->recent.record;
    record->index = (uint32_t)index;
    record->lane = publication->publish->lane;
    record->header = envelope->header;
    record->n_remarks = decided->remark_count;
    record->remarks = decided->remarks;
    record->n_queued = decided->queued_count;
    record->queued = decided->queued;
    record->original = decided->original;
    record->past = sl_to_pb(decided->past);
    Samenloop__V1__Result *result = &publication->results[index];
    result->verdict = SAMENLOOP__V1__VERDICT__VERDICT_ACCEPTED;
    result->journal_number = record->number;
    result->n_remarks = decided->remark_count;
    result->remarks = decided->remarks;
    pack_sections(router, &publication->packed, envelope, kept);
    kept->event = record;
    kept->header = publication->events[index].header;
    return router_record(router, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_EVENT, &record->base,
                         kept->content, error);
}

/* ---------------------------------------------------------------- a batch */

static int take_event(struct publication *publication, size_t index, struct sl_error *error)
{
    struct intake_event *event = &publication->events[index];
    struct decided decided = {0};
    if (event->error.code != SL_OK)
        return refuse(publication, index, &event->error, NULL, error);
    uint64_t number = journal_events(publication->router->journal) + 1;
    switch (decided_event(publication->router, publication->participant, number, event->header,
                          event->type, &decided, error)) {
    case DECIDED_ACCEPTED:
        return accept(publication, index, &decided, error);
    case DECIDED_DUPLICATE:
        return repeat(publication, index, decided.number, error);
    case DECIDED_REFUSED:
        return refuse(publication, index, &decided.refusal, decided.rule, error);
    default:
        return -1;
    }
}

static void answer_later(struct publication *publication)
{
    for (size_t i = 0; i < publication->publish->bundle->n_envelopes; i++)
        publication->results[i].verdict = SAMENLOOP__V1__VERDICT__VERDICT_LATER;
    answer_all(publication);
}

static int take_batch(struct publication *publication, struct sl_bytes outbox,
                      struct sl_error *error)
{
    struct router *router = publication->router;
    const Samenloop__V1__Bundle *bundle = publication->publish->bundle;
    struct intake intake = decided_intake(router, publication->participant);
    intake.lane = (enum sl_lane)publication->publish->lane;
    for (size_t i = 0; i < bundle->n_envelopes; i++) {
        publication->results[i] = (Samenloop__V1__Result)SAMENLOOP__V1__RESULT__INIT;
        publication->list[i] = &publication->results[i];
    }
    if (intake_judge(&intake, router->crypto, &router->incoming, bundle, publication->leaves,
                     publication->events) == INTAKE_LATER) {
        answer_later(publication);
        return 0;
    }
    if (append_batch(publication, outbox, error) < 0)
        return -1;
    for (size_t i = 0; i < bundle->n_envelopes; i++) {
        if (take_event(publication, i, error) < 0)
            return -1;
    }
    answer_all(publication);
    recent_keep(journal_recent(router->journal), &publication->recent, &router->incoming,
                &router->arena);
    return 0;
}

/* What was answered before is answered again, in the same words. */
static int answer_again(struct router *router, int participant, uint64_t batch,
                        struct sl_error *error)
{
    Samenloop__V1__Published published;
    if (journal_read_results(router->journal, &router->arena, batch, &published, error) < 0)
        return -1;
    answer(router, participant, &published);
    return 0;
}

int publish_batch(struct router *router, int participant, const Samenloop__V1__Publish *publish,
                  struct sl_error *error)
{
    struct connection *connection = &router->connections.of[participant];
    struct sl_bytes identity = sl_bytes(connection->outbox, SL_IDENTITY_SIZE);
    struct answered_outbox outbox = {router->participants[participant], identity, publish->lane};
    if (connections_take(connection, publish->bundle->n_envelopes, error) < 0)
        return -1;
    uint64_t batch = answered_find(journal_answered(router->journal), &outbox, publish->position);
    if (batch != 0)
        return answer_again(router, participant, batch, error);
    if (router->publication == NULL)
        router->publication = sl_new(1, sizeof *router->publication);
    struct publication *publication = router->publication;
    publication->router = router;
    publication->participant = participant;
    publication->publish = publish;
    return take_batch(publication, identity, error);
}

void publish_free(struct publication *publication)
{
    if (publication == NULL)
        return;
    sl_buffer_free(&publication->packed);
    free(publication);
}
