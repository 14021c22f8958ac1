/* PROTOCOL.md's examples of a log are what this code makes, and it tells every refusal code. */
#include "tests/unit/protocol_page.h"

#include "samenloop/v1/log.pb-c.h"
#include "schemas/error.h"
#include "schemas/file.h"
#include "schemas/log/segment.h"

enum { MAX_PAGE = 256 * 1024, LOG_IDENTITY = 0xa1, LOG_SEED, LOG_SALT };

static struct sl_bytes hash_of(const uint8_t *hash)
{
    return sl_bytes(hash, SL_HASH_SIZE);
}

static void a_log(void **state)
{
    struct sl_crypto *crypto = sl_crypto_new();
    struct sl_segment_head head = {.tree = true, .first = 1, .bytes = 65536};
    uint8_t bytes[SL_SEGMENT_HEAD];
    uint8_t record[256];
    uint8_t salt[SL_SALT];
    uint8_t seal[SL_SEAL];
    struct sl_item item;
    sl_hash leaf;
    struct sl_entry entry = {SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_TICK, sl_text("kept"),
                             sl_text("content")};
    memset(head.identity, LOG_IDENTITY, sizeof head.identity);
    memset(head.seed, LOG_SEED, sizeof head.seed);
    memset(salt, LOG_SALT, sizeof salt);
    sl_segment_head_write(bytes, &head);
    for (size_t i = 64; i < SL_SEGMENT_HEAD - 4; i++)
        assert_int_equal(bytes[i], 0);
    struct sl_segment_key key = sl_segment_key(&head);
    size_t size = sl_record_size(true, entry.kept.size, entry.content.size);
    assert_true(size <= sizeof record);
    sl_record_write(record, crypto, key, &entry, 1, 1, salt);
    sl_seal_write(seal, key, 1);
    assert_int_equal(sl_item_read(&item, key, sl_bytes(record, size)), SL_FOUND);
    sl_record_leaf(crypto, &item.record, leaf);
    bool good = says(*state, "log-segment-head", sl_bytes(bytes, 64));
    good &= says(*state, "log-segment-head-crc", sl_bytes(bytes + SL_SEGMENT_HEAD - 4, 4));
    good &= says(*state, "log-record", sl_bytes(record, size));
    good &= says(*state, "log-seal", sl_bytes(seal, sizeof seal));
    good &= says(*state, "log-record-leaf", hash_of(leaf));
    record[SL_ERASED_AT] = SL_ERASED;
    memset(record + size - item.erasable, 0, item.erasable);
    assert_int_equal(sl_item_read(&item, key, sl_bytes(record, size)), SL_FOUND);
    assert_true(item.record.erased);
    good &= says(*state, "log-record-erased", sl_bytes(record, size));
    sl_record_leaf(crypto, &item.record, leaf);
    good &= says(*state, "log-record-leaf", hash_of(leaf)); /* an erasure leaves it as it was */
    sl_crypto_free(crypto);
    assert_true(good);
}

/* The codes are those of error.c, each once in the page's table; own troubles of a process are not
 * told to the other side. */
static void every_code_is_told(void **state)
{
    (void)state;
    char path[512];
    struct sl_buffer text = {0};
    struct sl_error error = {0};
    (void)snprintf(path, sizeof path, "%s/schemas/PROTOCOL.md", getenv("ROOT"));
    assert_int_equal(sl_file_read(&text, path, MAX_PAGE, &error), 0);
    sl_buffer_add(&text, "", 1);
    for (int code = SL_MALFORMED; code <= SL_BEHIND; code++) {
        char row[64];
        (void)snprintf(row, sizeof row, "\n| `%s` |", sl_code_name((enum sl_code)code));
        const char *found = strstr((const char *)text.data, row);
        if (found == NULL)
            fail_msg("PROTOCOL.md has no row for %s", sl_code_name((enum sl_code)code));
        assert_null(strstr(found + 1, row));
    }
    sl_buffer_free(&text);
}

static void every_block(void **state)
{
    every_block_was_compared(*state, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log),
        cmocka_unit_test(every_code_is_told),
        cmocka_unit_test(every_block),
    };
    return cmocka_run_group_tests(tests, read_page, free_page);
}
