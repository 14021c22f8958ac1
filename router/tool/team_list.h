/*
 * The joint team's list (C10): the houses that are on it, in the order in which they come, and what
 * is still awaited at each. It is made of what the core tells: the notice `joint_list_changed` says
 * grounds and priority, lines say what was opened and ended.
 */
#ifndef TEAM_LIST_H
#define TEAM_LIST_H

#include "router/watch.h"

struct team_list;

/* As it was at this moment (ms since 1970); what came later is not looked at. */
struct team_list *team_list_new(int64_t at);
void team_list_free(struct team_list *list); /* NULL is fine */

/* Gives `out` what is to be called with what happened. */
void team_list_watch(struct team_list *list, struct watch *out);

/* Appends the list: for people, or as a JSON array with an object a house. */
void team_list_print(struct team_list *list, struct sl_buffer *out);
void team_list_print_json(struct team_list *list, struct sl_buffer *out);

#endif
