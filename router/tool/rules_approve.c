/*
 * samenloop rules approve: an organisation's signature over an agreement, as a file beside it. Only
 * an agreement that is sound is approved, and only with a key that stands on the card.
 */
#include <stdio.h>
#include <string.h>

#include "router/approval.h"
#include "router/tool/arguments.h"
#include "router/tool/rules.h"
#include "router/tool/tool.h"
#include "schemas/file.h"
#include "schemas/keyfile.h"
#include "schemas/timestamp.h"

struct asked {
    const char *file;
    const char *participant;
    const char *key;
    const char *card;
};

/* Is the public key one for signatures on this card? `hash` is the card's. */
static int find_on_card(uint8_t hash[SL_HASH_SIZE], struct sl_bytes file,
                        const uint8_t public_key[SL_KEY_SIZE], const char *path,
                        struct sl_error *error)
{
    struct sl_arena arena;
    bool found = false;
    sl_arena_init(&arena, SL_MAX_ARENA);
    const Samenloop__V1__SignedKeyCard *outer = (const void *)sl_arena_unpack(
        &arena, &samenloop__v1__signed_key_card__descriptor, file);
    const Samenloop__V1__KeyCard *card =
        outer == NULL ? NULL
                      : (const void *)sl_arena_unpack(&arena, &samenloop__v1__key_card__descriptor,
                                                      sl_from_pb(outer->card));
    for (size_t i = 0; card != NULL && i < card->n_keys; i++)
        found = found || (card->keys[i]->use == SAMENLOOP__V1__KEY_USE__KEY_USE_SIGNING &&
                          sl_bytes_equal(sl_from_pb(card->keys[i]->public_key),
                                         sl_bytes(public_key, SL_KEY_SIZE)));
    if (found) {
        struct sl_crypto *crypto = sl_crypto_new();
        struct sl_bytes bytes = sl_from_pb(outer->card);
        sl_sha256(crypto, hash, &bytes, 1);
        sl_crypto_free(crypto);
    }
    sl_arena_free(&arena);
    return found ? 0
                 : sl_fail(error, SL_BAD_KEY_CARD,
                           "%s: this is no key card with the signing key on it", path);
}

static int sign(struct sl_buffer *out, const struct asked *asked, const struct agreement *agreement,
                struct sl_error *error)
{
    uint8_t raw[SL_KEY_SIZE], public_key[SL_KEY_SIZE], hash[SL_HASH_SIZE];
    struct sl_buffer card = {0};
    if (sl_keyfile_read_secret(raw, asked->key, error) < 0)
        return -1;
    EVP_PKEY *key = sl_key_private(EVP_PKEY_ED25519, raw);
    sl_forget(raw, sizeof raw);
    sl_key_raw(key, NULL, public_key);
    int result = sl_file_read(&card, asked->card, SL_MAX_CARD, error);
    if (result == 0)
        result = find_on_card(hash, sl_buffer_bytes(&card), public_key, asked->card, error);
    if (result == 0)
        approval_make(out, asked->participant, hash, key, agreement->hash);
    EVP_PKEY_free(key);
    sl_buffer_free(&card);
    return result;
}

static int approve(const struct asked *asked, const struct agreement *agreement,
                   struct sl_error *error)
{
    struct sl_buffer approval = {0}, path = {0};
    char hex[2 * SL_HASH_SIZE + 1];
    char from[SL_TIMESTAMP_SIZE];
    approval_path(&path, asked->file, asked->participant);
    int result = sign(&approval, asked, agreement, error);
    if (result == 0)
        result = sl_file_write((char *)path.data, sl_buffer_bytes(&approval), 0644, error);
    sl_hex(hex, agreement->hash, SL_HASH_SIZE);
    sl_timestamp_format(from, agreement->in_force);
    if (result == 0 && printf("%s approves \"%s\" version %d, in force from %s, SHA-256 %s: %s\n",
                              asked->participant, agreement->name, agreement->version, from, hex,
                              (char *)path.data) < 0)
        result = sl_fail(error, SL_IO, "cannot write to standard output");
    sl_buffer_free(&approval);
    sl_buffer_free(&path);
    return result;
}

static bool may_approve(const char *participant)
{
    for (size_t i = 0; participant != NULL && i < APPROVALS; i++) {
        if (strcmp(participant, approval_participants[i]) == 0)
            return true;
    }
    return false;
}

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &asked->file;
        return 0;
    case 'p':
        asked->participant = argument;
        return 0;
    case 'k':
        asked->key = argument;
        return 0;
    case 'c':
        asked->card = argument;
        return 0;
    case ARGP_KEY_END:
        if (asked->participant == NULL || asked->key == NULL || asked->card == NULL)
            argp_usage(state);
        if (!may_approve(asked->participant))
            argp_error(state, "%s: img and ncg approve, nobody else", asked->participant);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int rules_approve(int count, char **arguments)
{
    static const struct argp_option options[] = {
        {"participant", 'p', "NAME", 0, "who approves: img or ncg", 0},
        {"key", 'k', "FILE", 0, "their private key for signatures", 0},
        {"card", 'c', "FILE", 0, "their key card, which has that key", 0},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = take,
        .children = arguments_one,
        .args_doc = "--participant NAME --key FILE --card FILE AGREEMENT",
        .doc = "Signs an agreement that is sound, into AGREEMENT.NAME.approval."};
    struct asked asked = {.file = NULL};
    struct sl_error error = {0};
    if (argp_parse(&argp, count, arguments, 0, NULL, &asked) != 0)
        return TOOL_USAGE;
    struct agreement *agreement = rules_load_sound(asked.file);
    if (agreement == NULL)
        return TOOL_WRONG;
    int result = approve(&asked, agreement, &error) < 0 ? tool_fail(&error) : TOOL_GOOD;
    agreement_free(agreement);
    return result;
}
