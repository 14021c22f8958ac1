/*
 * Those who follow the routing log over the network (samenloop log --feed). Each asks for the lines
 * behind a place in the log's file and is answered when there are some; then it asks for the next.
 * So nobody loses a line by being slow, away, or there before the router is again; and who is slow
 * costs the router a row in a table: what is not asked for is neither sent nor kept.
 *
 * A question is a message of one part, "NUMBER PLACE"; the answer has four: the number (digits, the
 * asker's own), the place where the lines begin, the one behind them, and the lines, each with its
 * line feed. A place is a word that the router gave, or `now`, or `start`, the file's beginning.
 * An answer to `now` comes at once, without lines. Where the file was exchanged or cut meanwhile,
 * the answer begins at the start of the one that is there, and the asker sees it by the place.
 *
 * Who asks holds a key of a participant at that moment. Who asks twice is answered once, and of
 * more than FOLLOWERS_MAX who wait the first one has to ask again.
 */
#ifndef ROUTER_FOLLOWERS_H
#define ROUTER_FOLLOWERS_H

#include "schemas/directory.h"

struct followers;

enum { FOLLOWERS_MAX = 64, FOLLOWERS_LINES = 256 * 1024 /* bytes of an answer */ };

/* `socket`: a bound ZMQ ROUTER, `file`: the log's descriptor, which must be a file; both stay the
 * caller's. */
int followers_open(struct followers **out, void *socket, int file, struct sl_error *error);
void followers_close(struct followers *followers); /* NULL is fine */

/* Answers what was asked and can be answered; to be called every round. NULL: nobody follows. */
void followers_round(struct followers *followers, const struct sl_directory *directory,
                     int64_t now);

#endif
