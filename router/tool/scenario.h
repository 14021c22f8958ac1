/*
 * A scenario, played through the core: back offices hand in events, receivers are there or away,
 * time passes. The lines are design.md's, "Scenario files"; the pseudonym key is zeros and ids are
 * the scenario's own, so that nothing in the routing log is random.
 *
 * A line {"at":T,"agreement":"FILE"} brings in a version of the agreement; FILE is taken from the
 * scenario's folder. As in the router it takes force at its own moment (`in force from`), or at
 * once where that is past; one that still waits is replaced. What is open then goes on as it was
 * opened. A version gives no line of the routing log, whose lines are an event's. One that cannot
 * be read, or is not sound, is refused: its findings are kept, and the old one goes on.
 */
#ifndef SCENARIO_H
#define SCENARIO_H

#include <jansson.h>

#include "router/watch.h"

struct scenario;

/* Under which agreements it is played: files. */
struct scenario_agreements {
    const char *first; /* holds from the beginning */
    const char *next;  /* comes into force at its own moment; NULL: none */
    bool throughout;   /* `next` from the beginning; `first` says since when events are taken */
    bool no_others;    /* the scenario's own lines with agreements are passed over */
};

/* NULL: `error` says what is wrong with an agreement. */
struct scenario *scenario_new(const struct scenario_agreements *agreements, struct sl_error *error);
void scenario_free(struct scenario *scenario); /* NULL is fine */

/* From now on these are told too; nobody else was before. */
void scenario_watch(struct scenario *scenario, const struct watch *watch);

/* Plays all lines of a file. -1: "FILE:LINE: ...", and what came before it was played. */
int scenario_play(struct scenario *scenario, const char *path, struct sl_error *error);

/*
 * Says in words which rules would fire for this CloudEvent, handed in now (or at its own time,
 * where that is later) in this role, and why the others would not. -1: it would be refused.
 */
int scenario_explain(struct scenario *scenario, const json_t *event, enum sl_role role,
                     struct sl_buffer *out, struct sl_error *error);

/* Time passes until then, unless it has passed further. */
void scenario_wait(struct scenario *scenario, int64_t until);

/* The routing log so far. */
struct sl_bytes scenario_log(const struct scenario *scenario);

/* What was found in agreements that were refused, a line each; empty: none was. */
struct sl_bytes scenario_findings(const struct scenario *scenario);

int64_t scenario_at(const struct scenario *scenario); /* the last moment that was told */

/* The rules file when none is named: the tree's, else the installed one. */
const char *scenario_rules(void);

#endif
