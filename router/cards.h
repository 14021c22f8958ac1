/*
 * The key cards in the journal: each that holds or held for a participant while the router ran is
 * written before anything that it may have signed, so that the journal alone can be audited later.
 * Whom to trust is not decided by it: that is the folder's, with the certificates beside it.
 */
#ifndef ROUTER_CARDS_H
#define ROUTER_CARDS_H

#include "router/router.h"
#include "samenloop/v1/log.pb-c.h"

/* Hashes of the cards that the journal has. Begin with {0}. */
struct cards {
    uint8_t (*hashes)[SL_HASH_SIZE];
    size_t count, capacity;
};

void cards_free(struct cards *cards);

/* Writes those of a directory that the journal has not. -1: it cannot be written. */
int cards_bring_in(struct router *router, const struct sl_directory *directory,
                   struct sl_error *error);

/* Notes one that the journal has; -1: it is none. */
int cards_fold(struct router *router, const Samenloop__V1__JournalCard *card);

#endif
