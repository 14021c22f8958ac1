/*
 * A disk without room, for machines where the tests may mount none: preloaded into a process, it
 * lets everything that would take room below $SAMENLOOP_DISK fail with ENOSPC as long as the file
 * $SAMENLOOP_DISK/full is there. What only overwrites works, as on a disk.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/e2e/next.h"

/* Is this path on the disk, and has the disk no room? */
static bool is_full(const char *path)
{
    const char *disk = getenv("SAMENLOOP_DISK");
    char flag[PATH_MAX];
    if (disk == NULL || strncmp(path, disk, strlen(disk)) != 0)
        return false;
    int size = snprintf(flag, sizeof flag, "%s/full", disk);
    return size > 0 && (size_t)size < sizeof flag && access(flag, F_OK) == 0;
}

static bool file_is_full(int file)
{
    char link[64];
    char path[PATH_MAX];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size <= 0)
        return false;
    path[size] = '\0';
    return is_full(path);
}

static bool grows(int file, off_t end)
{
    struct stat status;
    return fstat(file, &status) == 0 && S_ISREG(status.st_mode) && end > status.st_size;
}

ssize_t pwrite(int file, const void *data, size_t size, off_t offset)
{
    ssize_t (*call)(int, const void *, size_t, off_t);
    *(void **)&call = next("pwrite");
    if (grows(file, offset + (off_t)size) && file_is_full(file)) {
        errno = ENOSPC;
        return -1;
    }
    return call(file, data, size, offset);
}

ssize_t write(int file, const void *data, size_t size)
{
    ssize_t (*call)(int, const void *, size_t);
    *(void **)&call = next("write");
    struct stat status;
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode) && file_is_full(file)) {
        errno = ENOSPC;
        return -1;
    }
    return call(file, data, size);
}

/* A new name takes room too. */
int openat(int folder, const char *name, int flags, ...)
{
    int (*call)(int, const char *, int, ...);
    *(void **)&call = next("openat");
    mode_t mode = 0;
    if ((flags & O_CREAT) != 0) {
        va_list more;
        va_start(more, flags);
        mode = va_arg(more, mode_t);
        va_end(more);
        if (faccessat(folder, name, F_OK, 0) < 0 && file_is_full(folder)) {
            errno = ENOSPC;
            return -1;
        }
    }
    return call(folder, name, flags, mode);
}
