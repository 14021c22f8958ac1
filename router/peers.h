/*
 * The connections as ZeroMQ knows them: a routing id and a key each. What a peer says of itself is
 * only where to answer; the machine knows a connection by a number that is never used twice.
 */
#ifndef ROUTER_PEERS_H
#define ROUTER_PEERS_H

#include "router/admission.h"
#include "schemas/bytes.h"

enum { PEER_ID = 255 }; /* bytes of a routing id, at most */

struct peer {
    uint64_t connection;
    size_t id_size;
    uint8_t id[PEER_ID];
    char user[ADMISSION_USER + 1];
};

/* Begin with {0}. A pointer to a peer is good until one is met or forgotten. */
struct peers {
    struct peer *list;
    size_t count;
    size_t capacity;
    uint64_t connections; /* the last number given out */
};

/*
 * The peer with this routing id, of at most PEER_ID bytes, and key; a new one where there is none.
 * A routing id that came with another key before is another connection: *gone is then the number of
 * the first one, else 0.
 */
struct peer *peers_meet(struct peers *peers, struct sl_bytes id, const char *user, uint64_t *gone);

struct peer *peers_find(struct peers *peers, uint64_t connection); /* NULL: there is none */

/* The last one of the list takes its place. */
void peers_forget(struct peers *peers, struct peer *peer);
void peers_free(struct peers *peers);

#endif
