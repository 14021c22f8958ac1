#include "schemas/crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A cipher context that stays set up for one algorithm, and is given new keys. */
struct direction {
    EVP_CIPHER_CTX *context;
    int aead; /* 0: not set up yet */
    uint8_t key[SL_KEY_SIZE];
};

struct sl_crypto {
    EVP_MD *sha256;
    EVP_MD_CTX *hashing;
    EVP_CIPHER *ciphers[4];
    struct direction sealing;
    struct direction opening;
};

struct sl_mac {
    EVP_MAC_CTX *context;
};

static const struct {
    const char *name;
    size_t key_size;
} aeads[] = {
    [SL_AES_128_GCM] = {"AES-128-GCM", 16},
    [SL_AES_256_GCM] = {"AES-256-GCM", 32},
    [SL_CHACHA20_POLY1305] = {"ChaCha20-Poly1305", 32},
};

/* For what cannot fail but by a broken library or no memory. */
static void must(bool good)
{
    if (good)
        return;
    ERR_print_errors_fp(stderr);
    (void)fputs("OpenSSL failed where it cannot fail\n", stderr);
    abort();
}

struct sl_crypto *sl_crypto_new(void)
{
    struct sl_crypto *crypto = sl_new(1, sizeof *crypto);
    crypto->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    crypto->hashing = EVP_MD_CTX_new();
    must(crypto->sha256 != NULL && crypto->hashing != NULL);
    for (int i = SL_AES_128_GCM; i <= SL_CHACHA20_POLY1305; i++) {
        crypto->ciphers[i] = EVP_CIPHER_fetch(NULL, aeads[i].name, NULL);
        must(crypto->ciphers[i] != NULL);
    }
    crypto->sealing.context = EVP_CIPHER_CTX_new();
    crypto->opening.context = EVP_CIPHER_CTX_new();
    must(crypto->sealing.context != NULL && crypto->opening.context != NULL);
    return crypto;
}

void sl_crypto_free(struct sl_crypto *crypto)
{
    if (crypto == NULL)
        return;
    EVP_MD_CTX_free(crypto->hashing);
    EVP_MD_free(crypto->sha256);
    for (int i = SL_AES_128_GCM; i <= SL_CHACHA20_POLY1305; i++)
        EVP_CIPHER_free(crypto->ciphers[i]);
    EVP_CIPHER_CTX_free(crypto->sealing.context);
    EVP_CIPHER_CTX_free(crypto->opening.context);
    sl_forget(crypto, sizeof *crypto);
    free(crypto);
}

/* Few bytes in many pieces are put together first: a call of OpenSSL costs more than the copy. */
enum { TOGETHER = 1024 };

static bool put_together(const struct sl_bytes *pieces, size_t count, uint8_t out[TOGETHER],
                         struct sl_bytes *all)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        if (pieces[i].size > TOGETHER - size)
            return false;
        size += pieces[i].size;
    }
    *all = sl_bytes(out, size);
    for (size_t i = 0; i < count; i++) {
        if (pieces[i].size > 0)
            memcpy(out, pieces[i].data, pieces[i].size);
        out += pieces[i].size;
    }
    return true;
}

void sl_sha256(struct sl_crypto *crypto, uint8_t out[SL_HASH_SIZE], const struct sl_bytes *pieces,
               size_t count)
{
    uint8_t together[TOGETHER];
    struct sl_bytes all;
    if (count > 1 && put_together(pieces, count, together, &all)) {
        pieces = &all;
        count = 1;
    }
    must(EVP_DigestInit_ex2(crypto->hashing, crypto->sha256, NULL) == 1);
    for (size_t i = 0; i < count; i++)
        must(EVP_DigestUpdate(crypto->hashing, pieces[i].data, pieces[i].size) == 1);
    must(EVP_DigestFinal_ex(crypto->hashing, out, NULL) == 1);
}

static EVP_MAC_CTX *mac_new(struct sl_bytes key)
{
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    must(hmac != NULL);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(hmac);
    EVP_MAC_free(hmac);
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){"SHA256"}, 0),
        OSSL_PARAM_construct_end(),
    };
    /* An absent key means "as before" to OpenSSL; the empty key of HKDF is one zero byte. */
    if (key.size == 0)
        key = sl_bytes("", 1);
    must(context != NULL && EVP_MAC_init(context, key.data, key.size, parameters) == 1);
    return context;
}

static void mac_finish(EVP_MAC_CTX *context, uint8_t *out, const struct sl_bytes *pieces,
                       size_t count)
{
    uint8_t together[TOGETHER];
    struct sl_bytes all;
    bool once = count > 1 && put_together(pieces, count, together, &all);
    for (size_t i = 0; i < (once ? 1 : count); i++) {
        const struct sl_bytes *piece = once ? &all : &pieces[i];
        must(EVP_MAC_update(context, piece->data, piece->size) == 1);
    }
    if (once) /* it may be a secret */
        sl_forget(together, all.size);
    size_t size = 0;
    must(EVP_MAC_final(context, out, &size, SL_HASH_SIZE) == 1 && size == SL_HASH_SIZE);
}

struct sl_mac *sl_mac_new(const uint8_t key[SL_KEY_SIZE])
{
    struct sl_mac *mac = sl_new(1, sizeof *mac);
    mac->context = mac_new(sl_bytes(key, SL_KEY_SIZE));
    return mac;
}

void sl_mac_free(struct sl_mac *mac)
{
    if (mac == NULL)
        return;
    EVP_MAC_CTX_free(mac->context);
    free(mac);
}

void sl_mac(struct sl_mac *mac, uint8_t out[SL_HASH_SIZE], const struct sl_bytes *pieces,
            size_t count)
{
    must(EVP_MAC_init(mac->context, NULL, 0, NULL) == 1);
    mac_finish(mac->context, out, pieces, count);
}

void sl_hmac(uint8_t out[SL_HASH_SIZE], struct sl_bytes key, const struct sl_bytes *pieces,
             size_t count)
{
    EVP_MAC_CTX *context = mac_new(key);
    mac_finish(context, out, pieces, count);
    EVP_MAC_CTX_free(context);
}

size_t sl_aead_key_size(enum sl_aead aead)
{
    return aeads[aead].key_size;
}

/*
 * What is to be set up in a context: NULL where it has the algorithm, or the key, already. A key
 * shorter than SL_KEY_SIZE is set up each time (only the vectors have one).
 */
static const EVP_CIPHER *set_up(struct sl_crypto *crypto, struct direction *direction,
                                enum sl_aead aead, const uint8_t **key)
{
    bool same = direction->aead == (int)aead;
    if (same && aeads[aead].key_size == SL_KEY_SIZE &&
        sl_same_secret(direction->key, *key, SL_KEY_SIZE))
        *key = NULL;
    else
        memcpy(direction->key, *key, aeads[aead].key_size);
    direction->aead = (int)aead;
    return same ? NULL : crypto->ciphers[aead];
}

void sl_seal(struct sl_crypto *crypto, enum sl_aead aead, const uint8_t *key,
             const uint8_t nonce[SL_NONCE_SIZE], struct sl_bytes aad, struct sl_bytes text,
             uint8_t *sealed)
{
    const EVP_CIPHER *cipher = set_up(crypto, &crypto->sealing, aead, &key);
    EVP_CIPHER_CTX *context = crypto->sealing.context;
    int size = 0;
    must(EVP_EncryptInit_ex2(context, cipher, key, nonce, NULL) == 1);
    if (aad.size > 0)
        must(EVP_EncryptUpdate(context, NULL, &size, aad.data, (int)aad.size) == 1);
    if (text.size > 0)
        must(EVP_EncryptUpdate(context, sealed, &size, text.data, (int)text.size) == 1);
    must(EVP_EncryptFinal_ex(context, sealed + text.size, &size) == 1);
    must(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, SL_TAG_SIZE, sealed + text.size) == 1);
}

int sl_open(struct sl_crypto *crypto, enum sl_aead aead, const uint8_t *key,
            const uint8_t nonce[SL_NONCE_SIZE], struct sl_bytes aad, struct sl_bytes sealed,
            uint8_t *text)
{
    if (sealed.size < SL_TAG_SIZE)
        return -1;
    const EVP_CIPHER *cipher = set_up(crypto, &crypto->opening, aead, &key);
    EVP_CIPHER_CTX *context = crypto->opening.context;
    size_t text_size = sealed.size - SL_TAG_SIZE;
    uint8_t tag[SL_TAG_SIZE];
    for (size_t i = 0; i < SL_TAG_SIZE; i++)
        tag[i] = sealed.data[text_size + i];
    int size = 0;
    must(EVP_DecryptInit_ex2(context, cipher, key, nonce, NULL) == 1);
    must(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, SL_TAG_SIZE, tag) == 1);
    if (aad.size > 0)
        must(EVP_DecryptUpdate(context, NULL, &size, aad.data, (int)aad.size) == 1);
    if (text_size > 0)
        must(EVP_DecryptUpdate(context, text, &size, sealed.data, (int)text_size) == 1);
    uint8_t none[SL_TAG_SIZE];
    if (EVP_DecryptFinal_ex(context, none, &size) == 1)
        return 0;
    ERR_clear_error();
    sl_forget(text, text_size);
    return -1;
}

EVP_PKEY *sl_key_new(int type)
{
    uint8_t raw[SL_KEY_SIZE];
    sl_random(raw, sizeof raw);
    EVP_PKEY *key = sl_key_private(type, raw);
    sl_forget(raw, sizeof raw);
    return key;
}

EVP_PKEY *sl_key_private(int type, const uint8_t *raw)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(type, NULL, raw, SL_KEY_SIZE);
    must(key != NULL);
    return key;
}

/*
 * The points of small order, by the coordinate that a public key has (X25519: u, Ed25519: y; the
 * top bit aside), also as they are written without being reduced. With one of them a shared secret
 * is zero, and a signature that everybody can make is good.
 */
static const struct {
    int type; /* 0: both */
    const char *hex;
} small[] = {
    {0, "0000000000000000000000000000000000000000000000000000000000000000"},
    {0, "0100000000000000000000000000000000000000000000000000000000000000"},
    {0, "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
    {0, "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
    {0, "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
    {EVP_PKEY_X25519, "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"},
    {EVP_PKEY_X25519, "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"},
    {EVP_PKEY_ED25519, "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"},
    {EVP_PKEY_ED25519, "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"},
};

static bool is_small(int type, const uint8_t *raw)
{
    char hex[2 * SL_KEY_SIZE + 1];
    uint8_t masked[SL_KEY_SIZE];
    memcpy(masked, raw, SL_KEY_SIZE);
    masked[SL_KEY_SIZE - 1] &= 0x7f;
    sl_hex(hex, masked, SL_KEY_SIZE);
    for (size_t i = 0; i < sizeof small / sizeof small[0]; i++) {
        if ((small[i].type == 0 || small[i].type == type) && strcmp(hex, small[i].hex) == 0)
            return true;
    }
    return false;
}

EVP_PKEY *sl_key_public(int type, const uint8_t *raw)
{
    if (is_small(type, raw))
        return NULL;
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(type, NULL, raw, SL_KEY_SIZE);
    ERR_clear_error();
    return key;
}

void sl_key_raw(EVP_PKEY *key, uint8_t *private_key, uint8_t *public_key)
{
    size_t size = SL_KEY_SIZE;
    if (private_key != NULL)
        must(EVP_PKEY_get_raw_private_key(key, private_key, &size) == 1);
    if (public_key != NULL)
        must(EVP_PKEY_get_raw_public_key(key, public_key, &size) == 1);
}

void sl_sign(EVP_PKEY *key, uint8_t signature[SL_SIGNATURE_SIZE], struct sl_bytes message)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t size = SL_SIGNATURE_SIZE;
    must(context != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1);
    must(EVP_DigestSign(context, signature, &size, message.data, message.size) == 1);
    EVP_MD_CTX_free(context);
}

bool sl_verify(EVP_PKEY *key, struct sl_bytes signature, struct sl_bytes message)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(context != NULL && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1);
    bool good = signature.size == SL_SIGNATURE_SIZE &&
                EVP_DigestVerify(context, signature.data, signature.size, message.data,
                                 message.size) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return good;
}

int sl_agree(EVP_PKEY *mine, EVP_PKEY *theirs, uint8_t secret[SL_KEY_SIZE])
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(mine, NULL);
    size_t size = SL_KEY_SIZE;
    must(context != NULL && EVP_PKEY_derive_init(context) == 1);
    bool good = EVP_PKEY_derive_set_peer(context, theirs) == 1 &&
                EVP_PKEY_derive(context, secret, &size) == 1 && size == SL_KEY_SIZE;
    EVP_PKEY_CTX_free(context);
    ERR_clear_error();
    static const uint8_t zero[SL_KEY_SIZE];
    return good && !sl_same_secret(secret, zero, SL_KEY_SIZE) ? 0 : -1;
}

void sl_random(void *out, size_t size)
{
    must(RAND_bytes(out, (int)size) == 1);
}

bool sl_same_secret(const void *a, const void *b, size_t size)
{
    return CRYPTO_memcmp(a, b, size) == 0;
}

void sl_forget(void *secret, size_t size)
{
    OPENSSL_cleanse(secret, size);
}
