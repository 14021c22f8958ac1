/* The joint team's list, told to those whom the agreement tells of it. */
#include <stdlib.h>
#include <string.h>

#include "router/core/core.h"
#include "router/decided.h"
#include "router/state.h"

static void *take(struct router *router, size_t size)
{
    void *memory = sl_arena_alloc(&router->outgoing, size);
    if (memory == NULL)
        abort(); /* this arena has no limit */
    return memory;
}

static ProtobufCBinaryData text(const char *text, size_t max)
{
    return sl_to_pb(sl_bytes(text, text == NULL ? 0 : strnlen(text, max)));
}

static Samenloop__V1__Awaited *awaited(struct router *router, const struct core_line *line)
{
    Samenloop__V1__Awaited *out = take(router, sizeof *out);
    *out = (Samenloop__V1__Awaited)SAMENLOOP__V1__AWAITED__INIT;
    out->from = text(line->to, SL_MAX_WORD);
    out->role = (Samenloop__V1__Role)line->role;
    out->what = text(line->what, SL_MAX_SENTENCE);
    out->due = line->due;
    out->overdue = line->outcome == CORE_OVERDUE;
    out->rule = text(line->rule, SL_MAX_WORD);
    out->clause = text(line->clause, SL_MAX_WORD);
    out->journal_number = line->event.number;
    return out;
}

/* When the event with this number was accepted. */
static int moment_of(struct router *router, uint64_t number, int64_t *out, struct sl_error *error)
{
    uint64_t record = journal_find_event(router->journal, number, error);
    const Samenloop__V1__JournalEvent *event = (const Samenloop__V1__JournalEvent *)journal_read(
        router->journal, &router->outgoing, record, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_EVENT,
        NULL, error);
    if (event == NULL)
        return -1;
    *out = event->at;
    return 0;
}

static Samenloop__V1__Listed *listed(struct router *router, const struct core_listed *house,
                                     struct sl_error *error)
{
    Samenloop__V1__Listed *out = take(router, sizeof *out);
    *out = (Samenloop__V1__Listed)SAMENLOOP__V1__LISTED__INIT;
    if (house->since != 0 && moment_of(router, house->since, &out->since, error) < 0)
        return NULL;
    out->subject = sl_to_pb(sl_bytes(house->subject, SL_PSEUDONYM_SIZE));
    out->priority = (uint32_t)house->priority;
    out->grounds = text(house->grounds, SL_MAX_SENTENCE);
    out->open = take(router, (house->open_count + 1) * sizeof(void *));
    for (size_t i = 0; i < house->open_count; i++)
        out->open[out->n_open++] = awaited(router, &house->open[i]);
    return out;
}

int listing_answer(struct router *router, int participant, const Samenloop__V1__List *question,
                   struct sl_error *error)
{
    Samenloop__V1__ListPiece piece = SAMENLOOP__V1__LIST_PIECE__INIT;
    Samenloop__V1__Listed *houses[SL_MAX_LISTED];
    struct core_list list;
    sl_arena_clear(&router->outgoing);
    decided_list(router, participant, question->after, &list);
    for (size_t i = 0; i < list.count; i++) {
        houses[i] = listed(router, &list.houses[i], error);
        if (houses[i] == NULL)
            return -1;
    }
    piece.question = question->question;
    piece.houses = houses;
    piece.n_houses = list.count;
    piece.next = list.next;
    router_begin_frame(router, router->connections.of[participant].number);
    sl_wire_list_piece(&router->frames, &piece);
    router_end_frame(router);
    return 0;
}
