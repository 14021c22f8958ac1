/*
 * Lines of the routing log, chosen and shown: as they are, or as a table for people.
 */
#ifndef LINES_H
#define LINES_H

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
    char subjects[LINES_SUBJECTS][LINES_SUBJECT_TEXT]; /* any of these */
    size_t subject_count;
};

struct lines_form {
    bool json;   /* as they are */
    bool colour; /* only where a person looks */
    bool headed; /* the table's head was written; begin with false */
};

/* Is standard output a terminal, and did nobody ask for no colour? */
bool lines_colour(void);

/*
 * Writes those of the lines (each ended by a line feed) that are wanted. -1 when the output cannot
 * be written. What is no line of the routing log (the end of a file that is being written) is
 * passed over.
 */
int lines_show(FILE *out, struct lines_form *form, const struct lines_wanted *wanted,
               struct sl_bytes lines, struct sl_error *error);

#endif
