/* Why rules fire for an event, or do not: the same conditions, asked aloud. */
#include "router/core/guards.h"
#include "router/core/conditions.h"
#include "router/core/plan.h"
#include "router/core/state.h"
#include "schemas/timestamp.h"

#include <string.h>

#include "router/language/print.h"

struct explaining {
    const struct view *view;
    struct sl_buffer *out;
    size_t fire;
    size_t rest;
};

static void put(struct sl_buffer *out, const char *text)
{
    sl_buffer_add_bytes(out, sl_text(text));
}

/* ---------------------------------------------------------------- what is known of the house */

static void put_facts(struct explaining *e)
{
    const struct agreement *agreement = e->view->terms->agreement;
    const char *glue = "known of the house: ";
    for (size_t i = 0; i < agreement->fact_count; i++) {
        uint8_t value = e->view->facts->values[e->view->terms->facts[i]];
        if (value == (uint8_t)agreement->facts[i].start)
            continue;
        sl_buffer_printf(e->out, "%s%s=%s", glue, agreement->facts[i].name,
                         agreement_value_name((enum agreement_value)value));
        glue = ", ";
    }
    put(e->out, glue[0] == 'k' ? "known of the house: nothing\n" : "\n");
}

static void put_awaited(struct explaining *e)
{
    struct core *core = e->view->core;
    for (uint32_t at = subject_at(core, e->view->subject)->obligations; at != 0;
         at = obligation_at(core, at)->next) {
        const struct obligation *open = obligation_at(core, at);
        char due[SL_TIMESTAMP_SIZE];
        bool answered = false;
        for (size_t i = 0; i < e->view->answers.count; i++)
            answered |= e->view->answers.items[i].obligation == at;
        sl_timestamp_format(due, open->due);
        sl_buffer_printf(e->out, "awaited of %s: %s by %s (%s)%s\n", place_name(core, open->owner),
                         obligation_what(core, open), due, open->basis->rule->name,
                         answered ? ", which this event answers" : "");
    }
}

/* ---------------------------------------------------------------- rules */

/* The parts of a condition for which it does not hold. */
static void put_why_not(struct explaining *e, const struct agreement_condition *condition)
{
    if (condition->test != AGREEMENT_ALL) {
        put(e->out, "        not so: ");
        agreement_print_condition(e->out, e->view->terms->agreement, condition);
        put(e->out, "\n");
        return;
    }
    for (size_t i = 0; i < condition->part_count; i++) {
        if (!condition_holds(e->view, condition->parts[i]))
            put_why_not(e, condition->parts[i]);
    }
}

static void put_outcomes(struct explaining *e, const struct agreement_outcome *outcomes,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool holds = condition_holds(e->view, outcomes[i].only_if);
        put(e->out, holds ? "      + " : "      - ");
        agreement_print_outcome(e->out, e->view->terms->agreement, &outcomes[i]);
        put(e->out, "\n");
        if (!holds)
            put_why_not(e, outcomes[i].only_if);
    }
}

static void put_name(struct explaining *e, const char *verdict, const struct agreement_rule *rule)
{
    const struct agreement_clause *clause = rule_clause(rule);
    sl_buffer_printf(e->out, "%s %s", verdict, rule->name);
    if (clause != NULL)
        sl_buffer_printf(e->out, " (%s)", clause->name);
    put(e->out, "\n");
}

static void explain_rule(struct explaining *e, const struct agreement_rule *rule)
{
    if ((rule->publishers & (unsigned)e->view->event->organisation) == 0) {
        put_name(e, "  no ", rule);
        put(e->out, "        not from this publisher\n");
        e->rest++;
        return;
    }
    bool holds = condition_holds(e->view, rule->condition);
    put_name(e, holds ? "  yes" : "  no ", rule);
    if (!holds)
        put_why_not(e, rule->condition);
    put_outcomes(e, holds ? rule->outcomes : rule->otherwise,
                 holds ? rule->outcome_count : rule->otherwise_count);
    if (holds)
        e->fire++;
    else
        e->rest++;
}

static void explain_rules(struct explaining *e)
{
    const struct terms *terms = e->view->terms;
    size_t type = e->view->event->gist.type;
    for (size_t i = terms->by_type_begin[type]; i < terms->by_type_begin[type + 1]; i++)
        explain_rule(e, &terms->agreement->rules[terms->by_type[i].rule]);
    sl_buffer_printf(e->out, "%zu rules fire, %zu about this type do not, %zu are about others\n",
                     e->fire, e->rest, terms->agreement->rule_count - e->fire - e->rest);
}

void core_explain(struct core *core, const struct core_event *event, struct sl_buffer *out)
{
    making_begin(core, event->at);
    struct occurrence occurrence = occurrence_of(core, event);
    struct facts facts;
    facts_read(core, occurrence.subject, 0, &facts);
    struct answers answers = answers_of(core, &occurrence, &facts);
    struct view view = plan_view(core, &occurrence, &facts, answers);
    struct explaining e = {.view = &view, .out = out};
    put_facts(&e);
    put_awaited(&e);
    if (occurrence.type->original)
        put(out, "no rule is about corrections and withdrawals: what they bring about follows\n"
                 "from the rules for the event that they name (gates X9 to X13)\n");
    else if (wrong_role(core, &occurrence))
        put(out, "no rule is asked: another role publishes this type\n");
    else
        explain_rules(&e);
}
