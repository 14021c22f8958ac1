/* The catalogue's tables: sound in themselves, and the same list as the messages on the wire. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "samenloop/v1/sections.pb-c.h"
#include "schemas/check.h"
#include "schemas/limits.h"

static bool is_word(const char *text)
{
    size_t size = strlen(text);
    return size > 0 && size <= 40 &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == size && text[0] >= 'a' &&
           text[0] <= 'z';
}

/* "C1 C17" */
static bool are_clauses(const char *text)
{
    while (*text == 'C') {
        char *end = NULL;
        unsigned long number = strtoul(text + 1, &end, 10);
        if (number < 1 || number > 17)
            return false;
        if (*end == '\0')
            return true;
        text = end + 1;
    }
    return false;
}

/* Codes with "|" between: none empty, none twice, each one that an attribute's value can be. */
static void check_codes(const char *name, const char *values)
{
    char text[512];
    const char *seen[32];
    size_t count = 0;
    assert_non_null(values);
    assert_true(strlen(values) < sizeof text && values[strlen(values) - 1] != '|');
    (void)snprintf(text, sizeof text, "%s", values);
    char *rest = NULL;
    for (char *code = strtok_r(text, "|", &rest); code != NULL; code = strtok_r(NULL, "|", &rest)) {
        if (!is_word(code) && strspn(code, "0123456789") != strlen(code))
            fail_msg("%s: %s", name, code);
        for (size_t i = 0; i < count; i++)
            assert_string_not_equal(seen[i], code);
        seen[count++] = code;
    }
    assert_true(count >= 1 && strlen(values) <= SL_MAX_FIELD);
}

static void check_field(const struct sl_field *field)
{
    assert_true(is_word(field->name));
    if (field->kind == SL_KIND_CODE || field->kind == SL_KIND_CODE_SET ||
        field->kind == SL_KIND_BAG_ID)
        check_codes(field->name, field->values);
    if (field->kind == SL_KIND_CODE_SET)
        assert_true(strlen(field->values) <= SL_MAX_ATTRIBUTE);
}

static void each_type_is_sound(void **state)
{
    (void)state;
    static const char *const common[] = {"occurred_at", "subject_kind", "building", "initial_load",
                                         "municipality"};
    const uint32_t all = (1u << SL_ORIGIN) - 2; /* every section that a back office may give */
    assert_int_equal(sl_type_count(), 52);
    for (size_t i = 0; i < sl_type_count(); i++) {
        const struct sl_type *type = sl_type_at(i);
        assert_true(is_word(type->name) && type->dutch[0] != '\0');
        assert_true(are_clauses(type->clauses));
        assert_true(type->publishers != 0 &&
                    (type->publishers & ~(uint32_t)(SL_IMG | SL_NCG | SL_MUNICIPALITY)) == 0);
        assert_int_equal(type->roles & ~(uint32_t)(2 | 4 | 8 | 16), 0);
        assert_int_equal(type->required & type->optional, 0);
        assert_int_equal((type->required | type->optional) & ~all, 0);
        assert_ptr_equal(sl_type_find(sl_text(type->name)), type); /* the first of its name */
        assert_int_equal(sl_type_index(type), i);
        assert_null(sl_derived_find(sl_text(type->name)));
        assert_true(type->causation_required || !type->original);
        for (size_t k = 0; k < SL_MAX_TYPE_ATTRIBUTES && type->attributes[k].name != NULL; k++) {
            const struct sl_field *field = &type->attributes[k];
            check_field(field);
            assert_ptr_equal(sl_type_attribute(type, sl_text(field->name)), field);
            for (size_t c = 0; c < sizeof common / sizeof common[0]; c++)
                assert_string_not_equal(field->name, common[c]);
        }
    }
    assert_null(sl_type_find(sl_text("nl.samenloop.acute_unsafe")));
    assert_null(sl_type_find(sl_text("acute_unsaf")));
    assert_null(sl_type_find(sl_bytes(NULL, 0)));
}

/* What is written down in more than one place, as the agreement has it. */
static void lanes_and_publishers_are_the_agreement_s(void **state)
{
    (void)state;
    static const char acute[] = "acute_unsafe acute_unsafe_dismissed safety_secured "
                                "planning_reviewed ";
    char found[256] = "";
    char urgent[256] = "";
    char municipal[256] = "";
    char originals[256] = "";
    for (size_t i = 0; i < sl_type_count(); i++) {
        const struct sl_type *type = sl_type_at(i);
        char *to[] = {sl_type_lane(type) == SL_LANE_ACUTE ? found : NULL,
                      sl_type_lane(type) == SL_LANE_URGENT ? urgent : NULL,
                      (type->publishers & SL_MUNICIPALITY) != 0 ? municipal : NULL,
                      type->original ? originals : NULL};
        for (size_t k = 0; k < 4; k++) {
            if (to[k] != NULL)
                (void)snprintf(to[k] + strlen(to[k]), 256 - strlen(to[k]), "%s ", type->name);
        }
        assert_true(sl_type_lane(type) != SL_NO_LANE);
        assert_int_equal(sl_is_correction(type), strcmp(type->name, "event_corrected") == 0);
    }
    assert_string_equal(found, acute);
    assert_string_equal(urgent, "harrowing_situation_signalled ");
    assert_string_equal(municipal, "municipality_decided event_corrected event_withdrawn ");
    assert_string_equal(originals, "event_corrected event_withdrawn ");
}

static void sections_are_their_messages(void **state)
{
    (void)state;
    for (int i = SL_LOCATION; i < SL_ORIGIN; i++) {
        enum sl_section section = (enum sl_section)i;
        const struct sl_field *fields = sl_section_fields(section);
        const ProtobufCMessageDescriptor *message = sl_section_message(section);
        unsigned count = 0;
        for (; fields[count].name != NULL; count++) {
            const ProtobufCFieldDescriptor *place = &message->fields[count];
            bool list = fields[count].kind == SL_KIND_TEXTS ||
                        fields[count].kind == SL_KIND_FREE_TEXTS;
            check_field(&fields[count]);
            assert_true(count < message->n_fields);
            assert_string_equal(place->name, fields[count].name);
            assert_int_equal(place->id, count + 1);
            assert_int_equal(place->label == PROTOBUF_C_LABEL_REPEATED, list);
            assert_int_equal(place->type, fields[count].kind == SL_KIND_CENTS
                                              ? PROTOBUF_C_TYPE_INT64
                                              : PROTOBUF_C_TYPE_BYTES);
        }
        assert_int_equal(count, message->n_fields);
        assert_true(count <= SL_MAX_SECTION_FIELDS);
        assert_int_equal(sl_section_parse(sl_text(sl_section_name(section))), section);
    }
    assert_non_null(sl_section_message(SL_ORIGIN));
    assert_int_equal(sl_section_parse(sl_text("origin")), SL_NO_SECTION);
    assert_int_equal(sl_section_parse(sl_text("")), SL_NO_SECTION);
}

/* An enumeration's values: "SECTION_LOCATION" is named "location". */
static void check_numbers(const ProtobufCEnumDescriptor *type, size_t prefix,
                          const char *(*name)(int), int count)
{
    for (unsigned i = 0; i < type->n_values; i++) {
        char text[64];
        size_t size = 0;
        for (const char *c = type->values[i].name + prefix; *c != '\0'; c++)
            text[size++] = (char)(*c == '_' || (*c >= '0' && *c <= '9') ? *c : *c + 32);
        text[size] = '\0';
        assert_string_equal(name(type->values[i].value),
                            strcmp(text, "unspecified") == 0 ? "" : text);
    }
    assert_int_equal(type->n_values, count);
    assert_string_equal(name(count), "");
    assert_string_equal(name(-1), "");
}

static const char *section_name(int number)
{
    return sl_section_name((enum sl_section)number);
}

static const char *role_name(int number)
{
    return sl_role_name((enum sl_role)number);
}

static const char *lane_name(int number)
{
    return sl_lane_name((enum sl_lane)number);
}

static void numbers_are_those_of_the_wire(void **state)
{
    (void)state;
    check_numbers(&samenloop__v1__section__descriptor, strlen("SECTION_"), section_name,
                  SL_SECTIONS);
    check_numbers(&samenloop__v1__role__descriptor, strlen("ROLE_"), role_name, SL_ROLES);
    check_numbers(&samenloop__v1__lane__descriptor, strlen("LANE_"), lane_name, SL_LANES);
    for (int i = SL_BACK_OFFICE; i < SL_ROLES; i++) {
        enum sl_role role = SL_NO_ROLE;
        assert_int_equal(sl_role_parse(&role, sl_text(role_name(i))), 0);
        assert_int_equal(role, i);
        assert_int_equal(sl_role_parse(&role, sl_text("")), -1);
    }
}

static void what_the_router_derives_is_named_once(void **state)
{
    (void)state;
    size_t instructions = 0;
    for (size_t i = 0; i < sl_derived_count(); i++) {
        const struct sl_derived *derived = sl_derived_at(i);
        assert_true(is_word(derived->name));
        assert_ptr_equal(sl_derived_find(sl_text(derived->name)), derived);
        instructions += derived->kind == SL_INSTRUCTION;
    }
    assert_int_equal(instructions, 12);
    assert_int_equal(sl_derived_count(), 21);
    assert_null(sl_derived_find(sl_text("acute_unsafe")));
}

static void sets_are_printed_in_order(void **state)
{
    (void)state;
    struct sl_buffer out = {0};
    sl_sections_print(&out, 0);
    assert_int_equal(out.size, 0);
    sl_sections_print(&out, sl_section_bit(SL_NOTE) | sl_section_bit(SL_LOCATION) |
                                sl_section_bit(SL_ORIGIN) | sl_section_bit(SL_DOSSIER));
    assert_true(sl_bytes_is(sl_buffer_bytes(&out), "location,dossier,note"));
    sl_buffer_free(&out);
}

static void participants_are_of_a_kind(void **state)
{
    (void)state;
    assert_int_equal(sl_organisation_of("img"), SL_IMG);
    assert_int_equal(sl_organisation_of("ncg"), SL_NCG);
    assert_int_equal(sl_organisation_of("gm0014"), SL_MUNICIPALITY);
    assert_int_equal(sl_organisation_of(""), SL_NOBODY);
    assert_int_equal(sl_organisation_of("router"), SL_NOBODY);
    assert_int_equal(sl_organisation_of("imgx"), SL_NOBODY);
    assert_int_equal(sl_organisation_of("gm014"), SL_NOBODY);
    assert_int_equal(sl_organisation_of("gm00145"), SL_NOBODY);
    assert_int_equal(sl_organisation_of("gm001x"), SL_NOBODY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_is_sound),
        cmocka_unit_test(lanes_and_publishers_are_the_agreement_s),
        cmocka_unit_test(sections_are_their_messages),
        cmocka_unit_test(numbers_are_those_of_the_wire),
        cmocka_unit_test(what_the_router_derives_is_named_once),
        cmocka_unit_test(sets_are_printed_in_order),
        cmocka_unit_test(participants_are_of_a_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
