#include "router/tool/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "schemas/timestamp.h"

/* ---------------------------------------------------------------- chosen */

static const char *text_of(const json_t *line, const char *key)
{
    const char *text = json_string_value(json_object_get(line, key));
    return text != NULL ? text : "";
}

static bool is(const json_t *line, const char *key, const char *wanted)
{
    return wanted == NULL || strcmp(text_of(line, key), wanted) == 0;
}

static bool is_in_time(const json_t *line, const struct lines_wanted *wanted)
{
    int64_t at = 0;
    if (wanted->since == 0 && wanted->until == 0)
        return true;
    return sl_timestamp_parse(&at, sl_text(text_of(line, "at"))) == 0 && at >= wanted->since &&
           (wanted->until == 0 || at <= wanted->until);
}

static bool is_due(const json_t *line, const struct lines_wanted *wanted)
{
    int64_t due = 0;
    return !wanted->due || (sl_timestamp_parse(&due, sl_text(text_of(line, "due"))) == 0 &&
                            due < wanted->due_before);
}

static bool is_about(const json_t *line, const struct lines_wanted *wanted)
{
    for (size_t i = 0; i < wanted->subject_count; i++) {
        if (is(line, "subject", wanted->subjects[i]))
            return true;
    }
    return wanted->subject_count == 0;
}

/* A number is all digits, which a UUID never is. */
static bool is_event(const json_t *line, const char *wanted)
{
    char number[24];
    if (wanted == NULL)
        return true;
    (void)snprintf(number, sizeof number, "%lld",
                   (long long)json_integer_value(json_object_get(line, "seq")));
    return strcmp(number, wanted) == 0 || is(line, "event", wanted);
}

static bool begins(const json_t *line, const char *key, const char *wanted)
{
    return wanted == NULL || strncmp(text_of(line, key), wanted, strlen(wanted)) == 0;
}

bool lines_is_wanted(const json_t *line, const struct lines_wanted *wanted)
{
    return is(line, "type", wanted->type) && is(line, "rule", wanted->rule) &&
           (is(line, "from", wanted->org) || is(line, "to", wanted->org)) &&
           begins(line, "outcome", wanted->outcome) && is_event(line, wanted->event) &&
           is_about(line, wanted) && is_due(line, wanted) && is_in_time(line, wanted);
}

/* ---------------------------------------------------------------- shown */

enum { CELL = 128, TABLE_WIDTH = 200 };

/* A terminal that does not know its width is as wide as one likes. */
struct lines_form lines_form_here(bool json)
{
    const char *no_colour = getenv("NO_COLOR");
    struct winsize size = {0};
    bool terminal = isatty(STDOUT_FILENO) == 1;
    if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
        size.ws_col = 0;
    return (struct lines_form){.json = json,
                               .colour = terminal && (no_colour == NULL || no_colour[0] == '\0'),
                               .narrow = size.ws_col > 0 && size.ws_col < TABLE_WIDTH};
}

/* The width of a column, which a longer text passes; the last one has none. */
struct column {
    const char *head;
    int width;
    void (*cell)(char out[CELL], const json_t *line);
};

static void write_seq(char out[CELL], const json_t *line)
{
    json_int_t number = json_integer_value(json_object_get(line, "seq"));
    out[0] = '\0';
    if (number != 0)
        (void)snprintf(out, CELL, "%lld", (long long)number);
}

static void write_to(char out[CELL], const json_t *line)
{
    const char *to = text_of(line, "to");
    const char *role = text_of(line, "role");
    (void)snprintf(out, CELL, "%s%s%s", to, *to != '\0' && *role != '\0' ? "/" : "", role);
}

static void write_what(char out[CELL], const json_t *line)
{
    const char *what = text_of(line, "what");
    const char *due = text_of(line, "due");
    const char *by = *what == '\0' ? "by " : " by ";
    (void)snprintf(out, CELL, "%s%s%.16s%s", what, *due == '\0' ? "" : by, due,
                   *due == '\0' ? "" : "Z");
}

#define PLAIN(key)                                                                                 \
    static void write_##key(char out[CELL], const json_t *line)                                    \
    {                                                                                              \
        (void)snprintf(out, CELL, "%s", text_of(line, #key));                                      \
    }
PLAIN(at)
PLAIN(from)
PLAIN(type)
PLAIN(subject)
PLAIN(outcome)
PLAIN(rule)
PLAIN(clause)

static const struct column columns[] = {
    {"at", 24, write_at},           {"#", 5, write_seq},
    {"from", 6, write_from},        {"event", 27, write_type},
    {"subject", 12, write_subject}, {"outcome", 19, write_outcome},
    {"to", 23, write_to},           {"what", 46, write_what},
    {"rule", 29, write_rule},       {"clause", 6, write_clause},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

static const struct {
    const char *outcome; /* how it begins */
    const char *colour;
} colours[] = {
    {"delivered", "2"},    {"forwarded", "32"},          {"instructed", "33"},
    {"notified", "33"},    {"obligation_overdue", "31"}, {"obligation_met_late", "31"},
    {"obligation_", "36"}, {"escalated", "31"},          {"dead_lettered", "31"},
    {"refused", "31"},     {"withheld", "35"},
};

static const char *colour_of(const json_t *line)
{
    const char *outcome = text_of(line, "outcome");
    for (size_t i = 0; i < sizeof colours / sizeof colours[0]; i++) {
        if (strncmp(outcome, colours[i].outcome, strlen(colours[i].outcome)) == 0)
            return colours[i].colour;
    }
    return "0";
}

/* What came from outside must not steer a terminal: C0, DEL and (in UTF-8) C1 are taken out. */
static void tame(struct sl_buffer *text, size_t from)
{
    for (size_t i = from; i < text->size; i++) {
        uint8_t *at = &text->data[i];
        bool c1 = *at == 0xc2 && i + 1 < text->size && at[1] < 0xa0;
        if (c1)
            at[1] = '?';
        if (*at < ' ' || *at == 0x7f || c1)
            *at = '?';
    }
}

static void add_head(struct sl_buffer *row)
{
    for (size_t i = 0; i < COLUMNS; i++)
        sl_buffer_printf(row, "%-*s ", columns[i].width, columns[i].head);
    sl_buffer_printf(row, "detail\n");
}

static void add_row(struct sl_buffer *row, const json_t *line, bool colour)
{
    char cell[CELL];
    if (colour)
        sl_buffer_printf(row, "\033[%sm", colour_of(line));
    size_t begin = row->size;
    for (size_t i = 0; i < COLUMNS; i++) {
        columns[i].cell(cell, line);
        sl_buffer_printf(row, "%-*s ", columns[i].width, cell);
    }
    sl_buffer_printf(row, "%s", text_of(line, "detail"));
    tame(row, begin);
    while (row->size > begin && row->data[row->size - 1] == ' ')
        row->size--;
    sl_buffer_printf(row, colour ? "\033[0m\n" : "\n");
}

/* What the rows below it share. */
static void add_event(struct sl_buffer *row, struct lines_form *form, const json_t *line)
{
    long long number = (long long)json_integer_value(json_object_get(line, "seq"));
    if (form->headed && number == form->last.number &&
        strcmp(form->last.at, text_of(line, "at")) == 0)
        return;
    form->last.number = number;
    (void)snprintf(form->last.at, sizeof form->last.at, "%s", text_of(line, "at"));
    size_t begin = row->size;
    sl_buffer_printf(row, "%s ", form->last.at);
    if (number != 0)
        sl_buffer_printf(row, "#%lld ", number);
    sl_buffer_printf(row, "%s %s %s", text_of(line, "from"), text_of(line, "type"),
                     text_of(line, "subject"));
    tame(row, begin);
    sl_buffer_printf(row, "\n");
}

static void add_narrow(struct sl_buffer *row, struct lines_form *form, const json_t *line)
{
    char to[CELL];
    char what[CELL];
    add_event(row, form, line);
    write_to(to, line);
    write_what(what, line);
    if (form->colour)
        sl_buffer_printf(row, "\033[%sm", colour_of(line));
    size_t begin = row->size;
    sl_buffer_printf(row, "  %s", text_of(line, "outcome"));
    const char *parts[] = {to, what, text_of(line, "detail")};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        sl_buffer_printf(row, "%s%s", parts[i][0] == '\0' ? "" : "  ", parts[i]);
    sl_buffer_printf(row, "  (%s%s%s)", text_of(line, "rule"),
                     text_of(line, "clause")[0] == '\0' ? "" : ", ", text_of(line, "clause"));
    tame(row, begin);
    sl_buffer_printf(row, form->colour ? "\033[0m\n" : "\n");
}

static void add_line(struct sl_buffer *row, struct lines_form *form, const json_t *line,
                     struct sl_bytes text)
{
    if (form->json) {
        sl_buffer_add_bytes(row, text);
        return;
    }
    if (!form->headed && !form->narrow)
        add_head(row);
    if (form->narrow)
        add_narrow(row, form, line);
    else
        add_row(row, line, form->colour);
    form->headed = true;
}

int lines_show(FILE *out, struct lines_form *form, const struct lines_wanted *wanted,
               struct sl_bytes lines, struct sl_error *error)
{
    struct sl_buffer rows = {0};
    const uint8_t *end = lines.data + lines.size;
    for (const uint8_t *at = lines.data; at < end;) {
        const uint8_t *feed = memchr(at, '\n', (size_t)(end - at));
        const uint8_t *next = feed == NULL ? end : feed + 1;
        json_t *line = json_loadb((const char *)at, (size_t)(next - at), 0, NULL);
        if (json_is_object(line) && feed != NULL && lines_is_wanted(line, wanted))
            add_line(&rows, form, line, sl_bytes(at, (size_t)(next - at)));
        json_decref(line);
        at = next;
    }
    bool written = rows.size == 0 || fwrite(rows.data, 1, rows.size, out) == rows.size;
    sl_buffer_free(&rows);
    return written ? 0 : sl_fail(error, SL_IO, "standard output: %s", strerror(errno));
}
