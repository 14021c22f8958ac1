/*
 * What the arguments of several commands are read by: parts of an argp, for its `children`. A
 * command says at ARGP_KEY_INIT where a part puts what it reads:
 *
 *     case ARGP_KEY_INIT:
 *         state->child_inputs[0] = &asked->file;
 */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include <argp.h>
#include <stdint.h>

/* Exactly one word, into a const char *; it lives as long as the command line. */
extern const struct argp_child arguments_one[];

/* A number of days, 1 to 36500 (a century); ends the process with a usage error for any other. */
int64_t arguments_days(const struct argp_state *state, const char *option, const char *text);

#endif
