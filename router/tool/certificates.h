/*
 * X.509 certificates for trying out: an authority, and organisations under it, as government
 * authorities issue them (ECDSA P-256, the OIN in the subject's serialNumber). Whoever runs
 * Samenloop for real has an organisation certificate already, and needs none of this.
 */
#ifndef SL_CERTIFICATES_H
#define SL_CERTIFICATES_H

#include <openssl/x509.h>

#include "schemas/bytes.h"
#include "schemas/error.h"

/* A certificate and its key; end with pair_free. */
struct pair {
    X509 *certificate;
    EVP_PKEY *key;
};

/* Both moments in ms since 1970. -1 when OpenSSL cannot make it. */
int pair_authority(struct pair *out, int64_t from, int64_t until, struct sl_error *error);
int pair_organisation(struct pair *out, const struct pair *authority, const char *name,
                      const char *oin, int64_t from, int64_t until, struct sl_error *error);

/* Writes the certificate (0644) and its key (0600) as PEM. */
int pair_write(const struct pair *pair, const char *certificate_file, const char *key_file,
               struct sl_error *error);

void pair_free(struct pair *pair);

#endif
