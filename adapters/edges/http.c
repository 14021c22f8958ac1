/* The server: connections, what waits, and the edge's part in a round. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/sha.h>

#include "adapters/edges/http_parts.h"

enum {
    BACKLOG = 128,
    READS = 16,   /* times a round that libmicrohttpd reads, while there is more */
    SWEEP = 1000, /* ms between two looks at who is slow */
};

/* ---------------------------------------------------------------- connections */

static void line_event(void *context, struct MHD_Connection *connection, void **known,
                       enum MHD_ConnectionNotificationCode code)
{
    struct http *http = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(
            connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        struct http_line *line = sl_new(1, sizeof *line);
        line->socket = info == NULL ? -1 : info->connect_fd;
        line->since = http->elapsed;
        line->next = http->lines;
        if (line->next != NULL)
            line->next->previous = line;
        http->lines = line;
        http->counts.connections++;
        line->beyond = http->counts.open++ >= http->connections;
        *known = line;
    } else if (*known != NULL) {
        struct http_line *line = *known;
        *(line->previous == NULL ? &http->lines : &line->previous->next) = line->next;
        if (line->next != NULL)
            line->next->previous = line->previous;
        http->counts.open--;
        *known = NULL;
        free(line);
    }
}

/*
 * Cuts off who takes longer than HTTP_PATIENCE to send a request or take an answer, or says nothing
 * for so long: a shut-down socket makes libmicrohttpd close it. What waits is asked whether its
 * client is still there, for libmicrohttpd does not look at it.
 */
static void sweep(struct http *http)
{
    if (http->elapsed - http->swept < SWEEP)
        return;
    http->swept = http->elapsed;
    for (struct http_line *line = http->lines; line != NULL; line = line->next) {
        if (line->aside || http->elapsed - line->since < HTTP_PATIENCE)
            continue;
        (void)shutdown(line->socket, SHUT_RDWR);
        line->since = http->elapsed;
        http->counts.cut++;
    }
    char byte;
    for (struct http_request *request = http->aside; request != NULL; request = request->next)
        if (recv(request->line->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
            request->gone = true;
}

/* ---------------------------------------------------------------- what waits */

bool http_hold(struct http_request *request, size_t bytes)
{
    if (request->http->held + bytes > HTTP_MAX_HELD) {
        request->http->counts.too_many++;
        return false;
    }
    request->held += bytes;
    request->http->held += bytes;
    return true;
}

void http_put_aside(struct http_request *request, bool (*step)(struct http_request *), int64_t due)
{
    struct http *http = request->http;
    MHD_suspend_connection(request->connection);
    request->step = step;
    request->due = due;
    request->aside = true;
    request->line->aside = true;
    request->previous = NULL;
    request->next = http->aside;
    if (request->next != NULL)
        request->next->previous = request;
    http->aside = request;
    http->counts.waiting++;
}

static void go_on(struct http_request *request)
{
    struct http *http = request->http;
    *(request->previous == NULL ? &http->aside : &request->previous->next) = request->next;
    if (request->next != NULL)
        request->next->previous = request->previous;
    http->counts.waiting--;
    request->aside = false;
    request->line->aside = false;
    request->line->since = http->elapsed;
    MHD_resume_connection(request->connection);
}

/* ---------------------------------------------------------------- a round */

/* True when libmicrohttpd has work that needs no waiting. */
static bool busy(const struct http *http)
{
    MHD_UNSIGNED_LONG_LONG wait = 0;
    return MHD_get_timeout(http->daemon, &wait) == MHD_YES && wait == 0;
}

static void run(struct http *http)
{
    for (int i = 0; i < READS; i++)
        if (MHD_run(http->daemon) != MHD_YES || !busy(http))
            return;
}

void http_take(struct http *http, int64_t elapsed)
{
    http->elapsed = elapsed;
    run(http);
    sweep(http);
}

void http_answer(struct http *http, int64_t elapsed)
{
    bool any = false;
    struct http_request *next = NULL;
    http->elapsed = elapsed;
    for (struct http_request *request = http->aside; request != NULL; request = next) {
        next = request->next;
        if (!request->step(request))
            continue;
        go_on(request);
        any = true;
    }
    if (any)
        run(http);
}

void http_file(const struct http *http, struct pollfd *out)
{
    *out = (struct pollfd){.fd = http->poll_file, .events = POLLIN};
}

int http_timeout(const struct http *http, int64_t elapsed)
{
    int64_t due = INT64_MAX;
    if (busy(http))
        return 0;
    if (http->lines != NULL)
        due = http->swept + SWEEP;
    for (const struct http_request *request = http->aside; request != NULL; request = request->next)
        if (request->due < due)
            due = request->due;
    if (due == INT64_MAX)
        return -1;
    return due <= elapsed ? 0 : (int)(due - elapsed);
}

/* ---------------------------------------------------------------- open and close */

static int listen_at(struct http *http, const char *address, unsigned port, struct sl_error *error)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } at = {0};
    int one = 1;
    bool old = inet_pton(AF_INET, address, &at.v4.sin_addr) == 1;
    socklen_t size = old ? sizeof at.v4 : sizeof at.v6;
    if (port > UINT16_MAX || (!old && inet_pton(AF_INET6, address, &at.v6.sin6_addr) != 1))
        return sl_fail(error, SL_CONFIGURATION, "no address to listen at: %s, port %u", address,
                       port);
    if (old)
        at.v4.sin_family = AF_INET, at.v4.sin_port = htons((uint16_t)port);
    else
        at.v6.sin6_family = AF_INET6, at.v6.sin6_port = htons((uint16_t)port);
    int file = socket(at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (file < 0 || setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
        bind(file, &at.any, size) < 0 || listen(file, BACKLOG) < 0 ||
        getsockname(file, &at.any, &size) < 0) {
        (void)sl_fail(error, SL_IO, "cannot listen at %s, port %u: %s", address, port,
                      strerror(errno));
        if (file >= 0)
            (void)close(file);
        return -1;
    }
    unsigned bound = ntohs(old ? at.v4.sin_port : at.v6.sin6_port);
    (void)snprintf(http->url, sizeof http->url, old ? "http://%s:%u" : "http://[%s]:%u", address,
                   bound);
    return file;
}

static int take_tokens(struct http *http, const struct http_setup *setup, struct sl_error *error)
{
    if (setup->token_count == 0 || setup->token_count > HTTP_MAX_TOKENS)
        return sl_fail(error, SL_CONFIGURATION, "%zu tokens; 1 to %d are wanted",
                       setup->token_count, HTTP_MAX_TOKENS);
    for (size_t i = 0; i < setup->token_count; i++) {
        const char *text = setup->tokens[i].text;
        size_t size = strlen(text);
        bool good = size >= HTTP_TOKEN_MIN && setup->tokens[i].role >= SAMENLOOP_BACK_OFFICE &&
                    setup->tokens[i].role <= SAMENLOOP_JOINT_TEAM;
        for (size_t j = 0; j < size; j++)
            good = good && text[j] > ' ' && text[j] < 0x7f;
        if (!good || SHA256((const uint8_t *)text, size, http->tokens[i].hash) == NULL)
            return sl_fail(error, SL_CONFIGURATION,
                           "token %zu: %d characters or more, printable, without blanks, of a role",
                           i + 1, HTTP_TOKEN_MIN);
        for (size_t j = 0; j < i; j++)
            if (strcmp(text, setup->tokens[j].text) == 0)
                return sl_fail(error, SL_CONFIGURATION, "tokens %zu and %zu are the same", j + 1,
                               i + 1);
        http->tokens[i].role = setup->tokens[i].role;
    }
    http->token_count = setup->token_count;
    return 0;
}

/* What a decoder of its own would make of a target is no business of libmicrohttpd. */
static size_t leave_as_it_is(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context, (void)connection;
    return strlen(text);
}

static struct MHD_Daemon *start(struct http *http, const struct http_setup *setup, int file)
{
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
    unsigned all = http->connections + HTTP_CONNECTIONS_TOLD;
    unsigned each = setup->connections_per_address == 0 ? HTTP_CONNECTIONS_PER_ADDRESS
                                                        : setup->connections_per_address;
    if (strchr(setup->address, ':') != NULL)
        flags |= MHD_USE_IPv6;
    return MHD_start_daemon(
        flags, 0, NULL, NULL, http_request_more, http, MHD_OPTION_LISTEN_SOCKET, file,
        MHD_OPTION_URI_LOG_CALLBACK, http_request_line, http, MHD_OPTION_NOTIFY_COMPLETED,
        http_request_done, http, MHD_OPTION_NOTIFY_CONNECTION, line_event, http,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_as_it_is, NULL, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_CONNECTION_LIMIT, all, MHD_OPTION_PER_IP_CONNECTION_LIMIT, each,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_HEADERS, MHD_OPTION_END);
}

int http_open(struct http **out, const struct http_setup *setup, struct sl_error *error)
{
    struct http *http = sl_new(1, sizeof *http);
    http->house = setup->house;
    http->requests_per_second = setup->requests_per_second;
    http->connections = setup->connections == 0 ? HTTP_CONNECTIONS : setup->connections;
    int file = take_tokens(http, setup, error) < 0
                   ? -1
                   : listen_at(http, setup->address, setup->port, error);
    if (file < 0)
        goto failed;
    http->daemon = start(http, setup, file);
    if (http->daemon == NULL) {
        (void)sl_fail(error, SL_IO, "libmicrohttpd does not start: %s", strerror(errno));
        (void)close(file);
        goto failed;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    http->poll_file = info == NULL ? -1 : info->epoll_fd;
    *out = http;
    return 0;
failed:
    free(http);
    return -1;
}

void http_close(struct http *http)
{
    if (http == NULL)
        return;
    http->closing = true;
    /* A suspended connection at the end would be a panic of libmicrohttpd. */
    while (http->aside != NULL) {
        struct http_request *request = http->aside;
        request->last = true;
        if (!request->replied)
            http_problem(request, "overload", NULL, "the adapter is closing; try again");
        go_on(request);
    }
    run(http);
    MHD_stop_daemon(http->daemon);
    free(http);
}

const char *http_url(const struct http *http)
{
    return http->url;
}

void http_counts(const struct http *http, struct http_counts *out)
{
    *out = http->counts;
    out->held = http->held;
}
