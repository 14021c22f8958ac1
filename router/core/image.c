/*
 * The core's state as an image. Agreements are not in it: whoever reads one has told the core those
 * that held, in their order, and what points into them is written as numbers.
 */
#include "router/core/image.h"

#include <stdlib.h>

#include "router/core/state.h"

enum { NO_RULE = 0xffff, OTHERWISE = 0x8000 };

/* Where an expectation or notice stands: agreements back from the last, the rule, its outcome. */
struct place {
    uint32_t back;
    uint16_t rule;    /* NO_RULE: the core's own */
    uint16_t outcome; /* OTHERWISE: among those */
};

static struct place place_in(const struct core *core, const struct terms *terms,
                             const struct agreement_rule *rule,
                             const struct agreement_outcome *outcome)
{
    struct place place = {.rule = NO_RULE};
    const struct agreement *agreement = terms->agreement;
    for (const struct terms *at = core->terms; at != terms; at = at->older)
        place.back++;
    for (size_t i = 0; i < agreement->rule_count; i++) {
        if (&agreement->rules[i] == rule)
            place.rule = (uint16_t)i;
    }
    for (size_t i = 0; i < rule->outcome_count; i++) {
        if (&rule->outcomes[i] == outcome)
            place.outcome = (uint16_t)i;
    }
    for (size_t i = 0; i < rule->otherwise_count; i++) {
        if (&rule->otherwise[i] == outcome)
            place.outcome = (uint16_t)(OTHERWISE | i);
    }
    return place;
}

/* The other way. False: there is none such. */
static bool find_place(const struct core *core, struct place place, const struct terms **terms,
                       const struct agreement_rule **rule, const struct agreement_outcome **outcome)
{
    const struct terms *at = core->terms;
    for (; at != NULL && place.back > 0; place.back--)
        at = at->older;
    if (at == NULL ||
        (place.rule == NO_RULE ? at->inform == NULL : place.rule >= at->agreement->rule_count))
        return false;
    *terms = at;
    *rule = place.rule == NO_RULE ? inform_rule(at->inform) : &at->agreement->rules[place.rule];
    bool otherwise = (place.outcome & OTHERWISE) != 0;
    size_t index = place.outcome & (OTHERWISE - 1);
    if (index >= (otherwise ? (*rule)->otherwise_count : (*rule)->outcome_count))
        return false;
    *outcome = otherwise ? &(*rule)->otherwise[index] : &(*rule)->outcomes[index];
    return true;
}

static void place_image(struct core *core, struct image *image, const struct terms **terms,
                        const struct agreement_rule **rule,
                        const struct agreement_outcome **outcome)
{
    struct place place = {0};
    if (!image->reading)
        place = place_in(core, *terms, *rule, *outcome);
    IMAGE(image, place);
    if (image->reading && !image->failed && !find_place(core, place, terms, rule, outcome))
        image->failed = true;
}

/* ---------------------------------------------------------------- what a pool's items point at */

static void clean_subject(void *item)
{
    struct subject *subject = item;
    if (subject->statement_capacity > 0)
        subject->statements.outside = NULL;
}

static void clean_obligation(void *item)
{
    struct obligation *obligation = item;
    obligation->basis = NULL;
}

static void clean_basis(void *item)
{
    struct basis *basis = item;
    *basis = (struct basis){.handle = basis->handle};
}

static void clean_opener(void *item)
{
    struct opener *opener = item;
    opener->asked = NULL;
}

static void clean_early(void *item)
{
    struct early *early = item;
    early->answered = (struct sl_buffer){0};
}

static void statements_image(struct subject *subject, struct image *image)
{
    size_t capacity = subject->statement_capacity;
    if (capacity == 0)
        return;
    subject->statements.outside = image_list(image, subject->statements.outside, &capacity,
                                             sizeof(statement));
    if (image->failed)
        subject->statement_capacity = subject->statement_count = 0;
}

static void asked_image(struct opener *opener, struct image *image)
{
    size_t size = opener->asked == NULL ? 0 : asked_size(opener->asked);
    opener->asked = image_list(image, opener->asked, &size, 1);
}

static void bases_image(struct core *core, struct image *image)
{
    struct pool *bases = &core->obligations.bases;
    pool_image(bases, image, clean_basis);
    for (uint32_t i = 1; i <= bases->used; i++) {
        struct basis *basis = pool_at(bases, i);
        place_image(core, image, &basis->terms, &basis->rule, &basis->outcome);
    }
}

static void obligation_image(struct core *core, struct obligation *obligation, struct image *image)
{
    const struct pool *bases = &core->obligations.bases;
    uint32_t basis = image->reading ? 0 : obligation->basis->handle;
    IMAGE(image, basis);
    if (image->reading && (basis == 0 || basis > bases->used))
        image->failed = true;
    if (image->reading && !image->failed)
        obligation->basis = pool_at(bases, basis);
    for (uint32_t at = obligation->openers; at != 0; at = opener_at(core, at)->next)
        asked_image(opener_at(core, at), image);
}

static void subjects_image(struct core *core, struct image *image)
{
    pool_image(&core->subjects, image, clean_subject);
    table_image(&core->subject_table, image);
    for (uint32_t i = 1; i <= core->subjects.used; i++)
        statements_image(subject_at(core, i), image);
}

static void obligations_image(struct core *core, struct image *image)
{
    struct obligations *all = &core->obligations;
    bases_image(core, image);
    pool_image(&all->items, image, clean_obligation);
    pool_image(&all->openers, image, clean_opener);
    pool_image(&all->links, image, NULL);
    table_image(&all->by_event, image);
    IMAGE(image, all->serial);
    all->heap = image_list(image, all->heap, &all->heap_count, sizeof *all->heap);
    all->heap_capacity = image->reading ? all->heap_count : all->heap_capacity;
    for (uint32_t i = 1; i <= core->subjects.used && !image->failed; i++) {
        for (uint32_t at = subject_at(core, i)->obligations; at != 0;
             at = obligation_at(core, at)->next)
            obligation_image(core, obligation_at(core, at), image);
    }
}

static void early_image(struct core *core, struct image *image)
{
    pool_image(&core->early, image, clean_early);
    table_image(&core->early_causes, image);
    table_image(&core->early_answers, image);
    for (uint32_t i = 1; i <= core->early.used; i++) {
        struct sl_buffer *answered = &((struct early *)pool_at(&core->early, i))->answered;
        answered->data = image_list(image, answered->data, &answered->size, 1);
        answered->capacity = image->reading ? answered->size : answered->capacity;
    }
}

static void digests_image(struct core *core, struct image *image)
{
    size_t count = core->digests.count;
    IMAGE(image, count);
    for (size_t i = 0; i < count && !image->failed; i++) {
        struct digest *digest = image->reading ? LIST_ADD(&core->digests) : &core->digests.items[i];
        if (image->reading)
            *digest = (struct digest){0};
        IMAGE(image, digest->at);
        IMAGE(image, digest->first);
        IMAGE(image, digest->first_subject);
        place_image(core, image, &digest->terms, &digest->rule, &digest->outcome);
        digest->subjects = image_list(image, digest->subjects, &digest->count,
                                      sizeof *digest->subjects);
        digest->capacity = image->reading ? digest->count : digest->capacity;
    }
}

void core_image(struct core *core, struct image *image)
{
    size_t facts = core->fact_names.count;
    IMAGE(image, facts);
    if (facts != core->fact_names.count)
        image->failed = true;
    IMAGE(image, core->events);
    subjects_image(core, image);
    obligations_image(core, image);
    early_image(core, image);
    digests_image(core, image);
    table_image(&core->known, image);
    table_image(&core->findings, image);
    table_image(&core->originals, image);
    table_image(&core->renewed, image);
    table_image(&core->withdrawn, image);
}
