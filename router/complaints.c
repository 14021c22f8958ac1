#include "router/complaints.h"

#include <stdarg.h>
#include <stdio.h>

enum { A_SECOND = 1000 };

bool complaints_allow(struct complaints *complaints, int64_t elapsed)
{
    if (elapsed - complaints->since >= A_SECOND) {
        complaints->since = elapsed;
        complaints->told = 0;
    }
    if (complaints->told == COMPLAINTS_A_SECOND) {
        complaints->untold++;
        return false;
    }
    complaints->told++;
    return true;
}

uint64_t complaints_untold(struct complaints *complaints, int64_t elapsed)
{
    if (elapsed - complaints->since < A_SECOND)
        return 0;
    uint64_t untold = complaints->untold;
    complaints->untold = 0;
    return untold;
}

void complain(struct complaints *complaints, int64_t elapsed, const char *format, ...)
{
    if (!complaints_allow(complaints, elapsed))
        return;
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    (void)fprintf(stderr, "samenloop-router: %s\n", line);
}

void complaints_catch_up(struct complaints *complaints, int64_t elapsed)
{
    uint64_t untold = complaints_untold(complaints, elapsed);
    if (untold > 0)
        (void)fprintf(stderr, "samenloop-router: and %llu more of these within a second\n",
                      (unsigned long long)untold);
}
