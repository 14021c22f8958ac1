/* The parts of `samenloop rules` that are files of their own. arguments[0] is for messages. */
#ifndef TOOL_RULES_H
#define TOOL_RULES_H

#include "router/language/agreement.h"

int rules_diff(int count, char **arguments);
int rules_coverage(int count, char **arguments);
int rules_approve(int count, char **arguments);
int rules_apply(int count, char **arguments);

/* The agreement, or NULL when its findings were written to standard error. */
struct agreement *rules_load(const char *path);
struct agreement *rules_load_sound(const char *path); /* one that `rules check` finds sound */

/*
 * What differs in the texts of two agreements, rule by rule, for people. How it is laid out does
 * not count, comments behind words do: a term's mark is one. True: something differs.
 */
bool rules_text_diff(struct sl_buffer *out, const struct agreement *old,
                     const struct agreement *new);

#endif
