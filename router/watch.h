/*
 * What happened, as those who count it see it: events that were accepted, lines of the routing log,
 * what was told to whom. It is the same whether a scenario is played or a journal is read.
 */
#ifndef WATCH_H
#define WATCH_H

#include "router/core/core.h"

/* An event that was accepted, before the lines that it brought about. */
struct watch_event {
    uint64_t number;
    int64_t at;
    const char *from;
    const Samenloop__V1__Header *header;
    uint64_t original; /* of a correction or withdrawal: the first event's number; else 0 */
};

/* All that is pointed to is good during the call only. */
struct watch {
    void *context;
    /* What follows is another world: numbers begin again, a pseudonym is another house. */
    void (*begin)(void *context);
    void (*event)(void *context, const struct watch_event *event);
    void (*line)(void *context, const struct core_line *line);
    void (*told)(void *context, const struct core_delivery *delivery);
};

#endif
