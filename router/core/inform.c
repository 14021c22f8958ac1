/*
 * X5, inform-resident: where an event disclosed the section `resident`, its publisher is instructed
 * to tell the resident, and awaited to say so. The agreement switches it on ("inform residents
 * within 20 working days"); it is a rule like those of the file.
 */
#include "router/core/conditions.h"
#include "router/core/outcomes.h"
#include "router/core/plan.h"
#include "router/core/state.h"

#include <stdlib.h>

struct inform {
    struct agreement_who told; /* of the escalation: the incident officer of who owes */
    struct agreement_level level;
    size_t awaited;
    struct agreement_outcome outcomes[2]; /* the instruction and its expectation */
    struct agreement_rule rule;
};

struct inform *inform_new(const struct agreement *agreement)
{
    const struct sl_type *informed = sl_type_find(sl_text("resident_informed"));
    const struct sl_derived *what = sl_derived_find(sl_text("inform_resident"));
    if (agreement->inform_residents == 0 || informed == NULL || what == NULL)
        return NULL;
    struct inform *inform = sl_new(1, sizeof *inform);
    struct agreement_who publisher = {.whom = AGREEMENT_PUBLISHER, .role = SL_BACK_OFFICE};
    inform->told = (struct agreement_who){.whom = AGREEMENT_PUBLISHER, .role = SL_INCIDENT_OFFICER};
    inform->level = (struct agreement_level){.to = &inform->told, .to_count = 1};
    inform->awaited = sl_type_index(informed);
    inform->outcomes[0] = (struct agreement_outcome){.kind = AGREEMENT_INSTRUCT,
                                                     .to = publisher,
                                                     .what = what,
                                                     .carries_deadline = true,
                                                     .fact = -1};
    inform->outcomes[1] = (struct agreement_outcome){
        .kind = AGREEMENT_EXPECT,
        .to = publisher,
        .types = agreement_type_bit(inform->awaited),
        .awaited = &inform->awaited,
        .awaited_count = 1,
        .term = {.count = agreement->inform_residents, .unit = AGREEMENT_WORKING_DAYS},
        .levels = &inform->level,
        .level_count = 1,
        .fact = -1};
    inform->rule = (struct agreement_rule){.name = "inform-resident",
                                           .trigger = AGREEMENT_ON_EVENT,
                                           .outcomes = inform->outcomes,
                                           .outcome_count = 2};
    return inform;
}

void inform_free(const struct inform *inform)
{
    free((struct inform *)(uintptr_t)inform);
}

const struct agreement_rule *inform_rule(const struct inform *inform)
{
    return &inform->rule;
}

void inform_resident(struct core *core, const struct occurrence *event)
{
    uint32_t disclosed = 0;
    for (size_t i = 0; i < core->making.routes.count; i++)
        disclosed |= core->making.routes.items[i].sections;
    if (core->terms->inform == NULL || (disclosed & sl_section_bit(SL_RESIDENT)) == 0)
        return;
    struct view view = {.core = core,
                        .terms = core->terms,
                        .event = event,
                        .facts = &core->making.before,
                        .subject = event->subject};
    const struct plan *plan = plan_rule(&view, inform_rule(core->terms->inform));
    carry_out(core, event, plan, event, (struct answers){0});
}
