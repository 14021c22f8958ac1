#include "router/source.h"

bool source_has_event(const Samenloop__V1__Queued *queued)
{
    return queued->delivery->kind <= SAMENLOOP__V1__DELIVERY_KIND__DELIVERY_KIND_NOTICE;
}

const Samenloop__V1__Queued *source_queued(struct source *source, const struct delivery *delivery,
                                           struct sl_error *error)
{
    Samenloop__V1__Queued **queued = NULL;
    if (source->record != delivery->record) {
        source->message = journal_read(source->journal, source->arena, delivery->record,
                                       SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_UNSPECIFIED, NULL,
                                       error);
        source->record = source->message == NULL ? 0 : delivery->record;
    }
    if (source->message == NULL)
        return NULL;
    if (delivery->place < journal_queued(source->message, &queued) &&
        queued[delivery->place]->delivery != NULL)
        return queued[delivery->place];
    (void)sl_fail(error, SL_DAMAGED, "journal: record %llu has no delivery %u",
                  (unsigned long long)delivery->record, delivery->place);
    return NULL;
}

int source_event(struct source *source, const struct delivery *delivery,
                 const Samenloop__V1__Queued *queued, struct sl_error *error)
{
    uint64_t record = queued->event == 0 ? delivery->record : queued->event;
    struct sl_bytes content = {0};
    if (source->event_record == record)
        return 0;
    source->event = (const Samenloop__V1__JournalEvent *)journal_read(
        source->journal, source->arena, record, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_EVENT,
        &content, error);
    source->event_record = source->event == NULL ? 0 : record;
    source->sections = NULL;
    if (source->event == NULL)
        return -1;
    if (content.size > 0)
        source->sections = (const Samenloop__V1__Sections *)sl_arena_unpack(
            source->arena, &samenloop__v1__sections__descriptor, content);
    return 0;
}

const Samenloop__V1__JournalBatch *source_batch(struct source *source, struct sl_error *error)
{
    if (source->batch_record != source->event->batch) {
        source->batch = (const Samenloop__V1__JournalBatch *)journal_read(
            source->journal, source->arena, source->event->batch,
            SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_BATCH, NULL, error);
        source->batch_record = source->batch == NULL ? 0 : source->event->batch;
    }
    return source->batch;
}
