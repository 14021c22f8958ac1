/* Answers, and what they say when something is wrong (RFC 9457). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/edges/http_parts.h"

/* Where the manual speaks of a code. */
#define PROBLEMS "https://samenloop.example/problems/"

struct problem {
    const char *code;
    unsigned status;
    const char *title;
    const char *header, *value; /* that goes with it, or NULL */
};

/* The codes of refusals (PROTOCOL.md) that have a status of their own, and those of this edge. */
static const struct problem problems[] = {
    {"malformed", 400, "The request or event is malformed", NULL, NULL},
    {"unauthorized", 401, "A token is wanted", "WWW-Authenticate", "Bearer realm=\"samenloop\""},
    {"not_permitted", 403, "This may not be published here", NULL, NULL},
    {"not_for_role", 403, "Another role's token is wanted", NULL, NULL},
    {"not_found", 404, "There is no such thing", NULL, NULL},
    {"method_not_allowed", 405, "This cannot be done with it", NULL, NULL},
    {"id_conflict", 409, "Another event has this id", NULL, NULL},
    {"too_large", 413, "The request or event is too large", NULL, NULL},
    {"unsupported_media_type", 415, "This is not a media type that is taken here", NULL, NULL},
    {"position_unknown", 422, "A position is not in this inbox", NULL, NULL},
    {"batch_refused", 422, "Events of the batch are refused", NULL, NULL},
    {"too_many_requests", 429, "Too many requests", "Retry-After", "1"},
    {"io", 500, "The adapter cannot read its disk", NULL, NULL},
    {"away", 503, "The router cannot be asked now", "Retry-After", "5"},
    {"overload", 503, "The adapter cannot take this now", "Retry-After", "5"},
};
static const struct problem refused = {NULL, 422, "The event is refused", NULL, NULL};

static const struct problem *problem_of(const char *code)
{
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++)
        if (strcmp(problems[i].code, code) == 0)
            return &problems[i];
    return &refused;
}

unsigned http_status(const char *code)
{
    return problem_of(code)->status;
}

static bool add_header(struct MHD_Response *response, const char *name, const char *value)
{
    return name == NULL || MHD_add_response_header(response, name, value) == MHD_YES;
}

void http_reply(struct http_request *request, unsigned status, const char *type,
                struct sl_buffer *body, const char *name, const char *value)
{
    struct sl_buffer sent = {0};
    if (body != NULL) {
        sent = *body;
        *body = (struct sl_buffer){0};
    }
    size_t size = sent.size;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        size, sent.data, size == 0 ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_FREE);
    if (response == NULL || size == 0)
        sl_buffer_free(&sent);
    if (response == NULL)
        return;
    request->held += size;
    request->http->held += size;
    request->replied = add_header(response, type == NULL ? NULL : "Content-Type", type) &&
                       add_header(response, "Cache-Control", "no-store") &&
                       add_header(response, "X-Content-Type-Options", "nosniff") &&
                       add_header(response, request->last ? "Connection" : NULL, "close") &&
                       add_header(response, name, value) &&
                       MHD_queue_response(request->connection, status, response) == MHD_YES;
    MHD_destroy_response(response);
    request->line->since = request->http->elapsed;
    request->http->counts.answers[status / 100 % 6]++;
}

void http_reply_json(struct http_request *request, unsigned status, const char *type,
                     json_t *document, const char *name, const char *value)
{
    struct sl_buffer body = {0};
    char *text = document == NULL ? NULL : json_dumps(document, JSON_COMPACT);
    if (text != NULL)
        sl_buffer_add_bytes(&body, sl_text(text));
    free(text);
    json_decref(document);
    http_reply(request, status, type, &body, name, value);
}

void http_problem_with(struct http_request *request, const char *code, const char *field,
                       const char *sentence, json_t *members, const char *name, const char *value)
{
    const struct problem *problem = problem_of(code);
    char uri[sizeof PROBLEMS + 64];
    (void)snprintf(uri, sizeof uri, PROBLEMS "%s", code);
    json_t *document = json_pack("{s:s, s:s, s:i, s:s, s:s, s:s*}", "type", uri, "title",
                                 problem->title, "status", (int)problem->status, "detail", sentence,
                                 "code", code, "field", field);
    if (document != NULL && members != NULL)
        (void)json_object_update_missing(document, members);
    json_decref(members);
    http_reply_json(request, problem->status, "application/problem+json", document,
                    name == NULL ? problem->header : name, name == NULL ? problem->value : value);
}

void http_problem(struct http_request *request, const char *code, const char *field,
                  const char *sentence)
{
    http_problem_with(request, code, field, sentence, NULL, NULL, NULL);
}
