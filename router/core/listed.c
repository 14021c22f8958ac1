/* The joint team's list as it stands, for those whom the agreement tells of it. */
#include "router/core/conditions.h"
#include "router/core/outcomes.h"
#include "router/core/plan.h"
#include "router/core/state.h"

/* Do the rules of the list tell this participant of a house with these facts? */
static bool is_told(struct core *core, const struct view *view, int participant)
{
    const struct terms *terms = core->terms;
    for (size_t i = 0; i < terms->on_list_count; i++) {
        const struct plan *plan = plan_rule(view, &terms->agreement->rules[terms->on_list[i]]);
        for (size_t k = 0; k < plan->count; k++) {
            if (plan->items[k]->kind == PLAN_NOTIFY && plan->items[k]->to == participant)
                return true;
        }
    }
    return false;
}

/* The event behind the ground that holds longest. */
static uint64_t since(const struct core *core, uint32_t subject, uint32_t grounds)
{
    uint64_t first = 0;
    for (size_t i = 0; i < core->terms->ground_count; i++) {
        uint64_t number = (grounds & 1u << i) == 0
                              ? 0
                              : fact_held_since(core, subject, core->terms->grounds[i]);
        if (number != 0 && (first == 0 || number < first))
            first = number;
    }
    return first;
}

/* What is open at a house, a line each; how many. */
static size_t add_open(struct core *core, uint32_t subject)
{
    size_t before = core->making.lines.count;
    for (uint32_t at = subject_at(core, subject)->obligations; at != 0;
         at = obligation_at(core, at)->next) {
        const struct opener *behind = obligation_behind(core, at);
        if (behind == NULL || core->making.lines.count - before == CORE_LIST_OPEN)
            continue;
        struct core_source source = gist_source(core, &behind->gist, subject);
        line_opened(core, &source, at);
        if (obligation_at(core, at)->overdue)
            core->making.lines.items[core->making.lines.count - 1].outcome = CORE_OVERDUE;
    }
    return core->making.lines.count - before;
}

/* False: the house is not on the list, or not for this participant. */
static bool add_house(struct core *core, int participant, uint32_t subject, struct core_listed *out)
{
    struct facts facts;
    uint32_t grounds = 0;
    facts_read(core, subject, 0, &facts);
    struct view view = {.core = core,
                        .terms = core->terms,
                        .facts_only = true,
                        .facts = &facts,
                        .subject = subject};
    list_entry(&view, &grounds, &out->priority);
    if (out->priority == 0 || !is_told(core, &view, participant))
        return false;
    out->subject = subject_at(core, subject)->pseudonym;
    out->grounds = ground_names(core, grounds);
    out->since = since(core, subject, grounds);
    out->open_count = add_open(core, subject);
    return true;
}

void core_list(struct core *core, int participant, uint32_t after, struct core_list *out)
{
    uint32_t end = core->subjects.used;
    uint32_t at = after;
    making_begin(core, 0);
    struct core_listed *houses = making_alloc(core, CORE_LIST_HOUSES * sizeof *houses);
    *out = (struct core_list){.houses = houses};
    for (uint32_t looked = 0; at < end && looked < CORE_LIST_LOOKS; looked++) {
        at++;
        if (add_house(core, participant, at, &houses[out->count]) &&
            ++out->count == CORE_LIST_HOUSES)
            break;
    }
    out->next = at < end ? at : 0;
    const struct core_line *open = core->making.lines.items; /* all are there: none moves now */
    for (size_t i = 0; i < out->count; i++) {
        houses[i].open = open;
        open += houses[i].open_count;
    }
}
