/* How the house is: for people and load balancers (/health), for a monitoring system (/metrics). */
#include <stddef.h>

#include "adapters/edges/http_parts.h"
#include "schemas/metrics.h"

/* ---------------------------------------------------------------- GET /health */

static json_t *lanes(const uint64_t counts[SAMENLOOP_LANES])
{
    return json_pack("{s:I, s:I, s:I}", "acute", (json_int_t)counts[1], "urgent",
                     (json_int_t)counts[2], "ordinary", (json_int_t)counts[3]);
}

void http_health(struct http_request *request)
{
    struct samenloop_health health;
    samenloop_health(request->http->house, &health);
    bool fits = health.alarm[0] == '\0';
    const char *status = !health.writable ? "cannot_write"
                         : !health.fed    ? "not_fed"
                         : !fits          ? "journal_changed"
                                          : "ok";
    const char *detail = fits ? health.trouble : health.alarm;
    json_t *document = json_pack("{s:s, s:s, s:o, s:o, s:I, s:s*}", "status", status, "router",
                                 health.connected ? "connected" : "away", "outbox",
                                 lanes(health.outbox), "inbox", lanes(health.inbox), "head",
                                 (json_int_t)health.head, "detail",
                                 detail[0] == '\0' ? NULL : detail);
    http_reply_json(
        request, health.writable && health.fed && fits ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
        "application/json", document, NULL, NULL);
}

/* ---------------------------------------------------------------- GET /metrics */

#define AT(field) offsetof(struct samenloop_health, field)

static const struct {
    struct sl_metric metric;
    size_t offset; /* of a bool */
} states[] = {
    {{"adapter_writable", false, "1: events are accepted; 0: the disk is full or broken."},
     AT(writable)},
    {{"adapter_fed", false, "1: the router's journal is the one that this inbox is of."}, AT(fed)},
    {{"adapter_connected", false, "1: the router answers."}, AT(connected)},
};

static const struct {
    struct sl_metric metric;
    size_t offset; /* of a count a lane */
} queues[] = {
    {{"adapter_outbox", false, "Events that the router has not answered yet."}, AT(outbox)},
    {{"adapter_inbox", false, "Deliveries that the back office has not taken yet."}, AT(inbox)},
};

static const struct {
    struct sl_metric metric;
    size_t offset; /* of a count */
} counters[] = {
    {{"adapter_accepted", true, "Events accepted from the back office."}, AT(accepted)},
    {{"adapter_duplicates", true, "Events handed in again."}, AT(duplicates)},
    {{"adapter_refused", true, "Events refused at this door."}, AT(refused)},
    {{"adapter_delivered", true, "Deliveries taken into the inbox."}, AT(delivered)},
    {{"adapter_repeated", true, "Deliveries that were in the inbox already."}, AT(repeated)},
    {{"adapter_behind", true, "Deliveries whose previous one was missing."}, AT(behind)},
    {{"adapter_failed", true, "Deliveries that could not be taken."}, AT(failed)},
    {{"adapter_connections", true, "Connections to the router."}, AT(connections)},
};

static const struct sl_metric changed = {
    "adapter_journal_changed", false,
    "1: the router's journal is not what its signed heads said before."};
static const struct sl_metric cards = {"adapter_cards_refused", false,
                                       "Key cards in the folder that are not good."};
static const struct sl_metric head = {"adapter_head", false,
                                      "Records under the last signed head that was checked."};

static void write_queue(struct sl_buffer *out, const struct sl_metric *metric,
                        const uint64_t counts[SAMENLOOP_LANES])
{
    static const char *const names[SAMENLOOP_LANES] = {NULL, "acute", "urgent", "ordinary"};
    sl_metrics_family(out, metric);
    for (int lane = 1; lane < SAMENLOOP_LANES; lane++) {
        struct sl_label label = {"lane", names[lane]};
        sl_metrics_sample(out, metric, &label, 1, (int64_t)counts[lane]);
    }
}

void http_metrics(struct http_request *request)
{
    struct samenloop_health health;
    struct sl_buffer out = {0};
    samenloop_health(request->http->house, &health);
    const char *base = (const char *)&health;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        sl_metrics_one(&out, &states[i].metric, *(const bool *)(base + states[i].offset));
    for (size_t i = 0; i < sizeof queues / sizeof *queues; i++)
        write_queue(&out, &queues[i].metric,
                    (const uint64_t *)(const void *)(base + queues[i].offset));
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++)
        sl_metrics_one(&out, &counters[i].metric,
                       (int64_t) * (const uint64_t *)(const void *)(base + counters[i].offset));
    sl_metrics_one(&out, &changed, health.alarm[0] != '\0');
    sl_metrics_one(&out, &cards, (int64_t)health.cards_refused);
    sl_metrics_one(&out, &head, (int64_t)health.head);
    sl_metrics_end(&out);
    http_reply(request, MHD_HTTP_OK, SL_METRICS_TYPE, &out, NULL, NULL);
}
