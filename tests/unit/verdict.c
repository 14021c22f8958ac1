/* What `samenloop status` says first: is all well, and if not, what is to be done. */
#include "router/tool/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define AT "\"at\":\"2021-02-01T12:00:00.000Z\",\"last_at\":\"2021-02-01T12:00:00.000Z\""
#define NOTHING "{\"waiting\":0,\"oldest\":null}"
#define LANES(acute, ordinary)                                                                     \
    "\"lanes\":{\"acute\":" acute ",\"urgent\":" NOTHING ",\"ordinary\":" ordinary "}"
#define NCG(connected, fed, lanes)                                                                 \
    "\"participants\":[{\"name\":\"ncg\",\"connected\":" connected ",\"fed\":" fed "," lanes "}]"
#define WELL "\"participants\":[]"

static void expect(const char *status, const char *wanted)
{
    struct sl_buffer out = {0};
    json_t *answer = json_loads(status, 0, NULL);
    assert_non_null(answer);
    verdict_tell(&out, answer);
    sl_buffer_printf(&out, "%c", '\0');
    assert_string_equal((const char *)out.data, wanted);
    sl_buffer_free(&out);
    json_decref(answer);
}

static void all_is_well(void **state)
{
    (void)state;
    expect("{" AT ",\"full\":false," NCG("true", "true", LANES(NOTHING, NOTHING)) "}",
           "All is well.\n");
    /* What has just come is on its way. */
    expect("{" AT
           "," NCG("true", "true",
                   LANES(NOTHING, "{\"waiting\":3,\"oldest\":\"2021-02-01T11:59:01Z\"}")) "}",
           "All is well.\n");
}

static void participants_are_named(void **state)
{
    (void)state;
    expect("{" AT "," NCG("false", "false", LANES(NOTHING, NOTHING)) "}",
           "1 thing wants attention:\n"
           "- ncg is away; nothing waits for it: does its samenloop-adapter run?\n");
    expect("{" AT "," NCG("false", "false",
                          LANES("{\"waiting\":1,\"oldest\":\"2021-02-01T11:59:30Z\"}",
                                "{\"waiting\":20,\"oldest\":\"2021-02-01T08:47:10Z\"}")) "}",
           "1 thing wants attention:\n"
           "- ncg is away; 21 deliveries wait for it, the first for 3 h 12 min (1 acute): does its "
           "samenloop-adapter run?\n");
    expect("{" AT
           "," NCG("true", "true",
                   LANES(NOTHING, "{\"waiting\":1,\"oldest\":\"2021-02-01T11:59:00Z\"}")) "}",
           "1 thing wants attention:\n"
           "- ncg is connected; 1 delivery waits for it, for 1 min: what does its adapter say on "
           "standard error?\n");
    expect("{" AT "," NCG("true", "false", LANES(NOTHING, NOTHING)) "}",
           "1 thing wants attention:\n"
           "- ncg is connected; nothing waits for it, and it gets nothing, because its inbox has\n"
           "  deliveries of another journal: see journal in adapter.cfg(5).\n");
}

static void the_router_is_looked_at(void **state)
{
    (void)state;
    expect("{\"at\":\"2021-02-01T12:00:00Z\",\"last_at\":\"2021-02-03T14:30:00Z\",\"full\":true,"
           "\"counters\":{\"dead_letters\":1}," WELL "}",
           "3 things want attention:\n"
           "- The disk is full: nothing is taken on, adapters keep what they have. Make room where "
           "the journal\n  stands; the router goes on by itself.\n"
           "- The clock is 2 days 2 h behind the journal's last moment: set it right. Until it is "
           "past that,\n  events get that moment, and terms stand still.\n"
           "- 1 delivery was refused by the receiver, and put aside: see samenloop deadletters "
           "list.\n");
}

static void terms_and_keys_are_looked_at(void **state)
{
    (void)state;
    expect(
        "{" AT ",\"obligations\":{\"open\":3,\"overdue\":2,"
        "\"overdue_since\":\"2021-01-29T12:00:00Z\"},"
        "\"expiring\":[\"img: the signing key is not valid now\",\"ncg: the curve key ends"
        " soon\",\"ncg: the signing key ends soon\"]," WELL "}",
        "3 things want attention:\n"
        "- 2 of 3 obligations are overdue, the first for 3 days 0 h: see samenloop obligations "
        "--overdue --journal FOLDER.\n"
        "- img: the signing key is not valid now: a new key card is wanted (samenloop keys "
        "rotate).\n"
        "- ncg: the curve key ends soon (1 more like it): a new key card is wanted (samenloop keys "
        "rotate).\n");
}

static void spans_are_for_people(void **state)
{
    static const struct {
        int64_t ms;
        const char *wanted;
    } spans[] = {{0, "0 s"},
                 {59999, "59 s"},
                 {60000, "1 min"},
                 {3599999, "59 min"},
                 {3600000, "1 h 0 min"},
                 {48 * 3600000LL - 1, "47 h 59 min"},
                 {48 * 3600000LL, "2 days 0 h"}};
    char span[VERDICT_SPAN];
    (void)state;
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        verdict_span(span, spans[i].ms);
        assert_string_equal(span, spans[i].wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_is_well), cmocka_unit_test(participants_are_named),
        cmocka_unit_test(the_router_is_looked_at), cmocka_unit_test(terms_and_keys_are_looked_at),
        cmocka_unit_test(spans_are_for_people)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
