/*
 * samenloop erase: the content of a house's events goes from the journal (AVG); that they were, and
 * what was decided, stays and can be proven. A BAG number becomes a pseudonym here: the router
 * never sees it.
 */
#include <string.h>

#include "router/tool/ask.h"
#include "router/tool/tool.h"

struct asked {
    const char *control;
    const char *subject;
    const char *bag;
    const char *key;
    const char *who;
    const char *why;
    bool json;
};

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    const struct {
        int key;
        const char **word;
    } words[] = {{'c', &asked->control}, {'s', &asked->subject}, {'b', &asked->bag},
                 {'k', &asked->key},     {'w', &asked->who},     {'r', &asked->why}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (words[i].key == key) {
            *words[i].word = argument;
            return 0;
        }
    }
    if (key == 'j') {
        asked->json = true;
        return 0;
    }
    if (key != ARGP_KEY_END)
        return ARGP_ERR_UNKNOWN;
    if ((asked->subject != NULL) == (asked->bag != NULL))
        argp_error(state, "one of --subject and --bag is wanted");
    else if (asked->bag != NULL && asked->key == NULL)
        argp_error(state, "--bag wants --key, the pseudonym key");
    else if (asked->who == NULL || asked->why == NULL)
        argp_error(state, "--who and --reason are wanted: they go on the record");
    return 0;
}

static void show(struct sl_buffer *out, const json_t *answer)
{
    sl_buffer_printf(out, "the content of %lld events is erased; %lld participants are told\n",
                     (long long)json_integer_value(json_object_get(answer, "events")),
                     (long long)json_integer_value(json_object_get(answer, "told")));
}

int tool_erase(int count, char **arguments)
{
    static const struct argp_option options[] = {
        {"control", 'c', "PATH", 0, "the router's control socket (" ASK_CONTROL ")", 0},
        {"subject", 's', "HEX", 0, "the house by its pseudonym, 64 hex digits", 0},
        {"bag", 'b', "ID", 0, "the house by its BAG number", 0},
        {"key", 'k', "FILE", 0, "the pseudonym key, for --bag", 0},
        {"who", 'w', "TEXT", 0, "who says so, for the journal", 0},
        {"reason", 'r', "TEXT", 0, "and why", 0},
        {"json", 'j', NULL, 0, "the answer as it is", 0},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = take,
        .doc = "Erases the content of a house's events; the proof that they were stays."};
    struct asked asked = {.control = ASK_CONTROL};
    struct sl_error error = {0};
    uint8_t pseudonym[SL_PSEUDONYM_SIZE];
    char hex[2 * SL_PSEUDONYM_SIZE + 1] = "";
    if (argp_parse(&argp, count, arguments, 0, NULL, &asked) != 0)
        return TOOL_USAGE;
    if (asked.bag != NULL) {
        if (tool_pseudonym(pseudonym, asked.bag, asked.key, &error) < 0)
            return tool_fail(&error);
        sl_hex(hex, pseudonym, sizeof pseudonym);
    }
    json_t *question = json_pack("{s:s,s:s,s:s,s:s}", "ask", "erase", "subject",
                                 asked.bag != NULL ? hex : asked.subject, "who", asked.who, "why",
                                 asked.why);
    json_t *answer = ask_router(asked.control, question, ASK_LONG, &error);
    return answer == NULL ? tool_fail(&error) : tool_print_answer(answer, asked.json ? NULL : show);
}
