/*
 * What PROTOCOL.md shows, made step by step as the page tells it, from keys of one byte repeated: a
 * key card of NCG's, and a bundle of two events that it signs with IMG as its reader.
 */
#ifndef TESTS_PROTOCOL_EXAMPLE_H
#define TESTS_PROTOCOL_EXAMPLE_H

#include "tests/unit/protocol_page.h"

#include "samenloop/v1/sections.pb-c.h"
#include "schemas/check.h"
#include "schemas/envelope.h"
#include "schemas/sealing.h"
#include "schemas/subject.h"
#include "schemas/wire.h"

static const int64_t at = INT64_C(1612170000000); /* 2021-02-01T09:00:00Z */

/* ---------------------------------------------------------------- keys, all of one byte */

enum {
    SIGNING = 0x11,
    SEALING_IMG,
    SEALING_NCG,
    EPHEMERAL_NCG,
    EPHEMERAL_IMG,
    CURVE,
    PSEUDONYM,
    SALT_DOSSIER = 0x21,
    SALT_ORIGIN,
    CONTENT_MAC
};

static inline EVP_PKEY *fixed_key(int type, uint8_t byte)
{
    uint8_t raw[SL_KEY_SIZE];
    memset(raw, byte, sizeof raw);
    EVP_PKEY *key = sl_key_private(type, raw);
    assert_non_null(key);
    return key;
}

static inline void public_key(int type, uint8_t byte, uint8_t out[SL_KEY_SIZE])
{
    EVP_PKEY *key = fixed_key(type, byte);
    sl_key_raw(key, NULL, out);
    EVP_PKEY_free(key);
}

#define OIN "00000004165165165000"
#define SOURCE "urn:nld:oin:00000004165165165000:systeem:zaken"
#define OWN_ID "WV-2021-7"
#define HOUSE "0014200000000001"

/* ---------------------------------------------------------------- the card */

struct card_example {
    struct sl_buffer bytes;
    struct sl_card read; /* as a directory keeps it */
};

static inline void add_key(struct card_example *card, Samenloop__V1__KeyCard *message, int use,
                           int type, uint8_t byte)
{
    static Samenloop__V1__Key keys[3];
    static Samenloop__V1__Key *list[3];
    size_t n = message->n_keys++;
    struct sl_key *key = &card->read.keys[card->read.key_count++];
    *key = (struct sl_key){(Samenloop__V1__KeyUse)use, {0}, at - 1000, at + 86400000, NULL};
    public_key(type, byte, key->public_key);
    if (type == EVP_PKEY_ED25519)
        key->verifier = sl_key_public(type, key->public_key);
    keys[n] = (Samenloop__V1__Key)SAMENLOOP__V1__KEY__INIT;
    keys[n].use = key->use;
    keys[n].public_key = (ProtobufCBinaryData){SL_KEY_SIZE, key->public_key};
    keys[n].not_before = key->not_before;
    keys[n].not_after = key->not_after;
    list[n] = &keys[n];
    message->keys = list;
}

static inline void make_card(struct card_example *card, struct sl_crypto *crypto)
{
    Samenloop__V1__KeyCard message = SAMENLOOP__V1__KEY_CARD__INIT;
    *card = (struct card_example){0};
    message.organisation = sl_to_pb(sl_text(OIN));
    message.issued_at = card->read.issued_at = at - 1000;
    add_key(card, &message, SAMENLOOP__V1__KEY_USE__KEY_USE_SIGNING, EVP_PKEY_ED25519, SIGNING);
    add_key(card, &message, SAMENLOOP__V1__KEY_USE__KEY_USE_CURVE, EVP_PKEY_X25519, CURVE);
    add_key(card, &message, SAMENLOOP__V1__KEY_USE__KEY_USE_SEALING, EVP_PKEY_X25519, SEALING_NCG);
    sl_buffer_pack(&card->bytes, &message.base);
    memcpy(card->read.oin, OIN, SL_OIN_SIZE);
    struct sl_bytes bytes = sl_buffer_bytes(&card->bytes);
    sl_sha256(crypto, card->read.hash, &bytes, 1);
}

/* ---------------------------------------------------------------- a bundle of two events */

enum { TO_NCG, TO_IMG, READERS };

/* Everything of the example; made step by step, as the page tells it. */
struct example {
    struct sl_crypto *crypto;
    struct sl_arena arena;
    struct card_example card;
    struct sl_hpke contexts[READERS];
    uint8_t keys[READERS][SL_KEY_SIZE]; /* of the first event */
    uint8_t event_id[SL_UUID_SIZE];
    struct sl_bytes dossier, origin, dossier_text;
    uint8_t info[SL_SEALING_INFO_SIZE];
    Samenloop__V1__Bundle bundle;
    Samenloop__V1__BatchProof proof;
    Samenloop__V1__Envelope envelopes[2];
    Samenloop__V1__Encapsulation encapsulations[READERS];
    Samenloop__V1__SealedSection sections[2];
    void *lists[16]; /* of pointers, for protobuf-c */
    size_t listed;
    sl_hash leaves[2];
    sl_hash root;
    struct sl_buffer signed_text;
};

static inline struct sl_bytes packed(struct example *all, const ProtobufCMessage *message)
{
    struct sl_buffer buffer = {0};
    sl_buffer_pack(&buffer, message);
    struct sl_bytes out = sl_arena_copy(&all->arena, sl_buffer_bytes(&buffer));
    sl_buffer_free(&buffer);
    return out;
}

static inline ProtobufCBinaryData filled(struct example *all, uint8_t byte, size_t size)
{
    uint8_t *bytes = sl_arena_alloc(&all->arena, size);
    memset(bytes, byte, size);
    return (ProtobufCBinaryData){size, bytes};
}

/* A list with one more pointer; lists are filled one after the other. */
static inline void *listed(struct example *all, void *item)
{
    assert_true(all->listed < 16);
    all->lists[all->listed] = item;
    return &all->lists[all->listed++];
}

static inline void make_contents(struct example *all)
{
    Samenloop__V1__Dossier dossier = SAMENLOOP__V1__DOSSIER__INIT;
    Samenloop__V1__Origin origin = SAMENLOOP__V1__ORIGIN__INIT;
    struct sl_bytes name[] = {sl_text(SOURCE), sl_text(OWN_ID)};
    dossier.organisation = sl_to_pb(sl_text("ncg"));
    dossier.case_number = sl_to_pb(sl_text("2021-0042"));
    origin.id = sl_to_pb(sl_text(OWN_ID));
    origin.bag_id = sl_to_pb(sl_text(HOUSE));
    all->dossier = packed(all, &dossier.base);
    all->origin = packed(all, &origin.base);
    all->dossier_text = sl_padded(&all->arena, all->dossier);
    sl_uuid_from_name(all->event_id, name, 2);
}

/* One encapsulation a reader, and the key of the first event under each. */
static inline void encapsulate(struct example *all)
{
    static const uint8_t receivers[] = {SEALING_NCG, SEALING_IMG};
    static const uint8_t ephemerals[] = {EPHEMERAL_NCG, EPHEMERAL_IMG};
    struct sl_bytes info = sl_sealing_info(all->card.read.hash, all->info);
    for (int i = 0; i < READERS; i++) {
        EVP_PKEY *receiver = fixed_key(EVP_PKEY_X25519, receivers[i]);
        EVP_PKEY *ephemeral = fixed_key(EVP_PKEY_X25519, ephemerals[i]);
        Samenloop__V1__Encapsulation *one = &all->encapsulations[i];
        samenloop__v1__encapsulation__init(one);
        one->recipient = filled(all, 0, SL_KEY_SIZE);
        one->enc = filled(all, 0, SL_HPKE_ENC_SIZE);
        sl_key_raw(receiver, NULL, one->recipient.data);
        assert_int_equal(sl_hpke_sender(&all->contexts[i], SL_AES_256_GCM, receiver, info,
                                        ephemeral, one->enc.data),
                         0);
        struct sl_mac *exporter = sl_mac_new(all->contexts[i].exporter_secret);
        sl_event_key(&all->contexts[i], exporter, 0, sl_bytes(all->event_id, SL_UUID_SIZE),
                     all->keys[i]);
        sl_mac_free(exporter);
        EVP_PKEY_free(receiver);
        EVP_PKEY_free(ephemeral);
    }
}

static inline Samenloop__V1__Ciphertext *seal_to(struct example *all, int reader,
                                                 enum sl_section number, struct sl_bytes content)
{
    uint8_t nonce[SL_NONCE_SIZE];
    struct sl_bytes text = sl_padded(&all->arena, content);
    Samenloop__V1__Ciphertext *one = sl_arena_alloc(&all->arena, sizeof *one);
    samenloop__v1__ciphertext__init(one);
    one->encapsulation = (uint32_t)reader;
    one->sealed = filled(all, 0, text.size + SL_TAG_SIZE);
    sl_section_nonce(number, nonce);
    sl_seal(all->crypto, SL_AES_256_GCM, all->keys[reader], nonce, sl_bytes(NULL, 0), text,
            one->sealed.data);
    return one;
}

/* The dossier is sealed to img alone, the origin to both. */
static inline void seal_sections(struct example *all)
{
    Samenloop__V1__SealedSection *dossier = &all->sections[0];
    Samenloop__V1__SealedSection *origin = &all->sections[1];
    samenloop__v1__sealed_section__init(dossier);
    samenloop__v1__sealed_section__init(origin);
    dossier->section = SAMENLOOP__V1__SECTION__SECTION_DOSSIER;
    dossier->salt = filled(all, SALT_DOSSIER, SL_SALT_SIZE);
    dossier->ciphertexts = listed(all, seal_to(all, TO_IMG, SL_DOSSIER, all->dossier));
    dossier->n_ciphertexts = 1;
    origin->section = SAMENLOOP__V1__SECTION__SECTION_ORIGIN;
    origin->salt = filled(all, SALT_ORIGIN, SL_SALT_SIZE);
    origin->ciphertexts = listed(all, seal_to(all, TO_NCG, SL_ORIGIN, all->origin));
    (void)listed(all, seal_to(all, TO_IMG, SL_ORIGIN, all->origin));
    origin->n_ciphertexts = 2;
}

static inline Samenloop__V1__SectionDigest *digest_of(struct example *all,
                                                      const Samenloop__V1__SealedSection *section)
{
    Samenloop__V1__SectionDigest *one = sl_arena_alloc(&all->arena, sizeof *one);
    samenloop__v1__section_digest__init(one);
    one->section = section->section;
    one->digest = filled(all, 0, SL_HASH_SIZE);
    sl_section_digest(all->crypto, section, one->digest.data);
    return one;
}

static inline Samenloop__V1__Header common_header(struct example *all, const char *type)
{
    Samenloop__V1__Header header = SAMENLOOP__V1__HEADER__INIT;
    uint8_t key[SL_KEY_SIZE];
    memset(key, PSEUDONYM, sizeof key);
    struct sl_mac *mac = sl_mac_new(key);
    header.source = sl_to_pb(sl_text(SOURCE));
    header.type = sl_to_pb(sl_text(type));
    header.publisher_role = SAMENLOOP__V1__ROLE__ROLE_BACK_OFFICE;
    header.occurred_at = at - 3600000;
    header.recorded_at = at;
    header.subject_kind = SAMENLOOP__V1__SUBJECT_KIND__SUBJECT_KIND_ADDRESS;
    header.subject = filled(all, 0, SL_PSEUDONYM_SIZE);
    sl_pseudonym(mac, header.subject.data, sl_text(HOUSE));
    header.content_mac = filled(all, CONTENT_MAC, 16);
    sl_mac_free(mac);
    return header;
}

static inline Samenloop__V1__Attribute *attribute(struct example *all, const char *name,
                                                  const char *value)
{
    Samenloop__V1__Attribute *one = sl_arena_alloc(&all->arena, sizeof *one);
    samenloop__v1__attribute__init(one);
    one->name = sl_to_pb(sl_text(name));
    one->value = sl_to_pb(sl_text(value));
    return one;
}

static inline void write_headers(struct example *all)
{
    Samenloop__V1__Header first = common_header(all, "work_stock_changed");
    Samenloop__V1__Header second = common_header(all, "strengthening_status_changed");
    first.event_id = (ProtobufCBinaryData){SL_UUID_SIZE, all->event_id};
    first.attributes = listed(all, attribute(all, "value", "in"));
    (void)listed(all, attribute(all, "reason", "added_by_plan"));
    first.n_attributes = 2;
    first.sections = listed(all, digest_of(all, &all->sections[0]));
    (void)listed(all, digest_of(all, &all->sections[1]));
    first.n_sections = 2;
    second.event_id = filled(all, 0, SL_UUID_SIZE);
    assert_int_equal(
        sl_uuid_parse(second.event_id.data, sl_text("6f1e2d3c-4b5a-4978-8f9e-0a1b2c3d4e5f")), 0);
    second.attributes = listed(all, attribute(all, "status", "works"));
    second.n_attributes = 1;
    for (uint32_t i = 0; i < 2; i++) {
        samenloop__v1__envelope__init(&all->envelopes[i]);
        all->envelopes[i].index = i;
        all->envelopes[i].header = sl_to_pb(packed(all, i == 0 ? &first.base : &second.base));
    }
    all->envelopes[0].sections = listed(all, &all->sections[0]);
    (void)listed(all, &all->sections[1]);
    all->envelopes[0].n_sections = 2;
}

static inline void sign(struct example *all)
{
    EVP_PKEY *key = fixed_key(EVP_PKEY_ED25519, SIGNING);
    Samenloop__V1__BatchProof *proof = &all->proof;
    samenloop__v1__batch_proof__init(proof);
    proof->card = (ProtobufCBinaryData){SL_HASH_SIZE, all->card.read.hash};
    proof->size = 2;
    proof->encapsulations = listed(all, &all->encapsulations[TO_NCG]);
    (void)listed(all, &all->encapsulations[TO_IMG]);
    proof->n_encapsulations = READERS;
    for (int i = 0; i < 2; i++)
        sl_merkle_leaf(all->crypto, all->leaves[i], sl_from_pb(all->envelopes[i].header));
    sl_merkle_root(all->crypto, all->root, (const sl_hash *)all->leaves, 2);
    proof->signature = filled(all, 0, SL_SIGNATURE_SIZE);
    sl_sign(key, proof->signature.data,
            sl_signed_text(all->crypto, proof, all->root, &all->signed_text));
    EVP_PKEY_free(key);
    samenloop__v1__bundle__init(&all->bundle);
    all->bundle.proof = proof;
    all->bundle.envelopes = listed(all, &all->envelopes[0]);
    (void)listed(all, &all->envelopes[1]);
    all->bundle.n_envelopes = 2;
}

static inline void make_example(struct example *all)
{
    *all = (struct example){.crypto = sl_crypto_new()};
    sl_arena_init(&all->arena, 0);
    make_card(&all->card, all->crypto);
    make_contents(all);
    encapsulate(all);
    seal_sections(all);
    write_headers(all);
    sign(all);
}

static inline void free_example(struct example *all)
{
    sl_card_free(&all->card.read);
    sl_buffer_free(&all->card.bytes);
    sl_buffer_free(&all->signed_text);
    sl_arena_free(&all->arena);
    sl_crypto_free(all->crypto);
}

#endif
