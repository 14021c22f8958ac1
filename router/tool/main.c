/* samenloop: the tool of operators and developers. Each command reads its own arguments. */
#include "router/tool/tool.h"

#include <argp.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/keyfile.h"

struct command {
    const char *name;
    int (*run)(int count, char **arguments); /* arguments[0] is the command's name */
    const char *summary;
};

static int version(int count, char **arguments)
{
    (void)count;
    (void)arguments;
    return puts("samenloop " SL_VERSION) < 0 ? TOOL_WRONG : TOOL_GOOD;
}

static const struct command commands[] = {
    {"log", tool_log, "shows the routing log, past and as it comes"},
    {"status", tool_status, "shows how a running router is"},
    {"obligations", tool_obligations, "shows what is awaited of whom, and until when"},
    {"deadletters", tool_deadletters,
     "deliveries that were refused too often: list, retry, discard"},
    {"changes", tool_changes,
     "shows what people changed: agreement, cards, dead letters, erasures"},
    {"erase", tool_erase, "erases the content of a house's events"},
    {"verify", tool_verify, "audits a journal"},
    {"checkpoint", tool_checkpoint, "the journal's head, signed"},
    {"prove", tool_prove, "proves that an event stands in the journal"},
    {"replay", tool_replay, "feeds a recorded scenario through the core"},
    {"list", tool_list, "the joint team's list, and what is open of each house"},
    {"report", tool_report, "counts what the evaluation asks for"},
    {"rules", tool_rules, "checks an agreement, shows it as a table"},
    {"keys", tool_keys, "makes and shows keys, key cards and certificates"},
    {"catalogue", tool_catalogue, "tells which events a back office may publish"},
    {"version", version, "the version of this program"},
};

static int usage(FILE *out)
{
    int written = fprintf(out, "Usage: samenloop COMMAND [ARGUMENT...]\n"
                               "`samenloop COMMAND --help` tells more.\n\n");
    for (size_t i = 0; written >= 0 && i < sizeof commands / sizeof commands[0]; i++)
        written = fprintf(out, "  %-12s %s\n", commands[i].name, commands[i].summary);
    return out == stdout && written >= 0 ? TOOL_GOOD : TOOL_USAGE;
}

int tool_fail(const struct sl_error *error)
{
    (void)fprintf(stderr, "samenloop: %s\n", error->text);
    return TOOL_WRONG;
}

int tool_print(const struct sl_buffer *buffer)
{
    if ((buffer->size == 0 || fwrite(buffer->data, 1, buffer->size, stdout) == buffer->size) &&
        fflush(stdout) == 0)
        return TOOL_GOOD;
    (void)fprintf(stderr, "samenloop: cannot write to standard output: %s\n", strerror(errno));
    return TOOL_WRONG;
}

int tool_print_answer(json_t *answer, tool_show *show)
{
    struct sl_buffer out = {0};
    char *text = json_dumps(answer, JSON_COMPACT);
    if (show != NULL)
        show(&out, answer);
    else if (text != NULL)
        sl_buffer_printf(&out, "%s\n", text);
    int result = tool_print(&out);
    sl_buffer_free(&out);
    free(text);
    json_decref(answer);
    return result;
}

int tool_pseudonym(uint8_t out[SL_PSEUDONYM_SIZE], const char *bag, const char *key_file,
                   struct sl_error *error)
{
    uint8_t key[SL_KEY_SIZE];
    if (sl_bag_check(sl_text(bag), false, error) < 0 ||
        sl_keyfile_read_secret(key, key_file, error) < 0)
        return -1;
    struct sl_mac *mac = sl_mac_new(key);
    sl_pseudonym(mac, out, sl_text(bag));
    sl_mac_free(mac);
    OPENSSL_cleanse(key, sizeof key);
    return 0;
}

int main(int count, char **arguments)
{
    argp_err_exit_status = TOOL_USAGE;
    if (count < 2)
        return usage(stderr);
    if (strcmp(arguments[1], "help") == 0 || strcmp(arguments[1], "--help") == 0)
        return usage(stdout);
    const char *name = strcmp(arguments[1], "--version") == 0 ? "version" : arguments[1];
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, name) != 0)
            continue;
        char full[32]; /* as a command calls itself in its help */
        (void)snprintf(full, sizeof full, "samenloop %s", name);
        arguments[1] = full;
        return commands[i].run(count - 1, arguments + 1);
    }
    (void)fprintf(stderr, "samenloop: there is no command %s\n", name);
    return usage(stderr);
}
