#include "router/config.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "router/language/check.h"
#include "schemas/file.h"
#include "schemas/keyfile.h"
#include "schemas/log/log.h"
#include "schemas/settings.h"

enum {
    SEGMENT_MIN = 2 * SL_MAX_SEALED,
    SEGMENT_MAX = SL_LOG_SEGMENT_MAX,
    RECORDS_MAX = 1000 * 1000,
    MINUTES_MAX = 7 * 24 * 60
};

#define AT(member) offsetof(struct config, member)

static const struct sl_setting table[] = {
    {"listen", SL_SETTING_TEXT, true, AT(listen), "",
     "address on which adapters connect, as tcp://ADDRESS:PORT; port 0: any", 0, 0, 0},
    {"feed", SL_SETTING_TEXT, false, AT(feed), "",
     "address on which the routing log's file can be followed", 0, 0, 0},
    {"control", SL_SETTING_PATH, false, AT(control), "",
     "path of the socket on which `samenloop` asks and tells the router, of this user alone", 0, 0,
     0},
    {"metrics", SL_SETTING_TEXT, false, AT(metrics), "",
     "address on which GET /metrics is answered (OpenMetrics, counts alone), as 127.0.0.1:9464", 0,
     0, 0},
    {"journal", SL_SETTING_PATH, true, AT(journal), "", "folder of the journal", 0, 0, 0},
    {"agreement", SL_SETTING_PATH, true, AT(agreement), "", "file with the agreement's rules", 0, 0,
     0},
    {"approvals", SL_SETTING_TEXT, false, AT(approvals), "",
     "\"required\": an agreement wants the approvals of img and ncg, in files beside its own", 0, 0,
     0},
    {"cards", SL_SETTING_PATH, true, AT(cards), "",
     "folder with the participants' key cards, *.card", 0, 0, 0},
    {"trust", SL_SETTING_PATH, true, AT(trust), "",
     "PEM file: certificates that vouch for key cards, and revocation lists", 0, 0, 0},
    {"curve_key", SL_SETTING_PATH, true, AT(curve_key), "",
     "file with the router's CurveZMQ private key", 0, 0, 0},
    {"signing_key", SL_SETTING_PATH, false, AT(signing_key), "",
     "file with the private key that signs the journal's heads; none: none are signed", 0, 0, 0},
    {"checkpoint_records", SL_SETTING_SIZE, false, AT(checkpoint_records), "65536",
     "a signed head of the journal at least every so many records,", 1, RECORDS_MAX, 1},
    {"checkpoint_minutes", SL_SETTING_SIZE, false, AT(checkpoint_minutes), "10",
     "and so many minutes after something changed", 1, MINUTES_MAX, 1},
    {"log", SL_SETTING_PATH, false, AT(log), "",
     "file that the routing log is appended to; none: standard error", 0, 0, 0},
    {"clock", SL_SETTING_PATH, false, AT(clock), "",
     "file with a moment that is taken for the time, for tests", 0, 0, 0},
    {"pid", SL_SETTING_PATH, false, AT(pid), "",
     "file that holds the number of the process while it runs", 0, 0, 0},
    {"segment_bytes", SL_SETTING_SIZE, false, AT(segment_bytes), "16777216",
     "size of a segment of the journal", SEGMENT_MIN, SEGMENT_MAX, 4096},
};

static const char *const sections[] = {
    "participants",
    "who takes part: a name each, with its oin and its roles",
    NULL,
};

static struct sl_settings settings_of(const struct config *config, struct sl_buffer *problems)
{
    return (struct sl_settings){.table = table,
                                .count = sizeof table / sizeof *table,
                                .sections = sections,
                                .out = (void *)(uintptr_t)config,
                                .file = config->file,
                                .problems = problems};
}

static uint32_t take_roles(const struct sl_settings *settings, const char *name, const char *text)
{
    uint32_t roles = 0;
    for (const char *at = text; *(at += strspn(at, " ,")) != '\0';) {
        size_t size = strcspn(at, " ,");
        enum sl_role role = SL_NO_ROLE;
        if (sl_role_parse(&role, sl_bytes(at, size)) < 0)
            sl_settings_problem(settings, "participants/%s/roles: %.*s is no role", name, (int)size,
                                at);
        roles |= 1u << role;
        at += size;
    }
    if ((roles & (1u << SL_BACK_OFFICE)) == 0)
        sl_settings_problem(settings, "participants/%s/roles: back_office is missing", name);
    return roles;
}

static void take_participant(struct config *config, zconfig_t *one,
                             const struct sl_settings *settings)
{
    const char *name = zconfig_name(one);
    struct sl_error error = {0};
    for (zconfig_t *child = zconfig_child(one); child != NULL; child = zconfig_next(child)) {
        if (strcmp(zconfig_name(child), "oin") != 0 && strcmp(zconfig_name(child), "roles") != 0)
            sl_settings_problem(settings, "participants/%s/%s: there is no such setting", name,
                                zconfig_name(child));
    }
    uint32_t roles = take_roles(settings, name, zconfig_get(one, "roles", "back_office"));
    if (sl_directory_add(&config->directory, name, zconfig_get(one, "oin", ""), &error) < 0)
        sl_settings_problem(settings, "participants/%s: %s", name, error.text);
    else
        config->roles[config->directory.count - 1] = roles;
}

static void take_participants(struct config *config, zconfig_t *root,
                              const struct sl_settings *settings)
{
    zconfig_t *all = zconfig_locate(root, "participants");
    zconfig_t *one = all == NULL ? NULL : zconfig_child(all);
    if (one == NULL)
        sl_settings_problem(settings, "participants: is missing: who takes part");
    for (; one != NULL; one = zconfig_next(one))
        take_participant(config, one, settings);
}

static void check_address(const struct sl_settings *settings, const char *name, const char *address)
{
    const char *port = strrchr(address, ':');
    bool good = strncmp(address, "tcp://", 6) == 0 && port > address + 6 && port[1] != '\0' &&
                (strcmp(port + 1, "*") == 0 || strspn(port + 1, "0123456789") == strlen(port + 1));
    if (address[0] != '\0' && !good)
        sl_settings_problem(settings, "%s: wants tcp://ADDRESS:PORT", name);
}

struct config *config_read_file(const char *file, struct sl_buffer *problems)
{
    struct config *config = sl_new(1, sizeof *config);
    size_t before = problems->size;
    config->file = sl_new(strlen(file) + 1, 1);
    memcpy(config->file, file, strlen(file));
    struct sl_settings settings = settings_of(config, problems);
    zconfig_t *root = sl_settings_read(&settings);
    if (root != NULL) {
        take_participants(config, root, &settings);
        check_address(&settings, "listen", config->listen);
        check_address(&settings, "feed", config->feed);
        if (config->feed[0] != '\0' && config->log[0] == '\0')
            sl_settings_problem(&settings, "feed: wants `log`, the file that it is read from");
        if (config->approvals[0] != '\0' && strcmp(config->approvals, "required") != 0)
            sl_settings_problem(&settings, "approvals: wants \"required\", or not to be there");
    }
    zconfig_destroy(&root);
    if (problems->size == before)
        return config;
    config_free(config);
    return NULL;
}

/* ---------------------------------------------------------------- what it names */

static void load_key(struct config *config, const struct sl_settings *settings)
{
    struct sl_error error = {0};
    if (sl_keyfile_read_secret(config->secret_key, config->curve_key, &error) < 0) {
        sl_settings_problem(settings, "curve_key: %s", error.text);
        return;
    }
    EVP_PKEY *key = sl_key_private(EVP_PKEY_X25519, config->secret_key);
    sl_key_raw(key, NULL, config->public_key);
    EVP_PKEY_free(key);
}

/* Without it nobody can show what the journal was: that is worth a word. */
static void load_signing_key(struct config *config, const struct sl_settings *settings)
{
    uint8_t secret[SL_KEY_SIZE];
    struct sl_error error = {0};
    if (config->signing_key[0] == '\0')
        sl_buffer_printf(&config->warnings,
                         "%s: signing_key: is missing: the journal's heads are not signed\n",
                         config->file);
    else if (sl_keyfile_read_secret(secret, config->signing_key, &error) < 0)
        sl_settings_problem(settings, "signing_key: %s", error.text);
    else
        config->signing = sl_key_private(EVP_PKEY_ED25519, secret);
    sl_forget(secret, sizeof secret);
}

/* All findings are told: an agreement is mended with them beside it. */
static void load_agreement(struct config *config, const struct sl_settings *settings)
{
    struct sl_error error = {0};
    struct agreement *agreement = NULL;
    if (sl_file_read(&config->agreement_text, config->agreement, AGREEMENT_TEXT_MAX, &error) < 0)
        sl_settings_problem(settings, "agreement: %s", error.text);
    else if (agreement_read(&agreement, config->agreement, sl_buffer_bytes(&config->agreement_text),
                            settings->problems) == 0)
        (void)agreement_check(agreement, settings->problems);
    agreement_free(agreement);
}

/* One that is not there is missed by whoever wants it. */
static void load_approvals(struct config *config, const struct sl_settings *settings)
{
    for (size_t i = 0; config->approvals[0] != '\0' && i < APPROVALS; i++) {
        struct sl_buffer path = {0};
        struct sl_error error = {0};
        approval_path(&path, config->agreement, approval_participants[i]);
        if (access((char *)path.data, F_OK) == 0 &&
            sl_file_read(&config->approvals_read[i], (char *)path.data, APPROVAL_BYTES_MAX,
                         &error) < 0)
            sl_settings_problem(settings, "approvals: %s", error.text);
        config->approvals_wanted[i] = sl_buffer_bytes(&config->approvals_read[i]);
        sl_buffer_free(&path);
    }
}

int config_load(struct config *config, int64_t now, struct sl_buffer *problems)
{
    size_t before = problems->size;
    struct sl_error error = {0};
    struct sl_settings settings = settings_of(config, problems);
    load_key(config, &settings);
    load_signing_key(config, &settings);
    if (sl_directory_load(&config->directory, config->cards, config->trust, now, &config->warnings,
                          &error) < 0)
        sl_settings_problem(&settings, "cards: %s", error.text);
    load_agreement(config, &settings);
    load_approvals(config, &settings);
    return problems->size > before ? -1 : 0;
}

struct config *config_read(const char *file, int64_t now, struct sl_buffer *problems)
{
    struct config *config = config_read_file(file, problems);
    if (config != NULL && config_load(config, now, problems) < 0) {
        config_free(config);
        return NULL;
    }
    return config;
}

void config_free(struct config *config)
{
    if (config == NULL)
        return;
    struct sl_settings settings = settings_of(config, NULL);
    sl_settings_free(&settings);
    free(config->file);
    EVP_PKEY_free(config->signing);
    sl_directory_free(&config->directory);
    sl_buffer_free(&config->agreement_text);
    for (size_t i = 0; i < APPROVALS; i++)
        sl_buffer_free(&config->approvals_read[i]);
    sl_buffer_free(&config->warnings);
    sl_forget(config->secret_key, sizeof config->secret_key);
    free(config);
}

/* ---------------------------------------------------------------- shown */

static void print_roles(uint32_t roles, struct sl_buffer *out)
{
    const char *between = "";
    for (int role = SL_BACK_OFFICE; role < SL_ROLES; role++) {
        if ((roles & (1u << role)) == 0)
            continue;
        sl_buffer_printf(out, "%s%s", between, sl_role_name((enum sl_role)role));
        between = " ";
    }
}

void config_print(const struct config *config, struct sl_buffer *out)
{
    struct sl_settings settings = settings_of(config, NULL);
    sl_settings_print(&settings, out);
    sl_buffer_printf(out, "participants\n");
    for (size_t i = 0; i < config->directory.count; i++) {
        const struct sl_participant *participant = &config->directory.participants[i];
        sl_buffer_printf(out, "    %s\n        oin = \"%s\"\n        roles = \"", participant->name,
                         participant->oin);
        print_roles(config->roles[i], out);
        sl_buffer_printf(out, "\"\n");
    }
}

void config_help(struct sl_buffer *out)
{
    struct sl_settings settings = {
        .table = table, .count = sizeof table / sizeof *table, .sections = sections};
    sl_settings_help(&settings, out);
}
