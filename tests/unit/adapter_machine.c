/* The adapter's machine against a small router: what goes out, what comes in, and what is told. */
#include "tests/unit/adapter_post.h"

#include "schemas/timestamp.h"

#define IMG_SOURCE "urn:nld:oin:00000004164164164000:systeem:zaken"

struct scene {
    struct post post;
    struct party img, ncg;
};

static void begin(struct scene *scene)
{
    post_init(&scene->post);
    party_init(&scene->img, &parties, IMG);
    party_init(&scene->ncg, &parties, NCG);
}

static void end(struct scene *scene)
{
    party_free(&scene->img);
    party_free(&scene->ncg);
    post_free(&scene->post);
}

static void meet(struct scene *scene, struct party *party)
{
    post_connect(&scene->post, party);
    post_run(&scene->post, party);
}

static void an_event_reaches_the_other_back_office(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    json_t *taken = json_array();
    assert_int_equal(publish(&scene.img, SL_LANE_ORDINARY, "doc-1", 7).status, SAMENLOOP_ACCEPTED);
    meet(&scene, &scene.img);
    meet(&scene, &scene.ncg);
    assert_string_equal(samenloop_event(scene.img.house, "doc-1", IMG_SOURCE),
                        "{\"status\":\"accepted\",\"journalseq\":\"1\"}");
    assert_int_equal(take_all(&scene.ncg, SAMENLOOP_CONTACT_PERSON, taken), 0);
    assert_int_equal(samenloop_arrivals(scene.ncg.house, SAMENLOOP_BACK_OFFICE), 1);
    assert_int_equal(take_all(&scene.ncg, SAMENLOOP_BACK_OFFICE, taken), 1);
    const json_t *event = json_array_get(taken, 0);
    assert_string_equal(text_of(event, "id"), "doc-1");
    assert_string_equal(text_of(event, "source"), IMG_SOURCE);
    assert_string_equal(text_of(event, "subject"), "0014200000000007");
    assert_string_equal(text_of(event, "type"), "nl.samenloop.damage_case_opened");
    assert_string_equal(text_of(event, "journalseq"), "1");
    const json_t *dossier = json_object_get(json_object_get(event, "data"), "dossier");
    assert_string_equal(text_of(dossier, "case_number"), "Z-doc-1");
    assert_int_equal(take_all(&scene.ncg, SAMENLOOP_BACK_OFFICE, taken), 0);
    party_crash(&scene.ncg, 0);
    party_start(&scene.ncg);
    assert_int_equal(take_all(&scene.ncg, SAMENLOOP_BACK_OFFICE, taken), 0);
    json_decref(taken);
    end(&scene);
}

static void acute_goes_first_within_the_credit(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    char id[16];
    for (unsigned n = 1; n <= 20; n++) {
        (void)snprintf(id, sizeof id, "doc-%u", n);
        (void)publish(&scene.img, SL_LANE_ORDINARY, id, n);
    }
    (void)publish(&scene.img, SL_LANE_URGENT, "u", 30);
    (void)publish(&scene.img, SL_LANE_ACUTE, "a", 31);
    scene.post.publish_credit = 5;
    scene.post.hold = true;
    meet(&scene, &scene.img);
    assert_int_equal(scene.post.published_count, 5);
    assert_int_equal(scene.post.published[0], SL_LANE_ACUTE);
    assert_int_equal(scene.post.published[1], SL_LANE_URGENT);
    assert_int_equal(scene.post.published[2], SL_LANE_ORDINARY);
    post_cut(&scene.post, &scene.img);
    scene.post.hold = false;
    scene.post.published_count = 0;
    meet(&scene, &scene.img);
    assert_int_equal(scene.post.published_count, 22);
    assert_int_equal(scene.post.published[0], SL_LANE_ACUTE);
    assert_int_equal(scene.post.event_count, 22);
    meet(&scene, &scene.ncg);
    json_t *taken = json_array();
    assert_int_equal(take_all(&scene.ncg, SAMENLOOP_BACK_OFFICE, taken), 22);
    assert_string_equal(text_of(json_array_get(taken, 0), "id"), "a");
    assert_string_equal(text_of(json_array_get(taken, 1), "id"), "u");
    for (unsigned n = 1; n <= 20; n++) {
        (void)snprintf(id, sizeof id, "doc-%u", n);
        assert_string_equal(text_of(json_array_get(taken, n + 1), "id"), id);
    }
    json_decref(taken);
    end(&scene);
}

/* Whatever the router's credit: what has no answer is 512 at most, and an acute event comes next.
 */
static void few_are_on_their_way_ahead_of_an_acute_event(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    char id[16];
    for (unsigned n = 1; n <= 700; n++) {
        (void)snprintf(id, sizeof id, "doc-%u", n);
        (void)publish(&scene.img, SL_LANE_ORDINARY, id, n);
    }
    scene.post.publish_credit = SL_CREDIT;
    scene.post.hold = true;
    meet(&scene, &scene.img);
    assert_int_equal(scene.post.published_count, 512);
    (void)publish(&scene.img, SL_LANE_ACUTE, "a", 800);
    post_run(&scene.post, &scene.img);
    assert_int_equal(scene.post.published_count, 513);
    assert_int_equal(scene.post.published[512], SL_LANE_ACUTE);
    end(&scene);
}

static void refuse_once(void *context, const Samenloop__V1__Header *header,
                        Samenloop__V1__Result *result)
{
    bool *refuse = context;
    (void)header;
    if (!*refuse)
        return;
    result->verdict = SAMENLOOP__V1__VERDICT__VERDICT_REFUSED;
    result->code = sl_to_pb(sl_text("time_window"));
    result->sentence = sl_to_pb(sl_text("recorded before the agreement was in force"));
}

static void a_refusal_is_told_and_frees_the_id(void **state)
{
    (void)state;
    struct scene scene;
    bool refuse = true;
    begin(&scene);
    scene.post.policy = refuse_once;
    scene.post.context = &refuse;
    (void)publish(&scene.img, SL_LANE_ORDINARY, "doc-1", 7);
    meet(&scene, &scene.img);
    assert_string_equal(samenloop_event(scene.img.house, "doc-1", IMG_SOURCE),
                        "{\"status\":\"refused\",\"code\":\"time_window\",\"sentence\":"
                        "\"recorded before the agreement was in force\"}");
    json_t *taken = json_array();
    assert_int_equal(take_all(&scene.img, SAMENLOOP_BACK_OFFICE, taken), 1);
    const json_t *told = json_array_get(taken, 0);
    assert_string_equal(text_of(told, "type"), "nl.samenloop.event_refused");
    assert_string_equal(text_of(told, "source"), "urn:samenloop:adapter");
    assert_string_equal(text_of(told, "causationid"), "doc-1");
    assert_string_equal(text_of(json_object_get(told, "data"), "code"), "time_window");
    /* Also after a restart: the same id with other content is a new event. */
    party_crash(&scene.img, 0);
    party_start(&scene.img);
    refuse = false;
    assert_int_equal(publish(&scene.img, SL_LANE_ORDINARY, "doc-1", 8).status, SAMENLOOP_ACCEPTED);
    assert_string_equal(samenloop_event(scene.img.house, "doc-1", IMG_SOURCE),
                        "{\"status\":\"waiting\"}");
    meet(&scene, &scene.img);
    assert_string_equal(samenloop_event(scene.img.house, "doc-1", IMG_SOURCE),
                        "{\"status\":\"accepted\",\"journalseq\":\"1\"}");
    assert_int_equal(publish(&scene.img, SL_LANE_ORDINARY, "doc-1", 7).status, SAMENLOOP_REFUSED);
    assert_int_equal(take_all(&scene.img, SAMENLOOP_BACK_OFFICE, taken), 0);
    json_decref(taken);
    end(&scene);
}

static void remark(void *context, const Samenloop__V1__Header *header,
                   Samenloop__V1__Result *result)
{
    static Samenloop__V1__Remark one = SAMENLOOP__V1__REMARK__INIT;
    static Samenloop__V1__Remark *list[] = {&one};
    (void)context;
    (void)header;
    one.rule = sl_to_pb(sl_text("resident-needs-consent"));
    one.clause = sl_to_pb(sl_text("C11"));
    one.sentence = sl_to_pb(sl_text("resident section withheld: no consent on record"));
    result->remarks = list;
    result->n_remarks = 1;
}

static void what_was_withheld_is_told_once(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    scene.post.policy = remark;
    (void)publish(&scene.img, SL_LANE_URGENT, "doc-1", 7);
    meet(&scene, &scene.img);
    json_t *taken = json_array();
    assert_int_equal(take_all(&scene.img, SAMENLOOP_BACK_OFFICE, taken), 0);
    assert_int_equal(take_all(&scene.img, SAMENLOOP_INCIDENT_OFFICER, taken), 1);
    assert_string_equal(text_of(json_array_get(taken, 0), "type"), "nl.samenloop.event_withheld");
    const char *seen = samenloop_event(scene.img.house, "doc-1", IMG_SOURCE);
    assert_non_null(strstr(seen, "\"remarks\":[{\"rule\":\"resident-needs-consent\""));
    json_decref(taken);
    end(&scene);
}

static void later(void *context, const Samenloop__V1__Header *header, Samenloop__V1__Result *result)
{
    unsigned *times = context;
    (void)header;
    if (*times == 0)
        return;
    (*times)--;
    result->verdict = SAMENLOOP__V1__VERDICT__VERDICT_LATER;
}

static void later_is_tried_again(void **state)
{
    (void)state;
    struct scene scene;
    unsigned times = 2;
    begin(&scene);
    scene.post.policy = later;
    scene.post.context = &times;
    (void)publish(&scene.img, SL_LANE_ORDINARY, "doc-1", 7);
    meet(&scene, &scene.img);
    assert_int_equal(scene.post.published_count, 1);
    assert_true(adapter_wake(scene.img.house) <= scene.img.moment.elapsed + ADAPTER_LATER);
    for (int n = 0; n < 2; n++) {
        party_wait(&scene.img, ADAPTER_LATER - 1);
        post_run(&scene.post, &scene.img);
        assert_int_equal(scene.post.published_count, 1 + n);
        party_wait(&scene.img, 1);
        post_run(&scene.post, &scene.img);
        assert_int_equal(scene.post.published_count, 2 + n);
    }
    assert_int_equal(scene.post.event_count, 1);
    end(&scene);
}

static void a_repetition_is_done_again_and_shown_once(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    (void)publish(&scene.img, SL_LANE_ORDINARY, "doc-1", 7);
    meet(&scene, &scene.img);
    meet(&scene, &scene.ncg);
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
    end(&scene);
}

static void nothing_is_answered_or_shown_before_the_sync(void **state)
{
    (void)state;
    struct scene scene;
    struct sl_buffer frame = {0};
    struct samenloop_cursor cursor = {0};
    struct samenloop_item item;
    begin(&scene);
    meet(&scene, &scene.ncg);
    (void)publish(&scene.img, SL_LANE_ACUTE, "doc-1", 7);
    meet(&scene, &scene.img);
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
    end(&scene);
}

static void a_gap_is_behind_until_it_is_filled(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    char id[16];
    for (unsigned n = 1; n <= 3; n++) {
        (void)snprintf(id, sizeof id, "doc-%u", n);
        (void)publish(&scene.img, SL_LANE_ORDINARY, id, n == 3 ? 9 : 7);
    }
    meet(&scene, &scene.img);
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
    end(&scene);
}

static void what_was_tampered_with_has_failed(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    (void)publish(&scene.img, SL_LANE_ORDINARY, "doc-1", 7);
    meet(&scene, &scene.img);
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
    end(&scene);
}

/* An event may wait in an outbox, and be delivered, long after the key that signed it has ended. */
static void what_was_signed_in_time_is_taken_later(void **state)
{
    (void)state;
    struct scene scene;
    struct samenloop_health health;
    struct sl_key *key = &parties.directory.participants[IMG].cards[0].keys[0];
    begin(&scene);
    (void)publish(&scene.img, SL_LANE_ORDINARY, "doc-1", 7);
    meet(&scene, &scene.img);
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
    end(&scene);
}

static void receipts_are_repeated_until_receipted(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    json_t *taken = json_array();
    scene.post.receipts_wanted = true;
    scene.post.receipt_lost = true;
    (void)publish(&scene.img, SL_LANE_ACUTE, "doc-1", 7);
    meet(&scene, &scene.img);
    meet(&scene, &scene.ncg);
    assert_int_equal(scene.post.receipts, 0);
    assert_int_equal(take_all(&scene.ncg, SAMENLOOP_BACK_OFFICE, taken), 1);
    post_run(&scene.post, &scene.ncg);
    assert_int_equal(scene.post.receipts, 1);
    party_crash(&scene.ncg, 0);
    party_start(&scene.ncg);
    meet(&scene, &scene.ncg);
    assert_int_equal(scene.post.receipts, 2);
    scene.post.receipt_lost = false;
    post_cut(&scene.post, &scene.ncg);
    meet(&scene, &scene.ncg);
    assert_int_equal(scene.post.receipts, 3);
    party_crash(&scene.ncg, 0);
    party_start(&scene.ncg);
    meet(&scene, &scene.ncg);
    assert_int_equal(scene.post.receipts, 3);
    json_decref(taken);
    end(&scene);
}

static void another_journal_is_not_taken_until_an_operator_says_so(void **state)
{
    (void)state;
    struct scene scene;
    struct samenloop_health health;
    begin(&scene);
    (void)publish(&scene.img, SL_LANE_ORDINARY, "doc-1", 7);
    meet(&scene, &scene.img);
    meet(&scene, &scene.ncg);
    post_cut(&scene.post, &scene.ncg);
    assert_true(scene.post.hello_fed == false);
    /* The journal was lost; the new one numbers from 1 again. */
    sl_random(scene.post.journal, sizeof scene.post.journal);
    scene.post.queues[NCG][SL_LANE_ORDINARY].list[0].done = false;
    (void)publish(&scene.ncg, SL_LANE_ORDINARY, "doc-2", 8);
    size_t published = scene.post.published_count;
    meet(&scene, &scene.ncg);
    assert_true(scene.post.hello_fed);
    assert_int_equal(scene.post.hello_last[SL_LANE_ORDINARY], 1);
    samenloop_health(scene.ncg.house, &health);
    assert_false(health.fed);
    assert_int_equal(health.delivered, 1);
    assert_int_equal(scene.post.published_count, published);
    char identity[33];
    sl_hex(identity, scene.post.journal, 16);
    assert_string_equal(health.journal, identity);
    static const uint8_t wrong[SL_IDENTITY_SIZE] = {1};
    adapter_accept_journal(scene.ncg.house, wrong);
    samenloop_health(scene.ncg.house, &health);
    assert_false(health.fed);
    adapter_accept_journal(scene.ncg.house, scene.post.journal);
    post_run(&scene.post, &scene.ncg);
    assert_int_equal(adapter_wants(scene.ncg.house), ADAPTER_WANTS_END);
    post_cut(&scene.post, &scene.ncg);
    meet(&scene, &scene.ncg);
    samenloop_health(scene.ncg.house, &health);
    assert_true(health.fed && health.connected);
    assert_int_equal(health.delivered, 2);
    assert_int_equal(scene.post.published_count, published + 1);
    party_crash(&scene.ncg, 0);
    party_start(&scene.ncg);
    meet(&scene, &scene.ncg);
    assert_int_equal(scene.post.hello_last[SL_LANE_ORDINARY], 1);
    end(&scene);
}

static void silence_ends_a_connection_and_heartbeats_prevent_it(void **state)
{
    (void)state;
    struct scene scene;
    struct sl_buffer frame = {0};
    begin(&scene);
    meet(&scene, &scene.img);
    assert_false(adapter_frame(scene.img.house, &frame));
    party_wait(&scene.img, SL_HEARTBEAT);
    assert_true(adapter_frame(scene.img.house, &frame));
    post_frame(&scene.post, &scene.img, sl_buffer_bytes(&frame), true);
    struct sl_buffer beat = {0};
    sl_wire_heartbeat(&beat);
    post_give(&scene.img, &beat);
    party_wait(&scene.img, SL_SILENCE - 1);
    while (adapter_frame(scene.img.house, &frame))
        continue;
    assert_int_equal(adapter_wants(scene.img.house), ADAPTER_WANTS_NOTHING);
    party_wait(&scene.img, 1);
    assert_true(adapter_frame(scene.img.house, &frame));
    assert_int_equal(adapter_wants(scene.img.house), ADAPTER_WANTS_END);
    assert_false(adapter_frame(scene.img.house, &frame));
    adapter_disconnected(scene.img.house);
    assert_int_equal(adapter_wants(scene.img.house), ADAPTER_WANTS_NOTHING);
    assert_true(adapter_wake(scene.img.house) > scene.img.moment.elapsed);
    sl_buffer_free(&frame);
    end(&scene);
}

static void a_router_that_breaks_the_protocol_is_told_so(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    meet(&scene, &scene.img);
    Samenloop__V1__Published body = SAMENLOOP__V1__PUBLISHED__INIT;
    Samenloop__V1__Result result = SAMENLOOP__V1__RESULT__INIT;
    Samenloop__V1__Result *results[] = {&result};
    struct sl_buffer frame = {0};
    result.verdict = SAMENLOOP__V1__VERDICT__VERDICT_ACCEPTED;
    result.journal_number = 1;
    body.lane = SAMENLOOP__V1__LANE__LANE_ACUTE;
    body.position = 99;
    body.results = results;
    body.n_results = 1;
    sl_wire_published(&frame, &body);
    post_give(&scene.img, &frame);
    post_run(&scene.post, &scene.img);
    assert_int_equal(scene.post.bye[IMG], SL_PROTOCOL);
    assert_int_equal(adapter_wants(scene.img.house), ADAPTER_WANTS_END);
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_reaches_the_other_back_office),
        cmocka_unit_test(acute_goes_first_within_the_credit),
        cmocka_unit_test(few_are_on_their_way_ahead_of_an_acute_event),
        cmocka_unit_test(a_refusal_is_told_and_frees_the_id),
        cmocka_unit_test(what_was_withheld_is_told_once),
        cmocka_unit_test(later_is_tried_again),
        cmocka_unit_test(a_repetition_is_done_again_and_shown_once),
        cmocka_unit_test(nothing_is_answered_or_shown_before_the_sync),
        cmocka_unit_test(a_gap_is_behind_until_it_is_filled),
        cmocka_unit_test(what_was_tampered_with_has_failed),
        cmocka_unit_test(what_was_signed_in_time_is_taken_later),
        cmocka_unit_test(receipts_are_repeated_until_receipted),
        cmocka_unit_test(another_journal_is_not_taken_until_an_operator_says_so),
        cmocka_unit_test(silence_ends_a_connection_and_heartbeats_prevent_it),
        cmocka_unit_test(a_router_that_breaks_the_protocol_is_told_so),
    };
    return cmocka_run_group_tests(tests, parties_begin, parties_end);
}
