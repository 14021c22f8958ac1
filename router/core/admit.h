/*
 * Is an event refused, or is its past needed (admit.c)?
 */
#ifndef CORE_ADMIT_H
#define CORE_ADMIT_H

#include "router/core/past.h"

struct refusal {
    struct sl_error error;
    const char *gate; /* that refuses */
};

/* What only the journal's reader can tell of an event: `original` and its past are found, or it is
 * refused. -1: what was handed in is no past. */
int admit(struct core *core, const struct core_event *event, uint64_t *original, struct past *past,
          struct refusal *refusal, struct sl_error *error);
void refuse(struct core *core, const struct core_event *event, const struct refusal *refusal);

#endif
