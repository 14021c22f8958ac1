/*
 * A house of a few lines that answers as samenloop.h says.
 *
 * What the house thinks of an event: an id that begins with "refuse-CODE" is refused with CODE;
 * a known id and source with the same text is a duplicate, with another one an id_conflict.
 */
#ifndef TESTS_UNIT_HTTP_FAKE_H
#define TESTS_UNIT_HTTP_FAKE_H

#include "tests/unit/http_client.h"

enum { KEPT = 2048, ITEMS = 256 };

struct samenloop {
    struct samenloop_answer answers[KEPT];
    char *texts[KEPT]; /* what was taken */
    uint64_t tickets;
    uint64_t synced;          /* tickets below are answered */
    bool full;                /* samenloop_publish says -1 */
    bool forgetful;           /* samenloop_answer says -1 */
    bool unreadable;          /* samenloop_receive says -1 */
    bool stuck;               /* the sync does not come */
    uint64_t lists;           /* asked for */
    const char *list;         /* the answer; NULL: none yet */
    bool away;                /* samenloop_list says -1 */
    enum samenloop_role role; /* of the last call */
    struct {
        enum samenloop_role role;
        unsigned lane;
        char *event;
        bool taken;
    } items[ITEMS];
    size_t count;
    uint64_t arrivals;
    uint64_t acknowledged;
    struct samenloop_health health;
};

/* ---------------------------------------------------------------- the house */

static void judge_event(struct samenloop *house, const json_t *event)
{
    assert_true(house->tickets < KEPT);
    struct samenloop_answer *answer = &house->answers[house->tickets];
    const char *id = json_string_value(json_object_get(event, "id"));
    const char *source = json_string_value(json_object_get(event, "source"));
    *answer = (struct samenloop_answer){.status = SAMENLOOP_ACCEPTED};
    house->texts[house->tickets] = event == NULL ? NULL : json_dumps(event, JSON_SORT_KEYS);
    if (id == NULL) {
        answer->status = SAMENLOOP_REFUSED;
        (void)snprintf(answer->code, sizeof answer->code, "malformed");
        (void)snprintf(answer->sentence, sizeof answer->sentence, "no event");
    } else {
        (void)snprintf(answer->id, sizeof answer->id, "%s", id);
        (void)snprintf(answer->source, sizeof answer->source, "%s", source);
    }
    if (id != NULL && strncmp(id, "refuse-", 7) == 0) {
        answer->status = SAMENLOOP_REFUSED;
        (void)snprintf(answer->code, sizeof answer->code, "%s", id + 7);
        (void)snprintf(answer->sentence, sizeof answer->sentence, "because of %s", id + 7);
        (void)snprintf(answer->field, sizeof answer->field, "/data/x");
    }
    for (uint64_t i = 0; id != NULL && i < house->tickets; i++) {
        if (answer->status != SAMENLOOP_ACCEPTED || strcmp(house->answers[i].id, id) != 0)
            continue;
        bool same = strcmp(house->texts[i], house->texts[house->tickets]) == 0;
        answer->status = same ? SAMENLOOP_DUPLICATE : SAMENLOOP_REFUSED;
        if (!same)
            (void)snprintf(answer->code, sizeof answer->code, "id_conflict");
        (void)snprintf(answer->sentence, sizeof answer->sentence, "because of another");
    }
    house->tickets++;
}

int samenloop_publish(struct samenloop *house, enum samenloop_role role, const void *text,
                      size_t size, bool batch, struct samenloop_tickets *out)
{
    if (house->full)
        return -1;
    json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    *out = (struct samenloop_tickets){house->tickets, 1};
    house->role = role;
    if (!batch) {
        judge_event(house, json);
    } else if (!json_is_array(json)) {
        judge_event(house, NULL);
    } else {
        out->count = json_array_size(json);
        for (size_t i = 0; i < out->count; i++)
            judge_event(house, json_array_get(json, i));
    }
    json_decref(json);
    return 0;
}

int samenloop_answer(const struct samenloop *house, uint64_t ticket, struct samenloop_answer *out)
{
    if (house->forgetful || ticket >= house->tickets)
        return -1;
    *out = house->answers[ticket];
    if (ticket >= house->synced)
        out->status = SAMENLOOP_PENDING;
    return 0;
}

const char *samenloop_event(struct samenloop *house, const char *id, const char *source)
{
    for (uint64_t i = 0; i < house->synced; i++)
        if (strcmp(house->answers[i].id, id) == 0 && strcmp(house->answers[i].source, source) == 0)
            return "{\"status\":\"waiting\"}";
    return NULL;
}

uint64_t samenloop_list_ask(struct samenloop *house)
{
    return ++house->lists;
}

int samenloop_list(const struct samenloop *house, uint64_t ticket, const char **text)
{
    assert_in_range(ticket, 1, house->lists);
    *text = house->list;
    return house->list != NULL ? 1 : house->away ? -1 : 0;
}

int samenloop_receive(struct samenloop *house, enum samenloop_role role,
                      struct samenloop_cursor *cursor, struct samenloop_item *out)
{
    if (house->unreadable)
        return -1;
    for (unsigned lane = 1; lane < SAMENLOOP_LANES; lane++)
        for (size_t i = cursor->after[lane]; i < house->count; i++) {
            if (house->items[i].lane != lane || house->items[i].role != role ||
                house->items[i].taken)
                continue;
            cursor->after[lane] = i + 1;
            *out = (struct samenloop_item){i + 1, house->items[i].event,
                                           strlen(house->items[i].event)};
            return 1;
        }
    return 0;
}

uint64_t samenloop_arrivals(const struct samenloop *house, enum samenloop_role role)
{
    (void)role;
    return house->arrivals;
}

int samenloop_acknowledge(struct samenloop *house, enum samenloop_role role,
                          const uint64_t *positions, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (positions[i] == 0 || positions[i] > house->count ||
            house->items[positions[i] - 1].role != role)
            return -1;
    for (size_t i = 0; i < count; i++)
        house->items[positions[i] - 1].taken = true;
    house->acknowledged += count;
    return 0;
}

void samenloop_health(const struct samenloop *house, struct samenloop_health *out)
{
    *out = house->health;
}

static inline void arrive(struct place *place, enum samenloop_role role, unsigned lane,
                          const char *event)
{
    struct samenloop *house = place->house;
    assert_true(house->count < ITEMS);
    house->items[house->count].role = role;
    house->items[house->count].lane = lane;
    house->items[house->count++].event = strdup(event);
    house->arrivals++;
}

/* ---------------------------------------------------------------- the place */

static inline void fake_sync(struct place *place)
{
    if (!place->house->stuck)
        place->house->synced = place->house->tickets;
}

static inline int open_with(void **state, struct http_setup setup)
{
    struct place *place = sl_new(1, sizeof *place);
    place->house = sl_new(1, sizeof *place->house);
    place->house->health = (struct samenloop_health){.writable = true, .fed = true};
    place->sync = fake_sync;
    place_listen(place, setup);
    *state = place;
    return 0;
}

static inline int open_place(void **state)
{
    return open_with(state, (struct http_setup){0});
}

static inline int close_place(void **state)
{
    struct place *place = *state;
    http_close(place->http);
    for (uint64_t i = 0; i < place->house->tickets; i++)
        free(place->house->texts[i]);
    for (size_t i = 0; i < place->house->count; i++)
        free(place->house->items[i].event);
    free(place->house);
    free(place);
    return 0;
}

#endif
