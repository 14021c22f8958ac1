#include "schemas/metrics.h"

#include <inttypes.h>

#define PREFIX "samenloop_"

void sl_metrics_family(struct sl_buffer *out, const struct sl_metric *metric)
{
    sl_buffer_printf(out, "# TYPE " PREFIX "%s %s\n# HELP " PREFIX "%s %s\n", metric->name,
                     metric->counter ? "counter" : "gauge", metric->name, metric->help);
}

void sl_metrics_sample(struct sl_buffer *out, const struct sl_metric *metric,
                       const struct sl_label *labels, size_t count, int64_t value)
{
    sl_buffer_printf(out, PREFIX "%s%s", metric->name, metric->counter ? "_total" : "");
    for (size_t i = 0; i < count; i++)
        sl_buffer_printf(out, "%s%s=\"%s\"", i == 0 ? "{" : ",", labels[i].name, labels[i].value);
    sl_buffer_printf(out, "%s %" PRId64 "\n", count == 0 ? "" : "}", value);
}

void sl_metrics_one(struct sl_buffer *out, const struct sl_metric *metric, int64_t value)
{
    sl_metrics_family(out, metric);
    sl_metrics_sample(out, metric, NULL, 0, value);
}

void sl_metrics_end(struct sl_buffer *out)
{
    sl_buffer_printf(out, "# EOF\n");
}
