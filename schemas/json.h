/*
 * JSON text from outside, as a tree in an arena.
 *
 * The text is RFC 8259's in UTF-8, with the contract's bounds: at most SL_MAX_DEPTH levels, no byte
 * order mark, no key twice, no NUL, no lone surrogate, nothing behind the value, no number beyond
 * what 64 bits or a double hold. A library with a tree of its own allocates and frees every value
 * and every name by itself, which was half of what an event cost its publisher.
 */
#ifndef SL_JSON_H
#define SL_JSON_H

#include "schemas/bytes.h"
#include "schemas/error.h"

enum sl_json_kind {
    SL_JSON_NULL,
    SL_JSON_FALSE,
    SL_JSON_TRUE,
    SL_JSON_INTEGER,
    SL_JSON_REAL,
    SL_JSON_TEXT,
    SL_JSON_ARRAY,
    SL_JSON_OBJECT
};

struct sl_json {
    enum sl_json_kind kind;
    uint32_t count;             /* of elements or members */
    const struct sl_json *next; /* in its array or object, in the text's order */
    struct sl_bytes name;       /* in its object, a NUL behind it */
    union {
        struct sl_bytes text; /* SL_JSON_TEXT: a NUL behind it */
        int64_t integer;
        double real;
        struct {
            const struct sl_json *first;          /* NULL: empty */
            const struct sl_json *const *by_name; /* an object's members, sorted */
        };
    };
};

/*
 * Reads one value from at most `max` bytes. The tree belongs to the arena and needs the text no
 * more; it takes up to 40 times the text's size. NULL: `malformed` with line and column, or
 * `too_large`, or `overload` at the arena's limit; the sentence repeats nothing of the text, which
 * may be personal.
 */
const struct sl_json *sl_json_read(struct sl_arena *arena, struct sl_bytes text, size_t max,
                                   struct sl_error *error);

/* All of these take NULL for a value that is not there. */
bool sl_json_is(const struct sl_json *value, enum sl_json_kind kind);
/* NULL when the value is no object or has no such member. */
const struct sl_json *sl_json_get(const struct sl_json *object, const char *name);
/* The first element or member; NULL when there is none, or the value is a single one. */
const struct sl_json *sl_json_first(const struct sl_json *value);
/* NULL and 0 when the value is no text. */
struct sl_bytes sl_json_text(const struct sl_json *value);

/*
 * Appends the value's canonical form: compact, members in the order of their names, each character
 * as itself where it can be. -1 when the buffer has more than `most` bytes: what is in it is no
 * JSON.
 */
int sl_json_write(struct sl_buffer *out, const struct sl_json *value, size_t most);

#endif
