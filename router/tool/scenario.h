/*
 * A scenario, played through the core: back offices hand in events, receivers are there or away,
 * time passes. The lines are design.md's, "Scenario files"; the pseudonym key is zeros and ids are
 * the scenario's own, so that nothing in the routing log is random.
 */
#ifndef SCENARIO_H
#define SCENARIO_H

#include "router/core/core.h"

struct scenario;

/* Begins under the agreement in this file. NULL: `error` says what is wrong with it. */
struct scenario *scenario_new(const char *rules, struct sl_error *error);
void scenario_free(struct scenario *scenario); /* NULL is fine */

/* Plays all lines of a file. -1: "FILE:LINE: ...", and what came before it was played. */
int scenario_play(struct scenario *scenario, const char *path, struct sl_error *error);

/* The routing log so far. */
struct sl_bytes scenario_log(const struct scenario *scenario);

/* The rules file when none is named: the tree's, else the installed one. */
const char *scenario_rules(void);

#endif
