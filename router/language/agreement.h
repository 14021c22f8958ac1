/*
 * The agreement as data: what the text of agreement.rules says, with every name resolved. The
 * language is described in samenloop-rules(5); what a rule brings about, router/core carries out.
 *
 * Everything here lives in the agreement's own arena: it is read-only once it has been read, and
 * goes with agreement_free. Lists are a pointer and a count; a count of 0 may go with NULL. Facts
 * and rules are indices into `facts` and `rules`; types are indices of the catalogue
 * (sl_type_at), sections bits (sl_section_bit), organisations and roles the catalogue's enums.
 */
#ifndef AGREEMENT_H
#define AGREEMENT_H

#include "schemas/catalogue.h"
#include "schemas/limits.h"

enum {
    AGREEMENT_TEXT_MAX = 2048 * 1024, /* bytes of a file */
    AGREEMENT_FINDINGS_MAX = 20,      /* told at once */
    AGREEMENT_RULES_MAX = 12 * 1024,
    AGREEMENT_FACTS_MAX = 64,
    AGREEMENT_DEPTH_MAX = 16,                  /* of conditions in conditions */
    AGREEMENT_QUOTATION_MAX = SL_MAX_SENTENCE, /* bytes of a clause's words: they travel */
    AGREEMENT_NUMBER_MAX = 9999                /* of a term, a tolerance, a version */
};

/* ---------------------------------------------------------------- small parts */

/* Where something stands in the file; both count from 1. */
struct agreement_place {
    int line;
    int column;
};

/* A fact's value, and what a test finds: unknown is a value like the others. */
enum agreement_value { AGREEMENT_UNKNOWN, AGREEMENT_YES, AGREEMENT_NO };

/* A set of types of the catalogue: bit n stands for sl_type_at(n). */
typedef uint64_t agreement_types;

static inline agreement_types agreement_type_bit(size_t type)
{
    return UINT64_C(1) << type;
}

struct agreement_indices { /* of rules or facts, in the order of the text */
    const int *items;
    size_t count;
};

struct agreement_names {
    const char *const *items;
    size_t count;
};

enum agreement_whom {
    AGREEMENT_PARTICIPANT,  /* `name` is "img" or "ncg" */
    AGREEMENT_OTHER,        /* the publisher's counterpart of img and ncg */
    AGREEMENT_PUBLISHER,    /* of the event */
    AGREEMENT_BOTH,         /* img and ncg, in this order; what they owe is one expectation */
    AGREEMENT_MUNICIPALITY, /* "gm" + the event's attribute municipality */
    AGREEMENT_NAMED_BY      /* the event's attribute `name` holds img, ncg or both; what both owe
                               by it is an expectation each */
};

struct agreement_who {
    enum agreement_whom whom;
    const char *name;
    enum sl_role role; /* never SL_NO_ROLE: back_office where the text names none */
};

/* ---------------------------------------------------------------- conditions */

enum agreement_test {
    AGREEMENT_ALL, /* of `parts`; holds when there are none */
    AGREEMENT_ANY,
    AGREEMENT_NONE,
    /*
     * `name` is one of the values. Where `fact` is not negative and the event's type has no
     * attribute `name` that says yes or no, the fact is asked; where there is only an attribute,
     * an absent one reads as unknown. `three` has bit n for value n; `codes` are other words.
     */
    AGREEMENT_IS,
    AGREEMENT_SAYS,           /* the same of the event's attribute alone */
    AGREEMENT_ASKED,          /* the same of an attribute of the event that is answered */
    AGREEMENT_NAMES,          /* the attribute `name` holds `who`'s organisation, or "both" */
    AGREEMENT_PUBLISHER_IS,   /* organisations: a set of enum sl_organisation */
    AGREEMENT_ROLE_IS,        /* `role` */
    AGREEMENT_EVENT_IS,       /* one of `types` */
    AGREEMENT_AWAITED,        /* the event answers an open expectation, of `rules` where named */
    AGREEMENT_AWAITS,         /* the house has an open expectation of `rules` for one of `types` */
    AGREEMENT_DISCLOSED,      /* a section of `sections` was ever disclosed to `who` */
    AGREEMENT_PURPOSE_AGREED, /* the event's purpose stands among the agreement's */
    AGREEMENT_SINCE,          /* accepted in or after the local day `day` */
    AGREEMENT_LISTED,         /* the house is on the joint team's list */
    AGREEMENT_OVERDUE,        /* the house has an open expectation that is overdue */
    AGREEMENT_INITIAL_LOAD    /* the event's attribute initial_load says yes */
};

struct agreement_condition {
    enum agreement_test test;
    bool negated; /* "is not", "not awaited"; not with all, any, none */
    const char *name;
    int fact; /* -1: none of this name */
    unsigned three;
    struct agreement_names codes;
    struct agreement_who who;
    unsigned organisations;
    enum sl_role role;
    agreement_types types;
    struct agreement_indices rules;
    uint32_t sections;
    int64_t day; /* days since 1970 */
    const struct agreement_condition *const *parts;
    size_t part_count;
    struct agreement_place place;
};

/* ---------------------------------------------------------------- outcomes */

enum agreement_unit { AGREEMENT_MINUTES, AGREEMENT_HOURS, AGREEMENT_WORKING_DAYS };

/*
 * Until when. Exactly one of the three names is set, or none; a term that would end before it
 * begins ends when it begins. `otherwise` is of `by` alone, where the event lacks the attribute.
 */
struct agreement_term {
    int count;
    enum agreement_unit unit;
    const char *after;      /* attribute with a date: `count` units after that day */
    const char *but_before; /* attribute with a date: no later than the begin of that day */
    const char *by;         /* attribute with a date: the end of that day; count is 0 */
    const struct agreement_term *otherwise;
    struct agreement_place place;
};

/* One level of escalation; the condition is asked at its moment, of facts and list. */
struct agreement_level {
    const struct agreement_who *to;
    size_t to_count;
    const struct agreement_condition *where; /* NULL: always */
};

/* A section that a forward discloses. */
struct agreement_disclosure {
    enum sl_section section;
    bool without_consent;
    const struct agreement_condition *where; /* NULL: always */
};

struct agreement_unknown { /* of "withhold ... naming" */
    const char *name;
    int fact; /* read as AGREEMENT_IS reads its name */
    const char *text;
};

struct agreement_statement { /* of "remember" */
    int fact;
    enum agreement_value value;
};

enum agreement_outcome_kind {
    AGREEMENT_REMEMBER, /* statements */
    AGREEMENT_FORWARD,  /* to, disclosures, text: logged when `to` takes no part, or NULL */
    AGREEMENT_INSTRUCT, /* to, what, about, carries_deadline */
    AGREEMENT_NOTIFY,   /* to, what, text or NULL, daily_on_initial_load */
    AGREEMENT_EXPECT,   /* to: who owes; receipt or types, about, met_by_either, term,
                           continuing, levels */
    AGREEMENT_JOIN,     /* rules, types: this event asks for that too */
    AGREEMENT_RELEASE,  /* the_question, or rules, types (0: whatever), from_publisher; text */
    AGREEMENT_WITHHOLD, /* text, unknowns */
    AGREEMENT_APPLY,    /* rules, continuing */
    AGREEMENT_RESTRICT, /* for the publisher */
    AGREEMENT_LIFT,     /* for the publisher */
    AGREEMENT_PRIORITISE /* the list's priority becomes the event's attribute priority */,
    AGREEMENT_LOG /* text, fact: whose event's number stands behind it, or -1 */
};

struct agreement_outcome {
    enum agreement_outcome_kind kind;
    const struct agreement_condition *only_if; /* NULL: always */
    struct agreement_who to;
    const struct agreement_statement *statements;
    size_t statement_count;
    const struct agreement_disclosure *disclosures;
    size_t disclosure_count;
    const char *text;
    const struct sl_derived *what;
    const char *about; /* attribute: another value of it is another question; or NULL. An
                          expectation has the one of the instruction that it belongs to */
    agreement_types types;
    const size_t *awaited; /* of an expectation: the types in the order of the text */
    size_t awaited_count;
    struct agreement_term term;
    const struct agreement_level *levels; /* never none for an expectation: where the text has no
                                             else, the incident officer of who owes */
    size_t level_count;
    struct agreement_indices rules;
    const struct agreement_unknown *unknowns;
    size_t unknown_count;
    const char *mark; /* where a term comes from: "assumed", "practice"; NULL: not said */
    int fact;
    bool carries_deadline; /* the next outcome is the expectation that this one belongs to */
    bool daily_on_initial_load;
    bool receipt; /* what is awaited is the receipt by `to` */
    bool met_by_either;
    bool continuing;
    bool the_question;
    bool from_publisher; /* only what the publisher owes */
    struct agreement_place place;
};

/* ---------------------------------------------------------------- rules and settings */

struct agreement_clause {
    const char *name; /* "C1" */
    const char *words;
    struct agreement_place place;
};

/* A fact that turned: it became `value`, or was it and is it no longer. */
struct agreement_turn {
    int fact;
    enum agreement_value value;
    bool ceases;
};

enum agreement_trigger { AGREEMENT_ON_EVENT, AGREEMENT_ON_TURN, AGREEMENT_ON_LIST };

struct agreement_rule {
    const char *name;
    const char *mark; /* its number in the rules table: "R01"; NULL: none */
    const struct agreement_clause *clauses;
    size_t clause_count; /* the log shows the first; 0 in small agreements */
    enum agreement_trigger trigger;
    agreement_types types;
    unsigned publishers; /* a set of enum sl_organisation; all three where the text names none */
    const struct agreement_turn *turns; /* any of them */
    size_t turn_count;
    const struct agreement_condition *condition; /* NULL: always */
    const struct agreement_outcome *outcomes;
    size_t outcome_count;
    const struct agreement_outcome *otherwise; /* when the trigger matches, the condition not */
    size_t otherwise_count;
    struct agreement_place place;
};

struct agreement_fact {
    const char *name;
    enum agreement_value start;
    struct agreement_place place;
};

struct agreement_participant {
    const char *name;
    bool optional;
};

struct agreement_purpose {
    const char *name;
    const char *basis; /* public_task, vital_interest, consent */
};

struct agreement_step { /* what answers `earlier` is answered by `later` too */
    size_t earlier;
    size_t later;
};

struct agreement_priority { /* of the joint team's list: the first that holds */
    int priority;
    const struct agreement_condition *condition;
};

struct agreement {
    const char *file; /* as messages name it */
    struct sl_bytes text;
    uint8_t hash[32]; /* SHA-256 of the text */
    const char *name; /* empty, version 0, in force from 0 where the text has no header */
    int version;
    int64_t in_force; /* ms since 1970 */
    int64_t review;   /* days since 1970; -1: not said */
    struct agreement_place place;

    const struct agreement_participant *participants;
    size_t participant_count;
    struct agreement_names area; /* "gm0014": what in_ncg_area is taken from */
    const int64_t *free_days;    /* days since 1970, ascending */
    size_t free_day_count;
    int64_t future_tolerance; /* ms; SL_FUTURE_TOLERANCE where the text says nothing */
    const struct agreement_purpose *purposes;
    size_t purpose_count;
    const struct agreement_step *steps;
    size_t step_count;
    const struct agreement_priority *priorities;
    size_t priority_count;
    int inform_residents; /* X5: working days; 0: off */

    const struct agreement_fact *facts;
    size_t fact_count;
    const struct agreement_rule *rules; /* in the file's order */
    size_t rule_count;

    /* The facts that gates of the core speak of; -1 where the text has none of the name. */
    int area_fact;       /* in_ncg_area */
    int consent_fact;    /* consents_to_data_exchange */
    int restricted_fact; /* restricted */

    agreement_types answering;   /* some rule awaits it, or the catalogue wants its causation */
    agreement_types role_tested; /* some rule for it tests the publisher's role */
};

/* ---------------------------------------------------------------- reading */

/*
 * Reads an agreement from its text; `file` is for messages only. Small, incomplete agreements are
 * read too: whether one is complete, agreement_check says (check.h). Gives 0 and *out, which the
 * caller frees; or -1, *out NULL, and in `findings` up to AGREEMENT_FINDINGS_MAX lines, each
 * "FILE:LINE:COLUMN: sentence\n". The text is copied.
 */
int agreement_read(struct agreement **out, const char *file, struct sl_bytes text,
                   struct sl_buffer *findings);

/* The same of a file; one that cannot be read gives a finding with its name. */
int agreement_load(struct agreement **out, const char *path, struct sl_buffer *findings);

void agreement_free(struct agreement *agreement); /* NULL is fine */

/* The index of the fact or rule with this name; -1: none. */
int agreement_fact_find(const struct agreement *agreement, struct sl_bytes name);
int agreement_rule_find(const struct agreement *agreement, struct sl_bytes name);

const char *agreement_value_name(enum agreement_value value); /* "yes", "no", "unknown" */

#endif
