/* What an operator asks of the machine and tells it to do, and what stays of it in the journal. */
#include "router/control.h"
#include "tests/unit/router_simple.h"
#include "tests/unit/router_talk.h"

static void refuse(struct house *house, uint64_t connection, uint64_t number, uint32_t attempt)
{
    Samenloop__V1__DeliveryAnswer one = SAMENLOOP__V1__DELIVERY_ANSWER__INIT;
    one.number = number;
    one.attempt = attempt;
    one.outcome = SAMENLOOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_FAILED;
    one.code = sl_to_pb(sl_text("bad_digest"));
    one.sentence = sl_to_pb(sl_text("a section is not what was signed"));
    answer_with(house, connection, &one, 1);
}

/* Asks, lets rounds pass until there is an answer, and wants this in it. */
static void expect(struct house *house, const char *question, const char *wanted)
{
    struct sl_buffer answer = {0};
    bool answered = control_ask(house->router, sl_text(question), &answer);
    for (int round = 0; round < 100 && !answered; round++) {
        pass(house, 1);
        sync_house(house);
        answered = control_answered(house->router, &answer);
    }
    assert_true(answered);
    sl_buffer_add(&answer, "", 1);
    if (strstr((const char *)answer.data, wanted) == NULL)
        fail_msg("%s\n  %s\n  wanted: %s", question, (const char *)answer.data, wanted);
    sl_buffer_free(&answer);
}

static void die(struct house *house, uint64_t number)
{
    for (uint32_t attempt = 1; attempt <= SL_ATTEMPTS; attempt++) {
        pass(house, 300 * 1000);
        uint64_t ncg = connect_to(house, NCG, 1);
        router_sent(house->router);
        refuse(house, ncg, number, attempt);
        sync_house(house);
        router_sent(house->router);
    }
}

#define LETTER "\"to\":\"ncg\",\"lane\":\"ordinary\",\"number\":1"
#define WORDS "\"who\":\"op\",\"why\":\"the key is there now\""

static void a_dead_letter_is_read_without_change_and_judged_once(void **state)
{
    (void)state;
    struct house house;
    uint64_t img = open_with(&house, IMG);
    publish(&house, img, 1, 1, 1, 1);
    sync_house(&house);
    router_sent(house.router);
    expect(&house, "{\"ask\":\"deadletters\"}", "{\"letters\":[],\"left_out\":0}");
    die(&house, 1);
    for (int i = 0; i < 2; i++) {
        expect(&house, "{\"ask\":\"deadletters\"}", "\"number\":1,\"attempts\":5");
        expect(&house, "{\"ask\":\"show\"," LETTER "}",
               "\"code\":\"bad_digest\",\"said\":\"a section is not what was signed\"");
        expect(&house, "{\"ask\":\"status\"}", "\"dead_letters\":1");
        crash(&house, 0);
    }
    expect(&house, "{\"ask\":\"retry\"," LETTER "}", "who");
    expect(&house, "{\"ask\":\"retry\"," LETTER ",\"who\":\"op\",\"why\":\"\"}", "why");
    expect(&house, "{\"ask\":\"deadletters\"}", "\"number\":1");
    expect(&house, "{\"ask\":\"retry\"," LETTER "," WORDS "}", "it waits again");
    expect(&house, "{\"ask\":\"retry\"," LETTER "," WORDS "}", "no such dead letter");
    sync_house(&house);
    crash(&house, 0);
    expect(&house, "{\"ask\":\"deadletters\"}", "{\"letters\":[],\"left_out\":0}");
    close_house(&house);
}

static void a_discarded_letter_is_gone(void **state)
{
    (void)state;
    struct house house;
    uint64_t img = open_with(&house, IMG);
    publish(&house, img, 1, 1, 1, 1);
    sync_house(&house);
    router_sent(house.router);
    die(&house, 1);
    expect(&house, "{\"ask\":\"discard\"," LETTER "," WORDS "}", "it is discarded");
    expect(&house, "{\"ask\":\"show\"," LETTER "}", "no such dead letter");
    sync_house(&house);
    crash(&house, 0);
    expect(&house, "{\"ask\":\"status\"}", "\"dead_letters\":0");
    close_house(&house);
}

/* The house's events lose their sections, the others keep theirs, and both parties are told. */
static void erase_one_house(bool crashes)
{
    struct house house;
    struct party_event event;
    char hex[2 * SL_HASH_SIZE + 1];
    char question[256];
    uint64_t img = open_with(&house, IMG);
    publish(&house, img, 1, 1, 3, 1);
    publish(&house, img, 2, 4, 2, 2);
    sync_house(&house);
    router_sent(house.router);
    party_event(&event, IMG, "damage_case_opened", 9, 1, start);
    sl_hex(hex, event.subject, SL_HASH_SIZE);
    (void)snprintf(question, sizeof question, "{\"ask\":\"erase\",\"subject\":\"%s\"," WORDS "}",
                   hex);
    expect(&house, question, "{\"events\":3,\"told\":2}");
    struct sl_bytes lines = router_lines(house.router);
    assert_non_null(memmem(lines.data, lines.size, "erased\n", 7));
    if (crashes)
        crash(&house, 0);
    uint64_t ncg = connect_to(&house, NCG, 10);
    const Samenloop__V1__Deliver *deliver = heard(&house, 1, ncg)->deliver;
    assert_int_equal(deliver->n_deliveries, 6);
    size_t with = 0;
    for (size_t i = 0; i < deliver->n_bundles; i++) {
        for (size_t k = 0; k < deliver->bundles[i]->n_envelopes; k++)
            with += deliver->bundles[i]->envelopes[k]->n_sections > 0;
    }
    assert_int_equal(with, 2);
    const Samenloop__V1__Delivery *last = deliver->deliveries[5];
    assert_int_equal(last->kind, SAMENLOOP__V1__DELIVERY_KIND__DELIVERY_KIND_ERASURE);
    assert_int_equal(last->n_subjects, 1);
    assert_int_equal(last->previous, 3);
    assert_memory_equal(last->subjects[0].data, event.subject, SL_HASH_SIZE);
    close_house(&house);
}

static void an_erasure_takes_the_content_of_one_house(void **state)
{
    (void)state;
    erase_one_house(true);
}

static void an_erasure_takes_what_was_written_a_moment_ago(void **state)
{
    (void)state;
    erase_one_house(false);
}

static void what_is_no_question_is_refused(void **state)
{
    (void)state;
    struct house house;
    open_house(&house);
    static const char *const questions[] = {"",
                                            "[]",
                                            "{",
                                            "{\"ask\":\"nothing\"}",
                                            "{\"ask\":7}",
                                            "{\"ask\":\"status\",\"ask\":\"status\"}"};
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++)
        expect(&house, questions[i], "{\"refused\":{\"code\":\"malformed\"");
    expect(&house, "{\"ask\":\"show\",\"to\":\"nobody\",\"lane\":\"x\",\"number\":-1}", "no such");
    expect(&house, "{\"ask\":\"erase\",\"subject\":\"12\"," WORDS "}", "64 hex digits");
    close_house(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dead_letter_is_read_without_change_and_judged_once),
        cmocka_unit_test(a_discarded_letter_is_gone),
        cmocka_unit_test(an_erasure_takes_the_content_of_one_house),
        cmocka_unit_test(an_erasure_takes_what_was_written_a_moment_ago),
        cmocka_unit_test(what_is_no_question_is_refused),
    };
    return cmocka_run_group_tests(tests, parties_begin, parties_end);
}
