/*
 * Messages that came from a socket and wait for their turn: an acute publication or delivery goes
 * before all others but a Welcome, the rest as it came. So the queue stands where its order can be
 * changed: the socket is read again before each message, and an acute one waits for the one that is
 * dealt with. A round that took an acute one takes no other behind it, so that its sync comes at
 * once; but of two rounds one takes others, so that nobody is starved by what he calls acute.
 *
 * What is held is bounded: beyond SL_ARRIVALS messages, or SL_ARRIVALS_BYTES and a message, the
 * socket is not read, and ZeroMQ's own bounds hold back who sends.
 */
#ifndef SL_ARRIVALS_H
#define SL_ARRIVALS_H

#include <zmq.h>

#include "schemas/catalogue.h"

enum { SL_ARRIVALS = 1024, SL_ARRIVALS_BYTES = 16 * 1024 * 1024 };

struct sl_arrival {
    zmq_msg_t id;   /* who sent it, on a socket that says so; else empty */
    zmq_msg_t body; /* its first part */
    bool more;      /* there were others, which were thrown away */
};

struct sl_arrivals; /* of one socket */

/* `named`: each message begins with its sender (ZMQ_ROUTER). */
struct sl_arrivals *sl_arrivals_new(bool named);
void sl_arrivals_free(struct sl_arrivals *arrivals);
void sl_arrivals_clear(struct sl_arrivals *arrivals);

/* Does any wait? */
bool sl_arrivals_any(const struct sl_arrivals *arrivals);

void sl_arrivals_round(struct sl_arrivals *arrivals); /* begins one */
/* Reads the socket, without waiting, and gives the round's next one, which the caller closes;
 * false: no more in this round. */
bool sl_arrivals_next(struct sl_arrivals *arrivals, void *socket, struct sl_arrival *out);
void sl_arrival_close(struct sl_arrival *arrival);

/* The lane of a Publish, or of a Deliver's first delivery, as its first bytes say in the order in
 * which protobuf writes fields; SL_NO_LANE: of any other frame. Only a hint: nothing is checked. */
enum sl_lane sl_arrivals_lane(struct sl_bytes frame);

#endif
