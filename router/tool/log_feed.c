#include "router/tool/log_feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <zmq.h>

#include "schemas/keyfile.h"

enum { LINE_MAX_BYTES = 64 * 1024, NUMBER_MAX = 32, PING_MS = 5000 };

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

static int subscribe(void *socket, const struct log_feed *feed, struct sl_error *error)
{
    int ping = PING_MS;
    int64_t most = LINE_MAX_BYTES;
    if (set_keys(socket, feed, error) < 0)
        return -1;
    if (zmq_setsockopt(socket, ZMQ_HEARTBEAT_IVL, &ping, sizeof ping) < 0 ||
        zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &most, sizeof most) < 0 ||
        zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "", 0) < 0 || zmq_connect(socket, feed->address) < 0)
        return fail(error, feed->address);
    return 0;
}

/* Numbers count from the router's start: one that is not higher is that of a new start. */
static void look_for_gap(uint64_t last, uint64_t number)
{
    if (last != 0 && number > last + 1)
        (void)fprintf(stderr,
                      "samenloop: %llu lines did not come; `samenloop log --journal` has them\n",
                      (unsigned long long)(number - last - 1));
}

static int read_one(void *socket, uint64_t *last, telling_reader read, void *context,
                    struct sl_error *error)
{
    char number[NUMBER_MAX] = "";
    zmq_msg_t body;
    int result = 0;
    if (zmq_recv(socket, number, sizeof number - 1, 0) < 0)
        return zmq_errno() == EINTR ? 0 : fail(error, "feed");
    int more = 0;
    size_t size = sizeof more;
    if (zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size) < 0 || more == 0)
        return sl_fail(error, SL_PROTOCOL, "feed: a message of one frame");
    (void)zmq_msg_init(&body);
    if (zmq_msg_recv(&body, socket, 0) < 0) {
        result = fail(error, "feed");
    } else {
        struct sl_buffer line = {0};
        uint64_t now = strtoull(number, NULL, 10);
        look_for_gap(*last, now);
        *last = now;
        sl_buffer_add(&line, zmq_msg_data(&body), zmq_msg_size(&body));
        sl_buffer_add(&line, "\n", 1);
        result = read(context, sl_buffer_bytes(&line), error);
        sl_buffer_free(&line);
    }
    (void)zmq_msg_close(&body);
    return result;
}

int log_feed_read(const struct log_feed *feed, telling_reader read, void *context,
                  struct sl_error *error)
{
    void *zmq = zmq_ctx_new();
    void *socket = zmq == NULL ? NULL : zmq_socket(zmq, ZMQ_SUB);
    int result = socket == NULL ? fail(error, "sockets") : subscribe(socket, feed, error);
    uint64_t last = 0;
    while (result == 0)
        result = read_one(socket, &last, read, context, error);
    if (socket != NULL)
        (void)zmq_close(socket);
    if (zmq != NULL)
        (void)zmq_ctx_term(zmq);
    return result;
}
