/* An event, from the questions that it answers to what turned facts bring about. */
#include "router/core/admit.h"
#include "router/core/conditions.h"
#include "router/core/outcomes.h"
#include "router/core/past.h"
#include "router/core/plan.h"
#include "router/core/state.h"

#include <string.h>

/* ---------------------------------------------------------------- houses, before and after */

static void entry_now(struct core *core, uint32_t subject, const struct facts *facts,
                      uint32_t *grounds, int *priority)
{
    struct view view = {.core = core, .terms = core->terms, .facts = facts, .subject = subject};
    list_entry(&view, grounds, priority);
}

void house_add(struct core *core, uint32_t subject)
{
    for (size_t i = 0; i < core->making.houses.count; i++) {
        if (core->making.houses.items[i].subject == subject)
            return;
    }
    struct house *house = LIST_ADD(&core->making.houses);
    house->subject = subject;
    facts_read(core, subject, 0, &house->before);
    entry_now(core, subject, &house->before, &house->grounds, &house->priority);
}

struct house *house_find(struct core *core, uint32_t subject)
{
    for (size_t i = 0; i < core->making.houses.count; i++) {
        if (core->making.houses.items[i].subject == subject)
            return &core->making.houses.items[i];
    }
    return NULL;
}

/* The event, speaking of another house (a correction that moved it). */
static struct occurrence at_house(struct core *core, const struct occurrence *event,
                                  uint32_t subject)
{
    struct occurrence voice = *event;
    voice.subject = subject;
    voice.source.subject = subject_at(core, subject)->pseudonym;
    return voice;
}

/* ---------------------------------------------------------------- the joint team's list */

const char *ground_names(struct core *core, uint32_t grounds)
{
    const char *names = "";
    for (size_t i = 0; i < core->terms->ground_count; i++) {
        if ((grounds & 1u << i) != 0)
            names = making_text(core, "%s%s%s", names, names[0] != '\0' ? ", " : "",
                                fact_name(core, core->terms->grounds[i]));
    }
    return names;
}

static void tell_list(struct core *core, const struct core_source *source, uint8_t lane,
                      uint32_t subject, const struct plan *plan, uint32_t grounds, int priority)
{
    const uint8_t **house = making_alloc(core, sizeof *house);
    *house = subject_at(core, subject)->pseudonym;
    const char *names = ground_names(core, grounds);
    struct core_detail *details = making_alloc(core, 2 * sizeof *details);
    details[0] = (struct core_detail){"grounds", names};
    details[1] = (struct core_detail){"priority", making_text(core, "%d", priority)};
    for (size_t i = 0; i < plan->count; i++) {
        const struct planned *planned = plan->items[i];
        if (planned->kind != PLAN_NOTIFY)
            continue;
        struct told told = {.rule = planned->rule->name,
                            .clause = rule_clause(planned->rule),
                            .what = planned->outcome->what,
                            .to = planned->to,
                            .role = planned->role,
                            .details = details,
                            .detail_count = priority > 0 ? 2 : 0};
        told.detail = priority > 0 ? making_text(core, "grounds %s; priority %d", names, priority)
                                   : "off the list";
        struct core_delivery *delivery = tell(core, source, lane, &told);
        delivery->subjects = house;
        delivery->subject_count = 1;
    }
}

/* In a rule of the list a ground counts that held before or after the event. */
void list_changed(struct core *core, const struct core_source *source, uint8_t lane,
                  uint32_t subject, uint32_t grounds_before)
{
    const struct terms *terms = core->terms;
    struct facts facts;
    uint32_t grounds = 0;
    int priority = 0;
    facts_read(core, subject, 0, &facts);
    entry_now(core, subject, &facts, &grounds, &priority);
    for (size_t i = 0; i < terms->ground_count; i++) {
        if ((grounds_before & 1u << i) != 0)
            facts.values[terms->grounds[i]] = AGREEMENT_YES;
    }
    struct view view = {
        .core = core, .terms = terms, .facts_only = true, .facts = &facts, .subject = subject};
    for (size_t i = 0; i < terms->on_list_count; i++)
        tell_list(core, source, lane, subject,
                  plan_rule(&view, &terms->agreement->rules[terms->on_list[i]]), grounds, priority);
}

/* ---------------------------------------------------------------- the second round */

static bool turned(const struct terms *terms, const struct agreement_rule *rule,
                   const struct facts *before, const struct facts *now)
{
    for (size_t i = 0; i < rule->turn_count; i++) {
        uint8_t fact = terms->facts[rule->turns[i].fact];
        bool was = before->values[fact] == (uint8_t)rule->turns[i].value;
        bool is = now->values[fact] == (uint8_t)rule->turns[i].value;
        if (was != is && is != rule->turns[i].ceases)
            return true;
    }
    return false;
}

/* On initial load a notice waits for the end of the day, when one names all houses. */
static bool put_off(struct core *core, const struct occurrence *event, const struct plan *plan)
{
    const struct planned *first = plan->count > 0 ? plan->items[0] : NULL;
    if (first == NULL || first->kind != PLAN_NOTIFY || !first->outcome->daily_on_initial_load ||
        !event->header->initial_load)
        return false;
    digest_add(core, event, first);
    return true;
}

/* What the team has set holds until the house leaves the list, or one of the facts by which the
 * list is ordered becomes yes. */
static void reset_priority(struct core *core, const struct occurrence *event,
                           const struct facts *before, const struct facts *now, uint32_t grounds)
{
    const struct terms *terms = core->terms;
    uint8_t set = now->values[TEAM_PRIORITY];
    bool ends = grounds == 0;
    for (size_t i = 0; i < terms->list_fact_count; i++) {
        uint8_t fact = terms->list_facts[i];
        ends |= now->values[fact] == AGREEMENT_YES && before->values[fact] != AGREEMENT_YES;
    }
    if (set != 0 && set == before->values[TEAM_PRIORITY] && ends)
        state_fact(core, event->gist.number, event->subject, TEAM_PRIORITY, 0);
}

static void second_round(struct core *core, const struct occurrence *event, size_t index)
{
    const struct terms *terms = core->terms;
    const struct house *house = &core->making.houses.items[index];
    struct occurrence voice = at_house(core, event, house->subject);
    struct facts now;
    uint32_t grounds = 0;
    int priority = 0;
    facts_read(core, house->subject, 0, &now);
    if (memcmp(&now, &house->before, OWN_FACTS + core->fact_names.count) == 0)
        return;
    entry_now(core, house->subject, &now, &grounds, &priority);
    struct view view = {.core = core,
                        .terms = terms,
                        .event = &voice,
                        .facts_only = true,
                        .facts = &now,
                        .subject = house->subject};
    for (size_t i = 0; i < terms->on_turn_count; i++) {
        const struct agreement_rule *rule = &terms->agreement->rules[terms->on_turn[i]];
        if (!turned(terms, rule, &house->before, &now))
            continue;
        const struct plan *plan = plan_rule(&view, rule);
        if (!put_off(core, &voice, plan))
            carry_out(core, &voice, plan, &voice, (struct answers){0});
    }
    reset_priority(core, &voice, &house->before, &now, grounds);
}

/* R44: once an event and house, when its entry is another than before. */
static void compare_list(struct core *core, const struct occurrence *event, size_t index)
{
    struct house *house = &core->making.houses.items[index];
    struct facts now;
    uint32_t grounds = 0;
    int priority = 0;
    facts_read(core, house->subject, 0, &now);
    entry_now(core, house->subject, &now, &grounds, &priority);
    bool set = core->making.list_set && house->subject == event->subject;
    if (grounds == house->grounds && priority == house->priority && !set)
        return;
    list_changed(core, &event->source, event->gist.lane, house->subject, house->grounds);
}

static void finish(struct core *core, const struct occurrence *event)
{
    size_t houses = core->making.houses.count;
    for (size_t i = 0; i < houses; i++)
        second_round(core, event, i);
    for (size_t i = 0; i < houses; i++)
        compare_list(core, event, i);
    gate_strip(core, event);
}

/* ---------------------------------------------------------------- an event */

bool wrong_role(const struct core *core, const struct occurrence *event)
{
    return event->type->roles != 0 && (event->type->roles & 1u << event->role) == 0 &&
           (core->terms->agreement->role_tested & agreement_type_bit(event->gist.type)) == 0;
}

static void withhold_role(struct core *core, const struct occurrence *event)
{
    const char *names = NULL;
    for (int role = SL_BACK_OFFICE; role <= SL_JOINT_TEAM; role++) {
        if ((event->type->roles & 1u << role) != 0)
            names = making_text(core, "%s%s%s", names != NULL ? names : "only the ",
                                names != NULL ? " or " : "", sl_role_name((enum sl_role)role));
    }
    struct core_line *line = line_add(core, &event->source, CORE_WITHHELD, "role", NULL);
    line->to = event->source.from;
    line->detail = names;
    core->making.withheld = true;
}

/* X8: the same finding again. */
static void note_repetition(struct core *core, const struct occurrence *event)
{
    uint64_t finding = finding_of(event), number, first = 0;
    size_t cursor = 0;
    while ((number = table_next(&core->findings, finding, &cursor)) != 0) {
        if (number < event->gist.number && (first == 0 || number < first))
            first = number;
    }
    if (first != 0)
        line_add(core, &event->source, CORE_LOGGED, "same-finding-again", NULL)->detail =
            making_text(core, "repeats #%llu", (unsigned long long)first);
}

static void route(struct core *core, const struct occurrence *event, struct past *past)
{
    if (wrong_role(core, event)) {
        withhold_role(core, event);
        return;
    }
    past->answers = answers_of(core, event, &core->making.before);
    const struct plan *plan = plan_event(core, event, &core->making.before, past->answers);
    for (size_t i = 0; !plan->releases_question && i < past->answers.count; i++)
        obligation_meet(core, &event->source, past->answers.items[i].obligation);
    note_repetition(core, event);
    carry_out(core, event, plan, event, past->answers);
    inform_resident(core, event);
    if (!plan->spoken && past->answers.count == 0) { /* X14 */
        struct core_line *line = line_add(core, &event->source, CORE_WITHHELD,
                                          "answer-without-question", NULL);
        line->to = event->source.from;
        line->detail = "answers no open question";
        core->making.withheld = true;
    }
    if (event->header->causation_id.len > 0 && !core->making.withheld &&
        event_named(core, event->gist.publisher, event->header->causation_id).number == 0)
        early_add(core, event);
}

struct occurrence occurrence_of(struct core *core, const struct core_event *event)
{
    const Samenloop__V1__Header *header = event->header;
    struct occurrence made = {.type = sl_type_find(sl_from_pb(header->type)),
                              .role = (enum sl_role)header->publisher_role,
                              .organisation = core->participants[event->publisher].organisation,
                              .header = header,
                              .sections = event->sections,
                              .subject = subject_get(core, header->subject.data),
                              .at = event->at,
                              .correlation = correlation_of(header)};
    made.gist = (struct gist){.number = event->number,
                              .type = (uint8_t)sl_type_index(made.type),
                              .publisher = (int8_t)event->publisher,
                              .lane = (uint8_t)sl_type_lane(made.type)};
    memcpy(made.gist.uuid, header->event_id.data, SL_UUID_SIZE);
    made.source = gist_source(core, &made.gist, made.subject);
    return made;
}

/* Takes note of the event before it is decided on: its id, and what it finds. */
static void take_note(struct core *core, const struct core_event *event,
                      const struct occurrence *occurrence, uint64_t original)
{
    core->events = event->number;
    if (original != 0)
        table_set(&core->originals, event->number, original);
    else
        table_add(&core->findings, finding_of(occurrence), event->number);
}

/* A correction or withdrawal. */
static void change(struct core *core, const struct core_event *event, struct occurrence *occurrence,
                   struct past *past)
{
    struct occurrence original = original_of(core, event, past);
    occurrence->gist.lane = original.gist.lane;
    house_add(core, original.subject);
    for (size_t i = 0; i < past->stated.count; i++)
        house_add(core, past->stated.items[i].subject);
    if (table_get(&core->withdrawn, original.gist.number) != 0) { /* X13 */
        struct core_line *line = line_add(core, &occurrence->source, CORE_WITHHELD, "too-late",
                                          NULL);
        line->to = occurrence->source.from;
        line->detail = "already withdrawn";
    } else if (sl_is_correction(occurrence->type)) {
        correct(core, occurrence, past, &original);
    } else {
        withdraw(core, occurrence, past, &original);
    }
}

static void decide(struct core *core, const struct core_event *event, uint64_t original,
                   struct past *past)
{
    struct occurrence occurrence = occurrence_of(core, event);
    table_prefetch(&core->findings, finding_of(&occurrence));
    house_add(core, occurrence.subject);
    core->making.before = core->making.houses.items[0].before;
    take_note(core, event, &occurrence, original);
    if (original != 0)
        change(core, event, &occurrence, past);
    else
        route(core, &occurrence, past);
    known_add(core, event);
    finish(core, &occurrence);
    past_keep(core, &occurrence, original, past);
}

/* What is looked up later is on its way from memory meanwhile. */
static void look_ahead(const struct core *core, const Samenloop__V1__Header *header)
{
    table_prefetch(&core->subject_table, sl_get64(header->subject.data));
    table_prefetch(&core->known, table_fingerprint(0, header->event_id.data, SL_UUID_SIZE));
}

int core_event(struct core *core, const struct core_event *event, struct core_decision *out,
               struct sl_error *error)
{
    look_ahead(core, event->header);
    making_begin(core, event->at);
    struct past past = {0};
    struct refusal refusal = {0};
    uint64_t original = 0;
    if (admit(core, event, &original, &past, &refusal, error) < 0)
        return -1;
    if (refusal.error.code == SL_OK)
        decide(core, event, original, &past);
    else
        refuse(core, event, &refusal);
    making_done(core, out);
    out->original = refusal.error.code == SL_OK ? original : 0;
    out->refused = refusal.error.code;
    out->sentence = refusal.error.code != SL_OK ? making_text(core, "%s", refusal.error.text)
                                                : NULL;
    return 0;
}

/* ---------------------------------------------------------------- other things that happen */

void core_receipt(struct core *core, int64_t at, uint64_t number, int receiver, enum sl_role role,
                  struct core_decision *out)
{
    making_begin(core, at);
    size_t count = 0;
    const uint32_t *found = obligations_of_event(core, number, &count);
    struct core_source source = {0};
    uint8_t lane = 0;
    for (size_t i = 0; i < count; i++) {
        const struct obligation *open = obligation_at(core, found[i]);
        const struct opener *opener = obligation_opener(core, found[i], number);
        if (!open->basis->outcome->receipt || open->owner != receiver || open->role != role ||
            opener == NULL)
            continue;
        house_add(core, open->subject);
        lane = opener->gist.lane;
        source = gist_source(core, &opener->gist, open->subject);
        obligation_meet(core, &source, found[i]);
    }
    for (size_t i = 0; i < core->making.houses.count; i++) { /* R44: what was overdue is there */
        const struct house *house = &core->making.houses.items[i];
        struct facts now;
        uint32_t grounds = 0;
        int priority = 0;
        facts_read(core, house->subject, 0, &now);
        entry_now(core, house->subject, &now, &grounds, &priority);
        if (grounds != house->grounds || priority != house->priority)
            list_changed(core, &source, lane, house->subject, house->grounds);
    }
    making_done(core, out);
}

void core_erase(struct core *core, int64_t at, const uint8_t subject[SL_PSEUDONYM_SIZE],
                struct core_decision *out)
{
    making_begin(core, at);
    uint32_t handle = subject_find(core, subject);
    if (handle != 0 && core->events > 0)
        statement_add(core, handle, core->events, ERASED, 1);
    struct core_source nothing = {
        .subject = sl_arena_copy(&core->making.arena, sl_bytes(subject, SL_PSEUDONYM_SIZE)).data};
    line_add(core, &nothing, CORE_LOGGED, "erasure", NULL)->detail = "content erased";
    making_done(core, out);
}
