/* The router's numbers, as OpenMetrics text (schemas/metrics.h): one table, in metrics.c. */
#ifndef ROUTER_METRICS_H
#define ROUTER_METRICS_H

#include "schemas/bytes.h"

struct router;

void router_metrics(struct router *router, struct sl_buffer *out);

#endif
