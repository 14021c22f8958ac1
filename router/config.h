/*
 * The router's configuration: a ZPL file (ZeroMQ RFC 4), and what it names: key cards, the router's
 * own key, the agreement's text. Everything is looked at before the first socket opens, and every
 * problem is told at once.
 *
 *     listen = "tcp://0.0.0.0:5000"
 *     journal = "/var/lib/samenloop/journal"
 *     agreement = "agreement.rules"
 *     approvals = "required"
 *     cards = "cards"
 *     trust = "ca.pem"
 *     curve_key = "router/curve.key"
 *     signing_key = "router/signing.key"
 *     participants
 *         img
 *             oin = "00000004164164164000"
 *             roles = "back_office contact_person incident_officer joint_team"
 *
 * A path that does not begin with a slash is taken from the folder of the configuration file.
 */
#ifndef ROUTER_CONFIG_H
#define ROUTER_CONFIG_H

#include <stdio.h>

#include <openssl/evp.h>

#include "router/approval.h"
#include "schemas/directory.h"

struct config {
    char *file;
    char *listen;      /* where adapters connect; port 0: any */
    char *feed;        /* where the routing log is published, or empty: nowhere */
    char *control;     /* path of the socket for operators, or empty: there is none */
    char *metrics;     /* where the page of numbers is served, or empty: nowhere */
    char *journal;     /* folder */
    char *agreement;   /* file */
    char *approvals;   /* "required": those of img and ncg beside it; or empty */
    char *pid;         /* file that holds the process's number while it runs, or empty */
    char *cards;       /* folder of *.card */
    char *trust;       /* PEM file: whose certificates vouch for key cards, and their CRLs */
    char *curve_key;   /* file: the router's CurveZMQ private key (schemas/keyfile.h) */
    char *log;         /* file that the routing log is appended to, or empty: standard error */
    char *clock;       /* file with a moment in it that is taken for the time, or empty */
    char *signing_key; /* file: the private key that signs the journal's heads, or empty: none */
    EVP_PKEY *signing; /* the same, read; NULL: none */
    uint64_t checkpoint_records;
    uint64_t checkpoint_minutes;
    uint64_t segment_bytes;
    struct sl_directory directory;       /* the participants, in the file's order */
    uint32_t roles[SL_MAX_PARTICIPANTS]; /* bit n: somebody holds role n */
    uint8_t secret_key[SL_KEY_SIZE];     /* CurveZMQ's */
    uint8_t public_key[SL_KEY_SIZE];
    struct sl_buffer agreement_text; /* of one that is sound */
    struct sl_buffer approvals_read[APPROVALS];
    struct sl_bytes approvals_wanted[APPROVALS]; /* the same, for router_setup; empty: no file */
    struct sl_buffer warnings; /* a line for each key card that is not good: it stops nobody else */
};

/*
 * Reads a configuration file and what it names; key cards must be valid at `now`, and those that
 * are not are told in `warnings`. NULL when anything else is wrong: `problems` then has a line for
 * each. The caller frees it with config_free.
 */
struct config *config_read(const char *file, int64_t now, struct sl_buffer *problems);
void config_free(struct config *config);

/*
 * The same without key cards, key and agreement: what can be said of the file itself, for the
 * program that needs the clock's file before it knows what time it is.
 */
struct config *config_read_file(const char *file, struct sl_buffer *problems);
int config_load(struct config *config, int64_t now, struct sl_buffer *problems);

/* The settings as they hold, in the form of the file (`--check`); no key is shown. */
void config_print(const struct config *config, struct sl_buffer *out);

/* A line a setting: name, what it is, its default (`--help`). */
void config_help(struct sl_buffer *out);

#endif
