/*
 * Lines of the routing log, chosen and shown: as they are, or as a table for people.
 */
#ifndef LINES_H
#define LINES_H

#include <jansson.h>
#include <stdio.h>

#include "schemas/bytes.h"
#include "schemas/error.h"
#include "schemas/subject.h"

enum { LINES_SUBJECTS = 64, LINES_SUBJECT_TEXT = 2 * SL_PSEUDONYM_SHOWN + 1 };

/* What a line must be to be shown; NULL, 0 and none: anything. Begin with {0}. */
struct lines_wanted {
    int64_t since;
    int64_t until;      /* up to and with this moment */
    bool due;           /* only what was due */
    int64_t due_before; /* before this moment */
    const char *type;
    const char *org; /* it published the event, or the line is to it */
    const char *rule;
    const char *outcome;                               /* how it begins */
    const char *event;                                 /* its number, or its UUID */
    char subjects[LINES_SUBJECTS][LINES_SUBJECT_TEXT]; /* any of these */
    size_t subject_count;
};

/* Begin with {0}, or with lines_form_here. */
struct lines_form {
    bool json;   /* as they are */
    bool colour; /* only where a person looks */
    bool narrow; /* not a table, but what came of an event below its moment, number, type and house
                  */
    bool headed; /* the table's head was written */
    struct {     /* what was written last, where it is narrow */
        char at[32];
        long long number;
    } last;
};

/* For standard output: colour on a terminal, and narrow on one that has no room for the table. */
struct lines_form lines_form_here(bool json);

/* Is this line, an object, among them? */
bool lines_is_wanted(const json_t *line, const struct lines_wanted *wanted);

/*
 * Writes those of the lines (each ended by a line feed) that are wanted. -1 when the output cannot
 * be written. What is no line of the routing log (the end of a file that is being written) is
 * passed over.
 */
int lines_show(FILE *out, struct lines_form *form, const struct lines_wanted *wanted,
               struct sl_bytes lines, struct sl_error *error);

#endif
