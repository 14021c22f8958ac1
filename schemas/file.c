#include "schemas/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int failed(struct sl_error *error, const char *path)
{
    return sl_fail(error, SL_IO, "%s: %s", path, strerror(errno));
}

int sl_file_read(struct sl_buffer *out, const char *path, size_t max, struct sl_error *error)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return failed(error, path);
    size_t begin = out->size;
    ssize_t got = 1;
    while (got > 0 && out->size - begin <= max) {
        uint8_t *at = sl_buffer_extend(out, 64 * 1024);
        got = read(file, at, 64 * 1024);
        out->size -= 64 * 1024 - (size_t)(got > 0 ? got : 0);
    }
    int result = got < 0 ? failed(error, path) : 0;
    (void)close(file);
    if (result == 0 && out->size - begin > max)
        return sl_fail(error, SL_TOO_LARGE, "%s: more than %zu bytes", path, max);
    return result;
}

static int write_all(int file, struct sl_bytes bytes)
{
    while (bytes.size > 0) {
        ssize_t put = write(file, bytes.data, bytes.size);
        if (put < 0 && errno != EINTR)
            return -1;
        size_t done = put > 0 ? (size_t)put : 0;
        bytes.data += done;
        bytes.size -= done;
    }
    return 0;
}

int sl_file_sync_folder(const char *path, struct sl_error *error)
{
    char folder[1024];
    (void)snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash == NULL)
        (void)snprintf(folder, sizeof folder, ".");
    else
        slash[slash == folder] = '\0';
    int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0)
        return failed(error, folder);
    int result = fsync(file) < 0 ? failed(error, folder) : 0;
    (void)close(file);
    return result;
}

int sl_file_write(const char *path, struct sl_bytes bytes, unsigned mode, struct sl_error *error)
{
    char beside[1024];
    if (snprintf(beside, sizeof beside, "%s.new", path) >= (int)sizeof beside)
        return sl_fail(error, SL_IO, "%s: the path is too long", path);
    int file = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, (mode_t)mode);
    if (file < 0)
        return failed(error, beside);
    int result = write_all(file, bytes) < 0 || fsync(file) < 0 ? failed(error, beside) : 0;
    (void)close(file);
    if (result == 0 && rename(beside, path) < 0)
        result = failed(error, path);
    if (result < 0) {
        (void)unlink(beside);
        return -1;
    }
    return sl_file_sync_folder(path, error);
}

int sl_folder_make(const char *path, struct sl_error *error)
{
    char part[1024];
    if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part)
        return sl_fail(error, SL_IO, "%s: the path is too long", path);
    for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, 0750) < 0 && errno != EEXIST)
            return failed(error, part);
        *slash = '/';
    }
    return mkdir(part, 0750) < 0 && errno != EEXIST ? failed(error, part) : 0;
}
