/* For whom an event is sealed (the agreement's readers, by the catalogue). */
#ifndef ADAPTER_READERS_H
#define ADAPTER_READERS_H

#include "adapters/house.h"

/* The participants' sealing keys at a moment. */
struct readers {
    size_t count;
    uint8_t keys[SL_MAX_RECIPIENTS][SL_KEY_SIZE];
    int participants[SL_MAX_RECIPIENTS];
};

/*
 * This organisation first, then the two organisations, then the municipalities as far as there is
 * room. -1 when one of the organisations, or this house, has no key card that is valid now.
 */
int readers_now(struct readers *out, const struct samenloop *house, struct sl_error *error);

/*
 * The sets of readers (bit n: readers->keys[n]) of an event's sections and of its origin. The
 * publisher reads its own origin only; a municipality what goes to it.
 */
struct readers_of {
    uint32_t sections;
    uint32_t origin;
};
struct readers_of readers_of(struct samenloop *house, const struct readers *readers,
                             const struct sl_event *event);

#endif
