/* What differs in the texts of two agreements. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "router/tool/rules.h"

/* Lines of a text that say something, with one blank where there were several. */
struct lines {
    struct sl_buffer text;
    size_t *offsets; /* of each line in the text, each ended by a NUL */
    size_t count;
    size_t capacity;
};

static const char *line_at(const struct lines *lines, size_t index)
{
    return (const char *)lines->text.data + lines->offsets[index];
}

static void lines_free(struct lines *lines)
{
    sl_buffer_free(&lines->text);
    free(lines->offsets);
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

/* Lines that are empty, or a comment alone, are left out. */
static void add_line(struct lines *lines, const uint8_t *text, size_t size)
{
    size_t begin = lines->text.size;
    for (size_t i = 0; i < size; i++) {
        if (!is_blank(text[i]))
            sl_buffer_add(&lines->text, &text[i], 1);
        else if (lines->text.size > begin && lines->text.data[lines->text.size - 1] != ' ')
            sl_buffer_add(&lines->text, " ", 1);
    }
    if (lines->text.size > begin && lines->text.data[lines->text.size - 1] == ' ')
        lines->text.size--;
    if (lines->text.size == begin || lines->text.data[begin] == '#') {
        lines->text.size = begin;
        return;
    }
    sl_buffer_add(&lines->text, "", 1);
    lines->offsets = sl_grow(lines->offsets, &lines->capacity, lines->count + 1,
                             sizeof *lines->offsets);
    lines->offsets[lines->count++] = begin;
}

/* The lines from `first` to before `end`, counted from 1. */
static struct lines take_lines(const struct agreement *agreement, int first, int end)
{
    struct lines lines = {0};
    size_t at = 0;
    for (int number = 1; at < agreement->text.size && number < end; number++) {
        const uint8_t *begin = agreement->text.data + at;
        const uint8_t *stop = memchr(begin, '\n', agreement->text.size - at);
        size_t size = stop != NULL ? (size_t)(stop - begin) : agreement->text.size - at;
        if (number >= first)
            add_line(&lines, begin, size);
        at += size + 1;
    }
    return lines;
}

/* A rule's lines; of rule -1 all that stands before the first. */
static struct lines rule_lines(const struct agreement *agreement, int rule)
{
    size_t next = (size_t)((int64_t)rule + 1);
    int first = rule < 0 ? 1 : agreement->rules[rule].place.line;
    int end = next < agreement->rule_count ? agreement->rules[next].place.line : INT32_MAX;
    return take_lines(agreement, first, end);
}

/* ---------------------------------------------------------------- two lists of lines */

/* Lines of `from` of which `to` has fewer, each with a sign before it; gives their number. */
static size_t print_missing(struct sl_buffer *out, const struct lines *from, const struct lines *to,
                            char sign)
{
    bool *used = sl_new(to->count + 1, sizeof *used);
    size_t missing = 0;
    for (size_t i = 0; i < from->count; i++) {
        size_t k = 0;
        while (k < to->count && (used[k] || strcmp(line_at(from, i), line_at(to, k)) != 0))
            k++;
        if (k < to->count) {
            used[k] = true;
            continue;
        }
        sl_buffer_printf(out, "  %c %s\n", sign, line_at(from, i));
        missing++;
    }
    free(used);
    return missing;
}

static bool same_lines(const struct lines *a, const struct lines *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; i < a->count && same; i++)
        same = strcmp(line_at(a, i), line_at(b, i)) == 0;
    return same;
}

static bool compare(struct sl_buffer *out, const char *what, struct lines old, struct lines new)
{
    bool differ = !same_lines(&old, &new);
    if (differ) {
        sl_buffer_printf(out, "changed %s\n", what);
        if (print_missing(out, &old, &new, '-') + print_missing(out, &new, &old, '+') == 0)
            sl_buffer_printf(out, "    the same lines in another order\n");
    }
    lines_free(&old);
    lines_free(&new);
    return differ;
}

static void print_whole(struct sl_buffer *out, const char *verb, const struct agreement *agreement,
                        int rule, char sign)
{
    struct lines lines = rule_lines(agreement, rule);
    sl_buffer_printf(out, "%s rule %s\n", verb, agreement->rules[rule].name);
    for (size_t i = 0; i < lines.count; i++)
        sl_buffer_printf(out, "  %c %s\n", sign, line_at(&lines, i));
    lines_free(&lines);
}

/* ---------------------------------------------------------------- two agreements */

static int find(const struct agreement *agreement, const char *rule)
{
    return agreement_rule_find(agreement, sl_text(rule));
}

/* All rules that match fire, in the file's order: so the order is part of what was agreed. */
static bool is_order_kept(const struct agreement *old, const struct agreement *new)
{
    int last = -1;
    for (size_t i = 0; i < new->rule_count; i++) {
        int place = find(old, new->rules[i].name);
        if (place < 0)
            continue;
        if (place < last)
            return false;
        last = place;
    }
    return true;
}

bool rules_text_diff(struct sl_buffer *out, const struct agreement *old,
                     const struct agreement *new)
{
    size_t before = out->size;
    (void)compare(out, "settings", rule_lines(old, -1), rule_lines(new, -1));
    for (size_t i = 0; i < old->rule_count; i++) {
        if (find(new, old->rules[i].name) < 0)
            print_whole(out, "gone", old, (int)i, '-');
    }
    for (size_t i = 0; i < new->rule_count; i++) {
        const char *name = new->rules[i].name;
        int place = find(old, name);
        char what[128];
        (void)snprintf(what, sizeof what, "rule %s", name);
        if (place < 0)
            print_whole(out, "new", new, (int)i, '+');
        else
            (void)compare(out, what, rule_lines(old, place), rule_lines(new, (int)i));
    }
    if (!is_order_kept(old, new))
        sl_buffer_printf(out, "changed the order of the rules\n");
    return out->size > before;
}
