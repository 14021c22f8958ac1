/*
 * A segment of a log with anything in it. A mutation is given good checksums most of the time, or
 * nothing behind them would be reached. Whatever is there, the log opens or says what is wrong;
 * when it opens, its records can be read, more can be written, and all of it is there again after
 * the power went.
 *
 * The input: the segment's head and then its records; zeros up to the segment's size are put
 * behind it.
 */
#include "tests/fuzz/fuzz.h"

#include "schemas/log/crc32c.h"
#include "schemas/log/log.h"
#include "schemas/log/segment.h"

enum { SEGMENT = SL_LOG_SEGMENT_MIN, RECORDS_MAX = SEGMENT / SL_RECORD_HEAD };

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

static const uint8_t identity[SL_LOG_ID_SIZE] = "sixteen bytes ID";

static void fuzz_begin(void)
{
}

static struct sl_log_options options_of(bool tree)
{
    return (struct sl_log_options){
        .identity = identity, .tree = tree, .segment_bytes = SEGMENT, .random = NULL};
}

/* ---------------------------------------------------------------- seeds */

static void seed_of(struct sl_storage *storage)
{
    struct sl_error error = {0};
    static uint8_t text[SEGMENT];
    size_t got = 0;
    int file = -1;
    must(storage->calls->open(storage, "00000000000000000001.log", &file, &error) == 0);
    must(storage->calls->read(storage, file, 0, text, sizeof text, &got, &error) == 0);
    storage->calls->close(storage, file);
    while (got > SL_SEGMENT_HEAD && text[got - 1] == 0)
        got--;
    fuzz_seed(sl_bytes(text, got));
}

static void seed_log(bool tree)
{
    struct sl_storage *storage = sl_storage_memory();
    struct sl_log_options options = options_of(tree);
    struct sl_error error = {0};
    struct sl_log *log = NULL;
    uint64_t numbers[] = {2, 3};
    must(sl_log_open(&log, storage, "seed", &options, &error) == 0);
    seed_of(storage);
    for (uint16_t i = 1; i <= 4; i++) {
        const struct sl_entry entries[] = {{i, sl_text("kept"), sl_text("content")},
                                           {i, sl_text("only kept"), {NULL, 0}},
                                           {i, {NULL, 0}, sl_text("only content")}};
        must(sl_log_append(log, entries, 3, NULL, &error) == 0);
        must(sl_log_sync(log, &error) == 0);
    }
    seed_of(storage);
    must(sl_log_erase(log, numbers, 2, &error) == 0);
    seed_of(storage);
    sl_log_close(log);
    sl_storage_free(storage);
}

static void fuzz_seeds(void)
{
    seed_log(true);
    seed_log(false);
}

/* ---------------------------------------------------------------- mutations */

/* Gives the items from `at` on the checksums of what they hold, as long as they look like some. */
static void mend(uint8_t *data, size_t size)
{
    struct sl_segment_head head;
    size_t at = SL_SEGMENT_HEAD;
    if (size < SL_SEGMENT_HEAD)
        return;
    sl_put32(data + SL_SEGMENT_HEAD - 4, sl_crc32c(0, data, SL_SEGMENT_HEAD - 4));
    if (sl_segment_head_read(data, &head) != NULL)
        return;
    struct sl_segment_key key = sl_segment_key(&head);
    while (size - at >= SL_RECORD_HEAD) {
        uint64_t kept = sl_get32(data + at + 8), content = sl_get32(data + at + 12);
        uint64_t digest = head.tree && content > 0 ? SL_HASH_SIZE : 0;
        uint64_t salt = content == 0 ? 0 : head.tree ? SL_SALT : 0;
        uint64_t checked = SL_RECORD_HEAD + kept + digest;
        uint64_t all = checked + (content == 0 ? 0 : 4 + salt + content);
        if (all > size - at)
            return;
        if (content > 0)
            sl_put32(data + at + checked,
                     sl_crc32c(key.state, data + at + checked + 4, salt + content));
        sl_put32(data + at, sl_crc32c(key.state, data + at + 5, checked - 5));
        at += all;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    /* Most of the head says nothing: the records are changed more often. */
    if (size > SL_SEGMENT_HEAD && seed % 8 != 0)
        size = SL_SEGMENT_HEAD + LLVMFuzzerMutate(data + SL_SEGMENT_HEAD, size - SL_SEGMENT_HEAD,
                                                  max - SL_SEGMENT_HEAD);
    else
        size = LLVMFuzzerMutate(data, size, max);
    if (seed / 8 % 4 != 0)
        mend(data, size);
    return size;
}

/* ---------------------------------------------------------------- the log */

static struct sl_storage *storage_with(struct sl_bytes text, uint64_t first)
{
    struct sl_storage *storage = sl_storage_memory();
    struct sl_error error = {0};
    sl_storage_name name;
    static const uint8_t zero;
    int file = -1;
    sl_segment_name(name, first);
    must(storage->calls->create(storage, name, &file, &error) == 0);
    must(storage->calls->write(storage, file, 0, text.data, text.size, &error) == 0);
    if (text.size < SEGMENT)
        must(storage->calls->write(storage, file, SEGMENT - 1, &zero, 1, &error) == 0);
    must(storage->calls->sync(storage, file, &error) == 0);
    must(storage->calls->sync_folder(storage, &error) == 0);
    storage->calls->close(storage, file);
    return storage;
}

/* Reads all; -1: a record is damaged. Erases some. */
static int read_all(struct sl_log *log)
{
    struct sl_log_reader *reader = sl_log_reader_new(log, 1);
    struct sl_error error = {0};
    struct sl_record record;
    uint64_t expected = sl_log_first(log);
    sl_hash hash;
    int result;
    while ((result = sl_log_reader_next(reader, &record, &error)) == 1) {
        must(record.number == expected++ && record.kind != 0);
        if (sl_log_has_tree(log))
            (void)sl_log_leaf(log, &record, hash, &error);
    }
    must(result == -1 || expected == sl_log_synced(log) + 1);
    must(result == 0 || error.code == SL_DAMAGED);
    if (sl_log_has_tree(log))
        sl_log_root(log, hash);
    sl_log_reader_free(reader);
    return result;
}

/* -1: it has no room, or the last number that there is. */
static int write_one(struct sl_log *log, uint64_t *number)
{
    struct sl_error error = {0};
    const struct sl_entry entry = {7, sl_text("new"), sl_text("content")};
    if (sl_log_append(log, &entry, 1, number, &error) < 0 || sl_log_sync(log, &error) < 0) {
        must(error.code != SL_OK && error.text[0] != '\0');
        return -1;
    }
    return 0;
}

static void try_as(struct sl_bytes text, uint64_t first, bool tree)
{
    struct sl_storage *storage = storage_with(text, first), *after;
    struct sl_log_options options = options_of(tree);
    struct sl_error error = {0};
    struct sl_log *log = NULL;
    struct sl_record record;
    uint64_t number = 0;
    if (sl_log_open(&log, storage, "log", &options, &error) < 0) {
        must(error.code != SL_OK && error.text[0] != '\0' && log == NULL);
        sl_storage_free(storage);
        return;
    }
    int whole = read_all(log), written = write_one(log, &number);
    if (whole == 0 && written == 0)
        must(read_all(log) == 0);
    after = sl_storage_memory_crash(storage, 0);
    sl_log_close(log);
    sl_storage_free(storage);
    options.identity = NULL;
    if (whole == 0 && written == 0) {
        must(sl_log_open(&log, after, "log", &options, &error) == 0);
        must(sl_log_synced(log) == number && sl_log_read(log, number, &record, &error) == 1);
        must(record.kind == 7 && sl_bytes_is(record.kept, "new"));
        must(read_all(log) == 0);
        sl_log_close(log);
    }
    sl_storage_free(after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_segment_head head;
    if (size < SL_SEGMENT_HEAD || size > SEGMENT)
        return 0;
    bool good = sl_segment_head_read(data, &head) == NULL;
    try_as(sl_bytes(data, size), good && head.first > 0 ? head.first : 1, good ? head.tree : true);
    return 0;
}
