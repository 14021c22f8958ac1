/* samenloop report: the evaluation of the one-counter way of working. */
#include "router/tool/report.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "router/tool/history.h"
#include "router/tool/tool.h"

struct asked {
    int64_t from;
    int64_t to;
    enum report_format format;
    unsigned smallest;
    struct history history;
};

static int read_format(enum report_format *out, const char *text)
{
    static const char *const names[] = {
        [REPORT_MARKDOWN] = "md", [REPORT_CSV] = "csv", [REPORT_HTML] = "html"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = (enum report_format)i;
            return 0;
        }
    }
    return -1;
}

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    char *end = NULL;
    unsigned long number;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &asked->history;
        return 0;
    case 'f':
        if (history_moment(&asked->from, argument, false) < 0)
            argp_error(state, "--from wants a date or a moment (RFC 3339)");
        return 0;
    case 't':
        if (history_moment(&asked->to, argument, true) < 0)
            argp_error(state, "--to wants a date or a moment (RFC 3339)");
        return 0;
    case 'o':
        if (read_format(&asked->format, argument) < 0)
            argp_error(state, "--format wants md, csv or html");
        return 0;
    case 's':
        number = strtoul(argument, &end, 10);
        if (*argument < '0' || *argument > '9' || *end != '\0' || number == 0 || number > 1000)
            argp_error(state, "--smallest wants a number from 1 to 1000");
        asked->smallest = (unsigned)number;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int write_report(const struct asked *asked, struct report *report)
{
    struct report_tables tables;
    struct sl_buffer out = {0};
    report_tabulate(report, asked->smallest, &tables);
    report_write(&out, &tables, asked->format);
    int result = tool_print(&out);
    sl_buffer_free(&out);
    report_tables_free(&tables);
    return result;
}

int tool_report(int count, char **arguments)
{
    static const struct argp_option options[] = {
        {"from", 'f', "T", 0, "a date, from its first moment in Groningen, or a moment", 0},
        {"to", 't', "T", 0, "a date, to its last moment, or a moment", 0},
        {"format", 'o', "md|csv|html", 0, "Markdown unless told otherwise", 0},
        {"smallest", 's', "N", 0,
         "cells of fewer than N houses are hidden (5); 1 shows all, and is not for publication", 0},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = take,
        .children = history_arguments,
        .args_doc = HISTORY_ARGUMENTS,
        .doc = "Counts what the evaluation of the one-counter way of working asks for. Names no "
               "house."};
    struct asked asked = {.from = INT64_MIN, .to = INT64_MAX, .smallest = REPORT_SMALLEST};
    struct sl_error error = {0};
    struct watch watch;
    if (argp_parse(&argp, count, arguments, 0, NULL, &asked) != 0)
        return TOOL_USAGE;
    asked.history.until = asked.to;
    struct report *report = report_new(asked.from, asked.to);
    report_watch(report, &watch);
    int result = history_read(&asked.history, &watch, &error) < 0 ? tool_fail(&error)
                                                                  : write_report(&asked, report);
    report_free(report);
    return result;
}
