/* samenloop list: the joint team's list. */
#include <argp.h>

#include "router/tool/history.h"
#include "router/tool/team_list.h"
#include "router/tool/tool.h"

struct asked {
    bool json;
    int64_t at;
    struct history history;
};

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &asked->history;
        return 0;
    case 't':
        if (history_moment(&asked->at, argument, true) < 0)
            argp_error(state, "--at wants a date or a moment (RFC 3339)");
        return 0;
    case 'n':
        asked->json = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int print(const struct asked *asked, struct team_list *list)
{
    struct sl_buffer out = {0};
    if (asked->json)
        team_list_print_json(list, &out);
    else
        team_list_print(list, &out);
    int result = tool_print(&out);
    sl_buffer_free(&out);
    return result;
}

int tool_list(int count, char **arguments)
{
    static const struct argp_option options[] = {
        {"at", 't', "T", 0, "as it was at this moment, or at the end of this day", 0},
        {"json", 'n', NULL, 0, "an array with an object a house", 0},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = take,
        .children = history_arguments,
        .args_doc = HISTORY_ARGUMENTS,
        .doc = "The joint team's list: priority, house (the beginning of its pseudonym), since "
               "when, grounds, and below each house what is awaited of whom, and until when."};
    struct asked asked = {.at = INT64_MAX};
    struct sl_error error = {0};
    struct watch watch;
    if (argp_parse(&argp, count, arguments, 0, NULL, &asked) != 0)
        return TOOL_USAGE;
    asked.history.until = asked.at;
    struct team_list *list = team_list_new(asked.at);
    team_list_watch(list, &watch);
    int result = history_read(&asked.history, &watch, &error) < 0 ? tool_fail(&error)
                                                                  : print(&asked, list);
    team_list_free(list);
    return result;
}
