/*
 * Merkle trees as RFC 6962, section 2.1, hashes them: a leaf is SHA-256(00 || data), a node
 * SHA-256(01 || left || right), a tree splits at the largest power of two below its size.
 */
#ifndef SL_MERKLE_H
#define SL_MERKLE_H

#include "schemas/crypto.h"

typedef uint8_t sl_hash[SL_HASH_SIZE];

void sl_merkle_leaf(struct sl_crypto *crypto, sl_hash out, struct sl_bytes data);

/* The root over `size` leaf hashes; of none it is SHA-256 of nothing. */
void sl_merkle_root(struct sl_crypto *crypto, sl_hash out, const sl_hash *leaves, size_t size);

/*
 * Proof that some leaves (at `indices`, strictly rising, at least one) stand in a tree: the hashes
 * that are wanted beside them. Where only one half of a tree holds proven leaves, that half comes
 * first, then the other half's hash; so for a single leaf this is PATH of RFC 6962, 2.1.1.
 * Appends the hashes to `nodes`.
 */
void sl_merkle_prove(struct sl_crypto *crypto, const sl_hash *leaves, size_t size,
                     const uint32_t *indices, size_t count, struct sl_buffer *nodes);

/* The root that proven leaf hashes and nodes give; -1 when indices or number of nodes are wrong. */
int sl_merkle_recompute(struct sl_crypto *crypto, sl_hash out, const sl_hash *leaves, size_t size,
                        const uint32_t *indices, size_t count, struct sl_bytes nodes);

enum { SL_PATH_MAX = 10 }; /* hashes in the path of a leaf, in a tree of at most SL_MAX_BATCH */

/* The path of a leaf (PATH of RFC 6962, 2.1.1): the proof of this leaf alone. */
struct sl_path {
    size_t count;
    sl_hash nodes[SL_PATH_MAX];
};

/*
 * The paths of all proven leaves, made from their common proof in one pass; `paths` has room for
 * `count`. -1 as sl_merkle_recompute, and when the tree has more than SL_MAX_BATCH leaves.
 */
int sl_merkle_paths(struct sl_crypto *crypto, struct sl_path *paths, const sl_hash *leaves,
                    size_t size, const uint32_t *indices, size_t count, struct sl_bytes nodes);

/* A tree that grows: only the roots of its complete subtrees are kept. Begin with {0}. */
struct sl_frontier {
    uint64_t size;
    sl_hash roots[64]; /* roots[n] stands where bit n of size is set */
};

void sl_frontier_add(struct sl_crypto *crypto, struct sl_frontier *frontier, const sl_hash leaf);
void sl_frontier_root(struct sl_crypto *crypto, const struct sl_frontier *frontier, sl_hash out);

/*
 * What a frontier grew by: with it, and at no further hash, can be proven that the tree of now has
 * that of before as its beginning (RFC 6962, 2.1.2), without the leaves of either. Leaves that are
 * added by sl_frontier_grow are seen by it; others it knows nothing of.
 */
struct sl_growth {
    struct sl_frontier before;
    sl_hash flank[64]; /* of each level the complete subtree right of the last leaf of before */
};

void sl_growth_begin(struct sl_growth *growth, const struct sl_frontier *before);
void sl_frontier_grow(struct sl_crypto *crypto, struct sl_frontier *frontier, const sl_hash leaf,
                      struct sl_growth *growth);

/* Appends the proof to `nodes`: none where `before` is empty, or nothing was added. */
void sl_growth_prove(struct sl_crypto *crypto, const struct sl_growth *growth,
                     const struct sl_frontier *now, struct sl_buffer *nodes);

/* Is a tree of `size` leaves with this root what a tree of `before` leaves with that root grew to?
 * 0, or -1: it is not, or the nodes do not prove it. */
int sl_merkle_extends(struct sl_crypto *crypto, uint64_t before, const sl_hash before_root,
                      uint64_t size, const sl_hash root, struct sl_bytes nodes);

#endif
