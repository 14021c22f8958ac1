/*
 * A backlog made and taken, by houses that are libsamenloop on a configuration file; tests/backlog
 * says what it is for.
 *
 *     backlog fill CONFIG notices|questions EVENTS FIRST   publishes; ends when all are answered
 *     backlog take CONFIG notices|questions EVENTS         takes them into the inbox; nobody reads
 * it backlog drain CONFIG notices|questions EVENTS        the back office has them all, and checks
 *
 * Each says how fast it was, and how much memory the house had at most.
 *
 * `notices`: NCG tells of structural damage at up to 27,000 complex houses; that crosses with its
 * sections and opens no question. `questions`: IMG does, each event at a house of its own, and each
 * opens one. An event's number stands in its id; of a house numbers must rise, each must come once.
 */
#include "tests/bench/line.h"

#include <sys/resource.h>

enum { HOUSES_MAX = 27000, EACH = 20, BATCH = 1024, EVENT_MAX = 1024, UNANSWERED = 16 * 1024 };
static const int64_t SILENCE_NS = INT64_C(300) * 1000000000;

struct backlog {
    struct samenloop_line *line;
    bool questions;
    uint64_t events;
    uint64_t houses;
};

/* How fast, and the most that this house ever had in memory. */
static void tell(uint64_t events, int64_t took_ns, const char *how)
{
    struct rusage used;
    if (getrusage(RUSAGE_SELF, &used) != 0)
        stop("getrusage", strerror(errno));
    (void)printf("%.0f events/s%s; the house had %ld MiB at most\n",
                 (double)events * 1e9 / (double)took_ns, how, used.ru_maxrss / 1024);
}

static unsigned house_of(const struct backlog *backlog, uint64_t number)
{
    return (unsigned)(number % backlog->houses) + 1;
}

static size_t write_event(const struct backlog *backlog, char *out, const char *type,
                          uint64_t number, const char *attributes, const char *sections)
{
    char at[32];
    time_t now = time(NULL);
    struct tm parts;
    const char *who = backlog->questions ? "img" : "ncg";
    (void)strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
    return (size_t)snprintf(
        out, EVENT_MAX,
        "{\"specversion\":\"1.0\",\"id\":\"00000000-0000-4000-8000-%012llx\","
        "\"source\":\"urn:nld:oin:%s:systeem:bench\",\"type\":\"nl.samenloop.%s\","
        "\"subject\":\"00142000%08u\",\"time\":\"%s\",\"datacontenttype\":\"application/json\","
        "\"data\":{\"attributes\":{\"occurred_at\":\"%s\"%s},\"dossier\":{\"organisation\":\"%s\","
        "\"case_number\":\"Z-%llu\"}%s}}",
        (unsigned long long)number,
        backlog->questions ? "00000004164164164000" : "00000004165165165000", type,
        house_of(backlog, number), at, at, attributes, who, (unsigned long long)number, sections);
}

static size_t write_damage(const struct backlog *backlog, char *out, uint64_t number)
{
    char sections[256];
    (void)snprintf(sections, sizeof sections,
                   ",\"location\":{\"bag_id\":\"00142000%08u\",\"municipality\":\"0014\"},"
                   "\"findings\":{\"found_on\":\"2021-03-30\",\"element\":\"wall\",\"kind\":"
                   "\"crack\",\"report_ref\":\"R-%llu\"}",
                   house_of(backlog, number), (unsigned long long)number);
    return write_event(backlog, out, "structural_damage_found", number,
                       ",\"municipality\":\"0014\"", sections);
}

static size_t write_complex(const struct backlog *backlog, char *out, uint64_t number)
{
    return write_event(backlog, out, "complex_case_signalled", number, ",\"grounds\":[\"acute\"]",
                       "");
}

/* ---------------------------------------------------------------- filling */

/* No more than so many wait for the router: what is measured is its memory. */
static void await_answers(struct samenloop_line *line, uint64_t most)
{
    struct samenloop_health health;
    for (;;) {
        samenloop_health(samenloop_house(line), &health);
        if (health.outbox[3] <= most)
            return;
        turn(line, 10);
    }
}

static void publish_range(const struct backlog *backlog, uint64_t first, uint64_t end,
                          size_t (*write)(const struct backlog *, char *, uint64_t))
{
    char *text = malloc((size_t)BATCH * EVENT_MAX);
    if (text == NULL)
        stop("memory", strerror(errno));
    for (uint64_t next = first; next < end;) {
        size_t size = 0;
        size_t count = 0;
        text[size++] = '[';
        for (; count < BATCH && next < end; count++, next++) {
            if (count > 0)
                text[size++] = ',';
            size += write(backlog, text + size, next);
        }
        text[size++] = ']';
        publish(backlog->line, text, size, count);
        await_answers(backlog->line, UNANSWERED);
    }
    await_answers(backlog->line, 0);
    free(text);
}

static void fill(const struct backlog *backlog, uint64_t first)
{
    int64_t begin = clock_ns(CLOCK_MONOTONIC);
    if (!backlog->questions && first == 0) /* numbers that no drain counts */
        publish_range(backlog, UINT64_C(1) << 40, (UINT64_C(1) << 40) + backlog->houses,
                      write_complex);
    publish_range(backlog, first, backlog->events, write_damage);
    tell(backlog->events - first, clock_ns(CLOCK_MONOTONIC) - begin, "");
}

/* ---------------------------------------------------------------- draining */

struct drained {
    uint64_t count;
    uint64_t *last;   /* by house: the number that came last, from 1 */
    uint64_t journal; /* that of the last one */
};

/* The event's number; UINT64_MAX: it is another. */
static uint64_t number_of(const struct backlog *backlog, const char *event)
{
    unsigned long long number = 0;
    const char *id = strstr(event, "\"id\":");
    id = id == NULL ? NULL : strchr(id + 5, '"');
    return id != NULL && strstr(event, "structural_damage_found") != NULL &&
                   sscanf(id + 1, "00000000-0000-4000-8000-%12llx", &number) == 1 &&
                   number < backlog->events
               ? number
               : UINT64_MAX;
}

static void check(const struct backlog *backlog, struct drained *drained, const char *event)
{
    uint64_t number = number_of(backlog, event);
    const char *journal = strstr(event, "\"journalseq\":");
    unsigned long long seq = 0;
    if (number == UINT64_MAX)
        return;
    uint64_t *last = &drained->last[house_of(backlog, number)];
    if (*last > number)
        stop("out of order, or twice", event);
    if (!backlog->questions && *last != 0 && *last + backlog->houses != number + 1)
        stop("one is missing before", event);
    *last = number + 1;
    if (journal == NULL || sscanf(journal + 13, " \"%llu", &seq) != 1 || seq <= drained->journal)
        stop("the journal's numbers do not rise", event);
    drained->journal = seq;
    drained->count++;
}

/* All are in the inbox, where nobody takes them. */
static void take(const struct backlog *backlog)
{
    struct samenloop_health health = {0};
    int64_t begin = clock_ns(CLOCK_MONOTONIC);
    int64_t heard = begin;
    uint64_t before = 0;
    uint64_t now_there = 0;
    while (now_there < backlog->events ||
           clock_ns(CLOCK_MONOTONIC) - heard < INT64_C(3) * 1000000000) {
        turn(backlog->line, 100);
        samenloop_health(samenloop_house(backlog->line), &health);
        now_there = health.inbox[1] + health.inbox[2] + health.inbox[3];
        if (now_there != before)
            heard = clock_ns(CLOCK_MONOTONIC);
        before = now_there;
        if (clock_ns(CLOCK_MONOTONIC) - heard > SILENCE_NS)
            stop("nothing came for five minutes", health.trouble);
    }
    tell(now_there, heard - begin, "");
}

/* An event that came twice would be behind the last one. */
static void nothing_more(const struct backlog *backlog, struct samenloop_cursor *cursor)
{
    struct samenloop_item item;
    turn(backlog->line, 100);
    while (samenloop_receive(samenloop_house(backlog->line), SAMENLOOP_BACK_OFFICE, cursor,
                             &item) == 1) {
        if (number_of(backlog, item.event) != UINT64_MAX)
            stop("twice", item.event);
    }
}

static void drain(const struct backlog *backlog)
{
    struct samenloop *house = samenloop_house(backlog->line);
    struct samenloop_cursor cursor = {0};
    struct drained drained = {.last = calloc(backlog->houses + 2, sizeof(uint64_t))};
    int64_t begin = 0;
    int64_t heard = clock_ns(CLOCK_MONOTONIC);
    if (drained.last == NULL)
        stop("memory", strerror(errno));
    while (drained.count < backlog->events) {
        uint64_t positions[BATCH];
        size_t taken = 0;
        struct samenloop_item item;
        turn(backlog->line, 100);
        while (taken < BATCH &&
               samenloop_receive(house, SAMENLOOP_BACK_OFFICE, &cursor, &item) == 1) {
            positions[taken++] = item.position;
            check(backlog, &drained, item.event);
        }
        if (taken > 0 && samenloop_acknowledge(house, SAMENLOOP_BACK_OFFICE, positions, taken) < 0)
            stop("acknowledge", "a position is not in this inbox");
        int64_t now = clock_ns(CLOCK_MONOTONIC);
        if (taken > 0)
            heard = now;
        if (taken > 0 && begin == 0)
            begin = now;
        if (now - heard > SILENCE_NS)
            stop("nothing came for five minutes", "");
    }
    int64_t took = clock_ns(CLOCK_MONOTONIC) - begin;
    nothing_more(backlog, &cursor);
    tell(drained.count, took, ", in order, 0 lost, 0 twice");
    free(drained.last);
}

int main(int count, char **arguments)
{
    struct backlog backlog = {0};
    if (count < 5) {
        (void)fprintf(stderr, "backlog fill|take|drain CONFIG notices|questions EVENTS [FIRST]\n");
        return 2;
    }
    int64_t begin = clock_ns(CLOCK_MONOTONIC);
    backlog.line = open_line(arguments[2]);
    (void)printf("opened in %.1f s; ", (double)(clock_ns(CLOCK_MONOTONIC) - begin) / 1e9);
    backlog.questions = strcmp(arguments[3], "questions") == 0;
    backlog.events = strtoull(arguments[4], NULL, 10);
    backlog.houses = backlog.questions                    ? backlog.events
                     : backlog.events / EACH < HOUSES_MAX ? backlog.events / EACH + 1
                                                          : HOUSES_MAX;
    if (strcmp(arguments[1], "fill") == 0)
        fill(&backlog, count > 5 ? strtoull(arguments[5], NULL, 10) : 0);
    else if (strcmp(arguments[1], "take") == 0)
        take(&backlog);
    else
        drain(&backlog);
    samenloop_close(backlog.line);
    return 0;
}
