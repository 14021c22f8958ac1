/* Carries a plan out: each outcome of the rules, in their order, with its line. */
#include "router/core/conditions.h"
#include "router/core/outcomes.h"
#include "router/core/plan.h"
#include "router/core/state.h"
#include "schemas/timestamp.h"

#include <string.h>

/* ---------------------------------------------------------------- facts */

void state_fact(struct core *core, uint64_t number, uint32_t subject, uint8_t fact, uint8_t value)
{
    statement_add(core, subject, number, fact, value);
    *LIST_ADD(&core->making.stated) = (struct stated){.subject = subject, .fact = fact};
}

const char *fact_says(struct core *core, uint8_t fact, uint8_t value)
{
    const char *name = fact_name(core, fact);
    const char *said = agreement_value_name((enum agreement_value)value);
    char *text = making_alloc(core, strlen(name) + strlen(said) + 2);
    char *end = stpcpy(text, name);
    *end++ = '=';
    (void)stpcpy(end, said);
    return text;
}

static void remember(struct core *core, const struct occurrence *event,
                     const struct planned *planned)
{
    uint32_t key = (uint32_t)planned->fact << 8 | planned->value;
    for (size_t i = 0; i < core->making.said.count; i++) {
        if (core->making.said.items[i].subject == event->subject &&
            core->making.said.items[i].key == key)
            return;
    }
    LIST_ADD(&core->making.said)[0] = (struct said){.subject = event->subject, .key = key};
    line_speak(core, &event->source, CORE_REMEMBERED, planned->rule)->what = fact_says(
        core, planned->fact, planned->value);
    state_fact(core, event->gist.number, event->subject, planned->fact, planned->value);
}

/* ---------------------------------------------------------------- obligations */

uint64_t finding_of(const struct occurrence *event)
{
    if (event->type->original)
        return 0;
    uint8_t key[24];
    sl_put64(key, (uint64_t)event->gist.type << 8 | (uint8_t)event->gist.publisher);
    sl_put64(key + 8, (uint64_t)event->header->occurred_at);
    sl_put64(key + 16, event->subject);
    return table_fingerprint(0, key, sizeof key);
}

void obligation_close(struct core *core, const struct core_source *event, uint32_t handle,
                      enum core_outcome outcome, const char *detail)
{
    const struct obligation *obligation = obligation_at(core, handle);
    struct core_line *line = line_speak(core, event, outcome, obligation->basis->rule);
    line->to = place_name(core, obligation->owner);
    line->role = (enum sl_role)obligation->role;
    line->what = obligation_what(core, obligation);
    line->due = obligation->due;
    line->detail = detail;
    line->obligation = obligation->serial;
    obligation_end(core, handle);
}

void obligation_meet(struct core *core, const struct core_source *event, uint32_t handle)
{
    const struct obligation *obligation = obligation_at(core, handle);
    unsigned long long asked = obligation_behind(core, handle)->gist.number;
    int64_t late = core->making.at - obligation->due;
    if (late <= 0)
        obligation_close(core, event, handle, CORE_MET, making_text(core, "asked by #%llu", asked));
    else
        obligation_close(core, event, handle, CORE_MET_LATE,
                         making_text(core, "asked by #%llu, late by %.4g h", asked,
                                     (double)late / (double)SL_HOUR));
}

/* Did one who asked for this ask it in the same correspondence, or report the same finding? */
static bool same_cause(const struct core *core, uint32_t handle, const struct occurrence *event,
                       uint64_t finding)
{
    for (uint32_t at = obligation_at(core, handle)->openers; at != 0;
         at = opener_at(core, at)->next) {
        const struct opener *opener = opener_at(core, at);
        if (event->correlation != 0 && opener->correlation == event->correlation)
            return true;
        if (finding != 0 && opener->finding == finding && !opener->withdrawn &&
            opener->gist.number < event->gist.number)
            return true;
    }
    return false;
}

/* The open expectation that asks the same already; 0: none does. */
static uint32_t asked_already(const struct core *core, const struct occurrence *event,
                              const struct planned *planned)
{
    uint64_t finding = finding_of(event);
    for (uint32_t at = subject_at(core, event->subject)->obligations; at != 0;
         at = obligation_at(core, at)->next) {
        const struct obligation *open = obligation_at(core, at);
        if (open->basis->outcome->types == planned->outcome->types &&
            open->basis->outcome->receipt == planned->outcome->receipt &&
            open->owner == planned->to && same_cause(core, at, event, finding))
            return at;
    }
    return 0;
}

/* S43: answers that named the event before it came meet what it asks. */
static void meet_early(struct core *core, uint32_t handle, const struct gist *opener)
{
    size_t cursor = 0;
    uint64_t found;
    uint64_t cause = table_fingerprint(0, opener->uuid, sizeof opener->uuid);
    const struct early *first = NULL;
    const struct obligation *open = obligation_at(core, handle);
    while ((found = table_next(&core->early_causes, cause, &cursor)) != 0) {
        const struct early *early = pool_at(&core->early, (uint32_t)found);
        if (obligation_awaits(open, early->gist.type) && early->subject == open->subject &&
            met_by(open, early->gist.publisher) &&
            table_get(&core->withdrawn, early->gist.number) == 0 &&
            (first == NULL || early->gist.number < first->gist.number))
            first = early;
    }
    if (first == NULL)
        return;
    early_answered(core, (struct early *)first, handle);
    struct core_source source = gist_source(core, &first->gist, first->subject);
    obligation_meet(core, &source, handle);
}

static int municipality_of(struct core *core, const struct occurrence *event)
{
    struct view view = {.core = core, .terms = core->terms, .event = event};
    struct agreement_who who = {.whom = AGREEMENT_MUNICIPALITY};
    int places[2];
    return view_who(&view, &who, places) > 0 ? places[0] : NOBODY;
}

static void expect(struct core *core, const struct occurrence *event, const struct planned *planned,
                   const struct occurrence *opener)
{
    uint32_t already = asked_already(core, event, planned);
    if (already != 0) {
        unsigned long long by = obligation_behind(core, already)->gist.number;
        obligation_add_chain(core, already, NULL, 0, opener->gist.number);
        obligation_add_opener(core, already, opener);
        line_speak(core, &event->source, CORE_LOGGED, planned->rule)->detail = making_text(
            core, "already asked by #%llu", by);
        return;
    }
    int64_t due = planned_due(core, event, planned);
    enum sl_role role = planned->to == BOTH
                            ? planned->role
                            : gate_role(core, &event->source, planned->to, planned->role);
    struct obligation made = {.subject = event->subject,
                              .due = due,
                              .next_at = due,
                              .basis = obligation_basis(core, planned->rule, planned->outcome),
                              .owner = (int8_t)planned->to,
                              .role = (uint8_t)role,
                              .publisher = event->gist.publisher,
                              .municipality = (int8_t)municipality_of(core, event)};
    uint32_t handle = obligation_new(core, &made);
    for (const struct chain *chain = planned->goes_on; chain != NULL; chain = chain->next)
        obligation_add_chain(core, handle, chain->numbers, chain->count, opener->gist.number);
    if (planned->goes_on == NULL)
        obligation_add_chain(core, handle, NULL, 0, opener->gist.number);
    obligation_add_opener(core, handle, opener);
    line_opened(core, &event->source, handle);
    meet_early(core, handle, &opener->gist);
}

void line_opened(struct core *core, const struct core_source *event, uint32_t handle)
{
    const struct obligation *open = obligation_at(core, handle);
    struct core_line *line = line_speak(core, event, CORE_OPENED, open->basis->rule);
    line->to = place_name(core, open->owner);
    line->role = (enum sl_role)open->role;
    line->what = obligation_what(core, open);
    line->due = open->due;
    line->obligation = open->serial;
}

/* The house's obligations that a release or join means, those of this decision left out; by the
 * types that are named, then in the order of opening. */
static uint32_t *meant(struct core *core, const struct occurrence *event,
                       const struct planned *planned, size_t *count)
{
    struct view view = {.core = core, .terms = core->terms, .event = event};
    const struct agreement_outcome *outcome = planned->outcome;
    size_t room = 0;
    for (uint32_t at = subject_at(core, event->subject)->obligations; at != 0;
         at = obligation_at(core, at)->next)
        room++;
    uint32_t *found = making_alloc(core, (room + 1) * sizeof *found);
    *count = 0;
    for (size_t type = 0; type < sl_type_count(); type++) {
        bool named = (outcome->types & agreement_type_bit(type)) != 0;
        if (!named && (outcome->types != 0 || type > 0))
            continue; /* without a type: all of them, once */
        for (uint32_t at = subject_at(core, event->subject)->obligations; at != 0;
             at = obligation_at(core, at)->next) {
            const struct obligation *open = obligation_at(core, at);
            bool fits = !named || obligation_awaits(open, type);
            bool earlier = named && (open->basis->outcome->types & outcome->types &
                                     (agreement_type_bit(type) - 1)) != 0;
            if (fits && !earlier && open->serial < core->making.first_serial &&
                obligation_meant(&view, outcome, at))
                found[(*count)++] = at;
        }
    }
    return found;
}

static void release(struct core *core, const struct occurrence *event,
                    const struct planned *planned)
{
    size_t count = 0;
    const uint32_t *found = meant(core, event, planned, &count);
    for (size_t i = 0; i < count; i++)
        obligation_close(core, &event->source, found[i], CORE_RELEASED, planned->text);
}

static void join(struct core *core, const struct occurrence *event, const struct planned *planned,
                 const struct occurrence *opener)
{
    size_t count = 0;
    const uint32_t *found = meant(core, event, planned, &count);
    for (size_t i = 0; i < count; i++) {
        obligation_add_chain(core, found[i], NULL, 0, opener->gist.number);
        obligation_add_opener(core, found[i], opener);
    }
}

/* ---------------------------------------------------------------- to others */

static void forward(struct core *core, const struct occurrence *event,
                    const struct planned *planned)
{
    gate_forward(core, event,
                 &(struct forward){.to = planned->to,
                                   .role = planned->role,
                                   .sections = planned->sections,
                                   .without_consent = planned->without_consent,
                                   .exempt = planned->exempt,
                                   .rule = planned->rule->name,
                                   .clause = rule_clause(planned->rule)});
}

static void say(struct core *core, const struct occurrence *event, const struct planned *planned,
                int64_t due)
{
    struct core_detail *detail = NULL;
    if (planned->text != NULL) {
        detail = making_alloc(core, sizeof *detail);
        *detail = (struct core_detail){"because", planned->text};
    }
    (void)tell(core, &event->source, event->gist.lane,
               &(struct told){.rule = planned->rule->name,
                              .clause = rule_clause(planned->rule),
                              .what = planned->outcome->what,
                              .to = planned->to,
                              .role = planned->role,
                              .due = due,
                              .detail = planned->text,
                              .details = detail,
                              .detail_count = detail != NULL ? 1 : 0});
}

static void instruct(struct core *core, const struct occurrence *event,
                     const struct planned *planned)
{
    const struct planned *awaited = planned->belongs_to;
    if (awaited == NULL)
        say(core, event, planned, 0);
    else if (asked_already(core, event, awaited) == 0)
        say(core, event, planned, planned_due(core, event, awaited));
}

static void withhold(struct core *core, const struct occurrence *event,
                     const struct planned *planned)
{
    struct core_line *line = line_speak(core, &event->source, CORE_WITHHELD, planned->rule);
    line->to = event->source.from;
    line->detail = planned->text;
    core->making.withheld = true;
}

/* X1: what a rule expects of who was not reached opens only where an instruction of the rule goes
 * there. */
static bool not_reached(const struct core *core, const struct occurrence *event,
                        const struct plan *plan, const struct planned *awaited)
{
    bool kept = false, instructed = false;
    for (size_t i = 0; i < plan->count; i++) {
        const struct planned *other = plan->items[i];
        if (other->rule != awaited->rule || other->to != awaited->to)
            continue;
        kept |= other->kind == PLAN_FORWARD &&
                gate_restricted(core, event, other->sections, other->exempt);
        instructed |= other->kind == PLAN_INSTRUCT;
    }
    return kept && !instructed;
}

/* Is what was asked before this decision still open? A rule before may have released it. */
static bool is_open(const struct core *core, uint32_t subject, uint32_t handle)
{
    uint32_t at = subject_at(core, subject)->obligations;
    while (at != 0 && at != handle)
        at = obligation_at(core, at)->next;
    return at != 0 && obligation_at(core, at)->serial < core->making.first_serial;
}

static void release_question(struct core *core, const struct occurrence *event,
                             const struct planned *planned, struct answers answers)
{
    for (size_t i = 0; i < answers.count; i++) {
        if (is_open(core, event->subject, answers.items[i].obligation))
            obligation_close(core, &event->source, answers.items[i].obligation, CORE_RELEASED,
                             planned->text);
    }
}

void carry_out(struct core *core, const struct occurrence *event, const struct plan *plan,
               const struct occurrence *opener, struct answers answers)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct planned *planned = plan->items[i];
        switch (planned->kind) {
        case PLAN_FORWARD:
            forward(core, event, planned);
            break;
        case PLAN_INSTRUCT:
            instruct(core, event, planned);
            break;
        case PLAN_EXPECT:
            if (!not_reached(core, event, plan, planned))
                expect(core, event, planned, opener);
            break;
        case PLAN_REMEMBER:
            remember(core, event, planned);
            break;
        case PLAN_PRIORITISE:
            core->making.list_set = true;
            state_fact(core, event->gist.number, event->subject, planned->fact, planned->value);
            break;
        case PLAN_KEEP:
            state_fact(core, event->gist.number, event->subject, planned->fact, planned->value);
            break;
        case PLAN_NOTIFY:
            say(core, event, planned, 0);
            break;
        case PLAN_RELEASE:
            release(core, event, planned);
            break;
        case PLAN_RELEASE_QUESTION:
            release_question(core, event, planned, answers);
            break;
        case PLAN_JOIN:
            join(core, event, planned, opener);
            break;
        case PLAN_WITHHOLD:
            withhold(core, event, planned);
            break;
        case PLAN_LOG:
            line_speak(core, &event->source, CORE_LOGGED, planned->rule)->detail = planned->text;
            break;
        }
    }
}
