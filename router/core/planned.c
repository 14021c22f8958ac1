/* Outcomes of a plan: are two the same one, and when does the term of one end? */
#include "router/core/plan.h"
#include "router/core/state.h"
#include "schemas/timestamp.h"

#include <string.h>

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool planned_same(const struct planned *a, const struct planned *b)
{
    if (a->kind != b->kind || a->rule != b->rule)
        return false;
    switch (a->kind) {
    case PLAN_FORWARD:
        return a->to == b->to && a->role == b->role;
    case PLAN_INSTRUCT:
        return a->to == b->to && a->outcome->what == b->outcome->what &&
               sl_bytes_equal(a->about, b->about);
    case PLAN_EXPECT:
        return a->to == b->to && a->outcome->types == b->outcome->types &&
               a->outcome->receipt == b->outcome->receipt && sl_bytes_equal(a->about, b->about);
    case PLAN_REMEMBER:
    case PLAN_KEEP:
    case PLAN_PRIORITISE:
        return a->fact == b->fact && a->value == b->value;
    case PLAN_NOTIFY:
        return a->outcome->what == b->outcome->what && a->to == b->to;
    case PLAN_WITHHOLD:
        return same_text(a->text, b->text);
    case PLAN_RELEASE:
    case PLAN_RELEASE_QUESTION:
    case PLAN_JOIN:
    case PLAN_LOG:
        return true;
    }
    return false;
}

static bool date_of(const struct occurrence *event, const char *name, int64_t *day)
{
    struct sl_bytes text = sl_header_attribute(event->header, name);
    return text.size > 0 && sl_date_parse(day, text) == 0;
}

static int64_t term_end(struct core *core, const struct occurrence *event,
                        const struct agreement_term *term, int64_t at)
{
    int64_t day = 0, end = at;
    if (term->by != NULL) {
        if (date_of(event, term->by, &day))
            return calendar_end_of(day);
        return term->otherwise != NULL ? term_end(core, event, term->otherwise, at) : at;
    }
    bool dated = term->after != NULL && date_of(event, term->after, &day);
    if (term->unit == AGREEMENT_WORKING_DAYS)
        end = calendar_after_day(&core->calendar, dated ? day : calendar_local_day(at),
                                 term->count);
    else
        end = (dated ? calendar_end_of(day) : at) +
              term->count * (term->unit == AGREEMENT_HOURS ? SL_HOUR : SL_MINUTE);
    if (term->but_before != NULL && date_of(event, term->but_before, &day)) {
        int64_t begin = calendar_begin_of(day);
        end = begin < end ? begin : end;
    }
    return end;
}

int64_t planned_term(struct core *core, const struct occurrence *event,
                     const struct planned *planned, int64_t at)
{
    return term_end(core, event, &planned->outcome->term, at);
}

int64_t planned_due(struct core *core, const struct occurrence *event,
                    const struct planned *planned)
{
    int64_t from = planned->from != 0 ? planned->from : core->making.at;
    int64_t end = planned_term(core, event, planned, from);
    return end > core->making.at ? end : core->making.at;
}
