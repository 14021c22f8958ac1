#include "router/control.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "router/core/core.h"
#include "router/decided.h"
#include "router/erasure.h"
#include "router/source.h"
#include "router/state.h"
#include "schemas/expiry.h"
#include "schemas/timestamp.h"
#include "schemas/version.h"

/* Records behind a dead letter that are looked at for its receiver's last word. */
enum { LOOK_FOR_WORD = 20000 };

static json_t *text(struct sl_bytes bytes)
{
    json_t *made = bytes.size == 0 ? NULL : json_stringn((const char *)bytes.data, bytes.size);
    return made != NULL ? made : json_null();
}

static json_t *moment(int64_t at)
{
    char written[SL_TIMESTAMP_SIZE];
    if (at == 0 || at == INT64_MAX)
        return json_null();
    sl_timestamp_format(written, at);
    return json_string(written);
}

static json_t *hex(struct sl_bytes bytes)
{
    char written[2 * SL_HASH_SIZE + 1];
    if (bytes.size == 0 || bytes.size > SL_HASH_SIZE)
        return json_null();
    sl_hex(written, bytes.data, bytes.size);
    return json_string(written);
}

static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static json_t *refusal(const struct sl_error *error)
{
    return json_pack("{s:{s:s,s:s}}", "refused", "code", sl_code_name(error->code), "sentence",
                     error->text);
}

/* ---------------------------------------------------------------- status */

int64_t router_oldest(struct router *router, int participant, enum sl_lane lane)
{
    struct source source = {.journal = router->journal, .arena = &router->arena};
    struct sl_error error = {0};
    const struct delivery *first = deliveries_first(router->deliveries, participant, lane);
    if (first == NULL)
        return 0;
    const Samenloop__V1__Queued *queued = source_queued(&source, first, &error);
    return queued == NULL ? 0 : queued->delivery->accepted_at;
}

static json_t *describe_participant(struct router *router, int place)
{
    const struct connection *connection = &router->connections.of[place];
    json_t *lanes = json_object();
    for (int lane = SL_LANE_ACUTE; lane <= SL_LANE_ORDINARY; lane++) {
        sl_arena_clear(&router->arena);
        uint64_t waiting = deliveries_waiting(router->deliveries, place, (enum sl_lane)lane);
        (void)json_object_set_new(
            lanes, sl_lane_name((enum sl_lane)lane),
            json_pack("{s:o,s:o}", "waiting", number(waiting), "oldest",
                      moment(router_oldest(router, place, (enum sl_lane)lane))));
    }
    return json_pack(
        "{s:s,s:b,s:b,s:i,s:o}", "name", router->participants[place], "connected",
        connection->number != 0, "fed", connection->number != 0 && connection->fed, "in_flight",
        connection->number != 0 ? (int)connections_in_flight(connection) : 0, "lanes", lanes);
}

static json_t *describe_agreement(const struct router *router, const struct router_figures *figures)
{
    const char *name = "";
    int version = 0;
    int64_t in_force = 0;
    decided_agreement_name(router, &name, &version, &in_force);
    return json_pack("{s:s,s:i,s:o,s:o,s:o}", "name", name, "version", version, "hash",
                     hex(decided_agreement_hash(router)), "in_force", moment(in_force),
                     "next_waits_until", moment(figures->agreement_waits));
}

static json_t *describe_violation(const struct router *router)
{
    const struct violation *last = &router->violation;
    if (last->at == 0)
        return json_null();
    return json_pack("{s:o,s:s,s:s}", "at", moment(last->at), "participant",
                     router->participants[last->participant], "sentence", last->sentence);
}

static json_t *describe_head(const struct heads *heads)
{
    if (heads->size == 0)
        return json_null();
    return json_pack("{s:o,s:o,s:o}", "records", number(heads->size), "root",
                     hex(sl_bytes(heads->root, sizeof heads->root)), "at", moment(heads->at));
}

static json_t *describe_open(const struct router *router)
{
    struct core_open open = decided_open(router);
    return json_pack("{s:o,s:o,s:o}", "open", number(open.open), "overdue", number(open.overdue),
                     "overdue_since", moment(open.overdue_since));
}

/* Sentences on keys and certificates that end soon, or that are not there. */
static json_t *describe_expiring(const struct router *router)
{
    struct sl_buffer lines = {0};
    json_t *made = json_array();
    (void)sl_expiry_tell(router->directory, router->moment.now, &lines);
    for (size_t i = 0; i < router->directory->count; i++) {
        if (router->directory->participants[i].card_count == 0)
            sl_buffer_printf(&lines, "%s: there is no key card that is good\n",
                             router->directory->participants[i].name);
    }
    const uint8_t *end = lines.data + lines.size;
    for (const uint8_t *at = lines.data, *feed; at < end; at = feed + 1) {
        feed = memchr(at, '\n', (size_t)(end - at)); /* every line has one */
        (void)json_array_append_new(made, text(sl_bytes(at, (size_t)(feed - at))));
    }
    sl_buffer_free(&lines);
    return made;
}

static json_t *status(struct router *router, const json_t *question)
{
    struct router_figures figures;
    json_t *participants = json_array();
    (void)question;
    router_figures(router, &figures);
    for (int i = 0; i < (int)router->participant_count; i++)
        (void)json_array_append_new(participants, describe_participant(router, i));
    return json_pack(
        "{s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:b,s:o,s:o,s:{s:o,s:o,s:o,s:o,s:o,s:o}}", "version",
        SL_VERSION, "at", moment(router->moment.now), "last_at", moment(router->at), "obligations",
        describe_open(router), "expiring", describe_expiring(router), "journal",
        hex(sl_bytes(journal_identity(router->journal), SL_IDENTITY_SIZE)), "agreement",
        describe_agreement(router, &figures), "participants", participants, "last_violation",
        describe_violation(router), "full", router->full, "records",
        number(journal_last(router->journal)), "head", describe_head(&router->heads), "counters",
        "events", number(figures.events), "refused", number(figures.refused), "duplicates",
        number(figures.duplicates), "violations", number(figures.violations), "differing",
        number(figures.differing), "dead_letters", number(figures.dead_letters));
}

/* ---------------------------------------------------------------- dead letters */

struct listing {
    struct router *router;
    json_t *letters;
    uint64_t left_out;
};

static void describe_event(struct source *source, const struct delivery *letter,
                           const Samenloop__V1__Queued *queued, json_t *out)
{
    struct sl_error error = {0};
    if (!source_has_event(queued) || source_event(source, letter, queued, &error) < 0)
        return;
    const Samenloop__V1__Header *header = source_header(source);
    if (header == NULL)
        return;
    (void)json_object_set_new(out, "event", number(source->event->number));
    (void)json_object_set_new(out, "type", text(sl_from_pb(header->type)));
    (void)json_object_set_new(out, "subject", hex(sl_from_pb(header->subject)));
}

static json_t *describe_letter(struct router *router, int participant, enum sl_lane lane,
                               const struct delivery *letter)
{
    struct source source = {.journal = router->journal, .arena = &router->arena};
    struct sl_error error = {0};
    sl_arena_clear(&router->arena);
    json_t *out = json_pack("{s:s,s:s,s:o,s:i}", "to", router->participants[participant], "lane",
                            sl_lane_name(lane), "number", number(letter->number), "attempts",
                            (int)letter->failures);
    const Samenloop__V1__Queued *queued = source_queued(&source, letter, &error);
    if (queued == NULL)
        return out;
    const Samenloop__V1__Delivery *words = queued->delivery;
    (void)json_object_set_new(out, "role", json_string(sl_role_name((enum sl_role)words->role)));
    (void)json_object_set_new(out, "what", text(sl_from_pb(words->name)));
    (void)json_object_set_new(out, "accepted_at", moment(words->accepted_at));
    (void)json_object_set_new(out, "deadline", moment(words->deadline));
    (void)json_object_set_new(
        out, "rule", words->n_rules == 0 ? json_null() : text(sl_from_pb(words->rules[0]->rule)));
    (void)json_object_set_new(out, "clause",
                              words->n_rules == 0 ? json_null()
                                                  : text(sl_from_pb(words->rules[0]->clause)));
    describe_event(&source, letter, queued, out);
    return out;
}

static void list_letter(void *context, int participant, enum sl_lane lane,
                        const struct delivery *letter)
{
    struct listing *listing = context;
    if (json_array_size(listing->letters) == CONTROL_LETTERS)
        listing->left_out++;
    else
        (void)json_array_append_new(listing->letters,
                                    describe_letter(listing->router, participant, lane, letter));
}

static json_t *list_letters(struct router *router, const json_t *question)
{
    struct listing listing = {.router = router, .letters = json_array()};
    (void)question;
    deliveries_dead_letters(router->deliveries, list_letter, &listing);
    return json_pack("{s:o,s:o}", "letters", listing.letters, "left_out", number(listing.left_out));
}

/* Which letter is meant. NULL: none, or it is not dead. */
static const struct delivery *find_letter(struct router *router, const json_t *question,
                                          int *participant, enum sl_lane *lane)
{
    const char *to = json_string_value(json_object_get(question, "to"));
    const char *named = json_string_value(json_object_get(question, "lane"));
    json_int_t wanted = json_integer_value(json_object_get(question, "number"));
    *participant = to == NULL ? -1 : router_place(router, sl_text(to));
    *lane = SL_LANE_ACUTE;
    while (named != NULL && *lane <= SL_LANE_ORDINARY && strcmp(sl_lane_name(*lane), named) != 0)
        (*lane)++;
    if (*participant < 0 || named == NULL || *lane > SL_LANE_ORDINARY || wanted <= 0)
        return NULL;
    const struct delivery *found = deliveries_find(router->deliveries, *participant, *lane,
                                                   (uint64_t)wanted);
    return found == NULL || found->state != DELIVERY_DEAD ? NULL : found;
}

static json_t *no_letter(void)
{
    struct sl_error error = {0};
    (void)sl_fail(&error, SL_CONFIGURATION, "there is no such dead letter");
    return refusal(&error);
}

/* What the receiver said last, if that does not stand far behind the delivery. */
static void add_word(struct router *router, const json_t *question, uint64_t from, json_t *out)
{
    const char *to = json_string_value(json_object_get(question, "to"));
    uint64_t wanted = (uint64_t)json_integer_value(json_object_get(question, "number"));
    struct sl_error error = {0};
    for (uint64_t at = from; at < from + LOOK_FOR_WORD && at <= journal_last(router->journal);
         at++) {
        sl_arena_clear(&router->arena);
        const Samenloop__V1__JournalEnded *ended = (const Samenloop__V1__JournalEnded *)
            journal_read(router->journal, &router->arena, at,
                         SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_ENDED, NULL, &error);
        if (ended == NULL || !sl_bytes_is(sl_from_pb(ended->participant), to))
            continue;
        for (size_t i = 0; i < ended->n_failed; i++) {
            const Samenloop__V1__Failure *failure = ended->failed[i];
            if (failure->number != wanted)
                continue;
            (void)json_object_set_new(out, "code", text(sl_from_pb(failure->code)));
            (void)json_object_set_new(out, "said", text(sl_from_pb(failure->sentence)));
            (void)json_object_set_new(out, "failed_at", moment(ended->at));
        }
    }
}

static json_t *show_letter(struct router *router, const json_t *question)
{
    int participant = -1;
    enum sl_lane lane = SL_NO_LANE;
    const struct delivery *letter = find_letter(router, question, &participant, &lane);
    if (letter == NULL)
        return no_letter();
    uint64_t record = letter->record;
    json_t *out = describe_letter(router, participant, lane, letter);
    add_word(router, question, record, out);
    return out;
}

/* Who says so, and why: on the record, so both are wanted, short and without control characters. */
static bool take_words(const json_t *question, const char **who, const char **why)
{
    *who = json_string_value(json_object_get(question, "who"));
    *why = json_string_value(json_object_get(question, "why"));
    return *who != NULL && *why != NULL && (*who)[0] != '\0' && (*why)[0] != '\0' &&
           strlen(*who) <= SL_MAX_WORD && strlen(*why) <= SL_MAX_SENTENCE &&
           sl_bytes_printable(sl_text(*who));
}

static json_t *no_words(void)
{
    struct sl_error error = {0};
    (void)sl_fail(&error, SL_CONFIGURATION, "who (%d bytes) and why (%d bytes) are wanted",
                  SL_MAX_WORD, SL_MAX_SENTENCE);
    return refusal(&error);
}

static json_t *judge(struct router *router, const json_t *question, bool retry)
{
    struct sl_error error = {0};
    const char *who = NULL;
    const char *why = NULL;
    int participant = -1;
    enum sl_lane lane = SL_NO_LANE;
    if (!take_words(question, &who, &why))
        return no_words();
    const struct delivery *letter = find_letter(router, question, &participant, &lane);
    if (letter == NULL)
        return no_letter();
    if (router_dead_letter(router, router->participants[participant], lane, letter->number, retry,
                           who, why, &error) < 0)
        return refusal(&error);
    return json_pack("{s:s}", "done", retry ? "it waits again" : "it is discarded");
}

static json_t *retry_letter(struct router *router, const json_t *question)
{
    return judge(router, question, true);
}

static json_t *discard_letter(struct router *router, const json_t *question)
{
    return judge(router, question, false);
}

/* ---------------------------------------------------------------- erasure */

static json_t *erase(struct router *router, const json_t *question)
{
    const char *named = json_string_value(json_object_get(question, "subject"));
    struct erasure_wanted wanted = {0};
    struct sl_error error = {0};
    if (!take_words(question, &wanted.who, &wanted.why))
        return no_words();
    if (named == NULL || sl_unhex(wanted.subject, sizeof wanted.subject, sl_text(named)) < 0)
        (void)sl_fail(&error, SL_SUBJECT_INVALID,
                      "subject: wants the 64 hex digits of a pseudonym");
    else if (erasure_begin(router, &wanted, &error) == 0)
        return NULL; /* control_answered says how it ended */
    return refusal(&error);
}

bool control_answered(struct router *router, struct sl_buffer *answer)
{
    struct erasure_result result;
    if (!erasure_ended(router, &result))
        return false;
    json_t *said = result.error.code != SL_OK
                       ? refusal(&result.error)
                       : json_pack("{s:o,s:o}", "events", number(result.events), "told",
                                   number(result.told));
    char *written = json_dumps(said, JSON_COMPACT);
    sl_buffer_add_bytes(answer, sl_text(written != NULL ? written : "{}"));
    free(written);
    json_decref(said);
    return true;
}

/* ---------------------------------------------------------------- questions, one table */

static const struct {
    const char *name;
    json_t *(*answer)(struct router *router, const json_t *question); /* NULL: later */
} questions[] = {
    {"status", status},      {"deadletters", list_letters}, {"show", show_letter},
    {"retry", retry_letter}, {"discard", discard_letter},   {"erase", erase},
};

static json_t *answer_to(struct router *router, const json_t *question)
{
    const char *asked = json_string_value(json_object_get(question, "ask"));
    struct sl_error error = {0};
    for (size_t i = 0; asked != NULL && i < sizeof questions / sizeof questions[0]; i++) {
        if (strcmp(questions[i].name, asked) == 0)
            return questions[i].answer(router, question);
    }
    (void)sl_fail(&error, SL_MALFORMED, "this router knows no such question");
    return refusal(&error);
}

bool control_ask(struct router *router, struct sl_bytes question, struct sl_buffer *answer)
{
    json_t *asked = question.size > CONTROL_BYTES
                        ? NULL
                        : json_loadb((const char *)question.data, question.size,
                                     JSON_REJECT_DUPLICATES, NULL);
    json_t *said = answer_to(router, asked);
    char *written = said == NULL ? NULL : json_dumps(said, JSON_COMPACT);
    if (written != NULL)
        sl_buffer_add_bytes(answer, sl_text(written));
    free(written);
    json_decref(asked);
    json_decref(said);
    return said != NULL;
}
