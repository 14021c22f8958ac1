/* Which certificates and keys end soon, and when it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "schemas/expiry.h"
#include "schemas/timestamp.h"

enum { SIGNING = 1, CURVE = 2, SEALING = 3 };

static const int64_t NOW = INT64_C(1612170000000);

static void add_key(struct sl_card *card, int use, int from, int until)
{
    card->keys[card->key_count++] = (struct sl_key){.use = (Samenloop__V1__KeyUse)use,
                                                    .not_before = NOW + from * SL_DAY,
                                                    .not_after = NOW + until * SL_DAY};
}

/* A card whose certificate and keys are good for so many days. */
static struct sl_card card_for(int certificate, int signing, int sealing, int curve)
{
    struct sl_card card = {.certificate_end = NOW + certificate * SL_DAY};
    add_key(&card, SIGNING, -700, signing);
    add_key(&card, SEALING, -700, sealing);
    add_key(&card, CURVE, -700, curve);
    return card;
}

static void tells(struct sl_card *card, const char *wanted)
{
    struct sl_directory directory = {.count = 2};
    struct sl_buffer out = {0};
    size_t lines = 0;
    memcpy(directory.participants[0].name, "img", sizeof "img"); /* has no card */
    memcpy(directory.participants[1].name, "ncg", sizeof "ncg");
    directory.participants[1].cards = card;
    directory.participants[1].card_count = 1;
    size_t told = sl_expiry_tell(&directory, NOW, &out);
    for (size_t i = 0; i < out.size; i++)
        lines += out.data[i] == '\n';
    sl_buffer_add(&out, "", 1);
    assert_string_equal((const char *)out.data, wanted);
    assert_int_equal(told, lines);
    sl_buffer_free(&out);
}

static void is_quiet_while_all_is_good(void **state)
{
    (void)state;
    struct sl_card card = card_for(30, 30, 365, 31);
    tells(&card, "");
}

static void tells_each_end(void **state)
{
    (void)state;
    struct sl_card card = card_for(29, 365, 10, 0);
    tells(&card, "ncg: the certificate ends at 2021-03-02T09:00:00Z, in 29 days\n"
                 "ncg: the sealing key ends at 2021-02-11T09:00:00Z, in 10 days\n"
                 "ncg: the curve key is not valid now\n");
    card = card_for(-1, 365, 365, 365);
    tells(&card, "ncg: the certificate is not valid now\n");
}

static void a_successor_counts(void **state)
{
    (void)state;
    struct sl_card card = card_for(365, 5, 365, 365);
    add_key(&card, SIGNING, 4, 700);
    tells(&card, "");
    card = card_for(365, 5, 365, 365);
    add_key(&card, SIGNING, 6, 700); /* a day without any */
    tells(&card, "ncg: the signing key ends at 2021-02-06T09:00:00Z, in 5 days\n");
    card = card_for(365, 5, 365, 365);
    add_key(&card, SEALING, 0, 700); /* of another use */
    tells(&card, "ncg: the signing key ends at 2021-02-06T09:00:00Z, in 5 days\n");
}

static void is_told_at_the_start_and_once_a_day(void **state)
{
    (void)state;
    int64_t last = 0;
    assert_true(sl_expiry_is_due(&last, NOW));
    assert_false(sl_expiry_is_due(&last, NOW));
    assert_false(sl_expiry_is_due(&last, NOW + SL_DAY - 1));
    assert_true(sl_expiry_is_due(&last, NOW + SL_DAY));
    assert_false(sl_expiry_is_due(&last, NOW + SL_DAY + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_quiet_while_all_is_good),
        cmocka_unit_test(tells_each_end),
        cmocka_unit_test(a_successor_counts),
        cmocka_unit_test(is_told_at_the_start_and_once_a_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
