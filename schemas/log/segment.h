/*
 * A log's bytes. All numbers are little-endian; nothing is aligned.
 *
 * A segment is a file named by the number of its first record (20 digits, ".log"). It begins with a
 * head of 4096 bytes:
 *      0  magic "samenlog"
 *      8  u32 format, 1
 *     12  u32 1: the log has a tree, 0: it has none
 *     16  identity of the log, 16 random bytes
 *     32  seed, 16 random bytes of this segment that nobody outside knows
 *     48  u64 number of the first record
 *     56  u64 bytes of the segment
 *     64  the tree over all records before it: 64 hashes of 32 bytes, hash n where bit n of
 *         (number - 1) is set, else zeros
 *   2112  zeros
 *   4092  u32 CRC-32C of all before it
 * Records and seals follow, one behind the other, then zeros. A record:
 *      0  u32 CRC-32C, from offset 5 to the end of the digest
 *      4  u8 0, or 0xE5: erased
 *      5  u8 0
 *      6  u16 kind
 *      8  u32 bytes of the kept part
 *     12  u32 bytes of the content
 *     16  u64 number
 *     24  u64 number at which the write that brought it began
 *     32  the kept part
 *         with tree and content only: digest, 32 bytes, SHA-256 of salt and content
 *         with content only: u32 CRC-32C of salt and content; with tree: salt, 16 random bytes;
 *         the content
 * Erasing sets byte 4, and then, when that is on the disk, zeroes all behind the digest.
 * A seal is a record of kind 0 without kept part and content. Its number is that of the record
 * before it, and says that all up to there was on stable storage when the seal was written.
 *
 * A record is valid under two conditions: its CRCs are right, begun from a state that identity and
 * seed give, so that bytes of another log or segment never pass; and it continues the numbers. 32
 * zeros where a record may begin are the end.
 */
#ifndef SL_LOG_SEGMENT_H
#define SL_LOG_SEGMENT_H

#include "schemas/log/log.h"

enum {
    SL_SEGMENT_HEAD = 4096,
    SL_RECORD_HEAD = 32,
    SL_SEAL = SL_RECORD_HEAD, /* bytes of a seal */
    SL_SALT = 16,
    SL_SEED = 16,
};

struct sl_segment_head {
    bool tree;
    uint8_t identity[SL_LOG_ID_SIZE];
    uint8_t seed[SL_SEED];
    uint64_t first;
    uint64_t bytes;
    struct sl_frontier frontier; /* of size first - 1, or {0} without tree */
};

/* What every check of a segment's records needs. */
struct sl_segment_key {
    bool tree;
    uint32_t state; /* that CRCs begin from */
};

void sl_segment_name(sl_storage_name out, uint64_t first);
bool sl_segment_named(const char *name, uint64_t *first); /* false: the name of something else */

void sl_segment_head_write(uint8_t out[SL_SEGMENT_HEAD], const struct sl_segment_head *head);
/* NULL when it is good, else what is wrong with it. */
const char *sl_segment_head_read(const uint8_t in[SL_SEGMENT_HEAD], struct sl_segment_head *head);
struct sl_segment_key sl_segment_key(const struct sl_segment_head *head);

/* Bytes that a record takes. */
size_t sl_record_size(bool tree, size_t kept, size_t content);

/* Writes a record, of sl_record_size bytes. `salt` is of SL_SALT bytes (tree and content only). */
void sl_record_write(uint8_t *out, struct sl_crypto *crypto, struct sl_segment_key key,
                     const struct sl_entry *entry, uint64_t number, uint64_t began,
                     const uint8_t *salt);
void sl_seal_write(uint8_t out[SL_SEAL], struct sl_segment_key key, uint64_t number);

/* A record or seal as it stands in bytes. */
struct sl_item {
    bool seal;
    uint64_t began;
    size_t size;     /* bytes of all of it */
    size_t erasable; /* bytes at its end that an erasure zeroes; 0: no content */
    struct sl_record record;
};

enum sl_found {
    SL_FOUND,      /* valid by its checksums */
    SL_FOUND_END,  /* zeros */
    SL_FOUND_BAD,  /* neither */
    SL_FOUND_MORE, /* item->size bytes are wanted to tell */
};

enum sl_found sl_item_read(struct sl_item *item, struct sl_segment_key key, struct sl_bytes bytes);

/* As sl_item_read, but the content is not looked at. Cheap where there is no item. */
enum sl_found sl_item_read_head(struct sl_item *item, struct sl_segment_key key,
                                struct sl_bytes bytes);

/* The mark that is written at offset SL_ERASED_AT of a record. */
enum { SL_ERASED_AT = 4, SL_ERASED = 0xE5 };

/* See sl_log_leaf; the digest is taken as it stands. */
void sl_record_leaf(struct sl_crypto *crypto, const struct sl_record *record, sl_hash out);

#endif
