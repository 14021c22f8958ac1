/* A log's beginning and end, and what changes it. state.h says what holds. */
#include "schemas/log/log.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/limits.h"
#include "schemas/log/state.h"

/* ---------------------------------------------------------------- state */

void sl_log_check(const struct sl_log *log)
{
    assert(log->segment_count > 0);
    assert(log->segments[log->segment_count - 1].first == log->head.first);
    assert(log->head.first <= log->synced + 1 && log->synced <= log->last);
    assert((log->buffer.size == 0) == (log->last == log->synced));
    assert(log->buffer.size == 0 || log->end + log->buffer.size + SL_SEAL <= log->head.bytes);
    assert(!log->head.tree ||
           (log->tree.size == log->last && log->tree_synced.size == log->synced));
    assert(log->spare.synced <= log->spare.written && log->spare.written <= log->spare.bytes);
    assert(log->spare.syncing <= log->spare.written);
}

int sl_log_damaged(const struct sl_log *log, uint64_t segment, uint64_t offset, const char *what,
                   struct sl_error *error)
{
    sl_storage_name name;
    sl_segment_name(name, segment);
    return sl_fail(error, SL_DAMAGED, "%s: segment %s, offset %" PRIu64 ": %s", log->name, name,
                   offset, what);
}

const char *sl_log_advice(const struct sl_error *error)
{
    return error->code == SL_DAMAGED
               ? "; nothing was changed: keep this folder, look at the disk, and put a sound copy "
                 "of "
                 "the whole folder in its place (samenloop-router(8), \"A damaged log\")"
               : "";
}

int sl_log_die(struct sl_log *log, struct sl_error *error)
{
    log->fatal = true;
    error->code = SL_FATAL;
    return sl_fail_at(error, "%s", log->name);
}

int sl_log_alive(const struct sl_log *log, struct sl_error *error)
{
    assert(!log->read_only);
    return log->fatal
               ? sl_fail(error, SL_FATAL,
                         "%s: a write failed; the process must end and start again", log->name)
               : 0;
}

uint64_t sl_log_first(const struct sl_log *log)
{
    return log->segments[0].first;
}

uint64_t sl_log_second(const struct sl_log *log)
{
    return log->segment_count > 1 ? log->segments[1].first : 0;
}

uint64_t sl_log_last(const struct sl_log *log)
{
    return log->last;
}

uint64_t sl_log_synced(const struct sl_log *log)
{
    return log->synced;
}

const uint8_t *sl_log_identity(const struct sl_log *log)
{
    return log->head.identity;
}

bool sl_log_has_tree(const struct sl_log *log)
{
    return log->head.tree;
}

/* ---------------------------------------------------------------- opening and closing */

static void random_bytes(void *context, void *out, size_t size)
{
    (void)context;
    sl_random(out, size);
}

static struct sl_log *new_log(struct sl_storage *storage, const char *name,
                              const struct sl_log_options *options)
{
    struct sl_log *log = sl_new(1, sizeof *log);
    uint64_t bytes = options->segment_bytes != 0 ? options->segment_bytes : SL_LOG_SEGMENT;
    log->storage = storage;
    log->crypto = sl_crypto_new();
    log->name = sl_new(strlen(name) + 1, 1);
    memcpy(log->name, name, strlen(name));
    log->read_only = options->read_only;
    log->segment_bytes = (bytes + 4095) / 4096 * 4096;
    log->random = options->random != NULL ? options->random : random_bytes;
    log->random_context = options->random_context;
    log->file = -1;
    log->spare.file = -1;
    return log;
}

/* The first segment of a new log. */
static int make(struct sl_log *log, const struct sl_log_options *options, struct sl_error *error)
{
    if (options->identity == NULL || options->read_only)
        return sl_fail(error, SL_IO, "%s: there is no log yet", log->name);
    log->head.tree = options->tree;
    memcpy(log->head.identity, options->identity, SL_LOG_ID_SIZE);
    return sl_log_spare_finish(log, error) < 0 ? -1 : sl_log_spare_use(log, error);
}

static int open_log(struct sl_log *log, const struct sl_log_options *options,
                    struct sl_error *error)
{
    if (log->segment_bytes < SL_LOG_SEGMENT_MIN || log->segment_bytes > SL_LOG_SEGMENT_MAX)
        return sl_fail(error, SL_CONFIGURATION, "%s: a segment has %d KiB to %d MiB", log->name,
                       SL_LOG_SEGMENT_MIN >> 10, SL_LOG_SEGMENT_MAX >> 20);
    if (!log->read_only) {
        if (log->storage->calls->lock(log->storage, error) < 0)
            return sl_fail_at(error, "%s", log->name);
        log->locked = true;
    }
    if (sl_log_recover(log, error) < 0 || (!log->read_only && sl_log_spare_discard(log, error) < 0))
        return -1;
    if (log->segment_count == 0)
        return make(log, options, error);
    if (!log->read_only && log->head.tree != options->tree)
        return sl_fail(error, SL_CONFIGURATION, "%s: the log was made %s a tree", log->name,
                       log->head.tree ? "with" : "without");
    return 0;
}

int sl_log_open(struct sl_log **out, struct sl_storage *storage, const char *name,
                const struct sl_log_options *options, struct sl_error *error)
{
    struct sl_log *log = new_log(storage, name, options);
    if (open_log(log, options, error) < 0) {
        sl_log_close(log);
        return -1;
    }
    sl_log_check(log);
    *out = log;
    return 0;
}

void sl_log_close(struct sl_log *log)
{
    if (log == NULL)
        return;
    const struct sl_storage_calls *calls = log->storage->calls;
    sl_log_reader_free(log->reader);
    if (log->file >= 0)
        calls->close(log->storage, log->file);
    sl_log_spare_close(log);
    if (log->locked)
        calls->unlock(log->storage);
    for (size_t i = 0; i < log->segment_count; i++)
        free(log->segments[i].marks);
    free(log->segments);
    sl_buffer_free(&log->buffer);
    sl_crypto_free(log->crypto);
    free(log->name);
    free(log);
}

int sl_log_refresh(struct sl_log *log, struct sl_error *error)
{
    assert(log->read_only);
    return sl_log_recover(log, error);
}

/* ---------------------------------------------------------------- appending */

/* Bytes that the entries take, or 0 when one of them is too large. */
static uint64_t entries_size(bool tree, const struct sl_entry *entries, size_t count)
{
    uint64_t size = 0;
    for (size_t i = 0; i < count; i++) {
        size_t kept = entries[i].kept.size;
        size_t content = entries[i].content.size;
        if (kept > SL_MAX_RECORD || content > SL_MAX_RECORD - kept)
            return 0;
        size += sl_record_size(tree, kept, content);
    }
    return size;
}

/* Has the current segment take `size` bytes more, and a seal, or makes the next one current. */
static int have_room(struct sl_log *log, uint64_t size, struct sl_error *error)
{
    if (log->end + log->buffer.size + size + SL_SEAL <= log->head.bytes)
        return 0;
    uint64_t bytes = log->spare.file >= 0 ? log->spare.bytes : log->segment_bytes;
    if (SL_SEGMENT_HEAD + size + SL_SEAL > bytes)
        return sl_fail(error, SL_TOO_LARGE, "%s: %" PRIu64 " bytes do not fit into a segment",
                       log->name, size);
    if (sl_log_spare_finish(log, error) < 0 || sl_log_sync(log, error) < 0)
        return -1;
    return sl_log_spare_use(log, error);
}

int sl_log_make_room(struct sl_log *log, uint64_t size, struct sl_error *error)
{
    uint64_t rest = log->head.bytes - log->end - log->buffer.size;
    if (sl_log_alive(log, error) < 0)
        return -1;
    return rest >= SL_SEAL && rest - SL_SEAL >= size ? 0 : sl_log_spare_finish(log, error);
}

static const uint8_t *next_salt(struct sl_log *log)
{
    if (log->salts_left == 0) {
        log->random(log->random_context, log->salts, sizeof log->salts);
        log->salts_left = SL_LOG_SALTS;
    }
    return log->salts[--log->salts_left];
}

static void append_one(struct sl_log *log, const struct sl_entry *entry)
{
    bool tree = log->head.tree;
    const uint8_t *salt = tree && entry->content.size > 0 ? next_salt(log) : NULL;
    uint64_t offset = log->end + log->buffer.size;
    uint8_t *at = sl_buffer_extend(&log->buffer,
                                   sl_record_size(tree, entry->kept.size, entry->content.size));
    log->last++;
    struct sl_record record = {.number = log->last, .kind = entry->kind};
    sl_record_write(at, log->crypto, log->key, entry, log->last, log->synced + 1, salt);
    sl_log_mark(&log->segments[log->segment_count - 1], log->last, offset);
    if (!tree)
        return;
    sl_hash leaf;
    record.kept = sl_bytes(at + SL_RECORD_HEAD, entry->kept.size);
    record.digest = sl_bytes(at + SL_RECORD_HEAD + entry->kept.size,
                             entry->content.size > 0 ? SL_HASH_SIZE : 0);
    sl_record_leaf(log->crypto, &record, leaf);
    sl_frontier_grow(log->crypto, &log->tree, leaf, &log->growth);
}

int sl_log_append(struct sl_log *log, const struct sl_entry *entries, size_t count, uint64_t *first,
                  struct sl_error *error)
{
    assert(count > 0);
    if (sl_log_alive(log, error) < 0)
        return -1;
    uint64_t size = entries_size(log->head.tree, entries, count);
    if (size == 0)
        return sl_fail(error, SL_TOO_LARGE, "%s: a record has at most %d bytes", log->name,
                       SL_MAX_RECORD);
    if (have_room(log, size, error) < 0)
        return -1;
    if (first != NULL)
        *first = log->last + 1;
    for (size_t i = 0; i < count; i++) {
        assert(entries[i].kind != 0);
        append_one(log, &entries[i]);
    }
    sl_log_check(log);
    return 0;
}

int sl_log_sync(struct sl_log *log, struct sl_error *error)
{
    const struct sl_storage_calls *calls = log->storage->calls;
    uint8_t seal[SL_SEAL];
    if (sl_log_alive(log, error) < 0)
        return -1;
    if (log->buffer.size == 0)
        return 0;
    if (calls->write(log->storage, log->file, log->end, log->buffer.data, log->buffer.size, error) <
            0 ||
        calls->sync(log->storage, log->file, error) < 0)
        return sl_log_die(log, error);
    sl_seal_write(seal, log->key, log->last);
    if (calls->write(log->storage, log->file, log->end + log->buffer.size, seal, sizeof seal,
                     error) < 0)
        return sl_log_die(log, error);
    log->end += log->buffer.size + sizeof seal;
    log->synced = log->last;
    log->tree_synced = log->tree;
    sl_buffer_clear(&log->buffer);
    sl_log_check(log);
    return 0;
}

/* ---------------------------------------------------------------- erasing and releasing */

static int by_number(const void *a, const void *b)
{
    uint64_t one = *(const uint64_t *)a;
    uint64_t other = *(const uint64_t *)b;
    return (one > other) - (one < other);
}

/* What is to be zeroed in a segment. */
struct erasure {
    uint64_t offset; /* of the record */
    size_t head;     /* bytes of it that stay */
    size_t size;     /* bytes behind that */
};

/* Finds those of the numbers that are in the first one's segment; *taken says how many that are. */
static int find_erasures(struct sl_log *log, const uint64_t *numbers, size_t count,
                         struct erasure *found, size_t *found_count, size_t *taken,
                         uint64_t *segment, struct sl_error *error)
{
    struct sl_log_place place;
    *found_count = 0;
    *segment = 0;
    for (*taken = 0; *taken < count; ++*taken) {
        int result = sl_log_find(log, numbers[*taken], &place, error);
        if (result < 0)
            return -1;
        if (result == 0 || place.item.erasable == 0)
            continue;
        if (*segment != 0 && place.segment != *segment)
            return 0;
        *segment = place.segment;
        size_t size = place.item.erasable;
        found[(*found_count)++] = (struct erasure){place.offset, place.item.size - size, size};
    }
    return 0;
}

static int zero(struct sl_log *log, int file, const struct erasure *erasure, struct sl_error *error)
{
    static const uint8_t zeros[16 * 1024];
    for (size_t done = 0; done < erasure->size;) {
        size_t part = erasure->size - done < sizeof zeros ? erasure->size - done : sizeof zeros;
        if (log->storage->calls->write(log->storage, file, erasure->offset + erasure->head + done,
                                       zeros, part, error) < 0)
            return -1;
        done += part;
    }
    return 0;
}

/* First all marks, then, when they are on stable storage, all zeros. */
static int erase_found(struct sl_log *log, int file, const struct erasure *found, size_t count,
                       struct sl_error *error)
{
    static const uint8_t mark = SL_ERASED;
    const struct sl_storage_calls *calls = log->storage->calls;
    for (size_t i = 0; i < count; i++) {
        if (calls->write(log->storage, file, found[i].offset + SL_ERASED_AT, &mark, sizeof mark,
                         error) < 0)
            return -1;
    }
    if (calls->sync(log->storage, file, error) < 0)
        return sl_log_die(log, error);
    for (size_t i = 0; i < count; i++) {
        if (zero(log, file, &found[i], error) < 0)
            return -1;
    }
    return calls->sync(log->storage, file, error) < 0 ? sl_log_die(log, error) : 0;
}

static int erase_in(struct sl_log *log, uint64_t segment, const struct erasure *found, size_t count,
                    struct sl_error *error)
{
    int file = -1;
    sl_storage_name name;
    sl_segment_name(name, segment);
    if (log->storage->calls->open(log->storage, name, &file, error) < 0)
        return -1;
    int result = erase_found(log, file, found, count, error);
    log->storage->calls->close(log->storage, file);
    log->generation++;
    return result;
}

int sl_log_erase(struct sl_log *log, const uint64_t *numbers, size_t count, struct sl_error *error)
{
    if (sl_log_alive(log, error) < 0)
        return -1;
    if (count == 0)
        return 0;
    uint64_t *sorted = sl_new(count, sizeof *sorted);
    struct erasure *found = sl_new(count, sizeof *found);
    memcpy(sorted, numbers, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_number);
    int result = 0;
    for (size_t at = 0; at < count && result == 0;) {
        size_t found_count = 0;
        size_t taken = 0;
        uint64_t segment = 0;
        result = find_erasures(log, sorted + at, count - at, found, &found_count, &taken, &segment,
                               error);
        if (result == 0 && found_count > 0)
            result = erase_in(log, segment, found, found_count, error);
        at += taken;
    }
    free(found);
    free(sorted);
    return result;
}

/* The oldest goes first: whatever a crash leaves has no gap. */
int sl_log_release(struct sl_log *log, uint64_t number, struct sl_error *error)
{
    const struct sl_storage_calls *calls = log->storage->calls;
    size_t gone = 0;
    int result = sl_log_alive(log, error);
    if (result < 0)
        return -1;
    while (gone + 1 < log->segment_count && log->segments[gone + 1].first <= number) {
        sl_storage_name name;
        sl_segment_name(name, log->segments[gone].first);
        result = calls->remove(log->storage, name, error);
        if (result < 0)
            break;
        free(log->segments[gone++].marks);
    }
    if (gone == 0)
        return result;
    log->segment_count -= gone;
    memmove(log->segments, log->segments + gone, log->segment_count * sizeof *log->segments);
    log->generation++;
    struct sl_error sync_error;
    if (calls->sync_folder(log->storage, &sync_error) < 0) {
        *error = sync_error;
        return sl_log_die(log, error);
    }
    return result;
}
