/* Names and readers: what a back office calls an event or a house, and who may read of it. */
#include "tests/unit/adapter_post.h"

struct scene {
    struct post post;
    struct party all[PARTIES];
    json_t *taken;
};

static void begin(struct scene *scene)
{
    post_init(&scene->post);
    scene->taken = json_array();
    for (int i = 0; i < PARTIES; i++) {
        party_init(&scene->all[i], &parties, i);
        post_connect(&scene->post, &scene->all[i]);
        post_run(&scene->post, &scene->all[i]);
    }
}

static void end(struct scene *scene)
{
    for (int i = 0; i < PARTIES; i++)
        party_free(&scene->all[i]);
    post_free(&scene->post);
    json_decref(scene->taken);
}

static void run(struct scene *scene)
{
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < PARTIES; i++)
            post_run(&scene->post, &scene->all[i]);
    }
}

static struct samenloop_answer publish_with(struct scene *scene, int who, const char *id,
                                            unsigned house, const char *more)
{
    char json[2048];
    event_json(json, sizeof json, who, SL_LANE_ORDINARY, id, house, more);
    uint64_t ticket = hand_in(&scene->all[who], json);
    party_sync(&scene->all[who]);
    return answer_to(&scene->all[who], ticket);
}

static const json_t *take_last(struct scene *scene, int who)
{
    (void)take_all(&scene->all[who], SAMENLOOP_BACK_OFFICE, scene->taken);
    return json_array_get(scene->taken, json_array_size(scene->taken) - 1);
}

/* What the last delivery to somebody holds. */
static const Samenloop__V1__Bundle *last_bundle(struct scene *scene, int receiver,
                                                Samenloop__V1__Header **header)
{
    struct post_queue *queue = &scene->post.queues[receiver][SL_LANE_ORDINARY];
    const struct post_delivery *last = &queue->list[queue->count - 1];
    sl_arena_clear(&scene->post.arena);
    const Samenloop__V1__Bundle *bundle = (const void *)sl_arena_unpack(
        &scene->post.arena, &samenloop__v1__bundle__descriptor,
        sl_bytes(last->bundle, last->bundle_size));
    *header = (void *)sl_arena_unpack(&scene->post.arena, &samenloop__v1__header__descriptor,
                                      sl_from_pb(bundle->envelopes[last->head.envelope]->header));
    return bundle;
}

/* Queues the last event to `from` once more, its header and origin alone, as the router's word. */
static struct post_delivery *say(struct scene *scene, int from, int to, const char *name)
{
    Samenloop__V1__Header *header = NULL;
    Samenloop__V1__Bundle *bundle = (Samenloop__V1__Bundle *)(uintptr_t)last_bundle(scene, from,
                                                                                    &header);
    Samenloop__V1__Envelope *envelope = bundle->envelopes[0];
    size_t last = envelope->n_sections - 1;
    assert_int_equal(envelope->sections[last]->section, SAMENLOOP__V1__SECTION__SECTION_ORIGIN);
    envelope->sections += last;
    envelope->n_sections = 1;
    struct post_delivery *delivery = post_queue(&scene->post, to, SL_LANE_ORDINARY, bundle, 0,
                                                header);
    delivery->head.kind = SAMENLOOP__V1__DELIVERY_KIND__DELIVERY_KIND_INSTRUCTION;
    delivery->head.name = sl_to_pb(sl_text(name));
    envelope->sections -= last;
    return delivery;
}

static void a_cause_is_named_by_own_and_by_received_id(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    Samenloop__V1__Header *header = NULL;
    uint8_t uuid[SL_UUID_SIZE];
    assert_int_equal(publish_with(&scene, IMG, "doc-1", 1, "").status, SAMENLOOP_ACCEPTED);
    assert_int_equal(publish_with(&scene, IMG, "doc-2", 1, ",\"causationid\":\"doc-1\"").status,
                     SAMENLOOP_ACCEPTED);
    run(&scene);
    (void)last_bundle(&scene, NCG, &header);
    known_uuid_of(uuid, IMG, "doc-1");
    assert_memory_equal(header->causation_id.data, uuid, SL_UUID_SIZE);
    const json_t *event = take_last(&scene, NCG);
    assert_string_equal(text_of(event, "id"), "doc-2");
    assert_string_equal(text_of(event, "causationid"), "doc-1");
    /* The other side answers by the id that it received, also after a restart. */
    party_crash(&scene.all[NCG], 0);
    party_start(&scene.all[NCG]);
    post_connect(&scene.post, &scene.all[NCG]);
    assert_int_equal(publish_with(&scene, NCG, "zaak-9", 1, ",\"causationid\":\"doc-2\"").status,
                     SAMENLOOP_ACCEPTED);
    run(&scene);
    (void)last_bundle(&scene, IMG, &header);
    known_uuid_of(uuid, IMG, "doc-2");
    assert_memory_equal(header->causation_id.data, uuid, SL_UUID_SIZE);
    event = take_last(&scene, IMG);
    assert_string_equal(text_of(event, "causationid"), "doc-2");
    struct samenloop_answer answer = publish_with(&scene, NCG, "zaak-10", 1,
                                                  ",\"causationid\":\"doc-3\"");
    assert_int_equal(answer.status, SAMENLOOP_REFUSED);
    assert_string_equal(answer.code, "attribute_invalid");
    assert_non_null(strstr(answer.sentence, "no such event here"));
    assert_string_equal(answer.field, "/causationid");
    end(&scene);
}

static void an_answer_to_an_instruction_names_the_event_behind_it(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    Samenloop__V1__Header *header = NULL;
    uint8_t uuid[SL_UUID_SIZE];
    char more[128];
    (void)publish_with(&scene, IMG, "doc-1", 3, "");
    run(&scene);
    (void)take_last(&scene, NCG);
    (void)say(&scene, NCG, NCG, "check_work_stock");
    run(&scene);
    const json_t *event = take_last(&scene, NCG);
    assert_string_equal(text_of(event, "type"), "nl.samenloop.check_work_stock");
    assert_string_equal(text_of(event, "source"), "urn:samenloop:router");
    assert_string_equal(text_of(event, "subject"), "0014200000000003");
    assert_string_equal(text_of(event, "causationid"), "doc-1");
    for (int restarted = 0; restarted < 2; restarted++) {
        char id[16];
        (void)snprintf(more, sizeof more, ",\"causationid\":\"%s\"", text_of(event, "id"));
        (void)snprintf(id, sizeof id, "zaak-%d", restarted);
        assert_int_equal(publish_with(&scene, NCG, id, 3, more).status, SAMENLOOP_ACCEPTED);
        run(&scene);
        (void)last_bundle(&scene, IMG, &header);
        known_uuid_of(uuid, IMG, "doc-1");
        assert_memory_equal(header->causation_id.data, uuid, SL_UUID_SIZE);
        party_crash(&scene.all[NCG], 0);
        party_start(&scene.all[NCG]);
        post_connect(&scene.post, &scene.all[NCG]);
    }
    end(&scene);
}

static void the_publisher_reads_the_origin_of_its_own_and_nothing_else(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    Samenloop__V1__Header *header = NULL;
    (void)publish_with(&scene, IMG, "doc-1", 3, ",\"extra\":\"kept\"");
    run(&scene);
    const Samenloop__V1__Bundle *bundle = last_bundle(&scene, NCG, &header);
    assert_int_equal(bundle->proof->n_encapsulations, 2); /* img and ncg: gm0014 reads nothing */
    for (size_t i = 0; i < bundle->envelopes[0]->n_sections; i++) {
        const Samenloop__V1__SealedSection *section = bundle->envelopes[0]->sections[i];
        bool origin = section->section == SAMENLOOP__V1__SECTION__SECTION_ORIGIN;
        assert_int_equal(section->n_ciphertexts, origin ? 2 : 1);
    }
    (void)say(&scene, NCG, IMG, "concurrence_detected");
    run(&scene);
    const json_t *event = take_last(&scene, IMG);
    assert_string_equal(text_of(event, "type"), "nl.samenloop.concurrence_detected");
    assert_string_equal(text_of(event, "subject"), "0014200000000003");
    assert_string_equal(text_of(event, "causationid"), "doc-1");
    /* The whole event is not for its publisher: such a delivery fails. */
    struct post_queue *queue = &scene.post.queues[IMG][SL_LANE_ORDINARY];
    bundle = last_bundle(&scene, NCG, &header);
    struct post_delivery *whole = post_queue(&scene.post, IMG, SL_LANE_ORDINARY, bundle, 0, header);
    post_send(&scene.post, &scene.all[IMG], whole);
    party_sync(&scene.all[IMG]);
    struct samenloop_health health;
    samenloop_health(scene.all[IMG].house, &health);
    assert_int_equal(health.failed, 1);
    assert_int_equal(queue->count, 2);
    end(&scene);
}

#define ADVISED                                                                                    \
    "{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":"                                           \
    "\"urn:nld:oin:00000004165165165000:systeem:zaken\",\"type\":"                                 \
    "\"nl.samenloop.municipality_advised\",\"subject\":\"0014200000000005\","                      \
    "\"time\":\"2021-02-01T08:59:00Z\",\"data\":{\"attributes\":{\"occurred_at\":"                 \
    "\"2021-02-01T08:00:00Z\",\"municipality\":\"%s\",\"advice\":\"include\"},\"location\":{"      \
    "\"bag_id\":\"0014200000000005\",\"municipality\":\"%s\"},\"dossier\":{\"organisation\":"      \
    "\"ncg\",\"case_number\":\"N-1\"}}}"

static void advise(struct scene *scene, const char *id, const char *municipality)
{
    char json[2048];
    (void)snprintf(json, sizeof json, ADVISED, id, municipality, municipality);
    uint64_t ticket = hand_in(&scene->all[NCG], json);
    party_sync(&scene->all[NCG]);
    assert_string_equal(answer_to(&scene->all[NCG], ticket).sentence, "");
    run(scene);
}

static void a_municipality_names_houses_that_came_to_it(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    Samenloop__V1__Header *header = NULL;
    uint8_t subject[SL_HASH_SIZE];
    assert_string_equal(publish_with(&scene, GM, "b-1", 5, "").code, "subject_invalid");
    advise(&scene, "n-1", "0014");
    const Samenloop__V1__Bundle *bundle = last_bundle(&scene, IMG, &header);
    assert_int_equal(bundle->proof->n_encapsulations, 3);
    memcpy(subject, header->subject.data, sizeof subject);
    (void)post_queue(&scene.post, GM, SL_LANE_ORDINARY, bundle, 0, header);
    run(&scene);
    const json_t *event = take_last(&scene, GM);
    assert_string_equal(text_of(event, "subject"), "0014200000000005");
    party_crash(&scene.all[GM], 0);
    party_start(&scene.all[GM]);
    post_connect(&scene.post, &scene.all[GM]);
    struct samenloop_answer answer = publish_with(&scene, GM, "b-1", 5, ",\"causationid\":\"n-1\"");
    assert_string_equal(answer.sentence, "");
    assert_int_equal(answer.status, SAMENLOOP_ACCEPTED);
    assert_string_equal(publish_with(&scene, GM, "b-2", 6, "").code, "subject_invalid");
    run(&scene);
    (void)last_bundle(&scene, IMG, &header);
    assert_memory_equal(header->subject.data, subject, sizeof subject);
    /* What goes to another municipality is not sealed to this one. */
    advise(&scene, "n-2", "1952");
    bundle = last_bundle(&scene, IMG, &header);
    assert_int_equal(bundle->proof->n_encapsulations, 2);
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cause_is_named_by_own_and_by_received_id),
        cmocka_unit_test(an_answer_to_an_instruction_names_the_event_behind_it),
        cmocka_unit_test(the_publisher_reads_the_origin_of_its_own_and_nothing_else),
        cmocka_unit_test(a_municipality_names_houses_that_came_to_it),
    };
    return cmocka_run_group_tests(tests, parties_begin, parties_end);
}
