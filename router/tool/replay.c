/*
 * samenloop replay: a recorded scenario through the core, and its routing log.
 *
 * A version of the agreement that the scenario brings in and that is refused gives no line of the
 * log; its findings go to standard error, and the exit code says that something was wrong.
 */
#include "router/tool/arguments.h"
#include "router/tool/tool.h"

#include <stdio.h>

#include "router/tool/scenario.h"

struct asked {
    const char *rules;
    const char *scenario;
};

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &asked->scenario;
        return 0;
    case 'r':
        asked->rules = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int tool_replay(int count, char **arguments)
{
    static const struct argp_option options[] = {
        {"rules", 'r', "FILE", 0, "the agreement (router/agreement.rules, or the installed one)",
         0},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = take,
        .children = arguments_one,
        .args_doc = "SCENARIO.jsonl",
        .doc = "Feeds a recorded scenario through the core and prints the routing log."};
    struct asked asked = {.rules = NULL};
    struct sl_error error = {0};
    if (argp_parse(&argp, count, arguments, 0, NULL, &asked) != 0)
        return TOOL_USAGE;
    struct scenario_agreements agreements = {.first = asked.rules != NULL ? asked.rules
                                                                          : scenario_rules()};
    struct scenario *scenario = scenario_new(&agreements, &error);
    if (scenario == NULL)
        return tool_fail(&error);
    int played = scenario_play(scenario, asked.scenario, &error);
    struct sl_bytes log = scenario_log(scenario);
    struct sl_buffer out = {.data = (uint8_t *)(uintptr_t)log.data, .size = log.size};
    int result = tool_print(&out);
    struct sl_bytes findings = scenario_findings(scenario);
    if (findings.size > 0) {
        (void)fwrite(findings.data, 1, findings.size, stderr);
        result = TOOL_WRONG;
    }
    if (played < 0)
        result = tool_fail(&error);
    scenario_free(scenario);
    return result;
}
