/* The flow for Graphviz: events (ellipses) set off rules (boxes), which tell somebody (houses) and
   await further events. */
#include "router/language/print.h"

/* A text of words and numbers needs no more than its quotes. */
static void node(struct sl_buffer *out, const char *text)
{
    sl_buffer_printf(out, "\"%s\"", text);
}

static void who_node(struct sl_buffer *out, const struct agreement_who *who)
{
    sl_buffer_printf(out, "\"");
    agreement_print_who(out, who);
    sl_buffer_printf(out, "\"");
}

static void put_rule(struct sl_buffer *out, const struct agreement *agreement,
                     const struct agreement_rule *rule)
{
    sl_buffer_printf(out, "  ");
    node(out, rule->name);
    sl_buffer_printf(out, " [shape=box, label=\"%s%s%s\"]\n", rule->mark == NULL ? "" : rule->mark,
                     rule->mark == NULL ? "" : "\\n", rule->name);
    for (size_t i = 0; i < sl_type_count(); i++) {
        if ((rule->types & agreement_type_bit(i)) != 0)
            sl_buffer_printf(out, "  \"%s\" -> \"%s\"\n", sl_type_at(i)->name, rule->name);
    }
    if (rule->trigger == AGREEMENT_ON_EVENT)
        return;
    sl_buffer_printf(out, "  \"");
    agreement_print_trigger(out, agreement, rule);
    sl_buffer_printf(out, "\" -> \"%s\"\n", rule->name);
}

static void told(struct sl_buffer *out, const struct agreement_rule *rule,
                 const struct agreement_outcome *outcome)
{
    bool forward = outcome->kind == AGREEMENT_FORWARD;
    uint32_t sections = 0;
    for (size_t i = 0; i < outcome->disclosure_count; i++)
        sections |= sl_section_bit(outcome->disclosures[i].section);
    sl_buffer_printf(out, "  \"%s\" -> ", rule->name);
    who_node(out, &outcome->to);
    sl_buffer_printf(out, " [style=%s, label=\"", forward ? "bold" : "dashed");
    if (forward)
        sl_sections_print(out, sections);
    else
        sl_buffer_printf(out, "%s", outcome->what->name);
    sl_buffer_printf(out, "\"]\n  ");
    who_node(out, &outcome->to);
    sl_buffer_printf(out, " [shape=house]\n");
}

static void awaited(struct sl_buffer *out, const struct agreement *agreement,
                    const struct agreement_rule *rule, const struct agreement_outcome *outcome)
{
    for (size_t i = 0; i < outcome->awaited_count; i++) {
        sl_buffer_printf(out, "  \"%s\" -> \"%s\" [style=dotted, label=\"", rule->name,
                         sl_type_at(outcome->awaited[i])->name);
        agreement_print_who(out, &outcome->to);
        sl_buffer_printf(out, ": ");
        agreement_print_term(out, agreement, outcome);
        sl_buffer_printf(out, "\"]\n");
    }
}

static void put_outcomes(struct sl_buffer *out, const struct agreement *agreement,
                         const struct agreement_rule *rule,
                         const struct agreement_outcome *outcomes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct agreement_outcome *outcome = &outcomes[i];
        if (outcome->kind == AGREEMENT_FORWARD || outcome->kind == AGREEMENT_INSTRUCT ||
            outcome->kind == AGREEMENT_NOTIFY)
            told(out, rule, outcome);
        else if (outcome->kind == AGREEMENT_EXPECT)
            awaited(out, agreement, rule, outcome);
        for (size_t j = 0; outcome->kind == AGREEMENT_APPLY && j < outcome->rules.count; j++)
            sl_buffer_printf(out, "  \"%s\" -> \"%s\" [label=\"applies\"]\n", rule->name,
                             agreement->rules[outcome->rules.items[j]].name);
    }
}

void agreement_print_graph(struct sl_buffer *out, const struct agreement *agreement)
{
    sl_buffer_printf(out, "digraph agreement {\n  rankdir=LR\n  node [fontname=\"sans-serif\"]\n");
    for (size_t i = 0; i < agreement->rule_count; i++) {
        const struct agreement_rule *rule = &agreement->rules[i];
        put_rule(out, agreement, rule);
        put_outcomes(out, agreement, rule, rule->outcomes, rule->outcome_count);
        put_outcomes(out, agreement, rule, rule->otherwise, rule->otherwise_count);
    }
    sl_buffer_printf(out, "}\n");
}
