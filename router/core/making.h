/*
 * The decision in the making (making.c): its lines, its deliveries, the houses that it touches.
 * What is made is the making's: it lasts until the next decision begins, and nobody frees it.
 */
#ifndef CORE_MAKING_H
#define CORE_MAKING_H

#include "router/core/list.h"
#include "router/core/obligations.h"
#include "router/core/occurrence.h"

struct said { /* a statement that has its line: fact and value */
    uint32_t subject;
    uint32_t key;
};

/* A house that a decision touches, as it was before. */
struct house {
    uint32_t subject;
    struct facts before;
    uint32_t grounds;
    int priority; /* on the list; 0: not on it */
};

struct making {
    struct sl_arena arena;
    LIST(struct core_line) lines;
    LIST(struct core_delivery) deliveries;
    LIST(struct route) routes;
    LIST(struct stated) stated;
    LIST(uint32_t) unheld; /* participant and role, said once */
    LIST(struct said) said;
    LIST(struct house) houses;
    struct facts before; /* of the event's house */
    int64_t at;
    uint64_t first_serial; /* obligations from here on are this decision's */
    bool withheld;
    bool list_set;
    struct sl_buffer past;
};

/* Lets go of the last decision. */
void making_begin(struct core *core, int64_t at);
/* `out` points into the making. */
void making_done(struct core *core, struct core_decision *out);
/* Memory, not zeroed, for as long as the decision lasts. */
void *making_alloc(struct core *core, size_t size);
const char *making_text(struct core *core, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A line about an event, to be filled further. */
struct core_line *line_add(struct core *core, const struct core_source *event,
                           enum core_outcome outcome, const char *rule,
                           const struct agreement_clause *clause);
struct core_line *line_speak(struct core *core, const struct core_source *event,
                             enum core_outcome outcome, const struct agreement_rule *rule);
/* The one that the log shows; NULL: none. */
const struct agreement_clause *rule_clause(const struct agreement_rule *rule);
const char *obligation_what(struct core *core, const struct obligation *obligation);

struct told {
    const char *rule;
    const struct agreement_clause *clause;
    const struct sl_derived *what;
    int to;
    enum sl_role role;
    int64_t due;
    const char *detail;
    const struct core_detail *details;
    size_t detail_count;
};
/* An instruction or a notice: its line, and the delivery that is wanted. */
struct core_delivery *tell(struct core *core, const struct core_source *event, uint8_t lane,
                           const struct told *told);
struct core_reason reason_of(const char *rule, const struct agreement_clause *clause);
struct core_delivery *delivery_add(struct core *core, const struct core_source *event, uint8_t lane,
                                   int to, enum sl_role role, const struct sl_derived *what,
                                   const char *rule, const struct agreement_clause *clause);

/* ---------------------------------------------------------------- decide.c */

/* Keeps the house as it is now, unless that was done in this decision. */
void house_add(struct core *core, uint32_t subject);
/* As it was kept; NULL: it was not. */
struct house *house_find(struct core *core, uint32_t subject);
/* Grounds by their facts' names, with ", " between. */
const char *ground_names(struct core *core, uint32_t grounds);
/* What the rules of the list say of the house as it is now; grounds that it had before count too.
 */
void list_changed(struct core *core, const struct core_source *source, uint8_t lane,
                  uint32_t subject, uint32_t grounds_before);

#endif
