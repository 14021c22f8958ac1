/*
 * Can a condition hold? All cases are tried of what it asks: a fact has the values that some rule
 * gives it, an attribute those of the catalogue, whatever else is asked can be so or not.
 */
#ifndef AGREEMENT_CASES_H
#define AGREEMENT_CASES_H

#include "router/language/agreement.h"

/* What the cases are of: an event of a type by a publisher, or (type NULL) no event in particular.
 */
struct cases {
    const struct agreement *agreement;
    const struct sl_type *type;
    enum sl_organisation publisher;
};

enum cases_answer { CASES_NONE, CASES_SOME, CASES_TOO_MANY };

/* Is there a case in which the condition holds? NULL holds always. */
enum cases_answer cases_find(const struct cases *cases,
                             const struct agreement_condition *condition);

/* The values (bit n for value n) that a fact ever has. */
unsigned cases_fact_values(const struct agreement *agreement, int fact);

/* Does the rule have an expectation for one of the types? */
bool cases_awaits(const struct agreement *agreement, int rule, agreement_types types);

/* The types that an event of this type can answer: its own, and earlier steps. */
agreement_types cases_answered_by(const struct agreement *agreement, size_t type);

#endif
