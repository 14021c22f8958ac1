/*
 * A world in one process: the router's machine, both adapters' machines, their disks in memory, and
 * the network between them. Frames are late, are lost with their connection, or come after it is
 * over; machines crash, freeze, and get wrong clocks; disks are full or fail. All of it by a seed.
 */
#ifndef TESTS_SIMULATION_H
#define TESTS_SIMULATION_H

#include "tests/unit/router_house.h"
#include "tests/unit/router_simple.h"

#include "adapters/adapter.h"

enum {
    EVENTS = 400,
    LINKS = 8,
    WIRE = 24, /* frames on their way in one direction */
    ROUND_MS = 20,
};

/* One direction of a connection: frames in their order. */
struct wire {
    struct sl_buffer frames[WIRE];
    size_t count;
};

/* A connection as the network knows it; what is on it may outlive its adapter's end of it. */
struct link {
    bool used;
    bool open; /* the adapter has its end */
    int who;
    uint64_t peer; /* the router's number for it; 0: none, it gets a new one with its next frame */
    struct wire up, down;
};

/* An adapter and its disk, and what its back office has taken. */
struct side {
    int who;
    struct sl_storage *outbox, *inbox;
    struct samenloop *house;
    struct adapter_moment moment;
    struct link *link;         /* NULL: none */
    int64_t frozen_until;      /* elapsed */
    uint64_t position[EVENTS]; /* of each event in the inbox; 0: not taken */
    unsigned taken[EVENTS];    /* in this order */
    size_t taken_count;
};

struct day {
    uint64_t seed, random;
    struct house router;
    struct side sides[PARTIES];
    struct link links[LINKS];
    bool calm; /* nothing goes wrong any more */
    unsigned handed_in;
    struct {
        bool accepted;
        int by;
        unsigned lane, subject;
    } events[EVENTS];
    unsigned crashes, cuts, full, heads;
};

static uint8_t pseudonym_key[SL_KEY_SIZE], content_key[SL_KEY_SIZE];
static EVP_PKEY *router_key; /* signs the journal's heads */

static inline uint64_t dice(struct day *day, uint64_t sides)
{
    day->random ^= day->random << 13;
    day->random ^= day->random >> 7;
    day->random ^= day->random << 17;
    return day->random % sides;
}

/* What a crash leaves: often only the process is killed, and the machine goes on. */
static inline uint64_t crash_seed(struct day *day)
{
    return dice(day, 3) == 0 ? UINT64_MAX : dice(day, UINT64_MAX);
}

#define FAIL(day, ...)                                                                             \
    do {                                                                                           \
        print_message("seed %llu: ", (unsigned long long)(day)->seed);                             \
        fail_msg(__VA_ARGS__);                                                                     \
    } while (0)

/* ---------------------------------------------------------------- the network */

static inline void wire_cut(struct wire *wire, size_t keep)
{
    while (wire->count > keep)
        sl_buffer_clear(&wire->frames[--wire->count]);
}

static inline void wire_push(struct wire *wire, struct sl_bytes frame)
{
    sl_buffer_clear(&wire->frames[wire->count]);
    sl_buffer_add_bytes(&wire->frames[wire->count++], frame);
}

/* Takes the first frame off; it is good until the next push. */
static inline struct sl_bytes wire_pop(struct wire *wire)
{
    struct sl_buffer first = wire->frames[0];
    wire->count--;
    memmove(wire->frames, wire->frames + 1, wire->count * sizeof first);
    wire->frames[wire->count] = first;
    return sl_buffer_bytes(&wire->frames[wire->count]);
}

static inline void link_free(struct link *link)
{
    for (size_t i = 0; i < WIRE; i++) {
        sl_buffer_free(&link->up.frames[i]);
        sl_buffer_free(&link->down.frames[i]);
    }
    *link = (struct link){0};
}

/* The adapter has no connection any more; part of what it sent may still arrive. */
static inline void cut(struct day *day, struct side *side)
{
    if (side->link == NULL)
        return;
    side->link->open = false;
    wire_cut(&side->link->up, (size_t)dice(day, side->link->up.count + 1));
    side->link = NULL;
    day->cuts++;
    if (side->house != NULL)
        adapter_disconnected(side->house);
}

static inline void join(struct day *day, struct side *side)
{
    for (size_t i = 0; i < LINKS && side->link == NULL; i++) {
        if (!day->links[i].used)
            side->link = &day->links[i];
    }
    if (side->link == NULL)
        return;
    side->link->used = side->link->open = true;
    side->link->who = side->who;
    adapter_connected(side->house);
}

/* ---------------------------------------------------------------- machines and their disks */

static inline void open_side(struct side *side)
{
    struct sl_error error = {0};
    struct adapter_setup setup = {.participant = party_names[side->who],
                                  .directory = &parties.directory,
                                  .signing_key = parties.signing[side->who],
                                  .router_signing_key = router_key,
                                  .sealing_keys = {parties.sealing[side->who]},
                                  .sealing_key_count = 1,
                                  .pseudonym_key = pseudonym_key,
                                  .content_key = content_key,
                                  .outbox = side->outbox,
                                  .inbox = side->inbox,
                                  .segment_bytes = 64 * 1024};
    if (adapter_open(&side->house, &setup, side->moment, &error) < 0)
        fail_msg("%s", error.text);
}

static inline void replace(struct sl_storage **storage, uint64_t seed)
{
    struct sl_storage *left = sl_storage_memory_crash(*storage, seed);
    sl_storage_free(*storage);
    *storage = left;
}

static inline void crash_side(struct day *day, struct side *side)
{
    uint64_t seed = crash_seed(day);
    adapter_close(side->house);
    side->house = NULL;
    cut(day, side);
    replace(&side->outbox, seed);
    replace(&side->inbox, seed);
    open_side(side);
    day->crashes++;
}

static inline void crash_router(struct day *day)
{
    crash(&day->router, crash_seed(day));
    for (int who = 0; who < PARTIES; who++)
        cut(day, &day->sides[who]);
    for (size_t i = 0; i < LINKS; i++)
        link_free(&day->links[i]);
    day->crashes++;
}

/* -1: its disk failed, it crashed, and nothing of this round was told. */
static inline int sync_side(struct day *day, struct side *side)
{
    struct sl_error error = {0};
    if (adapter_sync(side->house, &error) == 0)
        return 0;
    crash_side(day, side);
    return -1;
}

static inline struct sl_storage *some_disk(struct day *day)
{
    struct side *side = &day->sides[dice(day, PARTIES)];
    switch (dice(day, 3)) {
    case 0:
        return day->router.storage;
    case 1:
        return side->outbox;
    default:
        return side->inbox;
    }
}

static inline void heal(struct day *day)
{
    sl_storage_memory_faults(day->router.storage, (struct sl_storage_faults){0});
    for (int who = 0; who < PARTIES; who++) {
        sl_storage_memory_faults(day->sides[who].outbox, (struct sl_storage_faults){0});
        sl_storage_memory_faults(day->sides[who].inbox, (struct sl_storage_faults){0});
    }
}

/* ---------------------------------------------------------------- a round of all three */

static inline void up(struct day *day, struct link *link)
{
    size_t count = day->calm ? link->up.count : (size_t)dice(day, link->up.count + 1);
    for (; count > 0; count--) {
        if (link->peer == 0)
            link->peer = ++day->router.connections;
        router_frame(day->router.router, link->peer, link->who, wire_pop(&link->up));
    }
    if (link->open || link->up.count > 0)
        return;
    if (link->peer != 0)
        router_gone(day->router.router, link->peer);
    link_free(link);
}

/* What the router has to say goes onto the wires; who does not read loses the connection. */
static inline void send_all(struct day *day)
{
    size_t count = 0;
    const struct router_send *sends = router_sends(day->router.router, &count);
    for (size_t i = 0; i < count; i++) {
        for (struct link *link = day->links; link < day->links + LINKS; link++) {
            if (!link->used || link->peer != sends[i].connection)
                continue;
            bool room = link->down.count < WIRE;
            if (room && sends[i].frame.size > 0)
                wire_push(&link->down, sends[i].frame);
            if (!room)
                router_gone(day->router.router, link->peer);
            if (!room || sends[i].last)
                link->peer = 0;
            break;
        }
    }
    router_sent(day->router.router);
}

static inline void down(struct day *day, struct side *side)
{
    struct link *link = side->link;
    size_t count = link == NULL ? 0 : link->down.count;
    if (!day->calm)
        count = (size_t)dice(day, count + 1);
    for (; count > 0; count--)
        adapter_received(side->house, wire_pop(&link->down));
}

static inline void turn_side(struct day *day, struct side *side)
{
    struct sl_buffer frame = {0};
    adapter_time(side->house, side->moment);
    if (adapter_wants(side->house) == ADAPTER_WANTS_CONNECTION && side->link == NULL &&
        (day->calm || dice(day, 4) == 0))
        join(day, side);
    down(day, side);
    if (sync_side(day, side) == 0) {
        while (side->link != NULL && side->link->up.count < WIRE &&
               adapter_frame(side->house, &frame))
            wire_push(&side->link->up, sl_buffer_bytes(&frame));
        if (adapter_wants(side->house) == ADAPTER_WANTS_END)
            cut(day, side);
    }
    sl_buffer_free(&frame);
}

static inline void turn_router(struct day *day)
{
    struct sl_error error = {0};
    router_time(day->router.router, day->router.moment);
    for (size_t i = 0; i < LINKS; i++) {
        if (day->links[i].used)
            up(day, &day->links[i]);
    }
    if (router_sync(day->router.router, &error) < 0) {
        crash_router(day);
        return;
    }
    send_all(day);
    if (router_aside(day->router.router, &error) < 0)
        crash_router(day);
    else if (dice(day, 50) == 0)
        router_keep(day->router.router);
}

static inline void rounds(struct day *day, uint64_t count, int64_t ms)
{
    for (uint64_t round = 0; round < count; round++) {
        day->router.moment.now += ms;
        day->router.moment.elapsed += ms;
        for (int who = 0; who < PARTIES; who++) {
            struct side *side = &day->sides[who];
            side->moment.now += ms;
            side->moment.elapsed += ms;
            if (side->moment.elapsed >= side->frozen_until)
                turn_side(day, side);
        }
        turn_router(day);
    }
}

#endif
