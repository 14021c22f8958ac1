#include "adapters/inbox_record.h"

#include "schemas/log/log.h"

static struct sl_bytes subject_of(struct sl_arena *arena, ProtobufCBinaryData bytes)
{
    const Samenloop__V1__Header *header = (const void *)sl_arena_unpack(
        arena, &samenloop__v1__header__descriptor, sl_from_pb(bytes));
    return header == NULL ? sl_bytes(NULL, 0) : sl_from_pb(header->subject);
}

struct inbox_about inbox_record_about(struct sl_arena *arena, const struct sl_record *record)
{
    struct inbox_about out = {0};
    if (record->kind == SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_INBOX_HOUSE) {
        const Samenloop__V1__House *house = (const void *)sl_arena_unpack(
            arena, &samenloop__v1__house__descriptor, record->kept);
        if (house != NULL)
            out.subject = sl_from_pb(house->pseudonym);
    } else if (record->kind == SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_INBOX_DELIVERY) {
        const Samenloop__V1__InboxDelivery *kept = (const void *)sl_arena_unpack(
            arena, &samenloop__v1__inbox_delivery__descriptor, record->kept);
        if (kept != NULL && kept->delivery != NULL && kept->header.len > 0)
            out = (struct inbox_about){subject_of(arena, kept->header),
                                       kept->delivery->journal_number};
    } else if (record->kind == SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_INBOX_TOLD) {
        const Samenloop__V1__InboxTold *told = (const void *)sl_arena_unpack(
            arena, &samenloop__v1__inbox_told__descriptor, record->kept);
        if (told != NULL && told->result != NULL)
            out = (struct inbox_about){subject_of(arena, told->header),
                                       told->result->journal_number};
    }
    return out;
}

int64_t inbox_record_at(struct sl_arena *arena, const struct sl_record *record)
{
    const ProtobufCMessage *kept;
    switch (record->kind) {
    case SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_INBOX_DELIVERY:
        kept = sl_arena_unpack(arena, &samenloop__v1__inbox_delivery__descriptor, record->kept);
        return kept == NULL ? 0 : ((const Samenloop__V1__InboxDelivery *)kept)->at;
    case SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_INBOX_TOLD:
        kept = sl_arena_unpack(arena, &samenloop__v1__inbox_told__descriptor, record->kept);
        return kept == NULL ? 0 : ((const Samenloop__V1__InboxTold *)kept)->at;
    case SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_INBOX_TAKEN:
        kept = sl_arena_unpack(arena, &samenloop__v1__inbox_taken__descriptor, record->kept);
        return kept == NULL ? 0 : ((const Samenloop__V1__InboxTaken *)kept)->at;
    case SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_INBOX_HOUSE:
        kept = sl_arena_unpack(arena, &samenloop__v1__house__descriptor, record->kept);
        return kept == NULL ? 0 : ((const Samenloop__V1__House *)kept)->at;
    default:
        return 0;
    }
}

int inbox_record_item(struct sl_arena *arena, const struct sl_record *record,
                      struct inbox_item *out)
{
    *out = (struct inbox_item){.record = record->number};
    bool told = record->kind == SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_INBOX_TOLD;
    if (told)
        out->told = (const void *)sl_arena_unpack(arena, &samenloop__v1__inbox_told__descriptor,
                                                  record->kept);
    else if (record->kind == SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_INBOX_DELIVERY)
        out->delivery = (const void *)sl_arena_unpack(
            arena, &samenloop__v1__inbox_delivery__descriptor, record->kept);
    if (!record->erased)
        out->content = (const void *)sl_arena_unpack(
            arena, &samenloop__v1__inbox_content__descriptor, record->content);
    bool good = (told ? out->told != NULL && out->told->result != NULL
                      : out->delivery != NULL && out->delivery->delivery != NULL) &&
                (record->erased || out->content != NULL);
    return good ? 0 : -1;
}
