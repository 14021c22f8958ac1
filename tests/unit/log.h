/* What the tests of the log share: storages of both kinds, and records that can be told apart. */
#ifndef TEST_LOG_H
#define TEST_LOG_H

#include <ftw.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "schemas/log/log.h"
#include "schemas/log/segment.h"

static const uint8_t identity[SL_LOG_ID_SIZE] = "sixteen bytes ID";

/* ---------------------------------------------------------------- storages */

enum kind { MEMORY, FILES };

struct bed {
    enum kind kind;
    char folder[64];
    struct sl_storage *storage;
    struct sl_error error;
};

static inline struct sl_storage *bed_storage(struct bed *bed, bool writable)
{
    struct sl_storage *storage = NULL;
    if (bed->kind == MEMORY)
        return bed->storage;
    assert_int_equal(sl_storage_files(&storage, bed->folder, writable, &bed->error), 0);
    return storage;
}

static inline int bed_setup(void **state)
{
    const enum kind *kind = *state;
    struct bed *bed = sl_new(1, sizeof *bed);
    bed->kind = *kind;
    (void)snprintf(bed->folder, sizeof bed->folder, "/tmp/samenloop-log-XXXXXX");
    if (bed->kind == MEMORY)
        bed->storage = sl_storage_memory();
    else if (mkdtemp(bed->folder) == NULL)
        return -1;
    else
        bed->storage = bed_storage(bed, true);
    *state = bed;
    return 0;
}

static inline int remove_one(const char *path, const struct stat *status, int type,
                             struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static inline int bed_teardown(void **state)
{
    struct bed *bed = *state;
    sl_storage_free(bed->storage);
    if (bed->kind == FILES)
        (void)nftw(bed->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(bed);
    return 0;
}

/* A test on a bed of this kind; a test on one of each. */
#define ON(where, test)                                                                            \
    cmocka_unit_test_prestate_setup_teardown(test, bed_setup, bed_teardown, &(enum kind){where})
#define BOTH(test) ON(MEMORY, test), ON(FILES, test)

/* ---------------------------------------------------------------- logs */

enum { SEGMENT = SL_LOG_SEGMENT_MIN };

static inline struct sl_log_options options_of(bool tree)
{
    return (struct sl_log_options){.identity = identity, .tree = tree, .segment_bytes = SEGMENT};
}

static inline struct sl_log *open_log(struct sl_storage *storage, bool tree)
{
    struct sl_log *log = NULL;
    struct sl_error error = {0};
    struct sl_log_options options = options_of(tree);
    if (sl_log_open(&log, storage, "test", &options, &error) < 0)
        fail_msg("open: %s", error.text);
    return log;
}

/* Record n: kept part and content follow from n and their sizes. */
static inline size_t kept_size(uint64_t number)
{
    return (size_t)(number * 7 % 50);
}

static inline size_t content_size(uint64_t number, size_t scale)
{
    return number % 5 == 0 ? 0 : 1 + (size_t)(number * 617 % scale);
}

static inline void fill(uint8_t *out, size_t size, uint64_t number, uint8_t what)
{
    uint64_t state = number << 8 | what;
    for (size_t i = 0; i < size; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        out[i] = (uint8_t)(1 + (state >> 40) % 255);
    }
}

enum { MOST = 60 * 1024 };

static inline int append_record(struct sl_log *log, uint64_t number, size_t scale,
                                struct sl_error *error)
{
    static uint8_t kept[64];
    static uint8_t content[MOST];
    uint64_t got = 0;
    fill(kept, kept_size(number), number, 1);
    fill(content, content_size(number, scale), number, 2);
    struct sl_entry entry = {(uint16_t)(1 + number % 3), sl_bytes(kept, kept_size(number)),
                             sl_bytes(content, content_size(number, scale))};
    int result = sl_log_append(log, &entry, 1, &got, error);
    if (result == 0)
        assert_int_equal(got, number);
    return result;
}

/* Appends up to `last`, and syncs. */
static inline void grow(struct sl_log *log, uint64_t last, size_t scale)
{
    struct sl_error error = {0};
    while (sl_log_last(log) < last) {
        if (append_record(log, sl_log_last(log) + 1, scale, &error) < 0)
            fail_msg("append: %s", error.text);
    }
    if (sl_log_sync(log, &error) < 0)
        fail_msg("sync: %s", error.text);
}

static inline bool is_right(const struct sl_record *record, uint64_t number, size_t scale)
{
    static uint8_t kept[64];
    static uint8_t content[MOST];
    fill(kept, kept_size(number), number, 1);
    fill(content, content_size(number, scale), number, 2);
    size_t size = record->erased ? 0 : content_size(number, scale);
    return record->number == number && record->kind == 1 + number % 3 &&
           sl_bytes_equal(record->kept, sl_bytes(kept, kept_size(number))) &&
           sl_bytes_equal(record->content, sl_bytes(content, size));
}

/* Reads the whole log; gives how many records that were, -1 with an error. */
static inline int64_t check_all(struct sl_log *log, size_t scale, struct sl_error *error)
{
    struct sl_record record;
    struct sl_log_reader *reader = sl_log_reader_new(log, 1);
    uint64_t number = sl_log_first(log);
    int64_t count = 0;
    int result = 0;
    while ((result = sl_log_reader_next(reader, &record, error)) == 1) {
        if (!is_right(&record, number, scale))
            fail_msg("record %" PRIu64 " is not what was written", number);
        number++;
        count++;
    }
    sl_log_reader_free(reader);
    return result < 0 ? -1 : count;
}

static inline void assert_whole(struct sl_log *log, uint64_t last, size_t scale)
{
    struct sl_error error = {0};
    int64_t count = check_all(log, scale, &error);
    if (count < 0)
        fail_msg("%s", error.text);
    assert_int_equal(sl_log_last(log), last);
    assert_int_equal(sl_log_synced(log), last);
    assert_int_equal(count, last + 1 - sl_log_first(log));
}

/* ---------------------------------------------------------------- bytes behind the log's back */

static inline size_t peek(struct sl_storage *storage, const char *name, uint8_t *out, size_t size)
{
    struct sl_error error = {0};
    int file = -1;
    size_t got = 0;
    assert_int_equal(storage->calls->open(storage, name, &file, &error), 0);
    assert_int_equal(storage->calls->read(storage, file, 0, out, size, &got, &error), 0);
    storage->calls->close(storage, file);
    return got;
}

static inline void poke(struct sl_storage *storage, const char *name, uint64_t offset,
                        const void *data, size_t size)
{
    struct sl_error error = {0};
    int file = -1;
    assert_int_equal(storage->calls->open(storage, name, &file, &error), 0);
    assert_int_equal(storage->calls->write(storage, file, offset, data, size, &error), 0);
    storage->calls->close(storage, file);
}

#endif
