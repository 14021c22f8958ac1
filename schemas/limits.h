/* Every bound on what comes from outside, in one place. Sizes in bytes, times in milliseconds. */
#ifndef SL_LIMITS_H
#define SL_LIMITS_H

enum {
    SL_MAX_EVENT = 64 * 1024,       /* an event as JSON */
    SL_MAX_SEALED = 256 * 1024,     /* the same, sealed for all who may read it, with its header */
    SL_MAX_FRAME = 4 * 1024 * 1024, /* a frame on the wire */
    SL_MAX_BATCH = 1024,            /* events under one signature */
    SL_MAX_BATCH_BYTES = 1024 * 1024, /* and their content; an event more may pass it */
    SL_MAX_ATTRIBUTES = 16,           /* of a header */
    SL_MAX_ATTRIBUTE = 128,           /* an attribute's value */
    SL_MAX_SECTIONS = 9,
    SL_MAX_RECIPIENTS = 8, /* encapsulations of a batch */
    SL_MAX_ID = 128,       /* an event's id, as its back office gives it */
    SL_MAX_SOURCE = 128,
    SL_MAX_EXTENSIONS = 16,
    SL_MAX_EXTENSION = 1024,
    SL_MAX_FIELD = 256, /* a section's field, where the catalogue says nothing smaller */
    SL_MAX_LIST = 32,   /* elements of a section's list */
    SL_MAX_DEPTH = 32,  /* of JSON */
    SL_MAX_KEYS = 16,   /* on a key card */
    SL_MAX_CARD = 32 * 1024,
    SL_MAX_PARTICIPANTS = 16,
    SL_MAX_HEADER = 8 * 1024,        /* of an event */
    SL_MAX_WORD = 128,               /* a rule's name, clauses, a code, an instruction's name */
    SL_MAX_SENTENCE = 1024,          /* of a refusal, a remark, a failure, a notice's detail */
    SL_MAX_REMARKS = 64,             /* of one event's answer, and rules of one delivery */
    SL_MAX_DETAILS = 32,             /* of a notice */
    SL_MAX_DIGEST = 1024,            /* houses that a digest names */
    SL_MAX_LISTED = 128,             /* houses of the list in one frame, */
    SL_MAX_LISTED_OPEN = 16,         /* and what is told of one as awaited */
    SL_MAX_DELIVERIES = 1024,        /* in one frame, and answers to them */
    SL_HEARTBEAT = 10 * 1000,        /* a side that has said nothing for so long says so */
    SL_SILENCE = 30 * 1000,          /* a side that is not heard for so long is gone */
    SL_MAX_RECORD = 8 * 1024 * 1024, /* of a log */
    SL_MAX_ARENA = 64 * 1024 * 1024, /* what decoding one frame may take */
    SL_CREDIT = 8192,                /* events or deliveries in flight on a connection */
    SL_ATTEMPTS = 5,                 /* of a delivery, before it becomes a dead letter */
    SL_FUTURE_TOLERANCE = 5 * 60 * 1000,
};

#endif
