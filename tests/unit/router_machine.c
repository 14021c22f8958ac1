/* The router's machine alone: what adapters send, what comes back, and what a restart changes. */
#include "tests/unit/router_house.h"
#include "tests/unit/router_simple.h"

static void write_in_lane(struct house *house, Samenloop__V1__Lane lane, uint64_t position,
                          Samenloop__V1__Bundle *bundle)
{
    Samenloop__V1__Publish publish = SAMENLOOP__V1__PUBLISH__INIT;
    publish.lane = lane;
    publish.position = position;
    publish.bundle = bundle;
    sl_wire_publish(&house->frame, &publish);
}

static void write_publish(struct house *house, uint64_t position, Samenloop__V1__Bundle *bundle)
{
    write_in_lane(house, SAMENLOOP__V1__LANE__LANE_ORDINARY, position, bundle);
}

static Samenloop__V1__Bundle *events_of(struct house *house, int who, const char *type,
                                        uint64_t first, size_t count, uint64_t house_number)
{
    struct party_event *events = sl_new(count, sizeof *events);
    for (size_t i = 0; i < count; i++)
        party_event(&events[i], who, type, first + i, house_number, start);
    Samenloop__V1__Bundle *bundle = party_seal(&parties, &house->arena, who, events, count);
    free(events);
    return bundle;
}

static void publish(struct house *house, uint64_t connection, uint64_t position, uint64_t first,
                    size_t count, uint64_t house_number)
{
    write_publish(house, position,
                  events_of(house, IMG, "damage_case_opened", first, count, house_number));
    say(house, connection, IMG);
}

static void expect_bye(struct house *house, size_t n, uint64_t connection, const char *code)
{
    const Samenloop__V1__Frame *frame = heard(house, n, connection);
    assert_int_equal(frame->body_case, SAMENLOOP__V1__FRAME__BODY_BYE);
    assert_true(sl_bytes_is(sl_from_pb(frame->bye->code), code));
    assert_true(frame->bye->sentence.len > 5);
}

static void answer(struct house *house, uint64_t connection, uint64_t number, uint32_t attempt,
                   Samenloop__V1__DeliveryOutcome outcome, uint32_t credit)
{
    Samenloop__V1__DeliveryAnswer one = SAMENLOOP__V1__DELIVERY_ANSWER__INIT;
    Samenloop__V1__DeliveryAnswer *list[] = {&one};
    Samenloop__V1__Delivered delivered = SAMENLOOP__V1__DELIVERED__INIT;
    one.lane = SAMENLOOP__V1__LANE__LANE_ORDINARY;
    one.number = number;
    one.attempt = attempt;
    one.outcome = outcome;
    one.code = sl_to_pb(sl_text("io"));
    delivered.n_answers = number == 0 ? 0 : 1;
    delivered.answers = list;
    delivered.credit = credit;
    sl_wire_delivered(&house->frame, &delivered);
    say(house, connection, NCG);
}

static void expect_lines(struct house *house, const char *wanted)
{
    struct sl_bytes lines = router_lines(house->router);
    if (!sl_bytes_is(lines, wanted))
        fail_msg("%.*s", (int)lines.size, (const char *)lines.data);
}

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
    open_house(&house);
    uint64_t first = connect_to(&house, NCG, 10);
    router_sent(house.router);
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
    open_house(&house);
    uint64_t ncg = connect_to(&house, NCG, 10);
    router_sent(house.router);
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
    expect_lines(&house, "delivered ncg 1\n");
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
    open_house(&house);
    uint64_t img = connect_to(&house, IMG, 10);
    router_sent(house.router);
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
    open_house(&house);
    uint64_t img = connect_to(&house, IMG, 10);
    router_sent(house.router);
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
    open_house(&house);
    uint64_t img = connect_to(&house, IMG, 10);
    router_sent(house.router);
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

/* ---------------------------------------------------------------- again, later, after a crash */

static void a_repeated_batch_is_answered_in_the_same_words(void **state)
{
    (void)state;
    struct house house;
    open_house(&house);
    uint64_t img = connect_to(&house, IMG, 10);
    router_sent(house.router);
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
    open_house(&house);
    uint64_t img = connect_to(&house, IMG, 10);
    router_sent(house.router);
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
    open_house(&house);
    uint64_t img = connect_to(&house, IMG, 10);
    router_sent(house.router);
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
    open_house(&house);
    uint64_t ncg = connect_to(&house, NCG, 10);
    router_sent(house.router);
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
    open_house(&house);
    uint64_t img = connect_to(&house, IMG, 10);
    router_sent(house.router);
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
    open_house(&house);
    uint64_t img = connect_to(&house, IMG, 10);
    router_sent(house.router);
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
        cmocka_unit_test(hello_comes_first_and_once),
        cmocka_unit_test(the_newer_connection_holds_and_silence_ends_one),
        cmocka_unit_test(what_is_no_frame_ends_only_its_connection),
        cmocka_unit_test(an_event_is_answered_delivered_and_ended),
        cmocka_unit_test(credit_bounds_what_is_sent),
        cmocka_unit_test(an_acute_delivery_waits_for_nothing_that_is_to_be_sent),
        cmocka_unit_test(more_events_than_the_credit_break_the_protocol),
        cmocka_unit_test(what_is_refused_disturbs_no_other),
        cmocka_unit_test(an_unknown_key_card_is_for_later),
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
