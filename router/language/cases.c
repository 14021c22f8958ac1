#include "router/language/cases.h"

#include <string.h>

/* A question that a condition asks, and the answer that is being tried. */
enum asked { ASKED_FACT, ASKED_ATTRIBUTE, ASKED_ROLE, ASKED_RULE, ASKED_ANYTHING };

enum { QUESTIONS_MAX = 24, ANSWERS_MAX = 16, TRIES_MAX = 1 << 18 };

struct question {
    enum asked asked;
    int number;                                  /* of a fact or a rule */
    const char *name;                            /* of an attribute */
    const struct agreement_condition *condition; /* of anything else: the first that asks it */
    struct sl_bytes answers[ANSWERS_MAX];        /* of an attribute; "unknown" is absent */
    unsigned values;                             /* of a fact */
    size_t count;                                /* answers there are */
    size_t now;                                  /* the one that is tried */
};

struct trial {
    const struct cases *of;
    struct question questions[QUESTIONS_MAX];
    size_t count;
    bool too_many;
};

/* ---------------------------------------------------------------- what can be */

static unsigned stated(const struct agreement_outcome *outcomes, size_t count, int fact)
{
    unsigned values = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < outcomes[i].statement_count; j++) {
            if (outcomes[i].statements[j].fact == fact)
                values |= 1u << outcomes[i].statements[j].value;
        }
    }
    return values;
}

unsigned cases_fact_values(const struct agreement *agreement, int fact)
{
    const unsigned all = 1u << AGREEMENT_UNKNOWN | 1u << AGREEMENT_YES | 1u << AGREEMENT_NO;
    if (fact == agreement->area_fact)
        return all; /* the router takes it from the event's municipality */
    if (fact == agreement->restricted_fact)
        return 1u << AGREEMENT_YES | 1u << AGREEMENT_NO;
    unsigned values = 1u << agreement->facts[fact].start;
    for (size_t i = 0; i < agreement->rule_count; i++) {
        const struct agreement_rule *rule = &agreement->rules[i];
        values |= stated(rule->outcomes, rule->outcome_count, fact);
        values |= stated(rule->otherwise, rule->otherwise_count, fact);
    }
    return values;
}

static bool awaits(const struct agreement_outcome *outcomes, size_t count, agreement_types types)
{
    for (size_t i = 0; i < count; i++) {
        if (outcomes[i].kind == AGREEMENT_EXPECT && (outcomes[i].types & types) != 0)
            return true;
    }
    return false;
}

bool cases_awaits(const struct agreement *agreement, int rule, agreement_types types)
{
    const struct agreement_rule *of = &agreement->rules[rule];
    return awaits(of->outcomes, of->outcome_count, types) ||
           awaits(of->otherwise, of->otherwise_count, types);
}

agreement_types cases_answered_by(const struct agreement *agreement, size_t type)
{
    agreement_types types = agreement_type_bit(type);
    for (size_t i = 0; i < agreement->step_count; i++) {
        if (agreement->steps[i].later == type)
            types |= agreement_type_bit(agreement->steps[i].earlier);
    }
    return types;
}

/* ---------------------------------------------------------------- which questions there are */

static bool same_indices(struct agreement_indices a, struct agreement_indices b)
{
    return a.count == b.count &&
           (a.count == 0 || memcmp(a.items, b.items, a.count * sizeof *a.items) == 0);
}

/* Do two tests that are not taken apart ask the same? */
static bool same_test(const struct agreement_condition *a, const struct agreement_condition *b)
{
    return a->test == b->test && a->types == b->types && a->day == b->day &&
           a->sections == b->sections && a->organisations == b->organisations &&
           a->three == b->three && a->who.whom == b->who.whom && same_indices(a->rules, b->rules) &&
           (a->name == NULL || b->name == NULL ? a->name == b->name
                                               : strcmp(a->name, b->name) == 0);
}

static bool same_question(const struct question *a, const struct question *b)
{
    if (a->asked != b->asked || a->number != b->number)
        return false;
    if (a->asked == ASKED_ATTRIBUTE)
        return strcmp(a->name, b->name) == 0;
    return a->asked != ASKED_ANYTHING || same_test(a->condition, b->condition);
}

static struct question *find(struct trial *trial, const struct question *asked)
{
    for (size_t i = 0; i < trial->count; i++) {
        if (same_question(&trial->questions[i], asked))
            return &trial->questions[i];
    }
    return NULL;
}

static void add(struct trial *trial, const struct question *asked)
{
    if (find(trial, asked) != NULL)
        return;
    if (trial->count == QUESTIONS_MAX)
        trial->too_many = true;
    else
        trial->questions[trial->count++] = *asked;
}

static void ask_fact(struct trial *trial, int fact)
{
    struct question asked = {.asked = ASKED_FACT, .number = fact};
    asked.values = cases_fact_values(trial->of->agreement, fact);
    for (int i = AGREEMENT_UNKNOWN; i <= AGREEMENT_NO; i++)
        asked.count += (asked.values >> i) & 1;
    add(trial, &asked);
}

static void answer(struct question *asked, const char *text, size_t size)
{
    if (asked->count < ANSWERS_MAX)
        asked->answers[asked->count++] = sl_bytes(text, size);
}

static void answer_codes(struct question *asked, const char *codes)
{
    while (codes != NULL && *codes != '\0') {
        size_t size = strcspn(codes, "|");
        answer(asked, codes, size);
        codes += size + (codes[size] == '|');
    }
}

static const struct sl_field *attribute(const struct trial *trial, const char *name)
{
    const struct sl_type *type = trial->of->type;
    return type == NULL || name == NULL ? NULL : sl_type_attribute(type, sl_text(name));
}

static void ask_attribute(struct trial *trial, const char *name)
{
    const struct sl_field *field = attribute(trial, name);
    if (field == NULL)
        return; /* of another type that the rule speaks of: it reads as unknown */
    struct question asked = {.asked = ASKED_ATTRIBUTE, .name = name};
    bool yes_no = field->kind == SL_KIND_YES_NO || field->kind == SL_KIND_YES_NO_UNKNOWN;
    answer_codes(&asked, yes_no ? "yes|no" : field->values);
    if (field->kind == SL_KIND_WORD)
        answer(&asked, "?", 1); /* a word that the catalogue does not list */
    if (!field->required)
        answer_codes(&asked, "unknown");
    if (asked.count > 0)
        add(trial, &asked);
}

static void ask_awaited(struct trial *trial)
{
    const struct agreement *agreement = trial->of->agreement;
    agreement_types types = cases_answered_by(agreement, sl_type_index(trial->of->type));
    for (int i = 0; i < (int)agreement->rule_count; i++) {
        struct question asked = {.asked = ASKED_RULE, .number = i, .count = 2};
        if (cases_awaits(agreement, i, types))
            add(trial, &asked);
    }
}

static void collect(struct trial *trial, const struct agreement_condition *condition)
{
    const struct agreement *agreement = trial->of->agreement;
    const struct question anything = {.asked = ASKED_ANYTHING, .condition = condition, .count = 2};
    const struct question role = {.asked = ASKED_ROLE, .count = SL_ROLES - SL_BACK_OFFICE};
    switch (condition->test) {
    case AGREEMENT_ALL:
    case AGREEMENT_ANY:
    case AGREEMENT_NONE:
        for (size_t i = 0; i < condition->part_count; i++)
            collect(trial, condition->parts[i]);
        return;
    case AGREEMENT_IS:
        if (condition->fact >= 0)
            ask_fact(trial, condition->fact);
        ask_attribute(trial, condition->name);
        return;
    case AGREEMENT_SAYS:
    case AGREEMENT_NAMES:
    case AGREEMENT_PURPOSE_AGREED:
        ask_attribute(trial, condition->name);
        return;
    case AGREEMENT_LISTED:
        for (size_t i = 0; i < agreement->priority_count; i++)
            collect(trial, agreement->priorities[i].condition);
        return;
    case AGREEMENT_ROLE_IS:
        add(trial, &role);
        return;
    case AGREEMENT_AWAITED:
        if (trial->of->type != NULL)
            ask_awaited(trial);
        else
            add(trial, &anything);
        return;
    case AGREEMENT_PUBLISHER_IS:
    case AGREEMENT_EVENT_IS:
        if (trial->of->type == NULL)
            add(trial, &anything);
        return;
    case AGREEMENT_ASKED:
    case AGREEMENT_AWAITS:
    case AGREEMENT_DISCLOSED:
    case AGREEMENT_SINCE:
    case AGREEMENT_OVERDUE:
    case AGREEMENT_INITIAL_LOAD:
        add(trial, &anything);
        return;
    }
}

/* ---------------------------------------------------------------- one case */

static enum agreement_value fact_now(struct trial *trial, int fact)
{
    const struct question asked = {.asked = ASKED_FACT, .number = fact};
    const struct question *found = find(trial, &asked);
    size_t skip = found->now;
    for (int i = AGREEMENT_UNKNOWN; i <= AGREEMENT_NO; i++) {
        if (((found->values >> i) & 1) != 0 && skip-- == 0)
            return (enum agreement_value)i;
    }
    return AGREEMENT_UNKNOWN;
}

static struct sl_bytes attribute_now(struct trial *trial, const char *name)
{
    const struct question asked = {.asked = ASKED_ATTRIBUTE, .name = name};
    const struct question *found = name == NULL ? NULL : find(trial, &asked);
    return found == NULL ? sl_text("unknown") : found->answers[found->now];
}

static bool among(const struct agreement_condition *condition, struct sl_bytes value)
{
    for (int i = AGREEMENT_UNKNOWN; i <= AGREEMENT_NO; i++) {
        if ((condition->three & 1u << i) != 0 &&
            sl_bytes_is(value, agreement_value_name((enum agreement_value)i)))
            return true;
    }
    for (size_t i = 0; i < condition->codes.count; i++) {
        if (sl_bytes_is(value, condition->codes.items[i]))
            return true;
    }
    return false;
}

static bool is(struct trial *trial, const struct agreement_condition *condition)
{
    struct sl_bytes value = attribute_now(trial, condition->name);
    bool says = sl_bytes_is(value, "yes") || sl_bytes_is(value, "no");
    if (condition->test == AGREEMENT_IS && condition->fact >= 0 && !says)
        value = sl_text(agreement_value_name(fact_now(trial, condition->fact)));
    return among(condition, value);
}

static bool names(struct trial *trial, const struct agreement_condition *condition)
{
    struct sl_bytes value = attribute_now(trial, condition->name);
    enum sl_organisation publisher = trial->of->publisher;
    if (sl_bytes_is(value, "both"))
        return true;
    if (condition->who.whom == AGREEMENT_PARTICIPANT)
        return sl_bytes_is(value, condition->who.name);
    bool other = condition->who.whom == AGREEMENT_OTHER;
    return sl_bytes_is(value, (publisher == SL_IMG) == other ? "ncg" : "img");
}

static bool agreed(struct trial *trial, const struct agreement_condition *condition)
{
    struct sl_bytes value = attribute_now(trial, condition->name);
    const struct agreement *agreement = trial->of->agreement;
    for (size_t i = 0; i < agreement->purpose_count; i++) {
        if (sl_bytes_is(value, agreement->purposes[i].name))
            return true;
    }
    return false;
}

static bool awaited(struct trial *trial, const struct agreement_condition *condition)
{
    for (size_t i = 0; i < trial->count; i++) {
        const struct question *question = &trial->questions[i];
        bool named = condition->rules.count == 0;
        for (size_t j = 0; j < condition->rules.count; j++)
            named = named || condition->rules.items[j] == question->number;
        if (question->asked == ASKED_RULE && question->now == 1 && named)
            return true;
    }
    return false;
}

static bool anything(struct trial *trial, const struct agreement_condition *condition)
{
    const struct question asked = {.asked = ASKED_ANYTHING, .condition = condition};
    return find(trial, &asked)->now == 1;
}

static bool holds(struct trial *trial, const struct agreement_condition *condition);

static bool any_part(struct trial *trial, const struct agreement_condition *group, bool wanted)
{
    for (size_t i = 0; i < group->part_count; i++) {
        if (holds(trial, group->parts[i]) == wanted)
            return true;
    }
    return false;
}

static bool listed(struct trial *trial)
{
    const struct agreement *agreement = trial->of->agreement;
    for (size_t i = 0; i < agreement->priority_count; i++) {
        if (holds(trial, agreement->priorities[i].condition))
            return true;
    }
    return false;
}

static bool test_holds(struct trial *trial, const struct agreement_condition *condition)
{
    const struct cases *of = trial->of;
    const struct question role = {.asked = ASKED_ROLE};
    switch (condition->test) {
    case AGREEMENT_ALL:
        return !any_part(trial, condition, false);
    case AGREEMENT_ANY:
        return any_part(trial, condition, true);
    case AGREEMENT_NONE:
        return !any_part(trial, condition, true);
    case AGREEMENT_IS:
    case AGREEMENT_SAYS:
        return is(trial, condition);
    case AGREEMENT_NAMES:
        return names(trial, condition);
    case AGREEMENT_PURPOSE_AGREED:
        return agreed(trial, condition);
    case AGREEMENT_LISTED:
        return listed(trial);
    case AGREEMENT_ROLE_IS:
        return find(trial, &role)->now + SL_BACK_OFFICE == (size_t)condition->role;
    case AGREEMENT_PUBLISHER_IS:
        return of->type == NULL ? anything(trial, condition)
                                : (condition->organisations & of->publisher) != 0;
    case AGREEMENT_EVENT_IS:
        return of->type == NULL
                   ? anything(trial, condition)
                   : (condition->types & agreement_type_bit(sl_type_index(of->type))) != 0;
    case AGREEMENT_AWAITED:
        return of->type == NULL ? anything(trial, condition) : awaited(trial, condition);
    case AGREEMENT_ASKED:
    case AGREEMENT_AWAITS:
    case AGREEMENT_DISCLOSED:
    case AGREEMENT_SINCE:
    case AGREEMENT_OVERDUE:
    case AGREEMENT_INITIAL_LOAD:
        return anything(trial, condition);
    }
    return false;
}

static bool holds(struct trial *trial, const struct agreement_condition *condition)
{
    return test_holds(trial, condition) != condition->negated;
}

/* ---------------------------------------------------------------- all cases */

/* The next case; false when there is none. */
static bool next(struct trial *trial)
{
    for (size_t i = 0; i < trial->count; i++) {
        if (++trial->questions[i].now < trial->questions[i].count)
            return true;
        trial->questions[i].now = 0;
    }
    return false;
}

enum cases_answer cases_find(const struct cases *cases, const struct agreement_condition *condition)
{
    struct trial trial = {.of = cases};
    if (condition == NULL)
        return CASES_SOME;
    collect(&trial, condition);
    size_t tries = 1;
    for (size_t i = 0; i < trial.count && tries <= TRIES_MAX; i++)
        tries *= trial.questions[i].count;
    if (trial.too_many || tries > TRIES_MAX)
        return CASES_TOO_MANY;
    do {
        if (holds(&trial, condition))
            return CASES_SOME;
    } while (next(&trial));
    return CASES_NONE;
}
