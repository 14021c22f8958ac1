/* samenloop obligations: what is awaited of whom, by which rule and until when. */
#include <argp.h>

#include "router/router.h"
#include "router/telling.h"
#include "router/tool/lines.h"
#include "router/tool/tool.h"
#include "schemas/clock.h"
#include "schemas/log/storage.h"
#include "schemas/timestamp.h"

struct asked {
    struct lines_wanted wanted;
    const char *journal;
    bool json;
};

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    switch (key) {
    case 'J':
        asked->journal = argument;
        return 0;
    case 'o':
        asked->wanted.due = true;
        return 0;
    case 'n':
        if (sl_timestamp_parse(&asked->wanted.due_before, sl_text(argument)) < 0)
            argp_error(state, "%s: a moment is written as 2021-02-01T09:00:00Z", argument);
        return 0;
    case 'g':
        asked->wanted.org = argument;
        return 0;
    case 'j':
        asked->json = true;
        return 0;
    case ARGP_KEY_END:
        if (asked->journal == NULL)
            argp_error(state, "--journal is wanted");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int pass_over(void *context, struct sl_bytes lines, struct sl_error *error)
{
    (void)context;
    (void)lines;
    (void)error;
    return 0;
}

static int show(struct asked *asked, struct sl_error *error)
{
    struct sl_storage *storage = NULL;
    struct router *past = NULL;
    struct sl_buffer lines = {0};
    struct lines_form form = {.json = asked->json, .colour = lines_colour()};
    if (sl_storage_files(&storage, asked->journal, false, error) < 0)
        return -1;
    int result = telling_open(&past, storage, error);
    if (result == 0)
        result = telling_more(past, pass_over, NULL, error);
    if (result == 0) {
        telling_obligations(past, &lines);
        result = lines_show(stdout, &form, &asked->wanted, sl_buffer_bytes(&lines), error);
    }
    sl_buffer_free(&lines);
    router_close(past);
    sl_storage_free(storage);
    return result;
}

int tool_obligations(int count, char **arguments)
{
    static const struct argp_option options[] = {
        {"journal", 'J', "DIR", 0, "the journal's folder; a router may be writing it", 0},
        {"overdue", 'o', NULL, 0, "those only whose time has passed", 0},
        {"now", 'n', "TIME", 0, "passed at this moment, rather than now", 0},
        {"org", 'g', "NAME", 0, "those of this participant", 0},
        {"json", 'j', NULL, 0, "a JSON object a line, rather than a table", 0},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = take,
        .doc = "Shows what is awaited of whom, by which rule and until when."};
    struct asked asked = {.wanted = {.due_before = sl_clock_now("", 0)}};
    struct sl_error error = {0};
    if (argp_parse(&argp, count, arguments, 0, NULL, &asked) != 0)
        return TOOL_USAGE;
    if (show(&asked, &error) < 0)
        return tool_fail(&error);
    return fflush(stdout) == 0 ? TOOL_GOOD : TOOL_WRONG;
}
