/*
 * The latest delivery of each subject in each queue: what the next one of it must follow. Known by
 * a fingerprint of 64 bits, 16 bytes a subject and queue: it grows with the houses, not with the
 * events. Two subjects with one fingerprint wait for each other, and nothing worse.
 */
#ifndef ROUTER_LATEST_H
#define ROUTER_LATEST_H

#include "schemas/catalogue.h"
#include "schemas/crypto.h"

struct latest;

struct latest *latest_new(void);
void latest_free(struct latest *latest);

uint64_t latest_find(const struct latest *latest, int participant, enum sl_lane lane,
                     const uint8_t subject[SL_HASH_SIZE]); /* 0: none */
void latest_set(struct latest *latest, int participant, enum sl_lane lane,
                const uint8_t subject[SL_HASH_SIZE], uint64_t number);

#endif
