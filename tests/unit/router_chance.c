/*
 * A day with everything that can go wrong, by a seed: frames are lost with their connections, the
 * receiver fails, the machine stops at any moment and forgets what was not synced. In the end every
 * event that was answered is in the receiver's inbox, once, in the order of its house, and was
 * answered in the same words each time.
 */
#include "tests/unit/router_house.h"
#include "tests/unit/router_simple.h"
/* behind cmocka.h */
#include "tests/unit/image.h"

enum { BATCHES = 60, BATCH = 8, EVENTS = BATCHES * BATCH, HOUSES = 7, SEEDS = 25, STEPS = 4000 };

struct day {
    struct house house;
    uint64_t seed;
    uint64_t img; /* connections; 0: away */
    uint64_t ncg;
    /* img's outbox */
    struct sl_buffer batches[BATCHES];
    bool sent[BATCHES];
    bool answered[BATCHES];
    uint64_t numbers[EVENTS + 1]; /* by event: the journal's number */
    /* ncg's inbox */
    bool has[EVENTS + 1]; /* by delivery number */
    bool arrived[EVENTS + 1];
    uint64_t last_of_house[HOUSES];
    size_t arrivals;
};

static uint64_t chance(struct day *day, uint64_t of)
{
    day->seed = day->seed * 6364136223846793005u + 1442695040888963407u;
    return (day->seed >> 33) % of;
}

static uint64_t house_of(uint64_t event)
{
    return event * 2654435761u % 1000003 % HOUSES;
}

static void make_batches(struct day *day)
{
    for (uint64_t b = 0; b < BATCHES; b++) {
        struct party_event events[BATCH];
        for (uint64_t i = 0; i < BATCH; i++) {
            uint64_t number = b * BATCH + i + 1;
            party_event(&events[i], IMG, "damage_case_opened", number, 100 + house_of(number),
                        start);
        }
        Samenloop__V1__Publish publish = SAMENLOOP__V1__PUBLISH__INIT;
        publish.lane = SAMENLOOP__V1__LANE__LANE_ORDINARY;
        publish.position = b + 1;
        publish.bundle = party_seal(&parties, &day->house.arena, IMG, events, BATCH);
        sl_wire_publish(&day->batches[b], &publish);
    }
}

/* ---------------------------------------------------------------- what the adapters do */

static void img_hears(struct day *day, const Samenloop__V1__Frame *frame)
{
    if (frame->body_case != SAMENLOOP__V1__FRAME__BODY_PUBLISHED)
        return;
    const Samenloop__V1__Published *published = frame->published;
    for (size_t i = 0; i < published->n_results; i++) {
        uint64_t event = (published->position - 1) * BATCH + i + 1;
        uint64_t number = published->results[i]->journal_number;
        assert_int_not_equal(number, 0);
        assert_true(day->numbers[event] == 0 || day->numbers[event] == number);
        day->numbers[event] = number;
    }
    day->answered[published->position - 1] = true;
}

static void take_in(struct day *day, const Samenloop__V1__Deliver *deliver,
                    const Samenloop__V1__Delivery *delivery)
{
    const Samenloop__V1__Envelope *envelope =
        deliver->bundles[delivery->bundle]->envelopes[delivery->envelope];
    const Samenloop__V1__Header *header = (const Samenloop__V1__Header *)sl_arena_unpack(
        &day->house.arena, &samenloop__v1__header__descriptor, sl_from_pb(envelope->header));
    uint64_t event = 0;
    for (uint64_t i = 1; i <= EVENTS && event == 0; i++) {
        uint8_t id[SL_UUID_SIZE];
        party_id(id, i);
        event = memcmp(id, header->event_id.data, sizeof id) == 0 ? i : 0;
    }
    assert_int_not_equal(event, 0);
    assert_false(day->arrived[event]);
    assert_true(day->last_of_house[house_of(event)] < delivery->journal_number);
    day->arrived[event] = true;
    day->last_of_house[house_of(event)] = delivery->journal_number;
    day->has[delivery->number] = true;
    day->arrivals++;
}

/* Answers as an inbox does: what it has is done again, what came too early is behind. */
static void ncg_hears(struct day *day, const Samenloop__V1__Frame *frame)
{
    if (frame->body_case != SAMENLOOP__V1__FRAME__BODY_DELIVER)
        return;
    for (size_t i = 0; i < frame->deliver->n_deliveries; i++) {
        const Samenloop__V1__Delivery *delivery = frame->deliver->deliveries[i];
        Samenloop__V1__DeliveryAnswer answer = SAMENLOOP__V1__DELIVERY_ANSWER__INIT;
        Samenloop__V1__DeliveryAnswer *list[] = {&answer};
        Samenloop__V1__Delivered delivered = SAMENLOOP__V1__DELIVERED__INIT;
        answer.lane = delivery->lane;
        answer.number = delivery->number;
        answer.attempt = delivery->attempt;
        answer.outcome = SAMENLOOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_DONE;
        if (!day->has[delivery->number] && delivery->previous != 0 && !day->has[delivery->previous])
            answer.outcome = SAMENLOOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_BEHIND;
        else if (!day->has[delivery->number] && delivery->attempt < SL_ATTEMPTS &&
                 chance(day, 8) == 0)
            answer.outcome = SAMENLOOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_FAILED;
        else if (!day->has[delivery->number])
            take_in(day, frame->deliver, delivery);
        delivered.n_answers = 1;
        delivered.answers = list;
        delivered.credit = 1;
        sl_wire_delivered(&day->house.frame, &delivered);
        if (chance(day, 50) == 0) { /* the answer is lost, and its connection with it */
            sl_buffer_clear(&day->house.frame);
            router_gone(day->house.router, day->ncg);
            day->ncg = 0;
            return;
        }
        say(&day->house, day->ncg, NCG);
    }
}

/* ---------------------------------------------------------------- what happens */

static void hear_all(struct day *day)
{
    struct sl_error error = {0};
    size_t count = 0;
    const struct router_send *sends = router_sends(day->house.router, &count);
    struct sl_buffer frames = {0}; /* answering makes more of them */
    size_t *ends = sl_new(count + 1, sizeof *ends);
    uint64_t *to = sl_new(count + 1, sizeof *to);
    for (size_t i = 0; i < count; i++) {
        sl_buffer_add_bytes(&frames, sends[i].frame);
        ends[i + 1] = frames.size;
        to[i] = sends[i].connection;
    }
    router_sent(day->house.router);
    assert_int_equal(router_aside(day->house.router, &error), 0);
    if (chance(day, 12) == 0)
        router_keep(day->house.router);
    for (size_t i = 0; i < count; i++) {
        const Samenloop__V1__Frame *frame = sl_wire_unpack(
            &day->house.arena, SL_WIRE_ROUTER,
            sl_bytes(frames.data + ends[i], ends[i + 1] - ends[i]), &error);
        assert_non_null(frame);
        if (frame->body_case == SAMENLOOP__V1__FRAME__BODY_BYE) {
            assert_int_equal(frame->bye->code.len, 0); /* for silence, never for a fault */
            day->img = to[i] == day->img ? 0 : day->img;
            day->ncg = to[i] == day->ncg ? 0 : day->ncg;
        } else if (to[i] == day->img)
            img_hears(day, frame);
        else if (to[i] == day->ncg)
            ncg_hears(day, frame);
    }
    sl_buffer_free(&frames);
    free(ends);
    free(to);
}

static void come(struct day *day, int who, uint64_t *connection)
{
    *connection = ++day->house.connections;
    write_hello(&day->house, who, 5);
    say(&day->house, *connection, who);
    if (who == IMG)
        memset(day->sent, 0, sizeof day->sent);
}

static void send_some(struct day *day)
{
    for (size_t b = 0; b < BATCHES; b++) {
        if (day->sent[b] || day->answered[b])
            continue;
        router_frame(day->house.router, day->img, IMG, sl_buffer_bytes(&day->batches[b]));
        day->sent[b] = true;
        return;
    }
}

/* Starts after a crash that had one: the tests are about both. */
static size_t from_snapshot;

static void crash_now(struct day *day)
{
    struct router_figures figures;
    crash(&day->house, chance(day, 3) == 0 ? UINT64_MAX : day->seed);
    router_figures(day->house.router, &figures);
    from_snapshot += figures.snapshot > 0 ? 1 : 0;
    day->img = day->ncg = 0;
}

static void remove_snapshots(struct sl_storage *storage)
{
    struct sl_error error = {0};
    sl_storage_name *names = NULL;
    size_t count = 0;
    assert_int_equal(storage->calls->list(storage, &names, &count, &error), 0);
    for (size_t i = 0; i < count; i++) {
        if (strstr(names[i], ".snapshot") != NULL)
            assert_int_equal(storage->calls->remove(storage, names[i], &error), 0);
    }
    free(names);
}

/* What the decider knows, and what waits for whom first. */
static void describe(struct router *router, struct sl_buffer *out)
{
    struct held held;
    struct router_figures figures;
    decided_image(router, held_write(&held));
    sl_buffer_add(out, held.bytes.data, held.bytes.size);
    sl_buffer_free(&held.bytes);
    router_figures(router, &figures);
    sl_buffer_printf(out, "%llu %llu %llu", (unsigned long long)figures.events,
                     (unsigned long long)figures.dead_letters, (unsigned long long)router->at);
    for (int who = 0; who < PARTIES; who++) {
        const struct delivery *first = deliveries_first(router->deliveries, who, SL_LANE_ORDINARY);
        sl_buffer_printf(
            out, " %llu %llu %llu %d %u",
            (unsigned long long)figures.waiting[who][SL_LANE_ORDINARY],
            (unsigned long long)deliveries_next(router->deliveries, who, SL_LANE_ORDINARY),
            first == NULL ? 0ull : (unsigned long long)first->number,
            first == NULL ? 0 : (int)first->state, first == NULL ? 0 : first->failures);
    }
}

/* A clean stop; the start from its snapshot is as the start without. */
static void stop_and_start(struct day *day)
{
    struct sl_error error = {0};
    struct house other = day->house;
    struct sl_buffer with = {0}, without = {0};
    assert_int_equal(router_finish(day->house.router, &error), 0);
    router_sent(day->house.router);
    router_keep(day->house.router);
    router_close(day->house.router);
    other.storage = sl_storage_memory_crash(day->house.storage, 0);
    remove_snapshots(other.storage);
    open_router(&day->house);
    open_router(&other);
    assert_true(day->house.router->figures.snapshot > 0 && other.router->figures.snapshot == 0);
    describe(day->house.router, &with);
    describe(other.router, &without);
    assert_int_equal(with.size, without.size);
    assert_memory_equal(with.data, without.data, with.size);
    sl_buffer_free(&with);
    sl_buffer_free(&without);
    router_close(other.router);
    sl_storage_free(other.storage);
    day->img = day->ncg = 0;
}

static void step(struct day *day)
{
    switch (chance(day, 12)) {
    case 0:
        if (chance(day, 6) == 0)
            crash_now(day);
        else if (chance(day, 6) == 0)
            stop_and_start(day);
        return;
    case 1:
        pass(&day->house, (int64_t)chance(day, 4000));
        return;
    case 2:
    case 3:
    case 4:
        if (day->img == 0)
            come(day, IMG, &day->img);
        else
            send_some(day);
        return;
    case 5:
    case 6:
        if (day->ncg == 0)
            come(day, NCG, &day->ncg);
        return;
    default:
        sync_house(&day->house);
        if (chance(day, 40) == 0) { /* all that was to be said is lost */
            crash_now(day);
            return;
        }
        hear_all(day);
    }
}

static void expect_heartbeats_only(struct day *day)
{
    for (int i = 0; i < 3; i++) {
        sync_house(&day->house);
        hear_all(day);
    }
    struct router_figures figures;
    router_figures(day->house.router, &figures);
    assert_int_equal(figures.waiting[NCG][SL_LANE_ORDINARY], 0);
    assert_int_equal(figures.dead_letters, 0);
    assert_int_equal(figures.differing, 0);
}

static void run_day(uint64_t seed)
{
    struct day *day = sl_new(1, sizeof *day);
    open_house(&day->house);
    day->seed = seed;
    make_batches(day);
    for (int i = 0; i < STEPS && day->arrivals < EVENTS; i++)
        step(day);
    for (int i = 0; i < STEPS; i++) { /* it heals: nobody fails to come any more */
        pass(&day->house, 1000);
        if (day->img == 0)
            come(day, IMG, &day->img);
        if (day->ncg == 0)
            come(day, NCG, &day->ncg);
        send_some(day);
        sync_house(&day->house);
        hear_all(day);
        if (day->arrivals == EVENTS && i > 50)
            break;
    }
    assert_int_equal(day->arrivals, EVENTS);
    for (size_t b = 0; b < BATCHES; b++) {
        assert_true(day->answered[b]);
        sl_buffer_free(&day->batches[b]);
    }
    pass(&day->house, 1000);
    expect_heartbeats_only(day);
    close_house(&day->house);
    free(day);
}

static void every_answered_event_arrives_once_in_order(void **state)
{
    (void)state;
    from_snapshot = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        run_day(seed);
    assert_in_range(from_snapshot, 10, 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answered_event_arrives_once_in_order),
    };
    return cmocka_run_group_tests(tests, parties_begin, parties_end);
}
