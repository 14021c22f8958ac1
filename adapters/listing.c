#include "adapters/listing.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/house.h"
#include "schemas/timestamp.h"
#include "schemas/wire.h"

struct listed {
    uint32_t priority;
    int64_t since;
    uint8_t pseudonym[SL_PSEUDONYM_SIZE];
    json_t *json;
};

/* ---------------------------------------------------------------- a house as JSON */

static json_t *text(ProtobufCBinaryData bytes)
{
    return bytes.len == 0 ? NULL : json_stringn((const char *)bytes.data, bytes.len);
}

static json_t *moment(int64_t at)
{
    char written[SL_TIMESTAMP_SIZE];
    if (at == 0)
        return NULL;
    sl_timestamp_format(written, at);
    return json_string(written);
}

static json_t *grounds(ProtobufCBinaryData names)
{
    json_t *list = json_array();
    const char *all = (const char *)names.data;
    for (size_t begin = 0; begin < names.len;) {
        size_t end = begin;
        while (end < names.len && all[end] != ',')
            end++;
        (void)json_array_append_new(list, json_stringn(all + begin, end - begin));
        begin = end + 1;
        while (begin < names.len && all[begin] == ' ')
            begin++;
    }
    return list;
}

static json_t *awaited(const Samenloop__V1__Awaited *open)
{
    char number[24];
    (void)snprintf(number, sizeof number, "%" PRIu64, open->journal_number);
    return json_pack("{s:o*, s:s, s:o*, s:o*, s:b, s:o*, s:o*, s:s}", "to", text(open->from),
                     "role", sl_role_name((enum sl_role)open->role), "what", text(open->what),
                     "due", moment(open->due), "overdue", open->overdue, "rule", text(open->rule),
                     "clause", text(open->clause), "journalseq", number);
}

static json_t *house_json(const struct samenloop *house, const Samenloop__V1__Listed *listed)
{
    char mark[2 * SL_PSEUDONYM_SHOWN + 1];
    char bag_id[SL_BAG_SIZE + 1];
    bool known = houses_bag_id(house->known.houses, listed->subject.data, bag_id);
    json_t *open = json_array();
    for (size_t i = 0; i < listed->n_open; i++)
        (void)json_array_append_new(open, awaited(listed->open[i]));
    sl_hex(mark, listed->subject.data, SL_PSEUDONYM_SHOWN);
    return json_pack("{s:i, s:s*, s:s, s:o*, s:o, s:o}", "priority", (int)listed->priority,
                     "subject", known ? bag_id : NULL, "house", mark, "since",
                     moment(listed->since), "grounds", grounds(listed->grounds), "open", open);
}

/* ---------------------------------------------------------------- pieces */

static void drop(struct listing *listing)
{
    for (size_t i = 0; i < listing->count; i++)
        json_decref(listing->houses[i].json);
    listing->count = 0;
    listing->after = 0;
    listing->sent = false;
}

void listing_free(struct listing *listing)
{
    drop(listing);
    free(listing->houses);
    free(listing->text);
}

void listing_again(struct listing *listing)
{
    drop(listing);
}

/* By priority; the longest on the list first. */
static int by_turn(const void *a, const void *b)
{
    const struct listed *x = a, *y = b;
    if (x->priority != y->priority)
        return x->priority < y->priority ? -1 : 1;
    if (x->since != y->since)
        return x->since < y->since ? -1 : 1;
    return memcmp(x->pseudonym, y->pseudonym, sizeof x->pseudonym);
}

/* All pieces are there. */
static void finish(struct listing *listing)
{
    json_t *all = json_array();
    if (listing->count > 0)
        qsort(listing->houses, listing->count, sizeof *listing->houses, by_turn);
    for (size_t i = 0; i < listing->count; i++)
        (void)json_array_append(all, listing->houses[i].json);
    free(listing->text);
    listing->text = json_dumps(all, JSON_COMPACT);
    json_decref(all);
    drop(listing);
    listing->done = listing->asked;
}

int listing_take(struct samenloop *house, const Samenloop__V1__ListPiece *piece,
                 struct sl_error *error)
{
    struct listing *listing = &house->listing;
    if (!listing->sent || piece->question != listing->asked ||
        (piece->next != 0 && piece->next <= listing->after) ||
        listing->count + piece->n_houses > LISTING_HOUSES_MAX)
        return sl_fail(error, SL_PROTOCOL, "list: not the piece that was asked for");
    listing->houses = sl_grow(listing->houses, &listing->capacity,
                              listing->count + piece->n_houses + 1, sizeof *listing->houses);
    for (size_t i = 0; i < piece->n_houses; i++) {
        const Samenloop__V1__Listed *from = piece->houses[i];
        struct listed *to = &listing->houses[listing->count++];
        *to = (struct listed){from->priority, from->since, {0}, house_json(house, from)};
        memcpy(to->pseudonym, from->subject.data, sizeof to->pseudonym);
    }
    listing->after = piece->next;
    listing->sent = false;
    if (piece->next == 0)
        finish(listing);
    return 0;
}

/* ---------------------------------------------------------------- asking */

uint64_t listing_ask(struct samenloop *house)
{
    return ++house->listing.wanted;
}

bool listing_wants(const struct listing *listing)
{
    return !listing->sent && listing->wanted > listing->done;
}

void listing_frame(struct listing *listing, struct sl_buffer *out)
{
    Samenloop__V1__List question = SAMENLOOP__V1__LIST__INIT;
    if (listing->after == 0)
        listing->asked = listing->wanted;
    question.question = listing->asked;
    question.after = listing->after;
    listing->sent = true;
    sl_wire_list(out, &question);
}
