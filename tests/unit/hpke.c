/* HPKE against the vectors of its RFC and of another implementation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "schemas/hpke.h"

static size_t hex(const json_t *object, const char *key, uint8_t *out, size_t max)
{
    const char *text = json_string_value(json_object_get(object, key));
    assert_non_null(text);
    size_t size = strlen(text) / 2;
    assert_true(size <= max);
    assert_int_equal(sl_unhex(out, size, sl_text(text)), 0);
    return size;
}

static void expect_hex(const json_t *object, const char *key, const uint8_t *got, size_t size)
{
    uint8_t wanted[256];
    assert_int_equal(hex(object, key, wanted, sizeof wanted), size);
    assert_memory_equal(got, wanted, size);
}

static void check_encryptions(const json_t *vector, const struct sl_hpke *sender,
                              const struct sl_hpke *receiver)
{
    struct sl_crypto *crypto = sl_crypto_new();
    size_t i = 0;
    json_t *one = NULL;
    json_array_foreach(json_object_get(vector, "encryptions"), i, one)
    {
        uint8_t text[128];
        uint8_t aad[64];
        uint8_t sealed[160];
        uint8_t opened[128];
        uint64_t sequence = strtoull(json_string_value(json_object_get(one, "sequence number")),
                                     NULL, 10);
        size_t size = hex(one, "pt", text, sizeof text);
        struct sl_bytes with = sl_bytes(aad, hex(one, "aad", aad, sizeof aad));
        sl_hpke_seal(sender, crypto, sequence, with, sl_bytes(text, size), sealed);
        expect_hex(one, "ct", sealed, size + SL_TAG_SIZE);
        struct sl_bytes all = sl_bytes(sealed, size + SL_TAG_SIZE);
        assert_int_equal(sl_hpke_open(receiver, crypto, sequence, with, all, opened), 0);
        assert_memory_equal(opened, text, size);
        sealed[0] ^= 1;
        assert_int_equal(sl_hpke_open(receiver, crypto, sequence, with, all, opened), -1);
    }
    assert_true(i > 0);
    sl_crypto_free(crypto);
}

static void check_exports(const json_t *vector, const struct sl_hpke *context)
{
    struct sl_mac *exporter = sl_mac_new(context->exporter_secret);
    size_t i = 0;
    json_t *one = NULL;
    json_array_foreach(json_object_get(vector, "exports"), i, one)
    {
        uint8_t with[64];
        uint8_t out[SL_HASH_SIZE];
        size_t size = hex(one, "exporter_context", with, sizeof with);
        sl_hpke_export(context, exporter, sl_bytes(with, size), out, sizeof out);
        expect_hex(one, "exported_value", out, sizeof out);
    }
    assert_true(i > 0);
    sl_mac_free(exporter);
}

static void check_file(const char *name, size_t vectors)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/tests/vectors/%s", getenv("ROOT"), name);
    json_t *file = json_load_file(path, 0, NULL);
    assert_non_null(file);
    size_t i = 0;
    json_t *vector = NULL;
    json_array_foreach(json_object_get(file, "vectors"), i, vector)
    {
        uint8_t ephemeral[SL_KEY_SIZE];
        uint8_t receiver[SL_KEY_SIZE];
        uint8_t public_key[SL_KEY_SIZE];
        uint8_t info[64];
        uint8_t enc[SL_HPKE_ENC_SIZE];
        struct sl_hpke sender_context;
        struct sl_hpke receiver_context;
        hex(vector, "skEm", ephemeral, sizeof ephemeral);
        hex(vector, "skRm", receiver, sizeof receiver);
        hex(vector, "pkRm", public_key, sizeof public_key);
        struct sl_bytes with = sl_bytes(info, hex(vector, "info", info, sizeof info));
        enum sl_aead aead = (enum sl_aead)strtol(
            json_string_value(json_object_get(vector, "aead_id")), NULL, 10);
        EVP_PKEY *one_time = sl_key_private(EVP_PKEY_X25519, ephemeral);
        EVP_PKEY *theirs = sl_key_public(EVP_PKEY_X25519, public_key);
        EVP_PKEY *own = sl_key_private(EVP_PKEY_X25519, receiver);
        assert_int_equal(sl_hpke_sender(&sender_context, aead, theirs, with, one_time, enc), 0);
        expect_hex(vector, "enc", enc, sizeof enc);
        if (json_object_get(vector, "exporter_secret") != NULL) {
            expect_hex(vector, "exporter_secret", sender_context.exporter_secret, SL_HASH_SIZE);
            expect_hex(vector, "base_nonce", sender_context.base_nonce, SL_NONCE_SIZE);
        }
        assert_int_equal(sl_hpke_receiver(&receiver_context, aead, own, with, enc), 0);
        check_encryptions(vector, &sender_context, &receiver_context);
        check_exports(vector, &receiver_context);
        EVP_PKEY_free(one_time);
        EVP_PKEY_free(theirs);
        EVP_PKEY_free(own);
    }
    assert_int_equal(i, vectors);
    json_decref(file);
}

static void hpke_follows_rfc_9180(void **state)
{
    (void)state;
    check_file("hpke-rfc9180-base.json", 2);
}

/* The suite that is used here, of which the RFC has no vectors: made by another implementation. */
static void hpke_agrees_with_another_implementation(void **state)
{
    (void)state;
    check_file("hpke-aes256gcm-base.json", 1);
}

/* An encapsulation that is zero or of small order agrees on nothing. */
static void bad_encapsulations_are_refused(void **state)
{
    (void)state;
    EVP_PKEY *own = sl_key_new(EVP_PKEY_X25519);
    struct sl_hpke context;
    uint8_t enc[SL_HPKE_ENC_SIZE] = {0};
    assert_int_equal(sl_hpke_receiver(&context, SL_AES_256_GCM, own, sl_text("info"), enc), -1);
    enc[0] = 1;
    assert_int_equal(sl_hpke_receiver(&context, SL_AES_256_GCM, own, sl_text("info"), enc), -1);
    enc[0] = 9; /* the base point, of good order */
    assert_int_equal(sl_hpke_receiver(&context, SL_AES_256_GCM, own, sl_text("info"), enc), 0);
    EVP_PKEY_free(own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hpke_follows_rfc_9180),
        cmocka_unit_test(hpke_agrees_with_another_implementation),
        cmocka_unit_test(bad_encapsulations_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
