/* Views of bytes, growing buffers, and memory that is given back all at once. */
#ifndef SL_BYTES_H
#define SL_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <protobuf-c/protobuf-c.h>

/* Bytes that somebody else owns. */
struct sl_bytes {
    const uint8_t *data;
    size_t size;
};

static inline struct sl_bytes sl_bytes(const void *data, size_t size)
{
    return (struct sl_bytes){data, size};
}

static inline struct sl_bytes sl_text(const char *text) /* without the final NUL */
{
    return sl_bytes(text, strlen(text));
}

static inline struct sl_bytes sl_from_pb(ProtobufCBinaryData data)
{
    return sl_bytes(data.data, data.data != NULL ? data.len : 0);
}

/* For reading only: protobuf-c knows no const. */
static inline ProtobufCBinaryData sl_to_pb(struct sl_bytes bytes)
{
    return (ProtobufCBinaryData){.len = bytes.size, .data = (uint8_t *)(uintptr_t)bytes.data};
}

static inline bool sl_bytes_equal(struct sl_bytes a, struct sl_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool sl_bytes_is(struct sl_bytes a, const char *text)
{
    if (a.size > 0 && a.data[0] != (uint8_t)text[0]) /* as nearly always, when a name is sought */
        return false;
    return sl_bytes_equal(a, sl_text(text));
}

/* UTF-8 from end to end (RFC 3629)? */
bool sl_bytes_utf8(struct sl_bytes a);

/* Are these bytes UTF-8 without control characters and non-characters (CloudEvents 1.0, 3.1)? */
bool sl_bytes_printable(struct sl_bytes a);

/* Memory that the process cannot do without: zeroed, never NULL. The caller frees it. */
void *sl_new(size_t count, size_t size);
/* The same in whole pages, which go back to the system when they are freed, by their size: for what
 * is large, and would leave holes among what is small. */
void *sl_pages_new(size_t size);
void sl_pages_free(void *pages, size_t size);
/* Grows an array to hold at least `wanted` elements; the old pointer is gone. */
void *sl_grow(void *array, size_t *capacity, size_t wanted, size_t size);

/* A buffer that grows; begin with {0}, end with sl_buffer_free. */
struct sl_buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
};

void sl_buffer_free(struct sl_buffer *buffer);
void sl_buffer_clear(struct sl_buffer *buffer);             /* keeps the memory */
void sl_buffer_grow(struct sl_buffer *buffer, size_t size); /* room for more bytes, and a NUL */

/* New bytes, uninitialised; a NUL has room behind them. */
static inline uint8_t *sl_buffer_extend(struct sl_buffer *buffer, size_t size)
{
    if (size >= buffer->capacity - buffer->size)
        sl_buffer_grow(buffer, size);
    uint8_t *at = buffer->data + buffer->size;
    buffer->size += size;
    return at;
}

static inline void sl_buffer_add(struct sl_buffer *buffer, const void *data, size_t size)
{
    uint8_t *at = sl_buffer_extend(buffer, size);
    if (size > 0)
        memcpy(at, data, size);
}

void sl_buffer_add_number(struct sl_buffer *buffer, uint64_t number); /* its decimal digits */
void sl_buffer_add_integer(struct sl_buffer *buffer, int64_t number);
void sl_buffer_add_bytes(struct sl_buffer *buffer, struct sl_bytes bytes);
void sl_buffer_printf(struct sl_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct sl_bytes sl_buffer_bytes(const struct sl_buffer *buffer);
/* Appends the message's wire form. */
void sl_buffer_pack(struct sl_buffer *buffer, const ProtobufCMessage *message);

/* Memory that lives until the arena is cleared. With a limit, what would pass it fails. */
struct sl_arena {
    struct sl_arena_block *blocks; /* the first is the one in use */
    struct sl_arena_block *spare;  /* of what was cleared, to be used again */
    uint8_t *at, *end;             /* what is free in the block in use */
    size_t spare_bytes;
    size_t used;
    size_t limit; /* 0: none */
    bool borrows; /* a message in it leaves its bytes where they are, and lives no longer than they:
                     set by who has made the arena */
};

void sl_arena_init(struct sl_arena *arena, size_t limit);
void sl_arena_free(struct sl_arena *arena);
void sl_arena_clear(struct sl_arena *arena);              /* keeps some memory */
void *sl_arena_more(struct sl_arena *arena, size_t size); /* sl_arena_alloc, from another block */

/* Not zeroed; NULL: the limit. */
static inline void *sl_arena_alloc(struct sl_arena *arena, size_t size)
{
    size_t room = (size + (size == 0) + 15) & ~(size_t)15; /* nothing has a place of its own, too */
    if (room < size || room > (size_t)(arena->end - arena->at) ||
        (arena->limit > 0 && room > arena->limit - arena->used))
        return sl_arena_more(arena, size);
    void *memory = arena->at;
    arena->at += room;
    arena->used += room;
    return memory;
}

struct sl_bytes sl_arena_copy(struct sl_arena *arena, struct sl_bytes bytes);
/* Decodes a message into the arena; NULL when malformed or beyond the limit. What it gives can be
 * written and read again, with the fields that it does not know. */
ProtobufCMessage *sl_arena_unpack(struct sl_arena *arena, const ProtobufCMessageDescriptor *type,
                                  struct sl_bytes bytes);

/* The message's wire form; without data beyond the limit. */
struct sl_bytes sl_arena_pack(struct sl_arena *arena, const ProtobufCMessage *message);

/* Hexadecimal, lower case. sl_hex writes 2 * size characters and a NUL. */
void sl_hex(char *out, const void *data, size_t size);
int sl_unhex(uint8_t *out, size_t size, struct sl_bytes hex); /* -1 unless exactly size bytes */

/* Numbers in little-endian order, as the logs have them. */
void sl_put32(uint8_t *out, uint32_t value);
void sl_put64(uint8_t *out, uint64_t value);
uint32_t sl_get32(const uint8_t *in);
uint64_t sl_get64(const uint8_t *in);

#endif
