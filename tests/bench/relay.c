/*
 * What ZeroMQ itself does on this machine: events of 512 bytes from a DEALER through a ROUTER to
 * another DEALER, three processes, CURVE on, and nothing else: nothing is signed, sealed, decided
 * or kept. The line printed has the names of flow's.
 *
 *     relay window EVENTS WINDOW EVENTS_PER_MESSAGE
 *     relay rate EVENTS EVENTS_PER_SECOND EVENTS_PER_MESSAGE
 */
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "tests/bench/figures.h"

enum { CONTENT = 512, MESSAGE_MOST = 1024, KEY = 41, WAIT_MS = 10000 };

/* Seen by all three processes. */
struct shared {
    atomic_bool bound;
    char address[256];
    atomic_size_t arrived;
    int64_t began;
    int64_t ended;
    int64_t times[]; /* ns, by event: when it was sent, then how long it took */
};

struct relay {
    size_t events;
    size_t window; /* events that have not arrived; 0: a rate instead */
    size_t batch;
    double interval;   /* ns */
    int news;          /* an eventfd: something has arrived */
    char keys[2][KEY]; /* the router's: public, secret */
    struct shared *shared;
};

static void must(int result, const char *what)
{
    if (result < 0)
        stop(what, zmq_strerror(zmq_errno()));
}

static void *open_socket(void *context, int kind)
{
    int wait = WAIT_MS;
    int none = 0;
    void *socket = zmq_socket(context, kind);
    if (socket == NULL)
        stop("socket", zmq_strerror(zmq_errno()));
    must(zmq_setsockopt(socket, ZMQ_RCVTIMEO, &wait, sizeof wait), "socket");
    must(zmq_setsockopt(socket, ZMQ_SNDHWM, &none, sizeof none), "socket");
    must(zmq_setsockopt(socket, ZMQ_RCVHWM, &none, sizeof none), "socket");
    return socket;
}

static void *connect_to(const struct relay *relay, void *context, const char *name)
{
    char public[KEY];
    char secret[KEY];
    void *socket = open_socket(context, ZMQ_DEALER);
    must(zmq_curve_keypair(public, secret), "keys");
    must(zmq_setsockopt(socket, ZMQ_ROUTING_ID, name, strlen(name)), "name");
    must(zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, relay->keys[0], KEY), "keys");
    must(zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, public, KEY), "keys");
    must(zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret, KEY), "keys");
    while (!atomic_load(&relay->shared->bound))
        sleep_until(clock_ns(CLOCK_MONOTONIC) + 1000000);
    must(zmq_connect(socket, relay->shared->address), relay->shared->address);
    return socket;
}

/* ---------------------------------------------------------------- the three processes */

/* How many may be sent now, one at least, and may wait for that. */
static size_t allowed(const struct relay *relay, size_t next)
{
    size_t limit = 0;
    for (;;) {
        limit = relay->window > 0
                    ? atomic_load(&relay->shared->arrived) + relay->window
                    : (size_t)((double)(clock_ns(CLOCK_MONOTONIC) - relay->shared->began) /
                               relay->interval) +
                          1;
        if (limit > next)
            break;
        eventfd_t news = 0;
        if (relay->window == 0)
            sleep_until(relay->shared->began + (int64_t)((double)next * relay->interval));
        else if (eventfd_read(relay->news, &news) < 0)
            stop("news", strerror(errno));
    }
    limit = limit < relay->events ? limit : relay->events;
    return limit - next < relay->batch ? limit - next : relay->batch;
}

static void publish(const struct relay *relay, void *socket)
{
    static uint8_t message[MESSAGE_MOST * CONTENT];
    relay->shared->began = clock_ns(CLOCK_MONOTONIC);
    for (size_t next = 0; next < relay->events;) {
        size_t count = allowed(relay, next);
        int64_t now = clock_ns(CLOCK_MONOTONIC);
        for (size_t i = next; i < next + count; i++)
            relay->shared->times[i] = relay->window > 0
                                          ? now
                                          : relay->shared->began +
                                                (int64_t)((double)i * relay->interval);
        memcpy(message, &next, sizeof next);
        must(zmq_send(socket, message, count * CONTENT, 0), "send");
        next += count;
    }
}

/* Begins when the receiver, which knows that the relay goes, has said so. */
static void run_publisher(const struct relay *relay, void *context)
{
    void *socket = connect_to(relay, context, "publisher");
    must(zmq_send(socket, "", 0, 0), "send");
    must(zmq_recv(socket, NULL, 0, 0), "the receiver");
    publish(relay, socket);
    while (atomic_load(&relay->shared->arrived) < relay->events)
        sleep_until(clock_ns(CLOCK_MONOTONIC) + 1000000);
    must(zmq_close(socket), "close");
}

static void run_receiver(const struct relay *relay, void *context)
{
    zmq_msg_t message;
    void *socket = connect_to(relay, context, "receiver");
    must(zmq_send(socket, "", 0, 0), "send");
    for (size_t arrived = 0; arrived < relay->events;) {
        size_t first = 0;
        must(zmq_msg_init(&message), "message");
        must(zmq_msg_recv(&message, socket, 0), "receive");
        size_t count = zmq_msg_size(&message) / CONTENT;
        int64_t now = clock_ns(CLOCK_MONOTONIC);
        if (count > 0)
            memcpy(&first, zmq_msg_data(&message), sizeof first);
        for (size_t i = first; i < first + count; i++)
            relay->shared->times[i] = now - relay->shared->times[i];
        arrived += count;
        relay->shared->ended = now;
        atomic_store(&relay->shared->arrived, arrived);
        if (eventfd_write(relay->news, 1) < 0)
            stop("news", strerror(errno));
        must(zmq_msg_close(&message), "message");
    }
    must(zmq_close(socket), "close");
}

/* From whom it came, what it was, and so to whom it goes: everything but both first words. */
static void pass_on(void *socket)
{
    char name[256];
    zmq_msg_t message;
    int size = zmq_recv(socket, name, sizeof name, 0);
    must(size, "receive");
    must(zmq_msg_init(&message), "message");
    must(zmq_msg_recv(&message, socket, 0), "receive");
    const char *to = size > 0 && name[0] == 'p' ? "receiver" : "publisher";
    must(zmq_send(socket, to, strlen(to), ZMQ_SNDMORE), "send");
    must(zmq_msg_send(&message, socket, 0), "send");
}

static void run_router(const struct relay *relay, void *socket)
{
    char name[256];
    for (int i = 0; i < 2; i++) { /* both are there */
        must(zmq_recv(socket, name, sizeof name, 0), "receive");
        must(zmq_recv(socket, NULL, 0, 0), "receive");
    }
    must(zmq_send(socket, "publisher", 9, ZMQ_SNDMORE), "send");
    must(zmq_send(socket, "", 0, 0), "send");
    while (atomic_load(&relay->shared->arrived) < relay->events) {
        zmq_pollitem_t item = {socket, 0, ZMQ_POLLIN, 0};
        must(zmq_poll(&item, 1, 100), "poll");
        if (item.revents != 0)
            pass_on(socket);
    }
}

/* ---------------------------------------------------------------- beginning and end */

static pid_t start(const struct relay *relay, void (*run)(const struct relay *, void *))
{
    pid_t pid = fork();
    if (pid < 0)
        stop("fork", strerror(errno));
    if (pid > 0)
        return pid;
    void *context = zmq_ctx_new();
    run(relay, context);
    (void)zmq_ctx_term(context);
    _exit(0);
}

static void run_router_process(const struct relay *relay, void *context)
{
    struct shared *shared = relay->shared;
    size_t size = sizeof shared->address;
    int yes = 1;
    void *socket = open_socket(context, ZMQ_ROUTER);
    must(zmq_setsockopt(socket, ZMQ_ROUTER_MANDATORY, &yes, sizeof yes), "socket");
    must(zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &yes, sizeof yes), "socket");
    must(zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, relay->keys[1], KEY), "keys");
    must(zmq_bind(socket, "tcp://127.0.0.1:*"), "bind");
    must(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, shared->address, &size), "bind");
    atomic_store(&shared->bound, true);
    run_router(relay, socket);
    must(zmq_close(socket), "close");
}

/* CPU of a process that has ended, µs an event. */
static double cpu_of(pid_t pid, size_t events)
{
    struct rusage usage;
    int status = 0;
    if (wait4(pid, &status, 0, &usage) < 0 || status != 0)
        stop("a process of the relay", "it failed");
    return ((double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
            (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)) /
           (double)events;
}

static bool read_arguments(struct relay *relay, char **arguments, unsigned long n)
{
    *relay = (struct relay){.events = strtoul(arguments[2], NULL, 10),
                            .batch = strtoul(arguments[4], NULL, 10)};
    if (relay->events == 0 || n == 0 || relay->batch == 0 || relay->batch > MESSAGE_MOST)
        return false;
    if (strcmp(arguments[1], "rate") == 0)
        relay->interval = 1e9 / (double)n;
    else
        relay->window = n;
    return true;
}

int main(int count, char **arguments)
{
    struct relay relay;
    unsigned long n = count == 5 ? strtoul(arguments[3], NULL, 10) : 0;
    if (count != 5 || !read_arguments(&relay, arguments, n)) {
        (void)fprintf(stderr, "relay window|rate EVENTS N EVENTS_PER_MESSAGE\n");
        return 2;
    }
    relay.news = eventfd(0, EFD_CLOEXEC);
    must(zmq_curve_keypair(relay.keys[0], relay.keys[1]), "keys");
    relay.shared = mmap(NULL, sizeof *relay.shared + relay.events * sizeof(int64_t),
                        PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (relay.shared == MAP_FAILED || relay.news < 0)
        stop("begin", strerror(errno));
    pid_t router = start(&relay, run_router_process);
    pid_t receiver = start(&relay, run_receiver);
    pid_t publisher = start(&relay, run_publisher);
    double cpu[] = {cpu_of(publisher, relay.events), cpu_of(router, relay.events),
                    cpu_of(receiver, relay.events)};
    double seconds = (double)(relay.shared->ended - relay.shared->began) / 1e9;
    print_figures(arguments[1], n, relay.events, seconds, relay.shared->times, relay.events);
    (void)printf(",\"batch\":%zu,\"cpu\":[%.1f,%.1f,%.1f]}\n", relay.batch, cpu[0], cpu[1], cpu[2]);
    return 0;
}
