/* The adapter's inbox: which numbers came, and a disk that fails at each of its calls. */
#include "tests/unit/adapter_post.h"

#include "adapters/numbers.h"

static void numbers_are_what_came(void **state)
{
    (void)state;
    enum { MOST = 400 };
    uint64_t random = 7;
    for (int run = 0; run < 20; run++) {
        struct numbers numbers = {0};
        bool came[MOST + 2] = {false};
        uint64_t highest = 0;
        for (int n = 0; n < MOST; n++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
            uint64_t number = 1 + (random >> 33) % MOST;
            assert_int_equal(numbers_has(&numbers, number), came[number]);
            assert_true(numbers_takes(&numbers, number));
            numbers_add(&numbers, number);
            came[number] = true;
            highest = number > highest ? number : highest;
            assert_int_equal(numbers.highest, highest);
        }
        size_t gaps = 0;
        for (uint64_t number = 1; number <= MOST + 1; number++) {
            assert_int_equal(numbers_has(&numbers, number), came[number]);
            gaps += number < highest && !came[number] && (number == 1 || came[number - 1]);
        }
        assert_int_equal(numbers.count, gaps);
        assert_false(numbers_has(&numbers, 0));
        numbers_clear(&numbers);
    }
}

static void too_many_gaps_are_not_taken(void **state)
{
    (void)state;
    struct numbers numbers = {0};
    for (uint64_t n = 1; n <= NUMBERS_MAX_GAPS; n++) {
        assert_true(numbers_takes(&numbers, 2 * n));
        numbers_add(&numbers, 2 * n);
    }
    uint64_t highest = numbers.highest;
    assert_false(numbers_takes(&numbers, highest + 2));
    assert_true(numbers_takes(&numbers, highest + 1));
    assert_true(numbers_takes(&numbers, 1));
    numbers_add(&numbers, 1);
    assert_true(numbers_takes(&numbers, UINT64_MAX));
    numbers_clear(&numbers);
}

enum { EVENTS = 24 };

static void publish_all(struct post *post)
{
    struct party img;
    party_init(&img, &parties, IMG);
    for (unsigned n = 0; n < EVENTS; n++) {
        char id[16];
        (void)snprintf(id, sizeof id, "doc-%u", n);
        (void)publish(&img, n % 5 == 0 ? SL_LANE_ACUTE : SL_LANE_ORDINARY, id, 1 + n % 4);
    }
    post_connect(post, &img);
    post_run(post, &img);
    party_free(&img);
}

/* Takes what waits; what it is not told of may come again. -1: the disk failed. */
static int take_some(struct party *party, unsigned seen[EVENTS], bool sure[EVENTS])
{
    struct samenloop_cursor cursor = {0};
    struct samenloop_item item;
    struct sl_error error = {0};
    uint64_t positions[4];
    unsigned numbers[4];
    size_t count = 0;
    while (count < 4 &&
           samenloop_receive(party->house, SAMENLOOP_BACK_OFFICE, &cursor, &item) > 0) {
        json_error_t wrong;
        json_t *event = json_loadb(item.event, item.size, 0, &wrong);
        numbers[count] = (unsigned)strtoul(text_of(event, "id") + 4, NULL, 10);
        positions[count++] = item.position;
        json_decref(event);
    }
    for (size_t i = 0; i < count; i++) {
        if (sure[numbers[i]])
            fail_msg("event %u was acknowledged, and came again", numbers[i]);
        seen[numbers[i]]++;
    }
    if (samenloop_acknowledge(party->house, SAMENLOOP_BACK_OFFICE, positions, count) < 0 ||
        adapter_sync(party->house, &error) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        sure[numbers[i]] = true;
    return (int)count;
}

/* Receives and takes in turns, until all is taken or the disk fails. */
static void receive_all(struct post *post, struct party *party, unsigned seen[EVENTS],
                        bool sure[EVENTS])
{
    struct sl_buffer frame = {0};
    struct sl_error error = {0};
    post_connect(post, party);
    for (int round = 0; round < 3 * EVENTS; round++) {
        if (adapter_sync(party->house, &error) < 0)
            break;
        while (adapter_frame(party->house, &frame))
            post_frame(post, party, sl_buffer_bytes(&frame), true);
        if (adapter_wants(party->house) == ADAPTER_WANTS_END)
            break;
        if (post->greeted[NCG])
            post_deliver(post, party);
        if (take_some(party, seen, sure) < 0)
            break;
    }
    sl_buffer_free(&frame);
}

static void each_delivery_is_there_once_when_the_disk_fails(void **state)
{
    (void)state;
    bool reached = false;
    for (uint64_t at = 1; !reached; at++) {
        for (int kind = SL_FAULT_IO; kind <= SL_FAULT_SHORT; kind++) {
            struct post post;
            unsigned seen[EVENTS] = {0};
            bool sure[EVENTS] = {false};
            struct sl_error error = {0};
            post_init(&post);
            publish_all(&post);
            struct party ncg = {.parties = &parties,
                                .who = NCG,
                                .outbox = sl_storage_memory(),
                                .inbox = sl_storage_memory(),
                                .moment = {.now = begin_at}};
            sl_storage_memory_faults(
                ncg.inbox, (struct sl_storage_faults){.kind = (enum sl_fault)kind, .at = at});
            if (party_try(&ncg, &error) == 0)
                receive_all(&post, &ncg, seen, sure);
            reached = sl_storage_memory_calls(ncg.inbox) < at;
            party_crash(&ncg, at);
            party_start(&ncg);
            receive_all(&post, &ncg, seen, sure);
            for (unsigned n = 0; n < EVENTS; n++) {
                if (seen[n] == 0)
                    fail_msg("call %llu: event %u never came", (unsigned long long)at, n);
            }
            party_free(&ncg);
            post_free(&post);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_what_came),
        cmocka_unit_test(too_many_gaps_are_not_taken),
        cmocka_unit_test(each_delivery_is_there_once_when_the_disk_fails),
    };
    return cmocka_run_group_tests(tests, parties_begin, parties_end);
}
