/*
 * A kill at a chosen moment: preloaded into a process, it ends it with SIGKILL before the n-th call
 * that changes a file's bytes or makes them last, counted from when the file $SAMENLOOP_KILL, which
 * has n in it, is there.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/e2e/next.h"

static unsigned calls;

static void count(void)
{
    const char *path = getenv("SAMENLOOP_KILL");
    FILE *file = path == NULL ? NULL : fopen(path, "re");
    unsigned wanted = 0;
    if (file == NULL)
        return;
    if (fscanf(file, "%u", &wanted) == 1 && ++calls == wanted)
        (void)kill(getpid(), SIGKILL);
    (void)fclose(file);
}

ssize_t pwrite(int file, const void *data, size_t size, off_t offset)
{
    ssize_t (*call)(int, const void *, size_t, off_t);
    *(void **)&call = next("pwrite");
    count();
    return call(file, data, size, offset);
}

int fdatasync(int file)
{
    int (*call)(int);
    *(void **)&call = next("fdatasync");
    count();
    return call(file);
}
