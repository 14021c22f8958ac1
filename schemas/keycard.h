/*
 * Who is who. An organisation's X.509 certificate signs a key card that names its keys: Ed25519
 * for signatures, X25519 for sealing and for CurveZMQ. A directory holds the cards of all
 * participants and answers whose a key is.
 */
#ifndef SL_KEYCARD_H
#define SL_KEYCARD_H

#include <openssl/x509.h>

#include "samenloop/v1/envelope.pb-c.h"
#include "schemas/catalogue.h"
#include "schemas/crypto.h"
#include "schemas/limits.h"

enum { SL_OIN_SIZE = 20, SL_NAME_SIZE = 8 };

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
    size_t key_count;
    struct sl_key keys[SL_MAX_KEYS];
};

struct sl_participant {
    char name[SL_NAME_SIZE]; /* "img", "ncg", "gm0014" */
    char oin[SL_OIN_SIZE + 1];
    enum sl_organisation organisation;
    size_t card_count;
    struct sl_card *cards; /* newest first */
};

/* The participants in the order of the configuration; owned by whoever made it. */
struct sl_directory {
    size_t count;
    struct sl_participant participants[SL_MAX_PARTICIPANTS];
};

/* Adds a participant without cards; -1 when the name or OIN is none, or given already. */
int sl_directory_add(struct sl_directory *directory, const char *name, const char *oin,
                     struct sl_error *error);

/*
 * Reads every *.card in a folder and keeps those of known participants. Each card's certificate
 * must lead to one of the PEM certificates in `trust_file` (X.509 strict, revocation by the CRLs in
 * the same file where it holds any), its subject's one serialNumber must be the card's OIN, and
 * it must have signed the card. A card that fails makes the whole call fail, with the file's name.
 */
int sl_directory_load(struct sl_directory *directory, const char *folder, const char *trust_file,
                      int64_t now, struct sl_error *error);
void sl_directory_free(struct sl_directory *directory);

int sl_directory_find(const struct sl_directory *directory, const char *name); /* -1: none */

/* Whose CurveZMQ key is this? The participant's index, or -1. */
int sl_directory_by_curve(const struct sl_directory *directory, const uint8_t key[SL_KEY_SIZE],
                          int64_t now);

/* The card with this hash; `participant` is set to its owner's index. NULL: none. */
const struct sl_card *sl_directory_card(const struct sl_directory *directory, struct sl_bytes hash,
                                        int *participant);

/* The card's key for a use that is valid at a moment; NULL: none. */
const struct sl_key *sl_card_key(const struct sl_card *card, Samenloop__V1__KeyUse use, int64_t at);

/* Makes a signed key card. `chain` is the certificate's PEM file, its intermediates after it. */
int sl_card_sign(struct sl_buffer *out, const Samenloop__V1__KeyCard *card, const char *chain_file,
                 const char *key_file, struct sl_error *error);

/*
 * Verifies a signed key card and copies its keys. The certificate is for signing (key usage
 * digitalSignature) and no authority's; its signature is over "samenloop.v1 key card", NUL, card;
 * the card lacks no use.
 */
int sl_card_read(struct sl_card *out, struct sl_bytes signed_card, X509_STORE *trust, int64_t now,
                 struct sl_error *error);
void sl_card_free(struct sl_card *card);

#endif
