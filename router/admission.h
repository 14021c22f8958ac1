/*
 * Who may connect: the answers to ZAP requests (ZeroMQ RFC 27). A CURVE key that stands, valid now,
 * on the key card of a participant is admitted, and nothing else: another mechanism, another
 * domain, a request that is none are all refused. Only 200 and 400 are ever said: a 300 would hang
 * the peer.
 *
 * The User-Id of an admitted connection is its key, in hexadecimal. libzmq hands it over with every
 * message, so whose a message is never hangs on what a peer says of itself, and a key that was
 * taken away stops at its next message.
 */
#ifndef ROUTER_ADMISSION_H
#define ROUTER_ADMISSION_H

#include "schemas/directory.h"

#define ADMISSION_ENDPOINT "inproc://zeromq.zap.01"
#define ADMISSION_DOMAIN "samenloop"

enum { ADMISSION_FRAMES = 7, ADMISSION_USER = 2 * SL_KEY_SIZE };

struct admission {
    const char *status; /* "200" or "400" */
    const char *text;
    char user[ADMISSION_USER + 1]; /* empty when refused */
};

/*
 * Judges a ZAP request, of which the delimiter is gone: version, request id, domain, address,
 * identity, mechanism, credentials.
 */
void admission_decide(const struct sl_directory *directory, int64_t now,
                      const struct sl_bytes *frames, size_t count, struct admission *out);

/* Whose message is it, by its User-Id? The participant, or -1 when the key is nobody's now. */
int admission_participant(const struct sl_directory *directory, int64_t now, const char *user);

#endif
