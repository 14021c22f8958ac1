#include "router/router.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "router/decided.h"
#include "router/erasure.h"
#include "router/state.h"
#include "schemas/version.h"

/* A record stands in one segment; the largest is an event with all that it brings about. */
enum { SEGMENT_MIN = 2 * SL_MAX_SEALED };

enum {
    ROOM_BYTES = 2 * SL_MAX_FRAME, /* a frame's events, and what is decided on them */
    ROOM_MS = 1000,                /* between two looks at a disk that was full */
};

/* ---------------------------------------------------------------- what the stations share */

int router_place(const struct router *router, struct sl_bytes name)
{
    for (int i = 0; i < (int)router->participant_count; i++) {
        if (sl_bytes_is(name, router->participants[i]))
            return i;
    }
    return -1;
}

int router_add_place(struct router *router, struct sl_bytes name)
{
    int place = router_place(router, name);
    if (place >= 0)
        return place;
    if (router->participant_count == SL_MAX_PARTICIPANTS || name.size >= SL_NAME_SIZE)
        return -1;
    memcpy(router->participants[router->participant_count], name.data, name.size);
    return (int)router->participant_count++;
}

int router_record(struct router *router, Samenloop__V1__RecordKind kind,
                  const ProtobufCMessage *message, struct sl_bytes content, struct sl_error *error)
{
    uint64_t record = 0;
    Samenloop__V1__Queued **queued = NULL;
    size_t count = journal_queued(message, &queued);
    if (journal_append(router->journal, kind, message, content, &record, error) < 0)
        return -1;
    return outgoing_queue(router, record, queued, count, error);
}

int router_fail(struct router *router, const struct sl_error *error)
{
    if (!router->failed)
        router->failure = *error;
    router->failed = true;
    return -1;
}

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

/* ---------------------------------------------------------------- open, close */

struct router *router_new(const struct sl_directory *directory, struct router_moment moment)
{
    struct router *router = sl_new(1, sizeof *router);
    router->crypto = sl_crypto_new();
    router->directory = directory;
    router->moment = moment;
    router->deliveries = deliveries_new();
    sl_arena_init(&router->incoming, SL_MAX_ARENA);
    sl_arena_init(&router->arena, 0);
    sl_arena_init(&router->outgoing, 0);
    return router;
}

int router_open(struct router **out, const struct router_setup *setup, struct router_moment moment,
                struct sl_error *error)
{
    struct router *router = router_new(setup->directory, moment);
    *out = NULL;
    uint64_t segment = setup->segment_bytes;
    if (segment > 0 && segment < SEGMENT_MIN)
        segment = SEGMENT_MIN;
    heads_setup(router, setup);
    if (journal_open(&router->journal, setup->journal, segment, error) < 0 ||
        fold_journal(router, setup->told, setup->told_context, error) < 0 ||
        heads_check(router, error) < 0 || cards_bring_in(router, setup->directory, error) < 0 ||
        agreed_bring_in(router, setup, error) < 0) {
        router_close(router);
        return -1;
    }
    *out = router;
    router_time(router, moment);
    return 0;
}

void router_close(struct router *router)
{
    if (router == NULL)
        return;
    agreed_free(router);
    cards_free(&router->cards);
    decided_free(router);
    journal_close(router->journal);
    deliveries_free(router->deliveries);
    publish_free(router->publication);
    erasure_free(router);
    sl_arena_free(&router->incoming);
    sl_arena_free(&router->arena);
    sl_arena_free(&router->outgoing);
    sl_buffer_free(&router->frames);
    sl_buffer_free(&router->lines);
    sl_buffer_free(&router->notes);
    sl_crypto_free(router->crypto);
    free(router->sends);
    free(router->shown);
    free(router);
}

int router_reload(struct router *router, const struct router_setup *setup, struct sl_error *error)
{
    if (cards_bring_in(router, setup->directory, error) < 0 ||
        agreed_bring_in(router, setup, error) < 0)
        return -1;
    heads_setup(router, setup);
    return 0;
}

/* ---------------------------------------------------------------- room */

/*
 * What a frame's worth of decisions was found no room for could not be taken back: so room is made
 * sure of before. A full disk is told when it is met and when it is over.
 */
static void note_room(struct router *router, const struct sl_error *error)
{
    if (error->code != SL_OK && error->code != SL_FULL) {
        (void)router_fail(router, error);
        return;
    }
    bool full = error->code == SL_FULL;
    if (full && !router->full)
        sl_buffer_printf(&router->notes,
                         "no room on the disk, nothing is taken until there is: %s\n", error->text);
    else if (!full && router->full)
        sl_buffer_printf(&router->notes, "there is room again on the disk\n");
    router->full = full;
    router->room_at = router->moment.elapsed + ROOM_MS;
}

/* A disk that was full is looked at once a second, and has room when a whole segment has. */
static void look_for_room(struct router *router)
{
    struct sl_error error = {0};
    if (router->full && router->moment.elapsed < router->room_at)
        return;
    if ((router->full ? journal_room(router->journal, UINT64_MAX, &error)
                      : journal_step(router->journal, &error)) == 0)
        error.code = SL_OK;
    note_room(router, &error);
}

/* Is there room for what one frame, or one moment, may bring about? */
static bool has_room(struct router *router)
{
    struct sl_error error = {0};
    if (!router->full && !router->failed && journal_room(router->journal, ROOM_BYTES, &error) < 0)
        note_room(router, &error);
    return !router->full && !router->failed;
}

/* ---------------------------------------------------------------- time */

static void look_at_connections(struct router *router)
{
    int64_t now = router->moment.elapsed;
    for (int i = 0; i < SL_MAX_PARTICIPANTS; i++) {
        struct connection *one = &router->connections.of[i];
        if (one->number == 0)
            continue;
        if (router->full) {
            router_end(router, i, SL_OVERLOAD, "the router's disk is full");
        } else if (now - one->heard >= SL_SILENCE) {
            router_end(router, i, SL_OK, "nothing was heard of you");
        } else if (now - one->said >= SL_HEARTBEAT) {
            router_begin_frame(router, one->number);
            sl_wire_heartbeat(&router->frames);
            router_end_frame(router);
        }
    }
}

static int tick(struct router *router, struct sl_error *error)
{
    Samenloop__V1__JournalTick record = SAMENLOOP__V1__JOURNAL_TICK__INIT;
    struct decided decided = {0};
    sl_arena_clear(&router->arena);
    if (decided_tick(router, &decided, error) < 0)
        return -1;
    record.at = router->at;
    record.n_queued = decided.queued_count;
    record.queued = decided.queued;
    return router_record(router, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_TICK, &record.base,
                         sl_bytes(NULL, 0), error);
}

static void let_time_pass(struct router *router, int64_t until)
{
    struct sl_error error = {0};
    if (until > router->at)
        router->at = until;
    while (decided_is_due(router) && has_room(router)) {
        if (tick(router, &error) < 0)
            (void)router_fail(router, &error);
    }
}

void router_time(struct router *router, struct router_moment moment)
{
    struct sl_error error = {0};
    router->moment = moment;
    look_for_room(router);
    look_at_connections(router);
    if (agreed_wake(router) <= moment.now) { /* what fell due before it, fell due under the old */
        let_time_pass(router, agreed_wake(router));
        if (has_room(router) && agreed_time(router, &error) < 0)
            (void)router_fail(router, &error);
    }
    let_time_pass(router, moment.now);
    if (!router->failed && heads_time(router, false, &error) < 0)
        (void)router_fail(router, &error);
    if (!router->failed && erasure_step(router, &error) < 0)
        (void)router_fail(router, &error);
}

struct router_moment router_wake(const struct router *router)
{
    struct router_moment wake = {decided_wake(router), connections_wake(&router->connections)};
    if (agreed_wake(router) < wake.now)
        wake.now = agreed_wake(router);
    if (heads_wake(router) < wake.now)
        wake.now = heads_wake(router);
    for (int i = 0; i < (int)router->participant_count; i++) {
        int64_t retry = deliveries_wake(router->deliveries, i);
        if (router->connections.of[i].number != 0 && retry < wake.elapsed)
            wake.elapsed = retry;
    }
    if (router->full && router->room_at < wake.elapsed)
        wake.elapsed = router->room_at;
    if (router->more || erasure_goes_on(router))
        wake.elapsed = 0;
    return wake;
}

/* ---------------------------------------------------------------- frames */

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
        struct journal_outbox outbox = {router->participants[participant],
                                        sl_bytes(connection->outbox, SL_IDENTITY_SIZE),
                                        (Samenloop__V1__Lane)lane};
        Samenloop__V1__Place *place = &places[body.n_last];
        *place = (Samenloop__V1__Place)SAMENLOOP__V1__PLACE__INIT;
        place->lane = (Samenloop__V1__Lane)lane;
        place->number = journal_last_answered(router->journal, &outbox);
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
    if (!has_room(router)) {
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
    const Samenloop__V1__Frame *frame = sl_wire_unpack(&router->incoming, SL_WIRE_ADAPTER, bytes,
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

/* ---------------------------------------------------------------- a round's end */

int router_sync(struct router *router, struct sl_error *error)
{
    struct sl_error failure = {0};
    router->more = false;
    if (!router->failed &&
        (journal_sync(router->journal, &failure) < 0 || outgoing_refill(router, &failure) < 0 ||
         outgoing_send(router, &failure) < 0))
        (void)router_fail(router, &failure);
    if (router->failed) {
        *error = router->failure;
        return -1;
    }
    for (int i = 0; i < SL_MAX_PARTICIPANTS; i++)
        router->connections.of[i].taken = 0;
    return 0;
}

int router_finish(struct router *router, struct sl_error *error)
{
    struct sl_error failure = {0};
    if (!router->failed && heads_time(router, true, &failure) < 0)
        (void)router_fail(router, &failure);
    return router_sync(router, error);
}

void router_figures(const struct router *router, struct router_figures *out)
{
    *out = router->figures;
    out->agreement_waits = agreed_wake(router);
    out->events = journal_events(router->journal);
    out->connections = router->connections.count;
    out->dead_letters = deliveries_dead(router->deliveries);
    for (int i = 0; i < SL_MAX_PARTICIPANTS; i++) {
        for (int lane = SL_LANE_ACUTE; lane <= SL_LANE_ORDINARY; lane++)
            out->waiting[i][lane] = deliveries_waiting(router->deliveries, i, (enum sl_lane)lane);
    }
}

const struct router_send *router_sends(const struct router *router, size_t *count)
{
    struct router *own = (struct router *)(uintptr_t)router; /* only its list of views is made */
    own->shown = sl_grow(own->shown, &own->shown_capacity, router->send_count, sizeof *own->shown);
    for (size_t i = 0; i < router->send_count; i++) {
        const struct send *send = &router->sends[i];
        own->shown[i] = (struct router_send){
            send->connection, sl_bytes(router->frames.data + send->offset, send->size), send->last};
    }
    *count = router->send_count;
    return router->shown;
}

struct sl_bytes router_lines(const struct router *router)
{
    return sl_buffer_bytes(&router->lines);
}

struct sl_bytes router_notes(const struct router *router)
{
    return sl_buffer_bytes(&router->notes);
}

void router_sent(struct router *router)
{
    router->send_count = 0;
    sl_buffer_clear(&router->frames);
    sl_buffer_clear(&router->lines);
    sl_buffer_clear(&router->notes);
}
