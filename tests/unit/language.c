/* The agreement is read: the real one, what its rules become, and texts that were made to hurt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "router/language/check.h"
#include "router/language/print.h"
#include "schemas/crypto.h"
#include "schemas/file.h"
#include "schemas/limits.h"
#include "schemas/timestamp.h"

static const char *in_house(const char *file)
{
    static char path[1024];
    const char *root = getenv("ROOT");
    (void)snprintf(path, sizeof path, "%s/%s", root == NULL ? "." : root, file);
    return path;
}

static struct sl_buffer text_of(const char *file)
{
    struct sl_buffer text = {0};
    struct sl_error error = {0};
    assert_int_equal(sl_file_read(&text, in_house(file), 1024 * 1024, &error), 0);
    return text;
}

static struct agreement *read_text(const char *text)
{
    struct agreement *agreement = NULL;
    struct sl_buffer findings = {0};
    int result = agreement_read(&agreement, "small", sl_text(text), &findings);
    if (result < 0)
        print_message("%.*s", (int)findings.size, (const char *)findings.data);
    assert_int_equal(result, 0);
    assert_int_equal(findings.size, 0);
    sl_buffer_free(&findings);
    return agreement;
}

static struct agreement *real_one(void)
{
    struct agreement *agreement = NULL;
    struct sl_buffer findings = {0};
    int result = agreement_load(&agreement, in_house("router/agreement.rules"), &findings);
    if (result < 0)
        print_message("%.*s", (int)findings.size, (const char *)findings.data);
    assert_int_equal(result, 0);
    sl_buffer_free(&findings);
    return agreement;
}

static const struct agreement_rule *rule_of(const struct agreement *agreement, const char *name)
{
    int rule = agreement_rule_find(agreement, sl_text(name));
    assert_true(rule >= 0);
    return &agreement->rules[rule];
}

static agreement_types type_bit(const char *name)
{
    const struct sl_type *type = sl_type_find(sl_text(name));
    assert_non_null(type);
    return agreement_type_bit(sl_type_index(type));
}

static int fact_of(const struct agreement *agreement, const char *name)
{
    int fact = agreement_fact_find(agreement, sl_text(name));
    assert_true(fact >= 0);
    return fact;
}

/* ---------------------------------------------------------------- the real one */

static void settings_of_the_agreement(void **state)
{
    (void)state;
    struct agreement *agreement = real_one();
    int64_t day = 0;
    assert_string_equal(agreement->name, "Samenwerkingsconvenant IMG-NCG");
    assert_int_equal(agreement->version, 1);
    char moment[SL_TIMESTAMP_SIZE];
    sl_timestamp_format(moment, agreement->in_force);
    assert_string_equal(moment, "2021-01-31T23:00:00Z");
    assert_int_equal(sl_date_parse(&day, sl_text("2022-02-01")), 0);
    assert_int_equal(agreement->review, day);
    assert_int_equal(agreement->participant_count, 7);
    assert_false(agreement->participants[1].optional);
    assert_true(agreement->participants[2].optional);
    assert_int_equal(agreement->area.count, 5);
    assert_string_equal(agreement->area.items[4], "gm1895");
    assert_int_equal(sl_date_parse(&day, sl_text("2021-05-14")), 0);
    assert_int_equal(agreement->free_day_count, 1);
    assert_int_equal(agreement->free_days[0], day);
    assert_int_equal(agreement->future_tolerance, 5 * SL_MINUTE);
    assert_int_equal(agreement->inform_residents, 0);
    assert_int_equal(agreement->fact_count, 19);
    assert_int_equal(agreement->facts[fact_of(agreement, "in_work_stock")].start,
                     AGREEMENT_UNKNOWN);
    assert_int_equal(agreement->facts[fact_of(agreement, "joint_delay")].start, AGREEMENT_NO);
    assert_int_equal(agreement->area_fact, fact_of(agreement, "in_ncg_area"));
    assert_int_equal(agreement->consent_fact, fact_of(agreement, "consents_to_data_exchange"));
    assert_int_equal(agreement->restricted_fact, fact_of(agreement, "restricted"));
    assert_int_equal(agreement->purpose_count, 9);
    assert_string_equal(agreement->purposes[0].name, "safety");
    assert_string_equal(agreement->purposes[0].basis, "vital_interest");
    assert_int_equal(agreement->step_count, 2);
    assert_string_equal(sl_type_at(agreement->steps[0].later)->name, "damage_inspection_done");
    assert_int_equal(agreement->priority_count, 4);
    assert_int_equal(agreement->priorities[3].priority, 4);
    assert_int_equal(agreement->priorities[3].condition->test, AGREEMENT_IS);
    assert_int_equal(agreement->rule_count, 77);
    agreement_free(agreement);
}

static void hash_of_the_agreement(void **state)
{
    (void)state;
    struct agreement *agreement = real_one();
    struct sl_buffer text = text_of("router/agreement.rules");
    struct sl_bytes piece = sl_buffer_bytes(&text);
    uint8_t hash[SL_HASH_SIZE];
    struct sl_crypto *crypto = sl_crypto_new();
    sl_sha256(crypto, hash, &piece, 1);
    sl_crypto_free(crypto);
    assert_memory_equal(agreement->hash, hash, sizeof hash);
    assert_true(sl_bytes_equal(agreement->text, piece));
    sl_buffer_free(&text);
    agreement_free(agreement);
}

/* The text with every run of white space as one space, in `out` and NUL-ended. */
static void one_line(struct sl_buffer *out, struct sl_bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        bool space = strchr(" \t\r\n", text.data[i]) != NULL;
        if (!space)
            sl_buffer_add(out, text.data + i, 1);
        else if (out->size > 0 && out->data[out->size - 1] != ' ')
            sl_buffer_add(out, " ", 1);
    }
    sl_buffer_add(out, "", 1);
}

/* Pieces with "…" between stand in the letter, one behind the other. */
static void expect_quoted(const char *letter, const struct agreement_rule *rule, const char *words)
{
    static const char joint[] = "…";
    const char *at = letter;
    while (*words != '\0') {
        const char *end = strstr(words, joint);
        size_t size = end == NULL ? strlen(words) : (size_t)(end - words);
        while (size > 0 && words[size - 1] == ' ')
            size--;
        const char *found = memmem(at, strlen(at), words, size);
        if (found == NULL || size == 0)
            fail_msg("%s quotes what the letter does not say: %.*s", rule->name, (int)size, words);
        at = found + size;
        words = end == NULL ? "" : end + strlen(joint);
        words += strspn(words, " ");
    }
}

static void quotations_are_the_letters(void **state)
{
    (void)state;
    struct agreement *agreement = real_one();
    struct sl_buffer text = text_of("tests/vectors/letter.txt");
    struct sl_buffer letter = {0};
    one_line(&letter, sl_buffer_bytes(&text));
    for (size_t i = 0; i < agreement->rule_count; i++) {
        const struct agreement_rule *rule = &agreement->rules[i];
        assert_true(rule->clause_count > 0);
        assert_non_null(rule->mark);
        for (size_t j = 0; j < rule->clause_count; j++)
            expect_quoted((const char *)letter.data, rule, rule->clauses[j].words);
    }
    sl_buffer_free(&letter);
    sl_buffer_free(&text);
    agreement_free(agreement);
}

/* ---------------------------------------------------------------- what rules become */

static void the_survey_rule(void **state)
{
    (void)state;
    struct agreement *agreement = real_one();
    const struct agreement_rule *rule = rule_of(agreement, "inspection-reported");
    assert_string_equal(rule->mark, "R24");
    assert_string_equal(rule->clauses[0].name, "C5");
    assert_int_equal(rule->trigger, AGREEMENT_ON_EVENT);
    assert_int_equal(rule->types,
                     type_bit("damage_inspection_planned") | type_bit("damage_inspection_done"));
    assert_int_equal(rule->publishers, SL_IMG);
    const struct agreement_condition *any = rule->condition;
    assert_int_equal(any->test, AGREEMENT_ANY);
    assert_int_equal(any->part_count, 4);
    assert_int_equal(any->parts[0]->test, AGREEMENT_AWAITED);
    assert_int_equal(any->parts[0]->rules.count, 2);
    assert_string_equal(agreement->rules[any->parts[0]->rules.items[1]].name,
                        "inspection-reported");
    assert_int_equal(any->parts[1]->test, AGREEMENT_ALL);
    assert_int_equal(any->parts[1]->parts[1]->test, AGREEMENT_AWAITS);
    assert_int_equal(any->parts[1]->parts[1]->types, type_bit("damage_inspection_done"));
    assert_int_equal(any->parts[2]->fact, fact_of(agreement, "complex"));
    assert_int_equal(any->parts[2]->three, 1u << AGREEMENT_YES);

    assert_int_equal(rule->outcome_count, 5);
    const struct agreement_outcome *release = &rule->outcomes[0];
    assert_int_equal(release->kind, AGREEMENT_RELEASE);
    assert_string_equal(release->text, "rescheduled");
    assert_int_equal(release->only_if->test, AGREEMENT_EVENT_IS);
    const struct agreement_outcome *forward = &rule->outcomes[1];
    assert_int_equal(forward->to.whom, AGREEMENT_PARTICIPANT);
    assert_string_equal(forward->to.name, "ncg");
    assert_int_equal(forward->to.role, SL_BACK_OFFICE);
    assert_int_equal(forward->disclosure_count, 3);
    assert_int_equal(forward->disclosures[2].section, SL_FINDINGS);
    assert_null(forward->disclosures[1].where);
    assert_int_equal(forward->disclosures[2].where->part_count, 2);
    const struct agreement_outcome *expect = &rule->outcomes[2];
    assert_int_equal(expect->types, type_bit("damage_inspection_done"));
    assert_true(expect->continuing);
    assert_string_equal(expect->term.after, "date");
    assert_int_equal(expect->term.count, 5);
    assert_int_equal(expect->term.unit, AGREEMENT_WORKING_DAYS);
    assert_string_equal(expect->mark, "assumed");
    assert_int_equal(expect->level_count, 1);
    assert_string_equal(expect->levels[0].to[0].name, "img");
    assert_int_equal(expect->levels[0].to[0].role, SL_INCIDENT_OFFICER);
    agreement_free(agreement);
}

static void instructions_and_their_expectations(void **state)
{
    (void)state;
    struct agreement *agreement = real_one();
    const struct agreement_rule *acute = rule_of(agreement, "acute-both-at-once");
    assert_int_equal(acute->outcome_count, 7);
    assert_int_equal(acute->publishers, SL_IMG | SL_NCG | SL_MUNICIPALITY);
    assert_true(acute->outcomes[3].receipt);
    assert_int_equal(acute->outcomes[3].types, 0);
    assert_string_equal(acute->outcomes[4].what->name, "review_planning");
    assert_false(acute->outcomes[4].carries_deadline);
    assert_string_equal(acute->outcomes[5].what->name, "secure_building");
    assert_true(acute->outcomes[5].carries_deadline);
    assert_string_equal(acute->outcomes[6].mark, "practice");
    assert_true(acute->outcomes[6].met_by_either);
    assert_int_equal(acute->outcomes[6].awaited_count, 2);
    assert_string_equal(sl_type_at(acute->outcomes[6].awaited[0])->name, "safety_secured");
    assert_int_equal(acute->outcomes[6].levels[0].to_count, 2);
    assert_true(acute->outcomes[2].disclosures[4].without_consent);
    const struct agreement_rule *advise = rule_of(agreement, "advise-the-municipality");
    assert_string_equal(advise->outcomes[0].about, "municipality");
    assert_string_equal(advise->outcomes[1].about, "municipality");
    const struct agreement_rule *team = rule_of(agreement, "team-decides");
    assert_int_equal(team->outcomes[1].to.whom, AGREEMENT_NAMED_BY);
    assert_true(team->outcomes[1].carries_deadline);
    assert_string_equal(team->outcomes[2].term.by, "due");
    assert_int_equal(team->outcomes[2].term.otherwise->count, 20);
    assert_int_equal(team->otherwise_count, 1);
    assert_int_equal(team->otherwise[0].kind, AGREEMENT_WITHHOLD);
    agreement_free(agreement);
}

static void tests_and_turns(void **state)
{
    (void)state;
    struct agreement *agreement = real_one();
    const struct agreement_rule *ends = rule_of(agreement, "concurrence-ends");
    assert_int_equal(ends->trigger, AGREEMENT_ON_TURN);
    assert_int_equal(ends->turn_count, 2);
    assert_true(ends->turns[0].ceases);
    assert_int_equal(ends->turns[1].fact, fact_of(agreement, "open_damage_case"));
    assert_int_equal(ends->turns[1].value, AGREEMENT_YES);
    assert_int_equal(rule_of(agreement, "joint-list")->trigger, AGREEMENT_ON_LIST);
    const struct agreement_rule *wish = rule_of(agreement, "joint-by-consent");
    assert_string_equal(wish->condition->parts[1]->name, "wants_joint_handling");
    assert_int_equal(wish->condition->parts[1]->fact, fact_of(agreement, "wants_joint_handling"));
    assert_int_equal(wish->condition->parts[2]->fact, -1);
    assert_int_equal(wish->condition->parts[2]->three, 1u << AGREEMENT_NO);
    const struct agreement_rule *question = rule_of(agreement, "question-to-contact-person");
    assert_int_equal(question->condition->parts[1]->test, AGREEMENT_PURPOSE_AGREED);
    const struct agreement_outcome *asked = &question->outcomes[1];
    assert_int_equal(asked->level_count, 2);
    assert_null(asked->levels[0].where);
    assert_int_equal(asked->levels[1].where->test, AGREEMENT_LISTED);
    assert_int_equal(asked->levels[1].to[0].whom, AGREEMENT_BOTH);
    const struct agreement_outcome *first = &rule_of(agreement, "ask-first")->outcomes[3];
    assert_int_equal(first->unknown_count, 2);
    assert_string_equal(first->unknowns[1].text, "the delay");
    assert_int_equal(first->unknowns[1].fact, -1);
    const struct agreement_condition *consent =
        rule_of(agreement, "consent-to-data")->outcomes[3].only_if->parts[1];
    assert_int_equal(consent->sections, sl_section_bit(SL_RESIDENT));
    assert_int_equal(consent->who.whom, AGREEMENT_OTHER);
    int64_t day = 0;
    assert_int_equal(sl_date_parse(&day, sl_text("2020-09-01")), 0);
    assert_int_equal(rule_of(agreement, "scheme-question")->condition->parts[0]->parts[1]->day,
                     day);
    assert_true((agreement->role_tested & type_bit("dossier_question")) != 0);
    assert_true((agreement->role_tested & type_bit("complex_case_closed")) == 0);
    assert_true((agreement->answering & type_bit("work_stock_changed")) != 0);
    assert_true((agreement->answering & type_bit("structural_damage_found")) != 0);
    assert_true((agreement->answering & type_bit("works_done")) == 0);
    agreement_free(agreement);
}

static void small_agreements(void **state)
{
    (void)state;
    struct agreement *empty = read_text("");
    assert_int_equal(empty->rule_count, 0);
    assert_int_equal(empty->future_tolerance, SL_FUTURE_TOLERANCE);
    assert_int_equal(empty->area_fact, -1);
    assert_string_equal(empty->name, "");
    agreement_free(empty);
    struct agreement *small = read_text(
        "inform residents within 20 working days\nfuture tolerance 2 hours\n"
        "agreement \"x\" version 3 in force from 2021-02-01T00:00:30.5Z\n"
        "free days 2022-05-27, 2021-05-14\n"
        "rule only when works_done from ncg or municipality # odd\n log \"x\"\n");
    assert_int_equal(small->inform_residents, 20);
    assert_int_equal(small->future_tolerance, 2 * SL_HOUR);
    assert_true(small->free_days[0] < small->free_days[1]);
    assert_int_equal(small->rules[0].publishers, SL_NCG | SL_MUNICIPALITY);
    assert_int_equal(small->rules[0].clause_count, 0);
    assert_string_equal(small->rules[0].mark, "odd");
    assert_int_equal(small->rules[0].place.line, 5);
    agreement_free(small);
}

/* ---------------------------------------------------------------- made to hurt */

/* Reads, whatever comes of it; gives the number of lines of findings. */
static size_t survive(const void *data, size_t size)
{
    struct agreement *agreement = NULL;
    struct sl_buffer findings = {0};
    int result = agreement_read(&agreement, "f", sl_bytes(data, size), &findings);
    size_t lines = 0;
    for (size_t i = 0; i < findings.size; i++)
        lines += findings.data[i] == '\n';
    assert_true((result == 0) == (lines == 0));
    assert_true((result == 0) == (agreement != NULL));
    assert_true(lines <= AGREEMENT_FINDINGS_MAX);
    agreement_free(agreement);
    sl_buffer_free(&findings);
    return lines;
}

/* What could be read after all can also be checked and shown. */
static void use(struct sl_bytes text)
{
    struct agreement *agreement = NULL;
    struct sl_buffer out = {0};
    if (agreement_read(&agreement, "f", text, &out) == 0) {
        (void)agreement_check(agreement, &out);
        agreement_print_table(&out, agreement);
        agreement_print_graph(&out, agreement);
        assert_true(out.size > 0);
    }
    agreement_free(agreement);
    sl_buffer_free(&out);
}

/* Where the first rule at or after `from` begins; the end of the text where there is none. */
static size_t rule_after(struct sl_bytes text, size_t from)
{
    static const char begin[] = "\nrule ";
    const uint8_t *at = memmem(text.data + from, text.size - from, begin, sizeof begin - 1);
    return at == NULL ? text.size : (size_t)(at - text.data) + 1;
}

/*
 * Settings and one rule, cut at every byte; and, since that leaves out what a rule says of others,
 * the whole text at every seventh.
 */
static void cut_at_every_byte(void **state)
{
    (void)state;
    struct sl_buffer whole = text_of("router/agreement.rules");
    struct sl_buffer cut = {0};
    struct sl_bytes text = sl_buffer_bytes(&whole);
    size_t settings = rule_after(text, 0);
    for (size_t size = 0; size <= settings; size++)
        (void)survive(text.data, size);
    for (size_t rule = settings; rule < text.size; rule = rule_after(text, rule)) {
        sl_buffer_clear(&cut);
        sl_buffer_add(&cut, text.data, settings);
        for (size_t i = rule; i < rule_after(text, rule); i++) {
            sl_buffer_add(&cut, &text.data[i], 1);
            (void)survive(cut.data, cut.size);
        }
    }
    for (size_t size = 0; size <= text.size; size += 7)
        (void)survive(text.data, size);
    sl_buffer_free(&cut);
    sl_buffer_free(&whole);
}

/* A word less, a word twice, a byte changed: every so many bytes of the real one. */
static void bent_everywhere(void **state)
{
    (void)state;
    struct sl_buffer text = text_of("router/agreement.rules");
    struct sl_buffer bent = {0};
    uint64_t random = 1;
    for (size_t at = 0; at + 16 < text.size; at += 41) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        sl_buffer_clear(&bent);
        sl_buffer_add(&bent, text.data, at);
        if ((random >> 62) == 0)
            sl_buffer_add(&bent, &text.data[(random >> 33) % (text.size - 16)], 16);
        sl_buffer_add(&bent, text.data + at + (random >> 60), text.size - at - (random >> 60));
        bent.data[at] ^= (uint8_t)((random >> 62) == 1 ? random >> 40 : 0);
        (void)survive(bent.data, bent.size);
        use(sl_buffer_bytes(&bent));
    }
    for (size_t size = 0; size <= text.size; size += 101)
        use(sl_bytes(text.data, size));
    sl_buffer_free(&bent);
    sl_buffer_free(&text);
}

static void repeat(struct sl_buffer *text, const char *piece, size_t times)
{
    for (size_t i = 0; i < times; i++)
        sl_buffer_add(text, piece, strlen(piece));
}

static void expect_findings(struct sl_buffer *text, size_t lines)
{
    assert_int_equal(survive(text->data, text->size), lines);
    sl_buffer_clear(text);
}

static void too_much(void **state)
{
    (void)state;
    struct sl_buffer text = {0};
    repeat(&text, "# more\n", AGREEMENT_TEXT_MAX / 7 + 1);
    expect_findings(&text, 1);
    repeat(&text, "rule a log\n", 100); /* a mistake each */
    expect_findings(&text, AGREEMENT_FINDINGS_MAX);
    repeat(&text, "rule a when works_done log \"x\"\n", AGREEMENT_RULES_MAX + 1);
    expect_findings(&text, AGREEMENT_FINDINGS_MAX);
    sl_buffer_printf(&text, "facts a");
    repeat(&text, ", b", AGREEMENT_FACTS_MAX);
    sl_buffer_printf(&text, " start no");
    expect_findings(&text, 1);
    sl_buffer_printf(&text, "facts a start no rule b when works_done and ");
    repeat(&text, "any of (", AGREEMENT_DEPTH_MAX - 1);
    sl_buffer_printf(&text, "a");
    repeat(&text, ")", AGREEMENT_DEPTH_MAX - 1);
    expect_findings(&text, 0);
    sl_buffer_printf(&text, "facts a start no rule b when works_done and ");
    repeat(&text, "any of (", AGREEMENT_DEPTH_MAX);
    sl_buffer_printf(&text, "a");
    repeat(&text, ")", AGREEMENT_DEPTH_MAX);
    expect_findings(&text, 1);
    sl_buffer_printf(&text, "rule b when works_done and ");
    repeat(&text, "any of (", 30000); /* deeper than the parser's stack */
    expect_findings(&text, 1);
    sl_buffer_printf(&text, "free days 2021-01-01");
    repeat(&text, ",2021-01-01", 20000);
    expect_findings(&text, 0);
    sl_buffer_printf(&text, "rule b when works_done remember a");
    repeat(&text, ", unknown_words_take_long_to_compare", 7000);
    expect_findings(&text, AGREEMENT_FINDINGS_MAX);
    sl_buffer_add(&text, "rule a\0b", 8);
    expect_findings(&text, 1);
    sl_buffer_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_of_the_agreement),
        cmocka_unit_test(hash_of_the_agreement),
        cmocka_unit_test(quotations_are_the_letters),
        cmocka_unit_test(the_survey_rule),
        cmocka_unit_test(instructions_and_their_expectations),
        cmocka_unit_test(tests_and_turns),
        cmocka_unit_test(small_agreements),
        cmocka_unit_test(cut_at_every_byte),
        cmocka_unit_test(bent_everywhere),
        cmocka_unit_test(too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
