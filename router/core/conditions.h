/*
 * Does a condition hold for this event, on these facts (conditions.c)?
 */
#ifndef CORE_CONDITIONS_H
#define CORE_CONDITIONS_H

#include "router/core/occurrence.h"
#include "router/core/terms.h"

struct said_bits;

/* What a condition is asked about. */
struct view {
    struct core *core;
    const struct terms *terms;
    const struct occurrence *event; /* NULL: none, and no test about one holds */
    bool facts_only;                /* names are facts, whatever the event says */
    const struct facts *facts;
    const struct said_bits *said; /* what event and facts say together; NULL: not looked up */
    uint32_t subject;
    struct answers answers;
};

/* Whether all of it holds; NULL, no condition, does. */
bool condition_holds(const struct view *view, const struct agreement_condition *condition);
/* yes, no or unknown, or the code that an attribute says. */
struct sl_bytes view_value(const struct view *view, const char *name, int fact);
/* Grounds (a bit each) and priority on the joint team's list; priority 0: not on it. */
void list_entry(const struct view *view, uint32_t *grounds, int *priority);
/* Is the obligation one that this release or join means? */
bool obligation_meant(const struct view *view, const struct agreement_outcome *outcome,
                      uint32_t handle);
/* Who is meant: places, at most two; how many. */
size_t view_who(const struct view *view, const struct agreement_who *who, int places[2]);

#endif
