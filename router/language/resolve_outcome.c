/* Outcomes: a function a kind fills in what the kind has; the table says which. */
#include "router/language/resolve.h"

#include <string.h>

typedef void filler(const struct scope *scope, struct agreement_outcome *made,
                    const struct raw_outcome *raw);

static void fill_remember(const struct scope *scope, struct agreement_outcome *made,
                          const struct raw_outcome *raw)
{
    struct agreement_statement *statements = reader_keep(scope->reader, raw->words.count,
                                                         sizeof *statements);
    size_t count = 0;
    for (const struct raw_word *word = raw->words.first; word != NULL; word = word->next) {
        statements[count].fact = resolve_fact(scope, word);
        statements[count++].value = word->flag ? AGREEMENT_NO : AGREEMENT_YES;
    }
    made->statements = statements;
    made->statement_count = count;
}

static void fill_forward(const struct scope *scope, struct agreement_outcome *made,
                         const struct raw_outcome *raw)
{
    struct agreement_disclosure *disclosures = reader_keep(scope->reader, raw->words.count,
                                                           sizeof *disclosures);
    size_t count = 0;
    uint32_t seen = 0;
    for (const struct raw_word *word = raw->words.first; word != NULL; word = word->next) {
        struct agreement_disclosure *disclosure = &disclosures[count++];
        disclosure->section = resolve_section(scope, word);
        disclosure->without_consent = word->flag;
        disclosure->where = resolve_condition(scope, word->where);
        uint32_t bit = sl_section_bit(disclosure->section);
        if (disclosure->section != SL_NO_SECTION && (seen & bit) != 0)
            reader_find(scope->reader, word->span.place, "%s is disclosed twice", word->text);
        seen |= bit;
    }
    made->disclosures = disclosures;
    made->disclosure_count = count;
    made->text = raw->text;
}

static void fill_instruct(const struct scope *scope, struct agreement_outcome *made,
                          const struct raw_outcome *raw)
{
    made->what = resolve_derived(scope, raw->what, SL_INSTRUCTION);
    if (raw->name == NULL)
        return;
    made->about = raw->name->text;
    if (attribute_of(scope->types, made->about) == NULL)
        reader_find(scope->reader, raw->name->span.place, "%s is no attribute of the rule's events",
                    made->about);
}

static void fill_notify(const struct scope *scope, struct agreement_outcome *made,
                        const struct raw_outcome *raw)
{
    made->what = resolve_derived(scope, raw->what, SL_NOTICE);
    made->text = raw->text;
    made->daily_on_initial_load = raw->flag;
}

static struct agreement_term resolve_term(const struct scope *scope, const struct raw_term *raw)
{
    struct agreement_term term = {.unit = raw->unit, .place = raw->span.place};
    if (raw->count != NULL)
        term.count = resolve_number(scope->reader, raw->count);
    if (raw->after != NULL)
        term.after = resolve_date_attribute(scope, raw->after);
    if (raw->after != NULL && raw->unit != AGREEMENT_WORKING_DAYS)
        reader_find(scope->reader, raw->span.place,
                    "after a date only working days can be counted");
    if (raw->but_before != NULL)
        term.but_before = resolve_date_attribute(scope, raw->but_before);
    if (raw->by != NULL)
        term.by = resolve_date_attribute(scope, raw->by);
    if (raw->otherwise != NULL) {
        struct agreement_term *otherwise = reader_keep(scope->reader, 1, sizeof *otherwise);
        *otherwise = resolve_term(scope, raw->otherwise);
        term.otherwise = otherwise;
    }
    return term;
}

/* A level takes in the words up to the next `then`. */
static void resolve_levels(const struct scope *scope, struct agreement_outcome *made,
                           struct raw_list words)
{
    const struct scope later = {scope->reader, scope->agreement, 0, false};
    struct agreement_level *levels = reader_keep(scope->reader, words.count, sizeof *levels);
    struct agreement_who *told = reader_keep(scope->reader, words.count, sizeof *told);
    size_t count = 0;
    for (const struct raw_word *word = words.first; word != NULL; word = word->next) {
        if (count == 0 || word->flag)
            levels[count++].to = told;
        struct agreement_level *level = &levels[count - 1];
        if (level->where != NULL)
            reader_find(scope->reader, word->span.place,
                        "a where stands at the end of its level; say then for another");
        *told++ = resolve_who(scope, word);
        level->to_count++;
        level->where = resolve_condition(&later, word->where);
    }
    made->levels = levels;
    made->level_count = count;
}

/* Where the text names nobody: the incident officer of who owes. */
static void usual_level(const struct scope *scope, struct agreement_outcome *made)
{
    struct agreement_level *level = reader_keep(scope->reader, 1, sizeof *level);
    struct agreement_who *told = reader_keep(scope->reader, 1, sizeof *told);
    *told = made->to;
    told->role = SL_INCIDENT_OFFICER;
    *level = (struct agreement_level){.to = told, .to_count = 1};
    made->levels = level;
    made->level_count = 1;
}

static void fill_awaited(const struct scope *scope, struct agreement_outcome *made,
                         struct raw_list words)
{
    size_t *awaited = reader_keep(scope->reader, words.count, sizeof *awaited);
    size_t count = 0;
    for (const struct raw_word *word = words.first; word != NULL; word = word->next) {
        int type = resolve_type(scope, word);
        if (type < 0)
            continue;
        if ((made->types & agreement_type_bit((size_t)type)) != 0)
            reader_find(scope->reader, word->span.place, "%s is awaited twice", word->text);
        made->types |= agreement_type_bit((size_t)type);
        awaited[count++] = (size_t)type;
    }
    made->awaited = awaited;
    made->awaited_count = count;
}

static void fill_expect(const struct scope *scope, struct agreement_outcome *made,
                        const struct raw_outcome *raw)
{
    const struct raw_word *first = raw->words.first;
    made->receipt = raw->words.count == 1 && strcmp(first->text, "receipt") == 0;
    if (!made->receipt)
        fill_awaited(scope, made, raw->words);
    made->met_by_either = raw->flag;
    made->continuing = raw->continuing;
    made->term = resolve_term(scope, raw->term);
    made->mark = reader_mark(scope->reader, raw->term->span.end_line);
    if (raw->levels.count > 0)
        resolve_levels(scope, made, raw->levels);
    else
        usual_level(scope, made);
}

static void fill_join(const struct scope *scope, struct agreement_outcome *made,
                      const struct raw_outcome *raw)
{
    made->rules = resolve_rules(scope, raw->words);
    made->types = resolve_types(scope, raw->types);
}

static void fill_release(const struct scope *scope, struct agreement_outcome *made,
                         const struct raw_outcome *raw)
{
    fill_join(scope, made, raw);
    made->the_question = raw->flag;
    made->from_publisher = raw->from_publisher;
    made->text = raw->text;
}

static void fill_withhold(const struct scope *scope, struct agreement_outcome *made,
                          const struct raw_outcome *raw)
{
    struct agreement_unknown *unknowns = reader_keep(scope->reader, raw->words.count,
                                                     sizeof *unknowns);
    size_t count = 0;
    for (const struct raw_word *word = raw->words.first; word != NULL; word = word->next) {
        struct agreement_unknown *unknown = &unknowns[count++];
        *unknown = (struct agreement_unknown){.name = word->text, .text = word->more->text};
        (void)resolve_name(scope, word, &unknown->fact);
    }
    made->unknowns = unknowns;
    made->unknown_count = count;
    made->text = raw->text;
}

static void fill_apply(const struct scope *scope, struct agreement_outcome *made,
                       const struct raw_outcome *raw)
{
    made->rules = resolve_rules(scope, raw->words);
    made->continuing = raw->continuing;
}

static void fill_restriction(const struct scope *scope, struct agreement_outcome *made,
                             const struct raw_outcome *raw)
{
    (void)made;
    if (scope->agreement->restricted_fact < 0)
        reader_find(scope->reader, raw->span.place,
                    "this sets the fact restricted, which is not declared");
}

static void fill_prioritise(const struct scope *scope, struct agreement_outcome *made,
                            const struct raw_outcome *raw)
{
    (void)made;
    if (attribute_of(scope->types, "priority") == NULL)
        reader_find(scope->reader, raw->span.place, "the rule's events have no attribute priority");
}

static void fill_log(const struct scope *scope, struct agreement_outcome *made,
                     const struct raw_outcome *raw)
{
    made->text = raw->text;
    if (raw->name != NULL)
        made->fact = resolve_fact(scope, raw->name);
}

static filler *const fillers[] = {
    [AGREEMENT_REMEMBER] = fill_remember, [AGREEMENT_FORWARD] = fill_forward,
    [AGREEMENT_INSTRUCT] = fill_instruct, [AGREEMENT_NOTIFY] = fill_notify,
    [AGREEMENT_EXPECT] = fill_expect,     [AGREEMENT_JOIN] = fill_join,
    [AGREEMENT_RELEASE] = fill_release,   [AGREEMENT_WITHHOLD] = fill_withhold,
    [AGREEMENT_APPLY] = fill_apply,       [AGREEMENT_RESTRICT] = fill_restriction,
    [AGREEMENT_LIFT] = fill_restriction,  [AGREEMENT_PRIORITISE] = fill_prioritise,
    [AGREEMENT_LOG] = fill_log,
};

static void resolve_outcome(const struct scope *scope, struct agreement_outcome *made,
                            const struct raw_outcome *raw)
{
    made->kind = raw->kind;
    made->fact = -1;
    made->place = raw->span.place;
    if (raw->who != NULL)
        made->to = resolve_who(scope, raw->who);
    fillers[raw->kind](scope, made, raw);
    made->only_if = resolve_condition(scope, raw->only_if);
}

static bool same_organisation(const struct agreement_who *a, const struct agreement_who *b)
{
    return a->whom == b->whom && strcmp(a->name, b->name) == 0;
}

/* An instruction directly before an expectation of the same organisation belongs to it. */
static void tie(struct agreement_outcome *outcomes, size_t count)
{
    for (size_t i = 0; i + 1 < count; i++) {
        struct agreement_outcome *instruction = &outcomes[i];
        struct agreement_outcome *expectation = &outcomes[i + 1];
        if (instruction->kind != AGREEMENT_INSTRUCT || expectation->kind != AGREEMENT_EXPECT ||
            !same_organisation(&instruction->to, &expectation->to))
            continue;
        instruction->carries_deadline = true;
        expectation->about = instruction->about;
    }
}

const struct agreement_outcome *resolve_outcomes(const struct scope *scope, struct raw_list raw)
{
    struct agreement_outcome *outcomes = reader_keep(scope->reader, raw.count, sizeof *outcomes);
    size_t count = 0;
    for (const struct raw_outcome *item = raw.first; item != NULL; item = item->next)
        resolve_outcome(scope, &outcomes[count++], item);
    tie(outcomes, count);
    return outcomes;
}
