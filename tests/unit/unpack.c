/* Decoding and writing of messages: what the library takes is taken, and is written as it does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "samenloop/v1/envelope.pb-c.h"
#include "samenloop/v1/log.pb-c.h"
#include "samenloop/v1/sections.pb-c.h"
#include "samenloop/v1/wire.pb-c.h"
#include "schemas/bytes.h"

/* What is decoded on its own: all the forms that the schemas have are in these. */
static const ProtobufCMessageDescriptor *const types[] = {
    &samenloop__v1__frame__descriptor,
    &samenloop__v1__header__descriptor,
    &samenloop__v1__signed_key_card__descriptor,
    &samenloop__v1__key_card__descriptor,
    &samenloop__v1__sections__descriptor,
    &samenloop__v1__origin__descriptor,
    &samenloop__v1__journal_agreement__descriptor,
    &samenloop__v1__journal_card__descriptor,
    &samenloop__v1__journal_batch__descriptor,
    &samenloop__v1__journal_event__descriptor,
    &samenloop__v1__journal_refused__descriptor,
    &samenloop__v1__journal_duplicate__descriptor,
    &samenloop__v1__journal_ended__descriptor,
    &samenloop__v1__journal_dead_letter__descriptor,
    &samenloop__v1__journal_receipt__descriptor,
    &samenloop__v1__journal_tick__descriptor,
    &samenloop__v1__journal_erasure__descriptor,
    &samenloop__v1__journal_checkpoint__descriptor,
    &samenloop__v1__approval__descriptor,
    &samenloop__v1__outbox_batch__descriptor,
    &samenloop__v1__outbox_content__descriptor,
    &samenloop__v1__outbox_answered__descriptor,
    &samenloop__v1__outbox_receipt__descriptor,
    &samenloop__v1__outbox_receipted__descriptor,
    &samenloop__v1__outbox_left__descriptor,
    &samenloop__v1__house__descriptor,
    &samenloop__v1__house_content__descriptor,
    &samenloop__v1__inbox_delivery__descriptor,
    &samenloop__v1__inbox_content__descriptor,
    &samenloop__v1__inbox_taken__descriptor,
    &samenloop__v1__inbox_fed_by__descriptor,
    &samenloop__v1__inbox_told__descriptor,
    &samenloop__v1__inbox_numbers__descriptor,
};
enum { TYPES = sizeof types / sizeof types[0] };

static uint64_t seed;

/* A number below `end`, the same ones in each run. */
static unsigned chance(unsigned end)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(seed >> 33) % end;
}

static void number(struct sl_buffer *out, uint64_t value, bool wide)
{
    for (; value >= 0x80 || wide; value >>= 7) {
        uint8_t byte = (uint8_t)(value | 0x80);
        sl_buffer_add(out, &byte, 1);
        wide = wide && value >= 0x80; /* one byte more than it needs */
    }
    uint8_t last = (uint8_t)value;
    sl_buffer_add(out, &last, 1);
}

static void sized(struct sl_buffer *out, const struct sl_buffer *bytes)
{
    number(out, bytes->size, chance(16) == 0);
    sl_buffer_add_bytes(out, sl_buffer_bytes(bytes));
}

static uint64_t any_number(void)
{
    return ((uint64_t)chance(1u << 31) << 33 ^ (uint64_t)chance(1u << 31)) >> chance(64);
}

static void any_message(struct sl_buffer *out, const ProtobufCMessageDescriptor *type);

static void any_value(struct sl_buffer *out, const ProtobufCFieldDescriptor *field)
{
    struct sl_buffer inside = {0};
    bool many = field->label == PROTOBUF_C_LABEL_REPEATED;
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
    case PROTOBUF_C_TYPE_BYTES:
        number(out, field->id << 3 | 2, false);
        if (field->type == PROTOBUF_C_TYPE_MESSAGE)
            any_message(&inside, field->descriptor);
        else
            for (unsigned i = chance(20); i > 0; i--)
                sl_buffer_add(&inside, "x", 1);
        sized(out, &inside);
        break;
    case PROTOBUF_C_TYPE_FIXED64:
        number(out, field->id << 3 | 1, false);
        sl_put64(sl_buffer_extend(out, 8), any_number());
        break;
    default:
        if (many && chance(2) == 0) {
            for (unsigned i = chance(5); i > 0; i--)
                number(&inside, any_number(), false);
            number(out, field->id << 3 | 2, false);
            sized(out, &inside);
            break;
        }
        number(out, field->id << 3, false);
        number(out, any_number() >> 8, chance(16) == 0);
    }
    sl_buffer_free(&inside);
}

/* A field of a number that the type does not have. */
static void any_unknown(struct sl_buffer *out)
{
    uint64_t id = 200 + chance(20000);
    switch (chance(4)) {
    case 0:
        number(out, id << 3, false);
        number(out, any_number(), false);
        break;
    case 1:
        number(out, id << 3 | 1, false);
        sl_put64(sl_buffer_extend(out, 8), any_number());
        break;
    case 2:
        number(out, id << 3 | 2, false);
        sl_buffer_add(out, "\3new", 4);
        break;
    default:
        number(out, id << 3 | 5, false);
        sl_put32(sl_buffer_extend(out, 4), 7);
    }
}

/* Fields in any order, none or many times; a message that has its place comes once. */
static void any_message(struct sl_buffer *out, const ProtobufCMessageDescriptor *type)
{
    uint64_t seen = 0;
    for (unsigned i = type->n_fields == 0 ? 0 : chance(8); i > 0; i--) {
        const ProtobufCFieldDescriptor *field = &type->fields[chance(type->n_fields)];
        bool single = field->type == PROTOBUF_C_TYPE_MESSAGE &&
                      field->label != PROTOBUF_C_LABEL_REPEATED;
        uint64_t bit = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0
                           ? 1u
                           : UINT64_C(1) << (field->id & 63);
        if (chance(12) == 0)
            any_unknown(out);
        if (single && (seen & bit) != 0)
            continue;
        seen |= single ? bit : 0;
        any_value(out, field);
    }
}

/* Both decoders take it, or ours alone refuses it; what they take is written again alike. */
static bool decode(struct sl_arena *arena, const ProtobufCMessageDescriptor *type,
                   struct sl_bytes bytes)
{
    struct sl_buffer ours = {0};
    struct sl_buffer theirs = {0};
    sl_arena_clear(arena);
    ProtobufCMessage *mine = sl_arena_unpack(arena, type, bytes);
    ProtobufCMessage *other = protobuf_c_message_unpack(type, NULL, bytes.size, bytes.data);
    if (mine != NULL) {
        assert_non_null(other);
        assert_ptr_equal(mine->descriptor, type);
        sl_buffer_pack(&ours, mine);
        size_t size = protobuf_c_message_get_packed_size(other);
        (void)protobuf_c_message_pack(other, sl_buffer_extend(&theirs, size));
        assert_true(sl_bytes_equal(sl_buffer_bytes(&theirs), sl_arena_pack(arena, other)));
        assert_true(sl_bytes_equal(sl_buffer_bytes(&ours), sl_buffer_bytes(&theirs)));
    }
    if (other != NULL)
        protobuf_c_message_free_unpacked(other, NULL);
    sl_buffer_free(&ours);
    sl_buffer_free(&theirs);
    return mine != NULL;
}

static void messages_come_out_as_the_library_has_them(void **state)
{
    (void)state;
    struct sl_arena arena;
    struct sl_buffer bytes = {0};
    sl_arena_init(&arena, 0);
    seed = 1;
    for (int i = 0; i < 10000; i++) {
        sl_buffer_clear(&bytes);
        any_message(&bytes, types[i % TYPES]);
        assert_true(decode(&arena, types[i % TYPES], sl_buffer_bytes(&bytes)));
    }
    sl_buffer_free(&bytes);
    sl_arena_free(&arena);
}

static void damaged_messages_are_refused_or_come_out_the_same(void **state)
{
    (void)state;
    struct sl_arena arena;
    struct sl_buffer bytes = {0};
    size_t taken = 0;
    size_t refused = 0;
    sl_arena_init(&arena, 0);
    seed = 2;
    for (int i = 0; i < 40000; i++) {
        const ProtobufCMessageDescriptor *type = types[i % TYPES];
        sl_buffer_clear(&bytes);
        any_message(&bytes, type);
        if (bytes.size == 0)
            continue;
        bytes.data[chance((unsigned)bytes.size)] ^= (uint8_t)(1u << chance(8));
        if (chance(4) == 0)
            bytes.size = chance((unsigned)bytes.size);
        size_t *which = decode(&arena, type, sl_buffer_bytes(&bytes)) ? &taken : &refused;
        (*which)++;
    }
    assert_true(taken > 1000 && refused > 1000);
    sl_buffer_free(&bytes);
    sl_arena_free(&arena);
}

static bool takes(const ProtobufCMessageDescriptor *type, const char *bytes, size_t size,
                  size_t limit)
{
    struct sl_arena arena;
    sl_arena_init(&arena, limit);
    bool taken = sl_arena_unpack(&arena, type, sl_bytes(bytes, size)) != NULL;
    sl_arena_free(&arena);
    return taken;
}

static void what_the_library_could_not_write_again_is_refused(void **state)
{
    (void)state;
    const ProtobufCMessageDescriptor *header = &samenloop__v1__header__descriptor;
    const ProtobufCMessageDescriptor *bundle = &samenloop__v1__bundle__descriptor;
    assert_true(takes(header, "", 0, 0));
    assert_false(takes(header, "\x80\x00\x00", 3, 0)); /* field 0, in a tag of two bytes */
    assert_true(takes(bundle, "\x0a\x00", 2, 0));
    assert_false(takes(bundle, "\x0a\x00\x0a\x00", 4, 0)); /* two proofs */
    assert_false(takes(header, "\x0b\x0c", 2, 0));         /* a group */
    assert_false(takes(header, "\x0a\x02x", 3, 0));        /* longer than there is */
}

static void memory_is_bounded(void **state)
{
    (void)state;
    struct sl_buffer bytes = {0};
    for (int i = 0; i < 1000; i++)
        sl_buffer_add(&bytes, "\x12\x00", 2); /* envelopes of a bundle */
    assert_true(takes(&samenloop__v1__bundle__descriptor, (char *)bytes.data, bytes.size, 0));
    assert_false(
        takes(&samenloop__v1__bundle__descriptor, (char *)bytes.data, bytes.size, 20 * 1000));
    sl_buffer_free(&bytes);
}

/* Every type within these, and every form of a field in them, is one that the decoder has. */
static void walk(const ProtobufCMessageDescriptor *type, int depth)
{
    assert_true(depth < 12); /* none has itself inside */
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        assert_true(i == 0 || field->id > type->fields[i - 1].id);
        switch (field->type) {
        case PROTOBUF_C_TYPE_MESSAGE:
            walk(field->descriptor, depth + 1);
            break;
        case PROTOBUF_C_TYPE_BYTES:
        case PROTOBUF_C_TYPE_BOOL:
        case PROTOBUF_C_TYPE_ENUM:
        case PROTOBUF_C_TYPE_UINT32:
        case PROTOBUF_C_TYPE_UINT64:
        case PROTOBUF_C_TYPE_INT64:
        case PROTOBUF_C_TYPE_FIXED64:
            break;
        default:
            fail_msg("%s.%s is of a type that is not decoded", type->name, field->name);
        }
    }
}

static void every_type_is_decoded(void **state)
{
    (void)state;
    for (size_t i = 0; i < TYPES; i++)
        walk(types[i], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_out_as_the_library_has_them),
        cmocka_unit_test(damaged_messages_are_refused_or_come_out_the_same),
        cmocka_unit_test(what_the_library_could_not_write_again_is_refused),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(every_type_is_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
