/* What receivers say of deliveries: had, failed, behind, and taken from the inbox by somebody. */
#include <stdlib.h>
#include <string.h>

#include "router/decided.h"
#include "router/source.h"
#include "router/state.h"

/*
 * The answers of one frame, gathered by lane: a JournalEnded each. Its lines stand in the record's
 * order, what was had before what died, so that they can be made from the journal again.
 */
struct ended {
    Samenloop__V1__JournalEnded record;
    uint64_t done[SL_MAX_DELIVERIES];
    Samenloop__V1__Failure failures[SL_MAX_DELIVERIES];
    Samenloop__V1__Failure *failed[SL_MAX_DELIVERIES];
    struct delivery had[SL_MAX_DELIVERIES]; /* as done[] */
    struct delivery dead[SL_MAX_DELIVERIES];
    struct sl_bytes codes[SL_MAX_DELIVERIES]; /* as dead[] */
    size_t dead_count;
};

static void begin_ended(struct ended *ended, const struct router *router, int participant,
                        Samenloop__V1__Lane lane)
{
    ended->record = (Samenloop__V1__JournalEnded)SAMENLOOP__V1__JOURNAL_ENDED__INIT;
    ended->record.at = router->at;
    ended->record.participant = sl_to_pb(sl_text(router->participants[participant]));
    ended->record.lane = lane;
    ended->record.done = ended->done;
    ended->record.failed = ended->failed;
}

static void add_failure(struct ended *ended, const Samenloop__V1__DeliveryAnswer *answer)
{
    size_t i = ended->record.n_failed++;
    ended->failures[i] = (Samenloop__V1__Failure)SAMENLOOP__V1__FAILURE__INIT;
    ended->failures[i].number = answer->number;
    ended->failures[i].code = answer->code;
    ended->failures[i].sentence = answer->sentence;
    ended->failed[i] = &ended->failures[i];
}

int outgoing_tell(struct router *router, struct source *source, int receiver,
                  const struct delivery *delivery, struct sl_bytes code, struct sl_error *error)
{
    const Samenloop__V1__Queued *queued = source_queued(source, delivery, error);
    if (queued == NULL)
        return -1;
    if (!source_has_event(queued))
        return 0; /* checkpoints and erasures are no outcome of a rule */
    if (source_event(source, delivery, queued, error) < 0)
        return -1;
    const Samenloop__V1__JournalBatch *batch = source_batch(source, error);
    struct decided_end end = {
        .receiver = receiver,
        .publisher = batch == NULL ? -1 : router_place(router, sl_from_pb(batch->participant)),
        .queued = queued,
        .event = source->event,
        .header = source_header(source),
        .dead = code.size > 0,
        .code = code};
    if (end.publisher < 0 || end.header == NULL)
        return sl_fail(error, SL_DAMAGED, "journal: event %llu has no header or no publisher",
                       (unsigned long long)source->event->number);
    decided_ended(router, &end);
    return 0;
}

static void take_done(struct router *router, int participant,
                      const Samenloop__V1__DeliveryAnswer *answer, struct ended *ended)
{
    enum sl_lane lane = (enum sl_lane)answer->lane;
    size_t i = ended->record.n_done++;
    ended->had[i] = *deliveries_find(router->deliveries, participant, lane, answer->number);
    ended->done[i] = answer->number;
    (void)deliveries_done(router->deliveries, participant, lane, answer->number);
}

static void take_failed(struct router *router, int participant,
                        const Samenloop__V1__DeliveryAnswer *answer, struct ended *ended)
{
    enum sl_lane lane = (enum sl_lane)answer->lane;
    struct delivery had = *deliveries_find(router->deliveries, participant, lane, answer->number);
    bool dead = false;
    add_failure(ended, answer);
    (void)deliveries_failed(router->deliveries, participant, lane, answer->number,
                            router->moment.elapsed, &dead);
    if (!dead)
        return;
    ended->dead[ended->dead_count] = had;
    ended->codes[ended->dead_count++] = sl_from_pb(answer->code);
}

/* Lines are told once all answers of the lane are taken. */
static int tell_ended(struct router *router, int participant, const struct ended *ended,
                      struct sl_error *error)
{
    struct source source = {.journal = router->journal, .arena = &router->arena};
    int result = 0;
    for (size_t i = 0; i < ended->record.n_done && result == 0; i++)
        result = outgoing_tell(router, &source, participant, &ended->had[i], sl_bytes(NULL, 0),
                               error);
    for (size_t i = 0; i < ended->dead_count && result == 0; i++)
        result = outgoing_tell(router, &source, participant, &ended->dead[i], ended->codes[i],
                               error);
    return result;
}

/*
 * An answer counts when it is about a delivery that this connection was sent and has not answered.
 * One about something else that was once given out is old, and passed over; a number that never
 * was is a broken protocol.
 */
static int take_answer(struct router *router, int participant,
                       const Samenloop__V1__DeliveryAnswer *answer, struct ended *ended,
                       struct sl_error *error)
{
    enum sl_lane lane = (enum sl_lane)answer->lane;
    if (answer->number >= deliveries_next(router->deliveries, participant, lane))
        return sl_fail(error, SL_PROTOCOL, "delivered: %s delivery %llu never was",
                       sl_lane_name(lane), (unsigned long long)answer->number);
    const struct delivery *sent = deliveries_find(router->deliveries, participant, lane,
                                                  answer->number);
    if (sent == NULL || sent->state != DELIVERY_SENT || answer->attempt != sent->failures + 1u)
        return 0;
    router->connections.of[participant].in_flight[lane]--;
    switch (answer->outcome) {
    case SAMENLOOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_DONE:
        take_done(router, participant, answer, ended);
        return 0;
    case SAMENLOOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_FAILED:
        take_failed(router, participant, answer, ended);
        return 0;
    default:
        (void)deliveries_behind(router->deliveries, participant, lane, answer->number,
                                router->moment.elapsed);
        return 0;
    }
}

/* After a failure a subject may go on without what failed: that is never forgotten again. */
static int append_ended(struct router *router, const Samenloop__V1__JournalEnded *record,
                        struct sl_error *error)
{
    if (record->n_failed == 0)
        return journal_append_done(router->journal, record, error);
    return journal_append(router->journal, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_ENDED,
                          &record->base, sl_bytes(NULL, 0), NULL, error);
}

static int take_lane(struct router *router, int participant,
                     const Samenloop__V1__Delivered *delivered, Samenloop__V1__Lane lane,
                     struct sl_error *error)
{
    struct ended *ended = sl_new(1, sizeof *ended);
    int result = 0;
    begin_ended(ended, router, participant, lane);
    for (size_t i = 0; i < delivered->n_answers && result == 0; i++) {
        if (delivered->answers[i]->lane == lane)
            result = take_answer(router, participant, delivered->answers[i], ended, error);
    }
    /* What was taken before a broken answer has happened, and is kept. */
    struct sl_error failure = {0};
    if (tell_ended(router, participant, ended, &failure) < 0) {
        *error = failure;
        result = -1;
    }
    if (ended->record.n_done + ended->record.n_failed > 0 &&
        append_ended(router, &ended->record, &failure) < 0) {
        *error = failure;
        result = -1;
    }
    free(ended);
    return result;
}

int outgoing_answered(struct router *router, int participant,
                      const Samenloop__V1__Delivered *delivered, struct sl_error *error)
{
    for (int lane = SL_LANE_ACUTE; lane <= SL_LANE_ORDINARY; lane++) {
        bool any = false;
        for (size_t i = 0; i < delivered->n_answers; i++)
            any = any || (int)delivered->answers[i]->lane == lane;
        if (any && take_lane(router, participant, delivered, (Samenloop__V1__Lane)lane, error) < 0)
            return -1;
    }
    return connections_add_credit(&router->connections.of[participant], delivered->credit, error);
}

int outgoing_receipt(struct router *router, int participant, const Samenloop__V1__Receipt *receipt,
                     struct sl_error *error)
{
    enum sl_lane lane = (enum sl_lane)receipt->lane;
    struct delivery delivery = {0};
    if (receipt->number >= deliveries_next(router->deliveries, participant, lane))
        return sl_fail(error, SL_PROTOCOL, "receipt: %s delivery %llu never was",
                       sl_lane_name(lane), (unsigned long long)receipt->number);
    if (!deliveries_take_receipt(router->deliveries, participant, lane, receipt->number,
                                 (enum sl_role)receipt->role, &delivery))
        return 0; /* not awaited, or a second time */
    Samenloop__V1__JournalReceipt record = SAMENLOOP__V1__JOURNAL_RECEIPT__INIT;
    record.at = router->at;
    record.participant = sl_to_pb(sl_text(router->participants[participant]));
    record.lane = receipt->lane;
    record.number = receipt->number;
    record.role = receipt->role;
    record.taken_at = receipt->at;
    struct decided decided = {0};
    struct source source = {.journal = router->journal, .arena = &router->arena};
    const Samenloop__V1__Queued *queued = source_queued(&source, &delivery, error);
    if (queued == NULL)
        return -1;
    if (decided_receipt(router, participant, queued->delivery->journal_number,
                        (enum sl_role)receipt->role, &decided, error) < 0)
        return -1;
    record.n_queued = decided.queued_count;
    record.queued = decided.queued;
    return router_record(router, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_RECEIPT, &record.base,
                         sl_bytes(NULL, 0), error);
}
