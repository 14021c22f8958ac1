/* What the spool's files know of each other. */
#ifndef ADAPTERS_EDGES_SPOOL_PARTS_H
#define ADAPTERS_EDGES_SPOOL_PARTS_H

#include <dirent.h>
#include <sys/stat.h>

#include "adapters/edges/spool.h"
#include "schemas/bytes.h"

/* ---------------------------------------------------------------- files (spool_files.c) */

/* What a file was when it was read; another one of its name differs in one of these. */
struct spool_identity {
    dev_t device;
    ino_t node;
    off_t size;
    struct timespec changed;
};

/* Does the folder hold the file, still the same? */
bool spool_same(int folder, const char *name, const struct spool_identity *identity);
bool spool_has(int folder, const char *name);

enum spool_read {
    SPOOL_READ,
    SPOOL_GONE,    /* not there, or no regular file any more */
    SPOOL_REFUSED, /* one that is not taken: code and sentence say why */
    SPOOL_FAILED   /* this side's trouble */
};
/* Reads a file whole; never waits and follows no link. */
enum spool_read spool_read(struct sl_buffer *out, struct spool_identity *identity, int folder,
                           const char *name, struct sl_error *error);

/* Writes a file that is there whole or not at all, in a folder that people know as `where`; the
 * folder is not synced. */
int spool_write(int folder, const char *where, const char *name, struct sl_bytes text,
                struct sl_error *error);

enum { SPOOL_NAME = 256 };
/* A name for the file that is free in a folder of the adapter's, also with the reason's ending. */
void spool_free_name(char out[SPOOL_NAME], int folder, const char *name);
#define SPOOL_REASON ".reason.json"

/* -1 with a sentence that names the folder and the file, whatever bytes its name has. */
int spool_failed(struct sl_error *error, const char *folder, const char *name);

/* ---------------------------------------------------------------- names (spool_names.c) */

/* The first names of a folder in their order, found over several rounds. Begin with {0}. */
struct spool_names {
    DIR *scan; /* NULL: none is going on */
    char *names[2 * SPOOL_MAX_NAMES];
    size_t count;
    size_t next; /* the first that was not used */
    bool cut;    /* there are more than are remembered */
};

/* Begins to look through a folder; what is remembered is forgotten. */
int spool_names_begin(struct spool_names *names, int folder);
/* Looks on. 1: all was looked at; 0: call again; -1: errno. */
int spool_names_step(struct spool_names *names);
void spool_names_forget(struct spool_names *names);

/* ---------------------------------------------------------------- a role */

enum spool_folder {
    SPOOL_NOWHERE,
    SPOOL_IN,
    SPOOL_TAKING,
    SPOOL_TAKEN,
    SPOOL_REJECTED,
    SPOOL_OUT,
    SPOOL_DONE,
    SPOOL_FOLDERS
};

/* A file that was handed in and waits for its answer. */
struct spool_file {
    char *name;
    struct spool_identity identity;
    struct samenloop_tickets tickets;
};

/* Where to names come from, and what is handed in. */
struct spool_intake {
    struct spool_names names;
    enum spool_folder from; /* SPOOL_TAKING, then SPOOL_IN; between two looks SPOOL_NOWHERE */
    struct spool_file files[SPOOL_MAX_TAKEN];
    size_t count;
    bool batch[SPOOL_MAX_TAKEN];
};

struct spool_lane {
    uint64_t out[SPOOL_MAX_OUT]; /* positions whose file is there */
    size_t count;
};

struct spool_outlet {
    struct spool_lane lanes[SAMENLOOP_LANES];
    struct samenloop_cursor cursor; /* behind what was written */
    uint64_t arrivals;              /* when nothing was left to write */
    bool more;
    DIR *scan;                   /* of done */
    char *done[SPOOL_MAX_NAMES]; /* acknowledged; removed after the sync */
    size_t done_count;
};

struct spool_role {
    enum samenloop_role role;
    char folders[SPOOL_FOLDERS][48]; /* names below SPOOL */
    int files[SPOOL_FOLDERS];
    struct spool_intake intake;
    struct spool_outlet outlet;
    int64_t due; /* of the next look */
    struct sl_error trouble;
};

struct spool {
    struct samenloop *house;
    int folder; /* locked */
    struct spool_role *roles[SPOOL_ROLES];
    size_t role_count;
    struct spool_counts counts;
};

/* -1 when the folder is gone or nothing can be changed in it. */
int spool_usable(const struct spool_role *role, enum spool_folder folder, struct sl_error *error);

/* Each: 1 when there is more to do at once, 0 when not, -1 on trouble. */
int spool_in_take(struct spool *spool, struct spool_role *role, struct sl_error *error);
int spool_in_answer(struct spool *spool, struct spool_role *role, struct sl_error *error);
void spool_in_close(struct spool_role *role);
int spool_out_take(struct spool *spool, struct spool_role *role, struct sl_error *error);
int spool_out_answer(struct spool *spool, struct spool_role *role, struct sl_error *error);
void spool_out_close(struct spool_role *role);

#endif
