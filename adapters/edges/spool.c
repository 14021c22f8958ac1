#include "adapters/edges/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "adapters/edges/spool_parts.h"
#include "schemas/catalogue.h"
#include "schemas/file.h"

/* ---------------------------------------------------------------- folders */

static const struct {
    const char *form;
    mode_t mode;
} folders[SPOOL_FOLDERS] = {
    [SPOOL_IN] = {"in/%s", 0770},       [SPOOL_TAKING] = {"taking/%s", 0700},
    [SPOOL_TAKEN] = {"taken/%s", 0770}, [SPOOL_REJECTED] = {"rejected/%s", 0770},
    [SPOOL_OUT] = {"out/%s", 0770},     [SPOOL_DONE] = {"out/%s/done", 0770},
};

/* Opens a folder, made where it is missing; -1 with errno. No part of the name may be a link. */
static int open_folder(int above, const char *name, mode_t mode)
{
    char part[48];
    int folder = fcntl(above, F_DUPFD_CLOEXEC, 0);
    while (folder >= 0 && *name != '\0') {
        size_t size = strcspn(name, "/");
        (void)snprintf(part, sizeof part, "%.*s", (int)size, name);
        name += size + (name[size] == '/');
        int next = mkdirat(folder, part, mode) < 0 && errno != EEXIST
                       ? -1
                       : openat(folder, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int reason = errno;
        (void)close(folder);
        errno = reason;
        folder = next;
    }
    return folder;
}

static struct spool_role *open_role(int above, enum samenloop_role which, struct sl_error *error)
{
    struct spool_role *role = sl_new(1, sizeof *role);
    int result = 0;
    role->role = which;
    role->outlet.more = true;
    for (int i = SPOOL_IN; i < SPOOL_FOLDERS; i++) {
        (void)snprintf(role->folders[i], sizeof role->folders[i], folders[i].form,
                       sl_role_name((enum sl_role)which));
        role->files[i] = result < 0 ? -1 : open_folder(above, role->folders[i], folders[i].mode);
        if (result == 0 && role->files[i] < 0)
            result = spool_failed(error, role->folders[i], "");
    }
    if (result == 0)
        return role;
    for (int i = SPOOL_IN; i < SPOOL_FOLDERS; i++) {
        if (role->files[i] >= 0)
            (void)close(role->files[i]);
    }
    free(role);
    return NULL;
}

int spool_usable(const struct spool_role *role, enum spool_folder folder, struct sl_error *error)
{
    struct stat about;
    if (fstat(role->files[folder], &about) < 0)
        return spool_failed(error, role->folders[folder], "");
    if (about.st_nlink == 0)
        return sl_fail(error, SL_IO,
                       "spool: %s was removed; it is made again when the adapter starts",
                       role->folders[folder]);
    return faccessat(role->files[folder], ".", W_OK | X_OK, AT_EACCESS) < 0
               ? spool_failed(error, role->folders[folder], "")
               : 0;
}

/* ---------------------------------------------------------------- open and close */

static int open_spool(struct spool *spool, const struct spool_setup *setup, struct sl_error *error)
{
    if (sl_folder_make(setup->folder, error) < 0)
        return -1;
    spool->folder = open(setup->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (spool->folder < 0)
        return spool_failed(error, setup->folder, "");
    if (flock(spool->folder, LOCK_EX | LOCK_NB) < 0)
        return sl_fail(error, SL_CONFIGURATION, "spool: %s: another process uses it",
                       setup->folder);
    for (size_t i = 0; i < setup->role_count && i < SPOOL_ROLES; i++) {
        spool->roles[i] = open_role(spool->folder, setup->roles[i], error);
        if (spool->roles[i] == NULL)
            return -1;
        spool->role_count++;
    }
    return 0;
}

int spool_open(struct spool **out, const struct spool_setup *setup, struct sl_error *error)
{
    struct spool *spool = sl_new(1, sizeof *spool);
    spool->house = setup->house;
    spool->folder = -1;
    if (open_spool(spool, setup, error) < 0) {
        spool_close(spool);
        return -1;
    }
    *out = spool;
    return 0;
}

void spool_close(struct spool *spool)
{
    if (spool == NULL)
        return;
    for (size_t i = 0; i < spool->role_count; i++) {
        struct spool_role *role = spool->roles[i];
        spool_in_close(role);
        spool_out_close(role);
        for (int folder = SPOOL_IN; folder < SPOOL_FOLDERS; folder++)
            (void)close(role->files[folder]);
        free(role);
    }
    if (spool->folder >= 0)
        (void)close(spool->folder);
    free(spool);
}

/* ---------------------------------------------------------------- rounds */

int spool_timeout(const struct spool *spool, int64_t elapsed)
{
    int64_t due = elapsed + SPOOL_PERIOD;
    for (size_t i = 0; i < spool->role_count; i++)
        due = spool->roles[i]->due < due ? spool->roles[i]->due : due;
    return due <= elapsed ? 0 : (int)(due - elapsed);
}

/* Both ways, so that trouble with one does not stop the other. */
static void take(struct spool *spool, struct spool_role *role, int64_t elapsed)
{
    struct sl_error in = {0}, out = {0};
    int taken = spool_in_take(spool, role, &in);
    int written = spool_out_take(spool, role, &out);
    role->trouble = taken < 0 ? in : out;
    role->due = elapsed + (taken < 0 || written < 0   ? SPOOL_PAUSE
                           : taken > 0 || written > 0 ? 0
                                                      : SPOOL_PERIOD);
}

void spool_take(struct spool *spool, int64_t elapsed)
{
    for (size_t i = 0; i < spool->role_count; i++) {
        if (elapsed >= spool->roles[i]->due)
            take(spool, spool->roles[i], elapsed);
    }
}

void spool_answer(struct spool *spool, int64_t elapsed)
{
    for (size_t i = 0; i < spool->role_count; i++) {
        struct spool_role *role = spool->roles[i];
        struct sl_error in = {0}, out = {0};
        int taken = spool_in_answer(spool, role, &in);
        int acknowledged = spool_out_answer(spool, role, &out);
        if (taken == 0 && acknowledged == 0)
            continue;
        role->trouble = taken < 0 ? in : out;
        role->due = elapsed + SPOOL_PAUSE;
    }
}

/* The first that is in one's way. */
const char *spool_trouble(const struct spool *spool)
{
    for (size_t i = 0; i < spool->role_count; i++) {
        if (spool->roles[i]->trouble.code != SL_OK)
            return spool->roles[i]->trouble.text;
    }
    return "";
}

void spool_counts(const struct spool *spool, struct spool_counts *out)
{
    *out = spool->counts;
}
