/* Trees: the vectors of RFC 6962, every subset proven, proofs of a wrong form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "schemas/merkle.h"

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
    for (uint8_t i = 0; (int)i < (int)MOST; i++)
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

/* Indices that repeat, fall or lie beyond the tree; a tree of none; nodes of another length. */
static void wrong_proofs_are_refused(void **state)
{
    (void)state;
    struct sl_crypto *crypto = sl_crypto_new();
    sl_hash leaves[4] = {{1}, {2}, {3}, {4}};
    sl_hash nodes[4] = {{5}};
    sl_hash root;
    static const struct {
        size_t size;
        uint32_t indices[2];
        size_t count;
        size_t nodes; /* bytes */
        int result;
    } cases[] = {
        {4, {0, 1}, 2, 32, 0},  {4, {1, 1}, 2, 32, -1}, {4, {1, 0}, 2, 32, -1},
        {4, {0, 4}, 2, 32, -1}, {0, {0}, 1, 0, -1},     {4, {0}, 0, 32, -1},
        {1, {0, 1}, 2, 0, -1},  {4, {0, 1}, 2, 0, -1},  {4, {0, 1}, 2, 31, -1},
        {4, {0, 1}, 2, 33, -1}, {4, {0, 1}, 2, 64, -1}, {4, {0, UINT32_MAX}, 2, 32, -1},
        {1, {0}, 1, 0, 0},      {1, {0}, 1, 32, -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(sl_merkle_recompute(crypto, root, (const sl_hash *)leaves, cases[i].size,
                                             cases[i].indices, cases[i].count,
                                             sl_bytes(nodes, cases[i].nodes)),
                         cases[i].result);
    sl_crypto_free(crypto);
}

/* Every growth of small trees is proven, by the proof that the leaves would give, to whoever knows
 * both roots; a proof with a bit, a node more or less, or of another size proves nothing. */
static void every_growth_is_proven(void **state)
{
    (void)state;
    enum { MOST = 70 };
    struct sl_crypto *crypto = sl_crypto_new();
    sl_hash leaves[MOST];
    sl_hash roots[MOST + 1];
    struct sl_frontier grown[MOST + 1] = {{0}};
    for (uint8_t i = 0; (int)i < (int)MOST; i++) {
        sl_merkle_leaf(crypto, leaves[i], sl_bytes(&i, 1));
        grown[i + 1] = grown[i];
        sl_frontier_add(crypto, &grown[i + 1], leaves[i]);
    }
    for (size_t size = 0; size <= MOST; size++)
        sl_merkle_root(crypto, roots[size], (const sl_hash *)leaves, size);
    for (size_t before = 0; before <= MOST; before++) {
        struct sl_growth growth;
        struct sl_frontier now = grown[before];
        sl_growth_begin(&growth, &now);
        for (size_t size = before; size <= MOST; size++) {
            struct sl_buffer nodes = {0};
            sl_growth_prove(crypto, &growth, &now, &nodes);
            struct sl_bytes proof = sl_buffer_bytes(&nodes);
            assert_int_equal(
                sl_merkle_extends(crypto, before, roots[before], size, roots[size], proof), 0);
            if (before > 0 && before < size) {
                roots[before][5] ^= 1;
                assert_int_equal(
                    sl_merkle_extends(crypto, before, roots[before], size, roots[size], proof), -1);
                roots[before][5] ^= 1;
                assert_int_equal(
                    sl_merkle_extends(crypto, before, roots[before], size, roots[size - 1], proof),
                    -1);
                assert_int_equal(
                    sl_merkle_extends(crypto, size, roots[size], before, roots[before], proof), -1);
                nodes.data[nodes.size - 7] ^= 1;
                assert_int_equal(
                    sl_merkle_extends(crypto, before, roots[before], size, roots[size], proof), -1);
                nodes.data[nodes.size - 7] ^= 1;
                assert_int_equal(sl_merkle_extends(crypto, before, roots[before], size, roots[size],
                                                   sl_bytes(proof.data, proof.size - SL_HASH_SIZE)),
                                 -1);
                sl_buffer_add(&nodes, roots[0], SL_HASH_SIZE);
                assert_int_equal(sl_merkle_extends(crypto, before, roots[before], size, roots[size],
                                                   sl_buffer_bytes(&nodes)),
                                 -1);
            }
            sl_buffer_free(&nodes);
            if (size < MOST)
                sl_frontier_grow(crypto, &now, leaves[size], &growth);
        }
    }
    assert_int_equal(sl_merkle_extends(crypto, 3, roots[3], 3, roots[4], sl_bytes(NULL, 0)), -1);
    sl_crypto_free(crypto);
}

/* An inner node is no leaf: the data of a leaf that looks like one hashes otherwise. */
static void an_inner_node_is_no_leaf(void **state)
{
    (void)state;
    struct sl_crypto *crypto = sl_crypto_new();
    sl_hash leaves[2];
    sl_hash root;
    sl_hash forged;
    sl_merkle_leaf(crypto, leaves[0], sl_text("a"));
    sl_merkle_leaf(crypto, leaves[1], sl_text("b"));
    sl_merkle_root(crypto, root, (const sl_hash *)leaves, 2);
    sl_merkle_leaf(crypto, forged, sl_bytes(leaves, sizeof leaves));
    assert_memory_not_equal(forged, root, sizeof root);
    sl_crypto_free(crypto);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_follow_rfc_6962),
        cmocka_unit_test(every_subset_of_a_tree_is_proven),
        cmocka_unit_test(wrong_proofs_are_refused),
        cmocka_unit_test(every_growth_is_proven),
        cmocka_unit_test(an_inner_node_is_no_leaf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
