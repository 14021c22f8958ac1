#include "schemas/directory.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "schemas/file.h"
#include "schemas/keyfile.h"

/* ---------------------------------------------------------------- participants */

int sl_directory_find(const struct sl_directory *directory, const char *name)
{
    for (size_t i = 0; i < directory->count; i++) {
        if (strcmp(directory->participants[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}

int sl_directory_add(struct sl_directory *directory, const char *name, const char *oin,
                     struct sl_error *error)
{
    if (strlen(name) >= SL_NAME_SIZE || sl_organisation_of(name) == SL_NOBODY)
        return sl_fail(error, SL_CONFIGURATION, "participant %.40s: wants img, ncg or gmNNNN",
                       name);
    if (!sl_is_oin(sl_text(oin)))
        return sl_fail(error, SL_CONFIGURATION, "participant %s: an OIN has 20 digits", name);
    if (directory->count == SL_MAX_PARTICIPANTS || sl_directory_find(directory, name) >= 0)
        return sl_fail(error, SL_CONFIGURATION, "participant %s: given twice, or one too many",
                       name);
    struct sl_participant *participant = &directory->participants[directory->count++];
    *participant = (struct sl_participant){.organisation = sl_organisation_of(name)};
    memcpy(participant->name, name, strlen(name) + 1);
    memcpy(participant->oin, oin, SL_OIN_SIZE + 1);
    return 0;
}

void sl_directory_free(struct sl_directory *directory)
{
    for (size_t i = 0; i < directory->count; i++) {
        struct sl_participant *participant = &directory->participants[i];
        for (size_t k = 0; k < participant->card_count; k++)
            sl_card_free(&participant->cards[k]);
        free(participant->cards);
    }
    *directory = (struct sl_directory){0};
}

/* Does the first of two cards hold before the second? */
static bool holds_before(const struct sl_card *a, const struct sl_card *b)
{
    if (a->issued_at != b->issued_at)
        return a->issued_at > b->issued_at;
    return memcmp(a->hash, b->hash, SL_HASH_SIZE) > 0; /* everybody picks the same one */
}

bool sl_directory_keep(struct sl_directory *directory, struct sl_card *card)
{
    for (size_t i = 0; i < directory->count; i++) {
        struct sl_participant *owner = &directory->participants[i];
        if (strcmp(owner->oin, card->oin) != 0)
            continue;
        size_t capacity = owner->card_count;
        owner->cards = sl_grow(owner->cards, &capacity, owner->card_count + 1,
                               sizeof *owner->cards);
        size_t at = owner->card_count++;
        for (; at > 0 && holds_before(card, &owner->cards[at - 1]); at--)
            owner->cards[at] = owner->cards[at - 1];
        owner->cards[at] = *card;
        return true;
    }
    sl_card_free(card);
    return false;
}

/* ---------------------------------------------------------------- whose key is it? */

const struct sl_key *sl_participant_key(const struct sl_participant *participant,
                                        Samenloop__V1__KeyUse use, int64_t at)
{
    return participant->card_count == 0 ? NULL : sl_card_key(&participant->cards[0], use, at);
}

static bool has_curve_key(const struct sl_card *card, const uint8_t key[SL_KEY_SIZE], int64_t now)
{
    for (size_t i = 0; i < card->key_count; i++) {
        const struct sl_key *own = &card->keys[i];
        if (own->use == SAMENLOOP__V1__KEY_USE__KEY_USE_CURVE && own->not_before <= now &&
            now < own->not_after && memcmp(own->public_key, key, SL_KEY_SIZE) == 0)
            return true;
    }
    return false;
}

int sl_directory_by_curve(const struct sl_directory *directory, const uint8_t key[SL_KEY_SIZE],
                          int64_t now)
{
    for (size_t i = 0; i < directory->count; i++) {
        const struct sl_participant *participant = &directory->participants[i];
        if (participant->card_count > 0 && has_curve_key(&participant->cards[0], key, now))
            return (int)i;
    }
    return -1;
}

const struct sl_card *sl_directory_card(const struct sl_directory *directory, struct sl_bytes hash,
                                        int *participant)
{
    for (size_t i = 0; i < directory->count; i++) {
        for (size_t c = 0; c < directory->participants[i].card_count; c++) {
            const struct sl_card *card = &directory->participants[i].cards[c];
            if (sl_bytes_equal(hash, sl_bytes(card->hash, SL_HASH_SIZE))) {
                *participant = (int)i;
                return card;
            }
        }
    }
    return NULL;
}

/* ---------------------------------------------------------------- reading a folder */

static X509_STORE *load_trust(const char *file, struct sl_error *error)
{
    BIO *in = BIO_new_file(file, "r");
    STACK_OF(X509_INFO) *items = in != NULL ? PEM_X509_INFO_read_bio(in, NULL, NULL, NULL) : NULL;
    X509_STORE *store = items != NULL ? X509_STORE_new() : NULL;
    bool revocation = false;
    bool any = false;
    for (int i = 0; store != NULL && i < sk_X509_INFO_num(items); i++) {
        X509_INFO *item = sk_X509_INFO_value(items, i);
        if (item->x509 != NULL)
            any = X509_STORE_add_cert(store, item->x509) == 1 || any;
        if (item->crl != NULL)
            revocation = X509_STORE_add_crl(store, item->crl) == 1 || revocation;
    }
    if (revocation)
        (void)X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    sk_X509_INFO_pop_free(items, X509_INFO_free);
    BIO_free(in);
    ERR_clear_error();
    if (any)
        return store;
    X509_STORE_free(store);
    (void)sl_fail(error, SL_CONFIGURATION, "%s: no certificates to trust in it", file);
    return NULL;
}

/* A pipe or a device would be waited for. */
static int read_file(struct sl_buffer *out, const char *path, struct sl_error *error)
{
    struct stat facts;
    if (stat(path, &facts) == 0 && !S_ISREG(facts.st_mode))
        return sl_fail(error, SL_BAD_KEY_CARD, "%s: this is no file", path);
    return sl_file_read(out, path, SL_MAX_CARD, error);
}

static void load_card(struct sl_directory *directory, const char *path, X509_STORE *trust,
                      int64_t now, struct sl_buffer *problems)
{
    struct sl_error error = {0};
    struct sl_buffer file = {0};
    struct sl_card card;
    int participant = -1;
    if (read_file(&file, path, &error) < 0)
        sl_buffer_printf(problems, "%s\n", error.text);
    else if (sl_card_read(&card, sl_buffer_bytes(&file), trust, now, &error) < 0)
        sl_buffer_printf(problems, "%s: %s\n", path, error.text);
    else if (sl_directory_card(directory, sl_bytes(card.hash, SL_HASH_SIZE), &participant) != NULL)
        sl_card_free(&card); /* a copy of one that is there */
    else
        (void)sl_directory_keep(directory, &card);
    directory->refused += error.code != SL_OK;
    sl_buffer_free(&file);
}

static int is_card(const struct dirent *entry)
{
    size_t size = strlen(entry->d_name);
    size_t suffix = strlen(SL_CARD_SUFFIX);
    return size > suffix && strcmp(entry->d_name + size - suffix, SL_CARD_SUFFIX) == 0;
}

int sl_directory_load(struct sl_directory *directory, const char *folder, const char *trust_file,
                      int64_t now, struct sl_buffer *problems, struct sl_error *error)
{
    struct dirent **files = NULL;
    X509_STORE *trust = load_trust(trust_file, error);
    if (trust == NULL)
        return -1;
    int count = scandir(folder, &files, is_card, alphasort);
    if (count < 0)
        (void)sl_fail(error, SL_CONFIGURATION, "%s: %s", folder, strerror(errno));
    for (int i = 0; i < count; i++) {
        char path[1024];
        (void)snprintf(path, sizeof path, "%s/%s", folder, files[i]->d_name);
        load_card(directory, path, trust, now, problems);
        free(files[i]);
    }
    free(files);
    X509_STORE_free(trust);
    for (size_t i = 0; count >= 0 && i < directory->count; i++) {
        if (directory->participants[i].card_count == 0)
            sl_buffer_printf(problems, "%s: %s has no key card that is good, and cannot connect\n",
                             folder, directory->participants[i].name);
    }
    return count < 0 ? -1 : 0;
}
