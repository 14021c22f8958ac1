/*
 * The adapter's world: ZeroMQ and time around the machine (adapter.h), in the form that
 * samenloop.h promises: a line that is turned round by round.
 *
 * Each connection has a socket of its own, so that nothing of an earlier one can come or go on a
 * later one. libzmq tells by a monitor when the peer has proven its key; as long as nobody answers
 * it tries again by itself, with a back-off; a failed handshake, and a connection that is lost,
 * mean a new socket.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "adapters/adapter.h"
#include "adapters/config.h"
#include "schemas/arrivals.h"
#include "schemas/clock.h"
#include "schemas/log/log.h"

enum {
    ROUND_FRAMES = 256,       /* taken in one round, */
    ROUND_BYTES = 256 * 1024, /* or a frame more: what comes behind waits for their sync */
    SEND_HIGH_WATER = 8,      /* frames: what is acute waits behind no more */
    RECEIVE_HIGH_WATER = 16,
    HANDSHAKE_MS = 3000,
    RECONNECT_MS = 100,
    RECONNECT_MAX_MS = 5000,
    PING_MS = 5000,
    PING_TIMEOUT_MS = 15000,
    LINGER_MS = 1000,
    CLOCK_FILE_MS = 10, /* the longest wait where the time stands in a file */
    FAILED = ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
             ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL,
    EVENTS = FAILED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED
};

struct samenloop_line {
    struct adapter_config *config;
    struct sl_storage *outbox;
    struct sl_storage *inbox;
    struct samenloop *house;
    void *context;
    void *socket;                 /* NULL: none */
    void *monitor;                /* of the socket */
    unsigned sockets;             /* made so far */
    bool proven;                  /* the router's key is, on this socket */
    struct sl_buffer frame;       /* the one that is being sent */
    bool unsent;                  /* there was no room for it yet */
    struct sl_arrivals *arrivals; /* of the router's frames, those that were not taken yet */
    int64_t now;
    struct sl_error error;
};

static struct adapter_moment moment(struct samenloop_line *line)
{
    line->now = adapter_config_now(line->config, line->now);
    return (struct adapter_moment){.now = line->now, .elapsed = sl_clock_elapsed()};
}

/* ---------------------------------------------------------------- the socket */

static void set_number(void *socket, int option, int value)
{
    (void)zmq_setsockopt(socket, option, &value, sizeof value);
}

static int set_options(void *socket, const struct adapter_config *config)
{
    static const struct {
        int option, value;
    } numbers[] = {
        {ZMQ_LINGER, LINGER_MS},
        {ZMQ_IMMEDIATE, 1},
        {ZMQ_SNDHWM, SEND_HIGH_WATER},
        {ZMQ_RCVHWM, RECEIVE_HIGH_WATER},
        {ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS},
        {ZMQ_RECONNECT_IVL, RECONNECT_MS},
        {ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS},
        {ZMQ_HEARTBEAT_IVL, PING_MS},
        {ZMQ_HEARTBEAT_TIMEOUT, PING_TIMEOUT_MS},
        {ZMQ_TCP_KEEPALIVE, 1},
    };
    int64_t most = SL_MAX_FRAME;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        set_number(socket, numbers[i].option, numbers[i].value);
    int failed = zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &most, sizeof most);
    failed |= zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, config->router_public, SL_KEY_SIZE);
    failed |= zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, config->curve_public, SL_KEY_SIZE);
    failed |= zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, config->curve_secret, SL_KEY_SIZE);
    return failed == 0 ? 0 : -1;
}

static void close_socket(struct samenloop_line *line)
{
    if (line->socket == NULL)
        return;
    (void)zmq_socket_monitor(line->socket, NULL, 0);
    if (line->monitor != NULL)
        (void)zmq_close(line->monitor);
    (void)zmq_close(line->socket);
    line->socket = line->monitor = NULL;
    line->proven = line->unsent = false;
    sl_arrivals_clear(line->arrivals);
}

/* Begins to connect; what goes wrong is tried again in the next round. */
static void open_socket(struct samenloop_line *line)
{
    char name[48];
    (void)snprintf(name, sizeof name, "inproc://monitor-%u", ++line->sockets);
    line->socket = zmq_socket(line->context, ZMQ_DEALER);
    line->monitor = zmq_socket(line->context, ZMQ_PAIR);
    if (line->socket == NULL || line->monitor == NULL ||
        set_options(line->socket, line->config) < 0 ||
        zmq_socket_monitor(line->socket, name, EVENTS) < 0 ||
        zmq_connect(line->monitor, name) < 0 || zmq_connect(line->socket, line->config->router) < 0)
        close_socket(line);
}

static void lose(struct samenloop_line *line)
{
    bool was = line->proven;
    close_socket(line);
    if (was)
        adapter_disconnected(line->house);
}

/* What libzmq says of the connection. */
static void watch(struct samenloop_line *line)
{
    uint8_t event[6];
    while (line->monitor != NULL) {
        int size = zmq_recv(line->monitor, event, sizeof event, ZMQ_DONTWAIT);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return;
        int more = 0;
        size_t length = sizeof more;
        (void)zmq_getsockopt(line->monitor, ZMQ_RCVMORE, &more, &length);
        if (more != 0)
            (void)zmq_recv(line->monitor, NULL, 0, ZMQ_DONTWAIT); /* the address */
        uint16_t kind = 0;
        memcpy(&kind, event, sizeof kind);
        if (kind == ZMQ_EVENT_HANDSHAKE_SUCCEEDED && !line->proven) {
            line->proven = true;
            adapter_connected(line->house);
        } else if (kind == ZMQ_EVENT_DISCONNECTED && line->proven) {
            lose(line);
        } else if ((kind & FAILED) != 0 && !line->proven) {
            /* libzmq does not try again by itself after this. */
            close_socket(line);
            adapter_not_connected(line->house, kind == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
                                                   ? "the router does not admit this CURVE key"
                                                   : "the router's CURVE key is another one, or "
                                                     "something else answers in its place");
        }
    }
}

/* ---------------------------------------------------------------- frames */

static void receive(struct samenloop_line *line)
{
    struct sl_arrival one;
    size_t bytes = 0;
    if (line->socket == NULL)
        return;
    sl_arrivals_round(line->arrivals);
    for (int n = 0; n < ROUND_FRAMES && bytes < ROUND_BYTES; n++) {
        if (!sl_arrivals_next(line->arrivals, line->socket, &one))
            return;
        bytes += zmq_msg_size(&one.body);
        adapter_received(line->house, sl_bytes(zmq_msg_data(&one.body), zmq_msg_size(&one.body)));
        sl_arrival_close(&one);
    }
}

/* Sends what the machine has to say, as far as there is room. */
static void send_frames(struct samenloop_line *line)
{
    while (line->proven) {
        if (!line->unsent && !adapter_frame(line->house, &line->frame))
            return;
        int sent = zmq_send(line->socket, line->frame.data, line->frame.size, ZMQ_DONTWAIT);
        line->unsent = sent < 0;
        if (sent < 0 && errno != EINTR)
            return;
    }
}

/* ---------------------------------------------------------------- a round */

static void follow(struct samenloop_line *line)
{
    enum adapter_want want = adapter_wants(line->house);
    if (want == ADAPTER_WANTS_CONNECTION && line->socket == NULL)
        open_socket(line);
    else if (want == ADAPTER_WANTS_END)
        lose(line);
}

static int wait_ms(const struct samenloop_line *line, int timeout_ms)
{
    int64_t until = adapter_wake(line->house);
    int64_t left = until == INT64_MAX ? INT64_MAX : until - sl_clock_elapsed();
    if (sl_arrivals_any(line->arrivals) || adapter_pending(line->house))
        return 0;
    /* While libzmq connects, the machine's wish for a connection is being met. */
    if (left <= 0 && line->socket != NULL && !line->proven)
        left = RECONNECT_MAX_MS;
    if (line->config->clock[0] != '\0' && left > CLOCK_FILE_MS)
        left = CLOCK_FILE_MS;
    if (timeout_ms >= 0 && left > timeout_ms)
        left = timeout_ms;
    if (left > RECONNECT_MAX_MS)
        left = RECONNECT_MAX_MS;
    return left < 0 ? 0 : (int)left;
}

/* Waits for the socket, its monitor and the caller's files; the files' revents are filled in. */
static void wait_for(struct samenloop_line *line, struct pollfd *files, size_t count, int timeout)
{
    zmq_pollitem_t *items = sl_new(count + 2, sizeof *items);
    int total = 0;
    for (size_t i = 0; i < count; i++) {
        short events = (short)((files[i].events & POLLIN ? ZMQ_POLLIN : 0) |
                               (files[i].events & POLLOUT ? ZMQ_POLLOUT : 0));
        items[total++] = (zmq_pollitem_t){.fd = files[i].fd, .events = events};
    }
    if (line->socket != NULL) {
        items[total++] = (zmq_pollitem_t){.socket = line->monitor, .events = ZMQ_POLLIN};
        items[total++] = (zmq_pollitem_t){
            .socket = line->socket,
            .events = (short)(ZMQ_POLLIN | (line->unsent && line->proven ? ZMQ_POLLOUT : 0))};
    }
    int ready = zmq_poll(items, total, timeout);
    for (size_t i = 0; i < count; i++) {
        short got = ready > 0 ? items[i].revents : 0;
        files[i].revents = (short)((got & ZMQ_POLLIN ? POLLIN : 0) |
                                   (got & ZMQ_POLLOUT ? POLLOUT : 0) |
                                   (got & ZMQ_POLLERR ? POLLERR : 0));
    }
    free(items);
}

int samenloop_turn(struct samenloop_line *line, struct pollfd *files, size_t count, int timeout_ms)
{
    if (line->error.code != SL_OK)
        return -1;
    adapter_time(line->house, moment(line));
    follow(line);
    wait_for(line, files, count, wait_ms(line, timeout_ms));
    adapter_time(line->house, moment(line));
    watch(line);
    receive(line);
    if (adapter_sync(line->house, &line->error) < 0)
        return -1;
    send_frames(line);
    follow(line);
    adapter_time(line->house, moment(line)); /* what the caller does next happens now */
    return 0;
}

const char *samenloop_trouble(const struct samenloop_line *line)
{
    return line->error.text;
}

/* ---------------------------------------------------------------- open and close */

static struct adapter_setup setup_of(const struct adapter_config *config)
{
    struct adapter_setup setup = {
        .participant = config->participant,
        .directory = &config->directory,
        .signing_key = config->signing,
        .router_signing_key = config->router_signing,
        .sealing_key_count = config->sealing_count,
        .pseudonym_key = config->pseudonym_key[0] != '\0' ? config->pseudonym : NULL,
        .content_key = config->content,
        .segment_bytes = config->segment_bytes,
        .keep_ms = (int64_t)config->keep_days * 24 * 60 * 60 * 1000,
    };
    memcpy(setup.sealing_keys, config->sealing, sizeof setup.sealing_keys);
    return setup;
}

static int open_house(struct samenloop_line *line, struct sl_error *error)
{
    const struct adapter_config *config = line->config;
    struct adapter_setup setup = setup_of(config);
    if (sl_storage_files(&line->outbox, config->outbox, true, error) < 0 ||
        sl_storage_files(&line->inbox, config->inbox, true, error) < 0)
        return -1;
    setup.outbox = line->outbox;
    setup.inbox = line->inbox;
    if (adapter_open(&line->house, &setup, moment(line), error) < 0)
        return -1;
    uint8_t journal[16];
    if (sl_unhex(journal, sizeof journal, sl_text(config->journal)) == 0)
        adapter_accept_journal(line->house, journal);
    return 0;
}

/* The configuration with what it names; NULL, with all that is wrong in `problems`. */
static struct adapter_config *read_config(const char *file, int64_t now, struct sl_buffer *problems)
{
    struct adapter_config *config = adapter_config_read(file, problems);
    if (config == NULL ||
        adapter_config_load(config, adapter_config_now(config, now), problems) == 0)
        return config;
    adapter_config_free(config);
    return NULL;
}

static int open_line(struct samenloop_line *line, const char *config_file,
                     struct sl_buffer *problems)
{
    int major = 0, minor = 0, patch = 0;
    struct sl_error error = {0};
    zmq_version(&major, &minor, &patch);
    if (major * 10000 + minor * 100 + patch < 40303) {
        sl_buffer_printf(problems, "libzmq %d.%d.%d has known holes; 4.3.3 or later is wanted\n",
                         major, minor, patch);
        return -1;
    }
    line->config = read_config(config_file, 0, problems);
    if (line->config == NULL)
        return -1;
    line->context = zmq_ctx_new();
    if (line->context == NULL || open_house(line, &error) < 0) {
        sl_buffer_printf(problems, "%s%s\n",
                         line->context == NULL ? "ZeroMQ cannot be started" : error.text,
                         sl_log_advice(&error));
        return -1;
    }
    return 0;
}

/* Nothing is sent any more; what the house holds is closed. */
static void drop(struct samenloop_line *line)
{
    close_socket(line);
    if (line->context != NULL)
        (void)zmq_ctx_term(line->context);
    adapter_close(line->house);
    sl_storage_free(line->outbox);
    sl_storage_free(line->inbox);
    adapter_config_free(line->config);
    sl_buffer_free(&line->frame);
    sl_arrivals_free(line->arrivals);
    free(line);
}

static void tell_problems(struct sl_buffer *text, char *problems, size_t size)
{
    if (size > 0)
        (void)snprintf(problems, size, "%.*s", (int)text->size,
                       text->size > 0 ? (const char *)text->data : "");
    sl_buffer_free(text);
}

int samenloop_open(struct samenloop_line **out, const char *config_file, char *problems,
                   size_t size)
{
    struct samenloop_line *line = sl_new(1, sizeof *line);
    line->arrivals = sl_arrivals_new(false);
    struct sl_buffer text = {0};
    int result = open_line(line, config_file, &text);
    tell_problems(&text, problems, size);
    if (result < 0)
        drop(line);
    else
        *out = line;
    return result;
}

/* A socket that still tries with the old keys goes at once; one that stands says Bye first. */
int samenloop_reload(struct samenloop_line *line, char *problems, size_t size)
{
    struct sl_buffer text = {0};
    struct sl_error error = {0};
    struct adapter_config *config = read_config(line->config->file, line->now, &text);
    struct adapter_setup setup = {0};
    if (config != NULL)
        setup = setup_of(config);
    if (config == NULL || adapter_reload(line->house, &setup, &error) < 0) {
        if (config != NULL)
            sl_buffer_printf(&text, "%s\n", error.text);
        adapter_config_free(config);
        tell_problems(&text, problems, size);
        return -1;
    }
    if (!line->proven)
        close_socket(line);
    adapter_config_free(line->config);
    line->config = config;
    tell_problems(&text, problems, size);
    return 0;
}

void samenloop_close(struct samenloop_line *line)
{
    if (line == NULL)
        return;
    if (line->error.code == SL_OK && line->proven) {
        adapter_goodbye(line->house);
        send_frames(line);
    }
    drop(line);
}

struct samenloop *samenloop_house(struct samenloop_line *line)
{
    return line->house;
}

const struct adapter_config *samenloop_config(const struct samenloop_line *line)
{
    return line->config;
}
