/*
 * What strangers and peers that break rules bring about on standard error: told, but never more
 * than a few lines a second, so that nobody fills a disk with them. What was not told is counted,
 * and the count is told once there is room again.
 */
#ifndef ROUTER_COMPLAINTS_H
#define ROUTER_COMPLAINTS_H

#include "schemas/bytes.h"

enum { COMPLAINTS_A_SECOND = 20 };

/* Begin with {0}. */
struct complaints {
    int64_t since;   /* elapsed ms: the second that runs began here */
    uint32_t told;   /* in it */
    uint64_t untold; /* since the last line about them */
};

/* May a line be told now? Otherwise it is counted. */
bool complaints_allow(struct complaints *complaints, int64_t elapsed);

/* How many were not told, once a second is over; 0: none. It begins again. */
uint64_t complaints_untold(struct complaints *complaints, int64_t elapsed);

/* Tells a line: "samenloop-router: " and this. */
void complain(struct complaints *complaints, int64_t elapsed, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Tells what was not told, once there is room again; at every round. */
void complaints_catch_up(struct complaints *complaints, int64_t elapsed);

#endif
