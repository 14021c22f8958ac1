/*
 * A role's inbox as files. Each item is written once: a file only ever goes from out to done, so
 * looking in out and then in done finds it wherever it is, and the inbox says what is acknowledged.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/edges/spool_parts.h"

enum { DIGITS = 20, NAME = 2 + DIGITS + sizeof ".json" };

static int failed(const struct spool_role *role, enum spool_folder folder, const char *name,
                  struct sl_error *error)
{
    return spool_failed(error, role->folders[folder], name);
}

static bool parse_name(const char *name, unsigned *lane, uint64_t *position)
{
    char again[NAME];
    if (name[0] < '1' || name[0] >= '0' + SAMENLOOP_LANES || name[1] != '-')
        return false;
    *lane = (unsigned)(name[0] - '0');
    *position = strtoull(name + 2, NULL, 10);
    (void)snprintf(again, sizeof again, "%u-%020llu.json", *lane, (unsigned long long)*position);
    return strcmp(name, again) == 0;
}

/* ---------------------------------------------------------------- acknowledged */

static void leave_lane(struct spool_lane *lane, uint64_t position)
{
    for (size_t i = 0; i < lane->count; i++) {
        if (lane->out[i] == position) {
            lane->out[i] = lane->out[--lane->count];
            return;
        }
    }
}

/* A name that is no item of this role's inbox is left alone. */
static void acknowledge(struct spool *spool, struct spool_role *role, const char *name)
{
    struct spool_outlet *outlet = &role->outlet;
    unsigned lane;
    uint64_t position;
    if (!parse_name(name, &lane, &position) ||
        samenloop_acknowledge(spool->house, role->role, &position, 1) < 0)
        return;
    outlet->done[outlet->done_count] = strdup(name);
    if (outlet->done[outlet->done_count++] == NULL)
        abort();
    leave_lane(&outlet->lanes[lane], position);
    outlet->more = true;
}

static int begin_done(struct spool_role *role, struct sl_error *error)
{
    if (spool_usable(role, SPOOL_DONE, error) < 0)
        return -1;
    int file = openat(role->files[SPOOL_DONE], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    role->outlet.scan = file < 0 ? NULL : fdopendir(file);
    if (role->outlet.scan != NULL)
        return 0;
    (void)failed(role, SPOOL_DONE, "", error);
    if (file >= 0)
        (void)close(file);
    return -1;
}

/* Goes on through done; 1: there is more. */
static int look_through_done(struct spool *spool, struct spool_role *role, struct sl_error *error)
{
    struct spool_outlet *outlet = &role->outlet;
    if (outlet->scan == NULL && begin_done(role, error) < 0)
        return -1;
    for (int i = 0; i < SPOOL_MAX_SCAN && outlet->done_count < SPOOL_MAX_NAMES; i++) {
        errno = 0;
        const struct dirent *entry = readdir(outlet->scan);
        if (entry != NULL) {
            acknowledge(spool, role, entry->d_name);
            continue;
        }
        int result = errno == 0 ? 0 : failed(role, SPOOL_DONE, "", error);
        (void)closedir(outlet->scan);
        outlet->scan = NULL;
        return result;
    }
    return 1;
}

int spool_out_answer(struct spool *spool, struct spool_role *role, struct sl_error *error)
{
    struct spool_outlet *outlet = &role->outlet;
    int result = 0;
    for (size_t i = 0; i < outlet->done_count; i++) {
        if (unlinkat(role->files[SPOOL_DONE], outlet->done[i], 0) == 0)
            spool->counts.acknowledged++;
        else if (errno != ENOENT)
            result = failed(role, SPOOL_DONE, outlet->done[i], error);
        free(outlet->done[i]);
    }
    outlet->done_count = 0;
    return result;
}

/* ---------------------------------------------------------------- written */

/* The next item of a lane that has room; as samenloop_receive. */
static int next_item(struct spool *spool, struct spool_role *role, unsigned *lane,
                     struct samenloop_cursor *cursor, struct samenloop_item *item)
{
    const struct spool_outlet *outlet = &role->outlet;
    struct samenloop_cursor before;
    *cursor = outlet->cursor;
    for (unsigned i = 1; i < SAMENLOOP_LANES; i++) {
        if (outlet->lanes[i].count == SPOOL_MAX_OUT)
            cursor->after[i] = UINT64_MAX - 1; /* behind all that can be */
    }
    before = *cursor;
    int found = samenloop_receive(spool->house, role->role, cursor, item);
    for (*lane = 1; *lane < SAMENLOOP_LANES - 1 && cursor->after[*lane] == before.after[*lane];)
        (*lane)++;
    return found;
}

/* 1: a file was written; 2: it was there already; 0: there is nothing to write; -1: trouble. */
static int write_next(struct spool *spool, struct spool_role *role, struct sl_error *error)
{
    struct spool_outlet *outlet = &role->outlet;
    struct samenloop_cursor cursor;
    struct samenloop_item item;
    char name[NAME];
    unsigned lane;
    int found = next_item(spool, role, &lane, &cursor, &item);
    if (found < 0)
        return sl_fail(error, SL_IO, "spool: the inbox cannot be read");
    if (found == 0)
        return 0;
    (void)snprintf(name, sizeof name, "%u-%020llu.json", lane, (unsigned long long)item.position);
    bool there = spool_has(role->files[SPOOL_OUT], name) ||
                 spool_has(role->files[SPOOL_DONE], name);
    if (!there && spool_write(role->files[SPOOL_OUT], role->folders[SPOOL_OUT], name,
                              sl_bytes(item.event, item.size), error) < 0)
        return -1;
    outlet->cursor.after[lane] = cursor.after[lane];
    outlet->lanes[lane].out[outlet->lanes[lane].count++] = item.position;
    spool->counts.written += !there;
    return there ? 2 : 1;
}

static int write_items(struct spool *spool, struct spool_role *role, struct sl_error *error)
{
    struct spool_outlet *outlet = &role->outlet;
    uint64_t arrivals = samenloop_arrivals(spool->house, role->role);
    int result = 1, written = 0;
    if (!outlet->more && arrivals == outlet->arrivals)
        return 0;
    if (spool_usable(role, SPOOL_OUT, error) < 0)
        return -1;
    for (int i = 0; i < SPOOL_MAX_WRITTEN && result > 0; i++) {
        result = write_next(spool, role, error);
        written += result == 1;
    }
    if (written > 0 && fsync(role->files[SPOOL_OUT]) < 0)
        return failed(role, SPOOL_OUT, "", error);
    outlet->more = result != 0;
    outlet->arrivals = arrivals;
    return result < 0 ? -1 : result > 0;
}

int spool_out_take(struct spool *spool, struct spool_role *role, struct sl_error *error)
{
    int looked = look_through_done(spool, role, error);
    int written = looked < 0 ? 0 : write_items(spool, role, error);
    if (looked < 0 || written < 0)
        return -1;
    return looked > 0 || written > 0 || role->outlet.done_count > 0;
}

void spool_out_close(struct spool_role *role)
{
    struct spool_outlet *outlet = &role->outlet;
    if (outlet->scan != NULL)
        (void)closedir(outlet->scan);
    for (size_t i = 0; i < outlet->done_count; i++)
        free(outlet->done[i]);
    outlet->scan = NULL;
    outlet->done_count = 0;
}
