/*
 * Writing of messages, byte for byte as protobuf-c does it, for the types that unpack.c reads. It
 * is done from the end to the beginning: the size of a message inside another, which stands before
 * it, is known then, and nothing is measured first. What was written is moved to its place once.
 */
#include "schemas/pack.h"

#include <stdlib.h>
#include <string.h>

#include "schemas/bytes.h"

/* Room that is filled from its end on: what there is at first, or memory of its own. */
struct output {
    uint8_t *begin, *at, *end; /* `at` is the first byte that was written */
    uint8_t *own;              /* NULL: none */
};

static void grow(struct output *out, size_t size)
{
    size_t written = (size_t)(out->end - out->at);
    size_t room = 0;
    uint8_t *own = sl_grow(NULL, &room, 2 * (written + size) + 1024, 1);
    if (written > 0)
        memcpy(own + room - written, out->at, written);
    free(out->own);
    *out = (struct output){own, own + room - written, own + room, own};
}

/* Bytes before those that were written. */
static inline uint8_t *before(struct output *out, size_t size)
{
    if (size > (size_t)(out->at - out->begin))
        grow(out, size);
    out->at -= size;
    return out->at;
}

/* ---------------------------------------------------------------- one value */

static inline void put_number(struct output *out, uint64_t number)
{
    if (number < 0x80) {
        *before(out, 1) = (uint8_t)number;
        return;
    }
    size_t size = (64u - (unsigned)__builtin_clzll(number) + 6) / 7;
    uint8_t *at = before(out, size);
    for (; number >= 0x80; number >>= 7)
        *at++ = (uint8_t)(number | 0x80);
    *at = (uint8_t)number;
}

/* A number as it is written; an enumeration is a number with a sign. */
static inline uint64_t number_of(ProtobufCType type, const void *at)
{
    switch (type) {
    case PROTOBUF_C_TYPE_BOOL:
        return *(const protobuf_c_boolean *)at != 0;
    case PROTOBUF_C_TYPE_ENUM:
        return (uint64_t)(int64_t) * (const int32_t *)at;
    case PROTOBUF_C_TYPE_UINT32:
        return *(const uint32_t *)at;
    default:
        return *(const uint64_t *)at;
    }
}

static void put_message(struct output *out, const ProtobufCMessage *message);

static void put_bytes(struct output *out, const uint8_t *data, size_t size)
{
    if (size > 0)
        memcpy(before(out, size), data, size);
}

enum wire { VARINT = 0, EIGHT_BYTES = 1, SIZED = 2 };

/* A value without its tag; how it is written. */
static enum wire put_value(struct output *out, ProtobufCType type, const void *at)
{
    const ProtobufCBinaryData *bytes = at;
    size_t written = (size_t)(out->end - out->at);
    switch (type) {
    case PROTOBUF_C_TYPE_BYTES:
        put_bytes(out, bytes->data, bytes->len);
        put_number(out, bytes->len);
        return SIZED;
    case PROTOBUF_C_TYPE_MESSAGE:
        put_message(out, *(const ProtobufCMessage *const *)at);
        put_number(out, (size_t)(out->end - out->at) - written);
        return SIZED;
    case PROTOBUF_C_TYPE_FIXED64:
        sl_put64(before(out, 8), *(const uint64_t *)at);
        return EIGHT_BYTES;
    default:
        put_number(out, number_of(type, at));
        return VARINT;
    }
}

/* ---------------------------------------------------------------- one field */

static inline void put_tag(struct output *out, const ProtobufCFieldDescriptor *field,
                           enum wire wire)
{
    put_number(out, (uint64_t)field->id << 3 | (uint64_t)wire);
}

static void put_list(struct output *out, const ProtobufCFieldDescriptor *field,
                     const uint8_t *values, size_t count)
{
    size_t each = sl_pack_size(field->type);
    size_t written = (size_t)(out->end - out->at);
    bool packed = (field->flags & PROTOBUF_C_FIELD_FLAG_PACKED) != 0;
    for (size_t i = count; i > 0; i--) {
        enum wire wire = put_value(out, field->type, values + (i - 1) * each);
        if (!packed)
            put_tag(out, field, wire);
    }
    if (packed && count > 0) {
        put_number(out, (size_t)(out->end - out->at) - written);
        put_tag(out, field, SIZED);
    }
}

/* Is there something to be written? `quantifier` is the field's, where it has one. */
static bool is_given(const ProtobufCFieldDescriptor *field, const void *at, const void *quantifier)
{
    bool choice = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
    if (choice && *(const uint32_t *)quantifier != field->id)
        return false;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return *(const ProtobufCMessage *const *)at != NULL;
    if (field->quantifier_offset != 0)
        return choice || *(const protobuf_c_boolean *)quantifier != 0;
    return field->type == PROTOBUF_C_TYPE_BYTES ? ((const ProtobufCBinaryData *)at)->len > 0
                                                : number_of(field->type, at) != 0;
}

static void put_field(struct output *out, const ProtobufCMessage *message,
                      const ProtobufCFieldDescriptor *field)
{
    const uint8_t *at = (const uint8_t *)message + field->offset;
    const uint8_t *quantifier = (const uint8_t *)message + field->quantifier_offset;
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        put_list(out, field, *(const uint8_t *const *)(const void *)at,
                 *(const size_t *)(const void *)quantifier);
    else if (is_given(field, at, quantifier))
        put_tag(out, field, put_value(out, field->type, at));
}

/* ---------------------------------------------------------------- one message */

static void put_message(struct output *out, const ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    for (unsigned i = message->n_unknown_fields; i > 0; i--) {
        const ProtobufCMessageUnknownField *field = &message->unknown_fields[i - 1];
        put_bytes(out, field->data, field->len);
        put_number(out, (uint64_t)field->tag << 3 | (uint64_t)field->wire_type);
    }
    for (unsigned i = type->n_fields; i > 0; i--)
        put_field(out, message, &type->fields[i - 1]);
}

void sl_buffer_pack(struct sl_buffer *buffer, const ProtobufCMessage *message)
{
    sl_buffer_grow(buffer, 0);
    uint8_t *end = buffer->data + buffer->capacity - 1; /* a NUL has room behind it */
    struct output out = {buffer->data + buffer->size, end, end, NULL};
    put_message(&out, message);
    size_t size = (size_t)(out.end - out.at);
    memmove(sl_buffer_extend(buffer, size), out.at, size);
    free(out.own);
}

struct sl_bytes sl_arena_pack(struct sl_arena *arena, const ProtobufCMessage *message)
{
    struct output out = {arena->at, arena->end, arena->end, NULL};
    put_message(&out, message);
    size_t size = (size_t)(out.end - out.at);
    uint8_t *at = sl_arena_alloc(arena, size);
    if (at != NULL && size > 0)
        memmove(at, out.at, size);
    free(out.own);
    return sl_bytes(at, at == NULL ? 0 : size);
}
