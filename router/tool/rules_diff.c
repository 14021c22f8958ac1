/*
 * samenloop rules diff: what another version of the agreement would change. Without a past the two
 * texts are compared, rule by rule; with one (scenarios, a journal) it is told twice, and each
 * event whose lines of the routing log differ is shown.
 *
 * The new version holds from its own moment on, as it would have; where that is later than all of
 * the past, or with --throughout, as if it had held from the beginning.
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

#include "router/tool/logs.h"
#include "router/tool/redecide.h"
#include "router/tool/rules.h"
#include "router/tool/tool.h"

struct asked {
    const char *old;
    const char *new;
    const char *journal;
    bool throughout;
    char **scenarios;
    size_t scenario_count;
};

/* ---------------------------------------------------------------- a past, told */

/* A scenario's routing log under these agreements; what it brings in itself is passed over. */
static int play(struct sl_buffer *out, int64_t *last, const char *path,
                const struct scenario_agreements *agreements, struct sl_error *error)
{
    struct scenario *scenario = scenario_new(agreements, error);
    int result = scenario == NULL ? -1 : scenario_play(scenario, path, error);
    if (result == 0) {
        *last = scenario_at(scenario);
        sl_buffer_add_bytes(out, scenario_log(scenario));
    }
    scenario_free(scenario);
    return result;
}

/* A part of the past: how it is told, and from where. */
struct part {
    int (*tell)(struct sl_buffer *out, int64_t *last, const char *path,
                const struct scenario_agreements *agreements, struct sl_error *error);
    const char *path;
};

/* ---------------------------------------------------------------- the command */

/* Has the new version its moment after all of the past? Then it is taken as if it held throughout.
 */
static int look_ahead(bool *later, const struct asked *asked, const struct part *parts,
                      size_t count, struct sl_error *error)
{
    struct scenario_agreements agreements = {.first = asked->old, .no_others = true};
    struct agreement *new = rules_load(asked->new);
    struct sl_buffer log = {0};
    int result = 0;
    if (new == NULL)
        return sl_fail(error, SL_MALFORMED, "%s: is no agreement", asked->new);
    *later = true;
    for (size_t i = 0; i < count && result == 0; i++) {
        int64_t last = 0;
        sl_buffer_clear(&log);
        result = parts[i].tell(&log, &last, parts[i].path, &agreements, error);
        *later = *later && new != NULL &&last < new->in_force;
    }
    sl_buffer_free(&log);
    agreement_free(new);
    return result;
}

static int compare_part(struct sl_buffer *out, struct logs_sum *sum, const struct asked *asked,
                        const struct part *part, bool throughout, struct sl_error *error)
{
    struct scenario_agreements agreements = {.first = asked->old, .no_others = true};
    struct sl_buffer old = {0}, new = {0};
    int64_t last = 0;
    int result = part->tell(&old, &last, part->path, &agreements, error);
    agreements.next = asked->new;
    agreements.throughout = throughout;
    if (result == 0)
        result = part->tell(&new, &last, part->path, &agreements, error);
    if (result == 0)
        logs_compare(out, sum, part->path, sl_buffer_bytes(&old), sl_buffer_bytes(&new));
    sl_buffer_free(&old);
    sl_buffer_free(&new);
    return result;
}

static int compare_past(struct sl_buffer *out, const struct asked *asked, const struct part *parts,
                        size_t count, struct sl_error *error)
{
    struct logs_sum sum = {0};
    bool throughout = asked->throughout;
    int result = throughout ? 0 : look_ahead(&throughout, asked, parts, count, error);
    if (throughout && !asked->throughout)
        sl_buffer_printf(out, "the new version comes into force after all of this: compared as if "
                              "it had held throughout\n");
    for (size_t i = 0; i < count && result == 0; i++)
        result = compare_part(out, &sum, asked, &parts[i], throughout, error);
    if (result == 0)
        logs_print_sum(out, &sum);
    if (result == 0)
        result = sum.differing > 0;
    logs_sum_free(&sum);
    return result;
}

static int compare_texts(struct sl_buffer *out, const struct asked *asked)
{
    struct agreement *old = rules_load(asked->old), *new = rules_load(asked->new);
    int result = old == NULL || new == NULL ? -1 : rules_text_diff(out, old, new);
    if (result == 0)
        sl_buffer_printf(out, "no rule differs\n");
    agreement_free(old);
    agreement_free(new);
    return result;
}

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    switch (key) {
    case 'j':
        asked->journal = argument;
        return 0;
    case 't':
        asked->throughout = true;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num == 0)
            asked->old = argument;
        else if (state->arg_num == 1)
            asked->new = argument;
        else
            return ARGP_ERR_UNKNOWN; /* all that is left, by ARGP_KEY_ARGS */
        return 0;
    case ARGP_KEY_ARGS:
        asked->scenarios = state->argv + state->next;
        asked->scenario_count = (size_t)(state->argc - state->next);
        return 0;
    case ARGP_KEY_END:
        if (asked->new == NULL)
            argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int rules_diff(int count, char **arguments)
{
    static const struct argp_option options[] = {
        {"journal", 'j', "DIR", 0, "the past is what this journal has", 0},
        {"throughout", 't', NULL, 0, "as if NEW had held from the beginning", 0},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = take,
        .args_doc = "OLD NEW [SCENARIO...]",
        .doc = "Tells which past events would be routed otherwise under NEW; without a past, what "
               "differs in the rules themselves. Exit code 0: nothing differs, 1: something does."};
    struct asked asked = {.old = NULL};
    struct sl_error error = {0};
    struct sl_buffer out = {0};
    if (argp_parse(&argp, count, arguments, 0, NULL, &asked) != 0)
        return TOOL_USAGE;
    size_t part_count = 0;
    struct part *parts = sl_new(asked.scenario_count + 1, sizeof *parts);
    for (size_t i = 0; i < asked.scenario_count; i++)
        parts[part_count++] = (struct part){play, asked.scenarios[i]};
    if (asked.journal != NULL)
        parts[part_count++] = (struct part){redecide_log, asked.journal};
    int differ = part_count == 0 ? compare_texts(&out, &asked)
                                 : compare_past(&out, &asked, parts, part_count, &error);
    int result = tool_print(&out);
    if (differ < 0 && part_count > 0)
        result = tool_fail(&error);
    else if (differ != 0)
        result = TOOL_WRONG;
    free(parts);
    sl_buffer_free(&out);
    return result;
}
