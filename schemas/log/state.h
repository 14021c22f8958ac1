/*
 * An open log, shared by the files of this folder and nobody else.
 *
 * What holds (sl_log_check asserts what can be asserted):
 *  1. Every segment but the last is complete: its records were synced before the next one got its
 *     head. A crash may have torn its last seal, which vouches for nothing any more.
 *  2. A segment gets its name, and its first record, when its head and its zeros are on stable
 *     storage. That the name is there after a crash is waited for by nobody but the next segment:
 *     a spare with a head is the segment after the newest, and is given its name again.
 *  3. Nothing is written at an offset that holds synced bytes, but the mark and zeros of an
 * erasure. So a write that a crash tears harms no record before it.
 *  4. Records behind `synced` are only in the buffer. They all get the same `began`, synced + 1.
 *  5. A seal is written when what it seals is on stable storage, so it never tells a lie.
 *  6. The buffer and a seal fit behind `end` in the current segment.
 *  7. With tree: `tree` is over all records that were appended, `tree_synced` over those synced.
 *  8. An erased record's mark is on stable storage before its content changes.
 *
 *                  sl_log_append              sl_log_sync
 *       SYNCED ------------------> APPENDED ---------------> SYNCED
 *          |                          |  ^
 *          |  a write or sync failed  |  |  sl_log_append, within a segment
 *          +---------> FATAL <--------+--+
 *
 * FATAL is entered where memory and disk may differ: a write or sync of the current segment failed;
 * a rename or the sync of the folder after it; the sync of an erasure; the sync of the segment that
 * is made ahead, unless only for want of room. From there only reading goes on.
 */
#ifndef SL_LOG_STATE_H
#define SL_LOG_STATE_H

#include "schemas/log/segment.h"

enum {
    SL_LOG_STRIDE = 32, /* every so many records of a segment have a mark */
    SL_LOG_SALTS = 64,  /* drawn at once */
};

struct sl_log_segment {
    uint64_t first;
    uint32_t *marks; /* offsets of records first, first + SL_LOG_STRIDE, ...; as far as known */
    size_t mark_count;
    size_t mark_capacity;
};

/* The next segment, made ahead: a file of zeros under another name. */
struct sl_log_spare {
    int file; /* -1: there is none yet */
    uint64_t bytes;
    uint64_t written;
    uint64_t synced;
    uint64_t syncing; /* what a sync beside will have synced; 0: none is under way */
};

struct sl_log {
    struct sl_storage *storage;
    struct sl_crypto *crypto;
    char *name;
    bool read_only;
    bool locked;
    bool fatal;
    uint64_t segment_bytes;
    void (*random)(void *context, void *out, size_t size);
    void *random_context;
    uint8_t salts[SL_LOG_SALTS][SL_SALT];
    size_t salts_left;

    struct sl_log_segment *segments; /* rising; the last one is current */
    size_t segment_count;
    size_t segment_capacity;
    uint64_t generation; /* rises when what readers have read ahead may not be so any more */

    int file; /* the current segment */
    struct sl_segment_head head;
    struct sl_segment_key key;
    uint64_t end;            /* offset behind all that is written */
    struct sl_buffer buffer; /* what comes there with the next sync */
    uint64_t last;
    uint64_t synced;
    struct sl_frontier tree;
    struct sl_frontier tree_synced;
    struct sl_growth growth; /* of `tree`, since it was proven last; before that, since nothing */

    struct sl_log_spare spare;
    uint64_t unnamed; /* read_only: first number of a segment that is still called spare; 0: none */
    bool naming; /* a sync of the folder that keeps the spare's or the newest name is under way */
    struct sl_log_reader *reader; /* of sl_log_read */
};

void sl_log_check(const struct sl_log *log);

/* Fails with SL_DAMAGED, naming the place. */
int sl_log_damaged(const struct sl_log *log, uint64_t segment, uint64_t offset, const char *what,
                   struct sl_error *error);
/* Enters FATAL, keeping the sentence. */
int sl_log_die(struct sl_log *log, struct sl_error *error);
/* -1 with SL_FATAL when that is the state. */
int sl_log_alive(const struct sl_log *log, struct sl_error *error);

/* Adds a record that comes at `offset` of a segment to its marks, where one is wanted. */
void sl_log_mark(struct sl_log_segment *segment, uint64_t number, uint64_t offset);
struct sl_log_segment *sl_log_add_segment(struct sl_log *log, uint64_t first);
/* The segment that has, or would have, this number, which is not below the first one's. */
size_t sl_log_segment_of(const struct sl_log *log, uint64_t number);

/* ---------------------------------------------------------------- cursor.c */

/* Walks the items of one segment's file. Begin with sl_cursor_open, end with sl_cursor_close. */
struct sl_cursor {
    struct sl_log *log;
    int file; /* -1: none */
    struct sl_segment_head head;
    struct sl_segment_key key;
    uint64_t offset; /* of the next item */
    uint64_t limit;  /* nothing is read from here on */
    uint64_t number; /* that the next record must have; 0: not known */
    uint64_t began;  /* of the item before, 0: not known */
    struct sl_buffer window;
    uint64_t window_at;
    size_t ahead; /* how much the last reading took */
};

/* Opens a segment and reads its head; stands at its first record. */
int sl_cursor_open(struct sl_cursor *cursor, struct sl_log *log, uint64_t first,
                   struct sl_error *error);
void sl_cursor_close(struct sl_cursor *cursor);
void sl_cursor_free(struct sl_cursor *cursor);
/* Goes to another place, at which record `number` begins. */
void sl_cursor_move(struct sl_cursor *cursor, uint64_t offset, uint64_t number);
void sl_cursor_forget(struct sl_cursor *cursor); /* what was read ahead */

/*
 * The item at the cursor, which goes behind it when it is SL_FOUND (never SL_FOUND_MORE). What does
 * not continue the numbers is SL_FOUND_BAD. -1: the storage failed. Views as the next call.
 */
int sl_cursor_next(struct sl_cursor *cursor, struct sl_item *item, enum sl_found *found,
                   struct sl_error *error);

/* ---------------------------------------------------------------- recover.c, spare.c, read.c */

/* Finds what is there; for writing: cuts, syncs, seals. No segment at all: segment_count stays 0.
 */
int sl_log_recover(struct sl_log *log, struct sl_error *error);

/* Closes its file, if it has one. */
void sl_log_spare_close(struct sl_log *log);
/* Works on the spare until it is ready. */
int sl_log_spare_finish(struct sl_log *log, struct sl_error *error);
/* Makes the spare, which is ready, the current segment, empty. Everything is synced. */
int sl_log_spare_use(struct sl_log *log, struct sl_error *error);
/* What is called so is made ahead, or is the newest segment, whose name a crash has lost. */
extern const char sl_log_spare_name[];
/* The head that it has. 1: there it is, 0: it has none, or is not there, -1. */
int sl_log_spare_head(struct sl_log *log, struct sl_segment_head *out, struct sl_error *error);
/* Removes what an earlier process left. */
int sl_log_spare_discard(struct sl_log *log, struct sl_error *error);

/* Where sl_log_read left a record: its segment's first number, offset, and the item itself. */
struct sl_log_place {
    uint64_t segment;
    uint64_t offset;
    struct sl_item item;
};
int sl_log_find(struct sl_log *log, uint64_t number, struct sl_log_place *out,
                struct sl_error *error);

#endif
