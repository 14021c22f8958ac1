/*
 * State on its way to or from stable storage: one function a part moves its bytes either way, so
 * that writing and reading cannot differ. Bytes are those of memory: an image is good for the
 * program that wrote it, which whoever keeps it checks (snapshot.h).
 *
 * What is read was written by this program, and is whole: its checksum is right. So counts are
 * bounded by what is left, and nothing else is looked at. What failed once fails to the end;
 * nothing more is moved then, and what is read is zeros.
 */
#ifndef CORE_IMAGE_H
#define CORE_IMAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "schemas/bytes.h"

struct image {
    void (*move)(struct image *image, void *data, size_t size); /* sets `failed` */
    bool reading;
    bool failed;
    uint64_t left; /* reading: bytes that are still there */
};

static inline void image_bytes(struct image *image, void *data, size_t size)
{
    if (image->reading && size > image->left)
        image->failed = true;
    if (!image->failed && size > 0)
        image->move(image, data, size);
    else if (image->reading && size > 0)
        memset(data, 0, size);
    if (image->reading && !image->failed)
        image->left -= size;
}

#define IMAGE(image, thing) image_bytes(image, &(thing), sizeof(thing))

/* A list and its count; when it is read, memory is taken for it (the old list is not freed). */
static inline void *image_list(struct image *image, void *list, size_t *count, size_t item)
{
    uint64_t items = *count;
    IMAGE(image, items);
    if (image->reading) {
        if (items > image->left / item)
            image->failed = true;
        *count = image->failed ? 0 : (size_t)items;
        list = *count > 0 ? sl_new(*count, item) : NULL;
    }
    image_bytes(image, list, *count * item);
    return list;
}

#endif
