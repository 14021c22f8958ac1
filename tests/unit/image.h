/* An image into a buffer, and out of it again; and what its tests compare by. After cmocka.h. */
#ifndef TESTS_IMAGE_H
#define TESTS_IMAGE_H

#include "router/core/core.h"
#include "router/core/image.h"

struct held {
    struct image image;
    struct sl_buffer bytes;
    size_t at;
};

static inline void held_put(struct image *image, void *data, size_t size)
{
    sl_buffer_add(&((struct held *)image)->bytes, data, size);
}

static inline void held_get(struct image *image, void *data, size_t size)
{
    struct held *held = (struct held *)image;
    memcpy(data, held->bytes.data + held->at, size);
    held->at += size;
}

static inline struct image *held_write(struct held *held)
{
    *held = (struct held){.image = {.move = held_put}};
    return &held->image;
}

static inline struct image *held_read(struct held *held)
{
    held->at = 0;
    held->image = (struct image){.move = held_get, .reading = true, .left = held->bytes.size};
    return &held->image;
}

static inline const char *root(void)
{
    const char *set = getenv("ROOT");
    return set == NULL ? "." : set;
}

static inline void write_lines_of(struct sl_buffer *out, const struct core_decision *decision)
{
    for (size_t i = 0; i < decision->line_count; i++)
        core_line_write(out, &decision->lines[i]);
}

static inline void same(const struct sl_buffer *a, const struct sl_buffer *b)
{
    assert_int_equal(a->size, b->size);
    assert_memory_equal(a->data, b->data, a->size);
}

#endif
