/*
 * Conditions: trees of tests over what an event says, what is known of its house, and what is
 * awaited there. Every test holds for the values that it names only; unknown is one of them.
 */
#include "router/core/guards.h"
#include "router/core/conditions.h"
#include "router/core/state.h"

#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------- names and values */

/* The bit of yes, no or unknown; 0: another word. */
static unsigned three_bit(struct sl_bytes value)
{
    static const struct {
        const char *name;
        size_t size;
    } names[] = {[AGREEMENT_UNKNOWN] = {"unknown", 7},
                 [AGREEMENT_YES] = {"yes", 3},
                 [AGREEMENT_NO] = {"no", 2}};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (value.size == names[i].size && memcmp(value.data, names[i].name, value.size) == 0)
            return 1u << i;
    }
    return 0;
}

static bool yes_or_no(struct sl_bytes value)
{
    return (three_bit(value) & (1u << AGREEMENT_YES | 1u << AGREEMENT_NO)) != 0;
}

static struct sl_bytes attribute(const struct view *view, const char *name)
{
    if (view->event == NULL || view->facts_only)
        return sl_bytes(NULL, 0);
    return sl_header_attribute(view->event->header, name);
}

struct sl_bytes view_value(const struct view *view, const char *name, int fact)
{
    struct sl_bytes said = attribute(view, name);
    if (fact >= 0 && !yes_or_no(said)) {
        uint8_t value = view->facts->values[view->terms->facts[fact]];
        return sl_text(agreement_value_name((enum agreement_value)value));
    }
    return said.size > 0 ? said : sl_text(agreement_value_name(AGREEMENT_UNKNOWN));
}

static bool among(const struct agreement_condition *condition, struct sl_bytes value)
{
    if ((condition->three & three_bit(value)) != 0)
        return true;
    for (size_t i = 0; i < condition->codes.count; i++) {
        if (sl_bytes_is(value, condition->codes.items[i]))
            return true;
    }
    return false;
}

static bool is(const struct view *view, const struct agreement_condition *condition)
{
    if (view->said != NULL && !view->facts_only && condition->fact >= 0)
        return (condition->three & view->said->slots[condition->fact]) != 0;
    bool only_fact = condition->fact >= 0 && !yes_or_no(attribute(view, condition->name));
    if (!only_fact)
        return among(condition, view_value(view, condition->name, -1));
    uint8_t value = view->facts->values[view->terms->facts[condition->fact]];
    return (condition->three & 1u << value) != 0;
}

static bool says(const struct view *view, const struct agreement_condition *condition)
{
    return among(condition, view_value(view, condition->name, -1));
}

static bool asked(const struct view *view, const struct agreement_condition *condition)
{
    const char *at = view->answers.count > 0 ? view->answers.items[0].asked : NULL;
    const char *value = agreement_value_name(AGREEMENT_UNKNOWN);
    while (at != NULL && *at != '\0') {
        const char *said = at + strlen(at) + 1;
        if (strcmp(at, condition->name) == 0)
            value = said;
        at = said + strlen(said) + 1;
    }
    return among(condition, sl_text(value));
}

/* ---------------------------------------------------------------- who */

static int other(const struct core *core, enum sl_organisation organisation)
{
    return organisation == SL_IMG ? core->ncg : organisation == SL_NCG ? core->img : NOBODY;
}

static int municipality(const struct core *core, struct sl_bytes code)
{
    char name[SL_NAME_SIZE];
    if (code.size != 4)
        return NOBODY;
    (void)snprintf(name, sizeof name, "gm%.4s", (const char *)code.data);
    return place_of(core, sl_text(name));
}

static size_t both(const struct core *core, int places[2])
{
    size_t count = 0;
    if (core->img >= 0)
        places[count++] = core->img;
    if (core->ncg >= 0)
        places[count++] = core->ncg;
    return count;
}

static size_t one(int place, int places[2])
{
    places[0] = place;
    return place >= 0 ? 1 : 0;
}

size_t view_who(const struct view *view, const struct agreement_who *who, int places[2])
{
    const struct core *core = view->core;
    const struct occurrence *event = view->event;
    switch (who->whom) {
    case AGREEMENT_PARTICIPANT:
        return one(place_of(core, sl_text(who->name)), places);
    case AGREEMENT_OTHER:
        return one(event != NULL ? other(core, event->organisation) : NOBODY, places);
    case AGREEMENT_PUBLISHER:
        return one(event != NULL ? event->gist.publisher : NOBODY, places);
    case AGREEMENT_BOTH:
        return both(core, places);
    case AGREEMENT_MUNICIPALITY:
        return one(municipality(core, attribute(view, "municipality")), places);
    case AGREEMENT_NAMED_BY:
        break;
    }
    struct sl_bytes name = attribute(view, who->name);
    return sl_bytes_is(name, "both") ? both(core, places) : one(place_of(core, name), places);
}

static bool names(const struct view *view, const struct agreement_condition *condition)
{
    struct agreement_who named = {.whom = AGREEMENT_NAMED_BY, .name = condition->name};
    int has[2], wanted[2];
    size_t has_count = view_who(view, &named, has);
    size_t wanted_count = view_who(view, &condition->who, wanted);
    for (size_t i = 0; i < has_count; i++) {
        for (size_t k = 0; k < wanted_count; k++) {
            if (has[i] == wanted[k])
                return true;
        }
    }
    return false;
}

/* ---------------------------------------------------------------- what is awaited */

static bool rule_among(const struct terms *terms, const struct agreement_indices *rules,
                       const char *name)
{
    for (size_t i = 0; i < rules->count; i++) {
        if (strcmp(terms->agreement->rules[rules->items[i]].name, name) == 0)
            return true;
    }
    return rules->count == 0;
}

static bool awaited(const struct view *view, const struct agreement_condition *condition)
{
    for (size_t i = 0; i < view->answers.count; i++) {
        if (rule_among(view->terms, &condition->rules, view->answers.items[i].rule))
            return true;
    }
    return false;
}

static uint32_t first_obligation(const struct view *view)
{
    return view->subject != 0 ? subject_at(view->core, view->subject)->obligations : 0;
}

static bool awaits(const struct view *view, const struct agreement_condition *condition)
{
    for (uint32_t at = first_obligation(view); at != 0; at = obligation_at(view->core, at)->next) {
        const struct obligation *open = obligation_at(view->core, at);
        if ((open->basis->outcome->types & condition->types) != 0 &&
            rule_among(view->terms, &condition->rules, open->basis->rule->name))
            return true;
    }
    return false;
}

bool obligation_meant(const struct view *view, const struct agreement_outcome *outcome,
                      uint32_t handle)
{
    const struct obligation *open = obligation_at(view->core, handle);
    if (outcome->types != 0 && (open->basis->outcome->types & outcome->types) == 0)
        return false;
    if (outcome->from_publisher && open->owner != view->event->gist.publisher)
        return false;
    return rule_among(view->terms, &outcome->rules, open->basis->rule->name);
}

static bool overdue(const struct view *view, const struct agreement_condition *condition)
{
    (void)condition;
    for (uint32_t at = first_obligation(view); at != 0; at = obligation_at(view->core, at)->next) {
        if (obligation_at(view->core, at)->overdue)
            return true;
    }
    return false;
}

static bool disclosed(const struct view *view, const struct agreement_condition *condition)
{
    int places[2];
    size_t count = view_who(view, &condition->who, places);
    if (view->subject == 0)
        return false;
    const struct subject *subject = subject_at(view->core, view->subject);
    for (size_t i = 0; i < count; i++) {
        enum sl_organisation organisation = view->core->participants[places[i]].organisation;
        size_t slot = organisation == SL_IMG ? 0 : organisation == SL_NCG ? 1 : 2;
        if ((subject->disclosed[slot] & condition->sections) != 0)
            return true;
    }
    return false;
}

/* ---------------------------------------------------------------- other tests */

static bool publisher_is(const struct view *view, const struct agreement_condition *condition)
{
    return view->event != NULL &&
           (condition->organisations & (unsigned)view->event->organisation) != 0;
}

static bool role_is(const struct view *view, const struct agreement_condition *condition)
{
    return view->event != NULL && view->event->role == condition->role;
}

static bool event_is(const struct view *view, const struct agreement_condition *condition)
{
    return view->event != NULL &&
           (condition->types & agreement_type_bit(view->event->gist.type)) != 0;
}

static bool purpose_agreed(const struct view *view, const struct agreement_condition *condition)
{
    (void)condition;
    struct sl_bytes purpose = attribute(view, "purpose");
    for (size_t i = 0; i < view->terms->agreement->purpose_count; i++) {
        if (sl_bytes_is(purpose, view->terms->agreement->purposes[i].name))
            return true;
    }
    return false;
}

static bool since(const struct view *view, const struct agreement_condition *condition)
{
    return view->event != NULL && calendar_local_day(view->event->at) >= condition->day;
}

static bool listed(const struct view *view, const struct agreement_condition *condition)
{
    (void)condition;
    uint32_t grounds = 0;
    int priority = 0;
    list_entry(view, &grounds, &priority);
    return priority > 0;
}

static bool initial_load(const struct view *view, const struct agreement_condition *condition)
{
    (void)condition;
    return view->event != NULL && view->event->header->initial_load;
}

static bool all(const struct view *view, const struct agreement_condition *condition)
{
    for (size_t i = 0; i < condition->part_count; i++) {
        if (!condition_holds(view, condition->parts[i]))
            return false;
    }
    return true;
}

static bool any(const struct view *view, const struct agreement_condition *condition)
{
    for (size_t i = 0; i < condition->part_count; i++) {
        if (condition_holds(view, condition->parts[i]))
            return true;
    }
    return false;
}

static bool none(const struct view *view, const struct agreement_condition *condition)
{
    return !any(view, condition);
}

bool condition_holds(const struct view *view, const struct agreement_condition *condition)
{
    static bool (*const tests[])(const struct view *, const struct agreement_condition *) = {
        [AGREEMENT_ALL] = all,
        [AGREEMENT_ANY] = any,
        [AGREEMENT_NONE] = none,
        [AGREEMENT_IS] = is,
        [AGREEMENT_SAYS] = says,
        [AGREEMENT_ASKED] = asked,
        [AGREEMENT_NAMES] = names,
        [AGREEMENT_PUBLISHER_IS] = publisher_is,
        [AGREEMENT_ROLE_IS] = role_is,
        [AGREEMENT_EVENT_IS] = event_is,
        [AGREEMENT_AWAITED] = awaited,
        [AGREEMENT_AWAITS] = awaits,
        [AGREEMENT_DISCLOSED] = disclosed,
        [AGREEMENT_PURPOSE_AGREED] = purpose_agreed,
        [AGREEMENT_SINCE] = since,
        [AGREEMENT_LISTED] = listed,
        [AGREEMENT_OVERDUE] = overdue,
        [AGREEMENT_INITIAL_LOAD] = initial_load,
    };
    return condition == NULL || tests[condition->test](view, condition) != condition->negated;
}

/* ---------------------------------------------------------------- the joint team's list */

void list_entry(const struct view *view, uint32_t *grounds, int *priority)
{
    const struct terms *terms = view->terms;
    struct view of_facts = *view;
    of_facts.facts_only = true;
    *grounds = 0;
    for (size_t i = 0; i < terms->ground_count; i++) {
        if (view->facts->values[terms->grounds[i]] == AGREEMENT_YES)
            *grounds |= 1u << i;
    }
    *priority = 0;
    for (size_t i = 0; i < terms->agreement->priority_count && *priority == 0; i++) {
        if (condition_holds(&of_facts, terms->agreement->priorities[i].condition))
            *priority = terms->agreement->priorities[i].priority;
    }
    if (*priority > 0 && view->facts->values[TEAM_PRIORITY] > 0)
        *priority = view->facts->values[TEAM_PRIORITY];
}
