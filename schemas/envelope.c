#include "schemas/envelope.h"

#include <string.h>

#define SEALING_INFO "samenloop.v1 sealing"
#define SECTION_LABEL "samenloop.v1 section"
#define BATCH_LABEL "samenloop.v1 batch"

/* The sections' keys are used once each, so the nonce can be zero. */
static const uint8_t zero_nonce[SL_NONCE_SIZE];

static void section_key(const struct sl_hpke *context, struct sl_mac *exporter,
                        struct sl_bytes event_id, enum sl_section section, uint8_t key[SL_KEY_SIZE])
{
    uint8_t name[sizeof SECTION_LABEL + 16 + 1];
    memcpy(name, SECTION_LABEL, sizeof SECTION_LABEL);
    memcpy(name + sizeof SECTION_LABEL, event_id.data, 16);
    name[sizeof name - 1] = (uint8_t)section;
    sl_hpke_export(context, exporter, sl_bytes(name, sizeof name), key, SL_KEY_SIZE);
}

static void section_digest(struct sl_crypto *crypto, const Samenloop__V1__SealedSection *section,
                           uint8_t out[SL_HASH_SIZE])
{
    enum { MOST = 2 + 2 * SL_MAX_RECIPIENTS };
    struct sl_bytes pieces[MOST];
    uint8_t heads[SL_MAX_RECIPIENTS][8];
    uint8_t number = (uint8_t)section->section;
    size_t count = 0;
    pieces[count++] = sl_from_pb(section->salt);
    pieces[count++] = sl_bytes(&number, 1);
    for (size_t i = 0; i < section->n_ciphertexts && i < SL_MAX_RECIPIENTS; i++) {
        const Samenloop__V1__Ciphertext *ciphertext = section->ciphertexts[i];
        sl_put32(heads[i], ciphertext->encapsulation);
        sl_put32(heads[i] + 4, (uint32_t)ciphertext->sealed.len);
        pieces[count++] = sl_bytes(heads[i], 8);
        pieces[count++] = sl_from_pb(ciphertext->sealed);
    }
    sl_sha256(crypto, out, pieces, count);
}

/* What the signature is over: label, NUL, card, number of leaves, root, hash of encapsulations. */
static struct sl_bytes signed_text(struct sl_crypto *crypto, const Samenloop__V1__BatchProof *proof,
                                   const sl_hash root, struct sl_buffer *out)
{
    struct sl_bytes pieces[2 * SL_MAX_RECIPIENTS];
    size_t count = 0;
    for (size_t i = 0; i < proof->n_encapsulations; i++) {
        pieces[count++] = sl_from_pb(proof->encapsulations[i]->recipient);
        pieces[count++] = sl_from_pb(proof->encapsulations[i]->enc);
    }
    sl_buffer_clear(out);
    sl_buffer_add(out, BATCH_LABEL, sizeof BATCH_LABEL);
    sl_buffer_add_bytes(out, sl_from_pb(proof->card));
    sl_put32(sl_buffer_extend(out, 4), proof->size);
    sl_buffer_add(out, root, SL_HASH_SIZE);
    sl_sha256(crypto, sl_buffer_extend(out, SL_HASH_SIZE), pieces, count);
    return sl_buffer_bytes(out);
}

/* One batch being sealed. */
struct sealing {
    struct sl_crypto *crypto;
    struct sl_arena *arena;
    struct sl_hpke contexts[SL_MAX_RECIPIENTS];
    struct sl_mac *exporters[SL_MAX_RECIPIENTS];
    size_t receivers;
    const uint8_t *salts; /* fresh random bytes, taken one after the other */
};

static uint8_t *take(struct sl_arena *arena, size_t size)
{
    return sl_arena_alloc(arena, size);
}

static Samenloop__V1__SealedSection *seal_section(struct sealing *sealing,
                                                  const struct sl_event *event, uint32_t readers,
                                                  enum sl_section number)
{
    Samenloop__V1__SealedSection *section = (void *)take(
        sealing->arena, sizeof *section + SL_MAX_RECIPIENTS * sizeof(void *));
    samenloop__v1__sealed_section__init(section);
    section->section = (Samenloop__V1__Section)number;
    section->salt = (ProtobufCBinaryData){SL_SALT_SIZE, (uint8_t *)(uintptr_t)sealing->salts};
    section->ciphertexts = (Samenloop__V1__Ciphertext **)(void *)(section + 1);
    sealing->salts += SL_SALT_SIZE;
    for (uint32_t i = 0; i < sealing->receivers; i++) {
        if ((readers >> i & 1) == 0)
            continue;
        struct sl_bytes text = event->sections[number];
        Samenloop__V1__Ciphertext *ciphertext = (void *)take(sealing->arena, sizeof *ciphertext);
        samenloop__v1__ciphertext__init(ciphertext);
        ciphertext->encapsulation = i;
        ciphertext->sealed = (ProtobufCBinaryData){text.size + SL_TAG_SIZE,
                                                   take(sealing->arena, text.size + SL_TAG_SIZE)};
        uint8_t key[SL_KEY_SIZE];
        section_key(&sealing->contexts[i], sealing->exporters[i],
                    sl_from_pb(event->header.event_id), number, key);
        sl_seal(sealing->crypto, SL_AES_256_GCM, key, zero_nonce, sl_bytes(NULL, 0), text,
                ciphertext->sealed.data);
        sl_forget(key, sizeof key);
        section->ciphertexts[section->n_ciphertexts++] = ciphertext;
    }
    return section;
}

/* Seals an event's sections and makes its header with their digests. */
static Samenloop__V1__Envelope *seal_event(struct sealing *sealing, const struct sl_event *event,
                                           uint32_t readers, uint32_t index)
{
    struct sl_arena *arena = sealing->arena;
    Samenloop__V1__Header header = event->header;
    Samenloop__V1__Envelope *envelope = (void *)take(arena, sizeof *envelope +
                                                                SL_SECTIONS * sizeof(void *));
    Samenloop__V1__SectionDigest *digests = (void *)take(arena, SL_SECTIONS * sizeof *digests);
    header.sections = (void *)take(arena, SL_SECTIONS * sizeof(void *));
    header.n_sections = 0;
    samenloop__v1__envelope__init(envelope);
    envelope->index = index;
    envelope->sections = (Samenloop__V1__SealedSection **)(void *)(envelope + 1);
    for (int i = SL_LOCATION; i < SL_SECTIONS; i++) {
        if (event->sections[i].size == 0)
            continue;
        Samenloop__V1__SealedSection *section = seal_section(sealing, event, readers,
                                                             (enum sl_section)i);
        Samenloop__V1__SectionDigest *digest = &digests[header.n_sections];
        samenloop__v1__section_digest__init(digest);
        digest->section = section->section;
        digest->digest = (ProtobufCBinaryData){SL_HASH_SIZE, take(arena, SL_HASH_SIZE)};
        section_digest(sealing->crypto, section, digest->digest.data);
        header.sections[header.n_sections++] = digest;
        envelope->sections[envelope->n_sections++] = section;
    }
    size_t size = samenloop__v1__header__get_packed_size(&header);
    envelope->header = (ProtobufCBinaryData){size, take(arena, size)};
    (void)samenloop__v1__header__pack(&header, envelope->header.data);
    return envelope;
}

static int begin(struct sealing *sealing, const uint8_t (*receivers)[SL_KEY_SIZE], size_t count,
                 Samenloop__V1__BatchProof *proof, struct sl_error *error)
{
    proof->encapsulations = (void *)take(sealing->arena, SL_MAX_RECIPIENTS * sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        Samenloop__V1__Encapsulation *encapsulation = (void *)take(sealing->arena,
                                                                   sizeof *encapsulation);
        samenloop__v1__encapsulation__init(encapsulation);
        encapsulation->recipient.data = (uint8_t *)(uintptr_t)sl_arena_copy(
                                            sealing->arena, sl_bytes(receivers[i], SL_KEY_SIZE))
                                            .data;
        encapsulation->recipient.len = SL_KEY_SIZE;
        encapsulation->enc = (ProtobufCBinaryData){SL_HPKE_ENC_SIZE,
                                                   take(sealing->arena, SL_HPKE_ENC_SIZE)};
        if (sl_hpke_sender(&sealing->contexts[i], SL_AES_256_GCM, receivers[i],
                           sl_text(SEALING_INFO), NULL, encapsulation->enc.data) < 0)
            return sl_fail(error, SL_BAD_KEY_CARD, "a receiver's sealing key is no good");
        sealing->exporters[i] = sl_mac_new(sealing->contexts[i].exporter_secret);
        sealing->receivers = i + 1;
        proof->encapsulations[proof->n_encapsulations++] = encapsulation;
    }
    return 0;
}

static void end(struct sealing *sealing)
{
    for (size_t i = 0; i < sealing->receivers; i++)
        sl_mac_free(sealing->exporters[i]);
    sl_forget(sealing->contexts, sizeof sealing->contexts);
}

static void sign(struct sealing *sealing, const struct sl_signer *signer,
                 Samenloop__V1__Bundle *bundle)
{
    Samenloop__V1__BatchProof *proof = bundle->proof;
    sl_hash *leaves = (void *)take(sealing->arena, bundle->n_envelopes * sizeof(sl_hash));
    for (size_t i = 0; i < bundle->n_envelopes; i++)
        sl_merkle_leaf(sealing->crypto, leaves[i], sl_from_pb(bundle->envelopes[i]->header));
    sl_hash root;
    sl_merkle_root(sealing->crypto, root, (const sl_hash *)leaves, bundle->n_envelopes);
    struct sl_buffer text = {0};
    proof->card = sl_to_pb(sl_bytes(signer->card, SL_HASH_SIZE));
    proof->size = (uint32_t)bundle->n_envelopes;
    proof->signature = (ProtobufCBinaryData){SL_SIGNATURE_SIZE, take(sealing->arena, 64)};
    sl_sign(signer->key, proof->signature.data, signed_text(sealing->crypto, proof, root, &text));
    sl_buffer_free(&text);
}

int sl_bundle_seal(struct sl_crypto *crypto, struct sl_arena *arena, const struct sl_signer *signer,
                   const uint8_t (*receivers)[SL_KEY_SIZE], size_t receiver_count,
                   const struct sl_event *events, const uint32_t *readers, size_t count,
                   Samenloop__V1__Bundle **out, struct sl_error *error)
{
    struct sealing sealing = {.crypto = crypto, .arena = arena};
    Samenloop__V1__Bundle *bundle = (void *)take(arena, sizeof *bundle);
    samenloop__v1__bundle__init(bundle);
    bundle->proof = (void *)take(arena, sizeof *bundle->proof);
    samenloop__v1__batch_proof__init(bundle->proof);
    bundle->envelopes = (void *)take(arena, count * sizeof(void *));
    uint8_t *salts = take(arena, count * SL_SECTIONS * SL_SALT_SIZE);
    sl_random(salts, count * SL_SECTIONS * SL_SALT_SIZE);
    sealing.salts = salts;
    int result = begin(&sealing, receivers, receiver_count, bundle->proof, error);
    if (result == 0) {
        for (uint32_t i = 0; i < count; i++)
            bundle->envelopes[i] = seal_event(&sealing, &events[i], readers[i], i);
        bundle->n_envelopes = count;
        sign(&sealing, signer, bundle);
        *out = bundle;
    }
    end(&sealing);
    return result;
}

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
                          signed_text(crypto, proof, root, &text));
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
        section_digest(crypto, section, digest);
        if (!sl_bytes_equal(sl_bytes(digest, SL_HASH_SIZE), sl_from_pb(signed_digest->digest)))
            return sl_fail(error, SL_BAD_DIGEST, "section %s is not as it was signed",
                           sl_section_name((enum sl_section)section->section));
    }
    return 0;
}

void sl_opener_init(struct sl_opener *opener, EVP_PKEY *key)
{
    *opener = (struct sl_opener){.key = key};
    sl_key_raw(key, NULL, opener->public_key);
}

void sl_opener_free(struct sl_opener *opener)
{
    sl_mac_free(opener->exporter);
    sl_forget(opener, sizeof *opener);
}

/* Makes the opener ready for an encapsulation. */
static int remember(struct sl_opener *opener, const Samenloop__V1__Encapsulation *encapsulation)
{
    if (opener->exporter != NULL && memcmp(opener->enc, encapsulation->enc.data, 32) == 0)
        return 0;
    sl_mac_free(opener->exporter);
    opener->exporter = NULL;
    if (sl_hpke_receiver(&opener->context, SL_AES_256_GCM, opener->key, sl_text(SEALING_INFO),
                         encapsulation->enc.data) < 0)
        return -1;
    memcpy(opener->enc, encapsulation->enc.data, SL_HPKE_ENC_SIZE);
    opener->exporter = sl_mac_new(opener->context.exporter_secret);
    return 0;
}

int sl_section_open(struct sl_opener *opener, struct sl_crypto *crypto, struct sl_arena *arena,
                    const Samenloop__V1__BatchProof *proof, struct sl_bytes event_id,
                    const Samenloop__V1__SealedSection *section, struct sl_bytes *out,
                    struct sl_error *error)
{
    const char *name = sl_section_name((enum sl_section)section->section);
    for (size_t i = 0; i < section->n_ciphertexts; i++) {
        const Samenloop__V1__Ciphertext *ciphertext = section->ciphertexts[i];
        if (ciphertext->encapsulation >= proof->n_encapsulations)
            continue;
        const Samenloop__V1__Encapsulation *encapsulation =
            proof->encapsulations[ciphertext->encapsulation];
        if (!sl_bytes_equal(sl_from_pb(encapsulation->recipient),
                            sl_bytes(opener->public_key, SL_KEY_SIZE)))
            continue;
        struct sl_bytes sealed = sl_from_pb(ciphertext->sealed);
        uint8_t *text = sl_arena_alloc(arena, sealed.size);
        uint8_t key[SL_KEY_SIZE];
        if (text == NULL || remember(opener, encapsulation) < 0)
            break;
        section_key(&opener->context, opener->exporter, event_id, (enum sl_section)section->section,
                    key);
        int result = sl_open(crypto, SL_AES_256_GCM, key, zero_nonce, sl_bytes(NULL, 0), sealed,
                             text);
        sl_forget(key, sizeof key);
        if (result < 0)
            break;
        *out = sl_bytes(text, sealed.size - SL_TAG_SIZE);
        return 0;
    }
    return sl_fail(error, SL_SEALED_WRONGLY,
                   "section %s does not open with this organisation's key", name);
}
