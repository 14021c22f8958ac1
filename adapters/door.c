#include "adapters/door.h"

#include <stdlib.h>
#include <string.h>

#include "adapters/house.h"
#include "adapters/names.h"
#include "adapters/readers.h"

/* Bytes that events may take in memory until they are sealed; of an arena's own accounting. */
enum { MAX_WAITING_BYTES = 64 * 1024 * 1024, ROOM_FOR_ONE = 512 * 1024 };

/* Events of one bundle: enough that its signatures cost little, and few, since whoever deals with
 * it, here, at the router, at a receiver, keeps an acute event waiting meanwhile. */
enum { BUNDLE_EVENTS = 256 };

/* An event that waits for its bundle. */
struct waiting {
    struct sl_event event;
    size_t answer; /* among those pending */
    size_t bytes;  /* that it will take in the bundle, about */
};

/* An event that came again while its first waited: it fares as that one does. */
struct repetition {
    size_t answer;
    size_t of; /* answer of the first */
};

struct answers {
    uint64_t first; /* ticket */
    struct samenloop_answer *list;
    size_t count, capacity;
};

/* A bundle being made: events of one lane. */
struct bundle {
    size_t count;
    struct sl_event events[BUNDLE_EVENTS];
    size_t answers[BUNDLE_EVENTS];
    size_t bytes;
};

struct door {
    struct sl_door door;    /* how sl_cloudevent_take sees this house */
    struct readers readers; /* for whom the sealer seals */
    struct sl_sealer sealer;
    struct sl_arena reading; /* the text that is being taken, as a tree */
    struct sl_arena arena;   /* the events that wait */
    struct sl_arena sealing; /* one bundle, sealed */
    struct bundle *bundle;   /* NULL until something is sealed */
    struct waiting *waiting;
    size_t count, capacity;
    struct places *ids; /* of those that wait, by UUID */
    struct repetition *repetitions;
    size_t repetition_count, repetition_capacity;
    struct answers pending, ready;
    struct samenloop *house;
};

/* ---------------------------------------------------------------- making it */

/* The sealer for those whose keys are valid now: made again when they, or the own card, change. */
static int make_sealer(struct samenloop *house, struct sl_error *error)
{
    struct door *door = house->door;
    const struct sl_participant *self = house_self(house);
    struct readers readers = {0};
    struct sl_sealer sealer;
    if (readers_now(&readers, house, error) < 0)
        return -1;
    if (door->sealer.count > 0 && memcmp(&readers, &door->readers, sizeof readers) == 0 &&
        memcmp(self->cards[0].hash, door->sealer.card, SL_HASH_SIZE) == 0)
        return 0;
    if (sl_sealer_init(&sealer, house->setup.signing_key, self->cards[0].hash,
                       (const uint8_t(*)[SL_KEY_SIZE])readers.keys, readers.count, error) < 0)
        return -1;
    sl_sealer_free(&door->sealer);
    door->sealer = sealer;
    door->readers = readers;
    return 0;
}

int door_open(struct samenloop *house, struct sl_error *error)
{
    const struct sl_participant *self = house_self(house);
    if (self->card_count == 0)
        return sl_fail(error, SL_BAD_KEY_CARD, "%s has no key card", self->name);
    struct door *door = house->door = sl_new(1, sizeof *door);
    door->house = house;
    door->door = (struct sl_door){.participant = self->name,
                                  .oin = self->oin,
                                  .publisher = self->organisation,
                                  .content = sl_mac_new(house->setup.content_key),
                                  .context = house,
                                  .event = names_event};
    if (house->setup.pseudonym_key != NULL)
        door->door.pseudonym = sl_mac_new(house->setup.pseudonym_key);
    else
        door->door.house = names_pseudonym;
    door->ids = places_new();
    door->pending.first = 1;
    sl_arena_init(&door->arena, MAX_WAITING_BYTES + 2 * ROOM_FOR_ONE);
    sl_arena_init(&door->reading, 0);
    sl_arena_init(&door->sealing, 0);
    return 0;
}

int door_reload(struct samenloop *house, struct sl_error *error)
{
    const struct sl_participant *self = house_self(house);
    if (self->card_count == 0)
        return sl_fail(error, SL_BAD_KEY_CARD, "%s has no key card", self->name);
    sl_sealer_free(&house->door->sealer); /* the next event makes it, with the keys that hold now */
    house->door->sealer = (struct sl_sealer){0};
    house->door->door.participant = self->name;
    house->door->door.oin = self->oin;
    return 0;
}

void door_close(struct door *door)
{
    if (door == NULL)
        return;
    sl_sealer_free(&door->sealer);
    sl_mac_free(door->door.pseudonym);
    sl_mac_free(door->door.content);
    sl_arena_free(&door->reading);
    sl_arena_free(&door->arena);
    sl_arena_free(&door->sealing);
    places_free(door->ids);
    free(door->bundle);
    free(door->waiting);
    free(door->repetitions);
    free(door->pending.list);
    free(door->ready.list);
    free(door);
}

/* ---------------------------------------------------------------- answers */

static struct samenloop_answer *new_answer(struct door *door)
{
    struct answers *pending = &door->pending;
    pending->list = sl_grow(pending->list, &pending->capacity, pending->count + 1,
                            sizeof *pending->list);
    struct samenloop_answer *answer = &pending->list[pending->count++];
    memset(answer, 0, sizeof *answer);
    return answer;
}

static void copy_text(char *out, size_t size, const char *text)
{
    (void)snprintf(out, size, "%s", text);
}

static void refuse(struct door *door, struct samenloop_answer *answer, enum sl_code code,
                   const char *sentence, const char *field)
{
    answer->status = SAMENLOOP_REFUSED;
    copy_text(answer->code, sizeof answer->code, sl_code_name(code));
    copy_text(answer->sentence, sizeof answer->sentence, sentence);
    copy_text(answer->field, sizeof answer->field, field);
    door->house->counts.refused++;
}

static void repeat(struct door *door, struct samenloop_answer *answer)
{
    answer->status = SAMENLOOP_DUPLICATE;
    door->house->counts.duplicates++;
}

int door_answer(const struct door *door, uint64_t ticket, struct samenloop_answer *out)
{
    const struct answers *ready = &door->ready;
    if (ticket >= door->pending.first && ticket < door->pending.first + door->pending.count) {
        *out = (struct samenloop_answer){.status = SAMENLOOP_PENDING};
        return 0;
    }
    if (ticket < ready->first || ticket >= ready->first + ready->count)
        return -1;
    *out = ready->list[ticket - ready->first];
    return 0;
}

/* ---------------------------------------------------------------- taking */

/* Names the event as its back office does, where that is possible. */
static void name_answer(struct samenloop_answer *answer, const struct sl_json *event)
{
    struct sl_bytes id = sl_json_text(sl_json_get(event, "id"));
    struct sl_bytes source = sl_json_text(sl_json_get(event, "source"));
    if (id.size > 0 && id.size < sizeof answer->id)
        memcpy(answer->id, id.data, id.size + 1);
    if (source.size > 0 && source.size < sizeof answer->source)
        memcpy(answer->source, source.data, source.size + 1);
}

static bool same_event(const Samenloop__V1__Header *a, const Samenloop__V1__Header *b)
{
    return sl_bytes_equal(sl_from_pb(a->event_id), sl_from_pb(b->event_id)) &&
           sl_bytes_equal(sl_from_pb(a->source), sl_from_pb(b->source));
}

/* The event with this id and source among those that wait; NULL: none. */
static const struct waiting *find_waiting(const struct door *door,
                                          const Samenloop__V1__Header *header)
{
    struct place place;
    size_t cursor = 0;
    while (places_next(door->ids, sl_from_pb(header->event_id), &cursor, &place)) {
        if (same_event(&door->waiting[place.record].event.header, header))
            return &door->waiting[place.record];
    }
    return NULL;
}

static void conflict(struct door *door, struct samenloop_answer *answer)
{
    refuse(door, answer, SL_ID_CONFLICT, "another event with this id and source was published",
           "/id");
}

static void repeat_waiting(struct door *door, const struct waiting *first,
                           const Samenloop__V1__Header *header, struct samenloop_answer *answer)
{
    if (!sl_bytes_equal(sl_from_pb(first->event.header.content_mac),
                        sl_from_pb(header->content_mac))) {
        conflict(door, answer);
        return;
    }
    door->repetitions = sl_grow(door->repetitions, &door->repetition_capacity,
                                door->repetition_count + 1, sizeof *door->repetitions);
    door->repetitions[door->repetition_count++] = (struct repetition){
        .answer = door->pending.count - 1, .of = first->answer};
}

/* What a sealed event takes, about: header and, for each reader, its sections with padding. */
static size_t sealed_bytes(const struct sl_event *event)
{
    size_t bytes = 1024;
    for (int i = SL_LOCATION; i < SL_SECTIONS; i++)
        bytes += (event->present & sl_section_bit((enum sl_section)i)) != 0
                     ? 3 * (sl_padded_size(event->sections[i].size) + 64)
                     : 0;
    return bytes;
}

static void wait(struct door *door, const struct sl_event *event)
{
    door->waiting = sl_grow(door->waiting, &door->capacity, door->count + 1, sizeof *door->waiting);
    door->waiting[door->count] = (struct waiting){
        .event = *event, .answer = door->pending.count - 1, .bytes = sealed_bytes(event)};
    places_add(door->ids, sl_from_pb(event->header.event_id),
               (struct place){.record = door->count});
    door->count++;
}

/* What a causation or correlation id names may be the router's own word; it knows the event. */
static void resolve(struct samenloop *house, Samenloop__V1__Header *header)
{
    if (header->causation_id.len == SL_UUID_SIZE)
        names_behind(house, header->causation_id.data);
    if (header->correlation_id.len == SL_UUID_SIZE)
        names_behind(house, header->correlation_id.data);
}

static void take_one(struct samenloop *house, enum samenloop_role role, const struct sl_json *json)
{
    struct door *door = house->door;
    struct samenloop_answer *answer = new_answer(door);
    struct sl_refusal refusal = {0};
    struct sl_event event;
    name_answer(answer, json);
    door->door.now = house->moment.now;
    if (sl_cloudevent_take(&event, &door->arena, &door->door, (enum sl_role)role, json, &refusal) <
        0) {
        refuse(door, answer, refusal.error.code, refusal.error.text, refusal.field);
        return;
    }
    const struct waiting *first = find_waiting(door, &event.header);
    if (first != NULL) {
        repeat_waiting(door, first, &event.header, answer);
        return;
    }
    switch (outbox_look(house->outbox, &event.header, &refusal.error)) {
    case OUTBOX_FREE:
        resolve(house, &event.header);
        wait(door, &event);
        break;
    case OUTBOX_SAME:
        repeat(door, answer);
        break;
    case OUTBOX_OTHER:
        conflict(door, answer);
        break;
    case OUTBOX_FAILED:
        house_trouble(house, &refusal.error);
        refuse(door, answer, SL_OVERLOAD, "the outbox cannot be read", "");
        break;
    }
}

static void take_all(struct samenloop *house, enum samenloop_role role, const struct sl_json *list)
{
    for (const struct sl_json *one = list->first; one != NULL; one = one->next)
        take_one(house, role, one);
}

int door_take(struct samenloop *house, enum samenloop_role role, struct sl_bytes text, bool batch,
              struct samenloop_tickets *out)
{
    struct door *door = house->door;
    struct sl_refusal refusal = {0};
    if (door->pending.count >= ADAPTER_MAX_PENDING || door->arena.used > MAX_WAITING_BYTES)
        return -1;
    *out = (struct samenloop_tickets){.first = door->pending.first + door->pending.count};
    sl_arena_clear(&door->reading);
    const struct sl_json *json = sl_json_read(&door->reading, text,
                                              batch ? SL_MAX_FRAME : SL_MAX_EVENT, &refusal.error);
    if (json == NULL)
        refuse(door, new_answer(door), refusal.error.code, refusal.error.text, refusal.field);
    else if (!batch)
        take_one(house, role, json);
    else if (json->kind != SL_JSON_ARRAY)
        refuse(door, new_answer(door), SL_MALFORMED, "an array of events is wanted", "");
    else if (json->count > SL_MAX_BATCH)
        refuse(door, new_answer(door), SL_TOO_LARGE, "a batch has at most 1024 events", "");
    else
        take_all(house, role, json);
    out->count = (size_t)(door->pending.first + door->pending.count - out->first);
    return 0;
}

bool door_pending(const struct door *door)
{
    return door->pending.count > 0;
}

/* ---------------------------------------------------------------- sealing */

/* `error` is filled in only with what ends the house; what is one bundle's is told its events. */
static int put_bundle(struct samenloop *house, enum sl_lane lane, struct bundle *bundle,
                      struct sl_error *error)
{
    struct door *door = house->door;
    struct sl_error wrong = {0};
    Samenloop__V1__Bundle *sealed = NULL;
    sl_arena_clear(&door->sealing);
    int result = sl_bundle_seal(&door->sealer, house->crypto, &door->sealing, bundle->events,
                                bundle->count, &sealed, &wrong);
    if (result == 0)
        result = outbox_append(house->outbox, lane, sealed, bundle->events, house->moment.now,
                               &wrong);
    for (size_t i = 0; i < bundle->count; i++) {
        struct samenloop_answer *answer = &door->pending.list[bundle->answers[i]];
        if (result == 0) {
            answer->status = SAMENLOOP_ACCEPTED;
            house->counts.accepted++;
        } else {
            enum sl_code code = wrong.code == SL_TOO_LARGE ? SL_TOO_LARGE : SL_OVERLOAD;
            refuse(door, answer, code,
                   wrong.code == SL_FULL ? "the adapter's disk has no room; try again later"
                                         : wrong.text,
                   "");
        }
    }
    bundle->count = 0;
    bundle->bytes = 0;
    if (result == 0)
        return 0;
    house_trouble(house, &wrong);
    *error = house->broken;
    return house->broken.code == SL_OK ? 0 : -1;
}

/* What would not fit into a record of the outbox's segments is not put into one bundle. */
static size_t most_bytes(const struct samenloop *house)
{
    uint64_t segment = house->setup.segment_bytes;
    return segment > 0 && segment / 2 < SL_MAX_BATCH_BYTES ? (size_t)segment / 2
                                                           : SL_MAX_BATCH_BYTES;
}

static int seal_lane(struct samenloop *house, enum sl_lane lane, struct bundle *bundle,
                     struct sl_error *error)
{
    struct door *door = house->door;
    for (size_t i = 0; i < door->count; i++) {
        const struct waiting *waiting = &door->waiting[i];
        if (sl_type_lane(waiting->event.type) != lane)
            continue;
        bool full = bundle->count == BUNDLE_EVENTS ||
                    (bundle->count > 0 && bundle->bytes + waiting->bytes > most_bytes(house));
        if (full && put_bundle(house, lane, bundle, error) < 0)
            return -1;
        struct readers_of sets = readers_of(house, &door->readers, &waiting->event);
        bundle->events[bundle->count] = waiting->event;
        bundle->events[bundle->count].readers = sets.sections;
        bundle->events[bundle->count].origin_readers = sets.origin;
        bundle->answers[bundle->count] = waiting->answer;
        bundle->bytes += waiting->bytes;
        bundle->count++;
    }
    return bundle->count == 0 ? 0 : put_bundle(house, lane, bundle, error);
}

/* What came again fares as its first did. */
static void settle_repetitions(struct door *door)
{
    for (size_t i = 0; i < door->repetition_count; i++) {
        const struct repetition *repetition = &door->repetitions[i];
        const struct samenloop_answer *first = &door->pending.list[repetition->of];
        struct samenloop_answer *answer = &door->pending.list[repetition->answer];
        if (first->status == SAMENLOOP_ACCEPTED)
            repeat(door, answer);
        else
            *answer = *first;
    }
    door->repetition_count = 0;
}

int door_seal(struct samenloop *house, struct sl_error *error)
{
    struct door *door = house->door;
    int result = 0;
    if (door->count == 0)
        return 0;
    if (make_sealer(house, error) < 0) { /* no fault of the events: the same ones are good later */
        for (size_t i = 0; i < door->count; i++)
            refuse(door, &door->pending.list[door->waiting[i].answer], SL_OVERLOAD, error->text,
                   "");
    } else {
        if (door->bundle == NULL)
            door->bundle = sl_new(1, sizeof *door->bundle);
        door->bundle->count = 0;
        door->bundle->bytes = 0;
        for (int lane = SL_LANE_ACUTE; lane < SL_LANES && result == 0; lane++)
            result = seal_lane(house, (enum sl_lane)lane, door->bundle, error);
    }
    settle_repetitions(door);
    door->count = 0;
    sl_arena_clear(&door->arena);
    places_free(door->ids);
    door->ids = places_new();
    return result;
}

void door_synced(struct samenloop *house)
{
    struct door *door = house->door;
    struct answers old = door->ready;
    if (door->pending.count == 0)
        return;
    door->ready = door->pending;
    door->pending = (struct answers){
        .first = door->ready.first + door->ready.count, .list = old.list, .capacity = old.capacity};
}
