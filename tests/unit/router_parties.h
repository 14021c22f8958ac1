/* img and ncg with keys of their own, and what they publish: for tests of the router's doors. */
#ifndef TESTS_ROUTER_PARTIES_H
#define TESTS_ROUTER_PARTIES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "schemas/envelope.h"
#include "schemas/limits.h"
#include "schemas/uuid.h"
#include "schemas/wire.h"

enum { IMG, NCG, PARTIES };

static const char *const party_names[] = {"img", "ncg"};
static const char *const party_oins[] = {"00000004164164164000", "00000004165165165000"};

struct parties {
    struct sl_crypto *crypto;
    struct sl_directory directory;
    EVP_PKEY *signing[PARTIES];
    EVP_PKEY *sealing[PARTIES];
};

static inline void party_key(struct sl_card *card, Samenloop__V1__KeyUse use, EVP_PKEY *key)
{
    struct sl_key *one = &card->keys[card->key_count++];
    *one = (struct sl_key){.use = use, .not_before = 0, .not_after = INT64_MAX};
    sl_key_raw(key, NULL, one->public_key);
    if (use == SAMENLOOP__V1__KEY_USE__KEY_USE_SIGNING)
        one->verifier = sl_key_public(EVP_PKEY_ED25519, one->public_key);
}

static inline void parties_init(struct parties *parties)
{
    struct sl_error error = {0};
    *parties = (struct parties){.crypto = sl_crypto_new()};
    for (int i = 0; i < PARTIES; i++) {
        assert_int_equal(
            sl_directory_add(&parties->directory, party_names[i], party_oins[i], &error), 0);
        parties->signing[i] = sl_key_new(EVP_PKEY_ED25519);
        parties->sealing[i] = sl_key_new(EVP_PKEY_X25519);
        struct sl_participant *participant = &parties->directory.participants[i];
        participant->cards = sl_new(1, sizeof *participant->cards);
        participant->card_count = 1;
        struct sl_card *card = &participant->cards[0];
        memset(card->hash, i + 1, sizeof card->hash);
        party_key(card, SAMENLOOP__V1__KEY_USE__KEY_USE_SIGNING, parties->signing[i]);
        party_key(card, SAMENLOOP__V1__KEY_USE__KEY_USE_SEALING, parties->sealing[i]);
    }
}

static void parties_free(struct parties *parties)
{
    for (int i = 0; i < PARTIES; i++) {
        EVP_PKEY_free(parties->signing[i]);
        EVP_PKEY_free(parties->sealing[i]);
    }
    sl_directory_free(&parties->directory);
    sl_crypto_free(parties->crypto);
}

/* Fixed pieces of an event's header: its number makes the id, the house makes the subject. */
struct party_event {
    uint8_t id[SL_UUID_SIZE];
    uint8_t subject[SL_HASH_SIZE];
    uint8_t cause[SL_UUID_SIZE];
    char source[64];
    Samenloop__V1__Attribute attributes[4];
    Samenloop__V1__Attribute *list[4];
    struct sl_event event;
};

static void party_id(uint8_t out[SL_UUID_SIZE], uint64_t number)
{
    memset(out, 7, SL_UUID_SIZE);
    sl_put64(out, number * 0x9e3779b97f4a7c15u);
}

/* An event of a type that its publisher may publish, with a dossier section. */
static inline void party_event(struct party_event *out, int publisher, const char *type,
                               uint64_t number, uint64_t house, int64_t at)
{
    static uint8_t mac[16] = "content of this";
    *out = (struct party_event){0};
    party_id(out->id, number);
    memset(out->subject, 0x5a, sizeof out->subject);
    sl_put64(out->subject, house * 0xd1342543de82ef95u);
    (void)snprintf(out->source, sizeof out->source, "urn:nld:oin:%s:systeem:zaken",
                   party_oins[publisher]);
    Samenloop__V1__Header *header = &out->event.header;
    *header = (Samenloop__V1__Header)SAMENLOOP__V1__HEADER__INIT;
    header->event_id = (ProtobufCBinaryData){SL_UUID_SIZE, out->id};
    header->source = sl_to_pb(sl_text(out->source));
    header->type = sl_to_pb(sl_text(type));
    header->publisher_role = SAMENLOOP__V1__ROLE__ROLE_BACK_OFFICE;
    header->occurred_at = at - 1000;
    header->recorded_at = at;
    header->subject_kind = SAMENLOOP__V1__SUBJECT_KIND__SUBJECT_KIND_ADDRESS;
    header->subject = (ProtobufCBinaryData){SL_HASH_SIZE, out->subject};
    header->content_mac = (ProtobufCBinaryData){sizeof mac, mac};
    header->attributes = out->list;
    out->event.type = sl_type_find(sl_text(type));
    out->event.present = sl_section_bit(SL_DOSSIER);
    out->event.sections[SL_DOSSIER] = sl_text("\x0a\x03img\x12\x05Z-123");
}

static inline void party_attribute(struct party_event *event, const char *name, const char *value)
{
    size_t n = event->event.header.n_attributes++;
    event->attributes[n] = (Samenloop__V1__Attribute)SAMENLOOP__V1__ATTRIBUTE__INIT;
    event->attributes[n].name = sl_to_pb(sl_text(name));
    event->attributes[n].value = sl_to_pb(sl_text(value));
    event->list[n] = &event->attributes[n];
}

/* Seals and signs events as one bundle for both, in the arena. */
static inline Samenloop__V1__Bundle *party_seal(struct parties *parties, struct sl_arena *arena,
                                                int signer, const struct party_event *events,
                                                size_t count)
{
    struct sl_error error = {0};
    struct sl_sealer sealer;
    uint8_t receivers[PARTIES][SL_KEY_SIZE];
    for (int i = 0; i < PARTIES; i++)
        sl_key_raw(parties->sealing[i], NULL, receivers[i]);
    assert_int_equal(sl_sealer_init(&sealer, parties->signing[signer],
                                    parties->directory.participants[signer].cards[0].hash,
                                    (const uint8_t(*)[SL_KEY_SIZE])receivers, PARTIES, &error),
                     0);
    struct sl_event *all = sl_new(count, sizeof *all);
    for (size_t i = 0; i < count; i++) {
        all[i] = events[i].event;
        all[i].readers = 3;
    }
    Samenloop__V1__Bundle *bundle = NULL;
    assert_int_equal(sl_bundle_seal(&sealer, parties->crypto, arena, all, count, &bundle, &error),
                     0);
    sl_sealer_free(&sealer);
    free(all);
    return bundle;
}

/*
 * Signs a bundle's headers as they stand now: what a hostile publisher could do whose own sealing
 * would refuse them. The text is PROTOCOL.md's: label, NUL, card, size, root, encapsulations.
 */
static inline void party_sign(struct parties *parties, int signer, Samenloop__V1__Bundle *bundle)
{
    static const char label[] = "samenloop.v1 batch";
    Samenloop__V1__BatchProof *proof = bundle->proof;
    struct sl_bytes pieces[2 * SL_MAX_RECIPIENTS];
    struct sl_buffer text = {0};
    sl_hash leaves[8];
    sl_hash root;
    size_t count = 0;
    for (size_t i = 0; i < bundle->n_envelopes; i++)
        sl_merkle_leaf(parties->crypto, leaves[i], sl_from_pb(bundle->envelopes[i]->header));
    sl_merkle_root(parties->crypto, root, (const sl_hash *)leaves, bundle->n_envelopes);
    for (size_t i = 0; i < proof->n_encapsulations; i++) {
        pieces[count++] = sl_from_pb(proof->encapsulations[i]->recipient);
        pieces[count++] = sl_from_pb(proof->encapsulations[i]->enc);
    }
    sl_buffer_add(&text, label, sizeof label);
    sl_buffer_add_bytes(&text, sl_from_pb(proof->card));
    sl_put32(sl_buffer_extend(&text, 4), proof->size);
    sl_buffer_add(&text, root, SL_HASH_SIZE);
    sl_sha256(parties->crypto, sl_buffer_extend(&text, SL_HASH_SIZE), pieces, count);
    sl_sign(parties->signing[signer], proof->signature.data, sl_buffer_bytes(&text));
    sl_buffer_free(&text);
}

/* Those of this test program: the setup and teardown of its group. */
static struct parties parties;

static inline int parties_begin(void **state)
{
    (void)state;
    parties_init(&parties);
    return 0;
}

static inline int parties_end(void **state)
{
    (void)state;
    parties_free(&parties);
    return 0;
}

#endif
