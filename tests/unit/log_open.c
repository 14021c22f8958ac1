/* Who may open a log, and which log may be opened. */
#include "tests/unit/log.h"

static const char first_segment[] = "00000000000000000001.log";

static void test_one_writer(void **state)
{
    struct bed *bed = *state;
    struct sl_log_options options = options_of(true);
    struct sl_log *second = NULL;
    struct sl_log *log = open_log(bed->storage, true);
    struct sl_storage *other = bed_storage(bed, true);
    assert_int_equal(sl_log_open(&second, other, "second", &options, &bed->error), -1);
    assert_int_equal(bed->error.code, SL_IO);
    assert_non_null(strstr(bed->error.text, "has this log open"));
    grow(log, 2, 100);
    sl_log_close(log);
    assert_int_equal(sl_log_open(&second, other, "second", &options, &bed->error), 0);
    assert_whole(second, 2, 100);
    sl_log_close(second);
    if (other != bed->storage)
        sl_storage_free(other);
}

static void test_a_reader_follows_the_writer(void **state)
{
    struct bed *bed = *state;
    struct sl_log_options options = {.read_only = true};
    struct sl_log *copy = NULL;
    struct sl_storage *other = bed_storage(bed, false);
    assert_int_equal(sl_log_open(&copy, other, "copy", &options, &bed->error), -1);
    struct sl_log *log = open_log(bed->storage, true);
    assert_int_equal(sl_log_open(&copy, other, "copy", &options, &bed->error), 0);
    struct sl_log_reader *reader = sl_log_reader_new(copy, 1);
    struct sl_record record;
    uint64_t next = 1;
    for (uint64_t n = 1; n < 400; n += 13) {
        grow(log, n, 1500);
        assert_int_equal(sl_log_step(log, &bed->error) >= 0, 1);
        assert_int_equal(sl_log_refresh(copy, &bed->error), 0);
        for (; sl_log_reader_next(reader, &record, &bed->error) == 1; next++)
            assert_true(is_right(&record, next, 1500));
        assert_int_equal(next, n + 1);
    }
    sl_hash one;
    sl_hash two;
    sl_log_root(log, one);
    sl_log_root(copy, two);
    assert_memory_equal(one, two, sizeof one);
    sl_log_reader_free(reader);
    sl_log_close(copy);
    sl_log_close(log);
    if (other != bed->storage)
        sl_storage_free(other);
}

static void refused(struct bed *bed, struct sl_log_options options, enum sl_code code,
                    const char *word)
{
    struct sl_log *log = NULL;
    assert_int_equal(sl_log_open(&log, bed->storage, "test", &options, &bed->error), -1);
    assert_int_equal(bed->error.code, code);
    if (strstr(bed->error.text, word) == NULL)
        fail_msg("%s", bed->error.text);
}

static void test_what_does_not_fit_is_refused(void **state)
{
    struct bed *bed = *state;
    struct sl_log_options options = options_of(true);
    options.identity = NULL;
    refused(bed, options, SL_IO, "no log yet");
    options = options_of(true);
    options.segment_bytes = 4096;
    refused(bed, options, SL_CONFIGURATION, "64 KiB to 64 MiB");
    sl_log_close(open_log(bed->storage, true));
    refused(bed, options_of(false), SL_CONFIGURATION, "with a tree");
    /* A later format, its checksum right. */
    uint8_t head[SL_SEGMENT_HEAD];
    struct sl_segment_head read;
    (void)peek(bed->storage, first_segment, head, sizeof head);
    assert_null(sl_segment_head_read(head, &read));
    head[8]++;
    poke(bed->storage, first_segment, 0, head, sizeof head);
    refused(bed, options_of(true), SL_DAMAGED, first_segment);
    /* A segment under the name of another. */
    read.first = 2;
    read.frontier.size = 1;
    sl_segment_head_write(head, &read);
    poke(bed->storage, first_segment, 0, head, sizeof head);
    refused(bed, options_of(true), SL_DAMAGED, "another segment");
}

static void test_a_missing_segment_is_noticed(void **state)
{
    struct bed *bed = *state;
    struct sl_log *log = open_log(bed->storage, true);
    grow(log, 400, 1500);
    assert_int_equal(sl_log_release(log, 150, &bed->error), 0);
    uint64_t first = sl_log_first(log);
    sl_log_close(log);
    sl_storage_name *names = NULL;
    size_t count = 0;
    uint64_t middle = UINT64_MAX;
    assert_int_equal(bed->storage->calls->list(bed->storage, &names, &count, &bed->error), 0);
    for (size_t i = 0; i < count; i++) {
        uint64_t number = 0;
        if (sl_segment_named(names[i], &number) && number > first && number < middle)
            middle = number;
    }
    free(names);
    sl_storage_name name;
    sl_segment_name(name, middle);
    assert_int_equal(bed->storage->calls->remove(bed->storage, name, &bed->error), 0);
    log = open_log(bed->storage, true);
    assert_int_equal(check_all(log, 1500, &bed->error), -1);
    assert_int_equal(bed->error.code, SL_DAMAGED);
    sl_segment_name(name, first);
    assert_non_null(strstr(bed->error.text, name));
    assert_non_null(strstr(bed->error.text, "missing"));
    sl_log_close(log);
}

/* A segment of another log, under the right name. */
static void test_a_strange_segment_is_refused(void **state)
{
    struct bed *bed = *state;
    uint8_t head[SL_SEGMENT_HEAD];
    struct sl_segment_head read;
    struct sl_log *log = open_log(bed->storage, true);
    grow(log, 100, 2000);
    (void)peek(bed->storage, first_segment, head, sizeof head);
    assert_null(sl_segment_head_read(head, &read));
    read.identity[0] ^= 1;
    sl_segment_head_write(head, &read);
    poke(bed->storage, first_segment, 0, head, sizeof head);
    assert_int_equal(check_all(log, 2000, &bed->error), -1);
    assert_int_equal(bed->error.code, SL_DAMAGED);
    assert_non_null(strstr(bed->error.text, "another log"));
    sl_log_close(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_one_writer),
        BOTH(test_a_reader_follows_the_writer),
        BOTH(test_what_does_not_fit_is_refused),
        BOTH(test_a_missing_segment_is_noticed),
        BOTH(test_a_strange_segment_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
