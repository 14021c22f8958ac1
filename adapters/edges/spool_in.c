/*
 * Files of a back office that are handed in. A file goes from in to taking after the sync, and if
 * it is still the one that was read, on to taken or rejected. What lies in taking (the process was
 * killed in between, or the file had been exchanged) is read first: a repeated event is known by
 * its source and id.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/edges/spool_parts.h"

/* ---------------------------------------------------------------- where a file goes */

static int failed(const struct spool_role *role, enum spool_folder folder, const char *name,
                  struct sl_error *error)
{
    return spool_failed(error, role->folders[folder], name);
}

static int move(struct spool_role *role, enum spool_folder from, const char *name,
                enum spool_folder to, const char *as, struct sl_error *error)
{
    return renameat(role->files[from], name, role->files[to], as) < 0
               ? failed(role, from, name, error)
               : 0;
}

/* Makes the file the adapter's. 0: it is, and is the one that was read; 1: it is not. */
static int claim(struct spool_role *role, const char *name, const struct spool_identity *identity,
                 struct sl_error *error)
{
    struct spool_intake *intake = &role->intake;
    if (intake->from == SPOOL_IN) {
        if (!spool_has(role->files[SPOOL_IN], name) || spool_has(role->files[SPOOL_TAKING], name))
            return 1;
        if (move(role, SPOOL_IN, name, SPOOL_TAKING, name, error) < 0)
            return -1;
    }
    return spool_same(role->files[SPOOL_TAKING], name, identity) ? 0 : 1;
}

static int put_away(struct spool *spool, struct spool_role *role, const char *name,
                    const struct spool_identity *identity, struct sl_error *error)
{
    char as[SPOOL_NAME];
    int result = claim(role, name, identity, error);
    if (result != 0)
        return result < 0 ? -1 : 0;
    spool_free_name(as, role->files[SPOOL_TAKEN], name);
    if (move(role, SPOOL_TAKING, name, SPOOL_TAKEN, as, error) < 0)
        return -1;
    spool->counts.taken++;
    return 0;
}

/* The reason is there before the file: no refused file is without one. */
static int reject(struct spool *spool, struct spool_role *role, const char *name,
                  const struct spool_identity *identity, json_t *reason, struct sl_error *error)
{
    char as[SPOOL_NAME], beside[SPOOL_NAME + sizeof SPOOL_REASON];
    int result = claim(role, name, identity, error);
    if (result != 0)
        return result < 0 ? -1 : 0;
    char *text = json_dumps(reason, JSON_COMPACT);
    if (text == NULL)
        abort(); /* out of memory: as on kill -9 */
    spool_free_name(as, role->files[SPOOL_REJECTED], name);
    (void)snprintf(beside, sizeof beside, "%s%s", as, SPOOL_REASON);
    result = spool_write(role->files[SPOOL_REJECTED], role->folders[SPOOL_REJECTED], beside,
                         sl_text(text), error);
    free(text);
    if (result < 0 || move(role, SPOOL_TAKING, name, SPOOL_REJECTED, as, error) < 0)
        return -1;
    spool->counts.rejected++;
    return 0;
}

/* ---------------------------------------------------------------- reasons */

/* What is no UTF-8 is left out. */
static json_t *text_of(const char *text)
{
    json_t *string = json_string(text);
    return string == NULL ? json_string("") : string;
}

static json_t *reason_of(const char *code, const char *sentence, const char *field)
{
    return json_pack("{s:o, s:o, s:o}", "code", text_of(code), "sentence", text_of(sentence),
                     "field", text_of(field));
}

static const char *const statuses[] = {[SAMENLOOP_PENDING] = "pending",
                                       [SAMENLOOP_ACCEPTED] = "accepted",
                                       [SAMENLOOP_DUPLICATE] = "duplicate",
                                       [SAMENLOOP_REFUSED] = "refused"};

static json_t *result_of(const struct samenloop_answer *answer)
{
    json_t *result = json_pack("{s:o, s:o, s:s}", "id", text_of(answer->id), "source",
                               text_of(answer->source), "status", statuses[answer->status]);
    if (answer->status == SAMENLOOP_REFUSED) {
        json_t *reason = reason_of(answer->code, answer->sentence, answer->field);
        (void)json_object_update(result, reason);
        json_decref(reason);
    }
    return result;
}

/* ---------------------------------------------------------------- answers */

enum verdict { WAITS, LATER, TAKEN, REFUSED };

/* Trouble of this side is no reason to reject a file. */
static bool passes(const char *code)
{
    enum sl_code known = sl_code_by_name(code, strlen(code));
    return known == SL_OVERLOAD || known == SL_IO || known == SL_FULL || known == SL_FATAL;
}

/* Goes through the answers to a file; `results` gets one each, `last` is the last refusal. */
static enum verdict verdict_of(const struct samenloop *house, const struct spool_file *file,
                               json_t *results, struct samenloop_answer *last)
{
    enum verdict verdict = TAKEN;
    for (size_t i = 0; i < file->tickets.count; i++) {
        struct samenloop_answer answer;
        if (samenloop_answer(house, file->tickets.first + i, &answer) < 0)
            return LATER;
        if (answer.status == SAMENLOOP_PENDING)
            return WAITS;
        if (answer.status == SAMENLOOP_REFUSED) {
            if (passes(answer.code))
                return LATER;
            verdict = REFUSED;
            *last = answer;
        }
        (void)json_array_append_new(results, result_of(&answer));
    }
    return verdict;
}

/* 1: its answer is not there yet. */
static int settle(struct spool *spool, struct spool_role *role, size_t index,
                  struct sl_error *error)
{
    const struct spool_file *file = &role->intake.files[index];
    struct samenloop_answer refusal = {0};
    json_t *results = json_array(), *reason;
    enum verdict verdict = verdict_of(spool->house, file, results, &refusal);
    int result = 0;
    switch (verdict) {
    case WAITS:
        result = 1;
        break;
    case LATER:
        result = sl_fail(error, SL_OVERLOAD, "spool: %s: the house takes no more events now",
                         role->folders[role->intake.from]);
        break;
    case TAKEN:
        result = put_away(spool, role, file->name, &file->identity, error);
        break;
    case REFUSED:
        reason = role->intake.batch[index]
                     ? reason_of("batch_refused",
                                 "events of the batch are refused; the others are taken, and "
                                 "moving the file in again is safe",
                                 "")
                     : result_of(&refusal);
        if (role->intake.batch[index])
            (void)json_object_set(reason, "events", results);
        result = reject(spool, role, file->name, &file->identity, reason, error);
        json_decref(reason);
        break;
    }
    json_decref(results);
    return result;
}

/* The next look begins with what is left in taking. */
static void start_over(struct spool_intake *intake)
{
    spool_names_forget(&intake->names);
    intake->from = SPOOL_NOWHERE;
}

/* Files that met trouble keep their place and are read again. */
int spool_in_answer(struct spool *spool, struct spool_role *role, struct sl_error *error)
{
    struct spool_intake *intake = &role->intake;
    int trouble = 0;
    size_t kept = 0;
    for (size_t i = 0; i < intake->count; i++) {
        int result = settle(spool, role, i, error);
        if (result == 1) {
            intake->batch[kept] = intake->batch[i];
            intake->files[kept++] = intake->files[i];
            continue;
        }
        trouble = result < 0 ? -1 : trouble;
        free(intake->files[i].name);
    }
    intake->count = kept;
    if (trouble < 0)
        start_over(intake);
    return trouble;
}

/* ---------------------------------------------------------------- handing in */

static bool is_list(struct sl_bytes text)
{
    size_t at = 0;
    while (at < text.size && (text.data[at] == ' ' || text.data[at] == '\t' ||
                              text.data[at] == '\n' || text.data[at] == '\r'))
        at++;
    return at < text.size && text.data[at] == '[';
}

static int reject_unread(struct spool *spool, struct spool_role *role, const char *name,
                         const struct spool_identity *identity, const struct sl_error *why,
                         struct sl_error *error)
{
    json_t *reason = reason_of(sl_code_name(why->code), why->text, "");
    int result = reject(spool, role, name, identity, reason, error);
    json_decref(reason);
    return result;
}

/* Hands one file in. 0: it is dealt with; 1: the house must sync first; -1: trouble. */
static int hand_in(struct spool *spool, struct spool_role *role, char *name, struct sl_buffer *text,
                   struct sl_error *error)
{
    struct spool_intake *intake = &role->intake;
    struct spool_file *file = &intake->files[intake->count];
    struct sl_error why = {0};
    sl_buffer_clear(text);
    (void)sl_buffer_extend(text, 0); /* an empty file is a text too */
    switch (spool_read(text, &file->identity, role->files[intake->from], name, &why)) {
    case SPOOL_GONE:
        return 0;
    case SPOOL_FAILED:
        return failed(role, intake->from, name, error);
    case SPOOL_REFUSED:
        return reject_unread(spool, role, name, &file->identity, &why, error);
    case SPOOL_READ:
        break;
    }
    bool batch = is_list(sl_buffer_bytes(text));
    if (samenloop_publish(spool->house, role->role, text->data, text->size, batch, &file->tickets) <
        0)
        return 1;
    intake->batch[intake->count++] = batch;
    file->name = strdup(name);
    if (file->name == NULL)
        abort();
    return 0;
}

static int hand_in_all(struct spool *spool, struct spool_role *role, struct sl_error *error)
{
    struct spool_intake *intake = &role->intake;
    struct spool_names *names = &intake->names;
    struct sl_buffer text = {0};
    size_t bytes = 0, looked = 0;
    int result = 0;
    while (result == 0 && names->next < names->count && looked++ < SPOOL_MAX_TAKEN &&
           bytes < SPOOL_MAX_BYTES) {
        result = hand_in(spool, role, names->names[names->next], &text, error);
        bytes += text.size;
        names->next += result == 0;
    }
    sl_buffer_free(&text);
    return result < 0 ? -1 : 1;
}

/* Begins to look for names: first for what was left between in and taken, then in in. */
static int begin(struct spool_role *role, enum spool_folder from, struct sl_error *error)
{
    role->intake.from = from;
    for (int folder = SPOOL_IN; folder <= SPOOL_REJECTED; folder++) {
        if (spool_usable(role, (enum spool_folder)folder, error) < 0)
            return -1;
    }
    return spool_names_begin(&role->intake.names, role->files[from]) < 0
               ? failed(role, from, "", error)
               : 1;
}

/* One step on the way: look on, hand in, or begin with the next folder. */
static int advance(struct spool *spool, struct spool_role *role, struct sl_error *error)
{
    struct spool_intake *intake = &role->intake;
    struct spool_names *names = &intake->names;
    if (names->scan != NULL)
        return spool_names_step(names) < 0 ? failed(role, intake->from, "", error) : 1;
    if (names->next < names->count)
        return hand_in_all(spool, role, error);
    if (intake->from == SPOOL_NOWHERE)
        return begin(role, SPOOL_TAKING, error);
    if (intake->from == SPOOL_TAKING)
        return begin(role, SPOOL_IN, error);
    intake->from = SPOOL_NOWHERE;
    return names->cut ? 1 : 0; /* again at once when there was more than could be remembered */
}

int spool_in_take(struct spool *spool, struct spool_role *role, struct sl_error *error)
{
    enum { STEPS = 6 /* to the first files, when there is little to look at */ };
    int result = 1;
    for (int i = 0; i < STEPS && result == 1 && role->intake.count == 0; i++)
        result = advance(spool, role, error);
    if (result < 0)
        start_over(&role->intake);
    return result;
}

void spool_in_close(struct spool_role *role)
{
    spool_names_forget(&role->intake.names);
    for (size_t i = 0; i < role->intake.count; i++)
        free(role->intake.files[i].name);
    role->intake.count = 0;
}
