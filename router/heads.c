#include "router/heads.h"

#include <stdlib.h>
#include <string.h>

#include "router/state.h"

static void *take(struct sl_arena *arena, size_t size)
{
    void *memory = sl_arena_alloc(arena, size);
    if (memory == NULL)
        abort(); /* this arena has no limit */
    return memory;
}

void heads_setup(struct router *router, const struct router_setup *setup)
{
    struct heads *heads = &router->heads;
    heads->key = setup->signing_key;
    heads->records = setup->checkpoint_records == 0 ? HEADS_RECORDS : setup->checkpoint_records;
    heads->wait = setup->checkpoint_wait == 0 ? INT64_C(60000) * HEADS_MINUTES
                                              : setup->checkpoint_wait;
}

int heads_check(struct router *router, struct sl_error *error)
{
    sl_hash root;
    if (router->heads.size == 0)
        return 0;
    if (journal_root(router->journal, router->heads.size, root, error) < 0)
        return -1;
    if (memcmp(root, router->heads.root, sizeof root) == 0)
        return 0;
    return sl_fail(error, SL_DAMAGED,
                   "journal: its first %llu records are not those that were signed",
                   (unsigned long long)router->heads.size);
}

void heads_last(const struct router *router, struct sl_buffer *note)
{
    const struct heads *heads = &router->heads;
    struct sl_checkpoint head = {.size = heads->size};
    if (heads->key == NULL || heads->size == 0)
        return;
    memcpy(head.root, heads->root, sizeof head.root);
    sl_checkpoint_origin(&head, journal_identity(router->journal));
    sl_checkpoint_write(note, router->crypto, heads->key, &head);
}

static bool has_changed(const struct router *router)
{
    return journal_news(router->journal) > router->heads.size;
}

int64_t heads_wake(const struct router *router)
{
    const struct heads *heads = &router->heads;
    return heads->key == NULL || heads->changed_at == 0 ? INT64_MAX
                                                        : heads->changed_at + heads->wait;
}

/* ---------------------------------------------------------------- the record */

static Samenloop__V1__Queued *tell(struct router *router, const char *name,
                                   Samenloop__V1__Checkpoint *checkpoint)
{
    Samenloop__V1__Queued *queued = take(&router->arena, sizeof *queued);
    Samenloop__V1__Delivery *delivery = take(&router->arena, sizeof *delivery);
    *queued = (Samenloop__V1__Queued)SAMENLOOP__V1__QUEUED__INIT;
    *delivery = (Samenloop__V1__Delivery)SAMENLOOP__V1__DELIVERY__INIT;
    queued->participant = sl_to_pb(sl_text(name));
    queued->delivery = delivery;
    delivery->lane = SAMENLOOP__V1__LANE__LANE_ORDINARY;
    delivery->kind = SAMENLOOP__V1__DELIVERY_KIND__DELIVERY_KIND_CHECKPOINT;
    delivery->accepted_at = router->at;
    delivery->checkpoint = checkpoint;
    return queued;
}

static int keep(struct router *router, const struct sl_checkpoint *head, struct sl_bytes note,
                struct sl_bytes proof, struct sl_error *error)
{
    Samenloop__V1__JournalCheckpoint record = SAMENLOOP__V1__JOURNAL_CHECKPOINT__INIT;
    Samenloop__V1__Checkpoint checkpoint = SAMENLOOP__V1__CHECKPOINT__INIT;
    Samenloop__V1__Queued *queued[SL_MAX_PARTICIPANTS];
    checkpoint.note = sl_to_pb(note);
    checkpoint.before = router->heads.size;
    checkpoint.proof = sl_to_pb(proof);
    record.at = router->at;
    record.size = head->size;
    record.root = sl_to_pb(sl_bytes(head->root, sizeof head->root));
    record.queued = queued;
    for (size_t i = 0; i < router->directory->count; i++)
        queued[record.n_queued++] = tell(router, router->directory->participants[i].name,
                                         &checkpoint);
    outgoing_number(router, queued, record.n_queued);
    return router_record(router, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_CHECKPOINT, &record.base,
                         sl_bytes(NULL, 0), error);
}

/* Over all that is on stable storage, so no crash can take back what is signed. */
static int make(struct router *router, struct sl_error *error)
{
    struct sl_checkpoint head = {0};
    struct sl_buffer proof = {0};
    struct sl_buffer note = {0};
    sl_arena_clear(&router->arena);
    int result = journal_sync(router->journal, error);
    head.size = journal_last(router->journal);
    if (result == 0)
        result = journal_root(router->journal, head.size, head.root, error);
    if (result == 0)
        result = journal_prove_growth(router->journal, router->heads.size, &proof, error);
    if (result == 0) {
        sl_checkpoint_origin(&head, journal_identity(router->journal));
        sl_checkpoint_write(&note, router->crypto, router->heads.key, &head);
        result = keep(router, &head, sl_buffer_bytes(&note), sl_buffer_bytes(&proof), error);
    }
    if (result == 0) {
        router->heads.size = head.size;
        router->heads.at = router->at;
        router->heads.changed_at = 0;
        memcpy(router->heads.root, head.root, sizeof head.root);
    }
    sl_buffer_free(&proof);
    sl_buffer_free(&note);
    return result;
}

int heads_time(struct router *router, bool now, struct sl_error *error)
{
    struct heads *heads = &router->heads;
    if (heads->key == NULL || router->full || router->failed || !has_changed(router))
        return 0;
    if (heads->changed_at == 0)
        heads->changed_at = router->at;
    bool many = journal_last(router->journal) - heads->size >= heads->records;
    return now || many || router->at >= heads->changed_at + heads->wait ? make(router, error) : 0;
}
