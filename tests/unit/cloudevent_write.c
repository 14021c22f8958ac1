/* CloudEvents out: what a back office receives of an event, of the router and of its adapter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "samenloop/v1/sections.pb-c.h"
#include "schemas/cloudevent.h"
#include "schemas/limits.h"
#include "schemas/timestamp.h"
#include "tests/json_tree.h"

#define BAG "0014200000000001"
#define PAND "0014100000000001"
#define UUID_TEXT "01000000-0000-4000-8000-00000000abcd"
#define SOURCE "urn:nld:oin:00000004164164164000:systeem:zaken"
#define CASE                                                                                       \
    "{\"specversion\":\"1.0\",\"id\":\"doc-1\",\"source\":\"" SOURCE "\","                         \
    "\"type\":\"nl.samenloop.damage_case_opened\",\"subject\":\"" BAG "\","                        \
    "\"time\":\"2021-02-01T10:00:00Z\",\"correlationid\":\"" UUID_TEXT "\",\"extra\":\"één\","   \
    "\"data\":{\"attributes\":{\"occurred_at\":\"2021-02-01T08:30:00Z\",\"building\":\"" PAND      \
    "\",\"initial_load\":\"yes\"}}}"

enum { LINE_MAX_BYTES = 256 * 1024 };

static struct sl_arena arena;
static struct sl_mac *key;
static struct sl_event event;
static struct sl_error error;
static struct sl_buffer out;

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
    sl_buffer_free(&out);
    return 0;
}

static bool any_house(void *context, struct sl_bytes bag_id, uint8_t pseudonym[SL_HASH_SIZE])
{
    (void)context;
    memset(pseudonym, 0, SL_HASH_SIZE);
    memcpy(pseudonym, bag_id.data, bag_id.size);
    return true;
}

static void take(const char *participant, const json_t *object)
{
    struct sl_refusal refusal;
    struct sl_door door = {
        .participant = participant,
        .oin = "00000004164164164000",
        .publisher = sl_organisation_of(participant),
        .content = key,
        .house = any_house,
    };
    if (door.publisher == SL_NCG)
        door.oin = "00000004165165165000";
    if (door.publisher == SL_MUNICIPALITY)
        door.oin = "00000001000000014000";
    assert_int_equal(sl_timestamp_parse(&door.now, sl_text("2021-06-01T00:00:00Z")), 0);
    sl_arena_clear(&arena);
    if (sl_cloudevent_take(&event, &arena, &door, SL_BACK_OFFICE, json_tree(&arena, object),
                           &refusal) < 0)
        fail_msg("%s", refusal.error.text);
}

/* As at the other end: of what the publisher made there is only a header and opened sections. */
static void deliver(void)
{
    struct sl_event sent = event;
    if (sl_event_opened(&event, &arena, &sent.header, sent.sections, sent.present, &error) < 0)
        fail_msg("%s", error.text);
    assert_ptr_equal(event.type, sent.type);
    assert_true(sl_bytes_equal(event.id, sent.id));
    assert_string_equal(event.subject, sent.subject);
}

static void take_case(void)
{
    json_t *object = json_loads(CASE, 0, NULL);
    take("img", object);
    json_decref(object);
}

static struct sl_bytes name_of_house(void *context, const uint8_t pseudonym[SL_HASH_SIZE])
{
    (void)context;
    return pseudonym[0] == '0' ? sl_bytes(pseudonym, 16) : sl_bytes(NULL, 0);
}

static struct sl_bytes name_of_event(void *context, const uint8_t uuid[SL_UUID_SIZE])
{
    (void)uuid;
    return sl_text(context);
}

static const struct sl_names names = {"doc-0", name_of_house, name_of_event};

static json_t *written(const Samenloop__V1__Delivery *delivery, uint64_t position,
                       const struct sl_names *known)
{
    sl_buffer_clear(&out);
    if (sl_cloudevent_write(&out, &arena, &event, delivery, position, known, &error) < 0)
        fail_msg("%s", error.text);
    json_t *object = json_loadb((const char *)out.data, out.size, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(object);
    return object;
}

/* Of each pair of name and value: what the object says; NULL is what it does not have. */
static void says(const json_t *object, const char *const (*wanted)[2], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *value = json_string_value(json_object_get(object, wanted[i][0]));
        const char *right = wanted[i][1];
        if ((value == NULL) != (right == NULL) || (right != NULL && strcmp(value, right) != 0))
            fail_msg("%s is %s, wanted %s", wanted[i][0], value == NULL ? "not there" : value,
                     right == NULL ? "none" : right);
    }
}

#define SAYS(object, ...)                                                                          \
    says(object, (const char *const[][2]){__VA_ARGS__},                                            \
         sizeof((const char *const[][2]){__VA_ARGS__}) / sizeof(const char *[2]))

static Samenloop__V1__Ground grounds[2];
static Samenloop__V1__Ground *ground_list[] = {&grounds[0], &grounds[1]};

static Samenloop__V1__Delivery delivery_of(const char *name)
{
    Samenloop__V1__Delivery delivery = SAMENLOOP__V1__DELIVERY__INIT;
    for (size_t i = 0; i < 2; i++)
        grounds[i] = (Samenloop__V1__Ground)SAMENLOOP__V1__GROUND__INIT;
    grounds[0].rule = sl_to_pb(sl_text("ask-the-work-stock"));
    grounds[0].clause = sl_to_pb(sl_text("C2"));
    grounds[1].rule = sl_to_pb(sl_text("structural-damage-reaches-ncg"));
    grounds[1].clause = sl_to_pb(sl_text("C1"));
    grounds[0].quotation = sl_to_pb(sl_text("indien … geen onderdeel"));
    grounds[1].quotation = sl_to_pb(sl_text("informeert het IMG de \"NCG\""));
    delivery.name = sl_to_pb(sl_text(name));
    delivery.lane = SAMENLOOP__V1__LANE__LANE_ORDINARY;
    delivery.number = 7;
    delivery.role = SAMENLOOP__V1__ROLE__ROLE_JOINT_TEAM;
    delivery.rules = ground_list;
    delivery.n_rules = 2;
    delivery.journal_number = UINT64_C(9007199254740993);
    assert_int_equal(sl_timestamp_parse(&delivery.accepted_at, sl_text("2021-02-01T11:00:00Z")), 0);
    assert_int_equal(sl_timestamp_parse(&delivery.deadline, sl_text("2021-02-08T23:00:00Z")), 0);
    return delivery;
}

/* ---------------------------------------------------------------- events */

static void test_every_type_comes_out_as_it_went_in(void **state)
{
    (void)state;
    static char line[LINE_MAX_BYTES];
    char path[512];
    Samenloop__V1__Delivery bare = SAMENLOOP__V1__DELIVERY__INIT;
    size_t count = 0;
    (void)snprintf(path, sizeof path, "%s/tests/vectors/events.jsonl", getenv("ROOT"));
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    for (; fgets(line, sizeof line, file) != NULL; count++) {
        json_t *example = json_loads(line, 0, NULL);
        json_t *sent = json_object_get(example, "event");
        take(json_string_value(json_object_get(example, "from")), sent);
        deliver();
        json_t *received = written(&bare, 0, NULL);
        if (!json_equal(sent, received))
            fail_msg("%s became %.*s", line, (int)out.size, (const char *)out.data);
        json_decref(received);
        json_decref(example);
    }
    (void)fclose(file);
    assert_int_equal(count, sl_type_count());
}

static void test_event(void **state)
{
    (void)state;
    Samenloop__V1__Delivery delivery = delivery_of("");
    take_case();
    deliver();
    json_t *object = written(&delivery, UINT64_MAX, &names);
    SAYS(object, {"specversion", "1.0"}, {"id", "doc-1"}, {"source", SOURCE}, {"subject", BAG},
         {"extra", "één"}, {"type", "nl.samenloop.damage_case_opened"},
         {"time", "2021-02-01T10:00:00Z"},
         {"rule", "ask-the-work-stock,structural-damage-reaches-ncg"}, {"clause", "C2,C1"},
         {"quotation", "C2 “indien … geen onderdeel”, C1 “informeert het IMG de \"NCG\"”"},
         {"role", "joint_team"}, {"journalseq", "9007199254740993"},
         {"deadline", "2021-02-08T23:00:00Z"}, {"inboxposition", "18446744073709551615"},
         {"correlationid", "doc-0"}, {"causationid", NULL}, {"traceparent", NULL});
    json_t *attributes = json_object_get(json_object_get(object, "data"), "attributes");
    SAYS(attributes, {"occurred_at", "2021-02-01T08:30:00Z"}, {"building", PAND},
         {"initial_load", "yes"}, {"subject_kind", NULL});
    json_decref(object);
    object = written(&delivery, 0, NULL);
    SAYS(object, {"correlationid", UUID_TEXT}, {"inboxposition", NULL});
    SAYS(json_object_get(json_object_get(object, "data"), "attributes"), {"building", NULL});
    json_decref(object);
}

/* A receiver that was not given the origin knows the house by its pseudonym, and the UUID. */
static void test_without_origin(void **state)
{
    (void)state;
    Samenloop__V1__Delivery delivery = delivery_of("");
    take_case();
    struct sl_event sent = event;
    assert_int_equal(sl_event_opened(&event, &arena, &sent.header, sent.sections, 0, &error), 0);
    json_t *object = written(&delivery, 0, &names);
    SAYS(object, {"id", "9fe4cbc1-9406-5718-b12d-4471f3fdf1ec"}, {"subject", BAG}, {"extra", NULL});
    json_decref(object);
    object = written(&delivery, 0, NULL);
    SAYS(object, {"subject", NULL});
    json_decref(object);
}

static void set_origin(Samenloop__V1__Origin *origin)
{
    static uint8_t packed[1024];
    assert_true(samenloop__v1__origin__get_packed_size(origin) <= sizeof packed);
    event.sections[SL_ORIGIN] = sl_bytes(packed, samenloop__v1__origin__pack(origin, packed));
}

static int open_again(void)
{
    struct sl_event sent = event;
    struct sl_event opened;
    return sl_event_opened(&opened, &arena, &sent.header, sent.sections, sent.present, &error);
}

static void test_forged_origin(void **state)
{
    (void)state;
    Samenloop__V1__Origin origin = SAMENLOOP__V1__ORIGIN__INIT;
    take_case();
    origin.id = sl_to_pb(sl_text("doc-1"));
    set_origin(&origin);
    assert_int_equal(open_again(), 0);
    origin.id = sl_to_pb(sl_text("doc-2"));
    set_origin(&origin);
    assert_int_equal(open_again(), -1);
    assert_int_equal(error.code, SL_MALFORMED);
    origin.id = sl_to_pb(sl_text(""));
    origin.bag_id = sl_to_pb(sl_text(PAND));
    set_origin(&origin);
    assert_int_equal(open_again(), -1);
    assert_int_equal(error.code, SL_SUBJECT_INVALID);
    event.sections[SL_ORIGIN] = sl_text("\x0a\x7fno message");
    assert_int_equal(open_again(), -1);
}

/* Another house's adapter may have left out its checks. */
static void test_forged_extensions(void **state)
{
    (void)state;
    Samenloop__V1__Delivery delivery = delivery_of("");
    Samenloop__V1__Origin origin = SAMENLOOP__V1__ORIGIN__INIT;
    enum { FORGED = 6 };
    Samenloop__V1__Extension extensions[FORGED];
    Samenloop__V1__Extension *list[FORGED];
    static const char *const forged[][2] = {
        {"role", "back_office"},   {"id", "x"},        {"Extra", "x"}, {"extra", "a\x1b[31m"},
        {"twice", "first of two"}, {"twice", "second"}};
    for (size_t i = 0; i < FORGED; i++) {
        extensions[i] = (Samenloop__V1__Extension)SAMENLOOP__V1__EXTENSION__INIT;
        extensions[i].name = sl_to_pb(sl_text(forged[i][0]));
        extensions[i].value = sl_to_pb(sl_text(forged[i][1]));
        list[i] = &extensions[i];
    }
    origin.extensions = list;
    origin.n_extensions = FORGED;
    take_case();
    set_origin(&origin);
    json_t *object = written(&delivery, 0, NULL);
    SAYS(object, {"id", "doc-1"}, {"role", "joint_team"}, {"Extra", NULL}, {"extra", NULL},
         {"twice", "first of two"});
    json_decref(object);
}

static void test_what_is_no_section(void **state)
{
    (void)state;
    Samenloop__V1__Delivery delivery = delivery_of("");
    static const char *const bad[] = {"\x0a\x7f", "\x0a\x02\xff\xfe"};
    take_case();
    event.present |= sl_section_bit(SL_DOSSIER);
    sl_buffer_clear(&out);
    sl_buffer_add(&out, "before", 6);
    for (size_t i = 0; i < 2; i++) {
        event.sections[SL_DOSSIER] = sl_text(bad[i]);
        assert_int_equal(sl_cloudevent_write(&out, &arena, &event, &delivery, 0, NULL, &error), -1);
        assert_int_equal(error.code, SL_MALFORMED);
        assert_int_equal(out.size, 6);
    }
}

/* ---------------------------------------------------------------- the router's and the adapter's
 */

static void test_instruction(void **state)
{
    (void)state;
    Samenloop__V1__Delivery delivery = delivery_of("check_work_stock");
    uint8_t uuid[SL_UUID_SIZE];
    char id[SL_UUID_TEXT];
    take_case();
    deliver();
    json_t *object = written(&delivery, 3, NULL);
    sl_derived_id(uuid, sl_from_pb(event.header.event_id), &delivery);
    sl_uuid_format(id, uuid);
    SAYS(object, {"id", id}, {"source", "urn:samenloop:router"},
         {"type", "nl.samenloop.check_work_stock"}, {"causationid", "doc-1"}, {"subject", BAG},
         {"time", "2021-02-01T11:00:00Z"}, {"inboxposition", "3"},
         {"deadline", "2021-02-08T23:00:00Z"}, {"extra", NULL});
    json_t *data = json_object_get(object, "data");
    SAYS(json_object_get(data, "attributes"), {"about", "damage_case_opened"},
         {"occurred_at", "2021-02-01T11:00:00Z"});
    assert_int_equal(json_object_size(data), 1);
    json_decref(object);
    delivery.attempt = 2;
    object = written(&delivery, 3, NULL);
    SAYS(object, {"id", id});
    json_decref(object);
    delivery.number++;
    sl_derived_id(uuid, sl_from_pb(event.header.event_id), &delivery);
    assert_int_equal(uuid[6] >> 4, 5);
    char other[SL_UUID_TEXT];
    sl_uuid_format(other, uuid);
    assert_string_not_equal(other, id);
}

static void test_notice(void **state)
{
    (void)state;
    Samenloop__V1__Delivery delivery = delivery_of("joint_list_changed");
    Samenloop__V1__Detail detail = SAMENLOOP__V1__DETAIL__INIT;
    Samenloop__V1__Detail *details[] = {&detail};
    static uint8_t unknown[SL_HASH_SIZE] = {1};
    static uint8_t known[SL_HASH_SIZE] = "0014200000000002";
    ProtobufCBinaryData subjects[] = {{sizeof unknown, unknown}, {sizeof known, known}};
    detail.name = sl_to_pb(sl_text("grounds"));
    detail.value = sl_to_pb(sl_text("complex"));
    delivery.details = details;
    delivery.n_details = 1;
    delivery.subjects = subjects;
    delivery.n_subjects = 2;
    delivery.deadline = 0;
    take_case();
    json_t *object = written(&delivery, 0, &names);
    json_t *data = json_object_get(object, "data");
    SAYS(object, {"type", "nl.samenloop.joint_list_changed"}, {"deadline", NULL});
    SAYS(json_object_get(data, "details"), {"grounds", "complex"});
    json_t *houses = json_object_get(data, "subjects");
    assert_int_equal(json_array_size(houses), 1);
    assert_string_equal(json_string_value(json_array_get(houses, 0)), "0014200000000002");
    json_decref(object);
}

static json_t *answered(const struct sl_answer *answer)
{
    sl_buffer_clear(&out);
    assert_int_equal(sl_cloudevent_answer(&out, answer, &error), 0);
    json_t *object = json_loadb((const char *)out.data, out.size, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(object);
    return object;
}

static void test_answer(void **state)
{
    (void)state;
    Samenloop__V1__Result result = SAMENLOOP__V1__RESULT__INIT;
    Samenloop__V1__Remark remark = SAMENLOOP__V1__REMARK__INIT;
    Samenloop__V1__Remark *remarks[] = {&remark};
    struct sl_answer answer = {sl_text("doc-1"),
                               sl_text(SOURCE),
                               sl_text("works_done"),
                               sl_text(BAG),
                               SL_CONTACT_PERSON,
                               INT64_C(1612177200000),
                               &result,
                               5};
    result.verdict = SAMENLOOP__V1__VERDICT__VERDICT_REFUSED;
    result.code = sl_to_pb(sl_text("time_window"));
    result.sentence = sl_to_pb(sl_text("too late"));
    json_t *object = answered(&answer);
    SAYS(object, {"source", "urn:samenloop:adapter"}, {"type", "nl.samenloop.event_refused"},
         {"causationid", "doc-1"}, {"subject", BAG}, {"role", "contact_person"},
         {"inboxposition", "5"}, {"journalseq", NULL}, {"time", "2021-02-01T11:00:00Z"});
    SAYS(json_object_get(object, "data"), {"code", "time_window"}, {"sentence", "too late"},
         {"source", SOURCE}, {"type", "works_done"});
    char *first = strdup(json_string_value(json_object_get(object, "id")));
    json_decref(object);
    answer.at++;
    object = answered(&answer);
    assert_string_not_equal(first, json_string_value(json_object_get(object, "id")));
    free(first);
    json_decref(object);

    result = (Samenloop__V1__Result)SAMENLOOP__V1__RESULT__INIT;
    result.verdict = SAMENLOOP__V1__VERDICT__VERDICT_ACCEPTED;
    result.journal_number = 12;
    result.remarks = remarks;
    result.n_remarks = 1;
    remark.rule = sl_to_pb(sl_text("restricted"));
    remark.sentence = sl_to_pb(sl_text("restricted by ncg"));
    object = answered(&answer);
    SAYS(object, {"type", "nl.samenloop.event_withheld"}, {"journalseq", "12"});
    json_t *list = json_object_get(json_object_get(object, "data"), "remarks");
    assert_int_equal(json_array_size(list), 1);
    SAYS(json_array_get(list, 0), {"rule", "restricted"}, {"clause", NULL},
         {"sentence", "restricted by ncg"});
    json_decref(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type_comes_out_as_it_went_in),
        cmocka_unit_test(test_event),
        cmocka_unit_test(test_without_origin),
        cmocka_unit_test(test_forged_origin),
        cmocka_unit_test(test_forged_extensions),
        cmocka_unit_test(test_what_is_no_section),
        cmocka_unit_test(test_instruction),
        cmocka_unit_test(test_notice),
        cmocka_unit_test(test_answer),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
