/* Lines of the routing log, and receivers that are there or away. */
#include <stdlib.h>
#include <string.h>

#include "router/tool/scenario_parts.h"

/* ---------------------------------------------------------------- lines and deliveries */

static void write_line(struct scenario *scenario, const struct core_line *line, const char *id)
{
    struct core_line shown = *line;
    uint64_t number = line->event.number;
    shown.event.id = number > 0 && number <= scenario->event_count ? scenario->events[number - 1].id
                                                                   : id;
    core_line_write(&scenario->log, &shown);
    if (scenario->watch.line != NULL)
        scenario->watch.line(scenario->watch.context, &shown);
}

void write_lines(struct scenario *scenario, const struct core_decision *decision, const char *id)
{
    for (size_t i = 0; i < decision->line_count; i++)
        write_line(scenario, &decision->lines[i], id);
}

/* Somebody takes it at once, which is the receipt. */
static void hand_over(struct scenario *scenario, struct parcel *parcel)
{
    const struct core_delivery *delivery = &parcel->delivery;
    uint64_t number = delivery->event.number;
    struct core_line line;
    const struct kept *kept = &scenario->events[number - 1];
    bool moved = memcmp(parcel->subject, kept->event.header.subject.data, sizeof parcel->subject) ==
                 0; /* if the event did since */
    parcel->delivery.event.subject = moved ? kept->subject : parcel->subject;
    core_delivered(&line, delivery, scenario->at, scenario->parties[delivery->receiver].name);
    write_line(scenario, &line, NULL);
    if (delivery->what != NULL)
        return;
    scenario->events[number - 1].reached |= 1u << delivery->receiver;
    if (!delivery->receipt_wanted)
        return;
    struct core_decision decision;
    core_receipt(scenario->core, scenario->at, number, delivery->receiver, delivery->role,
                 &decision);
    write_lines(scenario, &decision, NULL);
    deliver(scenario, &decision);
}

/* What the core gave lives until its next call: copied before anything is handed over. */
void deliver(struct scenario *scenario, const struct core_decision *decision)
{
    size_t count = decision->delivery_count;
    struct parcel *parcels = sl_new(count, sizeof *parcels);
    for (size_t i = 0; i < count && scenario->watch.told != NULL; i++)
        scenario->watch.told(scenario->watch.context, &decision->deliveries[i]);
    for (size_t i = 0; i < count; i++) {
        struct parcel *parcel = &parcels[i];
        struct core_reason *reason = sl_arena_alloc(&scenario->arena, sizeof *reason);
        parcel->delivery = decision->deliveries[i];
        *reason = parcel->delivery.reasons[0];
        parcel->delivery.reasons = reason;
        parcel->delivery.event.uuid = NULL;
        memcpy(parcel->subject, parcel->delivery.event.subject, sizeof parcel->subject);
        parcel->order = ++scenario->deliveries;
    }
    for (size_t i = 0; i < count; i++) {
        if (!scenario->parties[parcels[i].delivery.receiver].away) {
            hand_over(scenario, &parcels[i]);
            continue;
        }
        scenario->waiting = sl_grow(scenario->waiting, &scenario->waiting_capacity,
                                    scenario->waiting_count + 1, sizeof *scenario->waiting);
        scenario->waiting[scenario->waiting_count++] = parcels[i];
    }
    free(parcels);
}

static void let_deadlines_pass(struct scenario *scenario, int64_t until)
{
    struct core_decision decision;
    for (;;) {
        int64_t due = core_wake(scenario->core) - 1;
        if (!core_tick(scenario->core, until, &decision))
            break;
        scenario->at = due;
        write_lines(scenario, &decision, NULL);
        deliver(scenario, &decision);
    }
    scenario->at = until;
}

void let_time_pass(struct scenario *scenario, int64_t until)
{
    const struct agreement *coming = scenario->coming;
    if (coming != NULL && coming->in_force <= until) {
        if (coming->in_force > scenario->at)
            let_deadlines_pass(scenario, coming->in_force);
        bring_in(scenario, coming);
    }
    let_deadlines_pass(scenario, until);
}

static int lanes_first(const void *a, const void *b)
{
    const struct parcel *x = a, *y = b;
    if (x->delivery.lane != y->delivery.lane)
        return x->delivery.lane < y->delivery.lane ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

void come_back(struct scenario *scenario, int party)
{
    struct parcel *due = sl_new(scenario->waiting_count, sizeof *due);
    size_t count = 0, left = 0;
    scenario->parties[party].away = false;
    for (size_t i = 0; i < scenario->waiting_count; i++) {
        if (scenario->waiting[i].delivery.receiver == party)
            due[count++] = scenario->waiting[i];
        else
            scenario->waiting[left++] = scenario->waiting[i];
    }
    scenario->waiting_count = left;
    qsort(due, count, sizeof *due, lanes_first);
    for (size_t i = 0; i < count; i++)
        hand_over(scenario, &due[i]);
    free(due);
}
