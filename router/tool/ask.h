/*
 * Questions to a running router (router/control.h), and their answers as aligned tables.
 */
#ifndef ASK_H
#define ASK_H

#include <argp.h>
#include <jansson.h>

#include "schemas/bytes.h"
#include "schemas/error.h"

#define ASK_CONTROL "/run/samenloop/control" /* where nothing else is said */

enum { ASK_SHORT = 10, ASK_LONG = 3600 }; /* seconds */

/*
 * Asks; takes the question's reference. The answer is the caller's; NULL when the router did not
 * answer in time, or answered with a code and a sentence, which are `error` then.
 */
json_t *ask_router(const char *path, json_t *question, int seconds, struct sl_error *error);

/* A table: rows of cells that are added one after the other, `columns` a row; the first row is the
 * head. Begin with {.columns = n}. */
struct ask_table {
    size_t columns;
    char **cells;
    size_t count;
    size_t capacity;
};
void ask_cell(struct ask_table *table, const char *text); /* NULL: nothing */
void ask_value(struct ask_table *table, const json_t *value);
void ask_print(struct sl_buffer *out, struct ask_table *table); /* and frees it */
void ask_free(struct ask_table *table);

#endif
