/* The report as one page: no scripts, nothing from elsewhere, for a screen and for paper. */
#include <stdio.h>
#include <string.h>

#include "router/tool/report_write.h"

static const char style[] =
    ":root{color-scheme:light dark;--paper:#fff;--ink:#1b2430;--soft:#5a6675;--line:#d8dee6;"
    "--card:#f4f6f9;--met:#2f6db3;--late:#e0a022;--overdue:#b8371f;--released:#7d8896;"
    "--withdrawn:#b5bdc8;--running:#a9cbee;--on-met:#fff;--on-late:#1b2430;--on-overdue:#fff;"
    "--on-light:#1b2430;--on-released:#fff}\n"
    "@media (prefers-color-scheme:dark){:root{--paper:#14181e;--ink:#e6eaf0;--soft:#a3aebb;"
    "--line:#323a45;--card:#1d232b;--met:#5b9be0;--late:#e8b04a;--overdue:#e8705a;"
    "--released:#7d8896;--withdrawn:#566170;--running:#2d4d70;--on-met:#10151b;"
    "--on-late:#10151b;--on-overdue:#10151b;--on-light:#e6eaf0;--on-released:#10151b}}\n"
    "*{box-sizing:border-box}"
    "body{margin:0 auto;max-width:72rem;padding:2rem 1.25rem 4rem;background:var(--paper);"
    "color:var(--ink);font:16px/1.5 system-ui,'Segoe UI',Roboto,Helvetica,Arial,sans-serif}\n"
    "h1{font-size:1.75rem;line-height:1.2;margin:0}h2{font-size:1.2rem;margin:2.75rem 0 .25rem}"
    "p{margin:.4rem 0;max-width:46rem}.soft{color:var(--soft)}"
    ".rule{font-size:.875rem;border-left:3px solid var(--line);padding-left:.8rem;"
    "margin-top:1rem}\n"
    ".tiles{display:grid;grid-template-columns:repeat(4,1fr);gap:.75rem;"
    "margin:1.5rem 0 0;padding:0;list-style:none}"
    ".tiles li{background:var(--card);border:1px solid var(--line);border-radius:8px;"
    "padding:.75rem 1rem}.tiles b{display:block;font-size:1.75rem;line-height:1.2;"
    "font-variant-numeric:tabular-nums}\n"
    "@media (max-width:40rem){.tiles{grid-template-columns:repeat(2,1fr)}}\n"
    ".legend{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;margin:.75rem 0 .25rem;"
    "padding:0;font-size:.875rem}.legend i{display:inline-block;width:.8rem;height:.8rem;"
    "border-radius:2px;margin-right:.4rem}\n"
    "figure{margin:.75rem 0 1rem;overflow-x:auto}"
    "svg{display:block;width:100%;min-width:36rem;max-width:60rem;height:auto}"
    "svg.none{position:absolute;width:0;height:0;min-width:0}"
    "svg text{font-size:13px;fill:var(--ink)}svg .name{text-anchor:end}"
    "svg .in{text-anchor:middle;font-size:12px}svg .value{fill:var(--soft)}"
    ".grid{stroke:var(--line)}.paper{fill:var(--paper)}.hatch{fill:var(--released)}\n"
    ".met{fill:var(--met);background:var(--met)}.late{fill:var(--late);background:var(--late)}"
    ".overdue{fill:var(--overdue);background:var(--overdue)}"
    ".released{fill:var(--released);background:var(--released)}"
    ".withdrawn{fill:var(--withdrawn);background:var(--withdrawn)}"
    ".running{fill:var(--running);background:var(--running)}"
    ".plain{fill:var(--met);background:var(--met)}.tail{fill:var(--running);"
    "background:var(--running)}.unknown{fill:url(#p);background:repeating-linear-gradient(45deg,"
    "var(--released) 0 2px,var(--paper) 2px 6px)}\n"
    "svg .met-in{fill:var(--on-met)}svg .late-in{fill:var(--on-late)}"
    "svg .overdue-in{fill:var(--on-overdue)}svg .released-in{fill:var(--on-released)}"
    "svg .unknown-in{paint-order:stroke;stroke:var(--paper);stroke-width:4px}\n"
    ".wide{overflow-x:auto}table{border-collapse:collapse;font-size:.875rem;"
    "font-variant-numeric:tabular-nums}th,td{padding:.3rem .5rem;text-align:right;"
    "border-bottom:1px solid var(--line);vertical-align:bottom}"
    "thead th{font-weight:600;color:var(--soft)}tbody th{text-align:left;font-weight:400;"
    "white-space:nowrap;padding-right:1.5rem}th:first-child{text-align:left}.all th,.all "
    "td{font-weight:700;"
    "border-top:2px solid var(--line)}td.x{color:var(--soft)}\n"
    "@media print{:root{--paper:#fff;--ink:#000;--soft:#444;--line:#bbb;--card:#fff;--met:#2f6db3;"
    "--late:#e0a022;--overdue:#b8371f;--released:#7d8896;--withdrawn:#b5bdc8;--running:#a9cbee;"
    "--on-met:#fff;--on-late:#000;--on-overdue:#fff;--on-light:#000;--on-released:#fff}"
    "body{max-width:none;padding:0 "
    "1px;font-size:10.5pt}figure,tr,p,.tiles{break-inside:avoid}tr.all{break-before:avoid}"
    "h2,p.soft,.legend{break-after:avoid}svg{min-width:0;max-width:17cm}table{font-size:7.5pt}"
    "th,td{padding:.15rem .3rem}tbody th{padding-right:.6rem}.wide,figure{overflow:visible}"
    "*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}\n"
    "@page{size:A4;margin:16mm}\n";

/* ---------------------------------------------------------------- at the top */

static void add_tile(struct sl_buffer *out, const char *number, const char *name)
{
    sl_buffer_printf(out, "<li><b>%s</b>%s</li>", number, name);
}

/* Of what was due, how much came in time. */
static void add_share(struct sl_buffer *out, const struct report_table *table)
{
    static const char *const due[] = {"met", "met late", "overdue"};
    uint64_t all = 0;
    char text[REPORT_CELL_TEXT] = REPORT_HIDDEN;
    bool hidden = false;
    for (size_t i = 0; i < sizeof due / sizeof due[0]; i++) {
        const struct report_cell *cell = report_cell(table, 0, report_column(table, due[i]));
        all += cell->count;
        hidden = hidden || cell->hidden;
    }
    if (all == 0)
        return;
    uint64_t met = report_cell(table, 0, report_column(table, "met"))->count;
    if (!hidden)
        (void)snprintf(text, sizeof text, "%u %%", (unsigned)((100 * met + all / 2) / all));
    add_tile(out, text, "of what was due came in time");
}

static void add_tiles(struct sl_buffer *out, const struct report_table *table)
{
    static const char *const columns[][2] = {
        {"addresses", "addresses"},
        {"events", "events"},
        {"forwarded", "times forwarded"},
        {"withheld", "times withheld"},
        {"expected", "answers expected"},
        {"overdue", "overdue"},
        {"days (median)", "days to an answer (median)"},
    };
    sl_buffer_printf(out, "<ul class=\"tiles\">");
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        char text[REPORT_CELL_TEXT];
        report_cell_text(text, table, 0, report_column(table, columns[i][0]));
        add_tile(out, text[0] != '\0' ? text : "–", columns[i][1]);
    }
    add_share(out, table);
    sl_buffer_printf(out, "</ul>\n");
}

/* ---------------------------------------------------------------- sections */

static void add_row(struct sl_buffer *out, const struct report_table *table, size_t row)
{
    char text[REPORT_CELL_TEXT];
    bool total = table->total && row == table->row_count - 1;
    sl_buffer_printf(out, "<tr%s><th scope=\"row\">", total ? " class=\"all\"" : "");
    report_add_html(out, table->rows[row]);
    sl_buffer_printf(out, "</th>");
    for (size_t column = 0; column < table->column_count; column++) {
        report_cell_text(text, table, row, column);
        if (report_cell(table, row, column)->hidden)
            sl_buffer_printf(out, "<td class=\"x\"><abbr title=\"hidden\">%s</abbr></td>", text);
        else
            sl_buffer_printf(out, "<td>%s</td>", text);
    }
    sl_buffer_printf(out, "</tr>\n");
}

/* One row is read more easily downwards. */
static void add_figures(struct sl_buffer *out, const struct report_table *table)
{
    char text[REPORT_CELL_TEXT];
    sl_buffer_printf(out, "<table><tbody>\n");
    for (size_t column = 0; column < table->column_count; column++) {
        report_cell_text(text, table, 0, column);
        sl_buffer_printf(out, "<tr><th scope=\"row\">");
        report_add_html(out, table->columns[column].name);
        sl_buffer_printf(out, "</th><td>%s</td></tr>\n", text);
    }
    sl_buffer_printf(out, "</tbody></table>\n");
}

static void add_table(struct sl_buffer *out, const struct report_table *table)
{
    sl_buffer_printf(out, "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"");
    report_add_html(out, table->title);
    sl_buffer_printf(out, "\"><table><thead><tr><th scope=\"col\">");
    report_add_html(out, table->head);
    sl_buffer_printf(out, "</th>");
    for (size_t column = 0; column < table->column_count; column++) {
        sl_buffer_printf(out, "<th scope=\"col\">");
        report_add_html(out, table->columns[column].name);
        sl_buffer_printf(out, "</th>");
    }
    sl_buffer_printf(out, "</tr></thead><tbody>\n");
    for (size_t row = 0; row < table->row_count; row++)
        add_row(out, table, row);
    sl_buffer_printf(out, "</tbody></table></div>\n");
}

static void (*const drawings[REPORT_TABLES])(struct sl_buffer *out,
                                             const struct report_table *table) = {
    [REPORT_LEADS] = report_draw_times,
    [REPORT_BY_CLAUSE] = report_draw_standing,
    [REPORT_BY_MONTH] = report_draw_months,
    [REPORT_BY_PROGRAMME] = report_draw_standing,
    [REPORT_BY_MUNICIPALITY] = report_draw_standing,
    [REPORT_BY_REASON] = report_draw_bars,
};

static void add_section(struct sl_buffer *out, const struct report_tables *tables,
                        enum report_of which)
{
    const struct report_table *table = &tables->tables[which];
    sl_buffer_printf(out, "<section><h2>");
    report_add_html(out, table->title);
    sl_buffer_printf(out, "</h2>\n");
    if (table->note != NULL) {
        sl_buffer_printf(out, "<p class=\"soft\">");
        report_add_html(out, table->note);
        sl_buffer_printf(out, "</p>\n");
    }
    if (table->row_count == (table->total ? 1U : 0U)) {
        sl_buffer_printf(out, "<p>Nothing.</p></section>\n");
        return;
    }
    if (drawings[which] != NULL) {
        sl_buffer_printf(out, "<figure>\n");
        drawings[which](out, table);
        sl_buffer_printf(out, "</figure>\n");
    }
    if (table == &tables->tables[REPORT_OVERALL])
        add_figures(out, table);
    else
        add_table(out, table);
    sl_buffer_printf(out, "</section>\n");
}

void report_page(struct sl_buffer *out, const struct report_tables *tables)
{
    sl_buffer_printf(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                          "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
                          "\n<title>Samenloop: the one-counter way of working</title>\n<style>\n");
    sl_buffer_add_bytes(out, sl_text(style));
    sl_buffer_printf(out, "</style>\n</head>\n<body>\n"
                          "<svg class=\"none\" aria-hidden=\"true\"><defs><pattern id=\"p\" "
                          "width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
                          "patternTransform=\"rotate(45)\"><rect class=\"paper\" width=\"6\" "
                          "height=\"6\"/><rect class=\"hatch\" width=\"2\" height=\"6\"/>"
                          "</pattern></defs></svg>\n<main>\n"
                          "<h1>The one-counter way of working</h1>\n<p class=\"soft\">"
                          "What IMG and NCG exchanged through Samenloop. ");
    report_period(out, tables);
    sl_buffer_printf(out, ".</p>\n");
    add_tiles(out, &tables->tables[REPORT_OVERALL]);
    sl_buffer_printf(out, "<p class=\"rule soft\">");
    report_rule(out, tables);
    sl_buffer_printf(out, "</p>\n");
    for (size_t i = 0; i < REPORT_TABLES; i++)
        add_section(out, tables, (enum report_of)i);
    sl_buffer_printf(out, "</main>\n</body>\n</html>\n");
}
