#include "schemas/clock.h"

#include <time.h>

#include "schemas/file.h"
#include "schemas/timestamp.h"

static int64_t read_clock(clockid_t clock)
{
    struct timespec time = {0};
    (void)clock_gettime(clock, &time); /* fails only for clocks that are none */
    return (int64_t)time.tv_sec * SL_SECOND + time.tv_nsec / 1000000;
}

int64_t sl_clock_now(const char *file, int64_t last)
{
    if (file[0] == '\0')
        return read_clock(CLOCK_REALTIME);
    struct sl_buffer text = {0};
    struct sl_error error = {0};
    int64_t now = last;
    if (sl_file_read(&text, file, SL_TIMESTAMP_SIZE, &error) == 0) {
        while (text.size > 0 && text.data[text.size - 1] <= ' ')
            text.size--;
        if (sl_timestamp_parse(&now, sl_buffer_bytes(&text)) < 0)
            now = last;
    }
    sl_buffer_free(&text);
    return now;
}

int64_t sl_clock_elapsed(void)
{
    return read_clock(CLOCK_MONOTONIC);
}
