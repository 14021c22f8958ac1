/* CloudEvents in: what a back office hands over, and what it is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "samenloop/v1/sections.pb-c.h"
#include "schemas/check.h"
#include "schemas/cloudevent.h"
#include "schemas/limits.h"
#include "schemas/subject.h"
#include "schemas/timestamp.h"
#include "tests/json_tree.h"

#define IMG_SOURCE "urn:nld:oin:00000004164164164000:systeem:zaken"
#define BAG "0014200000000001"
#define PAND "0014100000000001"
#define UUID_TEXT "01000000-0000-4000-8000-00000000abcd"
#define FINDING                                                                                    \
    "{\"specversion\":\"1.0\",\"id\":\"doc-1\",\"source\":\"" IMG_SOURCE "\","                     \
    "\"type\":\"nl.samenloop.damage_case_opened\",\"subject\":\"" BAG "\","                        \
    "\"time\":\"2021-02-01T10:00:00Z\",\"data\":{\"attributes\":{"                                 \
    "\"occurred_at\":\"2021-02-01T08:30:00.25+01:00\"}}}"

enum { LINE_MAX_BYTES = 256 * 1024 };

static struct sl_arena arena;
static struct sl_mac *key;
static struct sl_event event;
static struct sl_refusal refusal;

static bool house(void *context, struct sl_bytes bag_id, uint8_t pseudonym[SL_HASH_SIZE])
{
    (void)context;
    memset(pseudonym, 7, SL_HASH_SIZE);
    return sl_bytes_is(bag_id, BAG);
}

static bool known_event(void *context, struct sl_bytes id, uint8_t uuid[SL_UUID_SIZE])
{
    memset(uuid, 8, SL_UUID_SIZE);
    return sl_bytes_is(id, context);
}

static struct sl_door door_of(const char *participant)
{
    struct sl_door door = {
        .participant = participant,
        .oin = "00000004164164164000",
        .publisher = sl_organisation_of(participant),
        .pseudonym = key,
        .content = key,
        .context = "doc-known",
        .event = known_event,
    };
    assert_int_equal(sl_timestamp_parse(&door.now, sl_text("2021-06-01T00:00:00Z")), 0);
    assert_int_equal(sl_timestamp_parse(&door.in_force, sl_text("2021-01-31T23:00:00Z")), 0);
    if (door.publisher == SL_NCG)
        door.oin = "00000004165165165000";
    if (door.publisher == SL_MUNICIPALITY) {
        door.oin = "00000001000000014000";
        door.house = house;
        door.pseudonym = NULL;
    }
    return door;
}

static int setup(void **state)
{
    (void)state;
    static const uint8_t zeros[SL_KEY_SIZE];
    key = sl_mac_new(zeros);
    sl_arena_init(&arena, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sl_mac_free(key);
    sl_arena_free(&arena);
    return 0;
}

/* ---------------------------------------------------------------- files of examples */

static FILE *open_vectors(const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/tests/vectors/%s", getenv("ROOT"), name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    return file;
}

static json_t *next_line(FILE *file)
{
    static char line[LINE_MAX_BYTES];
    if (fgets(line, sizeof line, file) == NULL)
        return NULL;
    json_t *value = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(value);
    return value;
}

static const char *string_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

/* The value that a pointer names; NULL: none. */
static json_t *at_pointer(json_t *value, const char *pointer)
{
    char name[SL_POINTER_SIZE];
    while (value != NULL && *pointer == '/') {
        size_t size = strcspn(++pointer, "/");
        (void)snprintf(name, sizeof name, "%.*s", (int)size, pointer);
        value = json_object_get(value, name);
        pointer += size;
    }
    return value;
}

static int hand_over(const json_t *example)
{
    struct sl_door door = door_of(string_of(example, "from"));
    const json_t *object = json_object_get(example, "event");
    sl_arena_clear(&arena);
    if (object == NULL)
        return sl_cloudevent_read(&event, &arena, &door, SL_BACK_OFFICE,
                                  sl_text(string_of(example, "text")), &refusal);
    return sl_cloudevent_take(&event, &arena, &door, SL_BACK_OFFICE, json_tree(&arena, object),
                              &refusal);
}

/* A sentence names the field, and repeats nothing of what stands there. */
static void check_silence(json_t *example)
{
    json_t *value = at_pointer(json_object_get(example, "event"), refusal.field);
    size_t size = json_string_length(value);
    if (size >= 6 && refusal.error.code != SL_SOURCE_MISMATCH &&
        strstr(refusal.error.text, json_string_value(value)) != NULL)
        fail_msg("%s: \"%s\" repeats the value", string_of(example, "name"), refusal.error.text);
    assert_null(strstr(refusal.error.text, "111222333"));
    assert_null(strstr(refusal.field, "111222333"));
}

static void test_every_refusal(void **state)
{
    (void)state;
    FILE *file = open_vectors("refusals.jsonl");
    size_t seen[SL_CODES] = {0};
    for (json_t *example; (example = next_line(file)) != NULL; json_decref(example)) {
        int result = hand_over(example);
        const char *code = result == 0 ? "taken" : sl_code_name(refusal.error.code);
        if (strcmp(code, string_of(example, "code")) != 0 ||
            strcmp(refusal.field, string_of(example, "field")) != 0)
            fail_msg("%s: %s %s \"%s\", wanted %s %s", string_of(example, "name"), code,
                     refusal.field, refusal.error.text, string_of(example, "code"),
                     string_of(example, "field"));
        check_silence(example);
        seen[refusal.error.code]++;
    }
    (void)fclose(file);
    for (int code = SL_MALFORMED; code <= SL_TIME_WINDOW; code++) {
        if (code != SL_TOO_LARGE && seen[code] == 0) /* see the next test */
            fail_msg("no example of %s", sl_code_name((enum sl_code)code));
    }
}

static void test_size(void **state)
{
    (void)state;
    struct sl_door door = door_of("img");
    json_t *object = json_loads(FINDING, 0, NULL);
    char *filler = sl_new(SL_MAX_EVENT + 1, 1);
    memset(filler, 'x', SL_MAX_EVENT);
    size_t rest = SL_MAX_EVENT - json_dumpb(object, NULL, 0, JSON_COMPACT);
    static const size_t frame = sizeof ",\"dataschema\":\"\"" - 1;
    assert_int_equal(json_object_set_new(object, "dataschema", json_stringn(filler, rest - frame)),
                     0);
    assert_int_equal(json_dumpb(object, NULL, 0, JSON_COMPACT), SL_MAX_EVENT);
    assert_int_equal(sl_cloudevent_take(&event, &arena, &door, SL_BACK_OFFICE,
                                        json_tree(&arena, object), &refusal),
                     0);
    assert_int_equal(
        json_object_set_new(object, "dataschema", json_stringn(filler, rest - frame + 1)), 0);
    assert_int_equal(sl_cloudevent_take(&event, &arena, &door, SL_BACK_OFFICE,
                                        json_tree(&arena, object), &refusal),
                     -1);
    assert_int_equal(refusal.error.code, SL_TOO_LARGE);
    assert_int_equal(json_object_set_new(object, "time", json_string("yesterday")), 0);
    assert_int_equal(sl_cloudevent_take(&event, &arena, &door, SL_BACK_OFFICE,
                                        json_tree(&arena, object), &refusal),
                     -1);
    assert_int_equal(refusal.error.code, SL_MALFORMED);
    assert_int_equal(sl_cloudevent_read(&event, &arena, &door, SL_BACK_OFFICE,
                                        sl_bytes(filler, SL_MAX_EVENT + 1), &refusal),
                     -1);
    assert_int_equal(refusal.error.code, SL_TOO_LARGE);
    free(filler);
    json_decref(object);
}

/* ---------------------------------------------------------------- what is taken */

static void take(struct sl_door door, enum sl_role role, const char *text)
{
    sl_arena_clear(&arena);
    if (sl_cloudevent_read(&event, &arena, &door, role, sl_text(text), &refusal) < 0)
        fail_msg("%s: %s", refusal.error.text, text);
}

static json_t *changed(const char *name, json_t *value)
{
    json_t *object = json_loads(FINDING, 0, NULL);
    assert_int_equal(json_object_set_new(object, name, value), 0);
    return object;
}

static void take_changed(const char *name, json_t *value)
{
    json_t *object = changed(name, value);
    char *text = json_dumps(object, 0);
    take(door_of("img"), SL_BACK_OFFICE, text);
    free(text);
    json_decref(object);
}

/* A header as it will be checked at the other end: sealing makes the digests. */
static void check_header(void)
{
    static uint8_t digest[SL_HASH_SIZE];
    static Samenloop__V1__SectionDigest digests[SL_SECTIONS];
    static Samenloop__V1__SectionDigest *list[SL_SECTIONS];
    Samenloop__V1__Header header = event.header;
    const struct sl_type *type = NULL;
    struct sl_error error = {0};
    header.sections = list;
    for (int i = SL_LOCATION; i <= SL_ORIGIN; i++) {
        if ((event.present & sl_section_bit((enum sl_section)i)) == 0)
            continue;
        digests[i] = (Samenloop__V1__SectionDigest)SAMENLOOP__V1__SECTION_DIGEST__INIT;
        digests[i].section = (Samenloop__V1__Section)i;
        digests[i].digest = (ProtobufCBinaryData){sizeof digest, digest};
        list[header.n_sections++] = &digests[i];
    }
    const char *publisher = (event.type->publishers & SL_IMG) != 0   ? "img"
                            : (event.type->publishers & SL_NCG) != 0 ? "ncg"
                                                                     : "gm0014";
    if (sl_header_check(&header, publisher, &type, &error) < 0)
        fail_msg("%s: %s", event.type->name, error.text);
}

static void test_every_type_is_taken(void **state)
{
    (void)state;
    FILE *file = open_vectors("events.jsonl");
    size_t index = 0;
    for (json_t *example; (example = next_line(file)) != NULL; json_decref(example), index++) {
        if (hand_over(example) < 0)
            fail_msg("%s: %s", sl_type_at(index)->name, refusal.error.text);
        assert_ptr_equal(event.type, sl_type_at(index));
        uint32_t sections = event.type->required | event.type->optional;
        assert_int_equal(event.present, sections | sl_section_bit(SL_ORIGIN));
        check_header();
    }
    (void)fclose(file);
    assert_int_equal(index, sl_type_count());
    assert_int_equal(index, 52);
}

static void test_header(void **state)
{
    (void)state;
    char hex[2 * SL_HASH_SIZE + 1];
    take(door_of("img"), SL_CONTACT_PERSON, FINDING);
    sl_hex(hex, event.header.subject.data, event.header.subject.len);
    assert_memory_equal(hex, "f5e42f1d90c0", 12);
    assert_string_equal(event.subject, BAG);
    assert_int_equal(event.header.publisher_role, SL_CONTACT_PERSON);
    char moment[SL_TIMESTAMP_SIZE];
    sl_timestamp_format(moment, event.header.occurred_at);
    assert_string_equal(moment, "2021-02-01T07:30:00.250Z");
    sl_timestamp_format(moment, event.header.recorded_at);
    assert_string_equal(moment, "2021-02-01T10:00:00Z");
    assert_true(sl_bytes_is(sl_from_pb(event.header.source), IMG_SOURCE));
    assert_true(sl_bytes_is(sl_from_pb(event.header.type), "damage_case_opened"));
    assert_false(event.header.initial_load);
}

static const Samenloop__V1__Origin *origin(void)
{
    const Samenloop__V1__Origin *unpacked = (const void *)sl_arena_unpack(
        &arena, &samenloop__v1__origin__descriptor, event.sections[SL_ORIGIN]);
    assert_non_null(unpacked);
    return unpacked;
}

static void test_ids(void **state)
{
    (void)state;
    char text[SL_UUID_TEXT];
    take_changed("id", json_string("doc-structural_damage_found"));
    sl_uuid_format(text, event.header.event_id.data);
    assert_string_equal(text, "38e0128f-514a-5941-935b-68dca521e645");
    assert_true(sl_bytes_is(sl_from_pb(origin()->id), "doc-structural_damage_found"));
    take_changed("id", json_string(UUID_TEXT));
    sl_uuid_format(text, event.header.event_id.data);
    assert_string_equal(text, UUID_TEXT);
    assert_int_equal(origin()->id.len, 0);
    assert_true(sl_bytes_is(sl_from_pb(origin()->bag_id), BAG));
    take_changed("id", json_string("01000000-0000-4000-8000-00000000ABCD"));
    sl_uuid_format(text, event.header.event_id.data);
    assert_string_equal(text, UUID_TEXT);
    assert_true(sl_bytes_is(sl_from_pb(origin()->id), "01000000-0000-4000-8000-00000000ABCD"));
    assert_true(sl_bytes_is(event.id, "01000000-0000-4000-8000-00000000ABCD"));
}

static void test_references(void **state)
{
    (void)state;
    static const uint8_t eights[SL_UUID_SIZE] = {8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8};
    take_changed("causationid", json_string("doc-known"));
    assert_memory_equal(event.header.causation_id.data, eights, sizeof eights);
    assert_int_equal(event.header.correlation_id.len, 0);
    take_changed("correlationid", json_string(UUID_TEXT));
    assert_int_equal(event.header.correlation_id.len, SL_UUID_SIZE);
    assert_int_equal(event.header.correlation_id.data[15], 0xcd);
    take_changed("causationid", json_null());
    assert_int_equal(event.header.causation_id.len, 0);
}

static void mac_of(uint8_t out[16], enum sl_role role, const char *text)
{
    take(door_of("img"), role, text);
    assert_int_equal(event.header.content_mac.len, 16);
    memcpy(out, event.header.content_mac.data, 16);
}

static void test_content_mac(void **state)
{
    (void)state;
    uint8_t first[16];
    uint8_t other[16];
    json_t *object = json_loads(FINDING, 0, NULL);
    char *sorted = json_dumps(object, JSON_SORT_KEYS | JSON_INDENT(3));
    mac_of(first, SL_BACK_OFFICE, FINDING);
    mac_of(other, SL_BACK_OFFICE, sorted);
    assert_memory_equal(first, other, sizeof first);
    mac_of(other, SL_JOINT_TEAM, FINDING);
    assert_memory_not_equal(first, other, sizeof first);
    free(sorted);
    json_decref(object);
    take_changed("time", json_string("2021-02-01T10:00:01Z"));
    assert_memory_not_equal(first, event.header.content_mac.data, sizeof first);
}

static void test_extensions(void **state)
{
    (void)state;
    json_t *object = json_loads(FINDING, 0, NULL);
    assert_int_equal(json_object_set_new(object, "number", json_integer(-42)), 0);
    assert_int_equal(json_object_set_new(object, "flag", json_true()), 0);
    assert_int_equal(json_object_set_new(object, "text", json_string("één")), 0);
    assert_int_equal(json_object_set_new(object, "nothing", json_null()), 0);
    char *text = json_dumps(object, 0);
    take(door_of("img"), SL_BACK_OFFICE, text);
    free(text);
    json_decref(object);
    static const char *const wanted[][2] = {{"number", "-42"}, {"flag", "true"}, {"text", "één"}};
    const Samenloop__V1__Origin *found = origin();
    assert_int_equal(found->n_extensions, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(sl_bytes_is(sl_from_pb(found->extensions[i]->name), wanted[i][0]));
        assert_true(sl_bytes_is(sl_from_pb(found->extensions[i]->value), wanted[i][1]));
    }
}

static void test_traceparent(void **state)
{
    (void)state;
    static const char good[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    static const char *const bad[] = {"", "x",
                                      "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
                                      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x"};
    take_changed("traceparent", json_string(good));
    assert_true(sl_bytes_is(sl_from_pb(event.header.traceparent), good));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        take_changed("traceparent", json_string(bad[i]));
        assert_int_equal(event.header.traceparent.len, 0);
    }
}

static void test_municipality(void **state)
{
    (void)state;
    static const uint8_t sevens[] = {7, 7, 7, 7};
    take(door_of("gm0014"), SL_BACK_OFFICE,
         "{\"specversion\":\"1.0\",\"id\":\"b-1\",\"source\":\"urn:nld:oin:00000001000000014000:"
         "systeem:x\",\"type\":\"nl.samenloop.municipality_decided\",\"subject\":\"" BAG
         "\",\"time\":\"2021-02-01T10:00:00Z\",\"data\":{\"attributes\":{\"occurred_at\":"
         "\"2021-02-01T10:00:00Z\",\"municipality\":\"0014\",\"decision\":\"included\","
         "\"building\":\"" PAND "\",\"initial_load\":\"yes\"}}}");
    assert_memory_equal(event.header.subject.data, sevens, sizeof sevens);
    assert_int_equal(event.header.building.len, 0);
    assert_true(event.header.initial_load);
    assert_true(sl_bytes_is(sl_header_attribute(&event.header, "decision"), "included"));
}

static void test_takes_no_part(void **state)
{
    (void)state;
    struct sl_door door = door_of("img");
    door.publisher = SL_NOBODY;
    assert_int_equal(
        sl_cloudevent_read(&event, &arena, &door, SL_BACK_OFFICE, sl_text(FINDING), &refusal), -1);
    assert_int_equal(refusal.error.code, SL_NOT_PERMITTED);
}

static void test_bounded_arena(void **state)
{
    (void)state;
    struct sl_arena small;
    struct sl_door door = door_of("img");
    sl_arena_init(&small, 1024);
    assert_int_equal(
        sl_cloudevent_read(&event, &small, &door, SL_BACK_OFFICE, sl_text(FINDING), &refusal), -1);
    assert_int_equal(refusal.error.code, SL_OVERLOAD);
    sl_arena_free(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_refusal),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_every_type_is_taken),
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_content_mac),
        cmocka_unit_test(test_extensions),
        cmocka_unit_test(test_traceparent),
        cmocka_unit_test(test_municipality),
        cmocka_unit_test(test_takes_no_part),
        cmocka_unit_test(test_bounded_arena),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
