/* Messages that wait for their turn: an acute one passes all but the one that is dealt with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "schemas/arrivals.h"
#include "schemas/wire.h"

static void *context;
static void *in, *out; /* what is sent into `in` comes from `out` */
static struct sl_arrivals *arrivals;

static int open_pair(void **state)
{
    (void)state;
    context = zmq_ctx_new();
    in = zmq_socket(context, ZMQ_PAIR);
    out = zmq_socket(context, ZMQ_PAIR);
    assert_int_equal(zmq_bind(out, "inproc://arrivals"), 0);
    assert_int_equal(zmq_connect(in, "inproc://arrivals"), 0);
    arrivals = sl_arrivals_new(false);
    return 0;
}

static int close_pair(void **state)
{
    (void)state;
    sl_arrivals_free(arrivals);
    (void)zmq_close(in);
    (void)zmq_close(out);
    return zmq_ctx_term(context);
}

/* A Publish of no bundle; `position` tells them apart. */
static void write_publish(struct sl_buffer *frame, int lane, uint64_t position)
{
    Samenloop__V1__Publish publish = SAMENLOOP__V1__PUBLISH__INIT;
    publish.lane = (Samenloop__V1__Lane)lane;
    publish.position = position;
    sl_buffer_clear(frame);
    sl_wire_publish(frame, &publish);
}

static void send(int lane, uint64_t position)
{
    struct sl_buffer frame = {0};
    write_publish(&frame, lane, position);
    assert_int_equal(zmq_send(in, frame.data, frame.size, 0), frame.size);
    sl_buffer_free(&frame);
}

/* The next one's position; 0: no more in this round. */
static uint64_t next(void)
{
    struct sl_arrival one;
    uint64_t position = 0;
    if (!sl_arrivals_next(arrivals, out, &one))
        return 0;
    Samenloop__V1__Frame *frame = samenloop__v1__frame__unpack(NULL, zmq_msg_size(&one.body),
                                                               zmq_msg_data(&one.body));
    assert_non_null(frame);
    position = frame->publish->position;
    samenloop__v1__frame__free_unpacked(frame, NULL);
    sl_arrival_close(&one);
    return position;
}

static void an_acute_one_passes_all_but_the_one_at_hand(void **state)
{
    (void)state;
    for (uint64_t n = 1; n <= 100; n++)
        send(n % 2 == 0 ? SL_LANE_URGENT : SL_LANE_ORDINARY, n);
    sl_arrivals_round(arrivals);
    assert_int_equal(next(), 1);
    send(SL_LANE_ACUTE, 101);
    send(SL_LANE_ACUTE, 102);
    assert_int_equal(next(), 101);
    assert_int_equal(next(), 102);
    assert_int_equal(next(), 0); /* what is acute is synced at once */
    assert_true(sl_arrivals_any(arrivals));
    sl_arrivals_round(arrivals);
    for (uint64_t n = 2; n <= 100; n++)
        assert_int_equal(next(), n);
    assert_int_equal(next(), 0);
    assert_false(sl_arrivals_any(arrivals));
}

/* What comes with a Welcome is not looked at before it. */
static void a_welcome_is_passed_by_nothing(void **state)
{
    (void)state;
    struct sl_buffer frame = {0};
    Samenloop__V1__Welcome welcome = SAMENLOOP__V1__WELCOME__INIT;
    struct sl_arrival one;
    sl_wire_welcome(&frame, &welcome);
    assert_int_equal(zmq_send(in, frame.data, frame.size, 0), frame.size);
    sl_buffer_free(&frame);
    send(SL_LANE_ACUTE, 1);
    send(SL_LANE_ORDINARY, 2);
    sl_arrivals_round(arrivals);
    assert_true(sl_arrivals_next(arrivals, out, &one));
    assert_int_equal(*(uint8_t *)zmq_msg_data(&one.body), 0x12);
    sl_arrival_close(&one);
    assert_int_equal(next(), 1);
    assert_int_equal(next(), 2);
    send(SL_LANE_ORDINARY, 3);
    assert_int_equal(next(), 3);
    send(SL_LANE_ORDINARY, 4);
    send(SL_LANE_ACUTE, 5);
    assert_int_equal(next(), 5); /* that is over */
}

static void nobody_is_starved_by_what_others_call_acute(void **state)
{
    (void)state;
    send(SL_LANE_ORDINARY, 1);
    for (int round = 0; round < 2; round++) {
        send(SL_LANE_ACUTE, 7);
        sl_arrivals_round(arrivals);
        assert_int_equal(next(), 7);
        assert_int_equal(next(), round == 0 ? 0 : 1);
    }
    assert_int_equal(next(), 0);
}

static void a_connections_messages_can_be_forgotten(void **state)
{
    (void)state;
    send(SL_LANE_ORDINARY, 1);
    send(SL_LANE_ORDINARY, 2);
    sl_arrivals_round(arrivals);
    assert_int_equal(next(), 1);
    sl_arrivals_clear(arrivals);
    assert_false(sl_arrivals_any(arrivals));
    assert_int_equal(next(), 0);
}

static void parts_of_a_message_are_noticed(void **state)
{
    (void)state;
    struct sl_arrival one;
    for (int i = 0; i < 3; i++)
        assert_int_equal(zmq_send(in, "part", 4, i < 2 ? ZMQ_SNDMORE : 0), 4);
    assert_int_equal(zmq_send(in, "", 0, 0), 0);
    assert_true(sl_arrivals_next(arrivals, out, &one));
    assert_true(one.more);
    assert_int_equal(zmq_msg_size(&one.body), 4);
    sl_arrival_close(&one);
    assert_true(sl_arrivals_next(arrivals, out, &one));
    assert_false(one.more);
    assert_int_equal(zmq_msg_size(&one.body), 0);
    sl_arrival_close(&one);
    assert_false(sl_arrivals_next(arrivals, out, &one));
}

static void the_lane_is_read_from_a_frame(void **state)
{
    (void)state;
    struct sl_buffer frame = {0};
    for (int lane = SL_LANE_ACUTE; lane < SL_LANES; lane++) {
        Samenloop__V1__Deliver deliver = SAMENLOOP__V1__DELIVER__INIT;
        Samenloop__V1__Delivery delivery = SAMENLOOP__V1__DELIVERY__INIT;
        Samenloop__V1__Delivery *list[] = {&delivery};
        Samenloop__V1__Bundle bundle = SAMENLOOP__V1__BUNDLE__INIT;
        Samenloop__V1__Bundle *bundles[] = {&bundle, &bundle};
        write_publish(&frame, lane, 300);
        assert_int_equal(sl_arrivals_lane(sl_buffer_bytes(&frame)), lane);
        delivery.lane = (Samenloop__V1__Lane)lane;
        deliver.deliveries = list;
        deliver.n_deliveries = 1;
        deliver.bundles = bundles;
        deliver.n_bundles = 2;
        sl_buffer_clear(&frame);
        sl_wire_deliver(&frame, &deliver);
        assert_int_equal(sl_arrivals_lane(sl_buffer_bytes(&frame)), lane);
        for (size_t size = 0; size + 1 < frame.size; size++) /* cut off anywhere: a lane or none */
            assert_true((int)sl_arrivals_lane(sl_bytes(frame.data, size)) < SL_LANES);
    }
    sl_buffer_clear(&frame);
    sl_wire_heartbeat(&frame);
    assert_int_equal(sl_arrivals_lane(sl_buffer_bytes(&frame)), SL_NO_LANE);
    sl_buffer_free(&frame);
    assert_int_equal(sl_arrivals_lane(sl_text("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")),
                     SL_NO_LANE);
    assert_int_equal(sl_arrivals_lane(sl_text("\x1a\x7f\x08\x01")), SL_NO_LANE);
    assert_int_equal(sl_arrivals_lane(sl_text("\x1a\x02\x08\x7f")), SL_NO_LANE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_acute_one_passes_all_but_the_one_at_hand, open_pair,
                                        close_pair),
        cmocka_unit_test_setup_teardown(a_welcome_is_passed_by_nothing, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(nobody_is_starved_by_what_others_call_acute, open_pair,
                                        close_pair),
        cmocka_unit_test_setup_teardown(a_connections_messages_can_be_forgotten, open_pair,
                                        close_pair),
        cmocka_unit_test_setup_teardown(parts_of_a_message_are_noticed, open_pair, close_pair),
        cmocka_unit_test(the_lane_is_read_from_a_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
