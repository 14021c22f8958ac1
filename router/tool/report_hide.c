/*
 * Hiding cells so that no sum gives them away.
 *
 * What somebody knows who reads the table are its sums. Each is an equation, each cell stands in at
 * most two of them, once on either side: so cells are the edges of a graph whose nodes are the
 * equations, and whatever the hidden cells could be instead differs from what they are by flows
 * around cycles of hidden edges. How far a hidden cell can rise is the greatest flow from the end
 * of its edge back to its beginning, how far it can sink the greatest flow the other way; along an
 * edge a flow adds to its cell without bound, against it a flow takes from it what there is. That
 * is exact, for all sums together.
 *
 *     a row       parts -> whole      node of the row
 *     a column    rows -> total       node of the column
 *     ground      of cells that stand in one sum only
 *
 * A cell that cannot move far enough gets another to move with: the smallest shown cell that leads
 * out of where the flow got stuck is hidden too. One that turns out to stand alone on its way,
 * which anybody could find, is shown again.
 */
#include <stdlib.h>
#include <string.h>

#include "router/tool/report.h"

enum { GROUND };

struct edge {
    size_t from;
    size_t to;
    struct report_cell *cell;
    uint64_t down; /* what a flow may still take from it */
    bool fixed;    /* it is not ours to hide */
};

struct graph {
    struct edge *edges;
    size_t edge_count;
    size_t node_count;
    int64_t *way; /* of each node: the edge by which it was reached, plus 1; minus: against it */
    size_t *queue;
};

static bool in_sum(enum report_column_kind kind)
{
    return kind == REPORT_WHOLE || kind == REPORT_PART;
}

/* Nodes: the ground, the rows, the columns. */
static struct edge edge_of(const struct report_table *table, size_t row, size_t column)
{
    enum report_column_kind kind = table->columns[column].kind;
    bool total = table->total && row == table->row_count - 1;
    size_t row_node = in_sum(kind) ? 1 + row : GROUND;
    size_t column_node = table->total ? 1 + table->row_count + column : GROUND;
    bool turned = (kind == REPORT_WHOLE) != total;
    return (struct edge){.from = turned ? column_node : row_node,
                         .to = turned ? row_node : column_node,
                         .cell = report_cell(table, row, column),
                         .fixed = total};
}

static void make_graph(struct graph *graph, const struct report_table *table)
{
    *graph = (struct graph){.node_count = 1 + table->row_count + table->column_count};
    graph->edges = sl_new(table->row_count * table->column_count + 1, sizeof *graph->edges);
    graph->way = sl_new(graph->node_count, sizeof *graph->way);
    graph->queue = sl_new(graph->node_count, sizeof *graph->queue);
    for (size_t row = 0; row < table->row_count; row++) {
        for (size_t column = 0; column < table->column_count; column++) {
            if (table->columns[column].kind != REPORT_MEDIAN &&
                table->columns[column].kind != REPORT_NINTH)
                graph->edges[graph->edge_count++] = edge_of(table, row, column);
        }
    }
}

static void free_graph(struct graph *graph)
{
    free(graph->edges);
    free(graph->way);
    free(graph->queue);
}

/* Marks the nodes that a flow can reach from one; the edge itself does not count. */
static void reach(struct graph *graph, size_t from, const struct edge *but)
{
    size_t first = 0, last = 0;
    for (size_t i = 0; i < graph->node_count; i++)
        graph->way[i] = 0;
    graph->way[from] = INT64_MAX;
    graph->queue[last++] = from;
    while (first < last) {
        size_t node = graph->queue[first++];
        for (size_t i = 0; i < graph->edge_count; i++) {
            const struct edge *edge = &graph->edges[i];
            if (!edge->cell->hidden || edge == but)
                continue;
            bool along = edge->from == node, against = edge->to == node && edge->down > 0;
            size_t next = along ? edge->to : edge->from;
            if ((!along && !against) || graph->way[next] != 0)
                continue;
            graph->way[next] = along ? (int64_t)i + 1 : -(int64_t)i - 1;
            graph->queue[last++] = next;
        }
    }
}

/* Sends a flow along the way that was found: at most `most`; what went. */
static uint64_t send(struct graph *graph, size_t from, size_t to, uint64_t most)
{
    uint64_t flow = most;
    for (size_t node = to; node != from;) {
        int64_t way = graph->way[node];
        const struct edge *edge = &graph->edges[(way > 0 ? way : -way) - 1];
        if (way < 0 && edge->down < flow)
            flow = edge->down;
        node = way > 0 ? edge->from : edge->to;
    }
    for (size_t node = to; node != from;) {
        int64_t way = graph->way[node];
        struct edge *edge = &graph->edges[(way > 0 ? way : -way) - 1];
        edge->down = way > 0 ? edge->down + flow : edge->down - flow;
        node = way > 0 ? edge->from : edge->to;
    }
    return flow;
}

/* The greatest flow between two nodes, but not more than `most`. Afterwards the marks say where it
 * got stuck. */
static uint64_t greatest(struct graph *graph, size_t from, size_t to, const struct edge *but,
                         uint64_t most)
{
    uint64_t flow = 0;
    if (from == to)
        return most; /* it stands in no sum */
    for (size_t i = 0; i < graph->edge_count; i++)
        graph->edges[i].down = graph->edges[i].cell->count;
    while (flow < most) {
        reach(graph, from, but);
        if (graph->way[to] == 0)
            break;
        flow += send(graph, from, to, most - flow);
    }
    return flow;
}

/* A cell of nothing is hidden last: it could not sink, and a nothing is worth seeing. */
static uint64_t cost_of(const struct report_cell *cell)
{
    return cell->count > 0 ? cell->count : UINT64_MAX;
}

/* Hides the smallest shown cell over which the flow could go on. False: there is none. */
static bool hide_another(struct graph *graph)
{
    struct report_cell *best = NULL;
    for (size_t i = 0; i < graph->edge_count; i++) {
        const struct edge *edge = &graph->edges[i];
        bool along = graph->way[edge->from] != 0 && graph->way[edge->to] == 0;
        bool against = graph->way[edge->to] != 0 && graph->way[edge->from] == 0;
        if (edge->cell->hidden || edge->fixed || (!along && !(against && edge->cell->count > 0)))
            continue;
        if (best == NULL || cost_of(edge->cell) < cost_of(best))
            best = edge->cell;
    }
    if (best == NULL)
        return false;
    best->hidden = true;
    return true;
}

/* Can the cell move by so much in all? Else one more is hidden, while there is one. */
static void protect(struct graph *graph, const struct edge *edge, uint64_t wanted)
{
    for (;;) {
        uint64_t down = greatest(graph, edge->from, edge->to, edge,
                                 edge->cell->count < wanted ? edge->cell->count : wanted);
        uint64_t up = greatest(graph, edge->to, edge->from, edge, wanted - down);
        if (up + down >= wanted || !hide_another(graph))
            return;
    }
}

static bool is_small(const struct report_cell *cell, unsigned smallest)
{
    return cell->houses > 0 && cell->houses < smallest;
}

/* Was it hidden for others, and can anybody find it all the same? Then it helps nobody. */
static bool is_useless(struct graph *graph, const struct edge *edge, unsigned smallest)
{
    const struct report_cell *cell = edge->cell;
    return cell->hidden && !edge->fixed && !is_small(cell, smallest) &&
           greatest(graph, edge->to, edge->from, edge, 1) == 0 &&
           (cell->count == 0 || greatest(graph, edge->from, edge->to, edge, 1) == 0);
}

void report_hide(struct report_table *table, unsigned smallest)
{
    struct graph graph;
    size_t count = table->row_count * table->column_count;
    for (size_t i = 0; i < count; i++)
        table->cells[i].hidden = table->cells[i].hidden || is_small(&table->cells[i], smallest);
    make_graph(&graph, table);
    for (size_t i = 0; i < graph.edge_count; i++) {
        if (is_small(graph.edges[i].cell, smallest))
            protect(&graph, &graph.edges[i], smallest);
    }
    for (size_t i = 0; i < graph.edge_count; i++) {
        if (is_useless(&graph, &graph.edges[i], smallest))
            graph.edges[i].cell->hidden = false;
    }
    free_graph(&graph);
}
