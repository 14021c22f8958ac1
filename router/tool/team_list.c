#include "router/tool/team_list.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "router/core/table.h"
#include "schemas/directory.h"
#include "schemas/timestamp.h"

enum { GROUNDS = 160, WHAT = 160 };

struct house {
    uint8_t subject[SL_PSEUDONYM_SIZE];
    uint32_t world;
    int priority; /* 0: it is not on the list */
    int64_t since;
    char grounds[GROUNDS];
};

struct open {
    uint64_t obligation; /* 0: it has ended */
    size_t house;
    char who[SL_NAME_SIZE];
    enum sl_role role;
    char what[WHAT];
    int64_t due;
    bool overdue;
};

struct team_list {
    int64_t until;
    int64_t now; /* the last moment that was told */
    uint32_t world;
    struct house *houses;
    size_t house_count;
    size_t house_capacity;
    struct table house_places; /* fingerprint -> place + 1 */
    struct open *open;
    size_t open_count;
    size_t open_capacity;
    struct table open_places; /* obligation of this world -> place + 1 */
};

/* ---------------------------------------------------------------- what is watched */

static size_t house_of(struct team_list *list, const uint8_t *subject)
{
    uint64_t print = table_fingerprint(list->world, subject, SL_PSEUDONYM_SIZE);
    uint64_t place = table_get(&list->house_places, print);
    if (place != 0)
        return (size_t)place - 1;
    list->houses = sl_grow(list->houses, &list->house_capacity, list->house_count + 1,
                           sizeof *list->houses);
    struct house *house = &list->houses[list->house_count++];
    *house = (struct house){.world = list->world};
    memcpy(house->subject, subject, sizeof house->subject);
    table_set(&list->house_places, print, list->house_count);
    return list->house_count - 1;
}

static void watch_begin(void *context)
{
    struct team_list *list = context;
    list->world++;
    table_free(&list->open_places);
    list->open_places = (struct table){0};
}

static void watch_event(void *context, const struct watch_event *event)
{
    struct team_list *list = context;
    list->now = event->at;
}

static void open_one(struct team_list *list, const struct core_line *line)
{
    if (line->event.subject == NULL)
        return;
    list->open = sl_grow(list->open, &list->open_capacity, list->open_count + 1,
                         sizeof *list->open);
    struct open *open = &list->open[list->open_count++];
    *open = (struct open){.obligation = line->obligation,
                          .house = house_of(list, line->event.subject),
                          .role = line->role,
                          .due = line->due};
    (void)snprintf(open->who, sizeof open->who, "%s", line->to != NULL ? line->to : "");
    (void)snprintf(open->what, sizeof open->what, "%s", line->what != NULL ? line->what : "");
    table_set(&list->open_places, line->obligation, list->open_count);
}

static void watch_line(void *context, const struct core_line *line)
{
    struct team_list *list = context;
    list->now = line->at;
    if (line->at > list->until || line->obligation == 0)
        return;
    if (line->outcome == CORE_OPENED) {
        open_one(list, line);
        return;
    }
    uint64_t place = table_get(&list->open_places, line->obligation);
    if (place == 0)
        return;
    if (line->outcome == CORE_OVERDUE)
        list->open[place - 1].overdue = true;
    else
        list->open[place - 1].obligation = 0;
}

static const char *detail_of(const struct core_delivery *delivery, const char *name)
{
    for (size_t i = 0; i < delivery->detail_count; i++) {
        if (strcmp(delivery->details[i].name, name) == 0)
            return delivery->details[i].value;
    }
    return NULL;
}

/* Without details the house has left the list. */
static void watch_told(void *context, const struct core_delivery *delivery)
{
    struct team_list *list = context;
    if (list->now > list->until || delivery->what == NULL || delivery->subject_count != 1 ||
        strcmp(delivery->what->name, "joint_list_changed") != 0)
        return;
    struct house *house = &list->houses[house_of(list, delivery->subjects[0])];
    const char *priority = detail_of(delivery, "priority");
    const char *grounds = detail_of(delivery, "grounds");
    int was = house->priority;
    house->priority = priority != NULL ? (int)strtol(priority, NULL, 10) : 0;
    (void)snprintf(house->grounds, sizeof house->grounds, "%s", grounds != NULL ? grounds : "");
    if (was == 0)
        house->since = list->now;
}

void team_list_watch(struct team_list *list, struct watch *out)
{
    *out = (struct watch){list, watch_begin, watch_event, watch_line, watch_told};
}

/* ---------------------------------------------------------------- shown */

/* By priority; the longest on the list first. */
static int by_turn(const void *a, const void *b)
{
    const struct house *x = *(struct house *const *)a, *y = *(struct house *const *)b;
    if (x->priority != y->priority)
        return x->priority < y->priority ? -1 : 1;
    if (x->since != y->since)
        return x->since < y->since ? -1 : 1;
    return memcmp(x->subject, y->subject, sizeof x->subject);
}

static const struct house **in_order(const struct team_list *list, size_t *count)
{
    const struct house **houses = sl_new(list->house_count + 1, sizeof(void *));
    *count = 0;
    for (size_t i = 0; i < list->house_count; i++) {
        if (list->houses[i].priority > 0)
            houses[(*count)++] = &list->houses[i];
    }
    if (*count > 0)
        qsort(houses, *count, sizeof(void *), by_turn);
    return houses;
}

static void add_open(struct sl_buffer *out, const struct open *open)
{
    char due[SL_TIMESTAMP_SIZE];
    sl_timestamp_format(due, open->due);
    sl_buffer_printf(out, "          %s %s: %s until %s%s\n", open->who, sl_role_name(open->role),
                     open->what, due, open->overdue ? ", overdue" : "");
}

void team_list_print(struct team_list *list, struct sl_buffer *out)
{
    size_t count = 0;
    const struct house **houses = in_order(list, &count);
    if (count == 0)
        sl_buffer_printf(out, "The list is empty.\n");
    else
        sl_buffer_printf(out, "priority  house         since                 grounds\n");
    for (size_t i = 0; i < count; i++) {
        char mark[2 * SL_PSEUDONYM_SHOWN + 1], since[SL_TIMESTAMP_SIZE];
        sl_hex(mark, houses[i]->subject, SL_PSEUDONYM_SHOWN);
        sl_timestamp_format(since, houses[i]->since);
        sl_buffer_printf(out, "%-8d  %s  %-20s  %s\n", houses[i]->priority, mark, since,
                         houses[i]->grounds);
        for (size_t k = 0; k < list->open_count; k++) {
            if (list->open[k].obligation != 0 && &list->houses[list->open[k].house] == houses[i])
                add_open(out, &list->open[k]);
        }
    }
    free(houses);
}

static json_t *moment(int64_t at)
{
    char text[SL_TIMESTAMP_SIZE];
    sl_timestamp_format(text, at);
    return json_string(text);
}

static json_t *open_json(const struct team_list *list, const struct house *house)
{
    json_t *all = json_array();
    for (size_t k = 0; k < list->open_count; k++) {
        const struct open *open = &list->open[k];
        if (open->obligation == 0 || &list->houses[open->house] != house)
            continue;
        (void)json_array_append_new(all,
                                    json_pack("{s:s,s:s,s:s,s:o,s:b}", "to", open->who, "role",
                                              sl_role_name(open->role), "what", open->what, "due",
                                              moment(open->due), "overdue", open->overdue));
    }
    return all;
}

static json_t *grounds_json(const struct house *house)
{
    json_t *all = json_array();
    for (const char *at = house->grounds; *at != '\0';) {
        size_t size = strcspn(at, ",");
        (void)json_array_append_new(all, json_stringn(at, size));
        at += size + strspn(at + size, ", ");
    }
    return all;
}

void team_list_print_json(struct team_list *list, struct sl_buffer *out)
{
    size_t count = 0;
    const struct house **houses = in_order(list, &count);
    json_t *all = json_array();
    for (size_t i = 0; i < count; i++) {
        char mark[2 * SL_PSEUDONYM_SHOWN + 1];
        sl_hex(mark, houses[i]->subject, SL_PSEUDONYM_SHOWN);
        (void)json_array_append_new(
            all, json_pack("{s:i,s:s,s:o,s:o,s:o}", "priority", houses[i]->priority, "house", mark,
                           "since", moment(houses[i]->since), "grounds", grounds_json(houses[i]),
                           "open", open_json(list, houses[i])));
    }
    char *text = json_dumps(all, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    if (text != NULL)
        sl_buffer_printf(out, "%s\n", text);
    free(text);
    json_decref(all);
    free(houses);
}

/* ---------------------------------------------------------------- life */

struct team_list *team_list_new(int64_t at)
{
    struct team_list *list = sl_new(1, sizeof *list);
    list->until = at;
    return list;
}

void team_list_free(struct team_list *list)
{
    if (list == NULL)
        return;
    table_free(&list->house_places);
    table_free(&list->open_places);
    free(list->houses);
    free(list->open);
    free(list);
}
