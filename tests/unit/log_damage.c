/* What is torn is cut, what is damaged is refused, at every byte. */
#include "tests/unit/log.h"

static const char first_segment[] = "00000000000000000001.log";

enum { SCALE = 200 };

/* A segment's bytes, as a log left them. */
struct image {
    sl_storage_name name;
    uint8_t bytes[SEGMENT];
    size_t end; /* behind its last item */
};

/* Where each item stands. */
struct item {
    size_t offset;
    size_t size;
    size_t erased; /* bytes at its end that mean nothing any more */
    bool seal;
};

static void take_image(struct sl_storage *storage, uint64_t first, struct image *image)
{
    sl_segment_name(image->name, first);
    assert_int_equal(peek(storage, image->name, image->bytes, SEGMENT), SEGMENT);
}

static size_t items_of(struct image *image, struct item *items, size_t most)
{
    struct sl_segment_head head;
    struct sl_item item;
    size_t count = 0;
    assert_null(sl_segment_head_read(image->bytes, &head));
    struct sl_segment_key key = sl_segment_key(&head);
    image->end = SL_SEGMENT_HEAD;
    while (sl_item_read(&item, key, sl_bytes(image->bytes + image->end, SEGMENT - image->end)) ==
           SL_FOUND) {
        assert_true(count < most);
        size_t erased = item.record.erased ? item.erasable : 0;
        items[count++] = (struct item){image->end, item.size, erased, item.seal};
        image->end += item.size;
    }
    return count;
}

/* Replaces the segment by these bytes, the file having `size` of them. */
static void plant(struct sl_storage *storage, const struct image *image, size_t size)
{
    int file = -1;
    struct sl_error error = {0};
    const struct sl_storage_calls *calls = storage->calls;
    assert_int_equal(calls->remove(storage, image->name, &error), 0);
    assert_int_equal(calls->create(storage, image->name, &file, &error), 0);
    assert_int_equal(calls->write(storage, file, 0, image->bytes, size, &error), 0);
    calls->close(storage, file);
}

/* Opens what was planted: nothing up to `synced` is lost, nothing is made up, and it goes on. */
static void assert_goes_on(struct sl_storage *storage, uint64_t synced, uint64_t most)
{
    struct sl_log *log = open_log(storage, true);
    uint64_t last = sl_log_last(log);
    assert_in_range(last, synced, most);
    assert_whole(log, last, SCALE);
    grow(log, last + 1, 7);
    sl_log_close(log);
    static uint8_t bytes[SEGMENT + 1];
    assert_int_equal(peek(storage, first_segment, bytes, sizeof bytes), SEGMENT);
    log = open_log(storage, true);
    assert_int_equal(sl_log_last(log), last + 1);
    sl_log_close(log);
}

static void test_cut_at_every_byte(void **state)
{
    struct bed *bed = *state;
    static struct image before;
    static struct image after;
    static struct image cut;
    struct item items[64];
    struct sl_log *log = open_log(bed->storage, true);
    grow(log, 3, SCALE);
    grow(log, 7, SCALE);
    take_image(bed->storage, 1, &before);
    grow(log, 11, SCALE);
    take_image(bed->storage, 1, &after);
    sl_log_close(log);
    (void)items_of(&before, items, 64);
    (void)items_of(&after, items, 64);
    size_t end = after.end - SL_SEAL; /* the seal comes after the sync that the cut is before */
    for (size_t at = before.end; at <= end; at += bed->kind == FILES && at + 7 <= end ? 7 : 1) {
        cut = after;
        memset(cut.bytes + at, 0, SEGMENT - at);
        for (int shorter = 0; shorter < 2; shorter++) {
            plant(bed->storage, &cut, shorter == 1 ? at : SEGMENT);
            assert_goes_on(bed->storage, at == end ? 11 : 7, at == end ? 11 : 10);
        }
    }
}

static void test_torn_in_any_sectors(void **state)
{
    struct bed *bed = *state;
    static struct image before;
    static struct image after;
    static struct image torn;
    struct item items[64];
    struct sl_log *log = open_log(bed->storage, true);
    grow(log, 7, SCALE);
    take_image(bed->storage, 1, &before);
    grow(log, 40, SCALE);
    take_image(bed->storage, 1, &after);
    sl_log_close(log);
    (void)items_of(&before, items, 64);
    (void)items_of(&after, items, 64);
    memset(after.bytes + after.end - SL_SEAL, 0, SL_SEAL);
    size_t first = before.end / 512;
    size_t sectors = (after.end - SL_SEAL) / 512 + 1 - first;
    assert_in_range(sectors, 6, 12);
    uint32_t all = (1u << sectors) - 1;
    for (uint32_t mask = 0; mask <= all; mask += bed->kind == FILES ? 23 : 1) {
        torn = before;
        for (size_t i = 0; i < sectors; i++) {
            if ((mask >> i & 1) != 0)
                memcpy(torn.bytes + (first + i) * 512, after.bytes + (first + i) * 512, 512);
        }
        plant(bed->storage, &torn, SEGMENT);
        assert_goes_on(bed->storage, mask == all ? 40 : 7, 40);
    }
}

/* The sentence names the segment, and the place of the item that was hit. */
static void assert_names(const struct bed *bed, const struct image *image, size_t offset)
{
    const char *found = strstr(bed->error.text, "offset ");
    if (bed->error.code != SL_DAMAGED || strstr(bed->error.text, image->name) == NULL ||
        found == NULL || strtoull(found + 7, NULL, 10) != offset)
        fail_msg("offset %zu: %s", offset, bed->error.text);
}

static void refused_at(struct bed *bed, const struct image *image, size_t offset)
{
    struct sl_log_options options = options_of(true);
    struct sl_log *log = NULL;
    if (sl_log_open(&log, bed->storage, "test", &options, &bed->error) == 0)
        fail_msg("damage at offset %zu was not noticed", offset);
    assert_names(bed, image, offset);
}

/* A record that was cut is not there again when a later crash lays its old bytes bare. */
static void test_what_was_cut_never_comes_back(void **state)
{
    struct bed *bed = *state;
    static struct image image;
    struct item items[64];
    struct sl_log *log = open_log(bed->storage, true);
    grow(log, 7, SCALE);
    grow(log, 9, SCALE);
    take_image(bed->storage, 1, &image);
    sl_log_close(log);
    size_t count = items_of(&image, items, 64);
    memset(image.bytes + items[count - 1].offset, 0, SL_SEAL);
    image.bytes[items[count - 3].offset] ^= 1; /* record 8: torn, and 9 still whole behind it */
    plant(bed->storage, &image, SEGMENT);
    struct sl_storage *found = sl_storage_memory_crash(bed->storage, UINT64_MAX);
    log = open_log(found, true);
    assert_int_equal(sl_log_last(log), 7);
    grow(log, 8, SCALE);
    /* The seal of 8 stands where 9 began, and is lost with the power. */
    struct sl_storage *later = sl_storage_memory_crash(found, 0);
    sl_log_close(log);
    log = open_log(later, true);
    assert_int_equal(sl_log_last(log), 8);
    sl_log_close(log);
    sl_storage_free(later);
    sl_storage_free(found);
}

/* A seal hit together with the record before it: the write behind them still tells. */
static void test_a_later_write_proves_damage_too(void **state)
{
    struct bed *bed = *state;
    static struct image image;
    struct item items[64];
    struct sl_log *log = open_log(bed->storage, true);
    grow(log, 7, SCALE);
    grow(log, 9, SCALE);
    sl_log_close(log);
    take_image(bed->storage, 1, &image);
    size_t count = items_of(&image, items, 64);
    assert_int_equal(count, 9 + 2);
    memset(image.bytes + items[6].offset, 0, items[6].size + SL_SEAL);
    memset(image.bytes + items[10].offset, 0, SL_SEAL);
    plant(bed->storage, &image, SEGMENT);
    refused_at(bed, &image, items[6].offset);
}

/* What was found without a seal is sealed: from then on damage to it is noticed. */
static void test_what_was_found_is_sealed(void **state)
{
    struct bed *bed = *state;
    static struct image image;
    struct item items[64];
    struct sl_log *log = open_log(bed->storage, true);
    grow(log, 7, SCALE);
    sl_log_close(log);
    take_image(bed->storage, 1, &image);
    size_t count = items_of(&image, items, 64);
    memset(image.bytes + items[count - 1].offset, 0, SL_SEAL);
    plant(bed->storage, &image, SEGMENT);
    sl_log_close(open_log(bed->storage, true));
    take_image(bed->storage, 1, &image);
    image.bytes[items[count - 2].offset] ^= 1;
    plant(bed->storage, &image, SEGMENT);
    refused_at(bed, &image, items[count - 2].offset);
}

/* A record copied over another of its size has good checksums, and the wrong number. */
static void test_numbers_continue(void **state)
{
    struct bed *bed = *state;
    static struct image image;
    struct item items[64];
    struct sl_entry entry = {1, sl_text("kept"), sl_text("content")};
    struct sl_log *log = open_log(bed->storage, true);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(sl_log_append(log, &entry, 1, NULL, &bed->error), 0);
        assert_int_equal(sl_log_sync(log, &bed->error), 0);
    }
    sl_log_close(log);
    take_image(bed->storage, 1, &image);
    (void)items_of(&image, items, 64);
    memcpy(image.bytes + items[4].offset, image.bytes + items[0].offset, items[0].size);
    plant(bed->storage, &image, SEGMENT);
    refused_at(bed, &image, items[4].offset);
}

/* Of which item is this byte? Its offset; *harmless: the byte means nothing. */
static size_t place_of(const struct item *items, size_t count, size_t byte, bool *harmless)
{
    *harmless = false;
    for (size_t i = 0; i < count; i++) {
        const struct item *item = &items[i];
        if (byte < item->offset || byte >= item->offset + item->size)
            continue;
        *harmless = byte >= item->offset + item->size - item->erased;
        return item->offset;
    }
    return 0; /* the head's */
}

static void test_every_bit_of_the_last_segment(void **state)
{
    struct bed *bed = *state;
    static struct image whole;
    static struct image flipped;
    struct item items[64];
    static const uint64_t erased[] = {4, 9};
    struct sl_log_options options = options_of(true);
    struct sl_log *log = open_log(bed->storage, true);
    grow(log, 3, SCALE);
    grow(log, 7, SCALE);
    grow(log, 9, SCALE);
    assert_int_equal(sl_log_erase(log, erased, 2, &bed->error), 0);
    sl_log_close(log);
    take_image(bed->storage, 1, &whole);
    size_t count = items_of(&whole, items, 64);
    assert_int_equal(count, 9 + 3);
    size_t last_seal = items[count - 1].offset;
    size_t stride = bed->kind == FILES ? 101 : 1;
    for (size_t bit = 0; bit < whole.end * 8;
         bit += bit < 8 * SL_SEGMENT_HEAD ? 5 * stride : stride) {
        size_t byte = bit / 8;
        bool harmless = false;
        size_t place = place_of(items, count, byte, &harmless);
        flipped = whole;
        flipped.bytes[byte] ^= (uint8_t)(1u << bit % 8);
        plant(bed->storage, &flipped, SEGMENT);
        if (harmless || byte >= last_seal) {
            log = open_log(bed->storage, true);
            assert_whole(log, 9, SCALE);
            sl_log_close(log);
            continue;
        }
        if (sl_log_open(&log, bed->storage, "test", &options, &bed->error) == 0)
            fail_msg("bit %zu of byte %zu was flipped, and nobody noticed", bit % 8, byte);
        assert_names(bed, &whole, place);
    }
    /* Zeros behind the end mean nothing. */
    for (size_t byte = whole.end; byte < SEGMENT; byte += 4999) {
        flipped = whole;
        flipped.bytes[byte] ^= 1;
        plant(bed->storage, &flipped, SEGMENT);
        log = open_log(bed->storage, true);
        assert_whole(log, 9, SCALE);
        sl_log_close(log);
    }
}

static void test_a_bit_of_every_byte_of_an_earlier_segment(void **state)
{
    struct bed *bed = *state;
    static struct image whole;
    static struct item items[2000];
    static const uint64_t erased[] = {4, 9, 30};
    struct sl_log *log = open_log(bed->storage, true);
    while (sl_log_last(log) < 120)
        grow(log, sl_log_last(log) + 2, 2000);
    assert_int_equal(sl_log_erase(log, erased, 3, &bed->error), 0);
    take_image(bed->storage, 1, &whole);
    size_t count = items_of(&whole, items, 2000);
    size_t stride = bed->kind == FILES ? 61 : 1;
    for (size_t byte = 0; byte < whole.end; byte += stride) {
        bool harmless = false;
        size_t place = place_of(items, count, byte, &harmless);
        uint8_t wrong = (uint8_t)(whole.bytes[byte] ^ 1u << byte % 8);
        poke(bed->storage, whole.name, byte, &wrong, 1);
        int64_t read = check_all(log, 2000, &bed->error);
        poke(bed->storage, whole.name, byte, &whole.bytes[byte], 1);
        /* Behind the last record stands a seal that a crash may tear: the next segment vouches. */
        harmless = harmless || place == items[count - 1].offset;
        if (harmless != (read == 120))
            fail_msg("byte %zu (of the item at %zu): %" PRId64 " records", byte, place, read);
        if (!harmless)
            assert_names(bed, &whole, place);
    }
    assert_whole(log, 120, 2000);
    sl_log_close(log);
}

/* A publisher that knows the log's identity puts into its event what looks like a later seal. */
static void test_content_cannot_pass_for_a_seal(void **state)
{
    struct bed *bed = *state;
    static struct image image;
    static struct image torn;
    struct sl_segment_head head;
    uint8_t content[600] = {0};
    for (int knows_seed = 0; knows_seed < 2; knows_seed++) {
        struct sl_storage *memory = sl_storage_memory();
        struct sl_log *log = open_log(memory, true);
        grow(log, 3, SCALE);
        take_image(memory, 1, &image);
        assert_null(sl_segment_head_read(image.bytes, &head));
        if (knows_seed == 0)
            memset(head.seed, 0x55, sizeof head.seed);
        sl_seal_write(content + 550, sl_segment_key(&head), 9);
        struct sl_entry entry = {1, {0}, sl_bytes(content, sizeof content)};
        assert_int_equal(sl_log_append(log, &entry, 1, NULL, &bed->error), 0);
        assert_int_equal(sl_log_sync(log, &bed->error), 0);
        sl_log_close(log);
        struct item items[8];
        take_image(memory, 1, &torn);
        size_t count = items_of(&torn, items, 8);
        assert_int_equal(count, 6);
        memset(torn.bytes + items[4].offset, 0, 32);
        memset(torn.bytes + items[5].offset, 0, 32);
        plant(memory, &torn, SEGMENT);
        struct sl_log_options options = options_of(true);
        int result = sl_log_open(&log, memory, "test", &options, &bed->error);
        assert_int_equal(result, knows_seed == 0 ? 0 : -1);
        if (result == 0) {
            assert_whole(log, 3, SCALE);
            sl_log_close(log);
        }
        sl_storage_free(memory);
    }
}

/* Bytes of an older log under the same identity are no records of this one. */
static void test_bytes_of_another_log_do_not_pass(void **state)
{
    struct bed *bed = *state;
    static struct image old;
    static struct image now;
    struct item items[64];
    struct sl_storage *other = sl_storage_memory();
    struct sl_log *log = open_log(other, true);
    grow(log, 9, SCALE);
    sl_log_close(log);
    take_image(other, 1, &old);
    size_t count = items_of(&old, items, 64);
    log = open_log(bed->storage, true);
    sl_log_close(log);
    take_image(bed->storage, 1, &now);
    memcpy(now.bytes + SL_SEGMENT_HEAD, old.bytes + SL_SEGMENT_HEAD, items[count - 1].offset);
    plant(bed->storage, &now, SEGMENT);
    log = open_log(bed->storage, true);
    assert_int_equal(sl_log_last(log), 0);
    sl_log_close(log);
    sl_storage_free(other);
}

/* A change on purpose, with its checksums made right, is for an auditor to find. */
static void test_digest_shows_a_change_on_purpose(void **state)
{
    struct bed *bed = *state;
    struct sl_record record;
    sl_hash leaf;
    uint8_t changed[MOST];
    struct sl_log *log = open_log(bed->storage, true);
    grow(log, 3, SCALE);
    assert_int_equal(sl_log_read(log, 2, &record, &bed->error), 1);
    assert_int_equal(sl_log_leaf(log, &record, leaf, &bed->error), 0);
    memcpy(changed, record.content.data, record.content.size);
    changed[0] ^= 1;
    record.content.data = changed;
    assert_int_equal(sl_log_leaf(log, &record, leaf, &bed->error), -1);
    assert_int_equal(bed->error.code, SL_DAMAGED);
    sl_log_close(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_cut_at_every_byte),
        BOTH(test_torn_in_any_sectors),
        ON(MEMORY, test_what_was_cut_never_comes_back),
        BOTH(test_a_later_write_proves_damage_too),
        BOTH(test_what_was_found_is_sealed),
        BOTH(test_numbers_continue),
        BOTH(test_every_bit_of_the_last_segment),
        BOTH(test_a_bit_of_every_byte_of_an_earlier_segment),
        ON(MEMORY, test_content_cannot_pass_for_a_seal),
        BOTH(test_bytes_of_another_log_do_not_pass),
        ON(MEMORY, test_digest_shows_a_change_on_purpose),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
