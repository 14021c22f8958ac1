/*
 * Bad days in a simulated world: what was accepted arrives, once, in the order of its house and
 * lane, and everything comes to rest, whatever went wrong before.
 *
 *     DAYS=5000 SEED=1 simulation     so many days, from this seed on
 */
#include <jansson.h>
#include <stdio.h>

#include "tests/unit/simulation.h"

#include "router/audit.h"

enum { HEADS_EVERY = 100, DAYS = 150, STEPS = 200, SUBJECTS = 4, HOUR = 60 * 60 * 1000 };

/* ---------------------------------------------------------------- the back offices */

static bool hand_in(struct day *day, struct side *side, unsigned n, uint64_t *ticket)
{
    static const char *const ordinary[PARTIES] = {"damage_case_opened", "damage_claim_declined"};
    char json[1024];
    struct samenloop_tickets tickets;
    day->events[n].by = side->who;
    day->events[n].lane = dice(day, 3) == 0 ? SL_LANE_ACUTE : SL_LANE_ORDINARY;
    day->events[n].subject = (unsigned)dice(day, SUBJECTS);
    int size = snprintf(
        json, sizeof json,
        "{\"specversion\":\"1.0\",\"id\":\"doc-%u\",\"source\":\"urn:nld:oin:%s:systeem:z\","
        "\"type\":\"nl.samenloop.%s\",\"subject\":\"00142000%08u\",\"time\":"
        "\"2021-02-01T08:59:00Z\",\"data\":{\"attributes\":{\"occurred_at\":"
        "\"2021-02-01T08:00:00Z\"},\"dossier\":{\"organisation\":\"%s\",\"case_number\":"
        "\"Z-%u\"}}}",
        n, party_oins[side->who],
        day->events[n].lane == SL_LANE_ACUTE ? "acute_unsafe_dismissed" : ordinary[side->who],
        day->events[n].subject + 1, party_names[side->who], n);
    if (samenloop_publish(side->house, SAMENLOOP_BACK_OFFICE, json, (size_t)size, false, &tickets) <
        0)
        return false;
    *ticket = tickets.first;
    return true;
}

/* What is not accepted (the disk is full, or failed) is not handed in again: it may come or not. */
static void publish_some(struct day *day, struct side *side)
{
    uint64_t tickets[12];
    unsigned first = day->handed_in;
    unsigned count = 1 + (unsigned)dice(day, 12);
    for (unsigned i = 0; i < count && day->handed_in < EVENTS; i++) {
        if (!hand_in(day, side, day->handed_in, &tickets[i]))
            break;
        day->handed_in++;
    }
    if (sync_side(day, side) < 0)
        return;
    for (unsigned n = first; n < day->handed_in; n++) {
        struct samenloop_answer answer;
        assert_int_equal(samenloop_answer(side->house, tickets[n - first], &answer), 0);
        day->events[n].accepted = answer.status == SAMENLOOP_ACCEPTED;
    }
}

static void note(struct day *day, struct side *side, const struct samenloop_item *item)
{
    json_error_t error;
    unsigned n = EVENTS;
    json_t *event = json_loadb(item->event, item->size, 0, &error);
    const char *id = json_string_value(json_object_get(event, "id"));
    if (id == NULL || sscanf(id, "doc-%u", &n) != 1 || n >= day->handed_in ||
        day->events[n].by == side->who)
        FAIL(day, "%.*s was not handed in by the other", (int)item->size, item->event);
    if (side->position[n] == 0)
        side->taken[side->taken_count++] = n;
    else if (side->position[n] != item->position)
        FAIL(day, "event %u stands twice in an inbox", n);
    side->position[n] = item->position;
    json_decref(event);
}

static void take(struct day *day, struct side *side)
{
    struct samenloop_cursor cursor = {0};
    struct samenloop_item item;
    uint64_t positions[EVENTS];
    size_t count = 0;
    while (count < EVENTS &&
           samenloop_receive(side->house, SAMENLOOP_BACK_OFFICE, &cursor, &item) > 0) {
        note(day, side, &item);
        positions[count++] = item.position;
    }
    (void)samenloop_acknowledge(side->house, SAMENLOOP_BACK_OFFICE, positions, count);
    (void)sync_side(day, side);
}

/* ---------------------------------------------------------------- what goes wrong */

static void break_a_disk(struct day *day)
{
    struct sl_storage *disk = some_disk(day);
    bool full = dice(day, 3) != 0;
    day->full += full;
    sl_storage_memory_faults(disk,
                             (struct sl_storage_faults){.kind = full                ? SL_FAULT_FULL
                                                                : dice(day, 2) == 0 ? SL_FAULT_SHORT
                                                                                    : SL_FAULT_IO,
                                                        .at = 1 + dice(day, 40),
                                                        .from_then_on = full});
}

/* To and fro, but never to before the events. */
static void jump(struct day *day, int64_t *now)
{
    int64_t to = *now + (int64_t)dice(day, 4 * HOUR) - 2 * HOUR;
    *now = to < start ? start : to;
}

static void step(struct day *day)
{
    struct side *side = &day->sides[dice(day, PARTIES)];
    bool frozen = side->moment.elapsed < side->frozen_until;
    switch (dice(day, 20)) {
    case 0:
        crash_side(day, side);
        break;
    case 1:
        crash_router(day);
        break;
    case 2:
        cut(day, side);
        break;
    case 3:
        break_a_disk(day);
        break;
    case 4:
    case 5:
        heal(day);
        break;
    case 6:
        jump(day, &side->moment.now);
        break;
    case 7:
        jump(day, &day->router.moment.now);
        break;
    case 8:
        side->frozen_until = side->moment.elapsed + (int64_t)dice(day, 2 * SL_SILENCE);
        break;
    case 9:
        rounds(day, 1 + dice(day, 3), (int64_t)dice(day, SL_SILENCE));
        break;
    case 10:
    case 11:
    case 12:
        if (!frozen)
            publish_some(day, side);
        break;
    case 13:
        if (!frozen)
            take(day, side);
        break;
    default:
        rounds(day, 1 + dice(day, 6), ROUND_MS);
        break;
    }
}

/* ---------------------------------------------------------------- a day */

static void begin_day(struct day *day, uint64_t seed)
{
    *day = (struct day){.seed = seed, .random = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15)};
    open_house(&day->router);
    day->router.signing = router_key;
    day->router.heads_every = HEADS_EVERY;
    crash(&day->router, 0); /* from here on with heads */
    for (int who = 0; who < PARTIES; who++) {
        day->sides[who] = (struct side){.who = who,
                                        .outbox = sl_storage_memory(),
                                        .inbox = sl_storage_memory(),
                                        .moment = {.now = start}};
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
    }
    for (size_t i = 0; i < LINKS; i++)
        link_free(&day->links[i]);
    close_house(&day->router);
}

static uint64_t left(struct day *day)
{
    struct router_figures figures;
    uint64_t count = 0;
    router_figures(day->router.router, &figures);
    if (figures.dead_letters != 0)
        FAIL(day, "%llu dead letters", (unsigned long long)figures.dead_letters);
    for (int who = 0; who < PARTIES; who++) {
        struct samenloop_health health;
        samenloop_health(day->sides[who].house, &health);
        for (int lane = SL_LANE_ACUTE; lane < SL_LANES; lane++)
            count += health.outbox[lane] + health.inbox[lane] + figures.waiting[who][lane];
        count += health.connected && health.writable ? 0 : 1;
    }
    return count;
}

/* All is well from now on: within ten minutes nothing is on its way any more. */
static void come_to_rest(struct day *day)
{
    day->calm = true;
    heal(day);
    for (int who = 0; who < PARTIES; who++)
        day->sides[who].frozen_until = 0;
    for (int i = 0; i < 3000 && left(day) > 0; i++) {
        rounds(day, 1, 10 * ROUND_MS);
        for (int who = 0; who < PARTIES; who++)
            take(day, &day->sides[who]);
    }
    if (left(day) > 0)
        FAIL(day, "%llu are still on their way", (unsigned long long)left(day));
}

static void check_side(struct day *day, const struct side *side)
{
    unsigned last[SL_LANES][SUBJECTS] = {0}; /* number + 1 */
    for (size_t i = 0; i < side->taken_count; i++) {
        unsigned n = side->taken[i];
        unsigned *before = &last[day->events[n].lane][day->events[n].subject];
        if (*before > n)
            FAIL(day, "event %u came after event %u of its house and lane", n, *before - 1);
        *before = n + 1;
    }
}

/* Every head that was signed fits, whatever crashed. */
static void check_head(struct day *day, struct side *side)
{
    struct samenloop_health health;
    samenloop_health(side->house, &health);
    if (health.alarm[0] != '\0')
        FAIL(day, "%s", health.alarm);
    if (health.head > journal_last(day->router.router->journal))
        FAIL(day, "a head of %llu records", (unsigned long long)health.head);
    day->heads += health.head > 0;
}

/* The joint team's list comes in its pieces. */
static void check_list(struct day *day, struct side *side)
{
    const char *text = NULL;
    uint64_t ticket = samenloop_list_ask(side->house);
    for (int i = 0; i < 50 && samenloop_list(side->house, ticket, &text) == 0; i++)
        rounds(day, 1, ROUND_MS);
    if (text == NULL)
        FAIL(day, "no list came");
    json_t *list = json_loads(text, 0, NULL);
    assert_int_equal(json_array_size(list), 2);
    const json_t *first = json_array_get(list, 0);
    const json_t *open = json_array_get(json_object_get(first, "open"), 0);
    assert_int_equal(json_integer_value(json_object_get(first, "priority")), 1);
    assert_string_equal(json_string_value(json_object_get(open, "what")), "receipt");
    assert_true(json_is_true(json_object_get(open, "overdue")));
    assert_string_equal(json_string_value(json_object_get(open, "due")), "2021-02-02T09:00:00Z");
    json_decref(list);
}

static void check_journal(struct day *day)
{
    struct audit audit;
    struct sl_error error = {0};
    struct audit_wanted wanted = {.directory = &parties.directory};
    if (audit_journal(&audit, day->router.storage, &wanted, &error) < 0)
        FAIL(day, "%s", error.text);
    if (audit.problems > 0)
        FAIL(day, "%s", audit.first.text);
}

static void check(struct day *day)
{
    for (unsigned n = 0; n < day->handed_in; n++) {
        if (day->events[n].accepted && day->sides[1 - day->events[n].by].position[n] == 0)
            FAIL(day, "event %u was accepted and is lost", n);
    }
    for (int who = 0; who < PARTIES; who++) {
        check_side(day, &day->sides[who]);
        check_head(day, &day->sides[who]);
        check_list(day, &day->sides[who]);
    }
    check_journal(day);
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static void nothing_is_lost_on_a_bad_day(void **state)
{
    (void)state;
    uint64_t days = number_of("DAYS", DAYS), first = number_of("SEED", 1);
    static struct day day;
    unsigned accepted = 0, crashes = 0, cuts = 0, full = 0, heads = 0;
    for (uint64_t seed = first; seed < first + days; seed++) {
        begin_day(&day, seed);
        for (int n = 0; n < STEPS; n++)
            step(&day);
        come_to_rest(&day);
        check(&day);
        for (unsigned n = 0; n < day.handed_in; n++)
            accepted += day.events[n].accepted;
        crashes += day.crashes;
        cuts += day.cuts;
        full += day.full;
        heads += day.heads;
        end_day(&day);
    }
    print_message("%llu days: %u events, %u crashes, %u cuts, %u full disks, %u hold heads\n",
                  (unsigned long long)days, accepted, crashes, cuts, full, heads);
    assert_true(accepted > days * 20 && crashes > days && cuts > days && heads > days);
}

static int setup(void **state)
{
    (void)state;
    parties_init(&parties);
    sl_random(pseudonym_key, sizeof pseudonym_key);
    sl_random(content_key, sizeof content_key);
    router_key = sl_key_new(EVP_PKEY_ED25519);
    return 0;
}

static int teardown(void **state)
{
    EVP_PKEY_free(router_key);
    return parties_end(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_lost_on_a_bad_day)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
