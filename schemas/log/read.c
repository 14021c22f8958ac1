/* Reading records: as a stream, by number, and the tree over them. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/log/state.h"

struct sl_log_reader {
    struct sl_log *log;
    struct sl_cursor cursor;
    size_t segment;      /* that the cursor is in */
    uint64_t generation; /* of the log, when it went there; 0: it is nowhere */
    uint64_t next;
};

/* ---------------------------------------------------------------- segments and their marks */

struct sl_log_segment *sl_log_add_segment(struct sl_log *log, uint64_t first)
{
    log->segments = sl_grow(log->segments, &log->segment_capacity, log->segment_count + 1,
                            sizeof *log->segments);
    struct sl_log_segment *segment = &log->segments[log->segment_count++];
    *segment = (struct sl_log_segment){.first = first};
    return segment;
}

size_t sl_log_segment_of(const struct sl_log *log, uint64_t number)
{
    size_t low = 0;
    for (size_t high = log->segment_count; high - low > 1;) {
        size_t middle = low + (high - low) / 2;
        if (log->segments[middle].first <= number)
            low = middle;
        else
            high = middle;
    }
    return low;
}

void sl_log_mark(struct sl_log_segment *segment, uint64_t number, uint64_t offset)
{
    uint64_t place = number - segment->first;
    if (place % SL_LOG_STRIDE != 0 || place / SL_LOG_STRIDE != segment->mark_count)
        return;
    segment->marks = sl_grow(segment->marks, &segment->mark_capacity, segment->mark_count + 1,
                             sizeof *segment->marks);
    segment->marks[segment->mark_count++] = (uint32_t)offset;
}

/* ---------------------------------------------------------------- a reader's way */

struct sl_log_reader *sl_log_reader_new(struct sl_log *log, uint64_t from)
{
    struct sl_log_reader *reader = sl_new(1, sizeof *reader);
    reader->log = log;
    reader->cursor.file = -1;
    reader->next = from;
    return reader;
}

void sl_log_reader_free(struct sl_log_reader *reader)
{
    if (reader == NULL)
        return;
    sl_cursor_free(&reader->cursor);
    free(reader);
}

/* Goes to the beginning of a segment. */
static int enter(struct sl_log_reader *reader, size_t segment, struct sl_error *error)
{
    struct sl_log *log = reader->log;
    uint64_t first = log->segments[segment].first;
    reader->generation = 0;
    if (sl_cursor_open(&reader->cursor, log, first, error) < 0)
        return -1;
    if (memcmp(reader->cursor.head.identity, log->head.identity, SL_LOG_ID_SIZE) != 0 ||
        reader->cursor.head.tree != log->head.tree)
        return sl_log_damaged(log, first, 0, "the segment belongs to another log", error);
    reader->segment = segment;
    reader->generation = log->generation;
    return 0;
}

/* Goes to the last known place at or before `number`, in its segment. */
static int seek(struct sl_log_reader *reader, uint64_t number, struct sl_error *error)
{
    struct sl_log *log = reader->log;
    size_t at = sl_log_segment_of(log, number);
    const struct sl_log_segment *segment = &log->segments[at];
    struct sl_cursor *cursor = &reader->cursor;
    bool here = reader->generation == log->generation && reader->segment == at;
    if (!here && enter(reader, at, error) < 0)
        return -1;
    uint64_t stride = (number - segment->first) / SL_LOG_STRIDE;
    if (segment->mark_count > 0 && stride >= segment->mark_count)
        stride = segment->mark_count - 1;
    uint64_t marked = segment->first + stride * SL_LOG_STRIDE;
    if (segment->mark_count > 0 && (number < cursor->number || marked > cursor->number))
        sl_cursor_move(cursor, segment->marks[stride], marked);
    else if (number < cursor->number)
        sl_cursor_move(cursor, SL_SEGMENT_HEAD, segment->first);
    return 0;
}

/* The segment has no further record: goes on to the one after it, when that begins here. */
static int cross(struct sl_log_reader *reader, struct sl_error *error)
{
    struct sl_log *log = reader->log;
    const struct sl_cursor *cursor = &reader->cursor;
    size_t next = reader->segment + 1;
    if (next >= log->segment_count || log->segments[next].first != cursor->number)
        return sl_log_damaged(log, cursor->head.first, cursor->offset, "records are missing",
                              error);
    return enter(reader, next, error);
}

/* One item further. 1: it is a record, which begins at *offset; 0: it was something else. */
static int advance(struct sl_log_reader *reader, struct sl_item *item, uint64_t *offset,
                   struct sl_error *error)
{
    struct sl_log *log = reader->log;
    struct sl_cursor *cursor = &reader->cursor;
    enum sl_found found = SL_FOUND_END;
    bool current = reader->segment + 1 == log->segment_count;
    cursor->limit = current ? log->end : cursor->head.bytes;
    *offset = cursor->offset;
    if (sl_cursor_next(cursor, item, &found, error) < 0)
        return -1;
    /* Behind the last record of an earlier segment stands at most a seal that a crash tore. */
    bool complete = !current && log->segments[reader->segment + 1].first == cursor->number;
    if (found == SL_FOUND_BAD && !complete)
        return sl_log_damaged(log, cursor->head.first, *offset, "a damaged record", error);
    if (found != SL_FOUND)
        return cross(reader, error) < 0 ? -1 : 0;
    if (!item->seal)
        sl_log_mark(&log->segments[reader->segment], item->record.number, *offset);
    return item->seal ? 0 : 1;
}

/* The record `reader->next`, which is there. */
static int read_next(struct sl_log_reader *reader, struct sl_item *item, uint64_t *offset,
                     struct sl_error *error)
{
    bool straight = reader->generation == reader->log->generation &&
                    reader->cursor.number == reader->next;
    if (!straight && seek(reader, reader->next, error) < 0)
        return -1;
    for (;;) {
        int result = advance(reader, item, offset, error);
        if (result < 0) {
            reader->generation = 0;
            return -1;
        }
        if (result == 1 && item->record.number == reader->next)
            return 0;
    }
}

int sl_log_reader_next(struct sl_log_reader *reader, struct sl_record *out, struct sl_error *error)
{
    struct sl_item item;
    uint64_t offset = 0;
    if (reader->next < sl_log_first(reader->log))
        reader->next = sl_log_first(reader->log);
    if (reader->next > reader->log->synced)
        return 0;
    if (read_next(reader, &item, &offset, error) < 0)
        return -1;
    reader->next++;
    *out = item.record;
    return 1;
}

int sl_log_check_heads(struct sl_log *log, struct sl_error *error)
{
    struct sl_log_reader *reader = sl_log_reader_new(log, sl_log_first(log));
    int result = 0;
    for (size_t i = 0; i < log->segment_count && result == 0; i++)
        result = enter(reader, i, error);
    sl_log_reader_free(reader);
    return result;
}

/* ---------------------------------------------------------------- by number */

int sl_log_find(struct sl_log *log, uint64_t number, struct sl_log_place *out,
                struct sl_error *error)
{
    if (number < sl_log_first(log) || number > log->synced)
        return 0;
    if (log->reader == NULL)
        log->reader = sl_log_reader_new(log, number);
    log->reader->next = number;
    if (read_next(log->reader, &out->item, &out->offset, error) < 0)
        return -1;
    out->segment = log->segments[log->reader->segment].first;
    return 1;
}

int sl_log_read(struct sl_log *log, uint64_t number, struct sl_record *out, struct sl_error *error)
{
    struct sl_log_place place;
    int result = sl_log_find(log, number, &place, error);
    if (result == 1)
        *out = place.item.record;
    return result;
}

/* ---------------------------------------------------------------- the tree */

void sl_log_root(struct sl_log *log, sl_hash out)
{
    assert(log->head.tree);
    sl_frontier_root(log->crypto, &log->tree_synced, out);
}

/* Adds the leaves of records out->size + 1 to `size`. */
static int add_leaves(struct sl_log *log, uint64_t size, struct sl_frontier *out,
                      struct sl_growth *growth, struct sl_error *error)
{
    struct sl_record record;
    struct sl_log_reader *reader = sl_log_reader_new(log, out->size + 1);
    int result = 1;
    while (result == 1 && out->size < size) {
        sl_hash leaf;
        result = sl_log_reader_next(reader, &record, error);
        if (result != 1)
            break;
        sl_record_leaf(log->crypto, &record, leaf);
        sl_frontier_grow(log->crypto, out, leaf, growth);
    }
    sl_log_reader_free(reader);
    return result;
}

int sl_log_frontier(struct sl_log *log, uint64_t size, struct sl_frontier *out,
                    struct sl_error *error)
{
    assert(log->head.tree);
    if (size > log->synced || size + 1 < sl_log_first(log))
        return 0;
    *out = log->tree_synced;
    if (size == log->synced)
        return 1;
    struct sl_log_reader at = {.log = log, .cursor = {.file = -1}};
    int result = enter(&at, sl_log_segment_of(log, size + 1), error);
    *out = at.cursor.head.frontier;
    sl_cursor_free(&at.cursor);
    return result < 0 ? -1 : add_leaves(log, size, out, NULL, error);
}

/* Reads what the tree grew by since it had `size` leaves. */
static int read_growth(struct sl_log *log, uint64_t size, struct sl_error *error)
{
    struct sl_frontier tree;
    int result = sl_log_frontier(log, size, &tree, error);
    if (result != 1)
        return result;
    sl_growth_begin(&log->growth, &tree);
    return add_leaves(log, log->synced, &tree, &log->growth, error);
}

int sl_log_prove_growth(struct sl_log *log, uint64_t size, struct sl_buffer *nodes,
                        struct sl_error *error)
{
    assert(log->head.tree && log->synced == log->last);
    int result = 1;
    if (size != 0 && size != log->growth.before.size)
        result = read_growth(log, size, error);
    if (result != 1)
        return result;
    sl_growth_prove(log->crypto, &log->growth, &log->tree_synced, nodes);
    sl_growth_begin(&log->growth, &log->tree_synced);
    return 1;
}

int sl_log_leaf(struct sl_log *log, const struct sl_record *record, sl_hash out,
                struct sl_error *error)
{
    if (record->content.size > 0) {
        sl_hash digest;
        struct sl_bytes pieces[] = {record->salt, record->content};
        sl_sha256(log->crypto, digest, pieces, 2);
        if (!sl_bytes_equal(sl_bytes(digest, sizeof digest), record->digest))
            return sl_fail(error, SL_DAMAGED,
                           "%s: record %llu: the content is not that of its digest", log->name,
                           (unsigned long long)record->number);
    }
    sl_record_leaf(log->crypto, record, out);
    return 0;
}
