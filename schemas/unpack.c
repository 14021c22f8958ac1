/*
 * Decoding of messages into an arena, by the descriptors that protobuf-c makes. The library's own
 * decoder gives the same messages, but walks each twice and asks for memory field by field; most of
 * what an event costs in an adapter and in the router is decoding, some 20 messages of it.
 *
 * It knows the types that the schemas have (tests/unit/unpack.c walks them all), and is stricter in
 * two things. Field 0 is none, whatever bytes its tag has: the library keeps it as unknown and
 * writes it with one byte, which it does not take, so a log with such a record could not be read
 * again. And a message where one has its place does not come twice. How deep messages nest is
 * bounded by their types, none of which has itself inside.
 */
#include <string.h>

#include "schemas/bytes.h"
#include "schemas/pack.h"

enum wire { VARINT = 0, EIGHT_BYTES = 1, SIZED = 2, FOUR_BYTES = 5 };

struct input {
    const uint8_t *at, *end;
};

static bool read_long(struct input *in, uint64_t *out)
{
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 70 && in->at < in->end; shift += 7) {
        uint8_t byte = *in->at++;
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = number;
            return true;
        }
    }
    return false;
}

static inline bool read_number(struct input *in, uint64_t *out)
{
    if (in->at == in->end || *in->at >= 0x80)
        return read_long(in, out);
    *out = *in->at++;
    return true;
}

static inline bool read_bytes(struct input *in, uint64_t size, struct sl_bytes *out)
{
    if (size > (uint64_t)(in->end - in->at))
        return false;
    *out = sl_bytes(in->at, (size_t)size);
    in->at += size;
    return true;
}

static inline bool read_sized(struct input *in, struct sl_bytes *out)
{
    uint64_t size = 0;
    return read_number(in, &size) && read_bytes(in, size, out);
}

/* The field with this number; NULL: there is none. Fields rise by number, and come so, mostly. */
static inline const ProtobufCFieldDescriptor *find(const ProtobufCMessageDescriptor *type,
                                                   uint32_t id, unsigned *likely)
{
    unsigned begin = *likely < type->n_fields && type->fields[*likely].id <= id ? *likely : 0;
    for (unsigned i = begin; i < type->n_fields && type->fields[i].id <= id; i++) {
        if (type->fields[i].id == id) {
            *likely = i;
            return &type->fields[i];
        }
    }
    return NULL;
}

/* ---------------------------------------------------------------- one value */

static bool fill(struct sl_arena *arena, ProtobufCMessage *message, struct sl_bytes bytes);

/* A second one in a place for one is none: no encoder writes it, and nobody has to merge them. */
static bool store_message(struct sl_arena *arena, const ProtobufCMessageDescriptor *type,
                          ProtobufCMessage **at, struct sl_bytes bytes)
{
    ProtobufCMessage *message = *at == NULL ? sl_arena_alloc(arena, type->sizeof_message) : NULL;
    if (message == NULL)
        return false;
    type->message_init(message);
    *at = message;
    return fill(arena, message, bytes);
}

static bool store_bytes(struct sl_arena *arena, ProtobufCBinaryData *at, struct sl_bytes bytes)
{
    *at = (ProtobufCBinaryData){0};
    if (bytes.size == 0)
        return true;
    *at = sl_to_pb(arena->borrows ? bytes : sl_arena_copy(arena, bytes));
    return at->data != NULL;
}

static bool store_number(const ProtobufCFieldDescriptor *field, void *at, uint64_t number)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_ENUM:
    case PROTOBUF_C_TYPE_UINT32:
        *(uint32_t *)at = (uint32_t)number;
        return true;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_FIXED64:
        *(uint64_t *)at = number;
        return true;
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)at = number != 0;
        return true;
    default:
        return false;
    }
}

/* Reads a value into its place; false: it is malformed, or the arena has no room. */
static bool store(struct sl_arena *arena, const ProtobufCFieldDescriptor *field, void *at,
                  enum wire wire, struct input *in)
{
    struct sl_bytes bytes;
    uint64_t number = 0;
    switch (field->type) {
    case PROTOBUF_C_TYPE_BYTES:
        return wire == SIZED && read_sized(in, &bytes) && store_bytes(arena, at, bytes);
    case PROTOBUF_C_TYPE_MESSAGE:
        return wire == SIZED && read_sized(in, &bytes) &&
               store_message(arena, field->descriptor, at, bytes);
    case PROTOBUF_C_TYPE_FIXED64:
        return wire == EIGHT_BYTES && read_bytes(in, 8, &bytes) &&
               store_number(field, at, sl_get64(bytes.data));
    default:
        return wire == VARINT && read_number(in, &number) && store_number(field, at, number);
    }
}

/* ---------------------------------------------------------------- fields with many values */

/* A place behind the last of a list, zeroed. There is room for 4, then for 8, 16, ...; so a list
 * whose length is one of these is full. */
static void *next_place(struct sl_arena *arena, uint8_t **list, size_t count, size_t size)
{
    enum { LEAST = 4 };
    if (count == 0 || (count >= LEAST && (count & (count - 1)) == 0)) {
        uint8_t *grown = sl_arena_alloc(arena, (count == 0 ? LEAST : 2 * count) * size);
        if (grown == NULL)
            return NULL;
        if (count > 0)
            memcpy(grown, *list, count * size);
        *list = grown;
    }
    return memset(*list + count * size, 0, size);
}

/* Numbers without tags. */
static bool add_packed(struct sl_arena *arena, const ProtobufCFieldDescriptor *field,
                       uint8_t **list, size_t *count, struct sl_bytes bytes)
{
    struct input in = {bytes.data, bytes.data + bytes.size}; /* which stands in the message */
    while (in.at < in.end) {
        void *at = next_place(arena, list, *count, sl_pack_size(field->type));
        if (at == NULL || !store(arena, field, at, VARINT, &in))
            return false;
        (*count)++;
    }
    return true;
}

static bool add(struct sl_arena *arena, ProtobufCMessage *message,
                const ProtobufCFieldDescriptor *field, enum wire wire, struct input *in)
{
    size_t *count = (void *)((uint8_t *)message + field->quantifier_offset);
    uint8_t **list = (void *)((uint8_t *)message + field->offset);
    struct sl_bytes bytes;
    if (wire == SIZED && field->type != PROTOBUF_C_TYPE_BYTES &&
        field->type != PROTOBUF_C_TYPE_MESSAGE)
        return read_sized(in, &bytes) && add_packed(arena, field, list, count, bytes);
    void *at = next_place(arena, list, *count, sl_pack_size(field->type));
    if (at == NULL || !store(arena, field, at, wire, in))
        return false;
    (*count)++;
    return true;
}

/* ---------------------------------------------------------------- one message */

/* What a newer version has said stays with the message, and is written with it. */
static bool keep(struct sl_arena *arena, ProtobufCMessage *message, uint32_t id, enum wire wire,
                 struct input *in)
{
    const uint8_t *begin = in->at;
    struct sl_bytes bytes;
    uint64_t number = 0;
    uint8_t *list = (void *)message->unknown_fields;
    bool good = wire == VARINT        ? read_number(in, &number)
                : wire == SIZED       ? read_sized(in, &bytes)
                : wire == EIGHT_BYTES ? read_bytes(in, 8, &bytes)
                                      : wire == FOUR_BYTES && read_bytes(in, 4, &bytes);
    if (!good)
        return false;
    ProtobufCMessageUnknownField *at = next_place(arena, &list, message->n_unknown_fields,
                                                  sizeof *at);
    struct sl_bytes data = sl_arena_copy(arena, sl_bytes(begin, (size_t)(in->at - begin)));
    if (at == NULL || data.data == NULL)
        return false;
    *at = (ProtobufCMessageUnknownField){.tag = id,
                                         .wire_type = (ProtobufCWireType)wire,
                                         .len = data.size,
                                         .data = sl_to_pb(data).data};
    message->unknown_fields = (void *)list;
    message->n_unknown_fields++;
    return true;
}

static bool set(struct sl_arena *arena, ProtobufCMessage *message,
                const ProtobufCFieldDescriptor *field, enum wire wire, struct input *in)
{
    void *at = (uint8_t *)message + field->offset;
    if (field->quantifier_offset != 0) {
        void *quantifier = (uint8_t *)message + field->quantifier_offset;
        if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0) {
            *(protobuf_c_boolean *)quantifier = 1;
        } else if (*(uint32_t *)quantifier != field->id) { /* the last one counts */
            memset(at, 0, sl_pack_size(field->type));
            *(uint32_t *)quantifier = field->id;
        }
    }
    return store(arena, field, at, wire, in);
}

static bool fill(struct sl_arena *arena, ProtobufCMessage *message, struct sl_bytes bytes)
{
    if (bytes.size == 0) /* which may stand nowhere */
        return true;
    struct input in = {bytes.data, bytes.data + bytes.size};
    unsigned likely = 0;
    while (in.at < in.end) {
        uint64_t tag = 0;
        if (!read_number(&in, &tag) || tag > UINT32_MAX || tag >> 3 == 0)
            return false;
        enum wire wire = (enum wire)(tag & 7);
        const ProtobufCFieldDescriptor *field = find(message->descriptor, (uint32_t)(tag >> 3),
                                                     &likely);
        bool good = field == NULL ? keep(arena, message, (uint32_t)(tag >> 3), wire, &in)
                    : field->label == PROTOBUF_C_LABEL_REPEATED
                        ? add(arena, message, field, wire, &in)
                        : set(arena, message, field, wire, &in);
        if (!good)
            return false;
    }
    return true;
}

ProtobufCMessage *sl_arena_unpack(struct sl_arena *arena, const ProtobufCMessageDescriptor *type,
                                  struct sl_bytes bytes)
{
    ProtobufCMessage *message = NULL;
    return store_message(arena, type, &message, bytes) ? message : NULL;
}
