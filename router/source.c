#include "router/source.h"

bool source_has_event(const Samenloop__V1__Queued *queued)
{
    return queued->delivery->kind <= SAMENLOOP__V1__DELIVERY_KIND__DELIVERY_KIND_NOTICE;
}

static void take_event(struct source *source, uint64_t record, const ProtobufCMessage *message,
                       struct sl_bytes content)
{
    source->event_record = message == NULL ? 0 : record;
    source->event = (const Samenloop__V1__JournalEvent *)message;
    source->recent = NULL;
    source->content = content;
}

/* From memory; false: it is not there. */
static bool take_recent(struct source *source, uint64_t record)
{
    const struct recent_event *recent = recent_event(journal_recent(source->journal), record);
    if (recent == NULL)
        return false;
    take_event(source, record, &recent->event->base, recent->content);
    source->recent = recent;
    return true;
}

/* Most deliveries stand in the record of their event: it is read once. */
static const ProtobufCMessage *read_record(struct source *source, uint64_t record,
                                           struct sl_error *error)
{
    struct sl_bytes content = {0};
    if (source->record == record)
        return source->message;
    if (take_recent(source, record)) {
        source->record = record;
        source->message = &source->event->base;
        return source->message;
    }
    source->message = journal_read(source->journal, source->arena, record,
                                   SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_UNSPECIFIED, &content,
                                   error);
    source->record = source->message == NULL ? 0 : record;
    if (source->message != NULL &&
        source->message->descriptor == &samenloop__v1__journal_event__descriptor)
        take_event(source, record, source->message, content);
    return source->message;
}

const Samenloop__V1__Queued *source_queued(struct source *source, const struct delivery *delivery,
                                           struct sl_error *error)
{
    Samenloop__V1__Queued **queued = NULL;
    const ProtobufCMessage *message = read_record(source, delivery->record, error);
    if (message == NULL)
        return NULL;
    if (delivery->place < journal_queued(message, &queued) &&
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
    if (source->event_record == record || take_recent(source, record))
        return 0;
    const ProtobufCMessage *message = journal_read(source->journal, source->arena, record,
                                                   SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_EVENT,
                                                   &content, error);
    take_event(source, record, message, content);
    return message == NULL ? -1 : 0;
}

const Samenloop__V1__Header *source_header(struct source *source)
{
    if (source->recent != NULL)
        return source->recent->header;
    return (const Samenloop__V1__Header *)sl_arena_unpack(
        source->arena, &samenloop__v1__header__descriptor, sl_from_pb(source->event->header));
}

const Samenloop__V1__Sections *source_sections(struct source *source)
{
    if (source->content.size == 0)
        return NULL;
    if (source->recent != NULL)
        return source->recent->sections;
    return (const Samenloop__V1__Sections *)sl_arena_unpack(
        source->arena, &samenloop__v1__sections__descriptor, source->content);
}

const Samenloop__V1__JournalBatch *source_batch(struct source *source, struct sl_error *error)
{
    const struct recent_batch *recent = recent_batch(journal_recent(source->journal),
                                                     source->event->batch);
    if (recent != NULL)
        return recent->batch;
    if (source->batch_record != source->event->batch) {
        source->batch = (const Samenloop__V1__JournalBatch *)journal_read(
            source->journal, source->arena, source->event->batch,
            SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_BATCH, NULL, error);
        source->batch_record = source->batch == NULL ? 0 : source->event->batch;
    }
    return source->batch;
}
