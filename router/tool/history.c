#include "router/tool/history.h"

#include "router/core/calendar.h"
#include "router/tool/scenario.h"
#include "schemas/timestamp.h"

static int play(const struct history *history, const char *path, const struct watch *watch,
                struct sl_error *error)
{
    struct scenario_agreements agreements = {.first = history->rules != NULL ? history->rules
                                                                             : scenario_rules()};
    struct scenario *scenario = scenario_new(&agreements, error);
    if (scenario == NULL)
        return -1;
    watch->begin(watch->context);
    scenario_watch(scenario, watch);
    int result = scenario_play(scenario, path, error);
    if (result == 0 && history->until != INT64_MAX)
        scenario_wait(scenario, history->until);
    scenario_free(scenario);
    return result;
}

int history_read(const struct history *history, const struct watch *watch, struct sl_error *error)
{
    for (size_t i = 0; i < history->scenario_count; i++) {
        if (play(history, history->scenarios[i], watch, error) < 0)
            return -1;
    }
    return 0;
}

int history_moment(int64_t *out, const char *text, bool end)
{
    int64_t day = 0;
    if (sl_date_parse(&day, sl_text(text)) < 0)
        return sl_timestamp_parse(out, sl_text(text));
    *out = end ? calendar_end_of(day) : calendar_begin_of(day);
    return 0;
}
