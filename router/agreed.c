/*
 * What was agreed, and by whom: the setup against what the journal says already. A version that
 * comes into force later waits here, and the journal has it from its moment on; until then a new
 * start, or another file, is free to bring in another one.
 */
#include <stdlib.h>
#include <string.h>

#include "router/approval.h"
#include "router/decided.h"
#include "router/state.h"

struct agreed_later {
    struct sl_buffer text;
    struct sl_buffer name;
    struct sl_buffer approvals[APPROVALS]; /* packed; empty: not wanted */
    int64_t at;
};

/* What a record of the journal is made from. */
struct agreed {
    const char *name; /* for messages */
    struct sl_bytes text;
    uint8_t hash[SL_HASH_SIZE];
    Samenloop__V1__Approval *approvals[APPROVALS];
    size_t approval_count;
    uint32_t roles[SL_MAX_PARTICIPANTS]; /* in the directory's order */
    const struct sl_directory *directory;
};

void agreed_roles(struct router *router, const Samenloop__V1__JournalAgreement *record)
{
    memset(router->roles, 0, sizeof router->roles);
    for (size_t i = 0; i < record->n_participants; i++) {
        const Samenloop__V1__Participant *one = record->participants[i];
        for (size_t k = 0; k < one->n_roles; k++)
            router->roles[router_place(router, sl_from_pb(one->name))] |= 1u << one->roles[k];
    }
}

int agreed_again(struct router *router, const Samenloop__V1__JournalAgreement *record,
                 struct sl_error *error)
{
    struct decided decided = {0};
    for (size_t i = 0; i < record->n_participants; i++) {
        if (router_add_place(router, sl_from_pb(record->participants[i]->name)) < 0)
            return sl_fail(error, SL_DAMAGED, "journal: an agreement of too many participants");
    }
    if (decided_agreement(router, "journal", record, &decided, error) < 0)
        return -1;
    agreed_roles(router, record);
    return 0;
}

/* Gives everybody of the directory a place, behind those that the journal has named. */
static int place_participants(struct router *router, const struct router_setup *setup,
                              struct sl_error *error)
{
    for (size_t i = 0; i < setup->directory->count; i++) {
        if (router_add_place(router, sl_text(setup->directory->participants[i].name)) < 0)
            return sl_fail(error, SL_CONFIGURATION,
                           "more than %d participants, with those that "
                           "the journal names",
                           SL_MAX_PARTICIPANTS);
    }
    return 0;
}

/* ---------------------------------------------------------------- the record */

/* Does the journal say already what this record would? */
static bool holds(const struct router *router, const struct agreed *agreed)
{
    uint32_t roles[SL_MAX_PARTICIPANTS] = {0};
    if (!sl_bytes_equal(decided_agreement_hash(router),
                        sl_bytes(agreed->hash, sizeof agreed->hash)))
        return false;
    for (size_t i = 0; i < agreed->directory->count; i++)
        roles[router_place(router, sl_text(agreed->directory->participants[i].name))] |=
            agreed->roles[i];
    return memcmp(roles, router->roles, sizeof roles) == 0;
}

struct naming {
    Samenloop__V1__Participant participant;
    Samenloop__V1__Role roles[SL_ROLES];
};

static void describe(const struct agreed *agreed, Samenloop__V1__JournalAgreement *record,
                     struct naming *namings, Samenloop__V1__Participant **list)
{
    for (size_t i = 0; i < agreed->directory->count; i++) {
        Samenloop__V1__Participant *one = &namings[i].participant;
        *one = (Samenloop__V1__Participant)SAMENLOOP__V1__PARTICIPANT__INIT;
        one->name = sl_to_pb(sl_text(agreed->directory->participants[i].name));
        one->roles = namings[i].roles;
        for (int role = SL_BACK_OFFICE; role < SL_ROLES; role++) {
            if ((agreed->roles[i] & (1u << role)) != 0)
                one->roles[one->n_roles++] = (Samenloop__V1__Role)role;
        }
        list[i] = one;
    }
    record->hash = sl_to_pb(sl_bytes(agreed->hash, sizeof agreed->hash));
    record->text = sl_to_pb(agreed->text);
    record->n_participants = agreed->directory->count;
    record->participants = list;
}

/* It holds from now on, in the core and in the journal. */
static int record(struct router *router, struct agreed *agreed, struct sl_error *error)
{
    Samenloop__V1__JournalAgreement message = SAMENLOOP__V1__JOURNAL_AGREEMENT__INIT;
    Samenloop__V1__Participant *list[SL_MAX_PARTICIPANTS];
    struct naming namings[SL_MAX_PARTICIPANTS];
    struct decided decided = {0};
    describe(agreed, &message, namings, list);
    message.at = router->at;
    message.n_approvals = agreed->approval_count;
    message.approvals = agreed->approvals;
    if (decided_agreement(router, agreed->name, &message, &decided, error) < 0)
        return -1;
    agreed_roles(router, &message);
    message.n_queued = decided.queued_count;
    message.queued = decided.queued;
    if (router_record(router, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_AGREEMENT, &message.base,
                      sl_bytes(NULL, 0), error) < 0)
        return router_fail(router, error); /* the core knows it, the journal does not */
    return 0;
}

/* ---------------------------------------------------------------- one that waits */

static struct agreed_later *later_new(const struct agreed *agreed, int64_t at)
{
    struct agreed_later *later = sl_new(1, sizeof *later);
    sl_buffer_add_bytes(&later->text, agreed->text);
    sl_buffer_add(&later->name, agreed->name, strlen(agreed->name) + 1);
    for (size_t i = 0; i < agreed->approval_count; i++)
        sl_buffer_pack(&later->approvals[i], &agreed->approvals[i]->base);
    later->at = at;
    return later;
}

static void later_free(struct agreed_later *later)
{
    if (later == NULL)
        return;
    sl_buffer_free(&later->text);
    sl_buffer_free(&later->name);
    for (size_t i = 0; i < APPROVALS; i++)
        sl_buffer_free(&later->approvals[i]);
    free(later);
}

void agreed_free(struct router *router)
{
    later_free(router->later);
    router->later = NULL;
}

int64_t agreed_wake(const struct router *router)
{
    return router->later == NULL ? INT64_MAX : router->later->at;
}

int agreed_time(struct router *router, struct sl_error *error)
{
    struct agreed_later *later = router->later;
    if (later == NULL || later->at > router->at)
        return 0;
    struct agreed agreed = {.name = (const char *)later->name.data,
                            .text = sl_buffer_bytes(&later->text),
                            .directory = router->directory};
    sl_sha256(router->crypto, agreed.hash, &agreed.text, 1);
    sl_arena_clear(&router->arena);
    for (size_t i = 0; i < APPROVALS && later->approvals[i].size > 0; i++)
        agreed.approvals[agreed.approval_count++] = (Samenloop__V1__Approval *)sl_arena_unpack(
            &router->arena, &samenloop__v1__approval__descriptor,
            sl_buffer_bytes(&later->approvals[i]));
    for (size_t i = 0; i < router->directory->count; i++)
        agreed.roles[i] =
            router->roles[router_place(router, sl_text(router->directory->participants[i].name))];
    int result = record(router, &agreed, error);
    agreed_free(router);
    return result;
}

/* ---------------------------------------------------------------- brought in */

static int take_approvals(struct router *router, const struct router_setup *setup,
                          struct agreed *agreed, struct sl_error *error)
{
    for (size_t i = 0; setup->approvals != NULL && i < APPROVALS; i++) {
        Samenloop__V1__Approval *one = approval_read(&router->arena, setup->approvals[i],
                                                     setup->directory, approval_participants[i],
                                                     agreed->hash, router->moment.now, error);
        if (one == NULL)
            return sl_fail_at(error, "%s", setup->agreement_name);
        agreed->approvals[agreed->approval_count++] = one;
    }
    return 0;
}

/*
 * A text that does not hold yet: can it be read, have both approved it, and from when on? One that
 * must wait leaves `agreed` with the text that holds, for the participants may have changed.
 */
static int take_version(struct router *router, const struct router_setup *setup,
                        struct agreed *agreed, struct agreed_later **later, struct sl_error *error)
{
    int64_t at = 0;
    struct sl_bytes holding = decided_agreement_hash(router);
    if (decided_in_force(&at, setup->agreement_name, setup->agreement, error) < 0 ||
        take_approvals(router, setup, agreed, error) < 0)
        return -1;
    if (at <= router->at || holding.size == 0)
        return 0;
    *later = later_new(agreed, at);
    agreed->approval_count = 0;
    agreed->text = decided_agreement_text(router);
    memcpy(agreed->hash, holding.data, sizeof agreed->hash);
    return 0;
}

int agreed_bring_in(struct router *router, const struct router_setup *setup, struct sl_error *error)
{
    struct agreed agreed = {
        .name = setup->agreement_name, .text = setup->agreement, .directory = setup->directory};
    struct agreed_later *later = NULL;
    if (place_participants(router, setup, error) < 0)
        return -1;
    memcpy(agreed.roles, setup->roles, setup->directory->count * sizeof *agreed.roles);
    sl_sha256(router->crypto, agreed.hash, &setup->agreement, 1);
    sl_arena_clear(&router->arena);
    int result = 0;
    if (!sl_bytes_equal(decided_agreement_hash(router), sl_bytes(agreed.hash, sizeof agreed.hash)))
        result = take_version(router, setup, &agreed, &later, error);
    if (result == 0 && !holds(router, &agreed))
        result = router->full ? sl_fail(error, SL_OVERLOAD, "the router's disk is full")
                              : record(router, &agreed, error);
    if (result < 0) {
        later_free(later);
        return -1;
    }
    agreed_free(router);
    router->later = later;
    router->directory = setup->directory;
    return 0;
}
