/* Checks of what is spoken of: facts, expectations, sections, rounds, quotations, settings. */
#include <string.h>

#include "router/language/checking.h"

typedef void visit_condition(struct checking *checking, const struct agreement_rule *rule,
                             const struct agreement_condition *condition);

static void visit(struct checking *checking, const struct agreement_rule *rule,
                  const struct agreement_condition *condition, visit_condition *visitor)
{
    if (condition == NULL)
        return;
    visitor(checking, rule, condition);
    for (size_t i = 0; i < condition->part_count; i++)
        visit(checking, rule, condition->parts[i], visitor);
}

static void visit_outcome(struct checking *checking, const struct check_outcome *at,
                          visit_condition *visitor)
{
    const struct agreement_outcome *outcome = at->outcome;
    visit(checking, at->rule, outcome->only_if, visitor);
    for (size_t i = 0; i < outcome->disclosure_count; i++)
        visit(checking, at->rule, outcome->disclosures[i].where, visitor);
    for (size_t i = 0; i < outcome->level_count; i++)
        visit(checking, at->rule, outcome->levels[i].where, visitor);
}

/* All conditions of the agreement, with the rule in which they stand (NULL: the list's). */
static void visit_all(struct checking *checking, visit_condition *visitor)
{
    const struct agreement *agreement = checking->agreement;
    for (size_t i = 0; i < agreement->priority_count; i++)
        visit(checking, NULL, agreement->priorities[i].condition, visitor);
    for (size_t i = 0; i < agreement->rule_count; i++) {
        struct check_outcome at = {.rule = &agreement->rules[i]};
        visit(checking, at.rule, at.rule->condition, visitor);
        while (check_next(&at))
            visit_outcome(checking, &at, visitor);
    }
}

/* ---------------------------------------------------------------- facts */

static bool one_value(unsigned values)
{
    return (values & (values - 1)) == 0;
}

static void check_read(struct checking *checking, int fact, unsigned wanted,
                       struct agreement_place place)
{
    const struct agreement_fact *of = &checking->agreement->facts[fact];
    unsigned values = cases_fact_values(checking->agreement, fact);
    if (one_value(values))
        check_find(checking, place, "%s is always %s: no rule sets or ends it", of->name,
                   agreement_value_name(of->start));
    else if ((values & wanted) == 0)
        check_find(checking, place, "no rule ever gives %s a value that is asked for here",
                   of->name);
}

static void check_fact_test(struct checking *checking, const struct agreement_rule *rule,
                            const struct agreement_condition *condition)
{
    const unsigned all = 1u << AGREEMENT_UNKNOWN | 1u << AGREEMENT_YES | 1u << AGREEMENT_NO;
    (void)rule;
    if (condition->test == AGREEMENT_IS && condition->fact >= 0)
        check_read(checking, condition->fact,
                   condition->negated ? all & ~condition->three : condition->three,
                   condition->place);
}

static void check_turns(struct checking *checking, const struct agreement_rule *rule)
{
    for (size_t i = 0; i < rule->turn_count; i++)
        check_read(checking, rule->turns[i].fact, 1u << rule->turns[i].value, rule->place);
}

void check_facts(struct checking *checking)
{
    const struct agreement *agreement = checking->agreement;
    visit_all(checking, check_fact_test);
    for (size_t i = 0; i < agreement->rule_count; i++) {
        struct check_outcome at = {.rule = &agreement->rules[i]};
        check_turns(checking, at.rule);
        while (check_next(&at)) {
            if (at.outcome->kind == AGREEMENT_LOG && at.outcome->fact >= 0)
                check_read(checking, at.outcome->fact, 1u << AGREEMENT_YES, at.outcome->place);
        }
    }
    if (agreement->consent_fact >= 0) /* a gate reads it before a resident's data cross */
        check_read(checking, agreement->consent_fact, 1u << AGREEMENT_YES,
                   agreement->facts[agreement->consent_fact].place);
}

/* ---------------------------------------------------------------- expectations */

/* Who can meet it, when this organisation published; 0: nobody is meant then. */
static unsigned owners(const struct agreement_outcome *outcome, unsigned publisher)
{
    const unsigned both = SL_IMG | SL_NCG;
    if (outcome->met_by_either || outcome->to.whom == AGREEMENT_BOTH)
        return both;
    switch (outcome->to.whom) {
    case AGREEMENT_PARTICIPANT:
        return (unsigned)sl_organisation_of(outcome->to.name);
    case AGREEMENT_OTHER:
        return (publisher & both) != 0 ? both & ~publisher : 0;
    case AGREEMENT_PUBLISHER:
        return publisher;
    case AGREEMENT_MUNICIPALITY:
        return SL_MUNICIPALITY;
    case AGREEMENT_BOTH:
    case AGREEMENT_NAMED_BY:
        break;
    }
    return both;
}

static bool can_meet(const struct agreement_outcome *outcome, unsigned organisations)
{
    for (size_t i = 0; i < outcome->awaited_count; i++) {
        if ((sl_type_at(outcome->awaited[i])->publishers & organisations) != 0)
            return true;
    }
    return false;
}

/* Who may set the rule off. */
static unsigned publishers_of(const struct agreement_rule *rule)
{
    unsigned may = 0;
    for (size_t i = 0; i < sl_type_count(); i++) {
        if ((rule->types & agreement_type_bit(i)) != 0)
            may |= sl_type_at(i)->publishers;
    }
    return rule->trigger == AGREEMENT_ON_EVENT ? may & rule->publishers : SL_IMG | SL_NCG;
}

static void check_met(struct checking *checking, const struct agreement_rule *rule,
                      const struct agreement_outcome *outcome)
{
    unsigned may = publishers_of(rule);
    for (unsigned publisher = SL_IMG; publisher <= SL_MUNICIPALITY; publisher <<= 1) {
        unsigned who = (may & publisher) != 0 ? owners(outcome, publisher) : 0;
        bool each = outcome->to.whom == AGREEMENT_NAMED_BY && !outcome->met_by_either;
        bool fails = each ? !can_meet(outcome, SL_IMG) || !can_meet(outcome, SL_NCG)
                          : !can_meet(outcome, who);
        if (who != 0 && fails) {
            check_find(checking, outcome->place,
                       "nothing can meet this: who owes it may not publish %s",
                       sl_type_at(outcome->awaited[0])->name);
            return;
        }
    }
}

static void check_awaits(struct checking *checking, struct agreement_indices rules,
                         agreement_types types, struct agreement_place place)
{
    for (size_t i = 0; i < rules.count; i++) {
        if (!cases_awaits(checking->agreement, rules.items[i], types))
            check_find(checking, place, "%s awaits nothing of this kind",
                       checking->agreement->rules[rules.items[i]].name);
    }
}

static void check_await_test(struct checking *checking, const struct agreement_rule *rule,
                             const struct agreement_condition *condition)
{
    agreement_types types = 0;
    for (size_t i = 0; rule != NULL && i < sl_type_count(); i++) {
        if ((rule->types & agreement_type_bit(i)) != 0)
            types |= cases_answered_by(checking->agreement, i);
    }
    if (condition->test == AGREEMENT_AWAITS)
        check_awaits(checking, condition->rules, condition->types, condition->place);
    else if (condition->test == AGREEMENT_AWAITED && types != 0)
        check_awaits(checking, condition->rules, types, condition->place);
}

void check_expectations(struct checking *checking)
{
    const struct agreement *agreement = checking->agreement;
    visit_all(checking, check_await_test);
    for (size_t i = 0; i < agreement->rule_count; i++) {
        struct check_outcome at = {.rule = &agreement->rules[i]};
        while (check_next(&at)) {
            const struct agreement_outcome *outcome = at.outcome;
            agreement_types types = outcome->types != 0 ? outcome->types : ~(agreement_types)0;
            if (outcome->kind == AGREEMENT_EXPECT && !outcome->receipt)
                check_met(checking, at.rule, outcome);
            else if (outcome->kind == AGREEMENT_RELEASE || outcome->kind == AGREEMENT_JOIN)
                check_awaits(checking, outcome->rules, types, outcome->place);
        }
    }
}

/* ---------------------------------------------------------------- sections */

static uint32_t sections_of(agreement_types types)
{
    uint32_t sections = 0;
    for (size_t i = 0; i < sl_type_count(); i++) {
        if ((types & agreement_type_bit(i)) != 0)
            sections |= sl_type_at(i)->required | sl_type_at(i)->optional;
    }
    return sections;
}

void check_sections(struct checking *checking)
{
    const struct agreement *agreement = checking->agreement;
    for (size_t i = 0; i < agreement->rule_count; i++) {
        struct check_outcome at = {.rule = &agreement->rules[i]};
        uint32_t sections = sections_of(at.rule->types);
        while (at.rule->trigger == AGREEMENT_ON_EVENT && check_next(&at)) {
            for (size_t j = 0; j < at.outcome->disclosure_count; j++) {
                enum sl_section section = at.outcome->disclosures[j].section;
                if ((sections & sl_section_bit(section)) == 0)
                    check_find(checking, at.outcome->place,
                               "the events of this rule have no section %s",
                               sl_section_name(section));
            }
        }
    }
}

/* ---------------------------------------------------------------- rounds */

static bool turns(const struct agreement_rule *rule, const struct agreement_statement *statement)
{
    for (size_t i = 0; i < rule->turn_count; i++) {
        const struct agreement_turn *turn = &rule->turns[i];
        if (turn->fact == statement->fact && turn->ceases == (turn->value != statement->value))
            return true;
    }
    return false;
}

static void check_statement(struct checking *checking, const struct agreement_outcome *outcome,
                            const struct agreement_statement *statement)
{
    const struct agreement *agreement = checking->agreement;
    for (size_t i = 0; i < agreement->rule_count; i++) {
        if (turns(&agreement->rules[i], statement))
            check_find(checking, outcome->place,
                       "a second round would start a third: %s would fire on %s",
                       agreement->rules[i].name, agreement->facts[statement->fact].name);
    }
}

/* What a rule states, itself or by a rule that it applies; reading has refused circles. */
static void check_round(struct checking *checking, const struct agreement_rule *rule)
{
    struct check_outcome at = {.rule = rule};
    while (check_next(&at)) {
        for (size_t i = 0; i < at.outcome->statement_count; i++)
            check_statement(checking, at.outcome, &at.outcome->statements[i]);
        for (size_t i = 0; at.outcome->kind == AGREEMENT_APPLY && i < at.outcome->rules.count; i++)
            check_round(checking, &checking->agreement->rules[at.outcome->rules.items[i]]);
    }
}

void check_rounds(struct checking *checking)
{
    for (size_t i = 0; i < checking->agreement->rule_count; i++) {
        if (checking->agreement->rules[i].trigger == AGREEMENT_ON_TURN)
            check_round(checking, &checking->agreement->rules[i]);
    }
}

/* ---------------------------------------------------------------- quotations and settings */

void check_quotations(struct checking *checking)
{
    for (size_t i = 0; i < checking->agreement->rule_count; i++) {
        const struct agreement_rule *rule = &checking->agreement->rules[i];
        if (rule->clause_count == 0)
            check_find(checking, rule->place, "the rule %s carries out no clause", rule->name);
        for (size_t j = 0; j < rule->clause_count; j++) {
            const struct agreement_clause *clause = &rule->clauses[j];
            if (clause->words[strspn(clause->words, " ")] == '\0')
                check_find(checking, clause->place, "an empty quotation of %s", clause->name);
        }
    }
}

static void check_participant(struct checking *checking, const char *name)
{
    const struct agreement *agreement = checking->agreement;
    for (size_t i = 0; i < agreement->participant_count; i++) {
        if (strcmp(agreement->participants[i].name, name) == 0) {
            if (agreement->participants[i].optional)
                check_find(checking, agreement->place, "%s cannot be optional", name);
            return;
        }
    }
    check_find(checking, agreement->place, "%s takes no part", name);
}

void check_settings(struct checking *checking)
{
    const struct agreement *agreement = checking->agreement;
    if (agreement->name[0] == '\0')
        check_find(checking, agreement->place,
                   "the agreement has no name, version and moment from which it is in force");
    check_participant(checking, "img");
    check_participant(checking, "ncg");
    if (agreement->area_fact >= 0 && agreement->area.count == 0)
        check_find(checking, agreement->facts[agreement->area_fact].place,
                   "in_ncg_area is taken from the ncg area, which is not said");
}
