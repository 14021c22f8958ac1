/*
 * The time, for the programs: that of the system or, where a file is named, the moment that stands
 * in it (RFC 3339), for trying out what happens over weeks. The machines are told the time.
 */
#ifndef SL_CLOCK_H
#define SL_CLOCK_H

#include <stdint.h>

/* Now, ms since 1970; "" names no file. `last` while the file cannot be read: it is being written.
 */
int64_t sl_clock_now(const char *file, int64_t last);

/* For waiting: ms that never go back, since the machine started. */
int64_t sl_clock_elapsed(void);

#endif
