/* Headers: each type's, what is missing or too much in them, in the order of the refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "schemas/check.h"
#include "schemas/crypto.h"
#include "schemas/limits.h"
#include "schemas/uuid.h"

/* ---------------------------------------------------------------- headers */

/* A header and what it points to. */
struct draft {
    Samenloop__V1__Header header;
    size_t attributes_used;
    Samenloop__V1__Attribute attributes[2 * SL_MAX_ATTRIBUTES];
    Samenloop__V1__Attribute *attribute_list[2 * SL_MAX_ATTRIBUTES];
    size_t digests_used;
    Samenloop__V1__SectionDigest digests[2 * SL_SECTIONS];
    Samenloop__V1__SectionDigest *digest_list[2 * SL_SECTIONS];
};

static uint8_t some[SL_HASH_SIZE] = {1};

static void add_value(struct draft *draft, const char *name, struct sl_bytes value)
{
    Samenloop__V1__Attribute *attribute = &draft->attributes[draft->attributes_used++];
    *attribute = (Samenloop__V1__Attribute)SAMENLOOP__V1__ATTRIBUTE__INIT;
    attribute->name = sl_to_pb(sl_text(name));
    attribute->value = sl_to_pb(value);
    draft->attribute_list[draft->header.n_attributes++] = attribute;
}

static void add_attribute(struct draft *draft, const char *name, const char *value)
{
    add_value(draft, name, sl_text(value));
}

static void drop_attribute(struct draft *draft, const char *name)
{
    Samenloop__V1__Header *header = &draft->header;
    size_t kept = 0;
    for (size_t i = 0; i < header->n_attributes; i++) {
        if (!sl_bytes_is(sl_from_pb(header->attributes[i]->name), name))
            header->attributes[kept++] = header->attributes[i];
    }
    header->n_attributes = kept;
}

static void add_section(struct draft *draft, int section)
{
    Samenloop__V1__SectionDigest *digest = &draft->digests[draft->digests_used++];
    *digest = (Samenloop__V1__SectionDigest)SAMENLOOP__V1__SECTION_DIGEST__INIT;
    digest->section = (Samenloop__V1__Section)section;
    digest->digest = (ProtobufCBinaryData){SL_HASH_SIZE, some};
    draft->digest_list[draft->header.n_sections++] = digest;
}

static void drop_section(struct draft *draft, int section)
{
    Samenloop__V1__Header *header = &draft->header;
    size_t kept = 0;
    for (size_t i = 0; i < header->n_sections; i++) {
        if ((int)header->sections[i]->section != section)
            header->sections[kept++] = header->sections[i];
    }
    header->n_sections = kept;
}

/* A value that the field takes. */
static struct sl_bytes value_for(const struct sl_field *field)
{
    switch (field->kind) {
    case SL_KIND_YES_NO:
    case SL_KIND_YES_NO_UNKNOWN:
        return sl_text("no");
    case SL_KIND_DATE:
        return sl_text("2021-02-28");
    case SL_KIND_NUMBER:
        return sl_text("7");
    case SL_KIND_WORD:
        return sl_text("any_word");
    default: /* the first of its codes */
        return sl_bytes(field->values, strcspn(field->values, "|"));
    }
}

/* The least that an event of the type has. */
static void begin(struct draft *draft, const struct sl_type *type)
{
    *draft = (struct draft){.header = SAMENLOOP__V1__HEADER__INIT};
    Samenloop__V1__Header *header = &draft->header;
    header->attributes = draft->attribute_list;
    header->sections = draft->digest_list;
    header->event_id = (ProtobufCBinaryData){SL_UUID_SIZE, some};
    header->source = sl_to_pb(sl_text("urn:nld:oin:00000004164164164000:systeem:zaken"));
    header->type = sl_to_pb(sl_text(type->name));
    header->publisher_role = SAMENLOOP__V1__ROLE__ROLE_BACK_OFFICE;
    header->occurred_at = header->recorded_at = 1;
    header->subject_kind = SAMENLOOP__V1__SUBJECT_KIND__SUBJECT_KIND_ADDRESS;
    header->subject = (ProtobufCBinaryData){SL_HASH_SIZE, some};
    header->content_mac = (ProtobufCBinaryData){16, some};
    if (type->causation_required)
        header->causation_id = (ProtobufCBinaryData){SL_UUID_SIZE, some};
    if (type->municipality)
        add_attribute(draft, "municipality", "0014");
    for (size_t i = 0; i < SL_MAX_TYPE_ATTRIBUTES && type->attributes[i].name != NULL; i++) {
        if (type->attributes[i].required)
            add_value(draft, type->attributes[i].name, value_for(&type->attributes[i]));
    }
    for (int i = SL_LOCATION; i < SL_ORIGIN; i++) {
        if ((type->required >> i & 1) != 0)
            add_section(draft, i);
    }
    add_section(draft, SL_ORIGIN);
}

/* Checks it; the code, SL_OK where it is good. The sentence must have `says` in it. */
static enum sl_code check(const struct draft *draft, const char *publisher, const char *says)
{
    struct sl_error error = {0};
    const struct sl_type *type = NULL;
    if (sl_header_check(&draft->header, publisher, &type, &error) == 0) {
        assert_ptr_equal(type, sl_type_find(sl_from_pb(draft->header.type)));
        return SL_OK;
    }
    if (strstr(error.text, says) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error.text, says);
    return error.code;
}

static const char *publisher_of(const struct sl_type *type)
{
    return (type->publishers & SL_IMG) != 0 ? "img"
           : (type->publishers & SL_NCG)    ? "ncg"
                                            : "gm0014";
}

static const struct sl_type *type_of(const char *name)
{
    const struct sl_type *type = sl_type_find(sl_text(name));
    assert_non_null(type);
    return type;
}

/* ---------------------------------------------------------------- each type */

static void each_type_is_for_its_publishers(void **state)
{
    (void)state;
    static const char *const names[] = {"img", "ncg", "gm0014", "else"};
    for (size_t i = 0; i < sl_type_count(); i++) {
        const struct sl_type *type = sl_type_at(i);
        struct draft draft;
        begin(&draft, type);
        for (size_t k = 0; k < 4; k++) {
            bool may = (type->publishers & sl_organisation_of(names[k])) != 0;
            assert_int_equal(check(&draft, names[k], "may not publish"),
                             may ? SL_OK : SL_NOT_PERMITTED);
        }
    }
}

static void each_type_has_its_attributes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sl_type_count(); i++) {
        const struct sl_type *type = sl_type_at(i);
        const char *publisher = publisher_of(type);
        struct draft draft;
        for (size_t k = 0; k < SL_MAX_TYPE_ATTRIBUTES && type->attributes[k].name != NULL; k++) {
            const struct sl_field *field = &type->attributes[k];
            begin(&draft, type);
            drop_attribute(&draft, field->name);
            assert_int_equal(check(&draft, publisher, field->name),
                             field->required ? SL_ATTRIBUTE_MISSING : SL_OK);
            add_value(&draft, field->name, value_for(field));
            assert_int_equal(check(&draft, publisher, field->name), SL_OK);
            add_value(&draft, field->name, value_for(field));
            assert_int_equal(check(&draft, publisher, "twice"), SL_ATTRIBUTE_INVALID);
            drop_attribute(&draft, field->name);
            add_attribute(&draft, field->name, "No Such Value");
            assert_int_equal(check(&draft, publisher, field->name), SL_ATTRIBUTE_INVALID);
            drop_attribute(&draft, field->name);
            add_attribute(&draft, field->name, "");
            assert_int_equal(check(&draft, publisher, field->name), SL_ATTRIBUTE_INVALID);
        }
        begin(&draft, type);
        add_attribute(&draft, "colour", "red");
        assert_int_equal(check(&draft, publisher, "has no attribute colour"), SL_ATTRIBUTE_INVALID);
        if (!type->municipality && !sl_is_correction(type)) {
            begin(&draft, type);
            add_attribute(&draft, "municipality", "0014");
            assert_int_equal(check(&draft, publisher, "municipality"), SL_ATTRIBUTE_INVALID);
        }
    }
}

static void each_type_has_its_sections(void **state)
{
    (void)state;
    for (size_t i = 0; i < sl_type_count(); i++) {
        const struct sl_type *type = sl_type_at(i);
        const char *publisher = publisher_of(type);
        for (int k = SL_LOCATION; k < SL_ORIGIN; k++) {
            const char *name = sl_section_name((enum sl_section)k);
            bool required = (type->required >> k & 1) != 0;
            bool optional = (type->optional >> k & 1) != 0;
            struct draft draft;
            begin(&draft, type);
            drop_section(&draft, k);
            assert_int_equal(check(&draft, publisher, name), required ? SL_SECTION_MISSING : SL_OK);
            add_section(&draft, k);
            assert_int_equal(check(&draft, publisher, name),
                             required || optional ? SL_OK : SL_SECTION_NOT_ALLOWED);
            add_section(&draft, k);
            assert_int_equal(check(&draft, publisher, ""),
                             required || optional ? SL_MALFORMED : SL_SECTION_NOT_ALLOWED);
        }
    }
}

/* ---------------------------------------------------------------- form and order */

static void a_header_has_its_form(void **state)
{
    (void)state;
    static char long_text[SL_MAX_SOURCE + 2];
    memset(long_text, 'x', SL_MAX_SOURCE + 1);
    struct draft draft;
#define WITH(change, wanted, says)                                                                 \
    do {                                                                                           \
        begin(&draft, type_of("damage_case_opened"));                                              \
        Samenloop__V1__Header *header = &draft.header;                                             \
        (void)header;                                                                              \
        change;                                                                                    \
        assert_int_equal(check(&draft, "img", says), wanted);                                      \
    } while (0)
    WITH(header->event_id.len = 15, SL_MALFORMED, "header");
    WITH(header->event_id.len = 0, SL_MALFORMED, "header");
    WITH(header->source.len = 0, SL_MALFORMED, "header");
    WITH(header->source = sl_to_pb(sl_text(long_text)), SL_MALFORMED, "header");
    WITH(header->source = sl_to_pb(sl_text("urn:\x1b[2J")), SL_MALFORMED, "header");
    WITH(header->source = sl_to_pb(sl_bytes("urn:\0x", 6)), SL_MALFORMED, "header");
    WITH(header->source = sl_to_pb(sl_text("urn:\xc0\xaf")), SL_MALFORMED, "header");
    WITH(header->content_mac.len = 32, SL_MALFORMED, "header");
    WITH(header->traceparent = sl_to_pb(sl_bytes(long_text, 65)), SL_MALFORMED, "header");
    WITH(header->correlation_id = sl_to_pb(sl_bytes(some, 15)), SL_MALFORMED, "header");
    WITH(header->causation_id = sl_to_pb(sl_bytes(some, 17)), SL_MALFORMED, "header");
    WITH(header->publisher_role = (Samenloop__V1__Role)0, SL_MALFORMED, "header");
    WITH(header->publisher_role = (Samenloop__V1__Role)5, SL_MALFORMED, "header");
    WITH(header->publisher_role = (Samenloop__V1__Role)-1, SL_MALFORMED, "header");
    WITH(for (int i = 0; i <= SL_MAX_ATTRIBUTES; i++) add_attribute(&draft, "procedure", "herstel"),
         SL_MALFORMED, "header");
    WITH(for (int i = 0; i <= SL_MAX_SECTIONS; i++) add_section(&draft, SL_DOSSIER), SL_MALFORMED,
         "header");
    WITH(header->subject.len = 31, SL_SUBJECT_INVALID, "subject");
    WITH(header->subject.len = 0, SL_SUBJECT_INVALID, "subject");
    WITH(header->building = sl_to_pb(sl_bytes(some, 16)), SL_SUBJECT_INVALID, "subject");
    WITH(header->building = sl_to_pb(sl_bytes(some, 32)), SL_OK, "");
    WITH(header->subject_kind = (Samenloop__V1__SubjectKind)0, SL_SUBJECT_INVALID, "subject");
    WITH(header->subject_kind = (Samenloop__V1__SubjectKind)3, SL_SUBJECT_INVALID, "subject");
    WITH(header->subject_kind = (Samenloop__V1__SubjectKind)2, SL_OK, "");
    WITH(header->occurred_at = 0, SL_ATTRIBUTE_MISSING, "occurred_at");
    WITH(header->recorded_at = -1, SL_ATTRIBUTE_MISSING, "time");
    WITH(add_section(&draft, 0), SL_MALFORMED, "section");
    WITH(add_section(&draft, 10), SL_MALFORMED, "section");
    WITH(add_section(&draft, -1), SL_MALFORMED, "section");
    WITH(add_section(&draft, SL_ORIGIN), SL_MALFORMED, "twice");
    WITH(draft.digests[0].digest.len = 31, SL_MALFORMED, "section");
    WITH(header->type = sl_to_pb(sl_text("secure_building")), SL_NOT_PERMITTED, "router");
    WITH(header->type = sl_to_pb(sl_text("unheard_of")), SL_UNKNOWN_TYPE, "catalogue");
    WITH(header->type.len = 0, SL_UNKNOWN_TYPE, "catalogue");
    WITH(add_attribute(&draft, "\x1b[2J", "x"), SL_ATTRIBUTE_INVALID, "attribute ?");
    WITH(add_attribute(&draft, "", "x"), SL_ATTRIBUTE_INVALID, "attribute ?");
#undef WITH
}

/* One with everything wrong, mended from the front: type, publisher, form and subject, causation,
 * attributes, sections. */
static void refusals_come_in_their_order(void **state)
{
    (void)state;
    struct draft draft;
    begin(&draft, type_of("settlement_accepted"));
    Samenloop__V1__Header *header = &draft.header;
    ProtobufCBinaryData type = header->type;
    header->type = sl_to_pb(sl_text("settlement_adopted"));
    header->event_id.len = 3;
    header->subject.len = 3;
    header->causation_id.len = 0;
    drop_attribute(&draft, "payer");
    add_attribute(&draft, "payer", "nobody");
    drop_section(&draft, SL_DOSSIER);
    add_section(&draft, SL_NOTE);
    assert_int_equal(check(&draft, "gm0014", ""), SL_UNKNOWN_TYPE);
    header->type = type;
    assert_int_equal(check(&draft, "gm0014", ""), SL_NOT_PERMITTED);
    assert_int_equal(check(&draft, "ncg", ""), SL_MALFORMED);
    header->event_id.len = SL_UUID_SIZE;
    assert_int_equal(check(&draft, "ncg", ""), SL_SUBJECT_INVALID);
    header->subject.len = SL_HASH_SIZE;
    assert_int_equal(check(&draft, "ncg", ""), SL_CAUSATION_MISSING);
    header->causation_id.len = SL_UUID_SIZE;
    assert_int_equal(check(&draft, "ncg", ""), SL_ATTRIBUTE_INVALID);
    drop_attribute(&draft, "payer");
    assert_int_equal(check(&draft, "ncg", ""), SL_ATTRIBUTE_MISSING);
    add_attribute(&draft, "payer", "img");
    assert_int_equal(check(&draft, "ncg", ""), SL_SECTION_NOT_ALLOWED);
    drop_section(&draft, SL_NOTE);
    assert_int_equal(check(&draft, "ncg", ""), SL_SECTION_MISSING);
    add_section(&draft, SL_DOSSIER);
    assert_int_equal(check(&draft, "ncg", ""), SL_OK);
}

/* ---------------------------------------------------------------- corrections, municipalities */

static void a_correction_has_what_some_type_has(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *value;
        bool good;
    } cases[] = {
        {"municipality", "0014", true},
        {"municipality", "14", false},
        {"outcome", "no_doubt", true},   /* of one type */
        {"outcome", "granted", true},    /* of another */
        {"outcome", "any_word_2", true}, /* some type takes any word */
        {"outcome", "Granted", false},
        {"programme", "koploper", true},
        {"programme", "any_word", false},
        {"value", "in", true},
        {"value", "yes", true},
        {"value", "maybe", false},
        {"structural", "unknown", true}, /* acute_unsafe's; damage_inspection_done has yes and no */
        {"acute", "unknown", false},
        {"grounds", "acute,long_running", true},
        {"grounds", "acute,acute", false},
        {"priority", "5", true},
        {"priority", "6", false},
        {"date", "2021-02-30", false},
        {"colour", "red", false},
        {"causes_delay", "unknown", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct draft draft;
        begin(&draft, type_of("event_corrected"));
        add_attribute(&draft, cases[i].name, cases[i].value);
        if (check(&draft, "img", cases[i].name) != (cases[i].good ? SL_OK : SL_ATTRIBUTE_INVALID))
            fail_msg("%s=%s", cases[i].name, cases[i].value);
    }
}

static void a_correction_is_checked_as_its_original(void **state)
{
    (void)state;
    static const struct {
        const char *original;
        const char *attributes[3][2];
        int sections[3];
        enum sl_code wanted;
    } cases[] = {
        {"damage_case_opened", {{NULL}}, {0}, SL_OK},
        {"damage_case_opened", {{"procedure", "herstel"}}, {SL_DOSSIER}, SL_OK},
        {"damage_case_opened", {{"outcome", "granted"}}, {0}, SL_ATTRIBUTE_INVALID},
        {"damage_case_opened", {{NULL}}, {SL_NOTE}, SL_SECTION_NOT_ALLOWED},
        {"work_stock_changed", {{"value", "in"}}, {0}, SL_ATTRIBUTE_MISSING},
        {"work_stock_changed", {{"value", "in"}, {"reason", "answer"}}, {0}, SL_OK},
        {"work_stock_changed", {{"value", "yes"}, {"reason", "answer"}}, {0}, SL_ATTRIBUTE_INVALID},
        {"acute_unsafe",
         {{"certainty", "reported"}},
         {SL_LOCATION, SL_FINDINGS},
         SL_ATTRIBUTE_MISSING},
        {"acute_unsafe",
         {{"certainty", "reported"}, {"municipality", "0014"}},
         {SL_LOCATION},
         SL_SECTION_MISSING},
        {"acute_unsafe",
         {{"certainty", "reported"}, {"municipality", "0014"}},
         {SL_LOCATION, SL_FINDINGS, SL_RESIDENT},
         SL_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct draft draft;
        struct sl_error error = {0};
        begin(&draft, type_of("event_corrected"));
        for (size_t k = 0; k < 3 && cases[i].attributes[k][0] != NULL; k++)
            add_attribute(&draft, cases[i].attributes[k][0], cases[i].attributes[k][1]);
        for (size_t k = 0; k < 3 && cases[i].sections[k] != 0; k++)
            add_section(&draft, cases[i].sections[k]);
        assert_int_equal(check(&draft, "img", ""), SL_OK); /* the first door cannot know */
        int result = sl_correction_check(&draft.header, type_of(cases[i].original), &error);
        assert_int_equal(result, cases[i].wanted == SL_OK ? 0 : -1);
        assert_int_equal(error.code, cases[i].wanted);
    }
}

static void a_municipality_speaks_for_its_own_houses(void **state)
{
    (void)state;
    struct draft draft;
    begin(&draft, type_of("municipality_decided"));
    assert_int_equal(check(&draft, "gm0014", ""), SL_OK);
    assert_int_equal(check(&draft, "ncg", ""), SL_OK);
    assert_int_equal(check(&draft, "gm1979", "municipality's house"), SL_NOT_PERMITTED);
    assert_int_equal(check(&draft, "img", ""), SL_NOT_PERMITTED);
    begin(&draft, type_of("event_corrected"));
    add_attribute(&draft, "decision", "deferred");
    assert_int_equal(check(&draft, "gm0014", ""), SL_OK);
    add_attribute(&draft, "municipality", "1979");
    assert_int_equal(check(&draft, "gm0014", "municipality's house"), SL_NOT_PERMITTED);
    assert_int_equal(check(&draft, "gm1979", ""), SL_OK);
    begin(&draft, type_of("event_withdrawn"));
    add_attribute(&draft, "reason", "mistake");
    assert_int_equal(check(&draft, "gm0014", ""), SL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_is_for_its_publishers),
        cmocka_unit_test(each_type_has_its_attributes),
        cmocka_unit_test(each_type_has_its_sections),
        cmocka_unit_test(a_header_has_its_form),
        cmocka_unit_test(refusals_come_in_their_order),
        cmocka_unit_test(a_correction_has_what_some_type_has),
        cmocka_unit_test(a_correction_is_checked_as_its_original),
        cmocka_unit_test(a_municipality_speaks_for_its_own_houses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
