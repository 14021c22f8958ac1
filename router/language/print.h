/*
 * The agreement for people: sentences of conditions and outcomes, the table that both organisations
 * can sign, the flow of events. All append to `out`; nothing fails.
 */
#ifndef AGREEMENT_PRINT_H
#define AGREEMENT_PRINT_H

#include "router/language/agreement.h"

/* A condition in words: "in work stock is no and in ncg area is yes"; "always" for NULL. */
void agreement_print_condition(struct sl_buffer *out, const struct agreement *agreement,
                               const struct agreement_condition *condition);

/* Who in words: "the incident officer of the other organisation". */
void agreement_print_who(struct sl_buffer *out, const struct agreement_who *who);

/* What happens, without its condition and term: "forward to NCG: location, dossier". */
void agreement_print_outcome(struct sl_buffer *out, const struct agreement *agreement,
                             const struct agreement_outcome *outcome);

/* Of an expectation: "10 working days; if late, tell the incident officer of NCG". */
void agreement_print_term(struct sl_buffer *out, const struct agreement *agreement,
                          const struct agreement_outcome *expectation);

/* What sets a rule off, without its condition: "acute unsafe or safety secured from IMG". */
void agreement_print_trigger(struct sl_buffer *out, const struct agreement *agreement,
                             const struct agreement_rule *rule);

/* The decision table, Markdown. */
void agreement_print_table(struct sl_buffer *out, const struct agreement *agreement);

/* The flow for Graphviz: which events set off which rule, who is told, what is awaited then. */
void agreement_print_graph(struct sl_buffer *out, const struct agreement *agreement);

#endif
