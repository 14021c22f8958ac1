/* Events as a back office hands them over: the checks in their order (agreement, 7.8). */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "schemas/cloudevent_parts.h"
#include "schemas/limits.h"
#include "schemas/subject.h"
#include "schemas/timestamp.h"

enum {
    MAC_SIZE = 16,
    TRACEPARENT_SIZE = 55,
    ROOM = 512 * 1024, /* more than all that an event within its bounds puts into an arena */
};

ProtobufCBinaryData sl_taking_keep(struct sl_taking *taking, struct sl_bytes bytes)
{
    return sl_to_pb(sl_arena_copy(taking->arena, bytes));
}

/* ---------------------------------------------------------------- form and size */

static int read_text(struct sl_taking *taking, const char *name, struct sl_bytes *out)
{
    char field[32];
    *out = sl_json_text(sl_json_get(taking->event, name));
    if (out->size > 0)
        return 0;
    (void)snprintf(field, sizeof field, "/%s", name);
    return sl_refuse(taking->refusal, SL_MALFORMED, field, "%s: wants a string", name);
}

static size_t count_characters(struct sl_bytes text)
{
    size_t characters = 0;
    for (size_t i = 0; i < text.size; i++)
        characters += (text.data[i] & 0xc0) != 0x80;
    return characters;
}

static int check_data(struct sl_taking *taking)
{
    taking->data = sl_json_get(taking->event, "data");
    taking->attributes = sl_json_get(taking->data, "attributes");
    if (!sl_json_is(taking->data, SL_JSON_OBJECT))
        return sl_refuse(taking->refusal, SL_MALFORMED, "/data", "data: wants an object");
    if (!sl_json_is(taking->attributes, SL_JSON_OBJECT))
        return sl_refuse(taking->refusal, SL_MALFORMED, "/data/attributes",
                         "data.attributes: wants an object");
    return 0;
}

static int read_form(struct sl_taking *taking, struct sl_bytes *type)
{
    Samenloop__V1__Header *header = taking->header;
    const struct sl_json *content_type = sl_json_get(taking->event, "datacontenttype");
    struct sl_bytes id;
    struct sl_bytes source;
    if (!sl_json_is(taking->event, SL_JSON_OBJECT))
        return sl_refuse(taking->refusal, SL_MALFORMED, "", "an event is a JSON object");
    if (!sl_bytes_is(sl_json_text(sl_json_get(taking->event, "specversion")), "1.0"))
        return sl_refuse(taking->refusal, SL_MALFORMED, "/specversion", "specversion: wants 1.0");
    if (content_type != NULL && !sl_bytes_is(sl_json_text(content_type), "application/json"))
        return sl_refuse(taking->refusal, SL_MALFORMED, "/datacontenttype",
                         "datacontenttype: wants application/json");
    if (read_text(taking, "id", &id) < 0 || read_text(taking, "source", &source) < 0 ||
        read_text(taking, "type", type) < 0 || check_data(taking) < 0)
        return -1;
    if (count_characters(id) > SL_MAX_ID)
        return sl_refuse(taking->refusal, SL_MALFORMED, "/id", "id: wants at most %d characters",
                         SL_MAX_ID);
    if (sl_moment_read(&header->recorded_at, sl_json_text(sl_json_get(taking->event, "time"))) < 0)
        return sl_refuse(taking->refusal, SL_MALFORMED, "/time",
                         "time: wants a moment with its zone (RFC 3339), as 2021-03-31T12:00:00Z");
    taking->out->id = sl_arena_copy(taking->arena, id);
    header->source = sl_taking_keep(taking, source);
    return 0;
}

/*
 * The canonical form of what was handed over is compact JSON with sorted keys. Its size is the
 * event's, and the MAC over it tells a repetition from another event with the same id, whatever
 * white space, order of keys or sealing did.
 */
static int read_content(struct sl_taking *taking, enum sl_role role)
{
    const uint8_t role_byte = (uint8_t)role;
    uint8_t mac[SL_HASH_SIZE];
    struct sl_buffer text = {0};
    int result = sl_json_write(&text, taking->event, SL_MAX_EVENT);
    if (result == 0) {
        const struct sl_bytes pieces[] = {sl_bytes(&role_byte, 1), sl_buffer_bytes(&text)};
        sl_mac(taking->door->content, mac, pieces, 2);
        taking->header->content_mac = sl_taking_keep(taking, sl_bytes(mac, MAC_SIZE));
        sl_forget(text.data, text.size);
    } else {
        (void)sl_refuse(taking->refusal, SL_TOO_LARGE, "",
                        "an event of more than %d bytes; larger content goes by reference",
                        SL_MAX_EVENT);
    }
    sl_buffer_free(&text);
    return result;
}

/* ---------------------------------------------------------------- type, source, publisher */

static int read_type(struct sl_taking *taking, struct sl_bytes type)
{
    static const size_t prefix = sizeof SL_TYPE_PREFIX - 1;
    bool prefixed = type.size > prefix && memcmp(type.data, SL_TYPE_PREFIX, prefix) == 0;
    struct sl_bytes name = prefixed ? sl_bytes(type.data + prefix, type.size - prefix)
                                    : sl_bytes(NULL, 0);
    taking->type = sl_type_find(name);
    if (taking->type == NULL && sl_derived_find(name) != NULL)
        return sl_refuse(taking->refusal, SL_NOT_PERMITTED, "/type",
                         "type: only the router publishes this one");
    if (taking->type == NULL)
        return sl_refuse(taking->refusal, SL_UNKNOWN_TYPE, "/type",
                         "type: wants %s and a type of the catalogue", SL_TYPE_PREFIX);
    taking->header->type = sl_to_pb(sl_text(taking->type->name));
    taking->out->type = taking->type;
    return 0;
}

static int check_publisher(struct sl_taking *taking)
{
    const struct sl_door *door = taking->door;
    struct sl_bytes source = sl_from_pb(taking->header->source);
    const struct sl_json *municipality = sl_json_get(taking->attributes, "municipality");
    char own[64];
    int size = snprintf(own, sizeof own, "urn:nld:oin:%s:systeem:", door->oin);
    if (source.data == NULL || source.size < (size_t)size ||
        memcmp(source.data, own, (size_t)size) != 0)
        return sl_refuse(taking->refusal, SL_SOURCE_MISMATCH, "/source",
                         "source: wants %s<name>, with the OIN of this organisation", own);
    if ((taking->type->publishers & door->publisher) == 0)
        return sl_refuse(taking->refusal, SL_NOT_PERMITTED, "/type",
                         "this organisation may not publish %s", taking->type->name);
    if (door->publisher == SL_MUNICIPALITY && municipality != NULL &&
        !sl_bytes_is(sl_json_text(municipality), door->participant + strlen("gm")))
        return sl_refuse(taking->refusal, SL_NOT_PERMITTED, "/data/attributes/municipality",
                         "not this municipality's house");
    return 0;
}

/* ---------------------------------------------------------------- subject, causation */

int sl_taking_house(struct sl_taking *taking, struct sl_bytes bag_id, ProtobufCBinaryData *out)
{
    const struct sl_door *door = taking->door;
    uint8_t pseudonym[SL_PSEUDONYM_SIZE];
    if (door->house != NULL ? !door->house(door->context, bag_id, pseudonym)
                            : door->pseudonym == NULL)
        return -1;
    if (door->house == NULL)
        sl_pseudonym(door->pseudonym, pseudonym, bag_id);
    *out = sl_taking_keep(taking, sl_bytes(pseudonym, sizeof pseudonym));
    return 0;
}

static int read_subject(struct sl_taking *taking)
{
    Samenloop__V1__Header *header = taking->header;
    struct sl_bytes subject = sl_json_text(sl_json_get(taking->event, "subject"));
    struct sl_bytes kind = sl_json_text(sl_json_get(taking->attributes, "subject_kind"));
    struct sl_error wrong = {0};
    bool building = sl_bytes_is(kind, "building");
    header->subject_kind = building ? SAMENLOOP__V1__SUBJECT_KIND__SUBJECT_KIND_BUILDING
                                    : SAMENLOOP__V1__SUBJECT_KIND__SUBJECT_KIND_ADDRESS;
    if (sl_bag_check(subject, building, &wrong) < 0)
        return sl_refuse(taking->refusal, SL_SUBJECT_INVALID, "/subject", "%s", wrong.text);
    if (sl_taking_house(taking, subject, &header->subject) < 0)
        return sl_refuse(taking->refusal, SL_SUBJECT_INVALID, "/subject",
                         "subject: this house never came to this organisation");
    memcpy(taking->out->subject, subject.data, SL_BAG_SIZE);
    return 0;
}

static int read_reference(struct sl_taking *taking, const char *name, ProtobufCBinaryData *out)
{
    const struct sl_door *door = taking->door;
    const struct sl_json *value = sl_json_get(taking->event, name);
    struct sl_bytes text = sl_json_text(value);
    uint8_t uuid[SL_UUID_SIZE];
    char field[32];
    if (value == NULL || sl_json_is(value, SL_JSON_NULL))
        return 0;
    if (sl_uuid_parse(uuid, text) < 0 &&
        (text.size == 0 || door->event == NULL || !door->event(door->context, text, uuid))) {
        (void)snprintf(field, sizeof field, "/%s", name);
        return sl_refuse(taking->refusal, SL_ATTRIBUTE_INVALID, field, "%s: no such event here",
                         name);
    }
    *out = sl_taking_keep(taking, sl_bytes(uuid, sizeof uuid));
    return 0;
}

/* Is it left out, or as good as left out? */
static bool is_nothing(const struct sl_json *value)
{
    switch (value == NULL ? SL_JSON_NULL : value->kind) {
    case SL_JSON_TRUE:
        return false;
    case SL_JSON_INTEGER:
        return value->integer == 0;
    case SL_JSON_REAL:
        return value->real == 0;
    case SL_JSON_TEXT:
        return value->text.size == 0;
    case SL_JSON_ARRAY:
    case SL_JSON_OBJECT:
        return value->count == 0;
    default:
        return true;
    }
}

static int read_references(struct sl_taking *taking)
{
    Samenloop__V1__Header *header = taking->header;
    if (taking->type->causation_required && is_nothing(sl_json_get(taking->event, "causationid")))
        return sl_refuse(taking->refusal, SL_CAUSATION_MISSING, "/causationid",
                         "%s needs a causationid: the event that it answers", taking->type->name);
    if (read_reference(taking, "causationid", &header->causation_id) < 0)
        return -1;
    return read_reference(taking, "correlationid", &header->correlation_id);
}

/* ---------------------------------------------------------------- id, trace, origin */

/*
 * A UUID stands for itself; any other id becomes one, of source and id, so that a repetition is
 * known again, and travels in the section origin. So does a UUID in capitals: the receiver gets
 * back what was written.
 */
static void read_id(struct sl_taking *taking, Samenloop__V1__Origin *origin)
{
    const struct sl_bytes id = taking->out->id;
    uint8_t uuid[SL_UUID_SIZE];
    char canonical[SL_UUID_TEXT] = "";
    if (sl_uuid_parse(uuid, id) == 0) {
        sl_uuid_format(canonical, uuid);
    } else {
        const struct sl_bytes pieces[] = {sl_from_pb(taking->header->source), id};
        sl_uuid_from_name(uuid, pieces, 2);
    }
    if (!sl_bytes_is(id, canonical))
        origin->id = sl_to_pb(id);
    taking->header->event_id = sl_taking_keep(taking, sl_bytes(uuid, sizeof uuid));
}

/* Of version 00: "00-<32 hex>-<16 hex>-<2 hex>"; what is none is left out. */
static void read_trace(struct sl_taking *taking)
{
    static const char form[] = "hh-hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh-hhhhhhhhhhhhhhhh-hh";
    static_assert(sizeof form == TRACEPARENT_SIZE + 1, "the form has the trace's size");
    struct sl_bytes text = sl_json_text(sl_json_get(taking->event, "traceparent"));
    bool good = text.size == TRACEPARENT_SIZE;
    for (size_t i = 0; good && i < text.size; i++)
        good = form[i] == '-'
                   ? text.data[i] == '-'
                   : text.data[i] != '\0' && strchr("0123456789abcdef", text.data[i]) != NULL;
    if (good)
        taking->header->traceparent = sl_taking_keep(taking, text);
}

static void pack_origin(struct sl_taking *taking, Samenloop__V1__Origin *origin)
{
    origin->bag_id = sl_to_pb(sl_text(taking->out->subject));
    taking->out->sections[SL_ORIGIN] = sl_arena_pack(taking->arena, &origin->base);
    taking->out->present |= sl_section_bit(SL_ORIGIN);
}

/* ---------------------------------------------------------------- time, and what else is strict */

static int check_time(struct sl_taking *taking)
{
    const struct sl_door *door = taking->door;
    int64_t at = taking->header->recorded_at;
    if (at <= 0 || at < door->in_force)
        return sl_refuse(taking->refusal, SL_TIME_WINDOW, "/time",
                         "time: recorded before the agreement was in force");
    if (at > door->now + SL_FUTURE_TOLERANCE)
        return sl_refuse(taking->refusal, SL_TIME_WINDOW, "/time", "time: lies in the future");
    return 0;
}

/* What would end in headers, logs and terminals; see the header. */
static int check_strictly(struct sl_taking *taking)
{
    static const int64_t last = INT64_C(253402300799999); /* 9999-12-31T23:59:59.999Z */
    struct sl_bytes source = sl_from_pb(taking->header->source);
    int64_t occurred_at = taking->header->occurred_at;
    if (!sl_bytes_printable(taking->out->id))
        return sl_refuse(taking->refusal, SL_MALFORMED, "/id", "id: wants no control characters");
    if (source.size > SL_MAX_SOURCE || !sl_bytes_printable(source))
        return sl_refuse(taking->refusal, SL_MALFORMED, "/source",
                         "source: wants at most %d bytes without control characters",
                         SL_MAX_SOURCE);
    if (occurred_at <= 0 || occurred_at > last)
        return sl_refuse(taking->refusal, SL_ATTRIBUTE_INVALID, "/data/attributes/occurred_at",
                         "occurred_at: wants a moment from 1970 to 9999");
    return 0;
}

static int take(struct sl_taking *taking, enum sl_role role, Samenloop__V1__Origin *origin)
{
    struct sl_bytes type = {0};
    if (read_form(taking, &type) < 0 || read_content(taking, role) < 0 ||
        read_type(taking, type) < 0 || check_publisher(taking) < 0 || read_subject(taking) < 0 ||
        read_references(taking) < 0 || sl_taking_attributes(taking) < 0 ||
        sl_taking_sections(taking) < 0 || sl_taking_fields(taking) < 0 ||
        sl_taking_text(taking) < 0 || check_time(taking) < 0 || check_strictly(taking) < 0 ||
        sl_taking_extensions(taking, origin) < 0)
        return -1;
    read_id(taking, origin);
    read_trace(taking);
    pack_origin(taking, origin);
    return 0;
}

int sl_cloudevent_take(struct sl_event *out, struct sl_arena *arena, const struct sl_door *door,
                       enum sl_role role, const struct sl_json *event, struct sl_refusal *refusal)
{
    *out = (struct sl_event){.header = SAMENLOOP__V1__HEADER__INIT};
    *refusal = (struct sl_refusal){0};
    Samenloop__V1__Origin origin = SAMENLOOP__V1__ORIGIN__INIT;
    struct sl_taking taking = {
        .out = out,
        .header = &out->header,
        .arena = arena,
        .door = door,
        .event = event,
        .refusal = refusal,
    };
    out->header.publisher_role = (Samenloop__V1__Role)role;
    if (arena->limit > 0 && arena->limit - arena->used < ROOM)
        return sl_refuse(refusal, SL_OVERLOAD, "", "no room for one more event");
    return take(&taking, role, &origin);
}

int sl_cloudevent_read(struct sl_event *out, struct sl_arena *arena, const struct sl_door *door,
                       enum sl_role role, struct sl_bytes text, struct sl_refusal *refusal)
{
    *refusal = (struct sl_refusal){0};
    const struct sl_json *event = sl_json_read(arena, text, SL_MAX_EVENT, &refusal->error);
    return event == NULL ? -1 : sl_cloudevent_take(out, arena, door, role, event, refusal);
}
