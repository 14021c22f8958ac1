/*
 * A sync beside: one thread that syncs a file, or a folder, while its owner goes on. It knows a
 * descriptor and nothing else; all calls come from the one thread that owns the storage.
 */
#ifndef SL_LOG_BESIDE_H
#define SL_LOG_BESIDE_H

#include <stdbool.h>

struct sl_beside; /* the thread is made when it is first needed */

struct sl_beside *sl_beside_new(void);
/* Waits for what is under way. NULL is fine. */
void sl_beside_free(struct sl_beside *beside);

/*
 * Begins to sync a file, or asks how the sync goes that was begun; of one file at a time. 1: it
 * goes on (never with `wait`), 0: what was written before it began is on stable storage, -1: it
 * failed, errno says why.
 */
int sl_beside_sync(struct sl_beside *beside, int file, bool wait);

#endif
