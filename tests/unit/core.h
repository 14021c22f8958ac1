/* Events for tests of the core: made of a few words, decided, and their lines as text. */
#ifndef TESTS_UNIT_CORE_H
#define TESTS_UNIT_CORE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "router/core/core.h"
#include "schemas/timestamp.h"

/* What agreements of a few lines begin with. */
#define FACTS                                                                                      \
    "facts in_work_stock, open_damage_case, in_ncg_area start unknown\n"                           \
    "facts consents_to_data_exchange start unknown\n"                                              \
    "facts acute, complex, restricted, joint start no\n"

/* NCG says whether a house is in its work stock. */
#define STOCK(value_) .type = "work_stock_changed", .from = NCG, .attributes = {"value", value_}

enum { IMG, NCG, GM0014, EVENTS_KEPT = 64 };

/* An event; zeros are what it does not have. */
struct told {
    const char *type;
    int from;
    enum sl_role role;         /* 0: the back office */
    uint64_t causation;        /* the number of the event that it names, or will have */
    uint8_t house;             /* 0 is a house like others */
    uint32_t sections;         /* bit n: section n */
    int64_t occurred_at;       /* 0: like no other's */
    const char *attributes[8]; /* name, value, name, value ... */
};

struct kept {
    Samenloop__V1__Header header;
    Samenloop__V1__Attribute attributes[4];
    Samenloop__V1__Attribute *pointers[4];
    Samenloop__V1__SectionDigest digests[SL_SECTIONS];
    Samenloop__V1__SectionDigest *digest_pointers[SL_SECTIONS];
    uint8_t id[SL_UUID_SIZE];
    uint8_t causation[SL_UUID_SIZE];
    uint8_t subject[SL_PSEUDONYM_SIZE];
    uint32_t sections;
    struct sl_buffer past;
};

struct world {
    struct agreement *agreements[4];
    size_t agreement_count;
    struct core *core;
    int64_t at;
    struct kept events[EVENTS_KEPT + 1]; /* by number */
    uint64_t count;
    struct core_decision decision; /* the last one */
    char lines[16384];             /* its lines: "outcome rule to/role what", one a line */
};

/* Brings an agreement into a core, or (NULL) into a new one. */
static inline struct core *world_bring_in(struct core *core, const struct agreement *agreement)
{
    static const uint32_t all = 1u << SL_BACK_OFFICE | 1u << SL_CONTACT_PERSON |
                                1u << SL_INCIDENT_OFFICER | 1u << SL_JOINT_TEAM;
    const struct core_participant who[] = {
        {"img", all}, {"ncg", all}, {"gm0014", 1u << SL_BACK_OFFICE}};
    if (core == NULL)
        return core_new(agreement, who, 3);
    core_agreement(core, agreement, who, 3);
    return core;
}

/* A core that was told the same agreements, and nothing else. */
static inline struct core *world_core(const struct world *world)
{
    struct core *core = NULL;
    for (size_t i = 0; i < world->agreement_count; i++)
        core = world_bring_in(core, world->agreements[i]);
    return core;
}

static inline void world_agree(struct world *world, const char *rules)
{
    struct sl_buffer findings = {0};
    struct agreement *agreement = NULL;
    if (agreement_read(&agreement, "test.rules", sl_text(rules), &findings) < 0)
        fail_msg("%.*s", (int)findings.size, (char *)findings.data);
    sl_buffer_free(&findings);
    world->agreements[world->agreement_count++] = agreement;
    world->core = world_bring_in(world->core, agreement);
}

static inline void world_open(struct world *world, const char *rules)
{
    memset(world, 0, sizeof *world);
    assert_int_equal(sl_timestamp_parse(&world->at, sl_text("2021-03-29T13:00:00Z")), 0);
    world_agree(world, rules);
}

static inline void world_close(struct world *world)
{
    core_free(world->core);
    for (size_t i = 0; i < world->agreement_count; i++)
        agreement_free(world->agreements[i]);
    for (uint64_t i = 0; i <= EVENTS_KEPT; i++)
        sl_buffer_free(&world->events[i].past);
}

static inline void world_lines(struct world *world)
{
    size_t size = 0;
    world->lines[0] = '\0';
    for (size_t i = 0; i < world->decision.line_count; i++) {
        const struct core_line *line = &world->decision.lines[i];
        size += (size_t)snprintf(world->lines + size, sizeof world->lines - size,
                                 "%s %s %s/%s %s\n", core_outcome_name(line->outcome),
                                 line->rule != NULL ? line->rule : "-",
                                 line->to != NULL ? line->to : "-", sl_role_name(line->role),
                                 line->what != NULL ? line->what : "-");
        assert_true(size < sizeof world->lines);
    }
}

/* The id of the event that has, or will have, this number. */
static inline void world_id(uint8_t out[SL_UUID_SIZE], uint64_t number)
{
    memset(out, 0xab, SL_UUID_SIZE);
    sl_put64(out, number);
}

static inline struct kept *world_make(struct world *world, const struct told *told)
{
    struct kept *kept = &world->events[world->count + 1];
    Samenloop__V1__Header *header = &kept->header;
    samenloop__v1__header__init(header);
    world_id(kept->id, world->count + 1);
    world_id(kept->causation, told->causation);
    memset(kept->subject, 0x10 + told->house, sizeof kept->subject);
    header->event_id = (ProtobufCBinaryData){SL_UUID_SIZE, kept->id};
    header->subject = (ProtobufCBinaryData){SL_PSEUDONYM_SIZE, kept->subject};
    header->type = sl_to_pb(sl_text(told->type));
    header->source = sl_to_pb(sl_text("urn:nld:oin:00000004164164164000:systeem:test"));
    header->publisher_role = (Samenloop__V1__Role)(told->role != SL_NO_ROLE ? told->role
                                                                            : SL_BACK_OFFICE);
    header->occurred_at = told->occurred_at != 0 ? told->occurred_at : 1000 + (int64_t)world->count;
    if (told->causation != 0)
        header->causation_id = (ProtobufCBinaryData){SL_UUID_SIZE, kept->causation};
    header->attributes = kept->pointers;
    for (size_t i = 0; i < 4 && told->attributes[2 * i] != NULL; i++) {
        samenloop__v1__attribute__init(&kept->attributes[i]);
        kept->attributes[i].name = sl_to_pb(sl_text(told->attributes[2 * i]));
        kept->attributes[i].value = sl_to_pb(sl_text(told->attributes[2 * i + 1]));
        kept->pointers[header->n_attributes++] = &kept->attributes[i];
    }
    kept->sections = told->sections;
    header->sections = kept->digest_pointers;
    for (int i = SL_LOCATION; i < SL_ORIGIN; i++) {
        Samenloop__V1__SectionDigest *digest = &kept->digests[i];
        if ((told->sections & sl_section_bit((enum sl_section)i)) == 0)
            continue;
        samenloop__v1__section_digest__init(digest);
        digest->section = (Samenloop__V1__Section)i;
        digest->digest = (ProtobufCBinaryData){SL_UUID_SIZE * 2, kept->subject};
        kept->digest_pointers[header->n_sections++] = digest;
    }
    return kept;
}

/* Hands an event in; its lines are in world->lines. Gives its number, or 0 when it was refused. */
static inline uint64_t world_tell(struct world *world, struct told told)
{
    struct sl_error error = {0};
    struct kept *kept = world_make(world, &told);
    uint64_t wanted = core_wants(world->core, told.from, &kept->header);
    struct core_event event = {.number = world->count + 1,
                               .at = world->at,
                               .publisher = told.from,
                               .header = &kept->header,
                               .sections = kept->sections};
    assert_true(world->count < EVENTS_KEPT);
    if (wanted != 0) {
        event.kept = &world->events[wanted].header;
        event.kept_sections = world->events[wanted].sections;
        event.past = sl_buffer_bytes(&world->events[wanted].past);
    }
    if (core_event(world->core, &event, &world->decision, &error) < 0)
        fail_msg("%s", error.text);
    world_lines(world);
    if (world->decision.refused != SL_OK)
        return 0;
    sl_buffer_clear(&kept->past);
    sl_buffer_add_bytes(&kept->past, world->decision.past);
    return ++world->count;
}

#define TELL(...) world_tell(&world, (struct told){__VA_ARGS__})

/* Lets time pass; the lines of all that fell due are in world->lines. */
static inline void world_wait(struct world *world, const char *until)
{
    char all[sizeof world->lines] = "";
    size_t size = 0;
    int64_t at = 0;
    assert_int_equal(sl_timestamp_parse(&at, sl_text(until)), 0);
    while (core_tick(world->core, at, &world->decision)) {
        world_lines(world);
        size_t more = strlen(world->lines);
        assert_true(size + more < sizeof all);
        memcpy(all + size, world->lines, more);
        size += more;
    }
    assert_true(core_wake(world->core) > at);
    memcpy(world->lines, all, sizeof all);
    world->at = at;
}

static inline void assert_line(const struct world *world, const char *line)
{
    if (strstr(world->lines, line) == NULL)
        fail_msg("no line \"%s\" in\n%s", line, world->lines);
}

static inline void assert_no_line(const struct world *world, const char *line)
{
    if (strstr(world->lines, line) != NULL)
        fail_msg("a line \"%s\" in\n%s", line, world->lines);
}

#endif
