#include "adapters/window.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/names.h"

/* ---------------------------------------------------------------- the inbox */

static int header_of(struct samenloop *house, ProtobufCBinaryData bytes,
                     const Samenloop__V1__Header **out, struct sl_error *error)
{
    *out = (const void *)sl_arena_unpack(&house->window, &samenloop__v1__header__descriptor,
                                         sl_from_pb(bytes));
    return *out != NULL ? 0 : sl_fail(error, SL_DAMAGED, "inbox: a header that is none");
}

static int delivered(struct samenloop *house, const struct inbox_item *item, struct sl_error *error)
{
    const struct sl_names names = {.context = house, .house = names_bag_id, .event = names_id};
    const Samenloop__V1__Header *header = NULL;
    struct sl_bytes sections[SL_SECTIONS] = {0};
    struct sl_event event;
    uint32_t present = 0;
    if (header_of(house, item->delivery->header, &header, error) < 0)
        return -1;
    for (size_t i = 0; item->content != NULL && i < item->content->n_sections; i++) {
        const Samenloop__V1__OpenedSection *section = item->content->sections[i];
        if ((int)section->section <= SL_NO_SECTION || (int)section->section >= SL_SECTIONS)
            continue;
        sections[section->section] = sl_from_pb(section->content);
        present |= sl_section_bit((enum sl_section)section->section);
    }
    if (sl_event_opened(&event, &house->window, header, sections, present, error) < 0)
        return -1;
    if (event.subject[0] == '\0' && item->content != NULL &&
        item->content->subject.len == SL_BAG_SIZE) {
        memcpy(event.subject, item->content->subject.data, SL_BAG_SIZE);
        event.subject[SL_BAG_SIZE] = '\0';
    }
    if (sl_cloudevent_write(&house->text, &house->window, &event, item->delivery->delivery,
                            item->record, &names, error) == 0)
        return 0;
    /* What was checked when it came cannot be written: an item must not block those behind it. */
    house_trouble(house, error);
    event.present = 0;
    return sl_cloudevent_write(&house->text, &house->window, &event, item->delivery->delivery,
                               item->record, NULL, error);
}

static int told(struct samenloop *house, const struct inbox_item *item, struct sl_error *error)
{
    const Samenloop__V1__Header *header = NULL;
    char uuid[SL_UUID_TEXT];
    if (header_of(house, item->told->header, &header, error) < 0)
        return -1;
    struct sl_answer answer = {.source = sl_from_pb(header->source),
                               .type = sl_from_pb(header->type),
                               .role = (enum sl_role)item->told->role,
                               .at = item->told->at,
                               .result = item->told->result,
                               .inboxposition = item->record};
    if (item->content != NULL) {
        answer.id = sl_from_pb(item->content->id);
        answer.subject = sl_from_pb(item->content->subject);
    }
    if (answer.id.size == 0 && header->event_id.len == SL_UUID_SIZE) {
        sl_uuid_format(uuid, header->event_id.data);
        answer.id = sl_text(uuid);
    }
    return sl_cloudevent_answer(&house->text, &answer, error);
}

/* Which house it was is said until the notice was taken. */
static int erased(struct samenloop *house, const struct inbox_item *item, struct sl_error *error)
{
    const Samenloop__V1__Delivery *delivery = item->delivery->delivery;
    struct sl_bytes subject = {0};
    if (item->content != NULL)
        subject = sl_from_pb(item->content->subject);
    return sl_cloudevent_erasure(&house->text, delivery, subject, item->record, error);
}

int window_item(struct samenloop *house, uint64_t record, struct sl_error *error)
{
    struct inbox_item item;
    sl_arena_clear(&house->window);
    if (inbox_read(house->inbox, &house->window, record, &item, error) < 0)
        return -1;
    if (item.told != NULL)
        return told(house, &item, error);
    return item.delivery->delivery->kind == SAMENLOOP__V1__DELIVERY_KIND__DELIVERY_KIND_ERASURE
               ? erased(house, &item, error)
               : delivered(house, &item, error);
}

/* ---------------------------------------------------------------- publications */

static json_t *text(ProtobufCBinaryData bytes)
{
    return json_stringn((const char *)bytes.data, bytes.len);
}

static json_t *remarks(const Samenloop__V1__Result *result)
{
    json_t *list = json_array();
    for (size_t i = 0; i < result->n_remarks; i++) {
        const Samenloop__V1__Remark *remark = result->remarks[i];
        json_array_append_new(list,
                              json_pack("{s:o*, s:o*, s:o*}", "rule", text(remark->rule), "clause",
                                        text(remark->clause), "sentence", text(remark->sentence)));
    }
    return list;
}

static json_t *state(const Samenloop__V1__Result *result)
{
    char number[24];
    if (result == NULL)
        return json_pack("{s:s}", "status", "waiting");
    if (result->verdict == SAMENLOOP__V1__VERDICT__VERDICT_REFUSED)
        return json_pack("{s:s, s:o*, s:o*}", "status", "refused", "code", text(result->code),
                         "sentence", text(result->sentence));
    (void)snprintf(number, sizeof number, "%" PRIu64, result->journal_number);
    json_t *out = json_pack("{s:s, s:s}", "status", "accepted", "journalseq", number);
    if (result->n_remarks > 0)
        json_object_set_new(out, "remarks", remarks(result));
    return out;
}

int window_event(struct samenloop *house, struct sl_bytes id, struct sl_bytes source,
                 struct sl_error *error)
{
    const Samenloop__V1__Result *result = NULL;
    struct place place = {0};
    uint8_t uuid[SL_UUID_SIZE];
    known_uuid(uuid, source, id);
    int found = outbox_find(house->outbox, uuid, source, &place, error);
    if (found <= 0)
        return found;
    if (outbox_result(house->outbox, place, &result, error) < 0)
        return -1;
    json_t *json = state(result);
    char *line = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
    json_decref(json);
    if (line == NULL)
        return sl_fail(error, SL_DAMAGED, "outbox: an answer that is no text");
    sl_buffer_clear(&house->text);
    sl_buffer_add(&house->text, line, strlen(line) + 1);
    free(line);
    return 1;
}
