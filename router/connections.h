/*
 * Who is there: at most one greeted connection a participant (of two, the newer holds), with what
 * it may still be sent, when it was heard and when it was spoken to.
 */
#ifndef ROUTER_CONNECTIONS_H
#define ROUTER_CONNECTIONS_H

#include "schemas/error.h"
#include "schemas/limits.h"
#include "schemas/wire.h"

struct connection {
    uint64_t number; /* the world's; 0: nobody is there */
    uint8_t outbox[SL_IDENTITY_SIZE];
    bool fed;                     /* its inbox is of this journal: it gets deliveries */
    uint32_t credit;              /* deliveries that it still takes */
    uint32_t in_flight[SL_LANES]; /* sent to it, and not answered */
    uint32_t taken;               /* events that came since the last answers went out */
    int64_t heard;                /* elapsed */
    int64_t said;
};

enum {
    /* Events that a publisher may have sent without an answer: two full batches, and one that it
     * keeps back for an acute one. */
    CONNECTIONS_CREDIT = 3 * SL_MAX_BATCH,
    /* Deliveries that are not acute and on their way to a receiver, whatever credit it gave: an
     * acute one that comes now waits behind them. Enough to be opened while as many are packed;
     * the urgent ones among them may be half as many more. */
    CONNECTIONS_FLIGHT = 512
};

struct connections {
    struct connection of[SL_MAX_PARTICIPANTS];
    size_t count; /* greeted */
};

/* The participant that was greeted on this connection, or -1. */
int connections_find(const struct connections *connections, uint64_t number);

/* Puts a connection in the participant's place; gives the number of the one it had, or 0. */
uint64_t connections_greet(struct connections *connections, int participant,
                           const struct connection *connection);
void connections_forget(struct connections *connections, int participant);

/* Deliveries on their way, of all lanes. */
uint32_t connections_in_flight(const struct connection *connection);

/* The lowest lane of which the receiver may be sent one more now: CONNECTIONS_FLIGHT, and the last
 * eighth of its credit is kept for acute and urgent deliveries, so that they do not wait for
 * answers to ordinary ones. */
enum sl_lane connections_lowest(const struct connection *connection);

/* The receiver takes `more`; -1 with SL_PROTOCOL when that would pass SL_CREDIT. */
int connections_add_credit(struct connection *connection, uint32_t more, struct sl_error *error);

/* The publisher sent `events`; -1 with SL_PROTOCOL when that is more than it was told. */
int connections_take(struct connection *connection, size_t events, struct sl_error *error);

/* When (elapsed) the connection is to be looked at again: a heartbeat is due, or it is silent. */
int64_t connections_wake(const struct connections *connections);

#endif
