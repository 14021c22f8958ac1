/* What the files of a scenario share: scenario.c (who, agreements, the file's lines),
 * scenario_event.c (an event at its door), scenario_delivery.c (lines, receivers, time). */
#ifndef SCENARIO_PARTS_H
#define SCENARIO_PARTS_H

#include "router/tool/scenario.h"
#include "schemas/cloudevent.h"
#include "schemas/directory.h"

enum { OIN_TEXT = 21 };

struct party {
    char name[SL_NAME_SIZE];
    char oin[OIN_TEXT];
    uint32_t roles;
    bool away;
};

/* An event that was accepted; its number is its place. */
struct kept {
    const char *id; /* the back office's */
    struct sl_event event;
    int publisher;
    const uint8_t *subject; /* of its last correction, or its withdrawal, */
    bool withdrawn;         /* behind which corrections are too late */
    uint32_t reached;       /* bit n: participant n got it */
    struct sl_bytes past;
};

/* A delivery, with all of it that is needed to make it later. */
struct parcel {
    struct core_delivery delivery;
    uint8_t subject[SL_PSEUDONYM_SIZE];
    size_t order;
};

struct scenario {
    struct agreement **agreements; /* all that ever held; the first says since when */
    size_t agreement_count;
    size_t agreement_capacity;
    const struct agreement *holding;
    const struct agreement *coming; /* waits for its moment; NULL: none */
    bool no_others;
    const char *file; /* that is played */
    struct sl_buffer findings;
    struct core *core;
    struct party parties[SL_MAX_PARTICIPANTS];
    size_t party_count;
    struct sl_mac *key;
    struct sl_arena arena;
    struct kept *events;
    size_t event_count;
    size_t event_capacity;
    struct parcel *waiting;
    size_t waiting_count;
    size_t waiting_capacity;
    size_t deliveries;
    int64_t at;
    struct sl_buffer log;
    struct watch watch; /* all of it set, or nothing */
};

/* scenario.c */
int find_party(const struct scenario *scenario, const char *name); /* -1: none */
void set_oin(char out[OIN_TEXT], const char *name);
int find_oin(const struct scenario *scenario, struct sl_bytes source); /* whose source; -1 */
void bring_in(struct scenario *scenario, const struct agreement *agreement);
/* Lets the core begin: where nobody was named, img and ncg take part in all roles. */
int scenario_begin(struct scenario *scenario, struct sl_error *error);

/* scenario_delivery.c */
/* `id` is that of an event which has no number. */
void write_lines(struct scenario *scenario, const struct core_decision *decision, const char *id);
void deliver(struct scenario *scenario, const struct core_decision *decision);
void let_time_pass(struct scenario *scenario, int64_t until);
void come_back(struct scenario *scenario, int party);

/* scenario_event.c */
int take_event(struct scenario *scenario, const json_t *line, struct sl_error *error);

#endif
