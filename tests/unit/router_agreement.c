/*
 * The router with the agreement itself: what it decides on a day's events is the same, line for
 * line, however often it stops in between.
 */
#include "tests/unit/router_house.h"

#include <stdio.h>

#include "schemas/file.h"

struct step {
    int64_t hours; /* since the one before */
    uint64_t house;
    const char *type;
    const char *attributes[4][2];
    int who;
    enum sl_role role;
    uint32_t sections;
    int answers; /* the step that its causation id names, from 1; 0: none */
};

#define DOS (1u << SL_DOSSIER)
#define LOC (1u << SL_LOCATION)
#define FIN (1u << SL_FINDINGS)
#define PLA (1u << SL_PLANNING)
#define NOT (1u << SL_NOTE)

static const struct step day[] = {
    {1, 1, "damage_case_opened", {{"procedure", "maatwerk"}}, IMG, SL_BACK_OFFICE, DOS, 0},
    {1,
     2,
     "structural_damage_found",
     {{"municipality", "0014"}, {"found_at", "damage_survey"}},
     IMG,
     SL_BACK_OFFICE,
     LOC | DOS | FIN,
     0},
    {24 * 9,
     2,
     "work_stock_changed",
     {{"value", "in"}, {"reason", "answer"}},
     NCG,
     SL_BACK_OFFICE,
     DOS,
     2},
    {0,
     3,
     "acute_unsafe",
     {{"municipality", "0014"}, {"certainty", "reported"}},
     NCG,
     SL_BACK_OFFICE,
     LOC | FIN | DOS,
     0},
    {30, 3, "acute_unsafe_dismissed", {{"reason", "no_danger"}}, IMG, SL_BACK_OFFICE, DOS, 0},
    {1, 4, "harrowing_situation_signalled", {{NULL}}, IMG, SL_INCIDENT_OFFICER, DOS, 0},
    {1, 1, "strengthening_status_changed", {{"status", "plan"}}, NCG, SL_BACK_OFFICE, DOS, 0},
    {2, 1, "event_withdrawn", {{"reason", "mistake"}}, IMG, SL_BACK_OFFICE, 0, 1},
    {2, 1, "event_withdrawn", {{"reason", "mistake"}}, IMG, SL_BACK_OFFICE, 0, 1},
    {24 * 40,
     2,
     "work_stock_changed",
     {{"value", "out"}, {"reason", "strengthened"}},
     NCG,
     SL_BACK_OFFICE,
     DOS,
     0},
    {1,
     2,
     "work_stock_changed",
     {{"value", "out"}, {"reason", "strengthened"}},
     IMG,
     SL_BACK_OFFICE,
     DOS,
     0},
};
enum { STEPS = sizeof day / sizeof *day };

/* What stops the router after a step. */
enum stop { GOES_ON, CRASHES, IS_KILLED, IS_RELOADED, STOPS };

static struct sl_buffer agreement;

static void build(struct party_event *out, size_t index, int64_t at)
{
    const struct step *step = &day[index];
    party_event(out, step->who, step->type, index + 1, step->house, at);
    out->event.header.publisher_role = (Samenloop__V1__Role)step->role;
    out->event.present = step->sections;
    for (int i = SL_LOCATION; i < SL_ORIGIN; i++) {
        if ((step->sections & (1u << i)) != 0)
            out->event.sections[i] = sl_text("\x0a\x03img");
    }
    for (size_t i = 0; i < 4 && step->attributes[i][0] != NULL; i++)
        party_attribute(out, step->attributes[i][0], step->attributes[i][1]);
    if (step->answers != 0) {
        party_id(out->cause, (uint64_t)step->answers);
        out->event.header.causation_id = (ProtobufCBinaryData){SL_UUID_SIZE, out->cause};
    }
}

struct run {
    struct house house;
    uint64_t connections[PARTIES];
    struct sl_buffer lines;
    size_t refused;
};

static void collect(struct run *run)
{
    sl_buffer_add_bytes(&run->lines, router_lines(run->house.router));
}

/* Everything that is sent is answered at once, until nothing more comes. */
static void settle(struct run *run)
{
    size_t count = 1;
    while (count > 0) {
        sync_house(&run->house);
        collect(run);
        struct sl_buffer frames = {0};
        size_t sizes[64];
        int whose[64];
        const struct router_send *sends = router_sends(run->house.router, &count);
        assert_true(count < 64);
        for (size_t i = 0; i < count; i++) {
            sl_buffer_add_bytes(&frames, sends[i].frame);
            sizes[i] = sends[i].frame.size;
            whose[i] = sends[i].connection == run->connections[IMG] ? IMG : NCG;
        }
        router_sent(run->house.router);
        for (size_t i = 0, at = 0; i < count; at += sizes[i++]) {
            struct sl_error error = {0};
            const Samenloop__V1__Frame *frame = sl_wire_unpack(
                &run->house.arena, SL_WIRE_ROUTER, sl_bytes(frames.data + at, sizes[i]), &error);
            if (frame == NULL) {
                fail_msg("%s", error.text);
                abort(); /* never: fail_msg does not come back */
            }
            assert_int_not_equal(frame->body_case, SAMENLOOP__V1__FRAME__BODY_BYE);
            if (frame->body_case == SAMENLOOP__V1__FRAME__BODY_PUBLISHED)
                run->refused += frame->published->results[0]->verdict ==
                                        SAMENLOOP__V1__VERDICT__VERDICT_REFUSED
                                    ? 1
                                    : 0;
            if (frame->body_case != SAMENLOOP__V1__FRAME__BODY_DELIVER)
                continue;
            for (size_t k = 0; k < frame->deliver->n_deliveries; k++) {
                const Samenloop__V1__Delivery *one = frame->deliver->deliveries[k];
                Samenloop__V1__DeliveryAnswer answer = SAMENLOOP__V1__DELIVERY_ANSWER__INIT;
                Samenloop__V1__DeliveryAnswer *list[] = {&answer};
                Samenloop__V1__Delivered delivered = SAMENLOOP__V1__DELIVERED__INIT;
                answer.lane = one->lane;
                answer.number = one->number;
                answer.attempt = one->attempt;
                answer.outcome = SAMENLOOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_DONE;
                delivered.n_answers = 1;
                delivered.answers = list;
                delivered.credit = 1;
                sl_wire_delivered(&run->house.frame, &delivered);
                say(&run->house, run->connections[whose[i]], whose[i]);
            }
        }
        sl_buffer_free(&frames);
    }
    rest(&run->house);
    collect(run);
    router_sent(run->house.router);
}

static void greet_all(struct run *run)
{
    for (int who = 0; who < PARTIES; who++)
        run->connections[who] = connect_to(&run->house, who, 100);
    router_sent(run->house.router);
}

static void stop_once(struct run *run, enum stop stop)
{
    struct sl_error error = {0};
    struct router_setup setup = {.directory = &parties.directory,
                                 .roles = all_roles,
                                 .agreement = run->house.agreement,
                                 .agreement_name = "test"};
    if (stop == IS_RELOADED && router_reload(run->house.router, &setup, &error) < 0)
        fail_msg("%s", error.text);
    if (stop == STOPS)
        router_goodbye(run->house.router);
    if (stop == GOES_ON || stop == IS_RELOADED)
        return;
    crash(&run->house, stop == CRASHES ? 0 : UINT64_MAX);
    greet_all(run);
}

static void go_through(struct run *run, enum stop stop)
{
    *run = (struct run){.house = {.storage = sl_storage_memory(),
                                  .agreement = sl_buffer_bytes(&agreement),
                                  .moment = {start, 0}}};
    sl_arena_init(&run->house.arena, 0);
    open_router(&run->house);
    greet_all(run);
    settle(run);
    for (size_t i = 0; i < STEPS; i++) {
        struct party_event event;
        run->house.moment.now += day[i].hours * 3600 * 1000;
        router_time(run->house.router, run->house.moment);
        build(&event, i, run->house.moment.now);
        Samenloop__V1__Publish publish = SAMENLOOP__V1__PUBLISH__INIT;
        publish.lane = (Samenloop__V1__Lane)sl_type_lane(event.event.type);
        publish.position = i + 1;
        publish.bundle = party_seal(&parties, &run->house.arena, day[i].who, &event, 1);
        sl_wire_publish(&run->house.frame, &publish);
        say(&run->house, run->connections[day[i].who], day[i].who);
        settle(run);
        stop_once(run, stop);
    }
    struct router_figures figures;
    router_figures(run->house.router, &figures);
    assert_int_equal(figures.differing, 0);
    assert_int_equal(figures.events + run->refused, STEPS);
}

static void end_run(struct run *run)
{
    sl_buffer_free(&run->lines);
    close_house(&run->house);
}

static size_t count_of(const struct sl_buffer *lines, const char *words)
{
    size_t count = 0;
    const char *text = (const char *)lines->data;
    for (const char *at = text;
         (at = memmem(at, lines->size - (size_t)(at - text), words, strlen(words))) != NULL; at++)
        count++;
    return count;
}

static void the_day_brings_about_what_the_agreement_says(void **state)
{
    (void)state;
    static struct run run;
    go_through(&run, GOES_ON);
    assert_true(count_of(&run.lines, "\"outcome\":\"forwarded\"") >= 5);
    assert_true(count_of(&run.lines, "\"outcome\":\"delivered\"") > 8);
    assert_true(count_of(&run.lines, "\"outcome\":\"obligation_opened\"") > 1);
    assert_true(count_of(&run.lines, "\"outcome\":\"obligation_overdue\"") > 0);
    assert_true(count_of(&run.lines, "\"outcome\":\"obligation_met_late\"") > 0);
    assert_true(count_of(&run.lines, "\"outcome\":\"escalated\"") > 0);
    assert_int_equal(count_of(&run.lines, "\"what\":\"not_permitted\""), 1);
    assert_int_equal(run.refused, 1);
    end_run(&run);
}

static void stops_change_no_line(void **state)
{
    (void)state;
    static struct run whole;
    static struct run stopped;
    go_through(&whole, GOES_ON);
    for (enum stop stop = CRASHES; stop <= STOPS; stop++) {
        go_through(&stopped, stop);
        if (whole.lines.size != stopped.lines.size ||
            memcmp(whole.lines.data, stopped.lines.data, whole.lines.size) != 0)
            fail_msg("%.*s\n---\n%.*s", (int)whole.lines.size, (const char *)whole.lines.data,
                     (int)stopped.lines.size, (const char *)stopped.lines.data);
        end_run(&stopped);
    }
    end_run(&whole);
}

static int begin(void **state)
{
    (void)state;
    struct sl_error error = {0};
    const char *root = getenv("ROOT");
    char path[512];
    (void)snprintf(path, sizeof path, "%s/router/agreement.rules", root == NULL ? "." : root);
    parties_init(&parties);
    return sl_file_read(&agreement, path, 1 << 20, &error);
}

static int finish(void **state)
{
    (void)state;
    sl_buffer_free(&agreement);
    parties_free(&parties);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_day_brings_about_what_the_agreement_says),
        cmocka_unit_test(stops_change_no_line),
    };
    return cmocka_run_group_tests(tests, begin, finish);
}
