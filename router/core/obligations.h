/*
 * What is awaited of whom, until when (obligations.c): each has its openers, the events that asked
 * for it, and hangs on chains of events. A handle is good until its obligation ends; a pointer of
 * obligation_at() until one is added.
 */
#ifndef CORE_OBLIGATIONS_H
#define CORE_OBLIGATIONS_H

#include "router/core/occurrence.h"
#include "router/core/pool.h"
#include "router/core/table.h"

struct opener { /* an event that asked for what is awaited */
    uint32_t next;
    bool withdrawn;
    struct gist gist;
    uint64_t correlation; /* fingerprint; 0: none */
    uint64_t finding;     /* fingerprint of the same finding again (X8) */
    char *asked;          /* attributes that the answer's rules ask for, see asked.c; or NULL */
};

/* A chain is a set of events on which an obligation hangs: with one withdrawn the chain is gone,
 * and with the last chain the obligation (X12). */
struct link {
    uint32_t next;
    uint32_t chain;
    uint64_t number;
};

/* What obligations of a kind stand on, kept once for all of them, as long as the core lives. */
struct basis {
    const struct terms *terms;
    const struct agreement_rule *rule;
    const struct agreement_outcome *outcome;
    uint32_t handle;
};

struct obligation {
    uint32_t subject;
    uint32_t next; /* of the same house */
    uint32_t openers;
    uint32_t links;
    uint32_t chains; /* ever begun: the number of the next */
    uint32_t heap;   /* place among the deadlines, from 1; 0: not there */
    uint64_t serial; /* counts openings */
    int64_t due;
    int64_t next_at; /* when it falls due, or its next level does */
    const struct basis *basis;
    int8_t owner; /* a participant, or BOTH */
    uint8_t role;
    uint8_t level; /* the next that comes */
    bool overdue;
    int8_t publisher; /* of the event that opened it; for its levels */
    int8_t municipality;
};

struct obligations {
    struct pool items;
    struct pool openers;
    struct pool links;
    struct pool bases;     /* few: an expectation of an agreement each */
    struct table by_event; /* of openers and chains: number -> handle, each pair once */
    uint32_t *heap;        /* of handles, by next_at and serial */
    size_t heap_count;
    size_t heap_capacity;
    uint64_t serial;
};

/* That of the rule's outcome, under the agreement that holds. */
const struct basis *obligation_basis(struct core *core, const struct agreement_rule *rule,
                                     const struct agreement_outcome *outcome);
/* Takes a copy of what is given (house, deadline, owner ...): an obligation without openers. */
uint32_t obligation_new(struct core *core, const struct obligation *like);
void obligation_end(struct core *core, uint32_t handle); /* it is gone */
/* Another one, with the same openers and chains. */
uint32_t obligation_copy(struct core *core, uint32_t handle);
void obligation_add_opener(struct core *core, uint32_t handle, const struct occurrence *event);
/* A chain of these events and one more. */
void obligation_add_chain(struct core *core, uint32_t handle, const uint64_t *numbers, size_t count,
                          uint64_t number);
/* Takes out the chains with this event; true: there are none left. */
bool obligation_drop_chains(struct core *core, uint32_t handle, uint64_t number);
/* Takes out an opener, unless it is the only one. */
void obligation_drop_opener(struct core *core, uint32_t handle, uint64_t number);
void opener_renew(struct core *core, struct opener *opener, const struct occurrence *event);
struct opener *obligation_opener(const struct core *core, uint32_t handle, uint64_t number);
bool obligation_hangs_on(const struct core *core, uint32_t handle, uint64_t number);
/* The event behind it: the first opener that is not withdrawn. */
const struct opener *obligation_behind(const struct core *core, uint32_t handle);
void obligation_schedule(struct core *core, uint32_t handle, int64_t at); /* INT64_MAX: never */
/* The open ones that have this event among openers or chains, in the order of opening; in the
 * decision's arena. */
uint32_t *obligations_of_event(struct core *core, uint64_t number, size_t *count);
/* As it stands now, in the decision's arena. */
struct answer obligation_capture(struct core *core, uint32_t handle);
/* Bytes of names and values, each ended by NUL, and one more NUL. */
size_t asked_size(const char *asked);
void obligations_free(struct core *core);
size_t obligations_bytes(const struct core *core);

static inline bool obligation_awaits(const struct obligation *obligation, size_t type)
{
    return (obligation->basis->outcome->types & agreement_type_bit(type)) != 0;
}

#endif
