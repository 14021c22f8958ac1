/* Receipts that wait until the router has receipted them: few, for only acute cases want them. */
#ifndef ADAPTER_RECEIPTS_H
#define ADAPTER_RECEIPTS_H

#include "adapters/outbox.h"

struct receipt {
    struct outbox_receipt receipt;
    bool sent; /* on this connection */
};

/* Begin with {0}; end with receipts_clear. */
struct receipts {
    struct receipt *list;
    size_t count, capacity;
};

void receipts_clear(struct receipts *receipts);
void receipts_add(struct receipts *receipts, struct outbox_receipt receipt);
/* NULL: no such receipt waits. Good until the list changes. */
const struct receipt *receipts_find(const struct receipts *receipts, enum sl_lane lane,
                                    uint64_t number, enum sl_role role);
void receipts_drop(struct receipts *receipts, const struct receipt *receipt);
/* The next that was not sent, and now is; false: none. */
bool receipts_next(struct receipts *receipts, struct outbox_receipt *out);
void receipts_again(struct receipts *receipts); /* none was sent */

#endif
