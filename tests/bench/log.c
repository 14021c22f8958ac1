/*
 * What the log costs: records of 600 bytes (100 kept, 500 content) written one, 64 and 1,024 a
 * sync, with and without tree, with segments made ahead; read as a stream and by number; opened
 * again. Medians of several rounds, the least and the most beside them.
 *
 *     log [FOLDER]      in FOLDER (a new one in it), or $TMPDIR, or /tmp
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "schemas/log/log.h"

enum { ROUNDS = 7, KEPT = 100, CONTENT = 500, BATCH_MOST = 1024 };

static void must(int result, const struct sl_error *error)
{
    if (result >= 0)
        return;
    (void)fprintf(stderr, "%s\n", error->text);
    exit(1);
}

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double cpu_seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static int rising(const void *a, const void *b)
{
    double one = *(const double *)a;
    double other = *(const double *)b;
    return (one > other) - (one < other);
}

static void print(const char *what, double *values, const char *unit)
{
    qsort(values, ROUNDS, sizeof *values, rising);
    (void)printf("%-46s %12.2f %s   (%.2f to %.2f)\n", what, values[ROUNDS / 2], unit, values[0],
                 values[ROUNDS - 1]);
}

static struct sl_log *open_log(struct sl_storage *storage, bool tree)
{
    struct sl_log *log = NULL;
    struct sl_error error = {0};
    uint8_t identity[SL_LOG_ID_SIZE];
    sl_random(identity, sizeof identity);
    struct sl_log_options options = {.identity = identity, .tree = tree};
    must(sl_log_open(&log, storage, "bench", &options, &error), &error);
    return log;
}

/* Writes `syncs` batches; the router's round: append, sync, a step on the segment to come. */
static void write_batches(struct sl_log *log, size_t batch, size_t syncs)
{
    static uint8_t bytes[KEPT + CONTENT];
    static struct sl_entry entries[BATCH_MOST];
    struct sl_error error = {0};
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7);
    for (size_t i = 0; i < batch; i++)
        entries[i] = (struct sl_entry){4, sl_bytes(bytes, KEPT), sl_bytes(bytes + KEPT, CONTENT)};
    for (size_t i = 0; i < syncs; i++) {
        must(sl_log_append(log, entries, batch, NULL, &error), &error);
        must(sl_log_sync(log, &error), &error);
        must(sl_log_step(log, &error), &error);
    }
}

static void bench_writing(struct sl_log *log, bool tree, size_t batch, size_t syncs)
{
    double rate[ROUNDS];
    double cpu[ROUNDS];
    char what[64];
    for (int round = 0; round < ROUNDS; round++) {
        double begin = seconds();
        double cpu_begin = cpu_seconds();
        write_batches(log, batch, syncs);
        rate[round] = (double)(batch * syncs) / (seconds() - begin);
        cpu[round] = (cpu_seconds() - cpu_begin) / (double)(batch * syncs) * 1e6;
    }
    (void)snprintf(what, sizeof what, "written by %zu, %s tree", batch, tree ? "with" : "without");
    print(what, rate, "records/s");
    print("    CPU, user and system", cpu, "us a record");
}

static void bench_reading(struct sl_log *log)
{
    double rate[ROUNDS];
    struct sl_error error = {0};
    struct sl_record record;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t count = 0;
        int more = 1;
        struct sl_log_reader *reader = sl_log_reader_new(log, sl_log_first(log));
        double begin = seconds();
        for (; (more = sl_log_reader_next(reader, &record, &error)) == 1; count++)
            continue;
        rate[round] = (double)count / (seconds() - begin);
        must(more, &error);
        sl_log_reader_free(reader);
    }
    print("read as a stream", rate, "records/s");
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t number = 1;
        double begin = seconds();
        for (int i = 0; i < 20000; i++) {
            number = (number * 48271 + 11) % sl_log_last(log) + 1;
            must(sl_log_read(log, number, &record, &error), &error);
        }
        rate[round] = 20000 / (seconds() - begin);
    }
    print("read by number, anywhere", rate, "records/s");
}

static void bench_opening(struct sl_storage *storage, struct sl_log **log, bool tree)
{
    double ms[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        sl_log_close(*log);
        double begin = seconds();
        *log = open_log(storage, tree);
        ms[round] = (seconds() - begin) * 1e3;
    }
    print("opened again", ms, "ms");
}

static void bench_all(const char *parent, bool tree)
{
    char folder[4096];
    struct sl_error error = {0};
    struct sl_storage *storage = NULL;
    (void)snprintf(folder, sizeof folder, "%s/samenloop-bench-XXXXXX", parent);
    if (mkdtemp(folder) == NULL) {
        perror(folder);
        exit(1);
    }
    must(sl_storage_files(&storage, folder, true, &error), &error);
    struct sl_log *log = open_log(storage, tree);
    bench_writing(log, tree, 1, 1000);
    bench_writing(log, tree, 64, 200);
    bench_writing(log, tree, 1024, 40);
    bench_reading(log);
    bench_opening(storage, &log, tree);
    sl_log_close(log);
    sl_storage_free(storage);
    (void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(int argc, char **argv)
{
    const char *parent = argc > 1 ? argv[1] : getenv("TMPDIR");
    if (argc > 2) {
        (void)fprintf(stderr, "usage: %s [FOLDER]\n", argv[0]);
        return 2;
    }
    parent = parent != NULL ? parent : "/tmp";
    bench_all(parent, true);
    bench_all(parent, false);
    return 0;
}
