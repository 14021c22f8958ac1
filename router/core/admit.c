/* What needs the journal, before an event is decided on: X9, X12, X13, and who may lift what. */
#include "router/core/guards.h"
#include "router/core/admit.h"
#include "router/core/past.h"
#include "router/core/state.h"

#include <string.h>

uint64_t core_wants(const struct core *core, int publisher, const Samenloop__V1__Header *header)
{
    const struct sl_type *type = sl_type_find(sl_from_pb(header->type));
    if (type == NULL || !type->original)
        return 0;
    uint64_t number = event_named(core, publisher, header->causation_id).number;
    uint64_t renewed = table_get(&core->renewed, number);
    return renewed != 0 ? renewed : number;
}

static void say_no(struct refusal *refusal, const char *gate, enum sl_code code,
                   const char *sentence)
{
    refusal->gate = gate;
    (void)sl_fail(&refusal->error, code, "%s", sentence);
}

static int admit_change(struct core *core, const struct core_event *event,
                        const struct sl_type *type, uint64_t *original, struct past *past,
                        struct refusal *refusal, struct sl_error *error)
{
    struct named named = event_named(core, event->publisher, event->header->causation_id);
    if (named.number == 0)
        say_no(refusal, "too-late", SL_UNKNOWN_ORIGINAL, "no such event here");
    else if (named.publisher != event->publisher)
        say_no(refusal, "too-late", SL_NOT_YOURS, "another organisation's event");
    if (refusal->gate != NULL)
        return 0;
    if (event->kept == NULL)
        return sl_fail(error, SL_DAMAGED, "the past of event %llu is not there",
                       (unsigned long long)named.number);
    if (past_read(core, past, event->past, error) < 0)
        return -1;
    *original = named.number;
    bool correction = sl_is_correction(type);
    if (!correction &&
        !sl_bytes_equal(sl_from_pb(event->header->subject), sl_from_pb(event->kept->subject)))
        say_no(refusal, "withdrawn", SL_SUBJECT_INVALID, "not the house of the original");
    else if (correction && sl_correction_check(event->header, past->type, &refusal->error) < 0)
        refusal->gate = "corrected";
    return 0;
}

/* A restriction is lifted by who has one standing. */
static void admit_lift(struct core *core, const struct core_event *event,
                       const struct sl_type *type, struct refusal *refusal)
{
    const struct terms *terms = core->terms;
    size_t index = sl_type_index(type);
    struct facts facts;
    uint32_t subject = subject_find(core, event->header->subject.data);
    enum sl_organisation organisation = core->participants[event->publisher].organisation;
    facts_read(core, subject, 0, &facts);
    struct occurrence occurrence = {
        .type = type,
        .organisation = organisation,
        .role = (enum sl_role)event->header->publisher_role,
        .header = event->header,
        .at = event->at,
        .gist = {.type = (uint8_t)index, .publisher = (int8_t)event->publisher}};
    struct view view = {
        .core = core, .terms = terms, .event = &occurrence, .facts = &facts, .subject = subject};
    uint8_t mine = organisation == SL_IMG ? RESTRICTED_BY_IMG : RESTRICTED_BY_NCG;
    for (size_t i = terms->by_type_begin[index]; i < terms->by_type_begin[index + 1]; i++) {
        const struct agreement_rule *rule = &terms->agreement->rules[terms->by_type[i].rule];
        for (size_t k = 0; k < rule->outcome_count; k++) {
            if (rule->outcomes[k].kind == AGREEMENT_LIFT && facts.values[mine] != AGREEMENT_YES &&
                condition_holds(&view, rule->outcomes[k].only_if))
                say_no(refusal, rule->name, SL_NOT_YOURS,
                       "no restriction of this organisation stands");
        }
    }
}

int admit(struct core *core, const struct core_event *event, uint64_t *original, struct past *past,
          struct refusal *refusal, struct sl_error *error)
{
    const struct sl_type *type = sl_type_find(sl_from_pb(event->header->type));
    if (type->original)
        return admit_change(core, event, type, original, past, refusal, error);
    if ((core->terms->lifting & agreement_type_bit(sl_type_index(type))) != 0)
        admit_lift(core, event, type, refusal);
    return 0;
}

void refuse(struct core *core, const struct core_event *event, const struct refusal *refusal)
{
    const Samenloop__V1__Header *header = event->header;
    struct core_source source = {.uuid = header->event_id.data,
                                 .type = sl_type_find(sl_from_pb(header->type))->name,
                                 .from = place_name(core, event->publisher),
                                 .subject = header->subject.data};
    struct core_line *line = line_add(core, &source, CORE_REFUSED, refusal->gate, NULL);
    line->to = source.from;
    line->what = sl_code_name(refusal->error.code);
    line->detail = making_text(core, "%s", refusal->error.text);
}
