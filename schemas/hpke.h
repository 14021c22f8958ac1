/*
 * HPKE, base mode (RFC 9180): DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, and an AEAD of choice.
 * Samenloop uses the export interface with AES-256-GCM; sl_hpke_seal and sl_hpke_open are the
 * RFC's ContextS.Seal() and ContextR.Open() with the sequence number given.
 */
#ifndef SL_HPKE_H
#define SL_HPKE_H

#include "schemas/crypto.h"

enum { SL_HPKE_ENC_SIZE = 32 };

struct sl_hpke {
    enum sl_aead aead;
    uint8_t key[SL_KEY_SIZE];
    uint8_t base_nonce[SL_NONCE_SIZE];
    uint8_t exporter_secret[SL_HASH_SIZE];
};

/*
 * SetupBaseS: makes a secret for the receiver and its encapsulation. `ephemeral` is the sender's
 * one-time key, NULL for a fresh one. -1 when the receiver's key is no good.
 */
int sl_hpke_sender(struct sl_hpke *out, enum sl_aead aead, EVP_PKEY *receiver, struct sl_bytes info,
                   EVP_PKEY *ephemeral, uint8_t enc[SL_HPKE_ENC_SIZE]);

/* SetupBaseR: -1 when the encapsulation is no good. */
int sl_hpke_receiver(struct sl_hpke *out, enum sl_aead aead, EVP_PKEY *receiver,
                     struct sl_bytes info, const uint8_t enc[SL_HPKE_ENC_SIZE]);

void sl_hpke_seal(const struct sl_hpke *context, struct sl_crypto *crypto, uint64_t sequence,
                  struct sl_bytes aad, struct sl_bytes text, uint8_t *sealed);
int sl_hpke_open(const struct sl_hpke *context, struct sl_crypto *crypto, uint64_t sequence,
                 struct sl_bytes aad, struct sl_bytes sealed, uint8_t *text);

/*
 * Context.Export for at most 32 bytes, which is one block of HKDF-Expand. `exporter` is an
 * sl_mac_new(context->exporter_secret), so that many exports share its key schedule.
 */
void sl_hpke_export(const struct sl_hpke *context, struct sl_mac *exporter,
                    struct sl_bytes exporter_context, uint8_t *out, size_t size);

#endif
