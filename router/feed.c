#include "router/feed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

struct feed {
    int file;
    bool complained;
    void *publisher;
    uint64_t number;
};

int feed_open(struct feed **out, const char *file, void *publisher, struct sl_error *error)
{
    int descriptor = STDERR_FILENO;
    if (file[0] != '\0')
        descriptor = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (descriptor < 0)
        return sl_fail(error, SL_IO, "%s: %s", file, strerror(errno));
    *out = sl_new(1, sizeof **out);
    **out = (struct feed){.file = descriptor, .publisher = publisher};
    return 0;
}

void feed_close(struct feed *feed)
{
    if (feed == NULL)
        return;
    if (feed->file != STDERR_FILENO)
        (void)close(feed->file);
    free(feed);
}

static int write_all(int file, struct sl_bytes bytes)
{
    while (bytes.size > 0) {
        ssize_t written = write(file, bytes.data, bytes.size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        bytes = sl_bytes(bytes.data + written, bytes.size - (size_t)written);
    }
    return 0;
}

static void publish(struct feed *feed, struct sl_bytes line)
{
    char number[24];
    int size = snprintf(number, sizeof number, "%llu", (unsigned long long)++feed->number);
    if (size > 0 &&
        zmq_send(feed->publisher, number, (size_t)size, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0)
        (void)zmq_send(feed->publisher, line.data, line.size, ZMQ_DONTWAIT); /* PUB drops */
}

void feed_write(struct feed *feed, struct sl_bytes lines)
{
    if (lines.size == 0)
        return;
    if (write_all(feed->file, lines) < 0 && !feed->complained) {
        (void)fprintf(stderr, "samenloop-router: the routing log cannot be written: %s\n",
                      strerror(errno));
        feed->complained = true;
    }
    const uint8_t *end = lines.data + lines.size;
    for (const uint8_t *at = lines.data; feed->publisher != NULL && at < end;) {
        const uint8_t *feed_at = memchr(at, '\n', (size_t)(end - at));
        size_t size = (size_t)((feed_at == NULL ? end : feed_at) - at);
        publish(feed, sl_bytes(at, size));
        at += size + 1;
    }
}
