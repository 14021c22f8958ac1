/* img, ncg and a municipality with keys of their own, each with its adapter's machine on memory. */
#ifndef TESTS_ADAPTER_PARTIES_H
#define TESTS_ADAPTER_PARTIES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "adapters/adapter.h"
#include "schemas/limits.h"
#include "schemas/log/storage.h"
#include "schemas/uuid.h"
#include "schemas/wire.h"

enum { IMG, NCG, GM, PARTIES };
enum { SEGMENT = 64 * 1024 };

static const int64_t begin_at = 1612170000000; /* 2021-02-01T09:00:00Z */

struct parties {
    struct sl_directory directory;
    EVP_PKEY *signing[PARTIES];
    EVP_PKEY *sealing[PARTIES];
    uint8_t pseudonym_key[SL_KEY_SIZE];
    uint8_t content_key[SL_KEY_SIZE];
};

/* One adapter: its disk outlives its machine. */
struct party {
    const struct parties *parties;
    int who;
    struct sl_storage *outbox;
    struct sl_storage *inbox;
    struct samenloop *house; /* NULL: it does not run */
    struct adapter_moment moment;
    int64_t keep_ms; /* 0: for ever */
};

static inline void add_key(struct sl_card *card, Samenloop__V1__KeyUse use, EVP_PKEY *key)
{
    struct sl_key *one = &card->keys[card->key_count++];
    *one = (struct sl_key){.use = use, .not_before = 0, .not_after = INT64_MAX};
    sl_key_raw(key, NULL, one->public_key);
    if (use == SAMENLOOP__V1__KEY_USE__KEY_USE_SIGNING)
        one->verifier = sl_key_public(EVP_PKEY_ED25519, one->public_key);
}

static inline void parties_init(struct parties *parties)
{
    static const char *const names[] = {"img", "ncg", "gm0014"};
    static const char *const oins[] = {"00000004164164164000", "00000004165165165000",
                                       "00000001000000014000"};
    struct sl_error error = {0};
    *parties = (struct parties){0};
    sl_random(parties->content_key, SL_KEY_SIZE);
    for (int i = 0; i < PARTIES; i++) {
        assert_int_equal(sl_directory_add(&parties->directory, names[i], oins[i], &error), 0);
        parties->signing[i] = sl_key_new(EVP_PKEY_ED25519);
        parties->sealing[i] = sl_key_new(EVP_PKEY_X25519);
        struct sl_participant *participant = &parties->directory.participants[i];
        participant->cards = sl_new(1, sizeof *participant->cards);
        participant->card_count = 1;
        memset(participant->cards[0].hash, i + 1, SL_HASH_SIZE);
        add_key(participant->cards, SAMENLOOP__V1__KEY_USE__KEY_USE_SIGNING, parties->signing[i]);
        add_key(participant->cards, SAMENLOOP__V1__KEY_USE__KEY_USE_SEALING, parties->sealing[i]);
    }
}

static inline void parties_free(struct parties *parties)
{
    for (int i = 0; i < PARTIES; i++) {
        EVP_PKEY_free(parties->signing[i]);
        EVP_PKEY_free(parties->sealing[i]);
    }
    sl_directory_free(&parties->directory);
}

/* Starts the adapter on the disk that it has; -1 when it does not open. */
static inline int party_try(struct party *party, struct sl_error *error)
{
    const struct parties *parties = party->parties;
    struct adapter_setup setup = {
        .participant = parties->directory.participants[party->who].name,
        .directory = &parties->directory,
        .signing_key = parties->signing[party->who],
        .sealing_keys = {parties->sealing[party->who]},
        .sealing_key_count = 1,
        .pseudonym_key = party->who == GM ? NULL : parties->pseudonym_key,
        .content_key = parties->content_key,
        .outbox = party->outbox,
        .inbox = party->inbox,
        .segment_bytes = SEGMENT,
        .keep_ms = party->keep_ms,
    };
    party->moment.elapsed += 1000;
    return adapter_open(&party->house, &setup, party->moment, error);
}

static inline void party_start(struct party *party)
{
    struct sl_error error = {0};
    int result = party_try(party, &error);
    if (result < 0)
        fail_msg("%s", error.text);
}

static inline void party_init(struct party *party, const struct parties *parties, int who)
{
    *party = (struct party){.parties = parties,
                            .who = who,
                            .outbox = sl_storage_memory(),
                            .inbox = sl_storage_memory(),
                            .moment = {.now = begin_at}};
    party_start(party);
}

static inline void party_stop(struct party *party)
{
    adapter_close(party->house);
    party->house = NULL;
}

/* The power goes: of what was not synced the seed decides what is there. */
static inline void party_crash(struct party *party, uint64_t seed)
{
    struct sl_storage *outbox = sl_storage_memory_crash(party->outbox, seed);
    struct sl_storage *inbox = sl_storage_memory_crash(party->inbox, seed);
    party_stop(party);
    sl_storage_free(party->outbox);
    sl_storage_free(party->inbox);
    party->outbox = outbox;
    party->inbox = inbox;
}

static inline void party_free(struct party *party)
{
    party_stop(party);
    sl_storage_free(party->outbox);
    sl_storage_free(party->inbox);
}

static inline void party_wait(struct party *party, int64_t ms)
{
    party->moment.now += ms;
    party->moment.elapsed += ms;
    if (party->house != NULL)
        adapter_time(party->house, party->moment);
}

static inline void party_sync(struct party *party)
{
    struct sl_error error = {0};
    int result = adapter_sync(party->house, &error);
    if (result < 0)
        fail_msg("%s", error.text);
}

/* ---------------------------------------------------------------- events as JSON */

/* A type that the party may publish, in the lane asked for, about house number `house`. */
static inline void event_json(char *out, size_t size, int who, enum sl_lane lane, const char *id,
                              unsigned house, const char *more)
{
    static const char *const types[PARTIES][SL_LANES] = {
        [IMG] = {"", "acute_unsafe_dismissed", "harrowing_situation_signalled",
                 "damage_case_opened"},
        [NCG] = {"", "acute_unsafe_dismissed", "harrowing_situation_signalled",
                 "damage_claim_declined"},
        [GM] = {"", "", "", "municipality_decided"},
    };
    static const char *const oins[] = {"00000004164164164000", "00000004165165165000",
                                       "00000001000000014000"};
    int written = snprintf(
        out, size,
        "{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":\"urn:nld:oin:%s:systeem:zaken\","
        "\"type\":\"nl.samenloop.%s\",\"subject\":\"00142000%08u\",\"time\":\"2021-02-01T08:59:"
        "00Z\""
        "%s,\"data\":{\"attributes\":{\"occurred_at\":\"2021-02-01T08:00:00Z\"%s},"
        "\"dossier\":{\"organisation\":\"%s\",\"case_number\":\"Z-%s\"}}}",
        id, oins[who], types[who][lane], house, more,
        who == GM ? ",\"municipality\":\"0014\",\"decision\":\"included\""
        : lane == SL_LANE_ORDINARY && who == IMG ? ",\"procedure\":\"maatwerk\""
                                                 : "",
        who == IMG   ? "img"
        : who == NCG ? "ncg"
                     : "gm0014",
        id);
    assert_in_range(written, 1, size - 1);
}

static inline uint64_t hand_in(struct party *party, const char *json)
{
    struct samenloop_tickets tickets;
    enum samenloop_role role = strstr(json, "harrowing") != NULL ? SAMENLOOP_INCIDENT_OFFICER
                                                                 : SAMENLOOP_BACK_OFFICE;
    assert_int_equal(samenloop_publish(party->house, role, json, strlen(json), false, &tickets), 0);
    assert_int_equal(tickets.count, 1);
    return tickets.first;
}

static inline struct samenloop_answer answer_to(struct party *party, uint64_t ticket)
{
    struct samenloop_answer answer;
    assert_int_equal(samenloop_answer(party->house, ticket, &answer), 0);
    return answer;
}

/* Publishes one event and gives its answer. */
static inline struct samenloop_answer publish(struct party *party, enum sl_lane lane,
                                              const char *id, unsigned house)
{
    char json[2048];
    event_json(json, sizeof json, party->who, lane, id, house, "");
    uint64_t ticket = hand_in(party, json);
    party_sync(party);
    return answer_to(party, ticket);
}

/* Those of this test program: the setup and teardown of its group. */
static struct parties parties;

static inline int parties_begin(void **state)
{
    (void)state;
    parties_init(&parties);
    return 0;
}

static inline int parties_end(void **state)
{
    (void)state;
    parties_free(&parties);
    return 0;
}

#endif
