#include "adapters/receipts.h"

#include <stdlib.h>
#include <string.h>

void receipts_clear(struct receipts *receipts)
{
    free(receipts->list);
    *receipts = (struct receipts){0};
}

void receipts_add(struct receipts *receipts, struct outbox_receipt receipt)
{
    receipts->list = sl_grow(receipts->list, &receipts->capacity, receipts->count + 1,
                             sizeof *receipts->list);
    receipts->list[receipts->count++] = (struct receipt){.receipt = receipt};
}

const struct receipt *receipts_find(const struct receipts *receipts, enum sl_lane lane,
                                    uint64_t number, enum sl_role role)
{
    for (size_t i = 0; i < receipts->count; i++) {
        const struct outbox_receipt *one = &receipts->list[i].receipt;
        if (one->lane == lane && one->number == number && one->role == role)
            return &receipts->list[i];
    }
    return NULL;
}

void receipts_drop(struct receipts *receipts, const struct receipt *receipt)
{
    size_t index = (size_t)(receipt - receipts->list);
    receipts->count--;
    memmove(receipts->list + index, receipts->list + index + 1,
            (receipts->count - index) * sizeof *receipts->list);
}

bool receipts_next(struct receipts *receipts, struct outbox_receipt *out)
{
    for (size_t i = 0; i < receipts->count; i++) {
        if (receipts->list[i].sent)
            continue;
        receipts->list[i].sent = true;
        *out = receipts->list[i].receipt;
        return true;
    }
    return false;
}

void receipts_again(struct receipts *receipts)
{
    for (size_t i = 0; i < receipts->count; i++)
        receipts->list[i].sent = false;
}
