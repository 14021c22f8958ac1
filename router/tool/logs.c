#include "router/tool/logs.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/*
 * The lines of a routing log by event, events in the order in which they come first: an object of
 * "from id" -> array of lines. Numbers are left out of a line: the other log may have others.
 */
static json_t *by_event(struct sl_bytes log)
{
    json_t *events = json_object();
    for (size_t at = 0; at < log.size;) {
        const uint8_t *end = memchr(log.data + at, '\n', log.size - at);
        size_t size = (size_t)(end - (log.data + at));
        json_t *line = json_loadb((const char *)log.data + at, size, 0, NULL);
        const char *from = json_string_value(json_object_get(line, "from"));
        const char *id = json_string_value(json_object_get(line, "event"));
        struct sl_buffer key = {0};
        sl_buffer_printf(&key, "%s %s", from != NULL ? from : "", id != NULL ? id : "");
        sl_buffer_add(&key, "", 1);
        if (json_object_get(events, (char *)key.data) == NULL)
            json_object_set_new(events, (char *)key.data, json_array());
        json_array_append_new(json_object_get(events, (char *)key.data), line);
        sl_buffer_free(&key);
        at += size + 1;
    }
    return events;
}

/* ---------------------------------------------------------------- what differs */

static const char *text_of(const json_t *line, const char *key)
{
    const char *text = json_string_value(json_object_get(line, key));
    return text != NULL ? text : "";
}

static const char *rule_of(const json_t *line)
{
    const char *rule = json_string_value(json_object_get(line, "rule"));
    return rule != NULL ? rule : "(door)";
}

static bool is_same(const json_t *a, const json_t *b)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)a, key, value)
    {
        if (strcmp(key, "seq") != 0 && !json_equal(value, json_object_get(b, key)))
            return false;
    }
    return true;
}

/* Lines of `from` that `to` has not, in their order. */
static json_t *missing(const json_t *from, const json_t *to)
{
    json_t *left = json_array(), *rest = json_array(), *line;
    size_t index;
    if (to != NULL)
        json_array_extend(rest, (json_t *)to);
    json_array_foreach((json_t *)from, index, line)
    {
        size_t k = 0;
        while (k < json_array_size(rest) && !is_same(line, json_array_get(rest, k)))
            k++;
        if (k < json_array_size(rest))
            json_array_remove(rest, k);
        else
            json_array_append(left, line);
    }
    json_decref(rest);
    return left;
}

static void print_line(struct sl_buffer *out, char sign, const json_t *line, const char *at)
{
    static const char *const words[] = {"outcome", "to", "role", "what"};
    const char *clause = text_of(line, "clause");
    sl_buffer_printf(out, "  %c %s%s%s:", sign, rule_of(line), *clause != '\0' ? " " : "", clause);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (*text_of(line, words[i]) != '\0')
            sl_buffer_printf(out, " %s", text_of(line, words[i]));
    }
    if (*text_of(line, "due") != '\0')
        sl_buffer_printf(out, " until %s", text_of(line, "due"));
    if (*text_of(line, "detail") != '\0')
        sl_buffer_printf(out, " (%s)", text_of(line, "detail"));
    if (strcmp(text_of(line, "at"), at) != 0)
        sl_buffer_printf(out, " at %s", text_of(line, "at"));
    sl_buffer_printf(out, "\n");
}

/* An event counts once for a rule, however many of the rule's lines differ. */
static void count_line(struct logs_sum *sum, const json_t *line, char sign)
{
    const char *rule = rule_of(line);
    size_t i = 0;
    while (i < sum->rule_count && strcmp(sum->rules[i].rule, rule) != 0)
        i++;
    if (i == sum->rule_count) {
        sum->rules = sl_grow(sum->rules, &sum->rule_capacity, i + 1, sizeof *sum->rules);
        sum->rules[sum->rule_count++] = (struct logs_count){.rule = strdup(rule)};
        if (sum->rules[i].rule == NULL)
            abort();
    }
    struct logs_count *count = &sum->rules[i];
    count->events += count->last != sum->differing ? 1 : 0;
    count->last = sum->differing;
    *(sign == '-' ? &count->gone : &count->come) += 1;
}

static void print_lines(struct sl_buffer *out, struct logs_sum *sum, const json_t *lines, char sign,
                        const char *at)
{
    size_t index;
    json_t *line;
    json_array_foreach((json_t *)lines, index, line)
    {
        print_line(out, sign, line, at);
        count_line(sum, line, sign);
    }
}

/* One event, as it was and as it would be; either may have no lines. */
static bool compare_event(struct sl_buffer *out, struct logs_sum *sum, const json_t *old,
                          const json_t *new)
{
    json_t *gone = missing(old, new), *come = missing(new, old);
    bool differs = json_array_size(gone) + json_array_size(come) > 0;
    const json_t *first = json_array_get(json_array_size(old) > 0 ? old : new, 0);
    sum->events++;
    if (differs) {
        json_int_t number = json_integer_value(json_object_get(first, "seq"));
        sum->differing++;
        if (number > 0)
            sl_buffer_printf(out, "#%lld ", (long long)number);
        sl_buffer_printf(out, "%s %s\n", text_of(first, "type"), text_of(first, "subject"));
        print_lines(out, sum, gone, '-', text_of(first, "at"));
        print_lines(out, sum, come, '+', text_of(first, "at"));
    }
    json_decref(gone);
    json_decref(come);
    return differs;
}

void logs_compare(struct sl_buffer *out, struct logs_sum *sum, const char *path,
                  struct sl_bytes old, struct sl_bytes new)
{
    json_t *before = by_event(old), *after = by_event(new), *lines;
    const char *key;
    struct sl_buffer part = {0};
    bool differ = false;
    json_object_foreach(before, key, lines)
        differ |= compare_event(&part, sum, lines, json_object_get(after, key));
    json_object_foreach(after, key, lines)
    {
        if (json_object_get(before, key) == NULL)
            differ |= compare_event(&part, sum, NULL, lines);
    }
    if (differ) {
        const char *slash = strrchr(path, '/');
        sl_buffer_printf(out, "%s\n", slash != NULL && slash[1] != '\0' ? slash + 1 : path);
        sl_buffer_add_bytes(out, sl_buffer_bytes(&part));
    }
    sl_buffer_free(&part);
    json_decref(before);
    json_decref(after);
}

void logs_print_sum(struct sl_buffer *out, const struct logs_sum *sum)
{
    if (sum->differing > 0)
        sl_buffer_printf(out, "\n%-32s %7s %7s %7s\n", "by rule", "events", "gone", "come");
    for (size_t i = 0; i < sum->rule_count; i++) {
        const struct logs_count *count = &sum->rules[i];
        sl_buffer_printf(out, "%-32s %7zu %7zu %7zu\n", count->rule, count->events, count->gone,
                         count->come);
    }
    sl_buffer_printf(out, "%zu of %zu events differ\n", sum->differing, sum->events);
}

void logs_sum_free(struct logs_sum *sum)
{
    for (size_t i = 0; i < sum->rule_count; i++)
        free(sum->rules[i].rule);
    free(sum->rules);
}
