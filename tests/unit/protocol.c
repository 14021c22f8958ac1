/* PROTOCOL.md's examples of names, trees, cards, bundles and frames are what this code makes. */
#include "tests/unit/protocol_example.h"

/* ---------------------------------------------------------------- names */

static void names(void **state)
{
    uint8_t uuid[SL_UUID_SIZE];
    uint8_t key[SL_KEY_SIZE];
    uint8_t pseudonym[SL_PSEUDONYM_SIZE];
    struct sl_bytes pieces[] = {sl_text(SOURCE), sl_text(OWN_ID)};
    sl_uuid_from_name(uuid, pieces, 2);
    memset(key, PSEUDONYM, sizeof key);
    struct sl_mac *mac = sl_mac_new(key);
    sl_pseudonym(mac, pseudonym, sl_text(HOUSE));
    sl_mac_free(mac);
    bool good = says(*state, "uuid", sl_bytes(uuid, sizeof uuid));
    good &= says(*state, "pseudonym", sl_bytes(pseudonym, sizeof pseudonym));
    assert_true(good);
}

/* ---------------------------------------------------------------- tree */

static void tree(void **state)
{
    struct sl_crypto *crypto = sl_crypto_new();
    static const uint32_t indices[] = {2, 5};
    struct sl_buffer nodes = {0};
    sl_hash leaves[7];
    sl_hash root;
    sl_hash again;
    for (uint8_t i = 0; i < 7; i++)
        sl_merkle_leaf(crypto, leaves[i], sl_bytes(&i, 1));
    sl_merkle_root(crypto, root, (const sl_hash *)leaves, 7);
    sl_merkle_prove(crypto, (const sl_hash *)leaves, 7, indices, 2, &nodes);
    bool good = says(*state, "tree-root", sl_bytes(root, sizeof root));
    good &= says(*state, "tree-nodes", sl_buffer_bytes(&nodes));
    memcpy(leaves[0], leaves[2], sizeof(sl_hash));
    memcpy(leaves[1], leaves[5], sizeof(sl_hash));
    assert_int_equal(sl_merkle_recompute(crypto, again, (const sl_hash *)leaves, 7, indices, 2,
                                         sl_buffer_bytes(&nodes)),
                     0);
    assert_memory_equal(root, again, sizeof root);
    sl_buffer_free(&nodes);
    sl_crypto_free(crypto);
    assert_true(good);
}

static void key_card(void **state)
{
    static const char label[] = "samenloop.v1 key card";
    struct sl_crypto *crypto = sl_crypto_new();
    struct sl_buffer text = {0};
    struct card_example card;
    make_card(&card, crypto);
    sl_buffer_add(&text, label, sizeof label);
    sl_buffer_add_bytes(&text, sl_buffer_bytes(&card.bytes));
    bool good = says(*state, "card-signed-text", sl_buffer_bytes(&text));
    good &= says(*state, "card-hash", sl_bytes(card.read.hash, SL_HASH_SIZE));
    sl_card_free(&card.read);
    sl_buffer_free(&card.bytes);
    sl_buffer_free(&text);
    sl_crypto_free(crypto);
    assert_true(good);
}

static struct sl_bytes hash_of(const uint8_t *hash)
{
    return sl_bytes(hash, SL_HASH_SIZE);
}

static void sealing(void **state)
{
    struct example all;
    uint8_t nonce[SL_NONCE_SIZE];
    make_example(&all);
    sl_section_nonce(SL_DOSSIER, nonce);
    const Samenloop__V1__SealedSection *dossier = &all.sections[0];
    bool good = says(*state, "info", sl_bytes(all.info, sizeof all.info));
    good &= says(*state, "recipient", sl_from_pb(all.encapsulations[TO_IMG].recipient));
    good &= says(*state, "enc", sl_from_pb(all.encapsulations[TO_IMG].enc));
    good &= says(*state, "exporter-secret", hash_of(all.contexts[TO_IMG].exporter_secret));
    good &= says(*state, "event-key", sl_bytes(all.keys[TO_IMG], SL_KEY_SIZE));
    good &= says(*state, "nonce", sl_bytes(nonce, sizeof nonce));
    good &= says(*state, "text", all.dossier_text);
    good &= says(*state, "sealed", sl_from_pb(dossier->ciphertexts[0]->sealed));
    good &= says(*state, "digest", sl_from_pb(digest_of(&all, dossier)->digest));
    free_example(&all);
    assert_true(good);
}

static void signature(void **state)
{
    struct example all;
    make_example(&all);
    bool good = says(*state, "header", sl_from_pb(all.envelopes[0].header));
    good &= says(*state, "header-2", sl_from_pb(all.envelopes[1].header));
    good &= says(*state, "leaf", hash_of(all.leaves[0]));
    good &= says(*state, "leaf-2", hash_of(all.leaves[1]));
    good &= says(*state, "root", hash_of(all.root));
    good &= says(*state, "signed-text", sl_buffer_bytes(&all.signed_text));
    good &= says(*state, "signature", sl_from_pb(all.proof.signature));
    free_example(&all);
    assert_true(good);
}

/* ---------------------------------------------------------------- frames */

static void frames(void **state)
{
    struct example all;
    struct sl_buffer hello_bytes = {0};
    struct sl_buffer publish_bytes = {0};
    Samenloop__V1__Hello hello = SAMENLOOP__V1__HELLO__INIT;
    Samenloop__V1__Publish publish = SAMENLOOP__V1__PUBLISH__INIT;
    Samenloop__V1__Place place = SAMENLOOP__V1__PLACE__INIT;
    Samenloop__V1__Place *last[] = {&place};
    make_example(&all);
    hello.version = SL_WIRE_VERSION;
    hello.software = sl_to_pb(sl_text("example"));
    hello.outbox = filled(&all, 0xb1, SL_IDENTITY_SIZE);
    hello.inbox = filled(&all, 0xb2, SL_IDENTITY_SIZE);
    hello.journal = filled(&all, 0xb3, SL_IDENTITY_SIZE);
    place.lane = SAMENLOOP__V1__LANE__LANE_ORDINARY;
    place.number = 41;
    hello.last = last;
    hello.n_last = 1;
    hello.credit = 1000;
    sl_wire_hello(&hello_bytes, &hello);
    publish.lane = SAMENLOOP__V1__LANE__LANE_ORDINARY;
    publish.position = 7;
    publish.bundle = &all.bundle;
    sl_wire_publish(&publish_bytes, &publish);
    bool good = says(*state, "hello", sl_buffer_bytes(&hello_bytes));
    good &= says(*state, "publish", sl_buffer_bytes(&publish_bytes));
    sl_buffer_free(&hello_bytes);
    sl_buffer_free(&publish_bytes);
    free_example(&all);
    assert_true(good);
}

/* What the page shows is not only what was computed: those who receive it take it. */
static const Samenloop__V1__Publish *taken(struct page *page, struct sl_arena *arena)
{
    struct sl_error error = {0};
    for (size_t i = 0; i < page->count; i++) {
        if (strcmp(page->blocks[i].name, "publish") != 0)
            continue;
        const Samenloop__V1__Frame *frame = sl_wire_unpack(
            arena, SL_WIRE_ADAPTER, sl_buffer_bytes(&page->blocks[i].bytes), &error);
        return frame == NULL ? NULL : frame->publish;
    }
    return NULL;
}

static void open_as(struct example *all, const Samenloop__V1__Bundle *bundle, uint8_t key_byte,
                    size_t section, struct sl_bytes wanted)
{
    struct sl_error error = {0};
    struct sl_opener opener;
    struct sl_bytes content = {0};
    EVP_PKEY *key = fixed_key(EVP_PKEY_X25519, key_byte);
    sl_opener_init(&opener, key);
    assert_int_equal(sl_section_open(&opener, all->crypto, &all->arena, bundle->proof,
                                     bundle->envelopes[0], sl_bytes(all->event_id, SL_UUID_SIZE),
                                     bundle->envelopes[0]->sections[section], &content, &error),
                     0);
    assert_true(sl_bytes_equal(content, wanted));
    sl_opener_free(&opener);
    EVP_PKEY_free(key);
}

static void the_bundle_is_taken(void **state)
{
    struct example all;
    struct sl_error error = {0};
    struct sl_directory directory = {0};
    sl_hash leaves[2];
    int participant = -1;
    make_example(&all);
    const Samenloop__V1__Publish *publish = taken(*state, &all.arena);
    assert_non_null(publish);
    assert_int_equal(sl_directory_add(&directory, "ncg", OIN, &error), 0);
    assert_true(sl_directory_keep(&directory, &all.card.read));
    assert_int_equal(sl_bundle_verify(all.crypto, &directory, publish->bundle, at, at, leaves,
                                      &participant, &error),
                     0);
    for (size_t i = 0; i < 2; i++) {
        const Samenloop__V1__Envelope *envelope = publish->bundle->envelopes[i];
        const struct sl_type *type = NULL;
        const Samenloop__V1__Header *header = (const void *)sl_arena_unpack(
            &all.arena, &samenloop__v1__header__descriptor, sl_from_pb(envelope->header));
        assert_non_null(header);
        assert_int_equal(sl_header_check(header, "ncg", &type, &error), 0);
        assert_int_equal(sl_envelope_check(all.crypto, header, envelope, true, &error), 0);
    }
    open_as(&all, publish->bundle, SEALING_IMG, 0, all.dossier);
    open_as(&all, publish->bundle, SEALING_IMG, 1, all.origin);
    open_as(&all, publish->bundle, SEALING_NCG, 1, all.origin);
    all.card.read = (struct sl_card){0}; /* the directory's now */
    sl_directory_free(&directory);
    free_example(&all);
}

static void every_block(void **state)
{
    every_block_was_compared(*state, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(tree),
        cmocka_unit_test(key_card),
        cmocka_unit_test(sealing),
        cmocka_unit_test(signature),
        cmocka_unit_test(frames),
        cmocka_unit_test(the_bundle_is_taken),
        cmocka_unit_test(every_block),
    };
    return cmocka_run_group_tests(tests, read_page, free_page);
}
