/* A header as an adapter or router receives it. The first byte says who published. */
#include "tests/fuzz/fuzz.h"

#include "schemas/check.h"

static struct sl_arena arena;
static const char *const publishers[] = {"img", "ncg", "gm0014"};

static void fuzz_begin(void)
{
    sl_arena_init(&arena, SL_MAX_ARENA);
}

static void fuzz_seeds(void)
{
    static const uint8_t zeros[SL_KEY_SIZE];
    struct sl_mac *key = sl_mac_new(zeros);
    json_t *all = fuzz_examples();
    for (uint8_t who = 0; who < 3; who++) {
        for (size_t i = 0; i < json_array_size(all); i++) {
            struct sl_event event;
            struct sl_buffer text = {0};
            sl_arena_clear(&arena);
            if (!fuzz_event(&event, &arena, publishers[who], key, json_array_get(all, i)))
                continue;
            sl_buffer_add(&text, &who, 1);
            sl_buffer_pack(&text, &event.header.base);
            fuzz_seed(sl_buffer_bytes(&text));
            sl_buffer_free(&text);
        }
    }
    json_decref(all);
    sl_mac_free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_error error = {0};
    const struct sl_type *type = NULL;
    if (size == 0)
        return 0;
    sl_arena_clear(&arena);
    const Samenloop__V1__Header *header = (const void *)sl_arena_unpack(
        &arena, &samenloop__v1__header__descriptor, sl_bytes(data + 1, size - 1));
    if (header == NULL)
        return 0;
    if (sl_header_check(header, publishers[data[0] % 3], &type, &error) < 0) {
        must(error.code != SL_OK && error.text[0] != '\0');
        return 0;
    }
    must(type != NULL && sl_bytes_is(sl_from_pb(header->type), type->name));
    must(header->event_id.len == SL_UUID_SIZE && header->subject.len == SL_HASH_SIZE);
    must(sl_bytes_printable(sl_from_pb(header->source)));
    for (size_t i = 0; i < header->n_attributes; i++)
        must(sl_bytes_printable(sl_from_pb(header->attributes[i]->value)));
    return 0;
}
