/*
 * The adapter's machine and the router's, face to face: bad days from a seed, with crashes on
 * either side. Each event that was accepted is in the journal once and was handed out once.
 */
#include <jansson.h>
#include <stdio.h>

#include "tests/unit/router_house.h"
#include "tests/unit/router_simple.h"

#include "adapters/adapter.h"

enum { DAYS = 12, STEPS = 150, EVENTS = 300 };

/* An adapter, its disk, and its connection to the router. */
struct side {
    int who;
    struct sl_storage *outbox, *inbox;
    struct samenloop *house;
    struct adapter_moment moment;
    uint64_t connection; /* 0: none */
    json_t *taken;
};

struct day {
    struct house router;
    struct side sides[PARTIES];
    uint64_t random;
    unsigned handed_in;
    bool accepted[EVENTS];
    int by[EVENTS];
};

static uint8_t pseudonym_key[SL_KEY_SIZE], content_key[SL_KEY_SIZE];

static uint64_t dice(struct day *day, uint64_t sides)
{
    day->random ^= day->random << 13;
    day->random ^= day->random >> 7;
    day->random ^= day->random << 17;
    return day->random % sides;
}

/* ---------------------------------------------------------------- adapters */

static void open_side(struct side *side)
{
    struct sl_error error = {0};
    struct adapter_setup setup = {.participant = party_names[side->who],
                                  .directory = &parties.directory,
                                  .signing_key = parties.signing[side->who],
                                  .sealing_keys = {parties.sealing[side->who]},
                                  .sealing_key_count = 1,
                                  .pseudonym_key = pseudonym_key,
                                  .content_key = content_key,
                                  .outbox = side->outbox,
                                  .inbox = side->inbox,
                                  .segment_bytes = 64 * 1024};
    side->moment.elapsed += 100;
    if (adapter_open(&side->house, &setup, side->moment, &error) < 0)
        fail_msg("%s", error.text);
}

static void crash_side(struct day *day, struct side *side)
{
    uint64_t seed = dice(day, UINT64_MAX);
    struct sl_storage *outbox = sl_storage_memory_crash(side->outbox, seed);
    struct sl_storage *inbox = sl_storage_memory_crash(side->inbox, seed);
    adapter_close(side->house);
    sl_storage_free(side->outbox);
    sl_storage_free(side->inbox);
    side->outbox = outbox;
    side->inbox = inbox;
    open_side(side);
    if (side->connection != 0)
        router_gone(day->router.router, side->connection);
    side->connection = 0;
}

static void sync_side(struct side *side)
{
    struct sl_error error = {0};
    if (adapter_sync(side->house, &error) < 0)
        fail_msg("%s", error.text);
}

static void connect_side(struct day *day, struct side *side)
{
    while (adapter_wants(side->house) != ADAPTER_WANTS_CONNECTION) {
        side->moment.elapsed += 100;
        adapter_time(side->house, side->moment);
    }
    side->connection = ++day->router.connections;
    adapter_connected(side->house);
}

static void cut(struct day *day, struct side *side)
{
    if (side->connection == 0)
        return;
    router_gone(day->router.router, side->connection);
    adapter_disconnected(side->house);
    side->connection = 0;
}

/* ---------------------------------------------------------------- the wire between them */

/* What the router has to say reaches whoever is connected still. */
static void carry_back(struct day *day)
{
    size_t count = 0;
    const struct router_send *sends = router_sends(day->router.router, &count);
    for (size_t i = 0; i < count; i++) {
        for (int who = 0; who < PARTIES; who++) {
            if (day->sides[who].connection == sends[i].connection)
                adapter_received(day->sides[who].house, sends[i].frame);
        }
    }
    router_sent(day->router.router);
}

/* Rounds of all three; `patience`: frames of an adapter after which its connection is cut. */
static void rounds(struct day *day, int count, uint64_t patience)
{
    struct sl_buffer frame = {0};
    for (int round = 0; round < count; round++) {
        pass(&day->router, 20);
        for (int who = 0; who < PARTIES; who++) {
            struct side *side = &day->sides[who];
            side->moment.elapsed += 20;
            adapter_time(side->house, side->moment);
            sync_side(side);
            while (side->connection != 0 && adapter_frame(side->house, &frame)) {
                router_frame(day->router.router, side->connection, who, sl_buffer_bytes(&frame));
                if (patience > 0 && --patience == 0)
                    cut(day, side);
            }
            if (adapter_wants(side->house) == ADAPTER_WANTS_END)
                cut(day, side);
        }
        sync_house(&day->router);
        carry_back(day);
    }
    sl_buffer_free(&frame);
}

/* ---------------------------------------------------------------- the back offices */

static void publish_some(struct day *day, struct side *side)
{
    uint64_t tickets[6];
    unsigned first = day->handed_in;
    unsigned count = 1 + (unsigned)dice(day, 6);
    for (unsigned i = 0; i < count && day->handed_in < EVENTS; i++) {
        char json[1024];
        struct samenloop_tickets ticket;
        unsigned n = day->handed_in++;
        int size = snprintf(
            json, sizeof json,
            "{\"specversion\":\"1.0\",\"id\":\"doc-%u\",\"source\":\"urn:nld:oin:%s:systeem:z\","
            "\"type\":\"nl.samenloop.%s\",\"subject\":\"00142000%08u\",\"time\":"
            "\"2021-02-01T08:59:00Z\",\"data\":{\"attributes\":{\"occurred_at\":"
            "\"2021-02-01T08:00:00Z\"},\"dossier\":{\"organisation\":\"%s\",\"case_number\":"
            "\"Z-%u\"}}}",
            n, party_oins[side->who],
            dice(day, 3) == 0  ? "acute_unsafe_dismissed"
            : side->who == IMG ? "damage_case_opened"
                               : "damage_claim_declined",
            1 + (unsigned)dice(day, 4), party_names[side->who], n);
        assert_int_equal(samenloop_publish(side->house, SAMENLOOP_BACK_OFFICE, json, (size_t)size,
                                           false, &ticket),
                         0);
        tickets[i] = ticket.first;
        day->by[n] = side->who;
    }
    sync_side(side);
    for (unsigned n = first; n < day->handed_in; n++) {
        struct samenloop_answer answer;
        assert_int_equal(samenloop_answer(side->house, tickets[n - first], &answer), 0);
        assert_string_equal(answer.sentence, "");
        day->accepted[n] = true;
    }
}

static void take(struct side *side)
{
    struct samenloop_cursor cursor = {0};
    struct samenloop_item item;
    uint64_t positions[EVENTS];
    size_t count = 0;
    while (samenloop_receive(side->house, SAMENLOOP_BACK_OFFICE, &cursor, &item) > 0) {
        json_error_t error;
        assert_true(count < EVENTS);
        json_array_append_new(side->taken, json_loadb(item.event, item.size, 0, &error));
        positions[count++] = item.position;
    }
    assert_int_equal(samenloop_acknowledge(side->house, SAMENLOOP_BACK_OFFICE, positions, count),
                     0);
    sync_side(side);
}

/* ---------------------------------------------------------------- a day */

static void step(struct day *day)
{
    struct side *side = &day->sides[dice(day, PARTIES)];
    switch (dice(day, 12)) {
    case 0:
    case 1:
    case 2:
        publish_some(day, side);
        break;
    case 3:
    case 4:
    case 5:
    case 6:
        if (side->connection == 0)
            connect_side(day, side);
        rounds(day, 4, dice(day, 12));
        break;
    case 7:
        take(side);
        break;
    case 8:
        crash_side(day, side);
        break;
    case 9:
        crash(&day->router, dice(day, UINT64_MAX));
        for (int who = 0; who < PARTIES; who++) {
            if (day->sides[who].connection != 0)
                adapter_disconnected(day->sides[who].house);
            day->sides[who].connection = 0;
        }
        break;
    case 10:
        cut(day, side);
        break;
    default:
        pass(&day->router, (int64_t)dice(day, 5000));
        carry_back(day);
        break;
    }
}

static void begin_day(struct day *day, uint64_t seed)
{
    *day = (struct day){.random = seed * UINT64_C(0x9e3779b97f4a7c15)};
    open_house(&day->router);
    for (int who = 0; who < PARTIES; who++) {
        day->sides[who] = (struct side){.who = who,
                                        .outbox = sl_storage_memory(),
                                        .inbox = sl_storage_memory(),
                                        .moment = {.now = start},
                                        .taken = json_array()};
        open_side(&day->sides[who]);
    }
}

static void end_day(struct day *day)
{
    for (int who = 0; who < PARTIES; who++) {
        struct side *side = &day->sides[who];
        adapter_close(side->house);
        sl_storage_free(side->outbox);
        sl_storage_free(side->inbox);
        json_decref(side->taken);
    }
    close_house(&day->router);
}

static void check(const struct day *day, uint64_t seed)
{
    for (unsigned n = 0; n < day->handed_in; n++) {
        char id[16];
        size_t index, times = 0;
        const json_t *event;
        (void)snprintf(id, sizeof id, "doc-%u", n);
        json_array_foreach(day->sides[1 - day->by[n]].taken, index, event)
        {
            times += strcmp(json_string_value(json_object_get(event, "id")), id) == 0;
        }
        if (day->accepted[n] && times != 1)
            fail_msg("seed %llu: event %u was handed out %zu times", (unsigned long long)seed, n,
                     times);
    }
}

static void each_event_crosses_the_router_once(void **state)
{
    (void)state;
    unsigned accepted = 0;
    for (uint64_t seed = 1; seed <= DAYS; seed++) {
        struct day day;
        begin_day(&day, seed);
        for (int n = 0; n < STEPS; n++)
            step(&day);
        for (int who = 0; who < PARTIES; who++) {
            if (day.sides[who].connection == 0)
                connect_side(&day, &day.sides[who]);
        }
        rounds(&day, 300, 0);
        for (int who = 0; who < PARTIES; who++) {
            struct samenloop_health health;
            take(&day.sides[who]);
            samenloop_health(day.sides[who].house, &health);
            assert_true(health.connected);
            for (int lane = SL_LANE_ACUTE; lane < SL_LANES; lane++)
                assert_int_equal(health.outbox[lane], 0);
        }
        check(&day, seed);
        for (unsigned n = 0; n < day.handed_in; n++)
            accepted += day.accepted[n];
        end_day(&day);
    }
    print_message("%u events crossed\n", accepted);
    assert_true(accepted > DAYS * 50);
}

static int setup(void **state)
{
    (void)state;
    parties_init(&parties);
    sl_random(pseudonym_key, sizeof pseudonym_key);
    sl_random(content_key, sizeof content_key);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    parties_free(&parties);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_event_crosses_the_router_once)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
