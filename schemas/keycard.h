/*
 * An organisation's X.509 certificate signs a key card that names its keys: Ed25519 for signatures,
 * X25519 for sealing and for CurveZMQ. Whose cards hold is the directory's (directory.h).
 */
#ifndef SL_KEYCARD_H
#define SL_KEYCARD_H

#include <openssl/x509.h>

#include "samenloop/v1/envelope.pb-c.h"
#include "schemas/crypto.h"
#include "schemas/error.h"
#include "schemas/limits.h"

enum { SL_OIN_SIZE = 20 };

struct sl_key {
    Samenloop__V1__KeyUse use;
    uint8_t public_key[SL_KEY_SIZE];
    int64_t not_before; /* ms since 1970; valid from here */
    int64_t not_after;  /* and before here */
    EVP_PKEY *verifier; /* of a signing key */
};

struct sl_card {
    char oin[SL_OIN_SIZE + 1];
    uint8_t hash[SL_HASH_SIZE]; /* SHA-256 of the KeyCard as signed: a batch names its card by it */
    int64_t issued_at;
    int64_t certificate_end; /* of those on the card, the one that ends first (ms since 1970) */
    struct sl_buffer bytes;  /* SignedKeyCard, as it was read */
    size_t key_count;
    struct sl_key keys[SL_MAX_KEYS];
};

/* The card's key for a use that is valid at a moment, of several the last begun; NULL: none. */
const struct sl_key *sl_card_key(const struct sl_card *card, Samenloop__V1__KeyUse use, int64_t at);

/* Makes a signed key card. `chain_file` is the certificate's PEM file, its intermediates after it.
 */
int sl_card_sign(struct sl_buffer *out, const Samenloop__V1__KeyCard *card, const char *chain_file,
                 const char *key_file, struct sl_error *error);

/*
 * Verifies a signed key card and copies its keys and bytes; end with sl_card_free. -1
 * (`bad_key_card`) leaves nothing to free. The card's first certificate
 * - leads to one of those trusted (NULL: that is not looked at; X.509 strict; revocation where the
 * store has lists; no SHA-1),
 * - is for signing (key usage digitalSignature), not for TLS alone, and no authority's,
 * - has one serialNumber in its subject, the card's OIN,
 * - has signed "samenloop.v1 key card", NUL, card.
 * The card was not issued after `now`, lacks no use, and has no key with which nothing is secret.
 */
int sl_card_read(struct sl_card *out, struct sl_bytes signed_card, X509_STORE *trust, int64_t now,
                 struct sl_error *error);
void sl_card_free(struct sl_card *card);

/* Is it an OIN: 20 digits? */
bool sl_is_oin(struct sl_bytes text);

#endif
