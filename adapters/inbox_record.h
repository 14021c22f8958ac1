/* What a record of the inbox says by itself. The arena gets what is decoded. */
#ifndef ADAPTER_INBOX_RECORD_H
#define ADAPTER_INBOX_RECORD_H

#include "adapters/inbox.h"

struct sl_record;

/* The house that it is about, by its pseudonym (empty: none), and the number in the journal of the
 * event that it is about (0: none; a House says it of itself). */
struct inbox_about {
    struct sl_bytes subject;
    uint64_t number;
};
struct inbox_about inbox_record_about(struct sl_arena *arena, const struct sl_record *record);

/* When it was written, ms since 1970; 0: it does not say. */
int64_t inbox_record_at(struct sl_arena *arena, const struct sl_record *record);

/* The item in it. -1: it is none. */
int inbox_record_item(struct sl_arena *arena, const struct sl_record *record,
                      struct inbox_item *out);

#endif
