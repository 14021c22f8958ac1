#include "router/metrics.h"

#include <stddef.h>

#include "router/connections.h"
#include "router/state.h"
#include "schemas/metrics.h"

#define AT(field) offsetof(struct router_figures, field)

static const struct {
    struct sl_metric metric;
    size_t offset; /* of a count */
} counts[] = {
    {{"router_events", false, "Events in the journal."}, AT(events)},
    {{"router_dead_letters", false, "Deliveries that a receiver refused, not decided on yet."},
     AT(dead_letters)},
    {{"router_greeted", false, "Participants whose adapter is connected."}, AT(connections)},
    {{"router_refused", true, "Events refused."}, AT(refused)},
    {{"router_duplicates", true, "Events that came again."}, AT(duplicates)},
    {{"router_violations", true, "Connections ended because of a frame that was wrong."},
     AT(violations)},
    {{"router_cards_refused", false, "Key cards in the folder that are not good."},
     AT(cards_refused)},
};

/* A number of a participant's lane, or (lane 0) of the participant. */
static int64_t waiting(struct router *router, int participant, enum sl_lane lane)
{
    return (int64_t)deliveries_waiting(router->deliveries, participant, lane);
}

static int64_t waits_seconds(struct router *router, int participant, enum sl_lane lane)
{
    sl_arena_clear(&router->arena);
    int64_t since = router_oldest(router, participant, lane);
    return since == 0 || since > router->moment.now ? 0 : (router->moment.now - since) / 1000;
}

static int64_t connected(struct router *router, int participant, enum sl_lane lane)
{
    (void)lane;
    return router->connections.of[participant].number != 0;
}

static int64_t in_flight(struct router *router, int participant, enum sl_lane lane)
{
    const struct connection *connection = &router->connections.of[participant];
    (void)lane;
    return connection->number == 0 ? 0 : connections_in_flight(connection);
}

static const struct {
    struct sl_metric metric;
    bool by_lane;
    int64_t (*value)(struct router *router, int participant, enum sl_lane lane);
} by_participant[] = {
    {{"router_connected", false, "1: the participant's adapter is connected."}, false, connected},
    {{"router_in_flight", false, "Deliveries sent and not answered yet."}, false, in_flight},
    {{"router_waiting", false, "Deliveries that the receiver has not taken yet."}, true, waiting},
    {{"router_oldest_waiting_seconds", false, "How long the first of them has been waiting."},
     true,
     waits_seconds},
};

static void write_participants(struct router *router, size_t which, struct sl_buffer *out)
{
    bool by_lane = by_participant[which].by_lane;
    int first = by_lane ? SL_LANE_ACUTE : SL_NO_LANE,
        last = by_lane ? SL_LANE_ORDINARY : SL_NO_LANE;
    sl_metrics_family(out, &by_participant[which].metric);
    for (int i = 0; i < (int)router->participant_count; i++)
        for (int lane = first; lane <= last; lane++) {
            struct sl_label labels[] = {{"participant", router->participants[i]},
                                        {"lane", by_lane ? sl_lane_name((enum sl_lane)lane) : ""}};
            sl_metrics_sample(out, &by_participant[which].metric, labels, by_lane ? 2 : 1,
                              by_participant[which].value(router, i, (enum sl_lane)lane));
        }
}

void router_metrics(struct router *router, struct sl_buffer *out)
{
    struct router_figures figures;
    router_figures(router, &figures);
    const char *base = (const char *)&figures;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        sl_metrics_one(out, &counts[i].metric,
                       (int64_t) * (const uint64_t *)(const void *)(base + counts[i].offset));
    static const struct sl_metric full = {"router_full", false,
                                          "1: the disk is full, nothing is accepted."};
    static const struct sl_metric records = {"router_records", false, "Records in the journal."};
    sl_metrics_one(out, &full, router->full);
    sl_metrics_one(out, &records, (int64_t)journal_last(router->journal));
    for (size_t i = 0; i < sizeof by_participant / sizeof *by_participant; i++)
        write_participants(router, i, out);
    sl_metrics_end(out);
}
