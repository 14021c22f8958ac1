/*
 * What sealing (sealer.c), opening (opener.c) and verifying (envelope.c) share: keys, nonces,
 * padding; digests and the text that is signed. PROTOCOL.md, "Sealing".
 */
#ifndef SL_SEALING_H
#define SL_SEALING_H

#include "schemas/catalogue.h"
#include "schemas/hpke.h"
#include "schemas/merkle.h"

enum { SL_SEALING_INFO_SIZE = 21 + SL_HASH_SIZE };

/* HPKE's info: what is sealed is bound to the key card of who signs it. */
struct sl_bytes sl_sealing_info(const uint8_t card[SL_HASH_SIZE],
                                uint8_t out[SL_SEALING_INFO_SIZE]);

/*
 * The AES-256-GCM key of an event for one receiver. The leaf's index makes it another one even
 * where two events of a batch should have one id. `event_id` has SL_UUID_SIZE bytes.
 */
void sl_event_key(const struct sl_hpke *context, struct sl_mac *exporter, uint32_t index,
                  struct sl_bytes event_id, uint8_t key[SL_KEY_SIZE]);

/* The section's number, so that none comes twice under a key. */
void sl_section_nonce(enum sl_section section, uint8_t nonce[SL_NONCE_SIZE]);

/* Length, content, zeros, in an arena that has room for sl_padded_size(content.size). */
struct sl_bytes sl_padded(struct sl_arena *arena, struct sl_bytes content);

/* The content of an opened text. -1: the padding is not what sealing makes. */
int sl_unpadded(struct sl_bytes text, struct sl_bytes *out);

/* SHA-256 of salt, number, and each ciphertext with its encapsulation's number and its length. */
void sl_section_digest(struct sl_crypto *crypto, const Samenloop__V1__SealedSection *section,
                       uint8_t out[SL_HASH_SIZE]);

/*
 * What the signature is over, in the buffer: label, NUL, card, number of leaves, root, hash of
 * the encapsulations (at most SL_MAX_RECIPIENTS).
 */
struct sl_bytes sl_signed_text(struct sl_crypto *crypto, const Samenloop__V1__BatchProof *proof,
                               const sl_hash root, struct sl_buffer *out);

#endif
