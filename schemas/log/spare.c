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

static const char spare_name[] = "spare";

void sl_log_spare_close(struct sl_log *log)
{
    struct sl_error ignored; /* of a file that is not used */
    if (log->spare.syncing != 0)
        (void)log->storage->calls->sync_beside(log->storage, log->spare.file, true, &ignored);
    if (log->spare.file >= 0)
        log->storage->calls->close(log->storage, log->spare.file);
    log->spare = (struct sl_log_spare){.file = -1};
}

int sl_log_spare_discard(struct sl_log *log, struct sl_error *error)
{
    sl_storage_name *names = NULL;
    size_t count = 0;
    sl_log_spare_close(log);
    int result = log->storage->calls->list(log->storage, &names, &count, error);
    for (size_t i = 0; i < count && result == 0; i++) {
        if (sl_bytes_is(sl_text(names[i]), spare_name))
            result = log->storage->calls->remove(log->storage, spare_name, error);
    }
    free(names);
    return result;
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

static int step(struct sl_log *log, uint64_t size, struct sl_error *error)
{
    struct sl_log_spare *spare = &log->spare;
    if (spare->file < 0) {
        if (log->storage->calls->create(log->storage, spare_name, &spare->file, error) < 0) {
            spare->file = -1;
            return -1;
        }
        spare->bytes = log->segment_bytes;
    }
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
        if (more > 0 && log->spare.syncing != 0)
            more = spare_sync(log, true, error) < 0 ? -1 : (is_ready(log) ? 0 : 1);
    }
    return more;
}

/* The head goes in while the file has no name of a segment yet. */
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
    const struct sl_storage_calls *calls = log->storage->calls;
    sl_storage_name name;
    sl_segment_name(name, first);
    if (calls->rename(log->storage, spare_name, name, error) < 0)
        return error->code == SL_FULL ? -1 : sl_log_die(log, error);
    return calls->sync_folder(log->storage, error) < 0 ? sl_log_die(log, error) : 0;
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
