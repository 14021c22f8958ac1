/*
 * An operator's word on dead letters. One that is tried again waits as it did; one that is
 * discarded never comes, and the back offices of who published it and of whom it was for are told
 * so: the notice `delivery_discarded`, about the event behind it, with the operator's reason.
 */
#include <stdlib.h>

#include "router/source.h"
#include "router/state.h"

enum { TOLD = 2 }; /* who published it, and whom it was for */

struct judged {
    int participant; /* whose it is */
    enum sl_lane lane;
    uint64_t number;
    bool retry; /* else it is discarded */
    const char *who;
    const char *why;
};

/* What two notices of one discarding share. */
struct discarding {
    struct router *router;
    const struct judged *judged;
    const Samenloop__V1__Queued *letter;
    uint64_t event; /* record of the event behind it */
    ProtobufCBinaryData subject;
};

static void *take(struct router *router, size_t size)
{
    void *memory = sl_arena_alloc(&router->arena, size);
    if (memory == NULL)
        abort(); /* this arena has no limit */
    return memory;
}

static Samenloop__V1__Detail *detail(struct router *router, const char *name, const char *value)
{
    Samenloop__V1__Detail *made = take(router, sizeof *made);
    *made = (Samenloop__V1__Detail)SAMENLOOP__V1__DETAIL__INIT;
    made->name = sl_to_pb(sl_text(name));
    made->value = sl_to_pb(sl_text(value));
    return made;
}

static Samenloop__V1__Queued *notice(const struct discarding *discarding, const char *participant)
{
    struct router *router = discarding->router;
    const Samenloop__V1__Delivery *lost = discarding->letter->delivery;
    Samenloop__V1__Queued *queued = take(router, sizeof *queued);
    Samenloop__V1__Delivery *delivery = take(router, sizeof *delivery);
    Samenloop__V1__Detail **details = take(router, 2 * sizeof *details);
    *queued = (Samenloop__V1__Queued)SAMENLOOP__V1__QUEUED__INIT;
    *delivery = (Samenloop__V1__Delivery)SAMENLOOP__V1__DELIVERY__INIT;
    queued->participant = sl_to_pb(sl_text(participant));
    queued->delivery = delivery;
    queued->event = discarding->event;
    queued->subject = discarding->subject;
    delivery->lane = lost->lane;
    delivery->kind = SAMENLOOP__V1__DELIVERY_KIND__DELIVERY_KIND_NOTICE;
    delivery->name = sl_to_pb(sl_text("delivery_discarded"));
    delivery->role = SAMENLOOP__V1__ROLE__ROLE_BACK_OFFICE;
    delivery->rules = lost->rules;
    delivery->n_rules = lost->n_rules;
    delivery->journal_number = lost->journal_number;
    delivery->accepted_at = lost->accepted_at;
    details[0] = detail(router, "to", router->participants[discarding->judged->participant]);
    details[1] = detail(router, "reason", discarding->judged->why);
    delivery->details = details;
    delivery->n_details = 2;
    return queued;
}

/* Whom to tell; nobody of what has no event behind it. */
static int tell(struct router *router, const struct judged *judged, const struct delivery *letter,
                Samenloop__V1__Queued *told[TOLD], size_t *count, struct sl_error *error)
{
    struct source source = {.journal = router->journal, .arena = &router->arena};
    struct discarding discarding = {.router = router, .judged = judged};
    discarding.letter = source_queued(&source, letter, error);
    if (discarding.letter == NULL)
        return -1;
    if (!source_has_event(discarding.letter))
        return 0;
    if (source_event(&source, letter, discarding.letter, error) < 0)
        return -1;
    const Samenloop__V1__JournalBatch *batch = source_batch(&source, error);
    if (batch == NULL)
        return -1;
    int publisher = router_place(router, sl_from_pb(batch->participant));
    discarding.event = source.event_record;
    discarding.subject = discarding.letter->subject;
    told[(*count)++] = notice(&discarding, router->participants[judged->participant]);
    if (publisher >= 0 && publisher != judged->participant)
        told[(*count)++] = notice(&discarding, router->participants[publisher]);
    return 0;
}

static int record(struct router *router, const struct judged *judged, Samenloop__V1__Queued **told,
                  size_t count, struct sl_error *error)
{
    Samenloop__V1__JournalDeadLetter message = SAMENLOOP__V1__JOURNAL_DEAD_LETTER__INIT;
    message.at = router->at;
    message.participant = sl_to_pb(sl_text(router->participants[judged->participant]));
    message.lane = (Samenloop__V1__Lane)judged->lane;
    message.number = judged->number;
    message.action = judged->retry ? SAMENLOOP__V1__DEAD_LETTER_ACTION__DEAD_LETTER_ACTION_RETRY
                                   : SAMENLOOP__V1__DEAD_LETTER_ACTION__DEAD_LETTER_ACTION_DISCARD;
    message.who = sl_to_pb(sl_text(judged->who));
    message.why = sl_to_pb(sl_text(judged->why));
    message.queued = told;
    message.n_queued = count;
    outgoing_number(router, told, count);
    return router_record(router, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_DEAD_LETTER, &message.base,
                         sl_bytes(NULL, 0), error);
}

int router_dead_letter(struct router *router, const char *participant, enum sl_lane lane,
                       uint64_t number, bool retry, const char *who, const char *why,
                       struct sl_error *error)
{
    const struct judged judged = {.participant = router_place(router, sl_text(participant)),
                                  .lane = lane,
                                  .number = number,
                                  .retry = retry,
                                  .who = who,
                                  .why = why};
    Samenloop__V1__Queued *told[TOLD];
    size_t count = 0;
    const struct delivery *letter = NULL;
    if (router->full)
        return sl_fail(error, SL_OVERLOAD, "the router's disk is full");
    if (judged.participant >= 0)
        letter = deliveries_find(router->deliveries, judged.participant, lane, number);
    if (letter == NULL || letter->state != DELIVERY_DEAD)
        return sl_fail(error, SL_CONFIGURATION, "%s has no dead letter %s %llu", participant,
                       sl_lane_name(lane), (unsigned long long)number);
    sl_arena_clear(&router->arena);
    if (!retry && tell(router, &judged, letter, told, &count, error) < 0)
        return router_fail(router, error);
    (void)deliveries_judge(router->deliveries, judged.participant, lane, number, retry);
    return record(router, &judged, told, count, error) < 0 ? router_fail(router, error) : 0;
}
