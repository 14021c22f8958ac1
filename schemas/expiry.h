/*
 * Which certificates and keys end soon: told to operators at the start and once a day, long enough
 * before that new ones can be had from an authority.
 */
#ifndef SL_EXPIRY_H
#define SL_EXPIRY_H

#include "schemas/directory.h"

enum { SL_EXPIRY_DAYS = 30 };

/*
 * Appends a line for each participant's certificate, and each use of its keys, that ends within
 * SL_EXPIRY_DAYS of `now` by the card that holds. A use whose key has a successor on the card ends
 * with the last of them. Gives the number of lines. Participants without a card are told elsewhere.
 */
size_t sl_expiry_tell(const struct sl_directory *directory, int64_t now, struct sl_buffer *out);

/* Is it time to tell again: never told (`last` 0), or a day ago? If so, `last` becomes `now`. */
bool sl_expiry_is_due(int64_t *last, int64_t now);

#endif
