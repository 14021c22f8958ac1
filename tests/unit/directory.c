/* The directory: a broken card stops nobody else, revocation, and which of two cards holds. */
#include <openssl/pem.h>
#include <stdio.h>
#include <sys/stat.h>

#include "schemas/directory.h"
#include "schemas/envelope.h"
#include "schemas/file.h"
#include "tests/unit/keycards.h"

static void write_file(const char *path, struct sl_bytes bytes)
{
    struct sl_error error = {0};
    if (sl_file_write(path, bytes, 0644, &error) < 0)
        fail_msg("%s", error.text);
}

static void write_draft(const char *path, const struct draft *draft)
{
    struct sl_buffer bytes = finish(draft);
    write_file(path, sl_buffer_bytes(&bytes));
    sl_buffer_free(&bytes);
}

static void write_trust(const struct world *world, X509_CRL *list)
{
    char *text = NULL;
    BIO *out = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_X509(out, world->authority.certificate), 1);
    assert_true(list == NULL || PEM_write_bio_X509_CRL(out, list) == 1);
    long size = BIO_get_mem_data(out, &text);
    write_file("trust.pem", sl_bytes(text, (size_t)size));
    BIO_free(out);
}

static void load(struct sl_directory *directory, struct sl_buffer *problems)
{
    struct sl_error error = {0};
    sl_directory_free(directory);
    sl_buffer_clear(problems);
    assert_int_equal(sl_directory_add(directory, "img", IMG, &error), 0);
    assert_int_equal(sl_directory_add(directory, "ncg", NCG, &error), 0);
    if (sl_directory_load(directory, "cards", "trust.pem", now, problems, &error) < 0)
        fail_msg("%s", error.text);
    sl_buffer_add(problems, "", 1);
}

static bool told(const struct sl_buffer *problems, const char *text)
{
    return strstr((const char *)problems->data, text) != NULL;
}

static int folder(void **state)
{
    (void)mkdir("cards", 0755);
    return set_up(state);
}

static int no_folder(void **state)
{
    static const char *const files[] = {"cards/img.card", "cards/img2.card", "cards/ncg.card",
                                        "cards/other.card"};
    for (size_t i = 0; i < 4; i++)
        (void)remove(files[i]);
    return tear_down(state);
}

static void one_broken_card_stops_nobody_else(void **state)
{
    struct world *world = *state;
    struct sl_directory directory = {0};
    struct sl_buffer problems = {0};
    struct sl_error error = {0};
    struct draft draft;
    write_trust(world, NULL);
    begin(&draft, IMG, &world->img);
    write_draft("cards/img.card", &draft);
    write_draft("cards/img2.card", &draft); /* a copy */
    write_file("cards/ncg.card", sl_text("no card"));
    write_file("cards/other.card", sl_bytes(NULL, 0));
    load(&directory, &problems);
    assert_int_equal(directory.participants[0].card_count, 1);
    assert_int_equal(directory.participants[1].card_count, 0);
    assert_int_equal(sl_directory_by_curve(&directory, draft.bytes[1], now), 0);
    assert_true(told(&problems, "cards/ncg.card: this is no key card\n"));
    assert_true(told(&problems, "cards/other.card: this is no key card\n"));
    assert_true(told(&problems, "ncg has no key card that is good, and cannot connect\n"));
    assert_false(told(&problems, "img"));
    sl_buffer_clear(&problems);
    assert_int_equal(sl_directory_load(&directory, "nowhere", "trust.pem", now, &problems, &error),
                     -1);
    assert_non_null(strstr(error.text, "nowhere"));
    assert_int_equal(
        sl_directory_load(&directory, "cards", "cards/ncg.card", now, &problems, &error), -1);
    assert_non_null(strstr(error.text, "trust"));
    sl_directory_free(&directory);
    sl_buffer_free(&problems);
}

static X509_CRL *revoke(const struct world *world, X509 *certificate, int64_t until)
{
    X509_CRL *list = X509_CRL_new();
    ASN1_TIME *from = ASN1_TIME_set(NULL, (now - 5 * day) / 1000);
    ASN1_TIME *to = ASN1_TIME_set(NULL, (now + until * day) / 1000);
    assert_int_equal(X509_CRL_set_version(list, X509_CRL_VERSION_2), 1);
    assert_int_equal(
        X509_CRL_set_issuer_name(list, X509_get_subject_name(world->authority.certificate)), 1);
    assert_int_equal(X509_CRL_set1_lastUpdate(list, from), 1);
    assert_int_equal(X509_CRL_set1_nextUpdate(list, to), 1);
    if (certificate != NULL) {
        X509_REVOKED *one = X509_REVOKED_new();
        assert_int_equal(X509_REVOKED_set_serialNumber(one, X509_get_serialNumber(certificate)), 1);
        assert_int_equal(X509_REVOKED_set_revocationDate(one, from), 1);
        assert_int_equal(X509_CRL_add0_revoked(list, one), 1);
    }
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, world->authority.certificate, NULL, NULL, list, 0);
    X509_EXTENSION *key = X509V3_EXT_conf_nid(NULL, &context, NID_authority_key_identifier,
                                              "keyid");
    assert_int_equal(X509_CRL_add_ext(list, key, -1), 1);
    X509_EXTENSION_free(key);
    assert_true(X509_CRL_sign(list, world->authority.key, EVP_sha256()) > 0);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    return list;
}

static void revoked_certificates_vouch_for_nothing(void **state)
{
    struct world *world = *state;
    struct sl_directory directory = {0};
    struct sl_buffer problems = {0};
    struct draft draft;
    begin(&draft, IMG, &world->img);
    write_draft("cards/img.card", &draft);
    const struct {
        X509_CRL *list;
        const char *told; /* NULL: it holds */
    } cases[] = {{revoke(world, NULL, 5), NULL},
                 {revoke(world, world->img.certificate, 5), "revoked"},
                 {revoke(world, NULL, -1), "CRL has expired"}};
    for (size_t i = 0; i < 3; i++) {
        write_trust(world, cases[i].list);
        load(&directory, &problems);
        assert_int_equal(directory.participants[0].card_count, cases[i].told == NULL ? 1 : 0);
        assert_true(cases[i].told == NULL || told(&problems, cases[i].told));
        X509_CRL_free(cases[i].list);
    }
    sl_directory_free(&directory);
    sl_buffer_free(&problems);
}

/* ---------------------------------------------------------------- which card holds */

/* Does a bundle hold that was signed with this key, in the name of this card, at a moment? */
static enum sl_code signed_by(const struct sl_directory *directory, EVP_PKEY *key,
                              const struct sl_card *card, const uint8_t receiver[SL_KEY_SIZE],
                              int64_t at)
{
    static uint8_t id[SL_UUID_SIZE];
    struct sl_crypto *crypto = sl_crypto_new();
    struct sl_arena arena;
    struct sl_sealer sealer;
    struct sl_error error = {0};
    struct sl_event event = {.header = SAMENLOOP__V1__HEADER__INIT};
    Samenloop__V1__Bundle *bundle = NULL;
    sl_hash leaf;
    int who = -1;
    event.header.event_id = (ProtobufCBinaryData){sizeof id, id};
    sl_arena_init(&arena, 0);
    assert_int_equal(sl_sealer_init(&sealer, key, card->hash,
                                    (const uint8_t(*)[SL_KEY_SIZE])receiver, 1, &error),
                     0);
    assert_int_equal(sl_bundle_seal(&sealer, crypto, &arena, &event, 1, &bundle, &error), 0);
    error.code = SL_OK;
    if (sl_bundle_verify(crypto, directory, bundle, at, at, &leaf, &who, &error) == 0)
        assert_int_equal(who, 0);
    sl_sealer_free(&sealer);
    sl_arena_free(&arena);
    sl_crypto_free(crypto);
    return error.code;
}

static void of_two_cards_the_later_holds(void **state)
{
    struct world *world = *state;
    struct sl_directory directory = {0};
    struct sl_buffer problems = {0};
    struct draft older;
    struct draft later;
    EVP_PKEY *old_key = sl_key_new(EVP_PKEY_ED25519);
    EVP_PKEY *new_key = sl_key_new(EVP_PKEY_ED25519);
    write_trust(world, NULL);
    begin(&older, IMG, &world->img);
    older.card.n_keys = 0;
    add_key(&older, SIGNING, old_key);
    add_new_key(&older, CURVE);
    add_new_key(&older, SEALING);
    begin(&later, IMG, &world->img);
    later.card.n_keys = 0;
    later.card.issued_at = older.card.issued_at + 1;
    add_key(&later, SIGNING, new_key);
    add_new_key(&later, CURVE);
    add_new_key(&later, SEALING);
    later.keys[0].not_before = now - day;
    write_draft("cards/img.card", &later); /* whatever the files' names are */
    write_draft("cards/img2.card", &older);
    load(&directory, &problems);
    const struct sl_participant *img = &directory.participants[0];
    assert_int_equal(img->card_count, 2);
    assert_int_equal(img->cards[0].issued_at, later.card.issued_at);
    assert_int_equal(sl_directory_by_curve(&directory, later.bytes[1], now), 0);
    assert_int_equal(sl_directory_by_curve(&directory, older.bytes[1], now), -1);
    assert_memory_equal(
        sl_participant_key(img, SAMENLOOP__V1__KEY_USE__KEY_USE_SEALING, now)->public_key,
        later.bytes[2], SL_KEY_SIZE);
    /* The older card's key is on the later card no more: revoked, also for what went before. */
    const uint8_t *to = later.bytes[2];
    assert_int_equal(signed_by(&directory, new_key, &img->cards[0], to, now), SL_OK);
    assert_int_equal(signed_by(&directory, old_key, &img->cards[1], to, now), SL_BAD_KEY_CARD);
    assert_int_equal(signed_by(&directory, old_key, &img->cards[0], to, now), SL_BAD_SIGNATURE);
    assert_int_equal(signed_by(&directory, new_key, &img->cards[1], to, now), SL_BAD_KEY_CARD);
    assert_int_equal(signed_by(&directory, new_key, &img->cards[0], to, now - 2 * day),
                     SL_BAD_KEY_CARD);
    /* Now the later card keeps it with the end of its time: good until then, and no longer. */
    add_key(&later, SIGNING, old_key);
    later.keys[3].not_after = now - day;
    write_draft("cards/img.card", &later);
    load(&directory, &problems);
    img = &directory.participants[0];
    assert_int_equal(signed_by(&directory, old_key, &img->cards[1], to, now - day - 1), SL_OK);
    assert_int_equal(signed_by(&directory, old_key, &img->cards[1], to, now), SL_BAD_KEY_CARD);
    assert_int_equal(signed_by(&directory, new_key, &img->cards[0], to, now), SL_OK);
    sl_directory_free(&directory);
    sl_buffer_free(&problems);
    EVP_PKEY_free(old_key);
    EVP_PKEY_free(new_key);
}

/* Two cards of one moment: everybody takes the same one for the later, in whatever order they come.
 */
static void of_two_cards_of_a_moment_all_pick_the_same(void **state)
{
    struct world *world = *state;
    struct sl_directory one = {0};
    struct sl_directory other = {0};
    struct sl_buffer problems = {0};
    struct draft a;
    struct draft b;
    write_trust(world, NULL);
    begin(&a, IMG, &world->img);
    begin(&b, IMG, &world->img);
    b.card.issued_at = a.card.issued_at;
    write_draft("cards/img.card", &a);
    write_draft("cards/img2.card", &b);
    load(&one, &problems);
    write_draft("cards/img.card", &b);
    write_draft("cards/img2.card", &a);
    load(&other, &problems);
    assert_int_equal(one.participants[0].card_count, 2);
    assert_int_equal(other.participants[0].card_count, 2);
    const struct sl_card *first = one.participants[0].cards;
    const struct sl_card *same = other.participants[0].cards;
    assert_memory_equal(first[0].hash, same[0].hash, SL_HASH_SIZE);
    assert_memory_not_equal(first[0].hash, first[1].hash, SL_HASH_SIZE);
    sl_directory_free(&one);
    sl_directory_free(&other);
    sl_buffer_free(&problems);
}

static void participants_are_named_once(void **state)
{
    (void)state;
    struct sl_directory directory = {0};
    struct sl_error error = {0};
    static const char *const wrong[][2] = {{"img", NCG},
                                           {"gm0014", "0000000416416416400"},
                                           {"gm0014", "0000000416416416400x"},
                                           {"else", NCG},
                                           {"gm0014000", NCG}};
    assert_int_equal(sl_directory_add(&directory, "img", IMG, &error), 0);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(sl_directory_add(&directory, wrong[i][0], wrong[i][1], &error), -1);
    assert_int_equal(directory.count, 1);
    assert_int_equal(sl_directory_find(&directory, "img"), 0);
    assert_int_equal(sl_directory_find(&directory, "ncg"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_broken_card_stops_nobody_else, folder, no_folder),
        cmocka_unit_test_setup_teardown(revoked_certificates_vouch_for_nothing, folder, no_folder),
        cmocka_unit_test_setup_teardown(of_two_cards_the_later_holds, folder, no_folder),
        cmocka_unit_test_setup_teardown(of_two_cards_of_a_moment_all_pick_the_same, folder,
                                        no_folder),
        cmocka_unit_test(participants_are_named_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
