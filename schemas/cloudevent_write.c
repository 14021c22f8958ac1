/* Events as a back office receives them: the event, the router's word about it, the adapter's. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/cloudevent_parts.h"
#include "schemas/limits.h"
#include "schemas/subject.h"
#include "schemas/timestamp.h"

/*
 * Each put_* gives -1 when a text is no UTF-8, for that is all that jansson refuses; what is empty
 * is left out. The caller adds the results up and throws the event away if any is not 0.
 */
static int put_text(json_t *object, const char *key, struct sl_bytes text)
{
    if (text.size == 0)
        return 0;
    return json_object_set_new(object, key, json_stringn((const char *)text.data, text.size));
}

static int put_moment(json_t *object, const char *key, int64_t at)
{
    char text[SL_TIMESTAMP_SIZE];
    sl_timestamp_format(text, at);
    return json_object_set_new(object, key, json_string(text));
}

static int put_uuid(json_t *object, const char *key, struct sl_bytes uuid)
{
    if (uuid.size != SL_UUID_SIZE)
        return 0;
    char text[SL_UUID_TEXT];
    sl_uuid_format(text, uuid.data);
    return json_object_set_new(object, key, json_string(text));
}

/* A number of 64 bits stands in a string: integers of CloudEvents have 32. */
static int put_number(json_t *object, const char *key, uint64_t number)
{
    char text[24];
    if (number == 0)
        return 0;
    (void)snprintf(text, sizeof text, "%" PRIu64, number);
    return json_object_set_new(object, key, json_string(text));
}

static int put_type(json_t *object, struct sl_bytes name)
{
    struct sl_buffer type = {0};
    sl_buffer_add_bytes(&type, sl_text(SL_TYPE_PREFIX));
    sl_buffer_add_bytes(&type, name);
    int result = put_text(object, "type", sl_buffer_bytes(&type));
    sl_buffer_free(&type);
    return result;
}

/* ---------------------------------------------------------------- names of the house */

static int put_reference(json_t *object, const char *key, struct sl_bytes uuid,
                         const struct sl_names *names)
{
    struct sl_bytes known = {0};
    if (names != NULL && names->event != NULL && uuid.size == SL_UUID_SIZE)
        known = names->event(names->context, uuid.data);
    return known.size > 0 ? put_text(object, key, known) : put_uuid(object, key, uuid);
}

static struct sl_bytes house(const struct sl_names *names, struct sl_bytes pseudonym)
{
    if (names == NULL || names->house == NULL || pseudonym.size != SL_PSEUDONYM_SIZE)
        return sl_bytes(NULL, 0);
    return names->house(names->context, pseudonym.data);
}

static struct sl_bytes subject_of(const struct sl_event *event, const struct sl_names *names)
{
    return event->subject[0] != '\0' ? sl_text(event->subject)
                                     : house(names, sl_from_pb(event->header.subject));
}

/* ---------------------------------------------------------------- the event itself */

static json_t *write_set(struct sl_bytes set)
{
    json_t *list = json_array();
    for (size_t begin = 0; begin < set.size;) {
        size_t end = begin;
        while (end < set.size && set.data[end] != ',')
            end++;
        if (json_array_append_new(list, json_stringn((const char *)set.data + begin, end - begin)) <
            0) {
            json_decref(list);
            return NULL;
        }
        begin = end + 1;
    }
    return list;
}

/* An attribute's kind is the type's; a correction has the attributes of a type not known here. */
static enum sl_kind kind_of(const struct sl_type *type, struct sl_bytes name)
{
    const struct sl_field *field = type == NULL ? NULL : sl_type_attribute(type, name);
    for (size_t i = 0; field == NULL && i < sl_type_count(); i++)
        field = sl_type_attribute(sl_type_at(i), name);
    return field == NULL ? SL_KIND_TEXT : field->kind;
}

/* Numbers, and codes that are numbers, come out as numbers. */
static json_t *write_value(enum sl_kind kind, struct sl_bytes value)
{
    char digits[16];
    bool number = (kind == SL_KIND_NUMBER || kind == SL_KIND_CODE) && value.size > 0 &&
                  value.size < sizeof digits;
    for (size_t i = 0; i < value.size; i++)
        number = number && value.data[i] >= '0' && value.data[i] <= '9';
    if (kind == SL_KIND_CODE_SET)
        return write_set(value);
    if (!number)
        return json_stringn((const char *)value.data, value.size);
    memcpy(digits, value.data, value.size);
    digits[value.size] = '\0';
    return json_integer(strtoll(digits, NULL, 10));
}

static int put_attributes(json_t *data, const struct sl_event *event, const struct sl_names *names)
{
    const Samenloop__V1__Header *header = &event->header;
    json_t *attributes = json_object();
    int bad = json_object_set_new(data, "attributes", attributes);
    bad |= put_moment(attributes, "occurred_at", header->occurred_at);
    if (header->subject_kind == SAMENLOOP__V1__SUBJECT_KIND__SUBJECT_KIND_BUILDING)
        bad |= put_text(attributes, "subject_kind", sl_text("building"));
    bad |= put_text(attributes, "building", house(names, sl_from_pb(header->building)));
    if (header->initial_load)
        bad |= put_text(attributes, "initial_load", sl_text("yes"));
    for (size_t i = 0; i < header->n_attributes; i++) {
        struct sl_bytes name = sl_from_pb(header->attributes[i]->name);
        struct sl_bytes value = sl_from_pb(header->attributes[i]->value);
        bad |= json_object_setn_new(attributes, (const char *)name.data, name.size,
                                    write_value(kind_of(event->type, name), value));
    }
    return bad;
}

static int put_sections(json_t *data, struct sl_arena *arena, const struct sl_event *event)
{
    int bad = 0;
    for (int i = SL_LOCATION; i < SL_ORIGIN; i++) {
        enum sl_section section = (enum sl_section)i;
        if ((event->present & sl_section_bit(section)) != 0)
            bad |= json_object_set_new(data, sl_section_name(section),
                                       sl_section_to_json(arena, section, event->sections[i]));
    }
    return bad;
}

/*
 * The sender's adapter has checked these, but the receiver's does not take its word for it: an
 * extension may not stand in for what the contract says itself.
 */
static int put_extensions(json_t *object, struct sl_arena *arena, const struct sl_event *event)
{
    struct sl_bytes packed = event->sections[SL_ORIGIN];
    if ((event->present & sl_section_bit(SL_ORIGIN)) == 0)
        return 0;
    const Samenloop__V1__Origin *origin = (const void *)sl_arena_unpack(
        arena, &samenloop__v1__origin__descriptor, packed);
    int bad = origin == NULL ? -1 : 0;
    for (size_t i = 0; origin != NULL && i < origin->n_extensions; i++) {
        struct sl_bytes name = sl_from_pb(origin->extensions[i]->name);
        struct sl_bytes value = sl_from_pb(origin->extensions[i]->value);
        if (sl_extension_good(name, value))
            bad |= json_object_setn_new(object, (const char *)name.data, name.size,
                                        json_stringn((const char *)value.data, value.size));
    }
    return bad;
}

static int put_event(json_t *object, struct sl_arena *arena, const struct sl_event *event,
                     const struct sl_names *names)
{
    const Samenloop__V1__Header *header = &event->header;
    json_t *data = json_object();
    int bad = put_text(object, "id", event->id);
    bad |= put_text(object, "source", sl_from_pb(header->source));
    bad |= put_type(object, sl_from_pb(header->type));
    bad |= put_text(object, "subject", subject_of(event, names));
    bad |= put_moment(object, "time", header->recorded_at);
    bad |= put_text(object, "datacontenttype", sl_text("application/json"));
    bad |= put_reference(object, "correlationid", sl_from_pb(header->correlation_id), names);
    bad |= put_reference(object, "causationid", sl_from_pb(header->causation_id), names);
    bad |= put_text(object, "traceparent", sl_from_pb(header->traceparent));
    bad |= put_extensions(object, arena, event);
    bad |= json_object_set_new(object, "data", data);
    bad |= put_attributes(data, event, names);
    return bad | put_sections(data, arena, event);
}

/* ---------------------------------------------------------------- instructions and notices */

void sl_derived_id(uint8_t out[SL_UUID_SIZE], struct sl_bytes event_id,
                   const Samenloop__V1__Delivery *delivery)
{
    uint8_t place[16];
    sl_put64(place, (uint64_t)delivery->lane);
    sl_put64(place + 8, delivery->number);
    const struct sl_bytes pieces[] = {event_id, sl_from_pb(delivery->name),
                                      sl_bytes(place, sizeof place)};
    sl_uuid_from_name(out, pieces, 3);
}

static int put_details(json_t *data, const Samenloop__V1__Delivery *delivery,
                       const struct sl_names *names)
{
    json_t *details = json_object();
    json_t *subjects = json_array();
    int bad = 0;
    for (size_t i = 0; i < delivery->n_details; i++) {
        struct sl_bytes name = sl_from_pb(delivery->details[i]->name);
        struct sl_bytes value = sl_from_pb(delivery->details[i]->value);
        bad |= json_object_setn_new(details, (const char *)name.data, name.size,
                                    json_stringn((const char *)value.data, value.size));
    }
    for (size_t i = 0; i < delivery->n_subjects; i++) {
        struct sl_bytes known = house(names, sl_from_pb(delivery->subjects[i]));
        if (known.size > 0)
            bad |= json_array_append_new(subjects,
                                         json_stringn((const char *)known.data, known.size));
    }
    if (delivery->n_details > 0)
        bad |= json_object_set(data, "details", details);
    if (delivery->n_subjects > 0)
        bad |= json_object_set(data, "subjects", subjects);
    json_decref(details);
    json_decref(subjects);
    return bad;
}

/* An event of its own, about the one that it stands on; its data say what the router can tell. */
static int put_derived(json_t *object, const struct sl_event *event,
                       const Samenloop__V1__Delivery *delivery, const struct sl_names *names)
{
    const Samenloop__V1__Header *header = &event->header;
    uint8_t id[SL_UUID_SIZE];
    sl_derived_id(id, sl_from_pb(header->event_id), delivery);
    json_t *data = json_object();
    json_t *attributes = json_object();
    int bad = put_uuid(object, "id", sl_bytes(id, sizeof id));
    bad |= put_text(object, "source", sl_text(SL_ROUTER_SOURCE));
    bad |= put_type(object, sl_from_pb(delivery->name));
    bad |= put_text(object, "subject", subject_of(event, names));
    bad |= put_moment(object, "time", delivery->accepted_at);
    bad |= put_text(object, "datacontenttype", sl_text("application/json"));
    bad |= put_reference(object, "correlationid", sl_from_pb(header->correlation_id), names);
    bad |= put_text(object, "causationid", event->id);
    bad |= json_object_set_new(object, "data", data);
    bad |= json_object_set_new(data, "attributes", attributes);
    bad |= put_moment(attributes, "occurred_at", delivery->accepted_at);
    bad |= put_text(attributes, "about", sl_from_pb(header->type));
    return bad | put_details(data, delivery, names);
}

static void list_grounds(const Samenloop__V1__Delivery *delivery, struct sl_buffer *rules,
                         struct sl_buffer *clauses)
{
    for (size_t i = 0; i < delivery->n_rules; i++) {
        sl_buffer_add(rules, ",", i > 0);
        sl_buffer_add(clauses, ",", i > 0);
        sl_buffer_add_bytes(rules, sl_from_pb(delivery->rules[i]->rule));
        sl_buffer_add_bytes(clauses, sl_from_pb(delivery->rules[i]->clause));
    }
}

static int put_delivery(json_t *object, const Samenloop__V1__Delivery *delivery,
                        uint64_t inboxposition)
{
    struct sl_buffer rules = {0};
    struct sl_buffer clauses = {0};
    list_grounds(delivery, &rules, &clauses);
    int bad = put_text(object, "rule", sl_buffer_bytes(&rules));
    bad |= put_text(object, "clause", sl_buffer_bytes(&clauses));
    bad |= put_text(object, "role", sl_text(sl_role_name((enum sl_role)delivery->role)));
    bad |= put_number(object, "journalseq", delivery->journal_number);
    bad |= put_number(object, "inboxposition", inboxposition);
    if (delivery->deadline > 0)
        bad |= put_moment(object, "deadline", delivery->deadline);
    sl_buffer_free(&rules);
    sl_buffer_free(&clauses);
    return bad;
}

/* Appends the object's text, or nothing; the object is gone. */
static int finish(struct sl_buffer *out, json_t *object, int bad, struct sl_error *error)
{
    size_t before = out->size;
    if (bad == 0)
        bad = sl_json_write(out, object, false, SIZE_MAX);
    json_decref(object);
    if (bad == 0)
        return 0;
    out->size = before;
    return sl_fail(error, SL_MALFORMED, "a section that is none of its kind, or text that is none");
}

int sl_cloudevent_write(struct sl_buffer *out, const struct sl_event *event,
                        const Samenloop__V1__Delivery *delivery, uint64_t inboxposition,
                        const struct sl_names *names, struct sl_error *error)
{
    struct sl_arena arena;
    sl_arena_init(&arena, SL_MAX_ARENA);
    json_t *object = json_object();
    int bad = put_text(object, "specversion", sl_text("1.0"));
    bad |= delivery->name.len > 0 ? put_derived(object, event, delivery, names)
                                  : put_event(object, &arena, event, names);
    bad |= put_delivery(object, delivery, inboxposition);
    sl_arena_free(&arena);
    return finish(out, object, bad, error);
}

/* ---------------------------------------------------------------- the adapter's own word */

static json_t *write_remarks(const Samenloop__V1__Result *result)
{
    json_t *remarks = json_array();
    int bad = 0;
    for (size_t i = 0; i < result->n_remarks; i++) {
        const Samenloop__V1__Remark *remark = result->remarks[i];
        json_t *object = json_object();
        bad |= put_text(object, "rule", sl_from_pb(remark->rule));
        bad |= put_text(object, "clause", sl_from_pb(remark->clause));
        bad |= put_text(object, "sentence", sl_from_pb(remark->sentence));
        bad |= json_array_append_new(remarks, object);
    }
    if (bad == 0)
        return remarks;
    json_decref(remarks);
    return NULL;
}

int sl_cloudevent_answer(struct sl_buffer *out, const struct sl_answer *answer,
                         struct sl_error *error)
{
    const Samenloop__V1__Result *result = answer->result;
    bool refused = result->verdict == SAMENLOOP__V1__VERDICT__VERDICT_REFUSED;
    struct sl_bytes name = sl_text(refused ? "event_refused" : "event_withheld");
    uint8_t at[8];
    uint8_t id[SL_UUID_SIZE];
    sl_put64(at, (uint64_t)answer->at); /* an id that was refused may be refused again */
    const struct sl_bytes pieces[] = {answer->source, answer->id, name, sl_bytes(at, sizeof at)};
    sl_uuid_from_name(id, pieces, 4);
    json_t *object = json_object();
    json_t *data = json_object();
    int bad = put_text(object, "specversion", sl_text("1.0"));
    bad |= put_uuid(object, "id", sl_bytes(id, sizeof id));
    bad |= put_text(object, "source", sl_text(SL_ADAPTER_SOURCE));
    bad |= put_type(object, name);
    bad |= put_text(object, "subject", answer->subject);
    bad |= put_moment(object, "time", answer->at);
    bad |= put_text(object, "datacontenttype", sl_text("application/json"));
    bad |= put_text(object, "causationid", answer->id);
    bad |= put_text(object, "role", sl_text(sl_role_name(answer->role)));
    bad |= put_number(object, "journalseq", result->journal_number);
    bad |= put_number(object, "inboxposition", answer->inboxposition);
    bad |= json_object_set_new(object, "data", data);
    bad |= put_text(data, "source", answer->source);
    bad |= put_text(data, "type", answer->type);
    bad |= put_text(data, "code", sl_from_pb(result->code));
    bad |= put_text(data, "sentence", sl_from_pb(result->sentence));
    bad |= json_object_set_new(data, "remarks", write_remarks(result));
    return finish(out, object, bad, error);
}

/* ---------------------------------------------------------------- what was delivered */

/* The id that the event's back office gave it must be the one that its UUID was made of. */
static int read_origin(struct sl_event *out, const Samenloop__V1__Origin *origin,
                       struct sl_error *error)
{
    const Samenloop__V1__Header *header = &out->header;
    struct sl_bytes id = sl_from_pb(origin->id);
    struct sl_bytes bag_id = sl_from_pb(origin->bag_id);
    bool building = header->subject_kind == SAMENLOOP__V1__SUBJECT_KIND__SUBJECT_KIND_BUILDING;
    uint8_t uuid[SL_UUID_SIZE];
    const struct sl_bytes pieces[] = {sl_from_pb(header->source), id};
    if (id.size > 0) {
        if (sl_uuid_parse(uuid, id) < 0)
            sl_uuid_from_name(uuid, pieces, 2);
        if (!sl_bytes_printable(id) || memcmp(uuid, header->event_id.data, sizeof uuid) != 0)
            return sl_fail(error, SL_MALFORMED, "origin: names another event");
        out->id = id;
    }
    if (bag_id.size == 0)
        return 0;
    if (sl_bag_check(bag_id, building, error) < 0)
        return sl_fail_at(error, "origin");
    memcpy(out->subject, bag_id.data, SL_BAG_SIZE);
    return 0;
}

int sl_event_opened(struct sl_event *out, struct sl_arena *arena,
                    const Samenloop__V1__Header *header,
                    const struct sl_bytes sections[SL_SECTIONS], uint32_t present,
                    struct sl_error *error)
{
    char uuid[SL_UUID_TEXT];
    *out = (struct sl_event){.header = *header, .present = present};
    memcpy(out->sections, sections, sizeof out->sections);
    out->type = sl_type_find(sl_from_pb(header->type));
    sl_uuid_format(uuid, header->event_id.data);
    out->id = sl_arena_copy(arena, sl_text(uuid));
    if ((present & sl_section_bit(SL_ORIGIN)) == 0)
        return 0;
    const Samenloop__V1__Origin *origin = (const void *)sl_arena_unpack(
        arena, &samenloop__v1__origin__descriptor, sections[SL_ORIGIN]);
    if (origin == NULL)
        return sl_fail(error, SL_MALFORMED, "the section origin is none");
    return read_origin(out, origin, error);
}
