/* The first names of a folder, in order, with bounded work a round and bounded memory. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/edges/spool_parts.h"

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Keeps the first SPOOL_MAX_NAMES. */
static void cut(struct spool_names *names)
{
    qsort(names->names, names->count, sizeof *names->names, by_name);
    while (names->count > SPOOL_MAX_NAMES) {
        free(names->names[--names->count]);
        names->cut = true;
    }
}

/* A regular file whose name ends in .json and does not begin with a dot? */
static bool looks_like_one(int folder, const struct dirent *entry)
{
    static const char ending[] = ".json";
    size_t size = strlen(entry->d_name);
    struct stat file;
    if (entry->d_name[0] == '.' || size < sizeof ending ||
        strcmp(entry->d_name + size - (sizeof ending - 1), ending) != 0)
        return false;
    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type == DT_REG;
    return fstatat(folder, entry->d_name, &file, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(file.st_mode);
}

static void remember(struct spool_names *names, const char *name)
{
    /* Once cut, the first ones are sorted, and what comes behind them is not wanted. */
    if (names->cut && strcmp(name, names->names[SPOOL_MAX_NAMES - 1]) > 0)
        return;
    char *copy = sl_new(strlen(name) + 1, 1);
    (void)stpcpy(copy, name);
    names->names[names->count++] = copy;
    if (names->count == 2 * SPOOL_MAX_NAMES)
        cut(names);
}

int spool_names_begin(struct spool_names *names, int folder)
{
    spool_names_forget(names);
    int file = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    names->scan = file < 0 ? NULL : fdopendir(file);
    if (names->scan == NULL && file >= 0)
        (void)close(file);
    return names->scan == NULL ? -1 : 0;
}

int spool_names_step(struct spool_names *names)
{
    struct dirent *entry = NULL;
    errno = 0;
    for (int i = 0; i < SPOOL_MAX_SCAN; i++) {
        entry = readdir(names->scan);
        if (entry == NULL)
            break;
        if (looks_like_one(dirfd(names->scan), entry))
            remember(names, entry->d_name);
        errno = 0;
    }
    if (entry != NULL)
        return 0;
    int reason = errno;
    (void)closedir(names->scan);
    names->scan = NULL;
    cut(names);
    errno = reason;
    return reason == 0 ? 1 : -1;
}

void spool_names_forget(struct spool_names *names)
{
    if (names->scan != NULL)
        (void)closedir(names->scan);
    for (size_t i = 0; i < names->count; i++)
        free(names->names[i]);
    *names = (struct spool_names){0};
}
