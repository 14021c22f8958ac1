/*
 * The core's word as the journal keeps it: a decision's remarks for the publisher, its deliveries
 * with numbers, what must be kept of an event, and its lines for the routing log. The core knows
 * nothing of the journal, and the journal's records nothing of the core: here the one becomes the
 * other, and back.
 *
 * Each call decides at once, at the moment router->at: what it gave must be appended to the
 * journal, or the process must end. The fold makes the same calls with what the records hold.
 * Lines go to router->lines. All that is given stands in the router's arena.
 */
#ifndef ROUTER_DECIDED_H
#define ROUTER_DECIDED_H

#include "router/delivery.h"
#include "router/intake.h"
#include "router/router.h"
#include "schemas/subject.h"
#include "samenloop/v1/log.pb-c.h"

struct decided {
    Samenloop__V1__Remark **remarks;
    size_t remark_count;
    Samenloop__V1__Queued **queued;
    size_t queued_count;
    struct sl_bytes past;
    uint64_t original;       /* journal number of the event that a correction or withdrawal names */
    uint64_t number;         /* of a duplicate: its first */
    struct sl_error refusal; /* of a refused event, */
    const char *rule;        /* and the gate or rule that refused it */
};

enum decided_verdict { DECIDED_FAILED, DECIDED_ACCEPTED, DECIDED_DUPLICATE, DECIDED_REFUSED };

/* What the first door must know of the agreement that holds. */
struct intake decided_intake(const struct router *router, int participant);

/* An event that passed the first door, and would be `number`. DECIDED_FAILED fills in `error`. */
enum decided_verdict decided_event(struct router *router, int participant, uint64_t number,
                                   const Samenloop__V1__Header *header, const struct sl_type *type,
                                   struct decided *out, struct sl_error *error);

/* The line of a refusal, from its record. */
void decided_refused(struct router *router, int participant,
                     const Samenloop__V1__JournalRefused *refused);

/* The line of a repetition of event `number`. */
void decided_repeated(struct router *router, int participant, uint64_t number,
                      const Samenloop__V1__Header *header);

/* Somebody took the delivery of event `number`, in the role that it was for. */
int decided_receipt(struct router *router, int participant, uint64_t number, enum sl_role role,
                    struct decided *out, struct sl_error *error);

/*
 * The line of a delivery that was done or, with the failure's code, became a dead letter; about the
 * event of this publisher.
 */
struct decided_end {
    int receiver;
    int publisher;
    const Samenloop__V1__Queued *queued;
    const Samenloop__V1__JournalEvent *event;
    const Samenloop__V1__Header *header;
    bool dead;
    struct sl_bytes code;
};
void decided_ended(struct router *router, const struct decided_end *end);

/* The content of a house's events is gone. */
void decided_erasure(struct router *router, const uint8_t subject[SL_PSEUDONYM_SIZE]);

/* The obligations that are open, as lines `obligation_opened` or `_overdue` without a moment. */
void decided_obligations(struct router *router, struct sl_buffer *lines);

/* How many they are (core_open); nothing before there is an agreement. */
struct core_open decided_open(const struct router *router);

/* The joint team's list for a participant (core_list). */
struct core_list;
void decided_list(struct router *router, int participant, uint32_t after, struct core_list *out);

/* Is something due at router->at? Then decided_tick decides on some of it. */
bool decided_is_due(const struct router *router);
int decided_tick(struct router *router, struct decided *out, struct sl_error *error);
int64_t decided_wake(const struct router *router); /* when (ms since 1970) something will be due */

/*
 * An agreement and who takes part, as they are brought in, or as a record has them. -1 with
 * SL_CONFIGURATION and the first finding when the text is no agreement; nothing has changed then.
 */
int decided_agreement(struct router *router, const char *name,
                      const Samenloop__V1__JournalAgreement *record, struct decided *out,
                      struct sl_error *error);
/* From when on an agreement is in force, ms since 1970. -1 with the first finding: it is none. */
int decided_in_force(int64_t *out, const char *name, struct sl_bytes text, struct sl_error *error);
struct sl_bytes decided_agreement_text(const struct router *router); /* that holds */
/* SHA-256 of the text that holds; empty: none yet. */
struct sl_bytes decided_agreement_hash(const struct router *router);

/* What holds, by its own words; as they are where none does yet. */
void decided_agreement_name(const struct router *router, const char **name, int *version,
                            int64_t *in_force);

struct image;
/* The core's state into or out of an image; agreements are brought in first. */
void decided_image(struct router *router, struct image *image);
void decided_free(struct router *router);

#endif
