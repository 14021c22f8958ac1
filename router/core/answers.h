/*
 * Which questions an event answers, and answers that came before their question (answers.c).
 */
#ifndef CORE_ANSWERS_H
#define CORE_ANSWERS_H

#include "router/core/occurrence.h"

struct obligation;

/* An answer that came before its question (it names an event that has not come yet). */
struct early {
    struct gist gist;
    uint32_t subject;
    struct sl_buffer answered; /* questions that it answered since, as in its past */
    uint32_t answered_count;
};

/* The event that an id names: the publisher's own first; of a correction or withdrawal the first
 * event. Number 0: there is none. */
struct named {
    uint64_t number;
    int publisher;
};
struct named event_named(const struct core *core, int publisher, ProtobufCBinaryData id);
uint64_t event_original(const struct core *core, uint64_t number); /* 0: it is a first event */
void known_add(struct core *core, const struct core_event *event);
/* May this publisher's answer meet it? */
bool met_by(const struct obligation *obligation, int publisher);
/* The open obligations that the event answers, as they stand. */
struct answers answers_of(struct core *core, const struct occurrence *event,
                          const struct facts *facts);
void early_add(struct core *core, const struct occurrence *event);
void early_answered(struct core *core, struct early *early, uint32_t obligation);
/* The answer's past is written anew, with what it has answered since. */
void early_renewed(struct core *core, uint64_t answer, uint32_t subject);
struct early *early_find(const struct core *core, uint64_t answer); /* NULL: none */
void early_free(struct core *core);

#endif
