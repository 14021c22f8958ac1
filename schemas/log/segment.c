#include "schemas/log/segment.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/limits.h"
#include "schemas/log/crc32c.h"

static const char magic[8] = {'s', 'a', 'm', 'e', 'n', 'l', 'o', 'g'};

enum {
    FORMAT = 1,
    HEAD_FRONTIER = 64,
    HEAD_CRC = SL_SEGMENT_HEAD - 4,
    COVERED = SL_ERASED_AT + 1, /* a record's CRC begins here */
    CONTENT_CRC = 4,
    LEVELS = 64,
};

/* ---------------------------------------------------------------- segments */

void sl_segment_name(sl_storage_name out, uint64_t first)
{
    (void)snprintf(out, SL_STORAGE_NAME, "%020" PRIu64 ".log", first);
}

bool sl_segment_named(const char *name, uint64_t *first)
{
    sl_storage_name again;
    if (strlen(name) != 24 || strspn(name, "0123456789") != 20)
        return false;
    *first = strtoull(name, NULL, 10);
    sl_segment_name(again, *first);
    return strcmp(name, again) == 0 && *first > 0;
}

void sl_segment_head_write(uint8_t out[SL_SEGMENT_HEAD], const struct sl_segment_head *head)
{
    memset(out, 0, SL_SEGMENT_HEAD);
    memcpy(out, magic, sizeof magic);
    sl_put32(out + 8, FORMAT);
    sl_put32(out + 12, head->tree ? 1 : 0);
    memcpy(out + 16, head->identity, SL_LOG_ID_SIZE);
    memcpy(out + 32, head->seed, SL_SEED);
    sl_put64(out + 48, head->first);
    sl_put64(out + 56, head->bytes);
    for (int level = 0; level < LEVELS; level++) {
        if ((head->frontier.size >> level & 1) != 0)
            memcpy(out + HEAD_FRONTIER + level * SL_HASH_SIZE, head->frontier.roots[level],
                   SL_HASH_SIZE);
    }
    sl_put32(out + HEAD_CRC, sl_crc32c(0, out, HEAD_CRC));
}

const char *sl_segment_head_read(const uint8_t in[SL_SEGMENT_HEAD], struct sl_segment_head *head)
{
    if (memcmp(in, magic, sizeof magic) != 0 ||
        sl_get32(in + HEAD_CRC) != sl_crc32c(0, in, HEAD_CRC))
        return "the segment's head is damaged";
    if (sl_get32(in + 8) != FORMAT)
        return "the segment's format is not known to this version";
    *head = (struct sl_segment_head){
        .tree = sl_get32(in + 12) != 0, .first = sl_get64(in + 48), .bytes = sl_get64(in + 56)};
    memcpy(head->identity, in + 16, SL_LOG_ID_SIZE);
    memcpy(head->seed, in + 32, SL_SEED);
    head->frontier.size = head->tree ? head->first - 1 : 0;
    memcpy(head->frontier.roots, in + HEAD_FRONTIER, sizeof head->frontier.roots);
    if (head->first == 0 || head->bytes < SL_LOG_SEGMENT_MIN || head->bytes > SL_LOG_SEGMENT_MAX)
        return "the segment's head is damaged";
    return NULL;
}

struct sl_segment_key sl_segment_key(const struct sl_segment_head *head)
{
    uint32_t state = sl_crc32c(0, head->identity, SL_LOG_ID_SIZE);
    return (struct sl_segment_key){head->tree, sl_crc32c(state, head->seed, SL_SEED)};
}

/* ---------------------------------------------------------------- records, written */

static size_t digest_size(bool tree, size_t content)
{
    return tree && content > 0 ? SL_HASH_SIZE : 0;
}

static size_t erasable_size(bool tree, size_t content)
{
    return content == 0 ? 0 : CONTENT_CRC + (tree ? (size_t)SL_SALT : 0) + content;
}

size_t sl_record_size(bool tree, size_t kept, size_t content)
{
    return SL_RECORD_HEAD + kept + digest_size(tree, content) + erasable_size(tree, content);
}

static void write_head(uint8_t *out, uint16_t kind, struct sl_entry entry, uint64_t number,
                       uint64_t began)
{
    memset(out, 0, SL_RECORD_HEAD);
    out[6] = (uint8_t)kind;
    out[7] = (uint8_t)(kind >> 8);
    sl_put32(out + 8, (uint32_t)entry.kept.size);
    sl_put32(out + 12, (uint32_t)entry.content.size);
    sl_put64(out + 16, number);
    sl_put64(out + 24, began);
}

static void write_bytes(uint8_t *out, struct sl_bytes bytes)
{
    if (bytes.size > 0)
        memcpy(out, bytes.data, bytes.size);
}

void sl_record_write(uint8_t *out, struct sl_crypto *crypto, struct sl_segment_key key,
                     const struct sl_entry *entry, uint64_t number, uint64_t began,
                     const uint8_t *salt)
{
    uint8_t *digest = out + SL_RECORD_HEAD + entry->kept.size;
    size_t covered = SL_RECORD_HEAD + entry->kept.size + digest_size(key.tree, entry->content.size);
    uint8_t *erasable = out + covered;
    size_t erasable_bytes = erasable_size(key.tree, entry->content.size);
    write_head(out, entry->kind, *entry, number, began);
    write_bytes(out + SL_RECORD_HEAD, entry->kept);
    if (erasable_bytes > 0) {
        uint8_t *content = erasable + erasable_bytes - entry->content.size;
        write_bytes(content, entry->content);
        if (key.tree) {
            memcpy(erasable + CONTENT_CRC, salt, SL_SALT);
            struct sl_bytes hidden = sl_bytes(erasable + CONTENT_CRC, erasable_bytes - CONTENT_CRC);
            sl_sha256(crypto, digest, &hidden, 1);
        }
        sl_put32(erasable,
                 sl_crc32c(key.state, erasable + CONTENT_CRC, erasable_bytes - CONTENT_CRC));
    }
    sl_put32(out, sl_crc32c(key.state, out + COVERED, covered - COVERED));
}

void sl_seal_write(uint8_t out[SL_SEAL], struct sl_segment_key key, uint64_t number)
{
    write_head(out, 0, (struct sl_entry){0}, number, number);
    sl_put32(out, sl_crc32c(key.state, out + COVERED, SL_SEAL - COVERED));
}

/* ---------------------------------------------------------------- records, read */

static bool all_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

/* Takes the fields over; false when they cannot be. */
static bool read_fields(struct sl_item *item, bool tree, const uint8_t *in)
{
    size_t kept = sl_get32(in + 8);
    size_t content = sl_get32(in + 12);
    uint8_t mark = in[SL_ERASED_AT];
    *item = (struct sl_item){.began = sl_get64(in + 24), .size = SL_RECORD_HEAD};
    item->record.number = sl_get64(in + 16);
    item->record.kind = (uint16_t)(in[6] | in[7] << 8);
    item->record.erased = mark == SL_ERASED;
    item->seal = item->record.kind == 0;
    if ((mark != 0 && mark != SL_ERASED) || item->record.number == 0 || item->began == 0 ||
        item->began > item->record.number || kept > SL_MAX_RECORD || content > SL_MAX_RECORD - kept)
        return false;
    item->size = sl_record_size(tree, kept, content);
    item->erasable = erasable_size(tree, content);
    item->record.kept = sl_bytes(in + SL_RECORD_HEAD, kept);
    item->record.digest = sl_bytes(in + SL_RECORD_HEAD + kept, digest_size(tree, content));
    if (item->seal)
        return kept + content == 0 && mark == 0 && item->began == item->record.number;
    return content > 0 || mark == 0;
}

enum sl_found sl_item_read_head(struct sl_item *item, struct sl_segment_key key,
                                struct sl_bytes bytes)
{
    if (bytes.size < SL_RECORD_HEAD) {
        item->size = SL_RECORD_HEAD;
        return SL_FOUND_MORE;
    }
    if (!read_fields(item, key.tree, bytes.data))
        return all_zero(bytes.data, SL_RECORD_HEAD) ? SL_FOUND_END : SL_FOUND_BAD;
    size_t covered = item->size - item->erasable;
    if (bytes.size < covered)
        return SL_FOUND_MORE;
    uint32_t crc = sl_crc32c(key.state, bytes.data + COVERED, covered - COVERED);
    return crc == sl_get32(bytes.data) ? SL_FOUND : SL_FOUND_BAD;
}

enum sl_found sl_item_read(struct sl_item *item, struct sl_segment_key key, struct sl_bytes bytes)
{
    enum sl_found found = sl_item_read_head(item, key, bytes);
    if (found != SL_FOUND || item->erasable == 0 ||
        (item->record.erased && bytes.size >= item->size))
        return found;
    if (bytes.size < item->size)
        return SL_FOUND_MORE;
    const uint8_t *erasable = bytes.data + item->size - item->erasable;
    struct sl_bytes hidden = sl_bytes(erasable + CONTENT_CRC, item->erasable - CONTENT_CRC);
    if (sl_get32(erasable) != sl_crc32c(key.state, hidden.data, hidden.size))
        return SL_FOUND_BAD;
    size_t salt = key.tree ? SL_SALT : 0;
    item->record.salt = sl_bytes(hidden.data, salt);
    item->record.content = sl_bytes(hidden.data + salt, hidden.size - salt);
    return SL_FOUND;
}

void sl_record_leaf(struct sl_crypto *crypto, const struct sl_record *record, sl_hash out)
{
    uint8_t fixed[17] = {0}; /* the 00 of a leaf, number, kind, size of kept */
    sl_put64(fixed + 1, record->number);
    sl_put32(fixed + 9, record->kind);
    sl_put32(fixed + 13, (uint32_t)record->kept.size);
    struct sl_bytes pieces[] = {sl_bytes(fixed, sizeof fixed), record->kept, record->digest};
    sl_sha256(crypto, out, pieces, 3);
}
