/*
 * Sections between JSON and protobuf. The catalogue's fields and the message's fields are the same
 * list in the same order, so one pass over both does every section, and none has code of its own.
 */
#include <stdio.h>
#include <string.h>

#include "schemas/cloudevent_parts.h"
#include "schemas/limits.h"

#define MAX_CENTS INT64_C(1000000000000)

/* Where a field of a message has its value. */
static void *member(ProtobufCMessage *message, unsigned offset)
{
    return (uint8_t *)message + offset;
}

/* ---------------------------------------------------------------- which sections */

int sl_taking_sections(struct sl_taking *taking)
{
    const struct sl_type *type = taking->type;
    char field[SL_POINTER_SIZE];
    for (const struct sl_json *one = sl_json_first(taking->data); one != NULL; one = one->next) {
        const char *name = (const char *)one->name.data;
        uint32_t bit = sl_section_bit(sl_section_parse(one->name));
        if (strcmp(name, "attributes") == 0 || ((type->required | type->optional) & bit) != 0)
            continue;
        sl_pointer(field, "/data", name);
        return sl_refuse(taking->refusal, SL_SECTION_NOT_ALLOWED, field, "%s has no section %s",
                         type->name, sl_name_shown(name));
    }
    for (int i = SL_LOCATION; i < SL_ORIGIN; i++) {
        const char *wanted = sl_section_name((enum sl_section)i);
        if ((type->required & sl_section_bit((enum sl_section)i)) == 0 ||
            sl_json_get(taking->data, wanted) != NULL)
            continue;
        sl_pointer(field, "/data", wanted);
        return sl_refuse(taking->refusal, SL_SECTION_MISSING, field, "%s needs the section %s",
                         type->name, wanted);
    }
    return 0;
}

/* ---------------------------------------------------------------- one field */

/* A section being read: its name, its JSON object, the message it becomes. */
struct reading {
    struct sl_taking *taking;
    enum sl_section section;
    const struct sl_field *fields;
    const struct sl_json *object;
    ProtobufCMessage *message;
};

/* `name` is empty where the whole section is meant. */
static int refuse(const struct reading *reading, enum sl_code code, const char *name,
                  const char *sentence)
{
    const char *section = sl_section_name(reading->section);
    char whole[SL_POINTER_SIZE];
    char field[SL_POINTER_SIZE];
    sl_pointer(whole, "/data", section);
    sl_pointer(field, whole, name);
    return sl_refuse(reading->taking->refusal, code, field, "%s%s%s", section,
                     name[0] == '\0' ? ": " : ".", sentence);
}

/* Free text is screened after all fields: what was found waits for its turn. */
static void remember_text(const struct reading *reading, const struct sl_field *field)
{
    struct sl_refusal *text = &reading->taking->text;
    char whole[SL_POINTER_SIZE];
    char pointer[SL_POINTER_SIZE];
    const char *section = sl_section_name(reading->section);
    if (text->error.code != SL_OK)
        return;
    sl_pointer(whole, "/data", section);
    sl_pointer(pointer, whole, field->name);
    (void)sl_refuse(text, SL_BSN_IN_TEXT, pointer,
                    "%s.%s: something in it looks like a citizen service number", section,
                    field->name);
}

static int read_text(const struct reading *reading, const struct sl_field *field,
                     const struct sl_json *value, ProtobufCBinaryData *out)
{
    struct sl_bytes text = sl_json_text(value);
    struct sl_error wrong = {0};
    if (sl_json_is(value, SL_JSON_TRUE) || sl_json_is(value, SL_JSON_FALSE))
        (void)sl_fail(&wrong, SL_FIELD_INVALID, "%s: wants a string (yes or no, not true or false)",
                      field->name);
    else if (sl_field_check(field, text, SL_FIELD_INVALID, &wrong) == 0 ||
             wrong.code == SL_BSN_IN_TEXT) {
        if (wrong.code == SL_BSN_IN_TEXT)
            remember_text(reading, field);
        *out = sl_taking_keep(reading->taking, text);
        return 0;
    }
    return refuse(reading, SL_FIELD_INVALID, field->name, wrong.text);
}

static int read_texts(const struct reading *reading, const ProtobufCFieldDescriptor *place,
                      const struct sl_field *field, const struct sl_json *list)
{
    char sentence[96];
    if (!sl_json_is(list, SL_JSON_ARRAY) || list->count > SL_MAX_LIST) {
        (void)snprintf(sentence, sizeof sentence, "%s: wants a list of at most %d strings",
                       field->name, SL_MAX_LIST);
        return refuse(reading, SL_FIELD_INVALID, field->name, sentence);
    }
    ProtobufCBinaryData *texts = sl_arena_alloc(reading->taking->arena,
                                                list->count * sizeof *texts);
    size_t count = 0;
    for (const struct sl_json *one = list->first; one != NULL; one = one->next) {
        if (read_text(reading, field, one, &texts[count++]) < 0)
            return -1;
    }
    size_t *n = member(reading->message, place->quantifier_offset);
    ProtobufCBinaryData **first = member(reading->message, place->offset);
    *n = count;
    *first = texts;
    return 0;
}

static int read_cents(const struct reading *reading, const struct sl_field *field,
                      const struct sl_json *value, int64_t *out)
{
    *out = sl_json_is(value, SL_JSON_INTEGER) ? value->integer : 0;
    if (*out >= 1 && *out <= MAX_CENTS)
        return 0;
    return refuse(reading, SL_FIELD_INVALID, field->name,
                  "amount_cents: wants a whole number of cents from 1 to 1000000000000");
}

static int read_field(const struct reading *reading, const char *name, const struct sl_json *value)
{
    const ProtobufCFieldDescriptor *places = reading->message->descriptor->fields;
    unsigned i = 0;
    while (reading->fields[i].name != NULL && strcmp(reading->fields[i].name, name) != 0)
        i++;
    const struct sl_field *field = &reading->fields[i];
    char sentence[96];
    if (field->name == NULL) {
        (void)snprintf(sentence, sizeof sentence, "%s: there is no such field",
                       sl_name_shown(name));
        return refuse(reading, SL_FIELD_INVALID, name, sentence);
    }
    void *out = member(reading->message, places[i].offset);
    if (field->kind == SL_KIND_CENTS)
        return read_cents(reading, field, value, out);
    if (places[i].label == PROTOBUF_C_LABEL_REPEATED)
        return read_texts(reading, &places[i], field, value);
    return read_text(reading, field, value, out);
}

/* ---------------------------------------------------------------- a whole section */

/* What ties the fields to each other and to the event they belong to. */
static int check_whole(const struct reading *reading)
{
    const struct sl_taking *taking = reading->taking;
    const char *field = "";
    struct sl_error wrong = {0};
    if (sl_section_whole(taking->type, reading->section, reading->message, taking->out->subject,
                         &field, &wrong) == 0)
        return 0;
    return refuse(reading, wrong.code, field, wrong.text);
}

static int read_section(struct sl_taking *taking, enum sl_section section,
                        const struct sl_json *object)
{
    const ProtobufCMessageDescriptor *type = sl_section_message(section);
    struct reading reading = {taking, section, sl_section_fields(section), object, NULL};
    if (!sl_json_is(object, SL_JSON_OBJECT))
        return refuse(&reading, SL_FIELD_INVALID, "", "wants an object");
    reading.message = sl_arena_alloc(taking->arena, type->sizeof_message);
    protobuf_c_message_init(type, reading.message);
    for (const struct sl_json *one = object->first; one != NULL; one = one->next) {
        if (read_field(&reading, (const char *)one->name.data, one) < 0)
            return -1;
    }
    if (check_whole(&reading) < 0)
        return -1;
    taking->out->sections[section] = sl_arena_pack(taking->arena, reading.message);
    taking->out->present |= sl_section_bit(section);
    return 0;
}

int sl_taking_fields(struct sl_taking *taking)
{
    for (const struct sl_json *one = sl_json_first(taking->data); one != NULL; one = one->next) {
        enum sl_section section = sl_section_parse(one->name);
        if (section != SL_NO_SECTION && read_section(taking, section, one) < 0)
            return -1;
    }
    return 0;
}

/* ---------------------------------------------------------------- back to JSON */

static void write_texts(struct sl_writer *writer, const ProtobufCBinaryData *texts, size_t count)
{
    sl_write_mark(writer, '[');
    for (size_t i = 0; i < count; i++) {
        sl_write_next(writer);
        sl_write_text(writer, sl_from_pb(texts[i]));
    }
    sl_write_mark(writer, ']');
}

static void write_field(struct sl_writer *writer, ProtobufCMessage *message,
                        const ProtobufCFieldDescriptor *place, const struct sl_field *field)
{
    const void *value = member(message, place->offset);
    const ProtobufCBinaryData *text = value;
    ProtobufCBinaryData *const *texts = value;
    const int64_t *cents = value;
    bool list = place->label == PROTOBUF_C_LABEL_REPEATED;
    const size_t *count = member(message, place->quantifier_offset);
    if (field->kind != SL_KIND_CENTS && (list ? *count : text->len) == 0)
        return; /* left out */
    sl_write_key(writer, sl_text(field->name));
    if (field->kind == SL_KIND_CENTS)
        sl_write_integer(writer, *cents);
    else if (list)
        write_texts(writer, *texts, *count);
    else
        sl_write_text(writer, sl_from_pb(*text));
}

void sl_section_write(struct sl_writer *writer, struct sl_arena *arena, enum sl_section section,
                      struct sl_bytes bytes)
{
    const struct sl_field *fields = sl_section_fields(section);
    const ProtobufCMessageDescriptor *type = sl_section_message(section);
    ProtobufCMessage *message = sl_arena_unpack(arena, type, bytes);
    writer->bad = writer->bad || message == NULL;
    sl_write_mark(writer, '{');
    for (unsigned i = 0; message != NULL && i < type->n_fields; i++)
        write_field(writer, message, &type->fields[i], &fields[i]);
    sl_write_mark(writer, '}');
}
