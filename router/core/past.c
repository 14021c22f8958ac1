/*
 * The past of an event, as bytes that its caller keeps: who got it, what it answered, what it
 * stated. Participants, rules, types and facts stand there by their names, so that a later
 * agreement does not disturb it. Numbers are little-endian; texts have a byte of size before them.
 */
#include "router/core/past.h"
#include "router/core/state.h"

#include <string.h>

enum { FORMAT = 1 };

/* ---------------------------------------------------------------- writing */

static void put8(struct sl_buffer *out, size_t value)
{
    uint8_t byte = value < UINT8_MAX ? (uint8_t)value : UINT8_MAX;
    sl_buffer_add(out, &byte, 1);
}

static void put32(struct sl_buffer *out, uint32_t value)
{
    sl_put32(sl_buffer_extend(out, 4), value);
}

static void put64(struct sl_buffer *out, uint64_t value)
{
    sl_put64(sl_buffer_extend(out, 8), value);
}

static void put_text(struct sl_buffer *out, const char *text)
{
    size_t size = strlen(text);
    size = size < UINT8_MAX ? size : UINT8_MAX;
    put8(out, size);
    sl_buffer_add(out, text, size);
}

static void put_numbers(struct sl_buffer *out, const uint64_t *numbers, size_t count)
{
    put32(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        put64(out, numbers[i]);
}

void past_write_answer(struct sl_buffer *out, const struct answer *answer)
{
    size_t types = 0, chains = 0, asked = 0;
    for (size_t i = 0; i < sl_type_count(); i++)
        types += (answer->types & agreement_type_bit(i)) != 0;
    for (const struct chain *chain = answer->chains; chain != NULL; chain = chain->next)
        chains++;
    if (answer->asked != NULL) {
        while (answer->asked[asked] != '\0' || answer->asked[asked + 1] != '\0')
            asked++;
        asked += 2;
    }
    put_text(out, answer->rule);
    put8(out, types);
    for (size_t i = 0; i < sl_type_count(); i++) {
        if ((answer->types & agreement_type_bit(i)) != 0)
            put_text(out, sl_type_at(i)->name);
    }
    put32(out, (uint32_t)chains);
    for (const struct chain *chain = answer->chains; chain != NULL; chain = chain->next)
        put_numbers(out, chain->numbers, chain->count);
    put_numbers(out, answer->openers, answer->opener_count);
    put32(out, (uint32_t)asked);
    sl_buffer_add(out, answer->asked, asked);
}

static size_t house_index(const struct past *past, size_t last)
{
    size_t index = 0;
    for (size_t i = 0; i < last; i++) {
        size_t k = 0;
        while (k < i && past->stated.items[k].subject != past->stated.items[i].subject)
            k++;
        if (past->stated.items[i].subject == past->stated.items[last].subject)
            break;
        index += k == i;
    }
    return index;
}

static void put_stated(const struct core *core, struct sl_buffer *out, const struct past *past)
{
    put32(out, (uint32_t)past->stated.count);
    for (size_t i = 0, houses = 0; i < past->stated.count; i++) {
        const struct stated *stated = &past->stated.items[i];
        size_t index = house_index(past, i); /* a house's pseudonym stands at its first */
        put32(out, (uint32_t)index);
        if (index == houses) {
            sl_buffer_add(out, subject_at(core, stated->subject)->pseudonym, SL_PSEUDONYM_SIZE);
            houses++;
        }
        put_text(out, fact_name(core, stated->fact));
    }
}

void past_write(const struct core *core, struct sl_buffer *out, const struct past *past)
{
    put8(out, FORMAT);
    put64(out, past->number);
    put64(out, past->renewed);
    put64(out, (uint64_t)past->at);
    put8(out, past->role);
    put8(out, past->erased);
    put_text(out, past->type->name);
    sl_buffer_add(out, past->uuid, SL_UUID_SIZE);
    put64(out, past->correlation);
    put32(out, (uint32_t)past->routes.count);
    for (size_t i = 0; i < past->routes.count; i++) {
        put_text(out, place_name(core, past->routes.items[i].to));
        put8(out, past->routes.items[i].role);
        put32(out, past->routes.items[i].sections);
    }
    put32(out, (uint32_t)past->answers.count);
    for (size_t i = 0; i < past->answers.count; i++)
        past_write_answer(out, &past->answers.items[i]);
    put_stated(core, out, past);
}

/* ---------------------------------------------------------------- reading */

/* What is still to be read; a wrong size leaves `good` false, and all that follows reads as 0. */
struct reading {
    struct core *core;
    struct sl_bytes rest;
    bool good;
};

static const uint8_t *take(struct reading *in, size_t size)
{
    static const uint8_t zeros[SL_PSEUDONYM_SIZE];
    if (!in->good || size > in->rest.size) {
        in->good = false;
        return size <= sizeof zeros ? zeros : NULL;
    }
    const uint8_t *at = in->rest.data;
    in->rest = sl_bytes(at + size, in->rest.size - size);
    return at;
}

static size_t take8(struct reading *in)
{
    return *take(in, 1);
}

/* A count of things that take at least `size` bytes each. */
static size_t take_count(struct reading *in, size_t size)
{
    size_t count = sl_get32(take(in, 4));
    if (count > in->rest.size / size)
        in->good = false;
    return in->good ? count : 0;
}

static struct sl_bytes take_text(struct reading *in)
{
    size_t size = take8(in);
    const uint8_t *at = take(in, size);
    return in->good ? sl_bytes(at, size) : sl_bytes(NULL, 0);
}

static const char *keep_text(struct reading *in, struct sl_bytes text)
{
    return making_text(in->core, "%.*s", (int)text.size, (const char *)text.data);
}

static const uint64_t *take_numbers(struct reading *in, size_t *count)
{
    *count = take_count(in, 8);
    uint64_t *numbers = making_alloc(in->core, (*count + 1) * sizeof *numbers);
    for (size_t i = 0; i < *count; i++)
        numbers[i] = sl_get64(take(in, 8));
    return numbers;
}

/* Chains with an event that was withdrawn since are gone. */
static const struct chain *take_chains(struct reading *in)
{
    struct chain *first = NULL, *last = NULL;
    size_t count = take_count(in, 4);
    for (size_t i = 0; i < count; i++) {
        struct chain *chain = making_alloc(in->core, sizeof *chain);
        *chain = (struct chain){0};
        chain->numbers = take_numbers(in, &chain->count);
        bool gone = false;
        for (size_t k = 0; k < chain->count; k++)
            gone |= table_get(&in->core->withdrawn, chain->numbers[k]) != 0;
        if (gone)
            continue;
        if (last != NULL)
            last->next = chain;
        else
            first = chain;
        last = chain;
    }
    return first;
}

static struct answer take_answer(struct reading *in)
{
    struct answer answer = {.rule = keep_text(in, take_text(in))};
    for (size_t i = take8(in); i > 0; i--) {
        const struct sl_type *type = sl_type_find(take_text(in));
        if (type != NULL)
            answer.types |= agreement_type_bit(sl_type_index(type));
    }
    answer.chains = take_chains(in);
    answer.openers = take_numbers(in, &answer.opener_count);
    size_t size = take_count(in, 1);
    const uint8_t *asked = size > 0 ? take(in, size) : NULL;
    if (size > 1 && in->good && asked[size - 1] == '\0' && asked[size - 2] == '\0')
        answer.asked =
            (const char *)sl_arena_copy(&in->core->making.arena, sl_bytes(asked, size)).data;
    return answer;
}

static void take_routes(struct reading *in, struct past *past)
{
    size_t count = take_count(in, 6);
    past->routes.items = making_alloc(in->core, (count + 1) * sizeof *past->routes.items);
    for (size_t i = 0; i < count; i++) {
        int to = place_of(in->core, take_text(in));
        enum sl_role role = (enum sl_role)take8(in);
        uint32_t sections = sl_get32(take(in, 4));
        if (to >= 0 && role > SL_NO_ROLE && (int)role < SL_ROLES)
            past->routes.items[past->routes.count++] = (struct route){
                .to = to, .role = role, .sections = sections};
    }
}

static void take_stated(struct reading *in, struct past *past)
{
    size_t count = take_count(in, 5), houses = 0;
    uint32_t *subjects = making_alloc(in->core, (count + 1) * sizeof *subjects);
    past->stated.items = making_alloc(in->core, (count + 1) * sizeof *past->stated.items);
    for (size_t i = 0; i < count && in->good; i++) {
        size_t index = sl_get32(take(in, 4));
        if (index == houses)
            subjects[houses++] = subject_get(in->core, take(in, SL_PSEUDONYM_SIZE));
        int fact = fact_find(in->core, take_text(in));
        if (index >= houses)
            in->good = false;
        else if (fact >= 0)
            past->stated.items[past->stated.count++] = (struct stated){.subject = subjects[index],
                                                                       .fact = (uint8_t)fact};
    }
}

/* What the event, an early answer, has answered since. */
static void take_later_answers(struct reading *in, struct answer *answers, size_t *count,
                               const struct early *early)
{
    struct reading later = {in->core, sl_buffer_bytes(&early->answered), true};
    for (uint32_t i = 0; i < early->answered_count && later.good; i++)
        answers[(*count)++] = take_answer(&later);
}

int past_read(struct core *core, struct past *out, struct sl_bytes bytes, struct sl_error *error)
{
    struct reading in = {core, bytes, true};
    *out = (struct past){0};
    in.good = take8(&in) == FORMAT;
    out->number = sl_get64(take(&in, 8));
    out->renewed = sl_get64(take(&in, 8));
    out->at = (int64_t)sl_get64(take(&in, 8));
    out->role = (enum sl_role)take8(&in);
    out->erased = take8(&in) != 0;
    out->type = sl_type_find(take_text(&in));
    out->uuid = take(&in, SL_UUID_SIZE);
    out->correlation = sl_get64(take(&in, 8));
    take_routes(&in, out);
    size_t count = take_count(&in, 14), kept = 0;
    const struct early *early = early_find(core, out->number);
    struct answer *answers = making_alloc(
        core, (count + (early != NULL ? early->answered_count : 0) + 1) * sizeof *answers);
    for (; kept < count && in.good; kept++)
        answers[kept] = take_answer(&in);
    if (early != NULL)
        take_later_answers(&in, answers, &kept, early);
    out->answers = (struct answers){answers, kept};
    take_stated(&in, out);
    if (!in.good || in.rest.size > 0 || out->type == NULL || out->role <= SL_NO_ROLE ||
        (int)out->role >= SL_ROLES)
        return sl_fail(error, SL_DAMAGED, "an event's past is not one");
    return 0;
}

void past_keep(struct core *core, const struct occurrence *event, uint64_t original,
               struct past *past)
{
    const struct making *making = &core->making;
    if (original != 0 && table_get(&core->withdrawn, original) != 0)
        return; /* nothing more comes of it */
    if (original == 0) {
        past->number = event->gist.number;
        past->at = event->at;
        past->role = event->role;
        past->type = event->type;
        past->uuid = event->gist.uuid;
        past->correlation = event->correlation;
        past->routes.items = making->routes.items;
        past->routes.count = making->routes.count;
    }
    past->renewed = event->gist.number;
    past->erased = event->erased;
    size_t count = past->stated.count + making->stated.count;
    struct stated *stated = making_alloc(core, (count + 1) * sizeof *stated);
    if (past->stated.count > 0)
        memcpy(stated, past->stated.items, past->stated.count * sizeof *stated);
    if (making->stated.count > 0)
        memcpy(stated + past->stated.count, making->stated.items,
               making->stated.count * sizeof *stated);
    past->stated.items = stated;
    past->stated.count = count;
    past_write(core, &core->making.past, past);
}
