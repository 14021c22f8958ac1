/* The log as its users see it, on files and on memory. */
#include "tests/unit/log.h"

/* ---------------------------------------------------------------- written and read */

static void test_written_is_read(void **state)
{
    struct bed *bed = *state;
    for (int tree = 0; tree < 2; tree++) {
        struct bed fresh = {.kind = MEMORY, .storage = sl_storage_memory()};
        struct sl_storage *storage = tree == 0 ? bed->storage : fresh.storage;
        struct sl_log *log = open_log(storage, tree == 1);
        assert_int_equal(sl_log_first(log), 1);
        assert_int_equal(sl_log_last(log), 0);
        assert_whole(log, 0, 500);
        grow(log, 1, 500);
        grow(log, 100, 500);
        assert_whole(log, 100, 500);
        sl_log_close(log);
        log = open_log(storage, tree == 1);
        assert_whole(log, 100, 500);
        grow(log, 120, 500);
        assert_whole(log, 120, 500);
        assert_memory_equal(sl_log_identity(log), identity, sizeof identity);
        assert_int_equal(sl_log_has_tree(log), tree == 1);
        sl_log_close(log);
        sl_storage_free(fresh.storage);
    }
}

static void test_many_in_one_append(void **state)
{
    struct bed *bed = *state;
    struct sl_log *log = open_log(bed->storage, true);
    struct sl_entry entries[100];
    uint64_t first = 0;
    for (int i = 0; i < 100; i++)
        entries[i] = (struct sl_entry){7, sl_text("kept"), sl_text(i % 2 == 0 ? "" : "content")};
    assert_int_equal(sl_log_append(log, entries, 100, &first, &bed->error), 0);
    assert_int_equal(first, 1);
    assert_int_equal(sl_log_append(log, entries, 100, &first, &bed->error), 0);
    assert_int_equal(first, 101);
    assert_int_equal(sl_log_sync(log, &bed->error), 0);
    struct sl_record record;
    for (uint64_t n = 200; n > 0; n--) {
        assert_int_equal(sl_log_read(log, n, &record, &bed->error), 1);
        assert_int_equal(record.kind, 7);
        assert_true(sl_bytes_is(record.content, n % 2 == 1 ? "" : "content"));
    }
    sl_log_close(log);
}

static void test_nothing_is_read_before_its_sync(void **state)
{
    struct bed *bed = *state;
    struct sl_record record;
    struct sl_log *log = open_log(bed->storage, true);
    grow(log, 3, 100);
    sl_hash before;
    sl_hash after;
    sl_log_root(log, before);
    struct sl_log_reader *reader = sl_log_reader_new(log, 3);
    assert_int_equal(sl_log_reader_next(reader, &record, &bed->error), 1);
    assert_int_equal(append_record(log, 4, 100, &bed->error), 0);
    assert_int_equal(sl_log_last(log), 4);
    assert_int_equal(sl_log_synced(log), 3);
    assert_int_equal(sl_log_reader_next(reader, &record, &bed->error), 0);
    assert_int_equal(sl_log_read(log, 4, &record, &bed->error), 0);
    sl_log_root(log, after);
    assert_memory_equal(before, after, sizeof before);
    assert_int_equal(sl_log_sync(log, &bed->error), 0);
    assert_int_equal(sl_log_reader_next(reader, &record, &bed->error), 1);
    assert_true(is_right(&record, 4, 100));
    assert_int_equal(append_record(log, 5, 100, &bed->error), 0);
    sl_log_reader_free(reader);
    sl_log_close(log);
    log = open_log(bed->storage, true);
    assert_whole(log, 4, 100);
    sl_log_close(log);
}

static void test_many_segments(void **state)
{
    struct bed *bed = *state;
    struct sl_record record;
    struct sl_log *log = open_log(bed->storage, true);
    struct sl_log_reader *reader = sl_log_reader_new(log, 1);
    for (uint64_t n = 1; n <= 600; n++) {
        grow(log, n, 2000);
        assert_true(sl_log_step(log, &bed->error) >= 0);
        if (n % 7 != 0)
            continue;
        while (sl_log_reader_next(reader, &record, &bed->error) == 1)
            continue;
        assert_true(is_right(&record, n, 2000));
    }
    sl_log_reader_free(reader);
    uint64_t n = 1;
    for (int i = 0; i < 2000; i++, n = (n * 37 + 11) % 600 + 1) {
        assert_int_equal(sl_log_read(log, n, &record, &bed->error), 1);
        assert_true(is_right(&record, n, 2000));
    }
    sl_log_close(log);
    log = open_log(bed->storage, true);
    for (n = 600; n >= 1; n--) {
        assert_int_equal(sl_log_read(log, n, &record, &bed->error), 1);
        assert_true(is_right(&record, n, 2000));
    }
    assert_int_equal(sl_log_read(log, 0, &record, &bed->error), 0);
    assert_int_equal(sl_log_read(log, 601, &record, &bed->error), 0);
    assert_whole(log, 600, 2000);
    sl_log_close(log);
}

static void test_too_large(void **state)
{
    struct bed *bed = *state;
    static uint8_t bytes[SEGMENT];
    size_t most = SEGMENT - SL_SEGMENT_HEAD - SL_SEAL - SL_RECORD_HEAD;
    struct sl_log *log = open_log(bed->storage, false);
    struct sl_entry entry = {1, sl_bytes(bytes, most + 1), {0}};
    assert_int_equal(sl_log_append(log, &entry, 1, NULL, &bed->error), -1);
    assert_int_equal(bed->error.code, SL_TOO_LARGE);
    assert_int_equal(sl_log_last(log), 0);
    entry.kept.size = most;
    for (int i = 0; i < 3; i++)
        assert_int_equal(sl_log_append(log, &entry, 1, NULL, &bed->error), 0);
    assert_int_equal(sl_log_sync(log, &bed->error), 0);
    struct sl_entry two[] = {entry, entry};
    assert_int_equal(sl_log_append(log, two, 2, NULL, &bed->error), -1);
    assert_int_equal(bed->error.code, SL_TOO_LARGE);
    sl_log_close(log);
    log = open_log(bed->storage, false);
    assert_int_equal(sl_log_last(log), 3);
    struct sl_record record;
    assert_int_equal(sl_log_read(log, 2, &record, &bed->error), 1);
    assert_int_equal(record.kept.size, most);
    sl_log_close(log);
}

static void test_segments_are_made_ahead_in_steps(void **state)
{
    (void)state;
    struct sl_error error = {0};
    struct sl_storage *memory = sl_storage_memory();
    struct sl_log_options options = options_of(false);
    options.segment_bytes = 1024 * 1024;
    struct sl_log *log = NULL;
    assert_int_equal(sl_log_open(&log, memory, "test", &options, &error), 0);
    int steps = 1;
    while (sl_log_step(log, &error) == 1)
        steps++;
    assert_in_range(steps, 50, 65);
    /* With the spare ready a new segment costs a handful of calls. */
    sl_storage_memory_faults(memory, (struct sl_storage_faults){0});
    uint64_t most = 0;
    for (uint64_t n = 1; n <= 2000; n++) {
        uint64_t before = sl_storage_memory_calls(memory);
        grow(log, n, 1500);
        uint64_t calls = sl_storage_memory_calls(memory) - before;
        most = calls > most ? calls : most;
        assert_true(sl_log_step(log, &error) >= 0);
    }
    assert_in_range(most, 4, 8);
    sl_log_close(log);
    sl_storage_free(memory);
}

/* ---------------------------------------------------------------- the tree */

/* The leaf, made by hand. */
static void leaf_of(struct sl_crypto *crypto, const struct sl_record *record, sl_hash out)
{
    struct sl_buffer data = {0};
    uint8_t number[8];
    uint8_t word[4];
    sl_put64(number, record->number);
    sl_buffer_add(&data, number, 8);
    sl_put32(word, record->kind);
    sl_buffer_add(&data, word, 4);
    sl_put32(word, (uint32_t)record->kept.size);
    sl_buffer_add(&data, word, 4);
    sl_buffer_add_bytes(&data, record->kept);
    if (record->content.size > 0) {
        sl_hash digest;
        struct sl_bytes pieces[] = {record->salt, record->content};
        sl_sha256(crypto, digest, pieces, 2);
        sl_buffer_add(&data, digest, sizeof digest);
    }
    sl_merkle_leaf(crypto, out, sl_buffer_bytes(&data));
    sl_buffer_free(&data);
}

static void test_root_is_that_of_the_records(void **state)
{
    struct bed *bed = *state;
    struct sl_crypto *crypto = sl_crypto_new();
    struct sl_log *log = open_log(bed->storage, true);
    static sl_hash leaves[300];
    sl_hash root;
    sl_hash right;
    for (uint64_t n = 0; n <= 300; n += 20) {
        grow(log, n, 1000);
        for (uint64_t i = n < 20 ? 0 : n - 20; i < n; i++) {
            struct sl_record record;
            sl_hash leaf;
            assert_int_equal(sl_log_read(log, i + 1, &record, &bed->error), 1);
            assert_int_equal(record.salt.size, record.content.size > 0 ? SL_SALT : 0);
            leaf_of(crypto, &record, leaves[i]);
            assert_int_equal(sl_log_leaf(log, &record, leaf, &bed->error), 0);
            assert_memory_equal(leaf, leaves[i], sizeof leaf);
        }
        sl_merkle_root(crypto, right, (const sl_hash *)leaves, n);
        sl_log_root(log, root);
        assert_memory_equal(root, right, sizeof root);
    }
    for (int again = 0; again < 2; again++) {
        for (uint64_t n = 0; n <= 300; n++) {
            struct sl_frontier frontier;
            assert_int_equal(sl_log_frontier(log, n, &frontier, &bed->error), 1);
            sl_frontier_root(crypto, &frontier, root);
            sl_merkle_root(crypto, right, (const sl_hash *)leaves, n);
            assert_memory_equal(root, right, sizeof root);
        }
        sl_log_close(log);
        log = open_log(bed->storage, true);
    }
    struct sl_frontier frontier;
    assert_int_equal(sl_log_frontier(log, 301, &frontier, &bed->error), 0);
    sl_log_close(log);
    sl_crypto_free(crypto);
}

/* The growth since any size is proven, by what was seen as it grew, and by what is read again. */
static void test_the_tree_proves_what_it_grew_from(void **state)
{
    struct bed *bed = *state;
    struct sl_log *log = open_log(bed->storage, true);
    struct sl_crypto *crypto = sl_crypto_new();
    static const uint64_t sizes[] = {0, 1, 2, 7, 8, 31, 96, 97, 130, 300};
    sl_hash roots[sizeof sizes / sizeof *sizes];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (sizes[i] > 0)
            grow(log, sizes[i], 1000);
        sl_log_root(log, roots[i]);
        for (size_t k = 0; k <= i; k++) { /* the one before it, which was seen, comes first */
            size_t before = (2 * i - k) % (i + 1);
            struct sl_buffer nodes = {0};
            assert_int_equal(sl_log_prove_growth(log, sizes[before], &nodes, &bed->error), 1);
            assert_int_equal(sl_merkle_extends(crypto, sizes[before], roots[before], sizes[i],
                                               roots[i], sl_buffer_bytes(&nodes)),
                             0);
            sl_buffer_free(&nodes);
        }
    }
    struct sl_buffer nodes = {0};
    assert_int_equal(sl_log_prove_growth(log, 301, &nodes, &bed->error), 0);
    sl_log_close(log);
    log = open_log(bed->storage, true);
    assert_int_equal(sl_log_prove_growth(log, 97, &nodes, &bed->error), 1);
    assert_int_equal(
        sl_merkle_extends(crypto, 97, roots[7], 300, roots[9], sl_buffer_bytes(&nodes)), 0);
    sl_buffer_free(&nodes);
    sl_log_close(log);
    sl_crypto_free(crypto);
}

/* ---------------------------------------------------------------- erased and released */

/* Do these bytes stand anywhere in any segment? */
static bool stands(struct sl_storage *storage, const uint8_t *bytes, size_t size)
{
    static uint8_t file[SEGMENT];
    sl_storage_name *names = NULL;
    size_t count = 0;
    struct sl_error error = {0};
    bool found = false;
    assert_int_equal(storage->calls->list(storage, &names, &count, &error), 0);
    for (size_t i = 0; i < count; i++) {
        size_t got = peek(storage, names[i], file, sizeof file);
        found = found || memmem(file, got, bytes, size) != NULL;
    }
    free(names);
    return found;
}

static void test_content_is_erased_and_the_root_stays(void **state)
{
    struct bed *bed = *state;
    static const uint64_t numbers[] = {150, 2, 3, 151, 5, 2, 999, 200};
    uint8_t salt[SL_SALT];
    uint8_t content[16];
    sl_hash before;
    sl_hash after;
    sl_hash digest;
    struct sl_record record;
    struct sl_log *log = open_log(bed->storage, true);
    grow(log, 200, 1000);
    sl_log_root(log, before);
    assert_int_equal(sl_log_read(log, 151, &record, &bed->error), 1);
    memcpy(salt, record.salt.data, sizeof salt);
    memcpy(content, record.content.data + 20, sizeof content);
    memcpy(digest, record.digest.data, sizeof digest);
    assert_true(stands(bed->storage, salt, sizeof salt));
    assert_true(stands(bed->storage, content, sizeof content));
    struct sl_log_reader *reader = sl_log_reader_new(log, 150);
    assert_int_equal(sl_log_reader_next(reader, &record, &bed->error), 1);
    for (int again = 0; again < 2; again++)
        assert_int_equal(sl_log_erase(log, numbers, 8, &bed->error), 0);
    assert_int_equal(sl_log_reader_next(reader, &record, &bed->error), 1);
    assert_true(record.erased && record.number == 151);
    sl_log_reader_free(reader);
    assert_false(stands(bed->storage, salt, sizeof salt));
    assert_false(stands(bed->storage, content, sizeof content));
    for (int again = 0; again < 2; again++) {
        for (uint64_t n = 1; n <= 200; n++) {
            bool erased = n == 2 || n == 3 || n == 150 || n == 151 || n == 200;
            sl_hash leaf;
            assert_int_equal(sl_log_read(log, n, &record, &bed->error), 1);
            assert_true(is_right(&record, n, 1000));
            assert_int_equal(record.erased, erased && content_size(n, 1000) > 0);
            assert_int_equal(sl_log_leaf(log, &record, leaf, &bed->error), 0);
        }
        sl_log_root(log, after);
        assert_memory_equal(before, after, sizeof before);
        sl_log_close(log);
        log = open_log(bed->storage, true);
    }
    assert_int_equal(sl_log_read(log, 151, &record, &bed->error), 1);
    assert_memory_equal(record.digest.data, digest, sizeof digest);
    grow(log, 220, 1000);
    assert_whole(log, 220, 1000);
    sl_log_close(log);
}

static void test_what_is_erased_stays_so(void **state)
{
    (void)state;
    struct sl_error error = {0};
    struct sl_record record;
    uint8_t content[16];
    static const uint64_t numbers[] = {2};
    struct sl_storage *memory = sl_storage_memory();
    struct sl_log *log = open_log(memory, true);
    grow(log, 3, 1000);
    assert_int_equal(sl_log_read(log, 2, &record, &error), 1);
    memcpy(content, record.content.data, sizeof content);
    assert_int_equal(sl_log_erase(log, numbers, 1, &error), 0);
    struct sl_storage *later = sl_storage_memory_crash(memory, 0);
    assert_false(stands(later, content, sizeof content));
    sl_storage_free(later);
    sl_log_close(log);
    sl_storage_free(memory);
}

/* No two records have the same salt. */
static void test_salts_differ(void **state)
{
    struct bed *bed = *state;
    static uint8_t salts[200][SL_SALT];
    struct sl_record record;
    struct sl_entry entry = {1, {0}, sl_text("the same")};
    struct sl_log *log = open_log(bed->storage, true);
    for (int i = 0; i < 200; i++)
        assert_int_equal(sl_log_append(log, &entry, 1, NULL, &bed->error), 0);
    assert_int_equal(sl_log_sync(log, &bed->error), 0);
    for (uint64_t n = 0; n < 200; n++) {
        assert_int_equal(sl_log_read(log, n + 1, &record, &bed->error), 1);
        memcpy(salts[n], record.salt.data, SL_SALT);
        for (uint64_t i = 0; i < n; i++)
            assert_memory_not_equal(salts[i], salts[n], SL_SALT);
    }
    sl_log_close(log);
}

static void test_released_segments_are_gone(void **state)
{
    struct bed *bed = *state;
    sl_hash before;
    sl_hash after;
    struct sl_record record;
    struct sl_frontier frontier;
    struct sl_log *log = open_log(bed->storage, true);
    grow(log, 400, 1500);
    sl_log_root(log, before);
    struct sl_log_reader *reader = sl_log_reader_new(log, 1);
    assert_int_equal(sl_log_reader_next(reader, &record, &bed->error), 1);
    assert_int_equal(sl_log_release(log, 2, &bed->error), 0);
    assert_int_equal(sl_log_first(log), 1);
    assert_int_equal(sl_log_release(log, 200, &bed->error), 0);
    uint64_t first = sl_log_first(log);
    assert_in_range(first, 100, 200);
    assert_int_equal(sl_log_reader_next(reader, &record, &bed->error), 1);
    assert_int_equal(record.number, first);
    sl_log_reader_free(reader);
    assert_int_equal(sl_log_read(log, first - 1, &record, &bed->error), 0);
    assert_int_equal(sl_log_frontier(log, first - 1, &frontier, &bed->error), 1);
    assert_int_equal(sl_log_frontier(log, first - 2, &frontier, &bed->error), 0);
    sl_log_close(log);
    log = open_log(bed->storage, true);
    assert_int_equal(sl_log_first(log), first);
    sl_log_root(log, after);
    assert_memory_equal(before, after, sizeof before);
    assert_int_equal(sl_log_release(log, UINT64_MAX, &bed->error), 0);
    grow(log, 420, 1500);
    assert_whole(log, 420, 1500);
    sl_log_close(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_written_is_read),
        BOTH(test_many_in_one_append),
        BOTH(test_nothing_is_read_before_its_sync),
        BOTH(test_many_segments),
        BOTH(test_too_large),
        cmocka_unit_test(test_segments_are_made_ahead_in_steps),
        BOTH(test_root_is_that_of_the_records),
        BOTH(test_the_tree_proves_what_it_grew_from),
        BOTH(test_content_is_erased_and_the_root_stays),
        cmocka_unit_test(test_what_is_erased_stays_so),
        BOTH(test_salts_differ),
        BOTH(test_released_segments_are_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
