/*
 * What is in a log when it is opened.
 *
 * Only the last segment is read. Its items are taken as long as they are valid; the first that is
 * not may be where a crash tore the last write, or where synced bytes were damaged. A write of
 * several sectors can lose its beginning and keep its end, so that whole records follow proves
 * nothing. But whatever was written after the sync of record n proves that n was there: a seal of n
 * or a later one, or a record of which the write began behind n. If such a thing stands anywhere
 * behind the bad place it is damage, and refused; otherwise nobody was told of what is lost, and it
 * is cut: overwritten with zeros, so that nothing of it can ever be taken for a record again.
 *
 * The newest segment may have lost its name to the crash: it is the spare then, with a head.
 */
#include <stdlib.h>
#include <string.h>

#include "schemas/log/state.h"

/* ---------------------------------------------------------------- the folder */

static int by_first(const void *a, const void *b)
{
    uint64_t one = ((const struct sl_log_segment *)a)->first;
    uint64_t other = ((const struct sl_log_segment *)b)->first;
    return (one > other) - (one < other);
}

/* Moves what is known of a segment to its place in the new list. */
static void keep_marks(struct sl_log *log, struct sl_log_segment *segment)
{
    for (size_t i = 0; i < log->segment_count; i++) {
        struct sl_log_segment *old = &log->segments[i];
        if (old->first == segment->first) {
            *segment = *old;
            old->marks = NULL;
        }
    }
}

/* Takes the list of segments over. A log that had some must not be left with none. */
static int take_list(struct sl_log *log, struct sl_error *error)
{
    sl_storage_name *names = NULL;
    size_t count = 0;
    size_t found = 0;
    if (log->storage->calls->list(log->storage, &names, &count, error) < 0) {
        free(names);
        return -1;
    }
    struct sl_log_segment *segments = sl_new(count + 1, sizeof *segments);
    for (size_t i = 0; i < count; i++) {
        if (sl_segment_named(names[i], &segments[found].first))
            keep_marks(log, &segments[found++]);
    }
    free(names);
    if (log->unnamed != 0 && (found == 0 || segments[found - 1].first != log->unnamed))
        segments[found++].first = log->unnamed;
    if (found > 0)
        qsort(segments, found, sizeof *segments, by_first);
    for (size_t i = 0; i < log->segment_count; i++)
        free(log->segments[i].marks);
    free(log->segments);
    log->segments = segments;
    log->segment_count = found;
    log->segment_capacity = count + 1;
    log->generation++;
    return 0;
}

/* ---------------------------------------------------------------- the last segment's items */

/* Where a walk through the current segment stopped, and why. */
struct stop {
    enum sl_found found;
    uint64_t vouched; /* offset of the last seal, or of the first item: what is before is synced */
    bool sealed;      /* that seal is the last item */
};

static void take_record(struct sl_log *log, const struct sl_item *item, uint64_t offset)
{
    if (item->seal)
        return;
    log->last = item->record.number;
    sl_log_mark(&log->segments[log->segment_count - 1], log->last, offset);
    if (log->head.tree) {
        sl_hash leaf;
        sl_record_leaf(log->crypto, &item->record, leaf);
        sl_frontier_add(log->crypto, &log->tree, leaf);
    }
}

static int take_items(struct sl_log *log, struct sl_cursor *cursor, struct stop *stop,
                      struct sl_error *error)
{
    struct sl_item item;
    for (;;) {
        if (sl_cursor_next(cursor, &item, &stop->found, error) < 0)
            return -1;
        if (stop->found != SL_FOUND)
            return 0;
        take_record(log, &item, log->end);
        stop->sealed = item.seal;
        if (item.seal)
            stop->vouched = log->end;
        log->end = cursor->offset;
    }
}

/* ---------------------------------------------------------------- the tail behind them */

/* Does anything here prove that record `lost` was on stable storage? */
static bool proves_loss(struct sl_segment_key key, struct sl_bytes tail, uint64_t lost)
{
    struct sl_item item;
    uint64_t most = lost + SL_LOG_SEGMENT_MAX / SL_RECORD_HEAD; /* no segment has more records */
    for (; tail.size >= SL_RECORD_HEAD; tail.data++, tail.size--) {
        uint64_t number = sl_get64(tail.data + 16);
        if (number >= lost && number < most && sl_item_read_head(&item, key, tail) == SL_FOUND &&
            (item.seal || item.began > lost))
            return true;
    }
    return false;
}

static int write_zeros(struct sl_log *log, uint64_t from, uint64_t to, struct sl_error *error)
{
    static const uint8_t zeros[64 * 1024];
    for (uint64_t at = from; at < to; at += sizeof zeros) {
        size_t size = to - at < sizeof zeros ? (size_t)(to - at) : sizeof zeros;
        if (log->storage->calls->write(log->storage, log->file, at, zeros, size, error) < 0)
            return -1;
    }
    return 0;
}

/* Reads all behind log->end. */
static int read_tail(struct sl_log *log, struct sl_buffer *tail, struct sl_error *error)
{
    size_t size = (size_t)(log->head.bytes - log->end);
    size_t got = 0;
    sl_buffer_clear(tail);
    uint8_t *out = sl_buffer_extend(tail, size);
    int result = log->storage->calls->read(log->storage, log->file, log->end, out, size, &got,
                                           error);
    tail->size = got;
    return result;
}

/* How much of the tail there is up to its last byte that is not zero. */
static size_t used(const struct sl_buffer *tail)
{
    static const uint8_t zeros[4096];
    size_t size = tail->size;
    while (size >= sizeof zeros &&
           memcmp(tail->data + size - sizeof zeros, zeros, sizeof zeros) == 0)
        size -= sizeof zeros;
    while (size > 0 && tail->data[size - 1] == 0)
        size--;
    return size;
}

/*
 * Looks at the tail. For writing it is all zeros afterwards, up to the segment's full size. For
 * reading, *again says that the item at the end is good by now: the writer was writing it.
 */
static int settle_tail(struct sl_log *log, struct sl_cursor *cursor, bool *again,
                       struct sl_error *error)
{
    struct sl_buffer tail = {0};
    struct sl_item item;
    enum sl_found found = SL_FOUND_BAD;
    *again = false;
    int result = read_tail(log, &tail, error);
    size_t dirty = used(&tail);
    if (result == 0 && dirty > 0 && proves_loss(log->key, sl_buffer_bytes(&tail), log->last + 1)) {
        sl_cursor_forget(cursor);
        if (log->read_only)
            result = sl_cursor_next(cursor, &item, &found, error);
        sl_cursor_move(cursor, log->end, log->last + 1);
        *again = found == SL_FOUND;
        if (result == 0 && !*again)
            result = sl_log_damaged(log, log->head.first, log->end,
                                    "a damaged record, and later ones behind it", error);
    } else if (result == 0 && !log->read_only) {
        result = write_zeros(log, log->end, log->end + dirty, error);
        if (result == 0)
            result = write_zeros(log, log->end + tail.size, log->head.bytes, error);
    }
    sl_buffer_free(&tail);
    return result;
}

/*
 * Writes what no seal vouches for once more, the last seal too. Its writer may have died of a sync
 * that failed: then all of it is read from memory, but the kernel takes it for written, and a sync
 * alone would not write it.
 */
static int rewrite(struct sl_log *log, uint64_t from, struct sl_error *error)
{
    const struct sl_storage_calls *calls = log->storage->calls;
    struct sl_buffer again = {0};
    size_t size = (size_t)(log->end - from);
    size_t got = 0;
    uint8_t *out = sl_buffer_extend(&again, size);
    int result = calls->read(log->storage, log->file, from, out, size, &got, error);
    if (result == 0 && got < size)
        result = sl_log_damaged(log, log->head.first, from, "the file became shorter", error);
    if (result == 0)
        result = calls->write(log->storage, log->file, from, out, size, error);
    sl_buffer_free(&again);
    return result;
}

/* What was found is put on stable storage, the segment's name too, and sealed. */
static int settle(struct sl_log *log, const struct stop *stop, struct sl_error *error)
{
    const struct sl_storage_calls *calls = log->storage->calls;
    uint8_t seal[SL_SEAL];
    if (rewrite(log, stop->vouched, error) < 0 || calls->sync(log->storage, log->file, error) < 0 ||
        calls->sync_folder(log->storage, error) < 0)
        return -1;
    if (stop->sealed || log->last < log->head.first)
        return 0;
    sl_seal_write(seal, log->key, log->last);
    if (calls->write(log->storage, log->file, log->end, seal, sizeof seal, error) < 0)
        return -1;
    log->end += sizeof seal;
    return 0;
}

/* ---------------------------------------------------------------- all of it */

/* Takes the newest segment as the current one, nothing of it being known. */
static void enter(struct sl_log *log, const struct sl_cursor *cursor)
{
    log->head = cursor->head;
    log->key = cursor->key;
    log->end = cursor->offset;
    log->last = cursor->head.first - 1;
    log->tree = cursor->head.frontier;
}

static int walk(struct sl_log *log, struct sl_cursor *cursor, bool refresh, struct stop *stop,
                struct sl_error *error)
{
    bool again = true;
    while (again) {
        if (take_items(log, cursor, stop, error) < 0)
            return -1;
        again = false;
        bool waits = refresh && stop->found == SL_FOUND_END; /* for its writer */
        if (!waits && settle_tail(log, cursor, &again, error) < 0)
            return -1;
    }
    return 0;
}

static int recover(struct sl_log *log, struct sl_error *error)
{
    struct sl_cursor cursor = {.file = -1};
    struct stop stop = {SL_FOUND_END, SL_SEGMENT_HEAD, false};
    uint64_t known = log->segment_count > 0 ? log->head.first : 0;
    if (take_list(log, error) < 0)
        return -1;
    if (log->segment_count == 0)
        return 0;
    uint64_t newest = log->segments[log->segment_count - 1].first;
    int result = sl_cursor_open(&cursor, log, newest, error);
    if (result == 0) {
        if (log->file >= 0)
            log->storage->calls->close(log->storage, log->file);
        log->file = cursor.file;
        if (newest == known)
            sl_cursor_move(&cursor, log->end, log->last + 1);
        else
            enter(log, &cursor);
        result = walk(log, &cursor, newest == known, &stop, error);
        cursor.file = -1; /* the log's now */
    }
    if (result == 0 && !log->read_only)
        result = settle(log, &stop, error);
    if (result == 0) {
        log->synced = log->last;
        log->tree_synced = log->tree;
    }
    sl_cursor_free(&cursor);
    return result;
}

/* Is this the head of the segment after the newest? One with a lower number was written when there
 * was no room for the name; records have come since then. */
static int follows(const struct sl_log *log, const struct sl_segment_head *head,
                   struct sl_error *error)
{
    if (log->segment_count == 0)
        return 1;
    if (memcmp(head->identity, log->head.identity, sizeof head->identity) != 0 ||
        head->tree != log->head.tree || head->first <= log->last)
        return 0;
    if (head->first == log->last + 1)
        return 1;
    return log->read_only ? 0 /* there are more by now */
                          : sl_log_damaged(log, log->head.first, log->end,
                                           "records are missing before the next segment", error);
}

/* Writes the head once more: it may have been read from memory alone, as what rewrite writes. */
static int write_head(struct sl_log *log, const struct sl_segment_head *head,
                      struct sl_error *error)
{
    const struct sl_storage_calls *calls = log->storage->calls;
    uint8_t bytes[SL_SEGMENT_HEAD];
    int file = -1;
    sl_segment_head_write(bytes, head);
    if (calls->open(log->storage, sl_log_spare_name, &file, error) < 0)
        return -1;
    int result = calls->write(log->storage, file, 0, bytes, sizeof bytes, error);
    if (result == 0)
        result = calls->sync(log->storage, file, error);
    calls->close(log->storage, file);
    return result;
}

/* Gives the newest segment the name that a crash has lost, or knows it without. */
static int name_newest(struct sl_log *log, const struct sl_segment_head *head,
                       struct sl_error *error)
{
    const struct sl_storage_calls *calls = log->storage->calls;
    sl_storage_name name;
    sl_segment_name(name, head->first);
    if (log->read_only) {
        log->unnamed = head->first;
        return 0;
    }
    if (write_head(log, head, error) < 0 ||
        calls->rename(log->storage, sl_log_spare_name, name, error) < 0)
        return -1;
    return calls->sync_folder(log->storage, error);
}

int sl_log_recover(struct sl_log *log, struct sl_error *error)
{
    struct sl_segment_head head;
    if (recover(log, error) < 0)
        return -1;
    int result = sl_log_spare_head(log, &head, error);
    if (result == 1)
        result = follows(log, &head, error);
    if (result != 1)
        return result;
    return name_newest(log, &head, error) < 0 ? -1 : recover(log, error);
}
