/* The journal: what was written is found again, and a batch is answered again in the same words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "router/answered.h"
#include "router/journal.h"
#include "schemas/crypto.h"

static uint8_t outbox_identity[] = "outbox of img...";
static uint8_t leaves[8 * SL_HASH_SIZE];

static struct answered_outbox outbox_of(const char *participant, Samenloop__V1__Lane lane)
{
    return (struct answered_outbox){participant, sl_bytes(outbox_identity, SL_LOG_ID_SIZE), lane};
}

static uint64_t append(struct journal *journal, Samenloop__V1__RecordKind kind,
                       const ProtobufCMessage *message, const char *content)
{
    struct sl_error error = {0};
    uint64_t record = 0;
    assert_int_equal(journal_append(journal, kind, message, sl_text(content), &record, &error), 0);
    return record;
}

static uint64_t append_batch(struct journal *journal, uint64_t position, size_t count)
{
    Samenloop__V1__JournalBatch batch = SAMENLOOP__V1__JOURNAL_BATCH__INIT;
    batch.participant = sl_to_pb(sl_text("img"));
    batch.outbox = (ProtobufCBinaryData){SL_LOG_ID_SIZE, outbox_identity};
    batch.lane = SAMENLOOP__V1__LANE__LANE_ORDINARY;
    batch.position = position;
    batch.leaves = (ProtobufCBinaryData){count * SL_HASH_SIZE, leaves};
    return append(journal, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_BATCH, &batch.base, "");
}

static uint64_t append_event(struct journal *journal, uint64_t batch, uint32_t index)
{
    Samenloop__V1__JournalEvent event = SAMENLOOP__V1__JOURNAL_EVENT__INIT;
    Samenloop__V1__Remark remark = SAMENLOOP__V1__REMARK__INIT;
    Samenloop__V1__Remark *remarks[] = {&remark};
    Samenloop__V1__Delivery delivery = SAMENLOOP__V1__DELIVERY__INIT;
    Samenloop__V1__Queued queued = SAMENLOOP__V1__QUEUED__INIT;
    Samenloop__V1__Queued *list[] = {&queued};
    remark.sentence = sl_to_pb(sl_text("withheld: restricted by ncg"));
    delivery.number = event.number = journal_events(journal) + 1;
    queued.delivery = &delivery;
    event.batch = batch;
    event.index = index;
    event.n_remarks = 1;
    event.remarks = remarks;
    event.n_queued = 1;
    event.queued = list;
    return append(journal, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_EVENT, &event.base, "sections");
}

static void append_refused(struct journal *journal, uint64_t batch, uint32_t index)
{
    Samenloop__V1__JournalRefused refused = SAMENLOOP__V1__JOURNAL_REFUSED__INIT;
    refused.batch = batch;
    refused.index = index;
    refused.code = sl_to_pb(sl_text("bad_digest"));
    refused.sentence = sl_to_pb(sl_text("section note is not as it was signed"));
    append(journal, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_REFUSED, &refused.base, "");
}

static void append_duplicate(struct journal *journal, uint64_t batch, uint32_t index)
{
    Samenloop__V1__JournalDuplicate duplicate = SAMENLOOP__V1__JOURNAL_DUPLICATE__INIT;
    duplicate.batch = batch;
    duplicate.index = index;
    duplicate.number = 1;
    append(journal, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_DUPLICATE, &duplicate.base, "");
}

static struct journal *open_journal(struct sl_storage *storage)
{
    struct journal *journal = NULL;
    struct sl_error error = {0};
    if (journal_open(&journal, storage, 64 * 1024, &error) < 0)
        fail_msg("%s", error.text);
    return journal;
}

static int count_record(void *context, uint64_t record, Samenloop__V1__RecordKind kind,
                        const ProtobufCMessage *message, struct sl_error *error)
{
    size_t *count = context;
    (void)kind;
    (void)error;
    assert_non_null(message);
    assert_int_equal(record, ++*count);
    return 0;
}

static size_t fold(struct journal *journal)
{
    size_t count = 0;
    struct sl_error error = {0};
    assert_int_equal(journal_fold(journal, count_record, &count, &error), 0);
    return count;
}

static void expect_results(struct journal *journal, uint64_t position)
{
    struct answered_outbox outbox = outbox_of("img", SAMENLOOP__V1__LANE__LANE_ORDINARY);
    struct sl_error error = {0};
    struct sl_arena arena;
    sl_arena_init(&arena, 0);
    uint64_t batch = answered_find(journal_answered(journal), &outbox, position);
    assert_int_not_equal(batch, 0);
    Samenloop__V1__Published published;
    assert_int_equal(journal_read_results(journal, &arena, batch, &published, &error), 0);
    assert_int_equal(published.position, position);
    assert_int_equal(published.n_results, 3);
    assert_int_equal(published.results[0]->verdict, SAMENLOOP__V1__VERDICT__VERDICT_ACCEPTED);
    assert_int_equal(published.results[0]->n_remarks, 1);
    assert_true(published.results[0]->journal_number > 0);
    assert_int_equal(published.results[1]->verdict, SAMENLOOP__V1__VERDICT__VERDICT_REFUSED);
    assert_true(sl_bytes_is(sl_from_pb(published.results[1]->code), "bad_digest"));
    assert_int_equal(published.results[2]->verdict, SAMENLOOP__V1__VERDICT__VERDICT_DUPLICATE);
    assert_int_equal(published.results[2]->journal_number, 1);
    sl_arena_free(&arena);
}

static void an_answered_batch_is_answered_again(void **state)
{
    (void)state;
    struct sl_storage *storage = sl_storage_memory();
    struct sl_error error = {0};
    struct journal *journal = open_journal(storage);
    struct answered_outbox outbox = outbox_of("img", SAMENLOOP__V1__LANE__LANE_ORDINARY);
    struct answered_outbox others = outbox_of("ncg", SAMENLOOP__V1__LANE__LANE_ORDINARY);
    struct answered_outbox acute = outbox_of("img", SAMENLOOP__V1__LANE__LANE_ACUTE);
    assert_int_equal(fold(journal), 0);
    for (uint64_t i = 1; i <= 300; i++) {
        uint64_t batch = append_batch(journal, 10 * i, 3);
        append_event(journal, batch, 0);
        append_refused(journal, batch, 1);
        assert_int_equal(answered_find(journal_answered(journal), &outbox, 10 * i), 0);
        append_duplicate(journal, batch, 2);
        if (i % 7 == 0)
            assert_int_equal(journal_sync(journal, &error), 0);
    }
    expect_results(journal, 3000); /* not synced yet: it syncs */
    assert_int_equal(answered_last(journal_answered(journal), &outbox), 3000);
    assert_int_equal(answered_find(journal_answered(journal), &outbox, 15), 0);
    assert_int_equal(answered_find(journal_answered(journal), &others, 10), 0);
    assert_int_equal(answered_last(journal_answered(journal), &acute), 0);
    journal_close(journal);

    journal = open_journal(storage);
    assert_int_equal(fold(journal), 1200);
    for (uint64_t i = 1; i <= 300; i += 13)
        expect_results(journal, 10 * i);
    assert_int_equal(answered_last(journal_answered(journal), &outbox), 3000);
    journal_close(journal);
    sl_storage_free(storage);
}

static void an_event_is_found_by_its_number(void **state)
{
    (void)state;
    struct sl_storage *storage = sl_storage_memory();
    struct sl_error error = {0};
    struct sl_arena arena;
    sl_arena_init(&arena, 0);
    struct journal *journal = open_journal(storage);
    for (uint64_t i = 1; i <= 200; i++) {
        uint64_t batch = append_batch(journal, i, 2);
        append_event(journal, batch, 0);
        append_event(journal, batch, 1);
    }
    for (uint64_t number = 1; number <= 400; number++) {
        uint64_t record = journal_find_event(journal, number, &error);
        struct sl_bytes content = {0};
        Samenloop__V1__Queued **queued = NULL;
        const ProtobufCMessage *message = journal_read(
            journal, &arena, record, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_EVENT, &content,
            &error);
        assert_non_null(message);
        assert_int_equal(((const Samenloop__V1__JournalEvent *)message)->number, number);
        assert_true(sl_bytes_is(content, "sections"));
        assert_int_equal(journal_queued(message, &queued), 1);
        assert_int_equal(queued[0]->delivery->number, number);
        assert_null(journal_read(journal, &arena, record,
                                 SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_BATCH, NULL, &error));
        assert_int_equal(error.code, SL_DAMAGED);
    }
    assert_int_equal(journal_find_event(journal, 0, &error), 0);
    assert_int_equal(journal_find_event(journal, 401, &error), 0);
    sl_arena_free(&arena);
    journal_close(journal);
    sl_storage_free(storage);
}

/* A crash at any moment: what was synced is there, and half a batch is no answer. */
static void half_a_batch_is_not_answered(void **state)
{
    (void)state;
    struct answered_outbox outbox = outbox_of("img", SAMENLOOP__V1__LANE__LANE_ORDINARY);
    struct sl_storage *storage = sl_storage_memory();
    struct sl_error error = {0};
    struct journal *journal = open_journal(storage);
    uint64_t first = append_batch(journal, 1, 2);
    append_event(journal, first, 0);
    append_event(journal, first, 1);
    assert_int_equal(journal_sync(journal, &error), 0);
    uint64_t second = append_batch(journal, 2, 2);
    append_event(journal, second, 0);
    assert_int_equal(journal_sync(journal, &error), 0);
    journal_close(journal);
    journal = open_journal(storage);
    assert_int_equal(fold(journal), 5);
    assert_int_equal(answered_find(journal_answered(journal), &outbox, 1), first);
    assert_int_equal(answered_find(journal_answered(journal), &outbox, 2), 0);
    assert_int_equal(journal_events(journal), 3);
    uint64_t again = append_batch(journal, 2, 2);
    append_duplicate(journal, again, 0);
    append_event(journal, again, 1);
    assert_int_equal(answered_find(journal_answered(journal), &outbox, 2), again);
    journal_close(journal);
    sl_storage_free(storage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answered_batch_is_answered_again),
        cmocka_unit_test(an_event_is_found_by_its_number),
        cmocka_unit_test(half_a_batch_is_not_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
