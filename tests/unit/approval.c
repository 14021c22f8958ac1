/* An approval is taken from whom it is, for the text it is of, by a key that holds; from no other.
 */
#include "router/approval.h"

#include "tests/unit/router_parties.h"

static const uint8_t text_hash[SL_HASH_SIZE] = "the hash of this agreement";
static const int64_t today = 1612170000000;

enum { DAY_MS = 86400000 };

/* What is made and asked; begins as one that is good. */
struct asked {
    const char *says; /* whose it is, in the file */
    int signer;
    int card;
    uint8_t hash[SL_HASH_SIZE]; /* that was signed */
    const char *of;             /* whose is wanted */
    int64_t now;
    size_t cut;  /* bytes left out at the end */
    size_t flip; /* the byte that is changed, from the end; 0: none */
};

static struct asked good(void)
{
    struct asked asked = {.says = "img", .signer = IMG, .card = IMG, .of = "img", .now = today};
    memcpy(asked.hash, text_hash, sizeof asked.hash);
    return asked;
}

/* The sentence of the refusal; empty: it was taken. */
static const char *ask(const struct asked *asked)
{
    static struct sl_error error;
    struct sl_buffer file = {0};
    struct sl_arena arena;
    error = (struct sl_error){0};
    sl_arena_init(&arena, 0);
    approval_make(&file, asked->says, parties.directory.participants[asked->card].cards[0].hash,
                  parties.signing[asked->signer], asked->hash);
    assert_true(file.size < APPROVAL_BYTES_MAX);
    if (asked->flip > 0)
        file.data[file.size - asked->flip] ^= 1;
    Samenloop__V1__Approval *approval = approval_read(
        &arena, sl_bytes(file.data, file.size - asked->cut), &parties.directory, asked->of,
        text_hash, asked->now, &error);
    assert_int_equal(approval == NULL, error.text[0] != '\0');
    assert_true(approval != NULL || error.code == SL_CONFIGURATION);
    assert_true(approval == NULL || sl_bytes_is(sl_from_pb(approval->participant), asked->of));
    sl_arena_free(&arena);
    sl_buffer_free(&file);
    return error.text;
}

static void a_good_one_is_taken(void **state)
{
    (void)state;
    struct asked asked = good();
    assert_string_equal(ask(&asked), "");
    asked = (struct asked){.says = "ncg", .signer = NCG, .card = NCG, .of = "ncg", .now = today};
    memcpy(asked.hash, text_hash, sizeof asked.hash);
    assert_string_equal(ask(&asked), "");
}

static void a_missing_one_is_told(void **state)
{
    (void)state;
    struct sl_error error = {0};
    assert_null(approval_read(NULL, sl_bytes(NULL, 0), &parties.directory, "ncg", text_hash, today,
                              &error));
    assert_string_equal(error.text, "ncg has not approved the agreement");
}

static void what_is_no_approval_is_refused(void **state)
{
    (void)state;
    struct asked asked = good();
    asked.cut = 3;
    assert_string_equal(ask(&asked), "img has given something that is no approval");
}

static void another_s_is_refused(void **state)
{
    (void)state;
    struct asked asked = good();
    asked.says = "ncg";
    assert_string_equal(ask(&asked), "img has given the approval of another");
    asked = good();
    asked.signer = NCG; /* ncg signs as if it were img */
    assert_non_null(strstr(ask(&asked), "another text, or with a key that does not hold"));
    asked = good();
    asked.card = NCG;
    assert_non_null(strstr(ask(&asked), "a key card that is not known as theirs"));
    asked = good();
    asked.of = "gm0014";
    asked.says = "gm0014";
    assert_string_equal(ask(&asked), "gm0014 approves the agreement, and takes no part");
}

static void another_text_s_is_refused(void **state)
{
    (void)state;
    struct asked asked = good();
    asked.hash[31] ^= 1;
    assert_non_null(strstr(ask(&asked), "another text"));
    asked = good();
    asked.flip = 1; /* the signature */
    assert_non_null(strstr(ask(&asked), "another text"));
}

static void a_key_that_does_not_hold_approves_nothing(void **state)
{
    (void)state;
    struct sl_key *key = &parties.directory.participants[IMG].cards[0].keys[0];
    const struct sl_key before = *key;
    struct asked asked = good();
    key->not_after = today;
    assert_non_null(strstr(ask(&asked), "a key that does not hold now"));
    asked.now = today - 1;
    assert_string_equal(ask(&asked), "");
    *key = before;
    key->not_before = today + DAY_MS;
    assert_non_null(strstr(ask(&asked), "a key that does not hold now"));
    *key = before;
    key->use = SAMENLOOP__V1__KEY_USE__KEY_USE_SEALING;
    assert_non_null(strstr(ask(&asked), "a key that does not hold now"));
    *key = before;
    assert_string_equal(ask(&asked), "");
}

/* The card was replaced: the old one is still known, its key is on no card that holds. */
static void a_key_that_was_taken_away_approves_nothing(void **state)
{
    (void)state;
    struct sl_participant *img = &parties.directory.participants[IMG];
    struct asked asked = good();
    struct sl_card old = img->cards[0];
    struct sl_card both[] = {{.key_count = 0}, old};
    struct sl_card *before = img->cards;
    memset(both[0].hash, 9, sizeof both[0].hash);
    struct sl_buffer file = {0};
    struct sl_error error = {0};
    struct sl_arena arena;
    sl_arena_init(&arena, 0);
    approval_make(&file, "img", old.hash, parties.signing[IMG], text_hash);
    img->cards = both;
    img->card_count = 2;
    assert_null(approval_read(&arena, sl_buffer_bytes(&file), &parties.directory, "img", text_hash,
                              today, &error));
    assert_non_null(strstr(error.text, "a key that does not hold now"));
    img->cards = before;
    img->card_count = 1;
    assert_string_equal(ask(&asked), "");
    sl_arena_free(&arena);
    sl_buffer_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_one_is_taken),
        cmocka_unit_test(a_missing_one_is_told),
        cmocka_unit_test(what_is_no_approval_is_refused),
        cmocka_unit_test(another_s_is_refused),
        cmocka_unit_test(another_text_s_is_refused),
        cmocka_unit_test(a_key_that_does_not_hold_approves_nothing),
        cmocka_unit_test(a_key_that_was_taken_away_approves_nothing),
    };
    return cmocka_run_group_tests(tests, parties_begin, parties_end);
}
