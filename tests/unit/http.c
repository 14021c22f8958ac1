/* The HTTP edge: what a back office asks, and what it is answered. */
#include "tests/unit/http_fake.h"

#define EVENT "application/cloudevents+json"
#define BATCH "application/cloudevents-batch+json"
#define NAMED(id) "{\"id\":\"" id "\",\"source\":\"" SOURCE "\"}"

/* ---------------------------------------------------------------- handing in */

static void is_result(const json_t *document, size_t at, const char *id, const char *status)
{
    const json_t *result = json_array_get(json_object_get(document, "events"), at);
    assert_string_equal(word_of(result, "id"), id);
    assert_string_equal(word_of(result, "source"), SOURCE);
    assert_string_equal(word_of(result, "status"), status);
}

static void an_event_is_accepted_once(void **state)
{
    struct place *place = *state;
    static const char *const statuses[] = {"accepted", "duplicate"};
    for (size_t i = 0; i < 2; i++) {
        struct reply reply = post(place, "/events", EVENT "; charset=UTF-8", NAMED("a"));
        json_t *json = json_of(&reply, 202, "application/json");
        assert_int_equal(json_array_size(json_object_get(json, "events")), 1);
        is_result(json, 0, "a", statuses[i]);
        json_decref(json);
    }
    assert_int_equal(place->house->role, SAMENLOOP_BACK_OFFICE);
    is_problem(post(place, "/events", EVENT, "{\"id\":\"a\",\"source\":\"" SOURCE "\",\"data\":1}"),
               409, "id_conflict");
}

static void nothing_is_answered_before_the_sync(void **state)
{
    struct place *place = *state;
    struct client client = dial(place);
    place->house->stuck = true;
    say(place, &client,
        "POST /events HTTP/1.1\r\n" AUTH "Content-Type: " EVENT "\r\nContent-Length: 2\r\n\r\n{}");
    for (int i = 0; i < 50; i++)
        turn(place);
    assert_true(take(&client));
    assert_int_equal(client.got.size, 0);
    assert_int_equal(place->house->tickets, 1);
    assert_int_equal(http_timeout(place->http, place->elapsed), 0);
    place->house->stuck = false;
    is_problem(listen_to(place, &client), 400, "malformed");
    hang_up(&client);
}

static void refusals_have_their_status(void **state)
{
    static const struct {
        const char *body;
        int status;
        const char *code;
    } cases[] = {
        {NAMED("refuse-malformed"), 400, "malformed"},
        {NAMED("refuse-not_permitted"), 403, "not_permitted"},
        {NAMED("refuse-id_conflict"), 409, "id_conflict"},
        {NAMED("refuse-too_large"), 413, "too_large"},
        {NAMED("refuse-subject_invalid"), 422, "subject_invalid"},
        {NAMED("refuse-bsn_in_text"), 422, "bsn_in_text"},
        {NAMED("refuse-overload"), 503, "overload"},
        {"no JSON", 400, "malformed"},
        {"", 400, "malformed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        is_problem(post(*state, "/events", EVENT, cases[i].body), cases[i].status, cases[i].code);
    struct reply reply = post(*state, "/events", EVENT, NAMED("refuse-overload"));
    assert_true(says(reply.head, "\r\nRetry-After: 5\r\n"));
    forget(&reply);
    reply = post(*state, "/events", EVENT, NAMED("refuse-subject_invalid"));
    json_t *json = json_of(&reply, 422, "application/problem+json");
    assert_string_equal(word_of(json, "field"), "/data/x");
    assert_string_equal(word_of(json, "detail"), "because of subject_invalid");
    assert_string_equal(word_of(json, "id"), "refuse-subject_invalid");
    json_decref(json);
}

static void a_batch_is_answered_event_by_event(void **state)
{
    struct place *place = *state;
    struct reply reply = post(place, "/events", BATCH, "[" NAMED("a") "," NAMED("b") "]");
    json_t *json = json_of(&reply, 202, "application/json");
    is_result(json, 0, "a", "accepted");
    is_result(json, 1, "b", "accepted");
    json_decref(json);
    reply = post(place, "/events", BATCH,
                 "[" NAMED("a") "," NAMED("refuse-time_window") "," NAMED("c") "]");
    json = json_of(&reply, 422, "application/problem+json");
    assert_string_equal(word_of(json, "code"), "batch_refused");
    is_result(json, 0, "a", "duplicate");
    is_result(json, 1, "refuse-time_window", "refused");
    is_result(json, 2, "c", "accepted");
    const json_t *refused = json_array_get(json_object_get(json, "events"), 1);
    assert_string_equal(word_of(refused, "code"), "time_window");
    assert_string_equal(word_of(refused, "field"), "/data/x");
    assert_string_equal(word_of(refused, "detail"), "because of time_window");
    json_decref(json);
}

static void a_batch_that_is_none_is_one_problem(void **state)
{
    struct reply reply = post(*state, "/events", BATCH, "[]");
    json_t *json = json_of(&reply, 202, "application/json");
    assert_int_equal(json_array_size(json_object_get(json, "events")), 0);
    json_decref(json);
    is_problem(post(*state, "/events", BATCH, "{}"), 400, "malformed");
    is_problem(post(*state, "/events", BATCH, "[{}"), 400, "malformed");
    is_problem(post(*state, "/events", BATCH, "[{}]"), 422, "batch_refused");
    is_problem(post(*state, "/events", BATCH, "[" NAMED("x") "," NAMED("refuse-overload") "]"), 503,
               "overload");
}

static struct reply binary(struct place *place, const char *headers, const char *body)
{
    struct sl_buffer text = {0};
    sl_buffer_printf(&text, "POST /events HTTP/1.1\r\n" AUTH "%sContent-Length: %zu\r\n\r\n%s",
                     headers, strlen(body), body);
    struct reply reply = ask_bytes(place, text.data, text.size);
    sl_buffer_free(&text);
    return reply;
}

static void binary_mode_is_the_structured_one(void **state)
{
    struct place *place = *state;
    static const char structured[] =
        "{\"specversion\":\"1.0\",\"id\":\"caf\xc3\xa9 \\\"1\\\"\",\"source\":\"" SOURCE "\","
        "\"comment\":\"a b\",\"datacontenttype\":\"application/json\",\"data\":{\"n\":1.50}}";
    static const char headers[] =
        "ce-specversion: 1.0\r\nCE-Id: caf%C3%A9%20%221%22\r\nce-source: " SOURCE "\r\n"
        "ce-comment: \"a b\"\r\nContent-Type: application/json\r\n";
    struct reply reply = post(place, "/events", EVENT, structured);
    assert_int_equal(reply.status, 202);
    forget(&reply);
    reply = binary(place, headers, "{\"n\":1.50}");
    json_t *json = json_of(&reply, 202, "application/json");
    const json_t *result = json_array_get(json_object_get(json, "events"), 0);
    assert_string_equal(word_of(result, "status"), "duplicate");
    json_decref(json);
    assert_string_equal(place->house->texts[0], place->house->texts[1]);
    reply = binary(place, "ce-specversion: 1.0\r\nce-id: n\r\nce-source: " SOURCE "\r\n", "");
    assert_int_equal(reply.status, 202);
    forget(&reply);
    assert_false(says(place->house->texts[2], "data"));
}

static void binary_mode_is_read_strictly(void **state)
{
    static const char *const bad[] = {
        "ce-id: a\r\nce-id: b\r\n",
        "ce-id: a%0\r\n",
        "ce-id: a%00b\r\n",
        "ce-id: %ff\r\n",
        "ce-id: \"a\r\n",
        "ce-id: \"a\"b\r\n",
        "ce-a_b: 1\r\n",
        "ce-: 1\r\n",
        "ce-data: 1\r\n",
        "ce-id: a%0D%0Ab\r\n",
        "ce-id: \xc3(\r\n",
        "ce-datacontenttype: text/plain\r\n",
        "ce-abcdefghijklmnopqrstuvwxyz: 1\r\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char headers[256];
        (void)snprintf(headers, sizeof headers,
                       "ce-specversion: 1.0\r\nContent-Type: application/json\r\n%s", bad[i]);
        is_problem(binary(*state, headers, "{}"), 400, "malformed");
    }
    is_problem(binary(*state,
                      "ce-specversion: 1.0\r\nce-id: a\r\nContent-Type: application/json\r\n",
                      "1},\"id\":{\"a\":1"),
               400, "malformed");
    struct place *place = *state;
    assert_int_equal(place->house->tickets, 0);
}

static void a_full_house_is_tried_again(void **state)
{
    struct place *place = *state;
    struct client client = dial(place);
    char request[512];
    (void)snprintf(request, sizeof request,
                   "POST /events HTTP/1.1\r\n" AUTH "Content-Type: " EVENT
                   "\r\nContent-Length: %zu\r\n\r\n%s",
                   strlen(NAMED("a")), NAMED("a"));
    place->house->full = true;
    say(place, &client, request);
    for (int i = 0; i < 20; i++)
        turn(place);
    place->house->full = false;
    struct reply reply = listen_to(place, &client);
    assert_int_equal(reply.status, 202);
    forget(&reply);
    place->house->full = true;
    say(place, &client, request);
    for (int i = 0; i < 20; i++)
        turn(place);
    place->elapsed += 11 * 1000;
    is_problem(listen_to(place, &client), 503, "overload");
    place->house->full = false;
    place->house->forgetful = true;
    say(place, &client, request);
    is_problem(listen_to(place, &client), 503, "overload");
    hang_up(&client);
}

static void what_became_of_an_event_is_told(void **state)
{
    struct reply reply = post(*state, "/events", EVENT, NAMED("a/b c"));
    assert_int_equal(reply.status, 202);
    forget(&reply);
    reply = get(*state, "/events/a%2Fb%20c?source=" SOURCE);
    json_t *json = json_of(&reply, 200, "application/json");
    assert_string_equal(word_of(json, "status"), "waiting");
    json_decref(json);
    is_problem(get(*state, "/events/other?source=" SOURCE), 404, "not_found");
    is_problem(get(*state, "/events/a%2Fb%20c?source=urn%3Aother"), 404, "not_found");
    is_problem(get(*state, "/events/a"), 400, "malformed");
}

/* ---------------------------------------------------------------- health, doors, closing */

static void health_needs_no_token(void **state)
{
    static const char question[] = "GET /health HTTP/1.1\r\nHost: here\r\n\r\n";
    struct place *place = *state;
    place->house->health.outbox[3] = 12;
    struct reply reply = ask(place, question);
    assert_string_equal(reply.body,
                        "{\"status\":\"ok\",\"router\":\"away\",\"outbox\":{\"acute\":0,"
                        "\"urgent\":0,\"ordinary\":12},\"inbox\":{\"acute\":0,"
                        "\"urgent\":0,\"ordinary\":0},\"head\":0}");
    json_decref(json_of(&reply, 200, "application/json"));
    place->house->health.connected = true;
    place->house->health.fed = false;
    (void)snprintf(place->house->health.trouble, sizeof place->house->health.trouble, "another");
    reply = ask(place, question);
    json_t *json = json_of(&reply, 503, "application/json");
    assert_string_equal(word_of(json, "status"), "not_fed");
    assert_string_equal(word_of(json, "router"), "connected");
    assert_string_equal(word_of(json, "detail"), "another");
    json_decref(json);
    place->house->health.fed = true;
    (void)snprintf(place->house->health.alarm, sizeof place->house->health.alarm, "cut back");
    reply = ask(place, question);
    json = json_of(&reply, 503, "application/json");
    assert_string_equal(word_of(json, "status"), "journal_changed");
    assert_string_equal(word_of(json, "detail"), "cut back");
    json_decref(json);
    place->house->health.writable = false;
    reply = ask(place, question);
    json = json_of(&reply, 503, "application/json");
    assert_string_equal(word_of(json, "status"), "cannot_write");
    json_decref(json);
    struct client client = dial(place);
    say(place, &client, "HEAD /health HTTP/1.1\r\nHost: here\r\n\r\n");
    assert_true(has(place, &client, "HTTP/1.1 503 "));
    assert_true(has(place, &client, "\r\n\r\n"));
    assert_null(memmem(client.got.data, client.got.size, "status", 6));
    hang_up(&client);
}

static void doors_are_shut(void **state)
{
    struct place *place = *state;
    static const char *const no[] = {
        "",
        "Authorization: Bearer \r\n",
        "Authorization: Bearer a-token-of-the-back-offic\r\n",
        "Authorization: Bearer " TOKEN "x\r\n",
        "Authorization: Basic " TOKEN "\r\n",
        "Authorization: " TOKEN "\r\n",
        "Authorization: Bearer " TOKEN "\r\nAuthorization: Bearer " TOKEN "\r\n",
    };
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        char request[256];
        (void)snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: here\r\n%s\r\n",
                       i % 2 == 0 ? "/inbox" : "/nothing", no[i]);
        struct reply reply = ask(place, request);
        assert_true(says(reply.head, "\r\nWWW-Authenticate: Bearer realm=\"samenloop\"\r\n"));
        is_problem(reply, 401, "unauthorized");
    }
    struct http_counts counts;
    http_counts(place->http, &counts);
    assert_int_equal(counts.unauthorized, 7);
    assert_int_equal(counts.answers[4], 7);
}

static void paths_methods_and_types_are_few(void **state)
{
    static const struct {
        const char *line, *allow;
        int status;
        const char *code;
    } cases[] = {
        {"DELETE /events", "POST", 405, "method_not_allowed"},
        {"POST /events/a", "GET", 405, "method_not_allowed"},
        {"GET /inbox/ack", "POST", 405, "method_not_allowed"},
        {"PUT /health", "GET, HEAD", 405, "method_not_allowed"},
        {"FROBNICATE /inbox", "GET", 405, "method_not_allowed"},
        {"GET /", NULL, 404, "not_found"},
        {"GET /events/", NULL, 404, "not_found"},
        {"GET /events/a/b", NULL, 404, "not_found"},
        {"GET /inbox/", NULL, 404, "not_found"},
        {"GET /INBOX", NULL, 404, "not_found"},
        {"GET /inbox?wait=301", NULL, 400, "malformed"},
        {"GET /inbox?wait=-1", NULL, 400, "malformed"},
        {"GET /inbox?wait=1s", NULL, 400, "malformed"},
        {"GET /inbox?wait=99999999999999999999999", NULL, 400, "malformed"},
        {"GET /inbox?max=0", NULL, 400, "malformed"},
        {"GET /inbox?max=1001", NULL, 400, "malformed"},
        {"GET /inbox?max=1&max=2", NULL, 400, "malformed"},
        {"GET /inbox?max", NULL, 400, "malformed"},
        {"GET /inbox?", NULL, 400, "malformed"},
        {"GET /inbox?other=1", NULL, 400, "malformed"},
        {"GET /health?a=1", NULL, 400, "malformed"},
        {"POST /events?a=1", NULL, 400, "malformed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char request[256], allow[64];
        (void)snprintf(request, sizeof request, "%s HTTP/1.1\r\n" AUTH "\r\n", cases[i].line);
        struct reply reply = ask(*state, request);
        (void)snprintf(allow, sizeof allow, "\r\nAllow: %s\r\n",
                       cases[i].allow == NULL ? "" : cases[i].allow);
        assert_int_equal(says(reply.head, allow), cases[i].allow != NULL);
        is_problem(reply, cases[i].status, cases[i].code);
    }
    static const char *const types[] = {
        "text/plain",
        "application/json",
        "application/cloudevents",
        EVENT "; charset=latin1",
        EVENT "; a=b",
        EVENT "\r\nContent-Encoding: gzip",
        EVENT "\r\nContent-Type: " EVENT,
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        is_problem(post(*state, "/events", types[i], NAMED("a")), 415, "unsupported_media_type");
    is_problem(post(*state, "/inbox/ack", EVENT, "{}"), 415, "unsupported_media_type");
}

static int open_with_a_rate(void **state)
{
    return open_with(state, (struct http_setup){.requests_per_second = 3});
}

static void a_role_has_its_rate(void **state)
{
    struct place *place = *state;
    for (int second = 0; second < 2; second++) {
        place->elapsed += 1000;
        for (int i = 0; i < 3; i++) {
            struct reply reply = get(place, "/inbox");
            assert_int_equal(reply.status, 200);
            forget(&reply);
        }
        struct reply reply = get(place, "/inbox");
        assert_true(says(reply.head, "\r\nRetry-After: 1\r\n"));
        is_problem(reply, 429, "too_many_requests");
    }
    struct reply reply = ask(
        place, "GET /inbox HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer " CONTACT "\r\n\r\n");
    assert_int_equal(reply.status, 200);
    forget(&reply);
}

static void closing_answers_who_waits(void **state)
{
    struct place *place = *state;
    struct client poll = dial(place), stream = dial(place), event = dial(place);
    struct client late = dial(place);
    say(place, &poll, "GET /inbox?wait=300 HTTP/1.1\r\n" AUTH "\r\n");
    say(place, &stream, "GET /inbox HTTP/1.1\r\n" AUTH "Accept: text/event-stream\r\n\r\n");
    for (int i = 0; i < 20; i++)
        turn(place);
    place->house->stuck = true;
    say(place, &event,
        "POST /events HTTP/1.1\r\n" AUTH "Content-Type: " EVENT "\r\nContent-Length: 2\r\n\r\n{}");
    for (int i = 0; i < 20; i++)
        turn(place);
    say(place, &late, "GET /inbox HTTP/1.1\r\n" AUTH "\r\n"); /* nobody has read it */
    place->house->unreadable = true;
    http_close(place->http);
    place->http = NULL;
    assert_int_equal(place->house->tickets, 1);
    while (take(&poll) && poll.got.size == 0)
        ;
    while (take(&event) && event.got.size == 0)
        ;
    struct reply reply = {0};
    assert_true(cut_reply(&poll, &reply));
    is_problem(reply, 503, "overload");
    assert_true(cut_reply(&event, &reply));
    is_problem(reply, 503, "overload");
    while (take(&late))
        ;
    if (cut_reply(&late, &reply))
        is_problem(reply, 503, "overload");
    while (take(&stream))
        ;
    assert_non_null(memmem(stream.got.data, stream.got.size, "\r\n0\r\n\r\n", 7));
    hang_up(&poll);
    hang_up(&stream);
    hang_up(&event);
    hang_up(&late);
}

static void a_setup_that_cannot_be_is_refused(void **state)
{
    (void)state;
    struct samenloop house = {0};
    const struct http_token short_one[] = {{SAMENLOOP_BACK_OFFICE, "short"}};
    const struct http_token blank[] = {{SAMENLOOP_BACK_OFFICE, "a token with blanks in it"}};
    const struct http_token twice[] = {tokens[0], tokens[0]};
    const struct http_setup good = {
        .house = &house, .address = "127.0.0.1", .tokens = tokens, .token_count = 2};
    struct http_setup bad[7];
    struct http *http = NULL, *other = NULL;
    struct sl_error error;
    for (size_t i = 0; i < 7; i++)
        bad[i] = good;
    bad[0].address = "localhost";
    bad[1].port = 65536;
    bad[2].token_count = 0;
    bad[3].tokens = short_one, bad[3].token_count = 1;
    bad[4].tokens = blank, bad[4].token_count = 1;
    bad[5].tokens = twice;
    assert_int_equal(http_open(&http, &good, &error), 0);
    bad[6].port = (unsigned)strtoul(http_url(http) + strlen("http://127.0.0.1:"), NULL, 10);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(http_open(&other, &bad[i], &error), -1);
        assert_int_equal(error.code, i < 6 ? SL_CONFIGURATION : SL_IO);
        assert_true(strlen(error.text) > 10);
    }
    http_close(http);
    http_close(NULL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_place, close_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_event_is_accepted_once),
        CASE(nothing_is_answered_before_the_sync),
        CASE(refusals_have_their_status),
        CASE(a_batch_is_answered_event_by_event),
        CASE(a_batch_that_is_none_is_one_problem),
        CASE(binary_mode_is_the_structured_one),
        CASE(binary_mode_is_read_strictly),
        CASE(a_full_house_is_tried_again),
        CASE(what_became_of_an_event_is_told),
        CASE(health_needs_no_token),
        CASE(doors_are_shut),
        CASE(paths_methods_and_types_are_few),
        cmocka_unit_test_setup_teardown(a_role_has_its_rate, open_with_a_rate, close_place),
        CASE(closing_answers_who_waits),
        cmocka_unit_test(a_setup_that_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
