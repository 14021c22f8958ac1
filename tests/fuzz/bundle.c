/*
 * A bundle as it arrives. No mutation of a genuine one may pass for another: what verifies has
 * the genuine headers, what passes the digests and opens has the genuine content.
 */
#include "tests/fuzz/fuzz.h"

#include "schemas/check.h"

enum { EVENTS = 3, AT = 1000 };

static struct sl_directory directory;
static struct sl_crypto *crypto;
static struct sl_opener opener;
static struct sl_arena arena;
static struct sl_buffer genuine;                       /* the bundle, packed */
static sl_hash genuine_leaves[EVENTS];                 /* hashes of its headers */
static struct sl_buffer contents[EVENTS][SL_SECTIONS]; /* of its sections */
static struct sl_bytes ids[EVENTS];

static void add_key(struct sl_card *card, Samenloop__V1__KeyUse use, EVP_PKEY *key)
{
    struct sl_key *one = &card->keys[card->key_count++];
    *one = (struct sl_key){.use = use, .not_before = 0, .not_after = INT64_MAX};
    sl_key_raw(key, NULL, one->public_key);
    if (use == SAMENLOOP__V1__KEY_USE__KEY_USE_SIGNING)
        one->verifier = sl_key_public(EVP_PKEY_ED25519, one->public_key);
}

static void make_directory(EVP_PKEY *signing, EVP_PKEY *sealing)
{
    struct sl_error error = {0};
    must(sl_directory_add(&directory, "img", "00000004164164164000", &error) == 0);
    struct sl_participant *img = &directory.participants[0];
    img->cards = sl_new(1, sizeof *img->cards);
    img->card_count = 1;
    memset(img->cards[0].hash, 7, SL_HASH_SIZE);
    add_key(img->cards, SAMENLOOP__V1__KEY_USE__KEY_USE_SIGNING, signing);
    add_key(img->cards, SAMENLOOP__V1__KEY_USE__KEY_USE_SEALING, sealing);
}

/* The first events of the catalogue that are img's. */
static void make_events(struct sl_event events[EVENTS])
{
    static const uint8_t zeros[SL_KEY_SIZE];
    struct sl_mac *key = sl_mac_new(zeros);
    json_t *all = fuzz_examples();
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(all) && count < EVENTS; i++) {
        if (!fuzz_event(&events[count], &arena, "img", key, json_array_get(all, i)))
            continue;
        events[count].readers = events[count].origin_readers = 1;
        count++;
    }
    must(count == EVENTS);
    json_decref(all);
    sl_mac_free(key);
}

static void keep(const struct sl_event *event, size_t index)
{
    for (int i = 0; i < SL_SECTIONS; i++)
        sl_buffer_add_bytes(&contents[index][i], event->sections[i]);
    ids[index] = sl_from_pb(event->header.event_id);
}

static void fuzz_begin(void)
{
    static const uint8_t raw[SL_KEY_SIZE] = {1};
    EVP_PKEY *signing = sl_key_private(EVP_PKEY_ED25519, raw);
    EVP_PKEY *sealing = sl_key_private(EVP_PKEY_X25519, raw);
    struct sl_event events[EVENTS];
    struct sl_sealer sealer;
    struct sl_error error = {0};
    Samenloop__V1__Bundle *bundle = NULL;
    uint8_t receiver[1][SL_KEY_SIZE];
    int participant = -1;
    static struct sl_arena kept; /* the events' ids stay in it */
    crypto = sl_crypto_new();
    sl_arena_init(&arena, 0);
    make_directory(signing, sealing);
    make_events(events);
    sl_key_raw(sealing, NULL, receiver[0]);
    must(sl_sealer_init(&sealer, signing, directory.participants[0].cards[0].hash,
                        (const uint8_t(*)[SL_KEY_SIZE])receiver, 1, &error) == 0);
    must(sl_bundle_seal(&sealer, crypto, &arena, events, EVENTS, &bundle, &error) == 0);
    for (size_t i = 0; i < EVENTS; i++)
        keep(&events[i], i);
    must(sl_bundle_verify(crypto, &directory, bundle, AT, AT, genuine_leaves, &participant,
                          &error) == 0);
    sl_buffer_pack(&genuine, &bundle->base);
    sl_sealer_free(&sealer);
    sl_opener_init(&opener, sealing);
    kept = arena;
    sl_arena_init(&arena, SL_MAX_ARENA);
    EVP_PKEY_free(signing);
    (void)kept;
}

static void fuzz_seeds(void)
{
    fuzz_seed(sl_buffer_bytes(&genuine));
    /* One event alone, which does not verify, but is short. */
    Samenloop__V1__Bundle *bundle = (void *)sl_arena_unpack(
        &arena, &samenloop__v1__bundle__descriptor, sl_buffer_bytes(&genuine));
    struct sl_buffer one = {0};
    for (size_t i = 0; i < EVENTS; i++) {
        Samenloop__V1__Envelope *envelopes = bundle->envelopes[i];
        Samenloop__V1__Bundle alone = {bundle->base, bundle->proof, 1, &envelopes};
        sl_buffer_clear(&one);
        sl_buffer_pack(&one, &alone.base);
        fuzz_seed(sl_buffer_bytes(&one));
    }
    sl_buffer_free(&one);
}

static size_t genuine_header(const sl_hash leaf)
{
    size_t i = 0;
    while (i < EVENTS && memcmp(genuine_leaves[i], leaf, SL_HASH_SIZE) != 0)
        i++;
    return i;
}

/* Opens whatever is there; with `index`, what the genuine envelope of that place may hold. */
static void open_all(const Samenloop__V1__Bundle *bundle, const Samenloop__V1__Envelope *envelope,
                     struct sl_bytes id, size_t index)
{
    struct sl_error error = {0};
    for (size_t i = 0; i < envelope->n_sections; i++) {
        const Samenloop__V1__SealedSection *section = envelope->sections[i];
        struct sl_bytes text;
        if (sl_section_open(&opener, crypto, &arena, bundle->proof, envelope, id, section, &text,
                            &error) < 0 ||
            index == EVENTS)
            continue;
        must(section->section > 0 && (int)section->section < SL_SECTIONS);
        must(sl_bytes_equal(text, sl_buffer_bytes(&contents[index][section->section])));
    }
}

static void look_at(const Samenloop__V1__Bundle *bundle, size_t i, const sl_hash *leaf)
{
    const Samenloop__V1__Envelope *envelope = bundle->envelopes[i];
    struct sl_error error = {0};
    const struct sl_type *type = NULL;
    size_t index = leaf == NULL ? EVENTS : genuine_header(*leaf);
    must(leaf == NULL || index < EVENTS);
    const Samenloop__V1__Header *header = (const void *)sl_arena_unpack(
        &arena, &samenloop__v1__header__descriptor, sl_from_pb(envelope->header));
    if (header == NULL || sl_header_check(header, "img", &type, &error) < 0)
        return;
    bool good = sl_envelope_check(crypto, header, envelope, false, &error) == 0;
    open_all(bundle, envelope, sl_from_pb(header->event_id), good ? index : EVENTS);
    if (index < EVENTS)
        must(sl_bytes_equal(sl_from_pb(header->event_id), ids[index]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static sl_hash leaves[SL_MAX_BATCH];
    struct sl_error error = {0};
    int participant = -1;
    sl_arena_clear(&arena);
    const Samenloop__V1__Bundle *bundle = (const void *)sl_arena_unpack(
        &arena, &samenloop__v1__bundle__descriptor, sl_bytes(data, size));
    if (bundle == NULL || bundle->proof == NULL || bundle->n_envelopes > SL_MAX_BATCH)
        return 0; /* the frame's reader has such things refused */
    bool verified = sl_bundle_verify(crypto, &directory, bundle, AT, AT, leaves, &participant,
                                     &error) == 0;
    must(!verified || participant == 0);
    for (size_t i = 0; i < bundle->n_envelopes; i++)
        look_at(bundle, i, verified ? (const sl_hash *)&leaves[i] : NULL);
    return 0;
}
