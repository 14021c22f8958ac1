/*
 * Who takes part, and what they agreed: an agreement, read for the core (terms.c), and facts, which
 * the core numbers.
 */
#ifndef CORE_TERMS_H
#define CORE_TERMS_H

#include "router/core/core.h"
#include "schemas/directory.h"

struct occurrence;
struct guard;

enum { NOBODY = -1, BOTH = -2 }; /* beside the places of participants */

struct participant {
    char name[SL_NAME_SIZE];
    uint32_t roles;
    enum sl_organisation organisation;
};

int place_of(const struct core *core, struct sl_bytes name); /* of a participant; or NOBODY */
const char *place_name(const struct core *core, int place);  /* "both" for BOTH; NULL: NOBODY */

/*
 * Facts are numbered by the core, for as long as it lives: an agreement that comes later may know
 * others, and in another order. The first are the core's own, and never in the routing log.
 */
enum { RESTRICTED_BY_IMG, RESTRICTED_BY_NCG, TEAM_PRIORITY, ERASED, OWN_FACTS };
enum { FACTS = 256 };

/* The facts of a house at one moment: a value each. */
struct facts {
    uint8_t values[FACTS];
};

struct terms {
    struct terms *older; /* that held before; NULL: none */
    const struct agreement *agreement;
    uint8_t *facts; /* the core's number of each of the agreement's */
    int area;       /* facts that gates speak of; NOBODY: there is none */
    int consent;
    int restricted;
    uint8_t *grounds; /* that alone, being yes, put a house on the joint team's list */
    size_t ground_count;
    uint8_t *list_facts; /* by which the list is ordered */
    size_t list_fact_count;
    agreement_types prioritising; /* some rule for it sets the list's priority */
    agreement_types lifting;      /* some rule for it lifts a restriction */
    struct guard *by_type;        /* rules on events, in the file's order, by type */
    int16_t *attribute_facts;     /* guards_attribute_facts */
    size_t by_type_begin[65];
    uint16_t *on_turn;
    size_t on_turn_count;
    uint16_t *on_list;
    size_t on_list_count;
    bool *exempt;             /* a rule each: announces restrictions, which X1 lets through */
    const char **asked_names; /* attributes of a question that its answer's rules ask for */
    size_t asked_name_count;
    const struct inform *inform; /* X5 as a rule; NULL: off */
};

struct terms *terms_new(struct core *core, const struct agreement *agreement);
void terms_free(struct terms *terms);
/* The core's number of a fact by its name, which must outlive the core. */
uint8_t terms_fact(struct core *core, const char *name);
int fact_find(const struct core *core, struct sl_bytes name); /* NOBODY: none */
const char *fact_name(const struct core *core, uint8_t fact);

/* ---------------------------------------------------------------- inform.c */

/* X5, inform-resident, is written as a rule that the core brings along. */
struct inform *inform_new(const struct agreement *agreement); /* NULL: it is off */
void inform_free(const struct inform *inform);                /* NULL is fine */
const struct agreement_rule *inform_rule(const struct inform *inform);
/* Lets the publisher tell the resident, where this decision disclosed the resident's section. */
void inform_resident(struct core *core, const struct occurrence *event);

#endif
