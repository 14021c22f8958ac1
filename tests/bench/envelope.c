/*
 * What an event costs in a bundle: sealing, verifying (signature, tree, digests) and opening, in
 * microseconds of CPU an event, for a full batch, one of 64, and an event alone. An event has three
 * sections of 60 to 200 bytes and an origin; one receiver reads all, the publisher its origin.
 *
 *   tests/bench/envelope [SECONDS]      how long each line takes; 0.2 unless told
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "schemas/envelope.h"
#include "schemas/limits.h"
#include "schemas/uuid.h"

enum { OWN, OTHER, RECEIVERS };

struct bench {
    struct sl_crypto *crypto;
    struct sl_directory directory;
    EVP_PKEY *signing;
    EVP_PKEY *sealing[RECEIVERS];
    struct sl_sealer sealer;
    struct sl_opener opener;
    struct sl_arena arena;
    struct sl_arena opened;
    uint8_t ids[SL_MAX_BATCH][SL_UUID_SIZE];
    struct sl_event events[SL_MAX_BATCH];
    Samenloop__V1__Bundle *bundle;
    size_t count;
};

static void must(bool good, const char *what)
{
    if (good)
        return;
    (void)fprintf(stderr, "%s failed\n", what);
    exit(1);
}

static void make_keys(struct bench *bench)
{
    struct sl_error error = {0};
    uint8_t receivers[RECEIVERS][SL_KEY_SIZE];
    bench->crypto = sl_crypto_new();
    bench->signing = sl_key_new(EVP_PKEY_ED25519);
    must(sl_directory_add(&bench->directory, "img", "00000004164164164000", &error) == 0, "img");
    struct sl_participant *img = &bench->directory.participants[0];
    img->cards = sl_new(1, sizeof *img->cards);
    img->card_count = 1;
    struct sl_key *key = &img->cards[0].keys[img->cards[0].key_count++];
    *key = (struct sl_key){.use = SAMENLOOP__V1__KEY_USE__KEY_USE_SIGNING, .not_after = INT64_MAX};
    sl_key_raw(bench->signing, NULL, key->public_key);
    key->verifier = sl_key_public(EVP_PKEY_ED25519, key->public_key);
    for (int i = 0; i < RECEIVERS; i++) {
        bench->sealing[i] = sl_key_new(EVP_PKEY_X25519);
        sl_key_raw(bench->sealing[i], NULL, receivers[i]);
    }
    must(sl_sealer_init(&bench->sealer, bench->signing, img->cards[0].hash,
                        (const uint8_t(*)[SL_KEY_SIZE])receivers, RECEIVERS, &error) == 0,
         "sealer");
    sl_opener_init(&bench->opener, bench->sealing[OTHER]);
}

static void make_event(struct bench *bench, size_t i)
{
    static uint8_t text[200];
    static uint8_t pseudonym[SL_HASH_SIZE];
    static const struct {
        enum sl_section section;
        size_t size;
    } sections[] = {{SL_LOCATION, 100}, {SL_DOSSIER, 60}, {SL_FINDINGS, 200}, {SL_ORIGIN, 80}};
    struct sl_event *event = &bench->events[i];
    Samenloop__V1__Header *header = &event->header;
    samenloop__v1__header__init(header);
    sl_random(bench->ids[i], SL_UUID_SIZE);
    header->event_id = (ProtobufCBinaryData){SL_UUID_SIZE, bench->ids[i]};
    header->source = sl_to_pb(sl_text("urn:nld:oin:00000004164164164000:systeem:zaken"));
    header->type = sl_to_pb(sl_text("structural_damage_found"));
    header->publisher_role = SAMENLOOP__V1__ROLE__ROLE_BACK_OFFICE;
    header->occurred_at = header->recorded_at = 1612170000000;
    header->subject = (ProtobufCBinaryData){sizeof pseudonym, pseudonym};
    header->content_mac = (ProtobufCBinaryData){16, pseudonym};
    event->readers = 1u << OTHER;
    event->origin_readers = 1u << OWN;
    for (size_t k = 0; k < sizeof sections / sizeof sections[0]; k++) {
        event->sections[sections[k].section] = sl_bytes(text, sections[k].size);
        event->present |= sl_section_bit(sections[k].section);
    }
}

static void seal(struct bench *bench)
{
    struct sl_error error = {0};
    sl_arena_clear(&bench->arena);
    must(sl_bundle_seal(&bench->sealer, bench->crypto, &bench->arena, bench->events, bench->count,
                        &bench->bundle, &error) == 0,
         "sealing");
}

static void verify(struct bench *bench)
{
    static sl_hash leaves[SL_MAX_BATCH];
    struct sl_error error = {0};
    int participant = -1;
    must(sl_bundle_verify(bench->crypto, &bench->directory, bench->bundle, 1, 1, leaves,
                          &participant, &error) == 0,
         "verifying");
    for (size_t i = 0; i < bench->count; i++) {
        const Samenloop__V1__Envelope *envelope = bench->bundle->envelopes[i];
        sl_arena_clear(&bench->opened);
        const Samenloop__V1__Header *header =
            (const Samenloop__V1__Header *)(const void *)sl_arena_unpack(
                &bench->opened, &samenloop__v1__header__descriptor, sl_from_pb(envelope->header));
        must(header != NULL &&
                 sl_envelope_check(bench->crypto, header, envelope, true, &error) == 0,
             "digests");
    }
}

static void open_all(struct bench *bench)
{
    struct sl_error error = {0};
    struct sl_bytes text;
    for (size_t i = 0; i < bench->count; i++) {
        const Samenloop__V1__Envelope *envelope = bench->bundle->envelopes[i];
        sl_arena_clear(&bench->opened);
        for (size_t k = 0; k < envelope->n_sections; k++)
            must(sl_section_open(&bench->opener, bench->crypto, &bench->opened,
                                 bench->bundle->proof, envelope,
                                 sl_bytes(bench->ids[i], SL_UUID_SIZE), envelope->sections[k],
                                 &text, &error) == 0,
                 "opening");
    }
}

static double cpu(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Microseconds an event of one step, over `seconds`; before each run a bundle is there. */
static double measure(struct bench *bench, void (*step)(struct bench *), double seconds)
{
    double spent = 0;
    size_t runs = 0;
    for (; spent < seconds; runs++) {
        if (step != seal)
            seal(bench); /* another encapsulation, so that nothing is remembered */
        double begin = cpu();
        step(bench);
        spent += cpu() - begin;
    }
    return spent * 1e6 / (double)runs / (double)bench->count;
}

int main(int argc, char **argv)
{
    static const size_t counts[] = {SL_MAX_BATCH, 64, 1};
    struct bench *bench = sl_new(1, sizeof *bench);
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 0.2;
    make_keys(bench);
    for (size_t i = 0; i < SL_MAX_BATCH; i++)
        make_event(bench, i);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        bench->count = counts[i];
        double sealing = measure(bench, seal, seconds);
        double verifying = measure(bench, verify, seconds);
        double opening = measure(bench, open_all, seconds);
        (void)printf("envelope: batch of %4zu: sealing %6.2f, verifying %6.2f, opening %6.2f "
                     "us an event\n",
                     bench->count, sealing, verifying, opening);
    }
    sl_opener_free(&bench->opener);
    sl_sealer_free(&bench->sealer);
    sl_arena_free(&bench->arena);
    sl_arena_free(&bench->opened);
    sl_directory_free(&bench->directory);
    for (int i = 0; i < RECEIVERS; i++)
        EVP_PKEY_free(bench->sealing[i]);
    EVP_PKEY_free(bench->signing);
    sl_crypto_free(bench->crypto);
    free(bench);
    return 0;
}
