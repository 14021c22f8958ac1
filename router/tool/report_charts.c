/* The pictures of the page: horizontal bars, and one of months. Sizes are in the SVG's own units;
 * colours and fonts are the page's. */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "router/tool/report_write.h"

enum {
    WIDTH = 760,
    VALUES = 100, /* room behind the bars */
    LINE = 28,    /* from one row to the next */
    BAR = 18,     /* high */
    LETTER = 8,   /* wide, at most */
    NAMES = 420,  /* room for the rows' names, at most */
    MONTHS = 180, /* high, of the picture of months */
};

void report_add_html(struct sl_buffer *out, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '&')
            sl_buffer_printf(out, "&amp;");
        else if (*at == '<')
            sl_buffer_printf(out, "&lt;");
        else if (*at == '>')
            sl_buffer_printf(out, "&gt;");
        else if (*at == '"')
            sl_buffer_printf(out, "&quot;");
        else
            sl_buffer_add(out, at, 1);
    }
}

size_t report_column(const struct report_table *table, const char *name)
{
    size_t column = 0;
    while (column < table->column_count && strcmp(table->columns[column].name, name) != 0)
        column++;
    assert(column < table->column_count);
    return column;
}

static size_t rows_of(const struct report_table *table)
{
    return table->row_count - (table->total ? 1 : 0);
}

/* The greatest that is shown of a column, but for the total. */
static uint64_t greatest(const struct report_table *table, size_t column)
{
    uint64_t most = 0;
    for (size_t row = 0; row < rows_of(table); row++) {
        const struct report_cell *cell = report_cell(table, row, column);
        if (!cell->hidden && cell->count > most)
            most = cell->count;
    }
    return most;
}

/* ---------------------------------------------------------------- parts of a picture */

static void begin(struct sl_buffer *out, const char *title, int height)
{
    sl_buffer_printf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH, height);
    report_add_html(out, title);
    sl_buffer_printf(out, ". The figures are in the table below.\">\n");
}

/* Where the bars begin: behind the longest name. */
static int left_of(const struct report_table *table)
{
    size_t longest = 0;
    for (size_t row = 0; row < rows_of(table); row++) {
        size_t size = strlen(table->rows[row]);
        longest = size > longest ? size : longest;
    }
    return longest * LETTER + 12 < NAMES ? (int)longest * LETTER + 12 : NAMES;
}

static void add_name(struct sl_buffer *out, int left, int y, const char *name)
{
    size_t room = (size_t)(left - 12) / LETTER;
    sl_buffer_printf(out, "<text class=\"name\" x=\"%d\" y=\"%d\">", left - 10, y + 14);
    char cut[REPORT_LABEL];
    memcpy(cut, name, sizeof cut);
    if (strlen(name) > room) {
        size_t size = room - 1;
        while (size > 0 && ((unsigned char)cut[size] & 0xc0) == 0x80)
            size--; /* not within a letter */
        cut[size] = '\0';
    }
    report_add_html(out, cut);
    sl_buffer_printf(out, "%s<title>", strlen(name) > room ? "…" : "");
    report_add_html(out, name);
    sl_buffer_printf(out, "</title></text>\n");
}

/* A piece of a bar, with its number in it where there is room. */
static void add_piece(struct sl_buffer *out, const char *kind, double x, int y, double width,
                      const char *what, uint64_t count)
{
    char number[24];
    int size = snprintf(number, sizeof number, "%" PRIu64, count);
    sl_buffer_printf(out,
                     "<rect class=\"%s\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"><title>"
                     "%s: %s</title></rect>\n",
                     kind, x, y, width > 1.5 ? width - 1 : width, BAR, what, number);
    if (width > size * LETTER + 6 && strcmp(kind, "unknown") != 0)
        sl_buffer_printf(out, "<text class=\"in %s-in\" x=\"%.1f\" y=\"%d\">%s</text>\n", kind,
                         x + width / 2, y + 13, number);
}

static void add_value(struct sl_buffer *out, double x, int y, const char *text)
{
    sl_buffer_printf(out, "<text class=\"value\" x=\"%.1f\" y=\"%d\">%s</text>\n", x + 6, y + 14,
                     text);
}

/* ---------------------------------------------------------------- where expectations stand */

static const struct {
    const char *column;
    const char *kind;
} parts[] = {
    {"met", "met"},           {"met late", "late"},       {"overdue", "overdue"},
    {"released", "released"}, {"withdrawn", "withdrawn"}, {"running", "running"},
};

/* What the hidden parts are together is no secret where the whole is shown. */
static void add_standing(struct sl_buffer *out, const struct report_table *table, size_t row,
                         int from, int y, double scale)
{
    char text[REPORT_CELL_TEXT];
    size_t column = report_column(table, "expected");
    const struct report_cell *whole = report_cell(table, row, column);
    double x = from;
    uint64_t left = whole->count;
    report_cell_text(text, table, row, column);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && !whole->hidden; i++) {
        const struct report_cell *cell = report_cell(table, row,
                                                     report_column(table, parts[i].column));
        if (cell->hidden || cell->count == 0)
            continue;
        add_piece(out, parts[i].kind, x, y, (double)cell->count * scale, parts[i].column,
                  cell->count);
        x += (double)cell->count * scale;
        left -= cell->count;
    }
    if (left > 0 && !whole->hidden) {
        add_piece(out, "unknown", x, y, (double)left * scale, "hidden", left);
        x += (double)left * scale;
    }
    add_value(out, x, y, text);
}

void report_draw_standing(struct sl_buffer *out, const struct report_table *table)
{
    size_t column = report_column(table, "expected");
    uint64_t most = greatest(table, column);
    int y = 4, left = left_of(table);
    if (most == 0)
        return;
    sl_buffer_printf(out, "<ul class=\"legend\">");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        sl_buffer_printf(out, "<li><i class=\"%s\"></i>%s</li>", parts[i].kind, parts[i].column);
    sl_buffer_printf(out, "<li><i class=\"unknown\"></i>several of these, hidden</li></ul>\n");
    begin(out, "Where expectations stand", (int)rows_of(table) * LINE + 8);
    for (size_t row = 0; row < rows_of(table); row++, y += LINE) {
        add_name(out, left, y, table->rows[row]);
        add_standing(out, table, row, left, y, (double)(WIDTH - left - VALUES) / (double)most);
    }
    sl_buffer_printf(out, "</svg>\n");
}

/* ---------------------------------------------------------------- numbers, times */

void report_draw_bars(struct sl_buffer *out, const struct report_table *table)
{
    uint64_t most = greatest(table, 0);
    int y = 4, left = left_of(table);
    if (most == 0)
        return;
    begin(out, table->title, (int)rows_of(table) * LINE + 8);
    for (size_t row = 0; row < rows_of(table); row++, y += LINE) {
        char text[REPORT_CELL_TEXT];
        const struct report_cell *cell = report_cell(table, row, 0);
        double width = cell->hidden ? 0
                                    : (double)cell->count * (WIDTH - left - VALUES) / (double)most;
        report_cell_text(text, table, row, 0);
        add_name(out, left, y, table->rows[row]);
        sl_buffer_printf(out,
                         "<rect class=\"plain\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>\n",
                         left, y, width, BAR);
        add_value(out, left + width, y, text);
    }
    sl_buffer_printf(out, "</svg>\n");
}

/* In tenths of a day, whatever the row's unit. */
static double days(const struct report_table *table, size_t row, size_t column)
{
    bool hours = strstr(table->rows[row], "(hours)") != NULL;
    return (double)report_cell(table, row, column)->count / (hours ? 240.0 : 10.0);
}

/* A bar to the middle, a thinner one to nine in ten. */
static void add_time(struct sl_buffer *out, const struct report_table *table, size_t row, int left,
                     int y, double scale)
{
    char middle[REPORT_CELL_TEXT], ninth[REPORT_CELL_TEXT], text[2 * REPORT_CELL_TEXT + 8];
    double x = left + days(table, row, 1) * scale, end = left + days(table, row, 2) * scale;
    if (report_cell(table, row, 1)->hidden) {
        add_value(out, left, y, REPORT_HIDDEN);
        return;
    }
    report_cell_text(middle, table, row, 1);
    report_cell_text(ninth, table, row, 2);
    (void)snprintf(text, sizeof text, "%s · %s", middle, ninth);
    sl_buffer_printf(out,
                     "<rect class=\"tail\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>\n"
                     "<rect class=\"plain\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>\n",
                     left, y + 5, end - left, BAR - 10, left, y, x - left, BAR);
    add_value(out, end, y, text);
}

void report_draw_times(struct sl_buffer *out, const struct report_table *table)
{
    double most = 0;
    int y = 4, left = left_of(table);
    for (size_t row = 0; row < table->row_count; row++) {
        if (!report_cell(table, row, 2)->hidden && days(table, row, 2) > most)
            most = days(table, row, 2);
    }
    if (most <= 0)
        return;
    sl_buffer_printf(out, "<ul class=\"legend\"><li><i class=\"plain\"></i>median</li>"
                          "<li><i class=\"tail\"></i>nine in ten within</li></ul>\n");
    begin(out, table->title, (int)table->row_count * LINE + 8);
    for (size_t row = 0; row < table->row_count; row++, y += LINE) {
        add_name(out, left, y, table->rows[row]);
        add_time(out, table, row, left, y, (WIDTH - left - VALUES) / most);
    }
    sl_buffer_printf(out, "</svg>\n");
}

/* ---------------------------------------------------------------- months */

/* A step every 1, 2 or 5 times a power of ten, at most five of them. */
static uint64_t step_for(uint64_t most)
{
    uint64_t step = 1;
    for (int i = 0; most > 5 * step; i++)
        step = i % 3 == 1 ? step / 2 * 5 : step * 2;
    return step;
}

static void add_axis(struct sl_buffer *out, uint64_t most, int left)
{
    uint64_t step = step_for(most);
    for (uint64_t value = 0; value <= most; value += step) {
        double y = 10 + (MONTHS - 40) * (1 - (double)value / (double)most);
        sl_buffer_printf(out,
                         "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
                         "<text class=\"name\" x=\"%d\" y=\"%.1f\">%" PRIu64 "</text>\n",
                         left, WIDTH, y, y, left - 8, y + 4, value);
    }
}

void report_draw_months(struct sl_buffer *out, const struct report_table *table)
{
    size_t column = report_column(table, "events");
    size_t count = rows_of(table);
    uint64_t most = greatest(table, column);
    const int left = 60;
    if (most == 0)
        return;
    double wide = (double)(WIDTH - left) / (double)count;
    size_t every = 1 + (size_t)(60 / wide); /* names that do not touch */
    begin(out, "Events by month", MONTHS);
    add_axis(out, most, left);
    for (size_t row = 0; row < count; row++) {
        const struct report_cell *cell = report_cell(table, row, column);
        double x = left + wide * (double)row, bar = wide > 60 ? 44 : wide * 0.72;
        double height = cell->hidden ? 0 : (MONTHS - 40) * (double)cell->count / (double)most;
        char text[REPORT_CELL_TEXT];
        report_cell_text(text, table, row, column);
        sl_buffer_printf(out,
                         "<rect class=\"plain\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                         "height=\"%.1f\"><title>%s: %s</title></rect>\n",
                         x + (wide - bar) / 2, MONTHS - 30 - height, bar, height, table->rows[row],
                         text);
        if (cell->hidden)
            sl_buffer_printf(out, "<text class=\"in\" x=\"%.1f\" y=\"%d\">" REPORT_HIDDEN "</text>",
                             x + wide / 2, MONTHS - 35);
        if (row % every == 0)
            sl_buffer_printf(out, "<text class=\"in\" x=\"%.1f\" y=\"%d\">%s</text>\n",
                             x + wide / 2, MONTHS - 12, table->rows[row]);
    }
    sl_buffer_printf(out, "</svg>\n");
}
