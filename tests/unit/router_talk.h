/* What adapters say to the router's machine in tests, and what they expect to hear. */
#ifndef TESTS_ROUTER_TALK_H
#define TESTS_ROUTER_TALK_H

#include "tests/unit/router_house.h"

static inline void write_in_lane(struct house *house, Samenloop__V1__Lane lane, uint64_t position,
                                 Samenloop__V1__Bundle *bundle)
{
    Samenloop__V1__Publish publish = SAMENLOOP__V1__PUBLISH__INIT;
    publish.lane = lane;
    publish.position = position;
    publish.bundle = bundle;
    sl_wire_publish(&house->frame, &publish);
}

static inline void write_publish(struct house *house, uint64_t position,
                                 Samenloop__V1__Bundle *bundle)
{
    write_in_lane(house, SAMENLOOP__V1__LANE__LANE_ORDINARY, position, bundle);
}

static inline Samenloop__V1__Bundle *events_of(struct house *house, int who, const char *type,
                                               uint64_t first, size_t count, uint64_t house_number)
{
    struct party_event *events = sl_new(count, sizeof *events);
    for (size_t i = 0; i < count; i++)
        party_event(&events[i], who, type, first + i, house_number, start);
    Samenloop__V1__Bundle *bundle = party_seal(&parties, &house->arena, who, events, count);
    free(events);
    return bundle;
}

static inline void publish(struct house *house, uint64_t connection, uint64_t position,
                           uint64_t first, size_t count, uint64_t house_number)
{
    write_publish(house, position,
                  events_of(house, IMG, "damage_case_opened", first, count, house_number));
    say(house, connection, IMG);
}

static inline void expect_bye(struct house *house, size_t n, uint64_t connection, const char *code)
{
    const Samenloop__V1__Frame *frame = heard(house, n, connection);
    assert_int_equal(frame->body_case, SAMENLOOP__V1__FRAME__BODY_BYE);
    assert_true(sl_bytes_is(sl_from_pb(frame->bye->code), code));
    assert_true(frame->bye->sentence.len > 5);
}

/* NCG's answer to a delivery of the ordinary lane. Number 0: none, only credit. */
static inline void answer_with(struct house *house, uint64_t connection,
                               Samenloop__V1__DeliveryAnswer *one, uint32_t credit)
{
    Samenloop__V1__Delivered delivered = SAMENLOOP__V1__DELIVERED__INIT;
    one->lane = SAMENLOOP__V1__LANE__LANE_ORDINARY;
    delivered.n_answers = one->number == 0 ? 0 : 1;
    delivered.answers = &one;
    delivered.credit = credit;
    sl_wire_delivered(&house->frame, &delivered);
    say(house, connection, NCG);
}

static inline void answer(struct house *house, uint64_t connection, uint64_t number,
                          uint32_t attempt, Samenloop__V1__DeliveryOutcome outcome, uint32_t credit)
{
    Samenloop__V1__DeliveryAnswer one = SAMENLOOP__V1__DELIVERY_ANSWER__INIT;
    one.number = number;
    one.attempt = attempt;
    one.outcome = outcome;
    one.code = sl_to_pb(sl_text("io"));
    answer_with(house, connection, &one, credit);
}

static inline void expect_lines(struct house *house, const char *wanted)
{
    struct sl_bytes lines = router_lines(house->router);
    if (!sl_bytes_is(lines, wanted))
        fail_msg("%.*s", (int)lines.size, (const char *)lines.data);
}

#endif
