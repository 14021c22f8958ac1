/*
 * Where in the house's logs an event stands: a table of 64-bit fingerprints, 16 bytes an event (32
 * while it grows). A fingerprint can be another event's too: whoever finds a place compares with
 * the log. Fingerprints hang on a secret of the process, so that nobody can choose ids that meet.
 */
#ifndef ADAPTER_PLACES_H
#define ADAPTER_PLACES_H

#include "schemas/bytes.h"

enum place_log { PLACE_OUTBOX, PLACE_INBOX };

/* A record of a log and, of a batch, the event in it. */
struct place {
    enum place_log log;
    uint64_t record; /* below 2^52 */
    uint32_t index;  /* below SL_MAX_BATCH */
    bool refused;    /* outbox: the router refused it, so its id is free again */
};

struct places;

struct places *places_new(void);
void places_free(struct places *places);

/* Adds a place under a key; those that it has already stay. */
void places_add(struct places *places, struct sl_bytes key, struct place place);

/*
 * The places under a key, one after the other: `cursor` begins at 0. False: no more. Adding ends a
 * walk.
 */
bool places_next(const struct places *places, struct sl_bytes key, size_t *cursor,
                 struct place *out);

/* Drops the places in a log before a record. */
void places_forget(struct places *places, enum place_log log, uint64_t before);

/* Puts another place where the walk stands that just gave one. */
void places_replace(struct places *places, struct sl_bytes key, size_t cursor, struct place place);

#endif
