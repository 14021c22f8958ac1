#include "router/config.h"

#include <czmq.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "router/language/check.h"
#include "schemas/file.h"
#include "schemas/keyfile.h"
#include "schemas/log/log.h"

enum {
    CONFIG_MAX = 1024 * 1024,
    SEGMENT_MIN = 2 * SL_MAX_SEALED,
    SEGMENT_MAX = SL_LOG_SEGMENT_MAX,
    RECORDS_MAX = 1000 * 1000,
    MINUTES_MAX = 7 * 24 * 60
};

enum setting_kind { TEXT, PATH, SIZE };

struct setting {
    const char *name;
    enum setting_kind kind;
    bool required;
    size_t offset; /* in struct config */
    const char *otherwise;
    const char *meaning;
    uint64_t min, max, step; /* of a SIZE */
};

static const struct setting settings[] = {
    {"listen", TEXT, true, offsetof(struct config, listen), "",
     "address on which adapters connect, as tcp://ADDRESS:PORT; port 0: any", 0, 0, 0},
    {"feed", TEXT, false, offsetof(struct config, feed), "",
     "address on which the routing log is published (PUB)", 0, 0, 0},
    {"control", PATH, false, offsetof(struct config, control), "",
     "path of the socket on which `samenloop` asks and tells the router, of this user alone", 0, 0,
     0},
    {"metrics", TEXT, false, offsetof(struct config, metrics), "",
     "address on which GET /metrics is answered (OpenMetrics, counts alone), as 127.0.0.1:9464", 0,
     0, 0},
    {"journal", PATH, true, offsetof(struct config, journal), "", "folder of the journal", 0, 0, 0},
    {"agreement", PATH, true, offsetof(struct config, agreement), "",
     "file with the agreement's rules", 0, 0, 0},
    {"approvals", TEXT, false, offsetof(struct config, approvals), "",
     "\"required\": an agreement wants the approvals of img and ncg, in files beside its own", 0, 0,
     0},
    {"cards", PATH, true, offsetof(struct config, cards), "",
     "folder with the participants' key cards, *.card", 0, 0, 0},
    {"trust", PATH, true, offsetof(struct config, trust), "",
     "PEM file: certificates that vouch for key cards, and revocation lists", 0, 0, 0},
    {"curve_key", PATH, true, offsetof(struct config, curve_key), "",
     "file with the router's CurveZMQ private key", 0, 0, 0},
    {"signing_key", PATH, false, offsetof(struct config, signing_key), "",
     "file with the private key that signs the journal's heads; none: none are signed", 0, 0, 0},
    {"checkpoint_records", SIZE, false, offsetof(struct config, checkpoint_records), "4096",
     "a signed head of the journal at least every so many records,", 1, RECORDS_MAX, 1},
    {"checkpoint_minutes", SIZE, false, offsetof(struct config, checkpoint_minutes), "10",
     "and so many minutes after something changed", 1, MINUTES_MAX, 1},
    {"log", PATH, false, offsetof(struct config, log), "",
     "file that the routing log is appended to; none: standard error", 0, 0, 0},
    {"clock", PATH, false, offsetof(struct config, clock), "",
     "file with a moment that is taken for the time, for tests", 0, 0, 0},
    {"pid", PATH, false, offsetof(struct config, pid), "",
     "file that holds the number of the process while it runs", 0, 0, 0},
    {"segment_bytes", SIZE, false, offsetof(struct config, segment_bytes), "16777216",
     "size of a segment of the journal", SEGMENT_MIN, SEGMENT_MAX, 4096},
};
enum { SETTINGS = sizeof settings / sizeof *settings };

static void problem(struct sl_buffer *problems, const struct config *config, const char *format,
                    ...) __attribute__((format(printf, 3, 4)));

static void problem(struct sl_buffer *problems, const struct config *config, const char *format,
                    ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    sl_buffer_printf(problems, "%s: %s\n", config->file, text);
}

static char *copy(const char *text)
{
    char *all = sl_new(strlen(text) + 1, 1);
    memcpy(all, text, strlen(text) + 1);
    return all;
}

/* The path as seen from the folder of the configuration file. */
static char *resolve(const struct config *config, const char *path)
{
    const char *slash = strrchr(config->file, '/');
    if (path[0] == '/' || path[0] == '\0' || slash == NULL)
        return copy(path);
    struct sl_buffer all = {0};
    sl_buffer_printf(&all, "%.*s/%s", (int)(slash - config->file), config->file, path);
    sl_buffer_add(&all, "", 1);
    return (char *)all.data;
}

static char **text_of(struct config *config, const struct setting *setting)
{
    return (char **)(void *)((uint8_t *)config + setting->offset);
}

static void take_size(struct config *config, const struct setting *setting, const char *value,
                      struct sl_buffer *problems)
{
    char *end = NULL;
    errno = 0;
    unsigned long long size = strtoull(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || size < setting->min || size > setting->max ||
        size % setting->step != 0)
        problem(problems, config, "%s: wants a number from %llu to %llu, a multiple of %llu",
                setting->name, (unsigned long long)setting->min, (unsigned long long)setting->max,
                (unsigned long long)setting->step);
    else
        memcpy((uint8_t *)config + setting->offset, &(uint64_t){size}, sizeof(uint64_t));
}

static void take_settings(struct config *config, zconfig_t *root, struct sl_buffer *problems)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        const struct setting *setting = &settings[i];
        const char *value = zconfig_get(root, setting->name, setting->otherwise);
        if (setting->required && value[0] == '\0')
            problem(problems, config, "%s: is missing: %s", setting->name, setting->meaning);
        if (setting->kind == SIZE)
            take_size(config, setting, value, problems);
        else
            *text_of(config, setting) = setting->kind == PATH ? resolve(config, value)
                                                              : copy(value);
    }
}

static bool setting_exists(const char *name)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        if (strcmp(settings[i].name, name) == 0)
            return true;
    }
    return strcmp(name, "participants") == 0;
}

/* A misspelt setting would otherwise be a default that nobody meant. */
static void check_names(const struct config *config, zconfig_t *root, struct sl_buffer *problems)
{
    for (zconfig_t *one = zconfig_child(root); one != NULL; one = zconfig_next(one)) {
        if (!setting_exists(zconfig_name(one)))
            problem(problems, config, "%s: there is no such setting", zconfig_name(one));
        for (zconfig_t *other = zconfig_next(one); other != NULL; other = zconfig_next(other)) {
            if (strcmp(zconfig_name(one), zconfig_name(other)) == 0)
                problem(problems, config, "%s: given twice", zconfig_name(one));
        }
    }
}

static uint32_t take_roles(const struct config *config, const char *name, const char *text,
                           struct sl_buffer *problems)
{
    uint32_t roles = 0;
    for (const char *at = text; *(at += strspn(at, " ,")) != '\0';) {
        size_t size = strcspn(at, " ,");
        enum sl_role role = SL_NO_ROLE;
        if (sl_role_parse(&role, sl_bytes(at, size)) < 0)
            problem(problems, config, "participants/%s/roles: %.*s is no role", name, (int)size,
                    at);
        roles |= 1u << role;
        at += size;
    }
    if ((roles & (1u << SL_BACK_OFFICE)) == 0)
        problem(problems, config, "participants/%s/roles: back_office is missing", name);
    return roles;
}

static void take_participant(struct config *config, zconfig_t *one, struct sl_buffer *problems)
{
    const char *name = zconfig_name(one);
    struct sl_error error = {0};
    for (zconfig_t *child = zconfig_child(one); child != NULL; child = zconfig_next(child)) {
        if (strcmp(zconfig_name(child), "oin") != 0 && strcmp(zconfig_name(child), "roles") != 0)
            problem(problems, config, "participants/%s/%s: there is no such setting", name,
                    zconfig_name(child));
    }
    uint32_t roles = take_roles(config, name, zconfig_get(one, "roles", "back_office"), problems);
    if (sl_directory_add(&config->directory, name, zconfig_get(one, "oin", ""), &error) < 0)
        problem(problems, config, "participants/%s: %s", name, error.text);
    else
        config->roles[config->directory.count - 1] = roles;
}

static void take_participants(struct config *config, zconfig_t *root, struct sl_buffer *problems)
{
    zconfig_t *all = zconfig_locate(root, "participants");
    zconfig_t *one = all == NULL ? NULL : zconfig_child(all);
    if (one == NULL)
        problem(problems, config, "participants: is missing: who takes part");
    for (; one != NULL; one = zconfig_next(one))
        take_participant(config, one, problems);
}

static void check_address(const struct config *config, const char *name, const char *address,
                          struct sl_buffer *problems)
{
    const char *port = strrchr(address, ':');
    bool good = strncmp(address, "tcp://", 6) == 0 && port > address + 6 && port[1] != '\0' &&
                (strcmp(port + 1, "*") == 0 || strspn(port + 1, "0123456789") == strlen(port + 1));
    if (address[0] != '\0' && !good)
        problem(problems, config, "%s: wants tcp://ADDRESS:PORT", name);
}

struct config *config_read_file(const char *file, struct sl_buffer *problems)
{
    struct config *config = sl_new(1, sizeof *config);
    size_t before = problems->size;
    config->file = copy(file);
    struct sl_buffer text = {0};
    struct sl_error error = {0};
    zconfig_t *root = NULL;
    if (sl_file_read(&text, file, CONFIG_MAX, &error) < 0) {
        sl_buffer_printf(problems, "%s\n", error.text);
    } else {
        sl_buffer_add(&text, "", 1);
        root = zconfig_str_load((const char *)text.data);
        if (root == NULL)
            problem(problems, config,
                    "is no ZPL: names, an equals sign, values, four spaces to "
                    "each level");
    }
    if (root != NULL) {
        check_names(config, root, problems);
        take_settings(config, root, problems);
        take_participants(config, root, problems);
        check_address(config, "listen", config->listen, problems);
        check_address(config, "feed", config->feed, problems);
        if (config->approvals[0] != '\0' && strcmp(config->approvals, "required") != 0)
            problem(problems, config, "approvals: wants \"required\", or not to be there");
    }
    zconfig_destroy(&root);
    sl_buffer_free(&text);
    if (problems->size > before) {
        config_free(config);
        return NULL;
    }
    return config;
}

/* ---------------------------------------------------------------- what it names */

static void load_key(struct config *config, struct sl_buffer *problems)
{
    struct sl_error error = {0};
    if (sl_keyfile_read_secret(config->secret_key, config->curve_key, &error) < 0) {
        problem(problems, config, "curve_key: %s", error.text);
        return;
    }
    EVP_PKEY *key = sl_key_private(EVP_PKEY_X25519, config->secret_key);
    sl_key_raw(key, NULL, config->public_key);
    EVP_PKEY_free(key);
}

/* Without it nobody can show what the journal was: that is worth a word. */
static void load_signing_key(struct config *config, struct sl_buffer *problems)
{
    uint8_t secret[SL_KEY_SIZE];
    struct sl_error error = {0};
    if (config->signing_key[0] == '\0')
        sl_buffer_printf(&config->warnings,
                         "%s: signing_key: is missing: the journal's heads are not signed\n",
                         config->file);
    else if (sl_keyfile_read_secret(secret, config->signing_key, &error) < 0)
        problem(problems, config, "signing_key: %s", error.text);
    else
        config->signing = sl_key_private(EVP_PKEY_ED25519, secret);
    sl_forget(secret, sizeof secret);
}

/* All findings are told: an agreement is mended with them beside it. */
static void load_agreement(struct config *config, struct sl_buffer *problems)
{
    struct sl_error error = {0};
    struct agreement *agreement = NULL;
    if (sl_file_read(&config->agreement_text, config->agreement, AGREEMENT_TEXT_MAX, &error) < 0)
        problem(problems, config, "agreement: %s", error.text);
    else if (agreement_read(&agreement, config->agreement, sl_buffer_bytes(&config->agreement_text),
                            problems) == 0)
        (void)agreement_check(agreement, problems);
    agreement_free(agreement);
}

/* One that is not there is missed by whoever wants it. */
static void load_approvals(struct config *config, struct sl_buffer *problems)
{
    for (size_t i = 0; config->approvals[0] != '\0' && i < APPROVALS; i++) {
        struct sl_buffer path = {0};
        struct sl_error error = {0};
        approval_path(&path, config->agreement, approval_participants[i]);
        if (access((char *)path.data, F_OK) == 0 &&
            sl_file_read(&config->approvals_read[i], (char *)path.data, APPROVAL_BYTES_MAX,
                         &error) < 0)
            problem(problems, config, "approvals: %s", error.text);
        config->approvals_wanted[i] = sl_buffer_bytes(&config->approvals_read[i]);
        sl_buffer_free(&path);
    }
}

int config_load(struct config *config, int64_t now, struct sl_buffer *problems)
{
    size_t before = problems->size;
    struct sl_error error = {0};
    load_key(config, problems);
    load_signing_key(config, problems);
    if (sl_directory_load(&config->directory, config->cards, config->trust, now, &config->warnings,
                          &error) < 0)
        problem(problems, config, "cards: %s", error.text);
    load_agreement(config, problems);
    load_approvals(config, problems);
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
    for (size_t i = 0; i < SETTINGS; i++) {
        if (settings[i].kind != SIZE)
            free(*text_of(config, &settings[i]));
    }
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
    for (size_t i = 0; i < SETTINGS; i++) {
        const void *value = (const uint8_t *)config + settings[i].offset;
        if (settings[i].kind == SIZE)
            sl_buffer_printf(out, "%s = %llu\n", settings[i].name,
                             (unsigned long long)*(const uint64_t *)value);
        else
            sl_buffer_printf(out, "%s = \"%s\"\n", settings[i].name, *(char *const *)value);
    }
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
    for (size_t i = 0; i < SETTINGS; i++) {
        const char *otherwise = settings[i].required               ? "must be given"
                                : settings[i].otherwise[0] == '\0' ? "none"
                                                                   : settings[i].otherwise;
        sl_buffer_printf(out, "  %s (%s)\n        %s\n", settings[i].name, otherwise,
                         settings[i].meaning);
    }
    sl_buffer_printf(out, "  participants (must be given)\n"
                          "        who takes part: a name each, with oin and roles\n");
}
