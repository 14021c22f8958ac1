/* The joint team's list, for whoever has the joint team's token. */
#include "adapters/edges/http_parts.h"

enum { PATIENCE = 10 * 1000 };

static bool list_step(struct http_request *request)
{
    struct sl_buffer body = {0};
    const char *text = NULL;
    int found = samenloop_list(request->http->house, request->list, &text);
    if (found == 0 && !request->gone && request->http->elapsed < request->due)
        return false;
    if (found != 1) {
        http_problem(request, "away", NULL, "the router keeps the list, and does not answer now");
        return true;
    }
    struct sl_bytes list = sl_text(text);
    sl_buffer_add(&body, list.data, list.size);
    http_reply(request, MHD_HTTP_OK, "application/json", &body, NULL, NULL);
    return true;
}

void http_list_get(struct http_request *request)
{
    if (request->role != SAMENLOOP_JOINT_TEAM) {
        http_problem(request, "not_for_role", NULL, "the list is the joint team's");
        return;
    }
    request->list = samenloop_list_ask(request->http->house);
    http_put_aside(request, list_step, request->http->elapsed + PATIENCE);
}
