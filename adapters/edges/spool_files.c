/* What the spool does with single files; always in a folder that is open, never through a link. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "adapters/edges/spool_parts.h"

enum { NAME_KEPT = 200 /* bytes of a name; the rest is room for what is put behind it */ };

int spool_failed(struct sl_error *error, const char *folder, const char *name)
{
    char shown[128];
    size_t size = 0;
    int reason = errno;
    for (const char *at = name; *at != '\0' && size + 5 < sizeof shown; at++) {
        bool plain = *at > ' ' && *at < 0x7f && *at != '\\';
        size += (size_t)snprintf(shown + size, sizeof shown - size, plain ? "%c" : "\\x%02x",
                                 (unsigned char)*at);
    }
    shown[size] = '\0';
    return sl_fail(error, reason == ENOSPC || reason == EDQUOT ? SL_FULL : SL_IO,
                   "spool: %s%s%s: %s", folder, size == 0 ? "" : "/", shown, strerror(reason));
}

/* ---------------------------------------------------------------- what is there */

static struct spool_identity identity_of(const struct stat *file)
{
    return (struct spool_identity){.device = file->st_dev,
                                   .node = file->st_ino,
                                   .size = file->st_size,
                                   .changed = file->st_mtim};
}

bool spool_same(int folder, const char *name, const struct spool_identity *identity)
{
    struct stat file;
    return fstatat(folder, name, &file, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(file.st_mode) &&
           file.st_dev == identity->device && file.st_ino == identity->node &&
           file.st_size == identity->size && file.st_mtim.tv_sec == identity->changed.tv_sec &&
           file.st_mtim.tv_nsec == identity->changed.tv_nsec;
}

bool spool_has(int folder, const char *name)
{
    struct stat file;
    return fstatat(folder, name, &file, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

void spool_free_name(char out[SPOOL_NAME], int folder, const char *name)
{
    char reason[SPOOL_NAME + sizeof SPOOL_REASON];
    struct timespec now = {0};
    (void)snprintf(out, SPOOL_NAME, "%.*s", NAME_KEPT, name);
    for (;;) {
        (void)snprintf(reason, sizeof reason, "%s%s", out, SPOOL_REASON);
        if (!spool_has(folder, out) && !spool_has(folder, reason))
            return;
        (void)clock_gettime(CLOCK_REALTIME, &now);
        (void)snprintf(out, SPOOL_NAME, "%.*s~%lld%09ld", NAME_KEPT, name, (long long)now.tv_sec,
                       now.tv_nsec);
    }
}

/* ---------------------------------------------------------------- reading */

static enum spool_read refuse(struct sl_error *error, enum sl_code code, const char *sentence)
{
    (void)sl_fail(error, code, "%s", sentence);
    return SPOOL_REFUSED;
}

static enum spool_read read_all(struct sl_buffer *out, int file, struct sl_error *error)
{
    enum { PIECE = 64 * 1024 };
    for (;;) {
        uint8_t *at = sl_buffer_extend(out, PIECE);
        ssize_t got = read(file, at, PIECE);
        out->size -= PIECE - (size_t)(got > 0 ? got : 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return SPOOL_FAILED;
        if (out->size > SPOOL_MAX_FILE)
            return refuse(error, SL_TOO_LARGE, "the file has more than 4 MiB");
        if (got == 0)
            return SPOOL_READ;
    }
}

static enum spool_read read_open(struct sl_buffer *out, struct spool_identity *identity, int file,
                                 struct sl_error *error)
{
    struct stat about;
    if (fstat(file, &about) < 0)
        return SPOOL_FAILED;
    if (!S_ISREG(about.st_mode))
        return SPOOL_GONE;
    *identity = identity_of(&about);
    if (about.st_nlink > 1)
        return refuse(error, SL_MALFORMED,
                      "the file has a second name (a hard link): move files in, do not link them");
    if (about.st_size > SPOOL_MAX_FILE)
        return refuse(error, SL_TOO_LARGE, "the file has more than 4 MiB");
    return read_all(out, file, error);
}

enum spool_read spool_read(struct sl_buffer *out, struct spool_identity *identity, int folder,
                           const char *name, struct sl_error *error)
{
    struct stat about;
    int file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (file < 0 && (errno == ENOENT || errno == ELOOP || errno == ENXIO))
        return SPOOL_GONE;
    if (file < 0 && (errno == EACCES || errno == EPERM)) {
        if (fstatat(folder, name, &about, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(about.st_mode))
            return SPOOL_GONE;
        *identity = identity_of(&about);
        return refuse(error, SL_MALFORMED, "the adapter is not allowed to read the file");
    }
    if (file < 0)
        return SPOOL_FAILED;
    enum spool_read result = read_open(out, identity, file, error);
    int reason = errno;
    (void)close(file);
    errno = reason;
    return result;
}

/* ---------------------------------------------------------------- writing */

static int write_all(int file, struct sl_bytes text)
{
    while (text.size > 0) {
        ssize_t put = write(file, text.data, text.size);
        if (put < 0 && errno != EINTR)
            return -1;
        size_t done = put > 0 ? (size_t)put : 0;
        text = sl_bytes(text.data + done, text.size - done);
    }
    return 0;
}

/* What lies at the name beside it, whoever put it there, is not written through. */
int spool_write(int folder, const char *where, const char *name, struct sl_bytes text,
                struct sl_error *error)
{
    char beside[2 * SPOOL_NAME];
    (void)snprintf(beside, sizeof beside, ".%s.new", name);
    if (unlinkat(folder, beside, 0) < 0 && errno != ENOENT)
        return spool_failed(error, where, beside);
    int file = openat(folder, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
    if (file < 0)
        return spool_failed(error, where, name);
    int result = write_all(file, text) < 0 || fsync(file) < 0 ? -1 : 0;
    int reason = errno;
    if (close(file) < 0 && result == 0) {
        result = -1;
        reason = errno;
    }
    if (result == 0 && renameat(folder, beside, folder, name) < 0) {
        result = -1;
        reason = errno;
    }
    if (result == 0)
        return 0;
    (void)unlinkat(folder, beside, 0);
    errno = reason;
    return spool_failed(error, where, name);
}
