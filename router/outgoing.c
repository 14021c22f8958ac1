/* What goes out: queues filled from records, frames of deliveries, answers to them. */
#include <stdlib.h>
#include <string.h>

#include "router/source.h"
#include "router/state.h"

enum {
    FRAME_BYTES = 1024 * 1024,     /* a frame is full behind this; one delivery may pass it */
    FRAME_DELIVERIES = 256,        /* few, since an acute one waits while its receiver opens them */
    ROUND_BYTES = 8 * 1024 * 1024, /* all frames of a round */
    REFILL_RECORDS = 4096,         /* looked through for one queue in a round */
    BUNDLE_BYTES = 1024,           /* a bundle's proof, about */
    DELIVERY_BYTES = 256           /* a delivery, about, without what its rules quote */
};

static void *take(struct sl_arena *arena, size_t size)
{
    void *memory = sl_arena_alloc(arena, size);
    if (memory == NULL)
        abort(); /* this arena has no limit */
    return memory;
}

/* ---------------------------------------------------------------- into the queues */

static struct delivery delivery_of(uint64_t record, size_t place,
                                   const Samenloop__V1__Delivery *wanted)
{
    return (struct delivery){.number = wanted->number,
                             .previous = wanted->previous,
                             .record = record,
                             .place = (uint32_t)place,
                             .role = (uint8_t)wanted->role};
}

static bool is_good(const Samenloop__V1__Queued *queued, int receiver)
{
    return receiver >= 0 && queued->delivery != NULL &&
           queued->delivery->lane >= SAMENLOOP__V1__LANE__LANE_ACUTE &&
           queued->delivery->lane <= SAMENLOOP__V1__LANE__LANE_ORDINARY &&
           (queued->subject.len == 0 || queued->subject.len == SL_HASH_SIZE);
}

int outgoing_queue(struct router *router, uint64_t record, Samenloop__V1__Queued *const *queued,
                   size_t count, struct sl_error *error)
{
    for (size_t i = 0; i < count; i++) {
        int receiver = router_place(router, sl_from_pb(queued[i]->participant));
        const Samenloop__V1__Delivery *wanted = queued[i]->delivery;
        if (!is_good(queued[i], receiver) ||
            wanted->number !=
                deliveries_next(router->deliveries, receiver, (enum sl_lane)wanted->lane))
            return sl_fail(error, SL_DAMAGED, "journal: record %llu: a delivery out of its order",
                           (unsigned long long)record);
        struct delivery delivery = delivery_of(record, i, wanted);
        deliveries_add(router->deliveries, receiver, (enum sl_lane)wanted->lane, &delivery,
                       queued[i]->subject.len == 0 ? NULL : queued[i]->subject.data);
        if (wanted->receipt_wanted)
            deliveries_await_receipt(router->deliveries, receiver, (enum sl_lane)wanted->lane,
                                     &delivery);
    }
    return 0;
}

static bool is_same_queue(const Samenloop__V1__Queued *a, const Samenloop__V1__Queued *b)
{
    return a->delivery->lane == b->delivery->lane &&
           sl_bytes_equal(sl_from_pb(a->participant), sl_from_pb(b->participant));
}

void outgoing_number(const struct router *router, Samenloop__V1__Queued *const *queued,
                     size_t count)
{
    for (size_t i = 0; i < count; i++) {
        Samenloop__V1__Delivery *wanted = queued[i]->delivery;
        int receiver = router_place(router, sl_from_pb(queued[i]->participant));
        enum sl_lane lane = (enum sl_lane)wanted->lane;
        wanted->number = deliveries_next(router->deliveries, receiver, lane);
        if (queued[i]->subject.len == SL_HASH_SIZE)
            wanted->previous = deliveries_previous(router->deliveries, receiver, lane,
                                                   queued[i]->subject.data);
        for (size_t k = 0; k < i; k++) { /* those of this decision are not in their queue yet */
            if (!is_same_queue(queued[i], queued[k]))
                continue;
            wanted->number = queued[k]->delivery->number + 1;
            if (queued[i]->subject.len > 0 &&
                sl_bytes_equal(sl_from_pb(queued[i]->subject), sl_from_pb(queued[k]->subject)))
                wanted->previous = queued[k]->delivery->number;
        }
    }
}

/* Gives a queue what one record holds for it, from number *wanted on. */
static void refill_from(struct router *router, int receiver, enum sl_lane lane, uint64_t record,
                        const ProtobufCMessage *message, uint64_t *wanted)
{
    Samenloop__V1__Queued **queued = NULL;
    size_t count = journal_queued(message, &queued);
    for (size_t i = 0; i < count; i++) {
        const Samenloop__V1__Delivery *one = queued[i]->delivery;
        if (one == NULL || one->number != *wanted || (enum sl_lane)one->lane != lane ||
            router_place(router, sl_from_pb(queued[i]->participant)) != receiver)
            continue;
        struct delivery delivery = delivery_of(record, i, one);
        if (!deliveries_refill(router->deliveries, receiver, lane, &delivery))
            return;
        ++*wanted;
    }
}

static int refill_queue(struct router *router, int receiver, enum sl_lane lane,
                        struct sl_error *error)
{
    uint64_t wanted = 0;
    uint64_t record = 0;
    for (int i = 0;
         i < REFILL_RECORDS && deliveries_gap(router->deliveries, receiver, lane, &wanted, &record);
         i++) {
        sl_arena_clear(&router->outgoing);
        const ProtobufCMessage *message = journal_read(
            router->journal, &router->outgoing, record,
            SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_UNSPECIFIED, NULL, error);
        if (message == NULL)
            return -1;
        refill_from(router, receiver, lane, record, message, &wanted);
        if (!deliveries_gap(router->deliveries, receiver, lane, &wanted, &record))
            return 0;
        deliveries_looked(router->deliveries, receiver, lane, record + 1);
        router->more = true;
    }
    return 0;
}

int outgoing_refill(struct router *router, struct sl_error *error)
{
    for (int i = 0; i < (int)router->participant_count; i++) {
        for (int lane = SL_LANE_ACUTE; lane <= SL_LANE_ORDINARY; lane++) {
            if (refill_queue(router, i, (enum sl_lane)lane, error) < 0)
                return -1;
        }
    }
    return 0;
}

/* ---------------------------------------------------------------- a frame */

/* Some events of one batch, in their order, for one Deliver. */
struct making {
    uint64_t batch;
    const Samenloop__V1__JournalBatch *record;
    Samenloop__V1__Bundle bundle;
    Samenloop__V1__Envelope *envelopes[SL_MAX_BATCH];
    uint32_t last_sections; /* of the last envelope */
};

struct frame {
    struct router *router;
    struct sl_arena *arena;
    size_t bytes;
    Samenloop__V1__Deliver deliver;
    Samenloop__V1__Delivery *deliveries[SL_MAX_DELIVERIES];
    Samenloop__V1__Bundle *bundles[SL_MAX_DELIVERIES];
    struct making *makings[SL_MAX_DELIVERIES];
    struct source source;
};

/* The event's header with the sections that this delivery discloses. */
static Samenloop__V1__Envelope *make_envelope(struct frame *frame, uint32_t disclosed)
{
    Samenloop__V1__Envelope *envelope = take(frame->arena, sizeof *envelope);
    *envelope = (Samenloop__V1__Envelope)SAMENLOOP__V1__ENVELOPE__INIT;
    envelope->index = frame->source.event->index;
    envelope->header = frame->source.event->header;
    const Samenloop__V1__Sections *sections = source_sections(&frame->source);
    size_t count = sections == NULL ? 0 : sections->n_sections;
    envelope->sections = take(frame->arena, (count + 1) * sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        Samenloop__V1__SealedSection *section = sections->sections[i];
        if ((disclosed & sl_section_bit((enum sl_section)section->section)) != 0)
            envelope->sections[envelope->n_sections++] = section;
    }
    frame->bytes += envelope->header.len + frame->source.content.size; /* at most */
    return envelope;
}

/* A bundle of the event's batch in which it can stand: behind the others, or as the last one with
 * the very same sections. */
static struct making *find_making(struct frame *frame, uint32_t disclosed, size_t *index)
{
    for (size_t i = 0; i < frame->deliver.n_bundles; i++) {
        struct making *making = frame->makings[i];
        size_t count = making->bundle.n_envelopes;
        uint32_t last = making->envelopes[count - 1]->index;
        *index = i;
        if (making->batch == frame->source.event->batch &&
            (last < frame->source.event->index ||
             (last == frame->source.event->index && making->last_sections == disclosed)))
            return making;
    }
    return NULL;
}

static struct making *begin_making(struct frame *frame, size_t *index, struct sl_error *error)
{
    struct making *making = take(frame->arena, sizeof *making); /* its list is filled as used */
    making->batch = frame->source.event->batch;
    making->record = source_batch(&frame->source, error);
    if (making->record == NULL)
        return NULL;
    making->bundle = (Samenloop__V1__Bundle)SAMENLOOP__V1__BUNDLE__INIT;
    making->bundle.envelopes = making->envelopes;
    *index = frame->deliver.n_bundles++;
    frame->makings[*index] = making;
    frame->bundles[*index] = &making->bundle;
    frame->bytes += BUNDLE_BYTES;
    return making;
}

static int add_envelope(struct frame *frame, uint32_t disclosed, Samenloop__V1__Delivery *delivery,
                        struct sl_error *error)
{
    size_t index = 0;
    disclosed |= sl_section_bit(SL_ORIGIN); /* travels with the event, always */
    struct making *making = find_making(frame, disclosed, &index);
    if (making == NULL)
        making = begin_making(frame, &index, error);
    if (making == NULL)
        return -1;
    size_t count = making->bundle.n_envelopes;
    if (count == 0 || making->envelopes[count - 1]->index != frame->source.event->index)
        making->envelopes[making->bundle.n_envelopes++] = make_envelope(frame, disclosed);
    making->last_sections = disclosed;
    delivery->bundle = (uint32_t)index;
    delivery->envelope = (uint32_t)making->bundle.n_envelopes - 1;
    return 0;
}

static int add_delivery(struct frame *frame, const struct delivery *picked, struct sl_error *error)
{
    const Samenloop__V1__Queued *queued = source_queued(&frame->source, picked, error);
    if (queued == NULL)
        return -1;
    Samenloop__V1__Delivery *delivery = take(frame->arena, sizeof *delivery);
    *delivery = *queued->delivery;
    delivery->previous = picked->previous;
    delivery->attempt = picked->failures + 1u;
    if (source_has_event(queued) && (source_event(&frame->source, picked, queued, error) < 0 ||
                                     add_envelope(frame, queued->sections, delivery, error) < 0))
        return -1;
    frame->bytes += DELIVERY_BYTES;
    for (size_t i = 0; i < delivery->n_rules; i++)
        frame->bytes += delivery->rules[i]->quotation.len;
    frame->deliveries[frame->deliver.n_deliveries++] = delivery;
    return 0;
}

/* The batch's proof with the nodes that these events want. */
static void prove(struct frame *frame, struct making *making)
{
    static const Samenloop__V1__BatchProof none = SAMENLOOP__V1__BATCH_PROOF__INIT;
    uint32_t indices[SL_MAX_BATCH];
    size_t count = making->bundle.n_envelopes;
    size_t size = making->record->leaves.len / SL_HASH_SIZE;
    struct sl_buffer nodes = {0};
    Samenloop__V1__BatchProof *proof = take(frame->arena, sizeof *proof);
    *proof = making->record->proof == NULL ? none : *making->record->proof;
    for (size_t i = 0; i < count; i++)
        indices[i] = making->envelopes[i]->index;
    sl_merkle_prove(frame->router->crypto,
                    (const sl_hash *)(const void *)making->record->leaves.data, size, indices,
                    count, &nodes);
    proof->nodes = sl_to_pb(sl_arena_copy(frame->arena, sl_buffer_bytes(&nodes)));
    sl_buffer_free(&nodes);
    making->bundle.proof = proof;
}

static void finish_frame(struct frame *frame, uint64_t connection)
{
    for (size_t i = 0; i < frame->deliver.n_bundles; i++)
        prove(frame, frame->makings[i]);
    frame->deliver.bundles = frame->bundles;
    frame->deliver.deliveries = frame->deliveries;
    router_begin_frame(frame->router, connection);
    sl_wire_deliver(&frame->router->frames, &frame->deliver);
    router_end_frame(frame->router);
}

/* The lowest lane of the next delivery in a frame: what is acute takes nothing else with it that
 * would have to be opened first. */
static enum sl_lane lowest_for(const struct frame *frame, const struct connection *connection)
{
    const Samenloop__V1__Deliver *deliver = &frame->deliver;
    bool acute = deliver->n_deliveries > 0 &&
                 frame->deliveries[0]->lane == SAMENLOOP__V1__LANE__LANE_ACUTE;
    return acute || frame->router->hurried ? SL_LANE_ACUTE : connections_lowest(connection);
}

/* One frame for a receiver. 1: sent, 0: nothing to send, -1. */
static int send_frame(struct router *router, int receiver, size_t *bytes, struct sl_error *error)
{
    struct connection *connection = &router->connections.of[receiver];
    enum sl_lane lane = SL_NO_LANE;
    struct delivery picked = {0};
    sl_arena_clear(&router->outgoing);
    struct frame *frame = take(&router->outgoing, sizeof *frame); /* its lists are filled as used */
    frame->router = router;
    frame->arena = &router->outgoing;
    frame->bytes = 0;
    frame->source = (struct source){.journal = router->journal, .arena = frame->arena};
    frame->deliver = (Samenloop__V1__Deliver)SAMENLOOP__V1__DELIVER__INIT;
    while (connection->credit > 0 && frame->bytes < FRAME_BYTES &&
           frame->deliver.n_deliveries < FRAME_DELIVERIES &&
           deliveries_pick(router->deliveries, receiver, lowest_for(frame, connection),
                           router->moment.elapsed, &lane, &picked)) {
        if (add_delivery(frame, &picked, error) < 0)
            return -1;
        connection->credit--;
        connection->in_flight[lane]++;
    }
    if (frame->deliver.n_deliveries == 0)
        return 0;
    finish_frame(frame, connection->number);
    *bytes += frame->bytes;
    return 1;
}

int outgoing_send(struct router *router, struct sl_error *error)
{
    size_t bytes = 0;
    int sent = 1;
    router->hurried = router->acute && !router->hurried;
    router->more = router->more || router->hurried;
    router->acute = false;
    for (int i = 0; i < (int)router->participant_count; i++) {
        if (router->connections.of[i].number == 0 || !router->connections.of[i].fed)
            continue;
        do {
            sent = send_frame(router, i, &bytes, error);
        } while (sent == 1 && bytes < ROUND_BYTES);
        if (sent < 0)
            return -1;
        router->more = router->more || sent == 1;
    }
    return 0;
}
