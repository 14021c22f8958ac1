#include "adapters/client.h"

#include <stdlib.h>
#include <string.h>

#include "adapters/house.h"
#include "adapters/opening.h"
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

/* ---------------------------------------------------------------- the journal that feeds us */

static int feed(struct samenloop *house, struct sl_error *error)
{
    if (inbox_journal(house->inbox) != NULL && outbox_drop_receipts(house->outbox, error) < 0)
        return -1;
    return inbox_feed(house->inbox, house->client.journal, error);
}

void client_accept(struct samenloop *house, const uint8_t *journal)
{
    struct client *client = &house->client;
    client->accepts = true;
    memcpy(client->accepted, journal, SL_IDENTITY_SIZE);
    if (!client->foreign || memcmp(client->journal, journal, SL_IDENTITY_SIZE) != 0)
        return;
    struct sl_error error = {0};
    if (feed(house, &error) < 0) {
        house_trouble(house, &error);
        return;
    }
    /* The greeting told of the old journal; a new one is needed. */
    client->foreign = false;
    client->fed = true;
    client_end(house, SL_OK, "the journal is accepted");
}

static void welcomed(struct samenloop *house, const Samenloop__V1__Welcome *welcome)
{
    struct client *client = &house->client;
    const uint8_t *journal = inbox_journal(house->inbox);
    struct sl_error error = {0};
    memcpy(client->journal, welcome->journal.data, SL_IDENTITY_SIZE);
    client->foreign = journal != NULL && memcmp(journal, client->journal, SL_IDENTITY_SIZE) != 0;
    bool accepted = client->foreign && client->accepts &&
                    memcmp(client->accepted, client->journal, SL_IDENTITY_SIZE) == 0;
    client->fed = !client->foreign || accepted;
    if ((journal == NULL || accepted) && feed(house, &error) < 0) {
        house_trouble(house, &error);
        client_end(house, SL_OVERLOAD, "the inbox cannot be written");
        return;
    }
    if (accepted) {
        client->foreign = false;
        client_end(house, SL_OK, "the journal is accepted");
        return;
    }
    if (client->fed &&
        heads_greeted(house->heads, client->journal, sl_from_pb(welcome->head), &error) < 0) {
        house_trouble(house, &error);
        client_end(house, SL_OVERLOAD, "the inbox cannot be written");
        return;
    }
    client->state = CLIENT_TALKING;
    client->credit = welcome->credit;
    client->given = CLIENT_CREDIT;
}

/* ---------------------------------------------------------------- what the router says */

static bool wants_telling(const Samenloop__V1__Result *result)
{
    return result->verdict == SAMENLOOP__V1__VERDICT__VERDICT_REFUSED || result->n_remarks > 0;
}

/* Tells the back office what it must hear of one event of a batch. */
static int tell(struct samenloop *house, uint64_t record, uint32_t index,
                Samenloop__V1__Result *result, struct sl_error *error)
{
    struct outbox_batch batch;
    if (outbox_read(house->outbox, record, &batch, error) < 0)
        return -1;
    Samenloop__V1__InboxTold told = SAMENLOOP__V1__INBOX_TOLD__INIT;
    Samenloop__V1__InboxContent content = SAMENLOOP__V1__INBOX_CONTENT__INIT;
    Samenloop__V1__Header *header = (void *)sl_arena_unpack(
        &house->frames, &samenloop__v1__header__descriptor, sl_from_pb(batch.kept->headers[index]));
    if (header == NULL)
        return sl_fail(error, SL_DAMAGED, "outbox: a header that is none");
    bool refused = result->verdict == SAMENLOOP__V1__VERDICT__VERDICT_REFUSED;
    told.name = sl_to_pb(sl_text(refused ? "event_refused" : "event_withheld"));
    told.role = header->publisher_role;
    told.header = batch.kept->headers[index];
    told.result = result;
    told.at = house->moment.now;
    told.lane = batch.kept->lane;
    told.batch = record;
    told.index = index;
    if (batch.content != NULL) {
        content.id = batch.content->events[index]->id;
        content.subject = batch.content->events[index]->subject;
    }
    return inbox_tell(house->inbox, &told, &content, error);
}

static int answered(struct samenloop *house, const Samenloop__V1__Published *published,
                    struct sl_error *error)
{
    uint64_t record = published->position;
    size_t told = outbox_told_of(house->outbox, record);
    for (size_t i = told; i < published->n_results; i++) {
        if (!wants_telling(published->results[i]))
            continue;
        if (tell(house, record, (uint32_t)i, published->results[i], error) < 0)
            return -1;
        outbox_told(house->outbox, record, i + 1);
    }
    /* The outbox must not know the answer before the inbox has what is to be told of it. */
    if (outbox_told_of(house->outbox, record) > told && inbox_sync(house->inbox, error) < 0)
        return -1;
    return outbox_answered(house->outbox, record, published->results, published->n_results, error);
}

/* The disk could not keep what the router said. For want of room the connection stays: other things
 * go on over it, and client_room ends it. */
static void could_not_keep(struct samenloop *house, const struct sl_error *error,
                           const char *sentence)
{
    house_trouble(house, error);
    if (error->code == SL_FULL)
        house->client.unheard = true;
    else
        client_end(house, SL_OVERLOAD, sentence);
}

static void published(struct samenloop *house, const Samenloop__V1__Published *frame)
{
    struct client *client = &house->client;
    enum sl_lane lane = SL_NO_LANE;
    size_t events = 0;
    enum outbox_batch_state state = outbox_batch_state(house->outbox, frame->position, &lane,
                                                       &events);
    if ((state != OUTBOX_SENT && state != OUTBOX_ANSWERED) || lane != (enum sl_lane)frame->lane ||
        events != frame->n_results) {
        client_end(house, SL_PROTOCOL, "published: not what was sent on this connection");
        return;
    }
    if (state == OUTBOX_ANSWERED)
        return;
    bool later = false;
    for (size_t i = 0; i < frame->n_results; i++)
        later = later || frame->results[i]->verdict == SAMENLOOP__V1__VERDICT__VERDICT_LATER;
    struct sl_error error = {0};
    if (!later && answered(house, frame, &error) < 0) {
        could_not_keep(house, &error, "the answer cannot be written");
        return;
    }
    client->in_flight[lane] -= events;
    if (later) {
        outbox_later(house->outbox, frame->position);
        client->later = house->moment.elapsed + ADAPTER_LATER;
    }
}

static void deliver(struct samenloop *house, const Samenloop__V1__Deliver *frame)
{
    struct client *client = &house->client;
    if (!client->fed || client->unheard)
        return; /* not answered, so it stays the router's */
    if (frame->n_deliveries > client->given) {
        client_end(house, SL_PROTOCOL, "deliver: more than the credit");
        return;
    }
    client->given -= frame->n_deliveries;
    client->answers = sl_grow(client->answers, &client->answer_capacity,
                              client->answer_count + frame->n_deliveries, sizeof *client->answers);
    size_t count = 0;
    struct sl_error error = {0};
    int result = opening_take(house, frame, client->answers + client->answer_count, &count, &error);
    client->answer_count += count;
    if (result < 0)
        could_not_keep(house, &error, "the inbox cannot be written");
}

static void receipted(struct samenloop *house, const Samenloop__V1__Receipted *frame)
{
    struct sl_error error = {0};
    if (outbox_receipted(house->outbox, (enum sl_lane)frame->lane, frame->number,
                         (enum sl_role)frame->role, &error) < 0)
        could_not_keep(house, &error, "a receipt's answer cannot be written");
}

static void list_piece(struct samenloop *house, const Samenloop__V1__ListPiece *frame)
{
    struct sl_error error = {0};
    if (listing_take(house, frame, &error) < 0)
        client_end(house, error.code, error.text);
}

static void bye(struct samenloop *house, const Samenloop__V1__Bye *frame)
{
    struct client *client = &house->client;
    client->state = CLIENT_ENDED;
    (void)sl_fail(&client->end, sl_code_by_name((const char *)frame->code.data, frame->code.len),
                  "the router ended the connection: %.*s", (int)frame->sentence.len,
                  (const char *)frame->sentence.data);
}

void client_received(struct samenloop *house, struct sl_bytes bytes)
{
    struct client *client = &house->client;
    struct sl_error error = {0};
    if (client->state != CLIENT_GREETING && client->state != CLIENT_TALKING)
        return;
    client->heard = house->moment.elapsed;
    sl_arena_clear(&house->frames);
    const Samenloop__V1__Frame *frame = sl_wire_unpack(&house->frames, SL_WIRE_ROUTER, bytes,
                                                       &error);
    if (frame == NULL) {
        client_end(house, error.code, error.text);
        return;
    }
    bool talking = client->state == CLIENT_TALKING;
    switch (frame->body_case) {
    case SAMENLOOP__V1__FRAME__BODY_HEARTBEAT:
        return;
    case SAMENLOOP__V1__FRAME__BODY_BYE:
        bye(house, frame->bye);
        return;
    case SAMENLOOP__V1__FRAME__BODY_WELCOME:
        if (!talking && client->greeted) {
            welcomed(house, frame->welcome);
            return;
        }
        break;
    case SAMENLOOP__V1__FRAME__BODY_PUBLISHED:
        if (talking) {
            published(house, frame->published);
            return;
        }
        break;
    case SAMENLOOP__V1__FRAME__BODY_DELIVER:
        if (talking) {
            deliver(house, frame->deliver);
            return;
        }
        break;
    case SAMENLOOP__V1__FRAME__BODY_RECEIPTED:
        if (talking) {
            receipted(house, frame->receipted);
            return;
        }
        break;
    case SAMENLOOP__V1__FRAME__BODY_LIST_PIECE:
        if (talking) {
            list_piece(house, frame->list_piece);
            return;
        }
        break;
    default:
        break;
    }
    (void)snprintf(error.text, sizeof error.text, "%s: not now", sl_wire_name(frame));
    client_end(house, SL_PROTOCOL, error.text);
}

/* ---------------------------------------------------------------- what we say */

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

void client_synced(struct samenloop *house)
{
    house->client.answers_synced = house->client.answer_count;
}
