/* The gates around a forward: X1 restricted, X2 consent, X3 minimise, X4 role. */
#include "router/core/outcomes.h"
#include "router/core/state.h"

#include <string.h>

enum sl_role role_in_fact(const struct core *core, int to, enum sl_role role)
{
    return (core->participants[to].roles & 1u << role) != 0 ? role : SL_BACK_OFFICE;
}

enum sl_role gate_role(struct core *core, const struct core_source *event, int to,
                       enum sl_role role)
{
    enum sl_role told = role_in_fact(core, to, role);
    if ((core->participants[to].roles & 1u << role) != 0)
        return told;
    uint32_t key = (uint32_t)to << 8 | (uint32_t)role;
    for (size_t i = 0; i < core->making.unheld.count; i++) {
        if (core->making.unheld.items[i] == key)
            return told;
    }
    *LIST_ADD(&core->making.unheld) = key;
    line_add(core, event, CORE_LOGGED, "role", NULL)->detail = "role without holder";
    return told;
}

bool gate_restricted(const struct core *core, const struct occurrence *event, uint32_t sections,
                     bool exempt)
{
    int restricted = core->terms->restricted;
    return (sections & event->sections) != 0 && !event->erased &&
           event->gist.lane != SL_LANE_ACUTE && !exempt && restricted >= 0 &&
           core->making.before.values[restricted] == AGREEMENT_YES;
}

static void withhold_restricted(struct core *core, const struct occurrence *event)
{
    bool img = core->making.before.values[RESTRICTED_BY_IMG] == AGREEMENT_YES;
    bool ncg = core->making.before.values[RESTRICTED_BY_NCG] == AGREEMENT_YES;
    struct core_line *line = line_add(core, &event->source, CORE_WITHHELD, "restricted", NULL);
    line->to = event->source.from;
    line->detail = img && ncg ? "restricted by img and ncg's contact person"
                   : img      ? "restricted by img's contact person"
                              : "restricted by ncg's contact person";
}

/* What this event has gone to this role so far, from now on. */
static struct route *route_of(struct core *core, int to, enum sl_role role, bool *fresh)
{
    for (size_t i = 0; i < core->making.routes.count; i++) {
        struct route *route = &core->making.routes.items[i];
        if (route->to == to && route->role == role) {
            *fresh = false;
            return route;
        }
    }
    struct route *route = LIST_ADD(&core->making.routes);
    *route = (struct route){.to = to, .role = role};
    *fresh = true;
    return route;
}

static void add_reason(struct core *core, struct core_delivery *delivery, const char *rule,
                       const struct agreement_clause *clause)
{
    for (size_t i = 0; i < delivery->reason_count; i++) {
        if (strcmp(delivery->reasons[i].rule, rule) == 0)
            return;
    }
    struct core_reason *reasons = making_alloc(core,
                                               (delivery->reason_count + 1) * sizeof *reasons);
    memcpy(reasons, delivery->reasons, delivery->reason_count * sizeof *reasons);
    reasons[delivery->reason_count] = reason_of(rule, clause);
    delivery->reasons = reasons;
    delivery->reason_count++;
}

/* Rules that forward the same event to the same role make one delivery. */
static void deliver(struct core *core, const struct occurrence *event,
                    const struct forward *forward, const struct route *route, bool fresh)
{
    struct core_delivery *delivery = NULL;
    if (fresh)
        delivery = delivery_add(core, &event->source, event->gist.lane, route->to, route->role,
                                NULL, forward->rule, forward->clause);
    for (size_t i = 0; delivery == NULL && i < core->making.deliveries.count; i++) {
        struct core_delivery *other = &core->making.deliveries.items[i];
        if (other->what == NULL && other->receiver == route->to && other->role == route->role)
            delivery = other;
    }
    if (delivery == NULL)
        return;
    if (!fresh)
        add_reason(core, delivery, forward->rule, forward->clause);
    delivery->sections = route->sections;
}

static const char *section_names(struct core *core, uint32_t sections)
{
    size_t size = 0;
    char *names = making_alloc(core, SL_SECTIONS * 16);
    for (int i = SL_LOCATION; i < SL_ORIGIN; i++) {
        if ((sections & sl_section_bit((enum sl_section)i)) == 0)
            continue;
        const char *name = sl_section_name((enum sl_section)i);
        if (size > 0)
            names[size++] = ',';
        memcpy(names + size, name, strlen(name));
        size += strlen(name);
    }
    names[size] = '\0';
    return names;
}

static void note_disclosed(struct core *core, uint32_t subject, int to, uint32_t sections)
{
    enum sl_organisation organisation = core->participants[to].organisation;
    size_t slot = organisation == SL_IMG ? 0 : organisation == SL_NCG ? 1 : 2;
    subject_at(core, subject)->disclosed[slot] |= (uint16_t)sections;
}

void gate_forward(struct core *core, const struct occurrence *event, const struct forward *forward)
{
    const uint32_t resident = sl_section_bit(SL_RESIDENT), note = sl_section_bit(SL_NOTE);
    if (gate_restricted(core, event, forward->sections, forward->exempt)) {
        withhold_restricted(core, event);
        return;
    }
    bool fresh = false;
    enum sl_role role = gate_role(core, &event->source, forward->to, forward->role);
    struct route *route = route_of(core, forward->to, role, &fresh);
    uint32_t sections = event->erased ? 0 : forward->sections & event->sections;
    int consent = core->terms->consent;
    bool consents = consent >= 0 && core->making.before.values[consent] == AGREEMENT_YES;
    if (!consents) {
        uint32_t behind = sections & resident & ~forward->without_consent;
        route->without_consent |= behind;
        sections &= ~behind;
    }
    if (role != forward->role && event->gist.lane != SL_LANE_ACUTE) {
        uint32_t behind = sections & (resident | note);
        route->without_holder |= behind;
        sections &= ~behind;
    }
    route->sections |= sections;
    struct core_line *line = line_add(core, &event->source, CORE_FORWARDED, forward->rule,
                                      forward->clause);
    line->to = place_name(core, forward->to);
    line->role = role;
    line->what = section_names(core, sections);
    deliver(core, event, forward, route, fresh);
    note_disclosed(core, event->subject, forward->to, sections);
}

static void strip(struct core *core, const struct occurrence *event, const struct route *route,
                  uint32_t sections, const char *gate, const char *detail)
{
    if (sections == 0)
        return;
    struct core_line *line = line_add(core, &event->source, CORE_STRIPPED, gate, NULL);
    line->to = place_name(core, route->to);
    line->role = route->role;
    line->what = section_names(core, sections);
    line->detail = detail;
}

void gate_strip(struct core *core, const struct occurrence *event)
{
    uint32_t all = event->sections & ~sl_section_bit(SL_ORIGIN);
    for (size_t i = 0; i < core->making.routes.count; i++) {
        const struct route *route = &core->making.routes.items[i];
        uint32_t rest = all & ~route->sections;
        uint32_t consent = rest & route->without_consent;
        uint32_t holder = rest & ~consent & route->without_holder;
        strip(core, event, route, consent, "resident-needs-consent",
              "resident section withheld: no consent on record");
        strip(core, event, route, holder, "role", "role without holder");
        strip(core, event, route, rest & ~consent & ~holder, "minimise",
              "not disclosed by the rule");
    }
}
