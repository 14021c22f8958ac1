/* The core after each scenario, moved into an image and out of it: it is the same to the byte, and
 * whatever falls due in the next years gives the same lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <glob.h>

#include "router/core/state.h"
#include "router/tool/scenario.h"
#include "router/tool/scenario_parts.h"
#include "tests/unit/image.h"

enum { AGREEMENTS_MAX = 16 };

/* A core that was told the same agreements. */
static struct core *like(const struct core *core)
{
    const struct agreement *agreements[AGREEMENTS_MAX] = {NULL};
    struct core_participant who[SL_MAX_PARTICIPANTS];
    size_t count = 0;
    for (const struct terms *at = core->terms; at != NULL; at = at->older) {
        assert_true(count < AGREEMENTS_MAX);
        agreements[count++] = at->agreement;
    }
    for (size_t i = 0; i < core->participant_count; i++)
        who[i] = (struct core_participant){core->participants[i].name, core->participants[i].roles};
    struct core *made = core_new(agreements[--count], who, core->participant_count);
    while (count > 0)
        core_agreement(made, agreements[--count], who, core->participant_count);
    return made;
}

static void say_what_falls_due(struct core *core, int64_t until, struct sl_buffer *out)
{
    struct core_decision decision;
    core_obligations(core, &decision);
    write_lines_of(out, &decision);
    while (core_tick(core, until, &decision))
        write_lines_of(out, &decision);
    core_obligations(core, &decision);
    write_lines_of(out, &decision);
}

static void goes_through_an_image(const char *path, size_t *obligations)
{
    struct sl_error error = {0};
    char rules[4096];
    (void)snprintf(rules, sizeof rules, "%s/router/agreement.rules", root());
    struct scenario_agreements agreements = {.first = rules};
    struct scenario *scenario = scenario_new(&agreements, &error);
    assert_non_null(scenario);
    if (scenario_play(scenario, path, &error) < 0 || scenario->core == NULL) {
        scenario_free(scenario); /* one that is about its own mistakes */
        return;
    }
    struct core *copy = like(scenario->core);
    struct held one, other;
    core_image(scenario->core, held_write(&one));
    core_image(copy, held_read(&one));
    assert_false(one.image.failed);
    assert_int_equal(one.image.left, 0);
    core_image(copy, held_write(&other));
    same(&one.bytes, &other.bytes);
    struct core_figures figures;
    core_figures(copy, &figures);
    *obligations += figures.obligations;
    struct sl_buffer said = {0}, again = {0};
    int64_t until = scenario->at + INT64_C(700) * 24 * 60 * 60 * 1000;
    say_what_falls_due(scenario->core, until, &said);
    say_what_falls_due(copy, until, &again);
    same(&said, &again);
    core_free(copy);
    scenario_free(scenario);
    sl_buffer_free(&one.bytes);
    sl_buffer_free(&other.bytes);
    sl_buffer_free(&said);
    sl_buffer_free(&again);
}

static void a_core_is_the_same_behind_its_image(void **state)
{
    (void)state;
    glob_t found = {0};
    size_t obligations = 0;
    char pattern[4096];
    (void)snprintf(pattern, sizeof pattern, "%s/tests/replay/*.jsonl", root());
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++)
        goes_through_an_image(found.gl_pathv[i], &obligations);
    assert_in_range(found.gl_pathc, 20, 1000);
    assert_in_range(obligations, 20, 100000);
    globfree(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_core_is_the_same_behind_its_image),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
