/* What is awaited of whom: a few a house, found by house, by event, and by what falls due first. */
#include "router/core/outcomes.h"
#include "router/core/state.h"

#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- deadlines: a heap */

static bool sooner(const struct core *core, uint32_t a, uint32_t b)
{
    const struct obligation *x = obligation_at(core, a);
    const struct obligation *y = obligation_at(core, b);
    return x->next_at != y->next_at ? x->next_at < y->next_at : x->serial < y->serial;
}

static void place(struct core *core, size_t at, uint32_t handle)
{
    core->obligations.heap[at] = handle;
    obligation_at(core, handle)->heap = (uint32_t)at + 1;
}

/* Brings what stands at a place to where it belongs. */
static void settle(struct core *core, size_t at)
{
    struct obligations *all = &core->obligations;
    uint32_t handle = all->heap[at];
    while (at > 0 && sooner(core, handle, all->heap[(at - 1) / 2])) {
        place(core, at, all->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < all->heap_count && sooner(core, all->heap[child + 1], all->heap[child]))
            child++;
        if (child >= all->heap_count || !sooner(core, all->heap[child], handle))
            break;
        place(core, at, all->heap[child]);
        at = child;
    }
    place(core, at, handle);
}

static void unschedule(struct core *core, uint32_t handle)
{
    struct obligations *all = &core->obligations;
    struct obligation *obligation = obligation_at(core, handle);
    if (obligation->heap == 0)
        return;
    size_t at = obligation->heap - 1;
    uint32_t last = all->heap[--all->heap_count];
    obligation->heap = 0;
    if (last == handle)
        return;
    place(core, at, last);
    settle(core, at);
}

void obligation_schedule(struct core *core, uint32_t handle, int64_t at)
{
    struct obligations *all = &core->obligations;
    unschedule(core, handle);
    obligation_at(core, handle)->next_at = at;
    if (at == INT64_MAX)
        return;
    all->heap = sl_grow(all->heap, &all->heap_capacity, all->heap_count + 1, sizeof *all->heap);
    place(core, all->heap_count++, handle);
    settle(core, all->heap_count - 1);
}

/* ---------------------------------------------------------------- life */

const struct basis *obligation_basis(struct core *core, const struct agreement_rule *rule,
                                     const struct agreement_outcome *outcome)
{
    struct pool *bases = &core->obligations.bases;
    for (uint32_t i = bases->used; i > 0; i--) {
        const struct basis *basis = pool_at(bases, i);
        if (basis->terms == core->terms && basis->outcome == outcome)
            return basis;
    }
    uint32_t handle = pool_take(bases);
    struct basis *made = pool_at(bases, handle);
    *made = (struct basis){core->terms, rule, outcome, handle};
    return made;
}

uint32_t obligation_new(struct core *core, const struct obligation *like)
{
    uint32_t handle = pool_take(&core->obligations.items);
    struct obligation *made = obligation_at(core, handle);
    *made = *like;
    made->next = made->openers = made->links = made->heap = made->chains = 0;
    made->serial = ++core->obligations.serial;
    uint32_t *last = &subject_at(core, made->subject)->obligations;
    while (*last != 0)
        last = &obligation_at(core, *last)->next;
    *last = handle;
    obligation_schedule(core, handle, made->next_at);
    return handle;
}

/* An event that opens an obligation mostly is a chain of its too: both have one entry. */
static void remember_event(struct core *core, uint32_t handle, uint64_t number)
{
    struct table *by_event = &core->obligations.by_event;
    size_t place = 0;
    uint64_t value;
    while ((value = table_next(by_event, number, &place)) != 0) {
        if (value == handle)
            return;
    }
    table_add(by_event, number, handle);
}

/* Unless it is an opener, or in a chain, elsewhere. */
static void forget_event(struct core *core, uint32_t handle, uint64_t number)
{
    if (obligation_opener(core, handle, number) == NULL &&
        !obligation_hangs_on(core, handle, number))
        (void)table_remove(&core->obligations.by_event, number, handle);
}

static void opener_free(struct core *core, uint32_t opener)
{
    free(opener_at(core, opener)->asked);
    pool_give(&core->obligations.openers, opener);
}

void obligation_end(struct core *core, uint32_t handle)
{
    struct obligation *obligation = obligation_at(core, handle);
    uint32_t *at = &subject_at(core, obligation->subject)->obligations;
    while (*at != handle)
        at = &obligation_at(core, *at)->next;
    *at = obligation->next;
    unschedule(core, handle);
    struct table *by_event = &core->obligations.by_event;
    for (uint32_t opener = obligation->openers, next; opener != 0; opener = next) {
        next = opener_at(core, opener)->next;
        (void)table_remove(by_event, opener_at(core, opener)->gist.number, handle);
        opener_free(core, opener);
    }
    for (uint32_t link = obligation->links, next; link != 0; link = next) {
        next = link_at(core, link)->next;
        (void)table_remove(by_event, link_at(core, link)->number, handle);
        pool_give(&core->obligations.links, link);
    }
    pool_give(&core->obligations.items, handle);
}

void obligations_free(struct core *core)
{
    struct obligations *all = &core->obligations;
    for (uint32_t i = 1; i <= all->openers.used; i++)
        free(opener_at(core, i)->asked); /* NULL in those that were given back */
    pool_free(&all->items);
    pool_free(&all->openers);
    pool_free(&all->links);
    pool_free(&all->bases);
    table_free(&all->by_event);
    free(all->heap);
}

size_t obligations_bytes(const struct core *core)
{
    const struct obligations *all = &core->obligations;
    return pool_bytes(&all->items) + pool_bytes(&all->openers) + pool_bytes(&all->links) +
           pool_bytes(&all->bases) + table_bytes(&all->by_event) +
           all->heap_capacity * sizeof *all->heap;
}

/* ---------------------------------------------------------------- who asked */

size_t asked_size(const char *asked)
{
    size_t size = 0;
    while (asked[size] != '\0' || asked[size + 1] != '\0')
        size++;
    return size + 2;
}

/* What answers may want to know of the question later; NULL where there is nothing. */
static char *keep_asked(const struct core *core, const struct occurrence *event)
{
    struct sl_buffer kept = {0};
    for (size_t i = 0; i < core->terms->asked_name_count; i++) {
        struct sl_bytes value = sl_header_attribute(event->header, core->terms->asked_names[i]);
        if (value.size == 0)
            continue;
        sl_buffer_add(&kept, core->terms->asked_names[i], strlen(core->terms->asked_names[i]) + 1);
        sl_buffer_add_bytes(&kept, value);
        sl_buffer_add(&kept, "", 1);
    }
    if (kept.size == 0)
        return NULL;
    sl_buffer_add(&kept, "", 1);
    char *exact = sl_new(kept.size, 1); /* a buffer has room to grow in */
    memcpy(exact, kept.data, kept.size);
    sl_buffer_free(&kept);
    return exact;
}

static void add_opener(struct core *core, uint32_t handle, const struct opener *like)
{
    uint32_t opener = pool_take(&core->obligations.openers);
    *opener_at(core, opener) = *like;
    opener_at(core, opener)->next = 0;
    uint32_t *last = &obligation_at(core, handle)->openers;
    while (*last != 0)
        last = &opener_at(core, *last)->next;
    *last = opener;
    remember_event(core, handle, like->gist.number);
}

void obligation_add_opener(struct core *core, uint32_t handle, const struct occurrence *event)
{
    struct opener made = {.gist = event->gist,
                          .correlation = event->correlation,
                          .finding = finding_of(event),
                          .asked = keep_asked(core, event)};
    add_opener(core, handle, &made);
}

void opener_renew(struct core *core, struct opener *opener, const struct occurrence *event)
{
    free(opener->asked);
    opener->asked = keep_asked(core, event);
    opener->finding = finding_of(event);
}

struct opener *obligation_opener(const struct core *core, uint32_t handle, uint64_t number)
{
    for (uint32_t at = obligation_at(core, handle)->openers; at != 0;
         at = opener_at(core, at)->next) {
        if (opener_at(core, at)->gist.number == number)
            return opener_at(core, at);
    }
    return NULL;
}

void obligation_drop_opener(struct core *core, uint32_t handle, uint64_t number)
{
    struct obligation *obligation = obligation_at(core, handle);
    bool others = false;
    for (uint32_t at = obligation->openers; at != 0; at = opener_at(core, at)->next)
        others = others || opener_at(core, at)->gist.number != number;
    for (uint32_t *at = &obligation->openers; others && *at != 0;) {
        uint32_t opener = *at;
        if (opener_at(core, opener)->gist.number != number) {
            at = &opener_at(core, opener)->next;
            continue;
        }
        *at = opener_at(core, opener)->next;
        opener_free(core, opener);
        forget_event(core, handle, number);
    }
}

const struct opener *obligation_behind(const struct core *core, uint32_t handle)
{
    uint32_t first = obligation_at(core, handle)->openers;
    for (uint32_t at = first; at != 0; at = opener_at(core, at)->next) {
        if (!opener_at(core, at)->withdrawn)
            return opener_at(core, at);
    }
    return opener_at(core, first);
}

/* ---------------------------------------------------------------- chains */

static void add_link(struct core *core, uint32_t handle, uint32_t chain, uint64_t number)
{
    uint32_t link = pool_take(&core->obligations.links);
    struct obligation *obligation = obligation_at(core, handle);
    *link_at(core,
             link) = (struct link){.next = obligation->links, .chain = chain, .number = number};
    obligation->links = link;
    remember_event(core, handle, number);
}

void obligation_add_chain(struct core *core, uint32_t handle, const uint64_t *numbers, size_t count,
                          uint64_t number)
{
    uint32_t chain = obligation_at(core, handle)->chains++;
    add_link(core, handle, chain, number);
    for (size_t i = 0; i < count; i++) {
        if (numbers[i] != number)
            add_link(core, handle, chain, numbers[i]);
    }
}

static bool chain_has(const struct core *core, uint32_t links, uint32_t chain, uint64_t number)
{
    for (uint32_t at = links; at != 0; at = link_at(core, at)->next) {
        if (link_at(core, at)->chain == chain && link_at(core, at)->number == number)
            return true;
    }
    return false;
}

bool obligation_hangs_on(const struct core *core, uint32_t handle, uint64_t number)
{
    for (uint32_t at = obligation_at(core, handle)->links; at != 0; at = link_at(core, at)->next) {
        if (link_at(core, at)->number == number)
            return true;
    }
    return false;
}

/* The links of a chain stand together, so a whole chain is taken out before the next is looked at.
 */
bool obligation_drop_chains(struct core *core, uint32_t handle, uint64_t number)
{
    struct obligation *obligation = obligation_at(core, handle);
    for (uint32_t *at = &obligation->links; *at != 0;) {
        uint32_t chain = link_at(core, *at)->chain;
        bool gone = chain_has(core, *at, chain, number);
        while (*at != 0 && link_at(core, *at)->chain == chain) {
            uint32_t link = *at;
            if (!gone) {
                at = &link_at(core, link)->next;
                continue;
            }
            uint64_t of = link_at(core, link)->number;
            *at = link_at(core, link)->next;
            pool_give(&core->obligations.links, link);
            forget_event(core, handle, of);
        }
    }
    return obligation->links == 0;
}

/* ---------------------------------------------------------------- found and captured */

static int by_serial(const struct core *core, uint32_t a, uint32_t b)
{
    return obligation_at(core, a)->serial < obligation_at(core, b)->serial;
}

uint32_t *obligations_of_event(struct core *core, uint64_t number, size_t *count)
{
    size_t room = 0, cursor = 0;
    while (table_next(&core->obligations.by_event, number, &cursor) != 0)
        room++;
    uint32_t *found = making_alloc(core, (room + 1) * sizeof *found);
    uint64_t handle;
    *count = 0;
    cursor = 0;
    while ((handle = table_next(&core->obligations.by_event, number, &cursor)) != 0) {
        size_t at = *count;
        while (at > 0 && by_serial(core, (uint32_t)handle, found[at - 1]))
            at--;
        if (at > 0 && found[at - 1] == handle)
            continue;
        memmove(found + at + 1, found + at, (*count - at) * sizeof *found);
        found[at] = (uint32_t)handle;
        (*count)++;
    }
    return found;
}

static const struct chain *capture_chains(struct core *core, uint32_t links)
{
    struct chain *first = NULL;
    for (uint32_t at = links; at != 0;) {
        size_t count = 0;
        uint32_t end = at, chain = link_at(core, at)->chain;
        for (; end != 0 && link_at(core, end)->chain == chain; end = link_at(core, end)->next)
            count++;
        uint64_t *numbers = making_alloc(core, count * sizeof *numbers);
        for (size_t i = 0; at != end; at = link_at(core, at)->next)
            numbers[i++] = link_at(core, at)->number;
        struct chain *made = making_alloc(core, sizeof *made);
        *made = (struct chain){.next = first, .numbers = numbers, .count = count};
        first = made;
    }
    return first; /* links are kept newest first, so this is oldest first again */
}

static const char *capture_asked(struct core *core, const char *asked)
{
    if (asked == NULL)
        return NULL;
    return (const char *)sl_arena_copy(&core->making.arena, sl_bytes(asked, asked_size(asked)))
        .data;
}

struct answer obligation_capture(struct core *core, uint32_t handle)
{
    const struct obligation *obligation = obligation_at(core, handle);
    size_t count = 0;
    for (uint32_t at = obligation->openers; at != 0; at = opener_at(core, at)->next)
        count++;
    uint64_t *openers = making_alloc(core, count * sizeof *openers);
    count = 0;
    for (uint32_t at = obligation->openers; at != 0; at = opener_at(core, at)->next)
        openers[count++] = opener_at(core, at)->gist.number;
    return (struct answer){.rule = obligation->basis->rule->name,
                           .types = obligation->basis->outcome->types,
                           .chains = capture_chains(core, obligation->links),
                           .openers = openers,
                           .opener_count = count,
                           .asked = capture_asked(core, obligation_behind(core, handle)->asked),
                           .obligation = handle};
}

static void copy_opener(struct core *core, uint32_t handle, const struct opener *from)
{
    struct opener like = *from;
    if (from->asked != NULL) {
        like.asked = sl_new(asked_size(from->asked), 1);
        memcpy(like.asked, from->asked, asked_size(from->asked));
    }
    add_opener(core, handle, &like);
}

uint32_t obligation_copy(struct core *core, uint32_t handle)
{
    struct obligation like = *obligation_at(core, handle);
    uint32_t copy = obligation_new(core, &like);
    struct answer was = obligation_capture(core, handle);
    for (const struct chain *chain = was.chains; chain != NULL; chain = chain->next)
        obligation_add_chain(core, copy, chain->numbers + 1, chain->count - 1, chain->numbers[0]);
    for (uint32_t at = like.openers; at != 0; at = opener_at(core, at)->next)
        copy_opener(core, copy, opener_at(core, at));
    return copy;
}

/* ---------------------------------------------------------------- what is open */

static int by_due(const void *a, const void *b)
{
    int64_t first = ((const struct core_line *)a)->due;
    int64_t second = ((const struct core_line *)b)->due;
    if (first == 0 || second == 0) /* without a term: last */
        return (first == 0) - (second == 0);
    return (first > second) - (first < second);
}

void core_obligations(struct core *core, struct core_decision *out)
{
    making_begin(core, 0);
    for (uint32_t i = 1; i <= core->subjects.used; i++) {
        for (uint32_t at = subject_at(core, i)->obligations; at != 0;
             at = obligation_at(core, at)->next) {
            const struct opener *behind = obligation_behind(core, at);
            if (behind == NULL)
                continue;
            struct core_source source = gist_source(core, &behind->gist, i);
            line_opened(core, &source, at);
            if (obligation_at(core, at)->overdue)
                core->making.lines.items[core->making.lines.count - 1].outcome = CORE_OVERDUE;
        }
    }
    if (core->making.lines.count > 0)
        qsort(core->making.lines.items, core->making.lines.count, sizeof(struct core_line), by_due);
    making_done(core, out);
}

struct core_open core_open(const struct core *core)
{
    struct core_open open = {0};
    for (uint32_t i = 1; i <= core->subjects.used; i++) {
        for (uint32_t at = subject_at(core, i)->obligations; at != 0;
             at = obligation_at(core, at)->next) {
            const struct obligation *one = obligation_at(core, at);
            if (obligation_behind(core, at) == NULL)
                continue; /* as core_obligations */
            open.open++;
            open.overdue += one->overdue ? 1 : 0;
            if (one->overdue && (open.overdue_since == 0 || one->due < open.overdue_since))
                open.overdue_since = one->due;
        }
    }
    return open;
}
