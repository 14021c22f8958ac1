#include "router/erasure.h"

#include <stdlib.h>
#include <string.h>

#include "router/decided.h"
#include "router/snapshot.h"
#include "router/state.h"

enum { RECORDS_A_ROUND = 2000 };

struct erasure {
    uint8_t subject[SL_PSEUDONYM_SIZE];
    struct sl_buffer who;
    struct sl_buffer why;
    uint64_t next;      /* record to be looked at */
    int publisher;      /* of the batch that is looked at */
    uint32_t concerned; /* bit n: participant n published or received something about it */
    uint64_t *numbers;  /* records whose content is to go */
    size_t count;
    size_t capacity;
    bool ended;
    struct erasure_result result;
};

int erasure_begin(struct router *router, const struct erasure_wanted *wanted,
                  struct sl_error *error)
{
    if (router->erasure != NULL)
        return sl_fail(error, SL_OVERLOAD, "another erasure is under way");
    if (router->full)
        return sl_fail(error, SL_OVERLOAD, "the router's disk is full");
    struct erasure *erasure = sl_new(1, sizeof *erasure);
    memcpy(erasure->subject, wanted->subject, sizeof erasure->subject);
    sl_buffer_add_bytes(&erasure->who, sl_text(wanted->who));
    sl_buffer_add_bytes(&erasure->why, sl_text(wanted->why));
    erasure->next = 1;
    erasure->publisher = -1;
    router->erasure = erasure;
    return 0;
}

void erasure_free(struct router *router)
{
    struct erasure *erasure = router->erasure;
    if (erasure == NULL)
        return;
    sl_buffer_free(&erasure->who);
    sl_buffer_free(&erasure->why);
    free(erasure->numbers);
    free(erasure);
    router->erasure = NULL;
}

bool erasure_goes_on(const struct router *router)
{
    return router->erasure != NULL && !router->erasure->ended;
}

bool erasure_ended(struct router *router, struct erasure_result *out)
{
    if (router->erasure == NULL || !router->erasure->ended)
        return false;
    *out = router->erasure->result;
    erasure_free(router);
    return true;
}

/* ---------------------------------------------------------------- looking */

static bool is_subject(const struct erasure *erasure, ProtobufCBinaryData subject)
{
    return sl_bytes_equal(sl_bytes(erasure->subject, sizeof erasure->subject), sl_from_pb(subject));
}

static void concern(struct router *router, ProtobufCBinaryData name)
{
    int place = router_place(router, sl_from_pb(name));
    if (place >= 0)
        router->erasure->concerned |= 1u << place;
}

static void look_at_event(struct router *router, uint64_t record,
                          const Samenloop__V1__JournalEvent *event)
{
    struct erasure *erasure = router->erasure;
    const Samenloop__V1__Header *header = (const Samenloop__V1__Header *)sl_arena_unpack(
        &router->arena, &samenloop__v1__header__descriptor, sl_from_pb(event->header));
    if (header == NULL || !is_subject(erasure, header->subject))
        return;
    erasure->numbers = sl_grow(erasure->numbers, &erasure->capacity, erasure->count + 1,
                               sizeof *erasure->numbers);
    erasure->numbers[erasure->count++] = record;
    if (erasure->publisher >= 0)
        erasure->concerned |= 1u << erasure->publisher;
}

static void look_at(struct router *router, uint64_t record, const ProtobufCMessage *message)
{
    Samenloop__V1__Queued **queued = NULL;
    size_t count = journal_queued(message, &queued);
    for (size_t i = 0; i < count; i++) {
        if (is_subject(router->erasure, queued[i]->subject))
            concern(router, queued[i]->participant);
    }
    if (message->descriptor == &samenloop__v1__journal_batch__descriptor)
        router->erasure->publisher = router_place(
            router, sl_from_pb(((const Samenloop__V1__JournalBatch *)message)->participant));
    if (message->descriptor == &samenloop__v1__journal_event__descriptor)
        look_at_event(router, record, (const Samenloop__V1__JournalEvent *)message);
}

/* ---------------------------------------------------------------- the record */

static Samenloop__V1__Queued *tell(struct router *router, const char *name)
{
    Samenloop__V1__Queued *queued = sl_arena_alloc(&router->arena, sizeof *queued);
    Samenloop__V1__Delivery *delivery = sl_arena_alloc(&router->arena, sizeof *delivery);
    ProtobufCBinaryData *subject = sl_arena_alloc(&router->arena, sizeof *subject);
    if (queued == NULL || delivery == NULL || subject == NULL)
        abort(); /* this arena has no limit */
    *queued = (Samenloop__V1__Queued)SAMENLOOP__V1__QUEUED__INIT;
    *delivery = (Samenloop__V1__Delivery)SAMENLOOP__V1__DELIVERY__INIT;
    *subject = sl_to_pb(sl_bytes(router->erasure->subject, SL_PSEUDONYM_SIZE));
    queued->participant = sl_to_pb(sl_text(name));
    queued->delivery = delivery;
    queued->subject = *subject; /* behind what is on its way about the house */
    delivery->lane = SAMENLOOP__V1__LANE__LANE_ORDINARY;
    delivery->kind = SAMENLOOP__V1__DELIVERY_KIND__DELIVERY_KIND_ERASURE;
    delivery->name = sl_to_pb(sl_text("erasure"));
    delivery->role = SAMENLOOP__V1__ROLE__ROLE_BACK_OFFICE;
    delivery->journal_number = journal_events(router->journal); /* of what goes, the last */
    delivery->accepted_at = router->at;
    delivery->n_subjects = 1;
    delivery->subjects = subject;
    return queued;
}

static int keep_record(struct router *router, struct sl_error *error)
{
    struct erasure *erasure = router->erasure;
    Samenloop__V1__JournalErasure record = SAMENLOOP__V1__JOURNAL_ERASURE__INIT;
    Samenloop__V1__Queued *queued[SL_MAX_PARTICIPANTS];
    sl_arena_clear(&router->arena);
    record.at = router->at;
    record.subject = sl_to_pb(sl_bytes(erasure->subject, sizeof erasure->subject));
    record.who = sl_to_pb(sl_buffer_bytes(&erasure->who));
    record.why = sl_to_pb(sl_buffer_bytes(&erasure->why));
    record.queued = queued;
    for (int i = 0; i < (int)router->participant_count; i++) {
        if ((erasure->concerned & (1u << i)) != 0)
            queued[record.n_queued++] = tell(router, router->participants[i]);
    }
    decided_erasure(router, erasure->subject);
    outgoing_number(router, queued, record.n_queued);
    erasure->result.told = record.n_queued;
    return router_record(router, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_ERASURE, &record.base,
                         sl_bytes(NULL, 0), error);
}

static void end(struct router *router, const struct sl_error *error)
{
    router->erasure->ended = true;
    router->erasure->result.error = *error;
}

int erasure_step(struct router *router, struct sl_error *error)
{
    struct erasure *erasure = router->erasure;
    struct sl_error failure = {0};
    if (!erasure_goes_on(router) || router->full)
        return 0;
    for (int i = 0; i < RECORDS_A_ROUND && erasure->next <= journal_last(router->journal); i++) {
        sl_arena_clear(&router->arena);
        const ProtobufCMessage *message = journal_read(
            router->journal, &router->arena, erasure->next,
            SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_UNSPECIFIED, NULL, error);
        if (message == NULL)
            return -1;
        look_at(router, erasure->next++, message);
    }
    if (erasure->next <= journal_last(router->journal))
        return 0;
    if (erasure->count == 0) {
        (void)sl_fail(&failure, SL_CONFIGURATION, "the journal has no event of this house");
        end(router, &failure);
        return 0;
    }
    erasure->result.events = erasure->count;
    if (snapshot_drop(router, error) < 0 ||
        journal_erase(router->journal, erasure->numbers, erasure->count, error) < 0 ||
        keep_record(router, error) < 0)
        return -1;
    end(router, &failure);
    return 0;
}
