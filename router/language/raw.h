/*
 * The text of an agreement as the grammar sees it: names are words with a place, not yet looked
 * up, since a rule may speak of one that stands further down. reader.c makes it, resolve.c turns it
 * into struct agreement. Nodes live in the reader's scratch arena, words in the agreement's.
 */
#ifndef AGREEMENT_RAW_H
#define AGREEMENT_RAW_H

#include "router/language/agreement.h"

/* Where a piece of the text stands: its begin, the line it ends on, its bytes. */
struct raw_span {
    struct agreement_place place;
    int end_line;
    size_t begin;
    size_t end;
};

/* Items are raw nodes; each begins with the pointer to the next. */
struct raw_list {
    void *first;
    void *last;
    size_t count;
};

/* A word with what may stand beside it. */
struct raw_word {
    struct raw_word *next;
    const char *text;
    struct raw_span span;
    bool flag;             /* not (remember), optional, without consent, then (a level), ceases */
    struct raw_word *more; /* role of a who, value of a turn, text of an unknown, start, basis */
    struct raw_condition *where;
};

struct raw_condition {
    struct raw_condition *next;
    enum agreement_test test;
    bool negated;
    struct raw_word *name;
    struct raw_list values; /* words: values, types, rules */
    struct raw_list parts;  /* conditions */
    int depth;              /* of groups in it */
    struct raw_span span;
};

struct raw_term {
    struct raw_word *count;
    enum agreement_unit unit;
    struct raw_word *after;
    struct raw_word *but_before;
    struct raw_word *by;
    struct raw_term *otherwise;
    struct raw_span span;
};

struct raw_outcome {
    struct raw_outcome *next;
    enum agreement_outcome_kind kind;
    struct raw_list words; /* facts, sections, types awaited, rules, unknowns */
    struct raw_list types; /* of join, release */
    struct raw_word *who;
    struct raw_word *what; /* instruction, notice */
    struct raw_word *name; /* about, since */
    const char *text;
    bool flag; /* met by either, the question, daily on initial load */
    bool continuing;
    bool from_publisher;
    struct raw_term *term;
    struct raw_list levels; /* words */
    struct raw_condition *only_if;
    struct raw_span span;
};

struct raw_trigger {
    enum agreement_trigger kind;
    struct raw_list when; /* words: types, or turns */
    struct raw_list from;
};

struct raw_rule {
    struct raw_rule *next;
    struct raw_word *name;
    bool broken;             /* could not be read: its name is known, that is all */
    struct raw_list clauses; /* words: the name, more: the quotation */
    struct raw_trigger trigger;
    struct raw_condition *condition;
    struct raw_list outcomes;
    struct raw_list otherwise;
};

struct raw_pair { /* a step: earlier and later; a priority: number and condition */
    struct raw_pair *next;
    struct raw_word *first;
    struct raw_word *second;
    struct raw_condition *condition;
};

struct raw_mark { /* a comment that stands behind something */
    struct raw_mark *next;
    int line;
    const char *text;
};

struct raw_file {
    struct raw_list participants;
    struct raw_list area;
    struct raw_list free_days;
    struct raw_list facts;
    struct raw_list purposes;
    struct raw_list steps;      /* pairs */
    struct raw_list priorities; /* pairs */
    struct raw_word *tolerance;
    enum agreement_unit tolerance_unit;
    struct raw_word *inform; /* working days */
    struct raw_list rules;
    struct raw_list marks;
    bool broken; /* a setting could not be read, so that names may be missing */
};

struct reader_finding {
    struct agreement_place place;
    const char *text;
};

struct reader {
    const char *file;
    struct sl_bytes text;
    struct agreement *agreement; /* what is being made */
    struct sl_arena *kept;       /* the agreement's memory */
    struct sl_arena scratch;     /* gone when the reading ends */
    struct raw_file raw;
    const struct raw_mark *mark; /* where reader_mark goes on */
    struct raw_span here;        /* of the last token */
    struct raw_trigger trigger;  /* of the rule that is being read */
    struct reader_finding findings[AGREEMENT_FINDINGS_MAX];
    size_t finding_count;
};

/* ---------------------------------------------------------------- reader.c: for all of them */

/* Zeroed memory of the scratch arena, of the agreement. */
void *reader_new(struct reader *reader, size_t size);
void *reader_keep(struct reader *reader, size_t count, size_t size);
/* A copy that the agreement keeps, with a NUL behind it. */
const char *reader_text(struct reader *reader, struct sl_bytes text);

/* Notes a finding; those beyond the bound are not told. */
void reader_find(struct reader *reader, struct agreement_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* For the lexer: a token of so many bytes was taken; a comment. */
void reader_step(struct reader *reader, struct raw_span *span, const char *text, size_t size);
void reader_comment(struct reader *reader, const struct raw_span *span, struct sl_bytes text);

/* The text of a span. */
const char *reader_slice(struct reader *reader, const struct raw_span *span);

struct raw_list raw_append(struct raw_list list, void *node);
struct raw_word *raw_word(struct reader *reader, const char *text, struct raw_span span);
/* Two pieces with a space between. */
const char *raw_joined(struct reader *reader, const char *one, const char *two);

/* The comment behind what ends on this line; NULL: none. Lines are asked for in their order. */
const char *reader_mark(struct reader *reader, int line);

/* ---------------------------------------------------------------- resolve.c, nearest.c */

/* Looks up all names and fills in reader->agreement; what is wrong becomes a finding. */
void resolve_agreement(struct reader *reader);
/* 1 to AGREEMENT_NUMBER_MAX; ms since 1970, the seconds may be left out; days since 1970. */
int resolve_number(struct reader *reader, const struct raw_word *word);
int64_t resolve_moment(struct reader *reader, const char *text, struct agreement_place place);
int64_t resolve_date(struct reader *reader, const struct raw_word *word);

/* Which known word a word was meant to be: offered one by one, the nearest is kept. */
struct nearest {
    const char *word;
    const char *best; /* NULL: none is near enough */
    size_t distance;
};

struct nearest nearest_begin(const struct reader *reader, const char *word);
void nearest_offer(struct nearest *nearest, const char *candidate);
/* "; did you mean X?", or "" where none is near; the text is the reader's. */
const char *nearest_hint(struct reader *reader, const struct nearest *nearest);

#endif
