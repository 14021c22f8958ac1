/*
 * What falls due (time.c); and houses that a notice at the end of the day will name.
 */
#ifndef CORE_TIME_H
#define CORE_TIME_H

#include "router/core/plan.h"

/* Houses that a notice at the end of the day will name. */
struct digest {
    int64_t at;
    const struct terms *terms;
    const struct agreement_rule *rule;
    const struct agreement_outcome *outcome;
    struct gist first; /* the event behind it */
    uint32_t first_subject;
    uint32_t *subjects;
    size_t count;
    size_t capacity;
};

/* The house comes into the notice at the end of this day. */
void digest_add(struct core *core, const struct occurrence *event, const struct planned *planned);

#endif
