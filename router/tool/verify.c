/*
 * samenloop verify: a journal, audited: checksums, tree, signatures, sections, decisions. What is
 * found first is told; exit code 1 when anything is wrong.
 */
#include <jansson.h>

#include "router/audit.h"
#include "router/config.h"
#include "router/tool/arguments.h"
#include "router/tool/tool.h"
#include "schemas/clock.h"
#include "schemas/file.h"
#include "schemas/keyfile.h"

enum { HEADS = 64 };

struct asked {
    const char *journal;
    const char *router_key;
    const char *held[HEADS];
    size_t held_count;
    struct sl_checkpoint heads[HEADS];
    const char *config;
    bool json;
};

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &asked->journal;
        return 0;
    case 'c':
        asked->config = argument;
        return 0;
    case 'k':
        asked->router_key = argument;
        return 0;
    case 'p':
        if (asked->held_count == HEADS)
            argp_error(state, "%d checkpoints at most", HEADS);
        asked->held[asked->held_count++] = argument;
        return 0;
    case ARGP_KEY_END:
        if (asked->held_count > 0 && asked->router_key == NULL)
            argp_error(state, "--router-key is wanted with a checkpoint: who signed it?");
        return 0;
    case 'j':
        asked->json = true;
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
    return json_pack("{s:o,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "records",
                     count(audit->records), "root", root, "events", count(audit->events), "refused",
                     count(audit->refused), "duplicates", count(audit->duplicates), "erased",
                     count(audit->erased), "batches", count(audit->batches), "signatures",
                     signatures ? count(audit->signed_by) : json_null(), "cards",
                     count(audit->cards), "decided_otherwise", count(audit->differing), "heads",
                     count(audit->heads), "held", count(audit->held), "decided_otherwise_first",
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

/* The checkpoints that others hold, each by the router's own signature. */
static int read_heads(struct asked *asked, struct sl_error *error)
{
    uint8_t raw[SL_KEY_SIZE];
    int result = 0;
    if (asked->held_count == 0)
        return 0;
    if (sl_keyfile_read(raw, asked->router_key, error) < 0)
        return -1;
    struct sl_crypto *crypto = sl_crypto_new();
    EVP_PKEY *key = sl_key_public(EVP_PKEY_ED25519, raw);
    for (size_t i = 0; result == 0 && i < asked->held_count; i++) {
        struct sl_buffer note = {0};
        result = key == NULL
                     ? sl_fail(error, SL_CONFIGURATION, "%s: this is no key", asked->router_key)
                     : sl_file_read(&note, asked->held[i], SL_NOTE_MAX, error);
        if (result == 0 &&
            sl_checkpoint_read(&asked->heads[i], crypto, key, sl_buffer_bytes(&note), error) < 0)
            result = sl_fail_at(error, "%s", asked->held[i]);
        sl_buffer_free(&note);
    }
    EVP_PKEY_free(key);
    sl_crypto_free(crypto);
    return result;
}

static int audit(struct asked *asked, const struct config *config)
{
    struct sl_storage *storage = NULL;
    struct sl_error error = {0};
    struct audit found;
    if (read_heads(asked, &error) < 0 ||
        sl_storage_files(&storage, asked->journal, false, &error) < 0)
        return tool_fail(&error);
    struct audit_wanted wanted = {.directory = config == NULL ? NULL : &config->directory,
                                  .heads = asked->heads,
                                  .head_count = asked->held_count};
    int result = audit_journal(&found, storage, &wanted, &error);
    sl_storage_free(storage);
    if (result < 0)
        return tool_fail(&error);
    result = tool_print_answer(describe(&found, config != NULL || found.cards > 0),
                               asked->json ? NULL : show);
    return result == TOOL_GOOD && found.problems == 0 && found.differing == 0 ? TOOL_GOOD
                                                                              : TOOL_WRONG;
}

int tool_verify(int argument_count, char **arguments)
{
    static const struct argp_option options[] = {
        {"config", 'c', "FILE", 0,
         "a router's configuration: participants and key cards, for the signatures", 0},
        {"checkpoint", 'p', "FILE", 0,
         "a signed head that somebody holds (an adapter's checkpoint-*); may be repeated", 0},
        {"router-key", 'k', "FILE", 0, "the router's public signing key, for checkpoints", 0},
        {"json", 'j', NULL, 0, "one JSON object, rather than a line a figure", 0},
        {0}};
    static const struct argp argp = {.options = options,
                                     .parser = take,
                                     .children = arguments_one,
                                     .args_doc = "JOURNAL",
                                     .doc = "Audits a journal: checksums, tree, signatures, "
                                            "sections, heads that were signed and are held, "
                                            "and every decision once more."};
    struct asked asked = {0};
    struct config *config = NULL;
    struct sl_buffer problems = {0};
    if (argp_parse(&argp, argument_count, arguments, 0, NULL, &asked) != 0)
        return TOOL_USAGE;
    if (asked.config != NULL) {
        config = config_read(asked.config, sl_clock_now("", 0), &problems);
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
