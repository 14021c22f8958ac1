/* A signed key card: only the card that the organisation signed is read, whatever is changed. */
#include "tests/fuzz/fuzz.h"

#include <openssl/ec.h>
#include <openssl/x509v3.h>

#include "schemas/keycard.h"

enum { DAY = 86400 };
static const int64_t now = INT64_C(1612170000000);

static X509_STORE *trust;
static struct sl_buffer genuine;
static struct sl_card card;

struct pair {
    X509 *certificate;
    EVP_PKEY *key;
};

static void extend(X509 *certificate, X509 *issuer, int kind, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    must(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static struct pair make(const char *oin, const struct pair *issuer)
{
    struct pair pair = {X509_new(), EVP_EC_gen("P-256")};
    const struct pair *signer = issuer == NULL ? &pair : issuer;
    X509 *x = pair.certificate;
    must(pair.key != NULL && X509_set_version(x, X509_VERSION_3) == 1);
    must(ASN1_INTEGER_set(X509_get_serialNumber(x), issuer == NULL ? 1 : 2) == 1);
    must(X509_NAME_add_entry_by_txt(X509_get_subject_name(x),
                                    issuer == NULL ? "CN" : "serialNumber", MBSTRING_ASC,
                                    (const unsigned char *)oin, -1, -1, 0) == 1);
    must(X509_set_issuer_name(x, X509_get_subject_name(signer->certificate)) == 1);
    must(ASN1_TIME_set(X509_getm_notBefore(x), now / 1000 - DAY) != NULL);
    must(ASN1_TIME_set(X509_getm_notAfter(x), now / 1000 + DAY) != NULL);
    must(X509_set_pubkey(x, pair.key) == 1);
    extend(x, signer->certificate, NID_basic_constraints,
           issuer == NULL ? "critical,CA:TRUE" : "critical,CA:FALSE");
    extend(x, signer->certificate, NID_key_usage,
           issuer == NULL ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
    extend(x, signer->certificate, NID_subject_key_identifier, "hash");
    extend(x, signer->certificate, NID_authority_key_identifier, "keyid");
    must(X509_sign(x, signer->key, EVP_sha256()) > 0);
    return pair;
}

static void sign(struct sl_buffer *out, EVP_PKEY *key, struct sl_bytes text)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t size = 0;
    must(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1);
    must(EVP_DigestSign(context, NULL, &size, text.data, text.size) == 1);
    must(EVP_DigestSign(context, sl_buffer_extend(out, size), &size, text.data, text.size) == 1);
    out->size = size;
    EVP_MD_CTX_free(context);
}

static void make_card(struct sl_buffer *out)
{
    static uint8_t raw[3][SL_KEY_SIZE];
    Samenloop__V1__KeyCard body = SAMENLOOP__V1__KEY_CARD__INIT;
    Samenloop__V1__Key keys[3], *list[3];
    for (int i = 0; i < 3; i++) {
        EVP_PKEY *key = sl_key_new(i == 0 ? EVP_PKEY_ED25519 : EVP_PKEY_X25519);
        sl_key_raw(key, NULL, raw[i]);
        EVP_PKEY_free(key);
        keys[i] = (Samenloop__V1__Key)SAMENLOOP__V1__KEY__INIT;
        keys[i].use = (Samenloop__V1__KeyUse)(i + 1);
        keys[i].public_key = (ProtobufCBinaryData){SL_KEY_SIZE, raw[i]};
        keys[i].not_before = now - 1000;
        keys[i].not_after = now + 1000;
        list[i] = &keys[i];
    }
    body.organisation = sl_to_pb(sl_text("00000004164164164000"));
    body.issued_at = now - 1000;
    body.keys = list;
    body.n_keys = 3;
    sl_buffer_pack(out, &body.base);
}

static void fuzz_begin(void)
{
    static const char label[] = "samenloop.v1 key card";
    struct pair authority = make("Authority", NULL);
    struct pair img = make("00000004164164164000", &authority);
    struct sl_buffer body = {0}, text = {0}, signature = {0}, der = {0};
    struct sl_error error = {0};
    Samenloop__V1__SignedKeyCard outer = SAMENLOOP__V1__SIGNED_KEY_CARD__INIT;
    trust = X509_STORE_new();
    must(X509_STORE_add_cert(trust, authority.certificate) == 1);
    make_card(&body);
    sl_buffer_add(&text, label, sizeof label);
    sl_buffer_add_bytes(&text, sl_buffer_bytes(&body));
    sign(&signature, img.key, sl_buffer_bytes(&text));
    unsigned char *at = sl_buffer_extend(&der, (size_t)i2d_X509(img.certificate, NULL));
    must(i2d_X509(img.certificate, &at) > 0);
    ProtobufCBinaryData certificate = sl_to_pb(sl_buffer_bytes(&der));
    outer.card = sl_to_pb(sl_buffer_bytes(&body));
    outer.signature = sl_to_pb(sl_buffer_bytes(&signature));
    outer.certificates = &certificate;
    outer.n_certificates = 1;
    sl_buffer_pack(&genuine, &outer.base);
    must(sl_card_read(&card, sl_buffer_bytes(&genuine), trust, now, &error) == 0);
    X509_free(authority.certificate);
    X509_free(img.certificate);
    EVP_PKEY_free(authority.key);
    EVP_PKEY_free(img.key);
    sl_buffer_free(&body);
    sl_buffer_free(&text);
    sl_buffer_free(&signature);
    sl_buffer_free(&der);
}

static void fuzz_seeds(void)
{
    fuzz_seed(sl_buffer_bytes(&genuine));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_card out;
    struct sl_error error = {0};
    if (sl_card_read(&out, sl_bytes(data, size), trust, now, &error) < 0) {
        must(error.code == SL_BAD_KEY_CARD && error.text[0] != '\0');
        return 0;
    }
    must(memcmp(out.hash, card.hash, SL_HASH_SIZE) == 0);
    must(strcmp(out.oin, card.oin) == 0 && out.key_count == card.key_count);
    sl_card_free(&out);
    return 0;
}
