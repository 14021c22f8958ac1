#include "router/tool/arguments.h"

#include <stdlib.h>

enum { DAYS_MAX = 36500 };

static error_t take_one(int key, char *argument, struct argp_state *state)
{
    const char **word = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        if (*word != NULL)
            argp_usage(state);
        *word = argument;
        return 0;
    case ARGP_KEY_END:
        if (*word == NULL)
            argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp one = {.parser = take_one};
const struct argp_child arguments_one[] = {{&one, 0, NULL, 0}, {0}};

int64_t arguments_days(const struct argp_state *state, const char *option, const char *text)
{
    char *end = NULL;
    long days = strtol(text, &end, 10);
    if (*end != '\0' || days < 1 || days > DAYS_MAX)
        argp_error(state, "%s wants 1 to %d days", option, DAYS_MAX);
    return days;
}
