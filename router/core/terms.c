/* An agreement, read for the core: its facts numbered, its rules found by what fires them. */
#include "router/core/guards.h"
#include "router/core/state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const char *const own_facts[OWN_FACTS] = {
    [RESTRICTED_BY_IMG] = "restricted by img",
    [RESTRICTED_BY_NCG] = "restricted by ncg",
    [TEAM_PRIORITY] = "the team's priority",
    [ERASED] = "erased",
};

const char *fact_name(const struct core *core, uint8_t fact)
{
    return fact < OWN_FACTS ? own_facts[fact] : core->fact_names.items[fact - OWN_FACTS];
}

int fact_find(const struct core *core, struct sl_bytes name)
{
    for (size_t i = 0; i < OWN_FACTS + core->fact_names.count; i++) {
        if (sl_bytes_is(name, fact_name(core, (uint8_t)i)))
            return (int)i;
    }
    return NOBODY;
}

uint8_t terms_fact(struct core *core, const char *name)
{
    int known = fact_find(core, sl_text(name));
    if (known >= 0)
        return (uint8_t)known;
    assert(OWN_FACTS + core->fact_names.count < FACTS);
    *LIST_ADD(&core->fact_names) = name;
    return (uint8_t)(OWN_FACTS + core->fact_names.count - 1);
}

/* ---------------------------------------------------------------- what fires a rule */

static size_t rules_of_type(const struct agreement *agreement, size_t type, struct guard *out)
{
    size_t count = 0;
    for (size_t i = 0; i < agreement->rule_count; i++) {
        const struct agreement_rule *rule = &agreement->rules[i];
        if (rule->trigger != AGREEMENT_ON_EVENT || (rule->types & agreement_type_bit(type)) == 0)
            continue;
        if (out != NULL)
            out[count] = guard_of(agreement, i, type);
        count++;
    }
    return count;
}

static void index_rules(struct terms *terms)
{
    const struct agreement *agreement = terms->agreement;
    size_t total = 0;
    for (size_t type = 0; type < sl_type_count(); type++)
        total += rules_of_type(agreement, type, NULL);
    terms->by_type = sl_new(total, sizeof *terms->by_type);
    for (size_t type = 0, at = 0; type < sl_type_count(); type++) {
        terms->by_type_begin[type] = at;
        at += rules_of_type(agreement, type, terms->by_type + at);
        terms->by_type_begin[type + 1] = at;
    }
    terms->on_turn = sl_new(agreement->rule_count, sizeof *terms->on_turn);
    terms->on_list = sl_new(agreement->rule_count, sizeof *terms->on_list);
    for (size_t i = 0; i < agreement->rule_count; i++) {
        if (agreement->rules[i].trigger == AGREEMENT_ON_TURN)
            terms->on_turn[terms->on_turn_count++] = (uint16_t)i;
        if (agreement->rules[i].trigger == AGREEMENT_ON_LIST)
            terms->on_list[terms->on_list_count++] = (uint16_t)i;
    }
}

/* ---------------------------------------------------------------- what its conditions ask */

static void find_asked(struct terms *terms, size_t *capacity,
                       const struct agreement_condition *condition)
{
    if (condition == NULL)
        return;
    for (size_t i = 0; i < condition->part_count; i++)
        find_asked(terms, capacity, condition->parts[i]);
    if (condition->test != AGREEMENT_ASKED)
        return;
    for (size_t i = 0; i < terms->asked_name_count; i++) {
        if (strcmp(terms->asked_names[i], condition->name) == 0)
            return;
    }
    terms->asked_names = sl_grow(terms->asked_names, capacity, terms->asked_name_count + 1,
                                 sizeof *terms->asked_names);
    terms->asked_names[terms->asked_name_count++] = condition->name;
}

static void look_through(struct terms *terms, size_t *capacity, size_t rule,
                         const struct agreement_outcome *outcomes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct agreement_outcome *outcome = &outcomes[i];
        find_asked(terms, capacity, outcome->only_if);
        for (size_t k = 0; k < outcome->disclosure_count; k++)
            find_asked(terms, capacity, outcome->disclosures[k].where);
        if (outcome->kind == AGREEMENT_RESTRICT || outcome->kind == AGREEMENT_LIFT)
            terms->exempt[rule] = true;
        if (outcome->kind == AGREEMENT_PRIORITISE)
            terms->prioritising |= terms->agreement->rules[rule].types;
        if (outcome->kind == AGREEMENT_LIFT)
            terms->lifting |= terms->agreement->rules[rule].types;
    }
}

/* A ground is a fact that alone puts a house on the list. */
static void find_grounds(struct core *core, struct terms *terms)
{
    const struct agreement *agreement = terms->agreement;
    struct facts facts;
    struct view view = {.core = core, .terms = terms, .facts_only = true, .facts = &facts};
    terms->grounds = sl_new(agreement->fact_count, sizeof *terms->grounds);
    for (size_t i = 0; i < agreement->fact_count && terms->ground_count < 32; i++) {
        uint32_t grounds = 0;
        int priority = 0;
        memset(&facts, AGREEMENT_NO, sizeof facts);
        facts.values[TEAM_PRIORITY] = 0;
        facts.values[terms->facts[i]] = AGREEMENT_YES;
        list_entry(&view, &grounds, &priority);
        if (priority > 0)
            terms->grounds[terms->ground_count++] = terms->facts[i];
    }
}

static void find_list_facts(struct terms *terms, const struct agreement_condition *condition)
{
    if (condition == NULL)
        return;
    for (size_t i = 0; i < condition->part_count; i++)
        find_list_facts(terms, condition->parts[i]);
    if (condition->test != AGREEMENT_IS || condition->fact < 0)
        return;
    uint8_t fact = terms->facts[condition->fact];
    for (size_t i = 0; i < terms->list_fact_count; i++) {
        if (terms->list_facts[i] == fact)
            return;
    }
    terms->list_facts[terms->list_fact_count++] = fact;
}

static int fact_or_none(const struct terms *terms, int fact)
{
    return fact >= 0 ? terms->facts[fact] : NOBODY;
}

struct terms *terms_new(struct core *core, const struct agreement *agreement)
{
    struct terms *terms = sl_new(1, sizeof *terms);
    size_t capacity = 0;
    terms->agreement = agreement;
    terms->facts = sl_new(agreement->fact_count, sizeof *terms->facts);
    for (size_t i = 0; i < agreement->fact_count; i++)
        terms->facts[i] = terms_fact(core, agreement->facts[i].name);
    terms->area = fact_or_none(terms, agreement->area_fact);
    terms->consent = fact_or_none(terms, agreement->consent_fact);
    terms->restricted = fact_or_none(terms, agreement->restricted_fact);
    terms->exempt = sl_new(agreement->rule_count, sizeof *terms->exempt);
    index_rules(terms);
    terms->attribute_facts = guards_attribute_facts(agreement);
    for (size_t i = 0; i < agreement->rule_count; i++) {
        const struct agreement_rule *rule = &agreement->rules[i];
        find_asked(terms, &capacity, rule->condition);
        look_through(terms, &capacity, i, rule->outcomes, rule->outcome_count);
        look_through(terms, &capacity, i, rule->otherwise, rule->otherwise_count);
    }
    terms->inform = inform_new(agreement);
    find_grounds(core, terms);
    terms->list_facts = sl_new(agreement->fact_count, sizeof *terms->list_facts);
    for (size_t i = 0; i < agreement->priority_count; i++)
        find_list_facts(terms, agreement->priorities[i].condition);
    return terms;
}

void terms_free(struct terms *terms)
{
    free(terms->facts);
    free(terms->grounds);
    free(terms->list_facts);
    free(terms->by_type);
    free(terms->attribute_facts);
    free(terms->on_turn);
    free(terms->on_list);
    free(terms->exempt);
    inform_free(terms->inform);
    free(terms->asked_names);
    free(terms);
}

/* ---------------------------------------------------------------- who takes part */

int place_of(const struct core *core, struct sl_bytes name)
{
    for (size_t i = 0; i < core->participant_count; i++) {
        if (sl_bytes_is(name, core->participants[i].name))
            return (int)i;
    }
    return NOBODY;
}

const char *place_name(const struct core *core, int place)
{
    return place == BOTH ? "both" : place == NOBODY ? NULL : core->participants[place].name;
}
