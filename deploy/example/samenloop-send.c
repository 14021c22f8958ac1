/*
 * The smallest program with libsamenloop: hands one event in at this organisation's house, waits
 * until it is on stable storage, then until the router has answered for it, and shows what waits in
 * the back office's inbox.
 *
 *     cc samenloop-send.c $(pkg-config --cflags --libs samenloop) -o samenloop-send
 *     ./samenloop-send adapter.cfg EVENT.json
 *
 * The house is locked while it is open: stop the organisation's samenloop-adapter first.
 */
#include <samenloop.h>

#include <stdio.h>
#include <stdlib.h>

enum { EVENT_MAX = 64 * 1024, ROUND_MS = 100, ROUNDS = 100 };

static struct samenloop_line *line;

static void stop(const char *what, const char *why)
{
    (void)fprintf(stderr, "samenloop-send: %s: %s\n", what, why);
    samenloop_close(line);
    exit(1);
}

static void turn(void)
{
    if (samenloop_turn(line, NULL, 0, ROUND_MS) < 0)
        stop("the disk failed", samenloop_trouble(line));
}

static void hand_in(struct samenloop *house, const char *text, size_t size)
{
    struct samenloop_tickets tickets;
    struct samenloop_answer answer;
    if (samenloop_publish(house, SAMENLOOP_BACK_OFFICE, text, size, false, &tickets) < 0)
        stop("publish", "too much is pending");
    do {
        turn();
        if (samenloop_answer(house, tickets.first, &answer) < 0)
            stop("publish", "no answer");
    } while (answer.status == SAMENLOOP_PENDING);
    if (answer.status == SAMENLOOP_REFUSED)
        stop(answer.code, answer.sentence);
    struct samenloop_health health;
    samenloop_health(house, &health);
    for (int i = 0; i < ROUNDS && health.outbox[1] + health.outbox[2] + health.outbox[3] > 0; i++) {
        turn();
        samenloop_health(house, &health);
    }
    const char *state = samenloop_event(house, answer.id, answer.source);
    (void)printf("%s\n", state == NULL ? "unknown" : state);
}

static void show_inbox(struct samenloop *house)
{
    struct samenloop_cursor cursor = {0};
    struct samenloop_item item;
    while (samenloop_receive(house, SAMENLOOP_BACK_OFFICE, &cursor, &item) == 1)
        (void)printf("%.*s\n", (int)item.size, item.event);
}

int main(int count, char **arguments)
{
    static char text[EVENT_MAX];
    static char problems[4096];
    FILE *file = count == 3 ? fopen(arguments[2], "r") : NULL;
    if (file == NULL) {
        (void)fprintf(stderr, "samenloop-send ADAPTER.cfg EVENT.json\n");
        return 2;
    }
    size_t size = fread(text, 1, sizeof text, file);
    (void)fclose(file);
    if (samenloop_open(&line, arguments[1], problems, sizeof problems) < 0) {
        (void)fprintf(stderr, "%s", problems);
        return 1;
    }
    hand_in(samenloop_house(line), text, size);
    show_inbox(samenloop_house(line));
    samenloop_close(line);
    return 0;
}
