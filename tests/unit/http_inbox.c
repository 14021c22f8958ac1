/* The HTTP edge: how a back office takes what came for its role, and acknowledges it. */
#include "tests/unit/http_fake.h"

#define BATCH "application/cloudevents-batch+json"

static void the_inbox_is_the_roles(void **state)
{
    struct place *place = *state;
    arrive(place, SAMENLOOP_BACK_OFFICE, 3, "{\"n\":1}");
    arrive(place, SAMENLOOP_CONTACT_PERSON, 3, "{\"n\":2}");
    arrive(place, SAMENLOOP_BACK_OFFICE, 1, "{\"n\":3}");
    struct reply reply = get(place, "/inbox");
    assert_string_equal(reply.body, "[{\"n\":3},{\"n\":1}]");
    json_decref(json_of(&reply, 200, BATCH));
    reply = get(place, "/inbox?max=1");
    assert_string_equal(reply.body, "[{\"n\":3}]");
    forget(&reply);
    reply = ask(place,
                "GET /inbox HTTP/1.1\r\nHost: here\r\nauthorization: bearer " CONTACT "\r\n\r\n");
    assert_string_equal(reply.body, "[{\"n\":2}]");
    forget(&reply);
    reply = post(place, "/inbox/ack", "application/json", "{\"positions\":[\"3\",\"1\"]}");
    assert_int_equal(reply.status, 204);
    assert_int_equal(reply.size, 0);
    forget(&reply);
    assert_int_equal(place->house->acknowledged, 2);
    reply = get(place, "/inbox?wait=0&max=1000");
    assert_string_equal(reply.body, "[]");
    forget(&reply);
}

static void acknowledging_is_all_or_nothing(void **state)
{
    struct place *place = *state;
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"positions\":1}",
        "{\"positions\":[1]}",
        "{\"positions\":[\"01\"]}",
        "{\"positions\":[\"-1\"]}",
        "{\"positions\":[\" 1\"]}",
        "{\"positions\":[\"\"]}",
        "{\"positions\":[\"18446744073709551616\"]}",
        "{\"positions\":[\"1\"],\"more\":1}",
        "{\"positions\":[\"1\"],\"positions\":[\"1\"]}",
    };
    arrive(place, SAMENLOOP_BACK_OFFICE, 3, "{\"n\":1}");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        is_problem(post(place, "/inbox/ack", "application/json", bad[i]), 400, "malformed");
    is_problem(post(place, "/inbox/ack", "application/json",
                    "{\"positions\":[\"1\",\"18446744073709551615\"]}"),
               422, "position_unknown");
    assert_int_equal(place->house->acknowledged, 0);
    place->house->unreadable = true;
    is_problem(get(place, "/inbox"), 500, "io");
}

static void a_long_poll_wakes_on_an_arrival(void **state)
{
    struct place *place = *state;
    struct client client = dial(place);
    struct http_counts counts;
    say(place, &client, "GET /inbox?wait=300 HTTP/1.1\r\n" AUTH "\r\n");
    for (int i = 0; i < 20; i++)
        turn(place);
    place->elapsed += 200 * 1000; /* who waits is not slow */
    for (int i = 0; i < 20; i++)
        turn(place);
    arrive(place, SAMENLOOP_CONTACT_PERSON, 3, "{\"n\":1}");
    for (int i = 0; i < 20; i++)
        turn(place);
    http_counts(place->http, &counts);
    assert_int_equal(counts.waiting, 1);
    assert_int_equal(counts.cut, 0);
    assert_true(take(&client));
    assert_int_equal(client.got.size, 0);
    arrive(place, SAMENLOOP_BACK_OFFICE, 3, "{\"n\":2}");
    struct reply reply = listen_to(place, &client);
    assert_string_equal(reply.body, "[{\"n\":2}]");
    forget(&reply);
    http_counts(place->http, &counts);
    assert_int_equal(counts.waiting, 0);
    hang_up(&client);
}

static void a_long_poll_ends(void **state)
{
    struct place *place = *state;
    struct client client = dial(place), gone = dial(place);
    struct http_counts counts;
    say(place, &client, "GET /inbox?wait=30 HTTP/1.1\r\n" AUTH "\r\n");
    say(place, &gone, "GET /inbox?wait=30 HTTP/1.1\r\n" AUTH "\r\n");
    for (int i = 0; i < 20; i++)
        turn(place);
    assert_true(http_timeout(place->http, place->elapsed) > 0);
    hang_up(&gone);
    place->elapsed += 1500;
    for (int i = 0; i < 20; i++)
        turn(place);
    http_counts(place->http, &counts);
    assert_int_equal(counts.waiting, 1);
    assert_int_equal(counts.open, 1);
    assert_true(take(&client));
    assert_int_equal(client.got.size, 0);
    place->elapsed += 28500;
    assert_int_equal(http_timeout(place->http, place->elapsed), 0);
    struct reply reply = listen_to(place, &client);
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.body, "[]");
    forget(&reply);
    hang_up(&client);
}

static void a_stream_brings_what_comes(void **state)
{
    struct place *place = *state;
    struct client client = dial(place);
    arrive(place, SAMENLOOP_BACK_OFFICE, 3, "{\"n\":\n1}");
    say(place, &client,
        "GET /inbox HTTP/1.1\r\n" AUTH "Accept: text/html, text/event-stream;q=0.9\r\n\r\n");
    assert_true(has(place, &client, "\r\nContent-Type: text/event-stream\r\n"));
    assert_true(has(place, &client, "id: 1\ndata: {\"n\": 1}\n\n"));
    arrive(place, SAMENLOOP_BACK_OFFICE, 2, "{\"n\":2}");
    assert_true(has(place, &client, "id: 2\ndata: {\"n\":2}\n\n"));
    sl_buffer_clear(&client.got);
    for (int i = 0; i < 8; i++) {
        place->elapsed += 10 * 1000;
        assert_int_equal(has(place, &client, ":\n\n"), i > 0);
    }
    assert_null(memmem(client.got.data, client.got.size, "data:", 5));
    arrive(place, SAMENLOOP_BACK_OFFICE, 3, "{\"n\":3}");
    assert_true(has(place, &client, "id: 3\ndata: {\"n\":3}\n\n"));
    hang_up(&client);
    struct http_counts counts;
    place->elapsed += 1500;
    for (int i = 0; i < 20; i++)
        turn(place);
    http_counts(place->http, &counts);
    assert_int_equal(counts.open, 0);
}

#define LIST "GET /list HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer " TEAM "\r\n\r\n"

static void the_list_is_the_joint_teams(void **state)
{
    struct place *place = *state;
    struct client client = dial(place);
    is_problem(get(place, "/list"), 403, "not_for_role");
    assert_int_equal(place->house->lists, 0);
    say(place, &client, LIST);
    for (int i = 0; i < 20; i++)
        turn(place);
    assert_true(take(&client));
    assert_int_equal(client.got.size, 0); /* the router has not answered yet */
    assert_int_equal(place->house->lists, 1);
    place->house->list = "[{\"priority\":1}]";
    struct reply reply = listen_to(place, &client);
    assert_string_equal(reply.body, "[{\"priority\":1}]");
    json_decref(json_of(&reply, 200, "application/json"));
    hang_up(&client);
}

static void a_router_that_is_away_has_no_list(void **state)
{
    struct place *place = *state;
    place->house->away = true;
    is_problem(ask(place, LIST), 503, "away");
    place->house->away = false;
    struct client client = dial(place);
    say(place, &client, LIST);
    for (int i = 0; i < 20; i++)
        turn(place);
    place->elapsed += 10 * 1000;
    is_problem(listen_to(place, &client), 503, "away");
    hang_up(&client);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_place, close_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_inbox_is_the_roles),
        CASE(acknowledging_is_all_or_nothing),
        CASE(a_long_poll_wakes_on_an_arrival),
        CASE(a_long_poll_ends),
        CASE(a_stream_brings_what_comes),
        CASE(the_list_is_the_joint_teams),
        CASE(a_router_that_is_away_has_no_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
