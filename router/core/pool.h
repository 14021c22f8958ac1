/*
 * Items of one size, known by a handle (from 1; 0 is none) that stays the same; memory comes in
 * chunks and items do not move. Begin with {.size = sizeof item}.
 */
#ifndef POOL_H
#define POOL_H

#include <stddef.h>
#include <stdint.h>

struct image;

enum { POOL_CHUNK = 256 };

struct pool {
    size_t size;
    uint8_t **chunks;
    size_t chunk_count;
    size_t chunk_capacity;
    uint32_t used; /* handles ever given */
    uint32_t free; /* the first of those that came back */
    size_t count;  /* items that are there */
};

void pool_free(struct pool *pool);
uint32_t pool_take(struct pool *pool); /* zeroed */
void pool_give(struct pool *pool, uint32_t handle);
/* Into an empty one. `clean` takes out of a copy of an item, there or not, what only this process
 * can understand; NULL: nothing. */
void pool_image(struct pool *pool, struct image *image, void (*clean)(void *item));
size_t pool_bytes(const struct pool *pool);

static inline void *pool_at(const struct pool *pool, uint32_t handle)
{
    uint32_t place = handle - 1;
    return pool->chunks[place / POOL_CHUNK] + place % POOL_CHUNK * pool->size;
}

#endif
