/*
 * samenloop keys rotate DIR --participant NAME: new keys, and a key card that names them beside the
 * old ones, in a folder laid out as schemas/keyfile.h says.
 *
 * The old keys stay on the new card until the overlap is over, the old card stays in the folder (it
 * tells whose the batches are that name it), and an old sealing key stays in a file of its own,
 * since events sealed to it may come for a long time. Private keys are written before the card: if
 * this is interrupted, nobody has sealed to a key that nobody has.
 *
 * The order in which the new card is taken loses nothing and fails nothing: first whoever has the
 * new keys, so that it opens what is sealed to them; then those who seal to it and verify what it
 * signs; the router last, which says "later" to what names a card that it does not know.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "router/tool/arguments.h"
#include "router/tool/keys.h"
#include "router/tool/tool.h"
#include "schemas/clock.h"
#include "schemas/directory.h"
#include "schemas/file.h"
#include "schemas/keyfile.h"
#include "schemas/timestamp.h"

enum { PATH_SIZE = 1024, USES = 3, OLD_FILES = 1000 };

static const struct {
    Samenloop__V1__KeyUse use;
    int type;
    const char *name;
} uses[USES] = {
    {SAMENLOOP__V1__KEY_USE__KEY_USE_SIGNING, EVP_PKEY_ED25519, "signing"},
    {SAMENLOOP__V1__KEY_USE__KEY_USE_SEALING, EVP_PKEY_X25519, "sealing"},
    {SAMENLOOP__V1__KEY_USE__KEY_USE_CURVE, EVP_PKEY_X25519, "curve"},
};

struct arguments {
    const char *folder;
    const char *participant;
    unsigned chosen; /* bit n: uses[n] */
    int64_t overlap; /* days that the old keys stay good */
    int64_t days;    /* that the new ones are good */
};

struct rotation {
    const struct arguments *arguments;
    struct sl_arena arena;
    struct sl_buffer old_card; /* the file, as it was */
    Samenloop__V1__KeyCard card;
    Samenloop__V1__Key *list[SL_MAX_KEYS];
    Samenloop__V1__Key fresh[USES];
    uint8_t secrets[USES][SL_KEY_SIZE];
    uint8_t public_keys[USES][SL_KEY_SIZE];
    int64_t now;
};

/* ---------------------------------------------------------------- files */

static int path_of(const struct rotation *rotation, char out[PATH_SIZE], const char *folder,
                   const char *name, const char *suffix, struct sl_error *error)
{
    const char *top = rotation->arguments->folder;
    int size = snprintf(out, PATH_SIZE, "%s/%s/%s%s", top, folder, name, suffix);
    return size < PATH_SIZE ? 0 : sl_fail(error, SL_IO, "%s: the path is too long", top);
}

/* The first of NAME-1, NAME-2 ... that is not there yet. */
static int free_path(const struct rotation *rotation, char out[PATH_SIZE], const char *folder,
                     const char *name, const char *suffix, struct sl_error *error)
{
    for (int i = 1; i < OLD_FILES; i++) {
        char number[32];
        (void)snprintf(number, sizeof number, "-%d%s", i, suffix);
        if (path_of(rotation, out, folder, name, number, error) < 0)
            return -1;
        if (access(out, F_OK) < 0 && errno == ENOENT)
            return 0;
    }
    return sl_fail(error, SL_IO, "%s/%s: has been rotated %d times", folder, name, OLD_FILES);
}

/* An old sealing key goes on opening what was sealed to it. */
static int keep_old_sealing_key(const struct rotation *rotation, const char *path,
                                struct sl_error *error)
{
    char kept[PATH_SIZE];
    uint8_t key[SL_KEY_SIZE];
    const char *folder = rotation->arguments->participant;
    if (sl_keyfile_read_secret(key, path, error) < 0)
        return -1;
    int result = free_path(rotation, kept, folder, "sealing", ".key", error);
    if (result == 0)
        result = sl_keyfile_write_secret(kept, key, error);
    sl_forget(key, sizeof key);
    if (result == 0)
        (void)printf("add to old_sealing_keys of %s's adapter: %s\n", folder, kept);
    return result;
}

static int write_keys(const struct rotation *rotation, struct sl_error *error)
{
    char path[PATH_SIZE];
    for (size_t i = 0; i < USES; i++) {
        if ((rotation->arguments->chosen & 1u << i) == 0)
            continue;
        if (path_of(rotation, path, rotation->arguments->participant, uses[i].name, ".key", error) <
            0)
            return -1;
        if (uses[i].use == SAMENLOOP__V1__KEY_USE__KEY_USE_SEALING &&
            keep_old_sealing_key(rotation, path, error) < 0)
            return -1;
        if (sl_keyfile_write_secret(path, rotation->secrets[i], error) < 0)
            return -1;
    }
    return 0;
}

/* The old card under another name first: there is no moment without it. */
static int write_card(struct rotation *rotation, struct sl_bytes card, struct sl_error *error)
{
    char old[PATH_SIZE];
    char path[PATH_SIZE];
    const char *name = rotation->arguments->participant;
    if (free_path(rotation, old, SL_CARDS_FOLDER, name, SL_CARD_SUFFIX, error) < 0 ||
        path_of(rotation, path, SL_CARDS_FOLDER, name, SL_CARD_SUFFIX, error) < 0 ||
        sl_file_write(old, sl_buffer_bytes(&rotation->old_card), 0644, error) < 0 ||
        sl_file_write(path, card, 0644, error) < 0)
        return -1;
    (void)printf("for everybody's folder of cards: %s %s\n", path, old);
    return 0;
}

/* ---------------------------------------------------------------- the card */

static int read_card(struct rotation *rotation, struct sl_error *error)
{
    char path[PATH_SIZE];
    if (path_of(rotation, path, SL_CARDS_FOLDER, rotation->arguments->participant, SL_CARD_SUFFIX,
                error) < 0 ||
        sl_file_read(&rotation->old_card, path, SL_MAX_CARD, error) < 0)
        return -1;
    const Samenloop__V1__SignedKeyCard *file = (const void *)sl_arena_unpack(
        &rotation->arena, &samenloop__v1__signed_key_card__descriptor,
        sl_buffer_bytes(&rotation->old_card));
    const Samenloop__V1__KeyCard *card = NULL;
    if (file != NULL)
        card = (const void *)sl_arena_unpack(&rotation->arena, &samenloop__v1__key_card__descriptor,
                                             sl_from_pb(file->card));
    if (card == NULL || card->n_keys > SL_MAX_KEYS)
        return sl_fail(error, SL_BAD_KEY_CARD, "%s: is no key card", path);
    rotation->card = *card;
    memcpy(rotation->list, card->keys, card->n_keys * sizeof *card->keys);
    rotation->card.keys = rotation->list;
    return 0;
}

/* A full card loses the key that ended longest ago; one that is still good is never lost. */
static int make_place(struct rotation *rotation, struct sl_error *error)
{
    Samenloop__V1__KeyCard *card = &rotation->card;
    size_t oldest = 0;
    if (card->n_keys < SL_MAX_KEYS)
        return 0;
    for (size_t i = 1; i < card->n_keys; i++) {
        if (rotation->list[i]->not_after < rotation->list[oldest]->not_after)
            oldest = i;
    }
    if (rotation->list[oldest]->not_after > rotation->now)
        return sl_fail(error, SL_BAD_KEY_CARD,
                       "the card has %d keys that are still good, which is all it may have",
                       SL_MAX_KEYS);
    memmove(&rotation->list[oldest], &rotation->list[oldest + 1],
            (--card->n_keys - oldest) * sizeof *rotation->list);
    return 0;
}

/* The keys of a use end with the overlap, and a new one begins. */
static int rotate(struct rotation *rotation, size_t i, struct sl_error *error)
{
    Samenloop__V1__KeyCard *card = &rotation->card;
    int64_t end = rotation->now + rotation->arguments->overlap * SL_DAY;
    for (size_t k = 0; k < card->n_keys; k++) {
        if (rotation->list[k]->use == uses[i].use && rotation->list[k]->not_after > end)
            rotation->list[k]->not_after = end;
    }
    if (make_place(rotation, error) < 0)
        return -1;
    EVP_PKEY *key = sl_key_new(uses[i].type);
    sl_key_raw(key, rotation->secrets[i], rotation->public_keys[i]);
    EVP_PKEY_free(key);
    Samenloop__V1__Key *fresh = &rotation->fresh[i];
    *fresh = (Samenloop__V1__Key)SAMENLOOP__V1__KEY__INIT;
    fresh->use = uses[i].use;
    fresh->public_key = sl_to_pb(sl_bytes(rotation->public_keys[i], SL_KEY_SIZE));
    fresh->not_before = rotation->now;
    fresh->not_after = rotation->now + rotation->arguments->days * SL_DAY;
    rotation->list[card->n_keys++] = fresh;
    return 0;
}

static int sign_card(struct rotation *rotation, struct sl_buffer *out, struct sl_error *error)
{
    char certificate[PATH_SIZE];
    char key[PATH_SIZE];
    const char *folder = rotation->arguments->participant;
    return path_of(rotation, certificate, folder, "certificate", ".pem", error) < 0 ||
                   path_of(rotation, key, folder, "certificate", ".key", error) < 0 ||
                   sl_card_sign(out, &rotation->card, certificate, key, error) < 0
               ? -1
               : 0;
}

static int run(struct rotation *rotation, struct sl_buffer *card, struct sl_error *error)
{
    if (read_card(rotation, error) < 0)
        return -1;
    if (rotation->now <= rotation->card.issued_at)
        return sl_fail(error, SL_BAD_KEY_CARD, "the card in the folder is of a later moment");
    rotation->card.issued_at = rotation->now;
    for (size_t i = 0; i < USES; i++) {
        if ((rotation->arguments->chosen & 1u << i) != 0 && rotate(rotation, i, error) < 0)
            return -1;
    }
    if (sign_card(rotation, card, error) < 0 || write_keys(rotation, error) < 0 ||
        write_card(rotation, sl_buffer_bytes(card), error) < 0)
        return -1;
    (void)printf(
        "then reload %s's adapter, the others' adapters, and the router last (SIGHUP each); "
        "until then what %s publishes waits in its outbox\n",
        rotation->arguments->participant, rotation->arguments->participant);
    return 0;
}

/* ---------------------------------------------------------------- arguments */

static unsigned read_use(struct argp_state *state, const char *text)
{
    for (unsigned i = 0; i < USES; i++) {
        if (strcmp(uses[i].name, text) == 0)
            return 1u << i;
    }
    argp_error(state, "--use wants signing, sealing or curve");
    return 0;
}

static error_t read_argument(int key, char *text, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->folder;
        return 0;
    case 'p':
        arguments->participant = text;
        return sl_organisation_of(text) == SL_NOBODY
                   ? (argp_error(state, "--participant wants img, ncg or gmNNNN"), EINVAL)
                   : 0;
    case 'u':
        arguments->chosen |= read_use(state, text);
        return 0;
    case 'o':
        arguments->overlap = arguments_days(state, "--overlap", text);
        return 0;
    case 'd':
        arguments->days = arguments_days(state, "--days", text);
        return 0;
    case ARGP_KEY_END:
        if (arguments->participant == NULL)
            argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"participant", 'p', "NAME", 0, "Whose keys", 0},
    {"use", 'u', "USE", 0, "signing, sealing or curve; may be repeated (all three)", 0},
    {"overlap", 'o', "DAYS", 0, "The old keys stay good for so long (30)", 0},
    {"days", 'd', "DAYS", 0, "The new keys are good for so long (730)", 0},
    {0},
};

static const struct argp argp = {
    .options = options,
    .parser = read_argument,
    .children = arguments_one,
    .args_doc = "DIR",
    .doc = "Makes new keys and a new key card of a participant, in a folder of `samenloop keys "
           "new`. Says "
           "what is to be done with them.",
};

int keys_rotate(int count, char **texts)
{
    struct sl_error error = {0};
    struct sl_buffer card = {0};
    struct arguments arguments = {.overlap = 30, .days = 730};
    if (argp_parse(&argp, count, texts, 0, NULL, &arguments) != 0)
        return TOOL_USAGE;
    if (arguments.chosen == 0)
        arguments.chosen = (1u << USES) - 1;
    struct rotation rotation = {.arguments = &arguments, .now = sl_clock_now("", 0)};
    sl_arena_init(&rotation.arena, SL_MAX_ARENA);
    int result = run(&rotation, &card, &error);
    sl_forget(rotation.secrets, sizeof rotation.secrets);
    sl_arena_free(&rotation.arena);
    sl_buffer_free(&rotation.old_card);
    sl_buffer_free(&card);
    return result < 0 ? tool_fail(&error) : TOOL_GOOD;
}
