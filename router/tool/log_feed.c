#include "router/tool/log_feed.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "router/followers.h"
#include "schemas/keyfile.h"

enum { WORD_MAX = 64, PARTS = 4, PING_MS = 5000, AGAIN_MS = 2000, RETRY_MS = 200 };

struct following {
    void *socket;
    unsigned long long number; /* of the question */
    char place[WORD_MAX];      /* behind what was read */
    bool begun;                /* the place is one that the router gave */
    struct sl_buffer parts[PARTS];
};

static int fail(struct sl_error *error, const char *what)
{
    return sl_fail(error, SL_IO, "%s: %s", what, zmq_strerror(zmq_errno()));
}

/* libzmq wants the public key beside the private one, which it makes from the printable form. */
static int set_keys(void *socket, const struct log_feed *feed, struct sl_error *error)
{
    uint8_t server[SL_KEY_SIZE];
    uint8_t secret[SL_KEY_SIZE];
    char secret_text[41];
    char public_text[41];
    if (sl_keyfile_read(server, feed->router_key, error) < 0 ||
        sl_keyfile_read_secret(secret, feed->curve_key, error) < 0)
        return -1;
    bool set = zmq_z85_encode(secret_text, secret, sizeof secret) != NULL &&
               zmq_curve_public(public_text, secret_text) == 0 &&
               zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server, sizeof server) == 0 &&
               zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret, sizeof secret) == 0 &&
               zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, public_text, sizeof public_text) == 0;
    OPENSSL_cleanse(secret, sizeof secret);
    OPENSSL_cleanse(secret_text, sizeof secret_text);
    return set ? 0 : fail(error, "CURVE");
}

/* Nothing is queued for a router that is away: a question is asked again anyway. */
static int connect_to(void *socket, const struct log_feed *feed, struct sl_error *error)
{
    int ping = PING_MS;
    int none = 0;
    int at_once = 1;
    int64_t most = FOLLOWERS_LINES + 1024;
    if (set_keys(socket, feed, error) < 0)
        return -1;
    if (zmq_setsockopt(socket, ZMQ_HEARTBEAT_IVL, &ping, sizeof ping) < 0 ||
        zmq_setsockopt(socket, ZMQ_IMMEDIATE, &at_once, sizeof at_once) < 0 ||
        zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none) < 0 ||
        zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &most, sizeof most) < 0 ||
        zmq_connect(socket, feed->address) < 0)
        return fail(error, feed->address);
    return 0;
}

/* Gives how long to wait for the answer, in ms; -1: it cannot be asked. */
static int ask(struct following *following, struct sl_error *error)
{
    char text[2 * WORD_MAX];
    int size = snprintf(text, sizeof text, "%llu %s", ++following->number, following->place);
    if (zmq_send(following->socket, text, (size_t)size, ZMQ_DONTWAIT) >= 0)
        return AGAIN_MS;
    return zmq_errno() == EAGAIN || zmq_errno() == EINTR ? RETRY_MS : fail(error, "feed");
}

/* Reads a message, of whatever parts. 1: it is there, 0: nothing is, -1. */
static int receive(struct following *following, int wait, struct sl_error *error)
{
    zmq_pollitem_t item = {following->socket, 0, ZMQ_POLLIN, 0};
    zmq_msg_t message;
    int more = 1;
    if (zmq_poll(&item, 1, wait) <= 0)
        return zmq_errno() == EINTR || item.revents == 0 ? 0 : fail(error, "feed");
    (void)zmq_msg_init(&message);
    for (size_t i = 0; more != 0; i++) {
        if (zmq_msg_recv(&message, following->socket, 0) < 0)
            break;
        more = zmq_msg_more(&message);
        if (i < PARTS) {
            sl_buffer_clear(&following->parts[i]);
            sl_buffer_add(&following->parts[i], zmq_msg_data(&message), zmq_msg_size(&message));
        }
    }
    (void)zmq_msg_close(&message);
    return more == 0 ? 1 : fail(error, "feed");
}

static bool is_word(const struct sl_buffer *part, const char *word)
{
    return sl_bytes_is(sl_buffer_bytes(part), word);
}

/* An answer to an older question is one that came twice. */
static int take(struct following *following, telling_reader read, void *context,
                struct sl_error *error)
{
    const struct sl_buffer *parts = following->parts;
    char number[WORD_MAX];
    (void)snprintf(number, sizeof number, "%llu", following->number);
    if (!is_word(&parts[0], number) || parts[2].size >= WORD_MAX)
        return 0;
    if (following->begun && !is_word(&parts[1], following->place))
        (void)fprintf(stderr, "samenloop: the router's log is another file than before; lines "
                              "between the two are in the journal (`samenloop log --journal`)\n");
    if (read(context, sl_buffer_bytes(&parts[3]), error) < 0)
        return -1;
    memcpy(following->place, parts[2].data, parts[2].size);
    following->place[parts[2].size] = '\0';
    following->begun = true;
    return 1;
}

static int follow(struct following *following, telling_reader read, void *context,
                  struct sl_error *error)
{
    for (;;) {
        int wait = ask(following, error);
        int came = wait < 0 ? -1 : 1;
        for (int taken = 0; taken == 0 && came > 0;) {
            came = receive(following, wait, error);
            taken = came > 0 ? take(following, read, context, error) : 0;
            came = taken < 0 ? -1 : came;
        }
        if (came < 0)
            return -1;
    }
}

int log_feed_read(const struct log_feed *feed, bool past, telling_reader read, void *context,
                  struct sl_error *error)
{
    struct following following = {0};
    void *zmq = zmq_ctx_new();
    following.socket = zmq == NULL ? NULL : zmq_socket(zmq, ZMQ_DEALER);
    (void)snprintf(following.place, sizeof following.place, "%s", past ? "start" : "now");
    int result = following.socket == NULL ? fail(error, "sockets")
                                          : connect_to(following.socket, feed, error);
    if (result == 0)
        result = follow(&following, read, context, error);
    if (following.socket != NULL)
        (void)zmq_close(following.socket);
    if (zmq != NULL)
        (void)zmq_ctx_term(zmq);
    for (size_t i = 0; i < PARTS; i++)
        sl_buffer_free(&following.parts[i]);
    return result;
}
