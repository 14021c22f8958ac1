/* The adapter's door and outbox: what was accepted stays, is known again, and waits to be sent. */
#include "tests/unit/adapter_parties.h"

#define SOURCE "urn:nld:oin:00000004164164164000:systeem:zaken"

static void an_event_is_accepted_and_known_again(void **state)
{
    (void)state;
    struct party img;
    party_init(&img, &parties, IMG);
    struct samenloop_answer answer = publish(&img, SL_LANE_ORDINARY, "doc-1", 1);
    assert_int_equal(answer.status, SAMENLOOP_ACCEPTED);
    assert_string_equal(answer.id, "doc-1");
    assert_string_equal(answer.source, SOURCE);
    answer = publish(&img, SL_LANE_ORDINARY, "doc-1", 1);
    assert_int_equal(answer.status, SAMENLOOP_DUPLICATE);
    answer = publish(&img, SL_LANE_ORDINARY, "doc-1", 2);
    assert_int_equal(answer.status, SAMENLOOP_REFUSED);
    assert_string_equal(answer.code, "id_conflict");
    assert_string_equal(samenloop_event(img.house, "doc-1", SOURCE), "{\"status\":\"waiting\"}");
    assert_null(samenloop_event(img.house, "doc-2", SOURCE));
    assert_null(samenloop_event(img.house, "doc-1", "urn:nld:oin:00000004164164164000:systeem:x"));
    party_crash(&img, 0);
    party_start(&img);
    answer = publish(&img, SL_LANE_ORDINARY, "doc-1", 1);
    assert_int_equal(answer.status, SAMENLOOP_DUPLICATE);
    struct samenloop_health health;
    samenloop_health(img.house, &health);
    assert_int_equal(health.outbox[SL_LANE_ORDINARY], 1);
    assert_true(health.writable && !health.connected);
    party_free(&img);
}

static void what_comes_together_is_answered_each_for_itself(void **state)
{
    (void)state;
    struct party img;
    char one[2048], again[2048], other[2048], batch[16384];
    party_init(&img, &parties, IMG);
    event_json(one, sizeof one, IMG, SL_LANE_ORDINARY, "a", 1, "");
    event_json(again, sizeof again, IMG, SL_LANE_ORDINARY, "b", 2, "");
    event_json(other, sizeof other, IMG, SL_LANE_ORDINARY, "a", 3, "");
    (void)snprintf(batch, sizeof batch, "[%s,%s,%s,%s,{\"id\":\"x\"},7]", one, again, one, other);
    struct samenloop_tickets tickets;
    assert_int_equal(
        samenloop_publish(img.house, SAMENLOOP_BACK_OFFICE, batch, strlen(batch), true, &tickets),
        0);
    assert_int_equal(tickets.count, 6);
    assert_int_equal(answer_to(&img, tickets.first).status, SAMENLOOP_PENDING);
    party_sync(&img);
    static const enum samenloop_status wanted[] = {SAMENLOOP_ACCEPTED,  SAMENLOOP_ACCEPTED,
                                                   SAMENLOOP_DUPLICATE, SAMENLOOP_REFUSED,
                                                   SAMENLOOP_REFUSED,   SAMENLOOP_REFUSED};
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(answer_to(&img, tickets.first + i).status, wanted[i]);
    assert_string_equal(answer_to(&img, tickets.first + 3).code, "id_conflict");
    assert_string_equal(answer_to(&img, tickets.first + 4).id, "x");
    assert_string_equal(answer_to(&img, tickets.first + 5).code, "malformed");
    struct samenloop_answer gone;
    (void)hand_in(&img, one);
    party_sync(&img);
    assert_int_equal(samenloop_answer(img.house, tickets.first, &gone), -1);
    party_free(&img);
}

static void text_that_is_no_event_is_refused(void **state)
{
    (void)state;
    struct party img;
    party_init(&img, &parties, IMG);
    static const struct {
        const char *text;
        bool batch;
    } cases[] = {{"", false}, {"{", false}, {"[]x", true}, {"{}", true}, {"7", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct samenloop_tickets tickets;
        assert_int_equal(samenloop_publish(img.house, SAMENLOOP_BACK_OFFICE, cases[i].text,
                                           strlen(cases[i].text), cases[i].batch, &tickets),
                         0);
        assert_int_equal(tickets.count, 1);
        party_sync(&img);
        assert_int_equal(answer_to(&img, tickets.first).status, SAMENLOOP_REFUSED);
        assert_string_equal(answer_to(&img, tickets.first).code, "malformed");
    }
    party_free(&img);
}

static void a_full_disk_refuses_and_recovers(void **state)
{
    (void)state;
    struct party img;
    party_init(&img, &parties, IMG);
    char id[16];
    unsigned accepted = 0;
    bool full = false;
    sl_storage_memory_faults(img.outbox, (struct sl_storage_faults){.capacity = 3 * SEGMENT});
    for (unsigned n = 0; n < 400 && !full; n++) {
        (void)snprintf(id, sizeof id, "doc-%u", n);
        struct samenloop_answer answer = publish(&img, SL_LANE_ORDINARY, id, n + 1);
        full = answer.status == SAMENLOOP_REFUSED;
        accepted += !full;
        if (full)
            assert_string_equal(answer.code, "overload");
    }
    assert_true(full);
    struct samenloop_health health;
    samenloop_health(img.house, &health);
    assert_false(health.writable);
    assert_true(strlen(health.trouble) > 0);
    sl_storage_memory_faults(img.outbox, (struct sl_storage_faults){0});
    party_wait(&img, ADAPTER_ROOM); /* by itself: nobody hands anything in */
    samenloop_health(img.house, &health);
    assert_true(health.writable);
    assert_int_equal(publish(&img, SL_LANE_ORDINARY, id, accepted).status, SAMENLOOP_ACCEPTED);
    samenloop_health(img.house, &health);
    assert_int_equal(health.outbox[SL_LANE_ORDINARY], accepted + 1);
    party_free(&img);
}

/* Publishes until the disk fails or there are `count`; a bit each that was accepted. */
static uint64_t publish_some(struct party *img, unsigned count)
{
    uint64_t accepted = 0;
    for (unsigned n = 0; n < count; n++) {
        char json[2048], id[16];
        struct samenloop_answer answer;
        struct sl_error error = {0};
        (void)snprintf(id, sizeof id, "doc-%u", n);
        event_json(json, sizeof json, IMG, SL_LANE_ORDINARY, id, n + 1, "");
        uint64_t ticket = hand_in(img, json);
        if (adapter_sync(img->house, &error) < 0)
            break;
        assert_int_equal(samenloop_answer(img->house, ticket, &answer), 0);
        if (answer.status == SAMENLOOP_ACCEPTED)
            accepted |= UINT64_C(1) << n;
    }
    return accepted;
}

/* The disk fails at its n-th call, for every n; then the power goes. Nothing accepted is lost, and
 * all of it can be handed in again. */
static void nothing_accepted_is_lost_when_the_disk_fails(void **state)
{
    (void)state;
    enum { EVENTS = 40 };
    bool reached = false;
    for (uint64_t at = 1; !reached; at++) {
        for (int kind = SL_FAULT_IO; kind <= SL_FAULT_SHORT; kind++) {
            struct party img;
            struct sl_error error = {0};
            img = (struct party){.parties = &parties,
                                 .who = IMG,
                                 .outbox = sl_storage_memory(),
                                 .inbox = sl_storage_memory(),
                                 .moment = {.now = begin_at}};
            sl_storage_memory_faults(
                img.outbox, (struct sl_storage_faults){.kind = (enum sl_fault)kind, .at = at});
            uint64_t accepted = party_try(&img, &error) == 0 ? publish_some(&img, EVENTS) : 0;
            reached = sl_storage_memory_calls(img.outbox) < at;
            party_crash(&img, at);
            party_start(&img);
            for (unsigned n = 0; n < EVENTS; n++) {
                char id[16];
                (void)snprintf(id, sizeof id, "doc-%u", n);
                struct samenloop_answer answer = publish(&img, SL_LANE_ORDINARY, id, n + 1);
                if ((accepted >> n & 1) != 0)
                    assert_int_equal(answer.status, SAMENLOOP_DUPLICATE);
                else
                    assert_in_range(answer.status, SAMENLOOP_ACCEPTED, SAMENLOOP_DUPLICATE);
            }
            party_free(&img);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_accepted_and_known_again),
        cmocka_unit_test(what_comes_together_is_answered_each_for_itself),
        cmocka_unit_test(text_that_is_no_event_is_refused),
        cmocka_unit_test(a_full_disk_refuses_and_recovers),
        cmocka_unit_test(nothing_accepted_is_lost_when_the_disk_fails),
    };
    return cmocka_run_group_tests(tests, parties_begin, parties_end);
}
