/* The router's machine, again: repetitions, what time brings, and what a restart changes. */
#include "tests/unit/router_simple.h"
#include "tests/unit/router_talk.h"

static void a_repeated_batch_is_answered_in_the_same_words(void **state)
{
    (void)state;
    struct house house;
    uint64_t img = open_with(&house, IMG);
    Samenloop__V1__Bundle *bundle = events_of(&house, IMG, "damage_case_opened", 1, 3, 1);
    bundle->envelopes[1]->sections[0]->salt.data[0] ^= 1;
    write_publish(&house, 9, bundle);
    struct sl_buffer batch = house.frame;
    house.frame = (struct sl_buffer){0};
    router_frame(house.router, img, IMG, sl_buffer_bytes(&batch));
    sync_house(&house);
    size_t count = 0;
    struct sl_buffer first = {0};
    sl_buffer_add_bytes(&first, router_sends(house.router, &count)->frame);
    for (int i = 0; i < 2; i++) {
        crash(&house, 0);
        img = connect_to(&house, IMG, 10);
        const Samenloop__V1__Welcome *welcome = heard(&house, 0, img)->welcome;
        assert_int_equal(welcome->n_last, 1);
        assert_int_equal(welcome->last[0]->number, 9);
        router_sent(house.router);
        router_frame(house.router, img, IMG, sl_buffer_bytes(&batch));
        sync_house(&house);
        struct sl_bytes again = router_sends(house.router, &count)->frame;
        assert_int_equal(count, 1);
        assert_int_equal(again.size, first.size);
        assert_memory_equal(again.data, first.data, first.size);
        assert_int_equal(router_lines(house.router).size, 0);
        router_sent(house.router);
    }
    /* The same events in another batch are duplicates. */
    write_publish(&house, 10, events_of(&house, IMG, "damage_case_opened", 1, 1, 1));
    say(&house, img, IMG);
    sync_house(&house);
    const Samenloop__V1__Result *result = heard(&house, 0, img)->published->results[0];
    assert_int_equal(result->verdict, SAMENLOOP__V1__VERDICT__VERDICT_DUPLICATE);
    assert_int_equal(result->journal_number, 1);
    sl_buffer_free(&first);
    sl_buffer_free(&batch);
    close_house(&house);
}

static void what_was_not_synced_was_not_answered(void **state)
{
    (void)state;
    struct house house;
    uint64_t img = open_with(&house, IMG);
    publish(&house, img, 1, 1, 3, 1);
    crash(&house, 0); /* before router_sync */
    struct router_figures figures;
    router_figures(house.router, &figures);
    assert_int_equal(figures.events, 0);
    img = connect_to(&house, IMG, 10);
    router_sent(house.router);
    publish(&house, img, 1, 1, 3, 1);
    sync_house(&house);
    assert_int_equal(heard(&house, 0, img)->published->results[0]->journal_number, 1);
    close_house(&house);
}

static void five_failures_make_a_dead_letter_also_across_restarts(void **state)
{
    (void)state;
    struct house house;
    struct sl_error error = {0};
    struct router_figures figures;
    uint64_t img = open_with(&house, IMG);
    publish(&house, img, 1, 1, 2, 1);
    sync_house(&house);
    router_sent(house.router);
    for (uint32_t attempt = 1; attempt <= SL_ATTEMPTS; attempt++) {
        crash(&house, 0);
        crash(&house, 0); /* being away is no failure */
        pass(&house, 300 * 1000);
        uint64_t ncg = connect_to(&house, NCG, 1);
        const Samenloop__V1__Deliver *deliver = heard(&house, 1, ncg)->deliver;
        assert_int_equal(deliver->deliveries[0]->number, 1);
        assert_int_equal(deliver->deliveries[0]->attempt, attempt);
        router_sent(house.router);
        answer(&house, ncg, 1, attempt, SAMENLOOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_FAILED,
               1);
        sync_house(&house);
        router_figures(house.router, &figures);
        assert_int_equal(figures.dead_letters, attempt == SL_ATTEMPTS ? 1 : 0);
        if (attempt == SL_ATTEMPTS) { /* the subject goes on */
            expect_lines(&house, "dead_lettered ncg 1\n");
            deliver = heard(&house, 0, ncg)->deliver;
            assert_int_equal(deliver->deliveries[0]->number, 2);
            assert_int_equal(deliver->deliveries[0]->previous, 0);
        }
        router_sent(house.router);
    }
    crash(&house, 0);
    router_figures(house.router, &figures);
    assert_int_equal(figures.dead_letters, 1);
    assert_int_equal(
        router_dead_letter(house.router, "ncg", SL_LANE_ORDINARY, 2, true, "op", "try", &error),
        -1);
    assert_int_equal(router_dead_letter(house.router, "ncg", SL_LANE_ORDINARY, 1, true, "op",
                                        "disk is bigger now", &error),
                     0);
    sync_house(&house);
    crash(&house, 0);
    uint64_t ncg = connect_to(&house, NCG, 10);
    const Samenloop__V1__Deliver *deliver = heard(&house, 1, ncg)->deliver;
    assert_int_equal(deliver->n_deliveries, 2);
    assert_int_equal(deliver->deliveries[0]->number, 1);
    assert_int_equal(deliver->deliveries[0]->attempt, SL_ATTEMPTS + 1);
    router_sent(house.router);
    answer(&house, ncg, 1, SL_ATTEMPTS + 1, SAMENLOOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_DONE,
           0);
    sync_house(&house);
    rest(&house);
    expect_lines(&house, "delivered ncg 1\n");
    crash(&house, 0);
    router_figures(house.router, &figures);
    assert_int_equal(figures.dead_letters, 0);
    close_house(&house);
}

static void time_brings_a_notice_about_also_after_a_restart(void **state)
{
    (void)state;
    struct house house;
    uint64_t ncg = open_with(&house, NCG);
    Samenloop__V1__Bundle *bundle = NULL;
    struct party_event event;
    party_event(&event, NCG, "works_planned", 1, 1, start);
    event.event.sections[SL_PLANNING] = sl_text("");
    event.event.present |= sl_section_bit(SL_PLANNING);
    bundle = party_seal(&parties, &house.arena, NCG, &event, 1);
    write_publish(&house, 1, bundle);
    say(&house, ncg, NCG);
    sync_house(&house);
    assert_int_equal(heard(&house, 0, ncg)->published->results[0]->journal_number, 1);
    router_sent(house.router);
    assert_int_equal(router_wake(house.router).now, start + SIMPLE_TERM + 1);
    crash(&house, 0);
    assert_int_equal(router_wake(house.router).now, start + SIMPLE_TERM + 1);
    pass(&house, SIMPLE_TERM); /* not past it yet */
    sync_house(&house);
    pass(&house, 1);
    sync_house(&house);
    crash(&house, 0);
    ncg = connect_to(&house, NCG, 10);
    const Samenloop__V1__Deliver *deliver = heard(&house, 1, ncg)->deliver;
    assert_int_equal(deliver->n_deliveries, 1);
    assert_true(sl_bytes_is(sl_from_pb(deliver->deliveries[0]->name), "obligation_overdue"));
    assert_int_equal(deliver->bundles[0]->envelopes[0]->n_sections, 0);
    assert_int_equal(deliver->deliveries[0]->journal_number, 1);
    close_house(&house);
}

static void a_receipt_counts_once(void **state)
{
    (void)state;
    struct house house;
    open_house(&house);
    uint64_t img = connect_to(&house, IMG, 10);
    uint64_t ncg = connect_to(&house, NCG, 10);
    router_sent(house.router);
    publish(&house, img, 1, 1, 1, 13);
    sync_house(&house);
    router_sent(house.router);
    for (int i = 0; i < 3; i++) {
        Samenloop__V1__Receipt receipt = SAMENLOOP__V1__RECEIPT__INIT;
        receipt.lane = SAMENLOOP__V1__LANE__LANE_ORDINARY;
        receipt.number = 2;
        receipt.role = SAMENLOOP__V1__ROLE__ROLE_BACK_OFFICE;
        receipt.at = start;
        sl_wire_receipt(&house.frame, &receipt);
        say(&house, ncg, NCG);
        sync_house(&house);
        assert_int_equal(heard(&house, 0, ncg)->body_case, SAMENLOOP__V1__FRAME__BODY_RECEIPTED);
        assert_int_equal(simple(house.router)->receipts, 1);
        crash(&house, 0);
        assert_int_equal(simple(house.router)->receipts, 1);
        ncg = connect_to(&house, NCG, 10);
        router_sent(house.router);
    }
    close_house(&house);
}

static void an_inbox_of_another_journal_is_not_fed(void **state)
{
    (void)state;
    struct house house;
    uint64_t img = open_with(&house, IMG);
    publish(&house, img, 1, 1, 1, 1);
    sync_house(&house);
    router_sent(house.router);
    for (int i = 0; i < 2; i++) {
        Samenloop__V1__Hello hello = SAMENLOOP__V1__HELLO__INIT;
        Samenloop__V1__Place place = SAMENLOOP__V1__PLACE__INIT;
        Samenloop__V1__Place *last[] = {&place};
        place.lane = SAMENLOOP__V1__LANE__LANE_ORDINARY;
        place.number = 2; /* this journal never gave it */
        hello.version = SL_WIRE_VERSION;
        hello.outbox = (ProtobufCBinaryData){SL_IDENTITY_SIZE, outbox_identity[NCG]};
        hello.inbox = hello.outbox;
        hello.credit = 10;
        if (i == 0)
            hello.journal = hello.outbox;
        hello.n_last = (size_t)i;
        hello.last = last;
        sl_wire_hello(&house.frame, &hello);
        say(&house, 100 + (uint64_t)i, NCG);
        sync_house(&house);
        assert_int_equal(sends_of(&house), 1 + (size_t)i); /* the Welcome, and Bye to the older */
        router_sent(house.router);
    }
    close_house(&house);
}

static void a_full_disk_takes_nothing_on(void **state)
{
    (void)state;
    struct house house;
    uint64_t img = open_with(&house, IMG);
    sl_storage_memory_faults(
        house.storage,
        (struct sl_storage_faults){.kind = SL_FAULT_FULL, .at = 1, .from_then_on = true});
    for (int i = 0; i < 200 && sends_of(&house) == 0; i++)
        pass(&house, 1);
    sync_house(&house);
    expect_bye(&house, 0, img, "overload");
    router_sent(house.router);
    write_hello(&house, IMG, 10);
    say(&house, 99, IMG);
    sync_house(&house);
    expect_bye(&house, 0, 99, "overload");
    router_sent(house.router);
    sl_storage_memory_faults(house.storage, (struct sl_storage_faults){0});
    pass(&house, 1000);
    img = connect_to(&house, IMG, 10);
    router_sent(house.router);
    publish(&house, img, 1, 1, 1, 1);
    sync_house(&house);
    assert_int_equal(heard(&house, 0, img)->published->results[0]->journal_number, 1);
    close_house(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_repeated_batch_is_answered_in_the_same_words),
        cmocka_unit_test(what_was_not_synced_was_not_answered),
        cmocka_unit_test(five_failures_make_a_dead_letter_also_across_restarts),
        cmocka_unit_test(time_brings_a_notice_about_also_after_a_restart),
        cmocka_unit_test(a_receipt_counts_once),
        cmocka_unit_test(an_inbox_of_another_journal_is_not_fed),
        cmocka_unit_test(a_full_disk_takes_nothing_on),
    };
    return cmocka_run_group_tests(tests, parties_begin, parties_end);
}
