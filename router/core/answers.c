/* Which open questions an event answers, and answers that come before their question. */
#include "router/core/guards.h"
#include "router/core/past.h"
#include "router/core/state.h"

#include <assert.h>
#include <string.h>

bool met_by(const struct obligation *obligation, int publisher)
{
    return obligation->owner == publisher || obligation->owner == BOTH ||
           obligation->basis->outcome->met_by_either;
}

/* ---------------------------------------------------------------- the events that ids name */

/* Beside the number stand who published it, and something of its source. */
enum { PUBLISHER_BITS = 4, SOURCE_BITS = 10 }; /* 34 are the number's */
static_assert(SL_MAX_PARTICIPANTS <= 1 << PUBLISHER_BITS, "a participant must fit");

static uint64_t known_number(uint64_t known)
{
    return known >> (PUBLISHER_BITS + SOURCE_BITS);
}

static int known_publisher(uint64_t known)
{
    return (int)(known >> SOURCE_BITS & ((1u << PUBLISHER_BITS) - 1));
}

static uint64_t source_bits(struct sl_bytes source)
{
    return table_fingerprint(1, source.data, source.size) & ((1u << SOURCE_BITS) - 1);
}

void known_add(struct core *core, const struct core_event *event)
{
    table_add(&core->known, table_fingerprint(0, event->header->event_id.data, SL_UUID_SIZE),
              event->number << (PUBLISHER_BITS + SOURCE_BITS) |
                  (uint64_t)event->publisher << SOURCE_BITS |
                  source_bits(sl_from_pb(event->header->source)));
}

uint64_t core_known(const struct core *core, struct sl_bytes source, const uint8_t id[SL_UUID_SIZE])
{
    uint64_t key = table_fingerprint(0, id, SL_UUID_SIZE), known;
    size_t cursor = 0;
    while ((known = table_next(&core->known, key, &cursor)) != 0) {
        if ((known & ((1u << SOURCE_BITS) - 1)) == source_bits(source))
            return known_number(known);
    }
    return 0;
}

uint64_t event_original(const struct core *core, uint64_t number)
{
    return table_get(&core->originals, number);
}

struct named event_named(const struct core *core, int publisher, ProtobufCBinaryData id)
{
    struct named named = {.publisher = NOBODY};
    if (id.len != SL_UUID_SIZE)
        return named;
    uint64_t key = table_fingerprint(0, id.data, SL_UUID_SIZE), known;
    size_t cursor = 0;
    bool own = false;
    while ((known = table_next(&core->known, key, &cursor)) != 0) {
        bool is_own = known_publisher(known) == publisher;
        bool better = is_own != own ? is_own : known_number(known) < named.number;
        if (named.number != 0 && !better)
            continue;
        named = (struct named){known_number(known), known_publisher(known)};
        own = is_own;
    }
    uint64_t original = event_original(core, named.number);
    if (original != 0)
        named.number = original;
    return named;
}

/* ---------------------------------------------------------------- the open questions */

struct waiting {
    uint32_t *items;
    size_t count;
};

/* Does an event of this type answer what awaits that, as itself or as a later step? */
static bool steps_to(const struct core *core, const struct obligation *open, size_t type)
{
    const struct agreement *agreement = core->terms->agreement;
    for (size_t i = 0; i < agreement->step_count; i++) {
        if (agreement->steps[i].later == type &&
            obligation_awaits(open, agreement->steps[i].earlier))
            return true;
    }
    return obligation_awaits(open, type);
}

static struct waiting waiting_for(struct core *core, const struct occurrence *event)
{
    size_t room = 0;
    uint32_t first = subject_at(core, event->subject)->obligations;
    for (uint32_t at = first; at != 0; at = obligation_at(core, at)->next)
        room++;
    struct waiting waiting = {.items = making_alloc(core, (room + 1) * sizeof(uint32_t))};
    for (uint32_t at = first; at != 0; at = obligation_at(core, at)->next) {
        const struct obligation *open = obligation_at(core, at);
        if (met_by(open, event->gist.publisher) && steps_to(core, open, event->gist.type))
            waiting.items[waiting.count++] = at;
    }
    return waiting;
}

/* Does some rule set the list's priority by this event? Then it answers all that awaits it, and
 * otherwise nothing. */
static bool prioritises(struct core *core, const struct occurrence *event,
                        const struct facts *facts)
{
    const struct terms *terms = core->terms;
    struct view view = {
        .core = core, .terms = terms, .event = event, .facts = facts, .subject = event->subject};
    for (size_t i = terms->by_type_begin[event->gist.type];
         i < terms->by_type_begin[event->gist.type + 1]; i++) {
        const struct agreement_rule *rule = &terms->agreement->rules[terms->by_type[i].rule];
        if ((rule->publishers & (unsigned)event->organisation) == 0 ||
            !condition_holds(&view, rule->condition))
            continue;
        for (size_t k = 0; k < rule->outcome_count; k++) {
            if (rule->outcomes[k].kind == AGREEMENT_PRIORITISE)
                return true;
        }
    }
    return false;
}

/* Has this event asked for something that is still open at another house? */
static bool asks_elsewhere(struct core *core, uint64_t number, uint32_t subject)
{
    size_t count = 0;
    const uint32_t *found = obligations_of_event(core, number, &count);
    for (size_t i = 0; i < count; i++) {
        if (obligation_at(core, found[i])->subject != subject &&
            obligation_opener(core, found[i], number) != NULL)
            return true;
    }
    return false;
}

/* The one that the causation id names, else the oldest that awaits the type; 0: none. */
static uint32_t the_question(struct core *core, const struct occurrence *event,
                             const struct waiting *waiting)
{
    ProtobufCBinaryData causation = event->header->causation_id;
    uint64_t asked = event_named(core, event->gist.publisher, causation).number;
    if (causation.len > 0 && asked == 0)
        return 0;
    for (size_t i = 0; asked != 0 && i < waiting->count; i++) {
        if (obligation_opener(core, waiting->items[i], asked) != NULL)
            return waiting->items[i];
    }
    if (event->type->causation_required ||
        (asked != 0 && asks_elsewhere(core, asked, event->subject)))
        return 0;
    for (size_t i = 0; i < waiting->count; i++) {
        if (obligation_awaits(obligation_at(core, waiting->items[i]), event->gist.type))
            return waiting->items[i];
    }
    return 0;
}

struct answers answers_of(struct core *core, const struct occurrence *event,
                          const struct facts *facts)
{
    struct waiting waiting = waiting_for(core, event);
    struct answer *answers = making_alloc(core, (waiting.count + 1) * sizeof *answers);
    size_t count = 0;
    bool named_nothing =
        event->header->causation_id.len > 0 &&
        event_named(core, event->gist.publisher, event->header->causation_id).number == 0;
    if (waiting.count == 0 ||
        (event->type->roles != 0 && (event->type->roles & 1u << event->role) == 0))
        return (struct answers){0};
    if ((core->terms->prioritising & agreement_type_bit(event->gist.type)) != 0) {
        bool holds = prioritises(core, event, facts);
        for (size_t i = 0; holds && i < waiting.count; i++)
            answers[count++] = obligation_capture(core, waiting.items[i]);
        return (struct answers){answers, count};
    }
    if (named_nothing)
        return (struct answers){0};
    uint32_t question = the_question(core, event, &waiting);
    if (question != 0)
        answers[count++] = obligation_capture(core, question);
    for (size_t i = 0; !event->type->causation_required && i < waiting.count; i++) {
        uint32_t other = waiting.items[i];
        if (other != question && !obligation_awaits(obligation_at(core, other), event->gist.type))
            answers[count++] = obligation_capture(core, other);
    }
    return (struct answers){answers, count};
}

/* ---------------------------------------------------------------- S43: answers that come early */

void early_add(struct core *core, const struct occurrence *event)
{
    uint32_t handle = pool_take(&core->early);
    struct early *early = pool_at(&core->early, handle);
    early->gist = event->gist;
    early->subject = event->subject;
    table_add(&core->early_causes,
              table_fingerprint(0, event->header->causation_id.data, SL_UUID_SIZE), handle);
    table_add(&core->early_answers, event->gist.number, handle);
}

struct early *early_find(const struct core *core, uint64_t answer)
{
    uint64_t handle = table_get(&core->early_answers, answer);
    return handle != 0 ? pool_at(&core->early, (uint32_t)handle) : NULL;
}

void early_answered(struct core *core, struct early *early, uint32_t obligation)
{
    struct answer answer = obligation_capture(core, obligation);
    past_write_answer(&early->answered, &answer);
    early->answered_count++;
}

void early_renewed(struct core *core, uint64_t answer, uint32_t subject)
{
    struct early *early = early_find(core, answer);
    if (early == NULL)
        return;
    early->subject = subject;
    early->answered_count = 0;
    sl_buffer_clear(&early->answered);
}

void early_free(struct core *core)
{
    for (size_t i = 1; i <= core->early.used; i++)
        sl_buffer_free(&((struct early *)pool_at(&core->early, (uint32_t)i))->answered);
    pool_free(&core->early);
    table_free(&core->early_causes);
    table_free(&core->early_answers);
}
