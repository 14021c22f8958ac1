/* The router's numbers, as those who watch it read them. */
#include "tests/unit/router_simple.h"
#include "tests/unit/router_talk.h"

#include "router/metrics.h"

static void expect_sample(struct house *house, const char *sample)
{
    struct sl_buffer text = {0};
    char line[160];
    (void)snprintf(line, sizeof line, "\n%s\n", sample);
    router_metrics(house->router, &text);
    sl_buffer_add(&text, "", 1);
    if (strstr((const char *)text.data, line) == NULL)
        fail_msg("no line \"%s\" in\n%s", sample, (const char *)text.data);
    assert_non_null(strstr((const char *)text.data, "\n# EOF\n"));
    sl_buffer_free(&text);
}

static void what_waits_is_counted_by_participant_and_lane(void **state)
{
    (void)state;
    struct house house;
    open_house(&house);
    expect_sample(&house, "samenloop_router_events 0");
    expect_sample(&house, "samenloop_router_connected{participant=\"img\"} 0");
    uint64_t img = connect_to(&house, IMG, 10);
    router_sent(house.router);
    publish(&house, img, 1, 1, 3, 1);
    sync_house(&house);
    router_sent(house.router);
    pass(&house, 5000);
    expect_sample(&house, "samenloop_router_events 3");
    expect_sample(&house, "samenloop_router_greeted 1");
    expect_sample(&house, "samenloop_router_connected{participant=\"img\"} 1");
    expect_sample(&house, "samenloop_router_waiting{participant=\"ncg\",lane=\"ordinary\"} 3");
    expect_sample(&house, "samenloop_router_waiting{participant=\"ncg\",lane=\"acute\"} 0");
    expect_sample(&house,
                  "samenloop_router_oldest_waiting_seconds{participant=\"ncg\",lane=\"ordinary\"} "
                  "5");
    expect_sample(&house, "samenloop_router_in_flight{participant=\"ncg\"} 0");
    uint64_t ncg = connect_to(&house, NCG, 2);
    expect_sample(&house, "samenloop_router_in_flight{participant=\"ncg\"} 2");
    router_sent(house.router);
    answer(&house, ncg, 1, 1, SAMENLOOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_DONE, 0);
    sync_house(&house);
    expect_sample(&house, "samenloop_router_in_flight{participant=\"ncg\"} 1");
    expect_sample(&house, "samenloop_router_waiting{participant=\"ncg\",lane=\"ordinary\"} 2");
    close_house(&house);
}

static void what_goes_wrong_is_counted(void **state)
{
    (void)state;
    struct house house;
    open_house(&house);
    expect_sample(&house, "samenloop_router_full 0");
    sl_storage_memory_faults(
        house.storage,
        (struct sl_storage_faults){.kind = SL_FAULT_FULL, .at = 1, .from_then_on = true});
    for (int i = 0; i < 200; i++) /* room is made ahead, a little a round */
        pass(&house, 1);
    expect_sample(&house, "samenloop_router_full 1");
    sl_storage_memory_faults(house.storage, (struct sl_storage_faults){0});
    pass(&house, 1000);
    expect_sample(&house, "samenloop_router_full 0");
    uint64_t img = connect_to(&house, IMG, 10);
    write_hello(&house, IMG, 1); /* a second one */
    say(&house, img, IMG);
    expect_sample(&house, "samenloop_router_violations_total 1");
    expect_sample(&house, "samenloop_router_connected{participant=\"img\"} 0");
    img = connect_to(&house, IMG, 10);
    publish(&house, img, 1, 1, 1, 1);
    publish(&house, img, 2, 1, 1, 1); /* the same event again */
    sync_house(&house);
    expect_sample(&house, "samenloop_router_duplicates_total 1");
    close_house(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waits_is_counted_by_participant_and_lane),
        cmocka_unit_test(what_goes_wrong_is_counted),
    };
    return cmocka_run_group_tests(tests, parties_begin, parties_end);
}
