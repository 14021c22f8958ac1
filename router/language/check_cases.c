/* Checks that try cases: what can never happen, what nothing speaks of, what contradicts itself. */
#include <stdlib.h>
#include <string.h>

#include "router/language/checking.h"

static const struct {
    enum sl_organisation organisation;
    const char *name;
} publishers[] = {{SL_IMG, "img"}, {SL_NCG, "ncg"}, {SL_MUNICIPALITY, "a municipality"}};

enum { PUBLISHERS = sizeof publishers / sizeof publishers[0] };

/* Of all cases in which the rule can be set off, is there one in which the condition holds? */
static enum cases_answer possible(struct checking *checking, const struct agreement_rule *rule,
                                  const struct agreement_condition *condition)
{
    struct cases cases = {checking->agreement, NULL, SL_NOBODY};
    if (rule->trigger != AGREEMENT_ON_EVENT)
        return cases_find(&cases, condition);
    enum cases_answer best = CASES_NONE;
    for (size_t i = 0; i < sl_type_count() && best != CASES_SOME; i++) {
        cases.type = sl_type_at(i);
        unsigned may = (rule->types & agreement_type_bit(i)) != 0
                           ? rule->publishers & cases.type->publishers
                           : 0;
        for (size_t j = 0; j < PUBLISHERS && best != CASES_SOME; j++) {
            cases.publisher = publishers[j].organisation;
            enum cases_answer found = (may & cases.publisher) != 0 ? cases_find(&cases, condition)
                                                                   : CASES_NONE;
            best = found == CASES_NONE ? best : found;
        }
    }
    return best;
}

static void tell(struct checking *checking, struct agreement_place place, enum cases_answer answer,
                 const char *sentence)
{
    if (answer == CASES_NONE)
        check_find(checking, place, "%s", sentence);
    else if (answer == CASES_TOO_MANY)
        check_find(checking, place, "this asks so much that not all cases can be tried");
}

/* ---------------------------------------------------------------- what can never happen */

static void check_publishers(struct checking *checking, const struct agreement_rule *rule)
{
    unsigned may = 0;
    for (size_t i = 0; i < sl_type_count(); i++) {
        if ((rule->types & agreement_type_bit(i)) == 0)
            continue;
        may |= sl_type_at(i)->publishers;
        if ((rule->publishers & sl_type_at(i)->publishers) == 0)
            check_find(checking, rule->place, "none of those named in from may publish %s",
                       sl_type_at(i)->name);
    }
    bool all = rule->publishers == (unsigned)(SL_IMG | SL_NCG | SL_MUNICIPALITY);
    for (size_t i = 0; i < PUBLISHERS && !all && (rule->publishers & may) != 0; i++) {
        if ((rule->publishers & ~may & publishers[i].organisation) != 0)
            check_find(checking, rule->place, "%s may publish none of the events of this rule",
                       publishers[i].name);
    }
}

static void check_outcomes(struct checking *checking, const struct agreement_rule *rule)
{
    struct check_outcome at = {.rule = rule};
    while (check_next(&at)) {
        if (at.outcome->only_if == NULL)
            continue;
        const struct agreement_condition *both = check_both(
            checking, check_when(checking, rule, at.otherwise), at.outcome->only_if);
        tell(checking, at.outcome->place, possible(checking, rule, both),
             "this can never happen: its if does not go with what sets it off");
    }
}

void check_reach(struct checking *checking)
{
    for (size_t i = 0; i < checking->agreement->rule_count; i++) {
        const struct agreement_rule *rule = &checking->agreement->rules[i];
        if (rule->trigger == AGREEMENT_ON_EVENT)
            check_publishers(checking, rule);
        enum cases_answer fires = possible(checking, rule, check_when(checking, rule, false));
        tell(checking, rule->place, fires,
             "this rule can never fire: its conditions exclude each other");
        if (fires == CASES_SOME && rule->outcome_count + rule->otherwise_count > 0)
            check_outcomes(checking, rule);
        if (rule->outcome_count == 0)
            check_find(checking, rule->place, "this rule has no outcome");
        if (rule->otherwise_count > 0)
            tell(checking, rule->otherwise[0].place,
                 possible(checking, rule, check_when(checking, rule, true)),
                 "this otherwise can never come: the rule's condition always holds");
    }
}

/* ---------------------------------------------------------------- what nothing speaks of */

/* Does some rule await the type, itself or as a later step? */
static bool awaited(const struct agreement *agreement, size_t type)
{
    agreement_types types = cases_answered_by(agreement, type);
    for (int i = 0; i < (int)agreement->rule_count; i++) {
        if (cases_awaits(agreement, i, types))
            return true;
    }
    return false;
}

/* When outcomes come (NULL: always); gives their number. `first` is the first such rule. */
static size_t spoken_of(struct checking *checking, const struct cases *cases,
                        const struct agreement_condition **parts,
                        const struct agreement_rule **first)
{
    const struct agreement *agreement = checking->agreement;
    agreement_types type = agreement_type_bit(sl_type_index(cases->type));
    size_t count = 0;
    for (size_t i = 0; i < agreement->rule_count; i++) {
        const struct agreement_rule *rule = &agreement->rules[i];
        struct check_outcome at = {.rule = rule};
        if ((rule->types & type) == 0 || (rule->publishers & cases->publisher) == 0)
            continue;
        while (check_next(&at)) {
            *first = *first == NULL ? rule : *first;
            parts[count++] = check_both(checking, check_when(checking, rule, at.otherwise),
                                        at.outcome->only_if);
        }
    }
    return count;
}

static void check_type(struct checking *checking, const struct cases *cases, const char *publisher,
                       const struct agreement_condition **parts)
{
    const struct agreement *agreement = checking->agreement;
    const struct agreement_rule *first = NULL;
    size_t type = sl_type_index(cases->type);
    size_t count = spoken_of(checking, cases, parts, &first);
    /* An answer is heard by whoever asked; without a rule for it that is all it would be. */
    bool answers = (agreement->answering & agreement_type_bit(type)) != 0;
    if (count == 0 && (!answers || awaited(agreement, type)))
        check_find(checking, agreement->place, "no rule says what happens with %s from %s",
                   cases->type->name, publisher);
    if (count == 0 || answers)
        return;
    for (size_t i = 0; i < count; i++) {
        if (parts[i] == NULL)
            return; /* always */
    }
    enum cases_answer left = cases_find(cases, check_none(checking, parts, count));
    if (left == CASES_SOME)
        check_find(checking, first->place,
                   "with %s from %s there are cases in which nothing happens, beginning here",
                   cases->type->name, publisher);
    else if (left == CASES_TOO_MANY)
        tell(checking, first->place, left, "");
}

void check_completeness(struct checking *checking)
{
    size_t outcomes = 0;
    for (size_t i = 0; i < checking->agreement->rule_count; i++)
        outcomes += checking->agreement->rules[i].outcome_count +
                    checking->agreement->rules[i].otherwise_count;
    const struct agreement_condition **parts = sl_new(outcomes + 1, sizeof(void *));
    for (size_t i = 0; i < sl_type_count(); i++) {
        struct cases cases = {checking->agreement, sl_type_at(i), SL_NOBODY};
        for (size_t j = 0; j < PUBLISHERS && !cases.type->original; j++) {
            cases.publisher = publishers[j].organisation;
            if ((cases.type->publishers & cases.publisher) != 0)
                check_type(checking, &cases, publishers[j].name, parts);
        }
    }
    free(parts);
}

/* ---------------------------------------------------------------- what contradicts itself */

/* A fact that an outcome states, and the value; -1 where it states none. */
static int states(const struct agreement *agreement, const struct agreement_outcome *outcome,
                  size_t index, enum agreement_value *value)
{
    if (outcome->kind == AGREEMENT_RESTRICT || outcome->kind == AGREEMENT_LIFT) {
        *value = outcome->kind == AGREEMENT_RESTRICT ? AGREEMENT_YES : AGREEMENT_NO;
        return index == 0 ? agreement->restricted_fact : -1;
    }
    if (index >= outcome->statement_count)
        return -1;
    *value = outcome->statements[index].value;
    return outcome->statements[index].fact;
}

static bool contradict(const struct agreement *agreement, const struct agreement_outcome *one,
                       const struct agreement_outcome *two, int *fact)
{
    enum agreement_value a = AGREEMENT_UNKNOWN, b = AGREEMENT_UNKNOWN;
    for (size_t i = 0; (*fact = states(agreement, one, i, &a)) >= 0; i++) {
        int other = 0;
        for (size_t j = 0; (other = states(agreement, two, j, &b)) >= 0; j++) {
            if (other == *fact && a != b)
                return true;
        }
    }
    return false;
}

/* The events that set off both rules. */
static struct agreement_rule common(const struct agreement_rule *one,
                                    const struct agreement_rule *two)
{
    struct agreement_rule both = *one;
    both.types &= two->types;
    both.publishers &= two->publishers;
    return both;
}

static void check_pair(struct checking *checking, const struct check_outcome *one,
                       const struct check_outcome *two)
{
    int fact = -1;
    if (one->rule->trigger != two->rule->trigger ||
        !contradict(checking->agreement, one->outcome, two->outcome, &fact))
        return;
    const struct agreement_rule both = common(one->rule, two->rule);
    const struct agreement_condition *when = check_both(
        checking,
        check_both(checking, check_when(checking, one->rule, one->otherwise),
                   one->outcome->only_if),
        check_both(checking, check_when(checking, two->rule, two->otherwise),
                   two->outcome->only_if));
    enum cases_answer found = possible(checking, &both, when);
    if (found == CASES_TOO_MANY)
        tell(checking, two->outcome->place, found, "");
    if (found == CASES_SOME)
        check_find(checking, two->outcome->place,
                   "this contradicts line %d: both can state %s of one event",
                   one->outcome->place.line, checking->agreement->facts[fact].name);
}

void check_contradictions(struct checking *checking)
{
    const struct agreement *agreement = checking->agreement;
    for (size_t i = 0; i < agreement->rule_count; i++) {
        for (size_t j = i; j < agreement->rule_count; j++) {
            struct check_outcome one = {.rule = &agreement->rules[i]};
            while (check_next(&one)) {
                struct check_outcome two = {.rule = &agreement->rules[j]};
                if (i == j)
                    two = one;
                while (check_next(&two))
                    check_pair(checking, &one, &two);
            }
        }
    }
}
