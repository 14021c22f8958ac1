#include "router/core/pool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "router/core/image.h"

void pool_free(struct pool *pool)
{
    for (size_t i = 0; i < pool->chunk_count; i++)
        free(pool->chunks[i]);
    free(pool->chunks);
    *pool = (struct pool){.size = pool->size};
}

uint32_t pool_take(struct pool *pool)
{
    uint32_t handle = pool->free;
    pool->count++;
    if (handle != 0) { /* a free item begins with the handle of the next, and is zeros else */
        memcpy(&pool->free, pool_at(pool, handle), sizeof pool->free);
        memset(pool_at(pool, handle), 0, sizeof pool->free);
        return handle;
    }
    if (pool->used == pool->chunk_count * POOL_CHUNK) {
        pool->chunks = sl_grow(pool->chunks, &pool->chunk_capacity, pool->chunk_count + 1,
                               sizeof *pool->chunks);
        pool->chunks[pool->chunk_count++] = sl_new(POOL_CHUNK, pool->size);
    }
    return ++pool->used;
}

void pool_give(struct pool *pool, uint32_t handle)
{
    assert(handle > 0 && handle <= pool->used);
    memset(pool_at(pool, handle), 0, pool->size);
    memcpy(pool_at(pool, handle), &pool->free, sizeof pool->free);
    pool->free = handle;
    pool->count--;
}

enum { POOL_ITEM_MAX = 256 };

void pool_image(struct pool *pool, struct image *image, void (*clean)(void *item))
{
    uint32_t used = pool->used;
    uint64_t item[POOL_ITEM_MAX / sizeof(uint64_t)];
    assert(pool->size <= sizeof item);
    IMAGE(image, pool->free);
    IMAGE(image, pool->count);
    IMAGE(image, used);
    for (uint32_t handle = 1; handle <= used && !image->failed; handle++) {
        if (image->reading && pool->used == pool->chunk_count * POOL_CHUNK) {
            pool->chunks = sl_grow(pool->chunks, &pool->chunk_capacity, pool->chunk_count + 1,
                                   sizeof *pool->chunks);
            pool->chunks[pool->chunk_count++] = sl_new(POOL_CHUNK, pool->size);
        }
        if (image->reading)
            pool->used++;
        memcpy(item, pool_at(pool, handle), pool->size);
        if (!image->reading && clean != NULL)
            clean(item);
        image_bytes(image, item, pool->size);
        if (image->reading)
            memcpy(pool_at(pool, handle), item, pool->size);
    }
}

size_t pool_bytes(const struct pool *pool)
{
    return pool->chunk_count * POOL_CHUNK * pool->size +
           pool->chunk_capacity * sizeof *pool->chunks;
}
