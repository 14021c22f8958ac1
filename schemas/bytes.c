#include "schemas/bytes.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "schemas/plain.h"

/* Decodes one character of UTF-8 (RFC 3629, section 4); 0 when it is none, else its length. */
static size_t utf8(const uint8_t *at, size_t left, uint32_t *character)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first = at[0];
    size_t length = first < 0x80   ? 1
                    : first < 0xc2 ? 0
                    : first < 0xe0 ? 2
                    : first < 0xf0 ? 3
                    : first < 0xf5 ? 4
                                   : 0;
    if (length == 0 || length > left)
        return 0;
    uint32_t value = length == 1 ? first : first & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (at[i] & 0x3fu);
    }
    if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
        return 0;
    *character = value;
    return length;
}

bool sl_bytes_utf8(struct sl_bytes a)
{
    for (size_t i = 0; i < a.size;) {
        if (a.size - i >= 8 && (sl_get64(a.data + i) & 0x8080808080808080u) == 0) {
            i += 8; /* ASCII, as nearly all there is */
            continue;
        }
        uint32_t c = 0;
        size_t length = a.data[i] < 0x80 ? 1 : utf8(a.data + i, a.size - i, &c);
        if (length == 0)
            return false;
        i += length;
    }
    return true;
}

bool sl_bytes_printable(struct sl_bytes a)
{
    for (size_t i = 0; i < a.size;) {
        i += sl_plain(a.data + i, a.data + a.size);
        if (i == a.size)
            break;
        uint32_t c = 0;
        size_t length = utf8(a.data + i, a.size - i, &c);
        if (length == 0 || c < 0x20 || (c >= 0x7f && c < 0xa0) || (c & 0xfffe) == 0xfffe ||
            (c >= 0xfdd0 && c <= 0xfdef))
            return false;
        i += length;
    }
    return true;
}

enum { BUFFER_LEAST = 256 };

static void out_of_memory(void)
{
    (void)fputs("out of memory\n", stderr);
    abort();
}

void *sl_new(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size);
    if (memory == NULL)
        out_of_memory();
    return memory;
}

void *sl_pages_new(size_t size)
{
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        out_of_memory();
    return pages;
}

void sl_pages_free(void *pages, size_t size)
{
    if (munmap(pages, size) != 0)
        out_of_memory();
}

void *sl_grow(void *array, size_t *capacity, size_t wanted, size_t size)
{
    if (wanted <= *capacity)
        return array;
    size_t next = *capacity < 8 ? 8 : *capacity * 2;
    if (next < wanted)
        next = wanted;
    void *grown = next > SIZE_MAX / size ? NULL : realloc(array, next * size);
    if (grown == NULL)
        out_of_memory();
    *capacity = next;
    return grown;
}

void sl_buffer_free(struct sl_buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct sl_buffer){0};
}

void sl_buffer_clear(struct sl_buffer *buffer)
{
    buffer->size = 0;
}

void sl_buffer_grow(struct sl_buffer *buffer, size_t size)
{
    size_t wanted = buffer->size + size + 1;
    buffer->data = sl_grow(buffer->data, &buffer->capacity,
                           wanted > BUFFER_LEAST ? wanted : BUFFER_LEAST, 1);
}

void sl_buffer_add_number(struct sl_buffer *buffer, uint64_t number)
{
    char text[24];
    char *begin = text + sizeof text;
    do {
        *--begin = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    sl_buffer_add(buffer, begin, (size_t)(text + sizeof text - begin));
}

void sl_buffer_add_integer(struct sl_buffer *buffer, int64_t number)
{
    sl_buffer_add(buffer, "-", number < 0);
    sl_buffer_add_number(buffer, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

void sl_buffer_add_bytes(struct sl_buffer *buffer, struct sl_bytes bytes)
{
    sl_buffer_add(buffer, bytes.data, bytes.size);
}

void sl_buffer_printf(struct sl_buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    assert(size >= 0);
    char *at = (char *)sl_buffer_extend(buffer, (size_t)size);
    (void)vsnprintf(at, (size_t)size + 1, format, again);
    va_end(again);
}

struct sl_bytes sl_buffer_bytes(const struct sl_buffer *buffer)
{
    return sl_bytes(buffer->data, buffer->size);
}

enum { BLOCK = 32 * 1024, KEPT = 8 * 1024 * 1024 };

struct sl_arena_block {
    struct sl_arena_block *next;
    size_t size;
    max_align_t data[];
};

void sl_arena_init(struct sl_arena *arena, size_t limit)
{
    *arena = (struct sl_arena){.limit = limit};
}

static void free_blocks(struct sl_arena_block *block)
{
    while (block != NULL) {
        struct sl_arena_block *next = block->next;
        free(block);
        block = next;
    }
}

void sl_arena_free(struct sl_arena *arena)
{
    free_blocks(arena->blocks);
    free_blocks(arena->spare);
    *arena = (struct sl_arena){.limit = arena->limit, .borrows = arena->borrows};
}

static void use(struct sl_arena *arena, struct sl_arena_block *block)
{
    arena->at = (uint8_t *)block->data;
    arena->end = arena->at + block->size;
}

/* The block in use stays in use: what is little is written where little was before. */
void sl_arena_clear(struct sl_arena *arena)
{
    while (arena->blocks != NULL && (arena->blocks->next != NULL || arena->blocks->size > KEPT)) {
        struct sl_arena_block *block = arena->blocks;
        arena->blocks = block->next;
        if (arena->spare_bytes + block->size > KEPT) {
            free(block);
            continue;
        }
        arena->spare_bytes += block->size;
        block->next = arena->spare;
        arena->spare = block;
    }
    arena->at = arena->end = NULL;
    if (arena->blocks != NULL)
        use(arena, arena->blocks);
    arena->used = 0;
}

/* A block with so much room: one that was cleared, or a new one. */
static struct sl_arena_block *take_block(struct sl_arena *arena, size_t size)
{
    struct sl_arena_block **spare = &arena->spare;
    while (*spare != NULL && (*spare)->size < size)
        spare = &(*spare)->next;
    struct sl_arena_block *block = *spare;
    /* A large one fits what is a little larger the next time. */
    size_t room = size > BLOCK ? (size + size / 8 + BLOCK) & ~(size_t)(BLOCK - 1) : BLOCK;
    if (block != NULL) {
        *spare = block->next;
        arena->spare_bytes -= block->size;
    } else {
        block = malloc(sizeof *block + room);
        if (block == NULL)
            out_of_memory();
        block->size = room;
    }
    block->next = arena->blocks;
    arena->blocks = block;
    return block;
}

void *sl_arena_more(struct sl_arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + (size == 0) + 15) & ~(size_t)15;
    if (arena->limit > 0 && size > arena->limit - arena->used)
        return NULL;
    use(arena, take_block(arena, size));
    void *memory = arena->at;
    arena->at += size;
    arena->used += size;
    return memory;
}

struct sl_bytes sl_arena_copy(struct sl_arena *arena, struct sl_bytes bytes)
{
    uint8_t *copy = sl_arena_alloc(arena, bytes.size);
    if (copy == NULL)
        return sl_bytes(NULL, 0);
    if (bytes.size > 0)
        memcpy(copy, bytes.data, bytes.size);
    return sl_bytes(copy, bytes.size);
}

void sl_hex(char *out, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    out[2 * size] = '\0';
}

static int digit(uint8_t c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int sl_unhex(uint8_t *out, size_t size, struct sl_bytes hex)
{
    if (hex.size != 2 * size)
        return -1;
    for (size_t i = 0; i < size; i++) {
        int high = digit(hex.data[2 * i]);
        int low = digit(hex.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return -1;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return 0;
}

void sl_put32(uint8_t *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

void sl_put64(uint8_t *out, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

uint32_t sl_get32(const uint8_t *in)
{
    return (uint32_t)in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
}

uint64_t sl_get64(const uint8_t *in)
{
    return sl_get32(in) | (uint64_t)sl_get32(in + 4) << 32;
}
