/* Events that a back office hands in, and what became of them. */
#include <stdio.h>

#include "adapters/edges/http_parts.h"
#include "schemas/cloudevent.h"

enum { HANDING_IN = 10 * 1000 }; /* ms that a request waits for room in the house */

/* ---------------------------------------------------------------- answers */

static json_t *result_of(const struct samenloop_answer *answer)
{
    if (answer->status == SAMENLOOP_REFUSED)
        return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "id", answer->id, "source",
                         answer->source, "status", "refused", "code", answer->code, "field",
                         answer->field, "detail", answer->sentence);
    return json_pack("{s:s, s:s, s:s}", "id", answer->id, "source", answer->source, "status",
                     answer->status == SAMENLOOP_DUPLICATE ? "duplicate" : "accepted");
}

static void reply_one(struct http_request *request, const struct samenloop_answer *answer)
{
    json_t *members = answer->id[0] == '\0'
                          ? NULL
                          : json_pack("{s:s, s:s}", "id", answer->id, "source", answer->source);
    http_problem_with(request, answer->code, answer->field, answer->sentence, members, NULL, NULL);
}

/* Is the text a list of one? Only then is a refusal of "the text" that of an event in it. */
static bool list_of_one(const struct http_request *request)
{
    struct sl_arena arena;
    struct sl_error error;
    sl_arena_init(&arena, 0);
    const struct sl_json *list = sl_json_read(&arena, sl_buffer_bytes(&request->body),
                                              HTTP_MAX_BODY, &error);
    bool one = sl_json_is(list, SL_JSON_ARRAY) && list->count == 1;
    sl_arena_free(&arena);
    return one;
}

static void reply_batch(struct http_request *request, json_t *results, size_t refused, bool later)
{
    char sentence[160];
    (void)snprintf(sentence, sizeof sentence,
                   "%zu of %zu events are refused; the others are taken, and repeating the batch "
                   "is safe",
                   refused, request->tickets.count);
    http_problem_with(request, later ? "overload" : "batch_refused", NULL, sentence,
                      json_pack("{s:o}", "events", results), NULL, NULL);
}

/* After the sync: has the house an answer for each event? */
static bool answer_step(struct http_request *request)
{
    struct samenloop_answer answer = {0};
    json_t *results = json_array();
    size_t refused = 0;
    bool later = false;
    for (size_t i = 0; i < request->tickets.count; i++) {
        if (samenloop_answer(request->http->house, request->tickets.first + i, &answer) < 0) {
            json_decref(results);
            http_problem(request, "overload", NULL, "the answer is not known; repeat the request");
            return true;
        }
        if (answer.status == SAMENLOOP_PENDING) {
            json_decref(results);
            return false;
        }
        refused += answer.status == SAMENLOOP_REFUSED;
        later = later || (answer.status == SAMENLOOP_REFUSED &&
                          http_status(answer.code) == MHD_HTTP_SERVICE_UNAVAILABLE);
        (void)json_array_append_new(results, result_of(&answer));
    }
    if (refused == 0) {
        http_reply_json(request, MHD_HTTP_ACCEPTED, "application/json",
                        json_pack("{s:o}", "events", results), NULL, NULL);
    } else if (request->form != HTTP_FORM_BATCH ||
               (request->tickets.count == 1 && answer.id[0] == '\0' && !list_of_one(request))) {
        json_decref(results);
        reply_one(request, &answer);
    } else {
        reply_batch(request, results, refused, later);
    }
    return true;
}

/* ---------------------------------------------------------------- handing in */

static int hand_in(struct http_request *request)
{
    return samenloop_publish(request->http->house, request->role, request->body.data,
                             request->body.size, request->form == HTTP_FORM_BATCH,
                             &request->tickets);
}

/* The house was full of what another round must sync first. */
static bool again_step(struct http_request *request)
{
    if (hand_in(request) == 0) {
        request->step = answer_step;
        request->due = 0;
        return false;
    }
    if (request->http->elapsed < request->until)
        return false;
    http_problem(request, "overload", NULL, "more is handed in than can be taken; try again");
    return true;
}

void http_events_post(struct http_request *request)
{
    struct sl_refusal refusal = {0};
    struct sl_buffer text = {0};
    if (request->form == HTTP_FORM_BINARY) {
        if (http_binary(&text, request, &refusal) < 0) {
            sl_buffer_free(&text);
            http_problem(request, sl_code_name(refusal.error.code), refusal.field,
                         refusal.error.text);
            return;
        }
        sl_buffer_free(&request->body);
        request->body = text;
    }
    (void)sl_buffer_extend(&request->body, 0); /* an empty body is a text too */
    request->until = request->http->elapsed + HANDING_IN;
    http_put_aside(request, hand_in(request) == 0 ? answer_step : again_step, 0);
}

void http_events_get(struct http_request *request)
{
    struct sl_buffer body = {0};
    if (request->values[0] == NULL) {
        http_problem(request, "malformed", "source", "?source=URN is wanted");
        return;
    }
    const char *text = samenloop_event(request->http->house, request->id, request->values[0]);
    if (text == NULL) {
        http_problem(request, "not_found", NULL, "this event was never handed in here");
        return;
    }
    sl_buffer_add_bytes(&body, sl_text(text));
    http_reply(request, MHD_HTTP_OK, "application/json", &body, NULL, NULL);
}
