/* A log's files in a real folder. A handle is a file descriptor. */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "schemas/file.h"
#include "schemas/log/beside.h"
#include "schemas/log/storage.h"

struct files {
    struct sl_storage base;
    char *path; /* for messages, and for listing */
    int folder;
    int lock; /* -1: not held */
    bool writable;
    struct sl_beside *beside;
};

static const char lock_name[] = "lock";

static struct files *files_of(struct sl_storage *storage)
{
    return (struct files *)(void *)storage;
}

/* What errno says about the file `name`, or about a handle's file where name is NULL. */
static int failed(const struct files *files, const char *name, const char *doing,
                  struct sl_error *error)
{
    enum sl_code code = errno == ENOSPC || errno == EDQUOT ? SL_FULL : SL_IO;
    return sl_fail(error, code, "%s%s%s: %s: %s", files->path, name != NULL ? "/" : "",
                   name != NULL ? name : "", doing, strerror(errno));
}

/* ---------------------------------------------------------------- the folder */

static int files_lock(struct sl_storage *storage, struct sl_error *error)
{
    struct files *files = files_of(storage);
    int lock = openat(files->folder, lock_name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0)
        return failed(files, lock_name, "open", error);
    if (flock(lock, LOCK_EX | LOCK_NB) < 0) {
        (void)close(lock);
        return sl_fail(error, SL_IO, "%s: another process has this log open", files->path);
    }
    files->lock = lock;
    return 0;
}

static void files_unlock(struct sl_storage *storage)
{
    struct files *files = files_of(storage);
    if (files->lock >= 0)
        (void)close(files->lock);
    files->lock = -1;
}

static int files_list(struct sl_storage *storage, sl_storage_name **names, size_t *count,
                      struct sl_error *error)
{
    struct files *files = files_of(storage);
    size_t capacity = 0;
    *names = NULL;
    *count = 0;
    DIR *folder = opendir(files->path);
    if (folder == NULL)
        return failed(files, NULL, "open", error);
    errno = 0;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL; errno = 0) {
        const char *name = entry->d_name;
        if (name[0] == '.' || strlen(name) >= SL_STORAGE_NAME || strcmp(name, lock_name) == 0)
            continue;
        *names = sl_grow(*names, &capacity, *count + 1, sizeof **names);
        memcpy((*names)[(*count)++], name, strlen(name) + 1);
    }
    int result = errno != 0 ? failed(files, NULL, "list", error) : 0;
    (void)closedir(folder);
    return result;
}

static int open_file(struct sl_storage *storage, const char *name, int flags, int *file,
                     struct sl_error *error)
{
    struct files *files = files_of(storage);
    flags |= (files->writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW;
    *file = openat(files->folder, name, flags, 0600);
    return *file < 0 ? failed(files, name, "open", error) : 0;
}

static int files_create(struct sl_storage *storage, const char *name, int *file,
                        struct sl_error *error)
{
    return open_file(storage, name, O_CREAT | O_EXCL, file, error);
}

static int files_open(struct sl_storage *storage, const char *name, int *file,
                      struct sl_error *error)
{
    return open_file(storage, name, 0, file, error);
}

static void files_close(struct sl_storage *storage, int file)
{
    (void)storage;
    (void)close(file); /* what matters was synced before */
}

static int files_rename(struct sl_storage *storage, const char *from, const char *to,
                        struct sl_error *error)
{
    struct files *files = files_of(storage);
    return renameat(files->folder, from, files->folder, to) < 0
               ? failed(files, from, "rename", error)
               : 0;
}

static int files_remove(struct sl_storage *storage, const char *name, struct sl_error *error)
{
    struct files *files = files_of(storage);
    return unlinkat(files->folder, name, 0) < 0 ? failed(files, name, "remove", error) : 0;
}

static int files_sync_folder(struct sl_storage *storage, struct sl_error *error)
{
    struct files *files = files_of(storage);
    return fsync(files->folder) < 0 ? failed(files, NULL, "sync", error) : 0;
}

/* ---------------------------------------------------------------- bytes */

static int files_read(struct sl_storage *storage, int file, uint64_t offset, void *out, size_t size,
                      size_t *got, struct sl_error *error)
{
    *got = 0;
    while (*got < size) {
        ssize_t done = pread(file, (uint8_t *)out + *got, size - *got, (off_t)(offset + *got));
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return failed(files_of(storage), NULL, "read", error);
        if (done == 0)
            break;
        *got += (size_t)done;
    }
    return 0;
}

static int files_write(struct sl_storage *storage, int file, uint64_t offset, const void *data,
                       size_t size, struct sl_error *error)
{
    for (size_t put = 0; put < size;) {
        ssize_t done = pwrite(file, (const uint8_t *)data + put, size - put, (off_t)(offset + put));
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return failed(files_of(storage), NULL, "write", error);
        put += (size_t)done;
    }
    return 0;
}

static int files_sync(struct sl_storage *storage, int file, struct sl_error *error)
{
    return fdatasync(file) < 0 ? failed(files_of(storage), NULL, "sync", error) : 0;
}

static int files_sync_beside(struct sl_storage *storage, int file, bool wait,
                             struct sl_error *error)
{
    int result = sl_beside_sync(files_of(storage)->beside, file, wait);
    return result < 0 ? failed(files_of(storage), NULL, "sync", error) : result;
}

static int files_sync_folder_beside(struct sl_storage *storage, bool wait, struct sl_error *error)
{
    return files_sync_beside(storage, files_of(storage)->folder, wait, error);
}

/* ---------------------------------------------------------------- beginning and end */

static void files_free(struct sl_storage *storage)
{
    struct files *files = files_of(storage);
    sl_beside_free(files->beside);
    files_unlock(storage);
    if (files->folder >= 0)
        (void)close(files->folder);
    free(files->path);
    free(files);
}

static const struct sl_storage_calls files_calls = {
    .lock = files_lock,
    .unlock = files_unlock,
    .list = files_list,
    .create = files_create,
    .open = files_open,
    .close = files_close,
    .read = files_read,
    .write = files_write,
    .sync = files_sync,
    .sync_beside = files_sync_beside,
    .rename = files_rename,
    .remove = files_remove,
    .sync_folder = files_sync_folder,
    .sync_folder_beside = files_sync_folder_beside,
    .free = files_free,
};

int sl_storage_files(struct sl_storage **out, const char *folder, bool writable,
                     struct sl_error *error)
{
    /* The folder itself is to be there after a crash, so the one above it is synced. */
    if (writable && (sl_folder_make(folder, error) < 0 || sl_file_sync_folder(folder, error) < 0))
        return -1;
    struct files *files = sl_new(1, sizeof *files);
    files->base.calls = &files_calls;
    files->path = sl_new(strlen(folder) + 1, 1);
    memcpy(files->path, folder, strlen(folder));
    files->lock = -1;
    files->writable = writable;
    files->beside = sl_beside_new();
    files->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (files->folder < 0) {
        (void)failed(files, NULL, "open", error);
        files_free(&files->base);
        return -1;
    }
    *out = &files->base;
    return 0;
}

void sl_storage_free(struct sl_storage *storage)
{
    if (storage != NULL)
        storage->calls->free(storage);
}
