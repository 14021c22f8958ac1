/*
 * What the router's machine alone costs, in microseconds of CPU an event: a bundle is checked,
 * decided on, written down, answered, delivered to the other house, and that is done. Without
 * sockets, CURVE and the routing log's file; the journal is in a folder of TMPDIR. A row a size of
 * bundle: the median of its rounds and the least; then what of the median is publications, the
 * journal with what goes out, and answers to deliveries.
 *
 *   tests/bench/router [EVENTS [SIZE]]   of each row (100,000), and the only row's bundle
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "router/router.h"
#include "schemas/envelope.h"
#include "schemas/file.h"
#include "schemas/limits.h"
#include "schemas/log/storage.h"
#include "schemas/uuid.h"
#include "schemas/wire.h"

enum { IMG, NCG, PARTIES };
enum { HOUSES = 1000, PUBLISHER = 1, RECEIVER = 2, CREDIT = 8192, ROUNDS = 100 * 1000 };

struct bench {
    struct sl_crypto *crypto;
    struct sl_directory directory;
    EVP_PKEY *signing[PARTIES];
    EVP_PKEY *sealing[PARTIES];
    struct sl_sealer sealer;
    struct sl_arena arena;
    struct sl_storage *storage;
    struct router *router;
    struct router_moment moment;
    struct sl_buffer frame;
    struct sl_buffer answer; /* of the receiver, to what came last; empty: nothing came */
    uint64_t events;         /* made so far */
    uint64_t position;       /* of the last publication */
    uint8_t ids[SL_MAX_BATCH][SL_UUID_SIZE];
    uint8_t subjects[SL_MAX_BATCH][SL_HASH_SIZE];
    struct sl_event made[SL_MAX_BATCH];
};

/* Microseconds an event of one round. */
struct spent {
    double all;
    double published;
    double synced;
    double answered;
};

static void must(bool good, const char *what)
{
    if (good)
        return;
    (void)fprintf(stderr, "%s\n", what);
    exit(1);
}

/* ---------------------------------------------------------------- two houses and a router */

static void add_key(struct sl_card *card, Samenloop__V1__KeyUse use, EVP_PKEY *key)
{
    struct sl_key *one = &card->keys[card->key_count++];
    *one = (struct sl_key){.use = use, .not_after = INT64_MAX};
    sl_key_raw(key, NULL, one->public_key);
    if (use == SAMENLOOP__V1__KEY_USE__KEY_USE_SIGNING)
        one->verifier = sl_key_public(EVP_PKEY_ED25519, one->public_key);
}

static void make_parties(struct bench *bench)
{
    static const char *const names[] = {"img", "ncg"};
    static const char *const oins[] = {"00000004164164164000", "00000004165165165000"};
    struct sl_error error = {0};
    uint8_t receivers[PARTIES][SL_KEY_SIZE];
    bench->crypto = sl_crypto_new();
    for (int i = 0; i < PARTIES; i++) {
        must(sl_directory_add(&bench->directory, names[i], oins[i], &error) == 0, error.text);
        bench->signing[i] = sl_key_new(EVP_PKEY_ED25519);
        bench->sealing[i] = sl_key_new(EVP_PKEY_X25519);
        sl_key_raw(bench->sealing[i], NULL, receivers[i]);
        struct sl_participant *participant = &bench->directory.participants[i];
        participant->cards = sl_new(1, sizeof *participant->cards);
        participant->card_count = 1;
        memset(participant->cards[0].hash, i + 1, SL_HASH_SIZE);
        add_key(&participant->cards[0], SAMENLOOP__V1__KEY_USE__KEY_USE_SIGNING, bench->signing[i]);
        add_key(&participant->cards[0], SAMENLOOP__V1__KEY_USE__KEY_USE_SEALING, bench->sealing[i]);
    }
    must(sl_sealer_init(&bench->sealer, bench->signing[NCG],
                        bench->directory.participants[NCG].cards[0].hash,
                        (const uint8_t(*)[SL_KEY_SIZE])receivers, PARTIES, &error) == 0,
         error.text);
}

static void say_hello(struct bench *bench, uint64_t connection, int participant)
{
    static uint8_t identity[SL_IDENTITY_SIZE] = "an outbox or so";
    Samenloop__V1__Hello hello = SAMENLOOP__V1__HELLO__INIT;
    hello.version = SL_WIRE_VERSION;
    hello.outbox = hello.inbox = (ProtobufCBinaryData){sizeof identity, identity};
    hello.credit = CREDIT;
    sl_buffer_clear(&bench->frame);
    sl_wire_hello(&bench->frame, &hello);
    router_frame(bench->router, connection, participant, sl_buffer_bytes(&bench->frame));
}

static void open_router(struct bench *bench, const char *folder)
{
    static const uint32_t roles[PARTIES] = {UINT32_MAX, UINT32_MAX};
    struct sl_buffer agreement = {0};
    struct sl_error error = {0};
    must(sl_storage_files(&bench->storage, folder, true, &error) == 0, error.text);
    must(sl_file_read(&agreement, "router/agreement.rules", 1 << 20, &error) == 0, error.text);
    struct router_setup setup = {.directory = &bench->directory,
                                 .roles = roles,
                                 .agreement = sl_buffer_bytes(&agreement),
                                 .agreement_name = "agreement",
                                 .journal = bench->storage};
    must(router_open(&bench->router, &setup, bench->moment, &error) == 0, error.text);
    sl_buffer_free(&agreement);
    say_hello(bench, PUBLISHER, NCG);
    say_hello(bench, RECEIVER, IMG);
    must(router_sync(bench->router, &error) == 0, error.text);
    router_sent(bench->router);
}

/* ---------------------------------------------------------------- events */

/* What the house's first event says makes it a complex one; so the others cross with all they have
 * and open no question. */
static void make_event(struct bench *bench, size_t i)
{
    static uint8_t text[400], mac[16];
    static Samenloop__V1__Attribute attributes[] = {SAMENLOOP__V1__ATTRIBUTE__INIT,
                                                    SAMENLOOP__V1__ATTRIBUTE__INIT};
    static Samenloop__V1__Attribute *lists[] = {&attributes[0], &attributes[1]};
    static const char *const words[][3] = {{"complex_case_signalled", "grounds", "acute"},
                                           {"structural_damage_found", "municipality", "0014"}};
    static const size_t sizes[][SL_SECTIONS + 1] = {
        {[SL_DOSSIER] = 60, [SL_ORIGIN] = 120},
        {[SL_LOCATION] = 80, [SL_DOSSIER] = 60, [SL_FINDINGS] = 350, [SL_ORIGIN] = 120}};
    uint64_t number = ++bench->events;
    int kind = number > HOUSES;
    struct sl_event *event = &bench->made[i];
    *event = (struct sl_event){.type = sl_type_find(sl_text(words[kind][0]))};
    memset(bench->ids[i], 7, SL_UUID_SIZE);
    sl_put64(bench->ids[i], number * 0x9e3779b97f4a7c15u);
    memset(bench->subjects[i], 0x5a, SL_HASH_SIZE);
    sl_put64(bench->subjects[i], (number % HOUSES + 1) * 0xd1342543de82ef95u);
    Samenloop__V1__Header *header = &event->header;
    samenloop__v1__header__init(header);
    header->event_id = (ProtobufCBinaryData){SL_UUID_SIZE, bench->ids[i]};
    header->source = sl_to_pb(sl_text("urn:nld:oin:00000004165165165000:systeem:bench"));
    header->type = sl_to_pb(sl_text(words[kind][0]));
    header->publisher_role = SAMENLOOP__V1__ROLE__ROLE_BACK_OFFICE;
    header->occurred_at = header->recorded_at = bench->moment.now;
    header->subject_kind = SAMENLOOP__V1__SUBJECT_KIND__SUBJECT_KIND_ADDRESS;
    header->subject = (ProtobufCBinaryData){SL_HASH_SIZE, bench->subjects[i]};
    header->content_mac = (ProtobufCBinaryData){sizeof mac, mac};
    header->n_attributes = 1;
    header->attributes = &lists[kind];
    attributes[kind].name = sl_to_pb(sl_text(words[kind][1]));
    attributes[kind].value = sl_to_pb(sl_text(words[kind][2]));
    event->readers = 1u << IMG;
    event->origin_readers = 1u << NCG;
    for (int section = 1; section <= SL_SECTIONS; section++) {
        if (sizes[kind][section] == 0)
            continue;
        event->sections[section] = sl_bytes(text, sizes[kind][section]);
        event->present |= sl_section_bit((enum sl_section)section);
    }
}

static void make_publication(struct bench *bench, size_t count)
{
    struct sl_error error = {0};
    Samenloop__V1__Publish publish = SAMENLOOP__V1__PUBLISH__INIT;
    sl_arena_clear(&bench->arena);
    for (size_t i = 0; i < count; i++)
        make_event(bench, i);
    must(sl_bundle_seal(&bench->sealer, bench->crypto, &bench->arena, bench->made, count,
                        &publish.bundle, &error) == 0,
         error.text);
    publish.lane = SAMENLOOP__V1__LANE__LANE_ORDINARY;
    publish.position = ++bench->position;
    sl_buffer_clear(&bench->frame);
    sl_wire_publish(&bench->frame, &publish);
}

/* ---------------------------------------------------------------- the other house */

struct answers {
    Samenloop__V1__DeliveryAnswer of[SL_MAX_DELIVERIES];
    Samenloop__V1__DeliveryAnswer *list[SL_MAX_DELIVERIES];
    size_t count;
};

static void add_answers(struct answers *answers, const Samenloop__V1__Deliver *deliver)
{
    for (size_t i = 0; i < deliver->n_deliveries; i++) {
        must(answers->count < SL_MAX_DELIVERIES, "more is delivered than was published");
        Samenloop__V1__DeliveryAnswer *one = &answers->of[answers->count];
        *one = (Samenloop__V1__DeliveryAnswer)SAMENLOOP__V1__DELIVERY_ANSWER__INIT;
        one->lane = deliver->deliveries[i]->lane;
        one->number = deliver->deliveries[i]->number;
        one->attempt = deliver->deliveries[i]->attempt;
        one->outcome = SAMENLOOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_DONE;
        answers->list[answers->count++] = one;
    }
}

/* Reads what the router sends, and says in one frame that the receiver has done all of it. How much
 * that is. */
static size_t take_sends(struct bench *bench)
{
    static struct answers answers;
    struct sl_error error = {0};
    size_t count = 0;
    const struct router_send *sends = router_sends(bench->router, &count);
    answers.count = 0;
    for (size_t i = 0; i < count; i++) {
        sl_arena_clear(&bench->arena);
        const Samenloop__V1__Frame *frame = sl_wire_unpack(&bench->arena, SL_WIRE_ROUTER,
                                                           sends[i].frame, &error);
        must(frame != NULL, error.text);
        must(frame->body_case != SAMENLOOP__V1__FRAME__BODY_BYE, "the router ends it");
        if (frame->body_case == SAMENLOOP__V1__FRAME__BODY_DELIVER &&
            sends[i].connection == RECEIVER)
            add_answers(&answers, frame->deliver);
    }
    Samenloop__V1__Delivered delivered = SAMENLOOP__V1__DELIVERED__INIT;
    delivered.answers = answers.list;
    delivered.n_answers = answers.count;
    delivered.credit = (uint32_t)answers.count;
    sl_buffer_clear(&bench->answer);
    sl_wire_delivered(&bench->answer, &delivered);
    return answers.count;
}

/* ---------------------------------------------------------------- measuring */

static double cpu(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec * 1e-3;
}

static double sync_once(struct bench *bench, size_t *deliveries)
{
    struct sl_error error = {0};
    double begin = cpu();
    must(router_sync(bench->router, &error) == 0, error.text);
    double spent = cpu() - begin;
    *deliveries = take_sends(bench);
    router_sent(bench->router);
    return spent;
}

/* One bundle there and done; deliveries come in frames of as many as a frame takes. */
static struct spent one_round(struct bench *bench, size_t count)
{
    struct spent spent = {0};
    size_t done = 0, deliveries = 0;
    make_publication(bench, count);
    bench->moment.now++;
    bench->moment.elapsed++;
    double begin = cpu();
    router_time(bench->router, bench->moment);
    router_frame(bench->router, PUBLISHER, NCG, sl_buffer_bytes(&bench->frame));
    spent.published = cpu() - begin;
    spent.synced = sync_once(bench, &deliveries);
    while (deliveries > 0) {
        done += deliveries;
        begin = cpu();
        router_frame(bench->router, RECEIVER, IMG, sl_buffer_bytes(&bench->answer));
        spent.answered += cpu() - begin;
        spent.synced += sync_once(bench, &deliveries);
    }
    must(done == count || bench->events <= HOUSES, "not all are delivered");
    spent.all = (spent.published + spent.synced + spent.answered) / (double)count;
    spent.published /= (double)count;
    spent.synced /= (double)count;
    spent.answered /= (double)count;
    return spent;
}

static int by_all(const void *left, const void *right)
{
    double a = ((const struct spent *)left)->all, b = ((const struct spent *)right)->all;
    return (a > b) - (a < b);
}

static void measure(struct bench *bench, size_t size, size_t events)
{
    static struct spent rounds[ROUNDS];
    size_t count = events / size < ROUNDS ? events / size : ROUNDS;
    for (size_t i = 0; i < count; i++)
        rounds[i] = one_round(bench, size);
    qsort(rounds, count, sizeof *rounds, by_all);
    const struct spent *median = &rounds[count / 2];
    (void)printf("router: bundle of %4zu: %6.2f (least %6.2f); published %6.2f, synced and sent "
                 "%6.2f, answered %6.2f us an event\n",
                 size, median->all, rounds[0].all, median->published, median->synced,
                 median->answered);
}

static void remove_folder(const char *folder)
{
    DIR *entries = opendir(folder);
    for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;)
        (void)unlinkat(dirfd(entries), entry->d_name, 0);
    if (entries != NULL)
        (void)closedir(entries);
    (void)rmdir(folder);
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {1000, 256, 64, 1};
    char folder[512];
    const char *where = getenv("TMPDIR");
    struct bench *bench = sl_new(1, sizeof *bench);
    size_t events = argc > 1 ? strtoul(argv[1], NULL, 10) : 100 * 1000;
    size_t only = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    (void)snprintf(folder, sizeof folder, "%s/bench-router-XXXXXX", where != NULL ? where : "/tmp");
    must(mkdtemp(folder) != NULL, folder);
    bench->moment = (struct router_moment){1900000000000, 1000};
    make_parties(bench);
    open_router(bench, folder);
    (void)one_round(bench, HOUSES);
    if (only > 0 && only <= SL_MAX_BATCH)
        measure(bench, only, events);
    for (size_t i = 0; only == 0 && i < sizeof sizes / sizeof sizes[0]; i++)
        measure(bench, sizes[i], sizes[i] == 1 ? events / 50 : events);
    router_close(bench->router);
    sl_storage_free(bench->storage);
    remove_folder(folder);
    return 0;
}
