/* The decision table that both organisations can sign: a row an outcome, in the file's order. */
#include "router/core/calendar.h"
#include "router/language/print.h"

#include <string.h>

#include "schemas/timestamp.h"

/* A cell's text: what Markdown would read as something else is escaped. */
static void put_cell(struct sl_buffer *out, const struct sl_buffer *text)
{
    for (size_t i = 0; i < text->size; i++) {
        if (strchr("|<*_`\\", text->data[i]) != NULL)
            sl_buffer_add(out, "\\", 1);
        sl_buffer_add(out, &text->data[i], 1);
    }
}

static void put_date(struct sl_buffer *out, int64_t days)
{
    char text[SL_TIMESTAMP_SIZE];
    sl_timestamp_format(text, days * SL_DAY);
    sl_buffer_printf(out, "%.10s", text);
}

/* ---------------------------------------------------------------- rules */

static void clauses(struct sl_buffer *text, const struct agreement_rule *rule)
{
    for (size_t i = 0; i < rule->clause_count; i++)
        sl_buffer_printf(text, "%s%s “%s”", i == 0 ? "" : "; ", rule->clauses[i].name,
                         rule->clauses[i].words);
}

static void when(struct sl_buffer *text, const struct agreement *agreement,
                 const struct agreement_rule *rule, bool otherwise)
{
    if (otherwise) {
        sl_buffer_printf(text, "otherwise");
        return;
    }
    agreement_print_trigger(text, agreement, rule);
    if (rule->condition != NULL) {
        sl_buffer_printf(text, ", and ");
        agreement_print_condition(text, agreement, rule->condition);
    }
}

static void happens(struct sl_buffer *text, const struct agreement *agreement,
                    const struct agreement_outcome *outcome)
{
    agreement_print_outcome(text, agreement, outcome);
    if (outcome->only_if != NULL) {
        sl_buffer_printf(text, ", if ");
        agreement_print_condition(text, agreement, outcome->only_if);
    }
}

static void end_cell(struct sl_buffer *out, struct sl_buffer *text)
{
    put_cell(out, text);
    sl_buffer_printf(out, " | ");
    sl_buffer_clear(text);
}

static void rows(struct sl_buffer *out, const struct agreement *agreement,
                 const struct agreement_rule *rule, bool otherwise)
{
    const struct agreement_outcome *outcomes = otherwise ? rule->otherwise : rule->outcomes;
    size_t count = otherwise ? rule->otherwise_count : rule->outcome_count;
    struct sl_buffer text = {0};
    for (size_t i = 0; i < count; i++) {
        const struct agreement_outcome *outcome = &outcomes[i];
        sl_buffer_printf(out, "| ");
        if (i == 0 && !otherwise)
            sl_buffer_printf(&text, "%s%s%s", rule->mark == NULL ? "" : rule->mark,
                             rule->mark == NULL ? "" : " ", rule->name);
        end_cell(out, &text);
        if (i == 0 && !otherwise)
            clauses(&text, rule);
        end_cell(out, &text);
        if (i == 0)
            when(&text, agreement, rule, otherwise);
        end_cell(out, &text);
        happens(&text, agreement, outcome);
        end_cell(out, &text);
        if (outcome->kind == AGREEMENT_EXPECT)
            agreement_print_term(&text, agreement, outcome);
        end_cell(out, &text);
        if (outcome->mark != NULL)
            sl_buffer_printf(&text, "%s", outcome->mark);
        put_cell(out, &text);
        sl_buffer_printf(out, " |\n");
        sl_buffer_clear(&text);
    }
    sl_buffer_free(&text);
}

static void put_rules_table(struct sl_buffer *out, const struct agreement *agreement)
{
    sl_buffer_printf(
        out, "## Rules\n\nAll rules that hold are carried out, in this order. Where a value "
             "is unknown, only what names unknown (or names what it is not) holds.\n\n"
             "| rule | the letter | when | what happens | term | where it comes from |\n"
             "| --- | --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < agreement->rule_count; i++) {
        rows(out, agreement, &agreement->rules[i], false);
        rows(out, agreement, &agreement->rules[i], true);
    }
}

/* ---------------------------------------------------------------- settings */

static void put_participants(struct sl_buffer *out, const struct agreement *agreement)
{
    for (size_t i = 0; i < agreement->participant_count; i++)
        sl_buffer_printf(out, "%s%s%s", i == 0 ? "- Participants: " : ", ",
                         agreement->participants[i].name,
                         agreement->participants[i].optional ? " (if it wishes)" : "");
    if (agreement->participant_count > 0)
        sl_buffer_printf(out, "\n");
    for (size_t i = 0; i < agreement->area.count; i++)
        sl_buffer_printf(out, "%s%s", i == 0 ? "- NCG's working area: " : ", ",
                         agreement->area.items[i]);
    if (agreement->area.count > 0)
        sl_buffer_printf(out, "\n");
}

static void put_purposes(struct sl_buffer *out, const struct agreement *agreement)
{
    for (size_t i = 0; i < agreement->purpose_count; i++)
        sl_buffer_printf(out, "%s%s (%s)",
                         i == 0 ? "- Purposes of a question, and their basis: " : ", ",
                         agreement->purposes[i].name, agreement->purposes[i].basis);
    if (agreement->purpose_count > 0)
        sl_buffer_printf(out, "\n");
}

static void put_priorities(struct sl_buffer *out, const struct agreement *agreement)
{
    for (size_t i = 0; i < agreement->priority_count; i++) {
        sl_buffer_printf(
            out, "- The joint team's list, priority %d: ", agreement->priorities[i].priority);
        agreement_print_condition(out, agreement, agreement->priorities[i].condition);
        sl_buffer_printf(out, "\n");
    }
}

static void put_settings(struct sl_buffer *out, const struct agreement *agreement)
{
    put_participants(out, agreement);
    for (size_t i = 0; i < agreement->free_day_count; i++) {
        sl_buffer_printf(out, "%s", i == 0 ? "- Free days besides the general ones: " : ", ");
        put_date(out, agreement->free_days[i]);
    }
    sl_buffer_printf(out, "%s- An event may be dated at most %d minutes ahead\n",
                     agreement->free_day_count > 0 ? "\n" : "",
                     (int)(agreement->future_tolerance / SL_MINUTE));
    for (size_t i = 0; i < agreement->fact_count; i++)
        sl_buffer_printf(out, "%s%s (%s)",
                         i == 0 ? "- Remembered of a house, and how it starts: " : ", ",
                         agreement->facts[i].name, agreement_value_name(agreement->facts[i].start));
    if (agreement->fact_count > 0)
        sl_buffer_printf(out, "\n");
    put_purposes(out, agreement);
    put_priorities(out, agreement);
    if (agreement->inform_residents > 0)
        sl_buffer_printf(out, "- A resident whose data crossed is told within %d working days\n",
                         agreement->inform_residents);
}

/* A day's first moment, which it mostly is, as lawyers write it. */
static void put_in_force(struct sl_buffer *out, int64_t at)
{
    char moment[SL_TIMESTAMP_SIZE];
    int64_t day = calendar_local_day(at);
    if (at == calendar_begin_of(day)) {
        put_date(out, day);
        sl_buffer_printf(out, ", 0:00 in Groningen");
        return;
    }
    sl_timestamp_format(moment, at);
    sl_buffer_printf(out, "%s", moment);
}

void agreement_print_table(struct sl_buffer *out, const struct agreement *agreement)
{
    char hash[2 * sizeof agreement->hash + 1];
    sl_hex(hash, agreement->hash, sizeof agreement->hash);
    sl_buffer_printf(out, "# %s, version %d\n\nIn force from ", agreement->name,
                     agreement->version);
    put_in_force(out, agreement->in_force);
    if (agreement->review >= 0) {
        sl_buffer_printf(out, ", to be reviewed by ");
        put_date(out, agreement->review);
    }
    sl_buffer_printf(out, ". This table says what the text with SHA-256 `%s` says.\n\n", hash);
    put_settings(out, agreement);
    sl_buffer_printf(out, "\n");
    put_rules_table(out, agreement);
    sl_buffer_printf(out, "\n## Signed\n\n| for IMG | for NCG |\n| --- | --- |\n"
                          "| name, date | name, date |\n");
}
