/* The adapter's machine against a small router: what goes out, what is told, and how it ends. */
#include "tests/unit/adapter_scene.h"

#include "schemas/timestamp.h"

static void an_event_reaches_the_other_back_office(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene);
    json_t *taken = json_array();
    assert_int_equal(publish(&scene.img, SL_LANE_ORDINARY, "doc-1", 7).status, SAMENLOOP_ACCEPTED);
    scene_meet(&scene, &scene.img);
    scene_meet(&scene, &scene.ncg);
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
    scene_end(&scene);
}

static void acute_goes_first_within_the_credit(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene);
    char id[16];
    for (unsigned n = 1; n <= 20; n++) {
        (void)snprintf(id, sizeof id, "doc-%u", n);
        (void)publish(&scene.img, SL_LANE_ORDINARY, id, n);
    }
    (void)publish(&scene.img, SL_LANE_URGENT, "u", 30);
    (void)publish(&scene.img, SL_LANE_ACUTE, "a", 31);
    scene.post.publish_credit = 5;
    scene.post.hold = true;
    scene_meet(&scene, &scene.img);
    assert_int_equal(scene.post.published_count, 5);
    assert_int_equal(scene.post.published[0], SL_LANE_ACUTE);
    assert_int_equal(scene.post.published[1], SL_LANE_URGENT);
    assert_int_equal(scene.post.published[2], SL_LANE_ORDINARY);
    post_cut(&scene.post, &scene.img);
    scene.post.hold = false;
    scene.post.published_count = 0;
    scene_meet(&scene, &scene.img);
    assert_int_equal(scene.post.published_count, 22);
    assert_int_equal(scene.post.published[0], SL_LANE_ACUTE);
    assert_int_equal(scene.post.event_count, 22);
    scene_meet(&scene, &scene.ncg);
    json_t *taken = json_array();
    assert_int_equal(take_all(&scene.ncg, SAMENLOOP_BACK_OFFICE, taken), 22);
    assert_string_equal(text_of(json_array_get(taken, 0), "id"), "a");
    assert_string_equal(text_of(json_array_get(taken, 1), "id"), "u");
    for (unsigned n = 1; n <= 20; n++) {
        (void)snprintf(id, sizeof id, "doc-%u", n);
        assert_string_equal(text_of(json_array_get(taken, n + 1), "id"), id);
    }
    json_decref(taken);
    scene_end(&scene);
}

/* Whatever the router's credit: what has no answer is 512 at most, and an acute event comes next.
 */
static void few_are_on_their_way_ahead_of_an_acute_event(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene);
    char id[16];
    for (unsigned n = 1; n <= 700; n++) {
        (void)snprintf(id, sizeof id, "doc-%u", n);
        (void)publish(&scene.img, SL_LANE_ORDINARY, id, n);
    }
    scene.post.publish_credit = SL_CREDIT;
    scene.post.hold = true;
    scene_meet(&scene, &scene.img);
    assert_int_equal(scene.post.published_count, 512);
    (void)publish(&scene.img, SL_LANE_ACUTE, "a", 800);
    post_run(&scene.post, &scene.img);
    assert_int_equal(scene.post.published_count, 513);
    assert_int_equal(scene.post.published[512], SL_LANE_ACUTE);
    scene_end(&scene);
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

/* An organisation whose keys have ended is no reason to stand still, nor an event's fault. */
static void without_a_key_to_seal_with_it_is_later(void **state)
{
    (void)state;
    struct scene scene;
    struct sl_key *key = &parties.directory.participants[NCG].cards[0].keys[1];
    scene_begin(&scene);
    assert_int_equal(publish(&scene.img, SL_LANE_ORDINARY, "doc-1", 7).status, SAMENLOOP_ACCEPTED);
    key->not_after = begin_at;
    party_wait(&scene.img, 1000);
    for (int i = 0; i < 2; i++) {
        struct samenloop_answer answer = publish(&scene.img, SL_LANE_ORDINARY, "doc-2", 7);
        assert_int_equal(answer.status, SAMENLOOP_REFUSED);
        assert_string_equal(answer.code, "overload");
        assert_string_equal(answer.sentence,
                            "ncg has no key card with a sealing key that is valid now");
        party_stop(&scene.img); /* it starts all the same, and sends what it has */
        party_start(&scene.img);
        scene_meet(&scene, &scene.img);
    }
    assert_string_equal(samenloop_event(scene.img.house, "doc-1", IMG_SOURCE),
                        "{\"status\":\"accepted\",\"journalseq\":\"1\"}");
    key->not_after = INT64_MAX;
    assert_int_equal(publish(&scene.img, SL_LANE_ORDINARY, "doc-2", 7).status, SAMENLOOP_ACCEPTED);
    scene_end(&scene);
}

static void a_refusal_is_told_and_frees_the_id(void **state)
{
    (void)state;
    struct scene scene;
    bool refuse = true;
    scene_begin(&scene);
    scene.post.policy = refuse_once;
    scene.post.context = &refuse;
    (void)publish(&scene.img, SL_LANE_ORDINARY, "doc-1", 7);
    scene_meet(&scene, &scene.img);
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
    scene_meet(&scene, &scene.img);
    assert_string_equal(samenloop_event(scene.img.house, "doc-1", IMG_SOURCE),
                        "{\"status\":\"accepted\",\"journalseq\":\"1\"}");
    assert_int_equal(publish(&scene.img, SL_LANE_ORDINARY, "doc-1", 7).status, SAMENLOOP_REFUSED);
    assert_int_equal(take_all(&scene.img, SAMENLOOP_BACK_OFFICE, taken), 0);
    json_decref(taken);
    scene_end(&scene);
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
    scene_begin(&scene);
    scene.post.policy = remark;
    (void)publish(&scene.img, SL_LANE_URGENT, "doc-1", 7);
    scene_meet(&scene, &scene.img);
    json_t *taken = json_array();
    assert_int_equal(take_all(&scene.img, SAMENLOOP_BACK_OFFICE, taken), 0);
    assert_int_equal(take_all(&scene.img, SAMENLOOP_INCIDENT_OFFICER, taken), 1);
    assert_string_equal(text_of(json_array_get(taken, 0), "type"), "nl.samenloop.event_withheld");
    const char *seen = samenloop_event(scene.img.house, "doc-1", IMG_SOURCE);
    assert_non_null(strstr(seen, "\"remarks\":[{\"rule\":\"resident-needs-consent\""));
    json_decref(taken);
    scene_end(&scene);
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
    scene_begin(&scene);
    scene.post.policy = later;
    scene.post.context = &times;
    (void)publish(&scene.img, SL_LANE_ORDINARY, "doc-1", 7);
    scene_meet(&scene, &scene.img);
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
    scene_end(&scene);
}

static void another_journal_is_not_taken_until_an_operator_says_so(void **state)
{
    (void)state;
    struct scene scene;
    struct samenloop_health health;
    scene_begin(&scene);
    (void)publish(&scene.img, SL_LANE_ORDINARY, "doc-1", 7);
    scene_meet(&scene, &scene.img);
    scene_meet(&scene, &scene.ncg);
    post_cut(&scene.post, &scene.ncg);
    assert_true(scene.post.hello_fed == false);
    /* The journal was lost; the new one numbers from 1 again. */
    sl_random(scene.post.journal, sizeof scene.post.journal);
    scene.post.queues[NCG][SL_LANE_ORDINARY].list[0].done = false;
    (void)publish(&scene.ncg, SL_LANE_ORDINARY, "doc-2", 8);
    size_t published = scene.post.published_count;
    scene_meet(&scene, &scene.ncg);
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
    scene_meet(&scene, &scene.ncg);
    samenloop_health(scene.ncg.house, &health);
    assert_true(health.fed && health.connected);
    assert_int_equal(health.delivered, 2);
    assert_int_equal(scene.post.published_count, published + 1);
    party_crash(&scene.ncg, 0);
    party_start(&scene.ncg);
    scene_meet(&scene, &scene.ncg);
    assert_int_equal(scene.post.hello_last[SL_LANE_ORDINARY], 1);
    scene_end(&scene);
}

static void silence_ends_a_connection_and_heartbeats_prevent_it(void **state)
{
    (void)state;
    struct scene scene;
    struct sl_buffer frame = {0};
    scene_begin(&scene);
    scene_meet(&scene, &scene.img);
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
    scene_end(&scene);
}

static void a_router_that_breaks_the_protocol_is_told_so(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene);
    scene_meet(&scene, &scene.img);
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
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_reaches_the_other_back_office),
        cmocka_unit_test(acute_goes_first_within_the_credit),
        cmocka_unit_test(few_are_on_their_way_ahead_of_an_acute_event),
        cmocka_unit_test(without_a_key_to_seal_with_it_is_later),
        cmocka_unit_test(a_refusal_is_told_and_frees_the_id),
        cmocka_unit_test(what_was_withheld_is_told_once),
        cmocka_unit_test(later_is_tried_again),
        cmocka_unit_test(another_journal_is_not_taken_until_an_operator_says_so),
        cmocka_unit_test(silence_ends_a_connection_and_heartbeats_prevent_it),
        cmocka_unit_test(a_router_that_breaks_the_protocol_is_told_so),
    };
    return cmocka_run_group_tests(tests, parties_begin, parties_end);
}
