/*
 * How outbox and inbox give back the disk: a whole segment at a time, the oldest first, when all in
 * it is done with and older than the house keeps. What must outlive a segment is written again at
 * the log's end first, and is on stable storage before the segment goes; whatever a crash leaves
 * can be folded, since what stands there twice says the same.
 *
 * Houses outlive every segment: each is written again when the segment goes in which it stood last,
 * so that a log holds some 150 bytes a house beside what is not old yet.
 */
#ifndef ADAPTER_KEEPING_H
#define ADAPTER_KEEPING_H

#include "adapters/known.h"
#include "samenloop/v1/log.pb-c.h"
#include "schemas/log/log.h"

/* How old the oldest segment is, remembered. Begin with {0}. */
struct keeping {
    uint64_t end; /* the first number behind that segment; 0: not known */
    int64_t newest;
};

/* When a record was written, by its own words; 0: it does not say. The arena is the caller's. */
typedef int64_t keeping_at(struct sl_arena *arena, const struct sl_record *record);

/*
 * 1: the oldest segment is not the current one and its newest record was written before `before`;
 * *end is the first number behind it. 0: it is not so. -1: it could not be read.
 */
int keeping_old(struct keeping *keeping, struct sl_log *log, keeping_at *at, int64_t before,
                uint64_t *end, struct sl_error *error);

/* Appends, as records of this kind, the houses that stood last before `end` of this log. */
int keeping_houses(struct sl_log *log, Samenloop__V1__RecordKind kind, struct houses *houses,
                   enum place_log place, uint64_t end, int64_t now, struct sl_error *error);

/* A house that stands in a record. -1: it is none. */
int keeping_fold_house(struct sl_arena *arena, const struct sl_record *record,
                       struct houses *houses, enum place_log place);

#endif
