#include "schemas/keycard.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

/* What a certificate signs is a key card and nothing else: label, NUL, card. */
#define CARD_LABEL "samenloop.v1 key card"

enum { MOST_CERTIFICATES = 8 };

static void labelled(struct sl_buffer *out, struct sl_bytes card)
{
    sl_buffer_add(out, CARD_LABEL, sizeof CARD_LABEL);
    sl_buffer_add_bytes(out, card);
}

bool sl_is_oin(struct sl_bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    }
    return text.size == SL_OIN_SIZE;
}

void sl_card_free(struct sl_card *card)
{
    for (size_t i = 0; i < card->key_count; i++)
        EVP_PKEY_free(card->keys[i].verifier);
    sl_buffer_free(&card->bytes);
}

const struct sl_key *sl_card_key(const struct sl_card *card, Samenloop__V1__KeyUse use, int64_t at)
{
    const struct sl_key *found = NULL;
    for (size_t i = 0; i < card->key_count; i++) {
        const struct sl_key *key = &card->keys[i];
        if (key->use == use && key->not_before <= at && at < key->not_after &&
            (found == NULL || key->not_before > found->not_before))
            found = key;
    }
    return found;
}

/* The one serialNumber in the certificate's subject (OID 2.5.4.5) must be this OIN. */
static int check_oin(X509 *certificate, const char *oin, struct sl_error *error)
{
    X509_NAME *subject = X509_get_subject_name(certificate);
    int at = X509_NAME_get_index_by_NID(subject, NID_serialNumber, -1);
    if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_serialNumber, at) >= 0)
        return sl_fail(error, SL_BAD_KEY_CARD, "the certificate wants exactly one serialNumber");
    ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
    int type = ASN1_STRING_type(value);
    if ((type != V_ASN1_PRINTABLESTRING && type != V_ASN1_UTF8STRING) ||
        ASN1_STRING_length(value) != SL_OIN_SIZE ||
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

/* NULL: one of them is no certificate, or there are too many. */
static STACK_OF(X509) * read_chain(const Samenloop__V1__SignedKeyCard *signed_card)
{
    STACK_OF(X509) *chain = sk_X509_new_null();
    bool good = chain != NULL && signed_card->n_certificates <= MOST_CERTIFICATES;
    for (size_t i = 0; good && i < signed_card->n_certificates; i++) {
        ProtobufCBinaryData der = signed_card->certificates[i];
        const unsigned char *at = der.data;
        X509 *certificate = at == NULL ? NULL : d2i_X509(NULL, &at, (long)der.len);
        good = certificate != NULL && at == der.data + der.len &&
               sk_X509_push(chain, certificate) > 0;
        if (!good)
            X509_free(certificate);
    }
    ERR_clear_error();
    if (good)
        return chain;
    sk_X509_pop_free(chain, X509_free);
    return NULL;
}

/* The certificate is an organisation's, made for signing, and no authority's. */
static int check_usage(X509 *certificate, struct sl_error *error)
{
    uint32_t flags = X509_get_extension_flags(certificate);
    if (X509_check_ca(certificate) != 0)
        return sl_fail(error, SL_BAD_KEY_CARD,
                       "the certificate is an authority's (CA), not an organisation's");
    if ((flags & EXFLAG_KUSAGE) == 0 ||
        (X509_get_key_usage(certificate) & KU_DIGITAL_SIGNATURE) == 0)
        return sl_fail(error, SL_BAD_KEY_CARD,
                       "the certificate is not for signing (its key usage lacks"
                       " digitalSignature)");
    if ((flags & EXFLAG_XKUSAGE) != 0 && (X509_get_extended_key_usage(certificate) &
                                          ~(uint32_t)(XKU_SSL_SERVER | XKU_SSL_CLIENT)) == 0)
        return sl_fail(error, SL_BAD_KEY_CARD, "the certificate is for TLS alone");
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

/* The moment at which the first of a chain ends. */
static int64_t end_of_chain(STACK_OF(X509) * chain)
{
    int64_t end = INT64_MAX;
    for (int i = 0; i < sk_X509_num(chain); i++) {
        struct tm tm = {0};
        if (ASN1_TIME_to_tm(X509_get0_notAfter(sk_X509_value(chain, i)), &tm) != 1)
            continue;
        int64_t one = (int64_t)timegm(&tm) * 1000;
        end = one < end ? one : end;
    }
    return end;
}

static int check_certificate(const Samenloop__V1__SignedKeyCard *signed_card, X509_STORE *trust,
                             const char *oin, int64_t now, int64_t *end, struct sl_error *error)
{
    STACK_OF(X509) *chain = read_chain(signed_card);
    int result = -1;
    X509 *certificate = chain != NULL && sk_X509_num(chain) > 0 ? sk_X509_value(chain, 0) : NULL;
    if (certificate == NULL)
        (void)sl_fail(error, SL_BAD_KEY_CARD, "no certificate on the card, or one that is none");
    else if ((trust == NULL || check_chain(certificate, chain, trust, now, error) == 0) &&
             check_usage(certificate, error) == 0 && check_oin(certificate, oin, error) == 0)
        result = check_signature(certificate, signed_card, error);
    if (result == 0)
        *end = end_of_chain(chain);
    sk_X509_pop_free(chain, X509_free);
    return result;
}

enum { LAST_USE = SAMENLOOP__V1__KEY_USE__KEY_USE_SEALING };

static const char *const use_names[LAST_USE + 1] = {"", "signing", "CURVE", "sealing"};

/* Is it a public key for this use? Those of small order are none: they keep nothing secret. */
static bool is_good_key(Samenloop__V1__KeyUse use, struct sl_key *key)
{
    if (use == SAMENLOOP__V1__KEY_USE__KEY_USE_SIGNING) {
        key->verifier = sl_key_public(EVP_PKEY_ED25519, key->public_key);
        return key->verifier != NULL;
    }
    EVP_PKEY *theirs = sl_key_public(EVP_PKEY_X25519, key->public_key);
    EVP_PKEY_free(theirs);
    return theirs != NULL;
}

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
        if (!is_good_key(key->use, copy))
            return sl_fail(error, SL_BAD_KEY_CARD, "key %zu is no %s key", i + 1,
                           use_names[key->use]);
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
    if (card == NULL || !sl_is_oin(sl_from_pb(card->organisation)))
        return sl_fail(error, SL_BAD_KEY_CARD, "this is no key card");
    memcpy(out->oin, card->organisation.data, SL_OIN_SIZE);
    out->issued_at = card->issued_at;
    if (card->issued_at > now + SL_FUTURE_TOLERANCE)
        return sl_fail(error, SL_BAD_KEY_CARD, "the card is not issued yet");
    if (check_certificate(outer, trust, out->oin, now, &out->certificate_end, error) < 0)
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
    else
        sl_buffer_add_bytes(&out->bytes, signed_card);
    return result;
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
    struct sl_buffer body = {0};
    struct sl_buffer text = {0};
    struct sl_buffer signature = {0};
    ProtobufCBinaryData certificates[MOST_CERTIFICATES];
    Samenloop__V1__SignedKeyCard outer = SAMENLOOP__V1__SIGNED_KEY_CARD__INIT;
    outer.certificates = certificates;
    sl_buffer_pack(&body, &card->base);
    labelled(&text, sl_buffer_bytes(&body));
    BIO *in = BIO_new_file(chain_file, "r");
    X509 *certificate = NULL;
    while (in != NULL && outer.n_certificates < MOST_CERTIFICATES &&
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
