/*
 * Receipts that wait until the router has receipted them: few, for only acute cases want them. Each
 * is a record of the outbox's log when it comes and another when it ends.
 */
#ifndef ADAPTER_RECEIPTS_H
#define ADAPTER_RECEIPTS_H

#include "adapters/outbox.h"
#include "schemas/log/log.h"

struct receipt {
    struct outbox_receipt receipt;
    uint64_t record; /* of the outbox: where it stands last */
    bool sent;       /* on this connection */
};

/* Begin with {0}; end with receipts_clear. */
struct receipts {
    struct receipt *list;
    size_t count, capacity;
};

void receipts_clear(struct receipts *receipts);
/* Appends a receipt to the log; it waits. One that waits already stands there once more. */
int receipts_write(struct receipts *receipts, struct sl_log *log, struct outbox_receipt receipt,
                   struct sl_error *error);
/* Those that stood last before `end`. */
int receipts_write_again(struct receipts *receipts, struct sl_log *log, uint64_t end,
                         struct sl_error *error);
/* Appends that one which waits has ended. */
int receipts_end(struct receipts *receipts, struct sl_log *log, const struct receipt *receipt,
                 struct sl_error *error);
/* Takes in a record of either kind. -1: it is none. */
int receipts_fold(struct receipts *receipts, struct sl_arena *arena,
                  const struct sl_record *record);

/* NULL: no such receipt waits. Good until the list changes. */
const struct receipt *receipts_find(const struct receipts *receipts, enum sl_lane lane,
                                    uint64_t number, enum sl_role role);
/* The next that was not sent, and now is; false: none. */
bool receipts_next(struct receipts *receipts, struct outbox_receipt *out);
void receipts_again(struct receipts *receipts); /* none was sent */

#endif
