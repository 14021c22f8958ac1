/*
 * The report: what the evaluation of the one-counter way of working counts (C15, C16).
 *
 *     watch -> report_count.c  counts what happened, house by house
 *              report_tables.c makes tables of it
 *              report_hide.c   leaves out the cells behind which there are few houses
 *              report_text.c Markdown, CSV; report_page.c, report_charts.c a page
 *
 * Every number in a table stands for houses; nothing else about a house leaves this module, not
 * even its pseudonym. An expectation counts where it stood at the end of the period, once: met, met
 * late, overdue (its term is over, nothing came), released, withdrawn, or running.
 */
#ifndef REPORT_H
#define REPORT_H

#include "router/watch.h"

enum {
    REPORT_LABEL = 128,
    REPORT_SMALLEST = 5, /* houses that must stand behind a cell, unless told otherwise */
    REPORT_COLUMNS = 16,
};

/* ---------------------------------------------------------------- counting */

struct report;

/* What was accepted from `from` on and before `to` (ms since 1970); nothing after it is looked at.
 */
struct report *report_new(int64_t from, int64_t to);
void report_free(struct report *report); /* NULL is fine */

/* Gives `out` what is to be called with what happened. */
void report_watch(struct report *report, struct watch *out);

/* ---------------------------------------------------------------- tables */

struct report_cell {
    uint64_t count;  /* or, in a column of days, a tenth of a day or hour */
    uint32_t houses; /* behind it */
    bool hidden;
};

enum report_column_kind {
    REPORT_COUNT,
    REPORT_WHOLE, /* the sum of the parts, which follow it, in every row */
    REPORT_PART,
    REPORT_MEDIAN, /* tenths of a day or hour; there is no sum of them */
    REPORT_NINTH,  /* the same: nine in ten took no longer */
};

struct report_column {
    const char *name;
    enum report_column_kind kind;
};

struct report_table {
    const char *title;
    const char *note; /* what is counted; NULL: the title says it */
    const char *head; /* of the rows' names */
    struct report_column columns[REPORT_COLUMNS];
    size_t column_count;
    char (*rows)[REPORT_LABEL];
    size_t row_count;
    bool total;                /* the last row is the sum of the others, but for columns of time */
    struct report_cell *cells; /* row by row */
};

enum report_of {
    REPORT_OVERALL, /* a row */
    REPORT_LEADS,
    REPORT_BY_CLAUSE,
    REPORT_BY_MONTH,
    REPORT_BY_PROGRAMME,
    REPORT_BY_MUNICIPALITY,
    REPORT_BY_TYPE,
    REPORT_BY_OUTCOME,
    REPORT_BY_REASON, /* of what was withheld */
    REPORT_BY_CODE,   /* of what was refused */
    REPORT_BY_ANSWER,
    REPORT_TABLES
};

struct report_tables {
    int64_t from; /* INT64_MIN: from the beginning */
    int64_t to;   /* INT64_MAX: to the end */
    unsigned smallest;
    struct report_table tables[REPORT_TABLES];
};

/* Makes the tables, with the cells of fewer than `smallest` houses hidden; 1 or less: none is. */
void report_tabulate(struct report *report, unsigned smallest, struct report_tables *out);
void report_tables_free(struct report_tables *tables);

struct report_cell *report_cell(const struct report_table *table, size_t row, size_t column);

/*
 * Hides cells with something in them and fewer than `smallest` houses behind them, and as many
 * others as it takes that nobody can find those from sums: for each of them at least `smallest`
 * further values remain possible, whatever sums are put together. In a total row only cells of few
 * houses are hidden, and those that the caller has hidden: it is the same in other tables.
 */
void report_hide(struct report_table *table, unsigned smallest);

/* ---------------------------------------------------------------- for people, for sheets */

enum report_format { REPORT_MARKDOWN, REPORT_CSV, REPORT_HTML };

void report_write(struct sl_buffer *out, const struct report_tables *tables,
                  enum report_format format);

#endif
