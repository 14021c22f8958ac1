/* `samenloop rules`: what can be asked of an agreement. */
#include "router/tool/tool.h"

#include <stdio.h>
#include <string.h>

#include "router/language/check.h"
#include "router/language/print.h"
#include "router/tool/rules.h"

#define RULES_FILE "router/agreement.rules"

struct agreement *rules_load(const char *path)
{
    struct agreement *agreement = NULL;
    struct sl_buffer findings = {0};
    if (agreement_load(&agreement, path, &findings) < 0)
        (void)fwrite(findings.data, 1, findings.size, stderr);
    sl_buffer_free(&findings);
    return agreement;
}

struct agreement *rules_load_sound(const char *path)
{
    struct agreement *agreement = rules_load(path);
    struct sl_buffer findings = {0};
    if (agreement != NULL && agreement_check(agreement, &findings) > 0) {
        (void)fwrite(findings.data, 1, findings.size, stderr);
        agreement_free(agreement);
        agreement = NULL;
    }
    sl_buffer_free(&findings);
    return agreement;
}

static int check(const char *path)
{
    struct agreement *agreement = rules_load_sound(path);
    if (agreement == NULL)
        return TOOL_WRONG;
    int result = printf("%s: sound, %zu rules\n", agreement->file, agreement->rule_count) < 0
                     ? TOOL_WRONG
                     : TOOL_GOOD;
    agreement_free(agreement);
    return result;
}

typedef void printer(struct sl_buffer *out, const struct agreement *agreement);

static int show(const char *path, printer *print)
{
    struct agreement *agreement = rules_load(path);
    if (agreement == NULL)
        return TOOL_WRONG;
    struct sl_buffer out = {0};
    print(&out, agreement);
    int result = tool_print(&out);
    sl_buffer_free(&out);
    agreement_free(agreement);
    return result;
}

static int table(const char *path)
{
    return show(path, agreement_print_table);
}

static int graph(const char *path)
{
    return show(path, agreement_print_graph);
}

/* A command either asks one file something, or reads its own arguments. */
static const struct {
    const char *name;
    int (*ask)(const char *path);
    int (*run)(int count, char **arguments);
    char *shown; /* as help and errors of `run` name it */
    const char *summary;
} commands[] = {
    {"check", check, NULL, NULL, "[FILE]: is the agreement sound?"},
    {"table", table, NULL, NULL, "[FILE]: the decision table (Markdown)"},
    {"graph", graph, NULL, NULL, "[FILE]: the flow of events (Graphviz)"},
    {"diff", NULL, rules_diff, "samenloop rules diff",
     "OLD NEW [SCENARIO...]: what another version changes"},
    {"coverage", NULL, rules_coverage, "samenloop rules coverage",
     "SCENARIO...: clause, its rules, where each fires"},
    {"approve", NULL, rules_approve, "samenloop rules approve",
     "AGREEMENT: an organisation's signature over it"},
    {"apply", NULL, rules_apply, "samenloop rules apply",
     "AGREEMENT: brings it to a router, which it tells"},
    {"explain", NULL, tool_explain, "samenloop rules explain",
     "EVENT.json [--after SCENARIO]: which rules fire, and why"},
};

static int usage(FILE *out)
{
    int written = fprintf(out, "Usage: samenloop rules COMMAND [ARGUMENT...]\n"
                               "FILE is " RULES_FILE " unless told otherwise.\n\n");
    for (size_t i = 0; written >= 0 && i < sizeof commands / sizeof commands[0]; i++)
        written = fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
    return out == stdout && written >= 0 ? TOOL_GOOD : TOOL_USAGE;
}

int tool_rules(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], "--help") == 0)
        return usage(stdout);
    for (size_t i = 0; count >= 2 && i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, arguments[1]) != 0)
            continue;
        if (commands[i].run != NULL) {
            arguments[1] = commands[i].shown;
            return commands[i].run(count - 1, arguments + 1);
        }
        if (count == 3 && strcmp(arguments[2], "--help") == 0)
            return usage(stdout);
        if (count <= 3)
            return commands[i].ask(count == 3 ? arguments[2] : RULES_FILE);
    }
    return usage(stderr);
}
