/* The contract's building blocks: HPKE against its RFC, trees, moments, identifications, texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "schemas/hpke.h"
#include "schemas/merkle.h"
#include "schemas/subject.h"
#include "schemas/timestamp.h"
#include "schemas/uuid.h"

static size_t hex(const json_t *object, const char *key, uint8_t *out, size_t max)
{
    const char *text = json_string_value(json_object_get(object, key));
    assert_non_null(text);
    size_t size = strlen(text) / 2;
    assert_true(size <= max);
    assert_int_equal(sl_unhex(out, size, sl_text(text)), 0);
    return size;
}

static void expect_hex(const json_t *object, const char *key, const uint8_t *got, size_t size)
{
    uint8_t wanted[256];
    assert_int_equal(hex(object, key, wanted, sizeof wanted), size);
    assert_memory_equal(got, wanted, size);
}

static void check_encryptions(const json_t *vector, const struct sl_hpke *sender,
                              const struct sl_hpke *receiver)
{
    struct sl_crypto *crypto = sl_crypto_new();
    size_t i = 0;
    json_t *one = NULL;
    json_array_foreach(json_object_get(vector, "encryptions"), i, one)
    {
        uint8_t text[128];
        uint8_t aad[64];
        uint8_t sealed[160];
        uint8_t opened[128];
        uint64_t sequence = strtoull(json_string_value(json_object_get(one, "sequence number")),
                                     NULL, 10);
        size_t size = hex(one, "pt", text, sizeof text);
        struct sl_bytes with = sl_bytes(aad, hex(one, "aad", aad, sizeof aad));
        sl_hpke_seal(sender, crypto, sequence, with, sl_bytes(text, size), sealed);
        expect_hex(one, "ct", sealed, size + SL_TAG_SIZE);
        struct sl_bytes all = sl_bytes(sealed, size + SL_TAG_SIZE);
        assert_int_equal(sl_hpke_open(receiver, crypto, sequence, with, all, opened), 0);
        assert_memory_equal(opened, text, size);
        sealed[0] ^= 1;
        assert_int_equal(sl_hpke_open(receiver, crypto, sequence, with, all, opened), -1);
    }
    assert_true(i > 0);
    sl_crypto_free(crypto);
}

static void check_exports(const json_t *vector, const struct sl_hpke *context)
{
    struct sl_mac *exporter = sl_mac_new(context->exporter_secret);
    size_t i = 0;
    json_t *one = NULL;
    json_array_foreach(json_object_get(vector, "exports"), i, one)
    {
        uint8_t with[64];
        uint8_t out[SL_HASH_SIZE];
        size_t size = hex(one, "exporter_context", with, sizeof with);
        sl_hpke_export(context, exporter, sl_bytes(with, size), out, sizeof out);
        expect_hex(one, "exported_value", out, sizeof out);
    }
    assert_true(i > 0);
    sl_mac_free(exporter);
}

static void hpke_follows_rfc_9180(void **state)
{
    (void)state;
    char path[512];
    (void)snprintf(path, sizeof path, "%s/tests/vectors/hpke-rfc9180-base.json", getenv("ROOT"));
    json_t *file = json_load_file(path, 0, NULL);
    assert_non_null(file);
    size_t i = 0;
    json_t *vector = NULL;
    json_array_foreach(json_object_get(file, "vectors"), i, vector)
    {
        uint8_t ephemeral[SL_KEY_SIZE];
        uint8_t receiver[SL_KEY_SIZE];
        uint8_t public_key[SL_KEY_SIZE];
        uint8_t info[64];
        uint8_t enc[SL_HPKE_ENC_SIZE];
        struct sl_hpke sender_context;
        struct sl_hpke receiver_context;
        hex(vector, "skEm", ephemeral, sizeof ephemeral);
        hex(vector, "skRm", receiver, sizeof receiver);
        hex(vector, "pkRm", public_key, sizeof public_key);
        struct sl_bytes with = sl_bytes(info, hex(vector, "info", info, sizeof info));
        enum sl_aead aead = (enum sl_aead)strtol(
            json_string_value(json_object_get(vector, "aead_id")), NULL, 10);
        EVP_PKEY *one_time = sl_key_private(EVP_PKEY_X25519, ephemeral);
        EVP_PKEY *theirs = sl_key_public(EVP_PKEY_X25519, public_key);
        EVP_PKEY *own = sl_key_private(EVP_PKEY_X25519, receiver);
        assert_int_equal(sl_hpke_sender(&sender_context, aead, theirs, with, one_time, enc), 0);
        expect_hex(vector, "enc", enc, sizeof enc);
        expect_hex(vector, "exporter_secret", sender_context.exporter_secret, SL_HASH_SIZE);
        expect_hex(vector, "base_nonce", sender_context.base_nonce, SL_NONCE_SIZE);
        assert_int_equal(sl_hpke_receiver(&receiver_context, aead, own, with, enc), 0);
        check_encryptions(vector, &sender_context, &receiver_context);
        check_exports(vector, &receiver_context);
        EVP_PKEY_free(one_time);
        EVP_PKEY_free(theirs);
        EVP_PKEY_free(own);
    }
    assert_true(i >= 2);
    json_decref(file);
}

/* The tree and proof vectors that Certificate Transparency's implementations share. */
static void trees_follow_rfc_6962(void **state)
{
    (void)state;
    static const char *const inputs[] = {"",
                                         "00",
                                         "10",
                                         "2021",
                                         "3031",
                                         "40414243",
                                         "5051525354555657",
                                         "606162636465666768696a6b6c6d6e6f"};
    struct sl_crypto *crypto = sl_crypto_new();
    sl_hash leaves[8];
    sl_hash root;
    char text[65];
    sl_merkle_root(crypto, root, NULL, 0);
    sl_hex(text, root, sizeof root);
    assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    struct sl_frontier frontier = {0};
    for (size_t i = 0; i < 8; i++) {
        uint8_t data[16];
        size_t size = strlen(inputs[i]) / 2;
        assert_int_equal(sl_unhex(data, size, sl_text(inputs[i])), 0);
        sl_merkle_leaf(crypto, leaves[i], sl_bytes(data, size));
        sl_frontier_add(crypto, &frontier, leaves[i]);
        sl_hash grown;
        sl_merkle_root(crypto, root, (const sl_hash *)leaves, i + 1);
        sl_frontier_root(crypto, &frontier, grown);
        assert_memory_equal(root, grown, sizeof root);
    }
    sl_hex(text, root, sizeof root);
    assert_string_equal(text, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
    sl_crypto_free(crypto);
}

static void every_subset_of_a_tree_is_proven(void **state)
{
    (void)state;
    enum { MOST = 9 };
    struct sl_crypto *crypto = sl_crypto_new();
    sl_hash leaves[MOST];
    for (uint8_t i = 0; i < MOST; i++)
        sl_merkle_leaf(crypto, leaves[i], sl_bytes(&i, 1));
    for (size_t size = 1; size <= MOST; size++) {
        sl_hash root;
        sl_merkle_root(crypto, root, (const sl_hash *)leaves, size);
        for (uint32_t set = 1; set < 1u << size; set++) {
            uint32_t indices[MOST];
            sl_hash some[MOST];
            size_t count = 0;
            for (uint32_t i = 0; i < size; i++) {
                if ((set >> i & 1) != 0) {
                    memcpy(some[count], leaves[i], SL_HASH_SIZE);
                    indices[count++] = i;
                }
            }
            struct sl_buffer nodes = {0};
            sl_hash got;
            sl_merkle_prove(crypto, (const sl_hash *)leaves, size, indices, count, &nodes);
            assert_int_equal(sl_merkle_recompute(crypto, got, (const sl_hash *)some, size, indices,
                                                 count, sl_buffer_bytes(&nodes)),
                             0);
            assert_memory_equal(got, root, sizeof root);
            struct sl_path paths[MOST];
            assert_int_equal(sl_merkle_paths(crypto, paths, (const sl_hash *)some, size, indices,
                                             count, sl_buffer_bytes(&nodes)),
                             0);
            for (size_t i = 0; i < count; i++) {
                struct sl_buffer alone = {0};
                sl_merkle_prove(crypto, (const sl_hash *)leaves, size, &indices[i], 1, &alone);
                assert_int_equal(paths[i].count * SL_HASH_SIZE, alone.size);
                if (alone.size > 0)
                    assert_memory_equal(paths[i].nodes, alone.data, alone.size);
                sl_buffer_free(&alone);
            }
            some[count - 1][0] ^= 1;
            assert_int_equal(sl_merkle_recompute(crypto, got, (const sl_hash *)some, size, indices,
                                                 count, sl_buffer_bytes(&nodes)),
                             0);
            assert_memory_not_equal(got, root, sizeof root);
            sl_buffer_add(&nodes, root, sizeof root);
            assert_int_equal(sl_merkle_recompute(crypto, got, (const sl_hash *)some, size, indices,
                                                 count, sl_buffer_bytes(&nodes)),
                             -1);
            sl_buffer_free(&nodes);
        }
    }
    sl_crypto_free(crypto);
}

static void moments_are_read_and_written(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        const char *out; /* NULL: no moment */
    } cases[] = {
        {"2021-02-01T09:00:00Z", "2021-02-01T09:00:00Z"},
        {"2021-02-01T10:00:00+01:00", "2021-02-01T09:00:00Z"},
        {"2021-02-01t09:00:00.25z", "2021-02-01T09:00:00.250Z"},
        {"2024-02-29T23:59:60Z", "2024-03-01T00:00:00Z"},
        {"2021-02-29T00:00:00Z", NULL},
        {"2021-02-01T09:00Z", NULL},
        {"2021-02-01 09:00:00Z", NULL},
        {"2021-02-01T09:00:00", NULL},
        {"2021-02-01T09:00:00.Z", NULL},
        {"2021-02-01T24:00:00Z", NULL},
        {"1969-12-31T23:59:59Z", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t at = 0;
        char text[SL_TIMESTAMP_SIZE];
        assert_int_equal(sl_timestamp_parse(&at, sl_text(cases[i].in)), cases[i].out ? 0 : -1);
        if (cases[i].out != NULL) {
            sl_timestamp_format(text, at);
            assert_string_equal(text, cases[i].out);
        }
    }
}

static void only_addresses_are_subjects(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        bool building;
        const char *says; /* NULL: good */
    } cases[] = {
        {"0014200000000001", false, NULL},
        {"0014100000000001", true, NULL},
        {"0014010000000001", false, "verblijfsobject"},
        {"0014100000000001", false, "subject_kind building"},
        {"0014200000000001", true, "pand is wanted"},
        {"14200000000001", false, "zeros lost"},
        {"001420000000000a", false, "16 digits"},
        {"0014990000000001", false, "no object type"},
        {"0014200000000000", false, "zero"},
        {"", false, "16 digits"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sl_error error = {0};
        int result = sl_bag_check(sl_text(cases[i].id), cases[i].building, &error);
        assert_int_equal(result, cases[i].says == NULL ? 0 : -1);
        if (cases[i].says != NULL)
            assert_non_null(strstr(error.text, cases[i].says));
    }
}

static void pseudonyms_are_hmacs(void **state)
{
    (void)state;
    uint8_t key[SL_KEY_SIZE] = {0};
    uint8_t out[SL_PSEUDONYM_SIZE];
    uint8_t again[SL_HASH_SIZE];
    struct sl_bytes id = sl_text("0014209999000001");
    struct sl_mac *mac = sl_mac_new(key);
    sl_pseudonym(mac, out, id);
    sl_pseudonym(mac, out, id);
    sl_hmac(again, sl_bytes(key, sizeof key), &id, 1);
    assert_memory_equal(out, again, sizeof out);
    sl_mac_free(mac);
}

static void uuids_are_read_and_made(void **state)
{
    (void)state;
    uint8_t uuid[SL_UUID_SIZE];
    char text[SL_UUID_TEXT];
    assert_int_equal(sl_uuid_parse(uuid, sl_text("01000000-0000-4000-8000-00000000ABCD")), 0);
    sl_uuid_format(text, uuid);
    assert_string_equal(text, "01000000-0000-4000-8000-00000000abcd");
    assert_int_equal(sl_uuid_parse(uuid, sl_text("01000000000040008000000000000001")), -1);
    assert_int_equal(sl_uuid_parse(uuid, sl_text("01000000-0000-4000-8000-00000000000g")), -1);
    struct sl_bytes name[] = {sl_text("a"), sl_text("b")};
    sl_uuid_from_name(uuid, name, 2);
    assert_int_equal(uuid[6] >> 4, 5);
    assert_int_equal(uuid[8] >> 6, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hpke_follows_rfc_9180),
        cmocka_unit_test(trees_follow_rfc_6962),
        cmocka_unit_test(every_subset_of_a_tree_is_proven),
        cmocka_unit_test(moments_are_read_and_written),
        cmocka_unit_test(only_addresses_are_subjects),
        cmocka_unit_test(pseudonyms_are_hmacs),
        cmocka_unit_test(uuids_are_read_and_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
