/*
 * An index of the rules on events, by type: of each rule the condition that tells soonest that it
 * does not fire (guards.c). Thousands of rules then cost a decision a comparison each, and only
 * those that may fire are looked at.
 *
 * A guard looks at one slot, which is a fact, an attribute of the type, or the publisher's role.
 * What the event says there is one bit of 64; the guard's mask has the bits with which the rule may
 * fire. A text's bit is a hash: a guard may let a rule through that does not fire, and never holds
 * one back that does.
 */
#ifndef CORE_GUARDS_H
#define CORE_GUARDS_H

#include "router/core/occurrence.h"

enum {
    GUARD_ATTRIBUTES = SL_MAX_TYPE_ATTRIBUTES + 1, /* with `municipality` */
    GUARD_ROLE = AGREEMENT_FACTS_MAX + GUARD_ATTRIBUTES,
    GUARD_NONE, /* every event has the bit */
    GUARD_SLOTS
};

struct guard {
    uint64_t mask;
    uint16_t rule; /* of the agreement */
    uint8_t slot;
    uint8_t publishers; /* a set of enum sl_organisation */
};

/* The guard of a rule that stands behind this type. */
struct guard guard_of(const struct agreement *agreement, size_t rule, size_t type);

/* For each type and place of an attribute the fact of the same name, -1: none; to be freed. */
int16_t *guards_attribute_facts(const struct agreement *agreement);

/* What an event says, a bit a slot. */
struct said_bits {
    uint64_t slots[GUARD_SLOTS];
};
void guards_ask(const struct terms *terms, const struct occurrence *event,
                const struct facts *facts, struct said_bits *out);

static inline bool guard_lets(const struct guard *guard, const struct occurrence *event,
                              const struct said_bits *said)
{
    return (guard->publishers & (unsigned)event->organisation) != 0 &&
           (guard->mask & said->slots[guard->slot]) != 0;
}

#endif
