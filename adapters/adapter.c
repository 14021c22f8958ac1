#include "adapters/adapter.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/door.h"
#include "adapters/house.h"
#include "adapters/opening.h"
#include "adapters/window.h"

static_assert((int)SAMENLOOP_LANES == (int)SL_LANES, "lanes as on the wire");
static_assert((int)SAMENLOOP_BACK_OFFICE == (int)SL_BACK_OFFICE &&
                  (int)SAMENLOOP_JOINT_TEAM == (int)SL_JOINT_TEAM,
              "roles as on the wire");

const struct sl_participant *house_self(const struct samenloop *house)
{
    return &house->setup.directory->participants[house->self];
}

void house_trouble(struct samenloop *house, const struct sl_error *error)
{
    (void)snprintf(house->counts.trouble, sizeof house->counts.trouble, "%s%.230s",
                   error->code == SL_FULL ? "no room on the disk: " : "", error->text);
    if (error->code == SL_FATAL || error->code == SL_DAMAGED) {
        house->broken = *error;
    } else if (error->code == SL_FULL && !house->full) {
        house->full = true;
        house->room_at = house->moment.elapsed + ADAPTER_ROOM;
    }
}

/* ---------------------------------------------------------------- open and close */

static int check_setup(const struct adapter_setup *setup, struct sl_error *error)
{
    if (sl_directory_find(setup->directory, setup->participant) < 0)
        return sl_fail(error, SL_CONFIGURATION, "%s is not among the participants",
                       setup->participant);
    if (setup->signing_key == NULL || setup->sealing_key_count == 0 ||
        setup->sealing_key_count > ADAPTER_MAX_SEALING_KEYS || setup->content_key == NULL)
        return sl_fail(error, SL_CONFIGURATION,
                       "a signing, a sealing and a content key are wanted");
    return 0;
}

int adapter_open(struct samenloop **out, const struct adapter_setup *setup,
                 struct adapter_moment moment, struct sl_error *error)
{
    if (check_setup(setup, error) < 0)
        return -1;
    struct samenloop *house = sl_new(1, sizeof *house);
    house->setup = *setup;
    house->moment = moment;
    house->self = sl_directory_find(setup->directory, setup->participant);
    house->crypto = sl_crypto_new();
    known_init(&house->known);
    sl_arena_init(&house->frames, SL_MAX_ARENA);
    sl_arena_init(&house->parcel, SL_MAX_ARENA);
    sl_arena_init(&house->lookup, 0);
    sl_arena_init(&house->window, 0);
    house->frames.borrows = house->parcel.borrows = house->window.borrows = true;
    if (door_open(house, error) < 0 ||
        outbox_open(&house->outbox, setup->outbox, setup->segment_bytes, &house->known, error) <
            0 ||
        inbox_open(&house->inbox, setup->inbox, setup->segment_bytes, &house->known, house->outbox,
                   error) < 0 ||
        heads_open(&house->heads, setup->inbox, setup->router_signing_key, error) < 0) {
        adapter_close(house);
        return -1;
    }
    house->opening = opening_new(house);
    client_init(house);
    *out = house;
    return 0;
}

void adapter_close(struct samenloop *house)
{
    if (house == NULL)
        return;
    client_free(house);
    listing_free(&house->listing);
    opening_free(house->opening);
    heads_close(house->heads);
    inbox_close(house->inbox);
    outbox_close(house->outbox);
    door_close(house->door);
    known_free(&house->known);
    sl_crypto_free(house->crypto);
    sl_arena_free(&house->frames);
    sl_arena_free(&house->parcel);
    sl_arena_free(&house->lookup);
    sl_arena_free(&house->window);
    sl_buffer_free(&house->text);
    free(house);
}

/* ---------------------------------------------------------------- other keys */

static bool same_key(const uint8_t *a, const uint8_t *b)
{
    return a == NULL || b == NULL ? a == b : CRYPTO_memcmp(a, b, SL_KEY_SIZE) == 0;
}

/* What is in the logs hangs on these. */
static int check_same(const struct adapter_setup *old, const struct adapter_setup *new,
                      struct sl_error *error)
{
    if (strcmp(old->participant, new->participant) != 0)
        return sl_fail(error, SL_CONFIGURATION, "this is the house of %s, not of %s",
                       old->participant, new->participant);
    if (!same_key(old->content_key, new->content_key))
        return sl_fail(error, SL_CONFIGURATION, "the content key is another one");
    if (!same_key(old->pseudonym_key, new->pseudonym_key))
        return sl_fail(error, SL_CONFIGURATION, "the pseudonym key is another one");
    return 0;
}

int adapter_reload(struct samenloop *house, const struct adapter_setup *setup,
                   struct sl_error *error)
{
    const struct adapter_setup old = house->setup;
    int self = house->self;
    if (adapter_pending(house))
        return sl_fail(error, SL_OVERLOAD, "what was handed in must be synced first");
    if (check_setup(setup, error) < 0 || check_same(&old, setup, error) < 0)
        return -1;
    house->setup = *setup;
    house->setup.outbox = old.outbox;
    house->setup.inbox = old.inbox;
    house->setup.segment_bytes = old.segment_bytes;
    house->setup.keep_ms = old.keep_ms;
    house->self = sl_directory_find(setup->directory, setup->participant);
    if (door_reload(house, error) < 0) {
        house->setup = old;
        house->self = self;
        return -1;
    }
    opening_free(house->opening);
    house->opening = opening_new(house);
    heads_key(house->heads, setup->router_signing_key);
    client_end(house, SL_OK, "keys and cards were read again");
    return 0;
}

/* ---------------------------------------------------------------- the world's side */

/* Is there room again? Nothing else may ever ask: who is told 503 need not come back. */
static void look_for_room(struct samenloop *house)
{
    struct sl_error error = {0};
    if (!house->full || house->broken.code != SL_OK || house->moment.elapsed < house->room_at)
        return;
    house->room_at = house->moment.elapsed + ADAPTER_ROOM;
    if (outbox_make_room(house->outbox, &error) < 0 || inbox_make_room(house->inbox, &error) < 0) {
        house_trouble(house, &error);
        return;
    }
    house->full = false;
    house->counts.trouble[0] = '\0';
    client_room(house);
}

void adapter_time(struct samenloop *house, struct adapter_moment moment)
{
    if (moment.now > house->moment.now)
        house->moment.now = moment.now;
    if (moment.elapsed > house->moment.elapsed)
        house->moment.elapsed = moment.elapsed;
    look_for_room(house);
    client_time(house);
}

enum adapter_want adapter_wants(const struct samenloop *house)
{
    switch (house->client.state) {
    case CLIENT_AWAY:
        return house->moment.elapsed >= house->client.connect_at ? ADAPTER_WANTS_CONNECTION
                                                                 : ADAPTER_WANTS_NOTHING;
    case CLIENT_ENDED:
        return ADAPTER_WANTS_END;
    default:
        return ADAPTER_WANTS_NOTHING;
    }
}

void adapter_connected(struct samenloop *house)
{
    client_connected(house);
}

void adapter_disconnected(struct samenloop *house)
{
    client_disconnected(house);
}

void adapter_not_connected(struct samenloop *house, const char *why)
{
    client_not_connected(house, why);
}

void adapter_goodbye(struct samenloop *house)
{
    client_end(house, SL_OK, "");
}

void adapter_received(struct samenloop *house, struct sl_bytes frame)
{
    client_received(house, frame);
}

bool adapter_pending(const struct samenloop *house)
{
    return door_pending(house->door) || outbox_dirty(house->outbox) || inbox_dirty(house->inbox);
}

/* What is old goes, a segment of each log a round. A full disk is no reason to end: it stays. */
static int release(struct samenloop *house, struct sl_error *error)
{
    int64_t now = house->moment.now;
    int64_t before = now - house->setup.keep_ms;
    if (house->setup.keep_ms <= 0)
        return 0;
    if (outbox_release(house->outbox, before, now, error) >= 0 &&
        inbox_release(house->inbox, before, now, error) >= 0)
        return 0;
    house_trouble(house, error);
    return error->code == SL_FATAL || error->code == SL_DAMAGED ? -1 : 0;
}

/* The order matters nowhere here: what one log may only have after the other (a receipt before its
 * `taken`, what was told before its answer) was synced when it was appended. */
int adapter_sync(struct samenloop *house, struct sl_error *error)
{
    if (house->broken.code == SL_OK && adapter_pending(house)) {
        if (!house->full)
            house->counts.trouble[0] = '\0';
        if (door_seal(house, error) < 0 || outbox_sync(house->outbox, error) < 0 ||
            inbox_sync(house->inbox, error) < 0) {
            house_trouble(house, error);
            house->broken = *error;
        }
    }
    if (house->broken.code != SL_OK) {
        *error = house->broken;
        return -1;
    }
    door_synced(house);
    heads_synced(house->heads);
    client_synced(house);
    return release(house, error);
}

bool adapter_frame(struct samenloop *house, struct sl_buffer *out)
{
    return client_frame(house, out);
}

int64_t adapter_wake(const struct samenloop *house)
{
    int64_t wake = client_wake(house);
    return house->full && house->room_at < wake ? house->room_at : wake;
}

void adapter_accept_journal(struct samenloop *house, const uint8_t *identity)
{
    client_accept(house, identity);
}

/* ---------------------------------------------------------------- the back office's side */

int samenloop_publish(struct samenloop *house, enum samenloop_role role, const void *text,
                      size_t size, bool batch, struct samenloop_tickets *out)
{
    return door_take(house, role, sl_bytes(text, size), batch, out);
}

int samenloop_answer(const struct samenloop *house, uint64_t ticket, struct samenloop_answer *out)
{
    return door_answer(house->door, ticket, out);
}

const char *samenloop_event(struct samenloop *house, const char *id, const char *source)
{
    struct sl_error error = {0};
    int found = window_event(house, sl_text(id), sl_text(source), &error);
    if (found < 0)
        house_trouble(house, &error);
    return found > 0 ? (const char *)house->text.data : NULL;
}

int samenloop_receive(struct samenloop *house, enum samenloop_role role,
                      struct samenloop_cursor *cursor, struct samenloop_item *out)
{
    struct sl_error error = {0};
    uint64_t record = inbox_next(house->inbox, (enum sl_role)role, cursor->after);
    if (record == 0)
        return 0;
    sl_buffer_clear(&house->text);
    if (window_item(house, record, &error) < 0) {
        house_trouble(house, &error);
        return -1;
    }
    *out = (struct samenloop_item){
        .position = record, .event = (const char *)house->text.data, .size = house->text.size};
    return 1;
}

uint64_t samenloop_arrivals(const struct samenloop *house, enum samenloop_role role)
{
    return inbox_arrivals(house->inbox, (enum sl_role)role);
}

uint64_t samenloop_list_ask(struct samenloop *house)
{
    return listing_ask(house);
}

int samenloop_list(const struct samenloop *house, uint64_t ticket, const char **text)
{
    *text = house->listing.text;
    if (house->listing.done >= ticket && *text != NULL)
        return 1;
    return house->client.state == CLIENT_TALKING && house->client.fed ? 0 : -1;
}

/* A receipt that somebody waits for is in the outbox before the inbox knows that it was taken: else
 * a crash between the two could lose it. Such a case is acute, and so rare. */
static int receipt(struct samenloop *house, uint64_t record, struct sl_error *error)
{
    struct inbox_item item;
    sl_arena_clear(&house->lookup);
    if (!inbox_receipt(house->inbox, record))
        return 0;
    if (inbox_read(house->inbox, &house->lookup, record, &item, error) < 0)
        return -1;
    const Samenloop__V1__Delivery *delivery = item.delivery->delivery;
    if (!delivery->receipt_wanted)
        return 0;
    return outbox_receipt(house->outbox,
                          (struct outbox_receipt){.lane = (enum sl_lane)delivery->lane,
                                                  .number = delivery->number,
                                                  .role = (enum sl_role)delivery->role,
                                                  .at = house->moment.now},
                          error);
}

/* The notice of an erasure is the last that names the house: it goes when it was taken. */
static int take(struct samenloop *house, uint64_t record, struct sl_error *error)
{
    struct inbox_item item;
    sl_arena_clear(&house->lookup);
    if (!inbox_receipt(house->inbox, record))
        return inbox_take(house->inbox, record, house->moment.now, error);
    if (inbox_read(house->inbox, &house->lookup, record, &item, error) < 0 ||
        inbox_take(house->inbox, record, house->moment.now, error) < 0)
        return -1;
    bool erasure = item.delivery->delivery->kind ==
                   SAMENLOOP__V1__DELIVERY_KIND__DELIVERY_KIND_ERASURE;
    return erasure ? inbox_forget(house->inbox, record, error) : 0;
}

int samenloop_acknowledge(struct samenloop *house, enum samenloop_role role,
                          const uint64_t *positions, size_t count)
{
    struct sl_error error = {0};
    int result = 0;
    for (size_t i = 0; i < count; i++) {
        if (!inbox_is_for(house->inbox, positions[i], (enum sl_role)role))
            return -1;
    }
    for (size_t i = 0; i < count && result == 0; i++)
        result = receipt(house, positions[i], &error);
    if (result == 0 && outbox_dirty(house->outbox))
        result = outbox_sync(house->outbox, &error);
    for (size_t i = 0; i < count && result == 0; i++)
        result = take(house, positions[i], &error);
    if (result < 0)
        house_trouble(house, &error);
    return result;
}

void samenloop_health(const struct samenloop *house, struct samenloop_health *out)
{
    *out = house->counts;
    out->writable = !house->full && house->broken.code == SL_OK;
    out->fed = house->client.fed;
    out->connected = house->client.state == CLIENT_TALKING;
    out->head = heads_size(house->heads);
    out->cards_refused = house->setup.directory->refused;
    (void)snprintf(out->alarm, sizeof out->alarm, "%s", heads_alarm(house->heads));
    if (!out->fed)
        sl_hex(out->journal, house->client.journal, SL_IDENTITY_SIZE);
    for (int lane = SL_LANE_ACUTE; lane < SL_LANES; lane++) {
        out->outbox[lane] = outbox_waiting(house->outbox, (enum sl_lane)lane);
        out->inbox[lane] = inbox_waiting(house->inbox, (enum sl_lane)lane);
    }
    if (out->trouble[0] == '\0' && !out->connected)
        (void)snprintf(out->trouble, sizeof out->trouble, "%s", house->client.end.text);
}
