/* What time brings about: deadlines with their escalations, and notices at the end of a day. */
#include "router/core/conditions.h"
#include "router/core/outcomes.h"
#include "router/core/plan.h"
#include "router/core/state.h"

#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- an obligation falls due */

/* Whom a level names, for the event that opened the obligation. */
static size_t level_who(struct core *core, const struct obligation *open,
                        const struct agreement_who *who, int places[2])
{
    const struct participant *publisher = &core->participants[open->publisher];
    struct occurrence opener = {.organisation = publisher->organisation,
                                .gist = {.publisher = open->publisher}};
    struct view view = {
        .core = core, .terms = open->basis->terms, .event = &opener, .facts_only = true};
    switch (who->whom) {
    case AGREEMENT_MUNICIPALITY:
        places[0] = (int)open->municipality;
        return open->municipality >= 0 ? 1 : 0;
    case AGREEMENT_NAMED_BY: /* it names who owes */
        places[0] = (int)open->owner;
        return 1;
    default:
        return view_who(&view, who, places);
    }
}

struct escalation {
    int to[16];
    enum sl_role role[16];
    size_t count;
};

static void escalate_to(struct core *core, const struct core_source *source,
                        const struct obligation *open, int to, enum sl_role wanted,
                        struct escalation *told)
{
    enum sl_role role = gate_role(core, source, to, wanted);
    for (size_t i = 0; i < told->count; i++) {
        if (told->to[i] == to && told->role[i] == role)
            return;
    }
    if (told->count == sizeof told->to / sizeof told->to[0])
        return;
    told->to[told->count] = to;
    told->role[told->count++] = role;
    struct core_line *line = line_speak(core, source, CORE_ESCALATED, open->basis->rule);
    line->to = place_name(core, to);
    line->role = role;
    line->what = obligation_what(core, open);
}

static void deliver_overdue(struct core *core, const struct core_source *source, uint8_t lane,
                            const struct obligation *open, const struct escalation *told)
{
    static const char name[] = "obligation_overdue";
    struct core_detail *details = making_alloc(core, 2 * sizeof *details);
    details[0] = (struct core_detail){"awaited", obligation_what(core, open)};
    details[1] = (struct core_detail){"from", place_name(core, open->owner)};
    for (size_t i = 0; i < told->count; i++) {
        struct core_delivery *delivery = delivery_add(
            core, source, lane, told->to[i], told->role[i], sl_derived_find(sl_text(name)),
            open->basis->rule->name, rule_clause(open->basis->rule));
        delivery->due = open->due;
        delivery->details = details;
        delivery->detail_count = 2;
    }
}

static void escalate(struct core *core, const struct core_source *source, uint8_t lane,
                     const struct obligation *open)
{
    const struct agreement_level *level = &open->basis->outcome->levels[open->level];
    struct escalation told = {0};
    struct facts facts;
    facts_read(core, open->subject, 0, &facts);
    struct view view = {.core = core,
                        .terms = open->basis->terms,
                        .facts_only = true,
                        .facts = &facts,
                        .subject = open->subject};
    for (size_t i = 0; i < level->to_count && condition_holds(&view, level->where); i++) {
        int places[2];
        size_t count = level_who(core, open, &level->to[i], places);
        for (size_t k = 0; k < count; k++)
            escalate_to(core, source, open, places[k], level->to[i].role, &told);
    }
    deliver_overdue(core, source, lane, open, &told);
}

static void fall_due(struct core *core, uint32_t handle)
{
    struct obligation *open = obligation_at(core, handle);
    const struct opener *behind = obligation_behind(core, handle);
    struct core_source source = gist_source(core, &behind->gist, open->subject);
    uint8_t lane = behind->gist.lane;
    bool first = open->level == 0;
    house_add(core, open->subject);
    if (first) {
        open->overdue = true;
        struct core_line *line = line_speak(core, &source, CORE_OVERDUE, open->basis->rule);
        line->to = place_name(core, open->owner);
        line->role = (enum sl_role)open->role;
        line->what = obligation_what(core, open);
        line->due = open->due;
        line->detail = making_text(core, "asked by #%llu", (unsigned long long)source.number);
        line->obligation = open->serial;
    }
    escalate(core, &source, lane, open);
    const struct house *house = &core->making.houses.items[0];
    if (first && house->priority > 0)
        list_changed(core, &source, lane, open->subject, house->grounds);
    open->level++;
    obligation_schedule(core, handle,
                        open->level < open->basis->outcome->level_count
                            ? calendar_next_level(&core->calendar, core->making.at)
                            : INT64_MAX);
}

/* ---------------------------------------------------------------- notices at the end of a day */

void digest_add(struct core *core, const struct occurrence *event, const struct planned *planned)
{
    int64_t end = calendar_end_of(calendar_local_day(core->making.at));
    struct digest *digest = NULL;
    for (size_t i = 0; i < core->digests.count && digest == NULL; i++) {
        struct digest *other = &core->digests.items[i];
        if (other->at == end && other->rule == planned->rule)
            digest = other;
    }
    if (digest == NULL) {
        digest = LIST_ADD(&core->digests);
        *digest = (struct digest){.at = end,
                                  .terms = core->terms,
                                  .rule = planned->rule,
                                  .outcome = planned->outcome,
                                  .first = event->gist,
                                  .first_subject = event->subject};
    }
    digest->subjects = sl_grow(digest->subjects, &digest->capacity, digest->count + 1,
                               sizeof *digest->subjects);
    digest->subjects[digest->count++] = event->subject;
}

/* Does the rule's condition still hold for the house? */
static bool still(struct core *core, const struct digest *digest, uint32_t subject)
{
    struct facts facts;
    facts_read(core, subject, 0, &facts);
    struct view view = {.core = core,
                        .terms = digest->terms,
                        .facts_only = true,
                        .facts = &facts,
                        .subject = subject};
    return condition_holds(&view, digest->rule->condition);
}

static void tell_digest(struct core *core, const struct digest *digest,
                        const uint8_t *const *subjects, size_t count)
{
    struct core_source source = gist_source(core, &digest->first, digest->first_subject);
    struct view view = {.core = core, .terms = digest->terms};
    int places[2];
    size_t receivers = view_who(&view, &digest->outcome->to, places);
    for (size_t i = 0; i < receivers; i++) {
        struct told told = {.rule = digest->rule->name,
                            .clause = rule_clause(digest->rule),
                            .what = digest->outcome->what,
                            .to = places[i],
                            .role = digest->outcome->to.role,
                            .detail = making_text(core, "digest of %zu houses", count)};
        struct core_delivery *delivery = tell(core, &source, digest->first.lane, &told);
        delivery->subjects = subjects;
        delivery->subject_count = count;
    }
}

static void send_digest(struct core *core, size_t index)
{
    struct digest digest = core->digests.items[index];
    core->digests.items[index] = core->digests.items[--core->digests.count];
    const uint8_t **subjects = making_alloc(core, (digest.count + 1) * sizeof *subjects);
    size_t count = 0;
    for (size_t i = 0; i < digest.count; i++) {
        if (still(core, &digest, digest.subjects[i]))
            subjects[count++] = subject_at(core, digest.subjects[i])->pseudonym;
    }
    for (size_t i = 0; i < count; i += SL_MAX_DIGEST)
        tell_digest(core, &digest, subjects + i,
                    count - i < SL_MAX_DIGEST ? count - i : SL_MAX_DIGEST);
    free(digest.subjects);
}

/* ---------------------------------------------------------------- the clock */

/* The digest that comes first; its place, or the number of digests. */
static size_t first_digest(const struct core *core)
{
    size_t first = core->digests.count;
    for (size_t i = 0; i < core->digests.count; i++) {
        if (first == core->digests.count ||
            core->digests.items[i].at < core->digests.items[first].at)
            first = i;
    }
    return first;
}

static int64_t first_deadline(const struct core *core)
{
    const struct obligations *all = &core->obligations;
    return all->heap_count > 0 ? obligation_at(core, all->heap[0])->next_at : INT64_MAX;
}

int64_t core_wake(const struct core *core)
{
    size_t digest = first_digest(core);
    int64_t deadline = first_deadline(core);
    int64_t noticed = digest < core->digests.count ? core->digests.items[digest].at : INT64_MAX;
    int64_t first = deadline < noticed ? deadline : noticed;
    return first < INT64_MAX ? first + 1 : INT64_MAX; /* the clock must be past it */
}

/* At one moment deadlines come first, in the order of their opening. */
bool core_tick(struct core *core, int64_t at, struct core_decision *out)
{
    size_t digest = first_digest(core);
    int64_t deadline = first_deadline(core);
    int64_t noticed = digest < core->digests.count ? core->digests.items[digest].at : INT64_MAX;
    if ((deadline < noticed ? deadline : noticed) >= at)
        return false;
    making_begin(core, deadline <= noticed ? deadline : noticed);
    if (deadline <= noticed)
        fall_due(core, core->obligations.heap[0]);
    else
        send_digest(core, digest);
    making_done(core, out);
    return true;
}
