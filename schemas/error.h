/*
 * What can go wrong, and how a function says so.
 *
 * A function that can fail returns 0 or -1 and fills in a struct sl_error: a code for machines and
 * a sentence for people. The codes of refusals are part of the contract (PROTOCOL.md): an adapter
 * hands them to its back office, the router to the adapter.
 *
 * Out of memory is not an error that is handed on: the process stops, as it would on kill -9, and
 * goes on from its log.
 */
#ifndef SL_ERROR_H
#define SL_ERROR_H

#include <stddef.h>

enum sl_code {
    SL_OK,
    /* refusals of an event */
    SL_MALFORMED,
    SL_TOO_LARGE,
    SL_UNKNOWN_TYPE,
    SL_NOT_PERMITTED,
    SL_SOURCE_MISMATCH,
    SL_SUBJECT_INVALID,
    SL_ATTRIBUTE_INVALID,
    SL_ATTRIBUTE_MISSING,
    SL_CAUSATION_MISSING,
    SL_SECTION_NOT_ALLOWED,
    SL_SECTION_MISSING,
    SL_FIELD_INVALID,
    SL_FIELD_MISSING,
    SL_BSN_IN_TEXT,
    SL_TIME_WINDOW,
    SL_WRONG_LANE,
    SL_ID_CONFLICT,
    SL_UNKNOWN_ORIGINAL,
    SL_NOT_YOURS,
    SL_BAD_SIGNATURE,
    SL_BAD_KEY_CARD,
    SL_BAD_DIGEST,
    SL_SEALED_WRONGLY,
    /* a connection's */
    SL_NOT_ADMITTED,
    SL_PROTOCOL,
    SL_OVERLOAD,
    /* a delivery's: an earlier one of its subject failed */
    SL_BEHIND,
    /* this side's own trouble */
    SL_IO,
    SL_FULL,  /* no room on the disk: works again when there is */
    SL_FATAL, /* memory and disk may differ: the process must end */
    SL_DAMAGED,
    SL_CONFIGURATION,
    SL_CODES
};

struct sl_error {
    enum sl_code code;
    char text[256];
};

/* Sets code and sentence; always returns -1, so that a caller can return it. */
int sl_fail(struct sl_error *error, enum sl_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "where: " before the sentence; always returns -1. */
int sl_fail_at(struct sl_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The code's name on the wire and in the routing log: "bad_signature". Never NULL. */
const char *sl_code_name(enum sl_code code);

/* The code with this name; SL_PROTOCOL for a name that this version does not know. */
enum sl_code sl_code_by_name(const char *name, size_t size);

#endif
