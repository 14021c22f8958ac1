/* Primitives: keys of small order, and a cipher context that keeps its key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "schemas/crypto.h"

/* As RFC 7748's security considerations and libsodium's lists have them. */
static const struct {
    int type;
    const char *hex;
} small[] = {
    {EVP_PKEY_X25519, "0000000000000000000000000000000000000000000000000000000000000000"},
    {EVP_PKEY_X25519, "0100000000000000000000000000000000000000000000000000000000000000"},
    {EVP_PKEY_X25519, "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"},
    {EVP_PKEY_X25519, "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"},
    {EVP_PKEY_X25519, "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
    {EVP_PKEY_X25519, "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
    {EVP_PKEY_X25519, "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
    {EVP_PKEY_ED25519, "0000000000000000000000000000000000000000000000000000000000000000"},
    {EVP_PKEY_ED25519, "0100000000000000000000000000000000000000000000000000000000000000"},
    {EVP_PKEY_ED25519, "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"},
    {EVP_PKEY_ED25519, "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"},
    {EVP_PKEY_ED25519, "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
    {EVP_PKEY_ED25519, "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
    {EVP_PKEY_ED25519, "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
};

enum { SMALL = sizeof small / sizeof small[0] };

/* A signature without a private key: R of small order, S zero. Good for some messages of a few. */
static bool forgeable(EVP_PKEY *key)
{
    for (size_t i = 0; i < SMALL; i++) {
        for (int top = 0; top < 2; top++) {
            uint8_t signature[SL_SIGNATURE_SIZE] = {0};
            assert_int_equal(sl_unhex(signature, SL_KEY_SIZE, sl_text(small[i].hex)), 0);
            signature[SL_KEY_SIZE - 1] |= (uint8_t)(top << 7);
            for (uint8_t message = 0; message < 64; message++) {
                if (sl_verify(key, sl_bytes(signature, sizeof signature), sl_bytes(&message, 1)))
                    return true;
            }
        }
    }
    return false;
}

static void keys_of_small_order_are_none(void **state)
{
    (void)state;
    EVP_PKEY *mine = sl_key_new(EVP_PKEY_X25519);
    for (size_t i = 0; i < SMALL; i++) {
        uint8_t raw[SL_KEY_SIZE];
        uint8_t secret[SL_KEY_SIZE];
        assert_int_equal(sl_unhex(raw, sizeof raw, sl_text(small[i].hex)), 0);
        assert_null(sl_key_public(small[i].type, raw));
        raw[SL_KEY_SIZE - 1] |= 0x80;
        assert_null(sl_key_public(small[i].type, raw));
        raw[SL_KEY_SIZE - 1] &= 0x7f;
        /* That OpenSSL takes them, and what they are good for: */
        EVP_PKEY *key = EVP_PKEY_new_raw_public_key(small[i].type, NULL, raw, sizeof raw);
        assert_non_null(key);
        assert_true(small[i].type == EVP_PKEY_ED25519 ? forgeable(key)
                                                      : sl_agree(mine, key, secret) < 0);
        EVP_PKEY_free(key);
    }
    EVP_PKEY_free(mine);
}

static void good_keys_are_good(void **state)
{
    (void)state;
    static const int types[] = {EVP_PKEY_ED25519, EVP_PKEY_X25519};
    for (size_t i = 0; i < 64; i++) {
        uint8_t raw[SL_KEY_SIZE];
        EVP_PKEY *key = sl_key_new(types[i % 2]);
        sl_key_raw(key, NULL, raw);
        EVP_PKEY *public_key = sl_key_public(types[i % 2], raw);
        assert_non_null(public_key);
        assert_false(i % 2 == 0 && i < 4 && forgeable(public_key));
        EVP_PKEY_free(public_key);
        EVP_PKEY_free(key);
    }
}

/* Ed25519: a wrong length, S + L, a changed byte. */
static void signatures_have_one_form(void **state)
{
    (void)state;
    static const char order[] = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
    EVP_PKEY *key = sl_key_new(EVP_PKEY_ED25519);
    struct sl_bytes message = sl_text("a batch");
    uint8_t signature[SL_SIGNATURE_SIZE];
    uint8_t l[SL_KEY_SIZE];
    sl_sign(key, signature, message);
    assert_true(sl_verify(key, sl_bytes(signature, sizeof signature), message));
    assert_false(sl_verify(key, sl_bytes(signature, sizeof signature - 1), message));
    assert_false(sl_verify(key, sl_bytes(NULL, 0), message));
    for (size_t i = 0; i < sizeof signature; i++) {
        signature[i] ^= 0x10;
        assert_false(sl_verify(key, sl_bytes(signature, sizeof signature), message));
        signature[i] ^= 0x10;
    }
    assert_int_equal(sl_unhex(l, sizeof l, sl_text(order)), 0);
    unsigned carry = 0;
    for (size_t i = 0; i < sizeof l; i++) {
        carry += signature[SL_KEY_SIZE + i] + (unsigned)l[i];
        signature[SL_KEY_SIZE + i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_false(sl_verify(key, sl_bytes(signature, sizeof signature), message));
    EVP_PKEY_free(key);
}

/* Whatever came before in a context, the result is that of a fresh one. */
static void a_context_keeps_its_key_and_no_more(void **state)
{
    (void)state;
    static const enum sl_aead aeads[] = {SL_AES_256_GCM, SL_CHACHA20_POLY1305, SL_AES_128_GCM};
    struct sl_crypto *used = sl_crypto_new();
    uint8_t keys[2][SL_KEY_SIZE] = {{1}, {2}};
    uint8_t nonce[SL_NONCE_SIZE] = {0};
    struct sl_bytes text = sl_text("the same text");
    for (unsigned i = 0; i < 500; i++) {
        unsigned pick = i * 2654435761u >> 16;
        enum sl_aead aead = aeads[pick / 4 % 8 == 0 ? pick % 3 : 0];
        const uint8_t *key = keys[pick / 64 % 2];
        struct sl_bytes aad = sl_bytes("aad", pick % 4);
        uint8_t sealed[64];
        uint8_t wanted[64];
        uint8_t opened[64];
        nonce[0] = (uint8_t)pick;
        struct sl_crypto *fresh = sl_crypto_new();
        sl_seal(fresh, aead, key, nonce, aad, text, wanted);
        sl_crypto_free(fresh);
        sl_seal(used, aead, key, nonce, aad, text, sealed);
        assert_memory_equal(sealed, wanted, text.size + SL_TAG_SIZE);
        struct sl_bytes all = sl_bytes(sealed, text.size + SL_TAG_SIZE);
        assert_int_equal(sl_open(used, aead, key, nonce, aad, all, opened), 0);
        assert_memory_equal(opened, text.data, text.size);
        sealed[pick % all.size] ^= 1; /* a failure leaves the context good */
        assert_int_equal(sl_open(used, aead, key, nonce, aad, all, opened), -1);
        assert_int_equal(sl_open(used, aead, key, nonce, aad, sl_bytes(sealed, 15), opened), -1);
    }
    sl_crypto_free(used);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_small_order_are_none),
        cmocka_unit_test(good_keys_are_good),
        cmocka_unit_test(signatures_have_one_form),
        cmocka_unit_test(a_context_keeps_its_key_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
