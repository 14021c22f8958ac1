/* Signed heads: written, read back; every change of a byte is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "schemas/checkpoint.h"

struct bed {
    struct sl_crypto *crypto;
    EVP_PKEY *key;
    struct sl_checkpoint head;
    struct sl_buffer note;
};

static void begin(struct bed *bed)
{
    static const uint8_t identity[16] = {1, 2, 3};
    static const uint8_t secret[SL_KEY_SIZE] = {7};
    *bed = (struct bed){.crypto = sl_crypto_new()};
    bed->key = sl_key_private(EVP_PKEY_ED25519, secret);
    bed->head.size = 1842;
    memset(bed->head.root, 0xa5, sizeof bed->head.root);
    sl_checkpoint_origin(&bed->head, identity);
    sl_checkpoint_write(&bed->note, bed->crypto, bed->key, &bed->head);
}

static void end(struct bed *bed)
{
    sl_buffer_free(&bed->note);
    EVP_PKEY_free(bed->key);
    sl_crypto_free(bed->crypto);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    struct bed bed;
    struct sl_checkpoint got;
    struct sl_error error = {0};
    static const char front[] = "samenloop.example/journal/01020300000000000000000000000000\n1842\n"
                                "paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaU=\n\n\xe2\x80\x94 "
                                "samenloop.example/journal/01020300000000000000000000000000 ";
    begin(&bed);
    assert_memory_equal(bed.note.data, front, sizeof front - 1);
    assert_int_equal(
        sl_checkpoint_read(&got, bed.crypto, bed.key, sl_buffer_bytes(&bed.note), &error), 0);
    assert_memory_equal(&got, &bed.head, sizeof got);
    end(&bed);
}

static void another_byte_is_refused(void **state)
{
    (void)state;
    struct bed bed;
    struct sl_checkpoint got;
    begin(&bed);
    for (size_t i = 0; i < bed.note.size; i++) {
        struct sl_error error = {0};
        bed.note.data[i] ^= 1;
        assert_int_equal(
            sl_checkpoint_read(&got, bed.crypto, bed.key, sl_buffer_bytes(&bed.note), &error), -1);
        bed.note.data[i] ^= 1;
        assert_int_equal(
            sl_checkpoint_read(&got, bed.crypto, bed.key, sl_bytes(bed.note.data, i), &error), -1);
    }
    struct sl_error error = {0};
    sl_buffer_add_bytes(&bed.note, sl_text("\n"));
    assert_int_equal(
        sl_checkpoint_read(&got, bed.crypto, bed.key, sl_buffer_bytes(&bed.note), &error), -1);
    assert_int_equal(error.code, SL_MALFORMED);
    end(&bed);
}

static void another_key_is_refused(void **state)
{
    (void)state;
    struct bed bed;
    struct sl_checkpoint got;
    struct sl_error error = {0};
    begin(&bed);
    EVP_PKEY *other = sl_key_new(EVP_PKEY_ED25519);
    assert_int_equal(
        sl_checkpoint_read(&got, bed.crypto, other, sl_buffer_bytes(&bed.note), &error), -1);
    assert_int_equal(error.code, SL_BAD_SIGNATURE);
    assert_int_equal(sl_checkpoint_read(&got, bed.crypto, NULL, sl_buffer_bytes(&bed.note), &error),
                     0);
    EVP_PKEY_free(other);
    end(&bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(another_byte_is_refused),
        cmocka_unit_test(another_key_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
