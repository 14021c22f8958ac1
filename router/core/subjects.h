/*
 * Houses, and the statements from which their facts come (subjects.c).
 */
#ifndef CORE_SUBJECTS_H
#define CORE_SUBJECTS_H

#include "router/core/terms.h"

enum { STATEMENTS_INSIDE = 3 };

/* An event's word on a fact: its number, the fact and the value in one. */
typedef uint64_t statement;

struct subject {
    uint8_t pseudonym[SL_PSEUDONYM_SIZE];
    uint32_t obligations;  /* the first that is open, in the order of their opening */
    uint16_t disclosed[3]; /* sections that img, ncg, a municipality ever got */
    uint16_t unused;
    uint32_t statement_count;
    uint32_t statement_capacity; /* 0: inside */
    union {
        statement inside[STATEMENTS_INSIDE];
        statement *outside;
    } statements; /* in the order in which their events were accepted */
};

uint32_t subject_find(const struct core *core, const uint8_t pseudonym[SL_PSEUDONYM_SIZE]);
uint32_t subject_get(struct core *core, const uint8_t pseudonym[SL_PSEUDONYM_SIZE]);
void subjects_free(struct core *core);
size_t subjects_bytes(const struct core *core);
/* The number of the last event when the house's content was erased; 0: it never was. */
uint64_t erased_until(const struct core *core, uint32_t subject);

/* All facts as they stand; `without` an event and its corrections (0: with all). Subject 0 is a
 * house of which nothing is known. */
void facts_read(const struct core *core, uint32_t subject, uint64_t without, struct facts *out);
int fact_value(const struct core *core, uint32_t subject, uint8_t fact);
/* The number of the first event that stated it; 0: none did. */
uint64_t fact_since(const struct core *core, uint32_t subject, uint8_t fact);
/* The number of the event since which it has the value that it has; 0: as nobody stated it. */
uint64_t fact_held_since(const struct core *core, uint32_t subject, uint8_t fact);
void statement_add(struct core *core, uint32_t subject, uint64_t number, uint8_t fact,
                   uint8_t value);
/* Takes out the statements of an event and of its corrections for which `drop` holds. */
void statements_drop(struct core *core, uint32_t subject, uint64_t number,
                     bool (*drop)(const void *context, uint8_t fact, uint8_t value),
                     const void *context);
static inline uint64_t statement_number(statement said)
{
    return said >> 16;
}
static inline uint8_t statement_fact(statement said)
{
    return (uint8_t)(said >> 8);
}
static inline uint8_t statement_value(statement said)
{
    return (uint8_t)said;
}

#endif
