/*
 * Is all well with a router? What wants somebody's attention, by the router's answer to `status`
 * (router/control.h), as sentences that say what is to be done.
 */
#ifndef VERDICT_H
#define VERDICT_H

#include <jansson.h>

#include "schemas/bytes.h"

/* What waits longer than this, in ms, for somebody who is connected wants attention. */
enum { VERDICT_LONG = 60 * 1000 };

/* "All is well.", or how many things want attention and a line for each. */
void verdict_tell(struct sl_buffer *out, const json_t *status);

/* "45 s", "12 min", "3 h 12 min", "5 days 3 h": for people, cut off rather than rounded. */
enum { VERDICT_SPAN = 40 };
void verdict_span(char out[VERDICT_SPAN], int64_t ms);

/* How long before the answer was given a moment in it was, in ms; -1: there is no such moment. */
int64_t verdict_ago(const json_t *status, const json_t *moment);

#endif
