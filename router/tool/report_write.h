/* What the ways to write a report share. */
#ifndef REPORT_WRITE_H
#define REPORT_WRITE_H

#include "router/tool/report.h"

#define REPORT_HIDDEN "x" /* as Statistics Netherlands writes it */

/* A cell as text: its number, REPORT_HIDDEN, or nothing where there is no time to tell. */
enum { REPORT_CELL_TEXT = 32 };
void report_cell_text(char out[REPORT_CELL_TEXT], const struct report_table *table, size_t row,
                      size_t column);

/* The period in a few words, and the rule by which cells are hidden. */
void report_period(struct sl_buffer *out, const struct report_tables *tables);
void report_rule(struct sl_buffer *out, const struct report_tables *tables);

/* A page that needs nothing beside itself, and its pictures: an SVG each, nothing where there is
 * nothing to draw. What is hidden in the table is not in its picture. */
void report_page(struct sl_buffer *out, const struct report_tables *tables);
void report_draw_standing(struct sl_buffer *out, const struct report_table *table);
void report_draw_months(struct sl_buffer *out, const struct report_table *table);
void report_draw_times(struct sl_buffer *out, const struct report_table *table);
void report_draw_bars(struct sl_buffer *out, const struct report_table *table);

/* Text within HTML or SVG. */
void report_add_html(struct sl_buffer *out, const char *text);

/* The column's place; it must be there. */
size_t report_column(const struct report_table *table, const char *name);

#endif
