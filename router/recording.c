#include "router/recording.h"

#include <stdlib.h>
#include <string.h>

#include "router/core/core.h"
#include "router/state.h"

void *recording_room(struct router *router, size_t size)
{
    void *memory = sl_arena_alloc(&router->arena, size);
    if (memory == NULL)
        abort(); /* this arena has no limit */
    return memory;
}

static ProtobufCBinaryData copy(struct router *router, struct sl_bytes bytes)
{
    return sl_to_pb(sl_arena_copy(&router->arena, bytes));
}

static ProtobufCBinaryData copy_text(struct router *router, const char *text, size_t max)
{
    return copy(router, sl_bytes(text, text == NULL ? 0 : strnlen(text, max)));
}

const char *recording_text(struct router *router, ProtobufCBinaryData data)
{
    if (data.len == 0)
        return NULL;
    char *text = recording_room(router, data.len + 1);
    memcpy(text, data.data, data.len);
    text[data.len] = '\0';
    return text;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool is_remark(const struct core_line *line)
{
    return line->outcome == CORE_WITHHELD;
}

void recording_remarks(struct router *router, const struct core_decision *decision,
                       struct decided *out)
{
    size_t count = 0;
    for (size_t i = 0; i < decision->line_count; i++)
        count += is_remark(&decision->lines[i]) ? 1 : 0;
    if (count == 0)
        return;
    Samenloop__V1__Remark *remarks = recording_room(router, count * sizeof *remarks);
    out->remarks = recording_room(router, count * sizeof(void *));
    for (size_t i = 0; i < decision->line_count && out->remark_count < SL_MAX_REMARKS; i++) {
        const struct core_line *line = &decision->lines[i];
        if (!is_remark(line))
            continue;
        Samenloop__V1__Remark *remark = &remarks[out->remark_count];
        *remark = (Samenloop__V1__Remark)SAMENLOOP__V1__REMARK__INIT;
        remark->rule = copy_text(router, line->rule, SL_MAX_WORD);
        remark->clause = copy_text(router, line->clause, SL_MAX_WORD);
        remark->sentence = copy_text(router, line->detail, SL_MAX_SENTENCE);
        out->remarks[out->remark_count++] = remark;
    }
}

static void copy_grounds(struct router *router, const struct core_delivery *from,
                         Samenloop__V1__Delivery *to)
{
    to->n_rules = least(from->reason_count, SL_MAX_REMARKS);
    to->rules = recording_room(router, to->n_rules * sizeof(void *));
    for (size_t i = 0; i < to->n_rules; i++) {
        Samenloop__V1__Ground *ground = recording_room(router, sizeof *ground);
        *ground = (Samenloop__V1__Ground)SAMENLOOP__V1__GROUND__INIT;
        ground->rule = copy_text(router, from->reasons[i].rule, SL_MAX_WORD);
        ground->clause = copy_text(router, from->reasons[i].clause, SL_MAX_WORD);
        ground->quotation = copy_text(router, from->reasons[i].quotation, SL_MAX_SENTENCE);
        to->rules[i] = ground;
    }
}

static void copy_details(struct router *router, const struct core_delivery *from,
                         Samenloop__V1__Delivery *to)
{
    to->n_details = least(from->detail_count, SL_MAX_DETAILS);
    to->details = recording_room(router, to->n_details * sizeof(void *));
    for (size_t i = 0; i < to->n_details; i++) {
        Samenloop__V1__Detail *detail = recording_room(router, sizeof *detail);
        *detail = (Samenloop__V1__Detail)SAMENLOOP__V1__DETAIL__INIT;
        detail->name = copy_text(router, from->details[i].name, SL_MAX_WORD);
        detail->value = copy_text(router, from->details[i].value, SL_MAX_SENTENCE);
        to->details[i] = detail;
    }
    to->n_subjects = least(from->subject_count, SL_MAX_DIGEST);
    to->subjects = recording_room(router, to->n_subjects * sizeof *to->subjects);
    for (size_t i = 0; i < to->n_subjects; i++)
        to->subjects[i] = copy(router, sl_bytes(from->subjects[i], SL_PSEUDONYM_SIZE));
}

static Samenloop__V1__DeliveryKind kind_of(const struct core_delivery *delivery)
{
    if (delivery->what == NULL)
        return SAMENLOOP__V1__DELIVERY_KIND__DELIVERY_KIND_EVENT;
    return delivery->what->kind == SL_INSTRUCTION
               ? SAMENLOOP__V1__DELIVERY_KIND__DELIVERY_KIND_INSTRUCTION
               : SAMENLOOP__V1__DELIVERY_KIND__DELIVERY_KIND_NOTICE;
}

int recording_delivery(struct router *router, const struct core_delivery *from, uint64_t number,
                       Samenloop__V1__Queued **out, struct sl_error *error)
{
    Samenloop__V1__Queued *queued = recording_room(router, sizeof *queued);
    Samenloop__V1__Delivery *delivery = recording_room(router, sizeof *delivery);
    *queued = (Samenloop__V1__Queued)SAMENLOOP__V1__QUEUED__INIT;
    *delivery = (Samenloop__V1__Delivery)SAMENLOOP__V1__DELIVERY__INIT;
    queued->participant = sl_to_pb(sl_text(router->participants[from->receiver]));
    queued->delivery = delivery;
    queued->sections = from->sections;
    if (from->event.subject != NULL)
        queued->subject = copy(router, sl_bytes(from->event.subject, SL_PSEUDONYM_SIZE));
    if (from->event.number != number)
        queued->event = journal_find_event(router->journal, from->event.number, error);
    if (from->event.number != number && queued->event == 0)
        return sl_fail(error, SL_DAMAGED, "journal: event %llu is not there",
                       (unsigned long long)from->event.number);
    delivery->lane = (Samenloop__V1__Lane)from->lane;
    delivery->kind = kind_of(from);
    delivery->name = copy_text(router, from->what == NULL ? NULL : from->what->name, SL_MAX_WORD);
    delivery->role = (Samenloop__V1__Role)from->role;
    delivery->deadline = from->due;
    delivery->journal_number = from->event.number;
    delivery->accepted_at = router->at;
    delivery->receipt_wanted = from->receipt_wanted;
    copy_grounds(router, from, delivery);
    copy_details(router, from, delivery);
    *out = queued;
    return 0;
}
