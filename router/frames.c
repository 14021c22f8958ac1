/* Who is connected, what they say, and the last word to each. */
#include <stdio.h>
#include <string.h>

#include "router/answered.h"
#include "router/decided.h"
#include "router/state.h"
#include "schemas/version.h"

/* ---------------------------------------------------------------- begin, end, the last word */

void router_begin_frame(struct router *router, uint64_t connection)
{
    router->sends = sl_grow(router->sends, &router->send_capacity, router->send_count + 1,
                            sizeof *router->sends);
    router->sends[router->send_count++] = (struct send){.connection = connection,
                                                        .offset = router->frames.size};
    int participant = connections_find(&router->connections, connection);
    if (participant >= 0)
        router->connections.of[participant].said = router->moment.elapsed;
}

void router_end_frame(struct router *router)
{
    struct send *send = &router->sends[router->send_count - 1];
    send->size = router->frames.size - send->offset;
}

/* A rule that was broken is counted, and told to those who watch. */
static void note(struct router *router, int participant, enum sl_code code, const char *sentence)
{
    router->figures.violations += code == SL_PROTOCOL ? 1 : 0;
    if (code == SL_OK)
        return;
    sl_buffer_printf(&router->notes, "%s: %s: %s (%llu violations since the start)\n",
                     router->participants[participant], sl_code_name(code), sentence,
                     (unsigned long long)router->figures.violations);
    router->violation.at = router->moment.now;
    router->violation.participant = participant;
    (void)snprintf(router->violation.sentence, sizeof router->violation.sentence, "%s: %s",
                   sl_code_name(code), sentence);
}

static void say_bye(struct router *router, uint64_t connection, int participant, enum sl_code code,
                    const char *sentence)
{
    router_begin_frame(router, connection);
    sl_wire_bye(&router->frames, code, sentence);
    router_end_frame(router);
    router->sends[router->send_count - 1].last = true;
    note(router, participant, code, sentence);
}

/* Nothing more is said: the world forgets the connection. */
static void close_quietly(struct router *router, uint64_t connection)
{
    router_begin_frame(router, connection);
    router_end_frame(router);
    router->sends[router->send_count - 1].last = true;
}

static void forget(struct router *router, int participant)
{
    connections_forget(&router->connections, participant);
    deliveries_unsend(router->deliveries, participant);
}

void router_end(struct router *router, int participant, enum sl_code code, const char *sentence)
{
    say_bye(router, router->connections.of[participant].number, participant, code, sentence);
    forget(router, participant);
}

/* ---------------------------------------------------------------- hello */

static void welcome(struct router *router, int participant)
{
    struct connection *connection = &router->connections.of[participant];
    Samenloop__V1__Welcome body = SAMENLOOP__V1__WELCOME__INIT;
    Samenloop__V1__Place places[SL_LANES];
    Samenloop__V1__Place *last[SL_LANES];
    struct sl_buffer head = {0};
    body.version = SL_WIRE_VERSION;
    body.software = sl_to_pb(sl_text("samenloop-router " SL_VERSION));
    body.agreement = sl_to_pb(decided_agreement_hash(router));
    body.journal = sl_to_pb(sl_bytes(journal_identity(router->journal), SL_IDENTITY_SIZE));
    body.credit = CONNECTIONS_CREDIT;
    heads_last(router, &head);
    body.head = sl_to_pb(sl_buffer_bytes(&head));
    body.last = last;
    for (int lane = SL_LANE_ACUTE; lane <= SL_LANE_ORDINARY; lane++) {
        struct answered_outbox outbox = {router->participants[participant],
                                         sl_bytes(connection->outbox, SL_IDENTITY_SIZE),
                                         (Samenloop__V1__Lane)lane};
        Samenloop__V1__Place *place = &places[body.n_last];
        *place = (Samenloop__V1__Place)SAMENLOOP__V1__PLACE__INIT;
        place->lane = (Samenloop__V1__Lane)lane;
        place->number = answered_last(journal_answered(router->journal), &outbox);
        last[body.n_last] = place;
        body.n_last += place->number > 0 ? 1 : 0;
    }
    router_begin_frame(router, connection->number);
    sl_wire_welcome(&router->frames, &body);
    router_end_frame(router);
    sl_buffer_free(&head);
}

/* An inbox of another journal, or one that has what this journal never gave, is not fed. */
static bool may_be_fed(const struct router *router, int participant,
                       const Samenloop__V1__Hello *hello)
{
    struct sl_bytes own = sl_bytes(journal_identity(router->journal), SL_IDENTITY_SIZE);
    if (hello->journal.len != 0 && !sl_bytes_equal(own, sl_from_pb(hello->journal)))
        return false;
    for (size_t i = 0; i < hello->n_last; i++) {
        enum sl_lane lane = (enum sl_lane)hello->last[i]->lane;
        if (hello->last[i]->number >= deliveries_next(router->deliveries, participant, lane))
            return false;
    }
    return true;
}

static void greet(struct router *router, uint64_t number, int participant,
                  const Samenloop__V1__Hello *hello)
{
    struct connection connection = {.number = number,
                                    .fed = may_be_fed(router, participant, hello),
                                    .credit = hello->credit,
                                    .heard = router->moment.elapsed,
                                    .said = router->moment.elapsed};
    memcpy(connection.outbox, hello->outbox.data, sizeof connection.outbox);
    uint64_t older = connections_greet(&router->connections, participant, &connection);
    if (older != 0)
        say_bye(router, older, participant, SL_OK,
                "a newer connection of this participant took over");
    deliveries_unsend(router->deliveries, participant);
    welcome(router, participant);
}

static void receipted(struct router *router, int participant, const Samenloop__V1__Receipt *receipt)
{
    Samenloop__V1__Receipted body = SAMENLOOP__V1__RECEIPTED__INIT;
    body.lane = receipt->lane;
    body.number = receipt->number;
    body.role = receipt->role;
    router_begin_frame(router, router->connections.of[participant].number);
    sl_wire_receipted(&router->frames, &body);
    router_end_frame(router);
}

static int take_receipt(struct router *router, int participant,
                        const Samenloop__V1__Receipt *receipt, struct sl_error *error)
{
    if (outgoing_receipt(router, participant, receipt, error) < 0)
        return -1;
    receipted(router, participant, receipt);
    return 0;
}

/* A frame of a greeted connection. -1: SL_PROTOCOL ends the connection, all else the router. */
static int take_frame(struct router *router, int participant, const Samenloop__V1__Frame *frame,
                      struct sl_error *error)
{
    switch (frame->body_case) {
    case SAMENLOOP__V1__FRAME__BODY_PUBLISH:
        return publish_batch(router, participant, frame->publish, error);
    case SAMENLOOP__V1__FRAME__BODY_DELIVERED:
        return outgoing_answered(router, participant, frame->delivered, error);
    case SAMENLOOP__V1__FRAME__BODY_RECEIPT:
        return take_receipt(router, participant, frame->receipt, error);
    case SAMENLOOP__V1__FRAME__BODY_LIST:
        return listing_answer(router, participant, frame->list, error);
    case SAMENLOOP__V1__FRAME__BODY_HEARTBEAT:
        return 0;
    case SAMENLOOP__V1__FRAME__BODY_BYE:
        close_quietly(router, router->connections.of[participant].number);
        forget(router, participant);
        return 0;
    default:
        return sl_fail(error, SL_PROTOCOL, "hello comes once, as the first frame");
    }
}

static void take_from_greeted(struct router *router, int participant,
                              const Samenloop__V1__Frame *frame)
{
    struct sl_error error = {0};
    router->connections.of[participant].heard = router->moment.elapsed;
    sl_arena_clear(&router->arena);
    if (!room_for_more(router)) {
        if (!router->failed)
            router_end(router, participant, SL_OVERLOAD, "the router's disk is full");
        return;
    }
    if (take_frame(router, participant, frame, &error) == 0)
        return;
    if (error.code == SL_PROTOCOL)
        router_end(router, participant, error.code, error.text);
    else
        (void)router_fail(router, &error);
}

/* The first frame of a connection: a Hello, or the end. A Bye is not answered with a Bye. */
static void take_first(struct router *router, uint64_t connection, int participant,
                       const Samenloop__V1__Frame *frame)
{
    if (frame->body_case == SAMENLOOP__V1__FRAME__BODY_BYE)
        close_quietly(router, connection);
    else if (router->full)
        say_bye(router, connection, participant, SL_OVERLOAD, "the router's disk is full");
    else if (frame->body_case != SAMENLOOP__V1__FRAME__BODY_HELLO)
        say_bye(router, connection, participant, SL_PROTOCOL, "hello comes first");
    else
        greet(router, connection, participant, frame->hello);
}

void router_frame(struct router *router, uint64_t connection, int participant,
                  struct sl_bytes bytes)
{
    struct sl_error error = {0};
    if (router->failed)
        return;
    int place = router_place(router, sl_text(router->directory->participants[participant].name));
    int greeted = connections_find(&router->connections, connection);
    sl_arena_clear(&router->incoming);
    struct sl_bytes kept = sl_arena_copy(&router->incoming, bytes);
    const Samenloop__V1__Frame *frame = sl_wire_unpack(&router->incoming, SL_WIRE_ADAPTER, kept,
                                                       &error);
    if (frame != NULL && greeted == place)
        take_from_greeted(router, place, frame);
    else if (frame != NULL && greeted < 0)
        take_first(router, connection, place, frame);
    else if (greeted >= 0)
        router_end(router, greeted, SL_PROTOCOL,
                   frame == NULL ? error.text : "this connection is somebody else's");
    else
        say_bye(router, connection, place, SL_PROTOCOL, error.text);
}

void router_gone(struct router *router, uint64_t connection)
{
    int participant = connections_find(&router->connections, connection);
    if (participant >= 0)
        forget(router, participant);
}

void router_goodbye(struct router *router)
{
    for (int i = 0; i < SL_MAX_PARTICIPANTS; i++) {
        if (router->connections.of[i].number != 0)
            router_end(router, i, SL_OK, "the router stops");
    }
}
