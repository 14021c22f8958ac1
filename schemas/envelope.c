#include "schemas/envelope.h"

#include <stdlib.h>
#include <string.h>

#include "schemas/limits.h"
#include "schemas/sealing.h"
#include "schemas/uuid.h"

#define BATCH_LABEL "samenloop.v1 batch"

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

/* A section with room for its ciphertexts, which come with the keys. */
static Samenloop__V1__SealedSection *new_section(struct sealing *sealing, enum sl_section number)
{
    Samenloop__V1__SealedSection *section = (void *)take(
        sealing->arena, sizeof *section + SL_MAX_RECIPIENTS * sizeof(void *));
    samenloop__v1__sealed_section__init(section);
    section->section = (Samenloop__V1__Section)number;
    section->salt = (ProtobufCBinaryData){SL_SALT_SIZE, (uint8_t *)(uintptr_t)sealing->salts};
    section->ciphertexts = (Samenloop__V1__Ciphertext **)(void *)(section + 1);
    sealing->salts += SL_SALT_SIZE;
    return section;
}

static void add_ciphertext(struct sealing *sealing, Samenloop__V1__SealedSection *section,
                           uint32_t receiver, const uint8_t *key, struct sl_bytes text)
{
    uint8_t nonce[SL_NONCE_SIZE];
    Samenloop__V1__Ciphertext *ciphertext = (void *)take(sealing->arena, sizeof *ciphertext);
    samenloop__v1__ciphertext__init(ciphertext);
    ciphertext->encapsulation = receiver;
    ciphertext->sealed = (ProtobufCBinaryData){text.size + SL_TAG_SIZE,
                                               take(sealing->arena, text.size + SL_TAG_SIZE)};
    sl_section_nonce((enum sl_section)section->section, nonce);
    sl_seal(sealing->crypto, SL_AES_256_GCM, key, nonce, sl_bytes(NULL, 0), text,
            ciphertext->sealed.data);
    section->ciphertexts[section->n_ciphertexts++] = ciphertext;
}

/* Seals all sections of an envelope to each reader: one key a reader. */
static void seal_sections(struct sealing *sealing, const struct sl_event *event, uint32_t readers,
                          Samenloop__V1__Envelope *envelope)
{
    struct sl_bytes texts[SL_SECTIONS];
    for (size_t i = 0; i < envelope->n_sections; i++)
        texts[i] = sl_padded(sealing->arena, event->sections[envelope->sections[i]->section]);
    for (uint32_t receiver = 0; receiver < sealing->receivers; receiver++) {
        bool all = (readers >> receiver & 1) != 0;
        if (!all && (event->origin_readers >> receiver & 1) == 0)
            continue;
        uint8_t key[SL_KEY_SIZE];
        const uint8_t *fresh = key;
        sl_event_key(&sealing->contexts[receiver], sealing->exporters[receiver], envelope->index,
                     sl_from_pb(event->header.event_id), key);
        for (size_t i = 0; i < envelope->n_sections; i++) {
            if (!all && envelope->sections[i]->section != SAMENLOOP__V1__SECTION__SECTION_ORIGIN)
                continue;
            add_ciphertext(sealing, envelope->sections[i], receiver, fresh, texts[i]);
            fresh = NULL;
        }
        sl_forget(key, sizeof key);
    }
}

/* Writes the header with the sections' digests. */
static void write_header(struct sealing *sealing, const struct sl_event *event,
                         Samenloop__V1__Envelope *envelope)
{
    struct sl_arena *arena = sealing->arena;
    Samenloop__V1__Header header = event->header;
    Samenloop__V1__SectionDigest *digests = (void *)take(arena, SL_SECTIONS * sizeof *digests);
    header.sections = (void *)take(arena, SL_SECTIONS * sizeof(void *));
    header.n_sections = envelope->n_sections;
    for (size_t i = 0; i < envelope->n_sections; i++) {
        samenloop__v1__section_digest__init(&digests[i]);
        digests[i].section = envelope->sections[i]->section;
        digests[i].digest = (ProtobufCBinaryData){SL_HASH_SIZE, take(arena, SL_HASH_SIZE)};
        section_digest(sealing->crypto, envelope->sections[i], digests[i].digest.data);
        header.sections[i] = &digests[i];
    }
    size_t size = samenloop__v1__header__get_packed_size(&header);
    envelope->header = (ProtobufCBinaryData){size, take(arena, size)};
    (void)samenloop__v1__header__pack(&header, envelope->header.data);
}

static Samenloop__V1__Envelope *seal_event(struct sealing *sealing, const struct sl_event *event,
                                           uint32_t readers, uint32_t index)
{
    Samenloop__V1__Envelope *envelope = (void *)take(
        sealing->arena, sizeof *envelope + SL_SECTIONS * sizeof(void *));
    samenloop__v1__envelope__init(envelope);
    envelope->index = index;
    envelope->sections = (Samenloop__V1__SealedSection **)(void *)(envelope + 1);
    for (int i = SL_LOCATION; i < SL_SECTIONS; i++) {
        if ((event->present & sl_section_bit((enum sl_section)i)) != 0)
            envelope->sections[envelope->n_sections++] = new_section(sealing, (enum sl_section)i);
    }
    seal_sections(sealing, event, readers, envelope);
    write_header(sealing, event, envelope);
    return envelope;
}

/* What sealing one event takes from the arena at most, each piece rounded up. */
static size_t room_for(const struct sl_event *event, size_t receivers)
{
    enum { PIECE = 16, HEADS = 1024, DIGEST = 96 };
    size_t room = HEADS + PIECE + samenloop__v1__header__get_packed_size(&event->header) +
                  sizeof(sl_hash);
    for (int i = SL_LOCATION; i < SL_SECTIONS; i++) {
        size_t text = sl_padded_size(event->sections[i].size) + PIECE;
        if ((event->present & sl_section_bit((enum sl_section)i)) != 0)
            room += sizeof(Samenloop__V1__SealedSection) + SL_MAX_RECIPIENTS * sizeof(void *) +
                    DIGEST + text + SL_SALT_SIZE * SL_SECTIONS +
                    receivers * (text + SL_TAG_SIZE + sizeof(Samenloop__V1__Ciphertext) + PIECE);
    }
    return room;
}

struct name { /* of an event: source and id, both together */
    struct sl_bytes source;
    struct sl_bytes id;
};

static int compare_names(const void *left, const void *right)
{
    const struct name *a = left;
    const struct name *b = right;
    int by_id = memcmp(a->id.data, b->id.data, SL_UUID_SIZE);
    if (by_id != 0)
        return by_id;
    size_t shorter = a->source.size < b->source.size ? a->source.size : b->source.size;
    int by_source = shorter == 0 ? 0 : memcmp(a->source.data, b->source.data, shorter);
    if (by_source != 0)
        return by_source;
    return (a->source.size > b->source.size) - (a->source.size < b->source.size);
}

static bool named_twice(const struct sl_event *events, size_t count)
{
    struct name names[SL_MAX_BATCH];
    for (size_t i = 0; i < count; i++)
        names[i] = (struct name){sl_from_pb(events[i].header.source),
                                 sl_from_pb(events[i].header.event_id)};
    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 1; i < count; i++) {
        if (compare_names(&names[i - 1], &names[i]) == 0)
            return true;
    }
    return false;
}

/* May these be sealed as one bundle, and does it fit? */
static int check_batch(const struct sl_arena *arena, size_t receivers,
                       const struct sl_event *events, const uint32_t *readers, size_t count,
                       struct sl_error *error)
{
    size_t room = 4096;
    if (receivers == 0 || receivers > SL_MAX_RECIPIENTS || count == 0 || count > SL_MAX_BATCH)
        return sl_fail(error, SL_MALFORMED, "a bundle has 1 to %d receivers and 1 to %d events",
                       SL_MAX_RECIPIENTS, SL_MAX_BATCH);
    for (size_t i = 0; i < count; i++) {
        if (events[i].header.event_id.len != SL_UUID_SIZE)
            return sl_fail(error, SL_MALFORMED, "event %zu: its id is no UUID", i);
        if ((readers[i] == 0 && events[i].present != 0) ||
            (readers[i] | events[i].origin_readers) >> receivers != 0 ||
            events[i].present >> SL_SECTIONS != 0 || (events[i].present & 1) != 0)
            return sl_fail(error, SL_MALFORMED, "event %zu: nobody, or somebody unknown, reads it",
                           i);
        room += room_for(&events[i], receivers);
    }
    if (named_twice(events, count))
        return sl_fail(error, SL_MALFORMED, "two events of one batch have one source and id");
    if (arena->limit > 0 && (arena->used > arena->limit || room > arena->limit - arena->used))
        return sl_fail(error, SL_TOO_LARGE,
                       "sealing %zu events may take %zu bytes, and the arena"
                       " has no such room",
                       count, room);
    return 0;
}

static int begin(struct sealing *sealing, const struct sl_signer *signer,
                 const uint8_t (*receivers)[SL_KEY_SIZE], size_t count,
                 Samenloop__V1__BatchProof *proof, struct sl_error *error)
{
    uint8_t info[SL_SEALING_INFO_SIZE];
    struct sl_bytes bound = sl_sealing_info(signer->card, info);
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
        if (sl_hpke_sender(&sealing->contexts[i], SL_AES_256_GCM, receivers[i], bound, NULL,
                           encapsulation->enc.data) < 0)
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
    proof->card = sl_to_pb(sl_arena_copy(sealing->arena, sl_bytes(signer->card, SL_HASH_SIZE)));
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
    if (check_batch(arena, receiver_count, events, readers, count, error) < 0)
        return -1;
    Samenloop__V1__Bundle *bundle = (void *)take(arena, sizeof *bundle);
    samenloop__v1__bundle__init(bundle);
    bundle->proof = (void *)take(arena, sizeof *bundle->proof);
    samenloop__v1__batch_proof__init(bundle->proof);
    bundle->envelopes = (void *)take(arena, count * sizeof(void *));
    uint8_t *salts = take(arena, count * SL_SECTIONS * SL_SALT_SIZE);
    sl_random(salts, count * SL_SECTIONS * SL_SALT_SIZE);
    sealing.salts = salts;
    int result = begin(&sealing, signer, receivers, receiver_count, bundle->proof, error);
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
