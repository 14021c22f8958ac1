#include "router/followers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "router/admission.h"

enum { QUESTIONS = 16 /* a round */, ID_MAX = 255, NUMBER_MAX = 20, PLACE_MAX = 48 };

struct question {
    uint8_t id[ID_MAX]; /* of the connection */
    size_t id_size;
    char number[NUMBER_MAX + 1];
    off_t at;
};

struct followers {
    void *socket;
    int file;
    uint64_t name; /* of the file: an inode */
    off_t size;    /* of the file, when those who wait were looked at last */
    size_t count;
    struct question waiting[FOLLOWERS_MAX]; /* who asked first stands first */
    struct sl_buffer lines;
};

int followers_open(struct followers **out, void *socket, int file, struct sl_error *error)
{
    struct stat facts;
    if (fstat(file, &facts) < 0 || !S_ISREG(facts.st_mode))
        return sl_fail(error, SL_CONFIGURATION, "feed: it is read from the log, which is no file");
    *out = sl_new(1, sizeof **out);
    (*out)->socket = socket;
    (*out)->file = file;
    (*out)->name = (uint64_t)facts.st_ino;
    return 0;
}

void followers_close(struct followers *followers)
{
    if (followers == NULL)
        return;
    sl_buffer_free(&followers->lines);
    free(followers);
}

/* ---------------------------------------------------------------- places */

static void write_place(const struct followers *followers, off_t at, char out[PLACE_MAX])
{
    (void)snprintf(out, PLACE_MAX, "%" PRIu64 ":%" PRIu64, followers->name, (uint64_t)at);
}

/* Does a line begin here, or will the next one? */
static bool is_a_beginning(const struct followers *followers, off_t at)
{
    char before = '\n';
    if (at > followers->size || (at > 0 && pread(followers->file, &before, 1, at - 1) != 1))
        return false;
    return before == '\n';
}

/* Behind the last whole line: there can be half of one on a full disk. */
static off_t end_of_lines(struct followers *followers)
{
    off_t at = followers->size > FOLLOWERS_LINES ? followers->size - FOLLOWERS_LINES : 0;
    size_t size = (size_t)(followers->size - at);
    sl_buffer_clear(&followers->lines);
    uint8_t *end = sl_buffer_extend(&followers->lines, size);
    if (size == 0 || pread(followers->file, end, size, at) != (ssize_t)size)
        return at;
    const uint8_t *last = memrchr(end, '\n', size);
    return last == NULL ? at : at + (last + 1 - end);
}

/* Digits, which end at this character; the text goes on behind it. */
static bool take_number(const char **text, char last, uint64_t *out)
{
    char *end = NULL;
    errno = 0;
    *out = strtoull(*text, &end, 10);
    if (errno != 0 || **text < '0' || **text > '9' || *end != last)
        return false;
    *text = end + 1;
    return true;
}

static off_t read_place(struct followers *followers, const char *text)
{
    uint64_t name = 0;
    uint64_t at = 0;
    if (strcmp(text, "now") == 0)
        return end_of_lines(followers);
    if (!take_number(&text, ':', &name) || !take_number(&text, '\0', &at) ||
        name != followers->name || at > INT64_MAX || !is_a_beginning(followers, (off_t)at))
        return 0;
    return (off_t)at;
}

/* ---------------------------------------------------------------- answers */

static void send_lines(struct followers *followers, const struct question *to,
                       struct sl_bytes lines)
{
    char begin[PLACE_MAX];
    char end[PLACE_MAX];
    write_place(followers, to->at, begin);
    write_place(followers, to->at + (off_t)lines.size, end);
    const struct sl_bytes parts[] = {sl_bytes(to->id, to->id_size), sl_text(to->number),
                                     sl_text(begin), sl_text(end), lines};
    enum { PARTS = sizeof parts / sizeof *parts };
    for (size_t i = 0; i < PARTS; i++) {
        if (zmq_send(followers->socket, parts[i].data, parts[i].size,
                     ZMQ_DONTWAIT | (i + 1 < PARTS ? ZMQ_SNDMORE : 0)) < 0)
            return; /* it has gone, or does not read: it will ask again */
    }
}

/* False: there is no whole line yet behind its place. */
static bool answer(struct followers *followers, const struct question *question)
{
    sl_buffer_clear(&followers->lines);
    uint8_t *lines = sl_buffer_extend(&followers->lines, FOLLOWERS_LINES);
    ssize_t size = pread(followers->file, lines, FOLLOWERS_LINES, question->at);
    const uint8_t *last = size <= 0 ? NULL : memrchr(lines, '\n', (size_t)size);
    if (last == NULL)
        return false;
    send_lines(followers, question, sl_bytes(lines, (size_t)(last + 1 - lines)));
    return true;
}

static void remove_at(struct followers *followers, size_t place)
{
    followers->count--;
    memmove(&followers->waiting[place], &followers->waiting[place + 1],
            (followers->count - place) * sizeof followers->waiting[0]);
}

/* Its newest question holds. */
static void keep(struct followers *followers, const struct question *question)
{
    for (size_t i = 0; i < followers->count; i++) {
        if (sl_bytes_equal(sl_bytes(followers->waiting[i].id, followers->waiting[i].id_size),
                           sl_bytes(question->id, question->id_size)))
            remove_at(followers, i);
    }
    if (followers->count == FOLLOWERS_MAX)
        remove_at(followers, 0);
    followers->waiting[followers->count++] = *question;
}

/* ---------------------------------------------------------------- questions */

/* What is no question, or of nobody, is not answered. */
static void take_question(struct followers *followers, struct question *question, zmq_msg_t *body,
                          const struct sl_directory *directory, int64_t now)
{
    char text[NUMBER_MAX + PLACE_MAX] = "";
    char place[PLACE_MAX] = "";
    size_t size = zmq_msg_size(body);
    if (admission_participant(directory, now, zmq_msg_gets(body, "User-Id")) < 0 ||
        size >= sizeof text)
        return;
    memcpy(text, zmq_msg_data(body), size);
    if (sscanf(text, "%20[0-9] %47s", question->number, place) != 2)
        return;
    question->at = read_place(followers, place);
    if (strcmp(place, "now") == 0)
        send_lines(followers, question, sl_bytes("", 0));
    else if (!answer(followers, question))
        keep(followers, question);
}

/* A message is the connection's name and one part; one of more parts is read and forgotten. */
static bool receive(struct followers *followers, const struct sl_directory *directory, int64_t now)
{
    struct question question = {0};
    zmq_msg_t body;
    int size = zmq_recv(followers->socket, question.id, sizeof question.id, ZMQ_DONTWAIT);
    if (size < 0)
        return false;
    (void)zmq_msg_init(&body);
    bool good = zmq_msg_recv(&body, followers->socket, ZMQ_DONTWAIT) >= 0 && !zmq_msg_more(&body);
    question.id_size = (size_t)size;
    if (good && question.id_size <= ID_MAX)
        take_question(followers, &question, &body, directory, now);
    while (zmq_msg_more(&body) && zmq_msg_recv(&body, followers->socket, ZMQ_DONTWAIT) >= 0)
        continue;
    (void)zmq_msg_close(&body);
    return true;
}

void followers_round(struct followers *followers, const struct sl_directory *directory, int64_t now)
{
    struct stat facts;
    if (followers == NULL || fstat(followers->file, &facts) < 0)
        return;
    bool more = facts.st_size != followers->size;
    followers->size = facts.st_size;
    for (int i = 0; i < QUESTIONS && receive(followers, directory, now); i++)
        continue;
    for (size_t i = 0; more && i < followers->count;) {
        struct question *question = &followers->waiting[i];
        if (!is_a_beginning(followers, question->at))
            question->at = 0; /* the file was cut */
        if (answer(followers, question))
            remove_at(followers, i);
        else
            i++;
    }
}
