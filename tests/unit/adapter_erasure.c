/* A house is erased from an outbox whose batches it shares: its bytes go, the others' stay,
 * whatever call of the disk fails and whatever a crash leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "adapters/outbox.h"
#include "schemas/log/storage.h"

enum { BATCHES = 3, EVENTS = 4, SEGMENT = 64 * 1024 };

/* Events 0 and 2 of each batch are of the first house, the others of the second. */
static const uint8_t subjects[2][SL_HASH_SIZE] = {{0xa1}, {0xb2}};
static const char *const bag_ids[2] = {"0014200000000001", "0014200000000777"};
static const char *const secrets[2] = {"sealed of the first", "sealed of the second"};

struct bed {
    struct sl_storage *storage;
    struct known known;
    struct outbox *outbox;
    struct sl_error error;
};

static void open_outbox(struct bed *bed)
{
    known_init(&bed->known);
    assert_int_equal(outbox_open(&bed->outbox, bed->storage, SEGMENT, &bed->known, &bed->error), 0);
}

static void close_outbox(struct bed *bed)
{
    outbox_close(bed->outbox);
    known_free(&bed->known);
}

static uint8_t uuid_of(size_t batch, size_t index)
{
    return (uint8_t)(1 + batch * EVENTS + index);
}

/* Messages of one event; they point into each other. */
struct one {
    Samenloop__V1__Header header;
    Samenloop__V1__Envelope envelope;
    Samenloop__V1__SealedSection section, *sections[1];
    Samenloop__V1__Ciphertext ciphertext, *ciphertexts[1];
    struct sl_buffer packed;
    uint8_t uuid[SL_UUID_SIZE];
    char id[24];
};

static void fill(struct one *one, struct sl_event *event, size_t batch, size_t index)
{
    size_t house = index % 2;
    one->header = (Samenloop__V1__Header)SAMENLOOP__V1__HEADER__INIT;
    one->envelope = (Samenloop__V1__Envelope)SAMENLOOP__V1__ENVELOPE__INIT;
    one->section = (Samenloop__V1__SealedSection)SAMENLOOP__V1__SEALED_SECTION__INIT;
    one->ciphertext = (Samenloop__V1__Ciphertext)SAMENLOOP__V1__CIPHERTEXT__INIT;
    one->uuid[0] = uuid_of(batch, index);
    (void)snprintf(one->id, sizeof one->id, "%s %zu %zu", house == 0 ? "own" : "other", batch,
                   index);
    one->header.event_id = sl_to_pb(sl_bytes(one->uuid, sizeof one->uuid));
    one->header.subject = sl_to_pb(sl_bytes(subjects[house], SL_HASH_SIZE));
    sl_buffer_pack(&one->packed, &one->header.base);
    one->ciphertext.sealed = sl_to_pb(sl_text(secrets[house]));
    one->ciphertexts[0] = &one->ciphertext;
    one->section.ciphertexts = one->ciphertexts;
    one->section.n_ciphertexts = 1;
    one->sections[0] = &one->section;
    one->envelope.sections = one->sections;
    one->envelope.n_sections = 1;
    one->envelope.header = sl_to_pb(sl_buffer_bytes(&one->packed));
    *event = (struct sl_event){.header = one->header, .id = sl_text(one->id)};
    memcpy(event->subject, bag_ids[house], SL_BAG_SIZE);
}

static void append_batch(struct bed *bed, size_t batch)
{
    struct one *ones = calloc(EVENTS, sizeof *ones);
    struct sl_event *events = calloc(EVENTS, sizeof *events);
    Samenloop__V1__Envelope *list[EVENTS];
    Samenloop__V1__BatchProof proof = SAMENLOOP__V1__BATCH_PROOF__INIT;
    Samenloop__V1__Bundle bundle = SAMENLOOP__V1__BUNDLE__INIT;
    for (size_t i = 0; i < EVENTS; i++) {
        fill(&ones[i], &events[i], batch, i);
        list[i] = &ones[i].envelope;
    }
    bundle.proof = &proof;
    bundle.envelopes = list;
    bundle.n_envelopes = EVENTS;
    assert_int_equal(outbox_append(bed->outbox, SL_LANE_ORDINARY, &bundle, events, 1, &bed->error),
                     0);
    for (size_t i = 0; i < EVENTS; i++)
        sl_buffer_free(&ones[i].packed);
    free(ones);
    free(events);
}

/* All batches but the last are answered. Their records are 1, 2, 3. */
static void begin(struct bed *bed)
{
    Samenloop__V1__Result results[EVENTS], *list[EVENTS];
    *bed = (struct bed){.storage = sl_storage_memory()};
    open_outbox(bed);
    for (size_t i = 0; i < BATCHES; i++)
        append_batch(bed, i);
    for (size_t i = 0; i < EVENTS; i++) {
        results[i] = (Samenloop__V1__Result)SAMENLOOP__V1__RESULT__INIT;
        results[i].verdict = SAMENLOOP__V1__VERDICT__VERDICT_ACCEPTED;
        list[i] = &results[i];
    }
    assert_int_equal(outbox_sync(bed->outbox, &bed->error), 0);
    for (uint64_t record = 1; record < BATCHES; record++) {
        assert_true(outbox_next(bed->outbox, SL_LANE_ORDINARY, 100) == record);
        assert_int_equal(outbox_answered(bed->outbox, record, list, EVENTS, &bed->error), 0);
    }
    assert_int_equal(outbox_sync(bed->outbox, &bed->error), 0);
}

/* How often the bytes stand in any file. */
static size_t stand(struct bed *bed, const char *words)
{
    static uint8_t bytes[SEGMENT];
    const struct sl_storage_calls *calls = bed->storage->calls;
    sl_storage_name *names = NULL;
    size_t count = 0;
    size_t found = 0;
    assert_int_equal(calls->list(bed->storage, &names, &count, &bed->error), 0);
    for (size_t i = 0; i < count; i++) {
        int file = -1;
        size_t size = 0;
        assert_int_equal(calls->open(bed->storage, names[i], &file, &bed->error), 0);
        assert_int_equal(
            calls->read(bed->storage, file, 0, bytes, sizeof bytes, &size, &bed->error), 0);
        calls->close(bed->storage, file);
        for (size_t k = 0; k + strlen(words) <= size; k++)
            found += memcmp(bytes + k, words, strlen(words)) == 0;
    }
    free(names);
    return found;
}

static void assert_event(const Samenloop__V1__OutboxEvent *event, size_t house, bool empty)
{
    assert_int_equal(event->n_sections, empty ? 0 : 1);
    assert_int_equal(event->id.len == 0, empty);
    if (empty)
        assert_int_equal(event->subject.len, 0);
    else
        assert_true(sl_bytes_is(sl_from_pb(event->subject), bag_ids[house]));
}

/* The first house is gone from what was answered; what waits, and the second house, are whole. */
static void assert_erased(struct bed *bed)
{
    char bag_id[SL_BAG_SIZE + 1];
    for (uint64_t record = 1; record <= BATCHES; record++) {
        struct outbox_batch batch;
        assert_int_equal(outbox_read(bed->outbox, record, &batch, &bed->error), 0);
        assert_non_null(batch.content);
        for (size_t i = 0; i < EVENTS; i++)
            assert_event(batch.content->events[i], i % 2, i % 2 == 0 && record < BATCHES);
    }
    assert_int_equal(stand(bed, secrets[0]), EVENTS / 2); /* of the one that waits */
    assert_int_equal(stand(bed, secrets[1]), BATCHES * EVENTS / 2);
    assert_int_equal(stand(bed, "own 0"), 0);
    assert_true(houses_bag_id(bed->known.houses, subjects[1], bag_id));
}

static int erase(struct bed *bed, size_t house)
{
    return outbox_erase(bed->outbox, subjects[house], &bed->error);
}

static void a_house_goes_and_the_others_stay(void **state)
{
    struct bed bed;
    (void)state;
    begin(&bed);
    assert_int_equal(erase(&bed, 0), 0);
    assert_erased(&bed);
    assert_int_equal(erase(&bed, 0), 0); /* it may come again */
    assert_erased(&bed);
    close_outbox(&bed);
    open_outbox(&bed);
    assert_erased(&bed);
    size_t cursor = 0;
    struct place place = {0};
    assert_true(places_next(bed.known.ids, sl_text("other 1 3"), &cursor, &place));
    assert_int_equal(place.record, 2);
    assert_int_equal(erase(&bed, 1), 0); /* nothing is left of the two */
    assert_int_equal(stand(&bed, secrets[1]), EVENTS / 2);
    for (int again = 0; again < 2; again++) {
        struct outbox_batch batch;
        assert_int_equal(outbox_read(bed.outbox, 1, &batch, &bed.error), 0);
        assert_null(batch.content);
        close_outbox(&bed);
        open_outbox(&bed);
    }
    close_outbox(&bed);
    sl_storage_free(bed.storage);
}

static void no_fault_and_no_crash_leaves_it_half(void **state)
{
    (void)state;
    bool failed = true;
    for (uint64_t at = 1; failed; at++) {
        for (uint64_t seed = 0; seed < 4; seed++) {
            struct bed bed;
            begin(&bed);
            sl_storage_memory_faults(bed.storage,
                                     (struct sl_storage_faults){SL_FAULT_IO, at, true, 0});
            failed = erase(&bed, 0) < 0;
            struct sl_storage *crashed = sl_storage_memory_crash(bed.storage, seed);
            close_outbox(&bed);
            sl_storage_free(bed.storage);
            bed.storage = crashed;
            open_outbox(&bed);
            assert_int_equal(erase(&bed, 0), 0);
            assert_erased(&bed);
            close_outbox(&bed);
            sl_storage_free(bed.storage);
        }
        assert_true(at < 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_house_goes_and_the_others_stay),
        cmocka_unit_test(no_fault_and_no_crash_leaves_it_half),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
