#include "adapters/opening.h"

#include <stdlib.h>
#include <string.h>

#include "adapters/house.h"
#include "schemas/check.h"
#include "schemas/cloudevent.h"

struct opening {
    struct sl_mac *pseudonym; /* NULL: a municipality has no key */
    size_t count;
    struct sl_opener openers[ADAPTER_MAX_SEALING_KEYS];
};

struct opening *opening_new(const struct samenloop *house)
{
    struct opening *opening = sl_new(1, sizeof *opening);
    opening->count = house->setup.sealing_key_count;
    if (house->setup.pseudonym_key != NULL)
        opening->pseudonym = sl_mac_new(house->setup.pseudonym_key);
    for (size_t i = 0; i < opening->count; i++)
        sl_opener_init(&opening->openers[i], house->setup.sealing_keys[i]);
    return opening;
}

void opening_free(struct opening *opening)
{
    if (opening == NULL)
        return;
    for (size_t i = 0; i < opening->count; i++)
        sl_opener_free(&opening->openers[i]);
    sl_mac_free(opening->pseudonym);
    free(opening);
}

/* A bundle of the frame, once it is verified. */
struct verified {
    bool tried;
    struct sl_error error; /* SL_OK: good */
    int publisher;
    struct sl_path *paths; /* an envelope each */
};

/* One frame being opened. */
struct frame {
    struct samenloop *house;
    const Samenloop__V1__Deliver *deliver;
    struct verified *bundles;
};

/* One delivery being opened. */
struct parcel {
    const Samenloop__V1__Delivery *delivery;
    const Samenloop__V1__Bundle *bundle;
    const Samenloop__V1__Envelope *envelope;
    const struct verified *verified;
    Samenloop__V1__Header *header;
    struct sl_bytes sections[SL_SECTIONS];
    uint32_t present;
};

/* The signature was made after this event was recorded and before it was accepted. */
static void verify(struct frame *frame, const struct parcel *parcel, struct verified *out)
{
    struct samenloop *house = frame->house;
    struct sl_arena *arena = &house->frames;
    const Samenloop__V1__Bundle *bundle = parcel->bundle;
    int64_t until = parcel->delivery->accepted_at;
    int64_t recorded_at = parcel->header == NULL ? until : parcel->header->recorded_at;
    int64_t from = recorded_at < until ? recorded_at : until;
    size_t count = bundle->n_envelopes;
    sl_hash *leaves = sl_arena_alloc(arena, count * sizeof *leaves);
    uint32_t *indices = sl_arena_alloc(arena, count * sizeof *indices);
    out->tried = true;
    out->paths = sl_arena_alloc(arena, count * sizeof *out->paths);
    if (leaves == NULL || indices == NULL || out->paths == NULL) {
        (void)sl_fail(&out->error, SL_TOO_LARGE, "the frame's bundles are too large");
        return;
    }
    for (size_t i = 0; i < count; i++)
        indices[i] = bundle->envelopes[i]->index;
    if (sl_bundle_verify(house->crypto, house->setup.directory, bundle, from, until, leaves,
                         &out->publisher, &out->error) < 0)
        return;
    if (sl_merkle_paths(house->crypto, out->paths, (const sl_hash *)leaves, bundle->proof->size,
                        indices, count, sl_from_pb(bundle->proof->nodes)) < 0)
        (void)sl_fail(&out->error, SL_BAD_SIGNATURE, "the bundle's proof does not fit its events");
}

/* Does the source belong to this organisation: urn:nld:oin:<OIN>:systeem:<name>? */
static int check_source(const Samenloop__V1__Header *header, const struct sl_participant *publisher,
                        struct sl_error *error)
{
    struct sl_bytes source = sl_from_pb(header->source);
    const struct sl_bytes wanted[] = {sl_text("urn:nld:oin:"), sl_text(publisher->oin),
                                      sl_text(":systeem:")};
    bool good = true;
    for (size_t i = 0; good && i < sizeof wanted / sizeof wanted[0]; i++) {
        size_t size = wanted[i].size;
        good = source.size > size && memcmp(source.data, wanted[i].data, size) == 0;
        source = sl_bytes(source.data + (good ? size : 0), source.size - (good ? size : 0));
    }
    if (good)
        return 0;
    return sl_fail(error, SL_SOURCE_MISMATCH, "the event's source is not who signed it");
}

/* This organisation's opener for a section; NULL: it was sealed to others. */
static struct sl_opener *opener_for(struct opening *opening, const Samenloop__V1__Bundle *bundle,
                                    const Samenloop__V1__SealedSection *section)
{
    for (size_t i = 0; i < section->n_ciphertexts; i++) {
        uint32_t index = section->ciphertexts[i]->encapsulation;
        if (index >= bundle->proof->n_encapsulations)
            continue;
        struct sl_bytes recipient = sl_from_pb(bundle->proof->encapsulations[index]->recipient);
        for (size_t k = 0; k < opening->count; k++) {
            if (sl_bytes_equal(recipient, sl_bytes(opening->openers[k].public_key, SL_KEY_SIZE)))
                return &opening->openers[k];
        }
    }
    return NULL;
}

/* The origin may have been sealed to others (a municipality is told of an event whose type does not
 * go there); any other section that the router disclosed is ours to read. */
static int open_sections(struct samenloop *house, struct parcel *parcel, struct sl_error *error)
{
    for (size_t i = 0; i < parcel->envelope->n_sections; i++) {
        const Samenloop__V1__SealedSection *section = parcel->envelope->sections[i];
        struct sl_opener *opener = opener_for(house->opening, parcel->bundle, section);
        if (opener == NULL && section->section == SAMENLOOP__V1__SECTION__SECTION_ORIGIN)
            continue;
        if (opener == NULL)
            return sl_fail(error, SL_SEALED_WRONGLY, "section %s is sealed to others",
                           sl_section_name((enum sl_section)section->section));
        if (sl_section_open(opener, house->crypto, &house->parcel, parcel->bundle->proof,
                            parcel->envelope, sl_from_pb(parcel->header->event_id), section,
                            &parcel->sections[section->section], error) < 0)
            return -1;
        parcel->present |= sl_section_bit((enum sl_section)section->section);
    }
    return 0;
}

/* Does the publisher's BAG number belong to its pseudonym? Who has no key must believe it. */
static int check_house(const struct opening *opening, const struct sl_event *event,
                       struct sl_error *error)
{
    uint8_t pseudonym[SL_PSEUDONYM_SIZE];
    if (opening->pseudonym == NULL || event->subject[0] == '\0')
        return 0;
    sl_pseudonym(opening->pseudonym, pseudonym, sl_text(event->subject));
    if (sl_bytes_equal(sl_bytes(pseudonym, sizeof pseudonym), sl_from_pb(event->header.subject)))
        return 0;
    return sl_fail(error, SL_SUBJECT_INVALID, "the origin names another house than the header");
}

/* What the publisher should have refused is not handed to a back office. */
static int check_sections(struct samenloop *house, const struct parcel *parcel,
                          const struct sl_event *event, struct sl_error *error)
{
    for (int i = SL_LOCATION; i < SL_ORIGIN; i++) {
        const char *field = "";
        if ((parcel->present & sl_section_bit((enum sl_section)i)) != 0 &&
            sl_section_check(&house->parcel, event->type, (enum sl_section)i, parcel->sections[i],
                             event->subject, &field, error) < 0)
            return sl_fail_at(error, "section %s", sl_section_name((enum sl_section)i));
    }
    return 0;
}

/* Verifies and opens the event behind a delivery. */
static int open_event(struct frame *frame, struct parcel *parcel, struct sl_event *event,
                      struct sl_error *error)
{
    struct samenloop *house = frame->house;
    const struct sl_type *type = NULL;
    struct verified *verified = &frame->bundles[parcel->delivery->bundle];
    parcel->bundle = frame->deliver->bundles[parcel->delivery->bundle];
    parcel->envelope = parcel->bundle->envelopes[parcel->delivery->envelope];
    parcel->verified = verified;
    parcel->header = (void *)sl_arena_unpack(&house->parcel, &samenloop__v1__header__descriptor,
                                             sl_from_pb(parcel->envelope->header));
    if (!verified->tried)
        verify(frame, parcel, verified);
    *error = verified->error;
    if (error->code != SL_OK)
        return -1;
    const struct sl_participant *publisher =
        &house->setup.directory->participants[verified->publisher];
    if (parcel->header == NULL)
        return sl_fail(error, SL_MALFORMED, "a header that is none");
    if (sl_header_check(parcel->header, publisher->name, &type, error) < 0 ||
        check_source(parcel->header, publisher, error) < 0 ||
        sl_envelope_check(house->crypto, parcel->header, parcel->envelope, false, error) < 0 ||
        open_sections(house, parcel, error) < 0)
        return -1;
    if (sl_event_opened(event, &house->parcel, parcel->header, parcel->sections, parcel->present,
                        error) < 0 ||
        check_house(house->opening, event, error) < 0)
        return -1;
    return check_sections(house, parcel, event, error);
}

/* The proof of this event alone. */
static void prove(const struct parcel *parcel, Samenloop__V1__BatchProof *out)
{
    const struct sl_path *path = &parcel->verified->paths[parcel->delivery->envelope];
    *out = *parcel->bundle->proof;
    out->nodes = sl_to_pb(sl_bytes(path->nodes, path->count * SL_HASH_SIZE));
}

static int keep_event(struct samenloop *house, const struct parcel *parcel,
                      const struct sl_event *event, struct sl_error *error)
{
    Samenloop__V1__InboxDelivery kept = SAMENLOOP__V1__INBOX_DELIVERY__INIT;
    Samenloop__V1__InboxContent content = SAMENLOOP__V1__INBOX_CONTENT__INIT;
    Samenloop__V1__OpenedSection opened[SL_SECTIONS];
    Samenloop__V1__OpenedSection *sections[SL_SECTIONS];
    Samenloop__V1__BatchProof proof;
    char bag_id[SL_BAG_SIZE + 1];
    prove(parcel, &proof);
    kept.delivery = (Samenloop__V1__Delivery *)(uintptr_t)parcel->delivery;
    kept.header = parcel->envelope->header;
    kept.card = parcel->bundle->proof->card;
    kept.proof = &proof;
    kept.index = parcel->envelope->index;
    kept.at = house->moment.now;
    content.sections = sections;
    for (int i = SL_LOCATION; i < SL_SECTIONS; i++) {
        if ((parcel->present & sl_section_bit((enum sl_section)i)) == 0)
            continue;
        Samenloop__V1__OpenedSection *section = &opened[content.n_sections];
        samenloop__v1__opened_section__init(section);
        section->section = (Samenloop__V1__Section)i;
        section->content = sl_to_pb(parcel->sections[i]);
        sections[content.n_sections++] = section;
    }
    content.id = sl_to_pb(event->id);
    if (event->subject[0] != '\0')
        content.subject = sl_to_pb(sl_text(event->subject));
    else if (houses_bag_id(house->known.houses, parcel->header->subject.data, bag_id))
        content.subject = sl_to_pb(sl_text(bag_id));
    return inbox_deliver(house->inbox, &kept, parcel->header, &content, error);
}

static bool is_erasure(const Samenloop__V1__Delivery *delivery)
{
    return delivery->kind == SAMENLOOP__V1__DELIVERY_KIND__DELIVERY_KIND_ERASURE;
}

/* A checkpoint or an erasure, which has no event behind it. A head is kept before it is noted:
 * after a crash in between it comes once more. */
static int keep_word(struct samenloop *house, const Samenloop__V1__Delivery *delivery,
                     struct sl_error *error)
{
    Samenloop__V1__InboxDelivery kept = SAMENLOOP__V1__INBOX_DELIVERY__INIT;
    Samenloop__V1__InboxContent content = SAMENLOOP__V1__INBOX_CONTENT__INIT;
    char bag_id[SL_BAG_SIZE + 1];
    for (size_t i = 0; is_erasure(delivery) && i < delivery->n_subjects; i++) {
        if (houses_bag_id(house->known.houses, delivery->subjects[i].data, bag_id))
            content.subject = sl_to_pb(sl_text(bag_id)); /* until the back office has it */
    }
    if (delivery->checkpoint != NULL &&
        heads_take(house->heads, inbox_journal(house->inbox), delivery->checkpoint, error) < 0)
        return -1;
    kept.delivery = (Samenloop__V1__Delivery *)(uintptr_t)delivery;
    kept.at = house->moment.now;
    return inbox_deliver(house->inbox, &kept, NULL, &content, error);
}

/*
 * Makes the content go. The notice is on stable storage before, for afterwards nothing here tells
 * which house it was; after a crash or a failure in between the erasure comes again, for it was not
 * answered, and is made again.
 */
static int carry_out(struct samenloop *house, const Samenloop__V1__Delivery *delivery,
                     struct sl_error *error)
{
    for (size_t i = 0; i < delivery->n_subjects; i++) {
        const uint8_t *subject = delivery->subjects[i].data;
        if (inbox_sync(house->inbox, error) < 0 ||
            outbox_erase(house->outbox, subject, error) < 0 ||
            inbox_erase(house->inbox, subject, delivery->journal_number, error) < 0)
            return -1;
    }
    return 0;
}

/* Does an event of one of its houses wait for the router's answer? It would be sent once more, and
 * its content with it. 1: it does; -1. */
static int waits(struct samenloop *house, const Samenloop__V1__Delivery *delivery,
                 struct sl_error *error)
{
    int result = 0;
    for (size_t i = 0; result == 0 && i < delivery->n_subjects; i++)
        result = outbox_waits_about(house->outbox, delivery->subjects[i].data, error);
    return result;
}

static bool is_of_an_event(const Samenloop__V1__Delivery *delivery)
{
    return delivery->kind == SAMENLOOP__V1__DELIVERY_KIND__DELIVERY_KIND_EVENT ||
           delivery->kind == SAMENLOOP__V1__DELIVERY_KIND__DELIVERY_KIND_INSTRUCTION ||
           delivery->kind == SAMENLOOP__V1__DELIVERY_KIND__DELIVERY_KIND_NOTICE;
}

static int behind(struct samenloop *house, struct client_answer *answer, const char *sentence)
{
    house->counts.behind++;
    answer->outcome = SAMENLOOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_BEHIND;
    (void)sl_fail(&answer->error, SL_BEHIND, "%s", sentence);
    return 0;
}

/* What is not an event's; -1: the disk failed. */
static int take_word(struct samenloop *house, const Samenloop__V1__Delivery *delivery, bool there,
                     struct client_answer *answer, struct sl_error *error)
{
    bool erasure = is_erasure(delivery);
    int waiting = erasure ? waits(house, delivery, error) : 0;
    if (waiting < 0)
        return -1;
    if (waiting > 0)
        return behind(house, answer, "an event of the house waits for the router's answer");
    if ((!there && keep_word(house, delivery, error) < 0) ||
        (erasure && carry_out(house, delivery, error) < 0))
        return -1;
    *(there ? &house->counts.repeated : &house->counts.delivered) += 1;
    return 0;
}

/* Takes one delivery; -1: the disk failed. What is wrong with it stands in the answer. */
static int take(struct frame *frame, const Samenloop__V1__Delivery *delivery,
                struct client_answer *answer, struct sl_error *error)
{
    struct samenloop *house = frame->house;
    enum sl_lane lane = (enum sl_lane)delivery->lane;
    struct parcel parcel = {.delivery = delivery};
    struct sl_event event;
    sl_arena_clear(&house->parcel);
    *answer = (struct client_answer){
        .lane = lane,
        .number = delivery->number,
        .attempt = delivery->attempt,
        .outcome = SAMENLOOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_DONE};
    bool there = inbox_has(house->inbox, lane, delivery->number);
    if (there && !is_erasure(delivery)) {
        house->counts.repeated++;
        return 0;
    }
    if (!there && (!inbox_takes(house->inbox, lane, delivery->number) ||
                   (delivery->previous != 0 && !inbox_has(house->inbox, lane, delivery->previous))))
        return behind(house, answer, "an earlier delivery is not in the inbox");
    if (!is_of_an_event(delivery))
        return take_word(house, delivery, there, answer, error);
    if (open_event(frame, &parcel, &event, &answer->error) < 0) {
        house->counts.failed++;
        answer->outcome = SAMENLOOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_FAILED;
        return 0;
    }
    if (keep_event(house, &parcel, &event, error) < 0)
        return -1;
    house->counts.delivered++;
    return 0;
}

int opening_take(struct samenloop *house, const Samenloop__V1__Deliver *deliver,
                 struct client_answer *answers, size_t *count, struct sl_error *error)
{
    struct frame frame = {.house = house, .deliver = deliver};
    frame.bundles = sl_new(deliver->n_bundles + 1, sizeof *frame.bundles);
    int result = 0;
    *count = 0;
    while (result == 0 && *count < deliver->n_deliveries) {
        result = take(&frame, deliver->deliveries[*count], &answers[*count], error);
        *count += result == 0;
    }
    free(frame.bundles);
    return result;
}
