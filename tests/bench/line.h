/* A house of the benchmarks: libsamenloop on a configuration file, in the calling thread. */
#ifndef BENCH_LINE_H
#define BENCH_LINE_H

#include "adapters/samenloop.h"
#include "tests/bench/figures.h"

static inline struct samenloop_line *open_line(const char *config)
{
    static _Thread_local char problems[4096];
    struct samenloop_line *line = NULL;
    if (samenloop_open(&line, config, problems, sizeof problems) < 0)
        stop(config, problems);
    return line;
}

static inline void turn_with(struct samenloop_line *line, struct pollfd *files, size_t count,
                             int timeout_ms)
{
    if (samenloop_turn(line, files, count, timeout_ms) < 0)
        stop("a turn failed", samenloop_trouble(line));
}

static inline void turn(struct samenloop_line *line, int timeout_ms)
{
    turn_with(line, NULL, 0, timeout_ms);
}

/* Hands events in, as one JSON array, and waits until they are durable in the outbox. */
static inline void publish(struct samenloop_line *line, char *text, size_t size, size_t count)
{
    struct samenloop *house = samenloop_house(line);
    struct samenloop_tickets tickets;
    while (samenloop_publish(house, SAMENLOOP_BACK_OFFICE, text, size, true, &tickets) < 0)
        turn(line, 1);
    for (bool waits = true; waits;) {
        turn(line, 0);
        waits = false;
        for (size_t i = 0; i < count; i++) {
            struct samenloop_answer answer;
            if (samenloop_answer(house, tickets.first + i, &answer) < 0)
                stop("an event has no answer", "");
            waits = waits || answer.status == SAMENLOOP_PENDING;
            if (answer.status == SAMENLOOP_REFUSED)
                stop(answer.code, answer.sentence);
        }
    }
}

#endif
