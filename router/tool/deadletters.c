/*
 * samenloop deadletters: deliveries that their receiver refused too often. Reading changes nothing;
 * retry and discard are one letter each, and on the record with who and why.
 */
#include <stdlib.h>
#include <string.h>

#include "router/tool/ask.h"
#include "router/tool/tool.h"

struct asked {
    const char *control;
    const char *who;
    const char *why;
    bool json;
    const char *words[4]; /* what is to be done, receiver, lane, number */
    size_t count;
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
    case 'w':
        asked->who = argument;
        return 0;
    case 'y':
        asked->why = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (asked->count == sizeof asked->words / sizeof asked->words[0])
            argp_usage(state);
        asked->words[asked->count++] = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct {
    const char *head;
    const char *key;
} columns[] = {{"to", "to"},          {"lane", "lane"},      {"number", "number"},
               {"role", "role"},      {"event", "event"},    {"type", "type"},
               {"what", "what"},      {"rule", "rule"},      {"accepted at", "accepted_at"},
               {"tries", "attempts"}, {"subject", "subject"}};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

static void show_list(struct sl_buffer *out, const json_t *answer)
{
    const json_t *letters = json_object_get(answer, "letters");
    size_t count = json_array_size(letters);
    long long left_out = (long long)json_integer_value(json_object_get(answer, "left_out"));
    struct ask_table table = {.columns = COLUMNS};
    size_t index;
    json_t *letter;
    if (count == 0) {
        sl_buffer_printf(out, "There are no dead letters.\n");
        return;
    }
    sl_buffer_printf(out,
                     "%lld %s refused by the receiver. What it said: samenloop deadletters show TO "
                     "LANE NUMBER;\nto try again, or to let it be: retry, discard, with --who and "
                     "--why.\n\n",
                     (long long)count + left_out,
                     count + (size_t)left_out == 1 ? "delivery was" : "deliveries were");
    for (size_t i = 0; i < COLUMNS; i++)
        ask_cell(&table, columns[i].head);
    json_array_foreach(letters, index, letter)
    {
        for (size_t i = 0; i < COLUMNS; i++)
            ask_value(&table, json_object_get(letter, columns[i].key));
    }
    ask_print(out, &table);
    if (left_out > 0)
        sl_buffer_printf(out, "and %lld more\n", left_out);
}

static void show_one(struct sl_buffer *out, const json_t *answer)
{
    struct ask_table table = {.columns = 2};
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)answer, key, value)
    {
        ask_cell(&table, key);
        ask_value(&table, value);
    }
    ask_print(out, &table);
}

static const struct verb {
    const char *name;
    const char *ask;
    size_t words; /* wanted, with the verb */
    bool changes; /* who and why are wanted */
    tool_show *show;
} verbs[] = {
    {"list", "deadletters", 1, false, show_list},
    {"show", "show", 4, false, show_one},
    {"retry", "retry", 4, true, show_one},
    {"discard", "discard", 4, true, show_one},
};

static const struct verb *find_verb(const struct asked *asked)
{
    for (size_t i = 0; asked->count > 0 && i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(verbs[i].name, asked->words[0]) == 0 && verbs[i].words == asked->count)
            return &verbs[i];
    }
    return NULL;
}

static json_t *question_of(const struct asked *asked, const struct verb *verb)
{
    json_t *question = json_pack("{s:s}", "ask", verb->ask);
    if (verb->words == 4) {
        (void)json_object_set_new(question, "to", json_string(asked->words[1]));
        (void)json_object_set_new(question, "lane", json_string(asked->words[2]));
        (void)json_object_set_new(question, "number",
                                  json_integer(strtoll(asked->words[3], NULL, 10)));
    }
    if (verb->changes) {
        (void)json_object_set_new(question, "who", json_string(asked->who));
        (void)json_object_set_new(question, "why", json_string(asked->why));
    }
    return question;
}

int tool_deadletters(int count, char **arguments)
{
    static const struct argp_option options[] = {
        {"control", 'c', "PATH", 0, "the router's control socket (" ASK_CONTROL ")", 0},
        {"json", 'j', NULL, 0, "the answer as it is", 0},
        {"who", 'w', "TEXT", 0, "who says so, for the journal", 0},
        {"why", 'y', "TEXT", 0, "and why", 0},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = take,
        .args_doc = "list\nshow TO LANE NUMBER\nretry TO LANE NUMBER\ndiscard TO LANE NUMBER",
        .doc =
            "Shows deliveries that their receiver refused too often, tries one of them again, or "
            "lets it be."};
    struct asked asked = {.control = ASK_CONTROL};
    struct sl_error error = {0};
    if (argp_parse(&argp, count, arguments, 0, NULL, &asked) != 0)
        return TOOL_USAGE;
    const struct verb *verb = find_verb(&asked);
    if (verb == NULL || (verb->changes && (asked.who == NULL || asked.why == NULL))) {
        (void)fprintf(stderr, "samenloop: wanted: list, or show, retry or discard with receiver, "
                              "lane and number; the last two with --who and --why\n");
        return TOOL_USAGE;
    }
    json_t *answer = ask_router(asked.control, question_of(&asked, verb), ASK_SHORT, &error);
    return answer == NULL ? tool_fail(&error)
                          : tool_print_answer(answer, asked.json ? NULL : verb->show);
}
