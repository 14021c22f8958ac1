/*
 * The routing log for those who watch: each line goes to a file (or standard error). It is made
 * from the journal, which is the truth; what a kill kept from the file comes at the next start
 * (catching.h). Who follows it from another machine reads the file through the router
 * (followers.h).
 */
#ifndef ROUTER_FEED_H
#define ROUTER_FEED_H

#include "schemas/bytes.h"
#include "schemas/error.h"

struct feed;

/* `file` empty: standard error. */
int feed_open(struct feed **out, const char *file, struct sl_error *error);
void feed_close(struct feed *feed);
int feed_file(const struct feed *feed); /* its descriptor */

/* Are all lines in the file, and on stable storage? */
bool feed_whole(struct feed *feed);

/*
 * Lines, each ended by a line feed; to be called every round, also without any. What the disk has
 * no room for waits, up to 16 MiB, and is written with a later call; that is told on standard error
 * when it begins and when it ends.
 */
void feed_write(struct feed *feed, struct sl_bytes lines);

#endif
