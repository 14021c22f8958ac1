#include "router/connections.h"

int connections_find(const struct connections *connections, uint64_t number)
{
    for (int i = 0; i < SL_MAX_PARTICIPANTS; i++) {
        if (number != 0 && connections->of[i].number == number)
            return i;
    }
    return -1;
}

uint64_t connections_greet(struct connections *connections, int participant,
                           const struct connection *connection)
{
    uint64_t older = connections->of[participant].number;
    connections_forget(connections, participant);
    connections->of[participant] = *connection;
    connections->count++;
    return older;
}

void connections_forget(struct connections *connections, int participant)
{
    if (connections->of[participant].number == 0)
        return;
    connections->of[participant] = (struct connection){0};
    connections->count--;
}

uint32_t connections_in_flight(const struct connection *connection)
{
    uint32_t sum = 0;
    for (int lane = SL_NO_LANE; lane < SL_LANES; lane++)
        sum += connection->in_flight[lane];
    return sum;
}

enum sl_lane connections_lowest(const struct connection *connection)
{
    uint32_t all = connections_in_flight(connection);
    uint32_t behind = all - connection->in_flight[SL_LANE_ACUTE];
    uint32_t kept = (connection->credit + all) / 8;
    if (behind < CONNECTIONS_FLIGHT && connection->credit > kept)
        return SL_LANE_ORDINARY;
    return behind < CONNECTIONS_FLIGHT + CONNECTIONS_FLIGHT / 2 ? SL_LANE_URGENT : SL_LANE_ACUTE;
}

int connections_add_credit(struct connection *connection, uint32_t more, struct sl_error *error)
{
    if (more > SL_CREDIT ||
        connection->credit + connections_in_flight(connection) + more > SL_CREDIT)
        return sl_fail(error, SL_PROTOCOL, "credit: at most %d deliveries at a time", SL_CREDIT);
    connection->credit += more;
    return 0;
}

int connections_take(struct connection *connection, size_t events, struct sl_error *error)
{
    if (events > CONNECTIONS_CREDIT - connection->taken)
        return sl_fail(error, SL_PROTOCOL, "credit: at most %d events without an answer",
                       CONNECTIONS_CREDIT);
    connection->taken += (uint32_t)events;
    return 0;
}

int64_t connections_wake(const struct connections *connections)
{
    int64_t wake = INT64_MAX;
    for (int i = 0; i < SL_MAX_PARTICIPANTS; i++) {
        const struct connection *one = &connections->of[i];
        if (one->number == 0)
            continue;
        if (one->said + SL_HEARTBEAT < wake)
            wake = one->said + SL_HEARTBEAT;
        if (one->heard + SL_SILENCE < wake)
            wake = one->heard + SL_SILENCE;
    }
    return wake;
}
