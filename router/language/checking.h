/* What the files check*.c share: findings, and conditions made of others. */
#ifndef AGREEMENT_CHECKING_H
#define AGREEMENT_CHECKING_H

#include "router/language/cases.h"

struct check_finding {
    struct agreement_place place;
    char text[256];
};

struct checking {
    const struct agreement *agreement;
    struct sl_arena arena; /* of the conditions that are made; gone after the check */
    struct check_finding findings[AGREEMENT_FINDINGS_MAX];
    size_t count;
};

void check_find(struct checking *checking, struct agreement_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Both hold; NULL holds always. What comes back is the arena's, or one of the two. */
const struct agreement_condition *check_both(struct checking *checking,
                                             const struct agreement_condition *one,
                                             const struct agreement_condition *two);
/* None of them holds; the list is kept. */
const struct agreement_condition *
check_none(struct checking *checking, const struct agreement_condition *const *parts, size_t count);
/* When the rule's outcomes come: its condition and, of a fact that turns, its turning; or, of its
   other outcomes, when only its trigger holds. */
const struct agreement_condition *check_when(struct checking *checking,
                                             const struct agreement_rule *rule, bool otherwise);

/* One outcome after another, of both lists; `otherwise` says of which. */
struct check_outcome {
    const struct agreement_rule *rule;
    const struct agreement_outcome *outcome;
    bool otherwise;
};
/* Begin with {.rule = rule}; false when there is none left. */
bool check_next(struct check_outcome *at);

/* The checks, each over the whole agreement. */
void check_reach(struct checking *checking);
void check_contradictions(struct checking *checking);
void check_completeness(struct checking *checking);
void check_facts(struct checking *checking);
void check_expectations(struct checking *checking);
void check_sections(struct checking *checking);
void check_rounds(struct checking *checking);
void check_quotations(struct checking *checking);
void check_settings(struct checking *checking);

#endif
