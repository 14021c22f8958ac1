#include "adapters/client.h"

#include <stdlib.h>
#include <string.h>

#include "adapters/house.h"

void client_init(struct samenloop *house)
{
    struct client *client = &house->client;
    *client = (struct client){.state = CLIENT_AWAY, .backoff = ADAPTER_RETRY_MIN, .fed = true};
    client->connect_at = house->moment.elapsed;
}

void client_free(struct samenloop *house)
{
    free(house->client.answers);
}

/* ---------------------------------------------------------------- begin and end */

void client_connected(struct samenloop *house)
{
    struct client *client = &house->client;
    if (client->state != CLIENT_AWAY)
        return;
    client->state = CLIENT_GREETING;
    client->greeted = false;
    client->unheard = false;
    client->since = client->heard = client->said = house->moment.elapsed;
    house->counts.connections++;
}

static void back_off(struct samenloop *house)
{
    struct client *client = &house->client;
    client->connect_at = house->moment.elapsed + client->backoff;
    client->backoff = client->backoff * 2 < ADAPTER_RETRY_MAX ? client->backoff * 2
                                                              : ADAPTER_RETRY_MAX;
}

void client_not_connected(struct samenloop *house, const char *why)
{
    if (house->client.state != CLIENT_AWAY)
        return;
    (void)sl_fail(&house->client.end, SL_NOT_ADMITTED, "%s", why);
    back_off(house);
}

void client_disconnected(struct samenloop *house)
{
    struct client *client = &house->client;
    if (client->state != CLIENT_AWAY && house->moment.elapsed - client->since >= ADAPTER_RETRY_MAX)
        client->backoff = ADAPTER_RETRY_MIN;
    client->state = CLIENT_AWAY;
    back_off(house);
    client->answer_count = client->answers_synced = 0;
    memset(client->in_flight, 0, sizeof client->in_flight);
    client->later = 0;
    outbox_again(house->outbox);
    listing_again(&house->listing);
}

void client_end(struct samenloop *house, enum sl_code code, const char *sentence)
{
    struct client *client = &house->client;
    if (client->state != CLIENT_GREETING && client->state != CLIENT_TALKING)
        return;
    client->state = CLIENT_ENDING;
    client->end.code = code;
    (void)snprintf(client->end.text, sizeof client->end.text, "%s", sentence);
}

void client_room(struct samenloop *house)
{
    struct client *client = &house->client;
    if (client->state == CLIENT_AWAY)
        client->connect_at = house->moment.elapsed;
    else if (client->unheard)
        client_end(house, SL_OK, "there is room on the disk again");
}

void client_time(struct samenloop *house)
{
    struct client *client = &house->client;
    if ((client->state == CLIENT_GREETING || client->state == CLIENT_TALKING) &&
        house->moment.elapsed - client->heard >= SL_SILENCE)
        client_end(house, SL_PROTOCOL, "nothing was heard for too long");
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t client_wake(const struct samenloop *house)
{
    const struct client *client = &house->client;
    int64_t wake = INT64_MAX;
    if (client->state == CLIENT_AWAY)
        return client->connect_at;
    if (client->state == CLIENT_ENDED)
        return house->moment.elapsed;
    wake = client->heard + SL_SILENCE;
    if (client->state == CLIENT_TALKING)
        wake = earlier(wake, client->said + SL_HEARTBEAT);
    if (client->state == CLIENT_TALKING && client->fed && listing_wants(&house->listing))
        wake = house->moment.elapsed;
    if (client->later > house->moment.elapsed)
        wake = earlier(wake, client->later);
    return wake;
}

void client_synced(struct samenloop *house)
{
    house->client.answers_synced = house->client.answer_count;
}
