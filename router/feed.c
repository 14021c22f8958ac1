#include "router/feed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Lines that a full disk has no room for wait here, no more bytes than this. */
enum { OWED_MAX = 16 * 1024 * 1024 };

struct feed {
    int file;
    bool complained;
    struct sl_buffer owed; /* not in the file yet; may begin within a line */
    uint64_t dropped;      /* lines for which there was no room here either */
};

/* Cuts a line that the process before left unfinished, so that the next one does not go on it. */
static int cut_torn_line(int file)
{
    char bytes[4096];
    off_t size = lseek(file, 0, SEEK_END);
    for (off_t end = size; end > 0;) {
        size_t part = end < (off_t)sizeof bytes ? (size_t)end : sizeof bytes;
        if (pread(file, bytes, part, end - (off_t)part) != (ssize_t)part)
            return -1;
        const char *last = memrchr(bytes, '\n', part);
        end -= (off_t)part;
        if (last != NULL || end == 0) {
            end = last == NULL ? 0 : end + (last - bytes) + 1;
            return end < size ? ftruncate(file, end) : 0;
        }
    }
    return 0;
}

int feed_open(struct feed **out, const char *file, struct sl_error *error)
{
    int descriptor = STDERR_FILENO;
    if (file[0] != '\0')
        descriptor = open(file, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    struct stat status;
    bool regular = descriptor >= 0 && file[0] != '\0' && fstat(descriptor, &status) == 0 &&
                   S_ISREG(status.st_mode);
    if (descriptor < 0 || (regular && cut_torn_line(descriptor) < 0)) {
        (void)sl_fail(error, SL_IO, "%s: %s", file, strerror(errno));
        if (descriptor >= 0)
            (void)close(descriptor);
        return -1;
    }
    *out = sl_new(1, sizeof **out);
    **out = (struct feed){.file = descriptor};
    return 0;
}

void feed_close(struct feed *feed)
{
    if (feed == NULL)
        return;
    if (feed->file != STDERR_FILENO)
        (void)close(feed->file);
    sl_buffer_free(&feed->owed);
    free(feed);
}

int feed_file(const struct feed *feed)
{
    return feed->file;
}

bool feed_whole(struct feed *feed)
{
    return feed->owed.size == 0 && feed->file != STDERR_FILENO && fdatasync(feed->file) == 0;
}

/* Gives what could not be written; errno then says why. */
static struct sl_bytes write_out(int file, struct sl_bytes bytes)
{
    while (bytes.size > 0) {
        ssize_t written = write(file, bytes.data, bytes.size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            break;
        bytes = sl_bytes(bytes.data + written, bytes.size - (size_t)written);
    }
    return bytes;
}

static uint64_t count_lines(struct sl_bytes lines)
{
    uint64_t count = 0;
    for (size_t i = 0; i < lines.size; i++)
        count += lines.data[i] == '\n';
    return count;
}

/* What was owed goes first; whole lines are dropped rather than parts. */
static void write_file(struct feed *feed, struct sl_bytes lines)
{
    struct sl_bytes rest = write_out(feed->file, sl_buffer_bytes(&feed->owed));
    if (rest.size > 0)
        memmove(feed->owed.data, rest.data, rest.size);
    feed->owed.size = rest.size;
    if (rest.size == 0)
        lines = write_out(feed->file, lines);
    if (lines.size <= OWED_MAX - feed->owed.size)
        sl_buffer_add_bytes(&feed->owed, lines);
    else
        feed->dropped += count_lines(lines);
}

/* Told when it begins and when it ends. */
static void complain_once(struct feed *feed)
{
    bool owes = feed->owed.size > 0;
    if (owes && !feed->complained)
        (void)fprintf(stderr, "samenloop-router: the routing log cannot be written now: %s\n",
                      strerror(errno));
    if (!owes && feed->complained) {
        (void)fprintf(stderr,
                      "samenloop-router: the routing log is written again; %llu lines are in the "
                      "journal only\n",
                      (unsigned long long)feed->dropped);
        feed->dropped = 0;
    }
    feed->complained = owes;
}

void feed_write(struct feed *feed, struct sl_bytes lines)
{
    if (lines.size == 0 && feed->owed.size == 0)
        return;
    write_file(feed, lines);
    complain_once(feed);
}
