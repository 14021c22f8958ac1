/* The agreement as a whole: settings, the tables of facts and rules, then each rule. */
#include "router/language/resolve.h"

#include <stdlib.h>
#include <string.h>

#include "schemas/limits.h"
#include "schemas/timestamp.h"

/* ---------------------------------------------------------------- numbers and dates */

int resolve_number(struct reader *reader, const struct raw_word *word)
{
    long value = strlen(word->text) <= 6 ? strtol(word->text, NULL, 10) : 0;
    if (value >= 1 && value <= AGREEMENT_NUMBER_MAX)
        return (int)value;
    reader_find(reader, word->span.place, "a number from 1 to %d is wanted here",
                AGREEMENT_NUMBER_MAX);
    return 1;
}

int64_t resolve_date(struct reader *reader, const struct raw_word *word)
{
    int64_t days = 0;
    if (sl_date_parse(&days, sl_text(word->text)) < 0)
        reader_find(reader, word->span.place, "%s is no date", word->text);
    return days;
}

/* "2021-02-01T00:00+01:00" has no seconds: they begin at byte 16. */
int64_t resolve_moment(struct reader *reader, const char *text, struct agreement_place place)
{
    enum { TO_MINUTES = 16 };
    struct sl_buffer full = {0};
    int64_t at = 0;
    bool seconds = strlen(text) > TO_MINUTES && text[TO_MINUTES] == ':';
    if (strlen(text) < TO_MINUTES)
        sl_buffer_add(&full, text, strlen(text));
    else
        sl_buffer_printf(&full, "%.*s%s%s", TO_MINUTES, text, seconds ? "" : ":00",
                         text + TO_MINUTES);
    if (sl_timestamp_parse(&at, sl_buffer_bytes(&full)) < 0)
        reader_find(reader, place, "%s is no moment", text);
    sl_buffer_free(&full);
    return at;
}

/* ---------------------------------------------------------------- settings */

static bool municipality_name(const char *name)
{
    return strlen(name) == 6 && strncmp(name, "gm", 2) == 0 && strspn(name + 2, "0123456789") == 4;
}

/* A word that an earlier one of the list repeats; the lists are short. */
static void refuse_twice(struct reader *reader, struct raw_list words, const char *what)
{
    enum { TOO_MANY = 256 };
    const struct raw_word *first = words.first;
    if (first != NULL && words.count > TOO_MANY) {
        reader_find(reader, first->span.place, "more than %d %ss", TOO_MANY, what);
        return;
    }
    for (const struct raw_word *a = first; a != NULL; a = a->next) {
        for (const struct raw_word *b = first; b != NULL && b != a; b = b->next) {
            if (strcmp(a->text, b->text) == 0) {
                reader_find(reader, a->span.place, "the %s %s stands here a second time", what,
                            a->text);
                break;
            }
        }
    }
}

static void resolve_participants(const struct scope *scope, struct agreement *agreement,
                                 struct raw_list words)
{
    struct agreement_participant *made = reader_keep(scope->reader, words.count, sizeof *made);
    size_t count = 0;
    for (const struct raw_word *word = words.first; word != NULL; word = word->next) {
        bool organisation = strcmp(word->text, "img") == 0 || strcmp(word->text, "ncg") == 0;
        if (!organisation && !municipality_name(word->text))
            reader_find(scope->reader, word->span.place,
                        "%s is no participant; img, ncg and municipalities as gm0014 are",
                        word->text);
        made[count++] = (struct agreement_participant){word->text, word->flag};
    }
    refuse_twice(scope->reader, words, "participant");
    agreement->participants = made;
    agreement->participant_count = count;
}

static void resolve_area(const struct scope *scope, struct agreement *agreement,
                         struct raw_list words)
{
    const char **made = reader_keep(scope->reader, words.count, sizeof *made);
    size_t count = 0;
    for (const struct raw_word *word = words.first; word != NULL; word = word->next) {
        if (!municipality_name(word->text))
            reader_find(scope->reader, word->span.place, "%s is no municipality as gm0014 is",
                        word->text);
        made[count++] = word->text;
    }
    refuse_twice(scope->reader, words, "municipality");
    agreement->area = (struct agreement_names){made, count};
}

static int by_day(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static void resolve_free_days(const struct scope *scope, struct agreement *agreement,
                              struct raw_list words)
{
    int64_t *days = reader_keep(scope->reader, words.count, sizeof *days);
    size_t count = 0;
    for (const struct raw_word *word = words.first; word != NULL; word = word->next)
        days[count++] = resolve_date(scope->reader, word);
    if (count > 0)
        qsort(days, count, sizeof *days, by_day);
    agreement->free_days = days;
    agreement->free_day_count = count;
}

static void resolve_facts(const struct scope *scope, struct agreement *agreement,
                          struct raw_list words)
{
    if (words.count > AGREEMENT_FACTS_MAX) {
        reader_find(scope->reader, ((struct raw_word *)words.first)->span.place,
                    "more than %d facts", AGREEMENT_FACTS_MAX);
        return;
    }
    struct agreement_fact *facts = reader_keep(scope->reader, words.count, sizeof *facts);
    size_t count = 0;
    for (const struct raw_word *word = words.first; word != NULL; word = word->next) {
        struct agreement_fact *fact = &facts[count++];
        *fact = (struct agreement_fact){.name = word->text, .place = word->span.place};
        while (fact->start < AGREEMENT_NO &&
               strcmp(agreement_value_name(fact->start), word->more->text) != 0)
            fact->start++;
        if (strcmp(agreement_value_name(fact->start), word->more->text) != 0)
            reader_find(scope->reader, word->more->span.place,
                        "a fact starts yes, no or unknown, not %s", word->more->text);
    }
    refuse_twice(scope->reader, words, "fact");
    agreement->facts = facts;
    agreement->fact_count = count;
    agreement->area_fact = agreement_fact_find(agreement, sl_text("in_ncg_area"));
    agreement->consent_fact = agreement_fact_find(agreement, sl_text("consents_to_data_exchange"));
    agreement->restricted_fact = agreement_fact_find(agreement, sl_text("restricted"));
}

static bool legal_basis(const char *word)
{
    static const char *const bases[] = {"public_task", "vital_interest", "consent"};
    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++) {
        if (strcmp(word, bases[i]) == 0)
            return true;
    }
    return false;
}

static void resolve_purposes(const struct scope *scope, struct agreement *agreement,
                             struct raw_list words)
{
    struct agreement_purpose *made = reader_keep(scope->reader, words.count, sizeof *made);
    size_t count = 0;
    for (const struct raw_word *word = words.first; word != NULL; word = word->next) {
        if (!legal_basis(word->more->text))
            reader_find(scope->reader, word->more->span.place,
                        "%s is no legal basis; public_task, vital_interest and consent are",
                        word->more->text);
        made[count++] = (struct agreement_purpose){word->text, word->more->text};
    }
    refuse_twice(scope->reader, words, "purpose");
    agreement->purposes = made;
    agreement->purpose_count = count;
}

static void resolve_steps(const struct scope *scope, struct agreement *agreement,
                          struct raw_list pairs)
{
    struct agreement_step *made = reader_keep(scope->reader, pairs.count, sizeof *made);
    size_t count = 0;
    for (const struct raw_pair *pair = pairs.first; pair != NULL; pair = pair->next) {
        int earlier = resolve_type(scope, pair->first);
        int later = resolve_type(scope, pair->second);
        if (earlier >= 0 && later >= 0)
            made[count++] = (struct agreement_step){(size_t)earlier, (size_t)later};
    }
    agreement->steps = made;
    agreement->step_count = count;
}

static void resolve_priorities(const struct scope *scope, struct agreement *agreement,
                               struct raw_list pairs)
{
    struct agreement_priority *made = reader_keep(scope->reader, pairs.count, sizeof *made);
    size_t count = 0;
    for (const struct raw_pair *pair = pairs.first; pair != NULL; pair = pair->next)
        made[count++] = (struct agreement_priority){resolve_number(scope->reader, pair->first),
                                                    resolve_condition(scope, pair->condition)};
    agreement->priorities = made;
    agreement->priority_count = count;
}

static void resolve_settings(const struct scope *scope, struct agreement *agreement)
{
    const struct raw_file *raw = &scope->reader->raw;
    resolve_participants(scope, agreement, raw->participants);
    resolve_area(scope, agreement, raw->area);
    resolve_free_days(scope, agreement, raw->free_days);
    resolve_facts(scope, agreement, raw->facts);
    resolve_purposes(scope, agreement, raw->purposes);
    resolve_steps(scope, agreement, raw->steps);
    resolve_priorities(scope, agreement, raw->priorities);
    agreement->future_tolerance = SL_FUTURE_TOLERANCE;
    if (raw->tolerance != NULL)
        agreement->future_tolerance = resolve_number(scope->reader, raw->tolerance) *
                                      (raw->tolerance_unit == AGREEMENT_HOURS ? SL_HOUR
                                                                              : SL_MINUTE);
    if (raw->inform != NULL)
        agreement->inform_residents = resolve_number(scope->reader, raw->inform);
}

/* ---------------------------------------------------------------- rules */

static void resolve_turns(const struct scope *scope, struct agreement_rule *rule,
                          struct raw_list words)
{
    struct agreement_turn *turns = reader_keep(scope->reader, words.count, sizeof *turns);
    size_t count = 0;
    for (const struct raw_word *word = words.first; word != NULL; word = word->next) {
        struct agreement_turn *turn = &turns[count++];
        *turn = (struct agreement_turn){resolve_fact(scope, word), AGREEMENT_UNKNOWN, word->flag};
        while (turn->value < AGREEMENT_NO &&
               strcmp(agreement_value_name(turn->value), word->more->text) != 0)
            turn->value++;
        if (strcmp(agreement_value_name(turn->value), word->more->text) != 0)
            reader_find(scope->reader, word->more->span.place, "%s is no value of %s",
                        word->more->text, word->text);
    }
    rule->turns = turns;
    rule->turn_count = count;
}

static void resolve_clauses(const struct scope *scope, struct agreement_rule *rule,
                            struct raw_list words)
{
    struct agreement_clause *clauses = reader_keep(scope->reader, words.count, sizeof *clauses);
    size_t count = 0;
    for (const struct raw_word *word = words.first; word != NULL; word = word->next) {
        if (strlen(word->more->text) > AGREEMENT_QUOTATION_MAX)
            reader_find(scope->reader, word->span.place, "a quotation of more than %d bytes",
                        AGREEMENT_QUOTATION_MAX);
        clauses[count++] = (struct agreement_clause){word->text, word->more->text,
                                                     word->span.place};
    }
    rule->clauses = clauses;
    rule->clause_count = count;
}

static void resolve_rule(const struct scope *outer, struct agreement_rule *rule,
                         const struct raw_rule *raw)
{
    struct scope scope = *outer;
    rule->mark = reader_mark(scope.reader, raw->name->span.end_line);
    if (raw->broken)
        return;
    resolve_clauses(&scope, rule, raw->clauses);
    rule->trigger = raw->trigger.kind;
    scope.event = rule->trigger != AGREEMENT_ON_LIST;
    if (rule->trigger == AGREEMENT_ON_TURN)
        resolve_turns(&scope, rule, raw->trigger.when);
    else
        rule->types = resolve_types(&scope, raw->trigger.when);
    scope.types = rule->types;
    if (rule->trigger == AGREEMENT_ON_EVENT && rule->types == 0)
        return; /* told already; without a type every attribute would be a finding */
    rule->publishers = raw->trigger.from.count == 0
                           ? (unsigned)(SL_IMG | SL_NCG | SL_MUNICIPALITY)
                           : resolve_organisations(&scope, raw->trigger.from);
    rule->condition = resolve_condition(&scope, raw->condition);
    rule->outcomes = resolve_outcomes(&scope, raw->outcomes);
    rule->outcome_count = raw->outcomes.count;
    rule->otherwise = resolve_outcomes(&scope, raw->otherwise);
    rule->otherwise_count = raw->otherwise.count;
}

/* Names first: a rule may speak of one that stands further down. */
static struct agreement_rule *name_rules(const struct scope *scope, struct agreement *agreement)
{
    struct raw_list raw = scope->reader->raw.rules;
    struct agreement_rule *rules = reader_keep(scope->reader, raw.count, sizeof *rules);
    agreement->rules = rules;
    for (const struct raw_rule *rule = raw.first; rule != NULL; rule = rule->next) {
        if (agreement->rule_count == AGREEMENT_RULES_MAX) {
            reader_find(scope->reader, rule->name->span.place, "more than %d rules",
                        AGREEMENT_RULES_MAX);
            break;
        }
        if (agreement_rule_find(agreement, sl_text(rule->name->text)) >= 0)
            reader_find(scope->reader, rule->name->span.place,
                        "the rule %s stands here a second time", rule->name->text);
        struct agreement_rule *made = &rules[agreement->rule_count++];
        made->name = rule->name->text;
        made->place = rule->name->span.place;
    }
    return rules;
}

/* ---------------------------------------------------------------- what follows from all rules */

/* Marks what the rule applies, and what that applies; true when it comes back to `rule`. */
static bool applies(const struct agreement *agreement, int from, int rule, bool *seen)
{
    const struct agreement_rule *of = &agreement->rules[from];
    for (int otherwise = 0; otherwise < 2; otherwise++) {
        const struct agreement_outcome *list = otherwise ? of->otherwise : of->outcomes;
        size_t count = otherwise ? of->otherwise_count : of->outcome_count;
        for (size_t i = 0; i < count; i++) {
            for (size_t j = 0; list[i].kind == AGREEMENT_APPLY && j < list[i].rules.count; j++) {
                int next = list[i].rules.items[j];
                if (next == rule)
                    return true;
                if (!seen[next]) {
                    seen[next] = true;
                    if (applies(agreement, next, rule, seen))
                        return true;
                }
            }
        }
    }
    return false;
}

/* A rule that applies itself would never end. */
static void refuse_circles(struct reader *reader, const struct agreement *agreement)
{
    for (int i = 0; i < (int)agreement->rule_count; i++) {
        bool seen[AGREEMENT_RULES_MAX] = {false};
        if (applies(agreement, i, i, seen))
            reader_find(reader, agreement->rules[i].place, "the rule %s applies itself in the end",
                        agreement->rules[i].name);
    }
}

static bool tests_role(const struct agreement_condition *condition)
{
    if (condition == NULL)
        return false;
    bool found = condition->test == AGREEMENT_ROLE_IS;
    for (size_t i = 0; i < condition->part_count && !found; i++)
        found = tests_role(condition->parts[i]);
    return found;
}

static void gather(struct agreement *agreement, const struct agreement_rule *rule,
                   const struct agreement_outcome *outcomes, size_t count)
{
    bool role = tests_role(rule->condition);
    for (size_t i = 0; i < count; i++) {
        role = role || tests_role(outcomes[i].only_if);
        if (outcomes[i].kind == AGREEMENT_EXPECT)
            agreement->answering |= outcomes[i].types;
    }
    if (role)
        agreement->role_tested |= rule->types;
}

static void summarise(struct agreement *agreement)
{
    for (size_t i = 0; i < sl_type_count(); i++) {
        if (sl_type_at(i)->causation_required && !sl_type_at(i)->original)
            agreement->answering |= agreement_type_bit(i);
    }
    for (size_t i = 0; i < agreement->rule_count; i++) {
        const struct agreement_rule *rule = &agreement->rules[i];
        gather(agreement, rule, rule->outcomes, rule->outcome_count);
        gather(agreement, rule, rule->otherwise, rule->otherwise_count);
    }
}

void resolve_agreement(struct reader *reader)
{
    struct agreement *agreement = reader->agreement;
    const struct scope scope = {reader, agreement, 0, false};
    if (agreement->name == NULL)
        agreement->name = "";
    resolve_settings(&scope, agreement);
    struct agreement_rule *rules = name_rules(&scope, agreement);
    const struct raw_rule *raw = reader->raw.rules.first;
    for (size_t i = 0; i < agreement->rule_count; i++, raw = raw->next)
        resolve_rule(&scope, &rules[i], raw);
    refuse_circles(reader, agreement);
    summarise(agreement);
}
