/*
 * Houses. A fact is what was stated last; each statement knows its event, so that what a withdrawn
 * event said is as if it had never been said.
 */
#include "router/core/state.h"

#include <stdlib.h>
#include <string.h>

static uint64_t key_of(const uint8_t pseudonym[SL_PSEUDONYM_SIZE])
{
    return sl_get64(pseudonym); /* a MAC's bytes are as good as random */
}

uint32_t subject_find(const struct core *core, const uint8_t pseudonym[SL_PSEUDONYM_SIZE])
{
    size_t place = 0;
    uint64_t handle;
    while ((handle = table_next(&core->subject_table, key_of(pseudonym), &place)) != 0) {
        const struct subject *subject = subject_at(core, (uint32_t)handle);
        if (memcmp(subject->pseudonym, pseudonym, SL_PSEUDONYM_SIZE) == 0)
            return (uint32_t)handle;
    }
    return 0;
}

uint32_t subject_get(struct core *core, const uint8_t pseudonym[SL_PSEUDONYM_SIZE])
{
    uint32_t handle = subject_find(core, pseudonym);
    if (handle != 0)
        return handle;
    handle = pool_take(&core->subjects);
    memcpy(subject_at(core, handle)->pseudonym, pseudonym, SL_PSEUDONYM_SIZE);
    table_add(&core->subject_table, key_of(pseudonym), handle);
    return handle;
}

void subjects_free(struct core *core)
{
    for (uint32_t i = 1; i <= core->subjects.used; i++) {
        struct subject *subject = subject_at(core, i);
        if (subject->statement_capacity > 0)
            free(subject->statements.outside);
    }
    pool_free(&core->subjects);
    table_free(&core->subject_table);
}

size_t subjects_bytes(const struct core *core)
{
    size_t bytes = pool_bytes(&core->subjects) + table_bytes(&core->subject_table);
    for (uint32_t i = 1; i <= core->subjects.used; i++)
        bytes += subject_at(core, i)->statement_capacity * sizeof(statement);
    return bytes;
}

/* ---------------------------------------------------------------- statements */

static statement *statements_of(struct subject *subject)
{
    return subject->statement_capacity > 0 ? subject->statements.outside
                                           : subject->statements.inside;
}

/* By a quarter: houses are many. */
static void make_room(struct subject *subject)
{
    uint32_t count = subject->statement_count;
    uint32_t capacity = subject->statement_capacity;
    if (count < (capacity > 0 ? capacity : STATEMENTS_INSIDE))
        return;
    uint32_t wider = count + count / 4 + STATEMENTS_INSIDE;
    statement *grown = sl_new(wider, sizeof *grown);
    memcpy(grown, statements_of(subject), count * sizeof *grown);
    if (capacity > 0)
        free(subject->statements.outside);
    subject->statements.outside = grown;
    subject->statement_capacity = wider;
}

void statement_add(struct core *core, uint32_t handle, uint64_t number, uint8_t fact, uint8_t value)
{
    struct subject *subject = subject_at(core, handle);
    make_room(subject);
    statement *said = statements_of(subject);
    uint32_t place = subject->statement_count++;
    for (; place > 0 && statement_number(said[place - 1]) > number; place--)
        said[place] = said[place - 1];
    said[place] = number << 16 | (uint64_t)fact << 8 | value;
}

/* Is it the event's statement, or that of a correction of it? */
static bool speaks_for(const struct core *core, statement said, uint64_t number)
{
    uint64_t by = statement_number(said);
    return by == number || event_original(core, by) == number;
}

void statements_drop(struct core *core, uint32_t handle, uint64_t number,
                     bool (*drop)(const void *context, uint8_t fact, uint8_t value),
                     const void *context)
{
    struct subject *subject = subject_at(core, handle);
    statement *said = statements_of(subject);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < subject->statement_count; i++) {
        if (statement_fact(said[i]) == ERASED || !speaks_for(core, said[i], number) ||
            !drop(context, statement_fact(said[i]), statement_value(said[i])))
            said[kept++] = said[i];
    }
    subject->statement_count = kept;
}

/* Whether the use of data is restricted follows from who restricts it. */
static void derive_restricted(const struct core *core, struct facts *facts)
{
    if (core->terms->restricted < 0)
        return;
    bool restricted = facts->values[RESTRICTED_BY_IMG] == AGREEMENT_YES ||
                      facts->values[RESTRICTED_BY_NCG] == AGREEMENT_YES;
    facts->values[core->terms->restricted] = restricted ? AGREEMENT_YES : AGREEMENT_NO;
}

void facts_read(const struct core *core, uint32_t handle, uint64_t without, struct facts *out)
{
    const struct terms *terms = core->terms;
    memset(out, 0, OWN_FACTS + core->fact_names.count);
    out->values[RESTRICTED_BY_IMG] = out->values[RESTRICTED_BY_NCG] = AGREEMENT_NO;
    for (size_t i = 0; i < terms->agreement->fact_count; i++)
        out->values[terms->facts[i]] = (uint8_t)terms->agreement->facts[i].start;
    if (handle != 0) {
        struct subject *subject = subject_at(core, handle);
        const statement *said = statements_of(subject);
        for (uint32_t i = 0; i < subject->statement_count; i++) {
            if (without == 0 || !speaks_for(core, said[i], without))
                out->values[statement_fact(said[i])] = statement_value(said[i]);
        }
    }
    derive_restricted(core, out);
}

int fact_value(const struct core *core, uint32_t handle, uint8_t fact)
{
    struct facts facts;
    facts_read(core, handle, 0, &facts);
    return facts.values[fact];
}

uint64_t fact_since(const struct core *core, uint32_t handle, uint8_t fact)
{
    struct subject *subject = subject_at(core, handle);
    const statement *said = statements_of(subject);
    for (uint32_t i = 0; i < subject->statement_count; i++) {
        if (statement_fact(said[i]) == fact)
            return statement_number(said[i]);
    }
    return 0;
}

uint64_t fact_held_since(const struct core *core, uint32_t handle, uint8_t fact)
{
    struct subject *subject = subject_at(core, handle);
    const statement *said = statements_of(subject);
    uint64_t since = 0;
    uint8_t value = 0;
    for (uint32_t i = subject->statement_count; i > 0; i--) {
        if (statement_fact(said[i - 1]) != fact)
            continue;
        if (since != 0 && statement_value(said[i - 1]) != value)
            break;
        since = statement_number(said[i - 1]);
        value = statement_value(said[i - 1]);
    }
    return since;
}

uint64_t erased_until(const struct core *core, uint32_t handle)
{
    struct subject *subject = subject_at(core, handle);
    const statement *said = statements_of(subject);
    for (uint32_t i = subject->statement_count; i > 0; i--) {
        if (statement_fact(said[i - 1]) == ERASED)
            return statement_number(said[i - 1]);
    }
    return 0;
}
