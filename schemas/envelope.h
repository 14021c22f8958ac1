/*
 * Events between organisations (PROTOCOL.md, "Envelope"): headers signed as one batch, sections
 * sealed to those who may read them. The structures on the wire are those of envelope.proto.
 */
#ifndef SL_ENVELOPE_H
#define SL_ENVELOPE_H

#include "samenloop/v1/envelope.pb-c.h"
#include "schemas/hpke.h"
#include "schemas/directory.h"
#include "schemas/limits.h"
#include "schemas/merkle.h"
#include "schemas/uuid.h"

enum { SL_SALT_SIZE = 16 };

/*
 * An event in clear: what a back office handed over. Everything belongs to an arena. Readers are
 * sets of a sealer's receivers (bit n: receiver n).
 */
struct sl_event {
    Samenloop__V1__Header header;          /* without digests */
    struct sl_bytes sections[SL_SECTIONS]; /* protobuf messages */
    const struct sl_type *type;
    struct sl_bytes id;      /* as the back office gave it */
    uint32_t present;        /* a set of sections: an empty one is a section too */
    uint32_t readers;        /* of all sections */
    uint32_t origin_readers; /* of the origin, beside those */
    char subject[17];        /* the BAG identification, empty where only the pseudonym is known */
};

/*
 * Seals and signs for one publisher: his signing key and card, and whoever may become a reader.
 * Keys are looked at once, and contexts made once.
 */
struct sl_sealer {
    EVP_PKEY *key; /* the caller's */
    uint8_t card[SL_HASH_SIZE];
    size_t count;
    struct sl_receiver {
        uint8_t public_key[SL_KEY_SIZE]; /* X25519 */
        EVP_PKEY *key;
    } receivers[SL_MAX_RECIPIENTS];
};

/* -1, with nothing to free: `malformed` for no or more than SL_MAX_RECIPIENTS receivers,
 * `bad_key_card` when a receiver's key is no good. */
int sl_sealer_init(struct sl_sealer *sealer, EVP_PKEY *key, const uint8_t card[SL_HASH_SIZE],
                   const uint8_t (*receivers)[SL_KEY_SIZE], size_t count, struct sl_error *error);
void sl_sealer_free(struct sl_sealer *sealer);

/*
 * Seals and signs events as one bundle, in the arena; what is encapsulated goes to those receivers
 * only who read something in it. -1, with nothing in *out: `malformed` for 0 or more than
 * SL_MAX_BATCH events, an id that is no UUID, a section that nobody reads, readers beyond the
 * receivers, or (source, id) twice; `too_large` when the arena has no room.
 */
int sl_bundle_seal(const struct sl_sealer *sealer, struct sl_crypto *crypto, struct sl_arena *arena,
                   const struct sl_event *events, size_t count, Samenloop__V1__Bundle **out,
                   struct sl_error *error);

/*
 * The size of a section's text before it is sealed: 4 bytes of length, content, and zeros up to a
 * multiple of 64 bytes below 1 KiB and to Padme's steps above (Nikitin et al., "Reducing Metadata
 * Leakage from Encrypted Files", 2019: at most 12% more). So a size does not tell a verdict.
 */
size_t sl_padded_size(size_t content);

/*
 * Verifies the signature over all envelopes of a bundle. `leaves` has room for a hash an envelope
 * and is filled in; `participant` is who signed. The key stands on the card that the batch names
 * and on the one that holds (directory.h), and was valid by the latter at some moment from `from`
 * to `until`: an event is signed after it was recorded and before it was accepted, both of which
 * may be long ago. `malformed`, `bad_key_card`, or `bad_signature`.
 */
int sl_bundle_verify(struct sl_crypto *crypto, const struct sl_directory *directory,
                     const Samenloop__V1__Bundle *bundle, int64_t from, int64_t until,
                     sl_hash *leaves, int *participant, struct sl_error *error);

/*
 * Compares the sections of an envelope with the digests in its header: each that is there must be
 * as signed; with `all`, each that the header names must be there.
 */
int sl_envelope_check(struct sl_crypto *crypto, const Samenloop__V1__Header *header,
                      const Samenloop__V1__Envelope *envelope, bool all, struct sl_error *error);

/*
 * Opens sections that were sealed to this key. What was agreed with one encapsulation and one
 * signer is remembered between calls, and the key of the last event.
 */
struct sl_opener {
    EVP_PKEY *key;
    uint8_t public_key[SL_KEY_SIZE];
    uint8_t enc[SL_HPKE_ENC_SIZE];
    uint8_t card[SL_HASH_SIZE]; /* the signer's */
    struct sl_hpke context;
    struct sl_mac *exporter; /* NULL: nothing remembered */
    struct {
        uint32_t index;
        uint8_t id[SL_UUID_SIZE];
    } event;
    bool has_event;
    uint8_t event_key[SL_KEY_SIZE];
};

void sl_opener_init(struct sl_opener *opener, EVP_PKEY *key);
void sl_opener_free(struct sl_opener *opener);

/*
 * Opens a section of the envelope, whose header says `event_id` (SL_UUID_SIZE bytes), into the
 * arena. `malformed` when a size from outside is wrong; `sealed_wrongly` when it was sealed to
 * somebody else, or not for this event, place and section.
 */
int sl_section_open(struct sl_opener *opener, struct sl_crypto *crypto, struct sl_arena *arena,
                    const Samenloop__V1__BatchProof *proof, const Samenloop__V1__Envelope *envelope,
                    struct sl_bytes event_id, const Samenloop__V1__SealedSection *section,
                    struct sl_bytes *out, struct sl_error *error);

#endif
