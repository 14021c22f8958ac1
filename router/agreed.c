/* What was agreed, and by whom: the setup against what the journal says already. */
#include <string.h>

#include "router/decided.h"
#include "router/state.h"

void agreed_roles(struct router *router, const Samenloop__V1__JournalAgreement *record)
{
    memset(router->roles, 0, sizeof router->roles);
    for (size_t i = 0; i < record->n_participants; i++) {
        const Samenloop__V1__Participant *one = record->participants[i];
        for (size_t k = 0; k < one->n_roles; k++)
            router->roles[router_place(router, sl_from_pb(one->name))] |= 1u << one->roles[k];
    }
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

/* Does the journal say already what this record would? */
static bool holds(struct router *router, const Samenloop__V1__JournalAgreement *record)
{
    if (!sl_bytes_equal(decided_agreement_hash(router), sl_from_pb(record->hash)))
        return false;
    uint32_t roles[SL_MAX_PARTICIPANTS] = {0};
    for (size_t i = 0; i < record->n_participants; i++) {
        const Samenloop__V1__Participant *one = record->participants[i];
        uint32_t *of = &roles[router_place(router, sl_from_pb(one->name))];
        for (size_t k = 0; k < one->n_roles; k++)
            *of |= 1u << one->roles[k];
    }
    return memcmp(roles, router->roles, sizeof roles) == 0;
}

struct naming {
    Samenloop__V1__Participant participant;
    Samenloop__V1__Role roles[SL_ROLES];
};

/* The agreement and the participants as a record of the journal. */
static void describe(const struct router_setup *setup, Samenloop__V1__JournalAgreement *record,
                     struct naming *namings, Samenloop__V1__Participant **list)
{
    for (size_t i = 0; i < setup->directory->count; i++) {
        Samenloop__V1__Participant *one = &namings[i].participant;
        *one = (Samenloop__V1__Participant)SAMENLOOP__V1__PARTICIPANT__INIT;
        one->name = sl_to_pb(sl_text(setup->directory->participants[i].name));
        one->roles = namings[i].roles;
        for (int role = SL_BACK_OFFICE; role < SL_ROLES; role++) {
            if ((setup->roles[i] & (1u << role)) != 0)
                one->roles[one->n_roles++] = (Samenloop__V1__Role)role;
        }
        list[i] = one;
    }
    record->text = sl_to_pb(setup->agreement);
    record->n_participants = setup->directory->count;
    record->participants = list;
}

int agreed_bring_in(struct router *router, const struct router_setup *setup, struct sl_error *error)
{
    Samenloop__V1__JournalAgreement record = SAMENLOOP__V1__JOURNAL_AGREEMENT__INIT;
    Samenloop__V1__Participant *list[SL_MAX_PARTICIPANTS];
    struct naming namings[SL_MAX_PARTICIPANTS];
    uint8_t hash[SL_HASH_SIZE];
    struct decided decided = {0};
    if (place_participants(router, setup, error) < 0)
        return -1;
    sl_sha256(router->crypto, hash, &setup->agreement, 1);
    describe(setup, &record, namings, list);
    record.at = router->at;
    record.hash = sl_to_pb(sl_bytes(hash, sizeof hash));
    router->directory = setup->directory;
    if (holds(router, &record))
        return 0;
    if (router->full)
        return sl_fail(error, SL_OVERLOAD, "the router's disk is full");
    sl_arena_clear(&router->arena);
    if (decided_agreement(router, setup->agreement_name, &record, &decided, error) < 0)
        return -1;
    agreed_roles(router, &record);
    record.n_queued = decided.queued_count;
    record.queued = decided.queued;
    if (router_record(router, SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_AGREEMENT, &record.base,
                      sl_bytes(NULL, 0), error) < 0)
        return router_fail(router, error); /* the core knows it, the journal does not */
    return 0;
}
