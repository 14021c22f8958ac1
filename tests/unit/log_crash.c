/*
 * A day in a log's life, with a fault at each of its calls, once or from then on, and then a crash,
 * or a new process on the same machine: what was acknowledged is there.
 */
#include "tests/unit/log.h"

enum { RECORDS = 60, SCALE = 9000, ERASED_AT = 40, RELEASED_AT = 50 };

static const uint64_t to_erase[] = {1, 14, 31, 33, 36};
enum { TO_ERASE = sizeof to_erase / sizeof to_erase[0] };

/* What was acknowledged, and the roots at each sync. */
struct history {
    uint64_t synced;
    bool erasing;
    uint64_t erased; /* those asked up to here are */
    bool releasing;
    uint64_t first; /* what is below is released */
    bool root_known[RECORDS + 20];
    sl_hash root[RECORDS + 20];
    bool fatal;
};

static char now[128]; /* which case, for messages */

static void same_random(void *context, void *out, size_t size)
{
    uint64_t *state = context;
    uint8_t *bytes = out;
    for (size_t i = 0; i < size; i++) {
        *state = *state * UINT64_C(6364136223846793005) + 1;
        bytes[i] = (uint8_t)(*state >> 56);
    }
}

static int open_here(struct sl_log **log, struct sl_storage *storage, struct sl_error *error)
{
    static uint64_t randomness = 1;
    struct sl_log_options options = options_of(true);
    options.random = same_random;
    options.random_context = &randomness;
    return sl_log_open(log, storage, "test", &options, error);
}

static void note_synced(struct history *history, struct sl_log *log)
{
    uint64_t synced = sl_log_synced(log);
    sl_hash root;
    sl_log_root(log, root);
    if (history->root_known[synced])
        assert_memory_equal(root, history->root[synced], sizeof root);
    memcpy(history->root[synced], root, sizeof root);
    history->root_known[synced] = true;
    history->synced = synced;
}

/* What a failure leaves to do: nothing when it is fatal; all else may be tried again. */
static bool may_go_on(struct history *history, const struct sl_log *log, int result,
                      const struct sl_error *error)
{
    if (result >= 0)
        return true;
    history->fatal = error->code == SL_FATAL;
    assert_true(history->fatal || error->code == SL_IO || error->code == SL_FULL);
    assert_true(sl_log_synced(log) >= history->synced);
    return !history->fatal;
}

/* One more record; on some numbers a sync, a step, an erasure, a release. */
static bool one_more(struct history *history, struct sl_log *log, uint64_t number)
{
    struct sl_error error = {0};
    int result = append_record(log, number, SCALE, &error);
    assert_int_equal(sl_log_last(log), result < 0 ? number - 1 : number);
    if (!may_go_on(history, log, result, &error))
        return false;
    if (number % 3 == 0 && may_go_on(history, log, sl_log_sync(log, &error), &error) &&
        !history->fatal)
        note_synced(history, log);
    if (history->fatal || !may_go_on(history, log, sl_log_step(log, &error), &error))
        return false;
    if (number == ERASED_AT && history->erased == 0) {
        history->erasing = true;
        result = sl_log_erase(log, to_erase, TO_ERASE, &error);
        history->erased = result == 0 ? sl_log_synced(log) : 0;
        if (!may_go_on(history, log, result, &error))
            return false;
    }
    if (number == RELEASED_AT) {
        history->releasing = true;
        result = sl_log_release(log, 45, &error);
        if (result == 0)
            history->first = sl_log_first(log);
        if (!may_go_on(history, log, result, &error))
            return false;
    }
    return true;
}

/* The day; ends early where the process would, or where nothing works any more. */
static void live(struct history *history, struct sl_storage *storage)
{
    struct sl_error error = {0};
    struct sl_log *log = NULL;
    memset(history, 0, sizeof *history);
    for (int attempt = 0; log == NULL; attempt++) {
        if (open_here(&log, storage, &error) < 0 && attempt == 1)
            return;
    }
    int failures = 0;
    while (sl_log_last(log) < RECORDS && failures < 3) {
        uint64_t before = sl_log_last(log);
        if (!one_more(history, log, before + 1))
            break;
        failures = sl_log_last(log) == before ? failures + 1 : 0;
    }
    if (!history->fatal && sl_log_sync(log, &error) == 0)
        note_synced(history, log);
    sl_log_close(log);
}

static bool in_list(uint64_t number)
{
    for (size_t i = 0; i < TO_ERASE; i++) {
        if (to_erase[i] == number)
            return true;
    }
    return false;
}

static void check_erasures(const struct history *history, struct sl_log *log)
{
    struct sl_error error = {0};
    struct sl_record record;
    for (uint64_t n = sl_log_first(log); n <= sl_log_last(log); n++) {
        assert_int_equal(sl_log_read(log, n, &record, &error), 1);
        if (in_list(n) && n <= history->erased)
            assert_true(record.erased);
        if (!in_list(n) || !history->erasing)
            assert_false(record.erased);
    }
}

static void check_roots(const struct history *history, struct sl_log *log)
{
    struct sl_crypto *crypto = sl_crypto_new();
    struct sl_error error = {0};
    sl_hash root;
    for (uint64_t n = sl_log_first(log) - 1; n <= history->synced; n++) {
        struct sl_frontier frontier;
        assert_int_equal(sl_log_frontier(log, n, &frontier, &error), 1);
        sl_frontier_root(crypto, &frontier, root);
        if (history->root_known[n])
            assert_memory_equal(root, history->root[n], sizeof root);
    }
    sl_crypto_free(crypto);
}

/* Opens what is left, without faults, checks it against the history, and takes it as told. */
static struct sl_log *assert_survives(struct history *history, struct sl_storage *storage)
{
    struct sl_error error = {0};
    struct sl_log *log = NULL;
    if (open_here(&log, storage, &error) < 0)
        fail_msg("%s: open: %s", now, error.text);
    if (sl_log_synced(log) < history->synced)
        fail_msg("%s: %" PRIu64 " were acknowledged, %" PRIu64 " are there", now, history->synced,
                 sl_log_synced(log));
    assert_whole(log, sl_log_last(log), SCALE);
    assert_true(history->releasing || sl_log_first(log) == 1);
    assert_true(sl_log_first(log) >= history->first && sl_log_first(log) <= 45);
    check_erasures(history, log);
    check_roots(history, log);
    note_synced(history, log);
    return log;
}

/* Survives, works on, and survives the worst crash after that. */
static void assert_lives_on(struct history history, struct sl_storage *storage)
{
    struct sl_error error = {0};
    struct sl_log *log = assert_survives(&history, storage);
    history.erasing = true;
    assert_int_equal(sl_log_erase(log, to_erase, TO_ERASE, &error), 0);
    history.erased = sl_log_synced(log);
    struct sl_storage *later = sl_storage_memory_crash(storage, 0);
    sl_log_close(assert_survives(&history, later));
    sl_storage_free(later);
    grow(log, sl_log_last(log) + 5, SCALE);
    note_synced(&history, log);
    later = sl_storage_memory_crash(storage, 0);
    sl_log_close(log);
    sl_log_close(assert_survives(&history, later));
    sl_storage_free(later);
}

static void one_fault(struct sl_storage_faults faults, const uint64_t *seeds, size_t seed_count)
{
    struct history history;
    struct sl_storage *memory = sl_storage_memory();
    sl_storage_memory_faults(memory, faults);
    live(&history, memory);
    sl_storage_memory_faults(memory, (struct sl_storage_faults){0});
    for (size_t i = 0; i < seed_count; i++) {
        struct sl_storage *left = sl_storage_memory_crash(memory, seeds[i]);
        (void)snprintf(now, sizeof now, "fault at %" PRIu64 ", seed %" PRIu64, faults.at, seeds[i]);
        assert_lives_on(history, left);
        sl_storage_free(left);
    }
    /* No crash: a new process finds the same files, and what was written is still in memory. */
    (void)snprintf(now, sizeof now, "fault at %" PRIu64 ", no crash", faults.at);
    assert_lives_on(history, memory);
    sl_storage_free(memory);
}

static void faults_of(enum sl_fault kind, bool from_then_on)
{
    struct history history;
    struct sl_storage *memory = sl_storage_memory();
    live(&history, memory);
    assert_int_equal(history.synced, RECORDS);
    assert_true(history.erased > 0 && history.first > 20);
    uint64_t calls = sl_storage_memory_calls(memory);
    sl_storage_free(memory);
    assert_in_range(calls, 100, 1000);
    for (uint64_t at = 1; at <= calls; at++) {
        uint64_t seeds[] = {0, UINT64_MAX, at, at * 31};
        struct sl_storage_faults faults = {.kind = kind, .at = at, .from_then_on = from_then_on};
        one_fault(faults, seeds, 4);
    }
}

static void test_one_error(void **state)
{
    (void)state;
    faults_of(SL_FAULT_IO, false);
}

static void test_errors_from_then_on(void **state)
{
    (void)state;
    faults_of(SL_FAULT_IO, true);
}

static void test_one_short_write(void **state)
{
    (void)state;
    faults_of(SL_FAULT_SHORT, false);
}

static void test_full_once(void **state)
{
    (void)state;
    faults_of(SL_FAULT_FULL, false);
}

static void test_full_from_then_on(void **state)
{
    (void)state;
    faults_of(SL_FAULT_FULL, true);
}

/* A crash in the middle of opening after a crash, again and again. */
static void test_crashes_while_recovering(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct history history;
        struct sl_error error = {0};
        struct sl_log *log = NULL;
        struct sl_storage *memory = sl_storage_memory();
        struct sl_storage_faults faults = {.kind = SL_FAULT_IO, .at = 40 + seed * 2};
        faults.from_then_on = true;
        sl_storage_memory_faults(memory, faults);
        live(&history, memory);
        for (uint64_t at = 1; at <= 12; at++) {
            struct sl_storage *left = sl_storage_memory_crash(memory, seed * 100 + at);
            sl_storage_free(memory);
            memory = left;
            sl_storage_memory_faults(memory,
                                     (struct sl_storage_faults){.at = at, .from_then_on = true});
            if (open_here(&log, memory, &error) == 0)
                sl_log_close(log);
        }
        sl_storage_memory_faults(memory, (struct sl_storage_faults){0});
        assert_lives_on(history, memory);
        sl_storage_free(memory);
    }
}

/* After a fatal failure nothing is changed any more, and what was acknowledged can be read. */
static void test_fatal_stays_fatal(void **state)
{
    (void)state;
    struct sl_error error = {0};
    struct sl_log *log = NULL;
    struct sl_storage *memory = sl_storage_memory();
    static const uint64_t numbers[] = {1};
    assert_int_equal(open_here(&log, memory, &error), 0);
    grow(log, 3, SCALE);
    assert_int_equal(append_record(log, 4, SCALE, &error), 0);
    sl_storage_memory_faults(memory, (struct sl_storage_faults){.at = 2}); /* the sync */
    assert_int_equal(sl_log_sync(log, &error), -1);
    assert_int_equal(error.code, SL_FATAL);
    assert_int_equal(sl_log_sync(log, &error), -1);
    assert_int_equal(error.code, SL_FATAL);
    assert_int_equal(append_record(log, 4, SCALE, &error), -1);
    assert_int_equal(error.code, SL_FATAL);
    assert_int_equal(sl_log_step(log, &error), -1);
    assert_int_equal(sl_log_erase(log, numbers, 1, &error), -1);
    assert_int_equal(sl_log_release(log, 2, &error), -1);
    assert_int_equal(error.code, SL_FATAL);
    assert_int_equal(check_all(log, SCALE, &error), 3);
    assert_int_equal(sl_log_synced(log), 3);
    sl_log_close(log);
    sl_storage_free(memory);
}

/* A full disk: what is there stays usable, and the log goes on by itself when there is room. */
static void test_full_disk(void **state)
{
    (void)state;
    struct sl_error error = {0};
    struct sl_log *log = NULL;
    struct sl_storage *memory = sl_storage_memory();
    assert_int_equal(open_here(&log, memory, &error), 0);
    struct sl_storage_faults faults = {.capacity = SEGMENT + SEGMENT / 2};
    sl_storage_memory_faults(memory, faults);
    uint64_t number = 1;
    while (append_record(log, number, SCALE, &error) == 0) {
        assert_int_equal(sl_log_sync(log, &error), 0);
        number++;
    }
    assert_in_range(number, 10, RECORDS);
    for (int again = 0; again < 3; again++) {
        assert_int_equal(append_record(log, number, SCALE, &error), -1);
        assert_int_equal(error.code, SL_FULL);
        assert_int_equal(sl_log_step(log, &error), -1);
        assert_int_equal(error.code, SL_FULL);
        assert_int_equal(sl_log_sync(log, &error), 0);
        assert_whole(log, number - 1, SCALE);
    }
    faults.capacity *= 4;
    sl_storage_memory_faults(memory, faults);
    grow(log, number + 20, SCALE);
    assert_whole(log, number + 20, SCALE);
    sl_log_close(log);
    sl_storage_free(memory);
}

/* A sync that finds no room may have lost any of the zeros: none of them counts any more. */
static void test_a_spare_is_written_again(void **state)
{
    (void)state;
    struct sl_error error = {0};
    struct sl_log *log = NULL;
    struct sl_storage *memory = sl_storage_memory();
    assert_int_equal(open_here(&log, memory, &error), 0);
    int steps = 1;
    while (sl_log_step(log, &error) == 1)
        steps++;
    assert_int_equal(steps, SEGMENT / (16 * 1024) + 1); /* and its name */
    sl_log_close(log);
    assert_int_equal(open_here(&log, memory, &error), 0);
    for (int i = 1; i < steps; i++)
        assert_int_equal(sl_log_step(log, &error), 1);
    sl_storage_memory_faults(memory, (struct sl_storage_faults){.kind = SL_FAULT_FULL, .at = 2});
    assert_int_equal(sl_log_step(log, &error), -1);
    assert_int_equal(error.code, SL_FULL);
    for (int i = 1; i < steps - 1; i++)
        assert_int_equal(sl_log_step(log, &error), 1);
    assert_int_equal(sl_log_step(log, &error), 0);
    sl_log_close(log);
    sl_storage_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_error),
        cmocka_unit_test(test_errors_from_then_on),
        cmocka_unit_test(test_one_short_write),
        cmocka_unit_test(test_full_once),
        cmocka_unit_test(test_full_from_then_on),
        cmocka_unit_test(test_crashes_while_recovering),
        cmocka_unit_test(test_fatal_stays_fatal),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_a_spare_is_written_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
