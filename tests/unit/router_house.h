/* A router on a disk in memory, and what a test says to it and hears. */
#ifndef TESTS_ROUTER_HOUSE_H
#define TESTS_ROUTER_HOUSE_H

#include "tests/unit/router_parties.h"

#include "router/router.h"
#include "schemas/log/storage.h"

static const int64_t start = 1612170000000; /* 2021-02-01T09:00:00Z */

/* A router, its disk, its time, and what it said last. */
struct house {
    struct sl_storage *storage;
    struct sl_bytes agreement; /* its text */
    struct router *router;
    struct router_moment moment;
    struct sl_arena arena; /* what the test reads and writes */
    struct sl_buffer frame;
    uint64_t connections;
    EVP_PKEY *signing;    /* of the journal's heads, for the next start; NULL: none */
    uint64_t heads_every; /* so many records */
};

static const uint32_t all_roles[] = {0x1e, 0x1e};

static inline void open_router(struct house *house)
{
    struct sl_error error = {0};
    struct router_setup setup = {.directory = &parties.directory,
                                 .roles = all_roles,
                                 .agreement = house->agreement,
                                 .agreement_name = "test",
                                 .journal = house->storage,
                                 .segment_bytes = 512 * 1024,
                                 .signing_key = house->signing,
                                 .checkpoint_records = house->heads_every};
    if (router_open(&house->router, &setup, house->moment, &error) < 0)
        fail_msg("%s", error.text);
}

static inline void open_house(struct house *house)
{
    *house = (struct house){.storage = sl_storage_memory(),
                            .agreement = sl_text("the agreement"),
                            .moment = {start, 0}};
    sl_arena_init(&house->arena, 0);
    open_router(house);
}

static inline void close_house(struct house *house)
{
    router_close(house->router);
    sl_storage_free(house->storage);
    sl_arena_free(&house->arena);
    sl_buffer_free(&house->frame);
}

/* The process is killed, the machine loses what was not synced, and it starts again. */
static inline void crash(struct house *house, uint64_t seed)
{
    struct sl_storage *left = sl_storage_memory_crash(house->storage, seed);
    router_close(house->router);
    sl_storage_free(house->storage);
    house->storage = left;
    open_router(house);
}

static inline void pass(struct house *house, int64_t ms)
{
    house->moment.now += ms;
    house->moment.elapsed += ms;
    router_time(house->router, house->moment);
}

static inline void sync_house(struct house *house)
{
    struct sl_error error = {0};
    if (router_sync(house->router, &error) < 0)
        fail_msg("%s", error.text);
}

/* A moment later: what nobody waits for is synced too. */
static inline void rest(struct house *house)
{
    house->moment.elapsed += 5;
    router_time(house->router, house->moment);
    sync_house(house);
}

static inline void say(struct house *house, uint64_t connection, int who)
{
    router_frame(house->router, connection, who, sl_buffer_bytes(&house->frame));
    sl_buffer_clear(&house->frame);
}

/* The n-th frame that is to be sent, decoded; its connection must be this one. */
static inline const Samenloop__V1__Frame *heard(struct house *house, size_t n, uint64_t connection)
{
    struct sl_error error = {0};
    size_t count = 0;
    const struct router_send *sends = router_sends(house->router, &count);
    if (n >= count)
        fail_msg("%zu frames were sent, number %zu was wanted", count, n);
    assert_int_equal(sends[n].connection, connection);
    const Samenloop__V1__Frame *frame = sl_wire_unpack(&house->arena, SL_WIRE_ROUTER,
                                                       sends[n].frame, &error);
    if (frame == NULL) {
        fail_msg("%s", error.text);
        abort(); /* never: fail_msg does not come back */
    }
    assert_int_equal(sends[n].last, frame->body_case == SAMENLOOP__V1__FRAME__BODY_BYE);
    return frame;
}

static inline size_t sends_of(struct house *house)
{
    size_t count = 0;
    (void)router_sends(house->router, &count);
    return count;
}

static uint8_t outbox_identity[PARTIES][SL_IDENTITY_SIZE] = {"outbox of img...",
                                                             "outbox of ncg..."};

static inline void write_hello(struct house *house, int who, uint32_t credit)
{
    Samenloop__V1__Hello hello = SAMENLOOP__V1__HELLO__INIT;
    hello.version = SL_WIRE_VERSION;
    hello.outbox = (ProtobufCBinaryData){SL_IDENTITY_SIZE, outbox_identity[who]};
    hello.inbox = hello.outbox;
    hello.credit = credit;
    sl_wire_hello(&house->frame, &hello);
}

/* Connects and is welcomed; what else was to be sent is thrown away. */
static inline uint64_t connect_to(struct house *house, int who, uint32_t credit)
{
    uint64_t connection = ++house->connections;
    router_sent(house->router);
    write_hello(house, who, credit);
    say(house, connection, who);
    sync_house(house);
    assert_int_equal(heard(house, 0, connection)->body_case, SAMENLOOP__V1__FRAME__BODY_WELCOME);
    return connection;
}

/* A new house, to which one participant is connected, and what went out has gone. */
static inline uint64_t open_with(struct house *house, int who)
{
    open_house(house);
    uint64_t connection = connect_to(house, who, 10);
    router_sent(house->router);
    return connection;
}

#endif
