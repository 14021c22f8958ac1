/*
 * Deadlines: working days are those of the Algemene termijnenwet in Groningen's time, computed (the
 * core reads no time zone files; summer time by the rule of the European Union, valid since 1996).
 *
 * The day in which a term begins does not count; n working days last until 24:00 local of the n-th
 * working day. Moments are ms since 1970, UTC; days count since 1970, locally.
 */
#ifndef CALENDAR_H
#define CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CALENDAR_REMEMBERED = 64 };

/* Begin with the free days alone set; they stay the caller's. What was computed is remembered. */
struct calendar {
    const int64_t *free_days; /* equated by decree; they cannot be computed */
    size_t free_day_count;
    struct {
        int64_t day;
        int64_t end;
        int count; /* of working days; 0: nothing here */
    } remembered[CALENDAR_REMEMBERED];
};

bool calendar_working_day(const struct calendar *calendar, int64_t day);

int64_t calendar_local_day(int64_t at);
int64_t calendar_begin_of(int64_t day); /* the moment, which is also 24:00 of the day before */
int64_t calendar_end_of(int64_t day);

/* The end of `count` (at least 1) working days after a day, or after the day of a moment. */
int64_t calendar_after_day(struct calendar *calendar, int64_t day, int count);
int64_t calendar_after(struct calendar *calendar, int64_t at, int count);

/* When the next level of an escalation comes after one at `at`: the end of the next working day
 * after the day in which that fell; 24:00 belongs to the day it ends. */
int64_t calendar_next_level(struct calendar *calendar, int64_t at);

#endif
