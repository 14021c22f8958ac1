/* `samenloop rules`: what can be asked of an agreement. */
#include "router/tool/tool.h"

#include <stdio.h>
#include <string.h>

#include "router/language/agreement.h"

#define RULES_FILE "router/agreement.rules"

/* The agreement, or NULL when its findings were written to standard error. */
static struct agreement *load(const char *path)
{
    struct agreement *agreement = NULL;
    struct sl_buffer findings = {0};
    if (agreement_load(&agreement, path, &findings) < 0)
        (void)fwrite(findings.data, 1, findings.size, stderr);
    sl_buffer_free(&findings);
    return agreement;
}

static int check(int count, char **arguments)
{
    struct agreement *agreement = load(count > 1 ? arguments[1] : RULES_FILE);
    if (agreement == NULL)
        return TOOL_WRONG;
    (void)printf("%s: sound, %zu rules\n", agreement->file, agreement->rule_count);
    agreement_free(agreement);
    return TOOL_GOOD;
}

int tool_rules(int count, char **arguments)
{
    if (count > 1 && strcmp(arguments[1], "check") == 0)
        return check(count - 1, arguments + 1);
    return TOOL_USAGE;
}
