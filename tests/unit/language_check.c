/* The real agreement is sound; a change to it that makes it unsound is found where it was made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "router/language/check.h"
#include "schemas/file.h"

/*
 * Where `old` first stands, `new` stands instead; the first of `count` findings then stands where
 * `at` begins and says `sentence`, in which %d is the line of `other`.
 */
static const struct {
    const char *old;
    const char *new;
    size_t count;
    const char *at;
    const char *sentence;
    const char *other;
} changes[] = {
    /* what can never happen */
    {"    and in_work_stock\n  log \"already",
     "    and in_work_stock and in_work_stock is no\n  log \"already", 1, "already-in-work-stock ",
     "this rule can never fire: its conditions exclude each other", NULL},
    {"when safety_doubt_assessed from ncg", "when safety_doubt_assessed from img or ncg", 1,
     "doubt-assessed ", "img may publish none of the events of this rule", NULL},
    {"when scheme_information from ncg", "when scheme_information from img", 3, "agreement \"S",
     "no rule says what happens with scheme_information from ncg", NULL},
    {"log \"answers nothing yet\" if not awaited",
     "log \"answers nothing yet\" if event is works_done", 1, "log \"answers nothing yet\"",
     "this can never happen: its if does not go with what sets it off", NULL},
    {"    and role is joint_team and listed\n  prioritise",
     "    and any of (listed, none of (listed))\n  prioritise", 1,
     "withhold because \"only the joint team",
     "this otherwise can never come: the rule's condition always holds", NULL},
    {"role is contact_person and purpose is agreed",
     "role is contact_person and purpose is agreed and purpose is unknown", 3,
     "question-to-contact-person ", "this rule can never fire: its conditions exclude each other",
     NULL},
    {"  forward to img\n\nrule dismissed", "\nrule dismissed", 2, "agreement \"S",
     "no rule says what happens with planning_reviewed from ncg", NULL},
    {"    and in_work_stock\n  log \"already",
     "    and any of (in_work_stock, open_damage_case, open_scheme_case, "
     "wants_joint_handling, consents_to_data_exchange, structural_reported, acute_established, "
     "complex, harrowing, "
     "claim_declined, joint, joint_by_consent, joint_delay, ncg_finding, value_case, "
     "immaterial_case)\n  log \"already",
     1, "already-in-work-stock ", "this asks so much that not all cases can be tried", NULL},
    {"  log \"added to the open case\" if open_damage_case\n",
     "  log \"x\" if complex and none of (complex, joint)\n", 1, "log \"x\" if complex",
     "this can never happen: its if does not go with what sets it off", NULL},
    /* what nothing speaks of */
    {"when misdirected_contact", "when misdirected_contact from img", 1, "agreement \"S",
     "no rule says what happens with misdirected_contact from ncg", NULL},
    {"none of (open_scheme_case, joint, complex)",
     "none of (open_scheme_case, joint, complex, acute)", 1, "strengthening-status ",
     "with strengthening_status_changed from ncg there are cases in which nothing happens, "
     "beginning here",
     NULL},
    {"    and role is not incident_officer\n", "    and role is contact_person\n", 2,
     "harrowing-signalled ",
     "with harrowing_situation_signalled from img there are cases in which nothing happens, "
     "beginning here",
     NULL},
    {"when dossier_answer\n", "when dossier_answer from img\n", 1, "agreement \"S",
     "no rule says what happens with dossier_answer from ncg", NULL},
    /* what contradicts itself */
    {"remember not open_damage_case if event is damage_case_closed",
     "remember not open_damage_case", 1, "remember not open_damage_case",
     "this contradicts line %d: both can state open_damage_case of one event",
     "remember open_damage_case"},
    {"lift if event is data_use_restriction_lifted", "lift", 1, "lift\n",
     "this contradicts line %d: both can state restricted of one event", "restrict if"},
    {"and all of (wants_joint_handling, joint_delay is no)\n", "and wants_joint_handling\n", 1,
     "remember not joint, not joint_by_consent\n  notify both of joint_handling_ended because \"no "
     "ground",
     "this contradicts line %d: both can state joint_by_consent of one event",
     "remember joint_by_consent\n\nrule joint-ends-with"},
    /* facts */
    {"  remember ncg_finding\n", "", 1, "ncg_finding is no",
     "ncg_finding is always no: no rule sets or ends it", NULL},
    {"  remember value_case if purpose is value_depreciation\n", "", 1, "value_case is no",
     "value_case is always no: no rule sets or ends it", NULL},
    {"  remember consents_to_data_exchange if value is yes\n", "", 1,
     "consents_to_data_exchange start",
     "no rule ever gives consents_to_data_exchange a value that is asked for here", NULL},
    /* expectations */
    {"expect damage_case_opened from img", "expect damage_case_opened from ncg", 1,
     "expect damage_case_opened from ncg",
     "nothing can meet this: who owes it may not publish damage_case_opened", NULL},
    {"expect joint_handling_accepted or joint_handling_rejected from other",
     "expect damage_case_opened from other", 2, "expect damage_case_opened from other",
     "nothing can meet this: who owes it may not publish damage_case_opened", NULL},
    {"expect joint_team_decision_executed from addressed_to",
     "expect damage_case_opened from addressed_to", 2,
     "expect damage_case_opened from addressed_to",
     "nothing can meet this: who owes it may not publish damage_case_opened", NULL},
    {"awaited by ask-the-work-stock", "awaited by prompt-the-claim", 1,
     "awaited by prompt-the-claim", "prompt-the-claim awaits nothing of this kind", NULL},
    {"awaiting joint_inspection_done or case_overview", "awaiting works_done", 2,
     "release complex-cooperation, overview", "complex-cooperation awaits nothing of this kind",
     NULL},
    {"acute-outside-area awaiting safety_secured", "outside-ncg-area awaiting safety_secured", 1,
     "join acute-both", "outside-ncg-area awaits nothing of this kind", NULL},
    {"event is damage_inspection_planned, inspection-reported awaits damage_inspection_done",
     "event is damage_inspection_planned, inspection-reported awaits works_done", 1,
     "inspection-reported awaits works_done", "inspection-reported awaits nothing of this kind",
     NULL},
    /* sections, rounds, quotations, settings */
    {"disclosing scheme where open_scheme_case", "disclosing settlement where open_scheme_case", 1,
     "forward to img disclosing settlement", "the events of this rule have no section settlement",
     NULL},
    {"    and joint_by_consent\n  remember not joint_by_consent\n",
     "    and joint_by_consent\n  remember not acute\n", 2, "remember not acute\n\nrule consent",
     "a second round would start a third: joint-goes-on would fire on acute", NULL},
    {"daily on initial load", "daily on initial load\n  apply secured", 2,
     "remember not acute, not acute_established",
     "a second round would start a third: joint-goes-on would fire on acute", NULL},
    {"clause C13 \"aanwezig is\"", "clause C13 \"  \"", 1, "C13 \"  \"",
     "an empty quotation of C13", NULL},
    {"  clause C13 \"aanwezig is\"\n", "", 1, "scheme-answer ",
     "the rule scheme-answer carries out no clause", NULL},
    {"participants img, ncg", "participants img, optional ncg", 1, "agreement \"S",
     "ncg cannot be optional", NULL},
    {"participants img, ncg", "participants ncg", 1, "agreement \"S", "img takes no part", NULL},
    {"ncg area gm0014, gm1979, gm1966, gm1952, gm1895", "", 1, "in_ncg_area,",
     "in_ncg_area is taken from the ncg area, which is not said", NULL},
    {"agreement \"Samenwerkingsconvenant IMG-NCG\" version 1\n  in force from "
     "2021-02-01T00:00+01:00\n  review by 2022-02-01\n",
     "", 1, "#", "the agreement has no name, version and moment from which it is in force", NULL},
};

static struct sl_buffer real_text(void)
{
    char path[1024];
    const char *root = getenv("ROOT");
    struct sl_buffer text = {0};
    struct sl_error error = {0};
    (void)snprintf(path, sizeof path, "%s/router/agreement.rules", root == NULL ? "." : root);
    assert_int_equal(sl_file_read(&text, path, AGREEMENT_TEXT_MAX, &error), 0);
    sl_buffer_add(&text, "", 1);
    return text;
}

static struct sl_buffer changed(const char *text, const char *old, const char *new)
{
    struct sl_buffer made = {0};
    const char *at = strstr(text, old);
    if (at == NULL)
        fail_msg("the agreement has no \"%s\"", old);
    sl_buffer_printf(&made, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
    return made;
}

static void check(const char *text, size_t size, struct sl_buffer *findings, size_t *count)
{
    struct agreement *agreement = NULL;
    if (agreement_read(&agreement, "f", sl_bytes(text, size), findings) < 0)
        fail_msg("%.*s", (int)findings->size, (const char *)findings->data);
    *count = agreement_check(agreement, findings);
    sl_buffer_add(findings, "", 1);
    agreement_free(agreement);
}

static struct agreement_place place_of(const char *text, const char *needle)
{
    struct agreement_place place = {1, 1};
    const char *end = strstr(text, needle);
    if (end == NULL)
        fail_msg("the changed agreement has no \"%s\"", needle);
    for (const char *at = text; at < end; at++) {
        if (*at == '\n')
            place = (struct agreement_place){place.line + 1, 1};
        else if (((unsigned char)*at & 0xC0) != 0x80)
            place.column++;
    }
    return place;
}

static void the_agreement_is_sound(void **state)
{
    (void)state;
    struct sl_buffer text = real_text(), findings = {0};
    size_t count = 0;
    check((const char *)text.data, text.size - 1, &findings, &count);
    assert_string_equal((const char *)findings.data, "");
    assert_int_equal(count, 0);
    sl_buffer_free(&findings);
    sl_buffer_free(&text);
}

static void try_change(const char *original, size_t i)
{
    struct sl_buffer text = changed(original, changes[i].old, changes[i].new), findings = {0};
    struct sl_buffer wanted = {0};
    size_t count = 0;
    check((const char *)text.data, text.size, &findings, &count);
    sl_buffer_add(&text, "", 1);
    if (changes[i].count > 0) {
        struct agreement_place at = place_of((const char *)text.data, changes[i].at);
        int line = changes[i].other == NULL
                       ? 0
                       : place_of((const char *)text.data, changes[i].other).line;
        sl_buffer_printf(&wanted, "f:%d:%d: ", at.line, at.column);
        const char *number = strstr(changes[i].sentence, "%d");
        if (number == NULL)
            sl_buffer_printf(&wanted, "%s\n", changes[i].sentence);
        else
            sl_buffer_printf(&wanted, "%.*s%d%s\n", (int)(number - changes[i].sentence),
                             changes[i].sentence, line, number + 2);
        sl_buffer_add(&wanted, "", 1);
        const char *end = strchr((const char *)findings.data, '\n');
        if (end != NULL)
            findings.data[end + 1 - (const char *)findings.data] = '\0';
        assert_string_equal((const char *)findings.data, (const char *)wanted.data);
    }
    assert_int_equal(count, changes[i].count);
    sl_buffer_free(&wanted);
    sl_buffer_free(&findings);
    sl_buffer_free(&text);
}

static void changes_are_found(void **state)
{
    (void)state;
    struct sl_buffer text = real_text();
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++)
        try_change((const char *)text.data, i);
    sl_buffer_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_agreement_is_sound),
        cmocka_unit_test(changes_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
