/*
 * The routing log's file made whole again after a kill: what the journal tells and the file lacks
 * is appended when the router starts.
 *
 * A line is written after its record is on stable storage, and not synced; so a kill or a power cut
 * can keep the last lines from the file, or leave half of one. While the router starts the journal
 * is told anew, all of it or from the last lines that a snapshot has, the file's end is looked for
 * in it, and what comes behind is what is missing. A router that stopped in order leaves a mark
 * beside the file (`.whole`), and then nothing is told.
 */
#ifndef ROUTER_CATCHING_H
#define ROUTER_CATCHING_H

#include "schemas/bytes.h"
#include "schemas/error.h"

struct catching;

/*
 * Takes the mark away and reads the file's end. NULL in `out` when there is nothing to catch up
 * with: the mark was there, or the log is no file (empty: it goes to standard error). -1: it cannot
 * be read.
 */
int catching_begin(struct catching **out, const char *file, struct sl_error *error);

/* The journal's lines from the first on; `context` is the struct catching. */
int catching_take(void *context, struct sl_bytes lines, struct sl_error *error);

/* Was the file's end among what was told, or is there no file to be looked at? */
bool catching_found(const struct catching *catching);
/* All will be told again, from the first line on. */
void catching_again(struct catching *catching);

/*
 * All was told: the lines that are missing behind the last whole one, until catching_free. A file
 * whose end the journal does not have, or that lacks more than 16 MiB (it was emptied), is left
 * alone, and that is told on standard error. NULL: none.
 */
struct sl_bytes catching_missing(const struct catching *catching);
void catching_free(struct catching *catching); /* NULL is fine */

/* The file has all lines of a router that stops. */
void catching_mark(const char *file);

#endif
