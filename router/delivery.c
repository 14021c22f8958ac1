#include "router/delivery.h"

#include <stdlib.h>
#include <string.h>

#include "router/core/image.h"
#include "router/latest.h"

enum { BACK_OFF_FIRST = 1000, BACK_OFF_MOST = 5 * 60 * 1000, BEHIND_PAUSE = 1000 };

struct letter {
    int participant;
    enum sl_lane lane;
    struct delivery delivery;
};

struct queue {
    struct delivery *window; /* a ring; number n stands at n modulo its capacity */
    size_t capacity;         /* grows to QUEUE_WINDOW */
    uint64_t first;          /* oldest number in the window */
    uint64_t loaded;         /* behind the newest one */
    uint64_t next;           /* to be given out; above `loaded` the rest is on disk */
    uint64_t unsent;         /* everything in the window before it was looked at already */
    uint64_t look_from;      /* record from which the rest on disk is looked for */
    uint64_t waiting;
    int64_t wake; /* no back-off ends before; INT64_MAX: there is none */
};

struct deliveries {
    struct queue queues[SL_MAX_PARTICIPANTS][SL_LANES];
    struct table latest; /* delivery of each subject in each queue */
    struct letter *letters;
    size_t letter_count;
    size_t letter_capacity;
    size_t retried;          /* letters that are no longer dead */
    struct letter *receipts; /* deliveries of which a receipt is awaited */
    size_t receipt_count;
    size_t receipt_capacity;
};

/* ---------------------------------------------------------------- queues */

struct deliveries *deliveries_new(void)
{
    struct deliveries *deliveries = sl_new(1, sizeof *deliveries);
    for (int i = 0; i < SL_MAX_PARTICIPANTS; i++) {
        for (int lane = 0; lane < SL_LANES; lane++)
            deliveries->queues[i][lane] = (struct queue){
                .first = 1, .loaded = 1, .next = 1, .unsent = 1, .wake = INT64_MAX};
    }
    return deliveries;
}

void deliveries_free(struct deliveries *deliveries)
{
    if (deliveries == NULL)
        return;
    for (int i = 0; i < SL_MAX_PARTICIPANTS; i++) {
        for (int lane = 0; lane < SL_LANES; lane++)
            free(deliveries->queues[i][lane].window);
    }
    table_free(&deliveries->latest);
    free(deliveries->letters);
    free(deliveries->receipts);
    free(deliveries);
}

static struct delivery *at(const struct queue *queue, uint64_t number)
{
    return &queue->window[number & (queue->capacity - 1)];
}

static bool in_window(const struct queue *queue, uint64_t number)
{
    return number >= queue->first && number < queue->loaded;
}

static bool has_ended(const struct queue *queue, uint64_t number)
{
    return number < queue->first ||
           (number < queue->loaded && at(queue, number)->state == DELIVERY_ENDED);
}

static void widen(struct queue *queue)
{
    struct queue wider = *queue;
    wider.capacity = queue->capacity == 0 ? 16 : 2 * queue->capacity;
    wider.window = sl_new(wider.capacity, sizeof *wider.window);
    for (uint64_t number = queue->first; number < queue->loaded; number++)
        *at(&wider, number) = *at(queue, number);
    free(queue->window);
    *queue = wider;
}

static bool push(struct queue *queue, const struct delivery *delivery)
{
    if (queue->loaded - queue->first == QUEUE_WINDOW)
        return false;
    if (queue->loaded - queue->first == queue->capacity)
        widen(queue);
    *at(queue, queue->loaded) = *delivery;
    at(queue, queue->loaded)->state = DELIVERY_WAITING;
    queue->loaded++;
    return true;
}

static const struct queue *queue_of(const struct deliveries *deliveries, int participant,
                                    enum sl_lane lane)
{
    return &deliveries->queues[participant][lane];
}

uint64_t deliveries_next(const struct deliveries *deliveries, int participant, enum sl_lane lane)
{
    return queue_of(deliveries, participant, lane)->next;
}

uint64_t deliveries_previous(const struct deliveries *deliveries, int participant,
                             enum sl_lane lane, const uint8_t subject[SL_HASH_SIZE])
{
    uint64_t number = latest_find(&deliveries->latest, participant, lane, subject);
    const struct queue *queue = queue_of(deliveries, participant, lane);
    /* Two subjects with one key only wait for each other, but never for what is still to come. */
    return has_ended(queue, number) || number >= queue->next ? 0 : number;
}

void deliveries_add(struct deliveries *deliveries, int participant, enum sl_lane lane,
                    const struct delivery *delivery, const uint8_t subject[SL_HASH_SIZE])
{
    struct queue *queue = &deliveries->queues[participant][lane];
    bool all_in_memory = queue->loaded == queue->next;
    if (all_in_memory && !push(queue, delivery))
        queue->look_from = delivery->record;
    queue->next++;
    queue->waiting++;
    if (subject != NULL)
        latest_set(&deliveries->latest, participant, lane, subject, delivery->number);
}

bool deliveries_gap(const struct deliveries *deliveries, int participant, enum sl_lane lane,
                    uint64_t *number, uint64_t *record)
{
    const struct queue *queue = queue_of(deliveries, participant, lane);
    if (queue->loaded == queue->next || queue->loaded - queue->first > QUEUE_WINDOW / 2)
        return false;
    *number = queue->loaded;
    *record = queue->look_from;
    return true;
}

void deliveries_looked(struct deliveries *deliveries, int participant, enum sl_lane lane,
                       uint64_t record)
{
    deliveries->queues[participant][lane].look_from = record;
}

bool deliveries_refill(struct deliveries *deliveries, int participant, enum sl_lane lane,
                       const struct delivery *delivery)
{
    struct queue *queue = &deliveries->queues[participant][lane];
    queue->look_from = delivery->record;
    return push(queue, delivery);
}

/* ---------------------------------------------------------------- dead letters */

static struct letter *find_letter(const struct deliveries *deliveries, int participant,
                                  enum sl_lane lane, uint64_t number)
{
    for (size_t i = 0; i < deliveries->letter_count; i++) {
        struct letter *letter = &deliveries->letters[i];
        if (letter->delivery.number == number && letter->participant == participant &&
            letter->lane == lane)
            return letter;
    }
    return NULL;
}

static void remove_letter(struct deliveries *deliveries, struct letter *letter)
{
    size_t index = (size_t)(letter - deliveries->letters);
    if (letter->delivery.state != DELIVERY_DEAD)
        deliveries->retried--;
    memmove(letter, letter + 1, (deliveries->letter_count - index - 1) * sizeof *letter);
    deliveries->letter_count--;
}

static void bury(struct deliveries *deliveries, int participant, enum sl_lane lane,
                 struct delivery delivery)
{
    deliveries->letters = sl_grow(deliveries->letters, &deliveries->letter_capacity,
                                  deliveries->letter_count + 1, sizeof *deliveries->letters);
    delivery.state = DELIVERY_DEAD;
    delivery.previous = 0;
    deliveries->letters[deliveries->letter_count++] = (struct letter){participant, lane, delivery};
}

/* In the window, or a dead letter. */
static struct delivery *find(const struct deliveries *deliveries, int participant,
                             enum sl_lane lane, uint64_t number)
{
    const struct queue *queue = queue_of(deliveries, participant, lane);
    if (in_window(queue, number) && at(queue, number)->state != DELIVERY_ENDED)
        return at(queue, number);
    struct letter *letter = find_letter(deliveries, participant, lane, number);
    return letter == NULL ? NULL : &letter->delivery;
}

const struct delivery *deliveries_find(const struct deliveries *deliveries, int participant,
                                       enum sl_lane lane, uint64_t number)
{
    return find(deliveries, participant, lane, number);
}

const struct delivery *deliveries_first(const struct deliveries *deliveries, int participant,
                                        enum sl_lane lane)
{
    const struct queue *queue = queue_of(deliveries, participant, lane);
    for (uint64_t number = queue->first; number < queue->loaded; number++) {
        if (at(queue, number)->state != DELIVERY_ENDED)
            return at(queue, number);
    }
    return NULL;
}

/* ---------------------------------------------------------------- sending */

static bool is_due(const struct queue *queue, const struct delivery *one, int64_t elapsed)
{
    if (one->state == DELIVERY_PAUSED)
        return one->retry_at <= elapsed;
    if (one->state != DELIVERY_WAITING && one->state != DELIVERY_BEHIND)
        return false;
    return one->previous == 0 || has_ended(queue, one->previous) ||
           at(queue, one->previous)->state == DELIVERY_SENT;
}

/* What comes back is looked at again from the beginning, since only little does. */
static void look_again(struct queue *queue)
{
    queue->unsent = queue->first;
}

static bool pick_letter(struct deliveries *deliveries, int participant, int64_t elapsed,
                        enum sl_lane *lane, struct delivery *out)
{
    for (size_t i = 0; i < deliveries->letter_count && deliveries->retried > 0; i++) {
        struct letter *letter = &deliveries->letters[i];
        struct queue *queue = &deliveries->queues[letter->participant][letter->lane];
        if (letter->participant != participant || letter->delivery.state == DELIVERY_DEAD ||
            !is_due(queue, &letter->delivery, elapsed))
            continue;
        letter->delivery.state = DELIVERY_SENT;
        *lane = letter->lane;
        *out = letter->delivery;
        return true;
    }
    return false;
}

/* Looks through what was passed over once, and at what is new since; most of the time there is
 * nothing before `unsent` to be looked at. */
static bool pick_from(struct queue *queue, int64_t elapsed, struct delivery *out)
{
    if (queue->wake <= elapsed) {
        queue->wake = INT64_MAX;
        look_again(queue);
    }
    for (; queue->unsent < queue->loaded; queue->unsent++) {
        struct delivery *one = at(queue, queue->unsent);
        if (!is_due(queue, one, elapsed)) {
            if (one->state == DELIVERY_PAUSED && one->retry_at < queue->wake)
                queue->wake = one->retry_at;
            continue;
        }
        one->state = DELIVERY_SENT;
        *out = *one;
        if (has_ended(queue, one->previous))
            out->previous = 0;
        queue->unsent++;
        return true;
    }
    return false;
}

bool deliveries_pick(struct deliveries *deliveries, int participant, enum sl_lane last,
                     int64_t elapsed, enum sl_lane *lane, struct delivery *out)
{
    if (pick_letter(deliveries, participant, elapsed, lane, out))
        return true;
    for (*lane = SL_LANE_ACUTE; *lane <= last; (*lane)++) {
        if (pick_from(&deliveries->queues[participant][*lane], elapsed, out))
            return true;
    }
    return false;
}

void deliveries_unsend(struct deliveries *deliveries, int participant)
{
    for (int lane = SL_LANE_ACUTE; lane <= SL_LANE_ORDINARY; lane++) {
        struct queue *queue = &deliveries->queues[participant][lane];
        for (uint64_t number = queue->first; number < queue->loaded; number++) {
            struct delivery *one = at(queue, number);
            if (one->state == DELIVERY_SENT || one->state == DELIVERY_BEHIND)
                one->state = DELIVERY_WAITING;
        }
        look_again(queue);
    }
    for (size_t i = 0; i < deliveries->letter_count; i++) {
        struct letter *letter = &deliveries->letters[i];
        if (letter->participant == participant && letter->delivery.state == DELIVERY_SENT)
            letter->delivery.state = DELIVERY_WAITING;
    }
}

/* ---------------------------------------------------------------- answers */

/* The window begins with the oldest that has not ended. What waited behind this one may go. */
static void end(struct queue *queue, struct delivery *one)
{
    bool held_others = one->state != DELIVERY_SENT || one->failures > 0;
    one->state = DELIVERY_ENDED;
    queue->waiting--;
    while (queue->first < queue->loaded && at(queue, queue->first)->state == DELIVERY_ENDED)
        queue->first++;
    if (queue->unsent < queue->first)
        queue->unsent = queue->first;
    if (held_others)
        look_again(queue);
}

bool deliveries_done(struct deliveries *deliveries, int participant, enum sl_lane lane,
                     uint64_t number)
{
    struct queue *queue = &deliveries->queues[participant][lane];
    if (in_window(queue, number) && at(queue, number)->state != DELIVERY_ENDED) {
        end(queue, at(queue, number));
        return true;
    }
    struct letter *letter = find_letter(deliveries, participant, lane, number);
    if (letter == NULL || letter->delivery.state == DELIVERY_DEAD)
        return false;
    remove_letter(deliveries, letter);
    return true;
}

static int64_t back_off(unsigned failures)
{
    int64_t pause = BACK_OFF_FIRST;
    for (unsigned i = 1; i < failures && pause < BACK_OFF_MOST; i++)
        pause *= 2;
    return pause < BACK_OFF_MOST ? pause : BACK_OFF_MOST;
}

static void pause_until(struct queue *queue, struct delivery *one, int64_t moment)
{
    one->state = DELIVERY_PAUSED;
    one->retry_at = moment;
    if (moment < queue->wake)
        queue->wake = moment;
}

bool deliveries_failed(struct deliveries *deliveries, int participant, enum sl_lane lane,
                       uint64_t number, int64_t elapsed, bool *dead)
{
    struct queue *queue = &deliveries->queues[participant][lane];
    struct delivery *one = find(deliveries, participant, lane, number);
    if (one == NULL || one->state == DELIVERY_DEAD)
        return false;
    one->failures++;
    *dead = one->failures % SL_ATTEMPTS == 0;
    if (!*dead) {
        pause_until(queue, one, elapsed + back_off(one->failures % SL_ATTEMPTS));
    } else if (in_window(queue, number) && one == at(queue, number)) {
        bury(deliveries, participant, lane, *one);
        end(queue, one);
    } else {
        one->state = DELIVERY_DEAD;
        deliveries->retried--;
    }
    return true;
}

bool deliveries_behind(struct deliveries *deliveries, int participant, enum sl_lane lane,
                       uint64_t number, int64_t elapsed)
{
    struct queue *queue = &deliveries->queues[participant][lane];
    struct delivery *one = find(deliveries, participant, lane, number);
    if (one == NULL || one->state != DELIVERY_SENT)
        return false;
    /* Behind nothing that still waits: a receiver in error is not asked again at once. */
    if (one->previous == 0 || has_ended(queue, one->previous) ||
        at(queue, one->previous)->state == DELIVERY_SENT)
        pause_until(queue, one, elapsed + BEHIND_PAUSE);
    else
        one->state = DELIVERY_BEHIND;
    return true;
}

bool deliveries_judge(struct deliveries *deliveries, int participant, enum sl_lane lane,
                      uint64_t number, bool retry)
{
    struct letter *letter = find_letter(deliveries, participant, lane, number);
    if (letter == NULL || letter->delivery.state != DELIVERY_DEAD)
        return false;
    if (retry) {
        letter->delivery.state = DELIVERY_WAITING;
        deliveries->retried++;
    } else {
        remove_letter(deliveries, letter);
    }
    return true;
}

/* ---------------------------------------------------------------- receipts */

void deliveries_await_receipt(struct deliveries *deliveries, int participant, enum sl_lane lane,
                              const struct delivery *delivery)
{
    deliveries->receipts = sl_grow(deliveries->receipts, &deliveries->receipt_capacity,
                                   deliveries->receipt_count + 1, sizeof *deliveries->receipts);
    deliveries->receipts[deliveries->receipt_count++] = (struct letter){participant, lane,
                                                                        *delivery};
}

bool deliveries_take_receipt(struct deliveries *deliveries, int participant, enum sl_lane lane,
                             uint64_t number, enum sl_role role, struct delivery *out)
{
    for (size_t i = 0; i < deliveries->receipt_count; i++) {
        struct letter *one = &deliveries->receipts[i];
        if (one->delivery.number != number || one->participant != participant ||
            one->lane != lane || one->delivery.role != role)
            continue;
        *out = one->delivery;
        *one = deliveries->receipts[--deliveries->receipt_count];
        return true;
    }
    return false;
}

/* ---------------------------------------------------------------- figures */

int64_t deliveries_wake(const struct deliveries *deliveries, int participant)
{
    int64_t wake = INT64_MAX;
    for (int lane = SL_LANE_ACUTE; lane <= SL_LANE_ORDINARY; lane++) {
        if (deliveries->queues[participant][lane].wake < wake)
            wake = deliveries->queues[participant][lane].wake;
    }
    return wake;
}

uint64_t deliveries_waiting(const struct deliveries *deliveries, int participant, enum sl_lane lane)
{
    return deliveries->queues[participant][lane].waiting;
}

uint64_t deliveries_dead(const struct deliveries *deliveries)
{
    return deliveries->letter_count - deliveries->retried;
}

void deliveries_dead_letters(const struct deliveries *deliveries,
                             void (*visit)(void *context, int participant, enum sl_lane lane,
                                           const struct delivery *letter),
                             void *context)
{
    for (size_t i = 0; i < deliveries->letter_count; i++) {
        const struct letter *letter = &deliveries->letters[i];
        if (letter->delivery.state == DELIVERY_DEAD)
            visit(context, letter->participant, letter->lane, &letter->delivery);
    }
}

/* ---------------------------------------------------------------- image */

/* Of a delivery that has not ended the journal knows how often it failed, and no more. */
static void settle(struct queue *queue, struct delivery *one, int64_t elapsed)
{
    unsigned failures = one->failures % SL_ATTEMPTS;
    if (one->state == DELIVERY_ENDED || one->state == DELIVERY_DEAD)
        return;
    one->state = DELIVERY_WAITING;
    one->retry_at = 0;
    if (failures > 0)
        pause_until(queue, one, elapsed + back_off(failures));
}

static void queue_image(struct queue *queue, struct image *image, int64_t elapsed)
{
    IMAGE(image, queue->first);
    IMAGE(image, queue->loaded);
    IMAGE(image, queue->next);
    IMAGE(image, queue->look_from);
    IMAGE(image, queue->waiting);
    while (image->reading && queue->loaded - queue->first > queue->capacity &&
           queue->capacity < QUEUE_WINDOW)
        queue->capacity = queue->capacity == 0 ? 16 : 2 * queue->capacity;
    if (image->reading && queue->capacity > 0)
        queue->window = sl_new(queue->capacity, sizeof *queue->window);
    queue->unsent = image->reading ? queue->first : queue->unsent;
    for (uint64_t number = queue->first; number < queue->loaded && !image->failed; number++) {
        IMAGE(image, *at(queue, number));
        if (image->reading)
            settle(queue, at(queue, number), elapsed);
    }
}

void deliveries_image(struct deliveries *deliveries, struct image *image, int64_t elapsed)
{
    for (int i = 0; i < SL_MAX_PARTICIPANTS; i++) {
        for (int lane = 0; lane < SL_LANES; lane++)
            queue_image(&deliveries->queues[i][lane], image, elapsed);
    }
    table_image(&deliveries->latest, image);
    deliveries->letters = image_list(image, deliveries->letters, &deliveries->letter_count,
                                     sizeof *deliveries->letters);
    deliveries->receipts = image_list(image, deliveries->receipts, &deliveries->receipt_count,
                                      sizeof *deliveries->receipts);
    IMAGE(image, deliveries->retried);
    if (!image->reading)
        return;
    deliveries->letter_capacity = deliveries->letter_count;
    deliveries->receipt_capacity = deliveries->receipt_count;
    for (size_t i = 0; i < deliveries->letter_count; i++) {
        struct letter *letter = &deliveries->letters[i];
        settle(&deliveries->queues[letter->participant][letter->lane], &letter->delivery, elapsed);
    }
}
