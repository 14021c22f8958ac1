/*
 * Which house is which: pseudonyms and the BAG numbers behind them, as far as this organisation
 * has published about them or heard of them. An organisation with the pseudonym key makes a
 * pseudonym itself, and needs this to name the house of an instruction or a list; a municipality,
 * which has no key, needs it both ways. Of each it is known where in outbox and inbox its number
 * stands last. Some 80 bytes a house.
 */
#ifndef ADAPTER_HOUSES_H
#define ADAPTER_HOUSES_H

#include "adapters/places.h"
#include "schemas/subject.h"

struct houses;

struct houses *houses_new(void);
void houses_free(struct houses *houses);

/* A BAG number stands in this record. One that is none is passed over; a house that is known keeps
 * its number. */
void houses_learn(struct houses *houses, const uint8_t pseudonym[SL_PSEUDONYM_SIZE],
                  struct sl_bytes bag_id, enum place_log log, uint64_t record);

/* The house's number is not wanted any more (an erasure). */
void houses_forget(struct houses *houses, const uint8_t pseudonym[SL_PSEUDONYM_SIZE]);

/* False: not known. */
bool houses_pseudonym(const struct houses *houses, struct sl_bytes bag_id,
                      uint8_t pseudonym[SL_PSEUDONYM_SIZE]);
bool houses_bag_id(const struct houses *houses, const uint8_t pseudonym[SL_PSEUDONYM_SIZE],
                   char bag_id[SL_BAG_SIZE + 1]);

struct house_known {
    uint8_t pseudonym[SL_PSEUDONYM_SIZE];
    char bag_id[SL_BAG_SIZE + 1];
};

/* Up to `max` houses that stood last before record `end` of a log; `cursor` begins at 0. */
size_t houses_before(const struct houses *houses, enum place_log log, uint64_t end, size_t *cursor,
                     struct house_known *out, size_t max);

size_t houses_count(const struct houses *houses);

#endif
