#include "router/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int pidfile_take(const char *path, struct sl_error *error)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor < 0)
        return sl_fail(error, SL_IO, "pid: %s: %s", path, strerror(errno));
    if (fcntl(descriptor, F_SETLK, &lock) < 0 || ftruncate(descriptor, 0) < 0 ||
        dprintf(descriptor, "%ld\n", (long)getpid()) < 0) {
        bool held = errno == EACCES || errno == EAGAIN;
        (void)sl_fail(error, SL_IO, "pid: %s: %s", path,
                      held ? "another process holds it" : strerror(errno));
        (void)close(descriptor);
        return -1;
    }
    return descriptor;
}

void pidfile_drop(int descriptor)
{
    if (descriptor < 0)
        return;
    if (ftruncate(descriptor, 0) < 0)
        (void)fprintf(stderr, "pid file: %s\n", strerror(errno)); /* the lock goes all the same */
    (void)close(descriptor);
}

pid_t pidfile_holder(const char *path)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return 0;
    pid_t holder = fcntl(descriptor, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK ? lock.l_pid
                                                                                    : 0;
    (void)close(descriptor);
    return holder > 0 ? holder : 0;
}
