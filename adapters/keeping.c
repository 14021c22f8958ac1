#include "adapters/keeping.h"

enum { HOUSES_AT_ONCE = 256 };

static int newest(struct sl_log *log, keeping_at *at, uint64_t end, int64_t *out,
                  struct sl_error *error)
{
    struct sl_arena arena;
    struct sl_record record;
    int result = 0;
    sl_arena_init(&arena, 0);
    *out = 0;
    for (uint64_t number = end - 1; number >= sl_log_first(log) && *out == 0; number--) {
        result = sl_log_read(log, number, &record, error);
        if (result < 0)
            break;
        sl_arena_clear(&arena);
        *out = at(&arena, &record);
    }
    sl_arena_free(&arena);
    return result < 0 ? -1 : 0;
}

int keeping_old(struct keeping *keeping, struct sl_log *log, keeping_at *at, int64_t before,
                uint64_t *end, struct sl_error *error)
{
    *end = sl_log_second(log);
    if (*end == 0)
        return 0;
    if (keeping->end != *end) {
        int64_t moment = 0;
        if (newest(log, at, *end, &moment, error) < 0)
            return -1;
        *keeping = (struct keeping){*end, moment};
    }
    return keeping->newest < before;
}

/* ---------------------------------------------------------------- houses */

struct writing {
    struct sl_buffer bytes; /* kept and content of each, one behind the other */
    struct sl_entry entries[HOUSES_AT_ONCE];
    struct house_known houses[HOUSES_AT_ONCE];
    size_t count;
};

static void pack(struct writing *writing, Samenloop__V1__RecordKind kind, int64_t now)
{
    sl_buffer_clear(&writing->bytes);
    for (size_t i = 0; i < writing->count; i++) {
        Samenloop__V1__House house = SAMENLOOP__V1__HOUSE__INIT;
        Samenloop__V1__HouseContent content = SAMENLOOP__V1__HOUSE_CONTENT__INIT;
        struct sl_entry *entry = &writing->entries[i];
        house.pseudonym = sl_to_pb(sl_bytes(writing->houses[i].pseudonym, SL_PSEUDONYM_SIZE));
        house.at = now;
        content.bag_id = sl_to_pb(sl_bytes(writing->houses[i].bag_id, SL_BAG_SIZE));
        size_t begin = writing->bytes.size;
        sl_buffer_pack(&writing->bytes, &house.base);
        size_t middle = writing->bytes.size;
        sl_buffer_pack(&writing->bytes, &content.base);
        *entry = (struct sl_entry){.kind = (uint16_t)kind,
                                   .kept = {.size = middle - begin},
                                   .content = {.size = writing->bytes.size - middle}};
    }
    const uint8_t *at = writing->bytes.data; /* it does not move any more */
    for (size_t i = 0; i < writing->count; i++) {
        writing->entries[i].kept.data = at;
        writing->entries[i].content.data = at + writing->entries[i].kept.size;
        at += writing->entries[i].kept.size + writing->entries[i].content.size;
    }
}

int keeping_houses(struct sl_log *log, Samenloop__V1__RecordKind kind, struct houses *houses,
                   enum place_log place, uint64_t end, int64_t now, struct sl_error *error)
{
    struct writing *writing = sl_new(1, sizeof *writing);
    size_t cursor = 0;
    int result = 0;
    do {
        uint64_t first = 0;
        writing->count = houses_before(houses, place, end, &cursor, writing->houses,
                                       HOUSES_AT_ONCE);
        if (writing->count == 0)
            break;
        pack(writing, kind, now);
        result = sl_log_append(log, writing->entries, writing->count, &first, error);
        for (size_t i = 0; i < writing->count && result == 0; i++)
            houses_learn(houses, writing->houses[i].pseudonym,
                         sl_bytes(writing->houses[i].bag_id, SL_BAG_SIZE), place, first + i);
    } while (result == 0);
    sl_buffer_free(&writing->bytes);
    free(writing);
    return result;
}

int keeping_fold_house(struct sl_arena *arena, const struct sl_record *record,
                       struct houses *houses, enum place_log place)
{
    const Samenloop__V1__House *house = (const void *)sl_arena_unpack(
        arena, &samenloop__v1__house__descriptor, record->kept);
    if (house == NULL || house->pseudonym.len != SL_PSEUDONYM_SIZE)
        return -1;
    if (record->erased)
        return 0;
    const Samenloop__V1__HouseContent *content = (const void *)sl_arena_unpack(
        arena, &samenloop__v1__house_content__descriptor, record->content);
    if (content == NULL)
        return -1;
    houses_learn(houses, house->pseudonym.data, sl_from_pb(content->bag_id), place, record->number);
    return 0;
}
