/* A client that speaks to the HTTP edge over a real socket, and the round that turns them both. */
#ifndef TESTS_UNIT_HTTP_CLIENT_H
#define TESTS_UNIT_HTTP_CLIENT_H

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
#define TEAM "a-token-of-the-joint-team"
#define SOURCE "urn:nld:oin:00000004164164164000:systeem:test"
#define AUTH "Host: here\r\nAuthorization: Bearer " TOKEN "\r\n"

enum { ROUNDS = 2000 };

/* An edge before a house; its clock stands still unless it is told. */
struct place {
    struct samenloop *house;
    struct http *http;
    int64_t elapsed;
    unsigned short port;
    void (*sync)(struct place *place);
};

/* ---------------------------------------------------------------- the round */

static inline void turn(struct place *place)
{
    struct pollfd file;
    int timeout = http_timeout(place->http, place->elapsed);
    http_file(place->http, &file);
    if (timeout != 0)
        (void)poll(&file, 1, 1);
    http_take(place->http, place->elapsed);
    place->sync(place);
    http_answer(place->http, place->elapsed);
}

static const struct http_token tokens[] = {{SAMENLOOP_BACK_OFFICE, TOKEN},
                                           {SAMENLOOP_CONTACT_PERSON, CONTACT},
                                           {SAMENLOOP_JOINT_TEAM, TEAM}};

/* Opens the edge; house and sync are set. */
static inline void place_listen(struct place *place, struct http_setup setup)
{
    struct sl_error error;
    setup.house = place->house;
    setup.address = "127.0.0.1";
    setup.tokens = tokens;
    setup.token_count = sizeof tokens / sizeof *tokens;
    assert_int_equal(http_open(&place->http, &setup, &error), 0);
    assert_int_equal(sscanf(http_url(place->http), "http://127.0.0.1:%hu", &place->port), 1);
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
    int status = 0;
    if (sscanf(copy, "HTTP/1.%*d %d", &status) != 1)
        status = -1;
    *out = (struct reply){
        .status = status, .head = copy, .body = strndup(head + 4, size), .size = size};
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

/* Does the text have this in it? */
static inline bool says(const char *text, const char *part)
{
    return text != NULL && strstr(text, part) != NULL;
}

/* The reply is JSON of this type with this status; the caller decrefs. The reply is forgotten. */
static inline json_t *json_of(struct reply *reply, int status, const char *type)
{
    char line[128];
    if (reply->status != status)
        fail_msg("%d is not %d: %.500s", reply->status, status,
                 reply->body == NULL ? "" : reply->body);
    (void)snprintf(line, sizeof line, "\r\nContent-Type: %s\r\n", type);
    assert_true(says(reply->head, line));
    assert_true(says(reply->head, "\r\nCache-Control: no-store\r\n"));
    json_t *json = json_loads(reply->body, 0, NULL);
    assert_non_null(json);
    forget(reply);
    return json;
}

static inline const char *word_of(const json_t *json, const char *key)
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
    assert_string_equal(word_of(json, "code"), code);
    assert_string_equal(word_of(json, "type"), uri);
    assert_int_equal(json_integer_value(json_object_get(json, "status")), status);
    assert_true(strlen(word_of(json, "title")) > 6 && strlen(word_of(json, "detail")) > 6);
    json_decref(json);
}

#endif
