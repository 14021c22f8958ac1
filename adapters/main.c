/*
 * samenloop-adapter: an organisation's house, its line to the router and its edges, in one loop and
 * one thread.
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
#include <unistd.h>

#include "adapters/config.h"
#include "adapters/edges/http.h"
#include "adapters/edges/spool.h"
#include "schemas/clock.h"
#include "schemas/expiry.h"
#include "schemas/version.h"

enum { PROBLEMS = 16 * 1024, ROUND_MS = 1000 /* systemd's watchdog wants to see the loop turn */ };

const char *argp_program_version = "samenloop-adapter " SL_VERSION;

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

/* ---------------------------------------------------------------- the edges */

/* Those that the configuration asks for; NULL: not that one. */
struct edges {
    struct http *http;
    struct spool *spool;
};

static int open_http(struct http **http, const struct adapter_config *config,
                     struct samenloop *house, struct sl_error *error)
{
    struct http_token tokens[ADAPTER_MAX_TOKENS];
    char address[64];
    const char *port = strrchr(config->http, ':');
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

static int open_spool(struct spool **spool, const struct adapter_config *config,
                      struct samenloop *house, struct sl_error *error)
{
    struct spool_setup setup = {.house = house, .folder = config->spool};
    if (config->spool[0] == '\0')
        return 0;
    setup.role_count = adapter_config_spool_roles(config, setup.roles);
    return spool_open(spool, &setup, error);
}

static int open_edges(struct edges *edges, struct samenloop_line *line, struct sl_error *error)
{
    const struct adapter_config *config = samenloop_config(line);
    struct samenloop *house = samenloop_house(line);
    return open_http(&edges->http, config, house, error) < 0 ||
                   open_spool(&edges->spool, config, house, error) < 0
               ? -1
               : 0;
}

static void close_edges(struct edges *edges)
{
    http_close(edges->http);
    spool_close(edges->spool);
}

/* Sooner of two times to wait; -1: no end. */
static int sooner(int a, int b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

static int edges_timeout(const struct edges *edges, int64_t elapsed)
{
    int timeout = ROUND_MS;
    if (edges->http != NULL)
        timeout = sooner(timeout, http_timeout(edges->http, elapsed));
    if (edges->spool != NULL)
        timeout = sooner(timeout, spool_timeout(edges->spool, elapsed));
    return timeout;
}

static void edges_round(const struct edges *edges, int64_t elapsed)
{
    if (edges->http != NULL) {
        http_answer(edges->http, elapsed);
        http_take(edges->http, elapsed);
    }
    if (edges->spool != NULL) {
        spool_answer(edges->spool, elapsed);
        spool_take(edges->spool, elapsed);
    }
}

/* ---------------------------------------------------------------- the loop */

static int signals_as_file(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

enum { NO_ANSWER_MS = 5000 };

/* What an operator should see when it changes: the connection, and what is wrong. */
struct said {
    int64_t begun; /* elapsed; INT64_MAX: the router has answered, or that it does not was told */
    bool connected;
    bool fed;
    bool alarm;
    bool writable;
    int64_t expiry; /* when it was told last what ends soon */
    char trouble[sizeof((struct samenloop_health *)NULL)->trouble];
    char spool[sizeof((struct sl_error *)NULL)->text];
};

/* Says what the spool has in its way, once, and when that is over. */
static void say_spool(struct said *said, const struct spool *spool)
{
    const char *trouble = spool == NULL ? "" : spool_trouble(spool);
    if (strcmp(trouble, said->spool) == 0)
        return;
    (void)fprintf(stderr, "samenloop-adapter: %s\n",
                  trouble[0] == '\0' ? "spool: all is well again" : trouble);
    (void)snprintf(said->spool, sizeof said->spool, "%s", trouble);
}

/* A key or certificate that ends soon is told at the start and once a day. */
static void say_expiry(struct said *said, const struct adapter_config *config)
{
    struct sl_buffer lines = {0};
    int64_t now = adapter_config_now(config, said->expiry);
    if (sl_expiry_is_due(&said->expiry, now) && sl_expiry_tell(&config->directory, now, &lines) > 0)
        (void)fwrite(lines.data, 1, lines.size, stderr);
    sl_buffer_free(&lines);
}

/* A router that never answers may be another one, or want another card. */
static void say_no_answer(struct said *said, const char *router)
{
    if (said->connected)
        said->begun = INT64_MAX;
    if (said->begun == INT64_MAX || sl_clock_elapsed() - said->begun < NO_ANSWER_MS)
        return;
    (void)fprintf(stderr,
                  "samenloop-adapter: no answer from %s yet: does the router run there, is "
                  "router_key its key, and has it this organisation's key card?\n",
                  router);
    said->begun = INT64_MAX;
}

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
    if (health.alarm[0] != '\0' && !said->alarm)
        (void)fprintf(stderr, "samenloop-adapter: ALARM: %s; see refused-* beside the inbox\n",
                      health.alarm);
    said->alarm = health.alarm[0] != '\0';
    /* A full disk is told once, whichever log meets it next. */
    if (strcmp(health.trouble, said->trouble) != 0 && health.trouble[0] != '\0' &&
        (health.writable || said->writable))
        (void)fprintf(stderr, "samenloop-adapter: %s\n", health.trouble);
    if (health.writable && !said->writable)
        (void)fprintf(stderr, "samenloop-adapter: there is room again on the disk\n");
    said->connected = health.connected;
    said->fed = health.fed;
    said->writable = health.writable;
    memcpy(said->trouble, health.trouble, sizeof said->trouble);
}

/* What is wrong with the new configuration is told, and the old one stays. */
static void reload(struct samenloop_line *line, struct said *said)
{
    char problems[PROBLEMS];
    if (samenloop_reload(line, problems, sizeof problems) < 0) {
        (void)fprintf(stderr, "samenloop-adapter: not reloaded\n%s", problems);
        return;
    }
    (void)fprintf(stderr, "samenloop-adapter: reloaded\n");
    warn(samenloop_config(line));
    said->expiry = 0; /* the cards may be others */
}

/* Gives true when the adapter is to end. */
static bool take_signals(struct samenloop_line *line, int signals, struct said *said)
{
    struct signalfd_siginfo signal;
    while (read(signals, &signal, sizeof signal) == (ssize_t)sizeof signal) {
        if (signal.ssi_signo != SIGHUP)
            return true;
        reload(line, said);
    }
    return false;
}

static int loop(struct samenloop_line *line, const struct edges *edges, int signals)
{
    struct samenloop *house = samenloop_house(line);
    struct said said = {.begun = sl_clock_elapsed(), .fed = true, .writable = true};
    struct pollfd files[2] = {{.fd = signals, .events = POLLIN}};
    size_t count = 1;
    if (edges->http != NULL)
        http_file(edges->http, &files[count++]);
    for (;;) {
        if (samenloop_turn(line, files, count, edges_timeout(edges, sl_clock_elapsed())) < 0)
            return -1;
        if (take_signals(line, signals, &said))
            return 0;
        edges_round(edges, sl_clock_elapsed());
        say(&said, house);
        say_no_answer(&said, samenloop_config(line)->router);
        say_expiry(&said, samenloop_config(line));
        say_spool(&said, edges->spool);
        (void)sd_notify(0, "WATCHDOG=1");
    }
}

/* The edges go first: whoever still waits is told so before the house closes. */
static int run(const char *file)
{
    static char problems[PROBLEMS];
    struct samenloop_line *line = NULL;
    struct edges edges = {0};
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
    int result = open_edges(&edges, line, &error);
    if (result < 0) {
        (void)fprintf(stderr, "samenloop-adapter: %s\n", error.text);
    } else {
        (void)printf("ready%s%s\n", edges.http == NULL ? "" : " ",
                     edges.http == NULL ? "" : http_url(edges.http));
        (void)fflush(stdout);
        (void)sd_notify(0, "READY=1");
        result = loop(line, &edges, signals);
        if (result < 0)
            (void)fprintf(stderr, "samenloop-adapter: %s\n", samenloop_trouble(line));
    }
    (void)sd_notify(0, "STOPPING=1");
    close_edges(&edges);
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
