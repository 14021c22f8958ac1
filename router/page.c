#include "router/page.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "router/metrics.h"
#include "schemas/metrics.h"

enum { BACKLOG = 16, ADDRESS = 64, HEADERS = 8 * 1024 };

struct page {
    struct MHD_Daemon *daemon;
    struct router *const *router;
    int file;
    char url[ADDRESS + 16];
};

/* ---------------------------------------------------------------- a question */

static enum MHD_Result reply(struct MHD_Connection *connection, unsigned status, const char *type,
                             struct sl_bytes body)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        body.size, (void *)(uintptr_t)body.data, MHD_RESPMEM_MUST_COPY);
    if (response == NULL)
        return MHD_NO;
    enum MHD_Result result = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (result == MHD_YES && status == MHD_HTTP_METHOD_NOT_ALLOWED)
        result = MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, MHD_HTTP_METHOD_GET);
    if (result == MHD_YES)
        result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **known)
{
    struct page *page = context;
    struct sl_buffer text = {0};
    static const char plain[] = "text/plain; charset=utf-8";
    (void)version, (void)upload;
    if (*known == NULL && strcmp(method, MHD_HTTP_METHOD_GET) == 0) {
        *known = page; /* the headers were read; the answer waits for the request's end */
        return MHD_YES;
    }
    if (strcmp(url, "/metrics") != 0)
        return reply(connection, MHD_HTTP_NOT_FOUND, plain, sl_text("only /metrics is here\n"));
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0)
        return reply(connection, MHD_HTTP_METHOD_NOT_ALLOWED, plain, sl_text("only GET\n"));
    if (*upload_size > 0) {
        *upload_size = 0; /* a body is of no use here */
        return MHD_YES;
    }
    router_metrics(*page->router, &text);
    enum MHD_Result result = reply(connection, MHD_HTTP_OK, SL_METRICS_TYPE,
                                   sl_buffer_bytes(&text));
    sl_buffer_free(&text);
    return result;
}

/* ---------------------------------------------------------------- open and close */

/* Cuts "[::1]:9464" and "127.0.0.1:9464" in two; false: it is neither. */
static bool cut_address(const char *address, char host[ADDRESS], const char **port)
{
    const char *colon = strrchr(address, ':');
    size_t size = colon == NULL ? 0 : (size_t)(colon - address);
    bool bracketed = size > 2 && address[0] == '[' && colon[-1] == ']';
    if (size == 0 || size >= ADDRESS || (!bracketed && memchr(address, ':', size) != NULL))
        return false;
    size -= bracketed ? 2 : 0;
    memcpy(host, address + (bracketed ? 1 : 0), size);
    host[size] = '\0';
    *port = colon + 1;
    return true;
}

static int listen_at(const struct addrinfo *at)
{
    int one = 1;
    int file = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (file < 0)
        return -1;
    if (setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
        bind(file, at->ai_addr, at->ai_addrlen) < 0 || listen(file, BACKLOG) < 0) {
        (void)close(file);
        return -1;
    }
    return file;
}

static int name_page(struct page *page, int file)
{
    struct sockaddr_storage bound = {0};
    socklen_t size = sizeof bound;
    char host[ADDRESS], port[8];
    if (getsockname(file, (struct sockaddr *)&bound, &size) < 0 ||
        getnameinfo((const struct sockaddr *)&bound, size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return -1;
    (void)snprintf(page->url, sizeof page->url,
                   bound.ss_family == AF_INET6 ? "http://[%s]:%s" : "http://%s:%s", host, port);
    return 0;
}

static int start(struct page *page, int file, bool v6)
{
    unsigned flags = MHD_USE_EPOLL | (v6 ? MHD_USE_IPv6 : 0U);
    page->daemon = MHD_start_daemon(flags, 0, NULL, NULL, answer, page, MHD_OPTION_LISTEN_SOCKET,
                                    file, MHD_OPTION_CONNECTION_LIMIT, (unsigned)PAGE_CONNECTIONS,
                                    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)PAGE_SILENCE_S,
                                    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADERS,
                                    MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (page->daemon == NULL)
        return -1;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(page->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    page->file = info == NULL ? -1 : info->epoll_fd;
    return page->file < 0 ? -1 : 0;
}

int page_open(struct page **out, const char *address, struct router *const *router,
              struct sl_error *error)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *at = NULL;
    char host[ADDRESS];
    const char *port = NULL;
    if (!cut_address(address, host, &port) || getaddrinfo(host, port, &hints, &at) != 0)
        return sl_fail(error, SL_CONFIGURATION, "metrics: \"%s\" is no ADDRESS:PORT", address);
    struct page *page = sl_new(1, sizeof *page);
    page->router = router;
    int file = listen_at(at);
    if (file < 0 || name_page(page, file) < 0 || start(page, file, at->ai_family == AF_INET6) < 0) {
        (void)sl_fail(error, SL_IO, "metrics: cannot listen at %s: %s", address, strerror(errno));
        if (file >= 0 && page->daemon == NULL)
            (void)close(file);
        freeaddrinfo(at);
        page_close(page);
        return -1;
    }
    freeaddrinfo(at);
    *out = page;
    return 0;
}

void page_close(struct page *page)
{
    if (page == NULL)
        return;
    if (page->daemon != NULL)
        MHD_stop_daemon(page->daemon); /* closes the listening socket too */
    free(page);
}

/* ---------------------------------------------------------------- the caller's loop */

const char *page_url(const struct page *page)
{
    return page->url;
}

int page_file(const struct page *page)
{
    return page->file;
}

long page_wait_ms(const struct page *page)
{
    MHD_UNSIGNED_LONG_LONG wait = 0;
    if (MHD_get_timeout(page->daemon, &wait) != MHD_YES)
        return -1;
    return wait > 1000 ? 1000 : (long)wait;
}

void page_run(struct page *page)
{
    (void)MHD_run(page->daemon);
}
