/* What the benchmarks measure with: clocks, bytes written, percentiles; and how they end in
 * trouble. */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

static inline _Noreturn void stop(const char *what, const char *why)
{
    (void)fprintf(stderr, "bench: %s: %s\n", what, why);
    exit(1);
}

static inline int64_t clock_ns(clockid_t clock)
{
    struct timespec at;
    (void)clock_gettime(clock, &at);
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

static inline void sleep_until(int64_t due)
{
    struct timespec at = {due / 1000000000, due % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        continue;
}

/* What a process, or a thread of one, has used so far. */
struct used {
    int64_t cpu_ns;
    int64_t written; /* bytes handed to write(2) and its like; a socket's are not among them */
};

/* `file` is /proc/.../io. Its write_bytes is no use: of a file with large folios each change counts
 * as the whole folio, 64 KiB for 600 bytes, while the disk gets the blocks that changed. */
static inline void read_written(struct used *used, const char *file)
{
    char line[128];
    FILE *stream = fopen(file, "r");
    if (stream == NULL)
        stop(file, strerror(errno));
    while (fgets(line, sizeof line, stream) != NULL)
        (void)sscanf(line, "wchar: %" SCNd64, &used->written);
    (void)fclose(stream);
}

static inline struct used used_by_thread(void)
{
    struct used used = {.cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID)};
    read_written(&used, "/proc/thread-self/io");
    return used;
}

static inline struct used used_by_process(pid_t pid)
{
    struct used used = {0};
    char file[64];
    clockid_t clock;
    if (clock_getcpuclockid(pid, &clock) != 0)
        stop("process", "it is gone");
    used.cpu_ns = clock_ns(clock);
    (void)snprintf(file, sizeof file, "/proc/%d/io", (int)pid);
    read_written(&used, file);
    return used;
}

static inline struct used used_since(struct used before, struct used now)
{
    return (struct used){now.cpu_ns - before.cpu_ns, now.written - before.written};
}

static inline int figures_rising(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* Sorts; then of `count` values so many in a thousand are not above what percentile gives, in ms.
 */
static inline void sort_ns(int64_t *values, size_t count)
{
    qsort(values, count, sizeof *values, figures_rising);
}

static inline double permille_ms(const int64_t *sorted, size_t count, size_t permille)
{
    size_t at = count * permille / 1000;
    return (double)sorted[at < count ? at : count - 1] / 1e6;
}

/* One measurement as JSON, without its closing brace: the caller may add to it. */
static inline void print_figures(const char *what, unsigned long n, size_t events, double seconds,
                                 int64_t *took_ns, size_t count)
{
    if (count == 0)
        stop(what, "too few events");
    sort_ns(took_ns, count);
    (void)printf("{\"what\":\"%s\",\"n\":%lu,\"events\":%zu,\"rate\":%.1f,\"p50\":%.3f,"
                 "\"p99\":%.3f,\"most\":%.3f",
                 what, n, events, (double)events / seconds, permille_ms(took_ns, count, 500),
                 permille_ms(took_ns, count, 990), permille_ms(took_ns, count, 1000));
}

#endif
