/*
 * A router of a few lines for tests of the adapter's machine: it answers what is published by a
 * policy, hands each event on to the other organisation, and remembers everything, as the real one
 * does. Connections are cut by the test.
 */
#ifndef TESTS_ADAPTER_POST_H
#define TESTS_ADAPTER_POST_H

#include "tests/unit/adapter_parties.h"

enum { POST_EVENTS = 4096, POST_QUEUE = 4096 };

struct post_delivery {
    uint8_t *bundle; /* packed */
    size_t bundle_size;
    Samenloop__V1__Delivery head; /* names are static text */
    uint8_t subject[32];
    bool done;
    bool sent; /* on this connection */
    unsigned times_done;
    bool receipted; /* its receipt came */
};

struct post_queue {
    struct post_delivery *list;
    size_t count;
};

struct post_event {
    uint8_t id[SL_UUID_SIZE];
    uint64_t number; /* of the journal; 0: refused */
    unsigned came;   /* how often it was published */
};

/* What the router says of an event; NULL: accepted. */
typedef void (*post_policy)(void *context, const Samenloop__V1__Header *header,
                            Samenloop__V1__Result *result);

struct post {
    uint8_t journal[SL_IDENTITY_SIZE];
    struct post_event *events;
    size_t event_count;
    struct post_queue queues[PARTIES][SL_LANES];
    bool greeted[PARTIES];
    size_t credit[PARTIES];
    uint32_t publish_credit;
    size_t unanswered[PARTIES];
    post_policy policy;
    void *context;
    bool hold; /* answers nothing that is published */
    bool receipts_wanted;
    unsigned receipts; /* that came */
    bool receipt_lost; /* Receipted is not sent */
    struct samenloop_health byes;
    enum sl_code bye[PARTIES];
    struct sl_arena arena;
    enum sl_lane published[POST_EVENTS]; /* lanes in the order in which batches came */
    size_t published_count;
    uint32_t hello_credit;
    uint64_t hello_last[SL_LANES];
    bool hello_fed;
};

static inline void post_init(struct post *post)
{
    *post = (struct post){.publish_credit = SL_CREDIT};
    sl_random(post->journal, sizeof post->journal);
    post->events = sl_new(POST_EVENTS, sizeof *post->events);
    for (int i = 0; i < PARTIES; i++) {
        for (int lane = SL_LANE_ACUTE; lane < SL_LANES; lane++)
            post->queues[i][lane].list = sl_new(POST_QUEUE, sizeof(struct post_delivery));
    }
    sl_arena_init(&post->arena, SL_MAX_ARENA);
}

static inline void post_free(struct post *post)
{
    for (int i = 0; i < PARTIES; i++) {
        for (int lane = SL_LANE_ACUTE; lane < SL_LANES; lane++) {
            for (size_t n = 0; n < post->queues[i][lane].count; n++)
                free(post->queues[i][lane].list[n].bundle);
            free(post->queues[i][lane].list);
        }
    }
    free(post->events);
    sl_arena_free(&post->arena);
}

static inline void post_give(struct party *party, struct sl_buffer *frame)
{
    adapter_received(party->house, sl_buffer_bytes(frame));
    sl_buffer_free(frame);
}

/* ---------------------------------------------------------------- deliveries */

/* Queues an event of a bundle for a receiver. */
static inline struct post_delivery *post_queue(struct post *post, int receiver, enum sl_lane lane,
                                               const Samenloop__V1__Bundle *bundle, uint32_t index,
                                               const Samenloop__V1__Header *header)
{
    struct post_queue *queue = &post->queues[receiver][lane];
    assert_true(queue->count < POST_QUEUE);
    struct post_delivery *delivery = &queue->list[queue->count];
    delivery->bundle_size = samenloop__v1__bundle__get_packed_size(bundle);
    delivery->bundle = malloc(delivery->bundle_size);
    (void)samenloop__v1__bundle__pack(bundle, delivery->bundle);
    delivery->head = (Samenloop__V1__Delivery)SAMENLOOP__V1__DELIVERY__INIT;
    delivery->head.lane = (Samenloop__V1__Lane)lane;
    delivery->head.number = ++queue->count;
    delivery->head.kind = SAMENLOOP__V1__DELIVERY_KIND__DELIVERY_KIND_EVENT;
    delivery->head.role = SAMENLOOP__V1__ROLE__ROLE_BACK_OFFICE;
    delivery->head.accepted_at = begin_at;
    delivery->head.journal_number = post->event_count;
    delivery->head.envelope = index;
    delivery->head.receipt_wanted = post->receipts_wanted;
    memcpy(delivery->subject, header->subject.data, 32);
    for (size_t i = queue->count - 1; i > 0 && delivery->head.previous == 0; i--) {
        if (memcmp(queue->list[i - 1].subject, delivery->subject, 32) == 0)
            delivery->head.previous = i;
    }
    return delivery;
}

/* Sends one delivery, now. */
static inline void post_send(struct post *post, struct party *party, struct post_delivery *delivery)
{
    struct sl_arena arena;
    struct sl_buffer frame = {0};
    sl_arena_init(&arena, 0);
    Samenloop__V1__Bundle *bundle = (void *)sl_arena_unpack(
        &arena, &samenloop__v1__bundle__descriptor,
        sl_bytes(delivery->bundle, delivery->bundle_size));
    Samenloop__V1__Delivery *head = &delivery->head;
    Samenloop__V1__Deliver body = SAMENLOOP__V1__DELIVER__INIT;
    body.bundles = &bundle;
    body.n_bundles = 1;
    body.deliveries = &head;
    body.n_deliveries = 1;
    head->attempt++;
    delivery->sent = true;
    post->credit[party->who]--;
    sl_wire_deliver(&frame, &body);
    post_give(party, &frame);
    sl_arena_free(&arena);
}

static inline void post_deliver(struct post *post, struct party *party)
{
    for (int lane = SL_LANE_ACUTE; lane < SL_LANES; lane++) {
        struct post_queue *queue = &post->queues[party->who][lane];
        for (size_t i = 0; i < queue->count && post->credit[party->who] > 0; i++) {
            if (!queue->list[i].done && !queue->list[i].sent)
                post_send(post, party, &queue->list[i]);
        }
    }
}

static inline void post_delivered(struct post *post, struct party *party,
                                  const Samenloop__V1__Delivered *frame)
{
    post->credit[party->who] += frame->credit;
    for (size_t i = 0; i < frame->n_answers; i++) {
        const Samenloop__V1__DeliveryAnswer *answer = frame->answers[i];
        struct post_queue *queue = &post->queues[party->who][answer->lane];
        assert_in_range(answer->number, 1, queue->count);
        struct post_delivery *delivery = &queue->list[answer->number - 1];
        assert_int_equal(answer->attempt, delivery->head.attempt);
        bool done = answer->outcome == SAMENLOOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_DONE;
        delivery->done = delivery->done || done;
        delivery->times_done += done;
        if (!done)
            delivery->sent = false;
    }
}

/* ---------------------------------------------------------------- publications */

static inline struct post_event *post_find(struct post *post, const uint8_t *id)
{
    for (size_t i = 0; i < post->event_count; i++) {
        if (memcmp(post->events[i].id, id, SL_UUID_SIZE) == 0)
            return &post->events[i];
    }
    return NULL;
}

static inline void post_judge(struct post *post, int publisher, enum sl_lane lane,
                              const Samenloop__V1__Bundle *bundle, uint32_t index,
                              Samenloop__V1__Result *result)
{
    const Samenloop__V1__Header *header = (const void *)sl_arena_unpack(
        &post->arena, &samenloop__v1__header__descriptor,
        sl_from_pb(bundle->envelopes[index]->header));
    struct post_event *known = post_find(post, header->event_id.data);
    if (post->policy != NULL)
        post->policy(post->context, header, result);
    if (known != NULL && known->number != 0) {
        known->came++;
        result->verdict = SAMENLOOP__V1__VERDICT__VERDICT_DUPLICATE;
        result->journal_number = known->number;
        return;
    }
    if (result->verdict == SAMENLOOP__V1__VERDICT__VERDICT_REFUSED ||
        result->verdict == SAMENLOOP__V1__VERDICT__VERDICT_LATER)
        return;
    assert_true(post->event_count < POST_EVENTS);
    struct post_event *event = &post->events[post->event_count++];
    memcpy(event->id, header->event_id.data, SL_UUID_SIZE);
    event->number = post->event_count;
    event->came = 1;
    result->verdict = SAMENLOOP__V1__VERDICT__VERDICT_ACCEPTED;
    result->journal_number = event->number;
    (void)post_queue(post, publisher == IMG ? NCG : IMG, lane, bundle, index, header);
}

static inline void post_published(struct post *post, struct party *party,
                                  const Samenloop__V1__Publish *frame, bool answer)
{
    size_t count = frame->bundle->n_envelopes;
    struct sl_buffer out = {0};
    sl_hash leaves[SL_MAX_BATCH];
    struct sl_error error = {0};
    struct sl_crypto *crypto = sl_crypto_new();
    int who = -1;
    assert_int_equal(sl_bundle_verify(crypto, &party->parties->directory, frame->bundle, begin_at,
                                      begin_at, leaves, &who, &error),
                     0);
    assert_int_equal(who, party->who);
    sl_crypto_free(crypto);
    post->unanswered[party->who] += count;
    assert_in_range(post->unanswered[party->who], 1, post->publish_credit);
    if (post->published_count < POST_EVENTS)
        post->published[post->published_count++] = (enum sl_lane)frame->lane;
    if (post->hold)
        return;
    Samenloop__V1__Published body = SAMENLOOP__V1__PUBLISHED__INIT;
    Samenloop__V1__Result *results = sl_new(count, sizeof *results);
    body.results = sl_new(count, sizeof(void *));
    body.n_results = count;
    body.lane = frame->lane;
    body.position = frame->position;
    for (size_t i = 0; i < count; i++) {
        body.results[i] = &results[i];
        samenloop__v1__result__init(&results[i]);
        post_judge(post, party->who, (enum sl_lane)frame->lane, frame->bundle, (uint32_t)i,
                   &results[i]);
    }
    sl_wire_published(&out, &body);
    free(body.results);
    free(results);
    post->unanswered[party->who] -= count;
    if (answer)
        post_give(party, &out);
    else
        sl_buffer_free(&out);
}

/* ---------------------------------------------------------------- the conversation */

static inline void post_welcome(struct post *post, struct party *party,
                                const Samenloop__V1__Hello *hello)
{
    static uint8_t agreement[SL_HASH_SIZE] = "a";
    struct sl_buffer out = {0};
    Samenloop__V1__Welcome body = SAMENLOOP__V1__WELCOME__INIT;
    post->greeted[party->who] = true;
    post->credit[party->who] = post->hello_credit = hello->credit;
    post->unanswered[party->who] = 0;
    post->hello_fed = hello->journal.len != 0;
    memset(post->hello_last, 0, sizeof post->hello_last);
    for (size_t i = 0; i < hello->n_last; i++)
        post->hello_last[hello->last[i]->lane] = hello->last[i]->number;
    for (int lane = SL_LANE_ACUTE; lane < SL_LANES; lane++) {
        struct post_queue *queue = &post->queues[party->who][lane];
        for (size_t i = 0; i < queue->count; i++)
            queue->list[i].sent = false;
    }
    body.version = SL_WIRE_VERSION;
    body.agreement = (ProtobufCBinaryData){sizeof agreement, agreement};
    body.journal = (ProtobufCBinaryData){sizeof post->journal, post->journal};
    body.credit = post->publish_credit;
    sl_wire_welcome(&out, &body);
    post_give(party, &out);
}

static inline void post_receipt(struct post *post, struct party *party,
                                const Samenloop__V1__Receipt *receipt)
{
    struct sl_buffer out = {0};
    Samenloop__V1__Receipted body = SAMENLOOP__V1__RECEIPTED__INIT;
    post->receipts++;
    struct post_queue *queue = &post->queues[party->who][receipt->lane];
    assert_in_range(receipt->number, 1, queue->count);
    queue->list[receipt->number - 1].receipted = true;
    body.lane = receipt->lane;
    body.number = receipt->number;
    body.role = receipt->role;
    if (post->receipt_lost)
        return;
    sl_wire_receipted(&out, &body);
    post_give(party, &out);
}

/* Takes one frame; `answer`: what it answers arrives. */
static inline void post_frame(struct post *post, struct party *party, struct sl_bytes bytes,
                              bool answer)
{
    struct sl_error error = {0};
    sl_arena_clear(&post->arena);
    const Samenloop__V1__Frame *frame = sl_wire_unpack(&post->arena, SL_WIRE_ADAPTER, bytes,
                                                       &error);
    if (frame == NULL) {
        fail_msg("%s", error.text);
        return;
    }
    assert_true(post->greeted[party->who] || frame->body_case == SAMENLOOP__V1__FRAME__BODY_HELLO ||
                frame->body_case == SAMENLOOP__V1__FRAME__BODY_BYE);
    switch (frame->body_case) {
    case SAMENLOOP__V1__FRAME__BODY_HELLO:
        post_welcome(post, party, frame->hello);
        break;
    case SAMENLOOP__V1__FRAME__BODY_PUBLISH:
        post_published(post, party, frame->publish, answer);
        break;
    case SAMENLOOP__V1__FRAME__BODY_DELIVERED:
        post_delivered(post, party, frame->delivered);
        break;
    case SAMENLOOP__V1__FRAME__BODY_RECEIPT:
        post_receipt(post, party, frame->receipt);
        break;
    case SAMENLOOP__V1__FRAME__BODY_BYE:
        post->bye[party->who] = sl_code_by_name((const char *)frame->bye->code.data,
                                                frame->bye->code.len);
        post->greeted[party->who] = false;
        break;
    default:
        break;
    }
}

static inline void post_connect(struct post *post, struct party *party)
{
    post->greeted[party->who] = false;
    for (int n = 0; n < 1000 && adapter_wants(party->house) != ADAPTER_WANTS_CONNECTION; n++)
        party_wait(party, 100);
    assert_int_equal(adapter_wants(party->house), ADAPTER_WANTS_CONNECTION);
    adapter_connected(party->house);
}

static inline void post_cut(struct post *post, struct party *party)
{
    post->greeted[party->who] = false;
    adapter_disconnected(party->house);
}

/* Rounds of both sides until nobody has anything to say. */
static inline void post_run(struct post *post, struct party *party)
{
    struct sl_buffer frame = {0};
    bool more = true;
    for (int round = 0; more && round < 1000; round++) {
        more = false;
        party_sync(party);
        while (adapter_frame(party->house, &frame)) {
            post_frame(post, party, sl_buffer_bytes(&frame), true);
            more = true;
        }
        if (post->greeted[party->who])
            post_deliver(post, party);
        more = more || adapter_pending(party->house);
    }
    sl_buffer_free(&frame);
}

/* ---------------------------------------------------------------- the back office */

/* Takes and acknowledges everything that waits for a role; appends the ids to `out`. */
static inline size_t take_all(struct party *party, enum samenloop_role role, json_t *out)
{
    struct samenloop_cursor cursor = {0};
    struct samenloop_item item;
    uint64_t positions[POST_QUEUE];
    size_t count = 0;
    int result;
    while ((result = samenloop_receive(party->house, role, &cursor, &item)) > 0) {
        json_error_t error;
        json_t *event = json_loadb(item.event, item.size, 0, &error);
        assert_non_null(event);
        json_array_append_new(out, event);
        assert_true(count < POST_QUEUE);
        positions[count++] = item.position;
    }
    assert_int_equal(result, 0);
    assert_int_equal(samenloop_acknowledge(party->house, role, positions, count), 0);
    party_sync(party);
    return count;
}

/* The UUID that an event's id becomes. */
static inline void known_uuid_of(uint8_t out[SL_UUID_SIZE], int who, const char *id)
{
    static const char *const sources[] = {"urn:nld:oin:00000004164164164000:systeem:zaken",
                                          "urn:nld:oin:00000004165165165000:systeem:zaken",
                                          "urn:nld:oin:00000001000000014000:systeem:zaken"};
    sl_uuid_from_name(out, (struct sl_bytes[]){sl_text(sources[who]), sl_text(id)}, 2);
}

static inline const char *text_of(const json_t *event, const char *key)
{
    const char *text = json_string_value(json_object_get(event, key));
    return text == NULL ? "" : text;
}

#endif
