/*
 * What a later correction or withdrawal needs of an event (past.c), and what these do (change.c).
 */
#ifndef CORE_PAST_H
#define CORE_PAST_H

#include "router/core/list.h"
#include "router/core/occurrence.h"

struct past {
    uint64_t number;
    int64_t at;
    enum sl_role role;
    const struct sl_type *type;
    const uint8_t *uuid;
    uint64_t correlation;
    bool erased;
    uint64_t renewed; /* number of the event whose content this is */
    LIST(struct route) routes;
    struct answers answers;
    LIST(struct stated) stated;
};

/* The past as the bytes that the journal keeps with an event, and back: what is read points into
 * the decision in hand. -1: they are none. */
void past_write_answer(struct sl_buffer *out, const struct answer *answer);
void past_write(const struct core *core, struct sl_buffer *out, const struct past *past);
int past_read(struct core *core, struct past *out, struct sl_bytes bytes, struct sl_error *error);

/* Writes what must be kept of the event into the decision; of a correction, its original's. */
void past_keep(struct core *core, const struct occurrence *event, uint64_t original,
               struct past *past);

/* ---------------------------------------------------------------- change.c */

/* The first event, as its past and the header that was kept tell of it. */
struct occurrence original_of(struct core *core, const struct core_event *event,
                              const struct past *past);
/* Carry out what the withdrawal, or the correction, of `original` brings about (gates X9 to X13);
 * `past` is that of the original. */
void withdraw(struct core *core, const struct occurrence *event, struct past *past,
              const struct occurrence *original);
void correct(struct core *core, struct occurrence *event, struct past *past,
             const struct occurrence *original);

#endif
