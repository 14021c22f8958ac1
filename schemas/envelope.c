#include "schemas/envelope.h"

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

int sl_bundle_verify(struct sl_crypto *crypto, const struct sl_directory *directory,
                     const Samenloop__V1__Bundle *bundle, int64_t at, sl_hash *leaves,
                     int *participant, struct sl_error *error)
{
    const Samenloop__V1__BatchProof *proof = bundle->proof;
    uint32_t indices[SL_MAX_BATCH];
    if (check_proof(bundle, error) < 0)
        return -1;
    const struct sl_card *card = sl_directory_card(directory, sl_from_pb(proof->card), participant);
    const struct sl_key *key = card == NULL
                                   ? NULL
                                   : sl_card_key(card, SAMENLOOP__V1__KEY_USE__KEY_USE_SIGNING, at);
    if (key == NULL || key->verifier == NULL)
        return sl_fail(error, SL_BAD_KEY_CARD,
                       "no known key card has the key that signed, valid then");
    for (size_t i = 0; i < bundle->n_envelopes; i++) {
        indices[i] = bundle->envelopes[i]->index;
        sl_merkle_leaf(crypto, leaves[i], sl_from_pb(bundle->envelopes[i]->header));
    }
    sl_hash root;
    struct sl_buffer text = {0};
    bool good = sl_merkle_recompute(crypto, root, (const sl_hash *)leaves, proof->size, indices,
                                    bundle->n_envelopes, sl_from_pb(proof->nodes)) == 0 &&
                sl_verify(key->verifier, sl_from_pb(proof->signature),
                          sl_signed_text(crypto, proof, root, &text));
    sl_buffer_free(&text);
    return good ? 0
                : sl_fail(error, SL_BAD_SIGNATURE,
                          "the signature is not over these events' headers");
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
