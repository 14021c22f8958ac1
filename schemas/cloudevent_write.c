/* Events as a back office receives them: the event, the router's word about it, the adapter's. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/cloudevent_parts.h"
#include "schemas/limits.h"
#include "schemas/subject.h"
#include "schemas/timestamp.h"

/* Each put_* writes a key with its value; what is empty is left out. */
static void put_text(struct sl_writer *writer, const char *key, struct sl_bytes text)
{
    if (text.size == 0)
        return;
    sl_write_key(writer, sl_text(key));
    sl_write_text(writer, text);
}

static void put_moment(struct sl_writer *writer, const char *key, int64_t at)
{
    char text[SL_TIMESTAMP_SIZE];
    sl_timestamp_format(text, at);
    put_text(writer, key, sl_text(text));
}

static void put_uuid(struct sl_writer *writer, const char *key, struct sl_bytes uuid)
{
    if (uuid.size != SL_UUID_SIZE)
        return;
    char text[SL_UUID_TEXT];
    sl_uuid_format(text, uuid.data);
    put_text(writer, key, sl_text(text));
}

/* A number of 64 bits stands in a string: integers of CloudEvents have 32. */
static void put_number(struct sl_writer *writer, const char *key, uint64_t number)
{
    if (number == 0)
        return;
    sl_write_key(writer, sl_text(key));
    sl_write_mark(writer, '"');
    sl_buffer_add_number(writer->out, number);
    sl_write_mark(writer, '"');
}

static void put_type(struct sl_writer *writer, struct sl_bytes name)
{
    sl_write_key(writer, sl_text("type"));
    sl_write_mark(writer, '"');
    sl_write_piece(writer, sl_text(SL_TYPE_PREFIX));
    sl_write_piece(writer, name);
    sl_write_mark(writer, '"');
}

static void begin(struct sl_writer *writer, const char *key, char bracket)
{
    sl_write_key(writer, sl_text(key));
    sl_write_mark(writer, bracket);
}

/* ---------------------------------------------------------------- names of the house */

static void put_reference(struct sl_writer *writer, const char *key, struct sl_bytes uuid,
                          const struct sl_names *names)
{
    struct sl_bytes known = {0};
    if (names != NULL && names->event != NULL && uuid.size == SL_UUID_SIZE)
        known = names->event(names->context, uuid.data);
    if (known.size > 0)
        put_text(writer, key, known);
    else
        put_uuid(writer, key, uuid);
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

static void write_set(struct sl_writer *writer, struct sl_bytes set)
{
    sl_write_mark(writer, '[');
    for (size_t begins = 0; begins < set.size;) {
        size_t end = begins;
        while (end < set.size && set.data[end] != ',')
            end++;
        sl_write_next(writer);
        sl_write_text(writer, sl_bytes(set.data + begins, end - begins));
        begins = end + 1;
    }
    sl_write_mark(writer, ']');
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
static void write_value(struct sl_writer *writer, enum sl_kind kind, struct sl_bytes value)
{
    char digits[16];
    bool number = (kind == SL_KIND_NUMBER || kind == SL_KIND_CODE) && value.size > 0 &&
                  value.size < sizeof digits;
    for (size_t i = 0; i < value.size; i++)
        number = number && value.data[i] >= '0' && value.data[i] <= '9';
    if (kind == SL_KIND_CODE_SET) {
        write_set(writer, value);
    } else if (number) {
        memcpy(digits, value.data, value.size);
        digits[value.size] = '\0';
        sl_write_integer(writer, strtoll(digits, NULL, 10));
    } else {
        sl_write_text(writer, value);
    }
}

static void put_attributes(struct sl_writer *writer, const struct sl_event *event,
                           const struct sl_names *names)
{
    const Samenloop__V1__Header *header = &event->header;
    begin(writer, "attributes", '{');
    put_moment(writer, "occurred_at", header->occurred_at);
    if (header->subject_kind == SAMENLOOP__V1__SUBJECT_KIND__SUBJECT_KIND_BUILDING)
        put_text(writer, "subject_kind", sl_text("building"));
    put_text(writer, "building", house(names, sl_from_pb(header->building)));
    if (header->initial_load)
        put_text(writer, "initial_load", sl_text("yes"));
    for (size_t i = 0; i < header->n_attributes; i++) {
        struct sl_bytes name = sl_from_pb(header->attributes[i]->name);
        sl_write_key(writer, name);
        write_value(writer, kind_of(event->type, name), sl_from_pb(header->attributes[i]->value));
    }
    sl_write_mark(writer, '}');
}

static void put_sections(struct sl_writer *writer, struct sl_arena *arena,
                         const struct sl_event *event)
{
    for (int i = SL_LOCATION; i < SL_ORIGIN; i++) {
        enum sl_section section = (enum sl_section)i;
        if ((event->present & sl_section_bit(section)) == 0)
            continue;
        sl_write_key(writer, sl_text(sl_section_name(section)));
        sl_section_write(writer, arena, section, event->sections[i]);
    }
}

static bool extended_before(const Samenloop__V1__Origin *origin, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (sl_bytes_equal(sl_from_pb(origin->extensions[i]->name),
                           sl_from_pb(origin->extensions[index]->name)))
            return true;
    }
    return false;
}

/*
 * The sender's adapter has checked these, but the receiver's does not take its word for it: an
 * extension may not stand in for what the contract says itself, nor come twice.
 */
static void put_extensions(struct sl_writer *writer, struct sl_arena *arena,
                           const struct sl_event *event)
{
    if ((event->present & sl_section_bit(SL_ORIGIN)) == 0)
        return;
    const Samenloop__V1__Origin *origin = (const void *)sl_arena_unpack(
        arena, &samenloop__v1__origin__descriptor, event->sections[SL_ORIGIN]);
    writer->bad = writer->bad || origin == NULL;
    for (size_t i = 0; origin != NULL && i < origin->n_extensions && i < SL_MAX_EXTENSIONS; i++) {
        struct sl_bytes name = sl_from_pb(origin->extensions[i]->name);
        struct sl_bytes value = sl_from_pb(origin->extensions[i]->value);
        if (!sl_extension_good(name, value) || extended_before(origin, i))
            continue;
        sl_write_key(writer, name);
        sl_write_text(writer, value);
    }
}

static void put_event(struct sl_writer *writer, struct sl_arena *arena,
                      const struct sl_event *event, const struct sl_names *names)
{
    const Samenloop__V1__Header *header = &event->header;
    put_text(writer, "id", event->id);
    put_text(writer, "source", sl_from_pb(header->source));
    put_type(writer, sl_from_pb(header->type));
    put_text(writer, "subject", subject_of(event, names));
    put_moment(writer, "time", header->recorded_at);
    put_text(writer, "datacontenttype", sl_text("application/json"));
    put_reference(writer, "correlationid", sl_from_pb(header->correlation_id), names);
    put_reference(writer, "causationid", sl_from_pb(header->causation_id), names);
    put_text(writer, "traceparent", sl_from_pb(header->traceparent));
    put_extensions(writer, arena, event);
    begin(writer, "data", '{');
    put_attributes(writer, event, names);
    put_sections(writer, arena, event);
    sl_write_mark(writer, '}');
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

static bool told_before(const Samenloop__V1__Delivery *delivery, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (sl_bytes_equal(sl_from_pb(delivery->details[i]->name),
                           sl_from_pb(delivery->details[index]->name)))
            return true;
    }
    return false;
}

static void put_details(struct sl_writer *writer, const Samenloop__V1__Delivery *delivery,
                        const struct sl_names *names)
{
    if (delivery->n_details > 0) {
        begin(writer, "details", '{');
        for (size_t i = 0; i < delivery->n_details; i++) {
            if (told_before(delivery, i))
                continue;
            sl_write_key(writer, sl_from_pb(delivery->details[i]->name));
            sl_write_text(writer, sl_from_pb(delivery->details[i]->value));
        }
        sl_write_mark(writer, '}');
    }
    if (delivery->n_subjects == 0)
        return;
    begin(writer, "subjects", '[');
    for (size_t i = 0; i < delivery->n_subjects; i++) {
        struct sl_bytes known = house(names, sl_from_pb(delivery->subjects[i]));
        if (known.size == 0)
            continue;
        sl_write_next(writer);
        sl_write_text(writer, known);
    }
    sl_write_mark(writer, ']');
}

/* An event of its own, about the one that it stands on; its data say what the router can tell. */
static void put_derived(struct sl_writer *writer, const struct sl_event *event,
                        const Samenloop__V1__Delivery *delivery, const struct sl_names *names)
{
    const Samenloop__V1__Header *header = &event->header;
    uint8_t id[SL_UUID_SIZE];
    sl_derived_id(id, sl_from_pb(header->event_id), delivery);
    put_uuid(writer, "id", sl_bytes(id, sizeof id));
    put_text(writer, "source", sl_text(SL_ROUTER_SOURCE));
    put_type(writer, sl_from_pb(delivery->name));
    put_text(writer, "subject", subject_of(event, names));
    put_moment(writer, "time", delivery->accepted_at);
    put_text(writer, "datacontenttype", sl_text("application/json"));
    put_reference(writer, "correlationid", sl_from_pb(header->correlation_id), names);
    put_text(writer, "causationid", event->id);
    begin(writer, "data", '{');
    begin(writer, "attributes", '{');
    put_moment(writer, "occurred_at", delivery->accepted_at);
    put_text(writer, "about", sl_from_pb(header->type));
    sl_write_mark(writer, '}');
    put_details(writer, delivery, names);
    sl_write_mark(writer, '}');
}

static struct sl_bytes ground_of(const Samenloop__V1__Delivery *delivery, size_t index, bool clause)
{
    const Samenloop__V1__Ground *ground = delivery->rules[index];
    return sl_from_pb(clause ? ground->clause : ground->rule);
}

/* The rules or clauses that a delivery stands on, with commas between. */
static void put_grounds(struct sl_writer *writer, const Samenloop__V1__Delivery *delivery,
                        const char *key, bool clauses)
{
    size_t count = delivery->n_rules;
    if (count == 0 || (count == 1 && ground_of(delivery, 0, clauses).size == 0))
        return;
    begin(writer, key, '"');
    for (size_t i = 0; i < count; i++) {
        sl_write_piece(writer, sl_bytes(",", i > 0));
        sl_write_piece(writer, ground_of(delivery, i, clauses));
    }
    sl_write_mark(writer, '"');
}

/* Does an earlier rule quote the same words of the same clause? */
static bool quoted_before(const Samenloop__V1__Delivery *delivery, size_t index)
{
    const Samenloop__V1__Ground *one = delivery->rules[index];
    for (size_t i = 0; i < index; i++) {
        const Samenloop__V1__Ground *other = delivery->rules[i];
        if (sl_bytes_equal(sl_from_pb(other->clause), sl_from_pb(one->clause)) &&
            sl_bytes_equal(sl_from_pb(other->quotation), sl_from_pb(one->quotation)))
            return true;
    }
    return false;
}

/* The words of the clauses that a delivery stands on, each behind its clause. */
static void put_quotation(struct sl_writer *writer, const Samenloop__V1__Delivery *delivery)
{
    const char *between = "";
    for (size_t i = 0; i < delivery->n_rules; i++) {
        const Samenloop__V1__Ground *ground = delivery->rules[i];
        if (ground->quotation.len == 0 || quoted_before(delivery, i))
            continue;
        if (between[0] == '\0')
            begin(writer, "quotation", '"');
        sl_write_piece(writer, sl_text(between));
        sl_write_piece(writer, sl_from_pb(ground->clause));
        sl_write_piece(writer, sl_text(" “"));
        sl_write_piece(writer, sl_from_pb(ground->quotation));
        sl_write_piece(writer, sl_text("”"));
        between = ", ";
    }
    if (between[0] != '\0')
        sl_write_mark(writer, '"');
}

static void put_delivery(struct sl_writer *writer, const Samenloop__V1__Delivery *delivery,
                         uint64_t inboxposition)
{
    put_grounds(writer, delivery, "rule", false);
    put_grounds(writer, delivery, "clause", true);
    put_quotation(writer, delivery);
    put_text(writer, "role", sl_text(sl_role_name((enum sl_role)delivery->role)));
    put_number(writer, "journalseq", delivery->journal_number);
    put_number(writer, "inboxposition", inboxposition);
    if (delivery->deadline > 0)
        put_moment(writer, "deadline", delivery->deadline);
}

/* Ends the event, or throws it away, from `before` on. */
static int finish(struct sl_writer *writer, size_t before, struct sl_error *error)
{
    sl_write_mark(writer, '}');
    if (!writer->bad)
        return 0;
    writer->out->size = before;
    return sl_fail(error, SL_MALFORMED, "a section that is none of its kind, or text that is none");
}

int sl_cloudevent_write(struct sl_buffer *out, struct sl_arena *arena, const struct sl_event *event,
                        const Samenloop__V1__Delivery *delivery, uint64_t inboxposition,
                        const struct sl_names *names, struct sl_error *error)
{
    struct sl_writer writer = {.out = out};
    size_t before = out->size;
    sl_write_mark(&writer, '{');
    put_text(&writer, "specversion", sl_text("1.0"));
    if (delivery->name.len > 0)
        put_derived(&writer, event, delivery, names);
    else
        put_event(&writer, arena, event, names);
    put_delivery(&writer, delivery, inboxposition);
    return finish(&writer, before, error);
}

/* ---------------------------------------------------------------- the adapter's own word */

static void put_remarks(struct sl_writer *writer, const Samenloop__V1__Result *result)
{
    begin(writer, "remarks", '[');
    for (size_t i = 0; i < result->n_remarks; i++) {
        const Samenloop__V1__Remark *remark = result->remarks[i];
        sl_write_next(writer);
        sl_write_mark(writer, '{');
        put_text(writer, "rule", sl_from_pb(remark->rule));
        put_text(writer, "clause", sl_from_pb(remark->clause));
        put_text(writer, "sentence", sl_from_pb(remark->sentence));
        sl_write_mark(writer, '}');
    }
    sl_write_mark(writer, ']');
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
    struct sl_writer writer = {.out = out};
    size_t before = out->size;
    sl_write_mark(&writer, '{');
    put_text(&writer, "specversion", sl_text("1.0"));
    put_uuid(&writer, "id", sl_bytes(id, sizeof id));
    put_text(&writer, "source", sl_text(SL_ADAPTER_SOURCE));
    put_type(&writer, name);
    put_text(&writer, "subject", answer->subject);
    put_moment(&writer, "time", answer->at);
    put_text(&writer, "datacontenttype", sl_text("application/json"));
    put_text(&writer, "causationid", answer->id);
    put_text(&writer, "role", sl_text(sl_role_name(answer->role)));
    put_number(&writer, "journalseq", result->journal_number);
    put_number(&writer, "inboxposition", answer->inboxposition);
    begin(&writer, "data", '{');
    put_text(&writer, "source", answer->source);
    put_text(&writer, "type", answer->type);
    put_text(&writer, "code", sl_from_pb(result->code));
    put_text(&writer, "sentence", sl_from_pb(result->sentence));
    put_remarks(&writer, result);
    sl_write_mark(&writer, '}');
    return finish(&writer, before, error);
}

/* ---------------------------------------------------------------- an erasure */

/* It has no event behind it: its id is made of the pseudonym and the place in the journal. */
int sl_cloudevent_erasure(struct sl_buffer *out, const Samenloop__V1__Delivery *delivery,
                          struct sl_bytes subject, uint64_t inboxposition, struct sl_error *error)
{
    uint8_t at[8];
    uint8_t id[SL_UUID_SIZE];
    struct sl_writer writer = {.out = out};
    size_t before = out->size;
    sl_put64(at, (uint64_t)delivery->accepted_at);
    const struct sl_bytes pieces[] = {
        sl_text("erasure"), delivery->n_subjects > 0 ? sl_from_pb(delivery->subjects[0]) : subject,
        sl_bytes(at, sizeof at)};
    sl_uuid_from_name(id, pieces, 3);
    sl_write_mark(&writer, '{');
    put_text(&writer, "specversion", sl_text("1.0"));
    put_uuid(&writer, "id", sl_bytes(id, sizeof id));
    put_text(&writer, "source", sl_text(SL_ROUTER_SOURCE));
    put_type(&writer, sl_text("erasure"));
    put_text(&writer, "subject", subject);
    put_moment(&writer, "time", delivery->accepted_at);
    put_text(&writer, "datacontenttype", sl_text("application/json"));
    put_delivery(&writer, delivery, inboxposition);
    begin(&writer, "data", '{');
    put_text(&writer, "sentence",
             sl_text("what was exchanged about this house is erased; erase what you hold of it"));
    sl_write_mark(&writer, '}');
    return finish(&writer, before, error);
}
