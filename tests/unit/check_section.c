/* What is in a section: fields, required ones, what ties them together, free text; and values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "samenloop/v1/sections.pb-c.h"
#include "schemas/check.h"
#include "schemas/limits.h"

#define HOUSE "0014200000000001"
#define PAND "0014100000000001"

/* ---------------------------------------------------------------- messages from text */

/* Sets a field of a message; of a list it appends. The message's memory is the arena's. */
static void set(struct sl_arena *arena, ProtobufCMessage *message, const char *name,
                struct sl_bytes value)
{
    const ProtobufCFieldDescriptor *place = protobuf_c_message_descriptor_get_field_by_name(
        message->descriptor, name);
    assert_non_null(place);
    uint8_t *at = (uint8_t *)message + place->offset;
    ProtobufCBinaryData bytes = sl_to_pb(sl_arena_copy(arena, value));
    if (place->type == PROTOBUF_C_TYPE_INT64) {
        int64_t number = strtoll((const char *)value.data, NULL, 10);
        memcpy(at, &number, sizeof number);
    } else if (place->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t *count = (size_t *)(void *)((uint8_t *)message + place->quantifier_offset);
        ProtobufCBinaryData **list = (ProtobufCBinaryData **)(void *)at;
        if (*count == 0)
            *list = sl_arena_alloc(arena, (SL_MAX_LIST + 1) * sizeof bytes);
        (*list)[(*count)++] = bytes;
    } else {
        memcpy(at, &bytes, sizeof bytes);
    }
}

/* The section's bytes from "name=value|name=value". */
static struct sl_bytes pack(struct sl_arena *arena, enum sl_section section, const char *text)
{
    const ProtobufCMessageDescriptor *type = sl_section_message(section);
    ProtobufCMessage *message = sl_arena_alloc(arena, type->sizeof_message);
    protobuf_c_message_init(type, message);
    while (*text != '\0') {
        char name[32];
        size_t size = strcspn(text, "=");
        size_t value = strcspn(text + size + 1, "|");
        assert_true(size < sizeof name);
        memcpy(name, text, size);
        name[size] = '\0';
        set(arena, message, name, sl_bytes(text + size + 1, value));
        text += size + 1 + value;
        text += *text == '|';
    }
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = sl_arena_alloc(arena, size);
    (void)protobuf_c_message_pack(message, bytes);
    return sl_bytes(bytes, size);
}

/* ---------------------------------------------------------------- sections */

static const struct {
    enum sl_section section;
    enum sl_code wanted;
    const char *text;
    const char *type; /* NULL: one that has the section */
    const char *field;
} cases[] = {
    {SL_LOCATION, SL_OK, "bag_id=" HOUSE "|municipality=0014", NULL, ""},
    {SL_LOCATION, SL_OK,
     "bag_id=" HOUSE "|municipality=0014|building_bag_id=" PAND
     "|street=Nieuweweg|number=12|addition=a|postcode=9711 AA|place=Groningen",
     NULL, ""},
    {SL_LOCATION, SL_FIELD_MISSING, "", NULL, "bag_id"},
    {SL_LOCATION, SL_FIELD_MISSING, "bag_id=" HOUSE, NULL, "municipality"},
    {SL_LOCATION, SL_FIELD_INVALID, "bag_id=0014200000000002|municipality=0014", NULL, "bag_id"},
    {SL_LOCATION, SL_FIELD_INVALID, "bag_id=" PAND "|municipality=0014", NULL, "bag_id"},
    {SL_LOCATION, SL_FIELD_INVALID, "bag_id=0014200000000000|municipality=0014", NULL, "bag_id"},
    {SL_LOCATION, SL_FIELD_INVALID, "bag_id=0014300000000001|municipality=0014", NULL, "bag_id"},
    {SL_LOCATION, SL_FIELD_INVALID, "bag_id=" HOUSE "|municipality=014", NULL, "municipality"},
    {SL_LOCATION, SL_FIELD_INVALID, "bag_id=" HOUSE "|municipality=0014|building_bag_id=" HOUSE,
     NULL, "building_bag_id"},
    {SL_LOCATION, SL_FIELD_INVALID, "bag_id=" HOUSE "|municipality=0014|number=123456", NULL,
     "number"},
    {SL_DOSSIER, SL_OK, "organisation=img|case_number=2021-0001|mailbox=a@b.example", NULL, ""},
    {SL_DOSSIER, SL_FIELD_MISSING, "organisation=img", NULL, "case_number"},
    {SL_DOSSIER, SL_FIELD_MISSING, "case_number=2021-0001", NULL, "organisation"},
    {SL_DOSSIER, SL_OK, "organisation=img|case_number=1234567890123456789012345678901234567890",
     NULL, ""},
    {SL_DOSSIER, SL_FIELD_INVALID,
     "organisation=img|case_number=12345678901234567890123456789012345678901", NULL, "case_number"},
    {SL_DOSSIER, SL_OK, "organisation=img|case_number=111222333", NULL, ""}, /* not screened */
    {SL_FINDINGS, SL_OK,
     "found_on=2021-02-01|element=wall|kind=crack|danger=gas|access=open|code=F3", NULL, ""},
    {SL_FINDINGS, SL_FIELD_INVALID, "found_on=2021-02-29", NULL, "found_on"},
    {SL_FINDINGS, SL_FIELD_MISSING, "element=wall", NULL, "found_on"},
    {SL_FINDINGS, SL_FIELD_INVALID, "found_on=2021-02-01|element=cellar", NULL, "element"},
    {SL_FINDINGS, SL_OK, "found_on=2021-02-01|photo_refs=a|photo_refs=b|measures=stutten", NULL,
     ""},
    {SL_FINDINGS, SL_FIELD_INVALID, "found_on=2021-02-01|photo_refs=a|photo_refs=", NULL,
     "photo_refs"},
    {SL_FINDINGS, SL_BSN_IN_TEXT, "found_on=2021-02-01|measures=stutten|measures=bsn 111222333",
     NULL, "measures"},
    {SL_FINDINGS, SL_OK, "found_on=2021-02-01|photo_refs=111222333", NULL, ""},
    {SL_FINDINGS, SL_FIELD_INVALID, "found_on=wrong|measures=111222333", NULL, "found_on"},
    {SL_FINDINGS, SL_FIELD_MISSING, "measures=111222333", NULL, "found_on"}, /* text is last */
    {SL_PLANNING, SL_OK, "date=2021-03-01|part_of_day=morning|parties=aannemer", NULL, ""},
    {SL_PLANNING, SL_OK, "period_from=2021-03-01|period_to=2021-03-05", NULL, ""},
    {SL_PLANNING, SL_FIELD_MISSING, "", NULL, "date"},
    {SL_PLANNING, SL_FIELD_MISSING, "period_from=2021-03-01", NULL, "date"},
    {SL_PLANNING, SL_FIELD_MISSING, "period_to=2021-03-01|part_of_day=day", NULL, "date"},
    {SL_PLANNING, SL_FIELD_INVALID, "date=2021-03-01|part_of_day=night", NULL, "part_of_day"},
    {SL_PLANNING, SL_BSN_IN_TEXT, "date=2021-03-01|parties=Jan 111.222.333", NULL, "parties"},
    {SL_SETTLEMENT, SL_OK, "amount_cents=1|payer=img", NULL, ""},
    {SL_SETTLEMENT, SL_OK, "amount_cents=1000000000000|payer=ncg|works=W1|paid_on=2021-03-01", NULL,
     ""},
    {SL_SETTLEMENT, SL_FIELD_INVALID, "amount_cents=1000000000001|payer=ncg", NULL, "amount_cents"},
    {SL_SETTLEMENT, SL_FIELD_INVALID, "amount_cents=-1|payer=ncg", NULL, "amount_cents"},
    {SL_SETTLEMENT, SL_FIELD_MISSING, "amount_cents=0|payer=ncg", NULL, "amount_cents"},
    {SL_SETTLEMENT, SL_FIELD_MISSING, "amount_cents=5", NULL, "payer"},
    {SL_SETTLEMENT, SL_FIELD_INVALID, "amount_cents=5|payer=both", NULL, "payer"},
    {SL_SCHEME, SL_OK, "judged_unsafe=not_yet|decision=none", NULL, ""},
    {SL_SCHEME, SL_FIELD_INVALID, "judged_unsafe=unknown|decision=none", NULL, "judged_unsafe"},
    {SL_SCHEME, SL_FIELD_MISSING, "judged_unsafe=yes", NULL, "decision"},
    {SL_RESIDENT, SL_OK, "name=J. Jansen|phone=0612345678|interpreter=Pools", NULL, ""},
    {SL_RESIDENT, SL_FIELD_MISSING, "phone=0612345678", NULL, "name"},
    {SL_RESIDENT, SL_FIELD_INVALID, "name=J|phone=061234567890123456789", NULL, "phone"},
    {SL_NOTE, SL_OK, "text=Graag bellen op 06 12345678.\nNa vijven.", NULL, ""},
    {SL_NOTE, SL_FIELD_INVALID, "text=een \x1b[2J", NULL, "text"},
    {SL_NOTE, SL_FIELD_INVALID, "text=een \xc0\xaf", NULL, "text"},
    {SL_NOTE, SL_BSN_IN_TEXT, "text=het nummer is 111222333", NULL, "text"},
    {SL_NOTE, SL_FIELD_MISSING, "", NULL, "text"},
    {SL_NOTE, SL_OK, "text=x|ground_class=health", "harrowing_situation_signalled", ""},
    {SL_NOTE, SL_OK, "text=x|ground_class=health", "event_corrected", ""},
    {SL_NOTE, SL_FIELD_INVALID, "text=x|ground_class=health", "dossier_question", "ground_class"},
    {SL_NOTE, SL_FIELD_INVALID, "text=x|ground_class=other reasons", "event_corrected",
     "ground_class"},
};

static const struct sl_type *type_for(size_t index)
{
    if (cases[index].type != NULL)
        return sl_type_find(sl_text(cases[index].type));
    size_t i = 0;
    while (((sl_type_at(i)->required | sl_type_at(i)->optional) >> cases[index].section & 1) == 0)
        i++;
    return sl_type_at(i);
}

static void each_section_is_judged(void **state)
{
    (void)state;
    struct sl_arena arena;
    sl_arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sl_error error = {0};
        const char *field = NULL;
        struct sl_bytes content = pack(&arena, cases[i].section, cases[i].text);
        int result = sl_section_check(&arena, type_for(i), cases[i].section, content, HOUSE, &field,
                                      &error);
        if (result != (cases[i].wanted == SL_OK ? 0 : -1) || error.code != cases[i].wanted ||
            (result < 0 && (strcmp(field, cases[i].field) != 0 ||
                            strncmp(error.text, field, strlen(field)) != 0)))
            fail_msg("%s: %s: %s %s", sl_section_name(cases[i].section), cases[i].text,
                     sl_code_name(error.code), error.text);
        assert_null(strstr(error.text, "111222333"));
        sl_arena_clear(&arena);
    }
    sl_arena_free(&arena);
}

static void a_subject_that_is_not_known_is_not_compared(void **state)
{
    (void)state;
    struct sl_arena arena;
    struct sl_error error = {0};
    const char *field = NULL;
    sl_arena_init(&arena, 0);
    const struct sl_type *type = sl_type_find(sl_text("municipality_advised"));
    struct sl_bytes content = pack(&arena, SL_LOCATION, "bag_id=" HOUSE "|municipality=0014");
    assert_int_equal(sl_section_check(&arena, type, SL_LOCATION, content, "", &field, &error), 0);
    assert_int_equal(sl_section_check(&arena, type, SL_LOCATION, content, PAND, &field, &error),
                     -1);
    sl_arena_free(&arena);
}

static void lists_and_texts_have_their_sizes(void **state)
{
    (void)state;
    struct sl_arena arena;
    const struct sl_type *type = sl_type_find(sl_text("event_corrected"));
    for (size_t count = SL_MAX_LIST; count <= SL_MAX_LIST + 1; count++) {
        struct sl_error error = {0};
        struct sl_buffer text = {0};
        const char *field = NULL;
        sl_arena_init(&arena, 0);
        sl_buffer_printf(&text, "found_on=2021-02-01");
        for (size_t i = 0; i < count; i++)
            sl_buffer_printf(&text, "|measures=m%zu", i);
        sl_buffer_add(&text, "", 1);
        struct sl_bytes content = pack(&arena, SL_FINDINGS, (const char *)text.data);
        assert_int_equal(
            sl_section_check(&arena, type, SL_FINDINGS, content, HOUSE, &field, &error),
            count > SL_MAX_LIST ? -1 : 0);
        sl_buffer_clear(&text);
        sl_buffer_printf(&text, "text=");
        for (size_t i = 0; i < 4000 + count - SL_MAX_LIST; i++)
            sl_buffer_printf(&text, "é"); /* characters, not bytes */
        sl_buffer_add(&text, "", 1);
        content = pack(&arena, SL_NOTE, (const char *)text.data);
        assert_int_equal(sl_section_check(&arena, type, SL_NOTE, content, HOUSE, &field, &error),
                         count > SL_MAX_LIST ? -1 : 0);
        sl_buffer_free(&text);
        sl_arena_free(&arena);
    }
}

/* Whatever the bytes are: a verdict, and no more memory than the arena has. */
static void bent_bytes_are_no_trouble(void **state)
{
    (void)state;
    static const struct sl_bytes bad[] = {{(const uint8_t *)"\x0a\xff\xff\xff\xff\x0f", 6},
                                          {(const uint8_t *)"\x0b\x0c", 2},
                                          {(const uint8_t *)"\x00\x00", 2},
                                          {(const uint8_t *)"\x0a", 1}};
    struct sl_arena arena;
    struct sl_error error = {0};
    const char *field = NULL;
    size_t refused = 0;
    sl_arena_init(&arena, 64 * 1024);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t bytes[512];
        struct sl_bytes content = pack(&arena, cases[i].section, cases[i].text);
        assert_true(content.size <= sizeof bytes);
        for (size_t k = 0; k < 2 * content.size; k++) {
            memcpy(bytes, content.data, content.size);
            bytes[k / 2] ^= (uint8_t)(k % 2 == 0 ? 0x80 : 0x07);
            struct sl_bytes bent = sl_bytes(bytes, k % 3 == 0 ? k / 2 : content.size);
            refused += sl_section_check(&arena, type_for(i), cases[i].section, bent, HOUSE, &field,
                                        &error) < 0;
            assert_non_null(field);
            sl_arena_clear(&arena);
            content = pack(&arena, cases[i].section, cases[i].text);
        }
        sl_arena_clear(&arena);
    }
    assert_true(refused > 1000);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(
            sl_section_check(&arena, type_for(0), SL_DOSSIER, bad[i], HOUSE, &field, &error), -1);
        assert_int_equal(error.code, SL_MALFORMED);
        assert_string_equal(field, "");
    }
    assert_int_equal(sl_section_check(&arena, type_for(0), SL_ORIGIN, bad[0], "", &field, &error),
                     -1);
    assert_int_equal(
        sl_section_check(&arena, type_for(0), SL_NO_SECTION, bad[0], "", &field, &error), -1);
    sl_arena_free(&arena);
}

/* ---------------------------------------------------------------- values */

static void each_kind_takes_its_values(void **state)
{
    (void)state;
    static const struct {
        enum sl_kind kind;
        const char *values;
        const char *good; /* blank between */
        const char *bad;
    } kinds[] = {
        {SL_KIND_YES_NO, NULL, "yes no", "Yes unknown y true"},
        {SL_KIND_YES_NO_UNKNOWN, NULL, "yes no unknown", "maybe"},
        {SL_KIND_CODE, "a|bc|d_e", "a bc d_e", "b a|bc ac A d"},
        {SL_KIND_CODE_SET, "a|bc", "a bc a,bc bc,a", "a,a bc,a,bc , a, ,a a,,bc b"},
        {SL_KIND_WORD, NULL, "a abc a_1 a1234 z_ abcdefghijklmnopqrstuvwxyzabcdefghijklmn",
         "1a _a A a-b a12345 a1b2c3d4e5 abcdefghijklmnopqrstuvwxyzabcdefghijklmno é"},
        {SL_KIND_DATE, NULL, "2021-02-28 2024-02-29 1970-01-01",
         "2021-02-29 2021-2-1 21-02-01 2021-13-01 2021-00-01 2021/02/01 2021-02-01T00:00:00Z"},
        {SL_KIND_NUMBER, NULL, "1 999999999", "0 01 -1 +1 1.0 1e3 1000000000 x"},
        {SL_KIND_MUNICIPALITY, NULL, "0014 1979", "014 00014 gm14 001x"},
        {SL_KIND_BAG_ID, "20|10", HOUSE " " PAND,
         "0014010000000001 0014200000000000 001420000000001"},
        {SL_KIND_BAG_ID, "10", PAND, HOUSE},
        {SL_KIND_TEXT, NULL, "a 111222333 é", "12345678901"},
        {SL_KIND_FREE_TEXT, NULL, "a é", "111222333 12345678901"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const struct sl_field field = {"field", kinds[i].kind, false, kinds[i].values, 10};
        for (int good = 0; good < 2; good++) {
            const char *text = good == 1 ? kinds[i].good : kinds[i].bad;
            while (*text != '\0') {
                struct sl_error error = {0};
                size_t size = strcspn(text, " ");
                if (sl_field_check(&field, sl_bytes(text, size), SL_FIELD_INVALID, &error) !=
                    good - 1)
                    fail_msg("kind %d, good %d: %.*s", (int)kinds[i].kind, good, (int)size, text);
                assert_true(good == 1 || error.code == SL_FIELD_INVALID ||
                            error.code == SL_BSN_IN_TEXT);
                text += size;
                text += *text == ' ';
            }
        }
        struct sl_error error = {0};
        assert_int_equal(sl_field_check(&field, sl_text(""), SL_FIELD_INVALID, &error), -1);
        assert_int_equal(sl_field_check(&field, sl_bytes(NULL, 0), SL_FIELD_INVALID, &error), -1);
        assert_int_equal(sl_field_check(&field, sl_bytes("a\0b", 3), SL_FIELD_INVALID, &error), -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_section_is_judged),
        cmocka_unit_test(a_subject_that_is_not_known_is_not_compared),
        cmocka_unit_test(lists_and_texts_have_their_sizes),
        cmocka_unit_test(bent_bytes_are_no_trouble),
        cmocka_unit_test(each_kind_takes_its_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
