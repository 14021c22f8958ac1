/*
 * What the files of the core share: who takes part, the agreement as the core reads it, what is
 * remembered, and the decision in the making. Nobody else looks in here.
 *
 *     terms.c        an agreement, read for the core
 *     subjects.c     houses, and the statements from which their facts come
 *     obligations.c  what is awaited of whom, until when
 *     conditions.c   does a condition hold for this event, on these facts?
 *     plan.c         what the rules say of an event: outcomes; it changes nothing
 *     outcomes.c     carries a plan out; gates.c is what stands around it
 *     admit.c        refused, or whose past is needed?
 *     answers.c      which questions an event answers
 *     inform.c       the resident is told of it (X5)
 *     decide.c       an event, from its answers to its deliveries
 *     change.c       corrections and withdrawals
 *     time.c         what falls due
 *     explain.c      why rules fire, or do not
 */
#ifndef CORE_STATE_H
#define CORE_STATE_H

#include <assert.h>

#include "router/core/calendar.h"
#include "router/core/core.h"
#include "router/core/pool.h"
#include "router/core/table.h"
#include "schemas/directory.h"
#include "schemas/timestamp.h"

/* ---------------------------------------------------------------- who, and the agreement */

enum { NOBODY = -1, BOTH = -2 }; /* beside the places of participants */

struct participant {
    char name[SL_NAME_SIZE];
    uint32_t roles;
    enum sl_organisation organisation;
};

/*
 * Facts are numbered by the core, for as long as it lives: an agreement that comes later may know
 * others, and in another order. The first are the core's own, and never in the routing log.
 */
enum { RESTRICTED_BY_IMG, RESTRICTED_BY_NCG, TEAM_PRIORITY, ERASED, OWN_FACTS };
enum { FACTS = 256 };

/* The facts of a house at one moment: a value each. */
struct facts {
    uint8_t values[FACTS];
};

struct terms {
    struct terms *older; /* that held before; NULL: none */
    const struct agreement *agreement;
    uint8_t *facts; /* the core's number of each of the agreement's */
    int area;       /* facts that gates speak of; NOBODY: there is none */
    int consent;
    int restricted;
    uint8_t *grounds; /* that alone, being yes, put a house on the joint team's list */
    size_t ground_count;
    uint8_t *list_facts; /* by which the list is ordered */
    size_t list_fact_count;
    agreement_types prioritising; /* some rule for it sets the list's priority */
    agreement_types lifting;      /* some rule for it lifts a restriction */
    uint16_t *by_type;            /* rules on events, in the file's order, by type */
    size_t by_type_begin[65];
    uint16_t *on_turn;
    size_t on_turn_count;
    uint16_t *on_list;
    size_t on_list_count;
    bool *exempt;             /* a rule each: announces restrictions, which X1 lets through */
    const char **asked_names; /* attributes of a question that its answer's rules ask for */
    size_t asked_name_count;
    const struct inform *inform; /* X5 as a rule; NULL: off */
};

/* ---------------------------------------------------------------- what is remembered */

/* An event, as far as later lines must name it. */
struct stub {
    uint64_t number;
    uint8_t uuid[SL_UUID_SIZE];
    uint8_t type; /* of the catalogue */
    int8_t publisher;
    uint8_t lane;
};

enum { STATEMENTS_INSIDE = 3 };

/* An event's word on a fact: its number, the fact and the value in one. */
typedef uint64_t statement;

struct subject {
    uint8_t pseudonym[SL_PSEUDONYM_SIZE];
    uint32_t obligations;  /* the first that is open, in the order of their opening */
    uint16_t disclosed[3]; /* sections that img, ncg, a municipality ever got */
    uint16_t unused;
    uint32_t statement_count;
    uint32_t statement_capacity; /* 0: inside */
    union {
        statement inside[STATEMENTS_INSIDE];
        statement *outside;
    } statements; /* in the order in which their events were accepted */
};

struct opener { /* an event that asked for what is awaited */
    uint32_t next;
    bool withdrawn;
    struct stub stub;
    uint64_t correlation; /* fingerprint; 0: none */
    uint64_t finding;     /* fingerprint of the same finding again (X8) */
    char *asked;          /* attributes that the answer's rules ask for, see asked.c; or NULL */
};

/* A chain is a set of events on which an obligation hangs: with one withdrawn the chain is gone,
 * and with the last chain the obligation (X12). */
struct link {
    uint32_t next;
    uint32_t chain;
    uint64_t number;
};

struct obligation {
    uint32_t subject;
    uint32_t next; /* of the same house */
    uint32_t openers;
    uint32_t links;
    uint32_t chains; /* ever begun: the number of the next */
    uint32_t heap;   /* place among the deadlines, from 1; 0: not there */
    uint64_t serial; /* counts openings */
    int64_t due;
    int64_t next_at; /* when it falls due, or its next level does */
    const struct terms *terms;
    const struct agreement_rule *rule;
    const struct agreement_outcome *outcome;
    int8_t owner; /* a participant, or BOTH */
    uint8_t role;
    uint8_t level; /* the next that comes */
    bool overdue;
    int8_t publisher; /* of the event that opened it; for its levels */
    int8_t municipality;
};

struct obligations {
    struct pool items;
    struct pool openers;
    struct pool links;
    struct table by_event; /* of openers and chains: number -> handle */
    uint32_t *heap;        /* of handles, by next_at and serial */
    size_t heap_count;
    size_t heap_capacity;
    uint64_t serial;
};

/* An answer that came before its question (it names an event that has not come yet). */
struct early {
    struct stub stub;
    uint32_t subject;
    struct sl_buffer answered; /* questions that it answered since, as in its past */
    uint32_t answered_count;
};

/* Houses that a notice at the end of the day will name. */
struct digest {
    int64_t at;
    const struct terms *terms;
    const struct agreement_rule *rule;
    const struct agreement_outcome *outcome;
    struct stub first; /* the event behind it */
    uint32_t first_subject;
    uint32_t *subjects;
    size_t count;
    size_t capacity;
};

/* ---------------------------------------------------------------- the decision in the making */

/* The event in hand, or one that is looked at again. */
struct occurrence {
    struct stub stub;
    const struct sl_type *type;
    enum sl_organisation organisation; /* the publisher's */
    enum sl_role role;
    const Samenloop__V1__Header *header; /* with the attributes that hold */
    uint32_t sections;
    uint32_t subject;
    int64_t at;
    uint64_t correlation;
    bool erased;
    struct core_source source;
};

struct chain {
    const struct chain *next;
    const uint64_t *numbers;
    size_t count;
};

/* A question that an event answers, as it stood then. */
struct answer {
    const char *rule;
    agreement_types types;
    const struct chain *chains;
    const uint64_t *openers;
    size_t opener_count;
    const char *asked;   /* of the event behind it; may be NULL */
    uint32_t obligation; /* while it is open; else 0 */
};

struct answers {
    const struct answer *items;
    size_t count;
};

struct route { /* who got an event, in the role that was told */
    int to;
    enum sl_role role;
    uint32_t sections;
    uint32_t without_consent; /* stayed behind: for lack of consent, */
    uint32_t without_holder;  /* for lack of somebody in the role */
};

struct stated {
    uint32_t subject;
    uint8_t fact;
};

struct said { /* a statement that has its line: fact and value */
    uint32_t subject;
    uint32_t key;
};

/* A house that a decision touches, as it was before. */
struct house {
    uint32_t subject;
    struct facts before;
    uint32_t grounds;
    int priority; /* on the list; 0: not on it */
};

#define LIST(type)                                                                                 \
    struct {                                                                                       \
        type *items;                                                                               \
        size_t count;                                                                              \
        size_t capacity;                                                                           \
    }

/* Room for one more, which is given. */
#define LIST_ADD(list)                                                                             \
    ((list)->items = sl_grow((list)->items, &(list)->capacity, (list)->count + 1,                  \
                             sizeof *(list)->items),                                               \
     &(list)->items[(list)->count++])

struct making {
    struct sl_arena arena;
    LIST(struct core_line) lines;
    LIST(struct core_delivery) deliveries;
    LIST(struct route) routes;
    LIST(struct stated) stated;
    LIST(uint32_t) unheld; /* participant and role, said once */
    LIST(struct said) said;
    LIST(struct house) houses;
    struct facts before; /* of the event's house */
    int64_t at;
    uint64_t first_serial; /* obligations from here on are this decision's */
    bool withheld;
    bool list_set;
    struct sl_buffer past;
};

struct core {
    size_t participant_count;
    struct participant participants[SL_MAX_PARTICIPANTS];
    int img;
    int ncg;

    struct terms *terms;           /* the last; what is open may be of older ones */
    LIST(const char *) fact_names; /* the agreements' */
    struct calendar calendar;

    struct pool subjects;
    struct table subject_table; /* beginning of the pseudonym -> handle */
    struct obligations obligations;
    struct table known;     /* fingerprint of an id -> number, publisher, source */
    struct table findings;  /* fingerprint of a finding -> number */
    struct table originals; /* a correction's or withdrawal's number -> the first event's */
    struct table renewed;   /* an event's number -> its last correction's */
    struct table withdrawn; /* an event's number -> 1 */
    struct pool early;
    struct table early_causes;  /* fingerprint of the id that is named -> early */
    struct table early_answers; /* the answer's number -> early */
    LIST(struct digest) digests;
    uint64_t events;

    struct making making;
};

/* ---------------------------------------------------------------- terms.c */

struct terms *terms_new(struct core *core, const struct agreement *agreement);
void terms_free(struct terms *terms);
/* The core's number of a fact by its name, which must outlive the core. */
uint8_t terms_fact(struct core *core, const char *name);
int fact_find(const struct core *core, struct sl_bytes name); /* NOBODY: none */
const char *fact_name(const struct core *core, uint8_t fact);

/* ---------------------------------------------------------------- subjects.c */

uint32_t subject_find(const struct core *core, const uint8_t pseudonym[SL_PSEUDONYM_SIZE]);
uint32_t subject_get(struct core *core, const uint8_t pseudonym[SL_PSEUDONYM_SIZE]);
static inline struct subject *subject_at(const struct core *core, uint32_t handle)
{
    return pool_at(&core->subjects, handle);
}
void subjects_free(struct core *core);
size_t subjects_bytes(const struct core *core);
/* The number of the last event when the house's content was erased; 0: it never was. */
uint64_t erased_until(const struct core *core, uint32_t subject);

/* All facts as they stand; `without` an event and its corrections (0: with all). Subject 0 is a
 * house of which nothing is known. */
void facts_read(const struct core *core, uint32_t subject, uint64_t without, struct facts *out);
int fact_value(const struct core *core, uint32_t subject, uint8_t fact);
/* The number of the first event that stated it; 0: none did. */
uint64_t fact_since(const struct core *core, uint32_t subject, uint8_t fact);
void statement_add(struct core *core, uint32_t subject, uint64_t number, uint8_t fact,
                   uint8_t value);
/* Takes out the statements of an event and of its corrections for which `drop` holds. */
void statements_drop(struct core *core, uint32_t subject, uint64_t number,
                     bool (*drop)(const void *context, uint8_t fact, uint8_t value),
                     const void *context);
static inline uint64_t statement_number(statement said)
{
    return said >> 16;
}
static inline uint8_t statement_fact(statement said)
{
    return (uint8_t)(said >> 8);
}
static inline uint8_t statement_value(statement said)
{
    return (uint8_t)said;
}

/* ---------------------------------------------------------------- obligations.c */

static inline struct obligation *obligation_at(const struct core *core, uint32_t handle)
{
    return pool_at(&core->obligations.items, handle);
}
static inline struct opener *opener_at(const struct core *core, uint32_t handle)
{
    return pool_at(&core->obligations.openers, handle);
}
static inline struct link *link_at(const struct core *core, uint32_t handle)
{
    return pool_at(&core->obligations.links, handle);
}

/* Takes a copy of what is given (house, deadline, owner ...): an obligation without openers. */
uint32_t obligation_new(struct core *core, const struct obligation *like);
void obligation_end(struct core *core, uint32_t handle); /* it is gone */
/* Another one, with the same openers and chains. */
uint32_t obligation_copy(struct core *core, uint32_t handle);
void obligation_add_opener(struct core *core, uint32_t handle, const struct occurrence *event);
/* A chain of these events and one more. */
void obligation_add_chain(struct core *core, uint32_t handle, const uint64_t *numbers, size_t count,
                          uint64_t number);
/* Takes out the chains with this event; true: there are none left. */
bool obligation_drop_chains(struct core *core, uint32_t handle, uint64_t number);
/* Takes out an opener, unless it is the only one. */
void obligation_drop_opener(struct core *core, uint32_t handle, uint64_t number);
void opener_renew(struct core *core, struct opener *opener, const struct occurrence *event);
struct opener *obligation_opener(const struct core *core, uint32_t handle, uint64_t number);
bool obligation_hangs_on(const struct core *core, uint32_t handle, uint64_t number);
/* The event behind it: the first opener that is not withdrawn. */
const struct opener *obligation_behind(const struct core *core, uint32_t handle);
void obligation_schedule(struct core *core, uint32_t handle, int64_t at); /* INT64_MAX: never */
/* The open ones that have this event among openers or chains, in the order of opening; in the
 * decision's arena. */
uint32_t *obligations_of_event(struct core *core, uint64_t number, size_t *count);
/* As it stands now, in the decision's arena. */
struct answer obligation_capture(struct core *core, uint32_t handle);
void obligations_free(struct core *core);
size_t obligations_bytes(const struct core *core);

static inline bool obligation_awaits(const struct obligation *obligation, size_t type)
{
    return (obligation->outcome->types & agreement_type_bit(type)) != 0;
}

/* ---------------------------------------------------------------- conditions.c */

/* What a condition is asked about. */
struct view {
    struct core *core;
    const struct terms *terms;
    const struct occurrence *event; /* NULL: none, and no test about one holds */
    bool facts_only;                /* names are facts, whatever the event says */
    const struct facts *facts;
    uint32_t subject;
    struct answers answers;
};

bool condition_holds(const struct view *view, const struct agreement_condition *condition);
/* yes, no or unknown, or the code that an attribute says. */
struct sl_bytes view_value(const struct view *view, const char *name, int fact);
/* Grounds (a bit each) and priority on the joint team's list; priority 0: not on it. */
void list_entry(const struct view *view, uint32_t *grounds, int *priority);
int place_of(const struct core *core, struct sl_bytes name); /* of a participant; or NOBODY */
/* Is the obligation one that this release or join means? */
bool obligation_meant(const struct view *view, const struct agreement_outcome *outcome,
                      uint32_t handle);
/* Who is meant: places, at most two; how many. */
size_t view_who(const struct view *view, const struct agreement_who *who, int places[2]);

/* ---------------------------------------------------------------- inform.c */

/* X5, inform-resident, is written as a rule that the core brings along. */
struct inform *inform_new(const struct agreement *agreement); /* NULL: it is off */
void inform_free(const struct inform *inform);                /* NULL is fine */
const struct agreement_rule *inform_rule(const struct inform *inform);
/* Lets the publisher tell the resident, where this decision disclosed the resident's section. */
void inform_resident(struct core *core, const struct occurrence *event);

/* ---------------------------------------------------------------- plan.c */

enum planned_kind {
    PLAN_FORWARD,
    PLAN_INSTRUCT,
    PLAN_EXPECT,
    PLAN_REMEMBER,
    PLAN_KEEP, /* remembered without a line */
    PLAN_NOTIFY,
    PLAN_RELEASE,
    PLAN_RELEASE_QUESTION,
    PLAN_JOIN,
    PLAN_WITHHOLD,
    PLAN_LOG,
    PLAN_PRIORITISE
};

struct planned {
    enum planned_kind kind;
    const struct agreement_rule *rule; /* NULL: the area of the house */
    const struct agreement_outcome *outcome;
    int to;
    enum sl_role role;
    uint32_t sections;        /* to be disclosed, */
    uint32_t without_consent; /* of these without consent */
    bool exempt;              /* from X1 */
    uint8_t fact;
    uint8_t value;
    struct sl_bytes about; /* of instruction and expectation */
    const char *text;
    int64_t from;                     /* when the term begins; 0: now */
    const struct planned *belongs_to; /* an instruction's expectation */
    const struct chain *goes_on;      /* of questions that an expectation goes on from */
};

struct plan {
    struct planned **items;
    size_t count;
    size_t capacity;
    bool releases_question;
    bool spoken; /* some rule has an outcome */
};

/* What the event's rules are asked about: `facts` get the area that the event itself says. */
struct view plan_view(struct core *core, const struct occurrence *event, struct facts *facts,
                      struct answers answers);
/* What the rules say of the event on these facts; in the decision's arena. */
struct plan *plan_event(struct core *core, const struct occurrence *event,
                        const struct facts *facts, struct answers answers);
/* What one rule's outcomes say in the second round. */
struct plan *plan_rule(const struct view *view, const struct agreement_rule *rule);
/* Are two outcomes the same one, when a correction is compared with its original? */
bool planned_same(const struct planned *a, const struct planned *b);
/* When its term ends that begins at `at`; and the deadline of what opens now. */
int64_t planned_term(struct core *core, const struct occurrence *event,
                     const struct planned *planned, int64_t at);
int64_t planned_due(struct core *core, const struct occurrence *event,
                    const struct planned *planned);

/* ---------------------------------------------------------------- gates.c, outcomes.c */

void making_begin(struct core *core, int64_t at);
void making_done(struct core *core, struct core_decision *out);
void *making_alloc(struct core *core, size_t size);
const char *making_text(struct core *core, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A line about an event, to be filled further. */
struct core_line *line_add(struct core *core, const struct core_source *event,
                           enum core_outcome outcome, const char *rule, const char *clause);
struct core_line *line_speak(struct core *core, const struct core_source *event,
                             enum core_outcome outcome, const struct agreement_rule *rule);
const char *rule_clause(const struct agreement_rule *rule);
const char *place_name(const struct core *core, int place); /* "both" for BOTH */
struct core_source stub_source(struct core *core, const struct stub *stub, uint32_t subject);
const char *obligation_what(struct core *core, const struct obligation *obligation);

/* The role that is told in fact (X4). */
enum sl_role gate_role(struct core *core, const struct core_source *event, int to,
                       enum sl_role role);
enum sl_role role_in_fact(const struct core *core, int to, enum sl_role role);
/* Would this forward disclose a section while the use of data is restricted (X1)? */
bool gate_restricted(const struct core *core, const struct occurrence *event, uint32_t sections,
                     bool exempt);

struct forward {
    int to;
    enum sl_role role;
    uint32_t sections;
    uint32_t without_consent;
    bool exempt;
    const char *rule;
    const char *clause;
};
void gate_forward(struct core *core, const struct occurrence *event, const struct forward *forward);
void gate_strip(struct core *core, const struct occurrence *event);

struct told {
    const char *rule;
    const char *clause;
    const struct sl_derived *what;
    int to;
    enum sl_role role;
    int64_t due;
    const char *detail;
    const struct core_detail *details;
    size_t detail_count;
};
/* An instruction or a notice: its line, and the delivery that is wanted. */
struct core_delivery *tell(struct core *core, const struct core_source *event, uint8_t lane,
                           const struct told *told);
struct core_delivery *delivery_add(struct core *core, const struct core_source *event, uint8_t lane,
                                   int to, enum sl_role role, const struct sl_derived *what,
                                   const char *rule, const char *clause);

void obligation_close(struct core *core, const struct core_source *event, uint32_t handle,
                      enum core_outcome outcome, const char *detail);
void obligation_meet(struct core *core, const struct core_source *event, uint32_t handle);
void line_opened(struct core *core, const struct core_source *event, uint32_t handle);
const char *fact_says(struct core *core, uint8_t fact, uint8_t value); /* "acute=yes" */
uint64_t finding_of(const struct occurrence *event); /* 0: of corrections and withdrawals */
void state_fact(struct core *core, uint64_t number, uint32_t subject, uint8_t fact, uint8_t value);

/* Carries a plan out for the event; obligations are `opener`'s, and the answers' questions. */
void carry_out(struct core *core, const struct occurrence *event, const struct plan *plan,
               const struct occurrence *opener, struct answers answers);

/* ---------------------------------------------------------------- answers.c */

/* The event that an id names: the publisher's own first; of a correction or withdrawal the first
 * event. Number 0: there is none. */
struct named {
    uint64_t number;
    int publisher;
};
struct named event_named(const struct core *core, int publisher, ProtobufCBinaryData id);
uint64_t event_original(const struct core *core, uint64_t number); /* 0: it is a first event */
void known_add(struct core *core, const struct core_event *event);
/* May this publisher's answer meet it? */
bool met_by(const struct obligation *obligation, int publisher);
/* The open obligations that the event answers, as they stand. */
struct answers answers_of(struct core *core, const struct occurrence *event,
                          const struct facts *facts);
void early_add(struct core *core, const struct occurrence *event);
void early_answered(struct core *core, struct early *early, uint32_t obligation);
/* The answer's past is written anew, with what it has answered since. */
void early_renewed(struct core *core, uint64_t answer, uint32_t subject);
struct early *early_find(const struct core *core, uint64_t answer); /* NULL: none */
void early_free(struct core *core);

/* ---------------------------------------------------------------- decide.c, change.c, past.c */

void house_add(struct core *core, uint32_t subject);
struct house *house_find(struct core *core, uint32_t subject);
void list_changed(struct core *core, const struct core_source *source, uint8_t lane,
                  uint32_t subject, uint32_t grounds_before);
/* May the event be said nothing of, since its type wants another role (7.8)? */
bool wrong_role(const struct core *core, const struct occurrence *event);

/* What a later correction or withdrawal needs of an event. */
struct past {
    uint64_t number;
    int64_t at;
    enum sl_role role;
    const struct sl_type *type;
    const uint8_t *uuid;
    uint64_t correlation;
    bool erased;
    uint64_t renewed; /* number of the event whose content this is */
    LIST(struct route) routes;
    struct answers answers;
    LIST(struct stated) stated;
};

void past_write_answer(struct sl_buffer *out, const struct answer *answer);
void past_write(const struct core *core, struct sl_buffer *out, const struct past *past);
int past_read(struct core *core, struct past *out, struct sl_bytes bytes, struct sl_error *error);

/* Writes what must be kept of the event into the decision; of a correction, its original's. */
void past_keep(struct core *core, const struct occurrence *event, uint64_t original,
               struct past *past);

struct occurrence occurrence_of(struct core *core, const struct core_event *event);
struct occurrence original_of(struct core *core, const struct core_event *event,
                              const struct past *past);
uint64_t correlation_of(const Samenloop__V1__Header *header); /* 0: none */
void withdraw(struct core *core, const struct occurrence *event, struct past *past,
              const struct occurrence *original);
void correct(struct core *core, struct occurrence *event, struct past *past,
             const struct occurrence *original);

/* ---------------------------------------------------------------- admit.c, time.c */

struct refusal {
    struct sl_error error;
    const char *gate; /* that refuses */
};

/* What only the journal's reader can tell of an event: `original` and its past are found, or it is
 * refused. -1: what was handed in is no past. */
int admit(struct core *core, const struct core_event *event, uint64_t *original, struct past *past,
          struct refusal *refusal, struct sl_error *error);
void refuse(struct core *core, const struct core_event *event, const struct refusal *refusal);

/* The house comes into the notice at the end of this day. */
void digest_add(struct core *core, const struct occurrence *event, const struct planned *planned);

#endif
