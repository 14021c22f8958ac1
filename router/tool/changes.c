/*
 * samenloop changes: what people changed, when, who and why: the agreement and who takes part, key
 * cards, dead letters that were tried again or discarded, erasures. All else follows from events.
 */
#include <argp.h>
#include <string.h>

#include "router/journal.h"
#include "router/language/agreement.h"
#include "router/tool/ask.h"
#include "router/tool/tool.h"
#include "schemas/catalogue.h"
#include "schemas/keycard.h"
#include "schemas/log/storage.h"
#include "schemas/subject.h"
#include "schemas/timestamp.h"

struct asked {
    const char *journal;
    bool json;
    json_t *changes; /* {"record","at","what","who","why"}, texts or null */
};

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    switch (key) {
    case 'J':
        asked->journal = argument;
        return 0;
    case 'j':
        asked->json = true;
        return 0;
    case ARGP_KEY_END:
        if (asked->journal == NULL)
            argp_error(state, "--journal is wanted");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static json_t *text(struct sl_bytes bytes)
{
    json_t *made = bytes.size == 0 ? NULL : json_stringn((const char *)bytes.data, bytes.size);
    return made != NULL ? made : json_null();
}

/* The texts are taken and emptied. */
static void add(struct asked *asked, uint64_t record, int64_t at, struct sl_buffer *what,
                struct sl_bytes who, struct sl_bytes why)
{
    char moment[SL_TIMESTAMP_SIZE];
    sl_timestamp_format(moment, at);
    (void)json_array_append_new(asked->changes,
                                json_pack("{s:I,s:s,s:o,s:o,s:o}", "record", (json_int_t)record,
                                          "at", moment, "what", text(sl_buffer_bytes(what)), "who",
                                          text(who), "why", text(why)));
    sl_buffer_free(what);
}

/* ---------------------------------------------------------------- the agreement */

static void describe_text(struct sl_buffer *out, const Samenloop__V1__JournalAgreement *record)
{
    struct agreement *agreement = NULL;
    struct sl_buffer findings = {0};
    char hash[2 * 8 + 1];
    if (agreement_read(&agreement, "journal", sl_from_pb(record->text), &findings) == 0)
        sl_buffer_printf(out, "agreement %s, version %d", agreement->name, agreement->version);
    else
        sl_buffer_printf(out, "agreement");
    if (record->hash.len >= 8) {
        sl_hex(hash, record->hash.data, 8);
        sl_buffer_printf(out, " (%s)", hash);
    }
    agreement_free(agreement);
    sl_buffer_free(&findings);
}

static void add_agreement(struct asked *asked, uint64_t number, const ProtobufCMessage *message)
{
    const Samenloop__V1__JournalAgreement *record = (const void *)message;
    struct sl_buffer what = {0};
    struct sl_buffer who = {0};
    struct sl_buffer why = {0};
    describe_text(&what, record);
    for (size_t i = 0; i < record->n_approvals; i++) {
        sl_buffer_printf(&who, i == 0 ? "approved by " : ", ");
        sl_buffer_add_bytes(&who, sl_from_pb(record->approvals[i]->participant));
    }
    for (size_t i = 0; i < record->n_participants; i++) {
        const Samenloop__V1__Participant *one = record->participants[i];
        sl_buffer_printf(&why, i == 0 ? "takes part: " : ", ");
        sl_buffer_add_bytes(&why, sl_from_pb(one->name));
        for (size_t k = 0; k < one->n_roles; k++)
            sl_buffer_printf(&why, "%s%s", k == 0 ? " (" : " ",
                             sl_role_name((enum sl_role)one->roles[k]));
        if (one->n_roles > 0)
            sl_buffer_printf(&why, ")");
    }
    add(asked, number, record->at, &what, sl_buffer_bytes(&who), sl_buffer_bytes(&why));
    sl_buffer_free(&who);
    sl_buffer_free(&why);
}

/* ---------------------------------------------------------------- the others */

static void add_card(struct asked *asked, uint64_t number, const ProtobufCMessage *message)
{
    const Samenloop__V1__JournalCard *record = (const void *)message;
    struct sl_buffer what = {0};
    struct sl_card card;
    struct sl_error error = {0};
    char hash[2 * SL_HASH_SIZE + 1];
    sl_buffer_printf(&what, "key card");
    if (sl_card_read(&card, sl_from_pb(record->card), NULL, record->at, &error) == 0) {
        sl_hex(hash, card.hash, SL_HASH_SIZE);
        sl_buffer_printf(&what, " %s", hash);
        sl_card_free(&card);
    }
    add(asked, number, record->at, &what, sl_from_pb(record->participant), sl_bytes(NULL, 0));
}

static void add_dead_letter(struct asked *asked, uint64_t number, const ProtobufCMessage *message)
{
    const Samenloop__V1__JournalDeadLetter *record = (const void *)message;
    struct sl_buffer what = {0};
    bool retry = record->action == SAMENLOOP__V1__DEAD_LETTER_ACTION__DEAD_LETTER_ACTION_RETRY;
    sl_buffer_printf(&what, "dead letter ");
    sl_buffer_add_bytes(&what, sl_from_pb(record->participant));
    sl_buffer_printf(&what, " %s %llu %s", sl_lane_name((enum sl_lane)record->lane),
                     (unsigned long long)record->number, retry ? "tried again" : "discarded");
    add(asked, number, record->at, &what, sl_from_pb(record->who), sl_from_pb(record->why));
}

static void add_erasure(struct asked *asked, uint64_t number, const ProtobufCMessage *message)
{
    const Samenloop__V1__JournalErasure *record = (const void *)message;
    struct sl_buffer what = {0};
    char subject[2 * SL_PSEUDONYM_SHOWN + 1] = "";
    if (record->subject.len >= SL_PSEUDONYM_SHOWN)
        sl_hex(subject, record->subject.data, SL_PSEUDONYM_SHOWN);
    sl_buffer_printf(&what, "house %s erased", subject);
    add(asked, number, record->at, &what, sl_from_pb(record->who), sl_from_pb(record->why));
}

static int visit(void *context, uint64_t record, Samenloop__V1__RecordKind kind,
                 const ProtobufCMessage *message, struct sl_error *error)
{
    static const struct {
        Samenloop__V1__RecordKind kind;
        void (*add)(struct asked *asked, uint64_t number, const ProtobufCMessage *message);
    } kinds[] = {{SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_AGREEMENT, add_agreement},
                 {SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_CARD, add_card},
                 {SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_DEAD_LETTER, add_dead_letter},
                 {SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_ERASURE, add_erasure}};
    (void)error;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].kind == kind)
            kinds[i].add(context, record, message);
    }
    return 0;
}

/* ---------------------------------------------------------------- all of it */

static void show(struct sl_buffer *out, const json_t *changes)
{
    static const char *const columns[] = {"at", "record", "what", "who", "why"};
    struct ask_table table = {.columns = sizeof columns / sizeof columns[0]};
    size_t index;
    json_t *change;
    for (size_t i = 0; i < table.columns; i++)
        ask_cell(&table, columns[i]);
    json_array_foreach(changes, index, change)
    {
        for (size_t i = 0; i < table.columns; i++)
            ask_value(&table, json_object_get(change, columns[i]));
    }
    ask_print(out, &table);
}

static int read_journal(struct asked *asked, struct sl_error *error)
{
    struct sl_storage *storage = NULL;
    struct journal *journal = NULL;
    if (sl_storage_files(&storage, asked->journal, false, error) < 0)
        return -1;
    int result = journal_open_past(&journal, storage, error);
    if (result == 0)
        result = journal_fold(journal, visit, asked, error);
    journal_close(journal);
    sl_storage_free(storage);
    return result;
}

int tool_changes(int count, char **arguments)
{
    static const struct argp_option options[] = {
        {"journal", 'J', "DIR", 0, "the journal's folder; a router may be writing it", 0},
        {"json", 'j', NULL, 0, "an array with an object a change", 0},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = take,
        .doc = "Shows what people changed, when, who and why: the agreement and who takes part, "
               "key cards, dead letters that were tried again or discarded, houses that were "
               "erased. Moments are UTC."};
    struct asked asked = {.changes = json_array()};
    struct sl_error error = {0};
    if (argp_parse(&argp, count, arguments, 0, NULL, &asked) != 0)
        return TOOL_USAGE;
    if (read_journal(&asked, &error) < 0) {
        json_decref(asked.changes);
        return tool_fail(&error);
    }
    return tool_print_answer(asked.changes, asked.json ? NULL : show);
}
