/* What the house says to the router, in which order, and how much at a time. */
#include <stdlib.h>
#include <string.h>

#include "adapters/house.h"
#include "schemas/version.h"

#define SOFTWARE "samenloop-adapter " SL_VERSION

enum {
    /* What the ordinary lane leaves of the router's credit for those before it. */
    RESERVE = SL_MAX_BATCH,
    /* Events that are not acute and on their way, or one batch: an acute one that comes now waits
     * behind them. Enough to be checked and written while as many are packed; the urgent ones among
     * them may be half as many more. */
    FLIGHT = 512
};

static void hello_frame(struct samenloop *house, struct sl_buffer *out)
{
    struct client *client = &house->client;
    Samenloop__V1__Hello hello = SAMENLOOP__V1__HELLO__INIT;
    Samenloop__V1__Place places[SL_LANES];
    Samenloop__V1__Place *last[SL_LANES];
    const uint8_t *journal = inbox_journal(house->inbox);
    hello.version = SL_WIRE_VERSION;
    hello.software = sl_to_pb(sl_text(SOFTWARE));
    hello.outbox = sl_to_pb(sl_bytes(outbox_identity(house->outbox), SL_IDENTITY_SIZE));
    hello.inbox = sl_to_pb(sl_bytes(inbox_identity(house->inbox), SL_IDENTITY_SIZE));
    if (journal != NULL)
        hello.journal = sl_to_pb(sl_bytes(journal, SL_IDENTITY_SIZE));
    hello.last = last;
    for (int lane = SL_LANE_ACUTE; lane < SL_LANES; lane++) {
        Samenloop__V1__Place *place = &places[hello.n_last];
        samenloop__v1__place__init(place);
        place->lane = (Samenloop__V1__Lane)lane;
        place->number = inbox_last(house->inbox, (enum sl_lane)lane);
        if (place->number > 0)
            last[hello.n_last++] = place;
    }
    hello.credit = CLIENT_CREDIT;
    sl_wire_hello(out, &hello);
    client->greeted = true;
}

static bool bye_frame(struct samenloop *house, struct sl_buffer *out)
{
    struct client *client = &house->client;
    sl_wire_bye(out, client->end.code, client->end.text);
    client->state = CLIENT_ENDED;
    return true;
}

static bool answers_frame(struct samenloop *house, struct sl_buffer *out)
{
    struct client *client = &house->client;
    size_t count = client->answers_synced < SL_MAX_DELIVERIES ? client->answers_synced
                                                              : SL_MAX_DELIVERIES;
    if (count == 0)
        return false;
    Samenloop__V1__Delivered delivered = SAMENLOOP__V1__DELIVERED__INIT;
    Samenloop__V1__DeliveryAnswer *answers = sl_new(count, sizeof *answers);
    delivered.answers = sl_new(count, sizeof(void *));
    delivered.n_answers = count;
    delivered.credit = (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        const struct client_answer *from = &client->answers[i];
        Samenloop__V1__DeliveryAnswer *answer = delivered.answers[i] = &answers[i];
        samenloop__v1__delivery_answer__init(answer);
        answer->lane = (Samenloop__V1__Lane)from->lane;
        answer->number = from->number;
        answer->attempt = from->attempt;
        answer->outcome = from->outcome;
        if (from->outcome != SAMENLOOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_DONE) {
            answer->code = sl_to_pb(sl_text(sl_code_name(from->error.code)));
            answer->sentence = sl_to_pb(sl_text(from->error.text));
        }
    }
    sl_wire_delivered(out, &delivered);
    free(delivered.answers);
    free(answers);
    client->given += count;
    client->answer_count -= count;
    client->answers_synced -= count;
    memmove(client->answers, client->answers + count,
            client->answer_count * sizeof *client->answers);
    return true;
}

/* A batch as the outbox has it, as a Publish. */
static int publish(struct samenloop *house, uint64_t record, struct sl_buffer *out,
                   struct sl_error *error)
{
    struct outbox_batch batch;
    if (outbox_read(house->outbox, record, &batch, error) < 0)
        return -1;
    size_t count = batch.kept->n_headers;
    Samenloop__V1__Publish frame = SAMENLOOP__V1__PUBLISH__INIT;
    Samenloop__V1__Bundle bundle = SAMENLOOP__V1__BUNDLE__INIT;
    Samenloop__V1__Envelope *envelopes = sl_new(count, sizeof *envelopes);
    bundle.envelopes = sl_new(count, sizeof(void *));
    bundle.n_envelopes = count;
    bundle.proof = batch.kept->proof;
    for (size_t i = 0; i < count; i++) {
        Samenloop__V1__Envelope *envelope = bundle.envelopes[i] = &envelopes[i];
        samenloop__v1__envelope__init(envelope);
        envelope->index = (uint32_t)i;
        envelope->header = batch.kept->headers[i];
        if (batch.content != NULL) {
            envelope->sections = batch.content->events[i]->sections;
            envelope->n_sections = batch.content->events[i]->n_sections;
        }
    }
    frame.lane = batch.kept->lane;
    frame.position = record;
    frame.bundle = &bundle;
    sl_wire_publish(out, &frame);
    free(bundle.envelopes);
    free(envelopes);
    return 0;
}

static size_t less(size_t a, size_t b)
{
    return a > b ? a - b : 0;
}

/* Events of a lane that may be sent now: within the router's credit, and few behind which an acute
 * one would wait. A batch of any size goes alone. */
static size_t room_for(const struct client *client, enum sl_lane lane)
{
    size_t behind = client->in_flight[SL_LANE_URGENT] + client->in_flight[SL_LANE_ORDINARY];
    size_t room = less(client->credit, client->in_flight[SL_LANE_ACUTE] + behind);
    if (lane == SL_LANE_ORDINARY && client->credit >= 2 * RESERVE)
        room = less(room, RESERVE);
    if (lane == SL_LANE_ACUTE || client->in_flight[lane] == 0)
        return room;
    size_t few = less(lane == SL_LANE_URGENT ? FLIGHT + FLIGHT / 2 : FLIGHT, behind);
    return few < room ? few : room;
}

static bool publish_frame(struct samenloop *house, enum sl_lane first, enum sl_lane last,
                          struct sl_buffer *out)
{
    struct client *client = &house->client;
    if (house->moment.elapsed < client->later)
        return false;
    for (enum sl_lane lane = first; lane <= last; lane++) {
        uint64_t record = outbox_next(house->outbox, lane, room_for(client, lane));
        struct sl_error error = {0};
        enum sl_lane same = SL_NO_LANE;
        size_t events = 0;
        if (record == 0)
            continue;
        if (publish(house, record, out, &error) < 0) {
            house_trouble(house, &error); /* those behind it must not overtake it */
            client_end(house, SL_OVERLOAD, "the outbox cannot be read");
            return false;
        }
        (void)outbox_batch_state(house->outbox, record, &same, &events);
        client->in_flight[lane] += events;
        return true;
    }
    return false;
}

static bool receipt_frame(struct samenloop *house, struct sl_buffer *out)
{
    struct outbox_receipt receipt;
    if (!outbox_next_receipt(house->outbox, &receipt))
        return false;
    Samenloop__V1__Receipt frame = SAMENLOOP__V1__RECEIPT__INIT;
    frame.lane = (Samenloop__V1__Lane)receipt.lane;
    frame.number = receipt.number;
    frame.role = (Samenloop__V1__Role)receipt.role;
    frame.at = receipt.at;
    sl_wire_receipt(out, &frame);
    return true;
}

static bool list_frame(struct samenloop *house, struct sl_buffer *out)
{
    if (!listing_wants(&house->listing))
        return false;
    listing_frame(&house->listing, out);
    return true;
}

static bool heartbeat_frame(struct samenloop *house, struct sl_buffer *out)
{
    if (house->moment.elapsed - house->client.said < SL_HEARTBEAT)
        return false;
    sl_wire_heartbeat(out);
    return true;
}

/* Acute before all else but the answers, which cost the router nothing; ordinary last. */
static bool talk(struct samenloop *house, struct sl_buffer *out)
{
    if (!house->client.fed)
        return heartbeat_frame(house, out);
    return publish_frame(house, SL_LANE_ACUTE, SL_LANE_ACUTE, out) || answers_frame(house, out) ||
           receipt_frame(house, out) || list_frame(house, out) ||
           publish_frame(house, SL_LANE_URGENT, SL_LANE_ORDINARY, out) ||
           heartbeat_frame(house, out);
}

bool client_frame(struct samenloop *house, struct sl_buffer *out)
{
    struct client *client = &house->client;
    bool given = false;
    sl_buffer_clear(out);
    if (client->state == CLIENT_GREETING && !client->greeted) {
        hello_frame(house, out);
        given = true;
    } else if (client->state == CLIENT_TALKING) {
        given = talk(house, out);
    } else if (client->state == CLIENT_ENDING) {
        given = bye_frame(house, out);
    }
    if (given)
        client->said = house->moment.elapsed;
    return given;
}
