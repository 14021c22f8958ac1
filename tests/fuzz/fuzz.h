/*
 * What the fuzzers share. Each file beside this one is a program of libFuzzer: it feeds one reader
 * of the contract with bytes from anywhere and checks what must hold of the result. A program makes
 * its own seeds: with FUZZ_SEEDS=FOLDER it writes them and ends. Nothing in it is random but what
 * libFuzzer does, so that an input that fails, fails again.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#define OPENSSL_SUPPRESS_DEPRECATED /* RAND_METHOD: there is no simpler way to know what comes */

#include <jansson.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/cloudevent.h"
#include "schemas/file.h"
#include "tests/json_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *count, char ***arguments);

/* Each program's own: what it needs to begin, and its seeds, told by fuzz_seed. */
static void fuzz_begin(void);
static void fuzz_seeds(void);

#define must(holds)                                                                                \
    do {                                                                                           \
        if (!(holds)) {                                                                            \
            (void)fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #holds);       \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static inline void fuzz_seed(struct sl_bytes bytes)
{
    static unsigned number;
    char path[512];
    struct sl_error error = {0};
    (void)snprintf(path, sizeof path, "%s/seed-%03u", getenv("FUZZ_SEEDS"), number++);
    must(sl_file_write(path, bytes, 0600, &error) == 0);
}

/* ---------------------------------------------------------------- chance that is none */

static uint64_t fuzz_state = 1;

/* xorshift64* */
static inline int fuzz_bytes(unsigned char *out, int size)
{
    for (int i = 0; i < size; i++) {
        fuzz_state ^= fuzz_state >> 12;
        fuzz_state ^= fuzz_state << 25;
        fuzz_state ^= fuzz_state >> 27;
        out[i] = (unsigned char)((fuzz_state * UINT64_C(2685821657736338717)) >> 56);
    }
    return 1;
}

static inline int fuzz_status(void)
{
    return 1;
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    static const RAND_METHOD method = {
        .bytes = fuzz_bytes, .pseudorand = fuzz_bytes, .status = fuzz_status};
    (void)count, (void)arguments;
    must(RAND_set_rand_method(&method) == 1);
    fuzz_begin();
    if (getenv("FUZZ_SEEDS") != NULL) {
        fuzz_seeds();
        exit(0);
    }
    return 0;
}

/* ---------------------------------------------------------------- files of the repository */

static inline void fuzz_file(struct sl_buffer *out, const char *name)
{
    char path[512];
    struct sl_error error = {0};
    const char *root = getenv("ROOT");
    (void)snprintf(path, sizeof path, "%s/%s", root == NULL ? "." : root, name);
    if (sl_file_read(out, path, 1024 * 1024, &error) < 0) {
        (void)fprintf(stderr, "%s\n", error.text);
        exit(1);
    }
}

/* ---------------------------------------------------------------- events */

/* Who hands an event over: img, ncg, and a municipality that knows every house. */
struct fuzz_door {
    struct sl_door door;
    struct sl_mac *key;
};

static inline bool fuzz_house(void *context, struct sl_bytes bag_id, uint8_t out[SL_HASH_SIZE])
{
    (void)context;
    memset(out, bag_id.data[bag_id.size - 1], SL_HASH_SIZE);
    return true;
}

static inline struct sl_door fuzz_door(const char *participant, struct sl_mac *key)
{
    struct sl_door door = {.participant = participant,
                           .oin = "00000001000000014000",
                           .publisher = sl_organisation_of(participant),
                           .now = INT64_C(1622505600000),
                           .content = key};
    if (door.publisher == SL_MUNICIPALITY) {
        door.house = fuzz_house;
    } else {
        door.pseudonym = key;
        door.oin = door.publisher == SL_IMG ? "00000004164164164000" : "00000004165165165000";
    }
    return door;
}

/* The catalogue's examples, one of each type. */
static inline json_t *fuzz_examples(void)
{
    struct sl_buffer text = {0};
    json_t *all = json_array();
    fuzz_file(&text, "tests/vectors/events.jsonl");
    for (size_t at = 0; at < text.size;) {
        const uint8_t *end = memchr(text.data + at, '\n', text.size - at);
        size_t size = end == NULL ? text.size - at : (size_t)(end - text.data) - at;
        json_t *one = json_loadb((const char *)text.data + at, size, 0, NULL);
        must(one != NULL);
        (void)json_array_append_new(all, one);
        at += size + 1;
    }
    sl_buffer_free(&text);
    return all;
}

static inline enum sl_role fuzz_role(const json_t *example)
{
    enum sl_role role = SL_BACK_OFFICE;
    const char *name = json_string_value(json_object_get(example, "role"));
    must(name == NULL || sl_role_parse(&role, sl_text(name)) == 0);
    return role;
}

/* An example as the contract has it; false: not this participant's. */
static inline bool fuzz_event(struct sl_event *out, struct sl_arena *arena, const char *participant,
                              struct sl_mac *key, const json_t *example)
{
    struct sl_door door = fuzz_door(participant, key);
    struct sl_refusal refusal = {0};
    const char *from = json_string_value(json_object_get(example, "from"));
    return strcmp(from, participant) == 0 &&
           sl_cloudevent_take(out, arena, &door, fuzz_role(example),
                              json_tree(arena, json_object_get(example, "event")), &refusal) == 0;
}

#endif
