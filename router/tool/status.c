/* samenloop status: is all well with a running router, and how it is, at a glance. */
#include "router/tool/ask.h"
#include "router/tool/tool.h"
#include "router/tool/verdict.h"

struct asked {
    const char *control;
    bool json;
};

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    switch (key) {
    case 'c':
        asked->control = argument;
        return 0;
    case 'j':
        asked->json = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const char *text(const json_t *object, const char *key)
{
    const char *found = json_string_value(json_object_get(object, key));
    return found != NULL ? found : "-";
}

/* What waits in a lane, and for how long: "20, 3 h 12 min"; "0". */
static void add_lane(struct ask_table *table, const json_t *status, const json_t *lane)
{
    char cell[VERDICT_SPAN + 32];
    char span[VERDICT_SPAN] = "";
    int64_t ago = verdict_ago(status, json_object_get(lane, "oldest"));
    if (ago >= 0)
        verdict_span(span, ago);
    (void)snprintf(cell, sizeof cell, "%lld%s%s",
                   (long long)json_integer_value(json_object_get(lane, "waiting")),
                   ago >= 0 ? " for " : "", span);
    ask_cell(table, cell);
}

static void show_participants(struct sl_buffer *out, const json_t *status)
{
    static const char *const lanes[] = {"acute", "urgent", "ordinary"};
    static const char *const head[] = {"waits for", "which is", "acute", "urgent", "ordinary"};
    struct ask_table table = {.columns = sizeof head / sizeof head[0]};
    size_t index;
    json_t *one;
    for (size_t i = 0; i < table.columns; i++)
        ask_cell(&table, head[i]);
    json_array_foreach(json_object_get(status, "participants"), index, one)
    {
        bool connected = json_is_true(json_object_get(one, "connected"));
        bool fed = json_is_true(json_object_get(one, "fed"));
        ask_cell(&table, text(one, "name"));
        ask_cell(&table, connected ? (fed ? "connected" : "not fed") : "away");
        for (size_t i = 0; i < sizeof lanes / sizeof lanes[0]; i++)
            add_lane(&table, status, json_object_get(json_object_get(one, "lanes"), lanes[i]));
    }
    ask_print(out, &table);
}

static long long figure(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

static void show_agreement(struct sl_buffer *out, const json_t *agreement)
{
    sl_buffer_printf(out,
                     "agreement     %s, version %lld (%.16s)\n              in force since %s\n",
                     text(agreement, "name"), figure(agreement, "version"), text(agreement, "hash"),
                     text(agreement, "in_force"));
    if (json_is_string(json_object_get(agreement, "next_waits_until")))
        sl_buffer_printf(out, "              another one waits until %s\n",
                         text(agreement, "next_waits_until"));
}

static void show_counts(struct sl_buffer *out, const json_t *status)
{
    const json_t *counters = json_object_get(status, "counters");
    const json_t *open = json_object_get(status, "obligations");
    const json_t *violation = json_object_get(status, "last_violation");
    sl_buffer_printf(out, "events        %lld\n", figure(counters, "events"));
    sl_buffer_printf(out, "obligations   %lld open, %lld of them overdue\n", figure(open, "open"),
                     figure(open, "overdue"));
    sl_buffer_printf(out, "dead letters  %lld\n", figure(counters, "dead_letters"));
    sl_buffer_printf(out,
                     "since start   %lld events refused, %lld came again, %lld connections ended "
                     "for what they sent\n",
                     figure(counters, "refused"), figure(counters, "duplicates"),
                     figure(counters, "violations"));
    if (json_is_object(violation))
        sl_buffer_printf(out, "              the last: %s %s: %s\n", text(violation, "at"),
                         text(violation, "participant"), text(violation, "sentence"));
    if (figure(counters, "differing") > 0)
        sl_buffer_printf(out,
                         "old records   %lld would be decided otherwise by this version; what "
                         "was decided holds\n",
                         figure(counters, "differing"));
}

static void show(struct sl_buffer *out, const json_t *status)
{
    const json_t *head = json_object_get(status, "head");
    verdict_tell(out, status);
    sl_buffer_printf(out, "\n");
    show_participants(out, status);
    sl_buffer_printf(out, "\nrouter        version %s, at %s\n", text(status, "version"),
                     text(status, "at"));
    sl_buffer_printf(out, "journal       %s, %lld records\n", text(status, "journal"),
                     figure(status, "records"));
    if (json_is_object(head))
        sl_buffer_printf(out, "signed head   %lld records, %.16s, at %s\n", figure(head, "records"),
                         text(head, "root"), text(head, "at"));
    show_agreement(out, json_object_get(status, "agreement"));
    show_counts(out, status);
}

int tool_status(int count, char **arguments)
{
    static const struct argp_option options[] = {
        {"control", 'c', "PATH", 0, "the router's control socket (" ASK_CONTROL ")", 0},
        {"json", 'j', NULL, 0, "the answer as it is", 0},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = take,
        .doc = "Says whether all is well with a running router or what wants attention, what waits "
               "for "
               "whom and for how long, and what it counted. Moments are UTC."};
    struct asked asked = {.control = ASK_CONTROL};
    struct sl_error error = {0};
    if (argp_parse(&argp, count, arguments, 0, NULL, &asked) != 0)
        return TOOL_USAGE;
    json_t *status = ask_router(asked.control, json_pack("{s:s}", "ask", "status"), ASK_SHORT,
                                &error);
    return status == NULL ? tool_fail(&error) : tool_print_answer(status, asked.json ? NULL : show);
}
