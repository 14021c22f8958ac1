/*
 * What a decision costs: events of a mixed day over many houses, through the core alone, under the
 * tree's agreement, also with more houses and rules (spread over
 * all types). A row a load: what it is, microseconds a decision and the factor to the first row's,
 * lines and deliveries a decision, bytes of past, a house, an event, and the whole run's seconds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "router/core/core.h"
#include "schemas/file.h"

/* What is measured, in one run: the agreement as it is against many more houses and rules. */
static const struct load {
    uint64_t houses;
    uint64_t events;
    int extra_rules;
} loads[] = {
    {1000, 400 * 1000, 0},         {1000, 400 * 1000, 9923},         {100 * 1000, 400 * 1000, 0},
    {1000 * 1000, 3000 * 1000, 0}, {1000 * 1000, 3000 * 1000, 9923},
};

struct kind {
    const char *type;
    int publisher;
    uint32_t sections;
    const char *attributes[4][2];
};

#define SECTION(name) (1u << SL_##name)

/* What follows on each other at one house. */
static const struct kind day[] = {
    {"damage_case_opened", 0, SECTION(DOSSIER), {{"procedure", "maatwerk"}}},
    {"work_stock_changed", 1, 0, {{"value", "in"}, {"reason", "added_by_plan"}}},
    {"structural_damage_found",
     0,
     SECTION(LOCATION) | SECTION(DOSSIER) | SECTION(FINDINGS),
     {{"municipality", "0014"}}},
    {"safety_doubt_assessed", 1, SECTION(DOSSIER), {{"outcome", "no_doubt"}}},
};

enum { KINDS = sizeof day / sizeof day[0] };

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static ProtobufCBinaryData text(const char *words)
{
    return sl_to_pb(sl_text(words));
}

static void fill(uint8_t *out, size_t size, uint64_t seed)
{
    for (size_t i = 0; i < size; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        out[i] = (uint8_t)(seed >> 56);
    }
}

struct measured {
    size_t lines;
    size_t deliveries;
    size_t past;
};

static void run(struct core *core, const struct load *load, int64_t begin,
                struct measured *measured)
{
    uint8_t id[SL_UUID_SIZE], subject[SL_PSEUDONYM_SIZE];
    Samenloop__V1__Attribute attributes[4];
    Samenloop__V1__Attribute *pointers[4];
    struct core_decision decision;
    struct sl_error error;
    for (uint64_t i = 0; i < load->events; i++) {
        const struct kind *kind = &day[i / load->houses % KINDS];
        Samenloop__V1__Header header = SAMENLOOP__V1__HEADER__INIT;
        fill(id, sizeof id, i + 1);
        fill(subject, sizeof subject, i % load->houses + 77);
        header.event_id = (ProtobufCBinaryData){sizeof id, id};
        header.subject = (ProtobufCBinaryData){sizeof subject, subject};
        header.type = text(kind->type);
        header.source = text("urn:nld:oin:00000004164164164000:systeem:bench");
        header.publisher_role = SAMENLOOP__V1__ROLE__ROLE_BACK_OFFICE;
        header.occurred_at = begin + (int64_t)i;
        header.attributes = pointers;
        for (size_t k = 0; k < 4 && kind->attributes[k][0] != NULL; k++) {
            samenloop__v1__attribute__init(&attributes[k]);
            attributes[k].name = text(kind->attributes[k][0]);
            attributes[k].value = text(kind->attributes[k][1]);
            pointers[header.n_attributes++] = &attributes[k];
        }
        struct core_event event = {.number = i + 1,
                                   .at = begin + (int64_t)i,
                                   .publisher = kind->publisher,
                                   .header = &header,
                                   .sections = kind->sections};
        if (core_event(core, &event, &decision, &error) < 0 || decision.refused != SL_OK)
            abort();
        measured->lines += decision.line_count;
        measured->deliveries += decision.delivery_count;
        measured->past += decision.past.size;
    }
}

/*
 * A condition as the agreement's own rules have them, which none of the day's events meets: on an
 * attribute where the type has one with codes, on facts, on who publishes.
 */
static void add_condition(struct sl_buffer *text, const struct sl_type *type, size_t kind)
{
    static const char *const others[] = {
        "harrowing is unknown and in_work_stock is not no",
        "any of (harrowing is unknown, restricted, value_case)",
        "publisher is municipality and complex is no",
        "none of (joint is no, claim_declined) and in_ncg_area",
    };
    const struct sl_field *field = &type->attributes[0];
    const char *last = field->name == NULL || field->values == NULL ? NULL
                                                                    : strrchr(field->values, '|');
    bool is_word = field->name != NULL && strcmp(field->name, "priority") == 0; /* the language's */
    if (kind % 2 == 0 && field->kind == SL_KIND_CODE && last != NULL && !is_word)
        sl_buffer_printf(text, "%s is %s and harrowing is unknown", field->name, last + 1);
    else
        sl_buffer_printf(text, "%s", others[kind / 2 % (sizeof others / sizeof others[0])]);
}

/* The agreement with more rules, a type after the other; none of them ever fires. */
static struct agreement *read_agreement(int extra_rules)
{
    struct agreement *agreement = NULL;
    struct sl_buffer text = {0};
    struct sl_buffer findings = {0};
    struct sl_error error = {0};
    if (sl_file_read(&text, "router/agreement.rules", AGREEMENT_TEXT_MAX, &error) < 0) {
        (void)fprintf(stderr, "%s\n", error.text);
        exit(1);
    }
    for (size_t i = 0; i < (size_t)extra_rules; i++) {
        const struct sl_type *type = sl_type_at(i % sl_type_count());
        sl_buffer_printf(&text, "\nrule extra-%zu\n  when %s\n    and ", i, type->name);
        add_condition(&text, type, i / sl_type_count());
        sl_buffer_printf(&text, "\n  log \"x\"\n");
    }
    if (agreement_read(&agreement, "agreement.rules", sl_buffer_bytes(&text), &findings) < 0) {
        (void)fprintf(stderr, "%.*s", (int)findings.size, (char *)findings.data);
        exit(1);
    }
    sl_buffer_free(&text);
    sl_buffer_free(&findings);
    return agreement;
}

/* Microseconds a decision took. */
static double measure(const struct load *load, double first)
{
    const uint32_t all = 1u << SL_BACK_OFFICE | 1u << SL_CONTACT_PERSON |
                         1u << SL_INCIDENT_OFFICER | 1u << SL_JOINT_TEAM;
    const struct core_participant who[] = {{"img", all}, {"ncg", all}};
    struct agreement *agreement = read_agreement(load->extra_rules);
    struct core *core = core_new(agreement, who, 2);
    struct measured measured = {0};
    double begin = seconds();
    run(core, load, agreement->in_force + 1, &measured);
    double took = seconds() - begin;
    double each = took * 1e6 / (double)load->events;
    double events = (double)load->events;
    struct core_figures figures;
    core_figures(core, &figures);
    (void)printf("%6zu %9llu %9llu %8.2f %7.2f %6.1f %6.1f %6.0f %6.0f %6.0f %8.1f\n",
                 agreement->rule_count, (unsigned long long)load->houses,
                 (unsigned long long)load->events, each, first == 0 ? 1 : each / first,
                 (double)measured.lines / events, (double)measured.deliveries / events,
                 (double)measured.past / events,
                 (double)figures.subject_bytes / (double)figures.subjects,
                 (double)figures.event_bytes / (double)figures.events, took);
    (void)fflush(stdout);
    core_free(core);
    agreement_free(agreement);
    return each;
}

int main(void)
{
    double first = 0;
    (void)printf("%6s %9s %9s %8s %7s %6s %6s %6s %6s %6s %8s\n", "rules", "houses", "events",
                 "us each", "factor", "lines", "deliv", "past", "house", "event", "seconds");
    for (size_t i = 0; i < sizeof loads / sizeof loads[0]; i++) {
        double each = measure(&loads[i], first);
        first = first == 0 ? each : first;
    }
    return 0;
}
