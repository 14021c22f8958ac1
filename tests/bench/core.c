/*
 * What a decision costs: events of a mixed day over many houses, through the core alone, under the
 * tree's agreement. Prints nanoseconds a decision, lines a decision, and bytes a house and event.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "router/core/core.h"

enum { HOUSES = 100 * 1000, EVENTS = 400 * 1000 };

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

static void run(struct core *core, int64_t begin, struct measured *measured)
{
    uint8_t id[SL_UUID_SIZE], subject[SL_PSEUDONYM_SIZE];
    Samenloop__V1__Attribute attributes[4];
    Samenloop__V1__Attribute *pointers[4];
    struct core_decision decision;
    struct sl_error error;
    for (uint64_t i = 0; i < EVENTS; i++) {
        const struct kind *kind = &day[i / HOUSES % KINDS];
        Samenloop__V1__Header header = SAMENLOOP__V1__HEADER__INIT;
        fill(id, sizeof id, i + 1);
        fill(subject, sizeof subject, i % HOUSES + 77);
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

int main(void)
{
    const uint32_t all = 1u << SL_BACK_OFFICE | 1u << SL_CONTACT_PERSON |
                         1u << SL_INCIDENT_OFFICER | 1u << SL_JOINT_TEAM;
    const struct core_participant who[] = {{"img", all}, {"ncg", all}};
    struct agreement *agreement = NULL;
    struct sl_buffer findings = {0};
    if (agreement_load(&agreement, "router/agreement.rules", &findings) < 0) {
        (void)fprintf(stderr, "%.*s", (int)findings.size, (char *)findings.data);
        return 1;
    }
    struct core *core = core_new(agreement, who, 2);
    struct measured measured = {0};
    double begin = seconds();
    run(core, agreement->in_force + 1, &measured);
    double took = seconds() - begin;
    struct core_figures figures;
    core_figures(core, &figures);
    (void)printf("%d decisions: %.2f us each, %.1f lines, %.1f deliveries, %.0f bytes of past\n",
                 EVENTS, took * 1e6 / EVENTS, (double)measured.lines / EVENTS,
                 (double)measured.deliveries / EVENTS, (double)measured.past / EVENTS);
    (void)printf("%zu houses: %.0f bytes each; %zu events: %.0f bytes each; %zu obligations open\n",
                 figures.subjects, (double)figures.subject_bytes / (double)figures.subjects,
                 figures.events, (double)figures.event_bytes / (double)figures.events,
                 figures.obligations);
    core_free(core);
    agreement_free(agreement);
    return 0;
}
