#include "router/intake.h"

#include <assert.h>
#include <string.h>

#include "schemas/check.h"
#include "schemas/limits.h"

/* The signature, by one of the sender's own keys that was valid at some moment since the events
 * were recorded: a batch may have waited in an outbox for longer than its key is valid, and an
 * event in the back office for longer than there is this key. */
static int check_bundle(const struct intake *intake, struct sl_crypto *crypto,
                        const Samenloop__V1__Bundle *bundle, int64_t recorded_at, sl_hash *leaves,
                        struct sl_error *error)
{
    int signer = -1;
    int64_t from = recorded_at > 0 && recorded_at < intake->now ? recorded_at : intake->now;
    if (sl_bundle_verify(crypto, intake->directory, bundle, from, intake->now, leaves, &signer,
                         error) < 0)
        return -1;
    if (signer != intake->participant)
        return sl_fail(error, SL_BAD_SIGNATURE, "signed by %s, sent by %s",
                       intake->directory->participants[signer].name,
                       intake->directory->participants[intake->participant].name);
    return 0;
}

/* urn:nld:oin:<OIN>:systeem:<name>, with the sender's own OIN. */
static int check_source(const struct sl_participant *sender, struct sl_bytes source,
                        struct sl_error *error)
{
    char wanted[64];
    int size = snprintf(wanted, sizeof wanted, "urn:nld:oin:%s:systeem:", sender->oin);
    if (size < 0 || source.size <= (size_t)size || memcmp(source.data, wanted, (size_t)size) != 0)
        return sl_fail(error, SL_SOURCE_MISMATCH, "source: must begin with %s", wanted);
    return 0;
}

static int check_header(const struct sl_participant *sender, const Samenloop__V1__Header *header,
                        const struct sl_type **type, struct sl_error *error)
{
    int result = sl_header_check(header, sender->name, type, error);
    if (result < 0 && error->code == SL_UNKNOWN_TYPE)
        return -1;
    struct sl_error first = {0}; /* the source comes before all else but the type */
    if (check_source(sender, sl_from_pb(header->source), &first) < 0) {
        *error = first;
        return -1;
    }
    return result;
}

static int check_time(const struct intake *intake, const Samenloop__V1__Header *header,
                      struct sl_error *error)
{
    if (header->recorded_at < intake->in_force)
        return sl_fail(error, SL_TIME_WINDOW, "time: before the agreement came into force");
    if (header->recorded_at > intake->now + intake->future_tolerance)
        return sl_fail(error, SL_TIME_WINDOW, "time: in the future");
    return 0;
}

/* Who could choose a lane would have what is ordinary go before what is acute. A correction or
 * withdrawal may go with its original, and which one that is the journal knows. */
static int check_lane(const struct intake *intake, const struct sl_type *type,
                      struct sl_error *error)
{
    enum sl_lane own = sl_type_lane(type);
    return intake->lane == own || type->original
               ? 0
               : sl_fail(error, SL_WRONG_LANE,
                         "lane: %s goes in the %s lane, it came in the %s one", type->name,
                         sl_lane_name(own), sl_lane_name(intake->lane));
}

/* What was signed and sealed; the few bytes of form around it do not count. */
static size_t size_of(const Samenloop__V1__Envelope *envelope)
{
    size_t size = envelope->header.len;
    for (size_t i = 0; i < envelope->n_sections; i++) {
        const Samenloop__V1__SealedSection *section = envelope->sections[i];
        for (size_t k = 0; k < section->n_ciphertexts; k++)
            size += section->ciphertexts[k]->sealed.len;
    }
    return size;
}

static int check_event(const struct intake *intake, struct sl_crypto *crypto,
                       const Samenloop__V1__Envelope *envelope, struct intake_event *event)
{
    struct sl_error *error = &event->error;
    if (event->header == NULL)
        return sl_fail(error, SL_MALFORMED, "the header is none");
    if (size_of(envelope) > SL_MAX_SEALED)
        return sl_fail(error, SL_TOO_LARGE, "an event has at most %d bytes, %d when sealed",
                       SL_MAX_EVENT, SL_MAX_SEALED);
    if (sl_envelope_check(crypto, event->header, envelope, true, error) < 0)
        return -1;
    const struct sl_participant *sender = &intake->directory->participants[intake->participant];
    if (check_header(sender, event->header, &event->type, error) < 0)
        return -1;
    if (check_time(intake, event->header, error) < 0)
        return -1;
    return check_lane(intake, event->type, error);
}

/* A set of the batch's events by id and source: an event's index + 1, open addressing. */
enum { SEEN_BITS = 12, SEEN = 1 << SEEN_BITS };
static_assert(SEEN >= 4 * SL_MAX_BATCH, "few of a batch meet in one place");

static bool is_again(uint16_t *seen, const struct intake_event *events, size_t index)
{
    struct sl_bytes id = sl_from_pb(events[index].header->event_id);
    struct sl_bytes source = sl_from_pb(events[index].header->source);
    /* All of the id: those that carry a moment or a counter differ in some bytes only. */
    uint64_t mixed = (sl_get64(id.data) ^ sl_get64(id.data + 8)) * 0x9e3779b97f4a7c15u;
    size_t at = (size_t)(mixed >> (64 - SEEN_BITS));
    for (; seen[at] != 0; at = (at + 1) % SEEN) {
        const Samenloop__V1__Header *other = events[seen[at] - 1].header;
        if (sl_bytes_equal(id, sl_from_pb(other->event_id)) &&
            sl_bytes_equal(source, sl_from_pb(other->source)))
            return true;
    }
    seen[at] = (uint16_t)(index + 1);
    return false;
}

enum intake_answer intake_judge(const struct intake *intake, struct sl_crypto *crypto,
                                struct sl_arena *arena, const Samenloop__V1__Bundle *bundle,
                                sl_hash *leaves, struct intake_event *events)
{
    struct sl_error whole = {0};
    int owner = -1;
    if (sl_directory_card(intake->directory, sl_from_pb(bundle->proof->card), &owner) == NULL)
        return INTAKE_LATER;
    for (size_t i = 0; i < bundle->n_envelopes; i++) {
        events[i] = (struct intake_event){.header = (const Samenloop__V1__Header *)sl_arena_unpack(
                                              arena, &samenloop__v1__header__descriptor,
                                              sl_from_pb(bundle->envelopes[i]->header))};
    }
    int64_t recorded_at = events[0].header == NULL ? 0 : events[0].header->recorded_at;
    bool good = check_bundle(intake, crypto, bundle, recorded_at, leaves, &whole) == 0;
    for (size_t i = 0; !good && i < bundle->n_envelopes; i++) /* for the record of what came */
        sl_merkle_leaf(crypto, leaves[i], sl_from_pb(bundle->envelopes[i]->header));
    uint16_t seen[SEEN] = {0};
    for (size_t i = 0; i < bundle->n_envelopes; i++) {
        if (!good)
            events[i].error = whole;
        else if (check_event(intake, crypto, bundle->envelopes[i], &events[i]) == 0 &&
                 is_again(seen, events, i))
            (void)sl_fail(&events[i].error, SL_MALFORMED, "an id twice in one batch");
    }
    return INTAKE_JUDGED;
}
