#include "adapters/heads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/log/storage.h"

#define FITS "checkpoint-"
#define REFUSED "refused-"
#define MAKING "checkpoint.new"

struct heads {
    struct sl_storage *storage;
    struct sl_crypto *crypto;
    EVP_PKEY *key;
    struct sl_checkpoint last; /* that fits; size 0: none */
    uint64_t *earlier;         /* sizes of those before it whose files are there still */
    size_t earlier_count, earlier_capacity;
    bool fresh; /* the last one came since the inbox was synced */
    char alarm[192];
};

uint64_t heads_size(const struct heads *heads)
{
    return heads->last.size;
}

const char *heads_alarm(const struct heads *heads)
{
    return heads->alarm;
}

/* ---------------------------------------------------------------- the files */

static void name_of(sl_storage_name out, const char *front, uint64_t size)
{
    (void)snprintf(out, sizeof(sl_storage_name), "%s%020llu", front, (unsigned long long)size);
}

static bool begins(const char *name, const char *front)
{
    return strncmp(name, front, strlen(front)) == 0;
}

/* Writes a note under this name, whole or not at all; one that is there is taken away first. */
static int write_note(struct heads *heads, const sl_storage_name name, struct sl_bytes note,
                      struct sl_error *error)
{
    struct sl_storage *storage = heads->storage;
    const struct sl_storage_calls *calls = storage->calls;
    struct sl_error ignored = {0};
    int file = -1;
    (void)calls->remove(storage, MAKING, &ignored); /* what a crash left */
    (void)calls->remove(storage, name, &ignored);
    if (calls->create(storage, MAKING, &file, error) < 0)
        return -1;
    int result = calls->write(storage, file, 0, note.data, note.size, error);
    if (result == 0)
        result = calls->sync(storage, file, error);
    calls->close(storage, file);
    if (result == 0)
        result = calls->rename(storage, MAKING, name, error);
    return result == 0 ? calls->sync_folder(storage, error) : -1;
}

static int read_note(struct heads *heads, const sl_storage_name name, struct sl_checkpoint *out,
                     struct sl_error *error)
{
    const struct sl_storage_calls *calls = heads->storage->calls;
    uint8_t note[SL_NOTE_MAX];
    size_t size = 0;
    int file = -1;
    if (calls->open(heads->storage, name, &file, error) < 0)
        return -1;
    int result = calls->read(heads->storage, file, 0, note, sizeof note, &size, error);
    calls->close(heads->storage, file);
    if (result == 0 &&
        sl_checkpoint_read(out, heads->crypto, NULL, sl_bytes(note, size), error) < 0)
        result = -1;
    return result < 0 ? sl_fail_at(error, "inbox: %s", name) : 0;
}

/* ---------------------------------------------------------------- open and close */

static void raise_alarm(struct heads *heads, uint64_t size, const char *why)
{
    if (heads->alarm[0] == '\0')
        (void)snprintf(heads->alarm, sizeof heads->alarm,
                       "the journal is not what it was: its head of %llu records %s",
                       (unsigned long long)size, why);
}

static void note_earlier(struct heads *heads, uint64_t size)
{
    heads->earlier = sl_grow(heads->earlier, &heads->earlier_capacity, heads->earlier_count + 1,
                             sizeof *heads->earlier);
    heads->earlier[heads->earlier_count++] = size;
}

/* Of several the largest holds. */
static int take_file(struct heads *heads, const sl_storage_name name, struct sl_error *error)
{
    struct sl_checkpoint found = {0};
    if (begins(name, REFUSED))
        raise_alarm(heads, strtoull(name + strlen(REFUSED), NULL, 10), "was refused");
    if (!begins(name, FITS))
        return 0;
    if (read_note(heads, name, &found, error) < 0)
        return -1;
    if (found.size < heads->last.size) {
        note_earlier(heads, found.size);
        return 0;
    }
    if (heads->last.size != 0)
        note_earlier(heads, heads->last.size);
    heads->last = found;
    return 0;
}

int heads_open(struct heads **out, struct sl_storage *storage, EVP_PKEY *key,
               struct sl_error *error)
{
    struct heads *heads = sl_new(1, sizeof *heads);
    sl_storage_name *names = NULL;
    size_t count = 0;
    heads->storage = storage;
    heads->crypto = sl_crypto_new();
    heads->key = key;
    int result = storage->calls->list(storage, &names, &count, error);
    for (size_t i = 0; result == 0 && i < count; i++)
        result = take_file(heads, names[i], error);
    free(names);
    if (result < 0) {
        heads_close(heads);
        return -1;
    }
    *out = heads;
    return 0;
}

void heads_key(struct heads *heads, EVP_PKEY *key)
{
    heads->key = key;
}

void heads_close(struct heads *heads)
{
    if (heads == NULL)
        return;
    sl_crypto_free(heads->crypto);
    free(heads->earlier);
    free(heads);
}

/* ---------------------------------------------------------------- a checkpoint that came */

/* Whose it is; NULL: this journal's. */
static const char *judge_note(struct heads *heads, const uint8_t *journal, struct sl_bytes note,
                              struct sl_checkpoint *came)
{
    struct sl_error error = {0};
    struct sl_checkpoint own;
    sl_checkpoint_origin(&own, journal);
    if (sl_checkpoint_read(came, heads->crypto, heads->key, note, &error) < 0)
        return error.code == SL_BAD_SIGNATURE ? "is not signed with the router's key" : "is none";
    return strcmp(came->origin, own.origin) != 0 ? "is another journal's" : NULL;
}

static bool follows_another(const struct heads *heads, const struct sl_checkpoint *came)
{
    return heads->last.size != 0 && strcmp(heads->last.origin, came->origin) == 0;
}

/* Why it does not fit, as far as it says without its proof; NULL: it does. */
static const char *judge_size(const struct heads *heads, const struct sl_checkpoint *came)
{
    const struct sl_checkpoint *last = &heads->last;
    if (!follows_another(heads, came))
        return NULL;
    if (came->size < last->size)
        return "is smaller than one before it";
    if (came->size == last->size && memcmp(came->root, last->root, sizeof came->root) != 0)
        return "has another root than the one of that size before it";
    return NULL;
}

/* Is it one of those before the last, which comes again because the inbox lost it in a crash? */
static bool is_earlier(struct heads *heads, const struct sl_checkpoint *came)
{
    struct sl_error ignored = {0};
    struct sl_checkpoint found = {0};
    sl_storage_name name;
    bool there = false;
    for (size_t i = 0; i < heads->earlier_count; i++)
        there = there || heads->earlier[i] == came->size;
    name_of(name, FITS, came->size);
    return there && read_note(heads, name, &found, &ignored) == 0 &&
           strcmp(found.origin, came->origin) == 0 &&
           memcmp(found.root, came->root, sizeof found.root) == 0;
}

/* The same, and by its proof. */
static const char *judge(struct heads *heads, const uint8_t *journal,
                         const Samenloop__V1__Checkpoint *checkpoint, struct sl_checkpoint *came)
{
    const struct sl_checkpoint *last = &heads->last;
    const char *why = judge_note(heads, journal, sl_from_pb(checkpoint->note), came);
    if (why != NULL || !follows_another(heads, came) || is_earlier(heads, came))
        return why;
    why = judge_size(heads, came);
    if (why != NULL || came->size == last->size)
        return why;
    if (checkpoint->before != last->size)
        return "does not follow the one before it";
    if (sl_merkle_extends(heads->crypto, last->size, last->root, came->size, came->root,
                          sl_from_pb(checkpoint->proof)) < 0)
        return "has not grown from the one before it";
    return NULL;
}

/* The one before it stays until the inbox has both: if it loses them, both come again. */
static int keep(struct heads *heads, const struct sl_checkpoint *came, struct sl_bytes note,
                struct sl_error *error)
{
    sl_storage_name name;
    if (follows_another(heads, came) && came->size <= heads->last.size)
        return 0;
    name_of(name, FITS, came->size);
    if (write_note(heads, name, note, error) < 0)
        return -1;
    if (heads->last.size != 0 && heads->last.size != came->size)
        note_earlier(heads, heads->last.size);
    heads->last = *came;
    heads->fresh = true;
    return 0;
}

/* What a crash left stays until the next one comes: those before it came again by then. */
void heads_synced(struct heads *heads)
{
    struct sl_error ignored = {0};
    sl_storage_name name;
    for (size_t i = 0; heads->fresh && i < heads->earlier_count; i++) {
        if (heads->earlier[i] == heads->last.size)
            continue;
        name_of(name, FITS, heads->earlier[i]);
        (void)heads->storage->calls->remove(heads->storage, name, &ignored);
    }
    if (heads->fresh)
        heads->earlier_count = 0;
    heads->fresh = false;
}

/* Evidence: the first one is enough. */
static int refuse(struct heads *heads, const struct sl_checkpoint *came, struct sl_bytes note,
                  const char *why, struct sl_error *error)
{
    sl_storage_name name;
    if (heads->alarm[0] != '\0')
        return 0;
    name_of(name, REFUSED, came->size);
    if (write_note(heads, name, note, error) < 0)
        return -1;
    raise_alarm(heads, came->size, why);
    return 0;
}

int heads_take(struct heads *heads, const uint8_t *journal,
               const Samenloop__V1__Checkpoint *checkpoint, struct sl_error *error)
{
    struct sl_checkpoint came;
    const char *why = judge(heads, journal, checkpoint, &came);
    struct sl_bytes note = sl_from_pb(checkpoint->note);
    return why == NULL ? keep(heads, &came, note, error) : refuse(heads, &came, note, why, error);
}

int heads_greeted(struct heads *heads, const uint8_t *journal, struct sl_bytes note,
                  struct sl_error *error)
{
    struct sl_checkpoint came = {0};
    const char *why = NULL;
    if (note.size > 0)
        why = judge_note(heads, journal, note, &came);
    if (note.size > 0 && why == NULL)
        why = judge_size(heads, &came);
    return why == NULL ? 0 : refuse(heads, &came, note, why, error);
}
