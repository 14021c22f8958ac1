#include "schemas/keycard.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/file.h"

/* What a certificate signs is a key card and nothing else: label, NUL, card. */
#define CARD_LABEL "samenloop.v1 key card"

static void labelled(struct sl_buffer *out, struct sl_bytes card)
{
    sl_buffer_add(out, CARD_LABEL, sizeof CARD_LABEL);
    sl_buffer_add_bytes(out, card);
}

static bool is_oin(const char *text, size_t size)
{
    if (size != SL_OIN_SIZE)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
    }
    return true;
}

int sl_directory_find(const struct sl_directory *directory, const char *name)
{
    for (size_t i = 0; i < directory->count; i++) {
        if (strcmp(directory->participants[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}

int sl_directory_add(struct sl_directory *directory, const char *name, const char *oin,
                     struct sl_error *error)
{
    if (strlen(name) >= SL_NAME_SIZE || sl_organisation_of(name) == SL_NOBODY)
        return sl_fail(error, SL_CONFIGURATION, "participant %.40s: wants img, ncg or gmNNNN",
                       name);
    if (!is_oin(oin, strlen(oin)))
        return sl_fail(error, SL_CONFIGURATION, "participant %s: an OIN has 20 digits", name);
    if (directory->count == SL_MAX_PARTICIPANTS || sl_directory_find(directory, name) >= 0)
        return sl_fail(error, SL_CONFIGURATION, "participant %s: given twice, or one too many",
                       name);
    struct sl_participant *participant = &directory->participants[directory->count++];
    *participant = (struct sl_participant){.organisation = sl_organisation_of(name)};
    memcpy(participant->name, name, strlen(name) + 1);
    memcpy(participant->oin, oin, SL_OIN_SIZE + 1);
    return 0;
}

void sl_card_free(struct sl_card *card)
{
    for (size_t i = 0; i < card->key_count; i++)
        EVP_PKEY_free(card->keys[i].verifier);
}

void sl_directory_free(struct sl_directory *directory)
{
    for (size_t i = 0; i < directory->count; i++) {
        struct sl_participant *participant = &directory->participants[i];
        for (size_t k = 0; k < participant->card_count; k++)
            sl_card_free(&participant->cards[k]);
        free(participant->cards);
    }
    *directory = (struct sl_directory){0};
}

/* The one serialNumber in the certificate's subject (OID 2.5.4.5) must be this OIN. */
static int check_oin(X509 *certificate, const char *oin, struct sl_error *error)
{
    X509_NAME *subject = X509_get_subject_name(certificate);
    int at = X509_NAME_get_index_by_NID(subject, NID_serialNumber, -1);
    if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_serialNumber, at) >= 0)
        return sl_fail(error, SL_BAD_KEY_CARD, "the certificate wants exactly one serialNumber");
    ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
    if (ASN1_STRING_length(value) != SL_OIN_SIZE ||
        memcmp(ASN1_STRING_get0_data(value), oin, SL_OIN_SIZE) != 0)
        return sl_fail(error, SL_BAD_KEY_CARD, "the certificate is not of OIN %s", oin);
    return 0;
}

static int check_chain(X509 *certificate, STACK_OF(X509) * chain, X509_STORE *trust, int64_t now,
                       struct sl_error *error)
{
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    int good = context != NULL && X509_STORE_CTX_init(context, trust, certificate, chain) == 1;
    if (good == 1) {
        X509_VERIFY_PARAM *rules = X509_STORE_CTX_get0_param(context);
        (void)X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_X509_STRICT);
        X509_VERIFY_PARAM_set_time(rules, (time_t)(now / 1000));
        X509_VERIFY_PARAM_set_auth_level(rules, 2); /* no SHA-1, no RSA below 2048 bits */
        good = X509_verify_cert(context);
    }
    int reason = context != NULL ? X509_STORE_CTX_get_error(context) : X509_V_ERR_OUT_OF_MEM;
    X509_STORE_CTX_free(context);
    ERR_clear_error();
    if (good != 1)
        return sl_fail(error, SL_BAD_KEY_CARD, "the certificate is not good: %s",
                       X509_verify_cert_error_string(reason));
    return 0;
}

static STACK_OF(X509) * read_chain(const Samenloop__V1__SignedKeyCard *signed_card)
{
    STACK_OF(X509) *chain = sk_X509_new_null();
    for (size_t i = 0; chain != NULL && i < signed_card->n_certificates && i < 8; i++) {
        const unsigned char *at = signed_card->certificates[i].data;
        X509 *certificate = d2i_X509(NULL, &at, (long)signed_card->certificates[i].len);
        if (certificate != NULL)
            (void)sk_X509_push(chain, certificate);
    }
    ERR_clear_error();
    return chain;
}

/* The certificate is an organisation's, made for signing, and no authority's. */
static int check_usage(X509 *certificate, struct sl_error *error)
{
    if (X509_check_ca(certificate) != 0)
        return sl_fail(error, SL_BAD_KEY_CARD,
                       "the certificate is an authority's (CA), not an "
                       "organisation's");
    if ((X509_get_extension_flags(certificate) & EXFLAG_KUSAGE) == 0 ||
        (X509_get_key_usage(certificate) & KU_DIGITAL_SIGNATURE) == 0)
        return sl_fail(error, SL_BAD_KEY_CARD,
                       "the certificate is not for signing (its key usage "
                       "lacks digitalSignature)");
    return 0;
}

static int check_signature(X509 *certificate, const Samenloop__V1__SignedKeyCard *signed_card,
                           struct sl_error *error)
{
    struct sl_buffer text = {0};
    labelled(&text, sl_from_pb(signed_card->card));
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context != NULL &&
                EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL,
                                     X509_get0_pubkey(certificate)) == 1 &&
                EVP_DigestVerify(context, signed_card->signature.data, signed_card->signature.len,
                                 text.data, text.size) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    sl_buffer_free(&text);
    return good ? 0 : sl_fail(error, SL_BAD_KEY_CARD, "the card's signature is not good");
}

static int check_certificate(const Samenloop__V1__SignedKeyCard *signed_card, X509_STORE *trust,
                             const char *oin, int64_t now, struct sl_error *error)
{
    STACK_OF(X509) *chain = read_chain(signed_card);
    int result = -1;
    X509 *certificate = chain != NULL && sk_X509_num(chain) > 0 ? sk_X509_value(chain, 0) : NULL;
    if (certificate == NULL)
        (void)sl_fail(error, SL_BAD_KEY_CARD, "no certificate on the card");
    else if (check_chain(certificate, chain, trust, now, error) == 0 &&
             check_usage(certificate, error) == 0 && check_oin(certificate, oin, error) == 0)
        result = check_signature(certificate, signed_card, error);
    sk_X509_pop_free(chain, X509_free);
    return result;
}

enum { LAST_USE = SAMENLOOP__V1__KEY_USE__KEY_USE_SEALING };

static const char *const use_names[LAST_USE + 1] = {"", "signing", "CURVE", "sealing"};

/* A card lacks no use, and has none that this version does not know. */
static int copy_keys(struct sl_card *out, const Samenloop__V1__KeyCard *card,
                     struct sl_error *error)
{
    unsigned uses = 0;
    if (card->n_keys > SL_MAX_KEYS)
        return sl_fail(error, SL_BAD_KEY_CARD, "more than %d keys", SL_MAX_KEYS);
    for (size_t i = 0; i < card->n_keys; i++) {
        const Samenloop__V1__Key *key = card->keys[i];
        if (key->public_key.len != SL_KEY_SIZE || key->not_after <= key->not_before ||
            (int)key->use < SAMENLOOP__V1__KEY_USE__KEY_USE_SIGNING || (int)key->use > LAST_USE)
            return sl_fail(error, SL_BAD_KEY_CARD, "key %zu is none", i + 1);
        struct sl_key *copy = &out->keys[out->key_count++];
        *copy = (struct sl_key){key->use, {0}, key->not_before, key->not_after, NULL};
        memcpy(copy->public_key, key->public_key.data, SL_KEY_SIZE);
        if (key->use == SAMENLOOP__V1__KEY_USE__KEY_USE_SIGNING)
            copy->verifier = sl_key_public(EVP_PKEY_ED25519, copy->public_key);
        uses |= 1u << key->use;
    }
    for (int use = SAMENLOOP__V1__KEY_USE__KEY_USE_SIGNING; use <= LAST_USE; use++) {
        if ((uses >> use & 1) == 0)
            return sl_fail(error, SL_BAD_KEY_CARD, "the card has no %s key", use_names[use]);
    }
    return 0;
}

static int read_card(struct sl_card *out, struct sl_arena *arena, struct sl_bytes signed_card,
                     X509_STORE *trust, int64_t now, struct sl_error *error)
{
    const Samenloop__V1__SignedKeyCard *outer = (void *)sl_arena_unpack(
        arena, &samenloop__v1__signed_key_card__descriptor, signed_card);
    const Samenloop__V1__KeyCard *card =
        outer == NULL ? NULL
                      : (void *)sl_arena_unpack(arena, &samenloop__v1__key_card__descriptor,
                                                sl_from_pb(outer->card));
    if (card == NULL || !is_oin((const char *)card->organisation.data, card->organisation.len))
        return sl_fail(error, SL_BAD_KEY_CARD, "this is no key card");
    memcpy(out->oin, card->organisation.data, SL_OIN_SIZE);
    out->issued_at = card->issued_at;
    if (check_certificate(outer, trust, out->oin, now, error) < 0)
        return -1;
    struct sl_crypto *crypto = sl_crypto_new();
    struct sl_bytes body = sl_from_pb(outer->card);
    sl_sha256(crypto, out->hash, &body, 1);
    sl_crypto_free(crypto);
    return copy_keys(out, card, error);
}

int sl_card_read(struct sl_card *out, struct sl_bytes signed_card, X509_STORE *trust, int64_t now,
                 struct sl_error *error)
{
    struct sl_arena arena;
    *out = (struct sl_card){0};
    sl_arena_init(&arena, SL_MAX_ARENA);
    int result = read_card(out, &arena, signed_card, trust, now, error);
    sl_arena_free(&arena);
    if (result < 0)
        sl_card_free(out);
    return result;
}

static X509_STORE *load_trust(const char *file, struct sl_error *error)
{
    BIO *in = BIO_new_file(file, "r");
    STACK_OF(X509_INFO) *items = in != NULL ? PEM_X509_INFO_read_bio(in, NULL, NULL, NULL) : NULL;
    X509_STORE *store = items != NULL ? X509_STORE_new() : NULL;
    bool revocation = false;
    bool any = false;
    for (int i = 0; store != NULL && i < sk_X509_INFO_num(items); i++) {
        X509_INFO *item = sk_X509_INFO_value(items, i);
        if (item->x509 != NULL)
            any = X509_STORE_add_cert(store, item->x509) == 1 || any;
        if (item->crl != NULL)
            revocation = X509_STORE_add_crl(store, item->crl) == 1 || revocation;
    }
    if (revocation)
        (void)X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    sk_X509_INFO_pop_free(items, X509_INFO_free);
    BIO_free(in);
    ERR_clear_error();
    if (any)
        return store;
    X509_STORE_free(store);
    (void)sl_fail(error, SL_CONFIGURATION, "%s: no certificates to trust in it", file);
    return NULL;
}

/* Keeps the card with its participant, the newest first; a card of nobody known is dropped. */
static void keep_card(struct sl_directory *directory, struct sl_card *card)
{
    for (size_t i = 0; i < directory->count; i++) {
        struct sl_participant *owner = &directory->participants[i];
        if (strcmp(owner->oin, card->oin) != 0)
            continue;
        size_t capacity = owner->card_count;
        owner->cards = sl_grow(owner->cards, &capacity, owner->card_count + 1,
                               sizeof *owner->cards);
        size_t at = owner->card_count++;
        for (; at > 0 && owner->cards[at - 1].issued_at < card->issued_at; at--)
            owner->cards[at] = owner->cards[at - 1];
        owner->cards[at] = *card;
        return;
    }
    sl_card_free(card);
}

static int load_card(struct sl_directory *directory, const char *folder, const char *name,
                     X509_STORE *trust, int64_t now, struct sl_error *error)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    struct sl_buffer file = {0};
    struct sl_card card;
    int result = sl_file_read(&file, path, SL_MAX_CARD, error);
    if (result == 0) {
        result = sl_card_read(&card, sl_buffer_bytes(&file), trust, now, error);
        if (result == 0)
            keep_card(directory, &card);
        else
            (void)sl_fail_at(error, "%s", path);
    }
    sl_buffer_free(&file);
    return result;
}

int sl_directory_load(struct sl_directory *directory, const char *folder, const char *trust_file,
                      int64_t now, struct sl_error *error)
{
    X509_STORE *trust = load_trust(trust_file, error);
    if (trust == NULL)
        return -1;
    DIR *files = opendir(folder);
    int result = files != NULL
                     ? 0
                     : sl_fail(error, SL_CONFIGURATION, "%s: %s", folder, strerror(errno));
    while (result == 0) {
        const struct dirent *entry = readdir(files);
        if (entry == NULL)
            break;
        size_t size = strlen(entry->d_name);
        if (size > 5 && strcmp(entry->d_name + size - 5, ".card") == 0)
            result = load_card(directory, folder, entry->d_name, trust, now, error);
    }
    if (files != NULL)
        (void)closedir(files);
    X509_STORE_free(trust);
    return result;
}

const struct sl_key *sl_card_key(const struct sl_card *card, Samenloop__V1__KeyUse use, int64_t at)
{
    for (size_t i = 0; i < card->key_count; i++) {
        const struct sl_key *key = &card->keys[i];
        if (key->use == use && key->not_before <= at && at < key->not_after)
            return key;
    }
    return NULL;
}

int sl_directory_by_curve(const struct sl_directory *directory, const uint8_t key[SL_KEY_SIZE],
                          int64_t now)
{
    for (size_t i = 0; i < directory->count; i++) {
        const struct sl_participant *participant = &directory->participants[i];
        for (size_t c = 0; c < participant->card_count; c++) {
            for (size_t k = 0; k < participant->cards[c].key_count; k++) {
                const struct sl_key *candidate = &participant->cards[c].keys[k];
                if (candidate->use == SAMENLOOP__V1__KEY_USE__KEY_USE_CURVE &&
                    candidate->not_before <= now && now < candidate->not_after &&
                    memcmp(candidate->public_key, key, SL_KEY_SIZE) == 0)
                    return (int)i;
            }
        }
    }
    return -1;
}

const struct sl_card *sl_directory_card(const struct sl_directory *directory, struct sl_bytes hash,
                                        int *participant)
{
    for (size_t i = 0; i < directory->count; i++) {
        for (size_t c = 0; c < directory->participants[i].card_count; c++) {
            const struct sl_card *card = &directory->participants[i].cards[c];
            if (sl_bytes_equal(hash, sl_bytes(card->hash, SL_HASH_SIZE))) {
                *participant = (int)i;
                return card;
            }
        }
    }
    return NULL;
}

static int sign_with_certificate(const char *key_file, struct sl_bytes text, struct sl_buffer *out,
                                 struct sl_error *error)
{
    BIO *in = BIO_new_file(key_file, "r");
    EVP_PKEY *key = in != NULL ? PEM_read_bio_PrivateKey(in, NULL, NULL, NULL) : NULL;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t size = 0;
    bool good = key != NULL && context != NULL &&
                EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestSign(context, NULL, &size, text.data, text.size) == 1;
    if (good) {
        uint8_t *signature = sl_buffer_extend(out, size);
        good = EVP_DigestSign(context, signature, &size, text.data, text.size) == 1;
        out->size = size;
    }
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    BIO_free(in);
    ERR_clear_error();
    return good ? 0 : sl_fail(error, SL_CONFIGURATION, "%s: no key that can sign", key_file);
}

int sl_card_sign(struct sl_buffer *out, const Samenloop__V1__KeyCard *card, const char *chain_file,
                 const char *key_file, struct sl_error *error)
{
    enum { MOST = 8 };
    struct sl_buffer body = {0};
    struct sl_buffer text = {0};
    struct sl_buffer signature = {0};
    ProtobufCBinaryData certificates[MOST];
    Samenloop__V1__SignedKeyCard outer = SAMENLOOP__V1__SIGNED_KEY_CARD__INIT;
    outer.certificates = certificates;
    sl_buffer_pack(&body, &card->base);
    labelled(&text, sl_buffer_bytes(&body));
    BIO *in = BIO_new_file(chain_file, "r");
    X509 *certificate = NULL;
    while (in != NULL && outer.n_certificates < MOST &&
           (certificate = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL) {
        unsigned char *der = NULL;
        int size = i2d_X509(certificate, &der);
        X509_free(certificate);
        if (size > 0)
            certificates[outer.n_certificates++] = (ProtobufCBinaryData){(size_t)size, der};
    }
    BIO_free(in);
    ERR_clear_error();
    int result = outer.n_certificates > 0
                     ? sign_with_certificate(key_file, sl_buffer_bytes(&text), &signature, error)
                     : sl_fail(error, SL_CONFIGURATION, "%s: no certificate in it", chain_file);
    outer.card = sl_to_pb(sl_buffer_bytes(&body));
    outer.signature = sl_to_pb(sl_buffer_bytes(&signature));
    if (result == 0)
        sl_buffer_pack(out, &outer.base);
    for (size_t i = 0; i < outer.n_certificates; i++)
        OPENSSL_free(certificates[i].data);
    sl_buffer_free(&body);
    sl_buffer_free(&text);
    sl_buffer_free(&signature);
    return result;
}
