/* What the adapter remembers of houses and of where events stand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/houses.h"
#include "adapters/places.h"

enum { MANY = 5000 };

static void pseudonym_of(uint8_t out[SL_PSEUDONYM_SIZE], unsigned n)
{
    memset(out, 0, SL_PSEUDONYM_SIZE);
    sl_put32(out, n * 2654435761u);
    sl_put32(out + 8, n);
}

static struct sl_bytes bag_of(char text[SL_BAG_SIZE + 1], unsigned n)
{
    (void)snprintf(text, SL_BAG_SIZE + 1, "00142000%08u", n);
    return sl_bytes(text, SL_BAG_SIZE);
}

static void houses_are_known_both_ways(void **state)
{
    (void)state;
    struct houses *houses = houses_new();
    uint8_t pseudonym[SL_PSEUDONYM_SIZE], found[SL_PSEUDONYM_SIZE];
    char text[SL_BAG_SIZE + 1], wanted[SL_BAG_SIZE + 1];
    for (unsigned n = 0; n < MANY; n++) {
        pseudonym_of(pseudonym, n);
        houses_learn(houses, pseudonym, bag_of(text, n), PLACE_INBOX, 1);
        houses_learn(houses, pseudonym, bag_of(text, n), PLACE_INBOX, 1);
    }
    assert_int_equal(houses_count(houses), MANY);
    for (unsigned n = 0; n < MANY; n++) {
        pseudonym_of(pseudonym, n);
        assert_true(houses_bag_id(houses, pseudonym, text));
        (void)bag_of(wanted, n);
        assert_string_equal(text, wanted);
        assert_true(houses_pseudonym(houses, sl_text(wanted), found));
        assert_memory_equal(found, pseudonym, sizeof found);
    }
    pseudonym_of(pseudonym, MANY);
    assert_false(houses_bag_id(houses, pseudonym, text));
    assert_false(houses_pseudonym(houses, bag_of(text, MANY), found));
    houses_free(houses);
}

static void a_number_that_is_none_is_passed_over(void **state)
{
    (void)state;
    struct houses *houses = houses_new();
    uint8_t pseudonym[SL_PSEUDONYM_SIZE] = {1};
    houses_learn(houses, pseudonym, sl_text(""), PLACE_INBOX, 1);
    houses_learn(houses, pseudonym, sl_text("001420000000000"), PLACE_INBOX, 1);
    houses_learn(houses, pseudonym, sl_text("00142000000000x1"), PLACE_INBOX, 1);
    assert_int_equal(houses_count(houses), 0);
    houses_free(houses);
}

static void a_forgotten_house_can_come_back(void **state)
{
    (void)state;
    struct houses *houses = houses_new();
    uint8_t one[SL_PSEUDONYM_SIZE] = {1}, two[SL_PSEUDONYM_SIZE] = {2}, found[SL_PSEUDONYM_SIZE];
    char text[SL_BAG_SIZE + 1];
    houses_learn(houses, one, bag_of(text, 1), PLACE_INBOX, 1);
    houses_learn(houses, two, bag_of(text, 2), PLACE_INBOX, 1);
    houses_forget(houses, one);
    houses_forget(houses, one);
    assert_int_equal(houses_count(houses), 1);
    assert_false(houses_bag_id(houses, one, text));
    assert_false(houses_pseudonym(houses, bag_of(text, 1), found));
    assert_true(houses_bag_id(houses, two, text));
    houses_learn(houses, one, bag_of(text, 1), PLACE_INBOX, 1);
    assert_true(houses_pseudonym(houses, bag_of(text, 1), found));
    assert_memory_equal(found, one, sizeof found);
    assert_int_equal(houses_count(houses), 2);
    houses_free(houses);
}

static struct sl_bytes key_of(uint8_t key[16], unsigned n)
{
    memset(key, 0, 16);
    sl_put32(key + 12, n);
    return sl_bytes(key, 16);
}

static void places_are_found_and_replaced(void **state)
{
    (void)state;
    struct places *places = places_new();
    uint8_t key[16];
    struct place place;
    for (unsigned n = 0; n < MANY; n++)
        places_add(places, key_of(key, n),
                   (struct place){.log = n % 2 == 0 ? PLACE_OUTBOX : PLACE_INBOX,
                                  .record = n,
                                  .index = n % 1024});
    for (unsigned n = 0; n < MANY; n++) {
        size_t cursor = 0;
        assert_true(places_next(places, key_of(key, n), &cursor, &place));
        assert_int_equal(place.record, n);
        assert_int_equal(place.index, n % 1024);
        assert_int_equal(place.log, n % 2 == 0 ? PLACE_OUTBOX : PLACE_INBOX);
        assert_false(place.refused);
        place.refused = true;
        place.record += 7;
        places_replace(places, key_of(key, n), cursor, place);
        assert_false(places_next(places, key_of(key, n), &cursor, &place));
    }
    for (unsigned n = 0; n < MANY; n++) {
        size_t cursor = 0;
        assert_true(places_next(places, key_of(key, n), &cursor, &place));
        assert_int_equal(place.record, n + 7);
        assert_true(place.refused);
    }
    size_t cursor = 0;
    assert_false(places_next(places, key_of(key, MANY), &cursor, &place));
    places_free(places);
}

static void a_key_can_have_several_places(void **state)
{
    (void)state;
    struct places *places = places_new();
    struct place place;
    for (unsigned n = 1; n <= 3; n++)
        places_add(places, sl_text("doc-1"), (struct place){.record = n});
    places_add(places, sl_text("doc-12"), (struct place){.record = 9});
    size_t cursor = 0;
    uint64_t sum = 0, count = 0;
    while (places_next(places, sl_text("doc-1"), &cursor, &place)) {
        sum += place.record;
        count++;
    }
    assert_int_equal(count, 3);
    assert_int_equal(sum, 6);
    places_free(places);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(houses_are_known_both_ways),
        cmocka_unit_test(a_number_that_is_none_is_passed_over),
        cmocka_unit_test(a_forgotten_house_can_come_back),
        cmocka_unit_test(places_are_found_and_replaced),
        cmocka_unit_test(a_key_can_have_several_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
