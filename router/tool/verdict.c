#include "router/tool/verdict.h"

#include <stdio.h>
#include <string.h>

#include "schemas/timestamp.h"

static const char *text(const json_t *object, const char *key)
{
    const char *found = json_string_value(json_object_get(object, key));
    return found != NULL ? found : "-";
}

static long long figure(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

/* ---------------------------------------------------------------- time */

void verdict_span(char out[VERDICT_SPAN], int64_t ms)
{
    long long minutes = ms / 60000;
    if (ms < 60 * 1000)
        (void)snprintf(out, VERDICT_SPAN, "%lld s", (long long)ms / 1000);
    else if (minutes < 60)
        (void)snprintf(out, VERDICT_SPAN, "%lld min", minutes);
    else if (minutes < 2 * 24 * 60)
        (void)snprintf(out, VERDICT_SPAN, "%lld h %lld min", minutes / 60, minutes % 60);
    else
        (void)snprintf(out, VERDICT_SPAN, "%lld days %lld h", minutes / 1440, minutes / 60 % 24);
}

int64_t verdict_ago(const json_t *status, const json_t *moment)
{
    const char *written = json_string_value(moment);
    int64_t now = 0;
    int64_t then = 0;
    if (written == NULL || sl_timestamp_parse(&then, sl_text(written)) < 0 ||
        sl_timestamp_parse(&now, sl_text(text(status, "at"))) < 0)
        return -1;
    return now > then ? now - then : 0;
}

/* ---------------------------------------------------------------- the router itself */

struct attention {
    struct sl_buffer lines;
    size_t count;
};

static struct sl_buffer *more(struct attention *attention)
{
    attention->count++;
    sl_buffer_printf(&attention->lines, "- ");
    return &attention->lines;
}

static void look_at_disk(struct attention *attention, const json_t *status)
{
    if (json_is_true(json_object_get(status, "full")))
        sl_buffer_printf(more(attention), "The disk is full: nothing is taken on, adapters keep "
                                          "what they have. Make room where the journal\n"
                                          "  stands; the router goes on by itself.\n");
}

/* A record that is later than now: the clock was ahead, or is behind. */
static void look_at_clock(struct attention *attention, const json_t *status)
{
    char span[VERDICT_SPAN];
    int64_t now = 0;
    int64_t last = 0;
    if (sl_timestamp_parse(&now, sl_text(text(status, "at"))) < 0 ||
        sl_timestamp_parse(&last, sl_text(text(status, "last_at"))) < 0 || last - now < 1000)
        return;
    verdict_span(span, last - now);
    sl_buffer_printf(more(attention),
                     "The clock is %s behind the journal's last moment: set it right. Until it is "
                     "past that,\n  events get that moment, and terms stand still.\n",
                     span);
}

static void look_at_letters(struct attention *attention, const json_t *status)
{
    long long letters = figure(json_object_get(status, "counters"), "dead_letters");
    if (letters > 0)
        sl_buffer_printf(more(attention),
                         "%lld %s refused by the receiver, and put aside: "
                         "see samenloop deadletters list.\n",
                         letters, letters == 1 ? "delivery was" : "deliveries were");
}

static void look_at_terms(struct attention *attention, const json_t *status)
{
    const json_t *open = json_object_get(status, "obligations");
    char span[VERDICT_SPAN];
    if (figure(open, "overdue") == 0)
        return;
    verdict_span(span, verdict_ago(status, json_object_get(open, "overdue_since")));
    sl_buffer_printf(more(attention),
                     "%lld of %lld obligations %s overdue, the first for %s: see samenloop "
                     "obligations --overdue --journal FOLDER.\n",
                     figure(open, "overdue"), figure(open, "open"),
                     figure(open, "overdue") == 1 ? "is" : "are", span);
}

/* The lines of one participant stand together; the first of them is told. */
static void look_at_keys(struct attention *attention, const json_t *status)
{
    const json_t *lines = json_object_get(status, "expiring");
    size_t count = json_array_size(lines);
    for (size_t i = 0, next = 0; i < count; i = next) {
        const char *line = json_string_value(json_array_get(lines, i));
        size_t name = strcspn(line, ":") + 1;
        for (next = i + 1; next < count; next++) {
            if (strncmp(line, json_string_value(json_array_get(lines, next)), name) != 0)
                break;
        }
        sl_buffer_printf(more(attention), "%s", line);
        if (next - i > 1)
            sl_buffer_printf(&attention->lines, " (%zu more like it)", next - i - 1);
        sl_buffer_printf(&attention->lines,
                         ": a new key card is wanted (samenloop keys rotate).\n");
    }
}

/* ---------------------------------------------------------------- participants */

struct backlog {
    long long waiting;
    long long acute; /* of them */
    int64_t longest; /* ms */
};

static struct backlog backlog_of(const json_t *status, const json_t *participant)
{
    struct backlog backlog = {0};
    const char *name;
    json_t *lane;
    json_object_foreach(json_object_get(participant, "lanes"), name, lane)
    {
        int64_t ago = verdict_ago(status, json_object_get(lane, "oldest"));
        backlog.waiting += figure(lane, "waiting");
        backlog.acute += strcmp(name, "acute") == 0 ? figure(lane, "waiting") : 0;
        backlog.longest = ago > backlog.longest ? ago : backlog.longest;
    }
    return backlog;
}

static void tell_backlog(struct sl_buffer *line, const struct backlog *backlog)
{
    char span[VERDICT_SPAN];
    verdict_span(span, backlog->longest);
    if (backlog->waiting == 0)
        sl_buffer_printf(line, "nothing waits for it");
    else if (backlog->waiting == 1)
        sl_buffer_printf(line, "1 delivery waits for it, for %s", span);
    else
        sl_buffer_printf(line, "%lld deliveries wait for it, the first for %s", backlog->waiting,
                         span);
    if (backlog->acute > 0)
        sl_buffer_printf(line, " (%lld acute)", backlog->acute);
}

static void look_at_participant(struct attention *attention, const json_t *status,
                                const json_t *participant)
{
    struct backlog backlog = backlog_of(status, participant);
    const char *name = text(participant, "name");
    bool connected = json_is_true(json_object_get(participant, "connected"));
    bool fed = json_is_true(json_object_get(participant, "fed"));
    if (connected && fed && backlog.longest < VERDICT_LONG)
        return;
    struct sl_buffer *line = more(attention);
    sl_buffer_printf(line, "%s is %s; ", name, connected ? "connected" : "away");
    tell_backlog(line, &backlog);
    if (!connected)
        sl_buffer_printf(line, ": does its samenloop-adapter run?\n");
    else if (!fed)
        sl_buffer_printf(line,
                         ", and it gets nothing, because its inbox has\n  deliveries of another "
                         "journal: see journal in adapter.cfg(5).\n");
    else
        sl_buffer_printf(line, ": what does its adapter say on standard error?\n");
}

void verdict_tell(struct sl_buffer *out, const json_t *status)
{
    struct attention attention = {0};
    size_t index;
    json_t *one;
    look_at_disk(&attention, status);
    look_at_clock(&attention, status);
    json_array_foreach(json_object_get(status, "participants"), index, one)
        look_at_participant(&attention, status, one);
    look_at_letters(&attention, status);
    look_at_terms(&attention, status);
    look_at_keys(&attention, status);
    if (attention.count == 0)
        sl_buffer_printf(out, "All is well.\n");
    else
        sl_buffer_printf(out, "%zu %s attention:\n", attention.count,
                         attention.count == 1 ? "thing wants" : "things want");
    sl_buffer_add_bytes(out, sl_buffer_bytes(&attention.lines));
    sl_buffer_free(&attention.lines);
}
