#include "schemas/hpke.h"

#include <assert.h>
#include <string.h>

enum { KEM_ID = 0x0020, KDF_ID = 0x0001 };

/* "KEM" with its id, or "HPKE" with the ids of the whole suite (RFC 9180, 4.1 and 5.1). */
struct suite {
    uint8_t id[10];
    size_t size;
};

static struct suite kem_suite(void)
{
    return (struct suite){{'K', 'E', 'M', 0, KEM_ID}, 5};
}

static struct suite hpke_suite(enum sl_aead aead)
{
    return (struct suite){{'H', 'P', 'K', 'E', 0, KEM_ID, 0, KDF_ID, 0, (uint8_t)aead}, 10};
}

static void labeled_extract(const struct suite *suite, struct sl_bytes salt, const char *label,
                            struct sl_bytes ikm, uint8_t out[SL_HASH_SIZE])
{
    struct sl_bytes pieces[] = {sl_text("HPKE-v1"), sl_bytes(suite->id, suite->size),
                                sl_text(label), ikm};
    sl_hmac(out, salt, pieces, 4);
}

/* LabeledExpand for at most one block. `mac` is keyed with the pseudo-random key. */
static void labeled_expand(const struct suite *suite, struct sl_mac *mac, const char *label,
                           struct sl_bytes info, uint8_t *out, size_t size)
{
    assert(size <= SL_HASH_SIZE);
    uint8_t length[2] = {0, (uint8_t)size};
    uint8_t block[SL_HASH_SIZE];
    struct sl_bytes pieces[] = {sl_bytes(length, 2),
                                sl_text("HPKE-v1"),
                                sl_bytes(suite->id, suite->size),
                                sl_text(label),
                                info,
                                sl_bytes("\x01", 1)};
    sl_mac(mac, block, pieces, 6);
    memcpy(out, block, size);
    sl_forget(block, sizeof block);
}

/* ExtractAndExpand of the KEM (RFC 9180, 4.1). */
static void kem_secret(uint8_t dh[SL_KEY_SIZE], const uint8_t *enc, const uint8_t *receiver,
                       uint8_t secret[SL_HASH_SIZE])
{
    struct suite suite = kem_suite();
    uint8_t prk[SL_HASH_SIZE];
    uint8_t kem_context[2 * SL_KEY_SIZE];
    memcpy(kem_context, enc, SL_KEY_SIZE);
    memcpy(kem_context + SL_KEY_SIZE, receiver, SL_KEY_SIZE);
    labeled_extract(&suite, sl_bytes(NULL, 0), "eae_prk", sl_bytes(dh, SL_KEY_SIZE), prk);
    struct sl_mac *mac = sl_mac_new(prk);
    labeled_expand(&suite, mac, "shared_secret", sl_bytes(kem_context, sizeof kem_context), secret,
                   SL_HASH_SIZE);
    sl_mac_free(mac);
    sl_forget(prk, sizeof prk);
    sl_forget(dh, SL_KEY_SIZE);
}

/* KeySchedule in mode base (RFC 9180, 5.1). */
static void schedule(struct sl_hpke *out, enum sl_aead aead, uint8_t secret[SL_HASH_SIZE],
                     struct sl_bytes info)
{
    struct suite suite = hpke_suite(aead);
    struct sl_bytes none = sl_bytes(NULL, 0);
    uint8_t context[1 + 2 * SL_HASH_SIZE] = {0};
    uint8_t prk[SL_HASH_SIZE];
    labeled_extract(&suite, none, "psk_id_hash", none, context + 1);
    labeled_extract(&suite, none, "info_hash", info, context + 1 + SL_HASH_SIZE);
    labeled_extract(&suite, sl_bytes(secret, SL_HASH_SIZE), "secret", none, prk);
    struct sl_mac *mac = sl_mac_new(prk);
    struct sl_bytes all = sl_bytes(context, sizeof context);
    out->aead = aead;
    labeled_expand(&suite, mac, "key", all, out->key, sl_aead_key_size(aead));
    labeled_expand(&suite, mac, "base_nonce", all, out->base_nonce, SL_NONCE_SIZE);
    labeled_expand(&suite, mac, "exp", all, out->exporter_secret, SL_HASH_SIZE);
    sl_mac_free(mac);
    sl_forget(prk, sizeof prk);
    sl_forget(secret, SL_HASH_SIZE);
}

int sl_hpke_sender(struct sl_hpke *out, enum sl_aead aead, EVP_PKEY *receiver, struct sl_bytes info,
                   EVP_PKEY *ephemeral, uint8_t enc[SL_HPKE_ENC_SIZE])
{
    EVP_PKEY *mine = ephemeral != NULL ? ephemeral : sl_key_new(EVP_PKEY_X25519);
    uint8_t dh[SL_KEY_SIZE];
    uint8_t secret[SL_HASH_SIZE];
    uint8_t theirs[SL_KEY_SIZE];
    int result = sl_agree(mine, receiver, dh);
    if (result == 0) {
        sl_key_raw(mine, NULL, enc);
        sl_key_raw(receiver, NULL, theirs);
        kem_secret(dh, enc, theirs, secret);
        schedule(out, aead, secret, info);
    }
    if (ephemeral == NULL)
        EVP_PKEY_free(mine);
    return result;
}

int sl_hpke_receiver(struct sl_hpke *out, enum sl_aead aead, EVP_PKEY *receiver,
                     struct sl_bytes info, const uint8_t enc[SL_HPKE_ENC_SIZE])
{
    EVP_PKEY *theirs = sl_key_public(EVP_PKEY_X25519, enc);
    uint8_t dh[SL_KEY_SIZE];
    uint8_t secret[SL_HASH_SIZE];
    uint8_t own[SL_KEY_SIZE];
    int result = theirs != NULL ? sl_agree(receiver, theirs, dh) : -1;
    if (result == 0) {
        sl_key_raw(receiver, NULL, own);
        kem_secret(dh, enc, own, secret);
        schedule(out, aead, secret, info);
    }
    EVP_PKEY_free(theirs);
    return result;
}

static void nonce(const struct sl_hpke *context, uint64_t sequence, uint8_t out[SL_NONCE_SIZE])
{
    memcpy(out, context->base_nonce, SL_NONCE_SIZE);
    for (int i = 0; i < 8; i++)
        out[SL_NONCE_SIZE - 1 - i] ^= (uint8_t)(sequence >> (8 * i));
}

void sl_hpke_seal(const struct sl_hpke *context, struct sl_crypto *crypto, uint64_t sequence,
                  struct sl_bytes aad, struct sl_bytes text, uint8_t *sealed)
{
    uint8_t iv[SL_NONCE_SIZE];
    nonce(context, sequence, iv);
    sl_seal(crypto, context->aead, context->key, iv, aad, text, sealed);
}

int sl_hpke_open(const struct sl_hpke *context, struct sl_crypto *crypto, uint64_t sequence,
                 struct sl_bytes aad, struct sl_bytes sealed, uint8_t *text)
{
    uint8_t iv[SL_NONCE_SIZE];
    nonce(context, sequence, iv);
    return sl_open(crypto, context->aead, context->key, iv, aad, sealed, text);
}

void sl_hpke_export(const struct sl_hpke *context, struct sl_mac *exporter,
                    struct sl_bytes exporter_context, uint8_t *out, size_t size)
{
    struct suite suite = hpke_suite(context->aead);
    labeled_expand(&suite, exporter, "sec", exporter_context, out, size);
}
