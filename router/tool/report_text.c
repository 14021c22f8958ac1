/* The report as Markdown and as CSV. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "router/core/calendar.h"
#include "router/tool/report_write.h"
#include "schemas/timestamp.h"

void report_cell_text(char out[REPORT_CELL_TEXT], const struct report_table *table, size_t row,
                      size_t column)
{
    const struct report_cell *cell = report_cell(table, row, column);
    enum report_column_kind kind = table->columns[column].kind;
    if (cell->hidden)
        (void)snprintf(out, REPORT_CELL_TEXT, "%s", REPORT_HIDDEN);
    else if (kind != REPORT_MEDIAN && kind != REPORT_NINTH)
        (void)snprintf(out, REPORT_CELL_TEXT, "%" PRIu64, cell->count);
    else if (cell->houses == 0)
        out[0] = '\0';
    else
        (void)snprintf(out, REPORT_CELL_TEXT, "%" PRIu64 ".%" PRIu64, cell->count / 10,
                       cell->count % 10);
}

/* A day in Groningen where the moment is a midnight, which ends the day before. */
static void add_moment(struct sl_buffer *out, int64_t at, bool end)
{
    char text[SL_TIMESTAMP_SIZE];
    int64_t day = calendar_local_day(at), year;
    int month, of_month;
    if (calendar_begin_of(day) != at) {
        sl_timestamp_format(text, at);
        sl_buffer_printf(out, "%s", text);
        return;
    }
    sl_date_from_days(end ? day - 1 : day, &year, &month, &of_month);
    sl_buffer_printf(out, "%04d-%02d-%02d", (int)year, month, of_month);
}

void report_period(struct sl_buffer *out, const struct report_tables *tables)
{
    sl_buffer_printf(out, "From ");
    if (tables->from == INT64_MIN)
        sl_buffer_printf(out, "the beginning");
    else
        add_moment(out, tables->from, false);
    sl_buffer_printf(out, " to ");
    if (tables->to == INT64_MAX)
        sl_buffer_printf(out, "the end of what is recorded");
    else
        add_moment(out, tables->to, true);
}

void report_rule(struct sl_buffer *out, const struct report_tables *tables)
{
    if (tables->smallest <= 1) {
        sl_buffer_printf(out, "All cells are shown, also those of a single house: for those who "
                              "handle the cases, not for publication.");
        return;
    }
    sl_buffer_printf(
        out,
        "A cell behind which there are fewer than %u houses is hidden (" REPORT_HIDDEN
        "). Where sums would give it away, other cells are hidden too, the smallest first, until "
        "at least %u further values remain possible for it, whatever sums are put together; a "
        "total that is hidden is hidden in every table. A time is hidden where fewer than %u "
        "houses took it. Nothing here names or marks a house.",
        tables->smallest, tables->smallest, tables->smallest);
}

/* ---------------------------------------------------------------- Markdown */

/* One row is read more easily downwards. */
static void add_figures(struct sl_buffer *out, const struct report_table *table)
{
    char text[REPORT_CELL_TEXT];
    sl_buffer_printf(out, "\n## %s\n\n%s\n\n| what | number |\n| --- | ---: |\n", table->title,
                     table->note);
    for (size_t column = 0; column < table->column_count; column++) {
        report_cell_text(text, table, 0, column);
        sl_buffer_printf(out, "| %s | %s |\n", table->columns[column].name, text);
    }
}

static void add_markdown(struct sl_buffer *out, const struct report_table *table)
{
    char text[REPORT_CELL_TEXT];
    sl_buffer_printf(out, "\n## %s\n\n", table->title);
    if (table->note != NULL)
        sl_buffer_printf(out, "%s\n\n", table->note);
    if (table->row_count == (table->total ? 1U : 0U)) {
        sl_buffer_printf(out, "Nothing.\n");
        return;
    }
    sl_buffer_printf(out, "| %s |", table->head);
    for (size_t column = 0; column < table->column_count; column++)
        sl_buffer_printf(out, " %s |", table->columns[column].name);
    sl_buffer_printf(out, "\n| --- |");
    for (size_t column = 0; column < table->column_count; column++)
        sl_buffer_printf(out, " ---: |");
    for (size_t row = 0; row < table->row_count; row++) {
        sl_buffer_printf(out, "\n| %s |", table->rows[row]);
        for (size_t column = 0; column < table->column_count; column++) {
            report_cell_text(text, table, row, column);
            sl_buffer_printf(out, " %s |", text);
        }
    }
    sl_buffer_printf(out, "\n");
}

static void write_markdown(struct sl_buffer *out, const struct report_tables *tables)
{
    sl_buffer_printf(out, "# Samenloop: the one-counter way of working\n\n");
    report_period(out, tables);
    sl_buffer_printf(out, ". ");
    report_rule(out, tables);
    sl_buffer_printf(out, "\n");
    add_figures(out, &tables->tables[REPORT_OVERALL]);
    for (size_t i = REPORT_OVERALL + 1; i < REPORT_TABLES; i++)
        add_markdown(out, &tables->tables[i]);
}

/* ---------------------------------------------------------------- CSV (RFC 4180) */

static void add_field(struct sl_buffer *out, const char *text, const char *end)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        sl_buffer_printf(out, "%s%s", text, end);
        return;
    }
    sl_buffer_printf(out, "\"");
    for (const char *at = text; *at != '\0'; at++)
        sl_buffer_printf(out, *at == '"' ? "\"%c" : "%c", *at);
    sl_buffer_printf(out, "\"%s", end);
}

static void add_remark(struct sl_buffer *out, const char *row, const struct report_tables *tables,
                       void (*write)(struct sl_buffer *out, const struct report_tables *tables))
{
    struct sl_buffer text = {0};
    write(&text, tables);
    sl_buffer_add(&text, "", 1);
    add_field(out, "About this report", ",");
    add_field(out, row, ",,");
    add_field(out, (const char *)text.data, "\r\n");
    sl_buffer_free(&text);
}

static void write_csv(struct sl_buffer *out, const struct report_tables *tables)
{
    char text[REPORT_CELL_TEXT];
    sl_buffer_printf(out, "table,row,column,value\r\n");
    add_remark(out, "period", tables, report_period);
    add_remark(out, "rule", tables, report_rule);
    for (size_t i = 0; i < REPORT_TABLES; i++) {
        const struct report_table *table = &tables->tables[i];
        for (size_t row = 0; row < table->row_count; row++) {
            for (size_t column = 0; column < table->column_count; column++) {
                report_cell_text(text, table, row, column);
                add_field(out, table->title, ",");
                add_field(out, table->rows[row], ",");
                add_field(out, table->columns[column].name, ",");
                add_field(out, text, "\r\n");
            }
        }
    }
}

void report_write(struct sl_buffer *out, const struct report_tables *tables,
                  enum report_format format)
{
    static void (*const writers[])(struct sl_buffer * out, const struct report_tables *tables) = {
        [REPORT_MARKDOWN] = write_markdown,
        [REPORT_CSV] = write_csv,
        [REPORT_HTML] = report_page,
    };
    writers[format](out, tables);
}
