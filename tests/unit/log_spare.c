/* The segment after the newest one, when a crash has lost its name: it is the spare, with a head.
 */
#include "tests/unit/log.h"

enum { SCALE = 9000, FIRST = 20, MORE = 30 };

static bool is_called(struct sl_storage *storage, const char *name)
{
    struct sl_error error = {0};
    sl_storage_name *names = NULL;
    size_t count = 0;
    bool found = false;
    assert_int_equal(storage->calls->list(storage, &names, &count, &error), 0);
    for (size_t i = 0; i < count; i++)
        found = found || strcmp(names[i], name) == 0;
    free(names);
    return found;
}

static void assert_read(struct sl_storage *storage, uint64_t last)
{
    struct sl_error error = {0};
    struct sl_log *log = NULL;
    struct sl_log_options options = {.read_only = true};
    if (sl_log_open(&log, storage, "test", &options, &error) < 0)
        fail_msg("open: %s", error.text);
    assert_whole(log, last, SCALE);
    assert_int_equal(sl_log_refresh(log, &error), 0);
    assert_whole(log, last, SCALE);
    sl_log_close(log);
}

/* Nobody asks after the folder's sync, so it never happened when the crash comes. */
static void a_name_that_a_crash_lost_is_given_again(void **state)
{
    struct bed *bed = *state;
    struct sl_log *log = open_log(bed->storage, true);
    while (sl_log_second(log) == 0)
        grow(log, sl_log_last(log) + 1, SCALE);
    grow(log, sl_log_last(log) + 2, SCALE);
    uint64_t last = sl_log_last(log);
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct sl_storage *left = sl_storage_memory_crash(bed->storage, seed);
        if (seed == 0)
            assert_true(is_called(left, "spare"));
        assert_read(left, last);
        struct sl_log *again = open_log(left, true);
        assert_false(is_called(left, "spare"));
        assert_whole(again, last, SCALE);
        grow(again, last + MORE, SCALE);
        struct sl_storage *later = sl_storage_memory_crash(left, 0);
        sl_log_close(again);
        again = open_log(later, true);
        assert_whole(again, last + MORE, SCALE);
        sl_log_close(again);
        sl_storage_free(later);
        sl_storage_free(left);
    }
    sl_log_close(log);
}

/* A log of FIRST records, and a spare with this head; `behind`: where its first record would be. */
static void plant(struct bed *bed, const struct sl_segment_head *head, bool torn, uint32_t behind)
{
    uint8_t bytes[SL_SEGMENT_HEAD + SL_RECORD_HEAD] = {0};
    int file = -1;
    struct sl_log *log = open_log(bed->storage, true);
    grow(log, FIRST, 1000);
    sl_log_close(log);
    sl_segment_head_write(bytes, head);
    bytes[40] ^= torn ? 1 : 0;
    sl_put32(bytes + SL_SEGMENT_HEAD, behind);
    assert_int_equal(bed->storage->calls->create(bed->storage, "spare", &file, &bed->error), 0);
    bed->storage->calls->close(bed->storage, file);
    poke(bed->storage, "spare", 0, bytes, sizeof bytes);
}

static struct sl_segment_head head_of(uint64_t first)
{
    struct sl_segment_head head = {.tree = true, .first = first, .bytes = SEGMENT};
    memcpy(head.identity, identity, sizeof head.identity);
    head.frontier.size = first - 1;
    return head;
}

static void assert_discarded(struct bed *bed)
{
    struct sl_log *log = open_log(bed->storage, true);
    assert_false(is_called(bed->storage, "spare"));
    assert_whole(log, FIRST, 1000);
    sl_log_close(log);
}

static void assert_refused(struct bed *bed, const char *sentence)
{
    struct sl_log *log = NULL;
    struct sl_log_options options = options_of(true);
    assert_int_equal(sl_log_open(&log, bed->storage, "test", &options, &bed->error), -1);
    assert_int_equal(bed->error.code, SL_DAMAGED);
    assert_non_null(strstr(bed->error.text, sentence));
    assert_true(is_called(bed->storage, "spare"));
}

static void a_head_that_does_not_follow_is_none(void **state)
{
    struct bed *bed = *state;
    struct sl_segment_head old = head_of(FIRST); /* there was no room for its name */
    plant(bed, &old, false, 0);
    assert_discarded(bed);
    struct sl_segment_head other = head_of(FIRST + 1);
    other.identity[0] ^= 1;
    plant(bed, &other, false, 0);
    assert_discarded(bed);
}

static void a_torn_head_is_none(void **state)
{
    struct bed *bed = *state;
    struct sl_segment_head head = head_of(FIRST + 1);
    plant(bed, &head, true, 0);
    assert_discarded(bed);
}

static void what_is_missing_is_damage(void **state)
{
    struct bed *bed = *state;
    struct sl_segment_head head = head_of(FIRST + 2);
    plant(bed, &head, false, 0);
    assert_refused(bed, "records are missing before the next segment");
}

static void records_without_their_head_are_damage(void **state)
{
    struct bed *bed = *state;
    struct sl_segment_head head = head_of(FIRST + 1);
    plant(bed, &head, true, 77);
    assert_refused(bed, "spare: it has records and no head");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON(MEMORY, a_name_that_a_crash_lost_is_given_again),
        BOTH(a_head_that_does_not_follow_is_none),
        BOTH(a_torn_head_is_none),
        BOTH(what_is_missing_is_damage),
        BOTH(records_without_their_head_are_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
