/* Wrong agreements: each is refused with exactly this sentence at exactly this place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "router/language/agreement.h"

/* Two facts and a rule to be spoken of; its text begins on line 3. */
#define BEFORE                                                                                     \
    "facts acute, complex, in_work_stock, joint start no\nrule first when acute_unsafe log "       \
    "\"x\"\n"
#define RULE BEFORE "rule second\n  when acute_unsafe\n"

#define WORDS_16 "with these words"
#define WORDS_64 WORDS_16 WORDS_16 WORDS_16 WORDS_16
#define WORDS_256 WORDS_64 WORDS_64 WORDS_64 WORDS_64

static const struct {
    const char *text;
    const char *findings;
} wrong[] = {
    /* letters and words */
    {"facts acute start no\n\x01", "f:2:1: a character that is not UTF-8 text\n"},
    {"# caf\xe9\n", "f:1:6: a character that is not UTF-8 text\n"},
    {"facts a start no # \xed\xa0\x80", "f:1:20: a character that is not UTF-8 text\n"},
    {RULE "  log \"never closed\n",
     "f:5:7: unexpected: a text without its closing quote; expected a text in quotes\n"},
    {RULE "  log \"é\" §\n", "f:5:11: unexpected: a character that no word has\n"},
    {"rule Second\n", "f:1:6: unexpected: a character that no word has; expected a name\n"},
    /* grammar */
    {RULE "  forwrd to ncg\n", "f:5:3: unexpected forwrd; did you mean forward?\n"},
    {RULE "  remember acute wen complex\n", "f:5:18: unexpected wen\n"},
    {RULE "  forward ncg\n", "f:5:11: unexpected ncg; expected to\n"},
    {RULE "  expect safety_secured from img within 48 weeks\n",
     "f:5:44: unexpected weeks; expected hours, minutes or working\n"},
    {RULE "  expect safety_secured from img\n",
     "f:5:33: unexpected: the end of the file; expected by or within\n"},
    {RULE "  log \"x\" if not acute\n", "f:5:14: \"not acute\" leaves open whether unknown counts; "
                                        "say \"acute is no\" or \"acute is not yes\"\n"},
    {RULE "  log \"x\" if any of (acute, complex\n",
     "f:5:36: unexpected: the end of the file; expected ',' or ')'\n"},
    {RULE "  log \"x\" if any (acute, complex)\n", "f:5:18: unexpected (; expected of\n"},
    {BEFORE "rule second\n  clause C2 when acute_unsafe\n  log \"x\"\n",
     "f:4:13: unexpected when; expected a text in quotes\n"},
    {BEFORE "rule second\n  log \"x\"\nrule third when safty_secured log \"x\"\n",
     "f:4:3: unexpected log; expected clause or when\n"
     "f:5:17: safty_secured is no event type; did you mean safety_secured?\n"},
    {"participants img ncg\n", "f:1:18: unexpected ncg\n"},
    {"agreement \"x\" version 1 in force from 2021-02-01\n",
     "f:1:39: unexpected 2021-02-01; expected a moment\n"},
    /* numbers, dates, moments */
    {"agreement \"x\" version 0 in force from 2021-02-01T00:00Z\n",
     "f:1:23: a number from 1 to 9999 is wanted here\n"},
    {"agreement \"x\" version 1 in force from 2021-02-30T00:00Z\n",
     "f:1:39: 2021-02-30T00:00Z is no moment\n"},
    {"agreement \"x\" version 1 in force from 2021-02-01T00:00Z review by 2021-13-01\n",
     "f:1:67: 2021-13-01 is no date\n"},
    {"free days 2021-05-14, 2021-02-29\n", "f:1:23: 2021-02-29 is no date\n"},
    {RULE "  expect safety_secured from img within 99999999999999999999 hours\n",
     "f:5:41: a number from 1 to 9999 is wanted here\n"},
    /* settings */
    {"participants img, gm14, knmi\n",
     "f:1:19: gm14 is no participant; img, ncg and municipalities as gm0014 are\n"
     "f:1:25: knmi is no participant; img, ncg and municipalities as gm0014 are\n"},
    {"participants img, ncg, optional img\n",
     "f:1:33: the participant img stands here a second time\n"},
    {"ncg area gm0014, groningen\n", "f:1:18: groningen is no municipality as gm0014 is\n"},
    {"facts acute start maybe\n", "f:1:19: a fact starts yes, no or unknown, not maybe\n"},
    {"facts acute, complex, acute start no\n",
     "f:1:23: the fact acute stands here a second time\n"},
    {"purposes safety on vital_intrest\n",
     "f:1:20: vital_intrest is no legal basis; public_task, vital_interest and consent are\n"},
    {"steps damage_inspection_planned then damage_inspection_don\n",
     "f:1:38: damage_inspection_don is no event type; did you mean damage_inspection_done?\n"},
    {"facts acute start no\nlist priority 1 if publisher is img\n",
     "f:2:20: there is no event here that could be asked\n"},
    {"agreement \"a\" version 1 in force from 2021-02-01T00:00Z\n"
     "agreement \"b\" version 1 in force from 2021-02-01T00:00Z\n",
     "f:2:1: a second agreement in this file\n"},
    /* names */
    {BEFORE "rule second when acute_unsave log \"x\"\n",
     "f:3:18: acute_unsave is no event type; did you mean acute_unsafe?\n"},
    {BEFORE "rule second when structural_damage_found from imgg log \"x\"\n",
     "f:3:47: imgg is no publisher; img, ncg and municipality are\n"},
    {RULE "  remember acutee\n", "f:5:12: acutee is no fact; did you mean acute?\n"},
    {RULE "  log \"x\" if in_workstock is no\n",
     "f:5:14: in_workstock is neither a fact nor an attribute of acute_unsafe; did you mean "
     "in_work_stock?\n"},
    {RULE "  log \"x\" if certainty is establised\n",
     "f:5:27: establised is no value of certainty; did you mean established?\n"},
    {RULE "  log \"x\" if complex is joint\n", "f:5:25: joint is no value of complex\n"},
    {RULE "  log \"x\" if role is contact_persn\n",
     "f:5:22: contact_persn is no role; did you mean contact_person?\n"},
    {RULE "  log \"x\" if publisher is gm0014\n",
     "f:5:27: gm0014 is no publisher; img, ncg and municipality are\n"},
    {RULE "  log \"x\" if awaited by frist\n", "f:5:25: frist is no rule; did you mean first?\n"},
    {RULE "  log \"x\" if asked needs_residents\n",
     "f:5:35: unexpected: the end of the file; expected is\n"},
    {RULE "  log \"x\" if event says joint is yes\n",
     "f:5:25: joint is no attribute of the rule's events\n"},
    {RULE "  log \"x\" if certainty\n", "f:5:14: certainty is no yes or no; say what it is\n"},
    {RULE "  log \"x\" if dossiers was disclosed to ncg\n",
     "f:5:14: dossiers is no section; did you mean dossier?\n"},
    {RULE "  forward to othr disclosing location\n",
     "f:5:14: othr is nobody that a rule can name; did you mean other?\n"},
    {RULE "  forward to other joint_teem disclosing location\n",
     "f:5:20: joint_teem is no role; did you mean joint_team?\n"},
    {RULE "  forward to other disclosing location, findingz\n",
     "f:5:41: findingz is no section; did you mean findings?\n"},
    {RULE "  forward to other disclosing note, location, note\n",
     "f:5:47: note is disclosed twice\n"},
    {RULE "  instruct img to secure_bilding\n",
     "f:5:19: secure_bilding is no instruction; did you mean secure_building?\n"},
    {RULE "  instruct img to concurrence_detected\n",
     "f:5:19: concurrence_detected is no instruction\n"},
    {RULE "  instruct img to secure_building about date\n",
     "f:5:41: date is no attribute of the rule's events\n"},
    {RULE "  notify both of secure_building\n", "f:5:18: secure_building is no notice\n"},
    {RULE "  expect safety_securd from img within 1 hour\n",
     "f:5:10: safety_securd is no event type; did you mean safety_secured?\n"},
    {RULE "  expect safety_secured from img within 1 working day after date\n",
     "f:5:61: date is no attribute of acute_unsafe with a date\n"},
    {RULE "  expect safety_secured from img within 1 hour\n"
          "    else escalate to img where joint, ncg\n",
     "f:6:39: a where stands at the end of its level; say then for another\n"},
    {RULE "  apply frst\n", "f:5:9: frst is no rule; did you mean first?\n"},
    {RULE "  restrict\n", "f:5:3: this sets the fact restricted, which is not declared\n"},
    {RULE "  prioritise\n", "f:5:3: the rule's events have no attribute priority\n"},
    {RULE "  withhold because \"x\" naming wish \"the wish\"\n",
     "f:5:31: wish is neither a fact nor an attribute of acute_unsafe\n"},
    {BEFORE "rule first when acute_unsafe log \"x\"\n",
     "f:3:6: the rule first stands here a second time\n"},
    {BEFORE "rule second when the list changes log \"x\" if publisher is img\n",
     "f:3:46: there is no event here that could be asked\n"},
    {BEFORE "rule second when acut becomes yes log \"x\"\n",
     "f:3:18: acut is no fact; did you mean acute?\n"},
    {BEFORE "rule second when safety_secured forward to municipality\n",
     "f:3:44: no municipality is named by safety_secured\n"},
    {BEFORE "rule second when damage_inspection_planned log \"x\" if date is soon\n",
     "f:3:63: soon is no value of date\n"},
    {RULE "  apply third\nrule third when safety_secured otherwise apply first, second\n",
     "f:3:6: the rule second applies itself in the end\n"
     "f:6:6: the rule third applies itself in the end\n"},
    {RULE "  expect safety_secured or works_done or safety_secured from img within 1 hour\n",
     "f:5:42: safety_secured is awaited twice\n"},
    {BEFORE "rule second\n  clause C2 \"" WORDS_256 WORDS_256 "\" \"" WORDS_256 WORDS_256
            "\" when acute_unsafe\n  log \"x\"\n",
     "f:4:10: a quotation of more than 1024 bytes\n"},
    /* reading goes on */
    {RULE "  remeber acute\n  forward to nbg\n  log \"fine\"\nrule third\n  wen acute_unsafe\n"
          "  log \"x\"\nrule fourth when safety_secured apply second, third, fifth\n",
     "f:5:3: unexpected remeber; did you mean remember?\n"
     "f:6:14: nbg is nobody that a rule can name; did you mean ncg?\n"
     "f:9:3: unexpected wen; did you mean when?\n"
     "f:11:54: fifth is no rule\n"},
};

static void check(const char *text, size_t size, const char *wanted)
{
    struct agreement *agreement = NULL;
    struct sl_buffer findings = {0};
    assert_int_equal(agreement_read(&agreement, "f", sl_bytes(text, size), &findings), -1);
    assert_null(agreement);
    sl_buffer_add(&findings, "", 1);

    assert_string_equal((const char *)findings.data, wanted);
    sl_buffer_free(&findings);
}

static void wrong_agreements(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        check(wrong[i].text, strlen(wrong[i].text), wrong[i].findings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_agreements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
