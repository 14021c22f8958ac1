/*
 * samenloop checkpoint and prove: the journal's head as a C2SP tlog-checkpoint in a signed note,
 * and the proof that an event stands in the tree under it. The tree is over the journal's records
 * (schemas/PROTOCOL.md, "The log"), of which events are some; so a proof names the record.
 */
#include <argp.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "router/tool/tool.h"
#include "samenloop/v1/log.pb-c.h"
#include "schemas/checkpoint.h"
#include "schemas/keyfile.h"
#include "schemas/log/log.h"

struct asked {
    const char *journal;
    const char *key;
    const char *origin;
    const char *event;
};

/* ---------------------------------------------------------------- the journal's leaves */

struct leaves {
    sl_hash *hashes;
    size_t count;
    size_t capacity;
    uint64_t event;  /* the one that is looked for; 0: none */
    uint64_t record; /* where it stands; 0: nowhere */
    uint8_t identity[SL_LOG_ID_SIZE];
    struct sl_arena arena;
};

static void look_for_event(struct leaves *leaves, const struct sl_record *record)
{
    if (leaves->event == 0 || record->kind != SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_EVENT)
        return;
    sl_arena_clear(&leaves->arena);
    const Samenloop__V1__JournalEvent *event = (const Samenloop__V1__JournalEvent *)sl_arena_unpack(
        &leaves->arena, &samenloop__v1__journal_event__descriptor, record->kept);
    if (event != NULL && event->number == leaves->event)
        leaves->record = record->number;
}

static int read_leaves(struct sl_log *log, struct leaves *leaves, struct sl_error *error)
{
    struct sl_log_reader *reader = sl_log_reader_new(log, 1);
    struct sl_record record = {0};
    int result = 0;
    while ((result = sl_log_reader_next(reader, &record, error)) == 1) {
        leaves->hashes = sl_grow(leaves->hashes, &leaves->capacity, leaves->count + 1,
                                 sizeof *leaves->hashes);
        if (sl_log_leaf(log, &record, leaves->hashes[leaves->count++], error) < 0) {
            result = -1;
            break;
        }
        look_for_event(leaves, &record);
    }
    sl_log_reader_free(reader);
    if (result == 0 && sl_log_first(log) != 1)
        result = sl_fail(error, SL_CONFIGURATION, "the journal's first records are not there");
    return result;
}

static int with_leaves(const char *folder, struct leaves *leaves, struct sl_error *error)
{
    struct sl_storage *storage = NULL;
    struct sl_log *log = NULL;
    struct sl_log_options options = {.read_only = true};
    if (sl_storage_files(&storage, folder, false, error) < 0)
        return -1;
    sl_arena_init(&leaves->arena, 0);
    int result = sl_log_open(&log, storage, "journal", &options, error);
    if (result == 0 && !sl_log_has_tree(log))
        result = sl_fail(error, SL_CONFIGURATION, "%s: this log has no tree", folder);
    if (result == 0) {
        memcpy(leaves->identity, sl_log_identity(log), sizeof leaves->identity);
        result = read_leaves(log, leaves, error);
    }
    sl_log_close(log);
    sl_storage_free(storage);
    sl_arena_free(&leaves->arena);
    return result;
}

/* ---------------------------------------------------------------- the note */

static int checkpoint(const struct asked *asked)
{
    struct leaves leaves = {0};
    struct sl_buffer note = {0};
    struct sl_error error = {0};
    uint8_t secret[SL_KEY_SIZE];
    int result = sl_keyfile_read_secret(secret, asked->key, &error);
    if (result == 0)
        result = with_leaves(asked->journal, &leaves, &error);
    EVP_PKEY *key = result < 0 ? NULL : sl_key_private(EVP_PKEY_ED25519, secret);
    sl_forget(secret, sizeof secret);
    if (key != NULL) {
        struct sl_crypto *crypto = sl_crypto_new();
        struct sl_checkpoint head = {.size = leaves.count};
        sl_checkpoint_origin(&head, leaves.identity);
        if (asked->origin != NULL)
            (void)snprintf(head.origin, sizeof head.origin, "%s", asked->origin);
        sl_merkle_root(crypto, head.root, (const sl_hash *)leaves.hashes, leaves.count);
        sl_checkpoint_write(&note, crypto, key, &head);
        sl_crypto_free(crypto);
    }
    EVP_PKEY_free(key);
    free(leaves.hashes);
    result = key == NULL ? tool_fail(&error) : tool_print(&note);
    sl_buffer_free(&note);
    return result;
}

/* ---------------------------------------------------------------- the proof */

static json_t *base64(struct sl_bytes bytes)
{
    struct sl_buffer text = {0};
    sl_base64(&text, bytes);
    json_t *made = json_stringn((const char *)text.data, text.size);
    sl_buffer_free(&text);
    return made;
}

static json_t *proof_of(const struct leaves *leaves)
{
    struct sl_crypto *crypto = sl_crypto_new();
    struct sl_buffer nodes = {0};
    uint32_t index = (uint32_t)(leaves->record - 1);
    json_t *path = json_array();
    sl_hash root;
    sl_merkle_prove(crypto, (const sl_hash *)leaves->hashes, leaves->count, &index, 1, &nodes);
    sl_merkle_root(crypto, root, (const sl_hash *)leaves->hashes, leaves->count);
    for (size_t i = 0; i < nodes.size; i += SL_HASH_SIZE)
        (void)json_array_append_new(path, base64(sl_bytes(nodes.data + i, SL_HASH_SIZE)));
    json_t *proof = json_pack("{s:I,s:I,s:I,s:o,s:o,s:o}", "event", (json_int_t)leaves->event,
                              "index", (json_int_t)index, "size", (json_int_t)leaves->count, "leaf",
                              base64(sl_bytes(leaves->hashes[index], SL_HASH_SIZE)), "path", path,
                              "root", base64(sl_bytes(root, sizeof root)));
    sl_buffer_free(&nodes);
    sl_crypto_free(crypto);
    return proof;
}

static int prove(const struct asked *asked)
{
    struct leaves leaves = {.event = strtoull(asked->event, NULL, 10)};
    struct sl_error error = {0};
    int result = with_leaves(asked->journal, &leaves, &error);
    if (result == 0 && leaves.record == 0)
        result = sl_fail(&error, SL_CONFIGURATION, "the journal has no event %s", asked->event);
    result = result < 0 ? tool_fail(&error) : tool_print_answer(proof_of(&leaves), NULL);
    free(leaves.hashes);
    return result;
}

/* ---------------------------------------------------------------- what is asked */

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    switch (key) {
    case 'J':
        asked->journal = argument;
        return 0;
    case 'k':
        asked->key = argument;
        return 0;
    case 'o':
        asked->origin = argument;
        if (argument[0] == '\0' || strlen(argument) > SL_ORIGIN_MAX ||
            strpbrk(argument, " +\t\n") != NULL)
            argp_error(state, "an origin has 1 to 127 bytes, neither spaces nor a plus");
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0 || asked->event == NULL)
            argp_usage(state);
        asked->event = argument;
        return 0;
    case ARGP_KEY_END:
        if (asked->journal == NULL)
            argp_error(state, "--journal is wanted");
        else if (asked->event == NULL && asked->key == NULL)
            argp_error(state, "--key is wanted, the router's signing key");
        else if (asked->event != NULL && asked->event[0] == '\0')
            argp_error(state, "the number of an event is wanted");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int tool_checkpoint(int count, char **arguments)
{
    static const struct argp_option options[] = {
        {"journal", 'J', "DIR", 0, "the journal's folder; a router may be writing it", 0},
        {"key", 'k', "FILE", 0, "the router's signing key", 0},
        {"origin", 'o', "NAME", 0,
         "the journal's name (samenloop.example/journal/ and its identity)", 0},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = take,
        .doc = "Prints the journal's head: a tlog-checkpoint in a signed note (C2SP)."};
    struct asked asked = {0};
    if (argp_parse(&argp, count, arguments, 0, NULL, &asked) != 0)
        return TOOL_USAGE;
    return checkpoint(&asked);
}

int tool_prove(int count, char **arguments)
{
    static const struct argp_option options[] = {
        {"journal", 'J', "DIR", 0, "the journal's folder; a router may be writing it", 0}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = take,
        .args_doc = "EVENT",
        .doc = "Proves that an event stands in the journal's tree: its leaf, path and root."};
    struct asked asked = {.event = ""};
    if (argp_parse(&argp, count, arguments, 0, NULL, &asked) != 0)
        return TOOL_USAGE;
    return prove(&asked);
}
