/* A line of the routing log: its keys are known, so they are written straight into the buffer. */
#include "router/core/core.h"

#include <string.h>

#include "schemas/timestamp.h"

static const char *const outcome_names[CORE_OUTCOMES] = {
    [CORE_FORWARDED] = "forwarded",
    [CORE_STRIPPED] = "stripped",
    [CORE_INSTRUCTED] = "instructed",
    [CORE_NOTIFIED] = "notified",
    [CORE_WITHHELD] = "withheld",
    [CORE_REMEMBERED] = "remembered",
    [CORE_OPENED] = "obligation_opened",
    [CORE_MET] = "obligation_met",
    [CORE_MET_LATE] = "obligation_met_late",
    [CORE_RELEASED] = "obligation_released",
    [CORE_WITHDRAWN] = "obligation_withdrawn",
    [CORE_OVERDUE] = "obligation_overdue",
    [CORE_ESCALATED] = "escalated",
    [CORE_DELIVERED] = "delivered",
    [CORE_DEAD_LETTERED] = "dead_lettered",
    [CORE_REFUSED] = "refused",
    [CORE_DUPLICATE] = "duplicate",
    [CORE_LOGGED] = "logged",
};

const char *core_outcome_name(enum core_outcome outcome)
{
    return outcome_names[outcome];
}

void core_delivered(struct core_line *out, const struct core_delivery *delivery, int64_t at,
                    const char *receiver)
{
    *out = (struct core_line){.outcome = CORE_DELIVERED,
                              .at = at,
                              .event = delivery->event,
                              .rule = delivery->reasons[0].rule,
                              .clause = delivery->reasons[0].clause,
                              .to = receiver,
                              .role = delivery->role,
                              .what = delivery->what != NULL ? delivery->what->name : NULL};
}

static bool is_plain(unsigned char c)
{
    return c >= ' ' && c != '"' && c != '\\';
}

/* Bytes of which one is no more than `most`, below 0x80: bit 7 of it is set, and maybe others. */
static uint64_t any_below(uint64_t word, uint64_t most)
{
    return (word - UINT64_C(0x0101010101010101) * (most + 1)) & ~word;
}

static uint64_t any_same(uint64_t word, uint64_t c)
{
    return any_below(word ^ UINT64_C(0x0101010101010101) * c, 0);
}

/* How many characters from the beginning are written as they are. */
static size_t plain_size(const char *text, size_t size)
{
    size_t at = 0;
    for (; size - at >= 8; at += 8) { /* eight at a time, until one may have to be escaped */
        uint64_t word = sl_get64((const uint8_t *)text + at);
        if (((any_below(word, ' ' - 1) | any_same(word, '"') | any_same(word, '\\')) &
             UINT64_C(0x8080808080808080)) != 0)
            break;
    }
    while (at < size && is_plain((unsigned char)text[at]))
        at++;
    return at;
}

/* Text as a JSON string; what comes from outside may hold anything that is UTF-8. */
static void add_text(struct sl_buffer *out, const char *text)
{
    size_t left = strlen(text);
    sl_buffer_add(out, "\"", 1);
    for (;;) {
        size_t plain = plain_size(text, left);
        sl_buffer_add(out, text, plain);
        if (plain == left)
            break;
        if ((unsigned char)text[plain] < ' ')
            sl_buffer_printf(out, "\\u%04x", (unsigned char)text[plain]);
        else
            sl_buffer_add(out, (const char[]){'\\', text[plain]}, 2);
        text += plain + 1;
        left -= plain + 1;
    }
    sl_buffer_add(out, "\"", 1);
}

static void add(struct sl_buffer *out, const char *key, const char *text)
{
    sl_buffer_add(out, key, strlen(key));
    if (text == NULL)
        sl_buffer_add(out, "null", 4);
    else
        add_text(out, text);
}

static void add_moment(struct sl_buffer *out, const char *key, int64_t at)
{
    char text[SL_TIMESTAMP_SIZE];
    if (at != 0)
        sl_timestamp_format(text, at);
    add(out, key, at != 0 ? text : NULL);
}

void core_line_write(struct sl_buffer *out, const struct core_line *line)
{
    const struct core_source *event = &line->event;
    char uuid[SL_UUID_TEXT];
    char subject[2 * SL_PSEUDONYM_SHOWN + 1];
    const char *id = event->id;
    if (id == NULL && event->uuid != NULL) {
        sl_uuid_format(uuid, event->uuid);
        id = uuid;
    }
    if (event->subject != NULL)
        sl_hex(subject, event->subject, SL_PSEUDONYM_SHOWN);
    sl_buffer_add_bytes(out, sl_text("{\"seq\":"));
    if (event->number != 0)
        sl_buffer_add_integer(out, (int64_t)event->number);
    else
        sl_buffer_add_bytes(out, sl_text("null"));
    add_moment(out, ",\"at\":", line->at);
    add(out, ",\"event\":", id);
    add(out, ",\"type\":", event->type);
    add(out, ",\"from\":", event->from);
    add(out, ",\"subject\":", event->subject != NULL ? subject : NULL);
    add(out, ",\"rule\":", line->rule);
    add(out, ",\"clause\":", line->clause);
    add(out, ",\"outcome\":", core_outcome_name(line->outcome));
    add(out, ",\"to\":", line->to);
    add(out, ",\"role\":", line->role != SL_NO_ROLE ? sl_role_name(line->role) : NULL);
    add(out, ",\"what\":", line->what);
    add_moment(out, ",\"due\":", line->due);
    add(out, ",\"detail\":", line->detail);
    sl_buffer_add(out, "}\n", 2);
}
