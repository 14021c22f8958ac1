/* samenloop-router: applies the agreement to what the organisations' adapters publish. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "router/language/agreement.h"
#include "router/shell.h"
#include "schemas/clock.h"
#include "schemas/log/log.h"
#include "schemas/version.h"

enum { GOOD, WRONG, USAGE };

struct arguments {
    bool check;
    const char *file;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case 'c':
        arguments->check = true;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_usage(state);
        arguments->file = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The settings stand in the help as they stand in the table. */
static char *help(int key, const char *text, void *input)
{
    (void)input;
    if (key != ARGP_KEY_HELP_POST_DOC)
        return (char *)(uintptr_t)text;
    struct sl_buffer out = {0};
    sl_buffer_printf(&out, "Settings of the configuration file (ZPL):\n");
    config_help(&out);
    sl_buffer_add(&out, "", 1);
    return (char *)out.data; /* argp frees it */
}

static void tell(const struct sl_buffer *problems)
{
    (void)fprintf(stderr, "%.*s", (int)problems->size, (const char *)problems->data);
}

/* The configuration with all that it names, and a sound agreement; every problem is told. */
static struct config *read_all(const char *file)
{
    struct sl_buffer problems = {0};
    struct config *config = config_read_file(file, &problems);
    if (config != NULL) {
        (void)config_load(config, sl_clock_now(config->clock, 0), &problems);
        tell(&config->warnings);
        struct agreement *agreement = NULL;
        if (config->agreement_text.size > 0)
            (void)agreement_read(&agreement, config->agreement,
                                 sl_buffer_bytes(&config->agreement_text), &problems);
        agreement_free(agreement);
    }
    if (problems.size > 0) {
        tell(&problems);
        config_free(config);
        config = NULL;
    }
    sl_buffer_free(&problems);
    return config;
}

static int print(const struct config *config)
{
    struct sl_buffer out = {0};
    config_print(config, &out);
    bool written = fwrite(out.data, 1, out.size, stdout) == out.size && fflush(stdout) == 0;
    sl_buffer_free(&out);
    return written ? GOOD : WRONG;
}

static int run(struct config **config)
{
    struct sl_error error = {0};
    if (shell_run(config, &error) == 0)
        return GOOD;
    (void)fprintf(stderr, "samenloop-router: %s%s\n", error.text, sl_log_advice(&error));
    return WRONG;
}

int main(int count, char **words)
{
    static const struct argp_option options[] = {
        {"check", 'c', NULL, 0, "Check the configuration and what it names, print it, and end", 0},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "FILE",
        .doc = "The event router between IMG and NCG. FILE is its configuration.\v"
               "Settings",
        .help_filter = help};
    struct arguments arguments = {0};
    argp_program_version = "samenloop-router " SL_VERSION;
    argp_err_exit_status = USAGE;
    if (argp_parse(&argp, count, words, 0, NULL, &arguments) != 0)
        return USAGE;
    if (arguments.file == NULL) {
        (void)fprintf(stderr, "samenloop-router: wants a configuration file; see --help\n");
        return USAGE;
    }
    struct config *config = read_all(arguments.file);
    if (config == NULL)
        return WRONG;
    int result = arguments.check ? print(config) : run(&config);
    config_free(config);
    return result;
}
