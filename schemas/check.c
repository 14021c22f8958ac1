#include "schemas/check.h"

#include <string.h>

#include "schemas/bsn.h"
#include "schemas/limits.h"
#include "schemas/subject.h"
#include "schemas/timestamp.h"
#include "schemas/uuid.h"

/* Is the value one of "a|b|c"? */
static bool listed(const char *values, struct sl_bytes value)
{
    for (const char *at = values; *at != '\0';) {
        size_t same = 0;
        while (same < value.size && (uint8_t)at[same] == value.data[same] && at[same] != '|' &&
               at[same] != '\0')
            same++;
        at += same;
        if (same == value.size && (*at == '|' || *at == '\0'))
            return true;
        at += strcspn(at, "|");
        at += *at == '|';
    }
    return false;
}

/* Is the code among "a,b,"? */
static bool said_before(struct sl_bytes set, struct sl_bytes code)
{
    for (size_t begin = 0, end = 0; end < set.size; end++) {
        if (set.data[end] != ',')
            continue;
        if (sl_bytes_equal(sl_bytes(set.data + begin, end - begin), code))
            return true;
        begin = end + 1;
    }
    return false;
}

static bool listed_set(const char *values, struct sl_bytes value)
{
    if (value.size == 0)
        return false;
    for (size_t begin = 0; begin <= value.size;) {
        size_t end = begin;
        while (end < value.size && value.data[end] != ',')
            end++;
        struct sl_bytes code = sl_bytes(value.data + begin, end - begin);
        if (!listed(values, code) || said_before(sl_bytes(value.data, begin), code))
            return false;
        begin = end + 1;
    }
    return true;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
    return c >= 'a' && c <= 'z';
}

static bool all_digits(struct sl_bytes value)
{
    for (size_t i = 0; i < value.size; i++) {
        if (!is_digit(value.data[i]))
            return false;
    }
    return true;
}

/* A code that the catalogue does not list; with so few digits that no number of a person fits. */
static bool is_word(struct sl_bytes value)
{
    size_t digits = 0;
    for (size_t i = 0; i < value.size; i++) {
        uint8_t c = value.data[i];
        if (!is_letter(c) && !is_digit(c) && c != '_')
            return false;
        digits += is_digit(c);
    }
    return value.size > 0 && value.size <= 40 && digits <= 4 && is_letter(value.data[0]);
}

/* `types` are the objects' types that are meant, "20|10". */
static bool is_bag_id(const char *types, struct sl_bytes value)
{
    return value.size == SL_BAG_SIZE && all_digits(value) &&
           listed(types, sl_bytes(value.data + 4, 2)) &&
           memcmp(value.data + 6, "0000000000", 10) != 0;
}

static int fit(const struct sl_field *field, enum sl_code code, bool good, const char *wanted,
               struct sl_error *error)
{
    return good ? 0 : sl_fail(error, code, "%s: wants %s", field->name, wanted);
}

static int check_text(const struct sl_field *field, struct sl_bytes value, enum sl_code code,
                      struct sl_error *error)
{
    size_t max = field->max > 0 ? field->max : SL_MAX_FIELD;
    size_t characters = value.size;
    for (size_t i = 0; characters > max && i < value.size; i++)
        characters -= (value.data[i] & 0xc0) == 0x80;
    if (value.size == 0 || characters > max)
        return sl_fail(error, code, "%s: wants 1 to %zu characters", field->name, max);
    if (field->kind != SL_KIND_FREE_TEXT && field->kind != SL_KIND_FREE_TEXTS)
        return 0;
    size_t position = 0;
    if (sl_bsn_find(value, &position))
        return sl_fail(error, SL_BSN_IN_TEXT,
                       "%s: what begins at character %zu looks like a citizen service number",
                       field->name, position + 1);
    return 0;
}

/* Line breaks and tabs are what people write; the other control characters are not. */
static bool printable_lines(struct sl_bytes text)
{
    size_t begin = 0;
    if (sl_bytes_printable(text)) /* nearly always */
        return true;
    for (size_t i = 0; i <= text.size; i++) {
        if (i < text.size && text.data[i] != '\n' && text.data[i] != '\r' && text.data[i] != '\t')
            continue;
        if (!sl_bytes_printable(sl_bytes(text.data + begin, i - begin)))
            return false;
        begin = i + 1;
    }
    return true;
}

static bool is_text(enum sl_kind kind)
{
    return kind == SL_KIND_TEXT || kind == SL_KIND_TEXTS || kind == SL_KIND_FREE_TEXT ||
           kind == SL_KIND_FREE_TEXTS;
}

int sl_field_check(const struct sl_field *field, struct sl_bytes value, enum sl_code code,
                   struct sl_error *error)
{
    int64_t days = 0;
    if (!(is_text(field->kind) ? printable_lines(value) : sl_bytes_printable(value)))
        return sl_fail(error, code, "%s: wants UTF-8 without control characters", field->name);
    switch (field->kind) {
    case SL_KIND_YES_NO:
        return fit(field, code, listed("yes|no", value), "yes or no", error);
    case SL_KIND_YES_NO_UNKNOWN:
        return fit(field, code, listed("yes|no|unknown", value), "yes, no or unknown", error);
    case SL_KIND_CODE:
        return fit(field, code, listed(field->values, value), field->values, error);
    case SL_KIND_CODE_SET:
        return fit(field, code, listed_set(field->values, value), field->values, error);
    case SL_KIND_WORD:
        return fit(field, code, is_word(value),
                   "a code of 1 to 40 lower-case letters, _ and at most four digits", error);
    case SL_KIND_DATE:
        return fit(field, code, sl_date_parse(&days, value) == 0, "a date YYYY-MM-DD", error);
    case SL_KIND_NUMBER:
        return fit(field, code,
                   value.size > 0 && value.size <= 9 && value.data[0] != '0' && all_digits(value),
                   "a number from 1 to 999999999", error);
    case SL_KIND_MUNICIPALITY:
        return fit(field, code, value.size == 4 && all_digits(value),
                   "the four digits of a municipality", error);
    case SL_KIND_BAG_ID:
        return fit(field, code, is_bag_id(field->values, value),
                   strcmp(field->values, "10") == 0 ? "the 16 digits of a pand (type 10)"
                                                    : "the 16 digits of a BAG identification",
                   error);
    case SL_KIND_TEXT:
    case SL_KIND_FREE_TEXT:
    case SL_KIND_TEXTS:
    case SL_KIND_FREE_TEXTS:
        return check_text(field, value, code, error);
    case SL_KIND_CENTS:
        return 0;
    }
    return 0;
}

struct sl_bytes sl_header_attribute(const Samenloop__V1__Header *header, const char *name)
{
    for (size_t i = 0; i < header->n_attributes; i++) {
        if (sl_bytes_is(sl_from_pb(header->attributes[i]->name), name))
            return sl_from_pb(header->attributes[i]->value);
    }
    return sl_bytes(NULL, 0);
}

uint32_t sl_header_sections(const Samenloop__V1__Header *header)
{
    uint32_t set = 0;
    for (size_t i = 0; i < header->n_sections; i++)
        set |= sl_section_bit((enum sl_section)header->sections[i]->section);
    return set;
}

int sl_attribute_check(const struct sl_type *type, struct sl_bytes name, struct sl_bytes value,
                       struct sl_error *error)
{
    const struct sl_field *field = sl_type_attribute(type, name);
    bool shown = name.size > 0 && name.size <= 40 && sl_bytes_printable(name);
    if (field == NULL)
        return sl_fail(error, SL_ATTRIBUTE_INVALID, "%s has no attribute %.*s", type->name,
                       shown ? (int)name.size : 1, shown ? (const char *)name.data : "?");
    if (value.size > SL_MAX_ATTRIBUTE)
        return sl_fail(error, SL_ATTRIBUTE_INVALID, "%s: wants at most %d bytes", field->name,
                       SL_MAX_ATTRIBUTE);
    int result = sl_field_check(field, value, SL_ATTRIBUTE_INVALID, error);
    for (size_t i = 0; result < 0 && sl_is_correction(type) && i < sl_type_count(); i++) {
        field = sl_type_at(i)->original ? NULL : sl_type_attribute(sl_type_at(i), name);
        if (field != NULL)
            result = sl_field_check(field, value, SL_ATTRIBUTE_INVALID, error);
    }
    return result;
}

static int check_attributes(const Samenloop__V1__Header *header, const struct sl_type *type,
                            struct sl_error *error)
{
    for (size_t i = 0; i < header->n_attributes; i++) {
        struct sl_bytes name = sl_from_pb(header->attributes[i]->name);
        if (sl_attribute_check(type, name, sl_from_pb(header->attributes[i]->value), error) < 0)
            return -1;
        for (size_t k = 0; k < i; k++) {
            if (sl_bytes_equal(name, sl_from_pb(header->attributes[k]->name)))
                return sl_fail(error, SL_ATTRIBUTE_INVALID, "%.*s: given twice", (int)name.size,
                               (const char *)name.data);
        }
    }
    if (type->municipality && sl_header_attribute(header, "municipality").size == 0)
        return sl_fail(error, SL_ATTRIBUTE_MISSING, "%s needs the attribute municipality",
                       type->name);
    for (size_t i = 0; i < SL_MAX_TYPE_ATTRIBUTES && type->attributes[i].name != NULL; i++) {
        const struct sl_field *field = &type->attributes[i];
        if (field->required && sl_header_attribute(header, field->name).size == 0)
            return sl_fail(error, SL_ATTRIBUTE_MISSING, "%s needs the attribute %s", type->name,
                           field->name);
    }
    return 0;
}

static int check_sections(const Samenloop__V1__Header *header, const struct sl_type *type,
                          struct sl_error *error)
{
    uint32_t allowed = type->required | type->optional | sl_section_bit(SL_ORIGIN);
    uint32_t seen = 0;
    for (size_t i = 0; i < header->n_sections; i++) {
        const Samenloop__V1__SectionDigest *section = header->sections[i];
        int number = (int)section->section;
        if (number <= SL_NO_SECTION || number > SL_ORIGIN || section->digest.len != SL_HASH_SIZE)
            return sl_fail(error, SL_MALFORMED, "a section that is none");
        uint32_t bit = sl_section_bit((enum sl_section)section->section);
        if ((seen & bit) != 0)
            return sl_fail(error, SL_MALFORMED, "a section twice");
        if ((allowed & bit) == 0)
            return sl_fail(error, SL_SECTION_NOT_ALLOWED, "%s has no section %s", type->name,
                           sl_section_name((enum sl_section)section->section));
        seen |= bit;
    }
    for (int i = SL_LOCATION; i < SL_ORIGIN; i++) {
        if ((type->required & ~seen & sl_section_bit((enum sl_section)i)) != 0)
            return sl_fail(error, SL_SECTION_MISSING, "%s needs the section %s", type->name,
                           sl_section_name((enum sl_section)i));
    }
    return 0;
}

static int check_form(const Samenloop__V1__Header *header, struct sl_error *error)
{
    struct sl_bytes source = sl_from_pb(header->source);
    int publisher_role = (int)header->publisher_role;
    if (header->event_id.len != SL_UUID_SIZE || source.size == 0 || source.size > SL_MAX_SOURCE ||
        !sl_bytes_printable(source) || header->content_mac.len != 16 ||
        header->traceparent.len > 64 || !sl_bytes_printable(sl_from_pb(header->traceparent)) ||
        (header->correlation_id.len != 0 && header->correlation_id.len != SL_UUID_SIZE) ||
        (header->causation_id.len != 0 && header->causation_id.len != SL_UUID_SIZE) ||
        header->n_attributes > SL_MAX_ATTRIBUTES || header->n_sections > SL_MAX_SECTIONS ||
        publisher_role <= SL_NO_ROLE || publisher_role >= SL_ROLES)
        return sl_fail(error, SL_MALFORMED, "a header field of the wrong size or value");
    if ((header->subject_kind != SAMENLOOP__V1__SUBJECT_KIND__SUBJECT_KIND_ADDRESS &&
         header->subject_kind != SAMENLOOP__V1__SUBJECT_KIND__SUBJECT_KIND_BUILDING) ||
        header->subject.len != SL_PSEUDONYM_SIZE ||
        (header->building.len != 0 && header->building.len != SL_PSEUDONYM_SIZE))
        return sl_fail(error, SL_SUBJECT_INVALID, "subject: wants a pseudonym of 32 bytes");
    if (header->occurred_at <= 0 || header->recorded_at <= 0)
        return sl_fail(error, SL_ATTRIBUTE_MISSING, "occurred_at and time must be given");
    return 0;
}

/* May this participant publish the type, about that municipality's house? */
static int check_publisher(const Samenloop__V1__Header *header, const struct sl_type *type,
                           const char *publisher, struct sl_error *error)
{
    enum sl_organisation organisation = sl_organisation_of(publisher);
    struct sl_bytes municipality = sl_header_attribute(header, "municipality");
    if ((type->publishers & organisation) == 0)
        return sl_fail(error, SL_NOT_PERMITTED, "this organisation may not publish %s", type->name);
    if (organisation == SL_MUNICIPALITY && municipality.size > 0 &&
        !sl_bytes_is(municipality, publisher + strlen("gm")))
        return sl_fail(error, SL_NOT_PERMITTED, "not this municipality's house");
    return 0;
}

int sl_header_check(const Samenloop__V1__Header *header, const char *publisher,
                    const struct sl_type **out, struct sl_error *error)
{
    struct sl_bytes name = sl_from_pb(header->type);
    const struct sl_type *type = sl_type_find(name);
    if (type == NULL && sl_derived_find(name) != NULL)
        return sl_fail(error, SL_NOT_PERMITTED, "only the router publishes this type");
    if (type == NULL)
        return sl_fail(error, SL_UNKNOWN_TYPE, "this type is not in the catalogue");
    if (check_publisher(header, type, publisher, error) < 0 || check_form(header, error) < 0)
        return -1;
    if (type->causation_required && header->causation_id.len == 0)
        return sl_fail(error, SL_CAUSATION_MISSING,
                       "%s needs a causation id: the event that it answers", type->name);
    if (check_attributes(header, type, error) < 0 || check_sections(header, type, error) < 0)
        return -1;
    *out = type;
    return 0;
}

int sl_correction_check(const Samenloop__V1__Header *correction, const struct sl_type *original,
                        struct sl_error *error)
{
    if (check_attributes(correction, original, error) < 0)
        return -1;
    return check_sections(correction, original, error);
}
