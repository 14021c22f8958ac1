/* The adapter's machine against a small router: what comes in, and its receipts. */
#include "tests/unit/adapter_scene.h"

#include "schemas/timestamp.h"

static void a_repetition_is_done_again_and_shown_once(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene);
    (void)publish(&scene.img, SL_LANE_ORDINARY, "doc-1", 7);
    scene_meet(&scene, &scene.img);
    scene_meet(&scene, &scene.ncg);
    struct post_delivery *delivery = &scene.post.queues[NCG][SL_LANE_ORDINARY].list[0];
    assert_int_equal(delivery->times_done, 1);
    post_send(&scene.post, &scene.ncg, delivery);
    post_send(&scene.post, &scene.ncg, delivery);
    delivery->head.attempt--; /* the first answer names the attempt before */
    struct sl_buffer frame = {0};
    party_sync(&scene.ncg);
    assert_true(adapter_frame(scene.ncg.house, &frame));
    sl_arena_clear(&scene.post.arena);
    struct sl_error error = {0};
    const Samenloop__V1__Frame *answer = sl_wire_unpack(&scene.post.arena, SL_WIRE_ADAPTER,
                                                        sl_buffer_bytes(&frame), &error);
    assert_non_null(answer);
    assert_int_equal(answer->body_case, SAMENLOOP__V1__FRAME__BODY_DELIVERED);
    assert_int_equal(answer->delivered->n_answers, 2);
    assert_int_equal(answer->delivered->credit, 2);
    assert_int_equal(answer->delivered->answers[0]->attempt, 2);
    assert_int_equal(answer->delivered->answers[1]->attempt, 3);
    sl_buffer_free(&frame);
    json_t *taken = json_array();
    assert_int_equal(take_all(&scene.ncg, SAMENLOOP_BACK_OFFICE, taken), 1);
    struct samenloop_health health;
    samenloop_health(scene.ncg.house, &health);
    assert_int_equal(health.repeated, 2);
    json_decref(taken);
    scene_end(&scene);
}

static void nothing_is_answered_or_shown_before_the_sync(void **state)
{
    (void)state;
    struct scene scene;
    struct sl_buffer frame = {0};
    struct samenloop_cursor cursor = {0};
    struct samenloop_item item;
    scene_begin(&scene);
    scene_meet(&scene, &scene.ncg);
    (void)publish(&scene.img, SL_LANE_ACUTE, "doc-1", 7);
    scene_meet(&scene, &scene.img);
    post_send(&scene.post, &scene.ncg, &scene.post.queues[NCG][SL_LANE_ACUTE].list[0]);
    assert_true(adapter_pending(scene.ncg.house));
    assert_false(adapter_frame(scene.ncg.house, &frame));
    assert_int_equal(samenloop_receive(scene.ncg.house, SAMENLOOP_BACK_OFFICE, &cursor, &item), 0);
    assert_int_equal(samenloop_arrivals(scene.ncg.house, SAMENLOOP_BACK_OFFICE), 0);
    assert_int_equal(
        samenloop_acknowledge(scene.ncg.house, SAMENLOOP_BACK_OFFICE, (uint64_t[]){2}, 1), -1);
    party_sync(&scene.ncg);
    assert_true(adapter_frame(scene.ncg.house, &frame));
    assert_int_equal(samenloop_receive(scene.ncg.house, SAMENLOOP_BACK_OFFICE, &cursor, &item), 1);
    assert_int_equal(samenloop_arrivals(scene.ncg.house, SAMENLOOP_BACK_OFFICE), 1);
    /* Another role has no such item; the same one has it for good. */
    assert_int_equal(
        samenloop_acknowledge(scene.ncg.house, SAMENLOOP_JOINT_TEAM, &item.position, 1), -1);
    for (int n = 0; n < 2; n++)
        assert_int_equal(
            samenloop_acknowledge(scene.ncg.house, SAMENLOOP_BACK_OFFICE, &item.position, 1), 0);
    sl_buffer_free(&frame);
    scene_end(&scene);
}

static void a_gap_is_behind_until_it_is_filled(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene);
    char id[16];
    for (unsigned n = 1; n <= 3; n++) {
        (void)snprintf(id, sizeof id, "doc-%u", n);
        (void)publish(&scene.img, SL_LANE_ORDINARY, id, n == 3 ? 9 : 7);
    }
    scene_meet(&scene, &scene.img);
    struct post_delivery *list = scene.post.queues[NCG][SL_LANE_ORDINARY].list;
    assert_int_equal(list[1].head.previous, 1);
    /* The second comes without the first, the third is another house's. */
    list[0].sent = list[1].sent = list[2].sent = true;
    post_connect(&scene.post, &scene.ncg);
    scene.post.queues[NCG][SL_LANE_ORDINARY].count = 0;
    post_run(&scene.post, &scene.ncg);
    scene.post.queues[NCG][SL_LANE_ORDINARY].count = 3;
    list[0].sent = list[1].sent = list[2].sent = true;
    post_send(&scene.post, &scene.ncg, &list[1]);
    post_send(&scene.post, &scene.ncg, &list[2]);
    struct sl_buffer frame = {0};
    party_sync(&scene.ncg);
    assert_true(adapter_frame(scene.ncg.house, &frame));
    post_frame(&scene.post, &scene.ncg, sl_buffer_bytes(&frame), true);
    sl_buffer_free(&frame);
    assert_false(list[1].done);
    assert_true(list[2].done);
    struct samenloop_health health;
    samenloop_health(scene.ncg.house, &health);
    assert_int_equal(health.behind, 1);
    post_send(&scene.post, &scene.ncg, &list[0]);
    post_run(&scene.post, &scene.ncg);
    assert_true(list[0].done && list[1].done);
    json_t *taken = json_array();
    assert_int_equal(take_all(&scene.ncg, SAMENLOOP_BACK_OFFICE, taken), 3);
    assert_string_equal(text_of(json_array_get(taken, 0), "id"), "doc-3");
    assert_string_equal(text_of(json_array_get(taken, 1), "id"), "doc-1");
    assert_string_equal(text_of(json_array_get(taken, 2), "id"), "doc-2");
    json_decref(taken);
    scene_end(&scene);
}

static void what_was_tampered_with_has_failed(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene);
    (void)publish(&scene.img, SL_LANE_ORDINARY, "doc-1", 7);
    scene_meet(&scene, &scene.img);
    struct post_delivery *delivery = &scene.post.queues[NCG][SL_LANE_ORDINARY].list[0];
    post_connect(&scene.post, &scene.ncg);
    scene.post.queues[NCG][SL_LANE_ORDINARY].count = 0;
    post_run(&scene.post, &scene.ncg);
    scene.post.queues[NCG][SL_LANE_ORDINARY].count = 1;
    size_t failed = 0;
    for (size_t at = 0; at < delivery->bundle_size; at += 37) {
        struct samenloop_health health;
        delivery->bundle[at] ^= 1;
        struct sl_arena arena;
        sl_arena_init(&arena, 0);
        bool readable = sl_arena_unpack(&arena, &samenloop__v1__bundle__descriptor,
                                        sl_bytes(delivery->bundle, delivery->bundle_size)) != NULL;
        if (readable)
            post_send(&scene.post, &scene.ncg, delivery);
        sl_arena_free(&arena);
        party_sync(&scene.ncg);
        delivery->bundle[at] ^= 1;
        samenloop_health(scene.ncg.house, &health);
        assert_int_equal(health.delivered, 0);
        failed = health.failed;
        if (!health.connected) { /* the frame broke a bound of the wire */
            struct sl_buffer frame = {0};
            while (adapter_frame(scene.ncg.house, &frame))
                continue;
            sl_buffer_free(&frame);
            post_cut(&scene.post, &scene.ncg);
            post_connect(&scene.post, &scene.ncg);
            scene.post.queues[NCG][SL_LANE_ORDINARY].count = 0;
            post_run(&scene.post, &scene.ncg);
            scene.post.queues[NCG][SL_LANE_ORDINARY].count = 1;
        }
    }
    assert_true(failed > 5);
    scene_end(&scene);
}

/* An event may wait in an outbox, and be delivered, long after the key that signed it has ended. */
static void what_was_signed_in_time_is_taken_later(void **state)
{
    (void)state;
    struct scene scene;
    struct samenloop_health health;
    struct sl_key *key = &parties.directory.participants[IMG].cards[0].keys[0];
    scene_begin(&scene);
    (void)publish(&scene.img, SL_LANE_ORDINARY, "doc-1", 7);
    scene_meet(&scene, &scene.img);
    struct post_delivery *delivery = &scene.post.queues[NCG][SL_LANE_ORDINARY].list[0];
    delivery->head.accepted_at = begin_at + SL_DAY;
    key->not_after = 1; /* before it was recorded */
    post_connect(&scene.post, &scene.ncg);
    post_run(&scene.post, &scene.ncg);
    samenloop_health(scene.ncg.house, &health);
    assert_int_equal(health.delivered, 0);
    assert_true(health.failed > 0);
    key->not_after = begin_at + 1;
    post_cut(&scene.post, &scene.ncg);
    post_connect(&scene.post, &scene.ncg);
    post_run(&scene.post, &scene.ncg);
    key->not_after = INT64_MAX;
    samenloop_health(scene.ncg.house, &health);
    assert_int_equal(health.delivered, 1);
    scene_end(&scene);
}

static void receipts_are_repeated_until_receipted(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene);
    json_t *taken = json_array();
    scene.post.receipts_wanted = true;
    scene.post.receipt_lost = true;
    (void)publish(&scene.img, SL_LANE_ACUTE, "doc-1", 7);
    scene_meet(&scene, &scene.img);
    scene_meet(&scene, &scene.ncg);
    assert_int_equal(scene.post.receipts, 0);
    assert_int_equal(take_all(&scene.ncg, SAMENLOOP_BACK_OFFICE, taken), 1);
    post_run(&scene.post, &scene.ncg);
    assert_int_equal(scene.post.receipts, 1);
    party_crash(&scene.ncg, 0);
    party_start(&scene.ncg);
    scene_meet(&scene, &scene.ncg);
    assert_int_equal(scene.post.receipts, 2);
    scene.post.receipt_lost = false;
    post_cut(&scene.post, &scene.ncg);
    scene_meet(&scene, &scene.ncg);
    assert_int_equal(scene.post.receipts, 3);
    party_crash(&scene.ncg, 0);
    party_start(&scene.ncg);
    scene_meet(&scene, &scene.ncg);
    assert_int_equal(scene.post.receipts, 3);
    json_decref(taken);
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_repetition_is_done_again_and_shown_once),
        cmocka_unit_test(nothing_is_answered_or_shown_before_the_sync),
        cmocka_unit_test(a_gap_is_behind_until_it_is_filled),
        cmocka_unit_test(what_was_tampered_with_has_failed),
        cmocka_unit_test(what_was_signed_in_time_is_taken_later),
        cmocka_unit_test(receipts_are_repeated_until_receipted),
    };
    return cmocka_run_group_tests(tests, parties_begin, parties_end);
}
