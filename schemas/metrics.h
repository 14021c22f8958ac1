/*
 * Numbers for a monitoring system, in the OpenMetrics text format (version 1.0.0). A family is a
 * name, what it counts and its samples; a text is its families and an end:
 *
 *     # TYPE samenloop_router_waiting gauge
 *     # HELP samenloop_router_waiting Deliveries that the receiver has not taken yet.
 *     samenloop_router_waiting{participant="img",lane="acute"} 0
 *     # EOF
 *
 * Every name begins with samenloop_. A label never tells of a house or a person.
 */
#ifndef SCHEMAS_METRICS_H
#define SCHEMAS_METRICS_H

#include <stdint.h>

#include "schemas/bytes.h"

#define SL_METRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

struct sl_metric {
    const char *name; /* without samenloop_, and without the _total of a counter's sample */
    bool counter;     /* only grows while the process lives; else a gauge */
    const char *help; /* a sentence; no backslash, quote or line feed */
};

struct sl_label {
    const char *name;
    const char *value; /* of [a-z0-9_.-] */
};

void sl_metrics_family(struct sl_buffer *out, const struct sl_metric *metric);
void sl_metrics_sample(struct sl_buffer *out, const struct sl_metric *metric,
                       const struct sl_label *labels, size_t count, int64_t value);

/* A family of one sample without labels. */
void sl_metrics_one(struct sl_buffer *out, const struct sl_metric *metric, int64_t value);

void sl_metrics_end(struct sl_buffer *out);

#endif
