#include "router/core/guards.h"

#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- slots */

static const char *attribute_name(const struct sl_type *type, size_t index)
{
    if (index < SL_MAX_TYPE_ATTRIBUTES)
        return type->attributes[index].name;
    return type->municipality ? "municipality" : NULL;
}

/* The place of an attribute among its type's; GUARD_ATTRIBUTES: it has none of this name. */
static size_t attribute_place(const struct sl_type *type, const char *name)
{
    size_t place = 0;
    for (; place < GUARD_ATTRIBUTES; place++) {
        const char *own = attribute_name(type, place);
        if (own != NULL && strcmp(own, name) == 0)
            break;
    }
    return place;
}

static uint64_t text_bit(struct sl_bytes text)
{
    uint32_t hash = 0;
    for (size_t i = 0; i < text.size; i++)
        hash = hash * 31 + text.data[i];
    return UINT64_C(1) << ((hash ^ hash >> 6 ^ hash >> 12) & 63);
}

/* ---------------------------------------------------------------- of a rule */

static void guard_by_attribute(struct guard *guard, const struct agreement_condition *condition,
                               const struct sl_type *type)
{
    size_t place = attribute_place(type, condition->name);
    if (condition->negated || place == GUARD_ATTRIBUTES)
        return;
    guard->slot = (uint8_t)(AGREEMENT_FACTS_MAX + place);
    guard->mask = 0;
    for (int value = AGREEMENT_UNKNOWN; value <= AGREEMENT_NO; value++) {
        if ((condition->three & 1u << value) != 0)
            guard->mask |= text_bit(sl_text(agreement_value_name((enum agreement_value)value)));
    }
    for (size_t i = 0; i < condition->codes.count; i++)
        guard->mask |= text_bit(sl_text(condition->codes.items[i]));
}

/* An attribute tells events apart better than a fact of the house, and a fact better than a role:
 * what was found by a better one stays. */
static void guard_by(struct guard *guard, const struct agreement_condition *condition,
                     const struct sl_type *type)
{
    bool by_attribute = guard->slot >= AGREEMENT_FACTS_MAX && guard->slot < GUARD_ROLE;
    bool by_fact = guard->slot < AGREEMENT_FACTS_MAX;
    switch (condition->test) {
    case AGREEMENT_ALL:
        for (size_t i = 0; !condition->negated && i < condition->part_count; i++)
            guard_by(guard, condition->parts[i], type);
        break;
    case AGREEMENT_IS:
    case AGREEMENT_SAYS:
        if (by_attribute)
            break;
        if (condition->test == AGREEMENT_SAYS || condition->fact < 0) {
            guard_by_attribute(guard, condition, type);
        } else if (!by_fact) {
            guard->slot = (uint8_t)condition->fact;
            guard->mask = condition->negated ? ~(uint64_t)condition->three : condition->three;
        }
        break;
    case AGREEMENT_ROLE_IS:
        if (by_attribute || by_fact)
            break;
        guard->slot = GUARD_ROLE;
        guard->mask = UINT64_C(1) << condition->role;
        guard->mask = condition->negated ? ~guard->mask : guard->mask;
        break;
    case AGREEMENT_PUBLISHER_IS:
        guard->publishers &= (uint8_t)(condition->negated ? ~condition->organisations
                                                          : condition->organisations);
        break;
    default: /* asks more than one slot */
        break;
    }
}

struct guard guard_of(const struct agreement *agreement, size_t rule, size_t type)
{
    const struct agreement_rule *of = &agreement->rules[rule];
    struct guard guard = {.mask = 1,
                          .rule = (uint16_t)rule,
                          .slot = GUARD_NONE,
                          .publishers = (uint8_t)of->publishers};
    /* A correction's attributes are of another type. */
    if (of->otherwise_count == 0 && of->condition != NULL && !sl_type_at(type)->original)
        guard_by(&guard, of->condition, sl_type_at(type));
    return guard;
}

/* ---------------------------------------------------------------- of an event */

int16_t *guards_attribute_facts(const struct agreement *agreement)
{
    int16_t *facts = sl_new(sl_type_count() * GUARD_ATTRIBUTES, sizeof *facts);
    for (size_t type = 0; type < sl_type_count(); type++) {
        for (size_t place = 0; place < GUARD_ATTRIBUTES; place++) {
            const char *name = attribute_name(sl_type_at(type), place);
            int fact = name == NULL ? -1 : agreement_fact_find(agreement, sl_text(name));
            facts[type * GUARD_ATTRIBUTES + place] = (int16_t)fact;
        }
    }
    return facts;
}

void guards_ask(const struct terms *terms, const struct occurrence *event,
                const struct facts *facts, struct said_bits *out)
{
    const struct agreement *agreement = terms->agreement;
    const struct sl_type *type = sl_type_at(event->gist.type);
    for (size_t i = 0; i < agreement->fact_count; i++)
        out->slots[i] = UINT64_C(1) << facts->values[terms->facts[i]];
    for (size_t place = 0; place < GUARD_ATTRIBUTES; place++) {
        const char *name = attribute_name(type, place);
        if (name == NULL)
            continue;
        struct sl_bytes value = sl_header_attribute(event->header, name);
        int fact = terms->attribute_facts[event->gist.type * GUARD_ATTRIBUTES + place];
        if (value.size == 0)
            value = sl_text(agreement_value_name(AGREEMENT_UNKNOWN));
        out->slots[AGREEMENT_FACTS_MAX + place] = text_bit(value);
        for (int said = AGREEMENT_YES; fact >= 0 && said <= AGREEMENT_NO; said++) {
            if (sl_bytes_is(value, agreement_value_name((enum agreement_value)said)))
                out->slots[fact] = UINT64_C(1) << said; /* the event's word goes before it */
        }
    }
    out->slots[GUARD_ROLE] = UINT64_C(1) << event->role;
    out->slots[GUARD_NONE] = 1;
}
