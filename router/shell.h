/*
 * The router's world: ZeroMQ, signals and time around the machine (router.h), one loop in one
 * thread. A round takes what has come in, bounded, lets the machine sync once, and sends what it
 * gives back; the next batch is what came in meanwhile, and nobody waits for a timer.
 *
 * The door is closed by default: the ZAP handler is bound before the sockets, both sockets have
 * CURVE and an enforced ZAP domain, and a message without the User-Id of a key that is admitted now
 * is dropped. A key that is taken away by a reload is refused from its next message on.
 */
#ifndef ROUTER_SHELL_H
#define ROUTER_SHELL_H

#include "router/config.h"

/*
 * Runs until SIGTERM or SIGINT; says "ready ADDRESS" on standard output when it listens. The
 * configuration is read again on SIGHUP. 0 after a clean stop; -1 with a sentence otherwise, also
 * when the journal's disk has failed.
 */
int shell_run(struct config **config, struct sl_error *error);

#endif
