/*
 * Where a log's bytes live: one folder of files. Two implementations stand behind the same struct
 * of functions: a real folder, and memory that fails on command and forgets in a crash what was not
 * synced (tests and simulation).
 *
 * What holds for both: what was written is on stable storage once sync gave 0 for that file; a file
 * that was made, renamed or removed is so after a crash once sync_folder gave 0. Before that any
 * part of it may be found, in sectors of 512 bytes, each old or new; folder changes are found up to
 * some point in their order.
 *
 * All functions give 0, or -1 with a sentence and a code: SL_FULL where there is no room (nothing
 * else is wrong; a write may have been done in part), SL_IO for everything else.
 */
#ifndef SL_LOG_STORAGE_H
#define SL_LOG_STORAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schemas/error.h"

enum { SL_STORAGE_NAME = 32 }; /* bytes of a file's name, with its NUL */

typedef char sl_storage_name[SL_STORAGE_NAME];

struct sl_storage;

struct sl_storage_calls {
    /* One holder at a time; SL_IO with a sentence that says so when another has it. */
    int (*lock)(struct sl_storage *storage, struct sl_error *error);
    void (*unlock)(struct sl_storage *storage);

    /* All files but the lock, in no order; names that are too long to be ours are left out. The
     * caller frees *names, also when there are none. */
    int (*list)(struct sl_storage *storage, sl_storage_name **names, size_t *count,
                struct sl_error *error);

    /* A handle (>= 0) on a new, empty file, or on one that is there. Given back with close. */
    int (*create)(struct sl_storage *storage, const char *name, int *file, struct sl_error *error);
    int (*open)(struct sl_storage *storage, const char *name, int *file, struct sl_error *error);
    void (*close)(struct sl_storage *storage, int file);

    /* Reads up to `size` bytes; *got is less only where the file ends. */
    int (*read)(struct sl_storage *storage, int file, uint64_t offset, void *out, size_t size,
                size_t *got, struct sl_error *error);
    /* Writes all, and lengthens the file where it must. */
    int (*write)(struct sl_storage *storage, int file, uint64_t offset, const void *data,
                 size_t size, struct sl_error *error);
    int (*sync)(struct sl_storage *storage, int file, struct sl_error *error);
    /* Begins a sync that nobody waits for, or asks how the one goes that was begun; of one file at
     * a time, which is not closed meanwhile. 1: it goes on (never with `wait`), 0: what was written
     * before it began is on stable storage, -1: it failed. */
    int (*sync_beside)(struct sl_storage *storage, int file, bool wait, struct sl_error *error);

    int (*rename)(struct sl_storage *storage, const char *from, const char *to,
                  struct sl_error *error); /* `to` is not there */
    int (*remove)(struct sl_storage *storage, const char *name, struct sl_error *error);
    int (*sync_folder)(struct sl_storage *storage, struct sl_error *error);
    /* As sync_beside, of the folder's names; not while one of a file goes on. */
    int (*sync_folder_beside)(struct sl_storage *storage, bool wait, struct sl_error *error);

    void (*free)(struct sl_storage *storage);
};

/* The first member of every implementation. */
struct sl_storage {
    const struct sl_storage_calls *calls;
};

/* After the logs on it are closed. NULL is fine. */
void sl_storage_free(struct sl_storage *storage);

/*
 * A folder. For writing it is made when it is missing (mode 0700); for reading nothing in it is
 * changed or locked. The caller frees it.
 */
int sl_storage_files(struct sl_storage **out, const char *folder, bool writable,
                     struct sl_error *error);

/* ---------------------------------------------------------------- memory */

/* An empty folder in memory. It outlives the logs on it, as a disk does. The caller frees it. */
struct sl_storage *sl_storage_memory(void);

enum sl_fault {
    SL_FAULT_IO, /* the call does nothing and gives SL_IO; a failed sync loses what it was to keep,
                    though it is still read until a crash, as Linux does */
    SL_FAULT_FULL,  /* write, create, rename and sync give SL_FULL; other calls are no victims */
    SL_FAULT_SHORT, /* a write does its first half and gives SL_IO; other calls as SL_FAULT_IO */
};

/* The n-th call that can fail from now on does, once, or it and all after it. 0: none does. */
struct sl_storage_faults {
    enum sl_fault kind;
    uint64_t at;
    bool from_then_on;
    uint64_t capacity; /* bytes of all files together; 0: no bound; beyond it there is SL_FULL */
};
void sl_storage_memory_faults(struct sl_storage *memory, struct sl_storage_faults faults);

/* Calls that could have failed since the faults were set (or since it was made). */
uint64_t sl_storage_memory_calls(const struct sl_storage *memory);

/*
 * The folder as a crash now could leave it, as `seed` decides; seed 0: what was synced and nothing
 * more; UINT64_MAX: all that was written (the process is killed, the machine goes on). A new
 * storage without faults and unlocked; the old one is untouched.
 */
struct sl_storage *sl_storage_memory_crash(const struct sl_storage *memory, uint64_t seed);

#endif
