#include "router/peers.h"

#include <stdlib.h>
#include <string.h>

struct peer *peers_find(struct peers *peers, uint64_t connection)
{
    for (size_t i = 0; i < peers->count; i++) {
        if (peers->list[i].connection == connection)
            return &peers->list[i];
    }
    return NULL;
}

void peers_forget(struct peers *peers, struct peer *peer)
{
    *peer = peers->list[--peers->count];
}

struct peer *peers_meet(struct peers *peers, struct sl_bytes id, const char *user, uint64_t *gone)
{
    *gone = 0;
    for (size_t i = 0; i < peers->count; i++) {
        struct peer *peer = &peers->list[i];
        if (!sl_bytes_equal(id, sl_bytes(peer->id, peer->id_size)))
            continue;
        if (strcmp(peer->user, user) == 0)
            return peer;
        *gone = peer->connection;
        peers_forget(peers, peer);
        break;
    }
    peers->list = sl_grow(peers->list, &peers->capacity, peers->count + 1, sizeof *peers->list);
    struct peer *peer = &peers->list[peers->count++];
    *peer = (struct peer){.connection = ++peers->connections, .id_size = id.size};
    memcpy(peer->id, id.data, id.size);
    memcpy(peer->user, user, strlen(user) + 1);
    return peer;
}

void peers_free(struct peers *peers)
{
    free(peers->list);
}
