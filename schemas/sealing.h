/*
 * What sealing a section (envelope.c) and opening it (sealing.c) share: keys, nonces, padding.
 * PROTOCOL.md, "Sealing".
 */
#ifndef SL_SEALING_H
#define SL_SEALING_H

#include "schemas/catalogue.h"
#include "schemas/hpke.h"

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

#endif
