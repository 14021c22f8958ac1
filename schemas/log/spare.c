/*
 * The next segment, made ahead. It is written full of zeros, so that records only overwrite: a sync
 * then changes no metadata, and no disk can be full. It grows in step with the current segment, so
 * that it is ready in time, and nobody waits for all of it at once; its syncs, which change
 * metadata and so take long, go beside those of the log.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/log/state.h"

enum { SYNC_EACH = 1024 * 1024, STEP_LEAST = 16 * 1024, STEP_MOST = 1024 * 1024 };

const char sl_log_spare_name[] = "spare";

void sl_log_spare_close(struct sl_log *log)
{
    struct sl_error ignored; /* of a file that is not used; without its name it is found as well */
    if (log->naming)
        (void)log->storage->calls->sync_folder_beside(log->storage, true, &ignored);
    log->naming = false;
    if (log->spare.syncing != 0)
        (void)log->storage->calls->sync_beside(log->storage, log->spare.file, true, &ignored);
    if (log->spare.file >= 0)
        log->storage->calls->close(log->storage, log->spare.file);
    log->spare = (struct sl_log_spare){.file = -1};
}

/* Is there a file of that name? 1 or 0, or -1. */
static int is_there(struct sl_log *log, struct sl_error *error)
{
    sl_storage_name *names = NULL;
    size_t count = 0;
    int result = log->storage->calls->list(log->storage, &names, &count, error);
    for (size_t i = 0; i < count && result == 0; i++)
        result = sl_bytes_is(sl_text(names[i]), sl_log_spare_name) ? 1 : 0;
    free(names);
    return result;
}

int sl_log_spare_discard(struct sl_log *log, struct sl_error *error)
{
    sl_log_spare_close(log);
    int result = is_there(log, error);
    return result == 1 ? log->storage->calls->remove(log->storage, sl_log_spare_name, error)
                       : result;
}

static int read_start(struct sl_log *log, uint8_t *out, size_t size, size_t *got,
                      struct sl_error *error)
{
    const struct sl_storage_calls *calls = log->storage->calls;
    int file = -1;
    if (calls->open(log->storage, sl_log_spare_name, &file, error) < 0)
        return -1;
    int result = calls->read(log->storage, file, 0, out, size, got, error);
    calls->close(log->storage, file);
    return result;
}

int sl_log_spare_head(struct sl_log *log, struct sl_segment_head *out, struct sl_error *error)
{
    static const uint8_t zeros[SL_RECORD_HEAD];
    uint8_t start[SL_SEGMENT_HEAD + SL_RECORD_HEAD];
    size_t got = 0;
    int result = is_there(log, error);
    if (result != 1 || (result = read_start(log, start, sizeof start, &got, error)) < 0)
        return result;
    if (got < sizeof start || memcmp(start, zeros, sizeof zeros) == 0)
        return 0;
    if (sl_segment_head_read(start, out) == NULL)
        return 1;
    if (memcmp(start + SL_SEGMENT_HEAD, zeros, sizeof zeros) == 0)
        return 0; /* a crash tore the head: nothing came behind it */
    return sl_fail(error, SL_DAMAGED, "%s: %s: it has records and no head", log->name,
                   sl_log_spare_name);
}

/* Where there was no room at the sync, nobody knows which zeros have any: all are written again. */
static int spare_failed(struct sl_log *log, struct sl_error *error)
{
    log->spare.written = 0;
    log->spare.synced = 0;
    log->spare.syncing = 0;
    return error->code == SL_FULL ? -1 : sl_log_die(log, error);
}

/* Begins a sync of what was written, or looks how the one goes that was begun. */
static int spare_sync(struct sl_log *log, bool wait, struct sl_error *error)
{
    struct sl_log_spare *spare = &log->spare;
    if (spare->syncing == 0)
        spare->syncing = spare->written;
    int result = log->storage->calls->sync_beside(log->storage, spare->file, wait, error);
    if (result < 0)
        return spare_failed(log, error);
    if (result == 0) {
        spare->synced = spare->syncing;
        spare->syncing = 0;
    }
    return 0;
}

static int spare_write(struct sl_log *log, uint64_t size, struct sl_error *error)
{
    static const uint8_t zeros[64 * 1024];
    struct sl_log_spare *spare = &log->spare;
    uint64_t until = spare->written + size < spare->bytes ? spare->written + size : spare->bytes;
    while (spare->written < until) {
        size_t part = until - spare->written < sizeof zeros ? (size_t)(until - spare->written)
                                                            : sizeof zeros;
        if (log->storage->calls->write(log->storage, spare->file, spare->written, zeros, part,
                                       error) < 0)
            return -1;
        spare->written += part;
    }
    return 0;
}

/* Twice as far as the current segment is used, and a little more: it is ready by the half of it. */
static uint64_t step_size(const struct sl_log *log)
{
    uint64_t used = 2 * (log->end + log->buffer.size);
    uint64_t behind = used > log->spare.written ? used - log->spare.written : 0;
    return behind + STEP_LEAST < STEP_MOST ? behind + STEP_LEAST : STEP_MOST;
}

/* Where there was no room, a spare is made anew, and a segment's name is synced once more: until
 * then it is found as the spare that it was. */
static int name_failed(struct sl_log *log, struct sl_error *error)
{
    struct sl_error failure = {0};
    if (error->code != SL_FULL)
        return sl_log_die(log, error);
    log->naming = log->spare.file < 0;
    if (log->naming)
        return -1;
    log->storage->calls->close(log->storage, log->spare.file);
    log->spare = (struct sl_log_spare){.file = -1};
    if (log->storage->calls->remove(log->storage, sl_log_spare_name, &failure) < 0) {
        *error = failure;
        return sl_log_die(log, error);
    }
    return -1;
}

/* Looks how the folder's sync goes that keeps a name: the spare's, or the current segment's. */
static int name(struct sl_log *log, bool wait, struct sl_error *error)
{
    int result = log->naming ? log->storage->calls->sync_folder_beside(log->storage, wait, error)
                             : 0;
    log->naming = result > 0;
    return result < 0 ? name_failed(log, error) : result;
}

/* An empty file, the name of which is kept before it can be a segment. */
static int create(struct sl_log *log, struct sl_error *error)
{
    struct sl_log_spare *spare = &log->spare;
    if (log->storage->calls->create(log->storage, sl_log_spare_name, &spare->file, error) < 0) {
        spare->file = -1;
        return -1;
    }
    spare->bytes = log->segment_bytes;
    log->naming = true;
    return 0;
}

static int step(struct sl_log *log, uint64_t size, struct sl_error *error)
{
    struct sl_log_spare *spare = &log->spare;
    int naming = name(log, false, error);
    if (naming == 0 && spare->file < 0)
        naming = create(log, error) < 0 ? -1 : name(log, false, error);
    if (naming != 0)
        return naming;
    if (spare->syncing != 0 && spare_sync(log, false, error) < 0)
        return -1;
    if (spare_write(log, size, error) < 0)
        return -1;
    bool due = spare->written == spare->bytes || spare->written - spare->synced >= SYNC_EACH;
    if (due && spare->syncing == 0 && spare->synced < spare->bytes &&
        spare_sync(log, false, error) < 0)
        return -1;
    return spare->synced == spare->bytes ? 0 : 1;
}

static bool is_ready(const struct sl_log *log)
{
    return log->spare.file >= 0 && log->spare.synced == log->spare.bytes;
}

int sl_log_step(struct sl_log *log, struct sl_error *error)
{
    if (sl_log_alive(log, error) < 0)
        return -1;
    return is_ready(log) ? 0 : step(log, step_size(log), error);
}

int sl_log_spare_finish(struct sl_log *log, struct sl_error *error)
{
    int more = is_ready(log) ? 0 : 1;
    while (more > 0) {
        more = step(log, STEP_MOST, error);
        if (more > 0 && log->naming)
            more = name(log, true, error) < 0 ? -1 : 1;
        else if (more > 0 && log->spare.syncing != 0)
            more = spare_sync(log, true, error) < 0 ? -1 : (is_ready(log) ? 0 : 1);
    }
    return more;
}

/* The head is on stable storage before any record goes in: with it the file is the next segment,
 * whether a crash finds its name or not. */
static int write_head(struct sl_log *log, const struct sl_segment_head *head,
                      struct sl_error *error)
{
    uint8_t bytes[SL_SEGMENT_HEAD];
    sl_segment_head_write(bytes, head);
    if (log->storage->calls->write(log->storage, log->spare.file, 0, bytes, sizeof bytes, error) <
        0)
        return -1;
    return log->storage->calls->sync(log->storage, log->spare.file, error) < 0
               ? spare_failed(log, error)
               : 0;
}

static int give_name(struct sl_log *log, uint64_t first, struct sl_error *error)
{
    sl_storage_name segment;
    sl_segment_name(segment, first);
    if (log->storage->calls->rename(log->storage, sl_log_spare_name, segment, error) < 0)
        return error->code == SL_FULL ? -1 : sl_log_die(log, error);
    log->naming = true;
    return name(log, false, error) < 0 ? -1 : 0;
}

int sl_log_spare_use(struct sl_log *log, struct sl_error *error)
{
    struct sl_segment_head head = {.tree = log->head.tree,
                                   .first = log->last + 1,
                                   .bytes = log->spare.bytes,
                                   .frontier = log->tree};
    assert(log->last == log->synced && log->spare.synced == log->spare.bytes);
    memcpy(head.identity, log->head.identity, sizeof head.identity);
    log->random(log->random_context, head.seed, sizeof head.seed);
    if (write_head(log, &head, error) < 0 || give_name(log, head.first, error) < 0)
        return -1;
    if (log->file >= 0)
        log->storage->calls->close(log->storage, log->file);
    log->file = log->spare.file;
    log->spare = (struct sl_log_spare){.file = -1};
    log->head = head;
    log->key = sl_segment_key(&head);
    log->end = SL_SEGMENT_HEAD;
    (void)sl_log_add_segment(log, head.first);
    return 0;
}
