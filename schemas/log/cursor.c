/* Walking through one segment, with a window that reads ahead the more the straighter it goes. */
#include <assert.h>

#include "schemas/log/state.h"

enum { AHEAD_LEAST = 8 * 1024, AHEAD_MOST = 256 * 1024 };

/* The item at `offset` continues what came before: number by number, write by write. */
static bool continues(const struct sl_cursor *cursor, const struct sl_item *item)
{
    uint64_t number = item->record.number;
    if (item->seal)
        return cursor->number == 0 || number + 1 == cursor->number;
    if (cursor->number != 0 && number != cursor->number)
        return false;
    return cursor->began == 0 || item->began == cursor->began || item->began == number;
}

int sl_cursor_open(struct sl_cursor *cursor, struct sl_log *log, uint64_t first,
                   struct sl_error *error)
{
    uint8_t bytes[SL_SEGMENT_HEAD];
    size_t got = 0;
    sl_storage_name name;
    const struct sl_storage_calls *calls = log->storage->calls;
    sl_cursor_close(cursor);
    sl_segment_name(name, first);
    cursor->log = log;
    int opened = calls->open(log->storage, name, &cursor->file, error);
    if (opened < 0 && first == log->unnamed)
        opened = calls->open(log->storage, sl_log_spare_name, &cursor->file, error);
    if (opened < 0) {
        cursor->file = -1;
        return -1;
    }
    if (calls->read(log->storage, cursor->file, 0, bytes, sizeof bytes, &got, error) < 0)
        return -1;
    const char *wrong = got < sizeof bytes ? "the segment's head is cut off"
                                           : sl_segment_head_read(bytes, &cursor->head);
    if (wrong == NULL && cursor->head.first != first)
        wrong = "the segment's head belongs to another segment";
    if (wrong != NULL)
        return sl_log_damaged(log, first, 0, wrong, error);
    cursor->key = sl_segment_key(&cursor->head);
    cursor->limit = cursor->head.bytes;
    sl_cursor_move(cursor, SL_SEGMENT_HEAD, first);
    return 0;
}

void sl_cursor_close(struct sl_cursor *cursor)
{
    if (cursor->log != NULL && cursor->file >= 0)
        cursor->log->storage->calls->close(cursor->log->storage, cursor->file);
    cursor->file = -1;
    sl_cursor_forget(cursor);
}

void sl_cursor_free(struct sl_cursor *cursor)
{
    sl_cursor_close(cursor);
    sl_buffer_free(&cursor->window);
}

void sl_cursor_move(struct sl_cursor *cursor, uint64_t offset, uint64_t number)
{
    cursor->offset = offset;
    cursor->number = number;
    cursor->began = 0;
}

void sl_cursor_forget(struct sl_cursor *cursor)
{
    sl_buffer_clear(&cursor->window);
    cursor->ahead = 0;
}

/* What the window has from the cursor on. */
static struct sl_bytes in_window(const struct sl_cursor *cursor)
{
    if (cursor->offset < cursor->window_at ||
        cursor->offset - cursor->window_at >= cursor->window.size)
        return sl_bytes(NULL, 0);
    size_t skip = (size_t)(cursor->offset - cursor->window_at);
    return sl_bytes(cursor->window.data + skip, cursor->window.size - skip);
}

/* Reads a window that begins at the cursor: `wanted` bytes, or up to the limit, or the file's end.
 */
static int fill(struct sl_cursor *cursor, size_t wanted, struct sl_error *error)
{
    struct sl_log *log = cursor->log;
    uint64_t left = cursor->limit - cursor->offset;
    bool straight = cursor->ahead > 0 && cursor->offset >= cursor->window_at &&
                    cursor->offset <= cursor->window_at + cursor->window.size;
    size_t size = straight && cursor->ahead < AHEAD_MOST ? cursor->ahead * 2
                  : straight                             ? AHEAD_MOST
                                                         : AHEAD_LEAST;
    cursor->ahead = size;
    size = size < wanted ? wanted : size;
    size = size > left ? (size_t)left : size;
    sl_buffer_clear(&cursor->window);
    uint8_t *out = sl_buffer_extend(&cursor->window, size);
    size_t got = 0;
    int result = log->storage->calls->read(log->storage, cursor->file, cursor->offset, out, size,
                                           &got, error);
    cursor->window_at = cursor->offset;
    cursor->window.size = result < 0 ? 0 : got;
    return result;
}

/* What an item is of which the file has only the beginning: what is missing counts as zeros. */
static enum sl_found cut_off(struct sl_bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.data[i] != 0)
            return SL_FOUND_BAD;
    }
    return SL_FOUND_END;
}

int sl_cursor_next(struct sl_cursor *cursor, struct sl_item *item, enum sl_found *found,
                   struct sl_error *error)
{
    assert(cursor->offset <= cursor->limit);
    /* Too little left for anything is the end, as zeros are. */
    *found = SL_FOUND_END;
    if (cursor->limit - cursor->offset < SL_RECORD_HEAD)
        return 0;
    struct sl_bytes bytes = in_window(cursor);
    *found = sl_item_read(item, cursor->key, bytes);
    while (*found == SL_FOUND_MORE && item->size <= cursor->limit - cursor->offset) {
        size_t wanted = item->size;
        if (fill(cursor, wanted, error) < 0)
            return -1;
        bytes = in_window(cursor);
        *found = sl_item_read(item, cursor->key, bytes);
        if (*found == SL_FOUND_MORE && bytes.size < wanted)
            *found = cut_off(bytes);
    }
    if (*found == SL_FOUND_MORE || (*found == SL_FOUND && !continues(cursor, item)))
        *found = SL_FOUND_BAD;
    if (*found != SL_FOUND)
        return 0;
    cursor->offset += item->size;
    if (!item->seal) {
        cursor->number = item->record.number + 1;
        cursor->began = item->began;
    }
    return 0;
}
