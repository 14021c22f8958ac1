/* samenloop obligations: what is awaited of whom, by which rule and until when. */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "router/router.h"
#include "router/telling.h"
#include "router/tool/ask.h"
#include "router/tool/lines.h"
#include "router/tool/tool.h"
#include "router/tool/verdict.h"
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

static const char *text(const json_t *line, const char *key)
{
    const char *found = json_string_value(json_object_get(line, key));
    return found != NULL ? found : "";
}

/* "overdue for 3 h 12 min", "in 5 days 3 h"; nothing where there is no term. True: overdue. */
static bool write_left(char out[VERDICT_SPAN + 16], const json_t *line, int64_t now)
{
    char span[VERDICT_SPAN];
    int64_t due = 0;
    out[0] = '\0';
    if (sl_timestamp_parse(&due, sl_text(text(line, "due"))) < 0)
        return false;
    verdict_span(span, due < now ? now - due : due - now);
    (void)snprintf(out, VERDICT_SPAN + 16, "%s %s", due < now ? "overdue for" : "in", span);
    return due < now;
}

static bool add_obligation(struct ask_table *table, const json_t *line, int64_t now)
{
    char left[VERDICT_SPAN + 16];
    char of[64];
    char number[32];
    bool overdue = write_left(left, line, now);
    (void)snprintf(of, sizeof of, "%s/%s", text(line, "to"), text(line, "role"));
    (void)snprintf(number, sizeof number, "#%lld",
                   (long long)json_integer_value(json_object_get(line, "seq")));
    const char *cells[] = {text(line, "due"),
                           left,
                           of,
                           text(line, "what"),
                           number,
                           text(line, "type"),
                           text(line, "subject"),
                           text(line, "rule"),
                           text(line, "clause")};
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
        ask_cell(table, cells[i]);
    return overdue;
}

/* A sentence, and a table of what is awaited. */
static int print(const struct asked *asked, struct sl_bytes lines)
{
    static const char *const head[] = {"due",   "which is", "of",   "awaited", "since",
                                       "event", "subject",  "rule", "clause"};
    struct ask_table table = {.columns = sizeof head / sizeof head[0]};
    struct sl_buffer out = {0};
    size_t open = 0;
    size_t overdue = 0;
    for (size_t i = 0; i < table.columns; i++)
        ask_cell(&table, head[i]);
    const uint8_t *end = lines.data + lines.size;
    for (const uint8_t *at = lines.data, *feed; at < end; at = feed + 1) {
        feed = memchr(at, '\n', (size_t)(end - at)); /* every line has one */
        json_t *line = json_loadb((const char *)at, (size_t)(feed - at), 0, NULL);
        if (lines_is_wanted(line, &asked->wanted)) {
            open++;
            overdue += add_obligation(&table, line, asked->wanted.due_before) ? 1 : 0;
        }
        json_decref(line);
    }
    if (open == 0)
        sl_buffer_printf(&out, "Nothing %s.\n", asked->wanted.due ? "is overdue" : "is awaited");
    else
        sl_buffer_printf(&out, "%zu %s awaited, %zu of them overdue.\n\n", open,
                         open == 1 ? "thing is" : "things are", overdue);
    if (open > 0)
        ask_print(&out, &table);
    ask_free(&table);
    int result = tool_print(&out);
    sl_buffer_free(&out);
    return result;
}

static int show(struct asked *asked, int *exit, struct sl_error *error)
{
    struct sl_storage *storage = NULL;
    struct router *past = NULL;
    struct sl_buffer lines = {0};
    struct lines_form form = {.json = true};
    if (sl_storage_files(&storage, asked->journal, false, error) < 0)
        return -1;
    int result = telling_open(&past, storage, error);
    if (result == 0)
        result = telling_more(past, pass_over, NULL, error);
    if (result == 0)
        telling_obligations(past, &lines);
    if (result == 0 && asked->json)
        result = lines_show(stdout, &form, &asked->wanted, sl_buffer_bytes(&lines), error);
    else if (result == 0)
        *exit = print(asked, sl_buffer_bytes(&lines));
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
        {"now", 'n', "TIME", 0, "what passed by this moment, rather than by now", 0},
        {"org", 'g', "NAME", 0, "those of this participant", 0},
        {"json", 'j', NULL, 0, "a JSON object a line, rather than a table", 0},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = take,
        .doc =
            "Shows what is awaited of whom, by which rule and until when (UTC): what is due first "
            "comes first. The event since which it is awaited has the number that it has in "
            "the routing log."};
    struct asked asked = {.wanted = {.due_before = sl_clock_now("", 0)}};
    struct sl_error error = {0};
    if (argp_parse(&argp, count, arguments, 0, NULL, &asked) != 0)
        return TOOL_USAGE;
    int exit = TOOL_GOOD;
    if (show(&asked, &exit, &error) < 0)
        return tool_fail(&error);
    return exit == TOOL_GOOD && fflush(stdout) != 0 ? TOOL_WRONG : exit;
}
