#include "adapters/readers.h"

#include <string.h>

#include "adapters/names.h"
#include "schemas/check.h"

/* Adds the participants of some kinds that have a key; gives the last one that has none, or NULL.
 */
static const char *add(struct readers *out, const struct samenloop *house, int organisations)
{
    const struct sl_directory *directory = house->setup.directory;
    const char *missing = NULL;
    for (int i = 0; i < (int)directory->count && out->count < SL_MAX_RECIPIENTS; i++) {
        const struct sl_participant *participant = &directory->participants[i];
        bool wanted = i == house->self ? organisations == SL_NOBODY
                                       : ((int)participant->organisation & organisations) != 0;
        if (!wanted)
            continue;
        const struct sl_key *key = sl_participant_key(
            participant, SAMENLOOP__V1__KEY_USE__KEY_USE_SEALING, house->moment.now);
        if (key == NULL) {
            missing = participant->name;
            continue;
        }
        memcpy(out->keys[out->count], key->public_key, SL_KEY_SIZE);
        out->participants[out->count++] = i;
    }
    return missing;
}

int readers_now(struct readers *out, const struct samenloop *house, struct sl_error *error)
{
    out->count = 0;
    const char *missing = add(out, house, SL_NOBODY);
    if (missing == NULL)
        missing = add(out, house, SL_IMG | SL_NCG);
    if (missing != NULL)
        return sl_fail(error, SL_BAD_KEY_CARD,
                       "%s has no key card with a sealing key that is valid now", missing);
    (void)add(out, house, SL_MUNICIPALITY);
    return 0;
}

/* Is this the participant of the municipality that a header names: gm0014 of 0014? */
static bool is_named(const struct sl_participant *participant, const Samenloop__V1__Header *header)
{
    struct sl_bytes code = sl_header_attribute(header, "municipality");
    return code.size == 4 && participant->organisation == SL_MUNICIPALITY &&
           strncmp(participant->name, "gm", 2) == 0 && strlen(participant->name) == 6 &&
           memcmp(participant->name + 2, code.data, 4) == 0;
}

struct readers_of readers_of(struct samenloop *house, const struct readers *readers,
                             const struct sl_event *event)
{
    const Samenloop__V1__Header *original = NULL;
    const struct sl_type *type = event->type;
    struct readers_of set = {0};
    /* A correction or withdrawal goes where its original went. */
    if (type->original && event->header.causation_id.len == SL_UUID_SIZE)
        original = names_published(house, event->header.causation_id.data);
    if (original != NULL && sl_type_find(sl_from_pb(original->type)) != NULL)
        type = sl_type_find(sl_from_pb(original->type));
    for (size_t i = 0; i < readers->count; i++) {
        const struct sl_participant *reader =
            &house->setup.directory->participants[readers->participants[i]];
        bool own = readers->participants[i] == house->self;
        bool reads = reader->organisation != SL_MUNICIPALITY ||
                     (type->to_municipality && (is_named(reader, &event->header) ||
                                                (original != NULL && is_named(reader, original))));
        if (own || reads)
            set.origin |= 1u << i;
        if (!own && reads)
            set.sections |= 1u << i;
    }
    return set;
}
