/*
 * samenloop rules coverage: clause -> rules that carry it out -> scenarios in which each fires. A
 * rule that quotes several clauses stands below each of them.
 */
#include <argp.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "router/tool/rules.h"
#include "router/tool/scenario.h"
#include "router/tool/tool.h"

struct asked {
    const char *rules;
    char **scenarios;
    size_t scenario_count;
};

struct coverage {
    const struct agreement *agreement;
    bool *fired; /* of scenario s and rule r: [s * rule_count + r] */
};

/* ---------------------------------------------------------------- what fires */

/* What a line says of an obligation that was opened earlier, or of a delivery, is no firing. */
static bool is_firing(const json_t *line)
{
    static const char *const firings[] = {"forwarded",        "instructed", "notified",
                                          "withheld",         "remembered", "logged",
                                          "obligation_opened"};
    const char *outcome = json_string_value(json_object_get(line, "outcome"));
    for (size_t i = 0; outcome != NULL && i < sizeof firings / sizeof firings[0]; i++) {
        if (strcmp(outcome, firings[i]) == 0)
            return true;
    }
    return false;
}

static bool is_triggered(const struct agreement_rule *rule, const json_t *line)
{
    const char *type = json_string_value(json_object_get(line, "type"));
    const struct sl_type *found = type == NULL ? NULL : sl_type_find(sl_text(type));
    return found != NULL && rule->trigger == AGREEMENT_ON_EVENT &&
           (rule->types & agreement_type_bit(sl_type_index(found))) != 0;
}

static bool applies(const struct agreement_rule *rule, int other)
{
    for (size_t i = 0; i < rule->outcome_count; i++) {
        const struct agreement_outcome *outcome = &rule->outcomes[i];
        for (size_t k = 0; outcome->kind == AGREEMENT_APPLY && k < outcome->rules.count; k++) {
            if (outcome->rules.items[k] == other)
                return true;
        }
    }
    return false;
}

/*
 * Lines of an applied rule carry its own name: where the event does not set it off, what applies it
 * has fired as well.
 */
static void mark_line(const struct coverage *coverage, bool *fired, const json_t *line)
{
    const struct agreement *agreement = coverage->agreement;
    const char *name = json_string_value(json_object_get(line, "rule"));
    int rule = name != NULL && is_firing(line) ? agreement_rule_find(agreement, sl_text(name)) : -1;
    if (rule < 0)
        return;
    fired[rule] = true;
    for (size_t i = 0; i < agreement->rule_count; i++) {
        if (!is_triggered(&agreement->rules[rule], line) && applies(&agreement->rules[i], rule) &&
            is_triggered(&agreement->rules[i], line))
            fired[i] = true;
    }
}

static void mark_fired(const struct coverage *coverage, size_t scenario, struct sl_bytes log)
{
    bool *fired = &coverage->fired[scenario * coverage->agreement->rule_count];
    for (size_t at = 0; at < log.size;) {
        const uint8_t *end = memchr(log.data + at, '\n', log.size - at);
        size_t size = (size_t)(end - (log.data + at));
        json_t *line = json_loadb((const char *)log.data + at, size, 0, NULL);
        mark_line(coverage, fired, line);
        json_decref(line);
        at += size + 1;
    }
}

/* What a scenario brings in itself is passed over: the table is about one version. */
static int play(const struct coverage *coverage, const struct asked *asked, struct sl_error *error)
{
    struct scenario_agreements agreements = {.first = asked->rules, .no_others = true};
    for (size_t i = 0; i < asked->scenario_count; i++) {
        struct scenario *scenario = scenario_new(&agreements, error);
        int result = scenario == NULL ? -1 : scenario_play(scenario, asked->scenarios[i], error);
        if (result == 0)
            mark_fired(coverage, i, scenario_log(scenario));
        scenario_free(scenario);
        if (result < 0)
            return -1;
    }
    return 0;
}

/* ---------------------------------------------------------------- the table */

/* "S04b" of "tests/replay/S04b-at-the-very-moment.jsonl". */
static void print_name(struct sl_buffer *out, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    sl_buffer_printf(out, "%.*s", (int)strcspn(name, "-."), name);
}

/* Gives the number of scenarios in which the rule fires. */
static size_t print_rule(struct sl_buffer *out, const struct coverage *coverage,
                         const struct asked *asked, const char *clause, size_t rule)
{
    const struct agreement_rule *one = &coverage->agreement->rules[rule];
    size_t count = 0;
    sl_buffer_printf(out, "| %s | %s | %s |", clause, one->mark != NULL ? one->mark : "",
                     one->name);
    for (size_t i = 0; i < asked->scenario_count; i++) {
        if (!coverage->fired[i * coverage->agreement->rule_count + rule])
            continue;
        sl_buffer_printf(out, " ");
        print_name(out, asked->scenarios[i]);
        count++;
    }
    sl_buffer_printf(out, "%s |\n", count == 0 ? " **none**" : "");
    return count;
}

static bool quotes(const struct agreement_rule *rule, const char *clause)
{
    for (size_t i = 0; i < rule->clause_count; i++) {
        if (strcmp(rule->clauses[i].name, clause) == 0)
            return true;
    }
    return false;
}

/* The highest number of a clause; a name is a letter and a number. */
static long last_clause(const struct agreement *agreement)
{
    long last = 0;
    for (size_t i = 0; i < agreement->rule_count; i++) {
        for (size_t k = 0; k < agreement->rules[i].clause_count; k++) {
            long number = strtol(agreement->rules[i].clauses[k].name + 1, NULL, 10);
            last = number > last ? number : last;
        }
    }
    return last;
}

/* Gives the number of rules that fire in no scenario. */
static size_t print_table(struct sl_buffer *out, const struct coverage *coverage,
                          const struct asked *asked)
{
    const struct agreement *agreement = coverage->agreement;
    size_t without = 0;
    sl_buffer_printf(out, "| clause | number | rule | scenarios |\n| --- | --- | --- | --- |\n");
    for (long number = 1; number <= last_clause(agreement); number++) {
        char clause[32];
        size_t before = out->size;
        (void)snprintf(clause, sizeof clause, "C%ld", number);
        for (size_t i = 0; i < agreement->rule_count; i++) {
            if (quotes(&agreement->rules[i], clause) &&
                print_rule(out, coverage, asked, clause, i) == 0)
                without++;
        }
        if (out->size == before)
            sl_buffer_printf(out, "| %s | | no rule | |\n", clause);
    }
    return without;
}

/* ---------------------------------------------------------------- the command */

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    switch (key) {
    case 'r':
        asked->rules = argument;
        return 0;
    case ARGP_KEY_ARGS:
        asked->scenarios = state->argv + state->next;
        asked->scenario_count = (size_t)(state->argc - state->next);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int rules_coverage(int count, char **arguments)
{
    static const struct argp_option options[] = {
        {"rules", 'r', "FILE", 0, "the agreement (router/agreement.rules, or the installed one)",
         0},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = take,
        .args_doc = "SCENARIO...",
        .doc = "Prints which rules carry out each clause, and in which scenarios each fires. Exit "
               "code 1: some rule fires in none."};
    struct asked asked = {.rules = NULL};
    struct sl_error error = {0};
    struct sl_buffer out = {0};
    if (argp_parse(&argp, count, arguments, 0, NULL, &asked) != 0)
        return TOOL_USAGE;
    if (asked.rules == NULL)
        asked.rules = scenario_rules();
    struct agreement *agreement = rules_load(asked.rules);
    if (agreement == NULL)
        return TOOL_WRONG;
    struct coverage coverage = {
        agreement, sl_new(asked.scenario_count * agreement->rule_count + 1, sizeof(bool))};
    int result = TOOL_WRONG;
    if (play(&coverage, &asked, &error) < 0)
        (void)tool_fail(&error);
    else if (print_table(&out, &coverage, &asked) == 0)
        result = TOOL_GOOD;
    if (tool_print(&out) != TOOL_GOOD)
        result = TOOL_WRONG;
    free(coverage.fired);
    agreement_free(agreement);
    sl_buffer_free(&out);
    return result;
}
