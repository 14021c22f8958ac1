/*
 * The joint team's list, fetched from the router piece by piece when somebody asks for it. Whoever
 * asks while a list is on its way is given the next one: what is given was never older than the
 * question. Nothing is kept on disk, and a list that a lost connection cut short is begun again.
 */
#ifndef ADAPTER_LISTING_H
#define ADAPTER_LISTING_H

#include "samenloop/v1/wire.pb-c.h"
#include "schemas/bytes.h"
#include "schemas/error.h"

struct samenloop;
struct listed;

enum { LISTING_HOUSES_MAX = 16 * 1024 };

struct listing {
    uint64_t wanted; /* the last ticket that was given out */
    uint64_t asked;  /* the list that is on its way answers tickets up to this one */
    uint64_t done;   /* and the one in `text`, up to this one */
    uint32_t after;  /* the piece that comes next */
    bool sent;       /* it was asked for */
    struct listed *houses;
    size_t count, capacity;
    char *text; /* JSON; NULL: none yet */
};

void listing_free(struct listing *listing);

uint64_t listing_ask(struct samenloop *house);
/* Is there something to ask the router now? */
bool listing_wants(const struct listing *listing);
/* The question for the next piece, which counts as sent. */
void listing_frame(struct listing *listing, struct sl_buffer *out);
/* -1 with SL_PROTOCOL: that was not asked for. */
int listing_take(struct samenloop *house, const Samenloop__V1__ListPiece *piece,
                 struct sl_error *error);
/* The connection is lost. */
void listing_again(struct listing *listing);

#endif
