/*
 * The routing log for those who watch: each line goes to a file (or standard error) and, where an
 * address is configured, to whoever has subscribed (PUB, CURVE; participants' keys are admitted).
 * A message on the feed has two frames: the line's number since the start, in decimal, and the line
 * without its line feed. A subscriber that is slow loses lines, sees it by the numbers, and finds
 * them in the file: the file and the feed are made from the journal, which is the truth. What a
 * kill kept from the file comes at the next start (catching.h).
 */
#ifndef ROUTER_FEED_H
#define ROUTER_FEED_H

#include "schemas/bytes.h"
#include "schemas/error.h"

struct feed;

/* `file` empty: standard error; `publisher`: a bound ZMQ PUB socket, or NULL. Stays the caller's.
 */
int feed_open(struct feed **out, const char *file, void *publisher, struct sl_error *error);
void feed_close(struct feed *feed);

/* Are all lines in the file, and on stable storage? */
bool feed_whole(struct feed *feed);

/*
 * Lines, each ended by a line feed; to be called every round, also without any. What the disk has
 * no room for waits, up to 16 MiB, and is written with a later call; that is told on standard error
 * when it begins and when it ends.
 */
void feed_write(struct feed *feed, struct sl_bytes lines);

#endif
