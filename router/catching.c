#include "router/catching.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    END_BYTES = 64 * 1024,         /* of the file, by which its place in the journal is found */
    MISSING_MAX = 16 * 1024 * 1024 /* more than a crash keeps from a file */
};

struct catching {
    char *file;
    struct sl_buffer end;     /* the last whole lines of the file */
    size_t last;              /* where the last one begins in it */
    struct sl_buffer told;    /* what was told last, at least as much as `end` */
    bool empty;               /* there is no end to be found: everything is missing, */
    bool found;               /* or it was */
    struct sl_buffer missing; /* told since the end of the file was found last, */
    bool much;                /* unless it was more than MISSING_MAX */
};

static char *mark_of(const char *file)
{
    struct sl_buffer path = {0};
    sl_buffer_printf(&path, "%s.whole", file);
    sl_buffer_add(&path, "", 1);
    return (char *)path.data;
}

void catching_mark(const char *file)
{
    char *mark = mark_of(file);
    int descriptor = file[0] == '\0' ? -1 : open(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
    if (descriptor >= 0)
        (void)close(descriptor); /* without it the next start looks for what is missing */
    free(mark);
}

static bool take_mark(const char *file)
{
    char *mark = mark_of(file);
    bool there = unlink(mark) == 0;
    free(mark);
    return there;
}

/* ---------------------------------------------------------------- the file's end */

static int trouble(const struct catching *catching, struct sl_error *error)
{
    return sl_fail(error, SL_IO, "%s: %s", catching->file, strerror(errno));
}

static int read_part(struct catching *catching, int file, off_t from, size_t size,
                     struct sl_error *error)
{
    uint8_t *at = sl_buffer_extend(&catching->end, size);
    size_t got = 0;
    while (got < size) {
        ssize_t more = pread(file, at + got, size - got, from + (off_t)got);
        if (more < 0 && errno == EINTR)
            continue;
        if (more <= 0)
            return more < 0 ? trouble(catching, error)
                            : sl_fail(error, SL_IO, "%s: has become shorter", catching->file);
        got += (size_t)more;
    }
    return 0;
}

/* Keeps whole lines: the first may have lost its beginning, the last its end. */
static void keep_lines(struct catching *catching, off_t from)
{
    struct sl_buffer *end = &catching->end;
    const uint8_t *feed = end->size == 0 ? NULL : memrchr(end->data, '\n', end->size);
    size_t whole = feed == NULL ? 0 : (size_t)(feed - end->data) + 1;
    end->size = whole;
    const uint8_t *first = from == 0 || whole == 0 ? NULL : memchr(end->data, '\n', whole);
    size_t lost = first == NULL ? 0 : (size_t)(first - end->data) + 1;
    if (lost > 0 && lost < whole) {
        memmove(end->data, end->data + lost, whole - lost);
        end->size = whole - lost;
    }
    const uint8_t *before = end->size < 2 ? NULL : memrchr(end->data, '\n', end->size - 1);
    catching->last = before == NULL ? 0 : (size_t)(before - end->data) + 1;
    catching->found = end->size == 0; /* an empty file lacks everything */
    catching->empty = catching->found;
}

/* 1: it is no file that can be read. */
static int read_end(struct catching *catching, struct sl_error *error)
{
    struct stat state = {0};
    int file = open(catching->file, O_RDONLY | O_CLOEXEC);
    if (file < 0 && errno == ENOENT) {
        catching->found = catching->empty = true;
        return 0;
    }
    if (file < 0)
        return trouble(catching, error);
    int result = fstat(file, &state) < 0 ? trouble(catching, error) : 0;
    off_t from = state.st_size > END_BYTES ? state.st_size - END_BYTES : 0;
    if (result == 0 && !S_ISREG(state.st_mode)) { /* nothing can be looked for in it */
        (void)close(file);
        return 1;
    }
    if (result == 0)
        result = read_part(catching, file, from, (size_t)(state.st_size - from), error);
    (void)close(file);
    if (result == 0)
        keep_lines(catching, from);
    return result;
}

int catching_begin(struct catching **out, const char *file, struct sl_error *error)
{
    *out = NULL;
    if (file[0] == '\0' || take_mark(file))
        return 0;
    struct catching *catching = sl_new(1, sizeof *catching);
    catching->file = sl_new(strlen(file) + 1, 1);
    memcpy(catching->file, file, strlen(file) + 1);
    int result = read_end(catching, error);
    if (result == 0)
        *out = catching;
    else
        catching_free(catching);
    return result < 0 ? -1 : 0;
}

void catching_free(struct catching *catching)
{
    if (catching == NULL)
        return;
    sl_buffer_free(&catching->end);
    sl_buffer_free(&catching->told);
    sl_buffer_free(&catching->missing);
    free(catching->file);
    free(catching);
}

/* ---------------------------------------------------------------- the journal's lines */

static void remember(struct catching *catching, struct sl_bytes line)
{
    struct sl_buffer *told = &catching->told;
    sl_buffer_add_bytes(told, line);
    if (told->size <= 2 * END_BYTES + catching->end.size)
        return;
    size_t old = told->size - catching->end.size;
    memmove(told->data, told->data + old, told->size - old);
    told->size -= old;
}

static void miss(struct catching *catching, struct sl_bytes line)
{
    catching->much = catching->much || catching->missing.size + line.size > MISSING_MAX;
    if (catching->much)
        sl_buffer_free(&catching->missing);
    else
        sl_buffer_add_bytes(&catching->missing, line);
}

/* Does what was told so far end as the file does? */
static bool is_end(const struct catching *catching, struct sl_bytes line)
{
    const struct sl_buffer *end = &catching->end;
    const struct sl_buffer *told = &catching->told;
    struct sl_bytes last = sl_bytes(end->data + catching->last, end->size - catching->last);
    return end->size > 0 && sl_bytes_equal(line, last) && told->size >= end->size &&
           memcmp(told->data + told->size - end->size, end->data, end->size) == 0;
}

int catching_take(void *context, struct sl_bytes lines, struct sl_error *error)
{
    struct catching *catching = context;
    (void)error;
    while (lines.size > 0) {
        const uint8_t *feed = memchr(lines.data, '\n', lines.size);
        size_t size = feed == NULL ? lines.size : (size_t)(feed - lines.data) + 1;
        struct sl_bytes line = sl_bytes(lines.data, size);
        lines = sl_bytes(lines.data + size, lines.size - size);
        remember(catching, line);
        if (is_end(catching, line)) {
            catching->found = true;
            catching->much = false;
            sl_buffer_clear(&catching->missing);
        } else if (catching->found) {
            miss(catching, line);
        }
    }
    return 0;
}

bool catching_found(const struct catching *catching)
{
    return catching == NULL || (catching->found && !catching->empty);
}

void catching_again(struct catching *catching)
{
    catching->found = catching->empty;
    catching->much = false;
    sl_buffer_clear(&catching->told);
    sl_buffer_clear(&catching->missing);
}

struct sl_bytes catching_missing(const struct catching *catching)
{
    if (catching == NULL)
        return sl_bytes(NULL, 0);
    if (catching->found && !catching->much)
        return sl_buffer_bytes(&catching->missing);
    (void)fprintf(stderr,
                  "samenloop-router: %s: %s; what is missing is not appended (samenloop log "
                  "--journal tells all)\n",
                  catching->file,
                  catching->found ? "more than 16 MiB of the log are not in it"
                                  : "the journal does not know its last lines");
    return sl_bytes(NULL, 0);
}
