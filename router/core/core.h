/*
 * The core decides: the agreement's tables and what happened become outcomes. It is pure: no clock,
 * no input or output, no randomness. The same calls in the same order give the same answers, so
 * state is a fold over the journal, and the same core runs in the router, in `samenloop replay` and
 * in simulations. It contains no rule of the agreement: those come from agreement.h.
 *
 * Each call fills a struct core_decision: lines for the routing log in their order, and the
 * deliveries that are wanted. All that it points to is the core's and good until the next call.
 * What a call decided has happened: the caller keeps it, or ends.
 *
 * An event, as its caller deals with it:
 *
 *     while (core_tick(core, at, &decision)) ...       what fell due before `at`
 *     core_known(...)                                  the same (source, id)? gates X6 and X7
 *     core_wants(...)                                  the past of which event must be handed in?
 *     core_event(core, &event, &decision)              refused, or decided: keep it and its `past`
 *
 * The line `delivered` is written by whoever delivers (core_delivered); a receipt comes back
 * through core_receipt.
 */
#ifndef CORE_H
#define CORE_H

#include "router/language/agreement.h"
#include "schemas/check.h"
#include "schemas/limits.h"
#include "schemas/subject.h"
#include "schemas/uuid.h"

struct core;

/* Who takes part. A participant is known by its place in the list. */
struct core_participant {
    const char *name;
    uint32_t roles; /* bit n: somebody holds role n */
};

/* ---------------------------------------------------------------- what a decision says */

enum core_outcome {
    CORE_FORWARDED,
    CORE_STRIPPED,
    CORE_INSTRUCTED,
    CORE_NOTIFIED,
    CORE_WITHHELD, /* the publisher is to hear of it: rule, clause, detail */
    CORE_REMEMBERED,
    CORE_OPENED,
    CORE_MET,
    CORE_MET_LATE,
    CORE_RELEASED,
    CORE_WITHDRAWN,
    CORE_OVERDUE,
    CORE_ESCALATED,
    CORE_DELIVERED,
    CORE_DEAD_LETTERED,
    CORE_REFUSED,
    CORE_DUPLICATE,
    CORE_LOGGED,
    CORE_OUTCOMES
};

/* The event that a line or delivery belongs to; NULL where there is nothing. */
struct core_source {
    uint64_t number; /* the journal's; 0: none (refused, duplicate) */
    const char *id;  /* as text; NULL: it is `uuid` */
    const uint8_t *uuid;
    const char *type; /* without prefix */
    const char *from;
    const uint8_t *subject; /* the pseudonym */
};

struct core_line {
    enum core_outcome outcome;
    int64_t at; /* ms since 1970; of what time brings about: when it fell due */
    struct core_source event;
    const char *rule; /* its name, or the gate's */
    const char *clause;
    const char *to; /* a participant or "both" */
    enum sl_role role;
    const char *what;
    int64_t due; /* 0: none */
    const char *detail;
    uint64_t obligation; /* of its opening, counted from 1; 0: the line is about none */
};

struct core_reason { /* a rule or gate that a delivery stands on */
    const char *rule;
    const char *clause;    /* NULL: a gate */
    const char *quotation; /* the clause's words, of the agreement that was decided under */
};

struct core_detail { /* of a notice */
    const char *name;
    const char *value;
};

struct core_delivery {
    int receiver; /* participant */
    enum sl_role role;
    enum sl_lane lane;
    const struct sl_derived *what; /* an instruction or notice; NULL: the event itself */
    struct core_source event; /* that is delivered, or stands behind; `subject` is the order's */
    uint32_t sections;        /* disclosed, origin not among them; 0 with `what` */
    int64_t due;              /* 0: none */
    const struct core_reason *reasons; /* in the order of the lines, never none */
    size_t reason_count;
    const struct core_detail *details;
    size_t detail_count;
    const uint8_t *const *subjects; /* houses that a digest or the list's notice is about */
    size_t subject_count;
    bool receipt_wanted; /* an expectation waits for core_receipt */
};

struct core_decision {
    const struct core_line *lines;
    size_t line_count;
    const struct core_delivery *deliveries; /* in the order in which they are to be made */
    size_t delivery_count;

    /* core_event: refused, nothing has changed, the number is free; or SL_OK. The line `refused` is
     * among the lines. */
    enum sl_code refused;
    const char *sentence;
    /* core_event: what must be kept with the event, for core_event to get back (core_wants). */
    struct sl_bytes past;
    uint64_t original; /* of a correction or withdrawal: the first event's number; else 0 */
};

/* ---------------------------------------------------------------- life */

/*
 * The agreement must outlive the core; of the participants (at most SL_MAX_PARTICIPANTS) names and
 * roles are copied.
 */
struct core *core_new(const struct agreement *agreement, const struct core_participant *who,
                      size_t count);
void core_free(struct core *core); /* NULL is fine */

/*
 * From now on this agreement and these participants hold: whoever was there keeps its place, new
 * ones stand behind. What is open goes on as it was opened. All agreements must outlive the core.
 */
void core_agreement(struct core *core, const struct agreement *agreement,
                    const struct core_participant *who, size_t count);

/* ---------------------------------------------------------------- events */

/* The number of the event with this source and id; 0: none. By a fingerprint of 64 bits: whoever
 * answers for what comes of it compares with the event itself. */
uint64_t core_known(const struct core *core, struct sl_bytes source,
                    const uint8_t id[SL_UUID_SIZE]);

/* The number of the event whose header and past core_event needs beside this one, which `publisher`
 * publishes: that of a correction's or withdrawal's original, or of its last correction. 0: none.
 */
uint64_t core_wants(const struct core *core, int publisher, const Samenloop__V1__Header *header);

struct core_event {
    uint64_t number;                     /* the next one: events count from 1 */
    int64_t at;                          /* accepted; no earlier than any other moment told */
    int publisher;                       /* participant */
    const Samenloop__V1__Header *header; /* one that passed sl_header_check */
    uint32_t sections;                   /* that it has; origin does not count */
    /* What core_wants asked for; NULL and empty where it gave 0. */
    const Samenloop__V1__Header *kept;
    uint32_t kept_sections;
    struct sl_bytes past;
};

/* -1: the past that was handed in is none; nothing has changed. */
int core_event(struct core *core, const struct core_event *event, struct core_decision *out,
               struct sl_error *error);

/*
 * Says in words what core_event would find: what is known and awaited at the house, which rules of
 * the event's type fire with which outcomes, and what does not hold for the others. `kept` and
 * `past` are not looked at. Nothing is decided.
 */
void core_explain(struct core *core, const struct core_event *event, struct sl_buffer *out);

/* Somebody in the role took the delivery of an event (never of an instruction or notice). */
void core_receipt(struct core *core, int64_t at, uint64_t number, int receiver, enum sl_role role,
                  struct core_decision *out);

/* The content of the house's events is erased: corrections of them go as headers only. */
void core_erase(struct core *core, int64_t at, const uint8_t subject[SL_PSEUDONYM_SIZE],
                struct core_decision *out);

/* What is open: a line each, `obligation_opened` or, when its time has passed, `_overdue`, by the
 * event behind it and without a moment; those due first come first. Nothing changes. */
void core_obligations(struct core *core, struct core_decision *out);

/* How many are open, how many of them overdue, and since when the first of these (0: none). Looks
 * at every house. */
struct core_open {
    uint64_t open;
    uint64_t overdue;
    int64_t overdue_since; /* ms since 1970 */
};
struct core_open core_open(const struct core *core);

/*
 * The joint team's list as it stands, a piece at a time, for a participant: the houses of which the
 * agreement's rules of the list tell it. Begins with `after` 0 and goes on with `next`, until that
 * is 0. Nothing changes; what is given lasts until the next call that decides or lists.
 */
enum {
    CORE_LIST_HOUSES = SL_MAX_LISTED,   /* given at once */
    CORE_LIST_LOOKS = 16 * 1024,        /* houses looked at for them */
    CORE_LIST_OPEN = SL_MAX_LISTED_OPEN /* told of one house */
};
struct core_listed {
    const uint8_t *subject;
    int priority;
    uint64_t since;               /* number of the event behind the ground that holds longest */
    const char *grounds;          /* facts, with ", " between */
    const struct core_line *open; /* as core_obligations tells them, in the order of opening */
    size_t open_count;
};
struct core_list {
    const struct core_listed *houses;
    size_t count;
    uint32_t next;
};
void core_list(struct core *core, int participant, uint32_t after, struct core_list *out);

/*
 * The first thing that fell due before `at` (a deadline has passed when the clock is past it), or
 * false: nothing did. To be called until it is false, before anything else that happens at `at`.
 */
bool core_tick(struct core *core, int64_t at, struct core_decision *out);

/* The first moment at which core_tick has something to do; INT64_MAX: nothing waits. */
int64_t core_wake(const struct core *core);

/* ---------------------------------------------------------------- the routing log */

const char *core_outcome_name(enum core_outcome outcome);

/* The line that says that this delivery was made at `at`. */
void core_delivered(struct core_line *out, const struct core_delivery *delivery, int64_t at,
                    const char *receiver);

/* Appends the line as JSON (design.md, "The routing log"), ended by a line feed. */
void core_line_write(struct sl_buffer *out, const struct core_line *line);

struct image;
/* Moves the state into or out of an image (image.h): into a core that was told the same agreements
 * and nothing else. When that fails there is nothing to be done with it but core_free. */
void core_image(struct core *core, struct image *image);

/* What the core holds, for those who measure. */
struct core_figures {
    size_t subjects;
    size_t obligations; /* open */
    size_t events;      /* known */
    size_t subject_bytes;
    size_t obligation_bytes;
    size_t event_bytes; /* ids, findings, what was corrected and withdrawn */
};
void core_figures(const struct core *core, struct core_figures *out);

#endif
