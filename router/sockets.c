#include "router/sockets.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <zmq.h>

#include "router/admission.h"
#include "router/control.h"
#include "schemas/limits.h"

enum {
    ZAP_ENFORCE_DOMAIN = 93, /* zmq.h 4.3 names it among its drafts; the library has it */
    QUESTION = 1024,         /* bytes a follower may send the feed; its handshake needs 300 */
    RECEIVE_HIGH_WATER = 64,
    SEND_HIGH_WATER = 1024,
    BACKLOG = 4096, /* who knocks while others do is not kept waiting by the kernel */
    HANDSHAKE_MS = 3000,
    PING_MS = 5000,
    PING_TIMEOUT_MS = 15000,
    LINGER_MS = 1000,
    /* What CURVE adds to a frame, and room for a frame that is too large to be told so. Beyond
     * that libzmq cuts the connection without a word. */
    MESSAGE_MAX = SL_MAX_FRAME + 64 * 1024,
    EVENT_SIZE = 6 /* of a monitor, its first frame */
};

#define MONITOR "inproc://handshakes"

struct option {
    int name;
    int value;
};

static int fail_zmq(struct sl_error *error, const char *what)
{
    return sl_fail(error, SL_IO, "%s: %s", what, zmq_strerror(zmq_errno()));
}

static int set_options(void *socket, const struct option *options, size_t count,
                       struct sl_error *error)
{
    for (size_t i = 0; i < count; i++) {
        if (zmq_setsockopt(socket, options[i].name, &options[i].value, sizeof(int)) < 0)
            return fail_zmq(error, "a socket's option");
    }
    return 0;
}

/* Everything that closes the door is set before the socket is bound. */
static int guard(void *socket, const struct config *config, int64_t message_max,
                 struct sl_error *error)
{
    static const struct option options[] = {
        {ZMQ_CURVE_SERVER, 1},         {ZAP_ENFORCE_DOMAIN, 1},
        {ZMQ_BACKLOG, BACKLOG},        {ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS},
        {ZMQ_HEARTBEAT_IVL, PING_MS},  {ZMQ_HEARTBEAT_TIMEOUT, PING_TIMEOUT_MS},
        {ZMQ_TCP_KEEPALIVE, 1},        {ZMQ_RCVHWM, RECEIVE_HIGH_WATER},
        {ZMQ_SNDHWM, SEND_HIGH_WATER}, {ZMQ_LINGER, LINGER_MS},
    };
    if (set_options(socket, options, sizeof options / sizeof *options, error) < 0)
        return -1;
    if (zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, config->secret_key, SL_KEY_SIZE) < 0 ||
        zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, ADMISSION_DOMAIN, strlen(ADMISSION_DOMAIN)) < 0 ||
        zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &message_max, sizeof message_max) < 0)
        return fail_zmq(error, "CURVE");
    return 0;
}

static int listen_on(void *socket, const char *name, const char *address, const char *word,
                     struct sl_error *error)
{
    char bound[256] = "";
    size_t size = sizeof bound;
    if (zmq_bind(socket, address) < 0 ||
        zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, bound, &size) < 0)
        return sl_fail(error, SL_IO, "%s: %s: %s", name, address, zmq_strerror(zmq_errno()));
    if (printf("%s %s\n", word, bound) < 0 || fflush(stdout) != 0)
        return sl_fail(error, SL_IO, "standard output: %s", strerror(errno));
    return 0;
}

static int check_library(struct sl_error *error)
{
    int major = 0;
    int minor = 0;
    int patch = 0;
    zmq_version(&major, &minor, &patch);
    if (ZMQ_MAKE_VERSION(major, minor, patch) < ZMQ_MAKE_VERSION(4, 3, 3))
        return sl_fail(error, SL_CONFIGURATION, "libzmq %d.%d.%d has holes; 4.3.3 is wanted", major,
                       minor, patch);
    return zmq_has("curve") ? 0 : sl_fail(error, SL_CONFIGURATION, "this libzmq has no CURVE");
}

/* The server's thread never waits for who reads this: the queue between has no bound of its own. */
static int watch_server(struct sockets *sockets, struct sl_error *error)
{
    static const struct option options[] = {{ZMQ_RCVHWM, 0}, {ZMQ_LINGER, 0}};
    sockets->monitor = zmq_socket(sockets->context, ZMQ_PAIR);
    if (sockets->monitor == NULL || zmq_socket_monitor(sockets->server, MONITOR,
                                                       ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                                                           ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL) < 0)
        return fail_zmq(error, "monitor");
    if (set_options(sockets->monitor, options, sizeof options / sizeof *options, error) < 0)
        return -1;
    return zmq_connect(sockets->monitor, MONITOR) < 0 ? fail_zmq(error, "monitor") : 0;
}

/* The handler that admits comes before what it guards. */
int sockets_open(struct sockets *sockets, const struct config *config, struct sl_error *error)
{
    static const struct option mandatory = {ZMQ_ROUTER_MANDATORY, 1};
    if (check_library(error) < 0)
        return -1;
    sockets->context = zmq_ctx_new();
    sockets->zap = zmq_socket(sockets->context, ZMQ_REP);
    sockets->server = zmq_socket(sockets->context, ZMQ_ROUTER);
    sockets->feed = zmq_socket(sockets->context, ZMQ_ROUTER);
    sockets->control = zmq_socket(sockets->context, ZMQ_REP);
    if (sockets->zap == NULL || sockets->server == NULL || sockets->feed == NULL ||
        sockets->control == NULL || zmq_bind(sockets->zap, ADMISSION_ENDPOINT) < 0)
        return fail_zmq(error, "sockets");
    return guard(sockets->server, config, MESSAGE_MAX, error) < 0 ||
                   guard(sockets->feed, config, QUESTION, error) < 0 ||
                   set_options(sockets->server, &mandatory, 1, error) < 0 ||
                   set_options(sockets->feed, &mandatory, 1, error) < 0 ||
                   watch_server(sockets, error) < 0
               ? -1
               : 0;
}

/* The file's mode is who may ask: it is made with it, since a moment later is too late. */
static int listen_for_operators(void *socket, const char *path, struct sl_error *error)
{
    static const struct option linger = {ZMQ_LINGER, LINGER_MS};
    int64_t most = CONTROL_BYTES;
    char address[512];
    int size = snprintf(address, sizeof address, "ipc://%s", path);
    if (size < 0 || (size_t)size >= sizeof address)
        return sl_fail(error, SL_CONFIGURATION, "control: %s: the path is too long", path);
    if (set_options(socket, &linger, 1, error) < 0 ||
        zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &most, sizeof most) < 0)
        return fail_zmq(error, "control");
    mode_t before = umask(0177);
    int bound = zmq_bind(socket, address);
    (void)umask(before);
    return bound == 0 ? 0
                      : sl_fail(error, SL_IO, "control: %s: %s", path, zmq_strerror(zmq_errno()));
}

int sockets_listen(struct sockets *sockets, const struct config *config, struct sl_error *error)
{
    if (config->feed[0] != '\0' &&
        listen_on(sockets->feed, "feed", config->feed, "feed", error) < 0)
        return -1;
    if (config->control[0] != '\0' &&
        listen_for_operators(sockets->control, config->control, error) < 0)
        return -1;
    return listen_on(sockets->server, "listen", config->listen, "ready", error);
}

/* ---------------------------------------------------------------- ZAP */

/* A request's frames; more than there should be are read and make it a bad one. */
static size_t receive_request(void *zap, zmq_msg_t *messages, struct sl_bytes *frames)
{
    size_t count = 0;
    int more = 1;
    while (more != 0) {
        zmq_msg_t *message = &messages[count < ADMISSION_FRAMES ? count : ADMISSION_FRAMES];
        if (zmq_msg_recv(message, zap, ZMQ_DONTWAIT) < 0)
            return 0;
        more = zmq_msg_more(message);
        if (count < ADMISSION_FRAMES)
            frames[count] = sl_bytes(zmq_msg_data(message), zmq_msg_size(message));
        count++;
    }
    return count;
}

/* Who answers with a refusal, tells it. */
static bool answer_request(struct sockets *sockets, const struct sl_directory *directory,
                           int64_t now, const struct sl_bytes *frames, size_t count,
                           const char **refused)
{
    struct admission admission = {0};
    admission_decide(directory, now, frames, count, &admission);
    struct sl_bytes request = count > 1 ? frames[1] : sl_bytes("", 0);
    const struct sl_bytes reply[] = {
        sl_text("1.0"),          request,    sl_text(admission.status), sl_text(admission.text),
        sl_text(admission.user), sl_text("")};
    enum { REPLY = sizeof reply / sizeof *reply };
    for (size_t i = 0; i < REPLY; i++)
        (void)zmq_send(sockets->zap, reply[i].data, reply[i].size, i + 1 < REPLY ? ZMQ_SNDMORE : 0);
    *refused = admission.text;
    return admission.status[0] == '2';
}

void sockets_admit(struct sockets *sockets, const struct sl_directory *directory, int64_t now,
                   struct complaints *complaints, int64_t elapsed)
{
    const char *refused = "";
    for (;;) {
        zmq_msg_t messages[ADMISSION_FRAMES + 1];
        struct sl_bytes frames[ADMISSION_FRAMES];
        for (size_t i = 0; i <= ADMISSION_FRAMES; i++)
            (void)zmq_msg_init(&messages[i]);
        size_t count = receive_request(sockets->zap, messages, frames);
        if (count > 0 && !answer_request(sockets, directory, now, frames, count, &refused))
            complain(complaints, elapsed, "not admitted: %s (%llu strangers since the start)",
                     refused, (unsigned long long)++sockets->strangers);
        for (size_t i = 0; i <= ADMISSION_FRAMES; i++)
            (void)zmq_msg_close(&messages[i]);
        if (count == 0)
            return;
    }
}

/* ---------------------------------------------------------------- handshakes */

/* Events of one socket come as two frames: u16 event, u32 value; the address of our end. */
static const char *what_became(const uint8_t *event)
{
    static const struct {
        uint32_t value;
        const char *text;
    } known[] = {
        {ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH, "it does not speak CURVE"},
        {ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC, "it takes another key for this router's"},
    };
    uint16_t name = 0;
    uint32_t value = 0;
    memcpy(&name, event, sizeof name);
    memcpy(&value, event + sizeof name, sizeof value);
    if (name == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL)
        return "it was silent, or left, before it had said who it is";
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].value == value)
            return known[i].text;
    }
    return "it does not speak ZMTP 3 as it should";
}

void sockets_watch(struct sockets *sockets, struct complaints *complaints, int64_t elapsed)
{
    uint8_t event[EVENT_SIZE];
    while (zmq_recv(sockets->monitor, event, sizeof event, ZMQ_DONTWAIT) == EVENT_SIZE) {
        (void)zmq_recv(sockets->monitor, NULL, 0, ZMQ_DONTWAIT); /* the address is our own */
        complain(complaints, elapsed, "not admitted: %s (%llu strangers since the start)",
                 what_became(event), (unsigned long long)++sockets->strangers);
    }
}

void sockets_close(struct sockets *sockets)
{
    void *all[] = {sockets->server, sockets->feed, sockets->zap, sockets->monitor,
                   sockets->control};
    if (sockets->server != NULL)
        (void)zmq_socket_monitor(sockets->server, NULL, 0);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i] != NULL)
            (void)zmq_close(all[i]);
    }
    if (sockets->context != NULL)
        (void)zmq_ctx_term(sockets->context);
}
