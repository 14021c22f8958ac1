/*
 * The door for a back office: JSON is read, checked, and waits; what came in together is sealed and
 * signed as one bundle a lane and put into the outbox.
 *
 * An event's tickets and answers: pending until door_synced, then answered until the next
 * door_synced that had something to answer.
 */
#ifndef ADAPTER_DOOR_H
#define ADAPTER_DOOR_H

#include "adapters/samenloop.h"
#include "schemas/bytes.h"
#include "schemas/error.h"

struct door;

/* -1 when the house's keys do not allow it to publish. */
int door_open(struct samenloop *house, struct sl_error *error);
/* The house has other keys or cards, and nothing pending. -1: it may not publish; all is as before.
 */
int door_reload(struct samenloop *house, struct sl_error *error);
void door_close(struct door *door); /* NULL is fine */

/* As samenloop_publish and samenloop_answer. */
int door_take(struct samenloop *house, enum samenloop_role role, struct sl_bytes text, bool batch,
              struct samenloop_tickets *out);
int door_answer(const struct door *door, uint64_t ticket, struct samenloop_answer *out);

bool door_pending(const struct door *door);

/*
 * Seals, signs and appends all that waits. -1 when the disk failed. What the disk has no room for
 * is refused with `overload`.
 */
int door_seal(struct samenloop *house, struct sl_error *error);
void door_synced(struct samenloop *house); /* the outbox is: answers are ready */

#endif
