/*
 * What the commands of `samenloop` share. A command is a file of its own with one entry in main.c's
 * table. Exit codes: TOOL_GOOD, TOOL_WRONG (the check or the command found something wrong),
 * TOOL_USAGE.
 */
#ifndef SL_TOOL_H
#define SL_TOOL_H

#include <jansson.h>

#include "schemas/bytes.h"
#include "schemas/error.h"
#include "schemas/subject.h"
#include "schemas/version.h"

enum { TOOL_GOOD = 0, TOOL_WRONG = 1, TOOL_USAGE = 2 };

/* Says on standard error what went wrong; gives TOOL_WRONG. */
int tool_fail(const struct sl_error *error);

/* Writes the buffer to standard output; TOOL_GOOD, or TOOL_WRONG with a message. */
int tool_print(const struct sl_buffer *buffer);

/* The pseudonym of a house by its BAG number, under the key in this file. */
int tool_pseudonym(uint8_t out[SL_PSEUDONYM_SIZE], const char *bag, const char *key_file,
                   struct sl_error *error);

/*
 * Prints what a router answered, by `show` or, where that is NULL, as the JSON that it is; takes
 * the answer's reference.
 */
typedef void tool_show(struct sl_buffer *out, const json_t *answer);
int tool_print_answer(json_t *answer, tool_show *show);

/* The commands, a file each. */
int tool_status(int count, char **arguments);
int tool_deadletters(int count, char **arguments);
int tool_erase(int count, char **arguments);
int tool_obligations(int count, char **arguments);
int tool_catalogue(int count, char **arguments);
int tool_changes(int count, char **arguments);
int tool_log(int count, char **arguments);
int tool_verify(int count, char **arguments);
int tool_checkpoint(int count, char **arguments);
int tool_prove(int count, char **arguments);
int tool_replay(int count, char **arguments);
int tool_keys(int count, char **arguments);
int tool_list(int count, char **arguments);
int tool_report(int count, char **arguments);
int tool_rules(int count, char **arguments);
int tool_explain(int count, char **arguments); /* a part of tool_rules */

#endif
