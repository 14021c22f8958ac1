/*
 * The other side of the interoperability tests: what the clients in other languages make is read
 * here by the code that router and adapters use, and the other way round.
 *
 *   peer open KEYS WHO AT BUNDLE         verifies a bundle and opens what is sealed to WHO; says
 *                                        "from NAME", "event INDEX ID TYPE", "section NUMBER HEX"
 *   peer seal KEYS WHO AT COUNT BUNDLE   seals and signs events; says what is in them, as `open`
 *   peer cut BUNDLE OUT INDEX...         some events of a whole batch, with their nodes
 *   peer frame adapter|router FILE       reads a frame that came from that side; says its kind
 *   peer write-log FOLDER COUNT          writes a log with tree, erases each seventh record's
 *                                        content; says "root HEX"
 *   peer read-log FOLDER                 reads a log with tree; says "record NUMBER KIND HEX HEX",
 *                                        "root HEX"
 *
 * What is refused is said as "refused CODE". KEYS is a folder that `samenloop keys new` made, AT a
 * moment in ms since 1970. Exit code 0 in all these cases, 2 where something else is wrong.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "samenloop/v1/sections.pb-c.h"
#include "schemas/check.h"
#include "schemas/envelope.h"
#include "schemas/file.h"
#include "schemas/keyfile.h"
#include "schemas/log/log.h"
#include "schemas/wire.h"

enum { PATH_SIZE = 512, SEGMENT = 64 * 1024, KIND = 5 };

static const char *const names[] = {"img", "ncg", "gm0014"};
static const char *const oins[] = {"00000004164164164000", "00000004165165165000",
                                   "00000001000000014000"};
enum { NAMES = sizeof names / sizeof *names };

static _Noreturn void stop(const char *what, const struct sl_error *error)
{
    (void)fprintf(stderr, "peer: %s: %s\n", what, error == NULL ? strerror(errno) : error->text);
    exit(2);
}

static int refused(const struct sl_error *error)
{
    (void)printf("refused %s\n", sl_code_name(error->code));
    return 0;
}

static void print_hex(const char *before, struct sl_bytes bytes, const char *after)
{
    (void)printf("%s", before);
    for (size_t i = 0; i < bytes.size; i++)
        (void)printf("%02x", bytes.data[i]);
    (void)printf("%s", after);
}

static uint64_t number(const char *text)
{
    char *end = NULL;
    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' || end == text)
        stop(text, &(struct sl_error){.text = "is no number"});
    return value;
}

/* ---------------------------------------------------------------- what a participant has */

struct house {
    struct sl_crypto *crypto;
    struct sl_arena arena;
    struct sl_directory directory;
    int self;
    EVP_PKEY *signing;
    EVP_PKEY *sealing;
    int64_t at;
};

static EVP_PKEY *own_key(const char *folder, const char *who, const char *file, int type)
{
    char path[PATH_SIZE];
    uint8_t raw[SL_KEY_SIZE];
    struct sl_error error = {0};
    (void)snprintf(path, sizeof path, "%s/%s/%s", folder, who, file);
    if (sl_keyfile_read_secret(raw, path, &error) < 0)
        stop(path, &error);
    return sl_key_private(type, raw);
}

static void open_house(struct house *house, const char *folder, const char *who, const char *at)
{
    char cards[PATH_SIZE];
    char trust[PATH_SIZE];
    struct sl_buffer problems = {0};
    struct sl_error error = {0};
    *house = (struct house){.crypto = sl_crypto_new(), .at = (int64_t)number(at)};
    sl_arena_init(&house->arena, 0);
    (void)snprintf(cards, sizeof cards, "%s/cards", folder);
    (void)snprintf(trust, sizeof trust, "%s/ca.pem", folder);
    for (size_t i = 0; i < NAMES; i++) {
        if (sl_directory_add(&house->directory, names[i], oins[i], &error) < 0)
            stop(names[i], &error);
    }
    if (sl_directory_load(&house->directory, cards, trust, house->at, &problems, &error) < 0)
        stop(cards, &error);
    sl_buffer_free(&problems);
    house->self = sl_directory_find(&house->directory, who);
    if (house->self < 0)
        stop(who, &(struct sl_error){.text = "is no participant"});
    house->signing = own_key(folder, who, "signing.key", EVP_PKEY_ED25519);
    house->sealing = own_key(folder, who, "sealing.key", EVP_PKEY_X25519);
}

static void close_house(struct house *house)
{
    EVP_PKEY_free(house->signing);
    EVP_PKEY_free(house->sealing);
    sl_directory_free(&house->directory);
    sl_arena_free(&house->arena);
    sl_crypto_free(house->crypto);
}

static void read_file(struct sl_buffer *out, const char *path)
{
    struct sl_error error = {0};
    if (sl_file_read(out, path, SL_MAX_FRAME, &error) < 0)
        stop(path, &error);
}

static void write_message(const char *path, const ProtobufCMessage *message)
{
    struct sl_buffer bytes = {0};
    struct sl_error error = {0};
    sl_buffer_pack(&bytes, message);
    if (sl_file_write(path, sl_buffer_bytes(&bytes), 0644, &error) < 0)
        stop(path, &error);
    sl_buffer_free(&bytes);
}

static Samenloop__V1__Bundle *read_bundle(struct sl_arena *arena, const char *path)
{
    struct sl_buffer bytes = {0};
    read_file(&bytes, path);
    Samenloop__V1__Bundle *bundle = (void *)sl_arena_unpack(
        arena, &samenloop__v1__bundle__descriptor, sl_buffer_bytes(&bytes));
    if (bundle == NULL || bundle->proof == NULL)
        stop(path, &(struct sl_error){.text = "is no bundle"});
    sl_buffer_free(&bytes);
    return bundle;
}

/* ---------------------------------------------------------------- bundles */

static int open_event(struct house *house, struct sl_opener *opener, int signer,
                      const Samenloop__V1__Bundle *bundle, const Samenloop__V1__Envelope *envelope,
                      struct sl_error *error)
{
    const struct sl_type *type = NULL;
    const Samenloop__V1__Header *header = (const void *)sl_arena_unpack(
        &house->arena, &samenloop__v1__header__descriptor, sl_from_pb(envelope->header));
    if (header == NULL)
        return sl_fail(error, SL_MALFORMED, "a header that is none");
    if (sl_header_check(header, house->directory.participants[signer].name, &type, error) < 0 ||
        sl_envelope_check(house->crypto, header, envelope, false, error) < 0)
        return -1;
    (void)printf("event %u", envelope->index);
    print_hex(" ", sl_from_pb(header->event_id), "");
    (void)printf(" %s\n", type->name);
    for (size_t i = 0; i < envelope->n_sections; i++) {
        struct sl_bytes content = {0};
        if (sl_section_open(opener, house->crypto, &house->arena, bundle->proof, envelope,
                            sl_from_pb(header->event_id), envelope->sections[i], &content,
                            error) < 0)
            return -1;
        (void)printf("section %d", (int)envelope->sections[i]->section);
        print_hex(" ", content, "\n");
    }
    return 0;
}

static int open_bundle(char **arguments)
{
    struct house house;
    struct sl_opener opener;
    struct sl_error error = {0};
    int signer = -1;
    open_house(&house, arguments[0], arguments[1], arguments[2]);
    Samenloop__V1__Bundle *bundle = read_bundle(&house.arena, arguments[3]);
    sl_hash *leaves = sl_new(bundle->n_envelopes, sizeof *leaves);
    sl_opener_init(&opener, house.sealing);
    int result = sl_bundle_verify(house.crypto, &house.directory, bundle, house.at, house.at,
                                  leaves, &signer, &error);
    if (result == 0)
        (void)printf("from %s\n", house.directory.participants[signer].name);
    for (size_t i = 0; i < bundle->n_envelopes && result == 0; i++)
        result = open_event(&house, &opener, signer, bundle, bundle->envelopes[i], &error);
    if (result < 0)
        (void)refused(&error);
    sl_opener_free(&opener);
    free(leaves);
    close_house(&house);
    return 0;
}

/* An event with a dossier of its own; its number makes its id and the dossier's size. */
static struct sl_event make_event(struct house *house, uint64_t which)
{
    static uint8_t subject[SL_HASH_SIZE] = {1, 2, 3};
    static uint8_t mac[16] = "content";
    Samenloop__V1__Dossier dossier = SAMENLOOP__V1__DOSSIER__INIT;
    struct sl_event event = {.header = SAMENLOOP__V1__HEADER__INIT};
    struct sl_buffer packed = {0};
    char source[64];
    char *case_number = sl_new(1, (size_t)which * 40 + 2);
    uint8_t *id = sl_arena_alloc(&house->arena, SL_UUID_SIZE);
    int size = snprintf(source, sizeof source, "urn:nld:oin:%s:systeem:peer", oins[house->self]);
    memset(id, (int)which, SL_UUID_SIZE);
    memset(case_number, 'x', (size_t)which * 40 + 1);
    dossier.organisation = sl_to_pb(sl_text(names[house->self]));
    dossier.case_number = sl_to_pb(sl_text(case_number));
    sl_buffer_pack(&packed, &dossier.base);
    event.sections[SL_DOSSIER] = sl_arena_copy(&house->arena, sl_buffer_bytes(&packed));
    event.present = sl_section_bit(SL_DOSSIER);
    event.readers = 1;
    event.type = sl_type_find(sl_text("damage_claim_declined"));
    event.header.event_id = (ProtobufCBinaryData){SL_UUID_SIZE, id};
    event.header.source = sl_to_pb(sl_arena_copy(&house->arena, sl_bytes(source, (size_t)size)));
    event.header.type = sl_to_pb(sl_text(event.type->name));
    event.header.publisher_role = SAMENLOOP__V1__ROLE__ROLE_BACK_OFFICE;
    event.header.occurred_at = event.header.recorded_at = house->at;
    event.header.subject_kind = SAMENLOOP__V1__SUBJECT_KIND__SUBJECT_KIND_ADDRESS;
    event.header.subject = (ProtobufCBinaryData){sizeof subject, subject};
    event.header.content_mac = (ProtobufCBinaryData){sizeof mac, mac};
    sl_buffer_free(&packed);
    free(case_number);
    return event;
}

static int seal_bundle(char **arguments)
{
    struct house house;
    struct sl_sealer sealer;
    struct sl_error error = {0};
    struct sl_event events[SL_MAX_BATCH];
    uint8_t receiver[1][SL_KEY_SIZE];
    Samenloop__V1__Bundle *bundle = NULL;
    size_t count = (size_t)number(arguments[3]);
    open_house(&house, arguments[0], arguments[1], arguments[2]);
    int other = house.self == 0 ? 1 : 0;
    const struct sl_key *key = sl_participant_key(
        &house.directory.participants[other], SAMENLOOP__V1__KEY_USE__KEY_USE_SEALING, house.at);
    if (key == NULL || count == 0 || count > 255)
        stop("seal", &(struct sl_error){.text = "no key of the reader, or no such count"});
    memcpy(receiver[0], key->public_key, SL_KEY_SIZE);
    for (size_t i = 0; i < count; i++) {
        events[i] = make_event(&house, i);
        (void)printf("event %zu", i);
        print_hex(" ", sl_from_pb(events[i].header.event_id), "");
        (void)printf(" %s\nsection %d", events[i].type->name, SL_DOSSIER);
        print_hex(" ", events[i].sections[SL_DOSSIER], "\n");
    }
    if (sl_sealer_init(&sealer, house.signing,
                       house.directory.participants[house.self].cards[0].hash,
                       (const uint8_t(*)[SL_KEY_SIZE])receiver, 1, &error) < 0 ||
        sl_bundle_seal(&sealer, house.crypto, &house.arena, events, count, &bundle, &error) < 0)
        stop("seal", &error);
    write_message(arguments[4], &bundle->base);
    sl_sealer_free(&sealer);
    close_house(&house);
    return 0;
}

static int cut_bundle(char **arguments)
{
    struct sl_arena arena;
    struct sl_buffer nodes = {0};
    struct sl_crypto *crypto = sl_crypto_new();
    uint32_t indices[SL_MAX_BATCH];
    size_t count = 0;
    sl_arena_init(&arena, 0);
    Samenloop__V1__Bundle *bundle = read_bundle(&arena, arguments[0]);
    size_t size = bundle->n_envelopes;
    sl_hash *leaves = sl_new(size, sizeof *leaves);
    for (size_t i = 0; i < size; i++)
        sl_merkle_leaf(crypto, leaves[i], sl_from_pb(bundle->envelopes[i]->header));
    for (; arguments[2 + count] != NULL && count < size; count++) {
        indices[count] = (uint32_t)number(arguments[2 + count]);
        if (indices[count] >= size)
            stop("cut", &(struct sl_error){.text = "no such event"});
        bundle->envelopes[count] = bundle->envelopes[indices[count]]; /* indices rise */
    }
    sl_merkle_prove(crypto, (const sl_hash *)leaves, size, indices, count, &nodes);
    bundle->n_envelopes = count;
    bundle->proof->nodes = sl_to_pb(sl_buffer_bytes(&nodes));
    write_message(arguments[1], &bundle->base);
    sl_buffer_free(&nodes);
    free(leaves);
    sl_arena_free(&arena);
    sl_crypto_free(crypto);
    return 0;
}

static int read_frame(char **arguments)
{
    struct sl_arena arena;
    struct sl_buffer bytes = {0};
    struct sl_error error = {0};
    enum sl_wire_side side = strcmp(arguments[0], "adapter") == 0 ? SL_WIRE_ADAPTER
                                                                  : SL_WIRE_ROUTER;
    sl_arena_init(&arena, SL_MAX_ARENA);
    read_file(&bytes, arguments[1]);
    const Samenloop__V1__Frame *frame = sl_wire_unpack(&arena, side, sl_buffer_bytes(&bytes),
                                                       &error);
    if (frame == NULL)
        (void)refused(&error);
    else
        (void)printf("frame %s\n", sl_wire_name(frame));
    sl_buffer_free(&bytes);
    sl_arena_free(&arena);
    return 0;
}

/* ---------------------------------------------------------------- logs */

static struct sl_log *open_log(struct sl_storage **storage, const char *folder, bool writable)
{
    uint8_t identity[SL_LOG_ID_SIZE];
    struct sl_log *log = NULL;
    struct sl_error error = {0};
    struct sl_log_options options = {
        .tree = true, .read_only = !writable, .segment_bytes = SEGMENT};
    sl_random(identity, sizeof identity);
    options.identity = writable ? identity : NULL;
    if (sl_storage_files(storage, folder, writable, &error) < 0 ||
        sl_log_open(&log, *storage, "log", &options, &error) < 0)
        stop(folder, &error);
    return log;
}

static void print_root(struct sl_log *log)
{
    sl_hash root;
    sl_log_root(log, root);
    print_hex("root ", sl_bytes(root, sizeof root), "\n");
}

static int write_log(char **arguments)
{
    struct sl_storage *storage = NULL;
    struct sl_error error = {0};
    struct sl_log *log = open_log(&storage, arguments[0], true);
    uint64_t count = number(arguments[1]);
    for (uint64_t i = 1; i <= count; i++) {
        char kept[32];
        char content[900];
        int size = snprintf(kept, sizeof kept, "kept %" PRIu64, i);
        memset(content, 'a' + (int)(i % 26), sizeof content);
        struct sl_entry entry = {KIND, sl_bytes(kept, (size_t)size),
                                 sl_bytes(content, (size_t)(i * 37 % sizeof content))};
        if (sl_log_append(log, &entry, 1, NULL, &error) < 0 ||
            (i % 5 == 0 && sl_log_sync(log, &error) < 0))
            stop("write-log", &error);
    }
    if (sl_log_sync(log, &error) < 0)
        stop("write-log", &error);
    for (uint64_t i = 7; i <= count; i += 7) {
        if (sl_log_erase(log, &i, 1, &error) < 0)
            stop("write-log", &error);
    }
    print_root(log);
    sl_log_close(log);
    sl_storage_free(storage);
    return 0;
}

static int read_log(char **arguments)
{
    struct sl_storage *storage = NULL;
    struct sl_record record;
    struct sl_error error = {0};
    struct sl_log *log = open_log(&storage, arguments[0], false);
    struct sl_log_reader *reader = sl_log_reader_new(log, 1);
    int result = 1;
    while ((result = sl_log_reader_next(reader, &record, &error)) == 1) {
        (void)printf("record %" PRIu64 " %u", record.number, record.kind);
        print_hex(" ", record.kept, "");
        print_hex(" ", record.content, "\n");
    }
    if (result < 0)
        (void)refused(&error);
    else
        print_root(log);
    sl_log_reader_free(reader);
    sl_log_close(log);
    sl_storage_free(storage);
    return 0;
}

static const struct {
    const char *name;
    int arguments; /* at least */
    int (*run)(char **arguments);
} commands[] = {
    {"open", 4, open_bundle}, {"seal", 5, seal_bundle},    {"cut", 3, cut_bundle},
    {"frame", 2, read_frame}, {"write-log", 2, write_log}, {"read-log", 1, read_log},
};

int main(int count, char **arguments)
{
    for (size_t i = 0; count > 1 && i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(arguments[1], commands[i].name) == 0 && count - 2 >= commands[i].arguments)
            return commands[i].run(arguments + 2);
    }
    (void)fprintf(stderr, "peer: see the head of tests/interop/peer.c\n");
    return 2;
}
