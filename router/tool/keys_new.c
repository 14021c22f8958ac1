/*
 * samenloop keys new DIR: everything that an installation for trying out needs, laid out as
 * schemas/keyfile.h says. The folder appears whole or not at all.
 */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "router/tool/arguments.h"
#include "router/tool/certificates.h"
#include "router/tool/keys.h"
#include "router/tool/tool.h"
#include "schemas/file.h"
#include "schemas/directory.h"
#include "schemas/keyfile.h"
#include "schemas/timestamp.h"

enum { PATH_SIZE = 1024, KEYS_OF_CARD = 3, OPEN_FOLDERS = 16 };

/* What is to be made; `folder` is where it is made, and is renamed at the end. */
struct making {
    char folder[PATH_SIZE];
    struct sl_directory participants; /* names and OINs, no cards */
    int64_t from;
    int64_t until;
    uint8_t pseudonym[SL_KEY_SIZE];
    struct pair authority;
};

static int path_of(const struct making *making, char out[PATH_SIZE], const char *folder,
                   const char *name, struct sl_error *error)
{
    int size = snprintf(out, PATH_SIZE, "%s/%s%s%s", making->folder, folder,
                        folder[0] != '\0' && name[0] != '\0' ? "/" : "", name);
    return size < PATH_SIZE ? 0 : sl_fail(error, SL_IO, "%s: the path is too long", making->folder);
}

static int make_folder(const struct making *making, const char *folder, struct sl_error *error)
{
    char path[PATH_SIZE];
    if (path_of(making, path, folder, "", error) < 0)
        return -1;
    return mkdir(path, 0700) == 0 ? 0 : sl_fail(error, SL_IO, "%s: %s", path, strerror(errno));
}

static int write_secret(const struct making *making, const char *folder, const char *name,
                        const uint8_t key[SL_KEY_SIZE], struct sl_error *error)
{
    char path[PATH_SIZE];
    return path_of(making, path, folder, name, error) < 0
               ? -1
               : sl_keyfile_write_secret(path, key, error);
}

static int write_pair(const struct making *making, const struct pair *pair, const char *folder,
                      const char *certificate, const char *key, struct sl_error *error)
{
    char first[PATH_SIZE];
    char second[PATH_SIZE];
    if (path_of(making, first, folder, certificate, error) < 0 ||
        path_of(making, second, folder, key, error) < 0)
        return -1;
    return pair_write(pair, first, second, error);
}

/* Makes a key pair, writes its private key, gives its public one. */
static int new_key(const struct making *making, const char *folder, const char *name, int type,
                   uint8_t public_key[SL_KEY_SIZE], struct sl_error *error)
{
    uint8_t private_key[SL_KEY_SIZE];
    EVP_PKEY *key = sl_key_new(type);
    sl_key_raw(key, private_key, public_key);
    EVP_PKEY_free(key);
    int result = write_secret(making, folder, name, private_key, error);
    sl_forget(private_key, sizeof private_key);
    return result;
}

static int new_secret(const struct making *making, const char *folder, const char *name,
                      struct sl_error *error)
{
    uint8_t key[SL_KEY_SIZE];
    sl_random(key, sizeof key);
    int result = write_secret(making, folder, name, key, error);
    sl_forget(key, sizeof key);
    return result;
}

/* ---------------------------------------------------------------- a participant */

static const struct {
    Samenloop__V1__KeyUse use;
    int type;
    const char *file;
} uses[KEYS_OF_CARD] = {
    {SAMENLOOP__V1__KEY_USE__KEY_USE_SIGNING, EVP_PKEY_ED25519, "signing.key"},
    {SAMENLOOP__V1__KEY_USE__KEY_USE_SEALING, EVP_PKEY_X25519, "sealing.key"},
    {SAMENLOOP__V1__KEY_USE__KEY_USE_CURVE, EVP_PKEY_X25519, "curve.key"},
};

static int sign_card(const struct making *making, const struct sl_participant *participant,
                     const Samenloop__V1__KeyCard *card, struct sl_error *error)
{
    char certificate[PATH_SIZE];
    char key[PATH_SIZE];
    char file[PATH_SIZE];
    char name[SL_NAME_SIZE + sizeof SL_CARD_SUFFIX];
    struct sl_buffer out = {0};
    (void)snprintf(name, sizeof name, "%s%s", participant->name, SL_CARD_SUFFIX);
    int result = -1;
    if (path_of(making, certificate, participant->name, "certificate.pem", error) == 0 &&
        path_of(making, key, participant->name, "certificate.key", error) == 0 &&
        path_of(making, file, SL_CARDS_FOLDER, name, error) == 0 &&
        sl_card_sign(&out, card, certificate, key, error) == 0)
        result = sl_file_write(file, sl_buffer_bytes(&out), 0644, error);
    sl_buffer_free(&out);
    return result;
}

static int new_card(const struct making *making, const struct sl_participant *participant,
                    struct sl_error *error)
{
    uint8_t public_keys[KEYS_OF_CARD][SL_KEY_SIZE];
    Samenloop__V1__Key keys[KEYS_OF_CARD];
    Samenloop__V1__Key *list[KEYS_OF_CARD];
    Samenloop__V1__KeyCard card = SAMENLOOP__V1__KEY_CARD__INIT;
    for (size_t i = 0; i < KEYS_OF_CARD; i++) {
        if (new_key(making, participant->name, uses[i].file, uses[i].type, public_keys[i], error) <
            0)
            return -1;
        keys[i] = (Samenloop__V1__Key)SAMENLOOP__V1__KEY__INIT;
        keys[i].use = uses[i].use;
        keys[i].public_key = sl_to_pb(sl_bytes(public_keys[i], SL_KEY_SIZE));
        keys[i].not_before = making->from;
        keys[i].not_after = making->until;
        list[i] = &keys[i];
    }
    card.organisation = sl_to_pb(sl_text(participant->oin));
    card.issued_at = making->from;
    card.keys = list;
    card.n_keys = KEYS_OF_CARD;
    return sign_card(making, participant, &card, error);
}

static int new_participant(const struct making *making, const struct sl_participant *participant,
                           struct sl_error *error)
{
    struct pair pair;
    const char *folder = participant->name;
    if (make_folder(making, folder, error) < 0 ||
        pair_organisation(&pair, &making->authority, participant->name, participant->oin,
                          making->from, making->until, error) < 0)
        return -1;
    int result = write_pair(making, &pair, folder, "certificate.pem", "certificate.key", error);
    pair_free(&pair);
    if (result < 0 || new_secret(making, folder, "content.key", error) < 0 ||
        new_card(making, participant, error) < 0)
        return -1;
    return participant->organisation == SL_MUNICIPALITY
               ? 0
               : write_secret(making, folder, "pseudonym.key", making->pseudonym, error);
}

/* ---------------------------------------------------------------- the router, the whole */

static int new_router(const struct making *making, struct sl_error *error)
{
    static const struct {
        int type;
        const char *secret;
        const char *open;
    } keys[] = {
        {EVP_PKEY_X25519, "curve.key", "curve.pub"},
        {EVP_PKEY_ED25519, "signing.key", "signing.pub"},
    };
    uint8_t public_key[SL_KEY_SIZE];
    char path[PATH_SIZE];
    if (make_folder(making, "router", error) < 0)
        return -1;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (new_key(making, "router", keys[i].secret, keys[i].type, public_key, error) < 0 ||
            path_of(making, path, "router", keys[i].open, error) < 0 ||
            sl_keyfile_write(path, public_key, error) < 0)
            return -1;
    }
    return 0;
}

static int new_all(struct making *making, struct sl_error *error)
{
    if (pair_authority(&making->authority, making->from, making->until, error) < 0 ||
        write_pair(making, &making->authority, "", SL_CA_FILE, "ca.key", error) < 0 ||
        make_folder(making, SL_CARDS_FOLDER, error) < 0 || new_router(making, error) < 0)
        return -1;
    for (size_t i = 0; i < making->participants.count; i++) {
        if (new_participant(making, &making->participants.participants[i], error) < 0)
            return -1;
    }
    return 0;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

/* rename() replaces an empty folder and no other, so nothing that is there can be lost. */
static int new_folder(struct making *making, const char *target, struct sl_error *error)
{
    size_t size = strlen(target);
    while (size > 1 && target[size - 1] == '/')
        size--;
    if (snprintf(making->folder, PATH_SIZE, "%.*s.XXXXXX", (int)size, target) >= PATH_SIZE)
        return sl_fail(error, SL_IO, "%s: the path is too long", target);
    if (mkdtemp(making->folder) == NULL)
        return sl_fail(error, SL_IO, "%s: %s", target, strerror(errno));
    sl_random(making->pseudonym, sizeof making->pseudonym);
    int result = new_all(making, error);
    if (result == 0 && rename(making->folder, target) < 0)
        result = sl_fail(error, SL_IO, "%s: %s", target, strerror(errno));
    if (result < 0)
        (void)nftw(making->folder, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
    sl_forget(making->pseudonym, sizeof making->pseudonym);
    pair_free(&making->authority);
    return result;
}

/* ---------------------------------------------------------------- arguments */

struct arguments {
    const char *folder;
    const char *participants;
    int64_t from;
    int64_t days;
};

static error_t read_argument(int key, char *text, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->folder;
        return 0;
    case 'p':
        arguments->participants = text;
        return 0;
    case 'f':
        if (sl_timestamp_parse(&arguments->from, sl_text(text)) < 0)
            argp_error(state, "--from wants a moment (RFC 3339), as 2021-01-01T00:00:00Z");
        return 0;
    case 'd':
        arguments->days = arguments_days(state, "--days", text);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"participants", 'p', "NAME[=OIN],...", 0,
     "Who takes part: img, ncg, gm0014 ... (unless told otherwise img,ncg)", 0},
    {"from", 'f', "MOMENT", 0, "Certificates and keys are good from here (now)", 0},
    {"days", 'd', "DAYS", 0, "and for so many days (730)", 0},
    {0},
};

static const struct argp argp = {
    .options = options,
    .parser = read_argument,
    .children = arguments_one,
    .args_doc = "DIR",
    .doc = "Makes an authority for trying out, and for the router and each participant "
           "certificates, key cards and keys, in a folder that is new or empty.",
};

/* OINs of samples and replays. */
static void default_oin(char out[SL_OIN_SIZE + 1], const char *name)
{
    if (strcmp(name, "img") == 0)
        (void)snprintf(out, SL_OIN_SIZE + 1, "00000004164164164000");
    else if (strcmp(name, "ncg") == 0)
        (void)snprintf(out, SL_OIN_SIZE + 1, "00000004165165165000");
    else
        (void)snprintf(out, SL_OIN_SIZE + 1, "0000000100000%.4s000", name + strlen("gm"));
}

static bool is_name(const char *name)
{
    return strcmp(name, "img") == 0 || strcmp(name, "ncg") == 0 ||
           (strlen(name) == 6 && strncmp(name, "gm", 2) == 0 &&
            strspn(name + 2, "0123456789") == 4);
}

static int add_participant(struct sl_directory *participants, char *item, struct sl_error *error)
{
    char oin[SL_OIN_SIZE + 1];
    char *equals = strchr(item, '=');
    if (equals != NULL)
        *equals = '\0';
    if (!is_name(item))
        return sl_fail(error, SL_CONFIGURATION, "participant %.40s: wants img, ncg or gmNNNN",
                       item);
    default_oin(oin, item);
    return sl_directory_add(participants, item, equals != NULL ? equals + 1 : oin, error);
}

static int read_participants(struct sl_directory *participants, const char *list,
                             struct sl_error *error)
{
    char *copy = strdup(list);
    char *rest = copy;
    int result = copy != NULL ? 0 : sl_fail(error, SL_IO, "%s", strerror(errno));
    while (result == 0 && rest != NULL)
        result = add_participant(participants, strsep(&rest, ","), error);
    free(copy);
    return result;
}

int keys_new(int count, char **texts)
{
    struct sl_error error = {0};
    struct making making = {0};
    struct arguments arguments = {NULL, "img,ncg", time(NULL) * SL_SECOND, 730};
    if (argp_parse(&argp, count, texts, 0, NULL, &arguments) != 0)
        return TOOL_USAGE;
    making.from = arguments.from;
    making.until = arguments.from + arguments.days * SL_DAY;
    if (read_participants(&making.participants, arguments.participants, &error) < 0 ||
        new_folder(&making, arguments.folder, &error) < 0)
        return tool_fail(&error);
    return TOOL_GOOD;
}
