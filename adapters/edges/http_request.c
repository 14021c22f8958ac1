/* A request is read: its line, its headers, its body; and the table of what can be asked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "adapters/edges/http_parts.h"
#include "schemas/limits.h"

static const struct http_route routes[] = {
    {"POST", "/events", .posted = true, .handle = http_events_post},
    {"GET", "/events", .named = true, .queries = {"source"}, .handle = http_events_get},
    {"GET", "/inbox", .queries = {"wait", "max"}, .handle = http_inbox_get},
    {"POST", "/inbox/ack", .posted = true, .handle = http_inbox_ack},
    {"GET", "/list", .handle = http_list_get},
    {"GET", "/health", .open = true, .handle = http_health},
    {"HEAD", "/health", .open = true, .handle = http_health},
    {"GET", "/metrics", .open = true, .handle = http_metrics},
};
enum { ROUTES = sizeof routes / sizeof *routes };

/* ---------------------------------------------------------------- headers */

struct search {
    const char *name;
    size_t count;
    struct sl_bytes value;
};

static enum MHD_Result look(void *context, enum MHD_ValueKind kind, const char *key,
                            size_t key_size, const char *value, size_t value_size)
{
    struct search *search = context;
    (void)kind;
    if (key_size == strlen(search->name) && strncasecmp(key, search->name, key_size) == 0) {
        search->count++;
        search->value = sl_bytes(value == NULL ? "" : value, value_size);
    }
    return MHD_YES;
}

static struct search find(struct http_request *request, const char *name)
{
    struct search search = {.name = name};
    (void)MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, look, &search);
    return search;
}

size_t http_header_count(struct http_request *request, const char *name)
{
    return find(request, name).count;
}

struct sl_bytes http_header(struct http_request *request, const char *name)
{
    struct search search = find(request, name);
    return search.count == 1 ? search.value : (struct sl_bytes){NULL, 0};
}

/* A name with a blank before its colon, say, is for others a header that libmicrohttpd overlooks.
 */
static enum MHD_Result check_name(void *context, enum MHD_ValueKind kind, const char *key,
                                  size_t key_size, const char *value, size_t value_size)
{
    bool *good = context;
    (void)kind, (void)value, (void)value_size;
    *good = *good && key_size > 0;
    for (size_t i = 0; i < key_size; i++)
        *good = *good && key[i] > ' ' && key[i] < 0x7f &&
                strchr("\"(),/:;<=>?@[\\]{}", key[i]) == NULL;
    return MHD_YES;
}

static bool names_good(struct http_request *request)
{
    bool good = true;
    (void)MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, check_name, &good);
    return good;
}

/* ---------------------------------------------------------------- judging line and headers */

static bool trouble(struct http_request *request, const char *code, const char *sentence)
{
    request->trouble = (struct http_trouble){code, NULL, sentence};
    return false;
}

/*
 * Where a body ends is said once and plainly, else the next request on the connection could be
 * somebody else's (request smuggling); so the connection ends with the answer.
 */
static bool framing_good(struct http_request *request, const char *version, uint64_t *length)
{
    size_t hosts = http_header_count(request, "Host");
    size_t lengths = http_header_count(request, "Content-Length");
    size_t codings = http_header_count(request, "Transfer-Encoding");
    bool newest = strcmp(version, "HTTP/1.1") == 0;
    char digits[24] = "0";
    request->last = true;
    if (!newest && strcmp(version, "HTTP/1.0") != 0)
        return trouble(request, "malformed", "the version is HTTP/1.1 or HTTP/1.0");
    if (!names_good(request))
        return trouble(request, "malformed", "a header's name has characters that no name has");
    if (hosts > 1 || (newest && hosts == 0))
        return trouble(request, "malformed", "a request names its Host, once");
    if (lengths > 1 || codings > 1 || lengths + codings > 1 || (codings > 0 && !newest))
        return trouble(request, "malformed",
                       "Content-Length or Transfer-Encoding, one of them, and once");
    if (codings == 1 && !http_media_is(http_header(request, "Transfer-Encoding"), "chunked"))
        return trouble(request, "malformed", "the only transfer coding is chunked");
    struct sl_bytes value = http_header(request, "Content-Length");
    if (lengths == 1)
        (void)snprintf(digits, sizeof digits, "%.*s", (int)value.size, (const char *)value.data);
    if (http_number(length, digits, 0, INT64_MAX) < 0)
        return trouble(request, "malformed", "Content-Length is a decimal number");
    if (codings == 1)
        *length = UINT64_MAX;
    request->last = false;
    return true;
}

static bool path_is(const struct http_route *route, const char *path, const char **id)
{
    size_t size = strlen(route->path);
    if (!route->named)
        return strcmp(path, route->path) == 0;
    if (strncmp(path, route->path, size) != 0 || path[size] != '/')
        return false;
    *id = path + size + 1;
    return **id != '\0' && strchr(*id, '/') == NULL;
}

static bool path_open(const char *path)
{
    const char *id = NULL;
    for (size_t i = 0; i < ROUTES; i++)
        if (routes[i].open && path_is(&routes[i], path, &id))
            return true;
    return false;
}

/* Every token is compared, and only hashes are, so that time tells nothing of them. */
static bool authorized(struct http_request *request)
{
    static const char scheme[] = "Bearer ";
    struct sl_bytes value = http_header(request, "Authorization");
    uint8_t hash[HTTP_TOKEN_HASH] = {0};
    size_t size = sizeof scheme - 1;
    bool found = false;
    if (value.size > size && strncasecmp((const char *)value.data, scheme, size) == 0 &&
        SHA256(value.data + size, value.size - size, hash) != NULL)
        for (size_t i = 0; i < request->http->token_count; i++)
            if (CRYPTO_memcmp(hash, request->http->tokens[i].hash, sizeof hash) == 0) {
                request->role = request->http->tokens[i].role;
                found = true;
            }
    if (found)
        return true;
    request->http->counts.unauthorized++;
    return trouble(request, "unauthorized", "Authorization: Bearer, with the token of a role");
}

static bool routed(struct http_request *request, const char *path, const char *method)
{
    const char *id = NULL;
    bool known = false;
    for (size_t i = 0; i < ROUTES && request->route == NULL; i++) {
        if (!path_is(&routes[i], path, &id))
            continue;
        known = true;
        if (strcmp(routes[i].method, method) == 0)
            request->route = &routes[i];
    }
    if (!known)
        return trouble(request, "not_found", "nothing has this path");
    if (request->route == NULL)
        return trouble(request, "method_not_allowed", "this method is not for this path");
    if (!request->route->named)
        return true;
    request->id = request->target + (id - request->target);
    if (http_decode(request->id) < 0 || strlen(request->id) > 4 * SL_MAX_ID)
        return trouble(request, "malformed",
                       "the id in the path is percent-encoded UTF-8 without control characters");
    return true;
}

/* A bucket a role, with room for the requests of one second. */
static bool rate_good(struct http_request *request)
{
    struct http *http = request->http;
    int64_t rate = http->requests_per_second;
    if (rate == 0 || request->route->open)
        return true;
    int64_t passed = http->elapsed - http->rates[request->role].at;
    int64_t credit = http->rates[request->role].credit + (passed > 1000 ? 1000 : passed) * rate;
    if (credit > 1000 * rate)
        credit = 1000 * rate;
    bool enough = credit >= 1000;
    http->rates[request->role].credit = enough ? credit - 1000 : credit;
    http->rates[request->role].at = http->elapsed;
    if (enough)
        return true;
    http->counts.too_many++;
    return trouble(request, "too_many_requests", "more requests a second than this role may make");
}

static bool form_good(struct http_request *request)
{
    struct sl_bytes type = http_header(request, "Content-Type");
    bool events = request->route->handle == http_events_post;
    bool binary = events && http_header_count(request, "ce-specversion") > 0;
    bool good = http_header_count(request, "Content-Encoding") == 0 && http_media_utf8(type);
    request->body_max = SL_MAX_EVENT;
    if (good && events && http_media_is(type, "application/cloudevents+json")) {
        request->form = HTTP_FORM_EVENT;
    } else if (good && events && http_media_is(type, "application/cloudevents-batch+json")) {
        request->form = HTTP_FORM_BATCH;
        request->body_max = HTTP_MAX_BODY;
    } else if (good && binary &&
               (http_media_is(type, "application/json") ||
                http_header_count(request, "Content-Type") == 0)) {
        request->form = HTTP_FORM_BINARY;
    } else if (good && !events && http_media_is(type, "application/json")) {
        request->form = HTTP_FORM_JSON;
    } else {
        return trouble(request, "unsupported_media_type",
                       events ? "application/cloudevents+json, application/cloudevents-batch+json, "
                                "or application/json with ce- headers; UTF-8, not encoded"
                              : "application/json; UTF-8, not encoded");
    }
    return true;
}

static bool body_good(struct http_request *request, uint64_t length)
{
    if (!request->route->posted)
        return length == 0 || trouble(request, "malformed", "a body where none is taken");
    if (!form_good(request))
        return false;
    if (length != UINT64_MAX && length > request->body_max)
        return trouble(request, "too_large",
                       request->form == HTTP_FORM_BATCH ? "a batch has at most 4 MiB"
                                                        : "a body has at most 64 KiB");
    if (length != UINT64_MAX && !http_hold(request, (size_t)length))
        return trouble(request, "overload", "too many bodies are being read; try again");
    return true;
}

static void judge(struct http_request *request, const char *method, const char *version)
{
    uint64_t length = 0;
    if (!framing_good(request, version, &length))
        return;
    if (request->line->beyond) {
        request->last = true;
        request->http->counts.too_many++;
        (void)trouble(request, "overload", "too many connections; try again");
        return;
    }
    char *query = request->target;
    const char *path = strsep(&query, "?");
    if ((path_open(path) || authorized(request)) && routed(request, path, method) &&
        rate_good(request) && (query == NULL || http_query(request, query) == 0))
        (void)body_good(request, length);
    /* What a client is still sending is read if it is little, so that it hears the answer. */
    if (request->trouble.code != NULL && length > SL_MAX_EVENT)
        request->last = true;
    /* libmicrohttpd takes the body of a GET for the next request. */
    if (length > 0 && strcmp(method, "POST") != 0)
        request->last = true;
}

/* ---------------------------------------------------------------- reading and answering */

static void answer_trouble(struct http_request *request)
{
    char allow[64] = "";
    const char *id = NULL;
    const struct http_trouble *found = &request->trouble;
    for (size_t i = 0; i < ROUTES && strcmp(found->code, "method_not_allowed") == 0; i++) {
        size_t used = strlen(allow);
        if (path_is(&routes[i], request->target, &id))
            (void)snprintf(allow + used, sizeof allow - used, "%s%s", used > 0 ? ", " : "",
                           routes[i].method);
    }
    http_problem_with(request, found->code, found->field, found->sentence, NULL,
                      *allow == '\0' ? NULL : "Allow", allow);
}

/* False: so much comes that nobody wants that the connection is cut. */
static bool read_body(struct http_request *request, const char *data, size_t size)
{
    struct sl_buffer *body = &request->body;
    request->received += size;
    if (request->trouble.code != NULL)
        return request->received <= HTTP_MAX_BODY + SL_MAX_EVENT;
    if (body->size + size > request->body_max) {
        (void)trouble(request, "too_large", "the body is larger than what is taken here");
    } else if (request->received > request->held && !http_hold(request, size)) {
        (void)trouble(request, "overload", "too many bodies are being read; try again");
    } else {
        sl_buffer_add(body, data, size);
        return true;
    }
    sl_buffer_free(body);
    return true;
}

void *http_request_line(void *context, const char *target, struct MHD_Connection *connection)
{
    struct http *http = context;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    if (info == NULL || info->socket_context == NULL)
        return NULL;
    struct http_request *request = sl_new(1, sizeof *request);
    size_t size = strlen(target) + 1;
    request->http = http;
    request->connection = connection;
    request->line = info->socket_context;
    request->line->since = http->elapsed;
    request->target = sl_new(size, 1);
    memcpy(request->target, target, size);
    return request;
}

enum MHD_Result http_request_more(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **known)
{
    struct http_request *request = *known;
    (void)context, (void)connection, (void)url;
    if (request == NULL)
        return MHD_NO;
    if (!request->begun) {
        request->begun = true;
        request->http->counts.requests++;
        judge(request, method, version);
        if (request->trouble.code == NULL || !request->last)
            return MHD_YES;
        answer_trouble(request);
        return request->replied ? MHD_YES : MHD_NO;
    }
    if (*upload_size > 0) {
        size_t size = *upload_size;
        *upload_size = 0;
        return read_body(request, upload, size) ? MHD_YES : MHD_NO;
    }
    if (request->replied)
        return MHD_YES;
    if (request->http->closing) /* the house may be gone */
        (void)trouble(request, "overload", "the adapter is closing; try again");
    if (request->trouble.code != NULL)
        answer_trouble(request);
    else
        request->route->handle(request);
    return request->replied || request->aside ? MHD_YES : MHD_NO;
}

void http_request_done(void *context, struct MHD_Connection *connection, void **known,
                       enum MHD_RequestTerminationCode code)
{
    struct http_request *request = *known;
    (void)context, (void)connection, (void)code;
    *known = NULL;
    if (request == NULL)
        return;
    request->line->since = request->http->elapsed;
    request->http->held -= request->held;
    sl_buffer_free(&request->body);
    sl_buffer_free(&request->stream);
    free(request->target);
    free(request);
}
