#include "router/latest.h"

static uint64_t key_of(int participant, enum sl_lane lane, const uint8_t *subject)
{
    uint64_t queue = (uint64_t)participant << 2 | (uint64_t)lane;
    return (sl_get64(subject) + queue * 0xd1342543de82ef95u) * 0x9e3779b97f4a7c15u;
}

uint64_t latest_find(const struct table *latest, int participant, enum sl_lane lane,
                     const uint8_t subject[SL_HASH_SIZE])
{
    return table_get(latest, key_of(participant, lane, subject));
}

void latest_set(struct table *latest, int participant, enum sl_lane lane,
                const uint8_t subject[SL_HASH_SIZE], uint64_t number)
{
    table_set(latest, key_of(participant, lane, subject), number);
}
