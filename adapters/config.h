/*
 * The adapter's configuration: a ZPL file, and what it names: key cards, keys, tokens. Everything
 * is looked at before the first log and the first socket are opened, and every problem is told at
 * once.
 *
 *     participant = "img"
 *     router = "tcp://127.0.0.1:5000"
 *     router_key = "router/curve.pub"
 *     router_signing_key = "router/signing.pub"
 *     outbox = "/var/lib/samenloop/img/outbox"
 *     inbox = "/var/lib/samenloop/img/inbox"
 *     cards = "cards"
 *     trust = "ca.pem"
 *     signing_key = "img/signing.key"
 *     sealing_key = "img/sealing.key"
 *     curve_key = "img/curve.key"
 *     content_key = "img/content.key"
 *     pseudonym_key = "img/pseudonym.key"
 *     http = "127.0.0.1:5001"
 *     spool = "/var/spool/samenloop/img"
 *     spool_roles = "back_office contact_person"
 *     tokens
 *         back_office = "img/back_office.token"
 *     participants
 *         img
 *             oin = "00000004164164164000"
 *         ncg
 *             oin = "00000004165165165000"
 *
 * A path that does not begin with a slash is taken from the folder of the configuration file. A
 * token's file holds one line; nobody but its owner may read or write it. A role may have several
 * tokens while one is being replaced.
 */
#ifndef ADAPTER_CONFIG_H
#define ADAPTER_CONFIG_H

#include "adapters/adapter.h"

enum { ADAPTER_MAX_TOKENS = 16, ADAPTER_TOKEN_MIN = 16, ADAPTER_TOKEN_MAX = 256 };

struct adapter_token {
    enum samenloop_role role;
    char *path;
    char text[ADAPTER_TOKEN_MAX + 1];
};

struct adapter_config {
    char *file;
    char *participant;
    char *router;             /* address */
    char *router_key;         /* file: its CurveZMQ public key */
    char *router_signing_key; /* file: the public key of the journal's heads; empty: none */
    char *outbox;             /* folders */
    char *inbox;
    char *cards; /* folder of *.card */
    char *trust; /* PEM file */
    char *signing_key;
    char *sealing_key;
    char *old_sealing_keys; /* files with a blank between */
    char *curve_key;
    char *content_key;
    char *pseudonym_key; /* empty: none */
    char *http;          /* ADDRESS:PORT; empty: no such edge */
    char *spool;         /* folder; empty: no such edge */
    char *spool_roles;   /* names with a blank between */
    char *journal;       /* identity of a journal that an operator accepts, in hexadecimal */
    char *clock;         /* file with a moment in it that is taken for the time, or empty */
    uint64_t segment_bytes;
    uint64_t keep_days;
    struct adapter_token tokens[ADAPTER_MAX_TOKENS];
    size_t token_count;
    struct sl_directory directory; /* the participants, in the file's order */
    /* What the files hold. */
    EVP_PKEY *signing;
    EVP_PKEY *sealing[ADAPTER_MAX_SEALING_KEYS];
    size_t sealing_count;
    uint8_t curve_secret[SL_KEY_SIZE];
    uint8_t curve_public[SL_KEY_SIZE];
    uint8_t router_public[SL_KEY_SIZE];
    EVP_PKEY *router_signing; /* NULL: none */
    uint8_t content[SL_KEY_SIZE];
    uint8_t pseudonym[SL_KEY_SIZE];
    struct sl_buffer warnings; /* a line for each key card that is not good: it stops nobody else */
};

/* The roles that exchange files; gives how many. 0: a name that is none, or a role named twice. */
size_t adapter_config_spool_roles(const struct adapter_config *config,
                                  enum samenloop_role roles[SAMENLOOP_JOINT_TEAM]);

/*
 * Reads a configuration file; NULL when anything is wrong with it: `problems` then has a line for
 * each. The caller frees it.
 */
struct adapter_config *adapter_config_read(const char *file, struct sl_buffer *problems);

/* Reads what it names; key cards must be valid at `now`, those that are not are in `warnings`. */
int adapter_config_load(struct adapter_config *config, int64_t now, struct sl_buffer *problems);
void adapter_config_free(struct adapter_config *config); /* NULL is fine */

/* The settings as they hold, in the form of the file; no key and no token is shown. */
void adapter_config_print(const struct adapter_config *config, struct sl_buffer *out);
/* A line a setting: name, what it is, its default. */
void adapter_config_help(struct sl_buffer *out);

/* The time (ms since 1970), never before `last`: the system's, or that in the file named `clock`.
 */
int64_t adapter_config_now(const struct adapter_config *config, int64_t last);

/* That of an open line, for the daemon that adds its edges. */
const struct adapter_config *samenloop_config(const struct samenloop_line *line);

#endif
