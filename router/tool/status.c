/* samenloop status: how a running router is, at a glance. */
#include "router/tool/ask.h"
#include "router/tool/tool.h"

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

static void add_lanes(struct ask_table *table, const json_t *participant)
{
    static const char *const lanes[] = {"acute", "urgent", "ordinary"};
    for (size_t i = 0; i < sizeof lanes / sizeof lanes[0]; i++) {
        const json_t *lane = json_object_get(json_object_get(participant, "lanes"), lanes[i]);
        ask_value(table, json_object_get(lane, "waiting"));
        ask_cell(table, text(lane, "oldest"));
    }
}

static void show_participants(struct sl_buffer *out, const json_t *status)
{
    static const char *const head[] = {"participant", "connection", "acute",    "since",
                                       "urgent",      "since",      "ordinary", "since"};
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
        add_lanes(&table, one);
    }
    ask_print(out, &table);
}

static void show(struct sl_buffer *out, const json_t *status)
{
    const json_t *agreement = json_object_get(status, "agreement");
    const json_t *head = json_object_get(status, "head");
    const json_t *violation = json_object_get(status, "last_violation");
    const char *key;
    json_t *value;
    sl_buffer_printf(out, "router       %s at %s%s\n", text(status, "version"), text(status, "at"),
                     json_is_true(json_object_get(status, "full")) ? "  DISK FULL" : "");
    sl_buffer_printf(out, "journal      %s, %lld records\n", text(status, "journal"),
                     (long long)json_integer_value(json_object_get(status, "records")));
    if (json_is_object(head))
        sl_buffer_printf(out, "signed head  %lld records, %.16s, at %s\n",
                         (long long)json_integer_value(json_object_get(head, "records")),
                         text(head, "root"), text(head, "at"));
    sl_buffer_printf(out, "agreement    %s version %lld, %.16s, in force from %s\n",
                     text(agreement, "name"),
                     (long long)json_integer_value(json_object_get(agreement, "version")),
                     text(agreement, "hash"), text(agreement, "in_force"));
    if (json_is_string(json_object_get(agreement, "next_waits_until")))
        sl_buffer_printf(out, "             another one waits until %s\n",
                         text(agreement, "next_waits_until"));
    if (json_is_object(violation))
        sl_buffer_printf(out, "last error   %s %s: %s\n", text(violation, "at"),
                         text(violation, "participant"), text(violation, "sentence"));
    json_object_foreach(json_object_get(status, "counters"), key, value)
        sl_buffer_printf(out, "%-12s %lld\n", key, (long long)json_integer_value(value));
    sl_buffer_printf(out, "\n");
    show_participants(out, status);
}

int tool_status(int count, char **arguments)
{
    static const struct argp_option options[] = {
        {"control", 'c', "PATH", 0, "the router's control socket (" ASK_CONTROL ")", 0},
        {"json", 'j', NULL, 0, "the answer as it is", 0},
        {0}};
    static const struct argp argp = {
        .options = options, .parser = take, .doc = "Shows how a running router is."};
    struct asked asked = {.control = ASK_CONTROL};
    struct sl_error error = {0};
    if (argp_parse(&argp, count, arguments, 0, NULL, &asked) != 0)
        return TOOL_USAGE;
    json_t *status = ask_router(asked.control, json_pack("{s:s}", "ask", "status"), ASK_SHORT,
                                &error);
    return status == NULL ? tool_fail(&error) : tool_print_answer(status, asked.json ? NULL : show);
}
