/* The attributes of an event: those that the header has fields for, and the type's own. */
#include <stdlib.h>
#include <string.h>

#include "schemas/cloudevent_parts.h"
#include "schemas/limits.h"
#include "schemas/subject.h"

static int refuse(struct sl_taking *taking, const char *name, const char *sentence)
{
    char field[SL_POINTER_SIZE];
    sl_pointer(field, "/data/attributes", name);
    return sl_refuse(taking->refusal, SL_ATTRIBUTE_INVALID, field, "%s", sentence);
}

/* ---------------------------------------------------------------- the header's own */

static int read_occurred_at(struct sl_taking *taking, const struct sl_json *value)
{
    if (sl_moment_read(&taking->header->occurred_at, sl_json_text(value)) == 0)
        return 0;
    return refuse(taking, "occurred_at",
                  "occurred_at: wants a moment with its zone (RFC 3339), as 2021-03-31T12:00:00Z");
}

static int read_subject_kind(struct sl_taking *taking, const struct sl_json *value)
{
    struct sl_bytes text = sl_json_text(value); /* read with the subject, which depends on it */
    if (sl_bytes_is(text, "address") || sl_bytes_is(text, "building"))
        return 0;
    return refuse(taking, "subject_kind", "subject_kind: wants address or building");
}

/* A pand that a municipality does not know has no pseudonym there, and is left out. */
static int read_building(struct sl_taking *taking, const struct sl_json *value)
{
    struct sl_bytes text = sl_json_text(value);
    struct sl_error wrong = {0};
    if (sl_bag_check(text, true, &wrong) < 0)
        return refuse(taking, "building",
                      "building: wants the identification of a pand, 16 digits of type 10");
    (void)sl_taking_house(taking, text, &taking->header->building);
    return 0;
}

static int read_initial_load(struct sl_taking *taking, const struct sl_json *value)
{
    taking->header->initial_load = sl_bytes_is(sl_json_text(value), "yes");
    if (taking->header->initial_load || sl_bytes_is(sl_json_text(value), "no"))
        return 0;
    return refuse(taking, "initial_load", "initial_load: wants yes or no");
}

static const struct {
    const char *name;
    int (*read)(struct sl_taking *taking, const struct sl_json *value);
} common[] = {
    {"occurred_at", read_occurred_at},
    {"subject_kind", read_subject_kind},
    {"building", read_building},
    {"initial_load", read_initial_load},
};

/* ---------------------------------------------------------------- the type's */

/* A list of codes becomes one text with commas. */
static int join(struct sl_taking *taking, const struct sl_json *list, struct sl_bytes *out)
{
    uint8_t *text = sl_arena_alloc(taking->arena, SL_MAX_ATTRIBUTE);
    size_t size = 0;
    for (const struct sl_json *one = sl_json_first(list); one != NULL; one = one->next) {
        struct sl_bytes code = sl_json_text(one);
        size_t comma = size > 0 ? 1 : 0;
        if (code.size == 0 || code.size + comma > SL_MAX_ATTRIBUTE - size)
            return -1;
        if (comma > 0)
            text[size++] = ',';
        memcpy(text + size, code.data, code.size);
        size += code.size;
    }
    *out = sl_bytes(text, size);
    return sl_json_is(list, SL_JSON_ARRAY) ? 0 : -1;
}

/* A number may be written as one in JSON; what is no text at all is empty, and no kind takes it. */
static int read_value(struct sl_taking *taking, const struct sl_field *field,
                      const struct sl_json *value, struct sl_bytes *out, struct sl_error *error)
{
    if (field->kind == SL_KIND_CODE_SET) {
        if (join(taking, value, out) < 0)
            *out = sl_bytes(NULL, 0);
    } else if (sl_json_is(value, SL_JSON_INTEGER) &&
               (field->kind == SL_KIND_NUMBER || field->kind == SL_KIND_CODE)) {
        *out = sl_digits(sl_arena_alloc(taking->arena, 24), value->integer);
    } else {
        *out = sl_json_text(value);
    }
    if (out->size > SL_MAX_ATTRIBUTE)
        return sl_fail(error, SL_ATTRIBUTE_INVALID, "%s: wants at most %d bytes", field->name,
                       SL_MAX_ATTRIBUTE);
    return sl_field_check(field, *out, SL_ATTRIBUTE_INVALID, error);
}

/*
 * The correction of an event has the attributes of its original's type, which only the router
 * knows: here a value is good if an attribute of that name of any type takes it.
 */
static int read_of_any_type(struct sl_taking *taking, const char *name, const struct sl_json *value,
                            struct sl_bytes *out, struct sl_error *error)
{
    (void)sl_fail(error, SL_ATTRIBUTE_INVALID, "%s: no type has such an attribute",
                  sl_name_shown(name));
    for (size_t i = 0; i < sl_type_count(); i++) {
        const struct sl_field *field = sl_type_attribute(sl_type_at(i), sl_text(name));
        if (field != NULL && read_value(taking, field, value, out, error) == 0)
            return 0;
    }
    return -1;
}

static int read_of_type(struct sl_taking *taking, const char *name, const struct sl_json *value,
                        struct sl_bytes *out, struct sl_error *error)
{
    const struct sl_field *field = sl_type_attribute(taking->type, sl_text(name));
    if (field != NULL)
        return read_value(taking, field, value, out, error);
    return sl_fail(error, SL_ATTRIBUTE_INVALID, "%s has no attribute %s", taking->type->name,
                   sl_name_shown(name));
}

static int read_attribute(struct sl_taking *taking, const char *name, const struct sl_json *value)
{
    Samenloop__V1__Header *header = taking->header;
    struct sl_bytes text = {0};
    struct sl_error wrong = {0};
    int result = sl_is_correction(taking->type)
                     ? read_of_any_type(taking, name, value, &text, &wrong)
                     : read_of_type(taking, name, value, &text, &wrong);
    if (result == 0 && header->n_attributes == SL_MAX_ATTRIBUTES)
        result = sl_fail(&wrong, SL_ATTRIBUTE_INVALID, "more than %d attributes",
                         SL_MAX_ATTRIBUTES);
    if (result < 0)
        return refuse(taking, name, wrong.text);
    Samenloop__V1__Attribute *attribute = sl_arena_alloc(taking->arena, sizeof *attribute);
    samenloop__v1__attribute__init(attribute);
    attribute->name = sl_taking_keep(taking, sl_text(name));
    attribute->value = sl_taking_keep(taking, text);
    header->attributes[header->n_attributes++] = attribute;
    return 0;
}

static int read_one(struct sl_taking *taking, const char *name, const struct sl_json *value)
{
    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++) {
        if (strcmp(name, common[i].name) == 0)
            return common[i].read(taking, value);
    }
    return read_attribute(taking, name, value);
}

static int missing(struct sl_taking *taking, const char *name)
{
    char field[SL_POINTER_SIZE];
    sl_pointer(field, "/data/attributes", name);
    return sl_refuse(taking->refusal, SL_ATTRIBUTE_MISSING, field, "%s needs the attribute %s",
                     taking->type->name, name);
}

static int check_required(struct sl_taking *taking)
{
    const struct sl_type *type = taking->type;
    if (sl_json_get(taking->attributes, "occurred_at") == NULL)
        return missing(taking, "occurred_at");
    if (type->municipality && sl_json_get(taking->attributes, "municipality") == NULL)
        return missing(taking, "municipality");
    for (size_t i = 0; i < SL_MAX_TYPE_ATTRIBUTES && type->attributes[i].name != NULL; i++) {
        const struct sl_field *field = &type->attributes[i];
        if (field->required && sl_json_get(taking->attributes, field->name) == NULL)
            return missing(taking, field->name);
    }
    return 0;
}

static int compare_attributes(const void *a, const void *b)
{
    const Samenloop__V1__Attribute *const *left = a;
    const Samenloop__V1__Attribute *const *right = b;
    ProtobufCBinaryData x = (*left)->name;
    ProtobufCBinaryData y = (*right)->name;
    int order = memcmp(x.data, y.data, x.len < y.len ? x.len : y.len);
    return order != 0 ? order : (x.len > y.len) - (x.len < y.len);
}

/* The header has attributes in the order of their names, so that the order of keys is no matter. */
int sl_taking_attributes(struct sl_taking *taking)
{
    Samenloop__V1__Header *header = taking->header;
    header->attributes = sl_arena_alloc(taking->arena, SL_MAX_ATTRIBUTES * sizeof(void *));
    for (const struct sl_json *one = sl_json_first(taking->attributes); one != NULL;
         one = one->next) {
        if (read_one(taking, (const char *)one->name.data, one) < 0)
            return -1;
    }
    qsort(header->attributes, header->n_attributes, sizeof(void *), compare_attributes);
    return check_required(taking);
}
