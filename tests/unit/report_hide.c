/* Somebody who has the tables, and time, tries to find the cells that were hidden. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "router/tool/report.h"

enum { SMALLEST = 5, MAX_CELLS = 64, MAX_SUMS = 16 };

/* ---------------------------------------------------------------- the sums that everybody knows */

struct sum {
    size_t parts[MAX_CELLS];
    size_t count;
    size_t whole;
};

struct sums {
    struct sum items[MAX_SUMS];
    size_t count;
};

static struct sums sums_of(const struct report_table *table)
{
    struct sums sums = {.count = 0};
    size_t columns = table->column_count;
    for (size_t row = 0; row < table->row_count && table->columns[0].kind == REPORT_WHOLE; row++) {
        struct sum *sum = &sums.items[sums.count++];
        *sum = (struct sum){.whole = row * columns};
        for (size_t column = 1; column < columns; column++)
            sum->parts[sum->count++] = row * columns + column;
    }
    for (size_t column = 0; column < columns && table->total; column++) {
        struct sum *sum = &sums.items[sums.count++];
        *sum = (struct sum){.whole = (table->row_count - 1) * columns + column};
        for (size_t row = 0; row + 1 < table->row_count; row++)
            sum->parts[sum->count++] = row * columns + column;
    }
    return sums;
}

/* ---------------------------------------------------------------- all tables that could be meant
 */

struct search {
    const struct report_table *table;
    const struct sums *sums;
    uint64_t values[MAX_CELLS];
    bool known[MAX_CELLS];
    uint64_t found[MAX_CELLS]; /* bit n: the value n is possible */
    size_t cells;
    size_t steps;
};

/* Fills in what follows; false: it cannot be. What was filled in is noted, to be taken back. */
static bool follow(struct search *search, size_t *filled, size_t *count)
{
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < search->sums->count; i++) {
            const struct sum *sum = &search->sums->items[i];
            uint64_t parts = 0;
            size_t unknown = 0, last = 0;
            for (size_t k = 0; k < sum->count; k++) {
                parts += search->known[sum->parts[k]] ? search->values[sum->parts[k]] : 0;
                unknown += search->known[sum->parts[k]] ? 0 : 1;
                last = search->known[sum->parts[k]] ? last : sum->parts[k];
            }
            bool whole = search->known[sum->whole];
            if (whole && (parts > search->values[sum->whole] ||
                          (unknown == 0 && parts != search->values[sum->whole])))
                return false;
            if (whole ? unknown != 1 : unknown != 0)
                continue;
            size_t cell = whole ? last : sum->whole;
            search->values[cell] = whole ? search->values[sum->whole] - parts : parts;
            search->known[cell] = true;
            filled[(*count)++] = cell;
            more = true;
        }
    }
    return true;
}

static void try_all(struct search *search)
{
    size_t filled[MAX_CELLS], count = 0, cell = 0;
    search->steps++;
    if (follow(search, filled, &count)) {
        while (cell < search->cells && search->known[cell])
            cell++;
        if (cell == search->cells) {
            for (size_t i = 0; i < search->cells; i++)
                search->found[i] |= search->values[i] < 64 ? UINT64_C(1) << search->values[i] : 0;
        } else {
            uint64_t most = search->table->cells[cell].count + SMALLEST;
            search->known[cell] = true;
            for (uint64_t value = 0; value <= most && search->steps < 200000; value++) {
                search->values[cell] = value;
                try_all(search);
            }
            search->known[cell] = false;
        }
    }
    for (size_t i = 0; i < count; i++)
        search->known[filled[i]] = false;
}

static bool small(const struct report_cell *cell)
{
    return cell->houses > 0 && cell->houses < SMALLEST;
}

/* Every small cell could be SMALLEST other numbers as well, and is itself among what is possible.
 * False: there were too many tables to try. */
static bool attack(const struct report_table *table)
{
    struct sums sums = sums_of(table);
    struct search search = {.table = table, .sums = &sums};
    search.cells = table->row_count * table->column_count;
    for (size_t i = 0; i < search.cells; i++) {
        search.known[i] = !table->cells[i].hidden;
        search.values[i] = table->cells[i].count;
    }
    try_all(&search);
    if (search.steps >= 200000)
        return false;
    for (size_t i = 0; i < search.cells; i++) {
        if (!small(&table->cells[i]))
            continue;
        assert_true(table->cells[i].hidden);
        assert_true((search.found[i] >> table->cells[i].count & 1) != 0);
        assert_true(__builtin_popcountll(search.found[i]) > SMALLEST);
    }
    return true;
}

/* ---------------------------------------------------------------- tables by chance */

static unsigned dice(uint64_t *seed, unsigned sides)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(*seed >> 33) % sides;
}

/* A cell's houses, a bit each: those of a sum are all of its parts'. */
static void make_table(struct report_table *table, struct report_cell *cells, uint64_t *seed)
{
    size_t rows = 1 + dice(seed, 4), columns = 1 + dice(seed, 4);
    uint64_t houses[MAX_CELLS] = {0};
    *table = (struct report_table){
        .column_count = columns, .row_count = rows + 1, .total = true, .cells = cells};
    memset(cells, 0, MAX_CELLS * sizeof *cells);
    for (size_t column = 0; column < columns; column++)
        table->columns[column].kind = columns == 1  ? REPORT_COUNT
                                      : column == 0 ? REPORT_WHOLE
                                                    : REPORT_PART;
    for (unsigned event = dice(seed, 40); event > 0; event--) {
        size_t row = dice(seed, (unsigned)rows);
        size_t column = columns == 1 ? 0 : 1 + dice(seed, (unsigned)columns - 1);
        size_t at[] = {row * columns + column, rows * columns + column, row * columns,
                       rows * columns};
        uint64_t house = UINT64_C(1) << dice(seed, 20);
        for (size_t i = 0; i < (columns == 1 ? 2 : 4); i++) {
            cells[at[i]].count++;
            houses[at[i]] |= house;
        }
    }
    for (size_t i = 0; i < (rows + 1) * columns; i++)
        cells[i].houses = (uint32_t)__builtin_popcountll(houses[i]);
}

/* As it is hidden where the whole period stands alone. */
static void hide_total(struct report_table *table)
{
    size_t last = table->row_count - 1;
    struct report_table overall = *table;
    overall.row_count = 1;
    overall.total = false;
    overall.cells = report_cell(table, last, 0);
    report_hide(&overall, SMALLEST);
}

static void nothing_hidden_is_found(void **state)
{
    struct report_cell cells[MAX_CELLS];
    struct report_table table;
    uint64_t seed = 1;
    size_t tried = 0, hidden = 0;
    (void)state;
    for (int i = 0; i < 3000; i++) {
        make_table(&table, cells, &seed);
        hide_total(&table);
        report_hide(&table, SMALLEST);
        tried += attack(&table) ? 1 : 0;
        for (size_t k = 0; k < table.row_count * table.column_count; k++)
            hidden += cells[k].hidden ? 1 : 0;
    }
    print_message("%zu tables tried, %zu cells hidden\n", tried, hidden);
    assert_true(tried > 1500);
    assert_true(hidden > 3000);
}

/* ---------------------------------------------------------------- by hand */

static struct report_cell cell(uint64_t count)
{
    return (struct report_cell){.count = count, .houses = (uint32_t)count};
}

static struct report_table column_of(struct report_cell *cells, size_t count)
{
    return (struct report_table){.columns = {{"times", REPORT_COUNT}},
                                 .column_count = 1,
                                 .row_count = count,
                                 .total = true,
                                 .cells = cells};
}

/* Alone it would be what the total lacks; the smallest other one goes with it, not the largest. */
static void the_total_gives_nothing_away(void **state)
{
    struct report_cell cells[] = {cell(2), cell(40), cell(9), cell(0), cell(51)};
    struct report_table table = column_of(cells, 5);
    (void)state;
    report_hide(&table, SMALLEST);
    assert_true(cells[0].hidden);
    assert_false(cells[1].hidden);
    assert_true(cells[2].hidden);
    assert_false(cells[3].hidden);
    assert_false(cells[4].hidden);
}

/* Two that are 2 together can only be 0, 1 or 2. */
static void two_small_ones_hide_a_third(void **state)
{
    struct report_cell cells[] = {cell(1), cell(1), cell(40), cell(7), cell(49)};
    struct report_table table = column_of(cells, 5);
    (void)state;
    report_hide(&table, SMALLEST);
    assert_true(cells[0].hidden && cells[1].hidden && cells[3].hidden);
    assert_false(cells[2].hidden);
}

static void what_many_share_is_shown(void **state)
{
    struct report_cell cells[] = {cell(5), cell(6), cell(0), cell(11)};
    struct report_table table = column_of(cells, 4);
    (void)state;
    report_hide(&table, SMALLEST);
    for (size_t i = 0; i < 4; i++)
        assert_false(cells[i].hidden);
    report_hide(&table, 7);
    assert_true(cells[0].hidden && cells[1].hidden && !cells[2].hidden && !cells[3].hidden);
}

/* Houses count, not how often something happened there. */
static void one_house_with_much_is_few(void **state)
{
    struct report_cell cells[] = {{.count = 900, .houses = 1}, cell(40), cell(50), cell(990)};
    struct report_table table = column_of(cells, 4);
    (void)state;
    report_hide(&table, SMALLEST);
    assert_true(cells[0].hidden && cells[1].hidden);
    assert_false(cells[2].hidden);
}

static void one_shows_everything(void **state)
{
    struct report_cell cells[] = {cell(1), cell(2), cell(3)};
    struct report_table table = column_of(cells, 3);
    (void)state;
    report_hide(&table, 1);
    assert_false(cells[0].hidden || cells[1].hidden || cells[2].hidden);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_total_gives_nothing_away),
        cmocka_unit_test(two_small_ones_hide_a_third),
        cmocka_unit_test(what_many_share_is_shown),
        cmocka_unit_test(one_house_with_much_is_few),
        cmocka_unit_test(one_shows_everything),
        cmocka_unit_test(nothing_hidden_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
