/* Certificates and key cards, good and bad, for tests. */
#ifndef TESTS_KEYCARDS_H
#define TESTS_KEYCARDS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "schemas/keycard.h"

#define IMG "00000004164164164000"
#define NCG "00000004165165165000"

static const int64_t now = INT64_C(1612170000000); /* 2021-02-01 */
static const int64_t day = INT64_C(86400000);

/* ---------------------------------------------------------------- certificates */

struct pair {
    X509 *certificate;
    EVP_PKEY *key;
};

struct spec {
    const char *subject[4][2]; /* field, value */
    const char *basic;
    const char *usage;
    const char *extended;
    int64_t from, until; /* days from now */
    bool sha1;
    bool rsa;
    bool bare; /* without key identifiers, which X.509 wants */
};

static const struct spec authority_spec = {.subject = {{"CN", "Authority"}},
                                           .basic = "critical,CA:TRUE",
                                           .usage = "critical,keyCertSign,cRLSign",
                                           .from = -100,
                                           .until = 1000};

static inline void extend(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    if (value == NULL)
        return;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static inline struct pair make(const struct spec *spec, const struct pair *issuer)
{
    static long serial = 1;
    struct pair pair = {X509_new(), spec->rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256")};
    const struct pair *signer = issuer != NULL ? issuer : &pair;
    X509 *x = pair.certificate;
    assert_non_null(pair.key);
    assert_int_equal(X509_set_version(x, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), serial++), 1);
    for (size_t i = 0; i < 4 && spec->subject[i][0] != NULL; i++)
        assert_int_equal(
            X509_NAME_add_entry_by_txt(X509_get_subject_name(x), spec->subject[i][0], MBSTRING_ASC,
                                       (const unsigned char *)spec->subject[i][1], -1, -1, 0),
            1);
    assert_int_equal(X509_set_issuer_name(x, X509_get_subject_name(signer->certificate)), 1);
    assert_non_null(ASN1_TIME_set(X509_getm_notBefore(x), (now + spec->from * day) / 1000));
    assert_non_null(ASN1_TIME_set(X509_getm_notAfter(x), (now + spec->until * day) / 1000));
    assert_int_equal(X509_set_pubkey(x, pair.key), 1);
    extend(x, signer->certificate, NID_basic_constraints, spec->basic);
    extend(x, signer->certificate, NID_key_usage, spec->usage);
    extend(x, signer->certificate, NID_ext_key_usage, spec->extended);
    extend(x, signer->certificate, NID_subject_key_identifier, spec->bare ? NULL : "hash");
    extend(x, signer->certificate, NID_authority_key_identifier, spec->bare ? NULL : "keyid");
    assert_true(X509_sign(x, signer->key, spec->sha1 ? EVP_sha1() : EVP_sha256()) > 0);
    return pair;
}

static inline struct spec organisation(const char *oin)
{
    return (struct spec){.subject = {{"O", "Organisation"}, {"serialNumber", oin}},
                         .basic = "critical,CA:FALSE",
                         .usage = "critical,digitalSignature",
                         .from = -10,
                         .until = 100};
}

static inline void drop(struct pair pair)
{
    X509_free(pair.certificate);
    EVP_PKEY_free(pair.key);
}

/* ---------------------------------------------------------------- cards */

enum { SIGNING = 1, CURVE, SEALING };

/* A card being made; begins as a good one. */
struct draft {
    Samenloop__V1__KeyCard card;
    Samenloop__V1__Key keys[SL_MAX_KEYS + 1];
    Samenloop__V1__Key *list[SL_MAX_KEYS + 1];
    uint8_t bytes[SL_MAX_KEYS + 1][SL_KEY_SIZE];
    const char *label; /* and its NUL */
    const X509 *chain[3];
    EVP_PKEY *signs;
    size_t cut;      /* bytes that are left out at the end */
    uint8_t trailer; /* bytes after the certificate */
};

static inline void add_key(struct draft *draft, int use, EVP_PKEY *key)
{
    size_t n = draft->card.n_keys++;
    sl_key_raw(key, NULL, draft->bytes[n]);
    draft->keys[n] = (Samenloop__V1__Key)SAMENLOOP__V1__KEY__INIT;
    draft->keys[n].use = (Samenloop__V1__KeyUse)use;
    draft->keys[n].public_key = (ProtobufCBinaryData){SL_KEY_SIZE, draft->bytes[n]};
    draft->keys[n].not_before = now - 10 * day;
    draft->keys[n].not_after = now + 10 * day;
    draft->list[n] = &draft->keys[n];
}

static inline void add_new_key(struct draft *draft, int use)
{
    EVP_PKEY *key = sl_key_new(use == SIGNING ? EVP_PKEY_ED25519 : EVP_PKEY_X25519);
    add_key(draft, use, key);
    EVP_PKEY_free(key);
}

static inline void begin(struct draft *draft, const char *oin, const struct pair *pair)
{
    *draft = (struct draft){.card = SAMENLOOP__V1__KEY_CARD__INIT,
                            .label = "samenloop.v1 key card",
                            .chain = {pair->certificate},
                            .signs = pair->key};
    draft->card.organisation = sl_to_pb(sl_text(oin));
    draft->card.issued_at = now - day;
    draft->card.keys = draft->list;
    for (int use = SIGNING; use <= SEALING; use++)
        add_new_key(draft, use);
}

static inline void sign(struct sl_buffer *out, EVP_PKEY *key, struct sl_bytes text)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t size = 0;
    assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(context, NULL, &size, text.data, text.size), 1);
    uint8_t *signature = sl_buffer_extend(out, size);
    assert_int_equal(EVP_DigestSign(context, signature, &size, text.data, text.size), 1);
    out->size = size;
    EVP_MD_CTX_free(context);
}

static inline struct sl_buffer finish(const struct draft *draft)
{
    struct sl_buffer body = {0};
    struct sl_buffer text = {0};
    struct sl_buffer signature = {0};
    struct sl_buffer out = {0};
    struct sl_buffer der[3] = {{0}, {0}, {0}};
    ProtobufCBinaryData certificates[3];
    Samenloop__V1__SignedKeyCard outer = SAMENLOOP__V1__SIGNED_KEY_CARD__INIT;
    outer.certificates = certificates;
    sl_buffer_pack(&body, &draft->card.base);
    sl_buffer_add(&text, draft->label, strlen(draft->label) + 1);
    sl_buffer_add_bytes(&text, sl_buffer_bytes(&body));
    sign(&signature, draft->signs, sl_buffer_bytes(&text));
    for (; outer.n_certificates < 3 && draft->chain[outer.n_certificates] != NULL;
         outer.n_certificates++) {
        struct sl_buffer *one = &der[outer.n_certificates];
        const X509 *certificate = draft->chain[outer.n_certificates];
        unsigned char *at = sl_buffer_extend(one, (size_t)i2d_X509(certificate, NULL));
        assert_true(i2d_X509(certificate, &at) > 0);
        sl_buffer_add(one, "\x05\x00", draft->trailer);
        certificates[outer.n_certificates] = sl_to_pb(sl_buffer_bytes(one));
    }
    outer.card = sl_to_pb(sl_buffer_bytes(&body));
    outer.signature = sl_to_pb(sl_buffer_bytes(&signature));
    sl_buffer_pack(&out, &outer.base);
    out.size -= draft->cut;
    for (size_t i = 0; i < 3; i++)
        sl_buffer_free(&der[i]);
    sl_buffer_free(&body);
    sl_buffer_free(&text);
    sl_buffer_free(&signature);
    return out;
}

/* ---------------------------------------------------------------- an authority and img */

struct world {
    struct pair authority;
    struct pair img;
    X509_STORE *trust;
};

static inline int set_up(void **state)
{
    struct world *world = sl_new(1, sizeof *world);
    struct spec spec = organisation(IMG);
    world->authority = make(&authority_spec, NULL);
    world->img = make(&spec, &world->authority);
    world->trust = X509_STORE_new();
    assert_int_equal(X509_STORE_add_cert(world->trust, world->authority.certificate), 1);
    *state = world;
    return 0;
}

static inline int tear_down(void **state)
{
    struct world *world = *state;
    drop(world->authority);
    drop(world->img);
    X509_STORE_free(world->trust);
    free(world);
    return 0;
}

#endif
