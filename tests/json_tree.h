/* A tree that a test made with jansson, as the product reads it: by way of its text. */
#ifndef TESTS_JSON_TREE_H
#define TESTS_JSON_TREE_H

#include <jansson.h>
#include <stdlib.h>

#include "schemas/json.h"
#include "schemas/limits.h"

static inline const struct sl_json *json_tree(struct sl_arena *arena, const json_t *value)
{
    struct sl_error error;
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    const struct sl_json *tree = sl_json_read(arena, sl_text(text == NULL ? "null" : text),
                                              SL_MAX_FRAME, &error);
    free(text);
    if (tree == NULL)
        abort(); /* jansson wrote what is no JSON */
    return tree;
}

#endif
