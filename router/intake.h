/*
 * The first door of the router: what can be said of a publication without the journal, in the
 * contract's order. Of the bundle: signed, by the participant that sent it. Of each event: its
 * size, its sections' digests, its header by the catalogue, its source, its time, its lane. What
 * needs the journal (the same id again, an original) comes after.
 */
#ifndef ROUTER_INTAKE_H
#define ROUTER_INTAKE_H

#include "schemas/envelope.h"

/* An event of a bundle, as it was judged. */
struct intake_event {
    const Samenloop__V1__Header *header; /* NULL: is none */
    const struct sl_type *type;          /* NULL: unknown, or refused before it was looked at */
    struct sl_error error;               /* SL_OK: passed */
};

struct intake {
    const struct sl_directory *directory;
    int participant;          /* who sent it, */
    enum sl_lane lane;        /* and in which lane */
    int64_t now;              /* ms since 1970 */
    int64_t in_force;         /* of the agreement: what was recorded before it is refused */
    int64_t future_tolerance; /* ms */
};

enum intake_answer {
    INTAKE_JUDGED, /* every event has its error or none */
    INTAKE_LATER   /* its key card is not known here yet: nothing was judged */
};

/*
 * Judges a whole bundle (as sl_wire_unpack lets it through). `events` and `leaves` have room for an
 * entry an envelope; leaves are always computed. Headers are decoded into the arena.
 */
enum intake_answer intake_judge(const struct intake *intake, struct sl_crypto *crypto,
                                struct sl_arena *arena, const Samenloop__V1__Bundle *bundle,
                                sl_hash *leaves, struct intake_event *events);

#endif
