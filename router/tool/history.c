#include "router/tool/history.h"

#include "router/core/calendar.h"
#include "router/router.h"
#include "router/telling.h"
#include "router/tool/scenario.h"
#include "schemas/log/storage.h"
#include "schemas/timestamp.h"

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct history *history = state->input;
    switch (key) {
    case 'j':
        history->journal = argument;
        return 0;
    case 'r':
        history->rules = argument;
        return 0;
    case ARGP_KEY_ARGS:
        history->scenarios = state->argv + state->next;
        history->scenario_count = (size_t)(state->argc - state->next);
        return 0;
    case ARGP_KEY_END:
        if (history->journal == NULL && history->scenario_count == 0)
            argp_error(state, "name a journal or a scenario");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"journal", 'j', "DIR", 0, "a router's journal; it is only read", 0},
    {"rules", 'r', "FILE", 0, "the agreement under which the scenarios are played", 0},
    {0}};
static const struct argp argp = {.options = options, .parser = take};
const struct argp_child history_arguments[] = {{&argp, 0, NULL, 0}, {0}};

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

static int let_be(void *context, struct sl_bytes lines, struct sl_error *error)
{
    (void)context; /* they were watched */
    (void)lines;
    (void)error;
    return 0;
}

static int retell(const char *folder, const struct watch *watch, struct sl_error *error)
{
    struct sl_storage *storage = NULL;
    struct router *past = NULL;
    if (sl_storage_files(&storage, folder, false, error) < 0)
        return -1;
    int result = telling_open(&past, storage, error);
    if (result == 0) {
        watch->begin(watch->context);
        telling_watch(past, watch);
        result = telling_more(past, let_be, NULL, error);
    }
    router_close(past);
    sl_storage_free(storage);
    return result;
}

int history_read(const struct history *history, const struct watch *watch, struct sl_error *error)
{
    for (size_t i = 0; i < history->scenario_count; i++) {
        if (play(history, history->scenarios[i], watch, error) < 0)
            return -1;
    }
    return history->journal != NULL ? retell(history->journal, watch, error) : 0;
}

int history_moment(int64_t *out, const char *text, bool end)
{
    int64_t day = 0;
    if (sl_date_parse(&day, sl_text(text)) < 0)
        return sl_timestamp_parse(out, sl_text(text));
    *out = end ? calendar_end_of(day) : calendar_begin_of(day);
    return 0;
}
