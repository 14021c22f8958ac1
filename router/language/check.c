/* The checks one after the other, and what they share. */
#include "router/language/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "router/language/checking.h"

static void (*const checks[])(struct checking *checking) = {
    check_settings, check_quotations,   check_facts,          check_expectations, check_sections,
    check_reach,    check_completeness, check_contradictions, check_rounds,
};

void check_find(struct checking *checking, struct agreement_place place, const char *format, ...)
{
    if (checking->count == AGREEMENT_FINDINGS_MAX)
        return;
    struct check_finding *finding = &checking->findings[checking->count++];
    finding->place = place.line > 0 ? place : (struct agreement_place){1, 1};
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(finding->text, sizeof finding->text, format, arguments) < 0)
        finding->text[0] = '\0';
    va_end(arguments);
}

/* ---------------------------------------------------------------- conditions made of others */

static struct agreement_condition *made(struct checking *checking, enum agreement_test test,
                                        const struct agreement_condition *const *parts,
                                        size_t count)
{
    struct agreement_condition *group = sl_arena_alloc(&checking->arena, sizeof *group);
    *group = (struct agreement_condition){
        .test = test, .fact = -1, .parts = parts, .part_count = count};
    return group;
}

static const struct agreement_condition **new_parts(struct checking *checking, size_t count)
{
    return sl_arena_alloc(&checking->arena, count * sizeof(void *));
}

const struct agreement_condition *check_both(struct checking *checking,
                                             const struct agreement_condition *one,
                                             const struct agreement_condition *two)
{
    if (one == NULL || two == NULL)
        return one == NULL ? two : one;
    const struct agreement_condition **parts = new_parts(checking, 2);
    parts[0] = one;
    parts[1] = two;
    return made(checking, AGREEMENT_ALL, parts, 2);
}

const struct agreement_condition *
check_none(struct checking *checking, const struct agreement_condition *const *parts, size_t count)
{
    return made(checking, AGREEMENT_NONE, parts, count);
}

/* What turned has its new value now. */
static const struct agreement_condition *turned(struct checking *checking,
                                                const struct agreement_rule *rule)
{
    const struct agreement_condition **parts = new_parts(checking, rule->turn_count);
    for (size_t i = 0; i < rule->turn_count; i++) {
        const struct agreement_turn *turn = &rule->turns[i];
        struct agreement_condition *part = made(checking, AGREEMENT_IS, NULL, 0);
        part->fact = turn->fact;
        part->three = 1u << turn->value;
        part->negated = turn->ceases;
        parts[i] = part;
    }
    return made(checking, AGREEMENT_ANY, parts, rule->turn_count);
}

const struct agreement_condition *check_when(struct checking *checking,
                                             const struct agreement_rule *rule, bool otherwise)
{
    const struct agreement_condition *condition = rule->condition;
    if (otherwise) {
        const struct agreement_condition **part = new_parts(checking, 1);
        *part = condition;
        condition = check_none(checking, part, condition == NULL ? 0 : 1);
    }
    if (rule->trigger == AGREEMENT_ON_TURN)
        condition = check_both(checking, turned(checking, rule), condition);
    return condition;
}

bool check_next(struct check_outcome *at)
{
    const struct agreement_outcome *list = at->otherwise ? at->rule->otherwise : at->rule->outcomes;
    size_t count = at->otherwise ? at->rule->otherwise_count : at->rule->outcome_count;
    if (at->outcome == NULL && count > 0)
        at->outcome = list;
    else if (at->outcome != NULL && at->outcome + 1 < list + count)
        at->outcome++;
    else if (!at->otherwise) {
        *at = (struct check_outcome){at->rule, NULL, true};
        return check_next(at);
    } else
        return false;
    return true;
}

/* ---------------------------------------------------------------- the whole */

static int by_place(const void *left, const void *right)
{
    const struct agreement_place *a = &((const struct check_finding *)left)->place;
    const struct agreement_place *b = &((const struct check_finding *)right)->place;
    return a->line != b->line ? a->line - b->line : a->column - b->column;
}

size_t agreement_check(const struct agreement *agreement, struct sl_buffer *findings)
{
    struct checking *checking = sl_new(1, sizeof *checking);
    checking->agreement = agreement;
    sl_arena_init(&checking->arena, 0);
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        checks[i](checking);
        sl_arena_clear(&checking->arena);
    }
    qsort(checking->findings, checking->count, sizeof checking->findings[0], by_place);
    for (size_t i = 0; i < checking->count; i++)
        sl_buffer_printf(findings, "%s:%d:%d: %s\n", agreement->file,
                         checking->findings[i].place.line, checking->findings[i].place.column,
                         checking->findings[i].text);
    size_t count = checking->count;
    sl_arena_free(&checking->arena);
    free(checking);
    return count;
}
