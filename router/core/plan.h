/*
 * What the rules say of an event: outcomes (plan.c). Nothing is changed by it; outcomes.c carries
 * it out.
 */
#ifndef CORE_PLAN_H
#define CORE_PLAN_H

#include "router/core/conditions.h"
#include "router/core/occurrence.h"

enum planned_kind {
    PLAN_FORWARD,
    PLAN_INSTRUCT,
    PLAN_EXPECT,
    PLAN_REMEMBER,
    PLAN_KEEP, /* remembered without a line */
    PLAN_NOTIFY,
    PLAN_RELEASE,
    PLAN_RELEASE_QUESTION,
    PLAN_JOIN,
    PLAN_WITHHOLD,
    PLAN_LOG,
    PLAN_PRIORITISE
};

struct planned {
    enum planned_kind kind;
    const struct agreement_rule *rule; /* NULL: the area of the house */
    const struct agreement_outcome *outcome;
    int to;
    enum sl_role role;
    uint32_t sections;        /* to be disclosed, */
    uint32_t without_consent; /* of these without consent */
    bool exempt;              /* from X1 */
    uint8_t fact;
    uint8_t value;
    struct sl_bytes about; /* of instruction and expectation */
    const char *text;
    int64_t from;                     /* when the term begins; 0: now */
    const struct planned *belongs_to; /* an instruction's expectation */
    const struct chain *goes_on;      /* of questions that an expectation goes on from */
};

struct plan {
    struct planned **items;
    size_t count;
    size_t capacity;
    bool releases_question;
    bool spoken; /* some rule has an outcome */
};

/* What the event's rules are asked about: `facts` get the area that the event itself says. */
struct view plan_view(struct core *core, const struct occurrence *event, struct facts *facts,
                      struct answers answers);
/* What the rules say of the event on these facts; in the decision's arena. */
struct plan *plan_event(struct core *core, const struct occurrence *event,
                        const struct facts *facts, struct answers answers);
/* What one rule's outcomes say in the second round. */
struct plan *plan_rule(const struct view *view, const struct agreement_rule *rule);
/* ---------------------------------------------------------------- planned.c */

/* Are two outcomes the same one, when a correction is compared with its original? */
bool planned_same(const struct planned *a, const struct planned *b);
/* When its term ends that begins at `at`; and the deadline of what opens now. */
int64_t planned_term(struct core *core, const struct occurrence *event,
                     const struct planned *planned, int64_t at);
int64_t planned_due(struct core *core, const struct occurrence *event,
                    const struct planned *planned);

#endif
