#include "router/tool/certificates.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "schemas/crypto.h"
#include "schemas/file.h"

enum { SERIAL_SIZE = 16 };

struct extension {
    int nid;
    const char *value;
};

static const struct extension authority_extensions[] = {
    {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
    {NID_key_usage, "critical,keyCertSign,cRLSign"},
    {NID_subject_key_identifier, "hash"},
    {NID_authority_key_identifier, "keyid"},
    {NID_undef, NULL},
};

static const struct extension organisation_extensions[] = {
    {NID_basic_constraints, "critical,CA:FALSE"},
    {NID_key_usage, "critical,digitalSignature"},
    {NID_subject_key_identifier, "hash"},
    {NID_authority_key_identifier, "keyid"},
    {NID_undef, NULL},
};

static bool set_serial(X509 *certificate)
{
    uint8_t bytes[SERIAL_SIZE];
    sl_random(bytes, sizeof bytes);
    bytes[0] &= 0x7f; /* positive */
    bytes[0] |= 0x40; /* and not short */
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    bool good = number != NULL &&
                BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return good;
}

static bool add_name(X509_NAME *subject, const char *field, const char *value)
{
    return value == NULL ||
           X509_NAME_add_entry_by_txt(subject, field, MBSTRING_UTF8, (const unsigned char *)value,
                                      -1, -1, 0) == 1;
}

static bool add_extensions(X509 *certificate, X509 *issuer, const struct extension *extensions)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    for (const struct extension *at = extensions; at->value != NULL; at++) {
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, at->nid, at->value);
        int added = extension != NULL ? X509_add_ext(certificate, extension, -1) : 0;
        X509_EXTENSION_free(extension);
        if (added != 1)
            return false;
    }
    return true;
}

/* Without an issuer the certificate signs itself. */
static bool fill(struct pair *out, const struct pair *issuer, const char *name, const char *oin,
                 int64_t from, int64_t until)
{
    const struct pair *signer = issuer != NULL ? issuer : out;
    X509 *certificate = out->certificate;
    X509_NAME *subject = X509_get_subject_name(certificate);
    return X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
           add_name(subject, "C", "NL") && add_name(subject, "O", name) &&
           add_name(subject, "serialNumber", oin) && add_name(subject, "CN", name) &&
           X509_set_issuer_name(certificate, X509_get_subject_name(signer->certificate)) == 1 &&
           ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)(from / 1000)) != NULL &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)(until / 1000)) != NULL &&
           X509_set_pubkey(certificate, out->key) == 1 &&
           add_extensions(certificate, signer->certificate,
                          issuer != NULL ? organisation_extensions : authority_extensions) &&
           X509_sign(certificate, signer->key, EVP_sha256()) > 0;
}

static int make(struct pair *out, const struct pair *issuer, const char *name, const char *oin,
                int64_t from, int64_t until, struct sl_error *error)
{
    *out = (struct pair){X509_new(), EVP_EC_gen("P-256")};
    if (out->certificate != NULL && out->key != NULL && fill(out, issuer, name, oin, from, until))
        return 0;
    char reason[128];
    ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
    ERR_clear_error();
    pair_free(out);
    return sl_fail(error, SL_CONFIGURATION, "no certificate for %s: %s", name, reason);
}

int pair_authority(struct pair *out, int64_t from, int64_t until, struct sl_error *error)
{
    return make(out, NULL, "Samenloop, for trying out", NULL, from, until, error);
}

int pair_organisation(struct pair *out, const struct pair *authority, const char *name,
                      const char *oin, int64_t from, int64_t until, struct sl_error *error)
{
    return make(out, authority, name, oin, from, until, error);
}

static int write_memory(BIO *memory, bool good, const char *path, unsigned mode,
                        struct sl_error *error)
{
    char *text = NULL;
    long size = memory != NULL ? BIO_get_mem_data(memory, &text) : 0;
    int result = good && size > 0
                     ? sl_file_write(path, sl_bytes(text, (size_t)size), mode, error)
                     : sl_fail(error, SL_CONFIGURATION, "%s: cannot be put into PEM", path);
    if (size > 0)
        sl_forget(text, (size_t)size);
    BIO_free(memory);
    return result;
}

int pair_write(const struct pair *pair, const char *certificate_file, const char *key_file,
               struct sl_error *error)
{
    BIO *memory = BIO_new(BIO_s_mem());
    bool good = memory != NULL && PEM_write_bio_X509(memory, pair->certificate) == 1;
    if (write_memory(memory, good, certificate_file, 0644, error) < 0)
        return -1;
    memory = BIO_new(BIO_s_secmem());
    good = memory != NULL &&
           PEM_write_bio_PrivateKey(memory, pair->key, NULL, NULL, 0, NULL, NULL) == 1;
    return write_memory(memory, good, key_file, 0600, error);
}

void pair_free(struct pair *pair)
{
    X509_free(pair->certificate);
    EVP_PKEY_free(pair->key);
    *pair = (struct pair){0};
}
