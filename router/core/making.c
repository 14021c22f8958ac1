/* A decision in the making: its lines, its deliveries, and the memory it stands in. */
#include "router/core/outcomes.h"
#include "router/core/state.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void making_begin(struct core *core, int64_t at)
{
    struct making *making = &core->making;
    sl_arena_clear(&making->arena);
    making->lines.count = 0;
    making->deliveries.count = 0;
    making->routes.count = 0;
    making->stated.count = 0;
    making->unheld.count = 0;
    making->said.count = 0;
    making->houses.count = 0;
    making->at = at;
    making->first_serial = core->obligations.serial + 1;
    making->withheld = false;
    making->list_set = false;
    sl_buffer_clear(&making->past);
}

/* A receipt is wanted where an expectation waits for it. */
static bool receipt_wanted(struct core *core, const struct core_delivery *delivery)
{
    if (delivery->what != NULL || delivery->event.number == 0)
        return false;
    size_t count = 0;
    const uint32_t *found = obligations_of_event(core, delivery->event.number, &count);
    for (size_t i = 0; i < count; i++) {
        const struct obligation *open = obligation_at(core, found[i]);
        if (open->basis->outcome->receipt && open->owner == delivery->receiver &&
            open->role == delivery->role &&
            obligation_opener(core, found[i], delivery->event.number) != NULL)
            return true;
    }
    return false;
}

void making_done(struct core *core, struct core_decision *out)
{
    struct making *making = &core->making;
    for (size_t i = 0; i < making->deliveries.count; i++)
        making->deliveries.items[i].receipt_wanted = receipt_wanted(core,
                                                                    &making->deliveries.items[i]);
    *out = (struct core_decision){.lines = making->lines.items,
                                  .line_count = making->lines.count,
                                  .deliveries = making->deliveries.items,
                                  .delivery_count = making->deliveries.count,
                                  .past = sl_buffer_bytes(&making->past)};
}

void *making_alloc(struct core *core, size_t size)
{
    return sl_arena_alloc(&core->making.arena, size); /* without a limit: never NULL */
}

const char *making_text(struct core *core, const char *format, ...)
{
    char text[SL_MAX_SENTENCE];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    assert(size >= 0);
    size_t room = (size_t)size < sizeof text ? (size_t)size + 1 : sizeof text;
    return memcpy(making_alloc(core, room), text, room);
}

/* ---------------------------------------------------------------- names */

const struct agreement_clause *rule_clause(const struct agreement_rule *rule)
{
    return rule->clause_count > 0 ? &rule->clauses[0] : NULL;
}

struct core_source gist_source(struct core *core, const struct gist *gist, uint32_t subject)
{
    uint8_t *uuid = making_alloc(core, sizeof gist->uuid);
    memcpy(uuid, gist->uuid, sizeof gist->uuid);
    return (struct core_source){.number = gist->number,
                                .uuid = uuid,
                                .type = sl_type_at(gist->type)->name,
                                .from = place_name(core, gist->publisher),
                                .subject = subject_at(core, subject)->pseudonym};
}

const char *obligation_what(struct core *core, const struct obligation *obligation)
{
    const struct agreement_outcome *outcome = obligation->basis->outcome;
    if (outcome->receipt)
        return "receipt";
    const char *what = sl_type_at(outcome->awaited[0])->name;
    for (size_t i = 1; i < outcome->awaited_count; i++)
        what = making_text(core, "%s|%s", what, sl_type_at(outcome->awaited[i])->name);
    return what;
}

/* ---------------------------------------------------------------- lines and deliveries */

struct core_line *line_add(struct core *core, const struct core_source *event,
                           enum core_outcome outcome, const char *rule,
                           const struct agreement_clause *clause)
{
    struct core_line *line = LIST_ADD(&core->making.lines);
    *line = (struct core_line){
        .outcome = outcome, .at = core->making.at, .event = *event, .rule = rule};
    line->clause = clause == NULL ? NULL : clause->name;
    return line;
}

struct core_line *line_speak(struct core *core, const struct core_source *event,
                             enum core_outcome outcome, const struct agreement_rule *rule)
{
    return line_add(core, event, outcome, rule->name, rule_clause(rule));
}

struct core_reason reason_of(const char *rule, const struct agreement_clause *clause)
{
    return clause == NULL ? (struct core_reason){.rule = rule}
                          : (struct core_reason){rule, clause->name, clause->words};
}

struct core_delivery *delivery_add(struct core *core, const struct core_source *event, uint8_t lane,
                                   int to, enum sl_role role, const struct sl_derived *what,
                                   const char *rule, const struct agreement_clause *clause)
{
    struct core_reason *reason = making_alloc(core, sizeof *reason);
    *reason = reason_of(rule, clause);
    struct core_delivery *delivery = LIST_ADD(&core->making.deliveries);
    *delivery = (struct core_delivery){.receiver = to,
                                       .role = role,
                                       .lane = (enum sl_lane)lane,
                                       .what = what,
                                       .event = *event,
                                       .reasons = reason,
                                       .reason_count = 1};
    return delivery;
}

struct core_delivery *tell(struct core *core, const struct core_source *event, uint8_t lane,
                           const struct told *told)
{
    enum sl_role role = gate_role(core, event, told->to, told->role);
    struct core_line *line = line_add(
        core, event, told->what->kind == SL_INSTRUCTION ? CORE_INSTRUCTED : CORE_NOTIFIED,
        told->rule, told->clause);
    line->to = place_name(core, told->to);
    line->role = role;
    line->what = told->what->name;
    line->due = told->due;
    line->detail = told->detail;
    struct core_delivery *delivery = delivery_add(core, event, lane, told->to, role, told->what,
                                                  told->rule, told->clause);
    delivery->due = told->due;
    delivery->details = told->details;
    delivery->detail_count = told->detail_count;
    return delivery;
}
