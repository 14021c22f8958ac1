/*
 * Carries a plan out (outcomes.c), through the gates that stand around it (gates.c): roles,
 * consent, the restriction of data.
 */
#ifndef CORE_OUTCOMES_H
#define CORE_OUTCOMES_H

#include "router/core/making.h"
#include "router/core/plan.h"

/* ---------------------------------------------------------------- gates.c */

/* The role that is told in fact (X4). */
enum sl_role gate_role(struct core *core, const struct core_source *event, int to,
                       enum sl_role role);
enum sl_role role_in_fact(const struct core *core, int to, enum sl_role role);
/* Would this forward disclose a section while the use of data is restricted (X1)? */
bool gate_restricted(const struct core *core, const struct occurrence *event, uint32_t sections,
                     bool exempt);

struct forward {
    int to;
    enum sl_role role;
    uint32_t sections;
    uint32_t without_consent;
    bool exempt;
    const char *rule;
    const struct agreement_clause *clause;
};
/* Forwards the event to an organisation and role: what the gates let through, with a line for it
 * and for what they keep. Several to the same become one delivery. */
void gate_forward(struct core *core, const struct occurrence *event, const struct forward *forward);
/* The lines about sections that no rule disclosed (`minimise`), once all rules have spoken. */
void gate_strip(struct core *core, const struct occurrence *event);

/* ---------------------------------------------------------------- outcomes.c */

/* Ends an obligation and its deadlines, with a line; the handle is no more then. `detail` may be
 * NULL, and is not copied. */
void obligation_close(struct core *core, const struct core_source *event, uint32_t handle,
                      enum core_outcome outcome, const char *detail);
/* The same where the event answers it: met, or met late. */
void obligation_meet(struct core *core, const struct core_source *event, uint32_t handle);
/* The line that says that it was opened, by what behind it. */
void line_opened(struct core *core, const struct core_source *event, uint32_t handle);
const char *fact_says(struct core *core, uint8_t fact, uint8_t value); /* "acute=yes" */
uint64_t finding_of(const struct occurrence *event); /* 0: of corrections and withdrawals */
/* Event `number` says it of the house, which counts as a house whose facts may have turned. */
void state_fact(struct core *core, uint64_t number, uint32_t subject, uint8_t fact, uint8_t value);

/* Carries a plan out for the event; obligations are `opener`'s, and the answers' questions. */
void carry_out(struct core *core, const struct occurrence *event, const struct plan *plan,
               const struct occurrence *opener, struct answers answers);

#endif
