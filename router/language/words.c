/* Conditions, outcomes and terms as sentences. */
#include "router/language/print.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "schemas/timestamp.h"

/* ---------------------------------------------------------------- names and lists */

/* A name as words: no underscores, and the two organisations as they write themselves. */
static void put_name(struct sl_buffer *out, const char *name)
{
    if (strcmp(name, "img") == 0 || strcmp(name, "ncg") == 0) {
        sl_buffer_printf(out, "%c%c%c", toupper(name[0]), toupper(name[1]), toupper(name[2]));
        return;
    }
    for (const char *at = name; *at != '\0'; at++)
        sl_buffer_printf(out, "%c", *at == '_' ? ' ' : *at);
}

static void put_types(struct sl_buffer *out, agreement_types types)
{
    const char *between = "";
    for (size_t i = 0; i < sl_type_count(); i++) {
        if ((types & agreement_type_bit(i)) == 0)
            continue;
        sl_buffer_printf(out, "%s", between);
        put_name(out, sl_type_at(i)->name);
        between = " or ";
    }
}

static void put_rules(struct sl_buffer *out, const struct agreement *agreement,
                      struct agreement_indices rules, const char *last)
{
    for (size_t i = 0; i < rules.count; i++)
        sl_buffer_printf(out, "%s%s",
                         i == 0                ? ""
                         : i + 1 < rules.count ? ", "
                                               : last,
                         agreement->rules[rules.items[i]].name);
}

static void put_organisations(struct sl_buffer *out, unsigned set)
{
    static const struct {
        unsigned bit;
        const char *name;
    } organisations[] = {{SL_IMG, "IMG"}, {SL_NCG, "NCG"}, {SL_MUNICIPALITY, "a municipality"}};
    const char *between = "";
    for (size_t i = 0; i < sizeof organisations / sizeof organisations[0]; i++) {
        if ((set & organisations[i].bit) != 0) {
            sl_buffer_printf(out, "%s%s", between, organisations[i].name);
            between = " or ";
        }
    }
}

void agreement_print_who(struct sl_buffer *out, const struct agreement_who *who)
{
    if (who->role != SL_BACK_OFFICE && who->role != SL_NO_ROLE) {
        sl_buffer_printf(out, "the ");
        put_name(out, sl_role_name(who->role));
        sl_buffer_printf(out, " of ");
    }
    if (who->whom == AGREEMENT_PARTICIPANT) {
        put_name(out, who->name);
    } else if (who->whom == AGREEMENT_NAMED_BY) {
        sl_buffer_printf(out, "whom ");
        put_name(out, who->name);
        sl_buffer_printf(out, " names");
    } else {
        static const char *const words[] = {[AGREEMENT_OTHER] = "the other organisation",
                                            [AGREEMENT_PUBLISHER] = "the publisher",
                                            [AGREEMENT_BOTH] = "IMG and NCG",
                                            [AGREEMENT_MUNICIPALITY] = "the municipality"};
        sl_buffer_printf(out, "%s", words[who->whom]);
    }
}

static void put_day(struct sl_buffer *out, int64_t days)
{
    int64_t year = 0;
    int month = 0, day = 0;
    sl_date_from_days(days, &year, &month, &day);
    sl_buffer_printf(out, "%04d-%02d-%02d", (int)year, month, day);
}

/* ---------------------------------------------------------------- conditions */

static void put_values(struct sl_buffer *out, const struct agreement_condition *condition)
{
    static const enum agreement_value order[] = {AGREEMENT_YES, AGREEMENT_NO, AGREEMENT_UNKNOWN};
    const char *between = condition->negated ? " is not " : " is ";
    put_name(out, condition->name);
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if ((condition->three & 1u << order[i]) != 0) {
            sl_buffer_printf(out, "%s%s", between, agreement_value_name(order[i]));
            between = " or ";
        }
    }
    for (size_t i = 0; i < condition->codes.count; i++) {
        sl_buffer_printf(out, "%s", between);
        put_name(out, condition->codes.items[i]);
        between = " or ";
    }
}

static void put_group(struct sl_buffer *out, const struct agreement *agreement,
                      const struct agreement_condition *group)
{
    const char *between = group->test == AGREEMENT_ALL   ? " and "
                          : group->test == AGREEMENT_ANY ? " or "
                                                         : " nor ";
    if (group->test == AGREEMENT_NONE)
        sl_buffer_printf(out, group->part_count == 1 ? "not " : "neither ");
    for (size_t i = 0; i < group->part_count; i++) {
        const struct agreement_condition *part = group->parts[i];
        bool inner = part->test <= AGREEMENT_NONE && part->part_count > 1;
        sl_buffer_printf(out, "%s%s", i == 0 ? "" : between, inner ? "(" : "");
        agreement_print_condition(out, agreement, part);
        sl_buffer_printf(out, "%s", inner ? ")" : "");
    }
}

/* A condition's sentence by its test; a letter after % is a part that put_part() knows. */
static const char *const sentences[] = {
    [AGREEMENT_ALL] = "%g",
    [AGREEMENT_ANY] = "%g",
    [AGREEMENT_NONE] = "%g",
    [AGREEMENT_IS] = "%v",
    [AGREEMENT_SAYS] = "the event says %v",
    [AGREEMENT_ASKED] = "of the question %v",
    [AGREEMENT_NAMES] = "%a names %w",
    [AGREEMENT_PUBLISHER_IS] = "the publisher is %n%o",
    [AGREEMENT_ROLE_IS] = "the publisher's role is %n%r",
    [AGREEMENT_EVENT_IS] = "the event is %n%t",
    [AGREEMENT_AWAITED] = "it is %nawaited%b",
    [AGREEMENT_AWAITS] = "%l awaits %t",
    [AGREEMENT_DISCLOSED] = "%s was disclosed to %w",
    [AGREEMENT_PURPOSE_AGREED] = "its purpose is %nagreed",
    [AGREEMENT_SINCE] = "it comes on or after %d",
    [AGREEMENT_LISTED] = "the house is on the joint team's list",
    [AGREEMENT_OVERDUE] = "something is overdue",
    [AGREEMENT_INITIAL_LOAD] = "it belongs to the initial load",
};

static void put_part(struct sl_buffer *out, const struct agreement *agreement,
                     const struct agreement_condition *condition, char part)
{
    switch (part) {
    case 'a':
        put_name(out, condition->name);
        break;
    case 'b':
        sl_buffer_printf(out, "%s", condition->rules.count > 0 ? " by " : "");
        put_rules(out, agreement, condition->rules, " or ");
        break;
    case 'd':
        put_day(out, condition->day);
        break;
    case 'g':
        put_group(out, agreement, condition);
        break;
    case 'l':
        put_rules(out, agreement, condition->rules, " or ");
        break;
    case 'n':
        sl_buffer_printf(out, "%s", condition->negated ? "not " : "");
        break;
    case 'o':
        put_organisations(out, condition->organisations);
        break;
    case 'r':
        put_name(out, sl_role_name(condition->role));
        break;
    case 's':
        sl_sections_print(out, condition->sections);
        break;
    case 't':
        put_types(out, condition->types);
        break;
    case 'v':
        put_values(out, condition);
        break;
    case 'w':
        agreement_print_who(out, &condition->who);
        break;
    default:
        assert(false);
    }
}

void agreement_print_condition(struct sl_buffer *out, const struct agreement *agreement,
                               const struct agreement_condition *condition)
{
    const char *sentence = condition == NULL ? "always" : sentences[condition->test];
    for (const char *at = sentence; *at != '\0'; at++) {
        if (*at == '%')
            put_part(out, agreement, condition, *++at);
        else
            sl_buffer_add(out, at, 1);
    }
}

/* ---------------------------------------------------------------- triggers and terms */

void agreement_print_trigger(struct sl_buffer *out, const struct agreement *agreement,
                             const struct agreement_rule *rule)
{
    const unsigned anybody = SL_IMG | SL_NCG | SL_MUNICIPALITY;
    if (rule->trigger == AGREEMENT_ON_LIST)
        sl_buffer_printf(out, "the joint team's list changes");
    put_types(out, rule->types);
    if (rule->trigger == AGREEMENT_ON_EVENT && rule->publishers != anybody) {
        sl_buffer_printf(out, " from ");
        put_organisations(out, rule->publishers);
    }
    for (size_t i = 0; i < rule->turn_count; i++) {
        const struct agreement_turn *turn = &rule->turns[i];
        sl_buffer_printf(out, "%s", i == 0 ? "" : " or ");
        put_name(out, agreement->facts[turn->fact].name);
        sl_buffer_printf(out, " %s %s", turn->ceases ? "ceases to be" : "becomes",
                         agreement_value_name(turn->value));
    }
}

static void put_term(struct sl_buffer *out, const struct agreement_term *term)
{
    static const char *const units[] = {"minute", "hour", "working day"};
    const char *date = term->by != NULL      ? term->by
                       : term->after != NULL ? term->after
                                             : term->but_before;
    if (term->by == NULL)
        sl_buffer_printf(out, "%d %s%s", term->count, units[term->unit],
                         term->count == 1 ? "" : "s");
    if (date != NULL) {
        sl_buffer_printf(out, "%s",
                         term->by != NULL      ? "the end of "
                         : term->after != NULL ? " after "
                                               : ", but before ");
        put_name(out, date);
    }
    if (term->otherwise != NULL) {
        sl_buffer_printf(out, ", or without one ");
        put_term(out, term->otherwise);
    }
}

static void put_level(struct sl_buffer *out, const struct agreement *agreement,
                      const struct agreement_level *level)
{
    for (size_t i = 0; i < level->to_count; i++) {
        sl_buffer_printf(out, "%s", i == 0 ? "" : " and ");
        agreement_print_who(out, &level->to[i]);
    }
    if (level->where != NULL) {
        sl_buffer_printf(out, " (where ");
        agreement_print_condition(out, agreement, level->where);
        sl_buffer_printf(out, ")");
    }
}

void agreement_print_term(struct sl_buffer *out, const struct agreement *agreement,
                          const struct agreement_outcome *expectation)
{
    put_term(out, &expectation->term);
    for (size_t i = 0; i < expectation->level_count; i++) {
        sl_buffer_printf(out, "%s", i == 0 ? "; if late, tell " : "; a working day later ");
        put_level(out, agreement, &expectation->levels[i]);
    }
}

/* ---------------------------------------------------------------- outcomes */

static void put_remember(struct sl_buffer *out, const struct agreement *agreement,
                         const struct agreement_outcome *outcome)
{
    for (size_t i = 0; i < outcome->statement_count; i++) {
        sl_buffer_printf(out, "%s", i == 0 ? "remember: " : ", ");
        put_name(out, agreement->facts[outcome->statements[i].fact].name);
        sl_buffer_printf(out, " is %s", agreement_value_name(outcome->statements[i].value));
    }
}

static void put_forward(struct sl_buffer *out, const struct agreement *agreement,
                        const struct agreement_outcome *outcome)
{
    sl_buffer_printf(out, "forward to ");
    agreement_print_who(out, &outcome->to);
    sl_buffer_printf(out, outcome->disclosure_count == 0 ? ": that it happened, no more" : ": ");
    for (size_t i = 0; i < outcome->disclosure_count; i++) {
        const struct agreement_disclosure *disclosure = &outcome->disclosures[i];
        sl_buffer_printf(out, "%s%s", i == 0 ? "" : ", ", sl_section_name(disclosure->section));
        if (disclosure->without_consent)
            sl_buffer_printf(out, " (without consent)");
        if (disclosure->where != NULL) {
            sl_buffer_printf(out, " (where ");
            agreement_print_condition(out, agreement, disclosure->where);
            sl_buffer_printf(out, ")");
        }
    }
    if (outcome->text != NULL)
        sl_buffer_printf(out, "; if it takes no part, note \"%s\"", outcome->text);
}

static void put_told(struct sl_buffer *out, const struct agreement_outcome *outcome)
{
    sl_buffer_printf(out, outcome->kind == AGREEMENT_INSTRUCT ? "instruct " : "notify ");
    agreement_print_who(out, &outcome->to);
    sl_buffer_printf(out, ": ");
    put_name(out, outcome->what->name);
    if (outcome->about != NULL) {
        sl_buffer_printf(out, " (once for each ");
        put_name(out, outcome->about);
        sl_buffer_printf(out, ")");
    }
    if (outcome->text != NULL)
        sl_buffer_printf(out, ", because \"%s\"", outcome->text);
    if (outcome->daily_on_initial_load)
        sl_buffer_printf(out, " (during the initial load once a day)");
}

static void put_expect(struct sl_buffer *out, const struct agreement_outcome *outcome)
{
    sl_buffer_printf(out, "expect %s", outcome->receipt ? "the receipt" : "");
    for (size_t i = 0; i < outcome->awaited_count; i++) {
        sl_buffer_printf(out, "%s", i == 0 ? "" : " or ");
        put_name(out, sl_type_at(outcome->awaited[i])->name);
    }
    sl_buffer_printf(out, " from ");
    agreement_print_who(out, &outcome->to);
    sl_buffer_printf(out, "%s%s", outcome->met_by_either ? ", met by either" : "",
                     outcome->continuing ? ", going on from the question" : "");
}

static void put_release(struct sl_buffer *out, const struct agreement *agreement,
                        const struct agreement_outcome *outcome)
{
    sl_buffer_printf(out, outcome->the_question ? "release the question that it answers"
                                                : "release what was asked by ");
    put_rules(out, agreement, outcome->rules, " and ");
    if (outcome->from_publisher)
        sl_buffer_printf(out, " of the publisher");
    if (outcome->types != 0)
        sl_buffer_printf(out, ", awaiting ");
    put_types(out, outcome->types);
    sl_buffer_printf(out, ": \"%s\"", outcome->text);
}

static void put_withhold(struct sl_buffer *out, const struct agreement_outcome *outcome)
{
    sl_buffer_printf(out, "withhold: \"%s\"", outcome->text);
    for (size_t i = 0; i < outcome->unknown_count; i++)
        sl_buffer_printf(out, "%s%s", i == 0 ? ", naming what is unknown of: " : ", ",
                         outcome->unknowns[i].text);
}

void agreement_print_outcome(struct sl_buffer *out, const struct agreement *agreement,
                             const struct agreement_outcome *outcome)
{
    switch (outcome->kind) {
    case AGREEMENT_REMEMBER:
        put_remember(out, agreement, outcome);
        break;
    case AGREEMENT_FORWARD:
        put_forward(out, agreement, outcome);
        break;
    case AGREEMENT_INSTRUCT:
    case AGREEMENT_NOTIFY:
        put_told(out, outcome);
        break;
    case AGREEMENT_EXPECT:
        put_expect(out, outcome);
        break;
    case AGREEMENT_JOIN:
        sl_buffer_printf(out, "ask too for what was asked by ");
        put_rules(out, agreement, outcome->rules, " or ");
        sl_buffer_printf(out, ": ");
        put_types(out, outcome->types);
        break;
    case AGREEMENT_RELEASE:
        put_release(out, agreement, outcome);
        break;
    case AGREEMENT_WITHHOLD:
        put_withhold(out, outcome);
        break;
    case AGREEMENT_APPLY:
        sl_buffer_printf(out, "as if asked now: ");
        put_rules(out, agreement, outcome->rules, " and ");
        sl_buffer_printf(out, "%s", outcome->continuing ? ", going on from the question" : "");
        break;
    case AGREEMENT_RESTRICT:
        sl_buffer_printf(out, "restrict the use of data, for the publisher");
        break;
    case AGREEMENT_LIFT:
        sl_buffer_printf(out, "lift the publisher's restriction");
        break;
    case AGREEMENT_PRIORITISE:
        sl_buffer_printf(out, "set the priority on the joint team's list");
        break;
    case AGREEMENT_LOG:
        sl_buffer_printf(out, "note \"%s\"", outcome->text);
        if (outcome->fact >= 0) {
            sl_buffer_printf(out, ", with the number of the event that set ");
            put_name(out, agreement->facts[outcome->fact].name);
        }
        break;
    }
}
