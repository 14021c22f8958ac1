#include "router/tool/report_count.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "router/core/calendar.h"
#include "schemas/timestamp.h"

/* A finding of IMG's is structural also where an acute report says so. */
#define STRUCTURAL                                                                                 \
    {                                                                                              \
        {"structural_damage_found", "img", NULL, NULL},                                            \
        {                                                                                          \
            "acute_unsafe", "img", "structural", "yes"                                             \
        }                                                                                          \
    }
#define ORDINARY                                                                                   \
    {                                                                                              \
        {                                                                                          \
            "non_structural_damage_found", "ncg", NULL, NULL                                       \
        }                                                                                          \
    }

const struct lead_kind report_leads[] = {
    {"acutely unsafe: secured or dismissed (hours)",
     {{"acute_unsafe", NULL, NULL, NULL}},
     {{"safety_secured", NULL, NULL, NULL}, {"acute_unsafe_dismissed", NULL, NULL, NULL}},
     true},
    {"structural damage: NCG's answer (days)",
     STRUCTURAL,
     {{"safety_doubt_assessed", NULL, NULL, NULL}},
     false},
    {"structural damage: work stock's answer (days)",
     STRUCTURAL,
     {{"work_stock_changed", NULL, "reason", "answer"}},
     false},
    {"structural damage: advice to municipality (days)",
     STRUCTURAL,
     {{"municipality_advised", NULL, NULL, NULL}},
     false},
    {"structural damage: municipality's decision (days)",
     STRUCTURAL,
     {{"municipality_decided", NULL, NULL, NULL}},
     false},
    {"structural damage: in the work stock (days)",
     STRUCTURAL,
     {{"work_stock_changed", NULL, "value", "in"}},
     false},
    {"other damage: resident prompted (days)",
     ORDINARY,
     {{"damage_claim_prompted", NULL, NULL, NULL}},
     false},
    {"other damage: survey planned (days)",
     ORDINARY,
     {{"damage_inspection_planned", NULL, NULL, NULL}},
     false},
    {"other damage: survey done (days)",
     ORDINARY,
     {{"damage_inspection_done", NULL, NULL, NULL}},
     false},
};
const size_t report_lead_count = sizeof report_leads / sizeof report_leads[0];

/* What answers say is counted for these; all are codes of the catalogue. */
static const struct {
    const char *type;
    const char *attribute;
} answers[] = {
    {"safety_doubt_assessed", "outcome"},  {"work_stock_changed", "reason"},
    {"municipality_advised", "advice"},    {"municipality_decided", "decision"},
    {"acute_unsafe_dismissed", "reason"},  {"safety_secured", "outcome"},
    {"planning_reviewed", "outcome"},      {"damage_claim_prompted", "response"},
    {"joint_handling_rejected", "reason"}, {"scheme_information", "outcome"},
};

/* ---------------------------------------------------------------- words, houses */

word report_take_word(struct report *report, struct sl_bytes text)
{
    uint64_t print = table_fingerprint(0, text.data, text.size);
    uint64_t place = table_get(&report->word_places, print);
    if (place != 0)
        return (word)place;
    char *copy = sl_arena_alloc(&report->arena, text.size + 1);
    if (text.size > 0)
        memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    report->words = sl_grow(report->words, &report->word_capacity, report->word_count + 1,
                            sizeof *report->words);
    report->words[report->word_count++] = copy;
    table_set(&report->word_places, print, report->word_count - 1);
    return (word)(report->word_count - 1);
}

static word text_word(struct report *report, const char *text)
{
    return text == NULL || text[0] == '\0' ? 0 : report_take_word(report, sl_text(text));
}

const char *report_word(const struct report *report, word place)
{
    return report->words[place];
}

static word month_of(struct report *report, int64_t at)
{
    char text[64];
    int64_t year;
    int month, day;
    sl_date_from_days(calendar_local_day(at), &year, &month, &day);
    (void)snprintf(text, sizeof text, "%04d-%02d", (int)year, month);
    return text_word(report, text);
}

static uint32_t house_of(struct report *report, const uint8_t *subject)
{
    if (subject == NULL)
        return 0;
    uint64_t print = table_fingerprint(report->world, subject, SL_PSEUDONYM_SIZE);
    uint64_t place = table_get(&report->house_places, print);
    if (place != 0)
        return (uint32_t)place;
    report->houses = sl_grow(report->houses, &report->house_capacity, report->house_count + 1,
                             sizeof *report->houses);
    struct house *house = &report->houses[report->house_count++];
    *house = (struct house){.world = report->world};
    memcpy(house->subject, subject, sizeof house->subject);
    table_set(&report->house_places, print, report->house_count - 1);
    return (uint32_t)(report->house_count - 1);
}

/* ---------------------------------------------------------------- what is kept of it */

static bool in_period(const struct report *report, int64_t at)
{
    return at >= report->from && at < report->to;
}

static void count_named(struct report *report, enum report_of table, uint32_t house, word row)
{
    report->named = sl_grow(report->named, &report->named_capacity, report->named_count + 1,
                            sizeof *report->named);
    report->named[report->named_count++] = (struct named){table, house, row};
}

static void count(struct report *report, enum measure measure, uint32_t house, word clause,
                  int64_t at)
{
    report->tallies = sl_grow(report->tallies, &report->tally_capacity, report->tally_count + 1,
                              sizeof *report->tallies);
    report->tallies[report->tally_count++] = (struct tally){house, measure, clause,
                                                            month_of(report, at)};
}

/* ---------------------------------------------------------------- lead times */

static bool is_one(const struct watch_event *event, const char *type, const char *from,
                   const char *attribute, const char *value)
{
    return type != NULL && sl_bytes_is(sl_from_pb(event->header->type), type) &&
           (from == NULL || strcmp(event->from, from) == 0) &&
           (attribute == NULL || sl_bytes_is(sl_header_attribute(event->header, attribute), value));
}

/* The house's last of a kind that was not withdrawn. */
static struct lead *lead_of(struct report *report, uint32_t house, size_t kind)
{
    for (uint32_t at = report->houses[house].leads; at != 0; at = report->leads[at - 1].next) {
        struct lead *lead = &report->leads[at - 1];
        if (lead->kind == kind && !lead->withdrawn)
            return lead;
    }
    return NULL;
}

static void follow_lead(struct report *report, uint32_t house, size_t kind,
                        const struct watch_event *event)
{
    const struct lead_kind *what = &report_leads[kind];
    struct lead *last = lead_of(report, house, kind);
    bool begins = false, ends = false;
    for (int i = 0; i < 2; i++) {
        begins = begins || is_one(event, what->begin[i].type, what->begin[i].from,
                                  what->begin[i].attribute, what->begin[i].value);
        ends = ends || is_one(event, what->end[i].type, what->end[i].from, what->end[i].attribute,
                              what->end[i].value);
    }
    if (ends && last != NULL && last->end == 0) {
        last->end = event->number;
        last->ended = event->at;
    }
    if (!begins || (last != NULL && last->end == 0))
        return;
    report->leads = sl_grow(report->leads, &report->lead_capacity, report->lead_count + 1,
                            sizeof *report->leads);
    report->leads[report->lead_count++] = (struct lead){.house = house,
                                                        .next = report->houses[house].leads,
                                                        .kind = (uint8_t)kind,
                                                        .begin = event->number,
                                                        .begun = event->at};
    report->houses[house].leads = (uint32_t)report->lead_count;
}

/* As if the withdrawn event had never come. */
static void withdraw(struct report *report, uint32_t house, uint64_t number)
{
    for (uint32_t at = report->houses[house].leads; at != 0; at = report->leads[at - 1].next) {
        struct lead *lead = &report->leads[at - 1];
        if (lead->begin == number)
            lead->withdrawn = true;
        if (lead->end == number)
            lead->end = 0;
    }
}

/* ---------------------------------------------------------------- what is watched */

static void count_answer(struct report *report, const struct watch_event *event, uint32_t house)
{
    char text[REPORT_LABEL];
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        if (!sl_bytes_is(sl_from_pb(event->header->type), answers[i].type))
            continue;
        struct sl_bytes said = sl_header_attribute(event->header, answers[i].attribute);
        if (said.size == 0)
            said = sl_text("not said");
        (void)snprintf(text, sizeof text, "%s: %.*s", answers[i].type, (int)said.size,
                       (const char *)said.data);
        count_named(report, REPORT_BY_ANSWER, house, text_word(report, text));
    }
}

static void know_house(struct report *report, uint32_t place, const struct watch_event *event)
{
    struct house *house = &report->houses[place];
    const Samenloop__V1__Header *header = event->header;
    struct sl_bytes municipality = sl_header_attribute(header, "municipality");
    struct sl_bytes programme = sl_header_attribute(header, "programme");
    if (municipality.size > 0)
        house->municipality = report_take_word(report, municipality);
    if (programme.size > 0)
        house->programme = report_take_word(report, programme);
    house->building = header->subject_kind == SAMENLOOP__V1__SUBJECT_KIND__SUBJECT_KIND_BUILDING;
    if (!in_period(report, event->at))
        return;
    house->seen = true;
    struct sl_bytes building = sl_from_pb(house->building ? header->subject : header->building);
    if (building.size > 0)
        table_set(&report->buildings,
                  table_fingerprint(report->world, building.data, building.size), place + 1);
}

static void watch_begin(void *context)
{
    struct report *report = context;
    report->world++;
    report->expectations_before = report->expectation_count;
}

static void watch_event(void *context, const struct watch_event *event)
{
    struct report *report = context;
    if (event->at >= report->to)
        return;
    uint32_t house = house_of(report, event->header->subject.data);
    know_house(report, house, event);
    for (size_t i = 0; i < report_lead_count; i++)
        follow_lead(report, house, i, event);
    if (sl_bytes_is(sl_from_pb(event->header->type), "event_withdrawn"))
        withdraw(report, house, event->original);
    if (!in_period(report, event->at))
        return;
    if (event->header->initial_load) {
        count_named(report, REPORT_OVERALL, house, 0);
        return;
    }
    count(report, MEASURE_EVENT, house, 0, event->at);
    count_named(report, REPORT_BY_TYPE, house,
                report_take_word(report, sl_from_pb(event->header->type)));
    count_answer(report, event, house);
}

/* A reason without the numbers of events, which would make each its own. */
static word reason_of(struct report *report, const char *detail)
{
    char text[REPORT_LABEL];
    size_t size = 0;
    for (const char *at = detail; at != NULL && *at != '\0' && size < sizeof text - 1; at++) {
        if (at[0] == '#') {
            at += strspn(at + 1, "0123456789");
            text[size++] = '#';
            continue;
        }
        text[size++] = *at;
    }
    text[size] = '\0';
    return text_word(report, text);
}

static void open_expectation(struct report *report, const struct core_line *line, uint32_t house)
{
    size_t place = report->expectations_before + line->obligation - 1;
    size_t before = report->expectation_count;
    if (place >= before) {
        report->expectations = sl_grow(report->expectations, &report->expectation_capacity,
                                       place + 1, sizeof *report->expectations);
        memset(report->expectations + before, 0, (place + 1 - before) * sizeof(struct expectation));
        report->expectation_count = place + 1;
    }
    report->expectations[place] = (struct expectation){.house = house,
                                                       .clause = text_word(report, line->clause),
                                                       .month = month_of(report, line->at),
                                                       .counts = in_period(report, line->at),
                                                       .opened = line->at};
}

static void end_expectation(struct report *report, const struct core_line *line,
                            enum standing standing)
{
    size_t place = report->expectations_before + line->obligation - 1;
    if (place >= report->expectation_count)
        return;
    report->expectations[place].standing = standing;
    report->expectations[place].closed = line->at;
}

static void watch_line(void *context, const struct core_line *line)
{
    static const enum standing standings[CORE_OUTCOMES] = {
        [CORE_MET] = MET,           [CORE_MET_LATE] = MET_LATE,   [CORE_OVERDUE] = OVERDUE,
        [CORE_RELEASED] = RELEASED, [CORE_WITHDRAWN] = WITHDRAWN,
    };
    struct report *report = context;
    if (line->at >= report->to)
        return;
    uint32_t house = house_of(report, line->event.subject);
    if (line->outcome == CORE_OPENED && line->obligation != 0)
        open_expectation(report, line, house);
    else if (standings[line->outcome] != RUNNING && line->obligation != 0)
        end_expectation(report, line, standings[line->outcome]);
    if (!in_period(report, line->at) || line->outcome == CORE_OPENED ||
        standings[line->outcome] != RUNNING)
        return;
    word clause = text_word(report, line->clause);
    if (line->outcome == CORE_FORWARDED)
        count(report, MEASURE_FORWARDED, house, clause, line->at);
    if (line->outcome == CORE_WITHHELD) {
        count(report, MEASURE_WITHHELD, house, clause, line->at);
        count_named(report, REPORT_BY_REASON, house, reason_of(report, line->detail));
    }
    if (line->outcome == CORE_REFUSED)
        count_named(report, REPORT_BY_CODE, house, text_word(report, line->what));
    count_named(report, REPORT_BY_OUTCOME, house,
                text_word(report, core_outcome_name(line->outcome)));
}

static void watch_told(void *context, const struct core_delivery *delivery)
{
    (void)context; /* its line is counted */
    (void)delivery;
}

void report_watch(struct report *report, struct watch *out)
{
    *out = (struct watch){report, watch_begin, watch_event, watch_line, watch_told};
}

/* ---------------------------------------------------------------- life */

struct report *report_new(int64_t from, int64_t to)
{
    struct report *report = sl_new(1, sizeof *report);
    report->from = from;
    report->to = to;
    sl_arena_init(&report->arena, 0);
    report->words = sl_grow(report->words, &report->word_capacity, 1, sizeof *report->words);
    report->words[report->word_count++] = "";
    report->houses = sl_grow(report->houses, &report->house_capacity, 1, sizeof *report->houses);
    report->houses[report->house_count++] = (struct house){.world = 0};
    return report;
}

void report_free(struct report *report)
{
    if (report == NULL)
        return;
    sl_arena_free(&report->arena);
    table_free(&report->word_places);
    table_free(&report->house_places);
    table_free(&report->buildings);
    free(report->words);
    free(report->houses);
    free(report->tallies);
    free(report->named);
    free(report->expectations);
    free(report->leads);
    free(report);
}
