/* What the files of cloudevent.h share: JSON values, refusals, sections as JSON, names. */
#ifndef SL_CLOUDEVENT_PARTS_H
#define SL_CLOUDEVENT_PARTS_H

#include "samenloop/v1/sections.pb-c.h"
#include "schemas/check.h"
#include "schemas/cloudevent.h"

/* One event on its way in; each step reads its part of `event` into `out`. */
struct sl_taking {
    struct sl_event *out;
    Samenloop__V1__Header *header; /* of `out` */
    struct sl_arena *arena;
    const struct sl_door *door;
    const struct sl_type *type;
    const struct sl_json *event;
    const struct sl_json *data;
    const struct sl_json *attributes;
    struct sl_refusal *refusal;
    struct sl_refusal
        text; /* free text comes after all fields: the first that looks like a number */
};

/* Sets code, field (a JSON pointer, or "") and sentence; always returns -1. */
int sl_refuse(struct sl_refusal *refusal, enum sl_code code, const char *field, const char *format,
              ...) __attribute__((format(printf, 4, 5)));

/* A name from outside as sentences and pointers show it: only what looks like a name is shown. */
const char *sl_name_shown(const char *name);

/* "<parent>/<name>" for a name from outside, or the parent alone where the name is not shown. */
void sl_pointer(char out[SL_POINTER_SIZE], const char *parent, const char *name);

/* Writes a whole number's digits; `out` has room for 24 characters. */
struct sl_bytes sl_digits(char out[24], int64_t number);

/* A copy in the arena. */
ProtobufCBinaryData sl_taking_keep(struct sl_taking *taking, struct sl_bytes bytes);

/* Reads a moment, also one before 1970; no leap second, for no field of the contract holds one. */
int sl_moment_read(int64_t *out, struct sl_bytes text);

/* May an extension attribute that the contract does not know have this name and value? */
bool sl_extension_good(struct sl_bytes name, struct sl_bytes value);

/* The steps, in their order (see cloudevent_take.c). */
int sl_taking_attributes(struct sl_taking *taking);
int sl_taking_sections(struct sl_taking *taking); /* which there are */
int sl_taking_fields(struct sl_taking *taking);   /* what is in them */
int sl_taking_text(struct sl_taking *taking);
int sl_taking_extensions(struct sl_taking *taking, Samenloop__V1__Origin *origin);

/* The pseudonym of a house; -1 where a municipality does not know it. */
int sl_taking_house(struct sl_taking *taking, struct sl_bytes bag_id, ProtobufCBinaryData *out);

/*
 * JSON written piece by piece, compact. A mark is a bracket or a quotation mark; what stands in an
 * object begins with its key, what stands in an array with sl_write_next. `bad` when a piece was no
 * UTF-8: what is written is then to be thrown away.
 */
struct sl_writer {
    struct sl_buffer *out;
    bool bad;
};

void sl_write_mark(struct sl_writer *writer, char mark);
void sl_write_next(struct sl_writer *writer);
void sl_write_key(struct sl_writer *writer, struct sl_bytes key);
void sl_write_piece(struct sl_writer *writer, struct sl_bytes text); /* of a text, in its marks */
void sl_write_text(struct sl_writer *writer, struct sl_bytes text);
void sl_write_integer(struct sl_writer *writer, int64_t number);

/* Writes a section's message as an object; `bad` when it is none. The arena is for decoding. */
void sl_section_write(struct sl_writer *writer, struct sl_arena *arena, enum sl_section section,
                      struct sl_bytes message);

#endif
