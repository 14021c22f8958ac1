/*
 * Events between organisations (PROTOCOL.md, "Envelope"): headers signed as one batch, sections
 * sealed to those who may read them. The structures on the wire are those of envelope.proto.
 */
#ifndef SL_ENVELOPE_H
#define SL_ENVELOPE_H

#include "samenloop/v1/envelope.pb-c.h"
#include "schemas/hpke.h"
#include "schemas/keycard.h"
#include "schemas/merkle.h"

enum { SL_SALT_SIZE = 16 };

/* An event in clear: what a back office handed over. Everything belongs to an arena. */
struct sl_event {
    Samenloop__V1__Header header;          /* without digests */
    struct sl_bytes sections[SL_SECTIONS]; /* protobuf messages; size 0: not there */
    uint32_t present;                      /* a set: an empty section is one too */
    const struct sl_type *type;
    char subject[17];   /* the BAG identification, empty where only the pseudonym is known */
    struct sl_bytes id; /* as the back office gave it */
};

/* Who signs, and with what. */
struct sl_signer {
    EVP_PKEY *key;
    uint8_t card[SL_HASH_SIZE];
};

/*
 * Seals and signs events as one bundle, in the arena. `receivers` are X25519 keys; `readers[i]` is
 * the set of them (bit n: receiver n) that may open event i. -1 when a receiver's key is no good.
 */
int sl_bundle_seal(struct sl_crypto *crypto, struct sl_arena *arena, const struct sl_signer *signer,
                   const uint8_t (*receivers)[SL_KEY_SIZE], size_t receiver_count,
                   const struct sl_event *events, const uint32_t *readers, size_t count,
                   Samenloop__V1__Bundle **out, struct sl_error *error);

/*
 * Verifies the signature over all envelopes of a bundle. `leaves` has room for a hash an envelope
 * and is filled in; `participant` is who signed. The key must have been valid at `at`.
 */
int sl_bundle_verify(struct sl_crypto *crypto, const struct sl_directory *directory,
                     const Samenloop__V1__Bundle *bundle, int64_t at, sl_hash *leaves,
                     int *participant, struct sl_error *error);

/*
 * Compares the sections of an envelope with the digests in its header: each that is there must be
 * as signed; with `all`, each that the header names must be there.
 */
int sl_envelope_check(struct sl_crypto *crypto, const Samenloop__V1__Header *header,
                      const Samenloop__V1__Envelope *envelope, bool all, struct sl_error *error);

/* Opens sections that were sealed to this key. One encapsulation is remembered between calls. */
struct sl_opener {
    EVP_PKEY *key;
    uint8_t public_key[SL_KEY_SIZE];
    uint8_t enc[SL_HPKE_ENC_SIZE];
    struct sl_hpke context;
    struct sl_mac *exporter; /* NULL: nothing remembered */
};

void sl_opener_init(struct sl_opener *opener, EVP_PKEY *key);
void sl_opener_free(struct sl_opener *opener);

/*
 * Opens a section into the arena. SL_SEALED_WRONGLY when it was sealed to somebody else, or not
 * for this event and section.
 */
int sl_section_open(struct sl_opener *opener, struct sl_crypto *crypto, struct sl_arena *arena,
                    const Samenloop__V1__BatchProof *proof, struct sl_bytes event_id,
                    const Samenloop__V1__SealedSection *section, struct sl_bytes *out,
                    struct sl_error *error);

#endif
