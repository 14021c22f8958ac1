/* The journal as state: every record says again what it said when it was made. */
#include <stddef.h>
#include <string.h>

#include "router/decided.h"
#include "router/source.h"
#include "router/state.h"

static int odd(uint64_t record, const char *what, struct sl_error *error)
{
    return sl_fail(error, SL_DAMAGED, "journal: record %llu: %s", (unsigned long long)record, what);
}

/*
 * A later version may decide otherwise than the one that wrote the record. What went out stands in
 * the record, and holds; that it would be otherwise now is counted, and told.
 */
static void compare(struct router *router, uint64_t record, const struct decided *decided,
                    Samenloop__V1__Queued *const *queued, size_t count)
{
    bool same = decided->queued_count == count;
    for (size_t i = 0; i < count && same; i++) {
        const Samenloop__V1__Queued *a = decided->queued[i];
        const Samenloop__V1__Queued *b = queued[i];
        same = b->delivery != NULL && a->sections == b->sections &&
               a->delivery->number == b->delivery->number &&
               a->delivery->lane == b->delivery->lane && a->delivery->role == b->delivery->role &&
               a->delivery->kind == b->delivery->kind &&
               a->delivery->deadline == b->delivery->deadline &&
               sl_bytes_equal(sl_from_pb(a->participant), sl_from_pb(b->participant)) &&
               sl_bytes_equal(sl_from_pb(a->delivery->name), sl_from_pb(b->delivery->name));
    }
    if (!same && router->figures.differing++ == 0)
        router->figures.differing_first = record;
}

static int queue(struct router *router, uint64_t record, const struct decided *decided,
                 Samenloop__V1__Queued *const *queued, size_t count, struct sl_error *error)
{
    compare(router, record, decided, queued, count);
    return outgoing_queue(router, record, queued, count, error);
}

/* ---------------------------------------------------------------- a kind each */

static int fold_batch(struct router *router, uint64_t record, const void *message,
                      struct sl_error *error)
{
    const Samenloop__V1__JournalBatch *batch = message;
    router->publisher = router_place(router, sl_from_pb(batch->participant));
    return router->publisher < 0 ? odd(record, "nobody's batch", error) : 0;
}

static int fold_event(struct router *router, uint64_t record, const void *message,
                      struct sl_error *error)
{
    const Samenloop__V1__JournalEvent *event = message;
    struct decided decided = {0};
    const Samenloop__V1__Header *header = (const Samenloop__V1__Header *)sl_arena_unpack(
        &router->arena, &samenloop__v1__header__descriptor, sl_from_pb(event->header));
    const struct sl_type *type = header == NULL ? NULL : sl_type_find(sl_from_pb(header->type));
    if (type == NULL)
        return odd(record, "an event of no type", error);
    switch (
        decided_event(router, router->publisher, event->number, header, type, &decided, error)) {
    case DECIDED_ACCEPTED:
        return queue(router, record, &decided, event->queued, event->n_queued, error);
    case DECIDED_FAILED:
        return -1;
    default:
        return odd(record, "an event that would not be accepted now", error);
    }
}

/* The line about a delivery that ended, where lines are told. */
static int tell_end(struct router *router, int participant, const struct delivery *delivery,
                    struct sl_bytes code, struct sl_error *error)
{
    struct source source = {.journal = router->journal, .arena = &router->arena};
    return router->quiet ? 0 : outgoing_tell(router, &source, participant, delivery, code, error);
}

static int fold_refused(struct router *router, uint64_t record, const void *message,
                        struct sl_error *error)
{
    const Samenloop__V1__JournalRefused *refused = message;
    int participant = router_place(router, sl_from_pb(refused->participant));
    if (participant < 0)
        return odd(record, "a refusal of nobody's event", error);
    if (!router->quiet)
        decided_refused(router, participant, refused);
    return 0;
}

/* Source, id and content are those of the first, so its header says all that the line says. */
static int fold_duplicate(struct router *router, uint64_t record, const void *message,
                          struct sl_error *error)
{
    const Samenloop__V1__JournalDuplicate *duplicate = message;
    if (router->quiet)
        return 0;
    uint64_t first = journal_find_event(router->journal, duplicate->number, error);
    const Samenloop__V1__JournalEvent *event = (const Samenloop__V1__JournalEvent *)journal_read(
        router->journal, &router->arena, first, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_EVENT, NULL,
        error);
    const Samenloop__V1__Header *header =
        event == NULL
            ? NULL
            : (const Samenloop__V1__Header *)sl_arena_unpack(
                  &router->arena, &samenloop__v1__header__descriptor, sl_from_pb(event->header));
    if (header == NULL)
        return odd(record, "a repetition of no event", error);
    decided_repeated(router, router->publisher, duplicate->number, header);
    return 0;
}

static int fold_ended(struct router *router, uint64_t record, const void *message,
                      struct sl_error *error)
{
    const Samenloop__V1__JournalEnded *ended = message;
    int participant = router_place(router, sl_from_pb(ended->participant));
    enum sl_lane lane = (enum sl_lane)ended->lane;
    uint64_t number = 0;
    uint64_t from = 0;
    bool dead = false;
    if (participant < 0 || lane < SL_LANE_ACUTE || lane > SL_LANE_ORDINARY)
        return odd(record, "answers of nobody", error);
    while (deliveries_gap(router->deliveries, participant, lane, &number, &from)) {
        if (outgoing_refill(router, error) < 0)
            return -1;
    }
    for (size_t i = 0; i < ended->n_done; i++) {
        const struct delivery *sent = deliveries_find(router->deliveries, participant, lane,
                                                      ended->done[i]);
        if (sent != NULL && tell_end(router, participant, sent, sl_bytes(NULL, 0), error) < 0)
            return -1;
        if (!deliveries_done(router->deliveries, participant, lane, ended->done[i]))
            return odd(record, "a delivery ended that did not wait", error);
    }
    for (size_t i = 0; i < ended->n_failed; i++) {
        const Samenloop__V1__Failure *failure = ended->failed[i];
        const struct delivery *sent = deliveries_find(router->deliveries, participant, lane,
                                                      failure->number);
        struct delivery had = {0};
        if (sent != NULL)
            had = *sent;
        if (!deliveries_failed(router->deliveries, participant, lane, failure->number,
                               router->moment.elapsed, &dead))
            return odd(record, "a delivery failed that did not wait", error);
        if (dead && tell_end(router, participant, &had, sl_from_pb(failure->code), error) < 0)
            return -1;
    }
    return 0;
}

static int fold_dead_letter(struct router *router, uint64_t record, const void *message,
                            struct sl_error *error)
{
    const Samenloop__V1__JournalDeadLetter *letter = message;
    int participant = router_place(router, sl_from_pb(letter->participant));
    bool retry = letter->action == SAMENLOOP__V1__DEAD_LETTER_ACTION__DEAD_LETTER_ACTION_RETRY;
    if (participant < 0 || !deliveries_judge(router->deliveries, participant,
                                             (enum sl_lane)letter->lane, letter->number, retry))
        return odd(record, "no such dead letter", error);
    return outgoing_queue(router, record, letter->queued, letter->n_queued, error);
}

static int fold_receipt(struct router *router, uint64_t record, const void *message,
                        struct sl_error *error)
{
    const Samenloop__V1__JournalReceipt *receipt = message;
    struct source source = {.journal = router->journal, .arena = &router->arena};
    struct decided decided = {0};
    struct delivery delivery = {0};
    int participant = router_place(router, sl_from_pb(receipt->participant));
    if (participant < 0 ||
        !deliveries_take_receipt(router->deliveries, participant, (enum sl_lane)receipt->lane,
                                 receipt->number, (enum sl_role)receipt->role, &delivery))
        return odd(record, "a receipt that was not awaited", error);
    const Samenloop__V1__Queued *queued = source_queued(&source, &delivery, error);
    if (queued == NULL)
        return -1;
    if (decided_receipt(router, participant, queued->delivery->journal_number,
                        (enum sl_role)receipt->role, &decided, error) < 0)
        return -1;
    return queue(router, record, &decided, receipt->queued, receipt->n_queued, error);
}

static int fold_tick(struct router *router, uint64_t record, const void *message,
                     struct sl_error *error)
{
    const Samenloop__V1__JournalTick *tick = message;
    struct decided decided = {0};
    if (decided_tick(router, &decided, error) < 0)
        return -1;
    return queue(router, record, &decided, tick->queued, tick->n_queued, error);
}

static int fold_agreement(struct router *router, uint64_t record, const void *message,
                          struct sl_error *error)
{
    const Samenloop__V1__JournalAgreement *agreement = message;
    struct decided decided = {0};
    if (agreed_again(router, agreement, error) < 0)
        return -1;
    return queue(router, record, &decided, agreement->queued, agreement->n_queued, error);
}

static int fold_erasure(struct router *router, uint64_t record, const void *message,
                        struct sl_error *error)
{
    const Samenloop__V1__JournalErasure *erasure = message;
    if (erasure->subject.len != SL_PSEUDONYM_SIZE)
        return odd(record, "an erasure of nobody", error);
    decided_erasure(router, erasure->subject.data);
    return outgoing_queue(router, record, erasure->queued, erasure->n_queued, error);
}

static int fold_card(struct router *router, uint64_t record, const void *message,
                     struct sl_error *error)
{
    return cards_fold(router, message) < 0 ? odd(record, "a key card that is none", error) : 0;
}

static int fold_checkpoint(struct router *router, uint64_t record, const void *message,
                           struct sl_error *error)
{
    const Samenloop__V1__JournalCheckpoint *checkpoint = message;
    if (checkpoint->size + 1 != record || checkpoint->root.len != SL_HASH_SIZE)
        return odd(record, "a head of something else", error);
    router->heads.size = checkpoint->size;
    router->heads.at = checkpoint->at;
    memcpy(router->heads.root, checkpoint->root.data, SL_HASH_SIZE);
    return outgoing_queue(router, record, checkpoint->queued, checkpoint->n_queued, error);
}

/* ---------------------------------------------------------------- all of them */

struct folding {
    size_t at; /* where the message has its moment; SIZE_MAX: nowhere */
    int (*fold)(struct router *router, uint64_t record, const void *message,
                struct sl_error *error);
};

#define AT(type) offsetof(Samenloop__V1__Journal##type, at)

static const struct folding foldings[] = {
    [SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_AGREEMENT] = {AT(Agreement), fold_agreement},
    [SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_CARD] = {SIZE_MAX,
                                                      fold_card} /* no decision's moment */,
    [SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_BATCH] = {SIZE_MAX, fold_batch},
    [SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_EVENT] = {AT(Event), fold_event},
    [SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_REFUSED] = {AT(Refused), fold_refused},
    [SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_DUPLICATE] = {AT(Duplicate), fold_duplicate},
    [SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_ENDED] = {AT(Ended), fold_ended},
    [SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_DEAD_LETTER] = {AT(DeadLetter), fold_dead_letter},
    [SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_RECEIPT] = {AT(Receipt), fold_receipt},
    [SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_TICK] = {AT(Tick), fold_tick},
    [SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_ERASURE] = {AT(Erasure), fold_erasure},
    [SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_CHECKPOINT] = {AT(Checkpoint), fold_checkpoint},
};

/* The last records' lines are made whoever listens: a snapshot has the last lines. */
enum { TOLD_RECORDS = 4096 };

struct telling {
    struct router *router;
    fold_teller told; /* NULL: nobody listens */
    void *context;
    uint64_t last; /* record */
};

static int fold_record(void *context, uint64_t record, Samenloop__V1__RecordKind kind,
                       const ProtobufCMessage *message, struct sl_error *error)
{
    const struct telling *telling = context;
    struct router *router = telling->router;
    const struct folding *folding = &foldings[kind]; /* the journal gives no others */
    router->quiet = telling->told == NULL && record + TOLD_RECORDS < telling->last;
    if (router->quiet)
        sl_buffer_clear(&router->told);
    sl_arena_clear(&router->arena);
    if (folding->at != SIZE_MAX)
        memcpy(&router->at, (const uint8_t *)message + folding->at, sizeof router->at);
    if (folding->fold != NULL && folding->fold(router, record, message, error) < 0)
        return -1;
    int result = 0;
    if (router->lines.size > 0 && telling->told != NULL)
        result = telling->told(telling->context, sl_buffer_bytes(&router->lines), error);
    router_told(router);
    return result;
}

int fold_journal(struct router *router, fold_teller told, void *context, struct sl_error *error)
{
    struct telling telling = {router, told, context, journal_last(router->journal)};
    router->folding = true;
    int result = journal_fold(router->journal, fold_record, &telling, error);
    router->folding = false;
    router->quiet = false;
    return result;
}
