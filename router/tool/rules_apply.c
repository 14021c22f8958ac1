/*
 * samenloop rules apply: another agreement for a router. All that the router will look at is looked
 * at first; then the approvals, and after them the agreement, take the place of those that its
 * configuration names, each whole or not at all, and the router is told (SIGHUP). A crash in
 * between leaves the old agreement, which the journal has already and which wants no approvals.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "router/config.h"
#include "router/pidfile.h"
#include "router/tool/arguments.h"
#include "router/tool/rules.h"
#include "router/tool/tool.h"
#include "schemas/clock.h"
#include "schemas/file.h"

struct asked {
    const char *file;
    const char *config;
    long pid; /* 0: whoever holds the pid file */
};

struct applying {
    struct config *config;
    const struct agreement *agreement;
    const char *file;
    struct sl_buffer approvals[APPROVALS];
};

/* ---------------------------------------------------------------- looked at */

static int check_approvals(struct applying *applying, struct sl_error *error)
{
    struct config *config = applying->config;
    int64_t now = sl_clock_now(config->clock, 0);
    struct sl_arena arena;
    sl_arena_init(&arena, 0);
    int result = sl_directory_load(&config->directory, config->cards, config->trust, now,
                                   &config->warnings, error);
    for (size_t i = 0; result == 0 && i < APPROVALS; i++) {
        struct sl_buffer *file = &applying->approvals[i];
        struct sl_buffer path = {0};
        approval_path(&path, applying->file, approval_participants[i]);
        if (access((char *)path.data, F_OK) == 0)
            result = sl_file_read(file, (char *)path.data, APPROVAL_BYTES_MAX, error);
        if (result == 0 &&
            approval_read(&arena, sl_buffer_bytes(file), &config->directory,
                          approval_participants[i], applying->agreement->hash, now, error) == NULL)
            result = sl_fail_at(error, "%s", (char *)path.data);
        sl_buffer_free(&path);
    }
    sl_arena_free(&arena);
    return result;
}

/* ---------------------------------------------------------------- done */

static int put(const struct applying *applying, struct sl_error *error)
{
    for (size_t i = 0; i < APPROVALS; i++) {
        struct sl_buffer path = {0};
        approval_path(&path, applying->config->agreement, approval_participants[i]);
        int result = applying->approvals[i].size == 0
                         ? 0
                         : sl_file_write((char *)path.data,
                                         sl_buffer_bytes(&applying->approvals[i]), 0644, error);
        sl_buffer_free(&path);
        if (result < 0)
            return -1;
    }
    return sl_file_write(applying->config->agreement, applying->agreement->text, 0644, error);
}

static int tell(const struct applying *applying, pid_t pid, struct sl_error *error)
{
    if (printf("%s is now version %d\n", applying->config->agreement,
               applying->agreement->version) < 0)
        return sl_fail(error, SL_IO, "cannot write to standard output");
    if (pid == 0)
        return puts("no router runs that is known: it takes it when it starts") < 0
                   ? sl_fail(error, SL_IO, "cannot write to standard output")
                   : 0;
    if (kill(pid, SIGHUP) < 0)
        return sl_fail(error, SL_IO, "the router, process %ld, cannot be told: %s", (long)pid,
                       strerror(errno));
    return printf("the router, process %ld, was told: its messages say what it made of it\n",
                  (long)pid) < 0
               ? sl_fail(error, SL_IO, "cannot write to standard output")
               : 0;
}

static int apply(struct applying *applying, const struct asked *asked, struct sl_error *error)
{
    const struct config *config = applying->config;
    pid_t pid = (pid_t)asked->pid;
    if (config->approvals[0] != '\0' && check_approvals(applying, error) < 0)
        return -1;
    if (pid == 0 && config->pid[0] != '\0')
        pid = pidfile_holder(config->pid);
    return put(applying, error) < 0 ? -1 : tell(applying, pid, error);
}

/* ---------------------------------------------------------------- the command */

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    char *end = NULL;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &asked->file;
        return 0;
    case 'c':
        asked->config = argument;
        return 0;
    case 'p':
        errno = 0;
        asked->pid = strtol(argument, &end, 10);
        if (errno != 0 || end == argument || *end != '\0' || asked->pid <= 1 ||
            asked->pid > INT32_MAX)
            argp_error(state, "%s: this is no number of a process", argument);
        return 0;
    case ARGP_KEY_END:
        if (asked->config == NULL)
            argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int rules_apply(int count, char **arguments)
{
    static const struct argp_option options[] = {
        {"config", 'c', "FILE", 0, "the router's configuration", 0},
        {"pid", 'p', "NUMBER", 0, "the router's process (by its pid file)", 0},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = take,
        .children = arguments_one,
        .args_doc = "--config router.cfg AGREEMENT",
        .doc = "Checks an agreement, puts it in the place of the router's, and tells the router. "
               "It takes force at its moment, or at once where that is past."};
    struct asked asked = {.file = NULL};
    struct sl_error error = {0};
    struct sl_buffer problems = {0};
    if (argp_parse(&argp, count, arguments, 0, NULL, &asked) != 0)
        return TOOL_USAGE;
    struct config *config = config_read_file(asked.config, &problems);
    struct agreement *agreement = rules_load_sound(asked.file);
    struct applying applying = {config, agreement, asked.file, {{0}}};
    int result = TOOL_WRONG;
    if (config == NULL)
        (void)fwrite(problems.data, 1, problems.size, stderr);
    else if (agreement != NULL)
        result = apply(&applying, &asked, &error) < 0 ? tool_fail(&error) : TOOL_GOOD;
    for (size_t i = 0; i < APPROVALS; i++)
        sl_buffer_free(&applying.approvals[i]);
    agreement_free(agreement);
    config_free(config);
    sl_buffer_free(&problems);
    return result;
}
