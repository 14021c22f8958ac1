/*
 * The event catalogue: what may be published, by whom, with which attributes and sections; what
 * the router derives; what a section holds. One table each, from which come validation, the JSON
 * mapping and the page of documentation (`samenloop catalogue`).
 */
#ifndef SL_CATALOGUE_H
#define SL_CATALOGUE_H

#include "samenloop/v1/envelope.pb-c.h"
#include "schemas/bytes.h"
#include "schemas/error.h"

#define SL_TYPE_PREFIX "nl.samenloop."

/* What kind of organisation a participant is: "img", "ncg", or a municipality ("gm0014"). */
enum sl_organisation { SL_NOBODY = 0, SL_IMG = 1, SL_NCG = 2, SL_MUNICIPALITY = 4 };

enum sl_organisation sl_organisation_of(const char *participant);

enum sl_role { SL_NO_ROLE, SL_BACK_OFFICE, SL_CONTACT_PERSON, SL_INCIDENT_OFFICER, SL_JOINT_TEAM };
enum { SL_ROLES = 5 };

const char *sl_role_name(enum sl_role role);                /* "" for SL_NO_ROLE */
int sl_role_parse(enum sl_role *out, struct sl_bytes name); /* -1: no such role */

/* How urgently an event travels; numbers as on the wire (envelope.proto). Lower goes first. */
enum sl_lane { SL_NO_LANE, SL_LANE_ACUTE, SL_LANE_URGENT, SL_LANE_ORDINARY };
enum { SL_LANES = 4 };

const char *sl_lane_name(enum sl_lane lane); /* "" for SL_NO_LANE */

enum sl_section {
    SL_NO_SECTION,
    SL_LOCATION,
    SL_DOSSIER,
    SL_FINDINGS,
    SL_PLANNING,
    SL_SETTLEMENT,
    SL_SCHEME,
    SL_RESIDENT,
    SL_NOTE,
    SL_ORIGIN /* not the back office's: its own id and its extension attributes */
};
enum { SL_SECTIONS = 10 };

/* A set of sections has bit n for section n. */
static inline uint32_t sl_section_bit(enum sl_section section)
{
    return 1u << section;
}

const char *sl_section_name(enum sl_section section);
enum sl_section sl_section_parse(struct sl_bytes name); /* SL_NO_SECTION: none */
/* The names of a set, comma between, in the catalogue's order; origin is not named. */
void sl_sections_print(struct sl_buffer *out, uint32_t set);

enum sl_kind {
    SL_KIND_YES_NO,
    SL_KIND_YES_NO_UNKNOWN, /* absent means unknown */
    SL_KIND_CODE,           /* one of `values` */
    SL_KIND_CODE_SET,       /* some of `values`, comma between, in any order, none twice */
    SL_KIND_WORD,           /* a code that the catalogue does not list; at most four digits */
    SL_KIND_DATE,
    SL_KIND_NUMBER,       /* 1 to 999999999 */
    SL_KIND_MUNICIPALITY, /* four digits */
    SL_KIND_BAG_ID,       /* of an object whose type is one of `values` */
    SL_KIND_TEXT,
    SL_KIND_FREE_TEXT, /* screened for citizen service numbers */
    SL_KIND_CENTS,
    SL_KIND_TEXTS,
    SL_KIND_FREE_TEXTS /* screened, each of them */
};

/* An attribute of a type, or a field of a section. */
struct sl_field {
    const char *name;
    enum sl_kind kind;
    bool required;
    const char *values; /* of codes, and of types of the BAG, "|" between */
    size_t max;         /* characters; 0: SL_MAX_FIELD */
};

enum { SL_MAX_TYPE_ATTRIBUTES = 6, SL_MAX_SECTION_FIELDS = 9 };

struct sl_type {
    const char *name;
    const char *dutch;
    const char *clauses;
    uint32_t publishers; /* set of enum sl_organisation */
    uint32_t roles;      /* bit n: role n may bring about what the type is for; 0: any */
    uint32_t required;   /* set of sections */
    uint32_t optional;
    enum sl_lane lane;       /* 0 in the table: ordinary; see sl_type_lane */
    bool municipality;       /* carries the attribute `municipality`, which is then required */
    bool causation_required; /* answers only what it names */
    bool original;           /* its causation id names the event that it corrects or withdraws */
    bool to_municipality;    /* its sections are sealed to the municipality too */
    struct sl_field attributes[SL_MAX_TYPE_ATTRIBUTES];
};

/* Publishable types, in the catalogue's order. */
size_t sl_type_count(void);
const struct sl_type *sl_type_at(size_t index);
enum sl_lane sl_type_lane(const struct sl_type *type); /* never SL_NO_LANE */
size_t sl_type_index(const struct sl_type *type);
const struct sl_type *sl_type_find(struct sl_bytes name); /* without prefix; NULL: none */

/* Is it the correction of an event, which has the attributes and sections of its original's type?
 */
bool sl_is_correction(const struct sl_type *type);

/*
 * The attribute with this name, among the type's own and `municipality`; NULL: none. Of a
 * correction it is that of the first type that has one: values are checked by sl_attribute_check.
 */
const struct sl_field *sl_type_attribute(const struct sl_type *type, struct sl_bytes name);

/* What the router derives, in the catalogue's order. */
enum sl_derived_kind { SL_INSTRUCTION, SL_NOTICE };
struct sl_derived {
    const char *name;
    enum sl_derived_kind kind;
};
size_t sl_derived_count(void);
const struct sl_derived *sl_derived_at(size_t index);
const struct sl_derived *sl_derived_find(struct sl_bytes name);

/* The fields of a section in the order of its proto fields, ended by one without name. */
const struct sl_field *sl_section_fields(enum sl_section section);
const ProtobufCMessageDescriptor *sl_section_message(enum sl_section section);

#endif
