/*
 * samenloop-adapter: an organisation's house, its line to the router and its HTTP edge, in one loop
 * and one thread.
 *
 * Exit codes: 0 after SIGTERM or SIGINT, 1 when something is wrong, 2 for a usage that is.
 */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "adapters/config.h"
#include "adapters/edges/http.h"

enum { PROBLEMS = 16 * 1024, ROUND_MS = 1000 /* systemd's watchdog wants to see the loop turn */ };

const char *argp_program_version = "samenloop-adapter 1";

struct options {
    const char *config;
    bool check;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case 'c':
        options->check = true;
        return 0;
    case ARGP_KEY_ARG:
        if (options->config != NULL)
            argp_usage(state);
        options->config = argument;
        return 0;
    case ARGP_KEY_END:
        if (options->config == NULL)
            argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The settings stand below the options in --help. */
static char *help(int key, const char *text, void *input)
{
    (void)input;
    if (key != ARGP_KEY_HELP_POST_DOC)
        return (char *)(uintptr_t)text;
    struct sl_buffer out = {0};
    sl_buffer_printf(&out, "Settings of the configuration file (ZPL):\n\n");
    adapter_config_help(&out);
    sl_buffer_add(&out, "", 1);
    return (char *)out.data; /* argp frees it */
}

/* Tells of key cards that are not good. */
static void warn(const struct adapter_config *config)
{
    if (config->warnings.size > 0)
        (void)fwrite(config->warnings.data, 1, config->warnings.size, stderr);
}

static int check(const char *file)
{
    struct sl_buffer text = {0};
    struct adapter_config *config = adapter_config_read(file, &text);
    int result = config == NULL ||
                 adapter_config_load(config, adapter_config_now(config, 0), &text) < 0;
    if (result == 0)
        adapter_config_print(config, &text);
    (void)fwrite(text.data, 1, text.size, result == 0 ? stdout : stderr);
    if (config != NULL)
        warn(config);
    adapter_config_free(config);
    sl_buffer_free(&text);
    return result;
}

/* ---------------------------------------------------------------- the HTTP edge */

/* Opens the edge that the configuration asks for; *http is NULL where it asks for none. */
static int open_edge(struct http **http, const struct adapter_config *config,
                     struct samenloop *house, struct sl_error *error)
{
    struct http_token tokens[ADAPTER_MAX_TOKENS];
    char address[64];
    const char *port = strrchr(config->http, ':');
    *http = NULL;
    if (port == NULL)
        return 0;
    bool bracketed = config->http[0] == '[' && port[-1] == ']';
    (void)snprintf(address, sizeof address, "%.*s", (int)(port - config->http) - 2 * bracketed,
                   config->http + bracketed);
    for (size_t i = 0; i < config->token_count; i++)
        tokens[i] = (struct http_token){.role = config->tokens[i].role,
                                        .text = config->tokens[i].text};
    const struct http_setup setup = {.house = house,
                                     .address = address,
                                     .port = (unsigned)strtoul(port + 1, NULL, 10),
                                     .tokens = tokens,
                                     .token_count = config->token_count};
    return http_open(http, &setup, error);
}

static int64_t elapsed_ms(void)
{
    struct timespec time = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* ---------------------------------------------------------------- the loop */

static int signals_as_file(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* What an operator should see when it changes: the connection, and what is wrong. */
struct said {
    bool connected;
    bool fed;
    char trouble[sizeof((struct samenloop_health *)NULL)->trouble];
};

static void say(struct said *said, const struct samenloop *house)
{
    struct samenloop_health health;
    samenloop_health(house, &health);
    if (health.connected != said->connected)
        (void)fprintf(stderr, "samenloop-adapter: %s\n",
                      health.connected ? "connected to the router" : "the router is away");
    if (health.fed != said->fed) {
        (void)fprintf(stderr,
                      health.fed ? "samenloop-adapter: the router's journal is accepted\n"
                                 : "samenloop-adapter: the router keeps another journal, "
                                   "%s: nothing is exchanged until the setting `journal` "
                                   "says so\n",
                      health.journal);
    }
    if (strcmp(health.trouble, said->trouble) != 0 && health.trouble[0] != '\0')
        (void)fprintf(stderr, "samenloop-adapter: %s\n", health.trouble);
    said->connected = health.connected;
    said->fed = health.fed;
    memcpy(said->trouble, health.trouble, sizeof said->trouble);
}

static int loop(struct samenloop_line *line, struct http *http, int signals)
{
    struct samenloop *house = samenloop_house(line);
    struct said said = {.fed = true};
    struct pollfd files[2] = {{.fd = signals, .events = POLLIN}};
    size_t count = 1;
    if (http != NULL)
        http_file(http, &files[count++]);
    for (;;) {
        int timeout = http == NULL ? -1 : http_timeout(http, elapsed_ms());
        if (timeout < 0 || timeout > ROUND_MS)
            timeout = ROUND_MS;
        if (samenloop_turn(line, files, count, timeout) < 0)
            return -1;
        if (http != NULL) {
            http_answer(http, elapsed_ms());
            http_take(http, elapsed_ms());
        }
        say(&said, house);
        (void)sd_notify(0, "WATCHDOG=1");
        struct signalfd_siginfo signal;
        if (read(signals, &signal, sizeof signal) == (ssize_t)sizeof signal)
            return 0;
    }
}

/* The edge goes first: whoever still waits is told so before the house closes. */
static int run(const char *file)
{
    static char problems[PROBLEMS];
    struct samenloop_line *line = NULL;
    struct http *http = NULL;
    struct sl_error error = {0};
    int signals = signals_as_file();
    if (signals < 0) {
        (void)fprintf(stderr, "samenloop-adapter: signals: %s\n", strerror(errno));
        return 1;
    }
    if (samenloop_open(&line, file, problems, sizeof problems) < 0) {
        (void)fputs(problems, stderr);
        (void)close(signals);
        return 1;
    }
    warn(samenloop_config(line));
    int result = open_edge(&http, samenloop_config(line), samenloop_house(line), &error);
    if (result < 0) {
        (void)fprintf(stderr, "samenloop-adapter: %s\n", error.text);
    } else {
        (void)printf("ready%s%s\n", http == NULL ? "" : " ", http == NULL ? "" : http_url(http));
        (void)fflush(stdout);
        (void)sd_notify(0, "READY=1");
        result = loop(line, http, signals);
        if (result < 0)
            (void)fprintf(stderr, "samenloop-adapter: %s\n", samenloop_trouble(line));
    }
    (void)sd_notify(0, "STOPPING=1");
    http_close(http);
    samenloop_close(line);
    (void)close(signals);
    return result < 0 ? 1 : 0;
}

int main(int count, char **arguments)
{
    static const struct argp_option table[] = {
        {"check", 'c', NULL, 0, "Say whether the configuration is good, and how it holds", 0}, {0}};
    static const struct argp argp = {
        table,
        parse,
        "CONFIG",
        "An organisation's adapter: takes events from its back office, exchanges them with the "
        "router, and keeps what comes until it is acknowledged.\v ",
        NULL,
        help,
        NULL};
    struct options options = {0};
    argp_err_exit_status = 2;
    (void)argp_parse(&argp, count, arguments, 0, NULL, &options);
    return options.check ? check(options.config) : run(options.config);
}
