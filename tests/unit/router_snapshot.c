/*
 * A start from a snapshot: what it finds is what the whole journal gives, whatever the disk did to
 * it; and damage in the records that it spared the start is found beside the running router.
 */
#include <poll.h>
#include <unistd.h>

#include "router/erasure.h"
#include "schemas/log/crc32c.h"
#include "schemas/log/segment.h"
#include "tests/unit/router_house.h"
#include "tests/unit/router_simple.h"

enum {
    BATCHES = 12,
    BATCH = 100,     /* more than a segment of the journal */
    HEAD = 104,      /* bytes of a snapshot's head */
    HEAD_BUILD = 8,  /* where the program's build id stands */
    HEAD_AT = 80,    /* the position */
    HEAD_CRC = 100,  /* the head's own CRC-32C */
    ROUNDS_MAX = 100 /* of a check of all that */
};

/* ---------------------------------------------------------------- a router with a past */

static void publish(struct house *house, uint64_t connection, uint64_t position)
{
    struct party_event events[BATCH];
    Samenloop__V1__Publish publish = SAMENLOOP__V1__PUBLISH__INIT;
    for (uint64_t i = 0; i < BATCH; i++)
        party_event(&events[i], IMG, "damage_case_opened", position * BATCH + i, 1 + i % 7, start);
    publish.lane = SAMENLOOP__V1__LANE__LANE_ORDINARY;
    publish.position = position;
    publish.bundle = party_seal(&parties, &house->arena, IMG, events, BATCH);
    sl_wire_publish(&house->frame, &publish);
    say(house, connection, IMG);
}

static void live(struct house *house, uint64_t img, uint64_t position, size_t batches)
{
    for (size_t i = 0; i < batches; i++) {
        publish(house, img, position + i);
        sync_house(house);
        router_sent(house->router);
        sl_arena_clear(&house->arena);
    }
}

static void stop(struct house *house)
{
    struct sl_error error = {0};
    assert_int_equal(router_finish(house->router, &error), 0);
    router_sent(house->router);
    router_keep(house->router);
    router_close(house->router);
    house->router = NULL;
}

/* One that has stopped, with a snapshot. */
static void open_stopped(struct house *house)
{
    open_house(house);
    live(house, connect_to(house, IMG, BATCH), 1, BATCHES);
    stop(house);
}

static void close_stopped(struct house *house)
{
    house->router = NULL;
    close_house(house);
}

/* The same disk, as it is now, for another router. */
static struct house copy_of(const struct house *house)
{
    struct house copy = *house;
    copy.storage = sl_storage_memory_crash(house->storage, UINT64_MAX);
    copy.router = NULL;
    return copy;
}

static void throw_away(struct house *copy)
{
    router_close(copy->router);
    sl_storage_free(copy->storage);
}

static int try_open(struct house *house, bool whole, struct sl_error *error)
{
    struct router_setup setup = {.directory = &parties.directory,
                                 .roles = all_roles,
                                 .agreement = house->agreement,
                                 .agreement_name = "test",
                                 .journal = house->storage,
                                 .segment_bytes = 512 * 1024,
                                 .whole = whole};
    return router_open(&house->router, &setup, house->moment, error);
}

/* The same in a folder, with children that write. */
static void open_in_folder(struct house *house, const char *folder)
{
    struct sl_error error = {0};
    struct router_setup setup = {.directory = &parties.directory,
                                 .roles = all_roles,
                                 .agreement = house->agreement,
                                 .agreement_name = "test",
                                 .segment_bytes = 512 * 1024,
                                 .snapshot_records = 2 * BATCH,
                                 .beside = true};
    if (house->storage == NULL)
        assert_int_equal(sl_storage_files(&house->storage, folder, true, &error), 0);
    setup.journal = house->storage;
    assert_int_equal(router_open(&house->router, &setup, house->moment, &error), 0);
}

static uint64_t began_from(const struct house *house)
{
    struct router_figures figures;
    router_figures(house->router, &figures);
    return figures.snapshot;
}

/* It has what the whole journal gives. */
static void assert_right(const struct house *house)
{
    struct sl_error error = {0};
    struct house other = copy_of(house);
    struct router_figures one, two;
    assert_int_equal(try_open(&other, true, &error), 0);
    router_figures(house->router, &one);
    router_figures(other.router, &two);
    assert_true(one.events == two.events && one.dead_letters == two.dead_letters);
    assert_memory_equal(one.waiting, two.waiting, sizeof one.waiting);
    assert_memory_equal(house->router->decider, other.router->decider, sizeof(struct decider));
    assert_memory_equal(house->router->heads.root, other.router->heads.root, SL_HASH_SIZE);
    assert_true(house->router->at == other.router->at);
    assert_int_equal(house->router->cards.count, other.router->cards.count);
    assert_true(journal_news(house->router->journal) == journal_news(other.router->journal));
    throw_away(&other);
}

/* ---------------------------------------------------------------- its file */

static bool find_snapshot(struct sl_storage *storage, sl_storage_name out)
{
    struct sl_error error = {0};
    sl_storage_name *names = NULL;
    size_t count = 0;
    out[0] = '\0';
    assert_int_equal(storage->calls->list(storage, &names, &count, &error), 0);
    for (size_t i = 0; i < count; i++) {
        if (strstr(names[i], "snapshot") != NULL)
            memcpy(out, names[i], sizeof names[i]);
    }
    free(names);
    return out[0] != '\0';
}

static struct sl_buffer read_all(struct sl_storage *storage, const char *name)
{
    struct sl_error error = {0};
    struct sl_buffer all = {0};
    int file = -1;
    assert_int_equal(storage->calls->open(storage, name, &file, &error), 0);
    for (size_t got = 1; got > 0; all.size -= 4096 - got) {
        uint8_t *out = sl_buffer_extend(&all, 4096);
        assert_int_equal(
            storage->calls->read(storage, file, all.size - 4096, out, 4096, &got, &error), 0);
    }
    storage->calls->close(storage, file);
    return all;
}

static void write_all(struct sl_storage *storage, const char *name, struct sl_bytes bytes)
{
    struct sl_error error = {0};
    int file = -1;
    (void)storage->calls->remove(storage, name, &error);
    assert_int_equal(storage->calls->create(storage, name, &file, &error), 0);
    assert_int_equal(storage->calls->write(storage, file, 0, bytes.data, bytes.size, &error), 0);
    storage->calls->close(storage, file);
}

static bool was_told(const struct house *house, const char *what)
{
    struct sl_bytes notes = router_notes(house->router);
    return notes.size > 0 && memmem(notes.data, notes.size, what, strlen(what)) != NULL;
}

/* With these bytes for a snapshot it starts, says why it does not take them, and has it all. */
static void assert_refused(const struct house *house, const char *name, struct sl_bytes bytes,
                           const char *why)
{
    struct sl_error error = {0};
    struct house copy = copy_of(house);
    write_all(copy.storage, name, bytes);
    assert_int_equal(try_open(&copy, false, &error), 0);
    assert_int_equal(began_from(&copy), 0);
    assert_true(was_told(&copy, why));
    assert_true(was_told(&copy, "all of the journal is read"));
    assert_right(&copy);
    throw_away(&copy);
}

static void a_good_snapshot_is_taken(void **state)
{
    (void)state;
    struct house house;
    open_stopped(&house);
    open_router(&house);
    assert_true(began_from(&house) > BATCHES * BATCH);
    assert_true(was_told(&house, "started from a snapshot"));
    assert_right(&house);
    close_house(&house);
}

static void one_that_was_changed_or_torn_is_refused(void **state)
{
    (void)state;
    struct house house;
    sl_storage_name name;
    open_stopped(&house);
    assert_true(find_snapshot(house.storage, name));
    struct sl_buffer all = read_all(house.storage, name);
    for (size_t at = 0; at < all.size; at += at < HEAD ? 3 : 4999) {
        if (at >= 76 && at < HEAD_AT)
            continue; /* between two fields; the CRC has it all the same */
        all.data[at] ^= 0x10;
        assert_refused(&house, name, sl_buffer_bytes(&all), "is damaged");
        all.data[at] ^= 0x10;
    }
    for (size_t size = 0; size < all.size; size += size < HEAD ? 20 : 9973)
        assert_refused(&house, name, sl_bytes(all.data, size), "is damaged");
    sl_buffer_free(&all);
    close_stopped(&house);
}

static void sign_head(uint8_t *bytes)
{
    sl_put32(bytes + HEAD_CRC, sl_crc32c(0, bytes, HEAD_CRC));
}

static void one_of_another_program_or_journal_is_refused(void **state)
{
    (void)state;
    struct house house, other;
    sl_storage_name name;
    open_stopped(&house);
    open_stopped(&other);
    assert_true(find_snapshot(house.storage, name));
    struct sl_buffer all = read_all(house.storage, name);
    all.data[HEAD_BUILD]++;
    sign_head(all.data);
    assert_refused(&house, name, sl_buffer_bytes(&all), "is another program's");
    all.data[HEAD_BUILD]--;
    sl_put64(all.data + HEAD_AT, sl_get64(all.data + HEAD_AT) - 1);
    sign_head(all.data);
    assert_refused(&house, name, sl_buffer_bytes(&all), "is of another journal");
    sl_put64(all.data + HEAD_AT, sl_get64(all.data + HEAD_AT) + 100);
    sign_head(all.data);
    assert_refused(&house, name, sl_buffer_bytes(&all), "is of another journal");
    sl_buffer_free(&all);
    assert_true(find_snapshot(other.storage, name));
    all = read_all(other.storage, name);
    assert_refused(&house, name, sl_buffer_bytes(&all), "is of another journal");
    sl_buffer_free(&all);
    close_stopped(&house);
    close_stopped(&other);
}

/* ---------------------------------------------------------------- the disk fails */

static const struct sl_storage_faults no_faults = {0};

/* Whatever call fails while it is written: the router goes on, and the next start is right. */
static bool write_with_fault(struct house *before, enum sl_fault kind, uint64_t at, bool for_good)
{
    struct house house = copy_of(before);
    open_router(&house);
    uint64_t img = connect_to(&house, IMG, BATCH);
    live(&house, img, BATCHES + 1, 1);
    sl_storage_memory_faults(house.storage, (struct sl_storage_faults){
                                                .kind = kind, .at = at, .from_then_on = for_good});
    router_keep(house.router);
    bool reached = sl_storage_memory_calls(house.storage) >= at;
    sl_storage_memory_faults(house.storage, no_faults);
    live(&house, img, BATCHES + 2, 1);
    crash(&house, at % 3 == 0 ? UINT64_MAX : at);
    assert_true(journal_events(house.router->journal) == (BATCHES + 2) * BATCH);
    assert_right(&house);
    throw_away(&house);
    return reached;
}

static void a_disk_that_fails_while_it_is_written_is_no_harm(void **state)
{
    (void)state;
    static const enum sl_fault kinds[] = {SL_FAULT_IO, SL_FAULT_FULL, SL_FAULT_SHORT};
    struct house house;
    open_stopped(&house);
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        uint64_t at = 1;
        while (write_with_fault(&house, kinds[k], at, at % 2 == 0))
            at++;
        assert_in_range(at, 6, 1000);
    }
    close_stopped(&house);
}

/* Whatever call fails while it starts: it does not, or is right. */
static void a_disk_that_fails_while_it_is_read_is_no_harm(void **state)
{
    (void)state;
    struct house house;
    size_t taken = 0;
    bool reached = true;
    open_stopped(&house);
    for (uint64_t at = 1; reached; at++) {
        struct sl_error error = {0};
        struct house copy = copy_of(&house);
        sl_storage_memory_faults(copy.storage,
                                 (struct sl_storage_faults){.kind = SL_FAULT_IO, .at = at});
        int result = try_open(&copy, false, &error);
        reached = sl_storage_memory_calls(copy.storage) >= at;
        sl_storage_memory_faults(copy.storage, no_faults);
        if (result == 0) {
            taken += began_from(&copy) > 0 ? 1 : 0;
            assert_right(&copy);
        }
        throw_away(&copy);
    }
    assert_in_range(taken, 1, 1000);
    close_stopped(&house);
}

/* ---------------------------------------------------------------- a child writes it */

static void erase(struct house *house, const struct party_event *event)
{
    struct sl_error error = {0};
    struct erasure_wanted wanted = {.who = "somebody", .why = "asked for it"};
    struct erasure_result result = {0};
    memcpy(wanted.subject, event->subject, sizeof wanted.subject);
    assert_int_equal(erasure_begin(house->router, &wanted, &error), 0);
    for (int i = 0; i < ROUNDS_MAX && !erasure_ended(house->router, &result); i++) {
        pass(house, 1);
        sync_house(house);
        router_sent(house->router);
    }
    assert_int_equal(result.error.code, SL_OK);
    assert_in_range(result.events, BATCH / 8, 1000000);
}

static void clear_folder(struct house *house, const char *folder)
{
    struct sl_error error = {0};
    sl_storage_name *names = NULL;
    size_t count = 0;
    char lock[64];
    assert_int_equal(house->storage->calls->list(house->storage, &names, &count, &error), 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(house->storage->calls->remove(house->storage, names[i], &error), 0);
    free(names);
    (void)snprintf(lock, sizeof lock, "%s/lock", folder);
    assert_int_equal(unlink(lock), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* Lives on until a child is there, or until it has done its work. */
static void live_until(struct house *house, uint64_t img, uint64_t *position, bool child)
{
    struct sl_error error = {0};
    for (int i = 0; i < 10 * 1000 && (house->router->writer != 0) != child; i++) {
        if (i % 100 == 0)
            live(house, img, (*position)++, 1);
        else
            (void)poll(NULL, 0, 1);
        assert_int_equal(router_aside(house->router, &error), 0);
    }
    assert_int_equal(house->router->writer != 0, child);
}

static void a_child_writes_one_while_the_router_goes_on(void **state)
{
    (void)state;
    struct house house = {.agreement = sl_text("the agreement"), .moment = {start, 0}};
    struct router_figures figures;
    struct party_event event;
    sl_storage_name name;
    uint64_t position = 1;
    char folder[] = "/tmp/samenloop-snapshot-XXXXXX";
    assert_non_null(mkdtemp(folder));
    sl_arena_init(&house.arena, 0);
    open_in_folder(&house, folder);
    uint64_t img = connect_to(&house, IMG, BATCH);
    live_until(&house, img, &position, true);
    live_until(&house, img, &position, false);
    assert_true(find_snapshot(house.storage, name));
    router_figures(house.router, &figures);
    router_close(house.router);
    open_in_folder(&house, folder);
    assert_true(began_from(&house) > 0);
    assert_true(journal_events(house.router->journal) == figures.events);
    img = connect_to(&house, IMG, BATCH);
    live_until(&house, img, &position, true);
    party_event(&event, IMG, "damage_case_opened", BATCH, 1, start);
    erase(&house, &event);
    assert_int_equal(house.router->writer, 0);
    assert_false(find_snapshot(house.storage, name));
    router_close(house.router);
    house.router = NULL;
    clear_folder(&house, folder);
    close_house(&house);
}

/* ---------------------------------------------------------------- damage before it */

static void flip(struct sl_storage *storage, const char *name, uint64_t at)
{
    struct sl_error error = {0};
    uint8_t byte = 0;
    size_t got = 0;
    int file = -1;
    assert_int_equal(storage->calls->open(storage, name, &file, &error), 0);
    assert_int_equal(storage->calls->read(storage, file, at, &byte, 1, &got, &error), 0);
    byte ^= 0x20;
    assert_int_equal(storage->calls->write(storage, file, at, &byte, 1, &error), 0);
    storage->calls->close(storage, file);
}

/* Turns the router until it has checked all, or failed. */
static int turn(struct house *house, struct sl_error *error)
{
    int rounds = 0;
    int result = 0;
    while (result == 0 && checking_goes_on(house->router) && rounds++ < ROUNDS_MAX) {
        assert_true(router_wake(house->router).elapsed == 0);
        result = router_aside(house->router, error);
    }
    assert_in_range(rounds, result == 0 ? 3 : 1, ROUNDS_MAX);
    return result;
}

/* A bit flips: what a start that reads all says of it, this one says too. */
static bool is_found(const struct house *house, const char *segment, uint64_t at)
{
    struct sl_error late = {0}, early = {0};
    struct house copy = copy_of(house);
    sl_storage_name name;
    flip(copy.storage, segment, at);
    int wanted = try_open(&copy, true, &early);
    router_close(copy.router);
    int result = try_open(&copy, false, &late);
    bool began = result == 0;
    if (began)
        result = turn(&copy, &late);
    assert_int_equal(result, wanted);
    assert_int_equal(late.code, wanted == 0 ? SL_OK : SL_DAMAGED);
    assert_string_equal(late.text, early.text);
    assert_int_equal(wanted == 0 || !began || !find_snapshot(copy.storage, name), 1);
    throw_away(&copy);
    return wanted < 0;
}

static void damage_before_it_is_found_beside_the_running_router(void **state)
{
    (void)state;
    struct house house;
    struct sl_error error = {0};
    sl_storage_name *names = NULL;
    size_t count = 0;
    uint64_t first = 0;
    size_t segments = 0;
    size_t found = 0;
    open_stopped(&house);
    assert_int_equal(house.storage->calls->list(house.storage, &names, &count, &error), 0);
    for (size_t i = 0; i < count; i++) {
        if (!sl_segment_named(names[i], &first))
            continue;
        for (uint64_t at = 100; at < 400000; at += 39989)
            found += is_found(&house, names[i], at) ? 1 : 0;
        segments++;
    }
    assert_in_range(segments, 2, 10);
    assert_in_range(found, 10 * (segments - 1), 10 * segments); /* some are behind the end */
    open_router(&house);
    router_sent(house.router);
    assert_int_equal(turn(&house, &error), 0);
    assert_true(was_told(&house, "are sound"));
    free(names);
    close_house(&house);
}

/* ---------------------------------------------------------------- erasure */

static size_t files_with(struct sl_storage *storage, struct sl_bytes bytes)
{
    struct sl_error error = {0};
    sl_storage_name *names = NULL;
    size_t count = 0;
    size_t found = 0;
    assert_int_equal(storage->calls->list(storage, &names, &count, &error), 0);
    for (size_t i = 0; i < count; i++) {
        struct sl_buffer all = read_all(storage, names[i]);
        found += memmem(all.data, all.size, bytes.data, bytes.size) != NULL ? 1 : 0;
        sl_buffer_free(&all);
    }
    free(names);
    return found;
}

static void an_erasure_leaves_nothing_in_a_snapshot(void **state)
{
    (void)state;
    struct house house;
    struct sl_error error = {0};
    struct party_event event;
    struct sl_bytes content = {0};
    sl_storage_name name;
    open_stopped(&house);
    open_router(&house);
    router_sent(house.router);
    party_event(&event, IMG, "damage_case_opened", BATCH, 1, start);
    uint64_t record = journal_find_event(house.router->journal, 1, &error);
    assert_non_null(journal_read(house.router->journal, &house.arena, record,
                                 SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_EVENT, &content, &error));
    assert_in_range(content.size, 16, 100000);
    content.size = 16;
    assert_int_equal(files_with(house.storage, content), 1); /* the segment alone, never it */
    erase(&house, &event);
    assert_int_equal(files_with(house.storage, content), 0);
    assert_false(find_snapshot(house.storage, name));
    router_keep(house.router); /* one that knows of the erasure */
    assert_true(find_snapshot(house.storage, name));
    assert_int_equal(files_with(house.storage, content), 0);
    crash(&house, 0);
    assert_true(began_from(&house) > 0);
    assert_right(&house);
    close_house(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_snapshot_is_taken),
        cmocka_unit_test(one_that_was_changed_or_torn_is_refused),
        cmocka_unit_test(one_of_another_program_or_journal_is_refused),
        cmocka_unit_test(a_disk_that_fails_while_it_is_written_is_no_harm),
        cmocka_unit_test(a_disk_that_fails_while_it_is_read_is_no_harm),
        cmocka_unit_test(a_child_writes_one_while_the_router_goes_on),
        cmocka_unit_test(damage_before_it_is_found_beside_the_running_router),
        cmocka_unit_test(an_erasure_leaves_nothing_in_a_snapshot),
    };
    return cmocka_run_group_tests(tests, parties_begin, parties_end);
}
