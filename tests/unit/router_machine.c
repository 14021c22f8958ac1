/* The router's machine alone: what adapters send, and what comes back. */
#include "tests/unit/router_simple.h"
#include "tests/unit/router_talk.h"

/* ---------------------------------------------------------------- greetings */

static void hello_comes_first_and_once(void **state)
{
    (void)state;
    struct house house;
    open_house(&house);
    publish(&house, 7, 1, 1, 1, 1);
    sync_house(&house);
    expect_bye(&house, 0, 7, "protocol");
    router_sent(house.router);
    uint64_t img = connect_to(&house, IMG, 10);
    const Samenloop__V1__Welcome *welcome = heard(&house, 0, img)->welcome;
    assert_int_equal(welcome->credit, CONNECTIONS_CREDIT);
    assert_int_equal(welcome->n_last, 0);
    router_sent(house.router);
    write_hello(&house, IMG, 10);
    say(&house, img, IMG);
    sync_house(&house);
    expect_bye(&house, 0, img, "protocol");
    router_sent(house.router);
    sl_wire_heartbeat(&house.frame);
    say(&house, img, IMG);
    sync_house(&house);
    expect_bye(&house, 0, img, "protocol");
    struct router_figures figures;
    router_figures(house.router, &figures);
    assert_int_equal(figures.connections, 0);
    assert_int_equal(figures.violations, 3);
    assert_int_equal(figures.events, 0);
    close_house(&house);
}

static void the_newer_connection_holds_and_silence_ends_one(void **state)
{
    (void)state;
    struct house house;
    uint64_t first = open_with(&house, NCG);
    write_hello(&house, NCG, 10);
    say(&house, 50, NCG);
    sync_house(&house);
    expect_bye(&house, 0, first, "");
    assert_int_equal(heard(&house, 1, 50)->body_case, SAMENLOOP__V1__FRAME__BODY_WELCOME);
    router_sent(house.router);
    assert_int_equal(router_wake(house.router).elapsed, SL_HEARTBEAT);
    pass(&house, SL_HEARTBEAT);
    sync_house(&house);
    assert_int_equal(heard(&house, 0, 50)->body_case, SAMENLOOP__V1__FRAME__BODY_HEARTBEAT);
    router_sent(house.router);
    pass(&house, SL_SILENCE - SL_HEARTBEAT);
    sync_house(&house);
    expect_bye(&house, 0, 50, "");
    close_house(&house);
}

/* A frame cut anywhere ends its own connection, and the next one is served as if nothing were. */
static void what_is_no_frame_ends_only_its_connection(void **state)
{
    (void)state;
    struct house house;
    uint64_t ncg = open_with(&house, NCG);
    write_publish(&house, 1, events_of(&house, IMG, "damage_case_opened", 1, 1, 1));
    struct sl_buffer whole = house.frame;
    house.frame = (struct sl_buffer){0};
    for (size_t size = 0; size < whole.size; size++) {
        uint64_t img = connect_to(&house, IMG, 10);
        router_sent(house.router);
        router_frame(house.router, img, IMG, sl_bytes(whole.data, size));
        sync_house(&house);
        expect_bye(&house, 0, img, "protocol");
        router_sent(house.router);
        sl_arena_clear(&house.arena);
    }
    uint64_t img = connect_to(&house, IMG, 10);
    router_sent(house.router);
    router_frame(house.router, img, IMG, sl_buffer_bytes(&whole));
    sync_house(&house);
    assert_int_equal(heard(&house, 0, img)->body_case, SAMENLOOP__V1__FRAME__BODY_PUBLISHED);
    assert_int_equal(heard(&house, 1, ncg)->body_case, SAMENLOOP__V1__FRAME__BODY_DELIVER);
    sl_buffer_free(&whole);
    close_house(&house);
}

/* ---------------------------------------------------------------- there and back */

static void an_event_is_answered_delivered_and_ended(void **state)
{
    (void)state;
    struct house house;
    struct sl_error error = {0};
    open_house(&house);
    uint64_t img = connect_to(&house, IMG, 10);
    uint64_t ncg = connect_to(&house, NCG, 10);
    router_sent(house.router);
    publish(&house, img, 5, 100, 3, 13);
    assert_int_equal(router_lines(house.router).size, 0);
    sync_house(&house);
    const Samenloop__V1__Published *published = heard(&house, 0, img)->published;
    assert_int_equal(published->position, 5);
    assert_int_equal(published->n_results, 3);
    assert_int_equal(published->results[2]->verdict, SAMENLOOP__V1__VERDICT__VERDICT_ACCEPTED);
    assert_int_equal(published->results[2]->journal_number, 3);
    /* Three events and an instruction each: two bundles, with and without sections. */
    const Samenloop__V1__Deliver *deliver = heard(&house, 1, ncg)->deliver;
    assert_int_equal(deliver->n_deliveries, 6);
    assert_int_equal(deliver->n_bundles, 2);
    for (size_t i = 0; i < 6; i++) {
        const Samenloop__V1__Delivery *one = deliver->deliveries[i];
        assert_int_equal(one->number, i + 1);
        assert_int_equal(one->previous, i); /* all of one house */
        assert_int_equal(one->journal_number, i / 2 + 1);
        assert_int_equal(one->bundle, i % 2);
        const Samenloop__V1__Envelope *envelope =
            deliver->bundles[one->bundle]->envelopes[one->envelope];
        assert_int_equal(envelope->index, i / 2);
        assert_int_equal(envelope->n_sections, i % 2 == 0 ? 1 : 0);
    }
    for (size_t i = 0; i < 2; i++) {
        sl_hash leaves[3];
        int signer = -1;
        assert_int_equal(sl_bundle_verify(parties.crypto, &parties.directory, deliver->bundles[i],
                                          start, start, leaves, &signer, &error),
                         0);
        assert_int_equal(signer, IMG);
    }
    router_sent(house.router);
    answer(&house, ncg, 1, 1, SAMENLOOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_DONE, 1);
    answer(&house, ncg, 1, 1, SAMENLOOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_DONE, 0);
    sync_house(&house);
    expect_lines(&house, ""); /* it waits for others, but not for long */
    router_sent(house.router);
    assert_true(router_wake(house.router).elapsed == house.moment.elapsed + 5);
    rest(&house);
    expect_lines(&house, "delivered ncg 1\n");
    router_sent(house.router);
    assert_true(router_wake(house.router).elapsed > house.moment.elapsed + 5);
    struct router_figures figures;
    router_figures(house.router, &figures);
    assert_int_equal(figures.waiting[NCG][SL_LANE_ORDINARY], 5);
    close_house(&house);
}

static void credit_bounds_what_is_sent(void **state)
{
    (void)state;
    struct house house;
    open_house(&house);
    uint64_t img = connect_to(&house, IMG, 10);
    uint64_t ncg = connect_to(&house, NCG, 2);
    router_sent(house.router);
    publish(&house, img, 1, 1, 10, 1);
    sync_house(&house);
    assert_int_equal(heard(&house, 1, ncg)->deliver->n_deliveries, 2);
    router_sent(house.router);
    sync_house(&house);
    assert_int_equal(sends_of(&house), 0);
    answer(&house, ncg, 2, 1, SAMENLOOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_DONE, 3);
    sync_house(&house);
    assert_int_equal(heard(&house, 0, ncg)->deliver->n_deliveries, 3);
    router_sent(house.router);
    /* Credit beyond what anybody may have. */
    answer(&house, ncg, 0, 0, SAMENLOOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_DONE, SL_CREDIT);
    sync_house(&house);
    expect_bye(&house, 0, ncg, "protocol");
    router_sent(house.router);
    /* A delivery that never was. */
    ncg = connect_to(&house, NCG, 0);
    router_sent(house.router);
    answer(&house, ncg, 11, 1, SAMENLOOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_DONE, 0);
    sync_house(&house);
    expect_bye(&house, 0, ncg, "protocol");
    router_sent(house.router);
    /* One that was, but was not sent on this connection, is passed over, and comes again. */
    ncg = connect_to(&house, NCG, 0);
    router_sent(house.router);
    answer(&house, ncg, 3, 1, SAMENLOOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_DONE, 1);
    sync_house(&house);
    assert_int_equal(heard(&house, 0, ncg)->deliver->deliveries[0]->number, 1);
    close_house(&house);
}

static void publish_acute(struct house *house, uint64_t connection, uint64_t position,
                          uint64_t number)
{
    write_in_lane(house, SAMENLOOP__V1__LANE__LANE_ACUTE, position,
                  events_of(house, IMG, "safety_secured", number, 1, number));
    say(house, connection, IMG);
    sync_house(house);
}

/* Whatever the receiver takes: 512 that are not acute are on their way, and an acute one goes
 * alone, with nothing else in its round. */
static void an_acute_delivery_waits_for_nothing_that_is_to_be_sent(void **state)
{
    (void)state;
    struct house house;
    open_house(&house);
    uint64_t img = connect_to(&house, IMG, 10);
    uint64_t ncg = connect_to(&house, NCG, SL_CREDIT);
    router_sent(house.router);
    publish(&house, img, 1, 1, 1000, 1);
    sync_house(&house);
    assert_int_equal(sends_of(&house), 3);
    for (size_t n = 1; n < 3; n++)
        assert_int_equal(heard(&house, n, ncg)->deliver->n_deliveries, CONNECTIONS_FLIGHT / 2);
    router_sent(house.router);
    for (uint64_t n = 1; n <= 10; n++) /* room for ten others */
        answer(&house, ncg, n, 1, SAMENLOOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_DONE, 1);
    publish_acute(&house, img, 2, 2001);
    assert_int_equal(sends_of(&house), 2);
    const Samenloop__V1__Deliver *deliver = heard(&house, 1, ncg)->deliver;
    assert_int_equal(deliver->n_deliveries, 1);
    assert_int_equal(deliver->deliveries[0]->lane, SAMENLOOP__V1__LANE__LANE_ACUTE);
    router_sent(house.router);
    assert_true(router_wake(house.router).elapsed <= house.moment.elapsed); /* at once */
    /* The next round sends the others too, behind the acute one. */
    publish_acute(&house, img, 3, 2002);
    assert_int_equal(sends_of(&house), 3);
    assert_int_equal(heard(&house, 1, ncg)->deliver->n_deliveries, 1);
    assert_int_equal(heard(&house, 2, ncg)->deliver->n_deliveries, 10);
    close_house(&house);
}

static void more_events_than_the_credit_break_the_protocol(void **state)
{
    (void)state;
    struct house house;
    uint64_t img = open_with(&house, IMG);
    write_publish(&house, 1, events_of(&house, IMG, "damage_case_opened", 1, SL_MAX_BATCH, 1));
    struct sl_buffer frame = house.frame;
    house.frame = (struct sl_buffer){0};
    for (int i = 0; i < CONNECTIONS_CREDIT / SL_MAX_BATCH; i++)
        router_frame(house.router, img, IMG, sl_buffer_bytes(&frame));
    assert_int_equal(sends_of(&house), CONNECTIONS_CREDIT / SL_MAX_BATCH);
    router_frame(house.router, img, IMG, sl_buffer_bytes(&frame));
    sync_house(&house);
    expect_bye(&house, CONNECTIONS_CREDIT / SL_MAX_BATCH, img, "protocol");
    struct router_figures figures;
    router_figures(house.router, &figures);
    assert_int_equal(figures.events, SL_MAX_BATCH); /* the others were answered again */
    sl_buffer_free(&frame);
    close_house(&house);
}

static void what_is_refused_disturbs_no_other(void **state)
{
    (void)state;
    struct house house;
    uint64_t img = open_with(&house, IMG);
    Samenloop__V1__Bundle *bundle = events_of(&house, IMG, "damage_case_opened", 1, 3, 1);
    bundle->envelopes[1]->sections[0]->ciphertexts[0]->sealed.data[0] ^= 1;
    write_publish(&house, 1, bundle);
    say(&house, img, IMG);
    struct party_event event;
    party_event(&event, IMG, "damage_case_opened", 9, 1, start);
    write_publish(&house, 2, party_seal(&parties, &house.arena, NCG, &event, 1));
    say(&house, img, IMG);
    sync_house(&house);
    const Samenloop__V1__Published *first = heard(&house, 0, img)->published;
    assert_int_equal(first->results[0]->journal_number, 1);
    assert_int_equal(first->results[1]->verdict, SAMENLOOP__V1__VERDICT__VERDICT_REFUSED);
    assert_true(sl_bytes_is(sl_from_pb(first->results[1]->code), "bad_digest"));
    assert_int_equal(first->results[2]->journal_number, 2);
    const Samenloop__V1__Published *second = heard(&house, 1, img)->published;
    assert_true(sl_bytes_is(sl_from_pb(second->results[0]->code), "bad_signature"));
    expect_lines(&house, "refused bad_digest\nrefused bad_signature\n");
    router_sent(house.router);
    /* An id that was refused is free again. */
    publish(&house, img, 3, 2, 1, 1);
    sync_house(&house);
    assert_int_equal(heard(&house, 0, img)->published->results[0]->journal_number, 3);
    close_house(&house);
}

static void an_unknown_key_card_is_for_later(void **state)
{
    (void)state;
    struct house house;
    uint64_t img = open_with(&house, IMG);
    Samenloop__V1__Bundle *bundle = events_of(&house, IMG, "damage_case_opened", 1, 2, 1);
    struct sl_card *card = &parties.directory.participants[IMG].cards[0];
    card->hash[0] ^= 1;
    write_publish(&house, 1, bundle);
    say(&house, img, IMG);
    sync_house(&house);
    card->hash[0] ^= 1;
    const Samenloop__V1__Published *later = heard(&house, 0, img)->published;
    assert_int_equal(later->results[1]->verdict, SAMENLOOP__V1__VERDICT__VERDICT_LATER);
    router_sent(house.router);
    write_publish(&house, 1, bundle);
    say(&house, img, IMG);
    sync_house(&house);
    assert_int_equal(heard(&house, 0, img)->published->results[1]->journal_number, 2);
    close_house(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_comes_first_and_once),
        cmocka_unit_test(the_newer_connection_holds_and_silence_ends_one),
        cmocka_unit_test(what_is_no_frame_ends_only_its_connection),
        cmocka_unit_test(an_event_is_answered_delivered_and_ended),
        cmocka_unit_test(credit_bounds_what_is_sent),
        cmocka_unit_test(an_acute_delivery_waits_for_nothing_that_is_to_be_sent),
        cmocka_unit_test(more_events_than_the_credit_break_the_protocol),
        cmocka_unit_test(what_is_refused_disturbs_no_other),
        cmocka_unit_test(an_unknown_key_card_is_for_later),
    };
    return cmocka_run_group_tests(tests, parties_begin, parties_end);
}
