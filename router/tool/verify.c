/*
 * samenloop verify: a journal, audited: checksums, tree, signatures, sections, decisions. What is
 * found first is told; exit code 1 when anything is wrong.
 */
#include <argp.h>
#include <jansson.h>
#include <time.h>

#include "router/audit.h"
#include "router/config.h"
#include "router/tool/tool.h"

struct asked {
    const char *journal;
    const char *config;
    bool json;
};

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    switch (key) {
    case 'c':
        asked->config = argument;
        return 0;
    case 'j':
        asked->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_usage(state);
        asked->journal = argument;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static json_t *count(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static json_t *describe(const struct audit *audit, bool signatures)
{
    char root[2 * SL_HASH_SIZE + 1];
    sl_hex(root, audit->root, SL_HASH_SIZE);
    return json_pack("{s:o,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "records",
                     count(audit->records), "root", root, "events", count(audit->events), "refused",
                     count(audit->refused), "duplicates", count(audit->duplicates), "erased",
                     count(audit->erased), "batches", count(audit->batches), "signatures",
                     signatures ? count(audit->signed_by) : json_null(), "decided_otherwise",
                     count(audit->differing), "decided_otherwise_first",
                     audit->differing == 0 ? json_null() : count(audit->differing_first),
                     "problems", count(audit->problems), "first_problem",
                     audit->problems == 0 ? json_null() : json_string(audit->first.text));
}

static void show(struct sl_buffer *out, const json_t *answer)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)answer, key, value)
    {
        if (json_is_integer(value))
            sl_buffer_printf(out, "%-24s %lld\n", key, (long long)json_integer_value(value));
        else if (json_is_string(value))
            sl_buffer_printf(out, "%-24s %s\n", key, json_string_value(value));
        else
            sl_buffer_printf(out, "%-24s -\n", key);
    }
}

static int audit(const struct asked *asked, const struct config *config)
{
    struct sl_storage *storage = NULL;
    struct sl_error error = {0};
    struct audit found;
    if (sl_storage_files(&storage, asked->journal, false, &error) < 0)
        return tool_fail(&error);
    int result = audit_journal(&found, storage, config == NULL ? NULL : &config->directory, &error);
    sl_storage_free(storage);
    if (result < 0)
        return tool_fail(&error);
    result = tool_print_answer(describe(&found, config != NULL), asked->json ? NULL : show);
    return result == TOOL_GOOD && found.problems == 0 && found.differing == 0 ? TOOL_GOOD
                                                                              : TOOL_WRONG;
}

int tool_verify(int argument_count, char **arguments)
{
    static const struct argp_option options[] = {
        {"config", 'c', "FILE", 0,
         "a router's configuration: participants and key cards, for the signatures", 0},
        {"json", 'j', NULL, 0, "one JSON object, rather than a line a figure", 0},
        {0}};
    static const struct argp argp = {.options = options,
                                     .parser = take,
                                     .args_doc = "JOURNAL",
                                     .doc = "Audits a journal: checksums, tree, signatures, "
                                            "sections, and every decision once more."};
    struct asked asked = {0};
    struct config *config = NULL;
    struct sl_buffer problems = {0};
    if (argp_parse(&argp, argument_count, arguments, 0, NULL, &asked) != 0)
        return TOOL_USAGE;
    if (asked.config != NULL) {
        config = config_read(asked.config, (int64_t)time(NULL) * 1000, &problems);
        if (config == NULL) {
            (void)fwrite(problems.data, 1, problems.size, stderr);
            sl_buffer_free(&problems);
            return TOOL_WRONG;
        }
    }
    int result = audit(&asked, config);
    config_free(config);
    sl_buffer_free(&problems);
    return result;
}
