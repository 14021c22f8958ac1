/*
 * The checks that the catalogue's tables drive, the same at both ends: values, headers, what is in
 * a section (agreement, 6.2 and 7.8). A sentence names the attribute or field, and never repeats a
 * value that could be personal.
 */
#ifndef SL_CHECK_H
#define SL_CHECK_H

#include "schemas/catalogue.h"

/*
 * Is the value one that the field takes? -1 with `code`, which is SL_ATTRIBUTE_INVALID or
 * SL_FIELD_INVALID, or with `bsn_in_text` for free text in which a citizen service number seems to
 * stand. Of a list each element is given; amounts in cents are checked by sl_section_check.
 */
int sl_field_check(const struct sl_field *field, struct sl_bytes value, enum sl_code code,
                   struct sl_error *error);

/*
 * Is it an attribute of the type, and a value that it takes? A correction has the attributes of its
 * original's type, which only the router knows: the value is good if any type's attribute of that
 * name takes it.
 */
int sl_attribute_check(const struct sl_type *type, struct sl_bytes name, struct sl_bytes value,
                       struct sl_error *error);

/* The attribute of a header, or empty bytes. */
struct sl_bytes sl_header_attribute(const Samenloop__V1__Header *header, const char *name);

/* The set of sections that a header announces, origin included. */
uint32_t sl_header_sections(const Samenloop__V1__Header *header);

/*
 * Everything that can be checked on a header without keys: sizes, type, publisher, subject's form,
 * attributes, causation, sections, text. `publisher` is the participant: "img", "ncg", "gm0014".
 * `type` is set when it returns 0.
 */
int sl_header_check(const Samenloop__V1__Header *header, const char *publisher,
                    const struct sl_type **type, struct sl_error *error);

/*
 * Has a correction the attributes and sections that its original's type wants? For the router, on a
 * header that passed sl_header_check.
 */
int sl_correction_check(const Samenloop__V1__Header *correction, const struct sl_type *original,
                        struct sl_error *error);

/*
 * Checks what is in a section of an event of a type: `content` is the protobuf message as it is
 * sealed, `subject` the BAG identification that the event is about, "" where it is not known. First
 * each field, then those that are required, then what ties them together, then free text. -1:
 * `malformed` (no such message), `field_invalid`, `field_missing` or `bsn_in_text`; `field` is then
 * its name, or "" for the section as a whole. What is decoded stays in the arena. The origin is not
 * checked here (cloudevent.h).
 */
int sl_section_check(struct sl_arena *arena, const struct sl_type *type, enum sl_section section,
                     struct sl_bytes content, const char *subject, const char **field,
                     struct sl_error *error);

/*
 * The part of it that looks at the whole section, for one whose fields are each good: the required
 * ones are there; `planning` has a date or a period; `location` is the subject's; a note's
 * ground_class is of a harrowing situation.
 */
int sl_section_whole(const struct sl_type *type, enum sl_section section,
                     const ProtobufCMessage *message, const char *subject, const char **field,
                     struct sl_error *error);

#endif
