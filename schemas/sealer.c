/* Sealing and signing of bundles. */
#include <stdlib.h>
#include <string.h>

#include "schemas/envelope.h"
#include "schemas/limits.h"
#include "schemas/sealing.h"
#include "schemas/uuid.h"

int sl_sealer_init(struct sl_sealer *sealer, EVP_PKEY *key, const uint8_t card[SL_HASH_SIZE],
                   const uint8_t (*receivers)[SL_KEY_SIZE], size_t count, struct sl_error *error)
{
    *sealer = (struct sl_sealer){.key = key};
    memcpy(sealer->card, card, SL_HASH_SIZE);
    if (count == 0 || count > SL_MAX_RECIPIENTS)
        return sl_fail(error, SL_MALFORMED, "events are sealed for 1 to %d receivers",
                       SL_MAX_RECIPIENTS);
    for (; sealer->count < count; sealer->count++) {
        struct sl_receiver *receiver = &sealer->receivers[sealer->count];
        memcpy(receiver->public_key, receivers[sealer->count], SL_KEY_SIZE);
        receiver->key = sl_key_public(EVP_PKEY_X25519, receiver->public_key);
        if (receiver->key == NULL) {
            (void)sl_fail(error, SL_BAD_KEY_CARD, "the sealing key of receiver %zu is no good",
                          sealer->count + 1);
            sl_sealer_free(sealer);
            return -1;
        }
    }
    return 0;
}

void sl_sealer_free(struct sl_sealer *sealer)
{
    for (size_t i = 0; i < sealer->count; i++)
        EVP_PKEY_free(sealer->receivers[i].key);
    *sealer = (struct sl_sealer){0};
}

/* ---------------------------------------------------------------- sections */

/* What is agreed with one receiver for one bundle. */
struct agreed {
    struct sl_hpke context;
    struct sl_mac *exporter; /* NULL: he reads nothing in it */
    uint32_t place;          /* of the encapsulation */
};

/* One bundle being sealed. */
struct sealing {
    const struct sl_sealer *sealer;
    struct sl_crypto *crypto;
    struct sl_arena *arena;
    struct agreed agreed[SL_MAX_RECIPIENTS];
    const uint8_t *salts; /* fresh random bytes, taken one after the other */
};

static uint8_t *take(struct sl_arena *arena, size_t size)
{
    return sl_arena_alloc(arena, size);
}

/* Who reads this section of the event? */
static uint32_t readers_of(const struct sl_event *event, int section)
{
    return section == SL_ORIGIN ? event->readers | event->origin_readers : event->readers;
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
                           uint32_t place, const uint8_t *key, struct sl_bytes text)
{
    uint8_t nonce[SL_NONCE_SIZE];
    Samenloop__V1__Ciphertext *ciphertext = (void *)take(sealing->arena, sizeof *ciphertext);
    samenloop__v1__ciphertext__init(ciphertext);
    ciphertext->encapsulation = place;
    ciphertext->sealed = (ProtobufCBinaryData){text.size + SL_TAG_SIZE,
                                               take(sealing->arena, text.size + SL_TAG_SIZE)};
    sl_section_nonce((enum sl_section)section->section, nonce);
    sl_seal(sealing->crypto, SL_AES_256_GCM, key, nonce, sl_bytes(NULL, 0), text,
            ciphertext->sealed.data);
    section->ciphertexts[section->n_ciphertexts++] = ciphertext;
}

/* Seals what a receiver may read of an event, under one key. */
static void seal_for(struct sealing *sealing, const struct sl_event *event, uint32_t receiver,
                     Samenloop__V1__Envelope *envelope, const struct sl_bytes *texts)
{
    const struct agreed *agreed = &sealing->agreed[receiver];
    uint8_t key[SL_KEY_SIZE];
    if (((event->readers | event->origin_readers) >> receiver & 1) == 0)
        return;
    sl_event_key(&agreed->context, agreed->exporter, envelope->index,
                 sl_from_pb(event->header.event_id), key);
    for (size_t i = 0; i < envelope->n_sections; i++) {
        Samenloop__V1__SealedSection *section = envelope->sections[i];
        if ((readers_of(event, (int)section->section) >> receiver & 1) != 0)
            add_ciphertext(sealing, section, agreed->place, key, texts[i]);
    }
    sl_forget(key, sizeof key);
}

static void seal_sections(struct sealing *sealing, const struct sl_event *event,
                          Samenloop__V1__Envelope *envelope)
{
    struct sl_bytes texts[SL_SECTIONS];
    for (size_t i = 0; i < envelope->n_sections; i++)
        texts[i] = sl_padded(sealing->arena, event->sections[envelope->sections[i]->section]);
    for (uint32_t receiver = 0; receiver < sealing->sealer->count; receiver++)
        seal_for(sealing, event, receiver, envelope, texts);
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
        sl_section_digest(sealing->crypto, envelope->sections[i], digests[i].digest.data);
        header.sections[i] = &digests[i];
    }
    envelope->header = sl_to_pb(sl_arena_pack(arena, &header.base));
}

static Samenloop__V1__Envelope *seal_event(struct sealing *sealing, const struct sl_event *event,
                                           uint32_t index)
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
    seal_sections(sealing, event, envelope);
    write_header(sealing, event, envelope);
    return envelope;
}

/* ---------------------------------------------------------------- what may be sealed */

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

struct name { /* of an event: source and id, both together; the id here, for sorting's sake */
    uint8_t id[SL_UUID_SIZE];
    struct sl_bytes source;
};

static int compare_names(const void *left, const void *right)
{
    const struct name *a = left;
    const struct name *b = right;
    int by_id = memcmp(a->id, b->id, SL_UUID_SIZE);
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
    if (count < 2)
        return false;
    for (size_t i = 0; i < count; i++) {
        names[i].source = sl_from_pb(events[i].header.source);
        memcpy(names[i].id, events[i].header.event_id.data, SL_UUID_SIZE);
    }
    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 1; i < count; i++) {
        if (compare_names(&names[i - 1], &names[i]) == 0)
            return true;
    }
    return false;
}

/* Does somebody known read each section, and nobody unknown any? */
static bool readers_fit(const struct sl_event *event, size_t receivers)
{
    for (int i = SL_LOCATION; i < SL_SECTIONS; i++) {
        if ((event->present & sl_section_bit((enum sl_section)i)) != 0 && readers_of(event, i) == 0)
            return false;
    }
    return (event->readers | event->origin_readers) >> receivers == 0 &&
           event->present >> SL_SECTIONS == 0 && (event->present & 1) == 0;
}

/* May these be sealed as one bundle, and does it fit? */
static int check_batch(const struct sl_arena *arena, size_t receivers,
                       const struct sl_event *events, size_t count, struct sl_error *error)
{
    size_t room = 4096;
    if (count == 0 || count > SL_MAX_BATCH)
        return sl_fail(error, SL_MALFORMED, "a bundle has 1 to %d events", SL_MAX_BATCH);
    for (size_t i = 0; i < count; i++) {
        if (events[i].header.event_id.len != SL_UUID_SIZE)
            return sl_fail(error, SL_MALFORMED, "event %zu: its id is no UUID", i);
        if (!readers_fit(&events[i], receivers))
            return sl_fail(error, SL_MALFORMED, "event %zu: nobody, or somebody unknown, reads it",
                           i);
        room += arena->limit > 0 ? room_for(&events[i], receivers) : 0;
    }
    if (named_twice(events, count))
        return sl_fail(error, SL_MALFORMED, "two events of one batch have one source and id");
    if (arena->limit > 0 && (arena->used > arena->limit || room > arena->limit - arena->used))
        return sl_fail(error, SL_TOO_LARGE,
                       "sealing %zu events may take %zu bytes, and the arena has no such room",
                       count, room);
    return 0;
}

/* ---------------------------------------------------------------- the bundle */

/* Agrees on a secret with a receiver. */
static int agree(struct sealing *sealing, const struct sl_receiver *receiver, struct agreed *agreed,
                 Samenloop__V1__BatchProof *proof)
{
    struct sl_arena *arena = sealing->arena;
    uint8_t info[SL_SEALING_INFO_SIZE];
    Samenloop__V1__Encapsulation *encapsulation = (void *)take(arena, sizeof *encapsulation);
    samenloop__v1__encapsulation__init(encapsulation);
    encapsulation->recipient = sl_to_pb(
        sl_arena_copy(arena, sl_bytes(receiver->public_key, SL_KEY_SIZE)));
    encapsulation->enc = (ProtobufCBinaryData){SL_HPKE_ENC_SIZE, take(arena, SL_HPKE_ENC_SIZE)};
    if (sl_hpke_sender(&agreed->context, SL_AES_256_GCM, receiver->key,
                       sl_sealing_info(sealing->sealer->card, info), NULL,
                       encapsulation->enc.data) < 0)
        return -1;
    agreed->exporter = sl_mac_new(agreed->context.exporter_secret);
    agreed->place = (uint32_t)proof->n_encapsulations;
    proof->encapsulations[proof->n_encapsulations++] = encapsulation;
    return 0;
}

/* Agrees with all who read something. */
static int begin(struct sealing *sealing, const struct sl_event *events, size_t count,
                 Samenloop__V1__BatchProof *proof, struct sl_error *error)
{
    const struct sl_sealer *sealer = sealing->sealer;
    uint32_t readers = 0;
    for (size_t i = 0; i < count; i++)
        readers |= events[i].readers | events[i].origin_readers;
    proof->encapsulations = (void *)take(sealing->arena, SL_MAX_RECIPIENTS * sizeof(void *));
    for (size_t i = 0; i < sealer->count; i++) {
        if ((readers >> i & 1) != 0 &&
            agree(sealing, &sealer->receivers[i], &sealing->agreed[i], proof) < 0)
            return sl_fail(error, SL_BAD_KEY_CARD, "a receiver's sealing key is no good");
    }
    return 0;
}

static void end(struct sealing *sealing)
{
    for (size_t i = 0; i < SL_MAX_RECIPIENTS; i++)
        sl_mac_free(sealing->agreed[i].exporter);
    sl_forget(sealing->agreed, sizeof sealing->agreed);
}

static void sign(struct sealing *sealing, Samenloop__V1__Bundle *bundle)
{
    const struct sl_sealer *signer = sealing->sealer;
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
    sl_sign(signer->key, proof->signature.data,
            sl_signed_text(sealing->crypto, proof, root, &text));
    sl_buffer_free(&text);
}

int sl_bundle_seal(const struct sl_sealer *sealer, struct sl_crypto *crypto, struct sl_arena *arena,
                   const struct sl_event *events, size_t count, Samenloop__V1__Bundle **out,
                   struct sl_error *error)
{
    struct sealing sealing = {.sealer = sealer, .crypto = crypto, .arena = arena};
    if (check_batch(arena, sealer->count, events, count, error) < 0)
        return -1;
    Samenloop__V1__Bundle *bundle = (void *)take(arena, sizeof *bundle);
    samenloop__v1__bundle__init(bundle);
    bundle->proof = (void *)take(arena, sizeof *bundle->proof);
    samenloop__v1__batch_proof__init(bundle->proof);
    bundle->envelopes = (void *)take(arena, count * sizeof(void *));
    uint8_t *salts = take(arena, count * SL_SECTIONS * SL_SALT_SIZE);
    sl_random(salts, count * SL_SECTIONS * SL_SALT_SIZE);
    sealing.salts = salts;
    int result = begin(&sealing, events, count, bundle->proof, error);
    if (result == 0) {
        for (uint32_t i = 0; i < count; i++)
            bundle->envelopes[i] = seal_event(&sealing, &events[i], i);
        bundle->n_envelopes = count;
        sign(&sealing, bundle);
        *out = bundle;
    }
    end(&sealing);
    return result;
}
