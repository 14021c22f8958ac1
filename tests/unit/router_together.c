/*
 * Router and adapters, machine to machine: events go from back office to back office while any of
 * the three stops at any moment and forgets what was not synced. A seed decides.
 */
#include "tests/unit/adapter_parties.h"
#include "tests/unit/router_simple.h"

enum { SEEDS = 10, EVENTS = 120, HOUSES = 6, STEPS = 3000 };

struct world {
    struct parties parties;
    struct party adapters[2];
    uint64_t connection[2]; /* 0: away */
    uint64_t connections;
    struct sl_storage *journal;
    struct router *router;
    struct router_moment moment;
    uint64_t seed;
    /* What was handed in, and what came out on the other side. */
    unsigned handed[2];
    bool accepted[2][EVENTS + 1];
    bool arrived[2][EVENTS + 1];
    unsigned last[2][HOUSES + 1];
    unsigned arrivals;
};

static uint64_t chance(struct world *world, uint64_t of)
{
    world->seed = world->seed * 6364136223846793005u + 1442695040888963407u;
    return (world->seed >> 33) % of;
}

/* ---------------------------------------------------------------- who runs */

static void start_router(struct world *world)
{
    static const uint32_t roles[PARTIES] = {0x1e, 0x1e, 0x02};
    struct sl_error error = {0};
    struct router_setup setup = {.directory = &world->parties.directory,
                                 .roles = roles,
                                 .agreement = sl_text("the agreement"),
                                 .agreement_name = "test",
                                 .journal = world->journal,
                                 .segment_bytes = 512 * 1024};
    if (router_open(&world->router, &setup, world->moment, &error) < 0)
        fail_msg("%s", error.text);
}

static void cut(struct world *world, int who)
{
    if (world->connection[who] != 0) {
        router_gone(world->router, world->connection[who]);
        adapter_disconnected(world->adapters[who].house);
    }
    world->connection[who] = 0;
}

static void crash_router(struct world *world)
{
    cut(world, IMG);
    cut(world, NCG);
    struct sl_storage *left = sl_storage_memory_crash(world->journal, world->seed);
    router_close(world->router);
    sl_storage_free(world->journal);
    world->journal = left;
    start_router(world);
}

static void crash_adapter(struct world *world, int who)
{
    cut(world, who);
    party_crash(&world->adapters[who], world->seed);
    party_start(&world->adapters[who]);
}

static void open_world(struct world *world, uint64_t seed)
{
    *world = (struct world){.seed = seed, .moment = {begin_at, 0}};
    parties_init(&world->parties);
    for (int who = 0; who < 2; who++)
        party_init(&world->adapters[who], &world->parties, who);
    world->journal = sl_storage_memory();
    start_router(world);
}

static void close_world(struct world *world)
{
    for (int who = 0; who < 2; who++)
        party_free(&world->adapters[who]);
    router_close(world->router);
    sl_storage_free(world->journal);
    parties_free(&world->parties);
}

static void pass(struct world *world, int64_t ms)
{
    world->moment.now += ms;
    world->moment.elapsed += ms;
    router_time(world->router, world->moment);
    for (int who = 0; who < 2; who++)
        party_wait(&world->adapters[who], ms);
}

/* ---------------------------------------------------------------- the line */

static void adapter_turn(struct world *world, int who)
{
    struct sl_buffer frame = {0};
    struct party *adapter = &world->adapters[who];
    party_sync(adapter);
    if (world->connection[who] == 0 && adapter_wants(adapter->house) == ADAPTER_WANTS_CONNECTION) {
        world->connection[who] = ++world->connections;
        adapter_connected(adapter->house);
    }
    while (adapter_frame(adapter->house, &frame)) {
        if (world->connection[who] != 0)
            router_frame(world->router, world->connection[who], who, sl_buffer_bytes(&frame));
    }
    sl_buffer_free(&frame);
    if (adapter_wants(adapter->house) == ADAPTER_WANTS_END)
        cut(world, who);
}

static void router_turn(struct world *world)
{
    struct sl_error error = {0};
    size_t count = 0;
    if (router_sync(world->router, &error) < 0)
        fail_msg("%s", error.text);
    const struct router_send *sends = router_sends(world->router, &count);
    for (size_t i = 0; i < count; i++) {
        for (int who = 0; who < 2; who++) {
            if (sends[i].connection == world->connection[who] && sends[i].frame.size > 0)
                adapter_received(world->adapters[who].house, sends[i].frame);
        }
    }
    router_sent(world->router);
}

/* ---------------------------------------------------------------- back offices */

static unsigned house_of(unsigned number)
{
    return number * 7919 % 1009 % HOUSES + 1;
}

/* Hands in the next event; one without an answer is handed in again after a crash. */
static void hand_in_next(struct world *world, int who)
{
    char id[16];
    unsigned number = world->handed[who] + 1;
    if (number > EVENTS)
        return;
    (void)snprintf(id, sizeof id, "e-%u", number);
    struct samenloop_answer answer = publish(&world->adapters[who], SL_LANE_ORDINARY, id,
                                             house_of(number));
    if (answer.status != SAMENLOOP_ACCEPTED && answer.status != SAMENLOOP_DUPLICATE)
        fail_msg("%s: %d %s %s", id, answer.status, answer.code, answer.sentence);
    world->handed[who]++;
}

static void take(struct world *world, int who)
{
    struct samenloop_cursor cursor = {0};
    struct samenloop_item item;
    while (samenloop_receive(world->adapters[who].house, SAMENLOOP_BACK_OFFICE, &cursor, &item) ==
           1) {
        json_error_t error;
        unsigned number = 0;
        json_t *event = json_loadb(item.event, item.size, 0, &error);
        assert_non_null(event);
        const char *id = json_string_value(json_object_get(event, "id"));
        assert_int_equal(sscanf(id, "e-%u", &number), 1);
        json_decref(event);
        assert_int_equal(samenloop_acknowledge(world->adapters[who].house, SAMENLOOP_BACK_OFFICE,
                                               &item.position, 1),
                         0);
        party_sync(&world->adapters[who]); /* or a crash would hand it out again */
        assert_false(world->arrived[who][number]);
        assert_true(world->last[who][house_of(number)] < number);
        world->last[who][house_of(number)] = number;
        world->arrived[who][number] = true;
        world->arrivals++;
    }
}

/* ---------------------------------------------------------------- days */

static void step(struct world *world)
{
    int who = (int)chance(world, 2);
    switch (chance(world, 60)) {
    case 0:
        crash_router(world);
        return;
    case 1:
        crash_adapter(world, who);
        return;
    case 2:
        cut(world, who);
        return;
    default:
        break;
    }
    switch (chance(world, 6)) {
    case 0:
        pass(world, (int64_t)chance(world, 2000));
        return;
    case 1:
        hand_in_next(world, who);
        return;
    case 2:
        take(world, who);
        return;
    case 3:
        router_turn(world);
        return;
    default:
        adapter_turn(world, who);
    }
}

static void heal(struct world *world)
{
    for (int i = 0; i < STEPS && world->arrivals < 2 * EVENTS; i++) {
        pass(world, 500);
        for (int who = 0; who < 2; who++) {
            hand_in_next(world, who);
            adapter_turn(world, who);
            take(world, who);
        }
        router_turn(world);
    }
    for (int i = 0; i < 20; i++) {
        pass(world, 500);
        adapter_turn(world, IMG);
        adapter_turn(world, NCG);
        router_turn(world);
    }
}

static void run_day(uint64_t seed)
{
    struct world *world = sl_new(1, sizeof *world);
    struct router_figures figures;
    open_world(world, seed);
    for (int i = 0; i < STEPS; i++)
        step(world);
    heal(world);
    assert_int_equal(world->arrivals, 2 * EVENTS);
    router_figures(world->router, &figures);
    assert_int_equal(figures.events, 2 * EVENTS);
    assert_int_equal(figures.violations, 0);
    assert_int_equal(figures.dead_letters, 0);
    assert_int_equal(figures.differing, 0);
    for (int who = 0; who < 2; who++) {
        struct samenloop_health health;
        samenloop_health(world->adapters[who].house, &health);
        assert_int_equal(health.outbox[SL_LANE_ORDINARY], 0);
        assert_int_equal(figures.waiting[who][SL_LANE_ORDINARY], 0);
        assert_true(health.fed);
    }
    close_world(world);
    free(world);
}

static void every_event_reaches_the_other_back_office_once(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        run_day(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_reaches_the_other_back_office_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
