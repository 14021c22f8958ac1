/*
 * The disk's own limit: batches of records of 600 bytes written and synced, into a file that was
 * written full of zeros beforehand, as a segment of the log is, and at the end of one that grows.
 *
 *     disk [FOLDER]     in a file of FOLDER that is removed, or of $TMPDIR, or /tmp
 */
#include <fcntl.h>
#include <unistd.h>

#include "tests/bench/figures.h"

enum { RECORD = 600, BATCH_MOST = 1024, FILE_SIZE = 16 * 1024 * 1024, SYNCS = 1000 };

static uint8_t bytes[RECORD * BATCH_MOST];

static void write_at(int file, size_t size, size_t offset)
{
    if (pwrite(file, bytes, size, (off_t)offset) != (ssize_t)size)
        stop("write", strerror(errno));
}

static void sync_file(int file)
{
    if (fdatasync(file) < 0)
        stop("sync", strerror(errno));
}

static void fill_with_zeros(int file)
{
    memset(bytes, 0, sizeof bytes);
    for (size_t at = 0; at < FILE_SIZE; at += 4096)
        write_at(file, 4096, at);
    sync_file(file);
}

/* Begins again at the beginning when the file is full, as a log begins another segment. */
static void measure(int file, size_t batch, bool zeroed)
{
    static int64_t took[SYNCS];
    size_t size = batch * RECORD;
    size_t at = 0;
    if (ftruncate(file, 0) < 0)
        stop("truncate", strerror(errno));
    if (zeroed)
        fill_with_zeros(file);
    memset(bytes, 'x', sizeof bytes);
    int64_t begin = clock_ns(CLOCK_MONOTONIC);
    for (size_t i = 0; i < SYNCS; i++, at += size) {
        if (zeroed && at + size > FILE_SIZE)
            at = 0;
        int64_t before = clock_ns(CLOCK_MONOTONIC);
        write_at(file, size, at);
        sync_file(file);
        took[i] = clock_ns(CLOCK_MONOTONIC) - before;
    }
    double seconds = (double)(clock_ns(CLOCK_MONOTONIC) - begin) / 1e9;
    sort_ns(took, SYNCS);
    (void)printf("%5zu %-10s %10.0f %12.0f %9.2f %9.2f %9.2f\n", batch,
                 zeroed ? "zeroed" : "growing", SYNCS / seconds, (double)(SYNCS * batch) / seconds,
                 permille_ms(took, SYNCS, 500), permille_ms(took, SYNCS, 990),
                 permille_ms(took, SYNCS, 1000));
}

int main(int count, char **arguments)
{
    static const size_t batches[] = {1, 64, 256, 1024};
    char name[4096];
    const char *folder = count > 1 ? arguments[1] : getenv("TMPDIR");
    (void)snprintf(name, sizeof name, "%s/samenloop-disk-XXXXXX", folder != NULL ? folder : "/tmp");
    int file = mkstemp(name);
    if (file < 0)
        stop(name, strerror(errno));
    (void)unlink(name);
    (void)printf("%5s %-10s %10s %12s %9s %9s %9s\n", "batch", "file", "syncs/s", "records/s",
                 "p50 ms", "p99 ms", "most ms");
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        measure(file, batches[i], true);
        measure(file, batches[i], false);
    }
    (void)close(file);
    return 0;
}
