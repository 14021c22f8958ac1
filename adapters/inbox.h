/*
 * The inbox: what came to this organisation, opened, and who has taken it. A log of deliveries, of
 * what the adapter tells its own back office, of what was taken, and of the journal that feeds it
 * (log.proto). An item is named by its record's number: its inbox position.
 *
 * A segment goes (inbox_release) when all its items are taken and it is older than the house keeps.
 * Which deliveries have come is known for ever: by number, so that none comes in twice.
 *
 * In memory is one byte a record (role, lane, does it wait), and the numbers of deliveries that are
 * missing; everything else is read from the log when it is wanted.
 *
 * What is appended counts at once, is durable when inbox_sync has returned 0, and is handed out
 * only then. Functions that can fail do so when the disk does, with nothing changed.
 */
#ifndef ADAPTER_INBOX_H
#define ADAPTER_INBOX_H

#include "adapters/known.h"
#include "samenloop/v1/log.pb-c.h"
#include "schemas/catalogue.h"

struct inbox;
struct outbox;
struct sl_storage;

/* `known` learns every event; `outbox` is told what was told of its events while it is opened. */
int inbox_open(struct inbox **out, struct sl_storage *storage, uint64_t segment_bytes,
               struct known *known, struct outbox *outbox, struct sl_error *error);
void inbox_close(struct inbox *inbox); /* NULL is fine */
const uint8_t *inbox_identity(const struct inbox *inbox);
bool inbox_dirty(const struct inbox *inbox);
int inbox_sync(struct inbox *inbox, struct sl_error *error);
/* Is there room for whatever comes next? -1: SL_FULL, or the disk has failed. */
int inbox_make_room(struct inbox *inbox, struct sl_error *error);

/*
 * Removes the oldest segment, when all in it is taken and was written before `before`; houses and
 * numbers in it are written again. All is synced then. 1: it is gone, 0: there is none such, -1:
 * SL_FULL or SL_IO, to be tried again; else the disk has failed.
 */
int inbox_release(struct inbox *inbox, int64_t before, int64_t now, struct sl_error *error);

/* ---------------------------------------------------------------- feeding */

/* Identity of the journal that feeds it; NULL: none yet. */
const uint8_t *inbox_journal(const struct inbox *inbox);
/* From now on another one does: its deliveries are numbered anew. */
int inbox_feed(struct inbox *inbox, const uint8_t *journal, struct sl_error *error);

uint64_t inbox_last(const struct inbox *inbox, enum sl_lane lane); /* highest number; 0: none */
bool inbox_has(const struct inbox *inbox, enum sl_lane lane, uint64_t number);
/* Can a delivery with this number be noted? Not when too many before it would be missing. */
bool inbox_takes(const struct inbox *inbox, enum sl_lane lane, uint64_t number);

/* Appends a delivery that inbox_takes, with its event's header as it was checked, or NULL where no
 * event is behind it. One without a role is for nobody to take. */
int inbox_deliver(struct inbox *inbox, const Samenloop__V1__InboxDelivery *kept,
                  const Samenloop__V1__Header *header, const Samenloop__V1__InboxContent *content,
                  struct sl_error *error);

/*
 * Takes the content of everything about a house out of the log that is not newer than event
 * `last` of the journal (0: all): sections, its BAG number, the back office's own id. What waits
 * goes on waiting, without. 0 once that is on stable storage; after a
 * failure all of it is asked again. Looks at the whole log.
 */
int inbox_erase(struct inbox *inbox, const uint8_t subject[SL_HASH_SIZE], uint64_t last,
                struct sl_error *error);

/* Takes away the content of a notice that was taken, for it names a house that was erased. */
int inbox_forget(struct inbox *inbox, uint64_t record, struct sl_error *error);

/* Appends what the back office must hear of an event of its own, in the lane of that event. */
int inbox_tell(struct inbox *inbox, const Samenloop__V1__InboxTold *kept,
               const Samenloop__V1__InboxContent *content, struct sl_error *error);

/* ---------------------------------------------------------------- handing out */

struct inbox_item {
    uint64_t record;
    const Samenloop__V1__InboxDelivery *delivery; /* one of the two */
    const Samenloop__V1__InboxTold *told;
    const Samenloop__V1__InboxContent *content; /* NULL: erased */
};
/* Reads a delivery or what was told into the arena. */
int inbox_read(struct inbox *inbox, struct sl_arena *arena, uint64_t record, struct inbox_item *out,
               struct sl_error *error);

/* The next record that waits for a role behind the cursor (by lane), which moves on. 0: none. */
uint64_t inbox_next(struct inbox *inbox, enum sl_role role, uint64_t cursor[SL_LANES]);
uint64_t inbox_arrivals(const struct inbox *inbox, enum sl_role role);

/* Is there an item for this role under this number, taken or not? One that is gone was taken. */
bool inbox_is_for(const struct inbox *inbox, uint64_t record, enum sl_role role);
/* Does it wait, and is there more to do when it is taken: a receipt, or an erasure's last word? */
bool inbox_receipt(const struct inbox *inbox, uint64_t record);
/* Somebody in the role has taken an item that waits. */
int inbox_take(struct inbox *inbox, uint64_t record, int64_t at, struct sl_error *error);
uint64_t inbox_waiting(const struct inbox *inbox, enum sl_lane lane);

#endif
