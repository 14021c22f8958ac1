/* Looking up the names of an agreement; what is shared among the files resolve*.c. */
#ifndef AGREEMENT_RESOLVE_H
#define AGREEMENT_RESOLVE_H

#include "router/language/raw.h"

/* Where a name stands decides what it can mean. */
struct scope {
    struct reader *reader;
    const struct agreement *agreement;
    agreement_types types; /* of the rule's trigger; 0: nothing has attributes here */
    bool event;            /* there is an event that can be asked */
};

/* Each gives -1, NULL or an empty set, with a finding, where the word is none of its kind. */
int resolve_type(const struct scope *scope, const struct raw_word *word);
agreement_types resolve_types(const struct scope *scope, struct raw_list words);
int resolve_fact(const struct scope *scope, const struct raw_word *word);
struct agreement_indices resolve_rules(const struct scope *scope, struct raw_list words);
enum sl_section resolve_section(const struct scope *scope, const struct raw_word *word);
enum sl_role resolve_role(const struct scope *scope, const struct raw_word *word);
unsigned resolve_organisations(const struct scope *scope, struct raw_list words);
const struct sl_derived *resolve_derived(const struct scope *scope, const struct raw_word *word,
                                         enum sl_derived_kind kind);
struct agreement_who resolve_who(const struct scope *scope, const struct raw_word *word);
/* The attribute with a date. */
const char *resolve_date_attribute(const struct scope *scope, const struct raw_word *word);

/* The first attribute of this name among the types; NULL without a finding: none has it. */
const struct sl_field *attribute_of(agreement_types types, const char *name);
/* A name that is a fact (*fact), an attribute (given back) or both; a finding where neither. */
const struct sl_field *resolve_name(const struct scope *scope, const struct raw_word *word,
                                    int *fact);

/* NULL for NULL. */
const struct agreement_condition *resolve_condition(const struct scope *scope,
                                                    const struct raw_condition *raw);
const struct agreement_outcome *resolve_outcomes(const struct scope *scope, struct raw_list raw);

#endif
