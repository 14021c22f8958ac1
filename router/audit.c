#include "router/audit.h"

#include <stdlib.h>
#include <string.h>

#include "router/router.h"
#include "router/telling.h"
#include "samenloop/v1/log.pb-c.h"
#include "schemas/envelope.h"
#include "schemas/log/log.h"

/* The batch that is looked at, and its events that were accepted. */
struct batch {
    const Samenloop__V1__JournalBatch *record; /* NULL: none */
    uint64_t number;
    size_t count;
    int64_t from; /* it was signed between these moments */
    int64_t until;
    Samenloop__V1__Envelope envelopes[SL_MAX_BATCH];
    Samenloop__V1__Envelope *list[SL_MAX_BATCH];
    uint32_t indices[SL_MAX_BATCH];
    sl_hash leaves[SL_MAX_BATCH];
    struct sl_arena arena;
};

struct looking {
    struct audit *audit;
    const struct audit_wanted *wanted;
    const struct sl_directory *directory; /* NULL: no card has come yet */
    struct sl_directory own;              /* the cards that came */
    struct sl_crypto *crypto;
    struct sl_log *log;
    struct sl_frontier tree;
    struct batch *batch;
};

static void problem(struct looking *looking, uint64_t record, const char *what)
{
    if (looking->audit->problems++ == 0)
        (void)sl_fail(&looking->audit->first, SL_DAMAGED, "record %llu: %s",
                      (unsigned long long)record, what);
}

/* ---------------------------------------------------------------- a batch */

static void verify_signature(struct looking *looking)
{
    struct batch *batch = looking->batch;
    struct sl_error error = {0};
    struct sl_buffer nodes = {0};
    int participant = -1;
    Samenloop__V1__BatchProof proof = *batch->record->proof;
    Samenloop__V1__Bundle bundle = SAMENLOOP__V1__BUNDLE__INIT;
    sl_merkle_prove(looking->crypto, (const sl_hash *)(const void *)batch->record->leaves.data,
                    batch->record->leaves.len / SL_HASH_SIZE, batch->indices, batch->count, &nodes);
    proof.nodes = sl_to_pb(sl_buffer_bytes(&nodes));
    bundle.proof = &proof;
    bundle.n_envelopes = batch->count;
    bundle.envelopes = batch->list;
    if (sl_bundle_verify(looking->crypto, looking->directory, &bundle, batch->from, batch->until,
                         batch->leaves, &participant, &error) < 0)
        problem(looking, batch->number, error.text);
    else if (!sl_bytes_is(sl_from_pb(batch->record->participant),
                          looking->directory->participants[participant].name))
        problem(looking, batch->number, "signed by somebody else than who published it");
    else
        looking->audit->signed_by++;
    sl_buffer_free(&nodes);
}

static void end_batch(struct looking *looking)
{
    struct batch *batch = looking->batch;
    if (batch->record != NULL && batch->count > 0) {
        looking->audit->batches++;
        if (looking->directory != NULL)
            verify_signature(looking);
    }
    batch->record = NULL;
    batch->count = 0;
    sl_arena_clear(&batch->arena);
}

static void begin_batch(struct looking *looking, const struct sl_record *record)
{
    struct batch *batch = looking->batch;
    struct sl_bytes kept = sl_arena_copy(&batch->arena, record->kept);
    batch->record = (const Samenloop__V1__JournalBatch *)sl_arena_unpack(
        &batch->arena, &samenloop__v1__journal_batch__descriptor, kept);
    batch->number = record->number;
    if (batch->record == NULL || batch->record->proof == NULL || batch->record->leaves.len == 0 ||
        batch->record->leaves.len % SL_HASH_SIZE != 0 ||
        batch->record->leaves.len / SL_HASH_SIZE > SL_MAX_BATCH) {
        problem(looking, record->number, "a batch that is none");
        batch->record = NULL;
    }
}

/* The sections that are there are those that the header names; all of them, if none is erased. */
static void check_sections(struct looking *looking, const struct sl_record *record,
                           const Samenloop__V1__Header *header, Samenloop__V1__Envelope *envelope)
{
    struct sl_error error = {0};
    const Samenloop__V1__Sections *sections = (const Samenloop__V1__Sections *)sl_arena_unpack(
        &looking->batch->arena, &samenloop__v1__sections__descriptor,
        sl_arena_copy(&looking->batch->arena, record->content));
    if (record->erased)
        return;
    if (sections == NULL) {
        problem(looking, record->number, "sections that are none");
        return;
    }
    envelope->n_sections = sections->n_sections;
    envelope->sections = sections->sections;
    if (sl_envelope_check(looking->crypto, header, envelope, true, &error) < 0)
        problem(looking, record->number, error.text);
}

static void look_at_event(struct looking *looking, const struct sl_record *record)
{
    struct batch *batch = looking->batch;
    const Samenloop__V1__JournalEvent *event = (const Samenloop__V1__JournalEvent *)sl_arena_unpack(
        &batch->arena, &samenloop__v1__journal_event__descriptor,
        sl_arena_copy(&batch->arena, record->kept));
    const Samenloop__V1__Header *header =
        event == NULL
            ? NULL
            : (const Samenloop__V1__Header *)sl_arena_unpack(
                  &batch->arena, &samenloop__v1__header__descriptor, sl_from_pb(event->header));
    bool follows = batch->count == 0 ||
                   (event != NULL && event->index > batch->indices[batch->count - 1]);
    if (header == NULL || batch->record == NULL || event->batch != batch->number || !follows ||
        event->index >= batch->record->leaves.len / SL_HASH_SIZE ||
        event->number != looking->audit->events + 1) {
        problem(looking, record->number, "an event out of its place");
        return;
    }
    looking->audit->events++;
    if (batch->count == 0) {
        batch->from = header->recorded_at < event->at ? header->recorded_at : event->at;
        batch->until = event->at;
    }
    Samenloop__V1__Envelope *envelope = &batch->envelopes[batch->count];
    *envelope = (Samenloop__V1__Envelope)SAMENLOOP__V1__ENVELOPE__INIT;
    envelope->index = event->index;
    envelope->header = event->header;
    check_sections(looking, record, header, envelope);
    batch->indices[batch->count] = event->index;
    batch->list[batch->count++] = envelope;
}

/* ---------------------------------------------------------------- key cards */

/* It holds from here on; who vouches for its certificate is for somebody with a trust store. */
static void look_at_card(struct looking *looking, const struct sl_record *record)
{
    struct sl_error error = {0};
    struct sl_card card;
    char name[SL_NAME_SIZE] = "";
    sl_arena_clear(&looking->batch->arena);
    const Samenloop__V1__JournalCard *kept = (const Samenloop__V1__JournalCard *)sl_arena_unpack(
        &looking->batch->arena, &samenloop__v1__journal_card__descriptor, record->kept);
    if (kept == NULL || kept->participant.len >= sizeof name) {
        problem(looking, record->number, "a key card that is none");
        return;
    }
    if (sl_card_read(&card, sl_from_pb(kept->card), NULL, kept->at, &error) < 0) {
        problem(looking, record->number, error.text);
        return;
    }
    memcpy(name, kept->participant.data, kept->participant.len);
    int owner = sl_directory_find(&looking->own, name);
    bool good = owner < 0 ? sl_directory_add(&looking->own, name, card.oin, &error) == 0
                          : strcmp(looking->own.participants[owner].oin, card.oin) == 0;
    if (!good)
        sl_card_free(&card);
    if (!good || !sl_directory_keep(&looking->own, &card)) {
        problem(looking, record->number, "a key card of somebody else");
        return;
    }
    looking->audit->cards++;
    if (looking->wanted->directory == NULL)
        looking->directory = &looking->own;
}

/* ---------------------------------------------------------------- heads */

/* Its own word of what was signed, against what stands before it. */
static void look_at_head(struct looking *looking, const struct sl_record *record)
{
    sl_hash root;
    sl_arena_clear(&looking->batch->arena);
    const Samenloop__V1__JournalCheckpoint *head =
        (const Samenloop__V1__JournalCheckpoint *)sl_arena_unpack(
            &looking->batch->arena, &samenloop__v1__journal_checkpoint__descriptor, record->kept);
    sl_frontier_root(looking->crypto, &looking->tree, root);
    if (head == NULL || head->size + 1 != record->number ||
        !sl_bytes_equal(sl_from_pb(head->root), sl_bytes(root, sizeof root)))
        problem(looking, record->number, "a signed head that is not that of what stands before it");
    else
        looking->audit->heads++;
}

/* What others hold of the journal when it had so many records. */
static void hold(struct looking *looking)
{
    sl_hash root;
    for (size_t i = 0; i < looking->wanted->head_count; i++) {
        const struct sl_checkpoint *held = &looking->wanted->heads[i];
        if (held->size != looking->tree.size)
            continue;
        sl_frontier_root(looking->crypto, &looking->tree, root);
        if (memcmp(root, held->root, sizeof root) != 0)
            problem(looking, held->size,
                    "the records up to here are not those of a head that is held");
        else
            looking->audit->held++;
    }
}

/* Those of another journal, or of more records than there are. */
static void look_at_held(struct looking *looking)
{
    struct sl_checkpoint own;
    sl_checkpoint_origin(&own, sl_log_identity(looking->log));
    for (size_t i = 0; i < looking->wanted->head_count; i++) {
        const struct sl_checkpoint *held = &looking->wanted->heads[i];
        if (strcmp(held->origin, own.origin) != 0)
            problem(looking, held->size, "a head that is held is another journal's");
        else if (held->size > looking->tree.size)
            problem(looking, looking->tree.size, "a head that is held is of more records");
    }
}

/* ---------------------------------------------------------------- all records */

static void look_at(struct looking *looking, const struct sl_record *record)
{
    struct audit *audit = looking->audit;
    struct sl_error error = {0};
    sl_hash leaf;
    if (record->kind == SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_CHECKPOINT) {
        end_batch(looking);
        look_at_head(looking, record);
    }
    if (record->kind == SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_CARD) {
        end_batch(looking);
        look_at_card(looking, record);
    }
    if (record->number != ++audit->records)
        problem(looking, record->number, "records before it are missing");
    audit->erased += record->erased ? 1 : 0;
    if (sl_log_leaf(looking->log, record, leaf, &error) < 0)
        problem(looking, record->number, error.text);
    else
        sl_frontier_add(looking->crypto, &looking->tree, leaf);
    hold(looking);
    switch (record->kind) {
    case SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_BATCH:
        end_batch(looking);
        begin_batch(looking, record);
        break;
    case SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_EVENT:
        look_at_event(looking, record);
        break;
    case SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_REFUSED:
        audit->refused++;
        break;
    case SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_DUPLICATE:
        audit->duplicates++;
        break;
    default:
        break;
    }
}

static void look_at_all(struct looking *looking)
{
    struct sl_log_reader *reader = sl_log_reader_new(looking->log, 1);
    struct sl_record record = {0};
    struct sl_error error = {0};
    sl_hash root;
    int result = 0;
    while ((result = sl_log_reader_next(reader, &record, &error)) == 1)
        look_at(looking, &record);
    sl_log_reader_free(reader);
    end_batch(looking);
    if (result < 0) {
        problem(looking, looking->audit->records + 1, error.text);
        return;
    }
    sl_frontier_root(looking->crypto, &looking->tree, looking->audit->root);
    look_at_held(looking);
    sl_log_root(looking->log, root);
    if (memcmp(root, looking->audit->root, sizeof root) != 0)
        problem(looking, looking->audit->records, "the tree of all records has another root");
}

/* ---------------------------------------------------------------- the decisions */

static int pass_over(void *context, struct sl_bytes lines, struct sl_error *error)
{
    (void)context;
    (void)lines;
    (void)error;
    return 0;
}

static void decide_again(struct looking *looking, struct sl_storage *journal)
{
    struct router *past = NULL;
    struct router_figures figures;
    struct sl_error error = {0};
    if (telling_open(&past, journal, &error) < 0 ||
        telling_more(past, pass_over, NULL, &error) < 0) {
        problem(looking, looking->audit->records, error.text);
    } else {
        router_figures(past, &figures);
        looking->audit->differing = figures.differing;
        looking->audit->differing_first = figures.differing_first;
    }
    router_close(past);
}

int audit_journal(struct audit *out, struct sl_storage *journal, const struct audit_wanted *wanted,
                  struct sl_error *error)
{
    struct looking looking = {.audit = out, .wanted = wanted, .directory = wanted->directory};
    struct sl_log_options options = {.read_only = true};
    *out = (struct audit){0};
    if (sl_log_open(&looking.log, journal, "journal", &options, error) < 0)
        return -1;
    if (!sl_log_has_tree(looking.log)) {
        sl_log_close(looking.log);
        return sl_fail(error, SL_CONFIGURATION, "this log has no tree: it is no journal");
    }
    looking.crypto = sl_crypto_new();
    looking.batch = sl_new(1, sizeof *looking.batch);
    sl_arena_init(&looking.batch->arena, 0);
    look_at_all(&looking);
    decide_again(&looking, journal);
    sl_arena_free(&looking.batch->arena);
    free(looking.batch);
    sl_directory_free(&looking.own);
    sl_crypto_free(looking.crypto);
    sl_log_close(looking.log);
    return 0;
}
