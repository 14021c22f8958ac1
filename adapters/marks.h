/*
 * Who has what to take from the inbox: a byte a record, from the first one that is still there.
 */
#ifndef ADAPTER_MARKS_H
#define ADAPTER_MARKS_H

#include "schemas/bytes.h"
#include "schemas/catalogue.h"

struct marks {
    uint64_t base; /* the first record that is still there */
    uint8_t
        *list; /* 0 for a record that is no item; else role, lane, does it wait, for a receipt? */
    size_t count, capacity;
    uint64_t low[SL_ROLES][SL_LANES]; /* no record before it waits for that role in that lane */
    uint64_t waiting[SL_LANES];
};

/* Begin with {.base = the first record}; end with marks_clear. */
void marks_clear(struct marks *marks);

/* A new record, which waits for a role; the router may want a receipt. Records rise. */
void marks_add(struct marks *marks, uint64_t record, enum sl_role role, enum sl_lane lane,
               bool receipt);
/* SL_NO_ROLE: no item, or gone. */
enum sl_role marks_role(const struct marks *marks, uint64_t record);
bool marks_waits(const struct marks *marks, uint64_t record);
bool marks_receipt(const struct marks *marks, uint64_t record); /* waits, and wants one */
void marks_take(struct marks *marks, uint64_t record);          /* one that waits */

/* The next below `end` that waits for a role behind the cursor (by lane), which moves on. 0: none.
 */
uint64_t marks_next(struct marks *marks, enum sl_role role, uint64_t end,
                    uint64_t cursor[SL_LANES]);

bool marks_taken(const struct marks *marks, uint64_t end); /* does none before it wait? */
void marks_forget(struct marks *marks, uint64_t end);      /* those before it are gone */

#endif
