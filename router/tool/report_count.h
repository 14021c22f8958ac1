/* What the counting keeps, for the tables that are made of it. Nobody else looks in here. */
#ifndef REPORT_COUNT_H
#define REPORT_COUNT_H

#include "router/core/table.h"
#include "router/tool/report.h"

/* Words (clauses, months, reasons ...) are kept once, and known by their place; 0: none. */
typedef uint32_t word;

struct house {
    uint8_t subject[SL_PSEUDONYM_SIZE];
    uint32_t world;
    word municipality; /* the last that an event gave */
    word programme;
    uint32_t leads; /* the newest, plus 1; 0: none */
    bool building;  /* no address: the building itself is the subject */
    bool seen;      /* something of it was accepted in the period */
};

/* Something that happened, once. */
enum measure { MEASURE_EVENT, MEASURE_FORWARDED, MEASURE_WITHHELD };
struct tally {
    uint32_t house;
    enum measure measure;
    word clause;
    word month;
};

/* The same, where only the row matters. */
struct named {
    enum report_of table;
    uint32_t house;
    word row;
};

enum standing { RUNNING, MET, MET_LATE, OVERDUE, RELEASED, WITHDRAWN };
struct expectation {
    uint32_t house;
    word clause;
    word month;
    enum standing standing;
    bool counts; /* it was opened in the period */
    int64_t opened;
    int64_t closed;
};

/* From an event to what it leads to. */
struct lead {
    uint32_t house;
    uint32_t next; /* the house's one before, plus 1 */
    uint8_t kind;  /* place in report_leads */
    bool withdrawn;
    uint64_t begin; /* numbers; `end` 0: not yet */
    uint64_t end;
    int64_t begun;
    int64_t ended;
};

struct lead_kind {
    const char *name;
    struct {
        const char *type;
        const char *from; /* NULL: anybody */
        const char *attribute;
        const char *value;
    } begin[2], end[2]; /* one or the other */
    bool hours;
};
extern const struct lead_kind report_leads[];
extern const size_t report_lead_count;

struct report {
    int64_t from;
    int64_t to;
    uint32_t world;
    size_t expectations_before; /* of earlier worlds */

    struct sl_arena arena;
    const char **words;
    size_t word_count;
    size_t word_capacity;
    struct table word_places;

    struct house *houses; /* the first: nobody knows which */
    size_t house_count;
    size_t house_capacity;
    struct table house_places;

    struct table buildings; /* fingerprint -> 1 */

    struct tally *tallies;
    size_t tally_count;
    size_t tally_capacity;
    struct named *named;
    size_t named_count;
    size_t named_capacity;
    struct expectation *expectations;
    size_t expectation_count;
    size_t expectation_capacity;
    struct lead *leads;
    size_t lead_count;
    size_t lead_capacity;
};

word report_take_word(struct report *report, struct sl_bytes text);
const char *report_word(const struct report *report, word place); /* "" for 0 */

#endif
