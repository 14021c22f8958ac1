/*
 * An event as a back office knows it (CloudEvents 1.0, JSON format) and as the contract knows it.
 *
 * The checks at the door come in this order, and the first that fails is the refusal: form and
 * size, type, source, publisher, subject, causation and correlation, attributes, sections, fields,
 * free text, time. What needs the journal (the same id again, an original) the router checks.
 *
 * After these comes what the list leaves open and what would end in headers, logs and terminals.
 * `malformed` are text that is no UTF-8 or has control characters or non-characters in `id`,
 * `source` or an extension attribute; a source of more than 128 bytes; an extension attribute whose
 * name is not 1 to 20 lower-case letters and digits or has a meaning here (`rule`, `clause`,
 * `quotation`, `role`, `journalseq`, `deadline`, `inboxposition`), whose value is no text of at
 * most 1,024 bytes, 32-bit number or boolean, or that is the seventeenth. `occurred_at` is
 * `attribute_invalid` before 1970; in a section's text U+0080 to U+009F and non-characters are
 * `field_invalid`. A `traceparent` that is none is left out, as the W3C says; `dataschema`
 * describes the back office's own text and goes no further. An id may have 128 characters, in UTF-8
 * up to 512 bytes.
 */
#ifndef SL_CLOUDEVENT_H
#define SL_CLOUDEVENT_H

#include "samenloop/v1/wire.pb-c.h"
#include "schemas/envelope.h"
#include "schemas/json.h"
#include "schemas/uuid.h"

enum { SL_POINTER_SIZE = 96 };

/*
 * Why an event is not taken. `field` is a JSON pointer (RFC 6901) into the event,
 * "/data/findings/found_on", and empty where the whole is meant. Neither sentence nor pointer
 * repeats a value or a name from outside that could be personal.
 */
struct sl_refusal {
    struct sl_error error;
    char field[SL_POINTER_SIZE];
};

/*
 * What only the world knows, for events that one organisation hands over. Strings and keys belong
 * to the caller.
 */
struct sl_door {
    const char *participant;        /* "img", "gm0014" */
    const char *oin;                /* 20 digits: `source` is urn:nld:oin:<oin>:systeem:<name> */
    enum sl_organisation publisher; /* SL_NOBODY: takes no part, may publish nothing */
    int64_t now;                    /* ms since 1970; `time` may be SL_FUTURE_TOLERANCE later */
    int64_t in_force;               /* and not before the agreement; 0: the router knows */
    struct sl_mac *pseudonym;       /* NULL: this house has no key (a municipality) */
    struct sl_mac *content;         /* for content_mac; stays in the house */
    void *context;                  /* of the functions below */
    /*
     * The pseudonym of a house that came to this organisation before; false: it never came. Asked
     * wherever it is given; NULL: any house, the key makes its pseudonym.
     */
    bool (*house)(void *context, struct sl_bytes bag_id, uint8_t pseudonym[SL_HASH_SIZE]);
    /*
     * The UUID of an event by an id that is none: this back office's own id of an event that it
     * published, or the id that it received. False: no such event here. NULL: knows none.
     */
    bool (*event)(void *context, struct sl_bytes id, uint8_t uuid[SL_UUID_SIZE]);
};

/*
 * Reads one event that a back office hands over in `role` and checks all that can be checked in the
 * house. On success everything in `out` belongs to the arena and nothing to `event`. An id that is
 * a UUID is used as it is; of another one comes a UUID of version 5, from source and id, and its
 * own text travels in the section `origin`. -1: refused; what was put into the arena goes when it
 * is cleared. An arena with a limit needs room for 512 KiB (else `overload`).
 */
int sl_cloudevent_take(struct sl_event *out, struct sl_arena *arena, const struct sl_door *door,
                       enum sl_role role, const struct sl_json *event, struct sl_refusal *refusal);

/* The same, from text of at most SL_MAX_EVENT bytes; its tree is in the arena too. */
int sl_cloudevent_read(struct sl_event *out, struct sl_arena *arena, const struct sl_door *door,
                       enum sl_role role, struct sl_bytes text, struct sl_refusal *refusal);

/* What a receiving house knows by a name of its own. A function gives empty bytes for "unknown". */
struct sl_names {
    void *context;
    struct sl_bytes (*house)(void *context, const uint8_t pseudonym[SL_HASH_SIZE]); /* BAG number */
    struct sl_bytes (*event)(void *context, const uint8_t uuid[SL_UUID_SIZE]);      /* id */
};

/*
 * Fills an event from what was delivered: a header that passed sl_header_check, and the sections
 * that were opened, origin among them (`present`: a set of sections). Nothing is copied: all of it
 * must outlive `out`. -1 when the origin is no message, has no BAG number, or names another event
 * than the header; that the BAG number is the pseudonym's only a house with the key can check.
 */
int sl_event_opened(struct sl_event *out, struct sl_arena *arena,
                    const Samenloop__V1__Header *header,
                    const struct sl_bytes sections[SL_SECTIONS], uint32_t present,
                    struct sl_error *error);

/*
 * Appends the CloudEvent that a back office receives: the event itself or, where the delivery has a
 * name, the router's instruction or notice about it, an event of its own with source
 * SL_ROUTER_SOURCE and the event behind it as causationid. Rules and clauses stand with commas
 * between, and so do the words of the clauses, each behind its clause in quotation marks and once;
 * journalseq and inboxposition (0: left out) are strings. A house without a known BAG number has no
 * subject. `names` may be NULL; the arena is for decoding. -1, nothing appended, when an opened
 * section is no message of its kind or holds what is no text.
 */
int sl_cloudevent_write(struct sl_buffer *out, struct sl_arena *arena, const struct sl_event *event,
                        const Samenloop__V1__Delivery *delivery, uint64_t inboxposition,
                        const struct sl_names *names, struct sl_error *error);

#define SL_ROUTER_SOURCE "urn:samenloop:router"
#define SL_ADAPTER_SOURCE "urn:samenloop:adapter"

/*
 * The id of an instruction or notice: a UUID of version 5, the same at every attempt. A back office
 * may name it as causationid; what answers it answers the event behind it.
 */
void sl_derived_id(uint8_t out[SL_UUID_SIZE], struct sl_bytes event_id,
                   const Samenloop__V1__Delivery *delivery);

/* What an adapter tells its own back office of an event that it handed over. */
struct sl_answer {
    struct sl_bytes id; /* of the event, as the back office gave it */
    struct sl_bytes source;
    struct sl_bytes type;    /* without prefix */
    struct sl_bytes subject; /* the BAG number; may be empty */
    enum sl_role role;       /* in which it was published */
    int64_t at;
    const Samenloop__V1__Result *result;
    uint64_t inboxposition;
};

/*
 * Appends the notice `erasure`: source SL_ROUTER_SOURCE, subject the BAG number where it is known.
 * -1, nothing appended, when something in it is no text.
 */
int sl_cloudevent_erasure(struct sl_buffer *out, const Samenloop__V1__Delivery *delivery,
                          struct sl_bytes subject, uint64_t inboxposition, struct sl_error *error);

/*
 * Appends `event_refused` (the result's verdict is "refused") or else `event_withheld`: source
 * SL_ADAPTER_SOURCE, causationid the event's id, and code, sentence and remarks in `data`. -1,
 * nothing appended, when something in it is no text.
 */
int sl_cloudevent_answer(struct sl_buffer *out, const struct sl_answer *answer,
                         struct sl_error *error);

#endif
