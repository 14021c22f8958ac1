#include "adapters/config.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "schemas/clock.h"
#include "schemas/file.h"
#include "schemas/keyfile.h"
#include "schemas/log/log.h"
#include "schemas/settings.h"
#include "schemas/timestamp.h"

#define AT(member) offsetof(struct adapter_config, member)

static const struct sl_setting table[] = {
    {"participant", SL_SETTING_TEXT, true, AT(participant), "", "whose adapter this is: img", 0, 0,
     0},
    {"router", SL_SETTING_TEXT, true, AT(router), "", "the router's address, tcp://ADDRESS:PORT", 0,
     0, 0},
    {"router_key", SL_SETTING_PATH, true, AT(router_key), "",
     "file with the router's CurveZMQ public key", 0, 0, 0},
    {"router_signing_key", SL_SETTING_PATH, false, AT(router_signing_key), "",
     "file with the public key that the journal's heads are signed by; none: not looked at", 0, 0,
     0},
    {"outbox", SL_SETTING_PATH, true, AT(outbox), "", "folder of the outbox", 0, 0, 0},
    {"inbox", SL_SETTING_PATH, true, AT(inbox), "", "folder of the inbox", 0, 0, 0},
    {"cards", SL_SETTING_PATH, true, AT(cards), "",
     "folder with the participants' key cards, *.card", 0, 0, 0},
    {"trust", SL_SETTING_PATH, true, AT(trust), "",
     "PEM file: certificates that vouch for key cards, and their revocation lists", 0, 0, 0},
    {"signing_key", SL_SETTING_PATH, true, AT(signing_key), "",
     "file with the private key that signs events", 0, 0, 0},
    {"sealing_key", SL_SETTING_PATH, true, AT(sealing_key), "",
     "file with the private key that opens sections", 0, 0, 0},
    {"old_sealing_keys", SL_SETTING_TEXT, false, AT(old_sealing_keys), "",
     "files with those before it, blanks between, while events sealed to them may come", 0, 0, 0},
    {"curve_key", SL_SETTING_PATH, true, AT(curve_key), "",
     "file with the CurveZMQ private key of this adapter", 0, 0, 0},
    {"content_key", SL_SETTING_PATH, true, AT(content_key), "",
     "file with the key that tells an event again from another with its id", 0, 0, 0},
    {"pseudonym_key", SL_SETTING_PATH, false, AT(pseudonym_key), "",
     "file with the key of pseudonyms, which only img and ncg have", 0, 0, 0},
    {"http", SL_SETTING_TEXT, false, AT(http), "",
     "where the HTTP edge listens, as ADDRESS:PORT; port 0: any", 0, 0, 0},
    {"spool", SL_SETTING_PATH, false, AT(spool), "",
     "folder of the spool edge, by which a back office exchanges files", 0, 0, 0},
    {"spool_roles", SL_SETTING_TEXT, false, AT(spool_roles), "back_office",
     "the roles that use the spool, blanks between", 0, 0, 0},
    {"journal", SL_SETTING_TEXT, false, AT(journal), "",
     "identity of another journal that may feed the inbox from now on", 0, 0, 0},
    {"clock", SL_SETTING_PATH, false, AT(clock), "",
     "file with a moment that is taken for the time, for tests", 0, 0, 0},
    {"segment_bytes", SL_SETTING_SIZE, false, AT(segment_bytes), "16777216",
     "size of a segment of outbox and inbox", 512 * 1024, SL_LOG_SEGMENT_MAX, 4096},
    {"keep_days", SL_SETTING_SIZE, false, AT(keep_days), "365",
     "days that outbox and inbox keep what is answered and taken", 1, 36500, 1},
};

static const char *const sections[] = {
    "tokens",       "the roles that may use the HTTP edge, each with the file of its token",
    "participants", "who takes part: a name each, with its oin",
    NULL,
};

static struct sl_settings settings_of(const struct adapter_config *config,
                                      struct sl_buffer *problems)
{
    return (struct sl_settings){.table = table,
                                .count = sizeof table / sizeof *table,
                                .sections = sections,
                                .out = (void *)(uintptr_t)config,
                                .file = config->file,
                                .problems = problems};
}

/* ---------------------------------------------------------------- the file */

static void take_participants(struct adapter_config *config, zconfig_t *root,
                              const struct sl_settings *settings)
{
    zconfig_t *all = zconfig_locate(root, "participants");
    zconfig_t *one = all == NULL ? NULL : zconfig_child(all);
    if (one == NULL)
        sl_settings_problem(settings, "participants: is missing: who takes part");
    for (; one != NULL; one = zconfig_next(one)) {
        const char *name = zconfig_name(one);
        struct sl_error error = {0};
        for (zconfig_t *child = zconfig_child(one); child != NULL; child = zconfig_next(child)) {
            if (strcmp(zconfig_name(child), "oin") != 0)
                sl_settings_problem(settings, "participants/%s/%s: there is no such setting", name,
                                    zconfig_name(child));
        }
        if (sl_directory_add(&config->directory, name, zconfig_get(one, "oin", ""), &error) < 0)
            sl_settings_problem(settings, "participants/%s: %s", name, error.text);
    }
    if (config->participant[0] != '\0' && config->directory.count > 0 &&
        sl_directory_find(&config->directory, config->participant) < 0)
        sl_settings_problem(settings, "participant: %s is not among the participants",
                            config->participant);
}

static void take_tokens(struct adapter_config *config, zconfig_t *root,
                        const struct sl_settings *settings)
{
    zconfig_t *all = zconfig_locate(root, "tokens");
    zconfig_t *one = all == NULL ? NULL : zconfig_child(all);
    if (one == NULL && config->http[0] != '\0')
        sl_settings_problem(settings, "tokens: is missing: nobody could use the HTTP edge");
    for (; one != NULL; one = zconfig_next(one)) {
        enum sl_role role = SL_NO_ROLE;
        if (sl_role_parse(&role, sl_text(zconfig_name(one))) < 0) {
            sl_settings_problem(settings, "tokens/%s: there is no such role", zconfig_name(one));
        } else if (config->token_count == ADAPTER_MAX_TOKENS) {
            sl_settings_problem(settings, "tokens: wants %d at most", ADAPTER_MAX_TOKENS);
            return;
        } else {
            config->tokens[config->token_count++] = (struct adapter_token){
                .role = (enum samenloop_role)role,
                .path = sl_settings_path(settings,
                                         zconfig_value(one) == NULL ? "" : zconfig_value(one))};
        }
    }
}

static bool ends_in_port(const char *address)
{
    const char *port = strrchr(address, ':');
    return port != NULL && port != address && port[1] != '\0' &&
           strspn(port + 1, "0123456789") == strlen(port + 1) && strlen(port + 1) <= 5 &&
           strtoul(port + 1, NULL, 10) <= UINT16_MAX;
}

size_t adapter_config_spool_roles(const struct adapter_config *config,
                                  enum samenloop_role roles[SAMENLOOP_JOINT_TEAM])
{
    size_t count = 0;
    for (const char *at = config->spool_roles; *(at += strspn(at, " ")) != '\0';) {
        size_t size = strcspn(at, " ");
        enum sl_role role = SL_NO_ROLE;
        if (sl_role_parse(&role, sl_bytes(at, size)) < 0)
            return 0;
        for (size_t i = 0; i < count; i++) {
            if (roles[i] == (enum samenloop_role)role)
                return 0;
        }
        roles[count++] = (enum samenloop_role)role;
        at += size;
    }
    return count;
}

static void check_forms(const struct adapter_config *config, const struct sl_settings *settings)
{
    uint8_t identity[SL_LOG_ID_SIZE];
    if (config->router[0] != '\0' &&
        (strncmp(config->router, "tcp://", 6) != 0 || !ends_in_port(config->router + 6)))
        sl_settings_problem(settings, "router: wants tcp://ADDRESS:PORT");
    if (config->http[0] != '\0' && !ends_in_port(config->http))
        sl_settings_problem(settings, "http: wants ADDRESS:PORT");
    if (config->journal[0] != '\0' &&
        sl_unhex(identity, sizeof identity, sl_text(config->journal)) < 0)
        sl_settings_problem(settings, "journal: wants 32 hexadecimal digits");
    enum samenloop_role roles[SAMENLOOP_JOINT_TEAM];
    if (adapter_config_spool_roles(config, roles) == 0)
        sl_settings_problem(settings, "spool_roles: wants roles, each once, with blanks between");
    bool holds_key = sl_organisation_of(config->participant) != SL_MUNICIPALITY;
    if (config->participant[0] != '\0' && holds_key != (config->pseudonym_key[0] != '\0'))
        sl_settings_problem(settings, "pseudonym_key: img and ncg have it, and nobody else");
}

struct adapter_config *adapter_config_read(const char *file, struct sl_buffer *problems)
{
    struct adapter_config *config = sl_new(1, sizeof *config);
    size_t before = problems->size;
    config->file = sl_new(strlen(file) + 1, 1);
    memcpy(config->file, file, strlen(file));
    struct sl_settings settings = settings_of(config, problems);
    zconfig_t *root = sl_settings_read(&settings);
    if (root != NULL) {
        take_participants(config, root, &settings);
        take_tokens(config, root, &settings);
        check_forms(config, &settings);
        zconfig_destroy(&root);
    }
    if (problems->size == before)
        return config;
    adapter_config_free(config);
    return NULL;
}

void adapter_config_free(struct adapter_config *config)
{
    if (config == NULL)
        return;
    struct sl_settings settings = settings_of(config, NULL);
    sl_settings_free(&settings);
    for (size_t i = 0; i < config->token_count; i++)
        free(config->tokens[i].path);
    EVP_PKEY_free(config->signing);
    EVP_PKEY_free(config->router_signing);
    for (size_t i = 0; i < config->sealing_count; i++)
        EVP_PKEY_free(config->sealing[i]);
    sl_directory_free(&config->directory);
    free(config->file);
    sl_buffer_free(&config->warnings);
    sl_forget(config, sizeof *config);
    free(config);
}

/* ---------------------------------------------------------------- what it names */

static void load_secret(const struct sl_settings *settings, const char *name, const char *path,
                        uint8_t key[SL_KEY_SIZE])
{
    struct sl_error error = {0};
    if (sl_keyfile_read_secret(key, path, &error) < 0)
        sl_settings_problem(settings, "%s: %s", name, error.text);
}

static EVP_PKEY *load_pair(const struct sl_settings *settings, const char *name, const char *path,
                           int type)
{
    uint8_t raw[SL_KEY_SIZE] = {0};
    load_secret(settings, name, path, raw);
    EVP_PKEY *key = sl_key_private(type, raw);
    sl_forget(raw, sizeof raw);
    return key;
}

static void load_old_keys(struct adapter_config *config, const struct sl_settings *settings)
{
    for (const char *at = config->old_sealing_keys; *(at += strspn(at, " ")) != '\0';) {
        size_t size = strcspn(at, " ");
        char *name = strndup(at, size);
        at += size;
        if (name == NULL || config->sealing_count == ADAPTER_MAX_SEALING_KEYS) {
            free(name);
            sl_settings_problem(settings, "old_sealing_keys: wants %d at most",
                                ADAPTER_MAX_SEALING_KEYS - 1);
            return;
        }
        char *path = sl_settings_path(settings, name);
        config->sealing[config->sealing_count++] = load_pair(settings, "old_sealing_keys", path,
                                                             EVP_PKEY_X25519);
        free(path);
        free(name);
    }
}

static void load_token(const struct sl_settings *settings, struct adapter_token *token)
{
    struct sl_buffer text = {0};
    struct sl_error error = {0};
    struct stat file;
    if (sl_file_read(&text, token->path, ADAPTER_TOKEN_MAX + 1, &error) < 0) {
        sl_settings_problem(settings, "tokens: %s", error.text);
    } else if (stat(token->path, &file) < 0 || (file.st_mode & 077) != 0) {
        sl_settings_problem(settings, "tokens: %s: others than its owner may read or write it",
                            token->path);
    } else {
        size_t size = text.size;
        bool good = true;
        while (size > 0 && (text.data[size - 1] == '\n' || text.data[size - 1] == '\r'))
            size--;
        for (size_t i = 0; i < size; i++)
            good = good && text.data[i] > ' ' && text.data[i] < 0x7f;
        if (!good || size < ADAPTER_TOKEN_MIN || size > ADAPTER_TOKEN_MAX)
            sl_settings_problem(settings,
                                "tokens: %s: wants %d to %d printable characters without blanks",
                                token->path, ADAPTER_TOKEN_MIN, ADAPTER_TOKEN_MAX);
        else
            memcpy(token->text, text.data, size);
    }
    if (text.size > 0)
        sl_forget(text.data, text.size);
    sl_buffer_free(&text);
}

/* The keys that this adapter holds must be those on the card that others see. */
static void check_card(const struct adapter_config *config, const struct sl_settings *settings,
                       int64_t now)
{
    const struct sl_participant *self =
        &config->directory.participants[sl_directory_find(&config->directory, config->participant)];
    const struct {
        const char *name;
        Samenloop__V1__KeyUse use;
        EVP_PKEY *key;
        const uint8_t *raw;
    } keys[] = {
        {"signing_key", SAMENLOOP__V1__KEY_USE__KEY_USE_SIGNING, config->signing, NULL},
        {"sealing_key", SAMENLOOP__V1__KEY_USE__KEY_USE_SEALING, config->sealing[0], NULL},
        {"curve_key", SAMENLOOP__V1__KEY_USE__KEY_USE_CURVE, NULL, config->curve_public},
    };
    if (self->card_count == 0) {
        sl_settings_problem(settings, "cards: there is none of %s", self->name);
        return;
    }
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        uint8_t raw[SL_KEY_SIZE];
        const struct sl_key *key = sl_card_key(&self->cards[0], keys[i].use, now);
        if (keys[i].raw != NULL)
            memcpy(raw, keys[i].raw, sizeof raw);
        else
            sl_key_raw(keys[i].key, NULL, raw);
        if (key == NULL || memcmp(key->public_key, raw, sizeof raw) != 0)
            sl_settings_problem(settings, "%s: is not the key on the newest card of %s",
                                keys[i].name, self->name);
    }
}

static void load_router_signing_key(struct adapter_config *config,
                                    const struct sl_settings *settings)
{
    uint8_t raw[SL_KEY_SIZE];
    struct sl_error error = {0};
    if (config->router_signing_key[0] == '\0')
        sl_buffer_printf(&config->warnings,
                         "%s: router_signing_key: is missing: who signed the journal's heads is "
                         "not looked at\n",
                         config->file);
    else if (sl_keyfile_read(raw, config->router_signing_key, &error) < 0)
        sl_settings_problem(settings, "router_signing_key: %s", error.text);
    else if ((config->router_signing = sl_key_public(EVP_PKEY_ED25519, raw)) == NULL)
        sl_settings_problem(settings, "router_signing_key: %s: this is no public key",
                            config->router_signing_key);
}

int adapter_config_load(struct adapter_config *config, int64_t now, struct sl_buffer *problems)
{
    struct sl_settings settings = settings_of(config, problems);
    struct sl_error error = {0};
    size_t before = problems->size;
    config->signing = load_pair(&settings, "signing_key", config->signing_key, EVP_PKEY_ED25519);
    config->sealing[0] = load_pair(&settings, "sealing_key", config->sealing_key, EVP_PKEY_X25519);
    config->sealing_count = 1;
    load_old_keys(config, &settings);
    load_secret(&settings, "curve_key", config->curve_key, config->curve_secret);
    EVP_PKEY *curve = sl_key_private(EVP_PKEY_X25519, config->curve_secret);
    sl_key_raw(curve, NULL, config->curve_public);
    EVP_PKEY_free(curve);
    load_secret(&settings, "content_key", config->content_key, config->content);
    if (config->pseudonym_key[0] != '\0')
        load_secret(&settings, "pseudonym_key", config->pseudonym_key, config->pseudonym);
    if (sl_keyfile_read(config->router_public, config->router_key, &error) < 0)
        sl_settings_problem(&settings, "router_key: %s", error.text);
    load_router_signing_key(config, &settings);
    for (size_t i = 0; i < config->token_count; i++)
        load_token(&settings, &config->tokens[i]);
    if (sl_directory_load(&config->directory, config->cards, config->trust, now, &config->warnings,
                          &error) < 0)
        sl_settings_problem(&settings, "cards: %s", error.text);
    else if (problems->size == before)
        check_card(config, &settings, now);
    return problems->size > before ? -1 : 0;
}

/* ---------------------------------------------------------------- shown */

void adapter_config_print(const struct adapter_config *config, struct sl_buffer *out)
{
    struct sl_settings settings = settings_of(config, NULL);
    sl_settings_print(&settings, out);
    sl_buffer_printf(out, "tokens\n");
    for (size_t i = 0; i < config->token_count; i++)
        sl_buffer_printf(out, "    %s = \"%s\"\n",
                         sl_role_name((enum sl_role)config->tokens[i].role),
                         config->tokens[i].path);
    sl_buffer_printf(out, "participants\n");
    for (size_t i = 0; i < config->directory.count; i++)
        sl_buffer_printf(out, "    %s\n        oin = \"%s\"\n",
                         config->directory.participants[i].name,
                         config->directory.participants[i].oin);
}

void adapter_config_help(struct sl_buffer *out)
{
    static const struct adapter_config none;
    struct sl_settings settings = settings_of(&none, NULL);
    sl_settings_help(&settings, out);
}

int64_t adapter_config_now(const struct adapter_config *config, int64_t last)
{
    int64_t now = sl_clock_now(config->clock, last);
    return now > last ? now : last;
}
