/*
 * The house's side of the conversation with the router (PROTOCOL.md, "The wire"): greeting,
 * publications lane by lane within the router's credit, answers to deliveries, receipts,
 * heartbeats, and the end. client.c has its states, client_hears.c what comes in, client_says.c
 * what goes out.
 *
 *     away -> greeting -> talking -> ending -> ended -> (disconnected) away
 *
 * away: no connection; one is wanted when the back-off has passed, which grows until
 * a connection has lasted for ADAPTER_RETRY_MAX. greeting: Hello is to be sent or
 * was sent, Welcome is awaited. talking: Welcome came. ending: Bye is to be sent. ended: nothing
 * more is said or heard.
 *
 * A router that keeps another journal than the one that the inbox is fed by is not talked to beyond
 * heartbeats (`fed` is false) until an operator accepts that journal.
 */
#ifndef ADAPTER_CLIENT_H
#define ADAPTER_CLIENT_H

#include "samenloop/v1/wire.pb-c.h"
#include "schemas/catalogue.h"
#include "schemas/error.h"
#include "schemas/limits.h"
#include "schemas/wire.h"

struct samenloop;

/* Deliveries that may be unanswered: two full frames. More would be ahead of an acute one. */
enum { CLIENT_CREDIT = 2 * SL_MAX_DELIVERIES };

enum client_state { CLIENT_AWAY, CLIENT_GREETING, CLIENT_TALKING, CLIENT_ENDING, CLIENT_ENDED };

/* An answer to a delivery; it may be sent once the inbox is synced. */
struct client_answer {
    enum sl_lane lane;
    uint64_t number;
    uint32_t attempt;
    Samenloop__V1__DeliveryOutcome outcome;
    struct sl_error error; /* failed and behind: why */
};

struct client {
    enum client_state state;
    bool greeted;               /* Hello was given */
    int64_t since, heard, said; /* elapsed: of the connection, of frames */
    int64_t connect_at;
    int64_t backoff;
    bool fed;
    bool unheard; /* the disk was full: something the router said must be said again */
    bool foreign; /* `journal` is not the one that feeds the inbox */
    uint8_t journal[SL_IDENTITY_SIZE];
    bool accepts; /* an operator accepts `accepted` */
    uint8_t accepted[SL_IDENTITY_SIZE];
    uint32_t credit;            /* events that the router takes unanswered */
    size_t in_flight[SL_LANES]; /* events that it has not answered */
    size_t given;               /* deliveries that the router may still send */
    int64_t later;              /* elapsed; until then nothing is published */
    struct client_answer *answers;
    size_t answer_count, answer_capacity;
    size_t answers_synced;
    struct sl_error end; /* why it ended, or what the router said */
};

void client_init(struct samenloop *house);
void client_free(struct samenloop *house);

/* What adapter.h says of adapter_connected, _disconnected and _not_connected. What was on its way
 * on a lost connection is said again on the next. */
void client_connected(struct samenloop *house);
void client_disconnected(struct samenloop *house);
void client_not_connected(struct samenloop *house, const char *why);

/* The house's moment has moved on: a router that is silent for SL_SILENCE is given up. When
 * (elapsed; INT64_MAX: not at all) there is something to do at the latest. */
void client_time(struct samenloop *house);
int64_t client_wake(const struct samenloop *house);

/* A frame came; it is not kept. What cannot be said now, or is no frame, ends the connection. */
void client_received(struct samenloop *house, struct sl_bytes frame);
/* The next frame to be sent, in place of what stands in `out`; false: there is none now. */
bool client_frame(struct samenloop *house, struct sl_buffer *out);

/* The logs are synced: answers may go. */
void client_synced(struct samenloop *house);

/* Says Bye as soon as frames are taken, and ends; SL_OK is a peaceful end. */
void client_end(struct samenloop *house, enum sl_code code, const char *sentence);

/* There is room on the disk again: what could not be kept is asked for again. */
void client_room(struct samenloop *house);

/* An operator accepts the journal of this identity (SL_IDENTITY_SIZE bytes) in place of the one
 * that feeds the inbox; it does from the next greeting on. */
void client_accept(struct samenloop *house, const uint8_t *journal);

#endif
