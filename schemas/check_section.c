/* What is in a section: one pass over the catalogue's fields and the message's, which are the same
 * list in the same order. */
#include <string.h>

#include "schemas/check.h"
#include "schemas/limits.h"

#define MAX_CENTS INT64_C(1000000000000)

/* A message's fields by the catalogue's names. */
struct content {
    const struct sl_field *fields;
    const ProtobufCMessage *message;
};

static const void *member(const struct content *content, unsigned offset)
{
    return (const uint8_t *)content->message + offset;
}

/* The values of a field that is text or a list of texts; NULL where there is none. */
static const ProtobufCBinaryData *values_of(const struct content *content, unsigned index,
                                            size_t *count)
{
    const ProtobufCFieldDescriptor *place = &content->message->descriptor->fields[index];
    const ProtobufCBinaryData *one = member(content, place->offset);
    if (place->label != PROTOBUF_C_LABEL_REPEATED) {
        *count = one->len > 0 ? 1 : 0;
        return one;
    }
    const size_t *n = member(content, place->quantifier_offset);
    ProtobufCBinaryData *const *list = member(content, place->offset);
    *count = *n;
    return *list;
}

static int64_t cents_of(const struct content *content, unsigned index)
{
    const int64_t *cents = member(content, content->message->descriptor->fields[index].offset);
    return *cents;
}

static bool is_given(const struct content *content, unsigned index)
{
    size_t count = 0;
    if (content->fields[index].kind == SL_KIND_CENTS)
        return cents_of(content, index) != 0;
    (void)values_of(content, index, &count);
    return count > 0;
}

/* The field with this name; empty where it is not given. */
static struct sl_bytes value_of(const struct content *content, const char *name)
{
    unsigned index = 0;
    size_t count = 0;
    while (content->fields[index].name != NULL && strcmp(content->fields[index].name, name) != 0)
        index++;
    if (content->fields[index].name == NULL)
        return sl_bytes(NULL, 0);
    const ProtobufCBinaryData *value = values_of(content, index, &count);
    return count == 0 ? sl_bytes(NULL, 0) : sl_from_pb(*value);
}

/* ---------------------------------------------------------------- field by field */

/* What is wrong with a free text is said last: the first such one waits here. */
struct screened {
    const char *field; /* NULL: there is none */
    struct sl_error error;
};

static int check_field(const struct content *content, unsigned index, struct screened *screened,
                       struct sl_error *error)
{
    const struct sl_field *field = &content->fields[index];
    size_t count = 0;
    if (field->kind == SL_KIND_CENTS) {
        int64_t cents = cents_of(content, index);
        return cents >= 0 && cents <= MAX_CENTS
                   ? 0
                   : sl_fail(error, SL_FIELD_INVALID,
                             "%s: wants a number of cents from 1 to 1000000000000", field->name);
    }
    const ProtobufCBinaryData *values = values_of(content, index, &count);
    if (count > SL_MAX_LIST)
        return sl_fail(error, SL_FIELD_INVALID, "%s: wants at most %d", field->name, SL_MAX_LIST);
    for (size_t i = 0; i < count; i++) {
        struct sl_error wrong;
        if (sl_field_check(field, sl_from_pb(values[i]), SL_FIELD_INVALID, &wrong) == 0)
            continue;
        if (wrong.code != SL_BSN_IN_TEXT) {
            *error = wrong;
            return -1;
        }
        if (screened->field == NULL)
            *screened = (struct screened){field->name, wrong};
    }
    return 0;
}

static int check_fields(const struct content *content, struct screened *screened,
                        const char **field, struct sl_error *error)
{
    for (unsigned i = 0; content->fields[i].name != NULL; i++) {
        *field = content->fields[i].name;
        if (check_field(content, i, screened, error) < 0)
            return -1;
    }
    return 0;
}

/* ---------------------------------------------------------------- the whole */

static int fail(const char *name, enum sl_code code, const char *sentence, const char **field,
                struct sl_error *error)
{
    *field = name;
    return sl_fail(error, code, "%s: %s", name, sentence);
}

static int check_planning(const struct content *content, const char **field, struct sl_error *error)
{
    bool period = value_of(content, "period_from").size > 0 &&
                  value_of(content, "period_to").size > 0;
    if (period || value_of(content, "date").size > 0)
        return 0;
    return fail("date", SL_FIELD_MISSING, "must be given, or period_from and period_to", field,
                error);
}

int sl_section_whole(const struct sl_type *type, enum sl_section section,
                     const ProtobufCMessage *message, const char *subject, const char **field,
                     struct sl_error *error)
{
    const struct content content = {sl_section_fields(section), message};
    for (unsigned i = 0; content.fields[i].name != NULL; i++) {
        if (content.fields[i].required && !is_given(&content, i))
            return fail(content.fields[i].name, SL_FIELD_MISSING, "must be given", field, error);
    }
    if (section == SL_PLANNING)
        return check_planning(&content, field, error);
    if (section == SL_LOCATION && subject[0] != '\0' &&
        !sl_bytes_is(value_of(&content, "bag_id"), subject))
        return fail("bag_id", SL_FIELD_INVALID, "is not the event's subject", field, error);
    if (section == SL_NOTE && value_of(&content, "ground_class").size > 0 &&
        strcmp(type->name, "harrowing_situation_signalled") != 0 && !sl_is_correction(type))
        return fail("ground_class", SL_FIELD_INVALID, "of a harrowing situation only", field,
                    error);
    return 0;
}

int sl_section_check(struct sl_arena *arena, const struct sl_type *type, enum sl_section section,
                     struct sl_bytes content, const char *subject, const char **field,
                     struct sl_error *error)
{
    *field = "";
    if (section <= SL_NO_SECTION || section >= SL_ORIGIN)
        return sl_fail(error, SL_MALFORMED, "a section that is none");
    const struct content all = {sl_section_fields(section),
                                sl_arena_unpack(arena, sl_section_message(section), content)};
    if (all.message == NULL)
        return sl_fail(error, SL_MALFORMED, "%s: is no such section", sl_section_name(section));
    struct screened screened;
    screened.field = NULL;
    if (check_fields(&all, &screened, field, error) < 0 ||
        sl_section_whole(type, section, all.message, subject, field, error) < 0)
        return -1;
    if (screened.field == NULL)
        return 0;
    *field = screened.field;
    *error = screened.error;
    return -1;
}
