/* Signed heads as an adapter holds them: what fits is kept, what does not is an alarm and evidence,
 * over restarts, crashes and failing disks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "adapters/heads.h"
#include "schemas/log/storage.h"

enum { MOST = 40 };

static const uint8_t journal[16] = {9, 8, 7};
static const uint8_t other_journal[16] = {1};

struct bed {
    struct sl_crypto *crypto;
    struct sl_storage *storage;
    EVP_PKEY *key;
    struct heads *heads;
    sl_hash leaves[MOST];
    struct sl_error error;
    struct sl_buffer note;
    struct sl_buffer proof;
};

static void open_heads(struct bed *bed)
{
    heads_close(bed->heads);
    bed->heads = NULL;
    assert_int_equal(heads_open(&bed->heads, bed->storage, bed->key, &bed->error), 0);
}

static int begin(void **state)
{
    struct bed *bed = calloc(1, sizeof *bed);
    bed->crypto = sl_crypto_new();
    bed->storage = sl_storage_memory();
    bed->key = sl_key_new(EVP_PKEY_ED25519);
    for (uint8_t i = 0; i < MOST; i++)
        sl_merkle_leaf(bed->crypto, bed->leaves[i], sl_bytes(&i, 1));
    open_heads(bed);
    *state = bed;
    return 0;
}

static int end(void **state)
{
    struct bed *bed = *state;
    heads_close(bed->heads);
    sl_storage_free(bed->storage);
    EVP_PKEY_free(bed->key);
    sl_crypto_free(bed->crypto);
    sl_buffer_free(&bed->note);
    sl_buffer_free(&bed->proof);
    free(bed);
    return 0;
}

/* The head of `size` leaves, with the proof that it has grown from that of `before`. */
static Samenloop__V1__Checkpoint make(struct bed *bed, const uint8_t *identity, uint64_t before,
                                      uint64_t size, EVP_PKEY *key)
{
    Samenloop__V1__Checkpoint out = SAMENLOOP__V1__CHECKPOINT__INIT;
    struct sl_checkpoint head = {.size = size};
    struct sl_frontier tree = {0};
    struct sl_growth growth;
    for (uint64_t i = 0; i < before; i++)
        sl_frontier_add(bed->crypto, &tree, bed->leaves[i]);
    sl_growth_begin(&growth, &tree);
    for (uint64_t i = before; i < size; i++)
        sl_frontier_grow(bed->crypto, &tree, bed->leaves[i], &growth);
    sl_buffer_clear(&bed->note);
    sl_buffer_clear(&bed->proof);
    sl_growth_prove(bed->crypto, &growth, &tree, &bed->proof);
    sl_frontier_root(bed->crypto, &tree, head.root);
    sl_checkpoint_origin(&head, identity);
    sl_checkpoint_write(&bed->note, bed->crypto, key, &head);
    out.note = sl_to_pb(sl_buffer_bytes(&bed->note));
    out.proof = sl_to_pb(sl_buffer_bytes(&bed->proof));
    out.before = before;
    return out;
}

static int take(struct bed *bed, uint64_t before, uint64_t size)
{
    Samenloop__V1__Checkpoint one = make(bed, journal, before, size, bed->key);
    return heads_take(bed->heads, journal, &one, &bed->error);
}

static size_t files(struct bed *bed, const char *front)
{
    sl_storage_name *names = NULL;
    size_t count = 0;
    size_t found = 0;
    assert_int_equal(bed->storage->calls->list(bed->storage, &names, &count, &bed->error), 0);
    for (size_t i = 0; i < count; i++)
        found += strncmp(names[i], front, strlen(front)) == 0;
    free(names);
    return found;
}

/* Once the inbox is synced. */
static void assert_fits(struct bed *bed, uint64_t size)
{
    heads_synced(bed->heads);
    assert_string_equal(heads_alarm(bed->heads), "");
    assert_int_equal(heads_size(bed->heads), size);
    assert_int_equal(files(bed, "checkpoint-"), size > 0);
    assert_int_equal(files(bed, "refused-"), 0);
}

static void assert_alarm(struct bed *bed, uint64_t size, const char *words)
{
    assert_non_null(strstr(heads_alarm(bed->heads), words));
    assert_int_equal(heads_size(bed->heads), size);
    assert_int_equal(files(bed, "refused-"), 1);
}

static void a_journal_that_grows_fits(void **state)
{
    struct bed *bed = *state;
    static const uint64_t sizes[] = {3, 4, 7, 8, 20, 21, 39};
    uint64_t before = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_int_equal(take(bed, before, sizes[i]), 0);
        assert_fits(bed, sizes[i]);
        assert_int_equal(take(bed, before, sizes[i]),
                         0); /* it comes again: a crash lost the note */
        assert_fits(bed, sizes[i]);
        open_heads(bed);
        assert_fits(bed, sizes[i]);
        before = sizes[i];
    }
}

static void another_past_is_an_alarm_that_stays(void **state)
{
    struct bed *bed = *state;
    assert_int_equal(take(bed, 0, 12), 0);
    bed->leaves[5][0] ^= 1; /* a record that was signed is another one now */
    assert_int_equal(take(bed, 12, 20), 0);
    assert_alarm(bed, 12, "has not grown from the one before it");
    open_heads(bed);
    assert_alarm(bed, 12, "20 records");
    bed->leaves[5][0] ^= 1; /* the right one still fits, and takes nothing of the alarm away */
    assert_int_equal(take(bed, 12, 20), 0);
    assert_alarm(bed, 20, "20 records");
}

static void what_cannot_be_is_an_alarm(void **state)
{
    struct bed *bed = *state;
    EVP_PKEY *stranger = sl_key_new(EVP_PKEY_ED25519);
    static const struct {
        uint64_t before, size;
        bool strange, elsewhere, another;
        const char *words;
    } cases[] = {
        {0, 7, false, false, false, "smaller"},
        {12, 12, false, false, true, "another root"},
        {11, 20, false, false, false, "does not follow"},
        {0, 20, false, false, false, "does not follow"},
        {12, 20, true, false, false, "not signed"},
        {12, 20, false, true, false, "another journal's"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sl_storage_free(bed->storage);
        bed->storage = sl_storage_memory();
        open_heads(bed);
        assert_int_equal(take(bed, 0, 12), 0);
        bed->leaves[11][3] ^= cases[i].another;
        Samenloop__V1__Checkpoint one = make(bed, cases[i].elsewhere ? other_journal : journal,
                                             cases[i].before, cases[i].size,
                                             cases[i].strange ? stranger : bed->key);
        assert_int_equal(heads_take(bed->heads, journal, &one, &bed->error), 0);
        bed->leaves[11][3] ^= cases[i].another;
        assert_alarm(bed, 12, cases[i].words);
    }
    EVP_PKEY_free(stranger);
}

/* An operator has accepted another journal: its first head is believed. */
static void another_journal_begins_anew(void **state)
{
    struct bed *bed = *state;
    assert_int_equal(take(bed, 0, 30), 0);
    for (int again = 0; again < 2; again++) {
        Samenloop__V1__Checkpoint one = make(bed, other_journal, 0, 12, bed->key);
        assert_int_equal(heads_take(bed->heads, other_journal, &one, &bed->error), 0);
        assert_fits(bed, 12);
    }
    Samenloop__V1__Checkpoint one = make(bed, other_journal, 12, 13, bed->key);
    assert_int_equal(heads_take(bed->heads, other_journal, &one, &bed->error), 0);
    assert_fits(bed, 13);
}

/* What a router greets with shows a journal that was cut back, before any delivery comes. */
static void a_greeting_shows_what_was_cut_back(void **state)
{
    struct bed *bed = *state;
    static const uint64_t sizes[] = {30, 20, 19};
    assert_int_equal(take(bed, 0, 20), 0);
    for (size_t i = 0; i < 3; i++) {
        Samenloop__V1__Checkpoint one = make(bed, journal, 0, sizes[i], bed->key);
        assert_int_equal(heads_greeted(bed->heads, journal, sl_from_pb(one.note), &bed->error), 0);
        if (sizes[i] < 20)
            assert_alarm(bed, 20, "smaller");
        else
            assert_fits(bed, 20);
    }
}

/* Whatever call fails, and whatever a crash leaves: what is held is the old or the new, and the
 * checkpoint that comes again fits. */
static void a_disk_that_fails_takes_nothing_away(void **state)
{
    struct bed *bed = *state;
    for (uint64_t at = 1; at < 12; at++) {
        for (uint64_t seed = 0; seed < 8; seed++) {
            sl_storage_free(bed->storage);
            bed->storage = sl_storage_memory();
            open_heads(bed);
            assert_int_equal(take(bed, 0, 12), 0);
            sl_storage_memory_faults(bed->storage,
                                     (struct sl_storage_faults){SL_FAULT_IO, at, true, 0});
            int result = take(bed, 12, 20);
            struct sl_storage *crashed = sl_storage_memory_crash(bed->storage, seed);
            sl_storage_free(bed->storage);
            bed->storage = crashed;
            open_heads(bed);
            assert_true(heads_size(bed->heads) == 20 || heads_size(bed->heads) == 12);
            assert_true(result < 0 || heads_size(bed->heads) == 20);
            assert_int_equal(take(bed, 12, 20), 0);
            assert_int_equal(heads_size(bed->heads), 20);
            assert_string_equal(heads_alarm(bed->heads), "");
        }
    }
}

/* The inbox lost in a crash what heads had kept already: the same heads come again. */
static void what_comes_again_after_a_crash_fits(void **state)
{
    struct bed *bed = *state;
    assert_int_equal(take(bed, 0, 12), 0);
    heads_synced(bed->heads);
    assert_int_equal(take(bed, 12, 20), 0);
    assert_int_equal(take(bed, 20, 31), 0);
    for (int crash = 0; crash < 2; crash++) {
        open_heads(bed);
        heads_synced(bed->heads); /* rounds pass before the first comes */
        assert_int_equal(take(bed, 12, 20), 0);
        assert_int_equal(take(bed, 20, 31), 0);
        assert_int_equal(heads_size(bed->heads), 31);
        assert_string_equal(heads_alarm(bed->heads), "");
    }
    assert_int_equal(files(bed, "checkpoint-"), 3); /* 12 as well: nothing has shown that it goes */
    bed->leaves[7][0] ^= 1; /* not the same: the router signed two of one size */
    assert_int_equal(take(bed, 12, 20), 0);
    assert_alarm(bed, 31, "smaller");
    bed->leaves[7][0] ^= 1;
    assert_int_equal(take(bed, 31, 33), 0);
    heads_synced(bed->heads);
    assert_int_equal(files(bed, "checkpoint-"), 1);
    assert_int_equal(take(bed, 12, 20), 0); /* it cannot come again now, and is another's word */
    assert_alarm(bed, 33, "20 records");
}

#define ON(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON(a_journal_that_grows_fits),           ON(another_past_is_an_alarm_that_stays),
        ON(what_cannot_be_is_an_alarm),          ON(another_journal_begins_anew),
        ON(a_greeting_shows_what_was_cut_back),  ON(a_disk_that_fails_takes_nothing_away),
        ON(what_comes_again_after_a_crash_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
