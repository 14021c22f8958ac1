/*
 * The latest delivery of each subject in each queue: what the next one of it must follow. Known by
 * a fingerprint of 58 bits, some 15 bytes a subject and queue: it grows with the houses, not with
 * the events. Two subjects with one fingerprint wait for each other, and nothing worse.
 */
#ifndef ROUTER_LATEST_H
#define ROUTER_LATEST_H

#include "router/core/table.h"
#include "schemas/catalogue.h"
#include "schemas/crypto.h"

uint64_t latest_find(const struct table *latest, int participant, enum sl_lane lane,
                     const uint8_t subject[SL_HASH_SIZE]); /* 0: none */
void latest_set(struct table *latest, int participant, enum sl_lane lane,
                const uint8_t subject[SL_HASH_SIZE], uint64_t number);

#endif
