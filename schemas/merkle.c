#include "schemas/merkle.h"

#include <assert.h>
#include <string.h>

void sl_merkle_leaf(struct sl_crypto *crypto, sl_hash out, struct sl_bytes data)
{
    struct sl_bytes pieces[] = {sl_bytes("\0", 1), data};
    sl_sha256(crypto, out, pieces, 2);
}

static void node(struct sl_crypto *crypto, sl_hash out, const sl_hash left, const sl_hash right)
{
    struct sl_bytes pieces[] = {sl_bytes("\x01", 1), sl_bytes(left, SL_HASH_SIZE),
                                sl_bytes(right, SL_HASH_SIZE)};
    sl_sha256(crypto, out, pieces, 3);
}

/* The largest power of two below size, which is at least 2. */
static size_t half(size_t size)
{
    size_t k = 1;
    while (k * 2 < size)
        k *= 2;
    return k;
}

void sl_merkle_root(struct sl_crypto *crypto, sl_hash out, const sl_hash *leaves, size_t size)
{
    if (size == 0) {
        sl_sha256(crypto, out, NULL, 0);
    } else if (size == 1) {
        memcpy(out, leaves[0], SL_HASH_SIZE);
    } else {
        size_t k = half(size);
        sl_hash left;
        sl_hash right;
        sl_merkle_root(crypto, left, leaves, k);
        sl_merkle_root(crypto, right, leaves + k, size - k);
        node(crypto, out, left, right);
    }
}

/* How many of the rising indices are below `bound`. */
static size_t below(const uint32_t *indices, size_t count, size_t bound)
{
    size_t n = 0;
    while (n < count && indices[n] < bound)
        n++;
    return n;
}

static void prove(struct sl_crypto *crypto, const sl_hash *leaves, size_t first, size_t size,
                  const uint32_t *indices, size_t count, struct sl_buffer *nodes)
{
    if (count == size)
        return;
    if (count == 0) {
        sl_merkle_root(crypto, (uint8_t *)sl_buffer_extend(nodes, SL_HASH_SIZE), leaves + first,
                       size);
        return;
    }
    size_t k = half(size);
    size_t left = below(indices, count, first + k);
    if (left == 0) {
        prove(crypto, leaves, first + k, size - k, indices, count, nodes);
        prove(crypto, leaves, first, k, indices, 0, nodes);
    } else {
        prove(crypto, leaves, first, k, indices, left, nodes);
        prove(crypto, leaves, first + k, size - k, indices + left, count - left, nodes);
    }
}

void sl_merkle_prove(struct sl_crypto *crypto, const sl_hash *leaves, size_t size,
                     const uint32_t *indices, size_t count, struct sl_buffer *nodes)
{
    assert(count > 0 && indices[count - 1] < size);
    prove(crypto, leaves, 0, size, indices, count, nodes);
}

/* What is left of a proof while its root is computed. */
struct proof {
    struct sl_crypto *crypto;
    const sl_hash *leaves;
    const uint32_t *indices;
    struct sl_bytes nodes;
    struct sl_path *paths; /* of the leaves that are left; NULL: not wanted */
};

/* These leaves' paths go by this node. */
static void lead(struct sl_path *paths, size_t count, const sl_hash sibling)
{
    for (size_t i = 0; paths != NULL && i < count; i++)
        memcpy(paths[i].nodes[paths[i].count++], sibling, SL_HASH_SIZE);
}

static int recompute(struct proof *proof, sl_hash out, size_t first, size_t size, size_t count)
{
    if (count == 0) {
        if (proof->nodes.size < SL_HASH_SIZE)
            return -1;
        memcpy(out, proof->nodes.data, SL_HASH_SIZE);
        proof->nodes.data += SL_HASH_SIZE;
        proof->nodes.size -= SL_HASH_SIZE;
        return 0;
    }
    if (size == 1) {
        memcpy(out, *proof->leaves++, SL_HASH_SIZE);
        proof->indices++;
        if (proof->paths != NULL)
            proof->paths++->count = 0;
        return 0;
    }
    size_t k = half(size);
    size_t left = below(proof->indices, count, first + k);
    struct sl_path *paths = proof->paths;
    sl_hash a;
    sl_hash b;
    if (left == 0) {
        if (recompute(proof, b, first + k, size - k, count) < 0 ||
            recompute(proof, a, first, k, 0) < 0)
            return -1;
    } else if (recompute(proof, a, first, k, left) < 0 ||
               recompute(proof, b, first + k, size - k, count - left) < 0) {
        return -1;
    }
    node(proof->crypto, out, a, b);
    lead(paths, left, b);
    lead(paths == NULL ? NULL : paths + left, count - left, a);
    return 0;
}

static int rising(const uint32_t *indices, size_t count, size_t size)
{
    if (count == 0 || count > size)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (indices[i] >= size || (i > 0 && indices[i] <= indices[i - 1]))
            return -1;
    }
    return 0;
}

int sl_merkle_recompute(struct sl_crypto *crypto, sl_hash out, const sl_hash *leaves, size_t size,
                        const uint32_t *indices, size_t count, struct sl_bytes nodes)
{
    if (rising(indices, count, size) < 0)
        return -1;
    struct proof proof = {crypto, leaves, indices, nodes, NULL};
    return recompute(&proof, out, 0, size, count) == 0 && proof.nodes.size == 0 ? 0 : -1;
}

int sl_merkle_paths(struct sl_crypto *crypto, struct sl_path *paths, const sl_hash *leaves,
                    size_t size, const uint32_t *indices, size_t count, struct sl_bytes nodes)
{
    sl_hash root;
    if (size > (size_t)1 << SL_PATH_MAX || rising(indices, count, size) < 0)
        return -1;
    struct proof proof = {crypto, leaves, indices, nodes, paths};
    return recompute(&proof, root, 0, size, count) == 0 && proof.nodes.size == 0 ? 0 : -1;
}

/* Does a subtree of `carry_size` leaves that ends with leaf `last` stand right behind those of
 * before, as the sibling of one that holds the last of them? */
static bool is_flank(const struct sl_growth *growth, uint64_t last, uint64_t carry_size)
{
    uint64_t begin = last + 1 - carry_size;
    return growth != NULL && growth->before.size <= begin &&
           growth->before.size > begin - carry_size;
}

void sl_frontier_grow(struct sl_crypto *crypto, struct sl_frontier *frontier, const sl_hash leaf,
                      struct sl_growth *growth)
{
    sl_hash carry;
    memcpy(carry, leaf, SL_HASH_SIZE);
    int level = 0;
    for (; (frontier->size >> level & 1) != 0; level++) {
        if (is_flank(growth, frontier->size, UINT64_C(1) << level))
            memcpy(growth->flank[level], carry, SL_HASH_SIZE);
        node(crypto, carry, frontier->roots[level], carry);
    }
    memcpy(frontier->roots[level], carry, SL_HASH_SIZE);
    frontier->size++;
}

void sl_frontier_add(struct sl_crypto *crypto, struct sl_frontier *frontier, const sl_hash leaf)
{
    sl_frontier_grow(crypto, frontier, leaf, NULL);
}

void sl_frontier_root(struct sl_crypto *crypto, const struct sl_frontier *frontier, sl_hash out)
{
    if (frontier->size == 0) {
        sl_sha256(crypto, out, NULL, 0);
        return;
    }
    bool begun = false;
    for (int level = 0; level < 64; level++) {
        if ((frontier->size >> level & 1) == 0)
            continue;
        if (begun)
            node(crypto, out, frontier->roots[level], out);
        else
            memcpy(out, frontier->roots[level], SL_HASH_SIZE);
        begun = true;
    }
}

/* ---------------------------------------------------------------- growth */

void sl_growth_begin(struct sl_growth *growth, const struct sl_frontier *before)
{
    growth->before = *before;
}

/* The root over the leaves behind the last complete subtree of this level. */
static void tail(struct sl_crypto *crypto, const struct sl_frontier *now, int level, sl_hash out)
{
    struct sl_frontier rest = *now;
    rest.size &= (UINT64_C(1) << level) - 1;
    sl_frontier_root(crypto, &rest, out);
}

static int lowest_bit(uint64_t size)
{
    int level = 0;
    while ((size >> level & 1) == 0)
        level++;
    return level;
}

/*
 * Up from the last complete subtree of before: at each level its sibling, which is one of before
 * where it stands left; else it is new, and complete but for the last of a level.
 */
void sl_growth_prove(struct sl_crypto *crypto, const struct sl_growth *growth,
                     const struct sl_frontier *now, struct sl_buffer *nodes)
{
    const struct sl_frontier *before = &growth->before;
    if (before->size == 0 || before->size == now->size)
        return;
    int level = lowest_bit(before->size);
    if ((before->size & (before->size - 1)) != 0)
        sl_buffer_add(nodes, before->roots[level], SL_HASH_SIZE);
    uint64_t at = (before->size - 1) >> level;
    uint64_t last = (now->size - 1) >> level;
    for (; last > 0; at >>= 1, last >>= 1, level++) {
        bool whole = at + 1 < last || (now->size & ((UINT64_C(1) << level) - 1)) == 0;
        if ((at & 1) != 0)
            sl_buffer_add(nodes, before->roots[level], SL_HASH_SIZE);
        else if (at < last && whole)
            sl_buffer_add(nodes, growth->flank[level], SL_HASH_SIZE);
        else if (at < last)
            tail(crypto, now, level, (uint8_t *)sl_buffer_extend(nodes, SL_HASH_SIZE));
    }
}

/* The next node of a proof; NULL: there is none. */
static const uint8_t *next_node(struct sl_bytes *nodes)
{
    const uint8_t *node = nodes->data;
    if (nodes->size < SL_HASH_SIZE)
        return NULL;
    *nodes = sl_bytes(node + SL_HASH_SIZE, nodes->size - SL_HASH_SIZE);
    return node;
}

int sl_merkle_extends(struct sl_crypto *crypto, uint64_t before, const sl_hash before_root,
                      uint64_t size, const sl_hash root, struct sl_bytes nodes)
{
    sl_hash old;
    sl_hash new;
    if (before == 0 || before >= size)
        return before <= size && nodes.size == 0 &&
                       (before == 0 || memcmp(before_root, root, SL_HASH_SIZE) == 0)
                   ? 0
                   : -1;
    int level = lowest_bit(before);
    const uint8_t *first = (before & (before - 1)) == 0 ? before_root : next_node(&nodes);
    if (first == NULL)
        return -1;
    memcpy(old, first, SL_HASH_SIZE);
    memcpy(new, first, SL_HASH_SIZE);
    uint64_t at = (before - 1) >> level;
    uint64_t last = (size - 1) >> level;
    for (; last > 0; at >>= 1, last >>= 1) {
        if ((at & 1) == 0 && at == last)
            continue;
        const uint8_t *sibling = next_node(&nodes);
        if (sibling == NULL)
            return -1;
        if ((at & 1) != 0) {
            node(crypto, old, sibling, old);
            node(crypto, new, sibling, new);
        } else {
            node(crypto, new, new, sibling);
        }
    }
    return nodes.size == 0 && memcmp(old, before_root, SL_HASH_SIZE) == 0 &&
                   memcmp(new, root, SL_HASH_SIZE) == 0
               ? 0
               : -1;
}
