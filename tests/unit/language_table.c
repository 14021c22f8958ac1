/* The decision table: what a lawyer reads of a rule is what the rule says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "router/language/print.h"

/* A text, and lines that its table must have. */
struct sample {
    const char *text;
    const char *lines[12];
};

static const struct sample samples[] = {
    {"agreement \"Odd | one\" version 7 in force from 2021-02-01T00:00+01:00 review by 2022-02-01\n"
     "participants img, optional gm0014\nncg area gm0014\nfree days 2021-05-14\n"
     "facts complex start no\npurposes safety on vital_interest\n"
     "list priority 1 if complex\ninform residents within 20 working days\n",
     {"# Odd | one, version 7\n",
      "In force from 2021-02-01, 0:00 in Groningen, to be reviewed by 2022-02-01.",
      "- Participants: img, gm0014 (if it wishes)\n", "- NCG's working area: gm0014\n",
      "- Free days besides the general ones: 2021-05-14\n",
      "- An event may be dated at most 5 minutes ahead\n",
      "- Remembered of a house, and how it starts: complex (no)\n",
      "- Purposes of a question, and their basis: safety (vital_interest)\n",
      "- The joint team's list, priority 1: complex is yes\n",
      "- A resident whose data crossed is told within 20 working days\n", "## Signed\n"}},
    {"facts complex, joint start no\n"
     "rule first # R01\n  clause C1 \"of | in\" clause C2 \"die\"\n"
     "  when acute_unsafe or safety_secured from img and complex and none of (joint, all of "
     "(joint, complex))\n"
     "  forward to other incident_officer disclosing location, note without consent,\n"
     "    findings where joint is not no if publisher is not municipality\n"
     "  expect safety_secured or acute_unsafe_dismissed from img met by either within 1 hour # "
     "practice\n"
     "    else escalate to img, then both joint_team where listed\n"
     "  otherwise withhold because \"so\" naming joint \"the joint\"\n",
     {"| R01 first | C1 “of \\| in”; C2 “die” | acute unsafe or safety secured from IMG, and "
      "complex "
      "is yes and (neither joint is yes nor (joint is yes and complex is yes)) | forward to the "
      "incident officer of the other organisation: location, note (without consent), findings "
      "(where joint is not no), if the publisher is not a municipality |  |  |\n",
      "|  |  |  | expect safety secured or acute unsafe dismissed from IMG, met by either | 1 "
      "hour; if "
      "late, tell IMG; a working day later the joint team of IMG and NCG (where the house is on "
      "the "
      "joint team's list) | practice |\n",
      "|  |  | otherwise | withhold: \"so\", naming what is unknown of: the joint |  |  |\n"}},
    {"facts joint, restricted start no\n"
     "rule a when joint becomes yes or joint ceases to be unknown and overdue\n"
     "  notify both of concurrence_detected because \"x\" daily on initial load if initial load\n"
     "rule b when the list changes\n  log \"y\" since joint if listed\n"
     "rule c when joint_team_decision\n"
     "  instruct addressed_to to execute_joint_team_decision if addressed_to names other\n"
     "  expect joint_team_decision_executed from addressed_to by due else within 20 working days "
     "continuing\n"
     "  release a, b awaiting works_done from publisher because \"z\" if since 2021-11-15\n"
     "  release the question because \"z\" if not awaited by a or b\n",
     {"| a |  | joint becomes yes or joint ceases to be unknown, and something is overdue | notify "
      "IMG "
      "and NCG: concurrence detected, because \"x\" (during the initial load once a day), if it "
      "belongs "
      "to the initial load |  |  |\n",
      "| b |  | the joint team's list changes | note \"y\", with the number of the event that set "
      "joint, if the house is on the joint team's list |  |  |\n",
      "| c |  | joint team decision | instruct whom addressed to names: execute joint team "
      "decision, "
      "if addressed to names the other organisation |  |  |\n",
      "|  |  |  | expect joint team decision executed from whom addressed to names, going on from "
      "the "
      "question | the end of due, or without one 20 working days; if late, tell the incident "
      "officer "
      "of whom addressed to names |  |\n",
      "|  |  |  | release what was asked by a and b of the publisher, awaiting works done: \"z\", "
      "if it "
      "comes on or after 2021-11-15 |  |  |\n",
      "|  |  |  | release the question that it answers: \"z\", if it is not awaited by a or b |  | "
      " |\n"}},
    {"facts restricted start no\n"
     "rule d when dossier_question and role is not contact_person and purpose is not agreed\n"
     "  restrict if d awaits dossier_answer\n  lift if resident was disclosed to publisher\n"
     "  forward to publisher if event is not works_done or works_planned\n"
     "rule e when joint_team_priority_set prioritise apply d continuing\n"
     "  instruct ncg to advise_municipality\n  join d awaiting dossier_answer\n"
     "rule f when dossier_answer log \"p\" if asked needs_resident is yes or no\n"
     "  log \"q\" if event says outcome is not answered or refused\n"
     "rule g when municipality_advised forward to municipality else log \"r\"\n"
     "  instruct ncg to advise_municipality about municipality\n"
     "  expect receipt from ncg within 30 minutes\n  remember not restricted\n",
     {"| d |  | dossier question, and the publisher's role is not contact person and its purpose "
      "is "
      "not agreed | restrict the use of data, for the publisher, if d awaits dossier answer |  |  "
      "|\n",
      "|  |  |  | lift the publisher's restriction, if resident was disclosed to the publisher |  "
      "|  |\n",
      "|  |  |  | forward to the publisher: that it happened, no more, if the event is not works "
      "planned or works done |  |  |\n",
      "| e |  | joint team priority set | set the priority on the joint team's list |  |  |\n",
      "|  |  |  | as if asked now: d, going on from the question |  |  |\n",
      "|  |  |  | ask too for what was asked by d: dossier answer |  |  |\n",
      "| f |  | dossier answer | note \"p\", if of the question needs resident is yes or no |  |  "
      "|\n",
      "|  |  |  | note \"q\", if the event says outcome is not answered or refused |  |  |\n",
      "| g |  | municipality advised | forward to the municipality: that it happened, no more; if "
      "it "
      "takes no part, note \"r\" |  |  |\n",
      "|  |  |  | instruct NCG: advise municipality (once for each municipality) |  |  |\n",
      "|  |  |  | expect the receipt from NCG | 30 minutes; if late, tell the incident officer of "
      "NCG |  "
      "|\n",
      "|  |  |  | remember: restricted is no |  |  |\n"}},
};

typedef void printer(struct sl_buffer *out, const struct agreement *agreement);

static void check(const struct sample *sample, printer *print)
{
    struct agreement *agreement = NULL;
    struct sl_buffer out = {0};
    if (agreement_read(&agreement, "f", sl_text(sample->text), &out) < 0)
        fail_msg("%.*s", (int)out.size, (const char *)out.data);
    print(&out, agreement);
    sl_buffer_add(&out, "", 1);
    for (size_t i = 0; i < 12 && sample->lines[i] != NULL; i++) {
        if (strstr((const char *)out.data, sample->lines[i]) == NULL)
            fail_msg("missing: %sin:\n%s", sample->lines[i], (const char *)out.data);
    }
    sl_buffer_free(&out);
    agreement_free(agreement);
}

static void tables_say_what_rules_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++)
        check(&samples[i], agreement_print_table);
}

static const struct sample flow = {
    "facts joint start no\n"
    "rule a when acute_unsafe # R01\n  forward to other incident_officer disclosing note, "
    "location\n"
    "  expect safety_secured from img within 48 hours apply b\n"
    "rule b when joint becomes yes otherwise notify both of concurrence_detected\n",
    {"digraph agreement {\n", "  \"a\" [shape=box, label=\"R01\\na\"]\n",
     "  \"acute_unsafe\" -> \"a\"\n",
     "  \"a\" -> \"the incident officer of the other organisation\" [style=bold, "
     "label=\"location,note\"]\n",
     "  \"the incident officer of the other organisation\" [shape=house]\n",
     "  \"a\" -> \"safety_secured\" [style=dotted, label=\"IMG: 48 hours; if late, tell the "
     "incident "
     "officer of IMG\"]\n",
     "  \"a\" -> \"b\" [label=\"applies\"]\n", "  \"joint becomes yes\" -> \"b\"\n",
     "  \"b\" -> \"IMG and NCG\" [style=dashed, label=\"concurrence_detected\"]\n", "}\n"}};

static void the_flow_is_drawn(void **state)
{
    (void)state;
    check(&flow, agreement_print_graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_say_what_rules_say),
        cmocka_unit_test(the_flow_is_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
