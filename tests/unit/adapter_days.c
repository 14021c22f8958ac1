/*
 * Bad days, from a seed: two adapters and a small router; connections are cut between any two
 * frames, answers are lost, disks fail, the power goes. When all is well again, each event that was
 * accepted has been published once and handed out once, and of one house in its order; and what a
 * publisher must hear of its events it has been told once.
 */
#include "tests/unit/adapter_post.h"

enum { DAYS = 60, STEPS = 120, EVENTS = 400 };

struct day {
    struct post post;
    struct party parties[2];
    bool connected[2];
    uint64_t random;
    unsigned handed_in;
    uint8_t accepted[EVENTS]; /* by whom, plus one */
    unsigned house_of[EVENTS];
    json_t *taken[2];
    unsigned crashes, cuts, faults;
};

static struct parties keys;

static int setup(void **state)
{
    (void)state;
    parties_init(&keys);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    parties_free(&keys);
    return 0;
}

static uint64_t dice(struct day *day, uint64_t sides)
{
    day->random ^= day->random << 13;
    day->random ^= day->random >> 7;
    day->random ^= day->random << 17;
    return day->random % sides;
}

static void crash(struct day *day, int who)
{
    struct party *party = &day->parties[who];
    party_crash(party, dice(day, 4) == 0 ? 0 : dice(day, UINT64_MAX));
    party_start(party);
    day->connected[who] = false;
    day->post.greeted[who] = false;
    day->crashes++;
}

/* A sync that may find a broken disk: then the process ends and starts again. */
static bool sync_or_crash(struct day *day, int who)
{
    struct sl_error error = {0};
    if (adapter_sync(day->parties[who].house, &error) == 0)
        return true;
    crash(day, who);
    return false;
}

static void publish_some(struct day *day, int who)
{
    unsigned first = day->handed_in;
    uint64_t tickets[8];
    unsigned count = 1 + (unsigned)dice(day, 8);
    for (unsigned i = 0; i < count && day->handed_in < EVENTS; i++) {
        char json[2048], id[16];
        unsigned n = day->handed_in++;
        day->house_of[n] = 1 + (unsigned)dice(day, 5);
        enum sl_lane lane = (enum sl_lane)(SL_LANE_ACUTE + (int)dice(day, 3));
        (void)snprintf(id, sizeof id, "doc-%u", n);
        event_json(json, sizeof json, who, lane, id, day->house_of[n], "");
        tickets[i] = hand_in(&day->parties[who], json);
    }
    if (!sync_or_crash(day, who))
        return;
    for (unsigned n = first; n < day->handed_in; n++) {
        struct samenloop_answer answer = answer_to(&day->parties[who], tickets[n - first]);
        if (answer.status == SAMENLOOP_ACCEPTED)
            day->accepted[n] = (uint8_t)(who + 1);
        else
            assert_string_equal(answer.code, "overload");
    }
}

/* Talks for a while; `patience`: frames after which the connection is cut. */
static void talk(struct day *day, int who, unsigned patience)
{
    struct party *party = &day->parties[who];
    struct sl_buffer frame = {0};
    if (!day->connected[who]) {
        post_connect(&day->post, party);
        day->connected[who] = true;
    }
    for (int round = 0; round < 20; round++) {
        if (!sync_or_crash(day, who))
            break;
        while (adapter_frame(party->house, &frame)) {
            bool last = patience == 0 || --patience == 0;
            post_frame(&day->post, party, sl_buffer_bytes(&frame), !last);
            if (!last)
                continue;
            post_cut(&day->post, party);
            day->connected[who] = false;
            day->cuts++;
            sl_buffer_free(&frame);
            return;
        }
        if (adapter_wants(party->house) == ADAPTER_WANTS_END) {
            post_cut(&day->post, party);
            day->connected[who] = false;
            break;
        }
        if (day->post.greeted[who])
            post_deliver(&day->post, party);
    }
    sl_buffer_free(&frame);
}

/* What the back office has got: an item whose acknowledgement it was not told of may come again. */
static void note(json_t *taken, json_t *seen, bool acknowledged)
{
    size_t index;
    json_t *event;
    json_array_foreach(seen, index, event)
    {
        size_t at;
        json_t *known;
        bool again = false;
        json_array_foreach(taken, at, known)
        {
            if (strcmp(text_of(known, "inboxposition"), text_of(event, "inboxposition")) != 0)
                continue;
            assert_non_null(json_object_get(known, "unsure"));
            again = true;
            if (acknowledged)
                (void)json_object_del(known, "unsure");
        }
        if (again)
            continue;
        if (!acknowledged)
            json_object_set_new(event, "unsure", json_true());
        json_array_append(taken, event);
    }
}

/* What is told of an urgent event is told to the role that published it. */
static void take_some(struct day *day, int who)
{
    enum samenloop_role role = dice(day, 3) == 0 ? SAMENLOOP_INCIDENT_OFFICER
                                                 : SAMENLOOP_BACK_OFFICE;
    struct samenloop_cursor cursor = {0};
    struct samenloop_item item;
    json_t *seen = json_array();
    uint64_t positions[POST_QUEUE];
    size_t count = 0;
    size_t most = dice(day, 20);
    while (count < most && samenloop_receive(day->parties[who].house, role, &cursor, &item) > 0) {
        json_error_t error;
        json_array_append_new(seen, json_loadb(item.event, item.size, 0, &error));
        positions[count++] = item.position;
    }
    bool good = samenloop_acknowledge(day->parties[who].house, role, positions, count) == 0;
    if (good)
        good = sync_or_crash(day, who);
    else
        crash(day, who);
    note(day->taken[who], seen, good);
    json_decref(seen);
}

/* What the router says of an event hangs on its id, so that it says the same again. */
enum verdict { GOOD, REFUSED, WITHHELD };

static enum verdict verdict_of(const uint8_t id[SL_UUID_SIZE])
{
    return id[0] % 8 == 0 ? REFUSED : id[0] % 8 == 1 ? WITHHELD : GOOD;
}

static void judge(void *context, const Samenloop__V1__Header *header, Samenloop__V1__Result *result)
{
    static Samenloop__V1__Remark remark = SAMENLOOP__V1__REMARK__INIT;
    static Samenloop__V1__Remark *remarks[] = {&remark};
    (void)context;
    remark.sentence = sl_to_pb(sl_text("withheld"));
    if (verdict_of(header->event_id.data) == REFUSED) {
        result->verdict = SAMENLOOP__V1__VERDICT__VERDICT_REFUSED;
        result->code = sl_to_pb(sl_text("not_yours"));
    } else if (verdict_of(header->event_id.data) == WITHHELD) {
        result->remarks = remarks;
        result->n_remarks = 1;
    }
}

static void break_disk(struct day *day, int who)
{
    struct sl_storage_faults faults = {.kind = (enum sl_fault)dice(day, 3),
                                       .at = 1 + dice(day, 6),
                                       .from_then_on = dice(day, 2) == 0};
    day->faults++;
    sl_storage_memory_faults(dice(day, 2) == 0 ? day->parties[who].outbox : day->parties[who].inbox,
                             faults);
}

static void step(struct day *day)
{
    int who = (int)dice(day, 2);
    switch (dice(day, 12)) {
    case 0:
    case 1:
    case 2:
        publish_some(day, who);
        break;
    case 3:
    case 4:
    case 5:
    case 6:
        talk(day, who, 1 + (unsigned)dice(day, 30));
        break;
    case 7:
    case 8:
        take_some(day, who);
        break;
    case 9:
        crash(day, who);
        break;
    case 10:
        break_disk(day, who);
        break;
    default:
        party_wait(&day->parties[who], (int64_t)dice(day, 40000));
        break;
    }
}

static void heal(struct day *day)
{
    for (int who = 0; who < 2; who++) {
        sl_storage_memory_faults(day->parties[who].outbox, (struct sl_storage_faults){0});
        sl_storage_memory_faults(day->parties[who].inbox, (struct sl_storage_faults){0});
        crash(day, who);
        day->post.greeted[who] = false;
    }
    for (int round = 0; round < 3; round++) {
        for (int who = 0; who < 2; who++)
            talk(day, who, 100000);
    }
    for (int who = 0; who < 2; who++) {
        json_t *rest = json_array();
        (void)take_all(&day->parties[who], SAMENLOOP_BACK_OFFICE, rest);
        (void)take_all(&day->parties[who], SAMENLOOP_INCIDENT_OFFICER, rest);
        note(day->taken[who], rest, true);
        json_decref(rest);
        talk(day, who, 100000); /* the receipts */
    }
}

/* Is it the adapter's own word? */
static bool is_told(const json_t *event)
{
    return strcmp(text_of(event, "source"), "urn:samenloop:adapter") == 0;
}

/* How often an item with this type (NULL: an event's own) and this text under `key` was taken. */
static unsigned times(const json_t *taken, const char *type, const char *key, unsigned n)
{
    char id[16];
    unsigned count = 0;
    size_t index;
    const json_t *event;
    (void)snprintf(id, sizeof id, "doc-%u", n);
    json_array_foreach(taken, index, event)
    {
        if (strcmp(text_of(event, key), id) == 0 &&
            (type == NULL ? !is_told(event) : strcmp(text_of(event, "type"), type) == 0))
            count++;
    }
    return count;
}

static void check_event(struct day *day, uint64_t seed, unsigned n)
{
    int publisher = day->accepted[n] - 1;
    const json_t *own = day->taken[publisher];
    uint8_t id[SL_UUID_SIZE];
    char text[16];
    (void)snprintf(text, sizeof text, "doc-%u", n);
    known_uuid_of(id, publisher, text);
    enum verdict verdict = verdict_of(id);
    unsigned arrived = times(day->taken[1 - publisher], NULL, "id", n);
    unsigned refused = times(own, "nl.samenloop.event_refused", "causationid", n);
    unsigned withheld = times(own, "nl.samenloop.event_withheld", "causationid", n);
    if (arrived != (verdict != REFUSED) || refused != (verdict == REFUSED) ||
        withheld != (verdict == WITHHELD))
        fail_msg("seed %llu: event %u, verdict %d: arrived %u times, refused %u, withheld %u",
                 (unsigned long long)seed, n, verdict, arrived, refused, withheld);
}

static void check(struct day *day, uint64_t seed)
{
    for (unsigned n = 0; n < day->handed_in; n++) {
        if (day->accepted[n] != 0) /* else its back office was told nothing */
            check_event(day, seed, n);
    }
    for (int who = 0; who < 2; who++) {
        struct samenloop_health health;
        samenloop_health(day->parties[who].house, &health);
        for (int lane = SL_LANE_ACUTE; lane < SL_LANES; lane++) {
            const struct post_queue *queue = &day->post.queues[who][lane];
            for (size_t i = 0; i < queue->count; i++)
                assert_int_equal(queue->list[i].receipted, day->post.receipts_wanted);
            assert_int_equal(health.outbox[lane], 0);
            assert_int_equal(health.inbox[lane], 0);
        }
    }
}

/* Of one house and lane the journal's order is the order of the inbox. */
static void check_order(const struct day *day, uint64_t seed)
{
    for (int who = 0; who < 2; who++) {
        size_t count = json_array_size(day->taken[who]);
        for (size_t i = 0; i < count; i++) {
            const json_t *a = json_array_get(day->taken[who], i);
            for (size_t k = i + 1; k < count; k++) {
                const json_t *b = json_array_get(day->taken[who], k);
                if (is_told(a) || is_told(b))
                    continue;
                if (strcmp(text_of(a, "subject"), text_of(b, "subject")) == 0 &&
                    strcmp(text_of(a, "type"), text_of(b, "type")) == 0 &&
                    strtoul(text_of(a, "journalseq"), NULL, 10) >
                        strtoul(text_of(b, "journalseq"), NULL, 10))
                    fail_msg("seed %llu: %s came before %s", (unsigned long long)seed,
                             text_of(a, "id"), text_of(b, "id"));
            }
        }
    }
}

static void each_event_arrives_once(void **state)
{
    (void)state;
    unsigned crashes = 0, cuts = 0, faults = 0, accepted = 0;
    for (uint64_t seed = 1; seed <= DAYS; seed++) {
        struct day *day = sl_new(1, sizeof *day);
        day->random = seed * UINT64_C(0x9e3779b97f4a7c15);
        post_init(&day->post);
        day->post.receipts_wanted = seed % 3 == 0;
        day->post.policy = judge;
        for (int who = 0; who < 2; who++) {
            party_init(&day->parties[who], &keys, who);
            day->taken[who] = json_array();
        }
        for (int n = 0; n < STEPS; n++)
            step(day);
        heal(day);
        check(day, seed);
        check_order(day, seed);
        for (unsigned n = 0; n < day->handed_in; n++)
            accepted += day->accepted[n] != 0;
        crashes += day->crashes;
        cuts += day->cuts;
        faults += day->faults;
        for (int who = 0; who < 2; who++) {
            party_free(&day->parties[who]);
            json_decref(day->taken[who]);
        }
        post_free(&day->post);
        free(day);
    }
    print_message("%u events accepted, %u crashes, %u cuts, %u faults\n", accepted, crashes, cuts,
                  faults);
    assert_true(accepted > DAYS * 20 && crashes > DAYS && cuts > DAYS && faults > DAYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_event_arrives_once)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
