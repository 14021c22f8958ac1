/* From what was counted to tables: entries (row, column, house) are sorted, and each cell is a run
 * of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "router/tool/report_count.h"
#include "schemas/timestamp.h"

struct entry {
    uint32_t row;
    uint32_t column;
    uint32_t house;
    int64_t tenths; /* in a column of time: of a day or an hour */
};

/* A table in the making: its rows are words, in no order, until it is closed. */
struct making {
    struct report_table *table;
    word *rows;
    size_t row_count;
    size_t row_capacity;
    struct table row_places; /* word + 1 -> place + 1 */
    struct entry *entries;
    size_t entry_count;
    size_t entry_capacity;
};

struct report_cell *report_cell(const struct report_table *table, size_t row, size_t column)
{
    return &table->cells[row * table->column_count + column];
}

static void add_column(struct report_table *table, const char *name, enum report_column_kind kind)
{
    table->columns[table->column_count++] = (struct report_column){name, kind};
}

/* ---------------------------------------------------------------- entries */

static uint32_t row_of(struct making *making, word name)
{
    uint64_t place = table_get(&making->row_places, (uint64_t)name + 1);
    if (place != 0)
        return (uint32_t)place - 1;
    making->rows = sl_grow(making->rows, &making->row_capacity, making->row_count + 1,
                           sizeof *making->rows);
    making->rows[making->row_count++] = name;
    table_set(&making->row_places, (uint64_t)name + 1, making->row_count);
    return (uint32_t)(making->row_count - 1);
}

static void add_entry(struct making *making, word row, size_t column, uint32_t house,
                      int64_t tenths)
{
    making->entries = sl_grow(making->entries, &making->entry_capacity, making->entry_count + 1,
                              sizeof *making->entries);
    making->entries[making->entry_count++] = (struct entry){row_of(making, row), (uint32_t)column,
                                                            house, tenths};
}

static int by_cell(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->row != y->row)
        return x->row < y->row ? -1 : 1;
    if (x->column != y->column)
        return x->column < y->column ? -1 : 1;
    return x->house < y->house ? -1 : x->house > y->house;
}

static int by_column(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->column != y->column)
        return x->column < y->column ? -1 : 1;
    return x->house < y->house ? -1 : x->house > y->house;
}

static int by_time(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    return x->tenths < y->tenths ? -1 : x->tenths > y->tenths;
}

/* ---------------------------------------------------------------- cells */

static struct report_cell cell_of(struct entry *run, size_t count, enum report_column_kind kind)
{
    struct report_cell cell = {.count = count};
    for (size_t i = 0; i < count; i++)
        cell.houses += i == 0 || run[i].house != run[i - 1].house ? 1 : 0;
    if (kind != REPORT_MEDIAN && kind != REPORT_NINTH)
        return cell;
    qsort(run, count, sizeof *run, by_time);
    size_t low = kind == REPORT_NINTH ? (9 * count + 9) / 10 - 1 : (count - 1) / 2;
    size_t high = kind == REPORT_NINTH ? low : count / 2;
    cell.count = (uint64_t)((run[low].tenths + run[high].tenths + 1) / 2);
    return cell;
}

/* Fills in the cells of the sorted entries; of all rows together when there is one row for all. */
static void fill(struct making *making, bool rows)
{
    const struct report_table *table = making->table;
    for (size_t begin = 0, end; begin < making->entry_count; begin = end) {
        struct entry *first = &making->entries[begin];
        size_t row = rows ? first->row : table->row_count - 1;
        size_t column = first->column;
        for (end = begin; end < making->entry_count && making->entries[end].column == column &&
                          (!rows || making->entries[end].row == first->row);
             end++)
            ;
        *report_cell(table, row, column) = cell_of(first, end - begin, table->columns[column].kind);
    }
}

struct order {
    const char *name; /* "": not known */
    uint32_t row;
};

/* C2 before C10; what is not known comes last. */
static int by_name(const void *a, const void *b)
{
    const char *x = ((const struct order *)a)->name, *y = ((const struct order *)b)->name;
    if ((x[0] == '\0') != (y[0] == '\0'))
        return x[0] == '\0' ? 1 : -1;
    bool clauses = x[0] == 'C' && y[0] == 'C' && strlen(x) != strlen(y);
    return clauses ? (strlen(x) < strlen(y) ? -1 : 1) : strcmp(x, y);
}

/* Rows get their order and names. */
static void name_rows(struct making *making, const struct report *report, const char *unknown)
{
    struct order *order = sl_new(making->row_count + 1, sizeof *order);
    uint32_t *places = sl_new(making->row_count + 1, sizeof *places);
    for (uint32_t i = 0; i < making->row_count; i++)
        order[i] = (struct order){report_word(report, making->rows[i]), i};
    qsort(order, making->row_count, sizeof *order, by_name);
    for (uint32_t i = 0; i < making->row_count; i++) {
        places[order[i].row] = i;
        (void)snprintf(making->table->rows[i], REPORT_LABEL, "%s",
                       order[i].name[0] != '\0' ? order[i].name : unknown);
    }
    for (size_t i = 0; i < making->entry_count; i++)
        making->entries[i].row = places[making->entries[i].row];
    free(order);
    free(places);
}

/* The table is made of its entries, which are gone then. `unknown` names the row of word 0. */
static void close_table(struct making *making, const struct report *report, const char *unknown)
{
    struct report_table *table = making->table;
    table->row_count = making->row_count + (table->total ? 1 : 0);
    table->rows = sl_new(table->row_count + 1, sizeof *table->rows);
    table->cells = sl_new(table->row_count * table->column_count + 1, sizeof *table->cells);
    name_rows(making, report, unknown);
    if (making->entry_count > 0)
        qsort(making->entries, making->entry_count, sizeof *making->entries, by_cell);
    fill(making, true);
    if (table->total) {
        (void)snprintf(table->rows[table->row_count - 1], REPORT_LABEL, "all");
        if (making->entry_count > 0)
            qsort(making->entries, making->entry_count, sizeof *making->entries, by_column);
        fill(making, false);
    }
    table_free(&making->row_places);
    free(making->rows);
    free(making->entries);
    *making = (struct making){.table = NULL};
}

/* ---------------------------------------------------------------- what the tables hold */

static const char *const standing_names[] = {
    [MET] = "met",           [MET_LATE] = "met late",   [OVERDUE] = "overdue",
    [RELEASED] = "released", [WITHDRAWN] = "withdrawn", [RUNNING] = "running",
};
static const enum standing standing_order[] = {MET,      MET_LATE,  OVERDUE,
                                               RELEASED, WITHDRAWN, RUNNING};
enum { STANDINGS = sizeof standing_order / sizeof standing_order[0] };

static void add_expectation_columns(struct report_table *table)
{
    add_column(table, "expected", REPORT_WHOLE);
    for (size_t i = 0; i < STANDINGS; i++)
        add_column(table, standing_names[standing_order[i]], REPORT_PART);
    add_column(table, "days (median)", REPORT_MEDIAN);
}

/* `column` is that of the whole. */
static void add_expectation(struct making *making, word row, size_t column,
                            const struct expectation *expectation)
{
    size_t part = 0;
    while (standing_order[part] != expectation->standing)
        part++;
    add_entry(making, row, column, expectation->house, 0);
    add_entry(making, row, column + 1 + part, expectation->house, 0);
    if (expectation->standing == MET || expectation->standing == MET_LATE)
        add_entry(making, row, column + 1 + STANDINGS, expectation->house,
                  (10 * (expectation->closed - expectation->opened) + SL_DAY / 2) / SL_DAY);
}

static void make_overall(struct report *report, struct report_table *table)
{
    enum { ADDRESSES, BUILDINGS, LOADED, EVENTS, FORWARDED, WITHHELD, EXPECTED };
    static const char *const names[] = {"addresses", "buildings", "loaded at the start",
                                        "events",    "forwarded", "withheld"};
    struct making making = {.table = table};
    *table = (struct report_table){
        .title = "The whole period",
        .head = "",
        .note = "Addresses and buildings of which something was accepted; events, but for those "
                "that were loaded at the start; what went to the other side and what was "
                "withheld; what was expected of somebody, and where that stood at the end."};
    for (size_t i = 0; i < EXPECTED; i++)
        add_column(table, names[i], REPORT_COUNT);
    add_expectation_columns(table);
    (void)row_of(&making, 0);
    for (uint32_t i = 1; i < report->house_count; i++) {
        if (report->houses[i].seen && !report->houses[i].building)
            add_entry(&making, 0, ADDRESSES, i, 0);
    }
    for (size_t i = 1; i <= report->buildings.count; i++)
        add_entry(&making, 0, BUILDINGS, (uint32_t)i, 0); /* a building is a case of its own */
    for (size_t i = 0; i < report->named_count; i++) {
        if (report->named[i].table == REPORT_OVERALL)
            add_entry(&making, 0, LOADED, report->named[i].house, 0);
    }
    for (size_t i = 0; i < report->tally_count; i++)
        add_entry(&making, 0, EVENTS + (size_t)report->tallies[i].measure, report->tallies[i].house,
                  0);
    for (size_t i = 0; i < report->expectation_count; i++) {
        if (report->expectations[i].counts)
            add_expectation(&making, 0, EXPECTED, &report->expectations[i]);
    }
    close_table(&making, report, "all");
}

/* The row of something that happened at a house. */
static word dimension(const struct report *report, enum report_of by, uint32_t house, word clause,
                      word month)
{
    switch (by) {
    case REPORT_BY_CLAUSE:
        return clause;
    case REPORT_BY_MONTH:
        return month;
    case REPORT_BY_PROGRAMME:
        return report->houses[house].programme;
    default:
        return report->houses[house].municipality;
    }
}

/* Events have no clause: several rules may speak of one. */
static void make_breakdown(struct report *report, enum report_of by, struct report_table *table,
                           const char *unknown)
{
    struct making making = {.table = table};
    size_t first = by == REPORT_BY_CLAUSE ? MEASURE_FORWARDED : MEASURE_EVENT;
    if (first == MEASURE_EVENT)
        add_column(table, "events", REPORT_COUNT);
    add_column(table, "forwarded", REPORT_COUNT);
    add_column(table, "withheld", REPORT_COUNT);
    add_expectation_columns(table);
    table->total = true;
    for (size_t i = 0; i < report->tally_count; i++) {
        const struct tally *tally = &report->tallies[i];
        if (tally->measure >= first)
            add_entry(&making, dimension(report, by, tally->house, tally->clause, tally->month),
                      tally->measure - first, tally->house, 0);
    }
    for (size_t i = 0; i < report->expectation_count; i++) {
        const struct expectation *it = &report->expectations[i];
        if (it->counts)
            add_expectation(&making, dimension(report, by, it->house, it->clause, it->month),
                            MEASURE_WITHHELD + 1 - first, it);
    }
    close_table(&making, report, unknown);
}

static void make_named(struct report *report, enum report_of by, struct report_table *table,
                       bool total)
{
    struct making making = {.table = table};
    add_column(table, "times", REPORT_COUNT);
    table->total = total;
    for (size_t i = 0; i < report->named_count; i++) {
        if (report->named[i].table == by)
            add_entry(&making, report->named[i].row, 0, report->named[i].house, 0);
    }
    close_table(&making, report, "not said");
}

static void make_leads(struct report *report, struct report_table *table)
{
    struct making making = {.table = table};
    *table = (struct report_table){
        .title = "How long it took",
        .head = "from: to",
        .note = "From an event to what it leads to, of what began in the period and was answered "
                "before its end; elapsed time."};
    add_column(table, "times", REPORT_COUNT);
    add_column(table, "median", REPORT_MEDIAN);
    add_column(table, "nine in ten within", REPORT_NINTH);
    for (size_t i = 0; i < report->lead_count; i++) {
        const struct lead *lead = &report->leads[i];
        const struct lead_kind *kind = &report_leads[lead->kind];
        int64_t unit = kind->hours ? SL_HOUR : SL_DAY;
        int64_t tenths = (10 * (lead->ended - lead->begun) + unit / 2) / unit;
        if (lead->withdrawn || lead->end == 0 || lead->begun < report->from)
            continue;
        word row = report_take_word(report, sl_text(kind->name));
        add_entry(&making, row, 0, lead->house, 0);
        add_entry(&making, row, 1, lead->house, tenths);
        add_entry(&making, row, 2, lead->house, tenths);
    }
    close_table(&making, report, "");
}

/* ---------------------------------------------------------------- what is the same in two tables
 */

static void hide_like(struct report_cell *cell, const struct report_cell *other)
{
    cell->hidden = cell->hidden || other->hidden;
}

static uint64_t whole_of(const struct report_table *table, size_t row)
{
    for (size_t column = 0; column < table->column_count; column++) {
        if (table->columns[column].kind == REPORT_WHOLE)
            return report_cell(table, row, column)->count;
    }
    return 0;
}

/*
 * A total that is hidden in the whole period is hidden here, and so are the same columns of one
 * row, the fullest: whatever the totals could be together, that row can make up for it, in each
 * table alike.
 */
static void hide_totals(const struct report_table *overall, struct report_table *table)
{
    size_t last = table->row_count - 1, fullest = 0, skipped = 0;
    if (table->row_count < 2)
        return;
    while (strcmp(overall->columns[skipped].name, table->columns[0].name) != 0)
        skipped++;
    for (size_t row = 0; row < last; row++) {
        if (whole_of(table, row) > whole_of(table, fullest))
            fullest = row;
    }
    for (size_t column = 0; column < table->column_count; column++) {
        const struct report_cell *same = report_cell(overall, 0, skipped + column);
        hide_like(report_cell(table, last, column), same);
        if (table->columns[column].kind == REPORT_WHOLE ||
            table->columns[column].kind == REPORT_PART)
            hide_like(report_cell(table, fullest, column), same);
    }
}

/* Of each type that says something: its values, and as their sum how often it came. */
static void make_answers(struct report *report, const struct report_table *types, unsigned smallest,
                         struct report_table *table)
{
    make_named(report, REPORT_BY_ANSWER, table, false);
    for (size_t begin = 0, end; begin < table->row_count; begin = end) {
        size_t size = strcspn(table->rows[begin], ":");
        for (end = begin;
             end < table->row_count && strncmp(table->rows[begin], table->rows[end], size + 1) == 0;
             end++)
            ;
        struct report_table part = {.column_count = 1,
                                    .columns = {table->columns[0]},
                                    .total = true,
                                    .row_count = end - begin + 1};
        part.cells = sl_new(part.row_count, sizeof *part.cells);
        memcpy(part.cells, table->cells + begin, (end - begin) * sizeof *part.cells);
        for (size_t row = 0; row + 1 < types->row_count; row++) {
            if (strlen(types->rows[row]) == size &&
                strncmp(types->rows[row], table->rows[begin], size) == 0)
                part.cells[end - begin] = types->cells[row];
        }
        report_hide(&part, smallest);
        memcpy(table->cells + begin, part.cells, (end - begin) * sizeof *part.cells);
        free(part.cells);
    }
}

/* ---------------------------------------------------------------- all of them */

static const struct {
    enum report_of by;
    const char *title;
    const char *head;
    const char *unknown;
    const char *note;
} breakdowns[] = {
    {REPORT_BY_CLAUSE, "By clause", "clause", "none",
     "The clause of the agreement that a rule carries out; what no clause brought about comes "
     "last."},
    {REPORT_BY_MONTH, "By month", "month", "", "Expectations by the month in which they began."},
    {REPORT_BY_PROGRAMME, "By programme", "programme", "not given",
     "The strengthening programme that NCG last gave for the house."},
    {REPORT_BY_MUNICIPALITY, "By municipality", "municipality", "not given",
     "The municipality in which the house stands, as an event last gave it."},
};

static void name_municipalities(struct report_table *table)
{
    static const char *const names[] = {
        "0014 Groningen",      "0037 Stadskanaal",    "0047 Veendam",     "0106 Assen",
        "0765 Pekela",         "1680 Aa en Hunze",    "1699 Noordenveld", "1730 Tynaarlo",
        "1731 Midden-Drenthe", "1895 Oldambt",        "1950 Westerwolde", "1952 Midden-Groningen",
        "1966 Het Hogeland",   "1969 Westerkwartier", "1979 Eemsdelta",
    };
    for (size_t row = 0; row < table->row_count; row++) {
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            if (strlen(table->rows[row]) == 4 && strncmp(names[i], table->rows[row], 4) == 0)
                (void)snprintf(table->rows[row], REPORT_LABEL, "%s", names[i]);
        }
    }
}

static void make_breakdowns(struct report *report, struct report_tables *out)
{
    struct report_table *overall = &out->tables[REPORT_OVERALL];
    for (size_t i = 0; i < sizeof breakdowns / sizeof breakdowns[0]; i++) {
        struct report_table *table = &out->tables[breakdowns[i].by];
        *table = (struct report_table){
            .title = breakdowns[i].title, .head = breakdowns[i].head, .note = breakdowns[i].note};
        make_breakdown(report, breakdowns[i].by, table, breakdowns[i].unknown);
        hide_totals(overall, table);
        report_hide(table, out->smallest);
    }
    name_municipalities(&out->tables[REPORT_BY_MUNICIPALITY]);
}

static const struct {
    enum report_of by;
    bool total;
    const char *title;
    const char *head;
} lists[] = {
    {REPORT_BY_TYPE, true, "Events by type", "type"},
    {REPORT_BY_OUTCOME, false, "What the rules brought about", "outcome"},
    {REPORT_BY_REASON, true, "Withheld, and why", "reason"},
    {REPORT_BY_CODE, true, "Refused, and why", "code"},
};

static void make_lists(struct report *report, struct report_tables *out)
{
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        struct report_table *table = &out->tables[lists[i].by];
        *table = (struct report_table){.title = lists[i].title, .head = lists[i].head};
        make_named(report, lists[i].by, table, lists[i].total);
        report_hide(table, out->smallest);
    }
    struct report_table *said = &out->tables[REPORT_BY_ANSWER];
    *said = (struct report_table){.title = "What the answers said", .head = "answer"};
    make_answers(report, &out->tables[REPORT_BY_TYPE], out->smallest, said);
}

void report_tabulate(struct report *report, unsigned smallest, struct report_tables *out)
{
    *out = (struct report_tables){.from = report->from, .to = report->to, .smallest = smallest};
    make_overall(report, &out->tables[REPORT_OVERALL]);
    report_hide(&out->tables[REPORT_OVERALL], smallest);
    make_leads(report, &out->tables[REPORT_LEADS]);
    report_hide(&out->tables[REPORT_LEADS], smallest);
    make_breakdowns(report, out);
    make_lists(report, out);
}

void report_tables_free(struct report_tables *tables)
{
    for (size_t i = 0; i < REPORT_TABLES; i++) {
        free(tables->tables[i].rows);
        free(tables->tables[i].cells);
    }
    *tables = (struct report_tables){.smallest = 0};
}
