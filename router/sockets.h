/*
 * The router's sockets, of one thread. What closes the door is set before anything is bound: the
 * handler of admissions first, CURVE and an enforced ZAP domain on both others, bounds on sizes,
 * waiting messages and handshakes.
 */
#ifndef ROUTER_SOCKETS_H
#define ROUTER_SOCKETS_H

#include "router/complaints.h"
#include "router/config.h"

/* Begin with {0}. */
struct sockets {
    void *context;
    void *zap;          /* REP: ZAP requests of this process */
    void *server;       /* ROUTER: the adapters */
    void *feed;         /* ROUTER: those who follow the log */
    void *monitor;      /* PAIR: what became of handshakes with the server */
    void *control;      /* REP: an operator's question, one at a time */
    uint64_t strangers; /* that were not admitted, or had no handshake that is one */
};

/* Makes the sockets; only the ZAP handler is bound. After a failure sockets_close is wanted too. */
int sockets_open(struct sockets *sockets, const struct config *config, struct sl_error *error);

/* Binds, and says "feed ADDRESS" and "ready ADDRESS" on standard output. */
int sockets_listen(struct sockets *sockets, const struct config *config, struct sl_error *error);

/* Answers the ZAP requests that are there; refusals are complained of. */
void sockets_admit(struct sockets *sockets, const struct sl_directory *directory, int64_t now,
                   struct complaints *complaints, int64_t elapsed);

/* Complains of those who never got as far as ZAP: no CURVE, a wrong key of ours, silence. */
void sockets_watch(struct sockets *sockets, struct complaints *complaints, int64_t elapsed);

/* Lingers for a second at most over what is still to be sent. */
void sockets_close(struct sockets *sockets);

#endif
