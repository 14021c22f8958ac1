/*
 * An event as the core looks at it, and what is remembered of one: its gist, the questions that it
 * answered, and who got it.
 */
#ifndef CORE_OCCURRENCE_H
#define CORE_OCCURRENCE_H

#include "router/core/core.h"
#include "router/core/terms.h"

/* The gist of an event: as far as later lines must name it. */
struct gist {
    uint64_t number;
    uint8_t uuid[SL_UUID_SIZE];
    uint8_t type; /* of the catalogue */
    int8_t publisher;
    uint8_t lane;
};

/* The event in hand, or one that is looked at again. */
struct occurrence {
    struct gist gist;
    const struct sl_type *type;
    enum sl_organisation organisation; /* the publisher's */
    enum sl_role role;
    const Samenloop__V1__Header *header; /* with the attributes that hold */
    uint32_t sections;
    uint32_t subject;
    int64_t at;
    uint64_t correlation;
    bool erased;
    struct core_source source;
};

/* The event that is decided on; its header stays the caller's. */
struct occurrence occurrence_of(struct core *core, const struct core_event *event);
/* A gist as lines and deliveries tell of it, in memory of the decision in hand. */
struct core_source gist_source(struct core *core, const struct gist *gist, uint32_t subject);
uint64_t correlation_of(const Samenloop__V1__Header *header); /* 0: none */

/* May the event be said nothing of, since its type wants another role (7.8)? */
bool wrong_role(const struct core *core, const struct occurrence *event);

struct chain {
    const struct chain *next;
    const uint64_t *numbers;
    size_t count;
};

/* A question that an event answers, as it stood then. */
struct answer {
    const char *rule;
    agreement_types types;
    const struct chain *chains;
    const uint64_t *openers;
    size_t opener_count;
    const char *asked;   /* of the event behind it; may be NULL */
    uint32_t obligation; /* while it is open; else 0 */
};

struct answers {
    const struct answer *items;
    size_t count;
};

struct route { /* who got an event, in the role that was told */
    int to;
    enum sl_role role;
    uint32_t sections;
    uint32_t without_consent; /* stayed behind: for lack of consent, */
    uint32_t without_holder;  /* for lack of somebody in the role */
};

struct stated {
    uint32_t subject;
    uint8_t fact;
};

#endif
