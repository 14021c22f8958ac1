/*
 * What the files of http.h share: a request on its way through the edge.
 *
 * reading (line, headers, body: http_request.c) -> the route's `handle`, which replies at once, or
 * puts the request aside -> its `step` is asked after each sync until it has replied -> the answer
 * is sent -> the request is freed. A request that is put aside belongs to a connection that
 * libmicrohttpd does not look at meanwhile.
 */
#ifndef ADAPTERS_EDGES_HTTP_PARTS_H
#define ADAPTERS_EDGES_HTTP_PARTS_H

#include <jansson.h>
#include <microhttpd.h>

#include "adapters/edges/http.h"
#include "schemas/bytes.h"

enum { HTTP_QUERIES = 2, HTTP_ROLES = 5, HTTP_TOKEN_HASH = 32 };

struct http_request;

/* One row of the table in http_request.c. */
struct http_route {
    const char *method;
    const char *path;
    bool named;                        /* one more segment follows: an id */
    bool open;                         /* without a token */
    bool posted;                       /* has a body */
    const char *queries[HTTP_QUERIES]; /* the parameters it knows */
    void (*handle)(struct http_request *request);
};

/* What the body of a POST is. */
enum http_form { HTTP_FORM_JSON, HTTP_FORM_EVENT, HTTP_FORM_BATCH, HTTP_FORM_BINARY };

/* A client's connection: who is slow is cut off. */
struct http_line {
    struct http_line *previous, *next;
    int socket;
    int64_t since; /* the client's turn began: it sends a request, or takes an answer */
    bool aside;    /* the edge's turn */
    bool beyond;   /* one too many: it is only told so */
};

/* A problem that was found before the body was read; the code is one of http_problem.c. */
struct http_trouble {
    const char *code; /* NULL: none */
    const char *field;
    const char *sentence;
};

struct http_request {
    struct http_request *previous, *next; /* among those that are put aside */
    struct http *http;
    struct http_line *line;
    struct MHD_Connection *connection;
    const struct http_route *route; /* NULL while it is not known, or when there is none */
    enum samenloop_role role;
    enum http_form form;
    char *target; /* as it was sent; cut into path and query, decoded in place */
    char *id;     /* of a named route */
    char *values[HTTP_QUERIES];
    struct sl_buffer body;
    size_t body_max;
    size_t received; /* bytes of the body, kept or not */
    size_t held;     /* bytes that count as held */
    bool begun;      /* line and headers were judged */
    bool last;       /* the connection is closed after the answer */
    bool replied;    /* an answer is queued */
    bool aside;      /* in the list, its connection suspended */
    bool gone;       /* the client has hung up while it waited */
    struct http_trouble trouble;

    /* Of a request that waits: asked after each sync, and when `due` (elapsed) has come. */
    bool (*step)(struct http_request *request); /* true: goes on, an answer is queued or ready */
    int64_t due;
    struct samenloop_tickets tickets; /* POST /events */
    int64_t until;                    /* POST /events: how long to try to hand it in */
    struct samenloop_cursor cursor;   /* a stream */
    uint64_t arrivals;                /* GET /inbox: seen so far */
    uint64_t list;                    /* GET /list: its ticket */
    size_t items;                     /* GET /inbox: `max` */
    struct sl_buffer stream;          /* what the stream has to send */
    size_t sent;                      /* of it */
};

struct http {
    struct samenloop *house;
    struct MHD_Daemon *daemon;
    int poll_file;
    int64_t elapsed;
    int64_t swept;
    bool closing;
    size_t held;
    struct http_line *lines;
    struct http_request *aside;
    struct http_counts counts;
    unsigned connections; /* that are served */
    unsigned requests_per_second;
    struct {
        int64_t credit; /* thousandths of a request */
        int64_t at;
    } rates[HTTP_ROLES];
    struct {
        enum samenloop_role role;
        uint8_t hash[HTTP_TOKEN_HASH];
    } tokens[HTTP_MAX_TOKENS];
    size_t token_count;
    char url[80];
};

/* ---------------------------------------------------------------- http.c */

/* Waits: `step` is asked after each sync. Not while the edge is closing. */
void http_put_aside(struct http_request *request, bool (*step)(struct http_request *), int64_t due);

/* Counts memory as held; false when that would be too much. */
bool http_hold(struct http_request *request, size_t bytes);

/* ---------------------------------------------------------------- http_request.c */

/* The callbacks of libmicrohttpd. */
void *http_request_line(void *http, const char *target, struct MHD_Connection *connection);
enum MHD_Result http_request_more(void *http, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **request);
void http_request_done(void *http, struct MHD_Connection *connection, void **request,
                       enum MHD_RequestTerminationCode code);

/* A header's only value, without blanks around it: empty bytes (data NULL) where it is missing. */
struct sl_bytes http_header(struct http_request *request, const char *name);
size_t http_header_count(struct http_request *request, const char *name);

/* ---------------------------------------------------------------- http_target.c */

/*
 * Percent-decodes in place, strictly: two hexadecimal digits behind each %, and what comes out is
 * UTF-8 without control characters. -1: it is not.
 */
int http_decode(char *text);
/* Cuts the query into the values of the route's parameters. -1: `trouble` is set. */
int http_query(struct http_request *request, char *query);
/* A decimal number of at most `max`, no sign, no blanks; -1: it is none. NULL gives `otherwise`. */
int http_number(uint64_t *out, const char *text, uint64_t otherwise, uint64_t max);
/* Is the media type before any ';' this one? */
bool http_media_is(struct sl_bytes value, const char *type);
/* Has the media type no parameter, or the one that says it is UTF-8? */
bool http_media_utf8(struct sl_bytes value);

/* ---------------------------------------------------------------- http_problem.c */

/* Queues the answer; `body` is taken and may be NULL. `name` and `value`: one more header. */
void http_reply(struct http_request *request, unsigned status, const char *type,
                struct sl_buffer *body, const char *name, const char *value);
/* The same with a JSON document, which is taken. */
void http_reply_json(struct http_request *request, unsigned status, const char *type,
                     json_t *document, const char *name, const char *value);
/* The status that goes with a code; 422 for a refusal that has no row of its own. */
unsigned http_status(const char *code);
/* Queues a problem document. `field` may be NULL. */
void http_problem(struct http_request *request, const char *code, const char *field,
                  const char *sentence);
/* The same with further members, which are taken (JSON object or NULL), and another header. */
void http_problem_with(struct http_request *request, const char *code, const char *field,
                       const char *sentence, json_t *members, const char *name, const char *value);

/* ---------------------------------------------------------------- the routes */

void http_events_post(struct http_request *request);
void http_events_get(struct http_request *request);
void http_inbox_get(struct http_request *request);
void http_inbox_ack(struct http_request *request);
void http_list_get(struct http_request *request);
void http_health(struct http_request *request);
void http_metrics(struct http_request *request);

/*
 * Binary mode: makes of the ce- headers and the body the JSON text of the structured mode. -1:
 * `refusal` says what is wrong.
 */
struct sl_refusal;
int http_binary(struct sl_buffer *out, struct http_request *request, struct sl_refusal *refusal);

#endif
