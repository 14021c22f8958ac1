/* What happened, read for those who count it: from scenarios, or from a router's journal. */
#ifndef HISTORY_H
#define HISTORY_H

#include <argp.h>

#include "router/watch.h"

struct history {
    const char *rules; /* for scenarios; NULL: the agreement that scenario_rules() names */
    char *const *scenarios;
    size_t scenario_count;
    const char *journal; /* a folder; NULL: none */
    int64_t until; /* time passes up to here, if it did not pass further; INT64_MAX: it does not */
};

/* A command's arguments (arguments.h) that say which history, into a struct history: at least one
 * scenario, or a journal. */
extern const struct argp_child history_arguments[];
#define HISTORY_ARGUMENTS "[SCENARIO.jsonl...]" /* its words, for args_doc */

/*
 * Tells the watcher all of it; each scenario and the journal are worlds of their own. The journal
 * is only read: its agreements are those that it was written under, and time has passed in it as
 * far as the router let it.
 */
int history_read(const struct history *history, const struct watch *watch, struct sl_error *error);

/*
 * A moment from the command line: RFC 3339, or a date, which means its first moment in Groningen
 * or, with `end`, its last. -1: it is neither.
 */
int history_moment(int64_t *out, const char *text, bool end);

#endif
