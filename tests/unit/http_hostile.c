/* The HTTP edge under attack: it answers 400 or hangs up, loses nothing, and goes on serving. */
#include "tests/unit/http_fake.h"

#define EVENT "Content-Type: application/cloudevents+json\r\n"
#define BATCH "Content-Type: application/cloudevents-batch+json\r\n"
#define GOOD "{\"id\":\"a\",\"source\":\"" SOURCE "\"}"

enum { PATIENCE = HTTP_PATIENCE + 1500, MUTATIONS = 700 };

static size_t count_of(const struct sl_buffer *text, const char *word)
{
    size_t count = 0, size = strlen(word);
    const uint8_t *at = text->data;
    const uint8_t *end = at == NULL ? NULL : at + text->size;
    while (at != NULL && (at = memmem(at, (size_t)(end - at), word, size)) != NULL) {
        at += size;
        count++;
    }
    return count;
}

static void still_serves(struct place *place)
{
    struct reply reply = get(place, "/inbox");
    assert_int_equal(reply.status, 200);
    forget(&reply);
}

/*
 * What comes back is at most one problem, and the end of the connection. (The page of libmicrohttpd
 * itself repeats its headers in the body.)
 */
static void is_turned_away(struct place *place, const char *text)
{
    struct client client = dial(place);
    say(place, &client, text);
    if (!is_closed(place, &client))
        fail_msg("the connection stays open after: %s", text);
    if (count_of(&client.got, "/problem+json") > 1 || count_of(&client.got, "HTTP/1.1 2") > 0)
        fail_msg("%.*s\nis the answer to: %s", (int)client.got.size, (char *)client.got.data, text);
    hang_up(&client);
}

static void where_a_body_ends_is_said_once(void **state)
{
    static const char *const bad[] = {
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5\r\ncontent-length: 0\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: -5\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: 5,5\r\n",
        "Content-Length: 05\r\n",
        "Content-Length: \r\n",
        "Content-Length: 5 5\r\n",
        "Content-Length: 18446744073709551621\r\n",
        "Content-Length: 99999999999999999999999999999999999\r\n",
        "Content-Length : 5\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: \vchunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Host: there\r\nContent-Length: 5\r\n",
        "Content\x01: 5\r\n",
        "Content Length: 5\r\n",
    };
    struct place *place = *state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[512];
        (void)snprintf(text, sizeof text,
                       "POST /events HTTP/1.1\r\n" AUTH EVENT "%s\r\n"
                       "0\r\n\r\nGET /inbox HTTP/1.1\r\n" AUTH "\r\n",
                       bad[i]);
        is_turned_away(place, text);
        if (place->house->tickets > 0)
            fail_msg("handed in by: %s", bad[i]);
    }
    is_turned_away(place, "POST /events HTTP/1.1\r\nAuthorization: Bearer " TOKEN "\r\n" EVENT
                          "Content-Length: 2\r\n\r\n{}");
    is_turned_away(place, "GET /health HTTP/1.1\r\n\r\n");
    is_turned_away(place, "GET /health HTTP/2.0\r\nHost: here\r\n\r\n");
    is_turned_away(place, "GET /health HTTP/0.9\r\nHost: here\r\n\r\n");
    is_turned_away(place, "GET /inbox HTTP/1.1\r\n" AUTH "Content-Length: 41\r\n\r\n"
                          "GET /inbox HTTP/1.1\r\n" AUTH "\r\n");
    is_turned_away(place, "DELETE /inbox HTTP/1.1\r\n" AUTH "Content-Length: 41\r\n\r\n"
                          "GET /inbox HTTP/1.1\r\n" AUTH "\r\n");
    assert_int_equal(place->house->tickets, 0);
    still_serves(place);
}

static void a_chunk_has_a_size(void **state)
{
    static const char *const bad[] = {
        "10000000000000000\r\n",
        "ffffffffffffffff\r\nab",
        "-1\r\n{}\r\n0\r\n\r\n",
        "0x2\r\n{}\r\n0\r\n\r\n",
        "\r\n\r\n",
        "2\r\n{}xx0\r\n\r\n",
        "g\r\n",
    };
    struct place *place = *state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct client client = dial(place);
        char text[512];
        (void)snprintf(
            text, sizeof text,
            "POST /events HTTP/1.1\r\n" AUTH EVENT "Transfer-Encoding: chunked\r\n\r\n%s", bad[i]);
        say(place, &client, text);
        for (int j = 0; j < 20; j++)
            turn(place);
        place->elapsed += PATIENCE;
        if (!is_closed(place, &client) || count_of(&client.got, "HTTP/1.1 2") > 0)
            fail_msg("%.*s\nis the answer to: %s", (int)client.got.size, (char *)client.got.data,
                     text);
        hang_up(&client);
    }
    assert_int_equal(place->house->tickets, 0);
    char text[512];
    (void)snprintf(text, sizeof text,
                   "POST /events HTTP/1.1\r\n" AUTH EVENT "Transfer-Encoding: chunked\r\n\r\n"
                   "1\r\n{\r\n%zx;a=b\r\n%s\r\n0\r\nTrailer: x\r\n\r\n",
                   strlen(GOOD) - 1, &GOOD[1]);
    struct reply reply = ask(place, text);
    assert_int_equal(reply.status, 202);
    forget(&reply);
}

static void a_line_is_a_line(void **state)
{
    struct place *place = *state;
    static const char *const bad[] = {
        "\x16\x03\x01\x02",
        "GET\r\n\r\n",
        "GET /inbox\r\n\r\n",
        "GET /in box HTTP/1.1\r\n" AUTH "\r\n",
        "GET /inbox HTTP/1.1\r\nNo colon\r\n" AUTH "\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct client client = dial(place);
        say(place, &client, bad[i]);
        for (int j = 0; j < 20; j++)
            turn(place);
        place->elapsed += PATIENCE;
        if (!is_closed(place, &client) || count_of(&client.got, "HTTP/1.1 2") > 0)
            fail_msg("%.*s\nis the answer to: %s", (int)client.got.size, (char *)client.got.data,
                     bad[i]);
        hang_up(&client);
    }
    still_serves(place);
}

static void paths_are_what_they_look_like(void **state)
{
    static const struct {
        const char *path;
        int status;
    } cases[] = {
        {"//inbox", 404},
        {"/inbox//ack", 404},
        {"/events/%2e%2e/inbox", 404},
        {"/events/../inbox", 404},
        {"/%69nbox", 404},
        {"/inbox%00", 404},
        {"/inbox%2Fack", 404},
        {"http://here/inbox", 404},
        {"*", 404},
        {"/events/%00?source=a", 400},
        {"/events/a%00b?source=a", 400},
        {"/events/%2?source=a", 400},
        {"/events/%zz?source=a", 400},
        {"/events/%c0%ae?source=a", 400},
        {"/events/%0d%0aSet-Cookie:a?source=a", 400},
        {"/events/%1b[31m?source=a", 400},
        {"/events/a?source=%00", 400},
        {"/events/a?source=%", 400},
        {"/events/a?source=a%0", 400},
        {"/events/%2e%2e?source=a", 404},
        {"/events/a?source=a#b", 404},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        is_problem(get(*state, cases[i].path), cases[i].status,
                   cases[i].status == 404 ? "not_found" : "malformed");
    struct sl_buffer path = {0};
    sl_buffer_printf(&path, "/events/");
    for (int i = 0; i < 600; i++)
        sl_buffer_printf(&path, "a");
    sl_buffer_printf(&path, "?source=a%c", 0);
    is_problem(get(*state, (char *)path.data), 400, "malformed");
    path.size--;
    for (int i = 0; i < 40 * 1000; i++)
        sl_buffer_printf(&path, "a");
    struct reply reply = get(*state, (char *)path.data);
    assert_true(reply.closed || reply.status >= 400);
    forget(&reply);
    sl_buffer_free(&path);
    still_serves(*state);
}

static void headers_are_bounded(void **state)
{
    struct place *place = *state;
    struct sl_buffer text = {0};
    sl_buffer_printf(&text, "GET /inbox HTTP/1.1\r\n" AUTH);
    for (int i = 0; i < 4000; i++)
        sl_buffer_printf(&text, "X-%d: aaaaaaaaaaaaaaaa\r\n", i);
    sl_buffer_printf(&text, "\r\n");
    struct reply reply = ask_bytes(place, text.data, text.size);
    assert_true(reply.closed || reply.status == 431 || reply.status == 413);
    forget(&reply);
    sl_buffer_free(&text);
    still_serves(place);
}

static void bodies_are_bounded(void **state)
{
    struct place *place = *state;
    struct http_counts counts;
    is_problem(ask(place, "POST /events HTTP/1.1\r\n" AUTH EVENT "Content-Length: 65537\r\n\r\n"),
               413, "too_large");
    is_problem(ask(place, "POST /events HTTP/1.1\r\n" AUTH BATCH "Content-Length: 4194305\r\n\r\n"),
               413, "too_large");
    is_problem(ask(place, "POST /events HTTP/1.1\r\n" AUTH EVENT
                          "Content-Length: 9223372036854775807\r\nExpect: 100-continue\r\n\r\n"),
               413, "too_large");
    is_problem(ask(place, "POST /events HTTP/1.1\r\nHost: here\r\n" EVENT
                          "Content-Length: 9000000\r\nExpect: 100-continue\r\n\r\n"),
               401, "unauthorized");
    struct sl_buffer text = {0};
    sl_buffer_printf(&text, "POST /events HTTP/1.1\r\n" AUTH EVENT
                            "Transfer-Encoding: chunked\r\n\r\n11000\r\n");
    memset(sl_buffer_extend(&text, 0x11000), ' ', 0x11000);
    sl_buffer_printf(&text, "\r\n0\r\n\r\n");
    is_problem(ask_bytes(place, text.data, text.size), 413, "too_large");
    assert_int_equal(place->house->tickets, 0);
    for (int i = 0; i < 10; i++)
        turn(place);
    http_counts(place->http, &counts);
    assert_int_equal(counts.held, 0);

    /* One that never ends is cut. */
    struct client client = dial(place);
    text.size -= strlen("0\r\n\r\n");
    size_t head = (size_t)((uint8_t *)memmem(text.data, text.size, "11000\r\n", 7) - text.data);
    say_bytes(place, &client, text.data, head);
    for (int i = 0; i < 100 && !is_closed(place, &client); i++)
        say_bytes(place, &client, text.data + head, text.size - head);
    assert_true(is_closed(place, &client));
    http_counts(place->http, &counts);
    assert_int_equal(counts.held, 0);
    hang_up(&client);
    sl_buffer_free(&text);
    still_serves(place);
}

static void a_large_batch_is_taken(void **state)
{
    struct place *place = *state;
    struct sl_buffer text = {0};
    size_t size = HTTP_MAX_BODY;
    sl_buffer_printf(&text,
                     "POST /events HTTP/1.1\r\n" AUTH BATCH
                     "Expect: 100-continue\r\nContent-Length: %zu\r\n\r\n[" GOOD,
                     size);
    size_t used = strlen("[" GOOD);
    memset(sl_buffer_extend(&text, size - used), ' ', size - used);
    text.data[text.size - 1] = ']';
    struct reply reply = ask_bytes(place, text.data, text.size);
    assert_int_equal(reply.status, 202);
    forget(&reply);
    sl_buffer_free(&text);
}

static void who_is_slow_is_cut(void **state)
{
    struct place *place = *state;
    struct client clients[4];
    struct http_counts counts;
    static const char *const beginnings[] = {
        "",
        "GET /inbox HT",
        "GET /inbox HTTP/1.1\r\nHost: he",
        "POST /events HTTP/1.1\r\n" AUTH EVENT "Content-Length: 2\r\n\r\n{",
    };
    for (size_t i = 0; i < 4; i++) {
        clients[i] = dial(place);
        say(place, &clients[i], beginnings[i]);
    }
    for (int i = 0; i < 20; i++)
        turn(place);
    for (int i = 0; i < 3; i++) { /* a byte every ten seconds keeps nobody in */
        place->elapsed += 9 * 1000;
        for (int j = 0; j < 10; j++)
            turn(place);
        say(place, &clients[2], "r");
    }
    http_counts(place->http, &counts);
    assert_int_equal(counts.open, 4);
    place->elapsed += 4 * 1000;
    for (size_t i = 0; i < 4; i++)
        assert_true(is_closed(place, &clients[i]));
    http_counts(place->http, &counts);
    assert_int_equal(counts.open, 0);
    assert_int_equal(counts.cut, 4);
    assert_int_equal(counts.held, 0);
    for (size_t i = 0; i < 4; i++)
        hang_up(&clients[i]);
    still_serves(place);
}

static void who_does_not_read_is_cut(void **state)
{
    struct place *place = *state;
    struct client client = dial(place);
    struct http_counts counts;
    char *large = malloc(64 * 1024);
    assert_non_null(large);
    memset(large, '1', 64 * 1024 - 1);
    large[64 * 1024 - 1] = '\0';
    for (int i = 0; i < 100; i++)
        arrive(place, SAMENLOOP_BACK_OFFICE, 3, large);
    free(large);
    say(place, &client, "GET /inbox HTTP/1.1\r\n" AUTH "\r\n");
    for (int i = 0; i < 50; i++)
        turn(place);
    http_counts(place->http, &counts);
    assert_true(counts.held >= HTTP_MAX_ANSWER && counts.held < HTTP_MAX_ANSWER + 128 * 1024);
    place->elapsed += PATIENCE;
    for (int i = 0; i < 50; i++)
        turn(place);
    http_counts(place->http, &counts);
    assert_int_equal(counts.held, 0);
    assert_int_equal(counts.open, 0);
    hang_up(&client);
}

static int open_for_few(void **state)
{
    return open_with(state, (struct http_setup){.connections = 8, .connections_per_address = 4});
}

static void an_address_has_its_share(void **state)
{
    struct place *place = *state;
    struct client clients[6];
    struct http_counts counts;
    for (size_t i = 0; i < 6; i++) {
        clients[i] = dial(place);
        turn(place);
    }
    for (int i = 0; i < 20; i++)
        turn(place);
    http_counts(place->http, &counts);
    assert_int_equal(counts.open, 4);
    assert_true(is_closed(place, &clients[5]));
    for (size_t i = 0; i < 6; i++)
        hang_up(&clients[i]);
    for (int i = 0; i < 20; i++)
        turn(place);
    still_serves(place);
}

static int open_for_two(void **state)
{
    return open_with(state, (struct http_setup){.connections = 2});
}

/* Who is one too many hears when to come again. */
static void beyond_the_bound_one_is_told_to_come_again(void **state)
{
    struct place *place = *state;
    struct client clients[2 + HTTP_CONNECTIONS_TOLD];
    enum { ALL = sizeof clients / sizeof *clients };
    struct http_counts counts;
    for (size_t i = 0; i < ALL; i++) {
        clients[i] = dial(place);
        turn(place);
    }
    for (size_t i = 2; i < ALL; i++) {
        say(place, &clients[i], "GET /inbox HTTP/1.1\r\n" AUTH "\r\n");
        assert_true(is_closed(place, &clients[i]));
        assert_int_equal(count_of(&clients[i].got, "HTTP/1.1 503 "), 1);
        assert_int_equal(count_of(&clients[i].got, "Retry-After: 5\r\n"), 1);
        assert_int_equal(count_of(&clients[i].got, "\"code\":\"overload\""), 1);
    }
    http_counts(place->http, &counts);
    assert_int_equal(counts.too_many, HTTP_CONNECTIONS_TOLD);
    for (size_t i = 0; i < ALL; i++)
        hang_up(&clients[i]);
    for (int i = 0; i < 20; i++)
        turn(place);
    still_serves(place);
}

static void a_client_that_dies_repeats_and_is_known(void **state)
{
    struct place *place = *state;
    char text[512];
    struct client client = dial(place);
    (void)snprintf(text, sizeof text,
                   "POST /events HTTP/1.1\r\n" AUTH EVENT "Content-Length: %zu\r\n\r\n" GOOD,
                   strlen(GOOD));
    place->house->stuck = true;
    say(place, &client, text);
    for (int i = 0; i < 20; i++)
        turn(place);
    assert_int_equal(place->house->tickets, 1);
    hang_up(&client);
    place->house->stuck = false;
    for (int i = 0; i < 20; i++)
        turn(place);
    struct reply reply = ask(place, text);
    assert_int_equal(reply.status, 202);
    assert_true(says(reply.body, "\"duplicate\""));
    forget(&reply);
    /* Who dies within the body has handed in nothing. */
    client = dial(place);
    text[strlen(text) - 1] = '\0';
    say(place, &client, text);
    for (int i = 0; i < 20; i++)
        turn(place);
    hang_up(&client);
    for (int i = 0; i < 20; i++)
        turn(place);
    assert_int_equal(place->house->tickets, 2);
}

static void one_after_the_other_on_a_connection(void **state)
{
    struct place *place = *state;
    char text[2048];
    struct client client = dial(place);
    int size = snprintf(text, sizeof text,
                        "POST /events HTTP/1.1\r\n" AUTH EVENT "Content-Length: %zu\r\n\r\n" GOOD
                        "GET /nothing HTTP/1.1\r\n" AUTH "\r\n"
                        "POST /events HTTP/1.1\r\nHost: here\r\n" EVENT
                        "Content-Length: 2\r\n\r\n{}"
                        "GET /inbox HTTP/1.1\r\n" AUTH "\r\n",
                        strlen(GOOD));
    static const int statuses[] = {202, 404, 401, 200};
    assert_true(size > 0 && (size_t)size < sizeof text);
    say(place, &client, text);
    for (size_t i = 0; i < 4; i++) {
        struct reply reply = listen_to(place, &client);
        assert_int_equal(reply.status, statuses[i]);
        forget(&reply);
    }
    hang_up(&client);
    assert_int_equal(place->house->tickets, 1);
}

/* A byte changed, left out or doubled, a few times, in requests of every kind. */
static void noise_breaks_nothing(void **state)
{
    static const char *const seeds[] = {
        "POST /events HTTP/1.1\r\n" AUTH EVENT "Content-Length: 4\r\n\r\n{}\r\n",
        "POST /events HTTP/1.1\r\n" AUTH BATCH "Transfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n"
        "\r\n",
        "POST /events HTTP/1.1\r\n" AUTH
        "ce-specversion: 1.0\r\nce-id: %41\r\nContent-Length: 2\r\n"
        "Content-Type: application/json\r\n\r\n{}",
        "GET /events/%41?source=%42 HTTP/1.1\r\n" AUTH "\r\n",
        "GET /inbox?wait=1&max=9 HTTP/1.1\r\n" AUTH "Accept: text/event-stream, a\r\n\r\n",
        "POST /inbox/ack HTTP/1.0\r\n" AUTH "Content-Type: application/json\r\n"
        "Expect: 100-continue\r\nContent-Length: 16\r\n\r\n{\"positions\":[]}",
        "GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    };
    struct place *place = *state;
    uint32_t random = 1;
    for (int i = 0; i < MUTATIONS; i++) {
        const char *seed = seeds[i % 7];
        uint8_t text[1024];
        size_t size = (size_t)snprintf((char *)text, sizeof text, "%s", seed);
        for (int j = 0; j <= i % 4; j++) {
            random = random * 1664525u + 1013904223u;
            size_t at = (random >> 8) % size;
            if ((random >> 4) % 3 == 0)
                text[at] = (uint8_t)(random >> 24);
            else if ((random >> 4) % 3 == 1)
                memmove(text + at, text + at + 1, --size - at);
            else
                memmove(text + at + 1, text + at, size++ - at);
        }
        struct client client = dial(place);
        say_bytes(place, &client, text, size);
        for (int j = 0; j < 2; j++)
            turn(place);
        hang_up(&client);
        if (place->house->tickets > KEPT / 2)
            break;
    }
    struct http_counts counts;
    place->elapsed += PATIENCE;
    for (int i = 0; i < 50; i++) {
        place->elapsed += 1000;
        turn(place);
    }
    http_counts(place->http, &counts);
    assert_int_equal(counts.open, 0);
    assert_int_equal(counts.waiting, 0);
    assert_int_equal(counts.held, 0);
    assert_true(counts.answers[4] > MUTATIONS / 10);
    still_serves(place);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_place, close_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(where_a_body_ends_is_said_once),
        CASE(a_chunk_has_a_size),
        CASE(a_line_is_a_line),
        CASE(paths_are_what_they_look_like),
        CASE(headers_are_bounded),
        CASE(bodies_are_bounded),
        CASE(a_large_batch_is_taken),
        CASE(who_is_slow_is_cut),
        CASE(who_does_not_read_is_cut),
        cmocka_unit_test_setup_teardown(an_address_has_its_share, open_for_few, close_place),
        cmocka_unit_test_setup_teardown(beyond_the_bound_one_is_told_to_come_again, open_for_two,
                                        close_place),
        CASE(a_client_that_dies_repeats_and_is_known),
        CASE(one_after_the_other_on_a_connection),
        CASE(noise_breaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
