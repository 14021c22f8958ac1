/*
 * The core's word as the journal keeps it: a decision's remarks for the publisher, its deliveries
 * with numbers, what must be kept of an event, and its lines for the routing log. The core knows
 * nothing of the journal, and the journal's records nothing of the core: here the one becomes the
 * other, and back.
 *
 * A call decides at once: what it gave must be appended to the journal, or the process must end.
 * Lines go to router->lines. All that is given stands in the router's arena.
 */
#ifndef ROUTER_DECIDED_H
#define ROUTER_DECIDED_H

#include "router/delivery.h"
#include "samenloop/v1/log.pb-c.h"
#include "schemas/envelope.h"

struct router;

struct decided {
    Samenloop__V1__Remark **remarks;
    size_t remark_count;
    Samenloop__V1__Queued **queued;
    size_t queued_count;
    struct sl_bytes past;
};

/* Somebody in the role took a delivery. */
int decided_receipt(struct router *router, int participant, const struct delivery *delivery,
                    enum sl_role role, struct decided *out, struct sl_error *error);

/* The line of a delivery that was done, or became a dead letter with this code. */
int decided_line(struct router *router, int receiver, const Samenloop__V1__Queued *queued,
                 const Samenloop__V1__JournalEvent *event, struct sl_bytes code, bool dead,
                 struct sl_error *error);

#endif
