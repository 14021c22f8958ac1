/*
 * What the core remembers, as one struct. Each part of it has a header of its own, which the files
 * of the core share; nobody else looks in there.
 *
 *     terms.c        an agreement, read for the core
 *     making.c       the decision in the making: lines, deliveries, memory
 *     subjects.c     houses, and the statements from which their facts come
 *     obligations.c  what is awaited of whom, until when
 *     conditions.c   does a condition hold for this event, on these facts?
 *     guards.c       which rules may fire: an index
 *     plan.c         what the rules say of an event: outcomes; it changes nothing
 *     planned.c      outcomes compared, and their deadlines
 *     outcomes.c     carries a plan out; gates.c is what stands around it
 *     admit.c        refused, or whose past is needed?
 *     answers.c      which questions an event answers
 *     inform.c       the resident is told of it (X5)
 *     decide.c       an event, from its answers to its deliveries
 *     past.c         what a later change needs of an event
 *     change.c       corrections and withdrawals
 *     time.c         what falls due
 *     listed.c       the joint team's list as it stands
 *     explain.c      why rules fire, or do not
 */
#ifndef CORE_STATE_H
#define CORE_STATE_H

#include "router/core/answers.h"
#include "router/core/calendar.h"
#include "router/core/making.h"
#include "router/core/obligations.h"
#include "router/core/subjects.h"
#include "router/core/terms.h"
#include "router/core/time.h"

struct core {
    size_t participant_count;
    struct participant participants[SL_MAX_PARTICIPANTS];
    int img;
    int ncg;

    struct terms *terms;           /* the last; what is open may be of older ones */
    LIST(const char *) fact_names; /* the agreements' */
    struct calendar calendar;

    struct pool subjects;
    struct table subject_table; /* beginning of the pseudonym -> handle */
    struct obligations obligations;
    struct table known;     /* fingerprint of an id -> number, publisher, source */
    struct table findings;  /* fingerprint of a finding -> number */
    struct table originals; /* a correction's or withdrawal's number -> the first event's */
    struct table renewed;   /* an event's number -> its last correction's */
    struct table withdrawn; /* an event's number -> 1 */
    struct pool early;
    struct table early_causes;  /* fingerprint of the id that is named -> early */
    struct table early_answers; /* the answer's number -> early */
    LIST(struct digest) digests;
    uint64_t events;

    struct making making;
};

static inline struct subject *subject_at(const struct core *core, uint32_t handle)
{
    return pool_at(&core->subjects, handle);
}
static inline struct obligation *obligation_at(const struct core *core, uint32_t handle)
{
    return pool_at(&core->obligations.items, handle);
}
static inline struct opener *opener_at(const struct core *core, uint32_t handle)
{
    return pool_at(&core->obligations.openers, handle);
}
static inline struct link *link_at(const struct core *core, uint32_t handle)
{
    return pool_at(&core->obligations.links, handle);
}

#endif
