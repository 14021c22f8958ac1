/* samenloop keys: which part of it is meant. */
#include "router/tool/keys.h"

#include <stdio.h>
#include <string.h>

#include "router/tool/tool.h"

static const struct {
    const char *name;
    char *shown; /* as help and errors of the part name it */
    int (*run)(int count, char **arguments);
    const char *summary;
} parts[] = {
    {"new", "samenloop keys new", keys_new, "DIR: makes keys, key cards and certificates"},
    {"show", "samenloop keys show", keys_show, "DIR | CARD: says whose they are, and until when"},
    {"rotate", "samenloop keys rotate", keys_rotate,
     "DIR --participant NAME: new keys beside the old"},
};

static int usage(FILE *out)
{
    int written = fprintf(out, "Usage: samenloop keys PART [ARGUMENT...]\n\n");
    for (size_t i = 0; written >= 0 && i < sizeof parts / sizeof parts[0]; i++)
        written = fprintf(out, "  %-6s %s\n", parts[i].name, parts[i].summary);
    return out == stdout && written >= 0 ? TOOL_GOOD : TOOL_USAGE;
}

int tool_keys(int count, char **arguments)
{
    if (count < 2)
        return usage(stderr);
    if (strcmp(arguments[1], "--help") == 0)
        return usage(stdout);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (strcmp(parts[i].name, arguments[1]) == 0) {
            arguments[1] = parts[i].shown;
            return parts[i].run(count - 1, arguments + 1);
        }
    }
    return usage(stderr);
}
