#include "adapters/receipts.h"

#include <stdlib.h>
#include <string.h>

void receipts_clear(struct receipts *receipts)
{
    free(receipts->list);
    *receipts = (struct receipts){0};
}

static struct receipt *find(const struct receipts *receipts, enum sl_lane lane, uint64_t number,
                            enum sl_role role)
{
    for (size_t i = 0; i < receipts->count; i++) {
        const struct outbox_receipt *one = &receipts->list[i].receipt;
        if (one->lane == lane && one->number == number && one->role == role)
            return &receipts->list[i];
    }
    return NULL;
}

static void add(struct receipts *receipts, struct outbox_receipt receipt, uint64_t record)
{
    struct receipt *known = find(receipts, receipt.lane, receipt.number, receipt.role);
    if (known != NULL) {
        known->record = record;
        return;
    }
    receipts->list = sl_grow(receipts->list, &receipts->capacity, receipts->count + 1,
                             sizeof *receipts->list);
    receipts->list[receipts->count++] = (struct receipt){.receipt = receipt, .record = record};
}

const struct receipt *receipts_find(const struct receipts *receipts, enum sl_lane lane,
                                    uint64_t number, enum sl_role role)
{
    return find(receipts, lane, number, role);
}

static void drop(struct receipts *receipts, const struct receipt *receipt)
{
    size_t index = (size_t)(receipt - receipts->list);
    receipts->count--;
    memmove(receipts->list + index, receipts->list + index + 1,
            (receipts->count - index) * sizeof *receipts->list);
}

static int append(struct sl_log *log, Samenloop__V1__RecordKind kind, const ProtobufCMessage *kept,
                  uint64_t *number, struct sl_error *error)
{
    struct sl_buffer bytes = {0};
    sl_buffer_pack(&bytes, kept);
    struct sl_entry entry = {.kind = (uint16_t)kind, .kept = sl_buffer_bytes(&bytes)};
    int result = sl_log_append(log, &entry, 1, number, error);
    sl_buffer_free(&bytes);
    return result;
}

int receipts_write(struct receipts *receipts, struct sl_log *log, struct outbox_receipt receipt,
                   struct sl_error *error)
{
    uint64_t record = 0;
    Samenloop__V1__OutboxReceipt kept = SAMENLOOP__V1__OUTBOX_RECEIPT__INIT;
    kept.lane = (Samenloop__V1__Lane)receipt.lane;
    kept.number = receipt.number;
    kept.role = (Samenloop__V1__Role)receipt.role;
    kept.at = receipt.at;
    if (append(log, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_OUTBOX_RECEIPT, &kept.base, &record,
               error) < 0)
        return -1;
    add(receipts, receipt, record);
    return 0;
}

int receipts_write_again(struct receipts *receipts, struct sl_log *log, uint64_t end,
                         struct sl_error *error)
{
    for (size_t i = 0; i < receipts->count; i++) {
        const struct receipt *one = &receipts->list[i];
        if (one->record < end && receipts_write(receipts, log, one->receipt, error) < 0)
            return -1;
    }
    return 0;
}

int receipts_end(struct receipts *receipts, struct sl_log *log, const struct receipt *receipt,
                 struct sl_error *error)
{
    Samenloop__V1__OutboxReceipted kept = SAMENLOOP__V1__OUTBOX_RECEIPTED__INIT;
    kept.lane = (Samenloop__V1__Lane)receipt->receipt.lane;
    kept.number = receipt->receipt.number;
    kept.role = (Samenloop__V1__Role)receipt->receipt.role;
    if (append(log, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_OUTBOX_RECEIPTED, &kept.base, NULL,
               error) < 0)
        return -1;
    drop(receipts, receipt);
    return 0;
}

static int fold_receipt(struct receipts *receipts, struct sl_arena *arena,
                        const struct sl_record *record)
{
    const Samenloop__V1__OutboxReceipt *kept = (const void *)sl_arena_unpack(
        arena, &samenloop__v1__outbox_receipt__descriptor, record->kept);
    if (kept == NULL)
        return -1;
    add(receipts,
        (struct outbox_receipt){.lane = (enum sl_lane)kept->lane,
                                .number = kept->number,
                                .role = (enum sl_role)kept->role,
                                .at = kept->at},
        record->number);
    return 0;
}

static int fold_receipted(struct receipts *receipts, struct sl_arena *arena,
                          const struct sl_record *record)
{
    const Samenloop__V1__OutboxReceipted *kept = (const void *)sl_arena_unpack(
        arena, &samenloop__v1__outbox_receipted__descriptor, record->kept);
    if (kept == NULL)
        return -1;
    const struct receipt *receipt = find(receipts, (enum sl_lane)kept->lane, kept->number,
                                         (enum sl_role)kept->role);
    if (receipt != NULL) /* else it stood in a segment that is gone */
        drop(receipts, receipt);
    return 0;
}

int receipts_fold(struct receipts *receipts, struct sl_arena *arena, const struct sl_record *record)
{
    return record->kind == SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_OUTBOX_RECEIPT
               ? fold_receipt(receipts, arena, record)
               : fold_receipted(receipts, arena, record);
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
