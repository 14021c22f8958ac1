/*
 * Corrections (X9 to X11) and withdrawals (X12).
 *
 * A corrected event is planned twice on the facts as they stand without its own statements: with
 * the content that it had, and with the content that it gets. What only the first brings about
 * goes, what only the second brings about comes, all else stays as it is.
 */
#include "router/core/outcomes.h"
#include "router/core/past.h"
#include "router/core/plan.h"
#include "router/core/state.h"

#include <string.h>

uint64_t correlation_of(const Samenloop__V1__Header *header)
{
    return header->correlation_id.len == SL_UUID_SIZE
               ? table_fingerprint(2, header->correlation_id.data, SL_UUID_SIZE) | 1
               : 0;
}

struct occurrence original_of(struct core *core, const struct core_event *event,
                              const struct past *past)
{
    struct core_event first = *event;
    first.header = event->kept;
    first.sections = event->kept_sections;
    first.number = past->number;
    first.at = past->at;
    struct occurrence made = occurrence_of(core, &first);
    made.type = past->type;
    made.role = past->role;
    made.correlation = past->correlation;
    made.gist.type = (uint8_t)sl_type_index(past->type);
    made.gist.lane = (uint8_t)sl_type_lane(past->type);
    memcpy(made.gist.uuid, past->uuid, SL_UUID_SIZE);
    made.source = gist_source(core, &made.gist, made.subject);
    made.erased = past->erased || erased_until(core, made.subject) >= past->renewed;
    return made;
}

/* The header alone. */
static void forward_header(struct core *core, const struct occurrence *event,
                           const struct route *route, const char *gate)
{
    gate_forward(core, event,
                 &(struct forward){.to = route->to, .role = route->role, .rule = gate});
}

/* A line for each fact that has changed, in the order in which the original stated them. */
static void say_turned(struct core *core, const struct occurrence *event, const struct past *past,
                       const char *gate_name)
{
    size_t before = past->stated.count, total = before + core->making.stated.count;
    const struct stated *all[2] = {past->stated.items, core->making.stated.items};
    for (size_t i = 0; i < total; i++) {
        const struct stated *stated = i < before ? &all[0][i] : &all[1][i - before];
        bool said = false;
        for (size_t k = 0; k < i && !said; k++) {
            const struct stated *other = k < before ? &all[0][k] : &all[1][k - before];
            said = other->subject == stated->subject && other->fact == stated->fact;
        }
        const struct house *house = house_find(core, stated->subject);
        if (said || house == NULL || stated->fact < OWN_FACTS || stated->fact == core->terms->area)
            continue;
        uint8_t now = (uint8_t)fact_value(core, stated->subject, stated->fact);
        if (now == house->before.values[stated->fact])
            continue;
        struct core_source source = event->source;
        source.subject = subject_at(core, stated->subject)->pseudonym;
        line_add(core, &source, CORE_REMEMBERED, gate_name, NULL)->what = fact_says(
            core, stated->fact, now);
    }
}

/* ---------------------------------------------------------------- X12: withdrawn */

static bool drop_all(const void *context, uint8_t fact, uint8_t value)
{
    (void)context;
    (void)fact;
    (void)value;
    return true;
}

static void forget_finding(struct core *core, const struct occurrence *original)
{
    (void)table_remove(&core->findings, finding_of(original), original->gist.number);
}

static void withdraw_obligations(struct core *core, const struct occurrence *event,
                                 uint64_t original)
{
    size_t count = 0;
    const uint32_t *found = obligations_of_event(core, original, &count);
    const char *detail = making_text(core, "#%llu was withdrawn", (unsigned long long)original);
    for (size_t i = 0; i < count; i++) {
        struct opener *opener = obligation_opener(core, found[i], original);
        if (opener != NULL)
            opener->withdrawn = true;
        if (obligation_hangs_on(core, found[i], original) &&
            obligation_drop_chains(core, found[i], original))
            obligation_close(core, &event->source, found[i], CORE_WITHDRAWN, detail);
    }
}

void withdraw(struct core *core, const struct occurrence *event, struct past *past,
              const struct occurrence *original)
{
    uint64_t number = original->gist.number;
    table_set(&core->withdrawn, number, 1);
    forget_finding(core, original);
    for (size_t i = 0; i < past->routes.count; i++)
        forward_header(core, event, &past->routes.items[i], "withdrawn");
    withdraw_obligations(core, event, number);
    for (size_t i = 0; i < core->making.houses.count; i++)
        statements_drop(core, core->making.houses.items[i].subject, number, drop_all, NULL);
    say_turned(core, event, past, "withdrawn");
    if (core->making.lines.count == 0) /* there is always a line */
        line_add(core, &event->source, CORE_LOGGED, "withdrawn", NULL)->detail = making_text(
            core, "#%llu was withdrawn", (unsigned long long)number);
}

/* ---------------------------------------------------------------- X9 to X11: corrected */

struct correction {
    struct core *core;
    const struct occurrence *event;
    const struct occurrence *original;
    struct occurrence corrected;
    struct past *past;
    const struct plan *was;
    const struct plan *now;
    bool moved;             /* it is about another house */
    struct planned **ended; /* expectations that the original itself had and has no more */
    size_t ended_count;
};

static const struct plan *plan_without(struct core *core, uint64_t original,
                                       const struct occurrence *event, struct answers answers)
{
    struct facts facts;
    facts_read(core, event->subject, original, &facts);
    return plan_event(core, event, &facts, answers);
}

static bool in_plan(const struct plan *plan, const struct planned *planned)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (planned_same(plan->items[i], planned))
            return true;
    }
    return false;
}

static bool goes(const struct correction *c, const struct planned *planned)
{
    return c->moved || !in_plan(c->now, planned);
}

static bool comes(const struct correction *c, const struct planned *planned)
{
    return c->moved || !in_plan(c->was, planned);
}

/* What a plan forwards to this role, all in one; false: nothing. */
static bool forwarded(const struct core *core, const struct plan *plan, const struct route *to,
                      struct forward *out)
{
    bool any = false;
    *out = (struct forward){.to = to->to, .role = to->role, .rule = "corrected"};
    for (size_t i = 0; i < plan->count; i++) {
        const struct planned *planned = plan->items[i];
        if (planned->kind != PLAN_FORWARD || planned->to != to->to ||
            role_in_fact(core, planned->to, planned->role) != to->role)
            continue;
        any = true;
        out->sections |= planned->sections;
        out->without_consent |= planned->without_consent;
        out->exempt |= planned->exempt;
    }
    return any;
}

static bool lost(const struct correction *c, const struct route *route)
{
    struct forward unused;
    return forwarded(c->core, c->was, route, &unused) &&
           !forwarded(c->core, c->now, route, &unused);
}

/* X9: to exactly those who received the original, the same sections or fewer. */
static void forward_again(const struct correction *c)
{
    for (size_t i = 0; i < c->past->routes.count; i++) {
        const struct route *had = &c->past->routes.items[i];
        struct forward again;
        bool still = forwarded(c->core, c->now, had, &again);
        again.sections = still ? had->sections & again.sections : had->sections;
        if (!lost(c, had))
            gate_forward(c->core, c->event, &again);
    }
}

static bool is_statement(const struct planned *planned)
{
    return planned->kind == PLAN_REMEMBER || planned->kind == PLAN_KEEP ||
           planned->kind == PLAN_PRIORITISE;
}

static bool drop_gone(const void *context, uint8_t fact, uint8_t value)
{
    const struct correction *c = context;
    for (size_t i = 0; i < c->was->count; i++) {
        const struct planned *planned = c->was->items[i];
        if (is_statement(planned) && goes(c, planned) && planned->fact == fact &&
            planned->value == value)
            return true;
    }
    return c->moved;
}

/* The original's statements change in their place. */
static void correct_facts(const struct correction *c)
{
    struct core *core = c->core;
    uint64_t number = c->original->gist.number;
    for (size_t i = 0; i < core->making.houses.count; i++)
        statements_drop(core, core->making.houses.items[i].subject, number, drop_gone, c);
    for (size_t i = 0; i < c->now->count; i++) {
        const struct planned *planned = c->now->items[i];
        if (is_statement(planned) && comes(c, planned))
            state_fact(core, number, c->event->subject, planned->fact, planned->value);
    }
    say_turned(core, c->event, c->past, "corrected");
}

/* The plan's expectation that this obligation came from; NULL: none. */
static struct planned *expectation(const struct plan *plan, const struct obligation *obligation)
{
    for (size_t i = 0; i < plan->count; i++) {
        struct planned *planned = plan->items[i];
        if (planned->kind == PLAN_EXPECT && planned->to == obligation->owner &&
            planned->outcome->types == obligation->basis->outcome->types &&
            planned->outcome->receipt == obligation->basis->outcome->receipt &&
            strcmp(planned->rule->name, obligation->basis->rule->name) == 0)
            return planned;
    }
    return NULL;
}

/* It is no longer asked for by this event. */
static void ask_no_more(struct correction *c, uint32_t handle)
{
    struct core *core = c->core;
    uint64_t number = c->original->gist.number;
    const struct obligation *open = obligation_at(core, handle);
    bool itself = obligation_opener(core, handle, number) != NULL;
    struct planned *ended = making_alloc(core, sizeof *ended);
    *ended = (struct planned){.to = open->owner, .outcome = open->basis->outcome};
    obligation_drop_opener(core, handle, number);
    if (!obligation_drop_chains(core, handle, number))
        return;
    obligation_close(core, &c->event->source, handle, CORE_WITHDRAWN,
                     making_text(core, "#%llu was corrected", (unsigned long long)number));
    if (itself)
        c->ended[c->ended_count++] = ended;
}

/* A term after a date of the event moves with the date: a release and a new opening. */
static void move_term(const struct correction *c, uint32_t handle, const struct planned *was,
                      const struct planned *now)
{
    struct core *core = c->core;
    int64_t before = planned_term(core, c->original, was, c->original->at);
    int64_t after = planned_term(core, &c->corrected, now, c->original->at);
    if (before == after)
        return;
    uint32_t again = obligation_copy(core, handle);
    struct obligation *made = obligation_at(core, again);
    made->due = after > core->making.at ? after : core->making.at;
    made->level = 0;
    made->overdue = false;
    obligation_schedule(core, again, made->due);
    obligation_close(core, &c->event->source, handle, CORE_RELEASED, "corrected");
    line_opened(core, &c->event->source, again);
}

static void correct_obligations(struct correction *c)
{
    struct core *core = c->core;
    uint64_t number = c->original->gist.number;
    size_t count = 0;
    const uint32_t *found = obligations_of_event(core, number, &count);
    c->ended = making_alloc(core, (count + 1) * sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        const struct obligation *open = obligation_at(core, found[i]);
        struct opener *opener = obligation_opener(core, found[i], number);
        struct planned *was = expectation(c->was, open), *now = expectation(c->now, open);
        if (!obligation_hangs_on(core, found[i], number))
            continue;
        if (opener != NULL)
            opener_renew(core, opener, &c->corrected);
        bool gone = false; /* one of the same kind, perhaps about something else */
        for (size_t k = 0; k < c->was->count; k++)
            gone |= expectation(&(struct plan){.items = &c->was->items[k], .count = 1}, open) !=
                        NULL &&
                    goes(c, c->was->items[k]);
        if (c->moved || gone)
            ask_no_more(c, found[i]);
        else if (opener != NULL && was != NULL && now != NULL)
            move_term(c, found[i], was, now);
    }
}

/* X10: does this outcome of the corrected event come beside what it had brought about? */
static bool is_fresh(const struct correction *c, const struct planned *planned)
{
    switch (planned->kind) {
    case PLAN_EXPECT:
    case PLAN_NOTIFY:
    case PLAN_RELEASE:
    case PLAN_JOIN:
    case PLAN_WITHHOLD:
        return true;
    case PLAN_INSTRUCT: /* what had been instructed already is not instructed again */
        for (size_t i = 0; !c->moved && i < c->was->count; i++) {
            const struct planned *old = c->was->items[i];
            if (old->kind == PLAN_INSTRUCT && old->to == planned->to &&
                old->outcome->what == planned->outcome->what &&
                sl_bytes_equal(old->about, planned->about))
                return false;
        }
        return true;
    case PLAN_FORWARD:
        for (size_t i = 0; i < c->past->routes.count; i++) {
            const struct route *had = &c->past->routes.items[i];
            if (had->to == planned->to &&
                had->role == role_in_fact(c->core, planned->to, planned->role))
                return false;
        }
        return true;
    default:
        return false;
    }
}

/* What takes the place of an expectation that has ended just now keeps its start. */
static void keep_start(const struct correction *c, struct planned *planned)
{
    for (size_t i = 0; planned->kind == PLAN_EXPECT && i < c->ended_count; i++) {
        if (c->ended[i]->to == planned->to &&
            c->ended[i]->outcome->types == planned->outcome->types &&
            c->ended[i]->outcome->receipt == planned->outcome->receipt)
            planned->from = c->original->at;
    }
}

static void carry_out_fresh(struct correction *c)
{
    struct plan fresh = {0};
    fresh.items = making_alloc(c->core, (c->now->count + 1) * sizeof(struct planned *));
    for (size_t i = 0; i < c->now->count; i++) {
        struct planned *planned = c->now->items[i];
        if (!comes(c, planned) || !is_fresh(c, planned))
            continue;
        keep_start(c, planned);
        fresh.items[fresh.count++] = planned;
    }
    carry_out(c->core, c->event, &fresh, &c->corrected, (struct answers){0});
}

/* Who has it now: as before, as far as they still do, and who came; in the decision's arena. */
static void renew_routes(const struct correction *c, const struct route *had, size_t count)
{
    struct core *core = c->core;
    size_t room = count + core->making.routes.count, kept = 0;
    struct route *routes = making_alloc(core, (room + 1) * sizeof *routes);
    for (size_t i = 0; i < room; i++) {
        const struct route *route = i < count ? &had[i] : &core->making.routes.items[i - count];
        size_t k = 0;
        while (k < kept && (routes[k].to != route->to || routes[k].role != route->role))
            k++;
        if (lost(c, route))
            continue;
        routes[k] = *route;
        kept += k == kept;
    }
    c->past->routes.items = routes;
    c->past->routes.count = kept;
}

void correct(struct core *core, struct occurrence *event, struct past *past,
             const struct occurrence *original)
{
    event->erased = original->erased;
    struct correction c = {.core = core,
                           .event = event,
                           .original = original,
                           .corrected = *original,
                           .past = past,
                           .moved = event->subject != original->subject};
    uint64_t number = original->gist.number;
    c.corrected.header = event->header;
    c.corrected.sections = event->sections;
    c.corrected.subject = event->subject;
    c.corrected.source.subject = event->source.subject;
    c.was = plan_without(core, number, original, past->answers);
    c.now = plan_without(core, number, &c.corrected, past->answers);
    forward_again(&c);
    correct_facts(&c);
    correct_obligations(&c);
    forget_finding(core, original);
    table_add(&core->findings, finding_of(&c.corrected), number);
    early_renewed(core, number, event->subject);
    carry_out_fresh(&c);
    for (size_t i = 0; i < past->routes.count; i++) { /* X11: no longer theirs */
        if (lost(&c, &past->routes.items[i]))
            forward_header(core, event, &past->routes.items[i], "corrected-away");
    }
    renew_routes(&c, past->routes.items, past->routes.count);
    table_set(&core->renewed, number, event->gist.number);
    if (core->making.lines.count == 0)
        line_add(core, &event->source, CORE_LOGGED, "corrected", NULL)->detail = making_text(
            core, "#%llu was corrected", (unsigned long long)number);
}
