/*
 * Events from one house's outbox through the router into the other's inbox: both houses by
 * libsamenloop, a thread each, all security on, outbox and inbox durable. Each measurement prints
 * one object of JSON; tests/bench/run makes columns of it and says what they mean.
 *
 *     flow PUBLISHER.cfg RECEIVER.cfg ROUTER_PID window EVENTS WINDOW
 *     flow PUBLISHER.cfg RECEIVER.cfg ROUTER_PID rate EVENTS EVENTS_PER_SECOND
 *     flow PUBLISHER.cfg RECEIVER.cfg ROUTER_PID acute EVENTS WINDOW
 *     flow PUBLISHER.cfg RECEIVER.cfg ROUTER_PID alone EVENTS EVENTS_PER_SECOND
 *
 * `acute` is `window` with an event of the acute lane now and then, and the latencies are those of
 * the acute ones alone; `alone` is `rate` of nothing but acute ones. What the benchmark itself does
 * to make its events is not counted as CPU. The publisher is NCG, the receiver IMG; the houses are
 * complex ones, so that structural damage crosses with its sections and opens no questions.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "tests/bench/line.h"

enum { HOUSES = 1000, BATCH = 256, EVENT_MAX = 2048, MOST = 4 * 1000 * 1000 };
enum { ACUTE_EVERY = 250 }; /* events, in `acute` */

struct flow {
    const char *publisher_config;
    const char *receiver_config;
    size_t events;
    size_t window;   /* events that are not in the inbox yet; 0: a rate instead */
    size_t acute;    /* one event in so many is acute, and only those are asked about; 0: none is */
    double interval; /* ns from one event to the next, at a rate */
    uint64_t run;    /* makes ids new in each measurement */
    int64_t *sent;   /* ns, by event */
    int64_t *seen;
    atomic_size_t arrived;
    int news;          /* an eventfd: something has arrived */
    int timer;         /* a timerfd: the next event is due */
    atomic_bool ready; /* the receiver is connected */
    struct used publisher;
    struct used receiver;
};

/* ---------------------------------------------------------------- events */

static void now_text(char out[32])
{
    time_t now = time(NULL);
    struct tm parts;
    (void)strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
}

/* 512 bytes of content: location, dossier and findings. */
static size_t write_event(char *out, const struct flow *flow, const char *type, uint64_t number,
                          const char *attributes, const char *sections)
{
    char at[32];
    now_text(at);
    unsigned house = (unsigned)(number % HOUSES) + 1;
    return (size_t)snprintf(
        out, EVENT_MAX,
        "{\"specversion\":\"1.0\",\"id\":\"%08x-0000-4000-8000-%012llx\","
        "\"source\":\"urn:nld:oin:00000004165165165000:systeem:bench\",\"type\":"
        "\"nl.samenloop.%s\",\"subject\":\"00142000000%05u\",\"time\":\"%s\","
        "\"datacontenttype\":\"application/json\",\"data\":{\"attributes\":{\"occurred_at\":\"%s\""
        "%s},\"dossier\":{\"organisation\":\"ncg\",\"case_number\":\"NCG-%llu\"}%s}}",
        (unsigned)flow->run, (unsigned long long)number, type, house, at, at, attributes,
        (unsigned long long)number, sections);
}

static size_t write_damage(char *out, const struct flow *flow, uint64_t number)
{
    static const char filling[] =
        "report-0123456789-0123456789-0123456789-0123456789-0123456789-0123456789-0123456789-"
        "0123456789-0123456789-0123456789-0123456789";
    char sections[1024];
    (void)snprintf(sections, sizeof sections,
                   ",\"location\":{\"bag_id\":\"00142000000%05u\",\"municipality\":\"0014\","
                   "\"street\":\"Teststraat\",\"number\":\"1\"},\"findings\":{\"found_on\":"
                   "\"2021-03-30\",\"element\":\"wall\",\"kind\":\"crack\",\"report_ref\":\"%s\","
                   "\"photo_refs\":[\"%s\"]}",
                   (unsigned)(number % HOUSES) + 1, filling, filling);
    return write_event(out, flow, "structural_damage_found", number, ",\"municipality\":\"0014\"",
                       sections);
}

/* What NCG says when it has looked at its planning again: acute, and it opens no question. */
static size_t write_acute(char *out, const struct flow *flow, uint64_t number)
{
    char at[32];
    now_text(at);
    return (size_t)snprintf(
        out, EVENT_MAX,
        "{\"specversion\":\"1.0\",\"id\":\"%08x-0000-4000-8000-%012llx\","
        "\"source\":\"urn:nld:oin:00000004165165165000:systeem:bench\",\"type\":"
        "\"nl.samenloop.planning_reviewed\",\"subject\":\"00142000000%05u\",\"time\":\"%s\","
        "\"datacontenttype\":\"application/json\",\"data\":{\"attributes\":{\"occurred_at\":\"%s\""
        ",\"outcome\":\"unchanged\"}}}",
        (unsigned)flow->run, (unsigned long long)number, (unsigned)(number % HOUSES) + 1, at, at);
}

static bool is_acute(const struct flow *flow, size_t number)
{
    return flow->acute > 0 && number % flow->acute == flow->acute - 1;
}

/* ---------------------------------------------------------------- the publisher */

/* Waits until the file can be read; the house goes on meanwhile. */
static void wait_for(struct samenloop_line *line, int file)
{
    struct pollfd poll = {.fd = file, .events = POLLIN};
    uint64_t count = 0;
    turn_with(line, &poll, 1, 100);
    if ((poll.revents & POLLIN) != 0 && read(file, &count, sizeof count) < 0 && errno != EAGAIN)
        stop("wait", strerror(errno));
}

static void wait_until(struct flow *flow, struct samenloop_line *line, int64_t due)
{
    struct itimerspec at = {.it_value = {due / 1000000000, due % 1000000000}};
    if (timerfd_settime(flow->timer, TFD_TIMER_ABSTIME, &at, NULL) < 0)
        stop("timer", strerror(errno));
    wait_for(line, flow->timer);
}

/* How many may be handed in now, and may wait a moment for that. */
static size_t allowed(struct flow *flow, struct samenloop_line *line, size_t next, int64_t begin)
{
    size_t limit = 0;
    for (;;) {
        limit = flow->window > 0
                    ? atomic_load(&flow->arrived) + flow->window
                    : (size_t)((double)(clock_ns(CLOCK_MONOTONIC) - begin) / flow->interval) + 1;
        if (limit > next)
            break;
        if (flow->window > 0)
            wait_for(line, flow->news);
        else
            wait_until(flow, line, begin + (int64_t)((double)next * flow->interval));
    }
    if (limit > flow->events)
        limit = flow->events;
    if (is_acute(flow, next))
        return 1; /* alone: it waits for no text to be made */
    size_t count = 1;
    while (count < BATCH && next + count < limit && !is_acute(flow, next + count))
        count++;
    return count;
}

static void prepare_houses(struct flow *flow, struct samenloop_line *line)
{
    char *text = malloc((size_t)HOUSES * EVENT_MAX);
    if (text == NULL)
        stop("memory", strerror(errno));
    size_t size = 0;
    text[size++] = '[';
    for (uint64_t i = 0; i < HOUSES; i++) {
        if (i > 0)
            text[size++] = ',';
        size += write_event(text + size, flow, "complex_case_signalled", MOST + i,
                            ",\"grounds\":[\"acute\"]", "");
    }
    text[size++] = ']';
    publish(line, text, size, HOUSES);
    struct samenloop_health health;
    do {
        turn(line, 10);
        samenloop_health(samenloop_house(line), &health);
    } while (health.outbox[3] > 0);
    free(text);
}

/* Makes the events' text, one JSON array; at a rate an event counts from when it was due, so that
 * waiting is not hidden. */
static size_t write_batch(struct flow *flow, char *text, size_t next, size_t count, int64_t begin)
{
    size_t size = 0;
    int64_t at = clock_ns(CLOCK_MONOTONIC);
    text[size++] = '[';
    for (size_t i = next; i < next + count; i++) {
        if (i > next)
            text[size++] = ',';
        flow->sent[i] = flow->window > 0 ? at : begin + (int64_t)((double)i * flow->interval);
        size += is_acute(flow, i) ? write_acute(text + size, flow, i)
                                  : write_damage(text + size, flow, i);
    }
    text[size++] = ']';
    return size;
}

/* Publishes all; the CPU time that making the text took. */
static int64_t publish_all(struct flow *flow, struct samenloop_line *line, char *text)
{
    int64_t making = 0;
    int64_t begin = clock_ns(CLOCK_MONOTONIC);
    for (size_t next = 0; next < flow->events;) {
        size_t count = allowed(flow, line, next, begin);
        int64_t before = clock_ns(CLOCK_THREAD_CPUTIME_ID);
        size_t size = write_batch(flow, text, next, count, begin);
        making += clock_ns(CLOCK_THREAD_CPUTIME_ID) - before;
        publish(line, text, size, count);
        next += count;
    }
    while (atomic_load(&flow->arrived) < flow->events)
        wait_for(line, flow->news);
    return making;
}

static void *run_publisher(void *context)
{
    struct flow *flow = context;
    struct samenloop_line *line = open_line(flow->publisher_config);
    char *text = malloc((size_t)BATCH * EVENT_MAX);
    if (text == NULL)
        stop("memory", strerror(errno));
    prepare_houses(flow, line);
    while (!atomic_load(&flow->ready))
        turn(line, 1);
    struct used before = used_by_thread();
    int64_t making = publish_all(flow, line, text);
    flow->publisher = used_since(before, used_by_thread());
    flow->publisher.cpu_ns -= making;
    free(text);
    samenloop_close(line);
    return NULL;
}

/* ---------------------------------------------------------------- the receiver */

/* The event's number, where it is one of this measurement; MOST: another. */
static size_t number_of(const struct flow *flow, const struct samenloop_item *item)
{
    const char *id = strstr(item->event, "\"id\":");
    if (id == NULL)
        return MOST;
    id = strchr(id + 5, '"');
    unsigned run = 0;
    unsigned long long number = 0;
    if (id == NULL || sscanf(id + 1, "%8x-0000-4000-8000-%12llx", &run, &number) != 2 ||
        run != (unsigned)flow->run || number >= flow->events)
        return MOST;
    return (size_t)number;
}

static void *run_receiver(void *context)
{
    struct flow *flow = context;
    struct samenloop_line *line = open_line(flow->receiver_config);
    struct samenloop *house = samenloop_house(line);
    struct samenloop_cursor cursor = {0};
    struct samenloop_health health;
    do {
        turn(line, 10);
        samenloop_health(house, &health);
    } while (!health.connected);
    atomic_store(&flow->ready, true);
    struct used before = used_by_thread();
    while (atomic_load(&flow->arrived) < flow->events) {
        uint64_t positions[BATCH];
        size_t taken = 0;
        struct samenloop_item item;
        turn(line, 100);
        while (taken < BATCH &&
               samenloop_receive(house, SAMENLOOP_BACK_OFFICE, &cursor, &item) == 1) {
            size_t number = number_of(flow, &item);
            positions[taken++] = item.position;
            if (number == MOST || flow->seen[number] != 0)
                continue;
            flow->seen[number] = clock_ns(CLOCK_MONOTONIC);
            atomic_fetch_add(&flow->arrived, 1);
        }
        if (taken > 0 && eventfd_write(flow->news, 1) < 0)
            stop("news", strerror(errno));
        if (taken > 0 && samenloop_acknowledge(house, SAMENLOOP_BACK_OFFICE, positions, taken) < 0)
            stop("acknowledge", "a position is not in this inbox");
    }
    flow->receiver = used_since(before, used_by_thread());
    samenloop_close(line);
    return NULL;
}

/* ---------------------------------------------------------------- figures */

/* Latencies of the events that are asked about, in their order; how many. */
static size_t latencies(const struct flow *flow, int64_t *out)
{
    size_t count = 0;
    for (size_t i = 0; i < flow->events; i++) {
        if (flow->acute == 0 || is_acute(flow, i))
            out[count++] = flow->seen[i] - flow->sent[i];
    }
    return count;
}

static void report(struct flow *flow, const char *what, unsigned long n, struct used router)
{
    const struct used used[] = {flow->publisher, router, flow->receiver};
    int64_t last = 0;
    for (size_t i = 0; i < flow->events; i++)
        last = flow->seen[i] > last ? flow->seen[i] : last;
    double seconds = (double)(last - flow->sent[0]) / 1e9;
    double each = (double)flow->events;
    int64_t *took = flow->seen; /* of which no more is read than was written over */
    size_t count = latencies(flow, took);
    print_figures(what, n, flow->events, seconds, took, count);
    (void)printf(",\"cpu\":[%.1f,%.1f,%.1f],\"written\":[%.0f,%.0f,%.0f]}\n",
                 (double)used[0].cpu_ns / 1e3 / each, (double)used[1].cpu_ns / 1e3 / each,
                 (double)used[2].cpu_ns / 1e3 / each, (double)used[0].written / each,
                 (double)used[1].written / each, (double)used[2].written / each);
}

static bool read_arguments(struct flow *flow, char **arguments, unsigned long n)
{
    static const struct {
        const char *what;
        size_t acute;
        bool rate;
    } kinds[] = {
        {"window", 0, false}, {"rate", 0, true}, {"acute", ACUTE_EVERY, false}, {"alone", 1, true}};
    *flow = (struct flow){.publisher_config = arguments[1],
                          .receiver_config = arguments[2],
                          .events = strtoul(arguments[5], NULL, 10),
                          .run = (uint64_t)time(NULL)};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(arguments[4], kinds[i].what) != 0)
            continue;
        flow->acute = kinds[i].acute;
        flow->window = kinds[i].rate ? 0 : n;
        flow->interval = kinds[i].rate ? 1e9 / (double)n : 0;
        return flow->events > 0 && flow->events <= MOST && n > 0;
    }
    return false;
}

int main(int count, char **arguments)
{
    struct flow flow;
    unsigned long n = count == 7 ? strtoul(arguments[6], NULL, 10) : 0;
    if (count != 7 || !read_arguments(&flow, arguments, n)) {
        (void)fprintf(
            stderr,
            "flow PUBLISHER.cfg RECEIVER.cfg ROUTER_PID window|rate|acute|alone EVENTS N\n");
        return 2;
    }
    pid_t router = (pid_t)strtol(arguments[3], NULL, 10);
    flow.sent = calloc(flow.events, sizeof *flow.sent);
    flow.seen = calloc(flow.events, sizeof *flow.seen);
    flow.news = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    flow.timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (flow.sent == NULL || flow.seen == NULL || flow.news < 0 || flow.timer < 0)
        stop("begin", strerror(errno));
    pthread_t publisher;
    pthread_t receiver;
    struct used before = used_by_process(router);
    if (pthread_create(&receiver, NULL, run_receiver, &flow) != 0 ||
        pthread_create(&publisher, NULL, run_publisher, &flow) != 0)
        stop("threads", strerror(errno));
    (void)pthread_join(publisher, NULL);
    (void)pthread_join(receiver, NULL);
    report(&flow, arguments[4], n, used_since(before, used_by_process(router)));
    (void)close(flow.news);
    (void)close(flow.timer);
    free(flow.sent);
    free(flow.seen);
    return 0;
}
