#include "router/router.h"

#include <stdlib.h>
#include <string.h>

#include "router/decided.h"
#include "router/erasure.h"
#include "router/snapshot.h"
#include "router/state.h"

/* A record stands in one segment; the largest is an event with all that it brings about. */
enum { SEGMENT_MIN = 2 * SL_MAX_SEALED };

enum { DONE_WAIT_MS = 5 }; /* what nobody waits for is synced with what comes, or then */

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

void router_told(struct router *router)
{
    struct sl_buffer *told = &router->told;
    sl_buffer_add(told, router->lines.data, router->lines.size);
    sl_buffer_clear(&router->lines);
    if (told->size < 2 * LINES_KEPT)
        return;
    memmove(told->data, told->data + told->size - LINES_KEPT, LINES_KEPT);
    told->size = LINES_KEPT;
}

int router_fail(struct router *router, const struct sl_error *error)
{
    if (!router->failed)
        router->failure = *error;
    router->failed = true;
    return -1;
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
    router->incoming.borrows = true; /* from the frame, which is copied into it whole */
    sl_arena_init(&router->arena, 0);
    sl_arena_init(&router->outgoing, 0);
    return router;
}

/* With what a snapshot has, or without. */
static int open_journal(struct router **out, const struct router_setup *setup,
                        struct router_moment moment, bool snapshot, struct sl_error *error)
{
    struct router *router = router_new(setup->directory, moment);
    *out = router;
    router->storage = setup->journal;
    router->beside = setup->beside;
    router->snapshot_records = setup->snapshot_records == 0 ? SNAPSHOT_RECORDS
                                                            : setup->snapshot_records;
    uint64_t segment = setup->segment_bytes;
    if (segment > 0 && segment < SEGMENT_MIN)
        segment = SEGMENT_MIN;
    heads_setup(router, setup);
    if (journal_open(&router->journal, setup->journal, segment, error) < 0)
        return -1;
    return snapshot && snapshot_read(router, error) < 0 ? -1 : 0;
}

/* What came behind the snapshot, or all; before that the lines that the snapshot has. */
static int fold(struct router *router, const struct router_setup *setup, struct sl_error *error)
{
    if (setup->told != NULL && router->told.size > 0 &&
        setup->told(setup->told_context, sl_buffer_bytes(&router->told), error) < 0)
        return -1;
    return fold_journal(router, setup->told, setup->told_context, error);
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
    while (decided_is_due(router) && room_for_more(router)) {
        if (tick(router, &error) < 0)
            (void)router_fail(router, &error);
    }
}

int router_open(struct router **out, const struct router_setup *setup, struct router_moment moment,
                struct sl_error *error)
{
    struct router *router = NULL;
    *out = NULL;
    int result = open_journal(&router, setup, moment, !setup->whole, error);
    if (result < 0 && router->snapshot > 0 && error->code != SL_DAMAGED) { /* it broke off */
        router_close(router);
        result = open_journal(&router, setup, moment, false, error);
    }
    if (result == 0 && (fold(router, setup, error) < 0 || heads_check(router, error) < 0))
        result = -1;
    if (result == 0)
        let_time_pass(router, moment.now); /* what fell due meanwhile came before what comes in */
    if (result < 0 || cards_bring_in(router, setup->directory, error) < 0 ||
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
    snapshot_end(router);
    checking_end(router);
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
    sl_buffer_free(&router->told);
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

void router_time(struct router *router, struct router_moment moment)
{
    struct sl_error error = {0};
    router->moment = moment;
    room_look(router);
    look_at_connections(router);
    if (agreed_wake(router) <= moment.now) { /* what fell due before it, fell due under the old */
        let_time_pass(router, agreed_wake(router));
        if (room_for_more(router) && agreed_time(router, &error) < 0)
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
    if (router->waits != 0 && router->waits < wake.elapsed)
        wake.elapsed = router->waits;
    if (router->more || erasure_goes_on(router) || checking_goes_on(router))
        wake.elapsed = 0;
    return wake;
}

/* ---------------------------------------------------------------- a round's end */

/* A round that heard only that deliveries were done syncs nothing: what comes next would wait for
 * it. Its lines wait too, for the next round that does, or a moment. */
static int sync_if_due(struct router *router, struct sl_error *error)
{
    bool due = journal_is_due(router->journal) || router->send_count > 0;
    if (!due && router->waits == 0 && !journal_is_synced(router->journal))
        router->waits = router->moment.elapsed + DONE_WAIT_MS;
    if (!due && router->moment.elapsed < router->waits)
        return 0;
    router->waits = 0;
    return journal_sync(router->journal, error);
}

int router_sync(struct router *router, struct sl_error *error)
{
    struct sl_error failure = {0};
    router->more = false;
    if (!router->failed &&
        (sync_if_due(router, &failure) < 0 || outgoing_refill(router, &failure) < 0 ||
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

int router_aside(struct router *router, struct sl_error *error)
{
    struct sl_error failure = {0};
    struct sl_error ignored = {0};
    if (!router->failed && checking_goes_on(router) && checking_step(router, &failure) < 0) {
        (void)snapshot_drop(router, &ignored); /* so that the next start is refused at once */
        (void)router_fail(router, &failure);
    }
    if (router->failed) {
        *error = router->failure;
        return -1;
    }
    snapshot_aside(router);
    return 0;
}

void router_keep(struct router *router)
{
    snapshot_write(router);
}

int router_finish(struct router *router, struct sl_error *error)
{
    struct sl_error failure = {0};
    router->waits = 0;
    if (!router->failed &&
        (heads_time(router, true, &failure) < 0 || journal_sync(router->journal, &failure) < 0))
        (void)router_fail(router, &failure);
    return router_sync(router, error);
}

void router_figures(const struct router *router, struct router_figures *out)
{
    *out = router->figures;
    out->agreement_waits = agreed_wake(router);
    out->events = journal_events(router->journal);
    out->connections = router->connections.count;
    if (router->directory != NULL) /* who only reads the journal has none */
        out->cards_refused = router->directory->refused;
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
    return router->waits != 0 ? sl_bytes(NULL, 0) : sl_buffer_bytes(&router->lines);
}

struct sl_bytes router_notes(const struct router *router)
{
    return sl_buffer_bytes(&router->notes);
}

void router_sent(struct router *router)
{
    router->send_count = 0;
    if (router->waits == 0)
        router_told(router);
    sl_buffer_clear(&router->frames);
    sl_buffer_clear(&router->notes);
}
