/*
 * The HTTP edge of an adapter: what a back office that speaks HTTP posts and takes.
 *
 *   POST /events              one CloudEvent (structured or binary mode) or a batch: 202 after the
 *                             sync, 422 with the result of each where one of a batch is refused
 *   GET  /events/ID?source=S  what became of an event; 404 for one that was never handed in
 *   GET  /inbox?wait=30&max=100   what the token's role has not acknowledged; waits at most 300 s;
 *                             with `Accept: text/event-stream` a stream that does not end
 *   POST /inbox/ack           {"positions":["17","18"]}: 204 after the sync
 *   GET  /list                the joint team's list, for its token; 503 while the router is away
 *   GET  /health              needs no token; 503 when the house cannot write or is not fed
 *   GET  /metrics             needs no token; counts alone, as OpenMetrics text
 *
 * Whatever goes wrong is a problem document (RFC 9457) with `code` and, where it is the event's,
 * `field`. What libmicrohttpd refuses before it has a request (a request line or headers that are
 * too long or none) it answers with a fixed page of its own, for which it has no hook; nothing of
 * the request or of this house stands in it, and the connection is closed. A few who connect beyond
 * the bound are told so (503, Retry-After), further ones wait until these are gone; an address that
 * has more connections than its share is hung up on.
 *
 * One thread, no callbacks into the caller, no clock: `elapsed` is in ms and never goes back. A
 * request whose answer must wait for the disk or for an arrival is put aside, and its connection
 * with it, until http_answer finds the answer. What one client may take is bounded in bytes, time,
 * connections and, where the setup says so, requests a second.
 *
 *     struct pollfd file;
 *     for (;;) {
 *         http_file(http, &file);
 *         samenloop_turn(line, &file, 1, http_timeout(http, elapsed));  this sync makes what was
 *         http_answer(http, elapsed);                                   taken before it true
 *         http_take(http, elapsed);
 *     }
 */
#ifndef ADAPTERS_EDGES_HTTP_H
#define ADAPTERS_EDGES_HTTP_H

#include "adapters/samenloop.h"
#include "schemas/error.h"

struct http;

enum {
    HTTP_TOKEN_MIN = 16,               /* characters */
    HTTP_MAX_TOKENS = 16,              /* several of a role while they are being replaced */
    HTTP_MAX_BODY = 4 * 1024 * 1024,   /* of a batch; other bodies SL_MAX_EVENT */
    HTTP_MAX_BATCH = 1024,             /* events of a batch */
    HTTP_MAX_HELD = 64 * 1024 * 1024,  /* bodies and answers in memory at once */
    HTTP_MAX_ANSWER = 4 * 1024 * 1024, /* of GET /inbox; an event more may pass it */
    HTTP_MAX_POSITIONS = 4096,         /* of one acknowledgement */
    HTTP_MAX_ITEMS = 1000,             /* `max` of GET /inbox; 100 unless told */
    HTTP_MAX_WAIT = 300,               /* s, `wait` of GET /inbox; 0 unless told */
    HTTP_HEADERS = 32 * 1024,          /* memory for a request's line and headers */
    HTTP_PATIENCE = 30 * 1000,         /* ms to send a request, or to take an answer */
    HTTP_STREAM_SIGN = 15 * 1000,      /* ms of silence before a stream says it lives */
    HTTP_CONNECTIONS = 256,            /* unless told, */
    HTTP_CONNECTIONS_TOLD = 16,        /* and so many more who are only told to come again */
    HTTP_CONNECTIONS_PER_ADDRESS = 64, /* unless told */
};

struct http_token {
    enum samenloop_role role;
    const char *text; /* HTTP_TOKEN_MIN characters or more, printable ASCII without blanks */
};

/* Everything is the caller's; only `house` must outlive the edge. */
struct http_setup {
    struct samenloop *house;
    const char *address; /* "127.0.0.1", "::1"; an address, no name */
    const struct http_token *tokens;
    size_t token_count;
    unsigned port;                    /* 0: any that is free */
    unsigned connections;             /* 0: HTTP_CONNECTIONS */
    unsigned connections_per_address; /* 0: HTTP_CONNECTIONS_PER_ADDRESS */
    unsigned requests_per_second;     /* of one role, a second's worth at once; 0: no limit */
};

/* Listens. -1 with a sentence (SL_CONFIGURATION, or SL_IO with what the system said). */
int http_open(struct http **out, const struct http_setup *setup, struct sl_error *error);
/* Requests that wait get 503, streams end, connections are closed. NULL is fine. */
void http_close(struct http *http);

/* "http://127.0.0.1:5001", with the port that was bound; the edge's. */
const char *http_url(const struct http *http);

/* What to wait for; the same as long as the edge is open. */
void http_file(const struct http *http, struct pollfd *out);
/* How long to wait at most, in ms; -1: until the file has something. */
int http_timeout(const struct http *http, int64_t elapsed);

/* Reads what clients sent and hands it to the house. Bounded; http_timeout is 0 if more is there.
 */
void http_take(struct http *http, int64_t elapsed);
/* After the house's sync: completes what has its answer now. */
void http_answer(struct http *http, int64_t elapsed);

/* Since the edge was opened, for those who watch. */
struct http_counts {
    uint64_t connections;  /* that were let in */
    uint64_t requests;     /* whose line and headers were read */
    uint64_t answers[6];   /* by the status' hundreds: answers[2] are the good ones */
    uint64_t unauthorized; /* no token, or a wrong one */
    uint64_t too_many;     /* turned away for the rate, or for want of memory or connections */
    uint64_t cut;          /* connections that were closed for being slow */
    uint64_t open;         /* connections now */
    uint64_t waiting;      /* requests and streams that are put aside now */
    uint64_t held;         /* bytes of bodies and answers in memory now */
};
void http_counts(const struct http *http, struct http_counts *out);

#endif
