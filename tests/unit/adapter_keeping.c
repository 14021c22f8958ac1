/* Outbox and inbox give back the disk: what is done with and old goes, what must stay stays. */
#include "adapters/house.h"
#include "tests/unit/adapter_post.h"

#define SOURCE "urn:nld:oin:00000004164164164000:systeem:zaken"

enum { EVENTS = 240, DAY = 24 * 60 * 60 * 1000 };

struct scene {
    struct post post;
    struct party img, ncg;
};

static size_t segments(struct sl_storage *storage)
{
    sl_storage_name *names = NULL;
    size_t count = 0;
    size_t found = 0;
    struct sl_error error = {0};
    assert_int_equal(storage->calls->list(storage, &names, &count, &error), 0);
    for (size_t i = 0; i < count; i++)
        found += strlen(names[i]) == 24 && strcmp(names[i] + 20, ".log") == 0;
    free(names);
    return found;
}

static void run(struct scene *scene)
{
    for (int round = 0; round < 3; round++) {
        post_run(&scene->post, &scene->img);
        post_run(&scene->post, &scene->ncg);
    }
}

static void begin(struct scene *scene)
{
    post_init(&scene->post);
    party_init(&scene->img, &parties, IMG);
    party_init(&scene->ncg, &parties, NCG);
    scene->img.keep_ms = scene->ncg.keep_ms = DAY;
    struct party *both[] = {&scene->img, &scene->ncg};
    for (int i = 0; i < 2; i++) {
        party_stop(both[i]);
        party_start(both[i]);
        post_connect(&scene->post, both[i]);
    }
    run(scene);
}

static void end(struct scene *scene)
{
    party_free(&scene->img);
    party_free(&scene->ncg);
    post_free(&scene->post);
}

static void publish_many(struct party *party, unsigned first, unsigned count)
{
    char id[16];
    for (unsigned n = first; n < first + count; n++) {
        (void)snprintf(id, sizeof id, "doc-%u", n);
        assert_int_equal(publish(party, SL_LANE_ORDINARY, id, n + 1).status, SAMENLOOP_ACCEPTED);
    }
}

static size_t take(struct scene *scene)
{
    json_t *taken = json_array();
    size_t count = take_all(&scene->ncg, SAMENLOOP_BACK_OFFICE, taken);
    json_decref(taken);
    return count;
}

/* Time passes, and each house has a few rounds. */
static void grow_old(struct scene *scene)
{
    struct party *both[] = {&scene->img, &scene->ncg};
    for (int i = 0; i < 2; i++) {
        party_wait(both[i], 2 * (int64_t)DAY);
        for (int round = 0; round < 20; round++)
            party_sync(both[i]);
    }
}

static void restart(struct scene *scene)
{
    struct party *both[] = {&scene->img, &scene->ncg};
    for (int i = 0; i < 2; i++) {
        party_crash(both[i], 0);
        party_start(both[i]);
        post_connect(&scene->post, both[i]);
    }
    run(scene);
}

static void knows_houses(const struct party *party, unsigned count)
{
    char bag_id[SL_BAG_SIZE + 1];
    uint8_t pseudonym[SL_HASH_SIZE];
    for (unsigned n = 1; n <= count; n++) {
        (void)snprintf(bag_id, sizeof bag_id, "00142000%08u", n);
        assert_true(houses_pseudonym(party->house->known.houses, sl_text(bag_id), pseudonym));
    }
}

static void what_is_done_with_goes_when_it_is_old(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    publish_many(&scene.img, 0, EVENTS);
    run(&scene);
    assert_int_equal(take(&scene), EVENTS);
    assert_in_range(segments(scene.img.outbox), 3, 100);
    assert_in_range(segments(scene.ncg.inbox), 3, 100);
    party_sync(&scene.img);
    assert_in_range(segments(scene.img.outbox), 3, 100); /* it is young */
    grow_old(&scene);
    assert_in_range(segments(scene.img.outbox), 1, 2);
    assert_in_range(segments(scene.ncg.inbox), 1, 2);
    assert_null(samenloop_event(scene.img.house, "doc-0", SOURCE));
    for (int again = 0; again < 2; again++) {
        knows_houses(&scene.img, EVENTS);
        knows_houses(&scene.ncg, EVENTS);
        assert_int_equal(
            samenloop_acknowledge(scene.ncg.house, SAMENLOOP_BACK_OFFICE, (uint64_t[]){2}, 1), 0);
        restart(&scene);
        assert_int_equal(scene.post.hello_last[SL_LANE_ORDINARY], EVENTS + again);
        publish_many(&scene.img, EVENTS + (unsigned)again, 1);
        run(&scene);
        assert_int_equal(take(&scene), 1);
    }
    end(&scene);
}

/* What the outbox has forgotten the router knows; what the inbox has forgotten it knows by number.
 */
static void nothing_comes_twice_when_it_is_forgotten(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    publish_many(&scene.img, 0, EVENTS);
    run(&scene);
    assert_int_equal(take(&scene), EVENTS);
    grow_old(&scene);
    restart(&scene);
    publish_many(&scene.img, 0, 1);
    run(&scene);
    assert_int_equal(scene.post.events[0].came, 2);
    assert_string_equal(samenloop_event(scene.img.house, "doc-0", SOURCE),
                        "{\"status\":\"accepted\",\"journalseq\":\"1\"}");
    struct post_delivery *first = &scene.post.queues[NCG][SL_LANE_ORDINARY].list[0];
    first->done = first->sent = false;
    run(&scene);
    assert_true(first->done);
    assert_int_equal(first->times_done, 2);
    assert_int_equal(take(&scene), 0);
    end(&scene);
}

static void what_waits_stays(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    scene.post.hold = true;
    publish_many(&scene.img, 0, EVENTS);
    run(&scene);
    grow_old(&scene);
    assert_in_range(segments(scene.img.outbox), 3, 100);
    scene.post.hold = false;
    restart(&scene);
    grow_old(&scene);
    assert_in_range(segments(scene.img.outbox), 1, 2);
    assert_in_range(segments(scene.ncg.inbox), 3, 100);
    restart(&scene);
    assert_int_equal(take(&scene), EVENTS);
    grow_old(&scene);
    assert_in_range(segments(scene.ncg.inbox), 1, 2);
    end(&scene);
}

static void a_receipt_outlives_its_segment(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    scene.post.receipts_wanted = scene.post.receipt_lost = true;
    publish_many(&scene.img, 0, 3);
    run(&scene);
    assert_int_equal(take(&scene), 3);
    run(&scene);
    assert_int_equal(scene.post.receipts, 3);
    publish_many(&scene.ncg, 0, EVENTS);
    run(&scene);
    grow_old(&scene);
    assert_in_range(segments(scene.ncg.outbox), 1, 2);
    scene.post.receipts = 0;
    scene.post.receipt_lost = false;
    restart(&scene);
    assert_int_equal(scene.post.receipts, 3);
    restart(&scene);
    assert_int_equal(scene.post.receipts, 3);
    end(&scene);
}

/* ---------------------------------------------------------------- a disk that fails */

/* A house as it stands on the disk, to be started again and again. */
static struct party again(const struct party *party)
{
    struct party copy = *party;
    copy.house = NULL;
    copy.outbox = sl_storage_memory_crash(party->outbox, UINT64_MAX);
    copy.inbox = sl_storage_memory_crash(party->inbox, UINT64_MAX);
    return copy;
}

static void rounds(struct party *party)
{
    struct sl_error error = {0};
    party_wait(party, 2 * (int64_t)DAY);
    for (int round = 0; round < 20; round++) {
        if (adapter_sync(party->house, &error) < 0)
            return;
    }
}

/* `log` fails at its n-th call while it gives back, then the power goes. False: n is too many. */
static bool fails_at(const struct party *from, bool outbox, uint64_t at, enum sl_fault kind)
{
    struct party party = again(from);
    struct sl_storage *log = outbox ? party.outbox : party.inbox;
    struct sl_error error = {0};
    sl_storage_memory_faults(log, (struct sl_storage_faults){.kind = kind, .at = at});
    if (party_try(&party, &error) == 0)
        rounds(&party);
    bool reached = sl_storage_memory_calls(log) >= at;
    party_crash(&party, at);
    party_start(&party);
    knows_houses(&party, EVENTS);
    assert_int_equal(inbox_last(party.house->inbox, SL_LANE_ORDINARY),
                     from->who == NCG ? EVENTS : 0);
    assert_int_equal(inbox_waiting(party.house->inbox, SL_LANE_ORDINARY), 0);
    assert_int_equal(outbox_waiting(party.house->outbox, SL_LANE_ORDINARY), 0);
    rounds(&party);
    assert_in_range(segments(party.outbox), 1, 2);
    assert_in_range(segments(party.inbox), 1, 2);
    party_free(&party);
    return reached;
}

static void nothing_is_lost_when_the_disk_fails(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    publish_many(&scene.img, 0, EVENTS);
    run(&scene);
    assert_int_equal(take(&scene), EVENTS);
    const struct party *both[] = {&scene.img, &scene.ncg};
    for (int i = 0; i < 2; i++) {
        party_stop(i == 0 ? &scene.img : &scene.ncg);
        for (int kind = SL_FAULT_IO; kind <= SL_FAULT_SHORT; kind++) {
            for (uint64_t at = 1; fails_at(both[i], i == 0, at, (enum sl_fault)kind);)
                at++;
        }
    }
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_done_with_goes_when_it_is_old),
        cmocka_unit_test(nothing_comes_twice_when_it_is_forgotten),
        cmocka_unit_test(what_waits_stays),
        cmocka_unit_test(a_receipt_outlives_its_segment),
        cmocka_unit_test(nothing_is_lost_when_the_disk_fails),
    };
    return cmocka_run_group_tests(tests, parties_begin, parties_end);
}
