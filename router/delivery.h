/*
 * What waits for whom: a queue a participant and lane. A delivery that waits is a number and the
 * place in the journal where its words stand, never a copy; and of a long queue only a window of
 * QUEUE_WINDOW deliveries is in memory, the rest is read from the journal as the window empties
 * (deliveries_gap, deliveries_refill). So memory does not grow with the backlog.
 *
 * Numbers count from 1 in each queue, without gaps. A delivery whose subject has an earlier one in
 * the same queue that has not ended names it (`previous`), and is never sent ahead of it.
 *
 *     WAITING -> (deliveries_pick) SENT -> (done) ENDED
 *                                       -> (failed) PAUSED -> (back-off over) WAITING
 *                                       -> (failed for the SL_ATTEMPTSth time) a dead letter, ENDED
 *                                       -> (behind) BEHIND -> (its previous ended or sent) SENT
 *     a dead letter -> (retry) WAITING, outside the window;  -> (discard) gone
 *
 * Time here is `elapsed`: it never goes back, and begins anew with the process.
 */
#ifndef ROUTER_DELIVERY_H
#define ROUTER_DELIVERY_H

#include "schemas/catalogue.h"
#include "schemas/crypto.h"
#include "schemas/limits.h"

enum { QUEUE_WINDOW = 16 * 1024 };

enum delivery_state {
    DELIVERY_WAITING,
    DELIVERY_SENT,
    DELIVERY_PAUSED,
    DELIVERY_BEHIND,
    DELIVERY_ENDED,
    DELIVERY_DEAD
};

struct delivery {
    uint64_t number;
    uint64_t previous; /* of its subject; 0: none */
    uint64_t record;   /* of the journal, where its words stand */
    int64_t retry_at;  /* when PAUSED */
    uint32_t place;    /* among the deliveries of that record */
    uint16_t failures; /* attempts that failed; the next one is failures + 1 */
    uint8_t state;
    uint8_t role; /* whose it is */
};

struct deliveries;

struct deliveries *deliveries_new(void);
void deliveries_free(struct deliveries *deliveries);

/* The number that the next delivery in this queue gets. */
uint64_t deliveries_next(const struct deliveries *deliveries, int participant, enum sl_lane lane);

/* The number of the subject's latest delivery in this queue that has not ended; 0: none. */
uint64_t deliveries_previous(const struct deliveries *deliveries, int participant,
                             enum sl_lane lane, const uint8_t subject[SL_HASH_SIZE]);

/* Puts a delivery in its queue; its number must be the next one. `subject` NULL: nobody's. */
void deliveries_add(struct deliveries *deliveries, int participant, enum sl_lane lane,
                    const struct delivery *delivery, const uint8_t subject[SL_HASH_SIZE]);

/* Is there room in the window for what waits on disk? Then `number` is what comes next, and
 * `record` is where to look for it from. */
bool deliveries_gap(const struct deliveries *deliveries, int participant, enum sl_lane lane,
                    uint64_t *number, uint64_t *record);
/* What is wanted does not stand before this record. */
void deliveries_looked(struct deliveries *deliveries, int participant, enum sl_lane lane,
                       uint64_t record);
/* Gives what deliveries_gap asked for. False when the window is full now. */
bool deliveries_refill(struct deliveries *deliveries, int participant, enum sl_lane lane,
                       const struct delivery *delivery);

/* The delivery with this number, in the window or among the dead letters; NULL: it has ended, or
 * waits on disk, or never was. Good until the next change. */
const struct delivery *deliveries_find(const struct deliveries *deliveries, int participant,
                                       enum sl_lane lane, uint64_t number);

/* The oldest of a queue that has not ended, dead letters left out; NULL: none. */
const struct delivery *deliveries_first(const struct deliveries *deliveries, int participant,
                                        enum sl_lane lane);

/* The next delivery for a participant, lanes first down to `last`, then order; it counts as sent.
 * False: none. */
bool deliveries_pick(struct deliveries *deliveries, int participant, enum sl_lane last,
                     int64_t elapsed, enum sl_lane *lane, struct delivery *out);
/* Nothing that was sent to the participant is answered any more: it all waits again. */
void deliveries_unsend(struct deliveries *deliveries, int participant);

/* The receiver's answers, live or from the journal. False: no such delivery waits. */
bool deliveries_done(struct deliveries *deliveries, int participant, enum sl_lane lane,
                     uint64_t number);
/* `dead` is set when that was one failure too many. */
bool deliveries_failed(struct deliveries *deliveries, int participant, enum sl_lane lane,
                       uint64_t number, int64_t elapsed, bool *dead);
bool deliveries_behind(struct deliveries *deliveries, int participant, enum sl_lane lane,
                       uint64_t number, int64_t elapsed);

/* An operator's word on a dead letter: it waits again, or is gone. False: no such dead letter. */
bool deliveries_judge(struct deliveries *deliveries, int participant, enum sl_lane lane,
                      uint64_t number, bool retry);

/*
 * Deliveries of which a receipt is wanted stay known until it has come, whether they have ended or
 * not. _take gives the delivery and forgets it; false: none of this role is awaited (any more).
 */
void deliveries_await_receipt(struct deliveries *deliveries, int participant, enum sl_lane lane,
                              const struct delivery *delivery);
bool deliveries_take_receipt(struct deliveries *deliveries, int participant, enum sl_lane lane,
                             uint64_t number, enum sl_role role, struct delivery *out);

struct image;
/* Moves all of it into or out of an image (core/image.h), into an empty one. Who was sent what is
 * forgotten in between, and back-offs begin again at `elapsed`: as when the journal is folded. */
void deliveries_image(struct deliveries *deliveries, struct image *image, int64_t elapsed);

/* When (elapsed) the first back-off of this participant ends; INT64_MAX: none. */
int64_t deliveries_wake(const struct deliveries *deliveries, int participant);

uint64_t deliveries_waiting(const struct deliveries *deliveries, int participant,
                            enum sl_lane lane); /* not ended, dead letters left out */
uint64_t deliveries_dead(const struct deliveries *deliveries);

/* Visits the dead letters of all queues, in the order in which they died. */
void deliveries_dead_letters(const struct deliveries *deliveries,
                             void (*visit)(void *context, int participant, enum sl_lane lane,
                                           const struct delivery *letter),
                             void *context);

#endif
