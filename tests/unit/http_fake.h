/*
 * A house of a few lines that answers as samenloop.h says, a clock that stands still, and a client
 * that speaks over a real socket; one thread turns them all.
 *
 * What the house thinks of an event: an id that begins with "refuse-CODE" is refused with CODE;
 * a known id and source with the same text is a duplicate, with another one an id_conflict.
 */
#ifndef TESTS_UNIT_HTTP_FAKE_H
#define TESTS_UNIT_HTTP_FAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <jansson.h>
#include <sys/socket.h>
#include <unistd.h>

#include "adapters/edges/http.h"
#include "schemas/bytes.h"

#define TOKEN "a-token-of-the-back-office"
#define CONTACT "a-token-of-the-contact-person"
#define SOURCE "urn:nld:oin:00000004164164164000:systeem:test"
#define AUTH "Host: here\r\nAuthorization: Bearer " TOKEN "\r\n"

enum { KEPT = 2048, ITEMS = 256, ROUNDS = 2000 };

struct samenloop {
    struct samenloop_answer answers[KEPT];
    char *texts[KEPT]; /* what was taken */
    uint64_t tickets;
    uint64_t synced;          /* tickets below are answered */
    bool full;                /* samenloop_publish says -1 */
    bool forgetful;           /* samenloop_answer says -1 */
    bool unreadable;          /* samenloop_receive says -1 */
    bool stuck;               /* the sync does not come */
    enum samenloop_role role; /* of the last call */
    struct {
        enum samenloop_role role;
        unsigned lane;
        char *event;
        bool taken;
    } items[ITEMS];
    size_t count;
    uint64_t arrivals;
    uint64_t acknowledged;
    struct samenloop_health health;
};

struct place {
    struct samenloop house;
    struct http *http;
    int64_t elapsed;
    unsigned short port;
};

/* ---------------------------------------------------------------- the house */

static void judge_event(struct samenloop *house, const json_t *event)
{
    assert_true(house->tickets < KEPT);
    struct samenloop_answer *answer = &house->answers[house->tickets];
    const char *id = json_string_value(json_object_get(event, "id"));
    const char *source = json_string_value(json_object_get(event, "source"));
    *answer = (struct samenloop_answer){.status = SAMENLOOP_ACCEPTED};
    house->texts[house->tickets] = event == NULL ? NULL : json_dumps(event, JSON_SORT_KEYS);
    if (id == NULL) {
        answer->status = SAMENLOOP_REFUSED;
        (void)snprintf(answer->code, sizeof answer->code, "malformed");
        (void)snprintf(answer->sentence, sizeof answer->sentence, "no event");
    } else {
        (void)snprintf(answer->id, sizeof answer->id, "%s", id);
        (void)snprintf(answer->source, sizeof answer->source, "%s", source);
    }
    if (id != NULL && strncmp(id, "refuse-", 7) == 0) {
        answer->status = SAMENLOOP_REFUSED;
        (void)snprintf(answer->code, sizeof answer->code, "%s", id + 7);
        (void)snprintf(answer->sentence, sizeof answer->sentence, "because of %s", id + 7);
        (void)snprintf(answer->field, sizeof answer->field, "/data/x");
    }
    for (uint64_t i = 0; id != NULL && i < house->tickets; i++) {
        if (answer->status != SAMENLOOP_ACCEPTED || strcmp(house->answers[i].id, id) != 0)
            continue;
        bool same = strcmp(house->texts[i], house->texts[house->tickets]) == 0;
        answer->status = same ? SAMENLOOP_DUPLICATE : SAMENLOOP_REFUSED;
        if (!same)
            (void)snprintf(answer->code, sizeof answer->code, "id_conflict");
        (void)snprintf(answer->sentence, sizeof answer->sentence, "because of another");
    }
    house->tickets++;
}

int samenloop_publish(struct samenloop *house, enum samenloop_role role, const void *text,
                      size_t size, bool batch, struct samenloop_tickets *out)
{
    if (house->full)
        return -1;
    json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    *out = (struct samenloop_tickets){house->tickets, 1};
    house->role = role;
    if (!batch) {
        judge_event(house, json);
    } else if (!json_is_array(json)) {
        judge_event(house, NULL);
    } else {
        out->count = json_array_size(json);
        for (size_t i = 0; i < out->count; i++)
            judge_event(house, json_array_get(json, i));
    }
    json_decref(json);
    return 0;
}

int samenloop_answer(const struct samenloop *house, uint64_t ticket, struct samenloop_answer *out)
{
    if (house->forgetful || ticket >= house->tickets)
        return -1;
    *out = house->answers[ticket];
    if (ticket >= house->synced)
        out->status = SAMENLOOP_PENDING;
    return 0;
}

const char *samenloop_event(struct samenloop *house, const char *id, const char *source)
{
    for (uint64_t i = 0; i < house->synced; i++)
        if (strcmp(house->answers[i].id, id) == 0 && strcmp(house->answers[i].source, source) == 0)
            return "{\"status\":\"waiting\"}";
    return NULL;
}

int samenloop_receive(struct samenloop *house, enum samenloop_role role,
                      struct samenloop_cursor *cursor, struct samenloop_item *out)
{
    if (house->unreadable)
        return -1;
    for (unsigned lane = 1; lane < SAMENLOOP_LANES; lane++)
        for (size_t i = cursor->after[lane]; i < house->count; i++) {
            if (house->items[i].lane != lane || house->items[i].role != role ||
                house->items[i].taken)
                continue;
            cursor->after[lane] = i + 1;
            *out = (struct samenloop_item){i + 1, house->items[i].event,
                                           strlen(house->items[i].event)};
            return 1;
        }
    return 0;
}

uint64_t samenloop_arrivals(const struct samenloop *house, enum samenloop_role role)
{
    (void)role;
    return house->arrivals;
}

int samenloop_acknowledge(struct samenloop *house, enum samenloop_role role,
                          const uint64_t *positions, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (positions[i] == 0 || positions[i] > house->count ||
            house->items[positions[i] - 1].role != role)
            return -1;
    for (size_t i = 0; i < count; i++)
        house->items[positions[i] - 1].taken = true;
    house->acknowledged += count;
    return 0;
}

void samenloop_health(const struct samenloop *house, struct samenloop_health *out)
{
    *out = house->health;
}

static inline void arrive(struct place *place, enum samenloop_role role, unsigned lane,
                          const char *event)
{
    struct samenloop *house = &place->house;
    assert_true(house->count < ITEMS);
    house->items[house->count].role = role;
    house->items[house->count].lane = lane;
    house->items[house->count++].event = strdup(event);
    house->arrivals++;
}

/* ---------------------------------------------------------------- the round */

static inline void turn(struct place *place)
{
    struct pollfd file;
    int timeout = http_timeout(place->http, place->elapsed);
    http_file(place->http, &file);
    if (timeout != 0)
        (void)poll(&file, 1, 1);
    http_take(place->http, place->elapsed);
    if (!place->house.stuck)
        place->house.synced = place->house.tickets;
    http_answer(place->http, place->elapsed);
}

static const struct http_token tokens[] = {{SAMENLOOP_BACK_OFFICE, TOKEN},
                                           {SAMENLOOP_CONTACT_PERSON, CONTACT}};

static inline int open_with(void **state, struct http_setup setup)
{
    struct sl_error error;
    struct place *place = calloc(1, sizeof *place);
    assert_non_null(place);
    place->house.health = (struct samenloop_health){.writable = true, .fed = true};
    setup.house = &place->house;
    setup.address = "127.0.0.1";
    setup.tokens = tokens;
    setup.token_count = 2;
    assert_int_equal(http_open(&place->http, &setup, &error), 0);
    assert_int_equal(sscanf(http_url(place->http), "http://127.0.0.1:%hu", &place->port), 1);
    *state = place;
    return 0;
}

static inline int open_place(void **state)
{
    return open_with(state, (struct http_setup){0});
}

static inline int close_place(void **state)
{
    struct place *place = *state;
    http_close(place->http);
    for (uint64_t i = 0; i < place->house.tickets; i++)
        free(place->house.texts[i]);
    for (size_t i = 0; i < place->house.count; i++)
        free(place->house.items[i].event);
    free(place);
    return 0;
}

/* ---------------------------------------------------------------- the client */

struct reply {
    int status; /* 0: the connection was closed without an answer */
    bool closed;
    char *head;
    char *body;
    size_t size; /* of the body */
};

struct client {
    int file;
    struct sl_buffer got;
};

static inline struct client dial(struct place *place)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(place->port)};
    struct client client = {.file = socket(AF_INET, SOCK_STREAM, 0)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(client.file >= 0);
    assert_int_equal(connect(client.file, (struct sockaddr *)&at, sizeof at), 0);
    return client;
}

static inline void hang_up(struct client *client)
{
    (void)close(client->file);
    sl_buffer_free(&client->got);
}

/* Sends all of it while the edge takes it; stops when the connection is closed. */
static inline void say_bytes(struct place *place, struct client *client, const void *data,
                             size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t sent = send(client->file, (const char *)data + at, size - at,
                            MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN)
            return;
        if (sent < 0)
            turn(place);
        at += sent < 0 ? 0 : (size_t)sent;
    }
}

static inline void say(struct place *place, struct client *client, const char *text)
{
    say_bytes(place, client, text, strlen(text));
}

/* Takes what has come; false when the connection is closed. */
static inline bool take(struct client *client)
{
    char piece[16 * 1024];
    ssize_t got = recv(client->file, piece, sizeof piece, MSG_DONTWAIT);
    if (got > 0)
        sl_buffer_add(&client->got, piece, (size_t)got);
    return got > 0 || (got < 0 && errno == EAGAIN);
}

/* The whole answer in what has come, cut off it; false: it is not all there. */
static inline bool cut_reply(struct client *client, struct reply *out)
{
    static const char end[] = "\r\n\r\n";
    const char *text = (const char *)client->got.data;
    const char *head = text == NULL ? NULL : memmem(text, client->got.size, end, 4);
    if (head == NULL)
        return false;
    size_t head_size = (size_t)(head - text) + 4;
    char *copy = strndup(text, head_size);
    const char *length = strcasestr(copy, "\r\nContent-Length: ");
    size_t size = length == NULL ? 0 : strtoul(length + 18, NULL, 10);
    if (client->got.size < head_size + size) {
        free(copy);
        return false;
    }
    *out = (struct reply){.head = copy, .body = strndup(head + 4, size), .size = size};
    assert_int_equal(sscanf(copy, "HTTP/1.%*d %d", &out->status), 1);
    memmove(client->got.data, client->got.data + head_size + size,
            client->got.size - head_size - size);
    client->got.size -= head_size + size;
    return true;
}

static inline struct reply listen_to(struct place *place, struct client *client)
{
    struct reply reply = {0};
    for (int i = 0; i < ROUNDS; i++) {
        turn(place);
        bool alive = take(client);
        if (cut_reply(client, &reply)) {
            if (reply.status != 100)
                return reply;
            free(reply.head);
            free(reply.body);
        } else if (!alive) {
            return (struct reply){.closed = true};
        }
    }
    return (struct reply){0};
}

/* Does the edge close the connection within some rounds? What is left to read is dropped. */
static inline bool is_closed(struct place *place, struct client *client)
{
    for (int i = 0; i < 50; i++) {
        turn(place);
        if (!take(client))
            return true;
    }
    return false;
}

/* Does this text come, in what was not read as a reply? */
static inline bool has(struct place *place, struct client *client, const char *text)
{
    for (int i = 0; i < 50; i++) {
        turn(place);
        (void)take(client);
        if (client->got.data != NULL &&
            memmem(client->got.data, client->got.size, text, strlen(text)) != NULL)
            return true;
    }
    return false;
}

static inline void forget(struct reply *reply)
{
    free(reply->head);
    free(reply->body);
}

/* One request on a connection of its own. */
static inline struct reply ask_bytes(struct place *place, const void *data, size_t size)
{
    struct client client = dial(place);
    say_bytes(place, &client, data, size);
    struct reply reply = listen_to(place, &client);
    hang_up(&client);
    return reply;
}

static inline struct reply ask(struct place *place, const char *text)
{
    return ask_bytes(place, text, strlen(text));
}

static inline struct reply post(struct place *place, const char *path, const char *type,
                                const char *body)
{
    struct sl_buffer text = {0};
    sl_buffer_printf(
        &text, "POST %s HTTP/1.1\r\n" AUTH "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
        path, type, strlen(body), body);
    struct reply reply = ask_bytes(place, text.data, text.size);
    sl_buffer_free(&text);
    return reply;
}

static inline struct reply get(struct place *place, const char *path)
{
    struct sl_buffer text = {0};
    sl_buffer_printf(&text, "GET %s HTTP/1.1\r\n" AUTH "\r\n", path);
    struct reply reply = ask_bytes(place, text.data, text.size);
    sl_buffer_free(&text);
    return reply;
}

/* The reply is JSON of this type with this status; the caller decrefs. The reply is forgotten. */
static inline json_t *json_of(struct reply *reply, int status, const char *type)
{
    char line[128];
    assert_int_equal(reply->status, status);
    (void)snprintf(line, sizeof line, "\r\nContent-Type: %s\r\n", type);
    assert_non_null(strstr(reply->head, line));
    assert_non_null(strstr(reply->head, "\r\nCache-Control: no-store\r\n"));
    json_t *json = json_loads(reply->body, 0, NULL);
    assert_non_null(json);
    forget(reply);
    return json;
}

static inline const char *text_of(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text == NULL ? "(none)" : text;
}

/* The reply is a problem document with this status and code. The reply is forgotten. */
static inline void is_problem(struct reply reply, int status, const char *code)
{
    char uri[96];
    json_t *json = json_of(&reply, status, "application/problem+json");
    (void)snprintf(uri, sizeof uri, "https://samenloop.example/problems/%s", code);
    assert_string_equal(text_of(json, "code"), code);
    assert_string_equal(text_of(json, "type"), uri);
    assert_int_equal(json_integer_value(json_object_get(json, "status")), status);
    assert_true(strlen(text_of(json, "title")) > 6 && strlen(text_of(json, "detail")) > 6);
    json_decref(json);
}

#endif
