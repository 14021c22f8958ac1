#include "schemas/envelope.h"

#include <string.h>

#include "schemas/limits.h"
#include "schemas/sealing.h"

static int check_proof(const Samenloop__V1__Bundle *bundle, struct sl_error *error)
{
    const Samenloop__V1__BatchProof *proof = bundle->proof;
    if (proof == NULL || bundle->n_envelopes == 0 || proof->size > SL_MAX_BATCH ||
        bundle->n_envelopes > proof->size || proof->n_encapsulations > SL_MAX_RECIPIENTS ||
        proof->card.len != SL_HASH_SIZE || proof->nodes.len > 64 * SL_MAX_BATCH * SL_HASH_SIZE)
        return sl_fail(error, SL_MALFORMED, "a bundle of 1 to %d events with its proof is wanted",
                       SL_MAX_BATCH);
    for (size_t i = 0; i < proof->n_encapsulations; i++) {
        if (proof->encapsulations[i]->recipient.len != SL_KEY_SIZE ||
            proof->encapsulations[i]->enc.len != SL_HPKE_ENC_SIZE)
            return sl_fail(error, SL_MALFORMED, "an encapsulation of the wrong size");
    }
    return 0;
}

static bool has_key(const struct sl_card *card, const struct sl_key *wanted)
{
    for (size_t i = 0; i < card->key_count; i++) {
        if (card->keys[i].use == wanted->use &&
            memcmp(card->keys[i].public_key, wanted->public_key, SL_KEY_SIZE) == 0)
            return true;
    }
    return false;
}

/*
 * Tries the signing keys of the card that a batch names, as far as they were valid then by the card
 * that holds now: a key that is missing from that one is revoked, whatever an older card says.
 */
static int check_signature(const struct sl_participant *signer, const struct sl_card *named,
                           struct sl_bytes signature, struct sl_bytes text, int64_t from,
                           int64_t until, struct sl_error *error)
{
    const struct sl_card *holding = &signer->cards[0];
    bool any = false;
    for (size_t i = 0; i < holding->key_count; i++) {
        const struct sl_key *key = &holding->keys[i];
        if (key->use != SAMENLOOP__V1__KEY_USE__KEY_USE_SIGNING || key->not_before > until ||
            from >= key->not_after || !has_key(named, key))
            continue;
        if (sl_verify(key->verifier, signature, text))
            return 0;
        any = true;
    }
    return any ? sl_fail(error, SL_BAD_SIGNATURE, "the signature is not over these events' headers")
               : sl_fail(error, SL_BAD_KEY_CARD,
                         "the key card that is named has no signing key that was valid then");
}

int sl_bundle_verify(struct sl_crypto *crypto, const struct sl_directory *directory,
                     const Samenloop__V1__Bundle *bundle, int64_t from, int64_t until,
                     sl_hash *leaves, int *participant, struct sl_error *error)
{
    const Samenloop__V1__BatchProof *proof = bundle->proof;
    uint32_t indices[SL_MAX_BATCH];
    if (check_proof(bundle, error) < 0)
        return -1;
    const struct sl_card *card = sl_directory_card(directory, sl_from_pb(proof->card), participant);
    if (card == NULL)
        return sl_fail(error, SL_BAD_KEY_CARD, "no known key card is the one that is named");
    for (size_t i = 0; i < bundle->n_envelopes; i++) {
        indices[i] = bundle->envelopes[i]->index;
        sl_merkle_leaf(crypto, leaves[i], sl_from_pb(bundle->envelopes[i]->header));
    }
    sl_hash root;
    if (sl_merkle_recompute(crypto, root, (const sl_hash *)leaves, proof->size, indices,
                            bundle->n_envelopes, sl_from_pb(proof->nodes)) < 0)
        return sl_fail(error, SL_BAD_SIGNATURE, "the proof does not fit these events");
    struct sl_buffer text = {0};
    int result = check_signature(&directory->participants[*participant], card,
                                 sl_from_pb(proof->signature),
                                 sl_signed_text(crypto, proof, root, &text), from, until, error);
    sl_buffer_free(&text);
    return result;
}

static const Samenloop__V1__SectionDigest *find_digest(const Samenloop__V1__Header *header,
                                                       Samenloop__V1__Section section)
{
    for (size_t i = 0; i < header->n_sections; i++) {
        if (header->sections[i]->section == section)
            return header->sections[i];
    }
    return NULL;
}

int sl_envelope_check(struct sl_crypto *crypto, const Samenloop__V1__Header *header,
                      const Samenloop__V1__Envelope *envelope, bool all, struct sl_error *error)
{
    if (envelope->n_sections > header->n_sections ||
        (all && envelope->n_sections != header->n_sections))
        return sl_fail(error, SL_BAD_DIGEST, "the sections are not those that the header names");
    int previous = 0;
    for (size_t i = 0; i < envelope->n_sections; i++) {
        const Samenloop__V1__SealedSection *section = envelope->sections[i];
        const Samenloop__V1__SectionDigest *signed_digest = find_digest(header, section->section);
        uint8_t digest[SL_HASH_SIZE];
        if (signed_digest == NULL || (int)section->section <= previous ||
            section->salt.len != SL_SALT_SIZE || section->n_ciphertexts > SL_MAX_RECIPIENTS)
            return sl_fail(error, SL_BAD_DIGEST,
                           "the sections are not those that the header names, in their order");
        previous = (int)section->section;
        sl_section_digest(crypto, section, digest);
        if (!sl_bytes_equal(sl_bytes(digest, SL_HASH_SIZE), sl_from_pb(signed_digest->digest)))
            return sl_fail(error, SL_BAD_DIGEST, "section %s is not as it was signed",
                           sl_section_name((enum sl_section)section->section));
    }
    return 0;
}
