/* What the router says, and which of its journals feeds this house. */
#include <string.h>

#include "adapters/house.h"
#include "adapters/opening.h"

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
