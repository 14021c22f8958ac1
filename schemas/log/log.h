/*
 * The log: the one way in which Samenloop keeps anything. The router's journal and an adapter's
 * outbox and inbox are logs; every state is a fold over them.
 *
 * Records are numbered from 1. They are appended (into memory), then synced together: nothing may
 * be told to anybody before sl_log_sync gave 0, and nothing is read back before it either. A record
 * has a kind, a part that is kept, and content that can be erased while everything else stays as it
 * was, the root of the tree too.
 *
 * The log is segments of a fixed size, each a file that was full of zeros before its first record.
 * segment.h gives the bytes. A log has a tree (RFC 6962) over its records, or has none; that is
 * said when it is made.
 *
 * One thread, one log. Failures have codes:
 *   SL_FULL     no room for what was asked. Nothing changed; it works again when there is room.
 *   SL_FATAL    a write or sync of the log failed, memory and disk may differ. Every later change
 *               gives SL_FATAL as well. The process must end, and begin again from the disk.
 *   SL_DAMAGED  bytes that were synced are not there any more; the sentence names segment, offset.
 *   SL_IO       the storage could not do something that changes nothing for the log.
 *   SL_TOO_LARGE, SL_CONFIGURATION  the caller's.
 */
#ifndef SL_LOG_H
#define SL_LOG_H

#include "schemas/log/storage.h"
#include "schemas/merkle.h"

enum {
    SL_LOG_ID_SIZE = 16,
    SL_LOG_SEGMENT = 16 * 1024 * 1024,     /* bytes of a segment where nothing else is said, */
    SL_LOG_SEGMENT_MIN = 64 * 1024,        /* at least, */
    SL_LOG_SEGMENT_MAX = 64 * 1024 * 1024, /* and at most */
};

struct sl_log;

struct sl_log_options {
    const uint8_t *identity; /* SL_LOG_ID_SIZE random bytes for a log that is made now; it is not
                                looked at when the log is there. NULL: it must be there. */
    bool tree;               /* must be what the log was made with; read_only: not looked at */
    bool read_only;          /* nothing is locked, cut or made; another process may be writing */
    uint64_t
        segment_bytes; /* of segments made from now on; 0: SL_LOG_SEGMENT; rounded up to 4 KiB */
    void (*random)(void *context, void *out, size_t size); /* for salts; NULL: sl_random */
    void *random_context;
};

/*
 * Opens the log on a storage, and makes it where there is none. What a crash left unfinished at the
 * end is cut; what is damaged is refused with SL_DAMAGED. Only the last segment is read: a caller
 * that folds the log reads the others, and they are checked then. `name` is for messages and is
 * copied. The storage stays the caller's and must outlive the log.
 */
int sl_log_open(struct sl_log **out, struct sl_storage *storage, const char *name,
                const struct sl_log_options *options, struct sl_error *error);

/* What an operator should do about it, to be put behind the sentence: "; ..." where it says that a
 * log is damaged, else empty. */
const char *sl_log_advice(const struct sl_error *error);

/* Closes; what was appended and not synced is dropped. NULL is fine. */
void sl_log_close(struct sl_log *log);

/* ---------------------------------------------------------------- writing */

struct sl_entry {
    uint16_t kind; /* RecordKind of log.proto; not 0 */
    struct sl_bytes kept;
    struct sl_bytes content; /* what can be erased later */
};

/*
 * Appends `count` >= 1 records, all or none; their bytes are copied. The first gets number *first
 * (may be NULL), the others follow. They stand in one segment: when the current one has no room the
 * next is taken, which syncs what was appended before. SL_TOO_LARGE when they do not fit into a
 * whole segment, or kept and content of one are more than SL_MAX_RECORD. SL_FULL when there is no
 * next segment and no room to make one.
 * After a crash the records of one append that was never synced may be there in part.
 */
int sl_log_append(struct sl_log *log, const struct sl_entry *entries, size_t count, uint64_t *first,
                  struct sl_error *error);

/* Puts all that was appended on stable storage: one write, one sync. Nothing appended: no call. */
int sl_log_sync(struct sl_log *log, struct sl_error *error);

/*
 * Makes the next segment ahead, a few pages a call: to be called once a round. 1: there is more to
 * do, 0: it is ready, -1: SL_FULL or SL_IO, to be tried again later.
 */
int sl_log_step(struct sl_log *log, struct sl_error *error);

/*
 * Sees to it that at least `size` bytes of records can be appended without asking for room: the
 * current segment has them, or the next one is ready. UINT64_MAX: the next one is, whatever the
 * current one has. 0, or -1 as sl_log_step.
 */
int sl_log_make_room(struct sl_log *log, uint64_t size, struct sl_error *error);

/*
 * Erases the content of records, and the salts of their hashes, from the files; two syncs for all
 * of one segment. 0 once that is on stable storage. Numbers without a record (released, or not
 * synced) and records without content are passed over, and what is erased already is erased once
 * more: after a failure, or a crash, all of it is simply asked again. Views are not good any more.
 */
int sl_log_erase(struct sl_log *log, const uint64_t *numbers, size_t count, struct sl_error *error);

/* Removes the segments of which all records have numbers below `number`; never the current one. */
int sl_log_release(struct sl_log *log, uint64_t number, struct sl_error *error);

/* ---------------------------------------------------------------- reading */

struct sl_record {
    uint64_t number;
    uint16_t kind;
    bool erased; /* its content is gone */
    struct sl_bytes kept;
    struct sl_bytes content;
    struct sl_bytes digest; /* SHA-256 of salt and content, in a log with tree; empty: no content */
    struct sl_bytes salt;   /* empty as well when it is erased */
};

/*
 * Reads the record with this number, checked. 1: read, 0: there is none (released, or not synced
 * yet), -1. The views are good until the next call of this log but sl_log_append, sl_log_sync and
 * sl_log_step. Cheapest when the numbers rise.
 */
int sl_log_read(struct sl_log *log, uint64_t number, struct sl_record *out, struct sl_error *error);

/* A stream of the records from a number on (or from the first one that is still there). */
struct sl_log_reader;

struct sl_log_reader *sl_log_reader_new(struct sl_log *log, uint64_t from);
void sl_log_reader_free(struct sl_log_reader *reader); /* before its log is closed; NULL is fine */

/*
 * The next record. 1: read, 0: no more are synced now (ask again later), -1: as sl_log_read; the
 * reader stays where it is. The views are good until the next call of this reader, or an erasure.
 */
int sl_log_reader_next(struct sl_log_reader *reader, struct sl_record *out, struct sl_error *error);

/* A read-only log: takes in what the writer has written and released since. */
int sl_log_refresh(struct sl_log *log, struct sl_error *error);

/* Reads the head of every segment: cheap, and finds segments that are missing or not the log's. */
int sl_log_check_heads(struct sl_log *log, struct sl_error *error);

uint64_t sl_log_first(const struct sl_log *log);  /* number of the first record still there, or */
                                                  /* that the first record will get */
uint64_t sl_log_second(const struct sl_log *log); /* of the first one in the second segment, which
                                                     sl_log_release wants to remove the first;
                                                     0: there is one segment */
uint64_t sl_log_last(const struct sl_log *log);   /* of the last one appended; 0: none ever */
uint64_t sl_log_synced(const struct sl_log *log); /* of the last one on stable storage; 0: none */
const uint8_t *sl_log_identity(const struct sl_log *log); /* SL_LOG_ID_SIZE bytes */
bool sl_log_has_tree(const struct sl_log *log);

/* ---------------------------------------------------------------- the tree */

/* The root over records 1 to sl_log_synced. For a log with tree. */
void sl_log_root(struct sl_log *log, sl_hash out);

/*
 * The tree over records 1 to `size`, of which the root, and what follows, can be computed. 1: there
 * it is, 0: not known any more (released) or not yet (not synced), -1. Reads up to one segment.
 */
int sl_log_frontier(struct sl_log *log, uint64_t size, struct sl_frontier *out,
                    struct sl_error *error);

/*
 * Proves that the tree over records 1 to `size` is the beginning of that over records 1 to
 * sl_log_synced, which is sl_log_last (RFC 6962, 2.1.2; sl_merkle_extends). Costs nothing when
 * `size` was sl_log_synced at the call before it; else the records behind `size` are read. 1: the
 * nodes are appended, 0 and -1: as sl_log_frontier.
 */
int sl_log_prove_growth(struct sl_log *log, uint64_t size, struct sl_buffer *nodes,
                        struct sl_error *error);

/*
 * The leaf of a record: SHA-256(00 || number || kind || size of kept || kept || digest), numbers
 * little-endian of 8, 4 and 4 bytes. -1 with SL_DAMAGED when its digest is not that of its salt and
 * content (an auditor's question: the checksums alone do not show a change on purpose).
 */
int sl_log_leaf(struct sl_log *log, const struct sl_record *record, sl_hash out,
                struct sl_error *error);

#endif
