/* What the router brought: taken by long poll or as a stream, acknowledged. */
#include <stdlib.h>
#include <string.h>

#include "adapters/edges/http_parts.h"
#include "schemas/cloudevent.h"
#include "schemas/limits.h"

enum { ITEMS = 100, STREAM_PIECE = 64 * 1024 };

/* ---------------------------------------------------------------- GET /inbox */

/* Replies with what there is; false when there is nothing yet. */
static bool reply_items(struct http_request *request, bool even_none)
{
    struct samenloop *house = request->http->house;
    struct samenloop_cursor cursor = {0};
    struct samenloop_item item;
    struct sl_buffer body = {0};
    size_t count = 0;
    int found = 0;
    request->arrivals = samenloop_arrivals(house, request->role);
    while (count < request->items && body.size < HTTP_MAX_ANSWER &&
           (found = samenloop_receive(house, request->role, &cursor, &item)) == 1) {
        sl_buffer_add(&body, count++ == 0 ? "[" : ",", 1);
        sl_buffer_add(&body, item.event, item.size);
    }
    if (found < 0 || (count == 0 && !even_none)) {
        sl_buffer_free(&body);
        if (found < 0)
            http_problem(request, "io", NULL, "the inbox cannot be read");
        return found < 0;
    }
    if (count == 0)
        sl_buffer_add(&body, "[", 1);
    sl_buffer_add(&body, "]", 1);
    http_reply(request, MHD_HTTP_OK, "application/cloudevents-batch+json", &body, NULL, NULL);
    return true;
}

static bool poll_step(struct http_request *request)
{
    bool over = request->gone || request->http->elapsed >= request->due;
    if (!over && samenloop_arrivals(request->http->house, request->role) == request->arrivals)
        return false;
    return reply_items(request, over);
}

/* ---------------------------------------------------------------- the stream */

/* An event as text/event-stream has it; a line break in JSON is only a blank. */
static void add_item(struct sl_buffer *out, const struct samenloop_item *item)
{
    sl_buffer_printf(out, "id: %llu\ndata: ", (unsigned long long)item->position);
    uint8_t *text = sl_buffer_extend(out, item->size);
    for (size_t i = 0; i < item->size; i++)
        text[i] = item->event[i] == '\n' || item->event[i] == '\r' ? ' ' : (uint8_t)item->event[i];
    sl_buffer_add(out, "\n\n", 2);
}

/* Fills the stream, which is empty, with what comes next. -1: the inbox cannot be read. */
static int fill_stream(struct http_request *request)
{
    struct samenloop *house = request->http->house;
    struct samenloop_item item;
    int found = 0;
    sl_buffer_clear(&request->stream);
    request->sent = 0;
    request->arrivals = samenloop_arrivals(house, request->role);
    while (request->stream.size < STREAM_PIECE &&
           (found = samenloop_receive(house, request->role, &request->cursor, &item)) == 1)
        add_item(&request->stream, &item);
    return found < 0 ? -1 : 0;
}

static bool stream_step(struct http_request *request)
{
    if (request->gone ||
        samenloop_arrivals(request->http->house, request->role) != request->arrivals)
        return true;
    if (request->http->elapsed < request->due)
        return false;
    sl_buffer_add(&request->stream, ":\n\n", 3);
    return true;
}

static ssize_t stream_read(void *context, uint64_t at, char *out, size_t max)
{
    struct http_request *request = context;
    struct sl_buffer *stream = &request->stream;
    (void)at;
    if (request->gone)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (request->http->closing)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (request->sent == stream->size && fill_stream(request) < 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    size_t size = stream->size - request->sent;
    if (size == 0) {
        http_put_aside(request, stream_step, request->http->elapsed + HTTP_STREAM_SIGN);
        return 0;
    }
    size = size < max ? size : max;
    memcpy(out, stream->data + request->sent, size);
    request->sent += size;
    request->line->since = request->http->elapsed;
    return (ssize_t)size;
}

static void start_stream(struct http_request *request)
{
    if (!http_hold(request, STREAM_PIECE)) {
        http_problem(request, "overload", NULL, "too much is being sent; try again");
        return;
    }
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, STREAM_PIECE, stream_read, request, NULL);
    if (response == NULL)
        return;
    sl_buffer_add(&request->stream, ":\n\n", 3);
    request->replied = MHD_add_response_header(response, "Content-Type", "text/event-stream") ==
                           MHD_YES &&
                       MHD_add_response_header(response, "Cache-Control", "no-store") == MHD_YES &&
                       MHD_queue_response(request->connection, MHD_HTTP_OK, response) == MHD_YES;
    MHD_destroy_response(response);
    request->http->counts.answers[2]++;
}

static bool wants_stream(struct http_request *request)
{
    struct sl_bytes accept = http_header(request, "Accept");
    while (accept.size > 0) {
        const uint8_t *comma = memchr(accept.data, ',', accept.size);
        size_t size = comma == NULL ? accept.size : (size_t)(comma - accept.data);
        if (http_media_is(sl_bytes(accept.data, size), "text/event-stream"))
            return true;
        size += comma == NULL ? 0 : 1;
        accept = sl_bytes(accept.data + size, accept.size - size);
    }
    return false;
}

void http_inbox_get(struct http_request *request)
{
    uint64_t wait = 0, max = 0;
    if (http_number(&wait, request->values[0], 0, HTTP_MAX_WAIT) < 0) {
        http_problem(request, "malformed", "wait", "wait is a number of seconds, at most 300");
        return;
    }
    if (http_number(&max, request->values[1], ITEMS, HTTP_MAX_ITEMS) < 0 || max == 0) {
        http_problem(request, "malformed", "max", "max is a number of events, 1 to 1000");
        return;
    }
    request->items = (size_t)max;
    if (wants_stream(request))
        start_stream(request);
    else if (!reply_items(request, wait == 0))
        http_put_aside(request, poll_step, request->http->elapsed + (int64_t)wait * 1000);
}

/* ---------------------------------------------------------------- POST /inbox/ack */

/* The number of positions, or -1 when the text has not this form. */
static int read_positions(uint64_t *out, const struct sl_json *document)
{
    const struct sl_json *list = sl_json_get(document, "positions");
    int count = 0;
    if (!sl_json_is(list, SL_JSON_ARRAY) || document->count != 1 ||
        list->count > HTTP_MAX_POSITIONS)
        return -1;
    for (const struct sl_json *one = list->first; one != NULL; one = one->next) {
        const char *text = (const char *)sl_json_text(one).data;
        if (text == NULL || http_number(&out[count++], text, 0, UINT64_MAX) < 0)
            return -1;
    }
    return count;
}

static bool reply_done(struct http_request *request)
{
    http_reply(request, MHD_HTTP_NO_CONTENT, NULL, NULL, NULL, NULL);
    return true;
}

static void refuse_ack(struct http_request *request)
{
    struct samenloop_health health;
    samenloop_health(request->http->house, &health);
    if (health.writable)
        http_problem(request, "position_unknown", "/positions",
                     "a position is not in this role's inbox; none was acknowledged");
    else
        http_problem(request, "overload", NULL,
                     "the adapter's disk has no room; try again later, which is safe");
}

void http_inbox_ack(struct http_request *request)
{
    struct sl_error error = {0};
    struct sl_arena arena;
    sl_arena_init(&arena, 0);
    const struct sl_json *document = sl_json_read(&arena, sl_buffer_bytes(&request->body),
                                                  SL_MAX_EVENT, &error);
    uint64_t *positions = sl_new(HTTP_MAX_POSITIONS, sizeof *positions);
    int count = document == NULL ? -1 : read_positions(positions, document);
    sl_arena_free(&arena);
    if (error.code != SL_OK)
        http_problem(request, sl_code_name(error.code), "", error.text);
    else if (count < 0)
        http_problem(request, "malformed", "/positions",
                     "{\"positions\":[…]} with at most 4096 decimal strings is wanted");
    else if (samenloop_acknowledge(request->http->house, request->role, positions, (size_t)count) <
             0)
        refuse_ack(request);
    else
        http_put_aside(request, reply_done, 0);
    free(positions);
}
