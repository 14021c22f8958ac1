/* A core's life: who takes part, and the agreements that hold one after the other. */
#include "router/core/state.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void take_participants(struct core *core, const struct core_participant *who, size_t count)
{
    assert(count <= SL_MAX_PARTICIPANTS);
    core->participant_count = count;
    core->img = core->ncg = NOBODY;
    for (size_t i = 0; i < count; i++) {
        struct participant *participant = &core->participants[i];
        (void)snprintf(participant->name, sizeof participant->name, "%s", who[i].name);
        participant->roles = who[i].roles;
        participant->organisation = sl_organisation_of(who[i].name);
        if (participant->organisation == SL_IMG)
            core->img = (int)i;
        if (participant->organisation == SL_NCG)
            core->ncg = (int)i;
    }
}

struct core *core_new(const struct agreement *agreement, const struct core_participant *who,
                      size_t count)
{
    struct core *core = sl_new(1, sizeof *core);
    core->subjects.size = sizeof(struct subject);
    core->obligations.items.size = sizeof(struct obligation);
    core->obligations.openers.size = sizeof(struct opener);
    core->obligations.links.size = sizeof(struct link);
    core->obligations.bases.size = sizeof(struct basis);
    core->early.size = sizeof(struct early);
    sl_arena_init(&core->making.arena, 0);
    core_agreement(core, agreement, who, count);
    return core;
}

void core_agreement(struct core *core, const struct agreement *agreement,
                    const struct core_participant *who, size_t count)
{
    take_participants(core, who, count);
    struct terms *terms = terms_new(core, agreement);
    terms->older = core->terms;
    core->terms = terms;
    core->calendar = (struct calendar){.free_days = agreement->free_days,
                                       .free_day_count = agreement->free_day_count};
}

void core_free(struct core *core)
{
    if (core == NULL)
        return;
    obligations_free(core);
    subjects_free(core);
    early_free(core);
    table_free(&core->known);
    table_free(&core->findings);
    table_free(&core->originals);
    table_free(&core->renewed);
    table_free(&core->withdrawn);
    for (size_t i = 0; i < core->digests.count; i++)
        free(core->digests.items[i].subjects);
    free(core->digests.items);
    for (struct terms *terms = core->terms; terms != NULL;) {
        struct terms *older = terms->older;
        terms_free(terms);
        terms = older;
    }
    free(core->fact_names.items);
    struct making *making = &core->making;
    sl_arena_free(&making->arena);
    free(making->lines.items);
    free(making->deliveries.items);
    free(making->routes.items);
    free(making->stated.items);
    free(making->unheld.items);
    free(making->said.items);
    free(making->houses.items);
    sl_buffer_free(&making->past);
    free(core);
}

void core_figures(const struct core *core, struct core_figures *out)
{
    *out = (struct core_figures){
        .subjects = core->subjects.count,
        .obligations = core->obligations.items.count,
        .events = core->known.count,
        .subject_bytes = subjects_bytes(core),
        .obligation_bytes = obligations_bytes(core),
        .event_bytes = table_bytes(&core->known) + table_bytes(&core->findings) +
                       table_bytes(&core->originals) + table_bytes(&core->renewed) +
                       table_bytes(&core->withdrawn) + pool_bytes(&core->early)};
}
