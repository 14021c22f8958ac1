/*
 * The cryptographic primitives that the contract uses, on OpenSSL: algorithms are fetched once,
 * contexts made once and used again (a struct sl_crypto serves one thread). A call of OpenSSL that
 * can only fail for lack of memory or for a broken library ends the process.
 */
#ifndef SL_CRYPTO_H
#define SL_CRYPTO_H

#include <openssl/evp.h>

#include "schemas/bytes.h"

enum {
    SL_HASH_SIZE = 32,
    SL_KEY_SIZE = 32, /* of Ed25519, X25519, CurveZMQ and AES-256 keys */
    SL_SIGNATURE_SIZE = 64,
    SL_TAG_SIZE = 16,
    SL_NONCE_SIZE = 12,
};

enum sl_aead { SL_AES_128_GCM = 1, SL_AES_256_GCM = 2, SL_CHACHA20_POLY1305 = 3 };

struct sl_crypto;

struct sl_crypto *sl_crypto_new(void);
void sl_crypto_free(struct sl_crypto *crypto);

/* SHA-256 of the pieces, one after the other. */
void sl_sha256(struct sl_crypto *crypto, uint8_t out[SL_HASH_SIZE], const struct sl_bytes *pieces,
               size_t count);

/* HMAC-SHA-256 under a key of 32 bytes that stays for many messages. */
struct sl_mac;
struct sl_mac *sl_mac_new(const uint8_t key[SL_KEY_SIZE]);
void sl_mac_free(struct sl_mac *mac);
void sl_mac(struct sl_mac *mac, uint8_t out[SL_HASH_SIZE], const struct sl_bytes *pieces,
            size_t count);

/* HMAC-SHA-256 under any key. */
void sl_hmac(uint8_t out[SL_HASH_SIZE], struct sl_bytes key, const struct sl_bytes *pieces,
             size_t count);

/*
 * AEAD (RFC 5116). `sealed` has room for text.size + SL_TAG_SIZE. sl_open gives -1, with nothing
 * in `text`, when the tag is wrong. Setting a key up costs more than 512 bytes do: one that is that
 * of the call before in this direction is not set up again. No nonce is used twice under a key.
 */
size_t sl_aead_key_size(enum sl_aead aead);
void sl_seal(struct sl_crypto *crypto, enum sl_aead aead, const uint8_t *key,
             const uint8_t nonce[SL_NONCE_SIZE], struct sl_bytes aad, struct sl_bytes text,
             uint8_t *sealed);
int sl_open(struct sl_crypto *crypto, enum sl_aead aead, const uint8_t *key,
            const uint8_t nonce[SL_NONCE_SIZE], struct sl_bytes aad, struct sl_bytes sealed,
            uint8_t *text);

/* Key pairs. `type` is EVP_PKEY_ED25519 or EVP_PKEY_X25519; the raw keys have SL_KEY_SIZE bytes. */
EVP_PKEY *sl_key_new(int type);
EVP_PKEY *sl_key_private(int type, const uint8_t *raw);
EVP_PKEY *sl_key_public(int type, const uint8_t *raw); /* NULL: none, or of small order */
void sl_key_raw(EVP_PKEY *key, uint8_t *private_key, uint8_t *public_key); /* NULL: not wanted */

/* Ed25519 (RFC 8032). Verification is true for a good signature only. */
void sl_sign(EVP_PKEY *key, uint8_t signature[SL_SIGNATURE_SIZE], struct sl_bytes message);
bool sl_verify(EVP_PKEY *key, struct sl_bytes signature, struct sl_bytes message);

/* X25519 (RFC 7748); -1 when the shared secret would be all zero. */
int sl_agree(EVP_PKEY *mine, EVP_PKEY *theirs, uint8_t secret[SL_KEY_SIZE]);

void sl_random(void *out, size_t size);
bool sl_same_secret(const void *a, const void *b, size_t size); /* in constant time */
void sl_forget(void *secret, size_t size);

#endif
