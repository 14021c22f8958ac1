/* Another version of the agreement: it waits for its moment, is approved by both, or is refused. */
#include "tests/unit/router_house.h"

#include <stdio.h>

#include "router/approval.h"
#include "router/journal.h"

#define RULE                                                                                       \
    "rule inspect\n  when non_structural_damage_found from ncg\n"                                  \
    "  expect damage_inspection_planned from img within "

/* In force before the tests' first day; from its second (23:00 UTC); no agreement. */
static const char *const first =
    "agreement \"A\" version 1 in force from 2021-01-01T00:00+01:00\n" RULE "10 hours\n";
static const char *const second =
    "agreement \"A\" version 2 in force from 2021-02-02T00:00+01:00\n" RULE "5 hours\n";
static const char *const third =
    "agreement \"A\" version 3 in force from 2021-01-15T00:00+01:00\n" RULE "7 hours\n";
static const char *const wrong =
    "agreement \"A\" version 4 in force from 2021-01-15T00:00+01:00\n" RULE "7 fortnights\n";

enum { HOUR = 3600 * 1000 };
static const int64_t moment_of_second = 1612220400000; /* 2021-02-01T23:00:00Z */

struct town {
    struct house house;
    uint64_t ncg; /* its connection */
    uint64_t events;
};

static void open_town(struct town *town, const char *text)
{
    *town = (struct town){.house = {.storage = sl_storage_memory(),
                                    .agreement = sl_text(text),
                                    .moment = {start, 0}}};
    sl_arena_init(&town->house.arena, 0);
    open_router(&town->house);
    sync_house(&town->house);
    town->ncg = connect_to(&town->house, NCG, 100);
    router_sent(town->house.router);
}

static struct router_setup setup_of(const char *text, const struct sl_bytes *approvals)
{
    return (struct router_setup){.directory = &parties.directory,
                                 .roles = all_roles,
                                 .agreement = sl_text(text),
                                 .agreement_name = "new.rules",
                                 .approvals = approvals};
}

static int reload(struct town *town, const char *text, const struct sl_bytes *approvals,
                  struct sl_error *error)
{
    struct router_setup setup = setup_of(text, approvals);
    return router_reload(town->house.router, &setup, error);
}

static int64_t waits(const struct town *town)
{
    struct router_figures figures;
    router_figures(town->house.router, &figures);
    return figures.agreement_waits;
}

/* NCG finds damage at another house; `recorded` is in its back office. */
static void publish(struct town *town, int64_t recorded)
{
    struct party_event event;
    Samenloop__V1__Publish publish = SAMENLOOP__V1__PUBLISH__INIT;
    town->events++;
    party_event(&event, NCG, "non_structural_damage_found", town->events, town->events, recorded);
    party_attribute(&event, "extent", "normal");
    event.event.present |= 1u << SL_LOCATION | 1u << SL_FINDINGS;
    event.event.sections[SL_LOCATION] = sl_text("\x0a\x03img");
    event.event.sections[SL_FINDINGS] = sl_text("\x0a\x03img");
    publish.lane = SAMENLOOP__V1__LANE__LANE_ORDINARY;
    publish.position = town->events;
    publish.bundle = party_seal(&parties, &town->house.arena, NCG, &event, 1);
    sl_wire_publish(&town->house.frame, &publish);
    say(&town->house, town->ncg, NCG);
}

/* The lines since the last time have this text (or, with NULL, there are none). */
static void expect_line(struct town *town, const char *text)
{
    sync_house(&town->house);
    struct sl_bytes lines = router_lines(town->house.router);
    if (text == NULL)
        assert_int_equal(lines.size, 0);
    else if (memmem(lines.data, lines.size, text, strlen(text)) == NULL)
        fail_msg("%s is not in\n%.*s", text, (int)lines.size, (const char *)lines.data);
    router_sent(town->house.router);
}

static void opens_until(struct town *town, const char *due)
{
    char text[256];
    (void)snprintf(text, sizeof text,
                   "\"outcome\":\"obligation_opened\",\"to\":\"img\",\"role\":\"back_office\","
                   "\"what\":\"damage_inspection_planned\",\"due\":\"%s\"",
                   due);
    publish(town, town->house.moment.now);
    expect_line(town, text);
}

/* The agreements in the journal, and how many approvals the last has. */
static int look(void *context, uint64_t record, Samenloop__V1__RecordKind kind,
                const ProtobufCMessage *message, struct sl_error *error)
{
    size_t *seen = context;
    (void)record;
    (void)error;
    if (kind != SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_AGREEMENT)
        return 0;
    seen[0]++;
    seen[1] = ((const Samenloop__V1__JournalAgreement *)message)->n_approvals;
    return 0;
}

static void expect_journal(const struct town *town, size_t agreements, size_t approvals)
{
    struct sl_storage *copy = sl_storage_memory_crash(town->house.storage, 0);
    struct journal *journal = NULL;
    struct sl_error error = {0};
    size_t seen[2] = {0, 0};
    assert_int_equal(journal_open(&journal, copy, 0, &error), 0);
    assert_int_equal(journal_fold(journal, look, seen, &error), 0);
    assert_int_equal(seen[0], agreements);
    assert_int_equal(seen[1], approvals);
    journal_close(journal);
    sl_storage_free(copy);
}

/* ---------------------------------------------------------------- its moment */

static void one_that_holds_already_takes_force_at_once(void **state)
{
    (void)state;
    struct town town;
    struct sl_error error = {0};
    open_town(&town, first);
    opens_until(&town, "2021-02-01T19:00:00Z");
    assert_int_equal(reload(&town, third, NULL, &error), 0);
    assert_int_equal(waits(&town), INT64_MAX);
    opens_until(&town, "2021-02-01T16:00:00Z");
    expect_journal(&town, 2, 0);
    pass(&town.house, 10 * HOUR + 1);
    /* what is open goes on as it was opened */
    expect_line(&town, "\"what\":\"damage_inspection_planned\",\"due\":\"2021-02-01T19:00:00Z\"");
    close_house(&town.house);
}

static void one_to_come_waits_for_its_moment(void **state)
{
    (void)state;
    struct town town;
    struct sl_error error = {0};
    open_town(&town, first);
    assert_int_equal(reload(&town, second, NULL, &error), 0);
    assert_int_equal(waits(&town), moment_of_second);
    assert_true(router_wake(town.house.router).now <= moment_of_second);
    expect_journal(&town, 1, 0);
    pass(&town.house, moment_of_second - 1 - start);
    town.ncg = connect_to(&town.house, NCG, 100);
    router_sent(town.house.router);
    opens_until(&town, "2021-02-02T08:59:59.999Z");
    pass(&town.house, 1);
    opens_until(&town, "2021-02-02T04:00:00Z");
    assert_int_equal(waits(&town), INT64_MAX);
    expect_journal(&town, 2, 0);
    close_house(&town.house);
}

/* The file has the new version, the router was started again before its moment. */
static void a_new_start_changes_nothing(void **state)
{
    (void)state;
    struct town town;
    open_town(&town, first);
    opens_until(&town, "2021-02-01T19:00:00Z");
    town.house.agreement = sl_text(second);
    crash(&town.house, 0);
    assert_int_equal(waits(&town), moment_of_second);
    town.ncg = connect_to(&town.house, NCG, 100);
    router_sent(town.house.router);
    opens_until(&town, "2021-02-01T19:00:00Z");
    /* it is not running at the moment itself */
    town.house.moment.now = moment_of_second + 5 * HOUR;
    crash(&town.house, 0);
    assert_int_equal(waits(&town), INT64_MAX);
    expect_line(&town, "\"obligation_overdue\"");
    expect_journal(&town, 2, 0);
    town.ncg = connect_to(&town.house, NCG, 100);
    router_sent(town.house.router);
    opens_until(&town, "2021-02-02T09:00:00Z");
    close_house(&town.house);
}

static void another_takes_the_place_of_one_that_waits(void **state)
{
    (void)state;
    struct town town;
    struct sl_error error = {0};
    open_town(&town, first);
    assert_int_equal(reload(&town, second, NULL, &error), 0);
    assert_int_equal(reload(&town, first, NULL, &error), 0); /* taken back */
    assert_int_equal(waits(&town), INT64_MAX);
    assert_int_equal(reload(&town, second, NULL, &error), 0);
    assert_int_equal(reload(&town, third, NULL, &error), 0);
    assert_int_equal(waits(&town), INT64_MAX);
    opens_until(&town, "2021-02-01T16:00:00Z");
    close_house(&town.house);
}

/* It waited in an outbox over the day on which the version changed. */
static void what_was_recorded_before_is_still_taken(void **state)
{
    (void)state;
    struct town town;
    struct sl_error error = {0};
    open_town(&town, first);
    assert_int_equal(reload(&town, second, NULL, &error), 0);
    town.house.moment.now = moment_of_second + HOUR;
    router_time(town.house.router, town.house.moment);
    publish(&town, moment_of_second - HOUR);
    expect_line(&town, "\"due\":\"2021-02-02T05:00:00Z\"");
    close_house(&town.house);
}

/* ---------------------------------------------------------------- refused */

static void what_is_no_agreement_is_refused(void **state)
{
    (void)state;
    struct town town;
    struct sl_error error = {0};
    open_town(&town, first);
    assert_int_equal(reload(&town, second, NULL, &error), 0);
    assert_int_equal(reload(&town, wrong, NULL, &error), -1);
    assert_int_equal(error.code, SL_CONFIGURATION);
    assert_memory_equal(error.text, "new.rules:4:", strlen("new.rules:4:"));
    assert_int_equal(waits(&town), moment_of_second); /* nothing has changed */
    opens_until(&town, "2021-02-01T19:00:00Z");
    expect_journal(&town, 1, 0);
    close_house(&town.house);
}

struct approved {
    struct sl_buffer files[APPROVALS];
    struct sl_bytes list[APPROVALS];
};

static void approve(struct approved *approved, const char *text)
{
    uint8_t hash[SL_HASH_SIZE];
    struct sl_bytes bytes = sl_text(text);
    sl_sha256(parties.crypto, hash, &bytes, 1);
    *approved = (struct approved){0};
    for (int i = 0; i < APPROVALS; i++) {
        approval_make(&approved->files[i], party_names[i],
                      parties.directory.participants[i].cards[0].hash, parties.signing[i], hash);
        approved->list[i] = sl_buffer_bytes(&approved->files[i]);
    }
}

static void drop_approved(struct approved *approved)
{
    for (int i = 0; i < APPROVALS; i++)
        sl_buffer_free(&approved->files[i]);
}

static void roles_may_change_while_one_waits(void **state)
{
    (void)state;
    static const uint32_t fewer[] = {0x2, 0x1e};
    struct town town;
    struct sl_error error = {0};
    open_town(&town, first);
    struct approved approved;
    approve(&approved, second);
    struct router_setup setup = setup_of(second, approved.list);
    setup.roles = fewer;
    assert_int_equal(router_reload(town.house.router, &setup, &error), 0);
    expect_line(&town, NULL);
    expect_journal(&town, 2, 0); /* the old text, with other roles, and nobody's word for the new */
    drop_approved(&approved);
    opens_until(&town, "2021-02-01T19:00:00Z");
    assert_int_equal(waits(&town), moment_of_second);
    close_house(&town.house);
}

static void both_must_have_approved_it(void **state)
{
    (void)state;
    struct town town;
    struct approved of_third, of_second;
    struct sl_error error = {0};
    open_town(&town, first);
    approve(&of_third, third);
    approve(&of_second, second);
    const struct sl_bytes none[APPROVALS] = {{NULL, 0}, {NULL, 0}};
    const struct sl_bytes one[APPROVALS] = {of_third.list[0], {NULL, 0}};
    const struct sl_bytes mixed[APPROVALS] = {of_third.list[0], of_second.list[1]};
    const struct sl_bytes twice[APPROVALS] = {of_third.list[0], of_third.list[0]};
    assert_int_equal(reload(&town, third, none, &error), -1);
    assert_string_equal(error.text, "new.rules: img has not approved the agreement");
    assert_int_equal(reload(&town, third, one, &error), -1);
    assert_string_equal(error.text, "new.rules: ncg has not approved the agreement");
    assert_int_equal(reload(&town, third, mixed, &error), -1);
    assert_non_null(strstr(error.text, "ncg has approved another text"));
    assert_int_equal(reload(&town, third, twice, &error), -1);
    assert_non_null(strstr(error.text, "ncg has given the approval of another"));
    opens_until(&town, "2021-02-01T19:00:00Z");
    expect_journal(&town, 1, 0);
    assert_int_equal(reload(&town, third, of_third.list, &error), 0);
    opens_until(&town, "2021-02-01T16:00:00Z");
    expect_journal(&town, 2, APPROVALS);
    assert_int_equal(reload(&town, third, none, &error), 0); /* it holds already: no word needed */
    drop_approved(&of_third);
    drop_approved(&of_second);
    close_house(&town.house);
}

static void approvals_wait_with_their_agreement(void **state)
{
    (void)state;
    struct town town;
    struct approved approved;
    struct sl_error error = {0};
    open_town(&town, first);
    approve(&approved, second);
    assert_int_equal(reload(&town, second, approved.list, &error), 0);
    drop_approved(&approved);
    pass(&town.house, moment_of_second - start);
    sync_house(&town.house);
    expect_journal(&town, 2, APPROVALS);
    close_house(&town.house);
}

static void a_first_agreement_wants_them_too(void **state)
{
    (void)state;
    const struct sl_bytes none[APPROVALS] = {{NULL, 0}, {NULL, 0}};
    struct router_setup setup = setup_of(first, none);
    struct router *router = NULL;
    struct sl_error error = {0};
    struct approved approved;
    setup.journal = sl_storage_memory();
    assert_int_equal(router_open(&router, &setup, (struct router_moment){start, 0}, &error), -1);
    assert_non_null(strstr(error.text, "img has not approved the agreement"));
    approve(&approved, first);
    setup.approvals = approved.list;
    assert_int_equal(router_open(&router, &setup, (struct router_moment){start, 0}, &error), 0);
    router_close(router);
    drop_approved(&approved);
    sl_storage_free(setup.journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_holds_already_takes_force_at_once),
        cmocka_unit_test(one_to_come_waits_for_its_moment),
        cmocka_unit_test(a_new_start_changes_nothing),
        cmocka_unit_test(another_takes_the_place_of_one_that_waits),
        cmocka_unit_test(roles_may_change_while_one_waits),
        cmocka_unit_test(what_was_recorded_before_is_still_taken),
        cmocka_unit_test(what_is_no_agreement_is_refused),
        cmocka_unit_test(both_must_have_approved_it),
        cmocka_unit_test(approvals_wait_with_their_agreement),
        cmocka_unit_test(a_first_agreement_wants_them_too),
    };
    return cmocka_run_group_tests(tests, parties_begin, parties_end);
}
