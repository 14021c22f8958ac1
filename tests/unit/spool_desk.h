/*
 * A back office that exchanges files: a real house on a disk in memory, its spool in a folder, and
 * a router of a few lines. Calls that change the folder can be made to fail.
 */
#ifndef TESTS_SPOOL_DESK_H
#define TESTS_SPOOL_DESK_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "adapters/edges/spool.h"
#include "schemas/file.h"
#include "tests/unit/adapter_post.h"

/* ---------------------------------------------------------------- calls that fail */

/* The n-th of the edge's calls fails, or it and all after it: so it looks from the outside when the
 * process was killed there. */
static struct {
    unsigned at; /* 0: none does */
    bool from_then_on;
    int reason;
    unsigned calls;
    void (*meanwhile)(void *); /* what somebody else does before the next call, once */
    void *context;
} fault;

static inline bool call_fails(void)
{
    void (*meanwhile)(void *) = fault.meanwhile;
    fault.calls++;
    fault.meanwhile = NULL;
    if (meanwhile != NULL)
        meanwhile(fault.context);
    if (fault.at == 0 || fault.calls < fault.at || (fault.calls > fault.at && !fault.from_then_on))
        return false;
    errno = fault.reason;
    return true;
}

/* These stand before those of the C library. */
int renameat(int from, const char *name, int to, const char *as)
{
    return call_fails() ? -1 : (int)syscall(SYS_renameat2, from, name, to, as, 0);
}

int unlinkat(int folder, const char *name, int flags)
{
    return call_fails() ? -1 : (int)syscall(SYS_unlinkat, folder, name, flags);
}

int fsync(int file)
{
    (void)file; /* the disk is not waited for */
    return call_fails() ? -1 : 0;
}

/* ---------------------------------------------------------------- the desk */

struct desk {
    struct party *party;
    struct post *post; /* NULL: the router is away */
    struct spool *spool;
    char folder[64];
    int64_t elapsed;
    struct spool_setup setup;
};

static inline void desk_listen(struct desk *desk)
{
    struct sl_error error = {0};
    desk->setup.house = desk->party->house;
    desk->setup.folder = desk->folder;
    if (desk->setup.role_count == 0)
        desk->setup.roles[desk->setup.role_count++] = SAMENLOOP_BACK_OFFICE;
    if (spool_open(&desk->spool, &desk->setup, &error) < 0)
        fail_msg("%s", error.text);
}

static inline void desk_open(struct desk *desk, struct party *party, struct post *post)
{
    *desk = (struct desk){.party = party, .post = post};
    (void)snprintf(desk->folder, sizeof desk->folder, "%s/samenloop-spool-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"); /* no disk is quicker */
    fault.at = fault.calls = 0;
    assert_non_null(mkdtemp(desk->folder));
    desk_listen(desk);
}

static inline int remove_one(const char *path, const struct stat *about, int kind, struct FTW *ftw)
{
    (void)about, (void)kind, (void)ftw;
    return remove(path);
}

static inline void desk_close(struct desk *desk)
{
    spool_close(desk->spool);
    fault.at = 0;
    assert_int_equal(nftw(desk->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* The process is killed, or (seed 0) the power goes. */
static inline void desk_crash(struct desk *desk, uint64_t seed)
{
    spool_close(desk->spool);
    party_crash(desk->party, seed);
    party_start(desk->party);
    if (desk->post != NULL)
        post_connect(desk->post, desk->party);
    desk_listen(desk);
}

static inline void desk_sync(struct desk *desk)
{
    if (desk->post != NULL)
        post_run(desk->post, desk->party);
    party_sync(desk->party);
}

static inline bool killed(void)
{
    return fault.at != 0 && fault.from_then_on && fault.calls >= fault.at;
}

/* A kill can come before the sync, too. */
static inline void desk_round(struct desk *desk)
{
    spool_take(desk->spool, desk->elapsed);
    if (call_fails() && killed())
        return;
    desk_sync(desk);
    spool_answer(desk->spool, desk->elapsed);
    desk->elapsed += spool_timeout(desk->spool, desk->elapsed);
}

/* Long enough for all that is there. */
static inline void desk_rounds(struct desk *desk, int count)
{
    while (count-- > 0)
        desk_round(desk);
}

/* ---------------------------------------------------------------- its files */

/* The path of a file; good until the fourth call after it. */
static inline const char *at(const struct desk *desk, const char *folder, const char *name)
{
    static char paths[4][1024];
    static unsigned next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s/%s", desk->folder, folder, name);
    return path;
}

static inline void put_text(const struct desk *desk, const char *folder, const char *name,
                            struct sl_bytes text)
{
    int file = open(at(desk, folder, name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(file >= 0 && write(file, text.data, text.size) == (ssize_t)text.size);
    assert_int_equal(close(file), 0);
}

/* Moves an event in, as it should be done. */
static inline void put_event(const struct desk *desk, const char *name, const char *id,
                             unsigned house)
{
    char json[2048];
    event_json(json, sizeof json, desk->party->who, SL_LANE_ORDINARY, id, house, "");
    put_text(desk, "", ".new", sl_text(json));
    assert_int_equal(rename(at(desk, "", ".new"), at(desk, "in/back_office", name)), 0);
}

static inline bool there(const struct desk *desk, const char *folder, const char *name)
{
    struct stat about;
    return lstat(at(desk, folder, name), &about) == 0;
}

/* Entries of a folder that are no folders themselves. */
static inline size_t entries(const struct desk *desk, const char *folder)
{
    size_t count = 0;
    DIR *all = opendir(at(desk, folder, "."));
    assert_non_null(all);
    for (const struct dirent *one; (one = readdir(all)) != NULL;)
        count += one->d_type != DT_DIR;
    (void)closedir(all);
    return count;
}

static inline json_t *json_at(const struct desk *desk, const char *folder, const char *name)
{
    json_t *json = json_load_file(at(desk, folder, name), JSON_REJECT_DUPLICATES, NULL);
    if (json == NULL)
        fail_msg("%s is no JSON", at(desk, folder, name));
    return json;
}

static inline void status_is(const struct desk *desk, const char *id, const char *status)
{
    const char *text = samenloop_event(desk->party->house, id,
                                       "urn:nld:oin:00000004164164164000:systeem:zaken");
    assert_true(text == NULL ? status == NULL : status != NULL && strstr(text, status) != NULL);
}

#endif
