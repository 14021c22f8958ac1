#include "schemas/arrivals.h"

#include <errno.h>
#include <stdlib.h>

/* A ring of messages in the order in which they came. */
struct ring {
    struct sl_arrival list[SL_ARRIVALS];
    size_t first;
    size_t count;
};

struct sl_arrivals {
    bool named;
    bool acute_taken; /* in this round; */
    bool welcome;     /* one waits: nothing goes before it */
    bool hurried;     /* a round ended because of it, and no other was taken since */
    size_t bytes;
    struct ring acute;
    struct ring others;
};

static void init(struct sl_arrival *arrival)
{
    (void)zmq_msg_init(&arrival->id);
    (void)zmq_msg_init(&arrival->body);
}

static void move(struct sl_arrival *to, struct sl_arrival *from)
{
    init(to);
    (void)zmq_msg_move(&to->id, &from->id);
    (void)zmq_msg_move(&to->body, &from->body);
    to->more = from->more;
}

static void put(struct sl_arrivals *arrivals, struct ring *ring, struct sl_arrival *arrival)
{
    arrivals->bytes += zmq_msg_size(&arrival->body);
    move(&ring->list[(ring->first + ring->count++) % SL_ARRIVALS], arrival);
}

static bool take(struct sl_arrivals *arrivals, struct ring *ring, struct sl_arrival *out)
{
    if (ring->count == 0)
        return false;
    move(out, &ring->list[ring->first]);
    arrivals->bytes -= zmq_msg_size(&out->body);
    ring->first = (ring->first + 1) % SL_ARRIVALS;
    ring->count--;
    return true;
}

struct sl_arrivals *sl_arrivals_new(bool named)
{
    struct sl_arrivals *arrivals = sl_new(1, sizeof *arrivals);
    arrivals->named = named;
    return arrivals;
}

void sl_arrivals_free(struct sl_arrivals *arrivals)
{
    if (arrivals == NULL)
        return;
    sl_arrivals_clear(arrivals);
    free(arrivals);
}

void sl_arrivals_clear(struct sl_arrivals *arrivals)
{
    struct sl_arrival arrival;
    while (take(arrivals, &arrivals->acute, &arrival) ||
           take(arrivals, &arrivals->others, &arrival))
        sl_arrival_close(&arrival);
    sl_arrivals_round(arrivals);
}

void sl_arrival_close(struct sl_arrival *arrival)
{
    (void)zmq_msg_close(&arrival->id);
    (void)zmq_msg_close(&arrival->body);
}

/* ---------------------------------------------------------------- a frame's lane */

enum { VARINT = 0, LENGTH = 2 }; /* wire types of protobuf */

static bool take_varint(struct sl_bytes *bytes, uint64_t *out)
{
    *out = 0;
    for (unsigned shift = 0; shift < 64 && bytes->size > 0; shift += 7) {
        uint8_t byte = *bytes->data;
        *bytes = sl_bytes(bytes->data + 1, bytes->size - 1);
        *out |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0)
            return true;
    }
    return false;
}

/* Takes a field that has a length: gives its number and what is in it. */
static bool take_field(struct sl_bytes *bytes, uint64_t *number, struct sl_bytes *out)
{
    uint64_t tag = 0;
    uint64_t size = 0;
    if (!take_varint(bytes, &tag) || (tag & 7) != LENGTH || !take_varint(bytes, &size) ||
        size > bytes->size)
        return false;
    *number = tag >> 3;
    *out = sl_bytes(bytes->data, (size_t)size);
    *bytes = sl_bytes(bytes->data + size, bytes->size - (size_t)size);
    return true;
}

/* Both Publish and Delivery begin with their lane. */
static enum sl_lane lane_of(struct sl_bytes message)
{
    uint64_t tag = 0;
    uint64_t lane = 0;
    if (!take_varint(&message, &tag) || tag != (1 << 3 | VARINT) || !take_varint(&message, &lane) ||
        lane >= SL_LANES)
        return SL_NO_LANE;
    return (enum sl_lane)lane;
}

enum sl_lane sl_arrivals_lane(struct sl_bytes frame)
{
    enum { PUBLISH = 3, DELIVER = 5, DELIVERIES = 2 };
    uint64_t kind = 0;
    uint64_t field = 0;
    struct sl_bytes body;
    struct sl_bytes part;
    if (!take_field(&frame, &kind, &body))
        return SL_NO_LANE;
    if (kind == PUBLISH)
        return lane_of(body);
    while (kind == DELIVER && take_field(&body, &field, &part)) { /* bundles are passed over */
        if (field == DELIVERIES)
            return lane_of(part);
    }
    return SL_NO_LANE;
}

static bool is_welcome(struct sl_bytes frame)
{
    enum { WELCOME = 2 };
    return frame.size > 0 && frame.data[0] == (WELCOME << 3 | LENGTH);
}

/* ---------------------------------------------------------------- in and out */

/* One part of a message; false: there is none. `more`: another follows. */
static bool read_part(void *socket, zmq_msg_t *part, bool *more)
{
    int size;
    (void)zmq_msg_init(part);
    do {
        size = zmq_msg_recv(part, socket, ZMQ_DONTWAIT);
    } while (size < 0 && errno == EINTR);
    *more = size >= 0 && zmq_msg_more(part) != 0;
    return size >= 0;
}

/* One message; a sender without a message is passed over as one of no bytes. */
static bool read_message(const struct sl_arrivals *arrivals, void *socket, struct sl_arrival *out)
{
    zmq_msg_t rest;
    bool more = arrivals->named;
    init(out);
    out->more = false;
    if (arrivals->named && !read_part(socket, &out->id, &more))
        return false;
    if ((more || !arrivals->named) && !read_part(socket, &out->body, &out->more))
        return false;
    for (more = out->more; more; (void)zmq_msg_close(&rest))
        (void)read_part(socket, &rest, &more);
    return true;
}

static void read_socket(struct sl_arrivals *arrivals, void *socket)
{
    struct sl_arrival one;
    while (arrivals->acute.count + arrivals->others.count < SL_ARRIVALS &&
           arrivals->bytes < SL_ARRIVALS_BYTES) {
        if (!read_message(arrivals, socket, &one)) {
            sl_arrival_close(&one);
            return;
        }
        struct sl_bytes frame = sl_bytes(zmq_msg_data(&one.body), zmq_msg_size(&one.body));
        arrivals->welcome = is_welcome(frame) || (arrivals->welcome && arrivals->others.count > 0);
        bool acute = !arrivals->welcome && sl_arrivals_lane(frame) == SL_LANE_ACUTE;
        put(arrivals, acute ? &arrivals->acute : &arrivals->others, &one);
    }
}

bool sl_arrivals_any(const struct sl_arrivals *arrivals)
{
    return arrivals->acute.count + arrivals->others.count > 0;
}

void sl_arrivals_round(struct sl_arrivals *arrivals)
{
    arrivals->acute_taken = false;
}

bool sl_arrivals_next(struct sl_arrivals *arrivals, void *socket, struct sl_arrival *out)
{
    read_socket(arrivals, socket);
    if (take(arrivals, &arrivals->acute, out)) {
        arrivals->acute_taken = true;
        return true;
    }
    bool hurry = arrivals->acute_taken && !arrivals->hurried;
    arrivals->hurried = hurry;
    return !hurry && take(arrivals, &arrivals->others, out);
}
