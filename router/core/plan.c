/*
 * What the rules say of an event, as a list of outcomes with all names resolved. Nothing changes
 * here: a plan can be made of an event as it was and as it is corrected, and the two compared.
 */
#include "router/core/guards.h"
#include "router/core/conditions.h"
#include "router/core/plan.h"
#include "router/core/state.h"

#include <string.h>

/* A plan in the making. Conditions are asked of the facts before the event; `so_far` are those as
 * its outcomes have left them, which rules that are applied go by. */
struct planning {
    struct core *core;
    struct plan *plan;
    struct facts so_far;
};

/* A rule that fires, and the questions that what it opens goes on from. */
struct firing {
    const struct view *view;
    const struct agreement_rule *rule;
    struct answers goes_on;
    bool continuing; /* whether each outcome says so or not: the rule is applied so */
};

static bool is_exempt(const struct terms *terms, const struct agreement_rule *rule)
{
    bool own = terms->inform != NULL && rule == inform_rule(terms->inform);
    return !own && terms->exempt[rule - terms->agreement->rules];
}

static struct planned *add(struct planning *planning, const struct firing *firing,
                           const struct agreement_outcome *outcome, enum planned_kind kind)
{
    struct plan *plan = planning->plan;
    if (plan->count == plan->capacity) {
        size_t capacity = plan->capacity > 0 ? plan->capacity * 2 : 16;
        struct planned **items = making_alloc(planning->core, capacity * sizeof(void *));
        if (plan->count > 0)
            memcpy(items, plan->items, plan->count * sizeof(void *));
        plan->items = items;
        plan->capacity = capacity;
    }
    struct planned *made = making_alloc(planning->core, sizeof *made);
    *made = (struct planned){.kind = kind, .outcome = outcome, .to = NOBODY};
    if (firing != NULL) {
        made->rule = firing->rule;
        made->exempt = is_exempt(firing->view->terms, firing->rule);
        plan->spoken = true;
    }
    plan->items[plan->count++] = made;
    return made;
}

/* ---------------------------------------------------------------- facts */

static void add_fact(struct planning *planning, const struct firing *firing,
                     const struct agreement_outcome *outcome, enum planned_kind kind, int fact,
                     uint8_t value)
{
    struct planned *made = add(planning, firing, outcome, kind);
    made->fact = (uint8_t)fact;
    made->value = value;
    planning->so_far.values[fact] = value;
}

static void plan_remember(struct planning *planning, const struct firing *firing,
                          const struct agreement_outcome *outcome)
{
    for (size_t i = 0; i < outcome->statement_count; i++)
        add_fact(planning, firing, outcome, PLAN_REMEMBER,
                 firing->view->terms->facts[outcome->statements[i].fact],
                 (uint8_t)outcome->statements[i].value);
}

static uint8_t restricted_by(enum sl_organisation organisation)
{
    return organisation == SL_IMG ? RESTRICTED_BY_IMG : RESTRICTED_BY_NCG;
}

static void plan_restrict(struct planning *planning, const struct firing *firing,
                          const struct agreement_outcome *outcome)
{
    add_fact(planning, firing, outcome, PLAN_KEEP, restricted_by(firing->view->event->organisation),
             AGREEMENT_YES);
    if (firing->view->terms->restricted >= 0)
        add_fact(planning, firing, outcome, PLAN_REMEMBER, firing->view->terms->restricted,
                 AGREEMENT_YES);
}

static void plan_lift(struct planning *planning, const struct firing *firing,
                      const struct agreement_outcome *outcome)
{
    enum sl_organisation other = firing->view->event->organisation == SL_IMG ? SL_NCG : SL_IMG;
    add_fact(planning, firing, outcome, PLAN_KEEP, restricted_by(firing->view->event->organisation),
             AGREEMENT_NO);
    if (firing->view->terms->restricted >= 0 &&
        firing->view->facts->values[restricted_by(other)] == AGREEMENT_NO)
        add_fact(planning, firing, outcome, PLAN_REMEMBER, firing->view->terms->restricted,
                 AGREEMENT_NO);
}

static void plan_prioritise(struct planning *planning, const struct firing *firing,
                            const struct agreement_outcome *outcome)
{
    struct sl_bytes priority = sl_header_attribute(firing->view->event->header, "priority");
    if (priority.size == 1 && priority.data[0] >= '1' && priority.data[0] <= '9')
        add_fact(planning, firing, outcome, PLAN_PRIORITISE, TEAM_PRIORITY,
                 (uint8_t)(priority.data[0] - '0'));
}

/* ---------------------------------------------------------------- to others */

static void plan_text(struct planning *planning, const struct firing *firing,
                      const struct agreement_outcome *outcome, enum planned_kind kind,
                      const char *text)
{
    add(planning, firing, outcome, kind)->text = text;
}

static void plan_forward(struct planning *planning, const struct firing *firing,
                         const struct agreement_outcome *outcome)
{
    int places[2];
    size_t count = view_who(firing->view, &outcome->to, places);
    uint32_t sections = 0, without_consent = 0;
    for (size_t i = 0; i < outcome->disclosure_count; i++) {
        const struct agreement_disclosure *disclosed = &outcome->disclosures[i];
        if (!condition_holds(firing->view, disclosed->where))
            continue;
        sections |= sl_section_bit(disclosed->section);
        if (disclosed->without_consent)
            without_consent |= sl_section_bit(disclosed->section);
    }
    for (size_t i = 0; i < count; i++) {
        struct planned *made = add(planning, firing, outcome, PLAN_FORWARD);
        made->to = places[i];
        made->role = outcome->to.role;
        made->sections = sections;
        made->without_consent = without_consent;
    }
    if (count == 0 && outcome->text != NULL)
        plan_text(planning, firing, outcome, PLAN_LOG, outcome->text);
}

static struct sl_bytes about(const struct firing *firing, const struct agreement_outcome *outcome)
{
    return outcome->about != NULL ? sl_header_attribute(firing->view->event->header, outcome->about)
                                  : sl_bytes(NULL, 0);
}

static void plan_tell(struct planning *planning, const struct firing *firing,
                      const struct agreement_outcome *outcome, enum planned_kind kind)
{
    int places[2];
    size_t count = view_who(firing->view, &outcome->to, places);
    for (size_t i = 0; i < count; i++) {
        struct planned *made = add(planning, firing, outcome, kind);
        made->to = places[i];
        made->role = outcome->to.role;
        made->text = outcome->text;
        made->about = kind == PLAN_INSTRUCT ? about(firing, outcome) : sl_bytes(NULL, 0);
    }
}

static void plan_instruct(struct planning *planning, const struct firing *firing,
                          const struct agreement_outcome *outcome)
{
    plan_tell(planning, firing, outcome, PLAN_INSTRUCT);
}

static void plan_notify(struct planning *planning, const struct firing *firing,
                        const struct agreement_outcome *outcome)
{
    plan_tell(planning, firing, outcome, PLAN_NOTIFY);
}

static void plan_withhold(struct planning *planning, const struct firing *firing,
                          const struct agreement_outcome *outcome)
{
    const char *text = outcome->text, *glue = ": ";
    for (size_t i = 0; i < outcome->unknown_count; i++) {
        const struct agreement_unknown *unknown = &outcome->unknowns[i];
        if (!sl_bytes_is(view_value(firing->view, unknown->name, unknown->fact), "unknown"))
            continue;
        text = making_text(planning->core, "%s%s%s", text, glue, unknown->text);
        glue = " and ";
    }
    plan_text(planning, firing, outcome, PLAN_WITHHOLD, text);
}

static void plan_log(struct planning *planning, const struct firing *firing,
                     const struct agreement_outcome *outcome)
{
    const char *text = outcome->text;
    if (outcome->fact >= 0)
        text = making_text(
            planning->core, "%s since #%llu", text,
            (unsigned long long)fact_since(planning->core, firing->view->subject,
                                           firing->view->terms->facts[outcome->fact]));
    plan_text(planning, firing, outcome, PLAN_LOG, text);
}

/* ---------------------------------------------------------------- what is awaited */

static bool has_number(const uint64_t *numbers, size_t count, uint64_t number)
{
    for (size_t i = 0; i < count; i++) {
        if (numbers[i] == number)
            return true;
    }
    return false;
}

/* The chains that an expectation takes over from the questions it goes on from. What takes the
 * place of the same expectation does not hang on the event that it replaces. */
static const struct chain *take_over(struct core *core, const struct firing *firing,
                                     const struct agreement_outcome *outcome)
{
    struct chain *first = NULL, **last = &first;
    for (size_t i = 0; i < firing->goes_on.count; i++) {
        const struct answer *question = &firing->goes_on.items[i];
        bool replaced = question->types == outcome->types &&
                        strcmp(question->rule, firing->rule->name) == 0;
        for (const struct chain *chain = question->chains; chain != NULL; chain = chain->next) {
            uint64_t *numbers = making_alloc(core, (chain->count + 1) * sizeof *numbers);
            size_t count = 0;
            for (size_t k = 0; k < chain->count; k++) {
                if (!replaced ||
                    !has_number(question->openers, question->opener_count, chain->numbers[k]))
                    numbers[count++] = chain->numbers[k];
            }
            *last = making_alloc(core, sizeof **last);
            **last = (struct chain){.numbers = numbers, .count = count};
            last = (struct chain **)&(*last)->next;
        }
    }
    return first;
}

static void plan_one_expectation(struct planning *planning, const struct firing *firing,
                                 const struct agreement_outcome *outcome, int owner)
{
    struct planned *made = add(planning, firing, outcome, PLAN_EXPECT);
    made->to = owner;
    made->role = outcome->to.role;
    made->about = about(firing, outcome);
    if (outcome->continuing || firing->continuing)
        made->goes_on = take_over(planning->core, firing, outcome);
    for (size_t i = 0; i + 1 < planning->plan->count; i++) {
        struct planned *earlier = planning->plan->items[i];
        if (earlier->kind == PLAN_INSTRUCT && earlier->outcome->carries_deadline &&
            earlier->outcome + 1 == outcome && (earlier->to == owner || owner == BOTH))
            earlier->belongs_to = made;
    }
}

static void plan_expect(struct planning *planning, const struct firing *firing,
                        const struct agreement_outcome *outcome)
{
    int places[2];
    if (outcome->to.whom == AGREEMENT_BOTH) {
        plan_one_expectation(planning, firing, outcome, BOTH);
        return;
    }
    size_t count = view_who(firing->view, &outcome->to, places);
    for (size_t i = 0; i < count; i++)
        plan_one_expectation(planning, firing, outcome, places[i]);
}

static void plan_release(struct planning *planning, const struct firing *firing,
                         const struct agreement_outcome *outcome)
{
    plan_text(planning, firing, outcome,
              outcome->the_question ? PLAN_RELEASE_QUESTION : PLAN_RELEASE, outcome->text);
    planning->plan->releases_question |= outcome->the_question;
}

static void plan_join(struct planning *planning, const struct firing *firing,
                      const struct agreement_outcome *outcome)
{
    (void)add(planning, firing, outcome, PLAN_JOIN);
}

/* ---------------------------------------------------------------- rules */

static void fire(struct planning *planning, const struct view *view,
                 const struct agreement_rule *rule, const struct firing *applied);

static void plan_apply(struct planning *planning, const struct firing *firing,
                       const struct agreement_outcome *outcome)
{
    struct facts *facts = making_alloc(planning->core, sizeof *facts);
    *facts = planning->so_far;
    struct view *view = making_alloc(planning->core, sizeof *view);
    *view = *firing->view;
    view->facts = facts;
    view->said = NULL; /* that was before this rule */
    struct firing applied = *firing;
    applied.continuing = outcome->continuing;
    for (size_t i = 0; i < outcome->rules.count; i++)
        fire(planning, view, &view->terms->agreement->rules[outcome->rules.items[i]], &applied);
}

static void plan_outcome(struct planning *planning, const struct firing *firing,
                         const struct agreement_outcome *outcome)
{
    static void (*const kinds[])(struct planning *, const struct firing *,
                                 const struct agreement_outcome *) = {
        [AGREEMENT_REMEMBER] = plan_remember, [AGREEMENT_FORWARD] = plan_forward,
        [AGREEMENT_INSTRUCT] = plan_instruct, [AGREEMENT_NOTIFY] = plan_notify,
        [AGREEMENT_EXPECT] = plan_expect,     [AGREEMENT_JOIN] = plan_join,
        [AGREEMENT_RELEASE] = plan_release,   [AGREEMENT_WITHHOLD] = plan_withhold,
        [AGREEMENT_APPLY] = plan_apply,       [AGREEMENT_RESTRICT] = plan_restrict,
        [AGREEMENT_LIFT] = plan_lift,         [AGREEMENT_PRIORITISE] = plan_prioritise,
        [AGREEMENT_LOG] = plan_log,
    };
    kinds[outcome->kind](planning, firing, outcome);
}

/* Do the rules of `awaited by` in a condition name this one? `any` is set when some are named. */
static bool speaks_of(const struct agreement *agreement,
                      const struct agreement_condition *condition, const char *rule, bool *named)
{
    bool found = false;
    if (condition == NULL)
        return false;
    for (size_t i = 0; i < condition->part_count; i++)
        found |= speaks_of(agreement, condition->parts[i], rule, named);
    for (size_t i = 0; condition->test == AGREEMENT_AWAITED && i < condition->rules.count; i++) {
        *named = true;
        found |= strcmp(agreement->rules[condition->rules.items[i]].name, rule) == 0;
    }
    return found;
}

/* What the rule's outcomes go on from: the questions that the event answers (of those that the
 * rule's condition speaks of, where it names some), and what the rule releases. */
static struct answers questions(struct core *core, const struct firing *firing)
{
    const struct view *view = firing->view;
    size_t count = view->answers.count;
    for (uint32_t at = view->subject != 0 ? subject_at(core, view->subject)->obligations : 0;
         at != 0; at = obligation_at(core, at)->next)
        count++;
    struct answer *found = making_alloc(core, (count + 1) * sizeof *found);
    count = 0;
    for (size_t i = 0; i < view->answers.count; i++) {
        bool named = false;
        bool meant = speaks_of(view->terms->agreement, firing->rule->condition,
                               view->answers.items[i].rule, &named);
        if (meant || !named)
            found[count++] = view->answers.items[i];
    }
    for (size_t i = 0; i < firing->rule->outcome_count; i++) {
        const struct agreement_outcome *outcome = &firing->rule->outcomes[i];
        if (outcome->kind != AGREEMENT_RELEASE || outcome->the_question ||
            !condition_holds(view, outcome->only_if))
            continue;
        for (uint32_t at = subject_at(core, view->subject)->obligations; at != 0;
             at = obligation_at(core, at)->next) {
            if (obligation_meant(view, outcome, at))
                found[count++] = obligation_capture(core, at);
        }
    }
    return (struct answers){found, count};
}

static bool continues(const struct agreement_rule *rule)
{
    for (size_t i = 0; i < rule->outcome_count; i++) {
        if (rule->outcomes[i].continuing)
            return true;
    }
    return false;
}

static void fire(struct planning *planning, const struct view *view,
                 const struct agreement_rule *rule, const struct firing *applied)
{
    bool holds = condition_holds(view, rule->condition);
    const struct agreement_outcome *outcomes = holds ? rule->outcomes : rule->otherwise;
    size_t count = holds ? rule->outcome_count : rule->otherwise_count;
    struct firing firing = {.view = view, .rule = rule};
    if (applied != NULL && applied->continuing) {
        firing.goes_on = applied->goes_on;
        firing.continuing = true;
    } else if (holds && continues(rule)) {
        firing.goes_on = questions(planning->core, &firing);
    }
    for (size_t i = 0; i < count; i++) {
        if (condition_holds(view, outcomes[i].only_if))
            plan_outcome(planning, &firing, &outcomes[i]);
    }
}

/* Is the house in the area, by what the event says? NOBODY: it says nothing. */
static int area_said(const struct view *view)
{
    struct sl_bytes code = sl_header_attribute(view->event->header, "municipality");
    const struct agreement_names *area = &view->terms->agreement->area;
    if (code.size == 0 || view->terms->area < 0)
        return NOBODY;
    for (size_t i = 0; i < area->count; i++) {
        if (sl_bytes_is(code, area->items[i] + strlen("gm")))
            return AGREEMENT_YES;
    }
    return AGREEMENT_NO;
}

struct view plan_view(struct core *core, const struct occurrence *event, struct facts *facts,
                      struct answers answers)
{
    struct view view = {.core = core,
                        .terms = core->terms,
                        .event = event,
                        .facts = facts,
                        .subject = event->subject,
                        .answers = answers};
    int area = area_said(&view);
    if (area >= 0)
        facts->values[core->terms->area] = (uint8_t)area;
    return view;
}

struct plan *plan_event(struct core *core, const struct occurrence *event,
                        const struct facts *facts, struct answers answers)
{
    const struct terms *terms = core->terms;
    struct facts *known = making_alloc(core, sizeof *known);
    struct planning planning = {.core = core, .plan = making_alloc(core, sizeof(struct plan))};
    *planning.plan = (struct plan){0};
    if (wrong_role(core, event))
        return planning.plan;
    *known = planning.so_far = *facts;
    struct view view = plan_view(core, event, known, answers);
    struct said_bits said;
    int area = area_said(&view);
    if (area >= 0)
        add_fact(&planning, NULL, NULL, PLAN_KEEP, terms->area, (uint8_t)area);
    guards_ask(terms, event, known, &said);
    view.said = &said;
    for (size_t i = terms->by_type_begin[event->gist.type];
         i < terms->by_type_begin[event->gist.type + 1]; i++) {
        if (guard_lets(&terms->by_type[i], event, &said))
            fire(&planning, &view, &terms->agreement->rules[terms->by_type[i].rule], NULL);
    }
    return planning.plan;
}

struct plan *plan_rule(const struct view *view, const struct agreement_rule *rule)
{
    struct core *core = view->core;
    struct planning planning = {.core = core, .plan = making_alloc(core, sizeof(struct plan))};
    *planning.plan = (struct plan){0};
    planning.so_far = *view->facts;
    fire(&planning, view, rule, NULL);
    return planning.plan;
}
