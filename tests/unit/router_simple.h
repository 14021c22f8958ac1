/*
 * A decider that needs no agreement (in place of router/decided.c): an event goes to everybody else
 * with its dossier; one of house 13 also brings an instruction; one of type works_planned a notice
 * to its publisher, later. So the machine can be tested alone: doors, journal, queues, restarts.
 */
#ifndef TESTS_ROUTER_SIMPLE_H
#define TESTS_ROUTER_SIMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "router/core/core.h"
#include "router/core/image.h"
#include "router/decided.h"
#include "router/state.h"

enum { SIMPLE_EVENTS = 20000, SIMPLE_TERM = 60 * 1000 };

struct decider {
    uint8_t hash[SL_HASH_SIZE];
    bool agreed;
    uint8_t ids[SIMPLE_EVENTS][SL_UUID_SIZE];
    size_t count;
    int64_t due; /* 0: nothing */
    uint64_t due_number;
    int due_to;
    uint8_t due_subject[SL_HASH_SIZE];
    size_t receipts;
};

static struct decider *simple(struct router *router)
{
    if (router->decider == NULL)
        router->decider = sl_new(1, sizeof *router->decider);
    return router->decider;
}

struct intake decided_intake(const struct router *router, int participant)
{
    return (struct intake){.directory = router->directory,
                           .participant = participant,
                           .now = router->moment.now,
                           .future_tolerance = SL_FUTURE_TOLERANCE};
}

static Samenloop__V1__Queued *simple_queued(struct router *router, struct decided *out, int to,
                                            uint64_t number, Samenloop__V1__Lane lane,
                                            ProtobufCBinaryData subject)
{
    Samenloop__V1__Queued *queued = sl_arena_alloc(&router->arena, sizeof *queued);
    Samenloop__V1__Delivery *delivery = sl_arena_alloc(&router->arena, sizeof *delivery);
    Samenloop__V1__Queued **list = sl_arena_alloc(&router->arena,
                                                  (out->queued_count + 1) * sizeof(void *));
    *queued = (Samenloop__V1__Queued)SAMENLOOP__V1__QUEUED__INIT;
    *delivery = (Samenloop__V1__Delivery)SAMENLOOP__V1__DELIVERY__INIT;
    queued->participant = sl_to_pb(sl_text(router->participants[to]));
    queued->delivery = delivery;
    queued->sections = 1u << SL_DOSSIER;
    queued->subject = sl_to_pb(sl_arena_copy(&router->arena, sl_from_pb(subject)));
    delivery->lane = lane;
    delivery->kind = SAMENLOOP__V1__DELIVERY_KIND__DELIVERY_KIND_EVENT;
    delivery->role = SAMENLOOP__V1__ROLE__ROLE_BACK_OFFICE;
    delivery->journal_number = number;
    delivery->accepted_at = router->at;
    for (size_t i = 0; i < out->queued_count; i++)
        list[i] = out->queued[i];
    list[out->queued_count++] = queued;
    out->queued = list;
    return queued;
}

enum decided_verdict decided_event(struct router *router, int participant, uint64_t number,
                                   const Samenloop__V1__Header *header, const struct sl_type *type,
                                   struct decided *out, struct sl_error *error)
{
    struct decider *decider = simple(router);
    (void)error;
    for (size_t i = 0; i < decider->count; i++) {
        if (memcmp(decider->ids[i], header->event_id.data, SL_UUID_SIZE) == 0) {
            out->number = i + 1;
            return DECIDED_DUPLICATE;
        }
    }
    assert_int_equal(number, decider->count + 1);
    memcpy(decider->ids[decider->count++], header->event_id.data, SL_UUID_SIZE);
    if (strcmp(type->name, "works_planned") == 0) {
        decider->due = router->at + SIMPLE_TERM;
        decider->due_number = number;
        decider->due_to = participant;
        memcpy(decider->due_subject, header->subject.data, SL_HASH_SIZE);
    }
    Samenloop__V1__Lane lane = (Samenloop__V1__Lane)sl_type_lane(type);
    for (int i = 0; i < (int)router->participant_count; i++) {
        if (i == participant)
            continue;
        (void)simple_queued(router, out, i, number, lane, header->subject);
        if (sl_get64(header->subject.data) == 13 * 0xd1342543de82ef95u) {
            Samenloop__V1__Queued *also = simple_queued(router, out, i, number, lane,
                                                        header->subject);
            also->delivery->kind = SAMENLOOP__V1__DELIVERY_KIND__DELIVERY_KIND_INSTRUCTION;
            also->delivery->name = sl_to_pb(sl_text("check_work_stock"));
            also->delivery->receipt_wanted = true;
            also->sections = 0;
        }
    }
    outgoing_number(router, out->queued, out->queued_count);
    return DECIDED_ACCEPTED;
}

void decided_refused(struct router *router, int participant,
                     const Samenloop__V1__JournalRefused *refused)
{
    (void)participant;
    sl_buffer_printf(&router->lines, "refused %.*s\n", (int)refused->code.len,
                     (const char *)refused->code.data);
}

void decided_repeated(struct router *router, int participant, uint64_t number,
                      const Samenloop__V1__Header *header)
{
    (void)participant;
    (void)header;
    sl_buffer_printf(&router->lines, "duplicate %llu\n", (unsigned long long)number);
}

int decided_receipt(struct router *router, int participant, uint64_t number, enum sl_role role,
                    struct decided *out, struct sl_error *error)
{
    (void)participant;
    (void)number;
    (void)role;
    (void)out;
    (void)error;
    simple(router)->receipts++;
    return 0;
}

void decided_ended(struct router *router, const struct decided_end *end)
{
    assert_int_equal(end->event->number, end->queued->delivery->journal_number);
    assert_int_not_equal(end->publisher, -1);
    sl_buffer_printf(&router->lines, "%s %s %llu\n", end->dead ? "dead_lettered" : "delivered",
                     router->participants[end->receiver], (unsigned long long)end->event->number);
}

void decided_erasure(struct router *router, const uint8_t subject[SL_PSEUDONYM_SIZE])
{
    (void)subject;
    if (!router->quiet)
        sl_buffer_printf(&router->lines, "erased\n");
}

void decided_obligations(struct router *router, struct sl_buffer *lines)
{
    (void)router;
    (void)lines;
}

void decided_agreement_name(const struct router *router, const char **name, int *version,
                            int64_t *in_force)
{
    (void)router;
    *name = "simple";
    *version = 1;
    *in_force = 0;
}

bool decided_is_due(const struct router *router)
{
    return router->decider != NULL && router->decider->due != 0 &&
           router->at > router->decider->due;
}

int decided_tick(struct router *router, struct decided *out, struct sl_error *error)
{
    struct decider *decider = simple(router);
    ProtobufCBinaryData subject = {SL_HASH_SIZE, decider->due_subject};
    Samenloop__V1__Queued *queued = simple_queued(router, out, decider->due_to, decider->due_number,
                                                  SAMENLOOP__V1__LANE__LANE_ORDINARY, subject);
    queued->delivery->kind = SAMENLOOP__V1__DELIVERY_KIND__DELIVERY_KIND_NOTICE;
    queued->delivery->name = sl_to_pb(sl_text("obligation_overdue"));
    queued->event = journal_find_event(router->journal, decider->due_number, error);
    queued->sections = 0;
    decider->due = 0;
    outgoing_number(router, out->queued, out->queued_count);
    return 0;
}

int64_t decided_wake(const struct router *router)
{
    return router->decider == NULL || router->decider->due == 0 ? INT64_MAX
                                                                : router->decider->due + 1;
}

int decided_agreement(struct router *router, const char *name,
                      const Samenloop__V1__JournalAgreement *record, struct decided *out,
                      struct sl_error *error)
{
    (void)out;
    if (record->text.len == 0)
        return sl_fail(error, SL_CONFIGURATION, "%s: no agreement", name);
    memcpy(simple(router)->hash, record->hash.data, SL_HASH_SIZE);
    simple(router)->agreed = true;
    return 0;
}

/* Here every agreement is in force already, so that none waits. */
int decided_in_force(int64_t *out, const char *name, struct sl_bytes text, struct sl_error *error)
{
    *out = 0;
    return text.size > 0 ? 0 : sl_fail(error, SL_CONFIGURATION, "%s: no agreement", name);
}

struct sl_bytes decided_agreement_text(const struct router *router)
{
    (void)router;
    return sl_bytes(NULL, 0);
}

struct sl_bytes decided_agreement_hash(const struct router *router)
{
    bool agreed = router->decider != NULL && router->decider->agreed;
    return agreed ? sl_bytes(router->decider->hash, SL_HASH_SIZE) : sl_bytes(NULL, 0);
}

/* Nobody is on a list here. */
struct core_open decided_open(const struct router *router)
{
    (void)router;
    return (struct core_open){0};
}

/* Two houses, a piece each: what the first one is listed for came with the first event. */
void decided_list(struct router *router, int participant, uint32_t after, struct core_list *out)
{
    static const uint8_t subjects[2][SL_PSEUDONYM_SIZE] = {{1}, {2}};
    static const struct core_line open = {.outcome = CORE_OVERDUE,
                                          .event = {.number = 1},
                                          .to = "ncg",
                                          .role = SL_JOINT_TEAM,
                                          .what = "receipt",
                                          .due = 1612256400000};
    static const struct core_listed houses[] = {{subjects[0], 1, 1, "acute", &open, 1},
                                                {subjects[1], 4, 0, "complex", NULL, 0}};
    (void)router;
    (void)participant;
    *out = (struct core_list){&houses[after], 1, after == 0 ? 1 : 0};
}

void decided_image(struct router *router, struct image *image)
{
    if (router->decider == NULL)
        image->failed = true;
    else
        IMAGE(image, *router->decider);
}

void decided_free(struct router *router)
{
    free(router->decider);
    router->decider = NULL;
}

#endif
