/* samenloop rules explain: which rules fire for an event, which do not, and why. */
#include "router/tool/tool.h"

#include <jansson.h>

#include "router/tool/arguments.h"
#include "router/tool/scenario.h"
#include "schemas/cloudevent.h"
#include "schemas/file.h"

struct asked {
    const char *event;
    const char *after;
    const char *rules;
    enum sl_role role;
};

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &asked->event;
        return 0;
    case 'a':
        asked->after = argument;
        return 0;
    case 'r':
        asked->rules = argument;
        return 0;
    case 'R':
        if (sl_role_parse(&asked->role, sl_text(argument)) < 0)
            argp_error(state, "there is no role %s", argument);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static json_t *read_event(const char *path, struct sl_error *error)
{
    struct sl_buffer text = {0};
    json_error_t trouble;
    json_t *event = NULL;
    if (sl_file_read(&text, path, SL_MAX_EVENT, error) == 0) {
        event = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &trouble);
        if (event == NULL)
            (void)sl_fail(error, SL_MALFORMED, "%s: line %d, column %d: %s", path, trouble.line,
                          trouble.column, trouble.text);
    }
    sl_buffer_free(&text);
    return event;
}

static int explain(const struct asked *asked, const json_t *event, struct sl_buffer *out,
                   struct sl_error *error)
{
    struct scenario_agreements agreements = {.first = asked->rules};
    struct scenario *scenario = scenario_new(&agreements, error);
    int result = scenario != NULL ? 0 : -1;
    if (result == 0 && asked->after != NULL)
        result = scenario_play(scenario, asked->after, error);
    if (result == 0)
        result = scenario_explain(scenario, event, asked->role, out, error);
    scenario_free(scenario);
    return result;
}

int tool_explain(int count, char **arguments)
{
    static const struct argp_option options[] = {
        {"after", 'a', "SCENARIO", 0, "what has happened before (a scenario to replay)", 0},
        {"role", 'R', "ROLE", 0, "in which the event is published (back_office)", 0},
        {"rules", 'r', "FILE", 0, "the agreement (router/agreement.rules, or the installed one)",
         0},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = take,
        .children = arguments_one,
        .args_doc = "EVENT.json",
        .doc =
            "Says which rules fire for an event, with what outcomes, and which do not, and why."};
    struct asked asked = {.rules = scenario_rules(), .role = SL_BACK_OFFICE};
    struct sl_error error = {0};
    struct sl_buffer out = {0};
    if (argp_parse(&argp, count, arguments, 0, NULL, &asked) != 0)
        return TOOL_USAGE;
    json_t *event = read_event(asked.event, &error);
    if (event == NULL)
        return tool_fail(&error);
    int result = explain(&asked, event, &out, &error);
    json_decref(event);
    result = result == 0 ? tool_print(&out) : tool_fail(&error);
    sl_buffer_free(&out);
    return result;
}
