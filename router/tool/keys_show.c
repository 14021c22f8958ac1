/* samenloop keys show: key cards and public keys, for people. Opens no file with a private key. */
#include <dirent.h>
#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "router/tool/arguments.h"
#include "router/tool/keys.h"
#include "router/tool/tool.h"
#include "schemas/clock.h"
#include "schemas/file.h"
#include "schemas/keycard.h"
#include "schemas/keyfile.h"
#include "schemas/timestamp.h"

enum { PATH_SIZE = 1024, HEX_SIZE = 2 * SL_KEY_SIZE + 1 };

struct showing {
    struct sl_buffer text;
    X509_STORE *trust; /* NULL: nobody vouches */
    int64_t now;
    bool wrong; /* something is not as it should be */
};

static const char *name_of(Samenloop__V1__KeyUse use)
{
    static const char *const names[] = {"unknown", "signing", "curve", "sealing"};
    return (unsigned)use < sizeof names / sizeof names[0] ? names[use] : names[0];
}

static void show_key(struct showing *showing, const Samenloop__V1__Key *key)
{
    char hex[HEX_SIZE] = "?";
    char from[SL_TIMESTAMP_SIZE];
    char until[SL_TIMESTAMP_SIZE];
    bool valid = key->not_before <= showing->now && showing->now < key->not_after;
    if (key->public_key.len == SL_KEY_SIZE)
        sl_hex(hex, key->public_key.data, SL_KEY_SIZE);
    sl_timestamp_format(from, key->not_before);
    sl_timestamp_format(until, key->not_after);
    sl_buffer_printf(&showing->text, "  %-8s %s  %s to %s%s\n", name_of(key->use), hex, from, until,
                     valid ? "" : "  NOT VALID NOW");
    showing->wrong = showing->wrong || !valid;
}

/* Whether the authority vouches for the card; without one only what it says of itself is shown. */
static void show_verdict(struct showing *showing, struct sl_bytes file)
{
    struct sl_card card;
    struct sl_error error = {0};
    if (showing->trust == NULL) {
        sl_buffer_printf(&showing->text, "  nobody vouches for it: --trust names an authority\n");
    } else if (sl_card_read(&card, file, showing->trust, showing->now, &error) < 0) {
        sl_buffer_printf(&showing->text, "  NOT GOOD: %s\n", error.text);
        showing->wrong = true;
    } else {
        char hex[HEX_SIZE];
        sl_hex(hex, card.hash, SL_HASH_SIZE);
        sl_buffer_printf(&showing->text, "  card     %s  the authority vouches for it\n", hex);
        sl_card_free(&card);
    }
}

static int show_card_bytes(struct showing *showing, struct sl_arena *arena, const char *path,
                           struct sl_bytes file, struct sl_error *error)
{
    char issued[SL_TIMESTAMP_SIZE];
    const Samenloop__V1__SignedKeyCard *outer = (const void *)sl_arena_unpack(
        arena, &samenloop__v1__signed_key_card__descriptor, file);
    const Samenloop__V1__KeyCard *card =
        outer == NULL ? NULL
                      : (const void *)sl_arena_unpack(arena, &samenloop__v1__key_card__descriptor,
                                                      sl_from_pb(outer->card));
    if (card == NULL || card->organisation.len != SL_OIN_SIZE || card->n_keys == 0 ||
        !sl_bytes_printable(sl_from_pb(card->organisation)))
        return sl_fail(error, SL_BAD_KEY_CARD, "%s: this is no key card", path);
    sl_timestamp_format(issued, card->issued_at);
    sl_buffer_printf(&showing->text, "%s: OIN %.*s, issued %s\n", path, SL_OIN_SIZE,
                     (const char *)card->organisation.data, issued);
    show_verdict(showing, file);
    for (size_t i = 0; i < card->n_keys; i++)
        show_key(showing, card->keys[i]);
    return 0;
}

static int show_card(struct showing *showing, const char *path, struct sl_error *error)
{
    struct sl_buffer file = {0};
    struct sl_arena arena;
    sl_arena_init(&arena, SL_MAX_ARENA);
    int result = sl_file_read(&file, path, SL_MAX_CARD, error);
    if (result == 0)
        result = show_card_bytes(showing, &arena, path, sl_buffer_bytes(&file), error);
    sl_arena_free(&arena);
    sl_buffer_free(&file);
    return result;
}

/* ---------------------------------------------------------------- a folder */

static int is_card(const struct dirent *entry)
{
    size_t size = strlen(entry->d_name);
    size_t suffix = strlen(SL_CARD_SUFFIX);
    return size > suffix && strcmp(entry->d_name + size - suffix, SL_CARD_SUFFIX) == 0;
}

static int show_cards(struct showing *showing, const char *folder, struct sl_error *error)
{
    struct dirent **entries = NULL;
    char path[PATH_SIZE];
    int count = scandir(folder, &entries, is_card, alphasort);
    int result = count >= 0 ? 0 : sl_fail(error, SL_IO, "%s: %s", folder, strerror(errno));
    for (int i = 0; i < count; i++) {
        if (snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name) >= PATH_SIZE)
            result = sl_fail(error, SL_IO, "%s: the path is too long", folder);
        if (result == 0)
            result = show_card(showing, path, error);
        free(entries[i]);
    }
    free(entries);
    return result;
}

static int show_router(struct showing *showing, const char *folder, struct sl_error *error)
{
    static const char *const files[][2] = {{"curve", "curve.pub"}, {"signing", "signing.pub"}};
    uint8_t key[SL_KEY_SIZE];
    char hex[HEX_SIZE];
    char path[PATH_SIZE];
    sl_buffer_printf(&showing->text, "%s/router:\n", folder);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (snprintf(path, sizeof path, "%s/router/%s", folder, files[i][1]) >= PATH_SIZE)
            return sl_fail(error, SL_IO, "%s: the path is too long", folder);
        if (sl_keyfile_read(key, path, error) < 0)
            return -1;
        sl_hex(hex, key, sizeof key);
        sl_buffer_printf(&showing->text, "  %-8s %s\n", files[i][0], hex);
    }
    return 0;
}

static int load_trust(struct showing *showing, const char *file, struct sl_error *error)
{
    showing->trust = X509_STORE_new();
    if (showing->trust != NULL && X509_STORE_load_file(showing->trust, file) == 1)
        return 0;
    ERR_clear_error();
    return sl_fail(error, SL_CONFIGURATION, "%s: no certificates to trust in it", file);
}

static int show_folder(struct showing *showing, const char *folder, const char *trust,
                       struct sl_error *error)
{
    char own[PATH_SIZE];
    char cards[PATH_SIZE];
    if (snprintf(own, sizeof own, "%s/%s", folder, SL_CA_FILE) >= PATH_SIZE ||
        snprintf(cards, sizeof cards, "%s/%s", folder, SL_CARDS_FOLDER) >= PATH_SIZE)
        return sl_fail(error, SL_IO, "%s: the path is too long", folder);
    if (load_trust(showing, trust != NULL ? trust : own, error) < 0 ||
        show_cards(showing, cards, error) < 0)
        return -1;
    return show_router(showing, folder, error);
}

static int show(struct showing *showing, const char *path, const char *trust,
                struct sl_error *error)
{
    struct stat status;
    if (stat(path, &status) < 0)
        return sl_fail(error, SL_IO, "%s: %s", path, strerror(errno));
    if (S_ISDIR(status.st_mode))
        return show_folder(showing, path, trust, error);
    if (trust != NULL && load_trust(showing, trust, error) < 0)
        return -1;
    return show_card(showing, path, error);
}

/* ---------------------------------------------------------------- arguments */

struct arguments {
    const char *path;
    const char *trust;
};

static error_t read_argument(int key, char *text, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->path;
        return 0;
    case 't':
        arguments->trust = text;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"trust", 't', "FILE", 0, "Certificates of the authority, PEM (of a folder: its ca.pem)", 0},
    {0},
};

static const struct argp argp = {
    .options = options,
    .parser = read_argument,
    .children = arguments_one,
    .args_doc = "DIR | CARD",
    .doc = "Shows a key card, or all cards and the router's public keys in a folder that "
           "`samenloop keys "
           "new` made. Exit code 1: a card is not good, or a key is not valid now.",
};

int keys_show(int count, char **texts)
{
    struct arguments arguments = {0};
    struct sl_error error = {0};
    struct showing showing = {.now = sl_clock_now("", 0)};
    if (argp_parse(&argp, count, texts, 0, NULL, &arguments) != 0)
        return TOOL_USAGE;
    int result = show(&showing, arguments.path, arguments.trust, &error);
    int code = tool_print(&showing.text);
    X509_STORE_free(showing.trust);
    sl_buffer_free(&showing.text);
    if (result < 0)
        return tool_fail(&error);
    return showing.wrong ? TOOL_WRONG : code;
}
