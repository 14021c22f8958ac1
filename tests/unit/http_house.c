/* The HTTP edge before a real house, on a disk in memory and with a router of a few lines. */
#include "tests/unit/adapter_post.h"
#include "tests/unit/http_client.h"

#define ONE "application/cloudevents+json"
#define BATCH "application/cloudevents-batch+json"
#define ZAKEN "urn:nld:oin:00000004164164164000:systeem:zaken"

/* An organisation with its edge; with `router` set, each round exchanges frames with it. */
struct office {
    struct place place; /* first: the client knows only this */
    struct party party;
    struct post *router;
};

static void office_sync(struct place *place)
{
    struct office *office = (struct office *)place;
    if (office->router != NULL)
        post_run(office->router, &office->party);
    party_sync(&office->party);
}

static void office_listen(struct office *office)
{
    office->place = (struct place){.house = office->party.house, .sync = office_sync};
    place_listen(&office->place, (struct http_setup){0});
}

static void office_open(struct office *office, int who)
{
    *office = (struct office){0};
    party_init(&office->party, &parties, who);
    office_listen(office);
}

/* The power goes: what is on the disk is what was synced. */
static void office_crash(struct office *office)
{
    http_close(office->place.http);
    party_crash(&office->party, 0);
    party_start(&office->party);
    office_listen(office);
}

static void office_close(struct office *office)
{
    http_close(office->place.http);
    party_free(&office->party);
}

/* The status of the one event in a 202. */
static void is_accepted(struct reply reply, const char *status)
{
    json_t *json = json_of(&reply, 202, "application/json");
    const json_t *result = json_array_get(json_object_get(json, "events"), 0);
    assert_string_equal(word_of(result, "status"), status);
    assert_string_equal(word_of(result, "source"), ZAKEN);
    json_decref(json);
}

/* Puts a word in the place of another one of the same length. */
static void change(char *json, const char *from, const char *to)
{
    char *at = strstr(json, from);
    assert_true(at != NULL && strlen(from) == strlen(to));
    for (; *to != '\0'; to++)
        *at++ = *to;
}

static void an_accepted_event_survives_the_power(void **state)
{
    (void)state;
    struct office img;
    char json[2048], other[2048];
    office_open(&img, IMG);
    event_json(json, sizeof json, IMG, SL_LANE_ORDINARY, "doc-1", 7, "");
    event_json(other, sizeof other, IMG, SL_LANE_ORDINARY, "doc-1", 8, "");
    is_accepted(post(&img.place, "/events", ONE, json), "accepted");
    office_crash(&img);
    is_accepted(post(&img.place, "/events", ONE, json), "duplicate");
    is_problem(post(&img.place, "/events", ONE, other), 409, "id_conflict");
    struct reply reply = get(&img.place, "/events/doc-1?source=" ZAKEN);
    assert_string_equal(reply.body, "{\"status\":\"waiting\"}");
    forget(&reply);
    is_problem(get(&img.place, "/events/doc-2?source=" ZAKEN), 404, "not_found");
    reply = ask(&img.place, "GET /health HTTP/1.1\r\nHost: here\r\n\r\n");
    assert_true(says(reply.body, "\"ordinary\":1}"));
    forget(&reply);
    office_close(&img);
}

static void refusals_of_the_door_come_through(void **state)
{
    (void)state;
    struct office img;
    char json[2048];
    office_open(&img, IMG);
    event_json(json, sizeof json, NCG, SL_LANE_ORDINARY, "doc-1", 7, "");
    is_problem(post(&img.place, "/events", ONE, json), 422, "source_mismatch");
    event_json(json, sizeof json, IMG, SL_LANE_ORDINARY, "doc-1", 7, "");
    change(json, "damage_case_opened", "work_stock_changed");
    is_problem(post(&img.place, "/events", ONE, json), 403, "not_permitted");
    event_json(json, sizeof json, IMG, SL_LANE_ORDINARY, "doc-1", 7, ",\"rule\":\"x\"");
    is_problem(post(&img.place, "/events", ONE, json), 400, "malformed");
    change(json, "0014200000000007", "0014100000000007");
    is_problem(post(&img.place, "/events", ONE, json), 422, "subject_invalid");
    is_problem(post(&img.place, "/events", ONE, "{\"id\":\"a\",\"id\":\"a\"}"), 400, "malformed");
    is_problem(post(&img.place, "/events", BATCH, "{}"), 400, "malformed");
    is_problem(post(&img.place, "/events", BATCH, "[[]]"), 422, "batch_refused");
    office_close(&img);
}

static void binary_mode_is_the_same_event(void **state)
{
    (void)state;
    struct office img;
    char json[2048], request[4096];
    office_open(&img, IMG);
    event_json(json, sizeof json, IMG, SL_LANE_ORDINARY, "doc-1", 7,
               ",\"datacontenttype\":\"application/json\"");
    is_accepted(post(&img.place, "/events", ONE, json), "accepted");
    char *data = strstr(json, "\"data\":") + strlen("\"data\":");
    data[strlen(data) - 1] = '\0';
    (void)snprintf(request, sizeof request,
                   "POST /events HTTP/1.1\r\n" AUTH "ce-specversion: 1.0\r\nce-id: doc%%2D1\r\n"
                   "ce-source: " ZAKEN "\r\nce-type: nl.samenloop.damage_case_opened\r\n"
                   "ce-subject: 0014200000000007\r\nce-time: 2021-02-01T08:59:00Z\r\n"
                   "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                   strlen(data), data);
    is_accepted(ask(&img.place, request), "duplicate");
    office_close(&img);
}

static void a_full_disk_is_overload(void **state)
{
    (void)state;
    struct office img;
    char json[2048];
    static const char health[] = "GET /health HTTP/1.1\r\nHost: here\r\n\r\n";
    office_open(&img, IMG);
    sl_storage_memory_faults(img.party.outbox, (struct sl_storage_faults){.capacity = 1});
    int taken = 0;
    for (struct reply reply; taken < 1000; taken++) { /* room that was made ahead is used first */
        char id[16];
        (void)snprintf(id, sizeof id, "doc-%d", taken);
        event_json(json, sizeof json, IMG, SL_LANE_ORDINARY, id, 7, "");
        reply = post(&img.place, "/events", ONE, json);
        if (reply.status != 202) {
            assert_true(says(reply.head, "\r\nRetry-After: 5\r\n"));
            is_problem(reply, 503, "overload");
            break;
        }
        forget(&reply);
    }
    assert_true(taken < 1000);
    struct reply reply = ask(&img.place, health);
    assert_true(says(reply.body, "\"status\":\"cannot_write\""));
    assert_int_equal(reply.status, 503);
    forget(&reply);
    sl_storage_memory_faults(img.party.outbox, (struct sl_storage_faults){0});
    party_wait(&img.party, ADAPTER_ROOM);
    reply = ask(&img.place, health);
    assert_int_equal(reply.status, 200);
    forget(&reply);
    is_accepted(post(&img.place, "/events", ONE, json), "accepted");
    office_close(&img);
}

static void a_batch_goes_across_and_is_taken_once(void **state)
{
    (void)state;
    enum { EVENTS = 1024 };
    struct post router;
    struct office img, ncg;
    struct sl_buffer batch = {0}, positions = {0};
    char json[2048], id[16];
    post_init(&router);
    office_open(&img, IMG);
    office_open(&ncg, NCG);
    for (unsigned n = 0; n < EVENTS; n++) {
        (void)snprintf(id, sizeof id, "doc-%u", n);
        event_json(json, sizeof json, IMG, SL_LANE_ORDINARY, id, n + 1, "");
        sl_buffer_printf(&batch, "%c%s", n == 0 ? '[' : ',', json);
    }
    sl_buffer_printf(&batch, "]");
    batch.data[batch.size] = '\0';
    struct client client = dial(&ncg.place);
    say(&ncg.place, &client, "GET /inbox?wait=60&max=1000 HTTP/1.1\r\n" AUTH "\r\n");
    for (int i = 0; i < 10; i++)
        turn(&ncg.place);
    struct reply reply = post(&img.place, "/events", BATCH, (const char *)batch.data);
    json_t *answer = json_of(&reply, 202, "application/json");
    assert_int_equal(json_array_size(json_object_get(answer, "events")), EVENTS);
    json_decref(answer);
    post_connect(&router, &img.party);
    post_run(&router, &img.party);
    post_connect(&router, &ncg.party);
    ncg.router = &router;
    size_t got = 0;
    for (reply = listen_to(&ncg.place, &client);;
         reply = get(&ncg.place, "/inbox?max=1000")) { /* the poll that waited, then what is left */
        json_t *events = json_of(&reply, 200, BATCH);
        size_t count = json_array_size(events);
        sl_buffer_clear(&positions);
        for (size_t i = 0; i < count; i++) {
            const json_t *event = json_array_get(events, i);
            (void)snprintf(id, sizeof id, "doc-%zu", got++);
            assert_string_equal(word_of(event, "id"), id);
            sl_buffer_printf(&positions, "%s\"%s\"", i == 0 ? "{\"positions\":[" : ",",
                             word_of(event, "inboxposition"));
        }
        json_decref(events);
        if (count == 0)
            break;
        sl_buffer_printf(&positions, "]}");
        positions.data[positions.size] = '\0';
        reply = post(&ncg.place, "/inbox/ack", "application/json", (const char *)positions.data);
        assert_int_equal(reply.status, 204);
        forget(&reply);
        ncg.router = NULL;
        post_cut(&router, &ncg.party);
        office_crash(&ncg);
        post_connect(&router, &ncg.party);
        ncg.router = &router;
    }
    assert_int_equal(got, EVENTS);
    hang_up(&client);
    sl_buffer_free(&batch);
    sl_buffer_free(&positions);
    office_close(&img);
    office_close(&ncg);
    post_free(&router);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_accepted_event_survives_the_power),
        cmocka_unit_test(refusals_of_the_door_come_through),
        cmocka_unit_test(binary_mode_is_the_same_event),
        cmocka_unit_test(a_full_disk_is_overload),
        cmocka_unit_test(a_batch_goes_across_and_is_taken_once),
    };
    return cmocka_run_group_tests(tests, parties_begin, parties_end);
}
