/* Who may connect, who is there, and what the configuration says of both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <unistd.h>

#include "router/admission.h"
#include "router/config.h"
#include "router/connections.h"
#include "schemas/file.h"
#include "schemas/keyfile.h"

static const uint8_t ncg_key[SL_KEY_SIZE] = "this is the curve key of ncg ...";

/* A directory in which ncg has a card with one CURVE key, valid from 1000 to 2000. */
static void make_directory(struct sl_directory *directory)
{
    struct sl_error error = {0};
    *directory = (struct sl_directory){0};
    assert_int_equal(sl_directory_add(directory, "img", "00000004164164164000", &error), 0);
    assert_int_equal(sl_directory_add(directory, "ncg", "00000004165165165000", &error), 0);
    struct sl_participant *ncg = &directory->participants[1];
    ncg->cards = sl_new(1, sizeof *ncg->cards);
    ncg->card_count = 1;
    ncg->cards[0].key_count = 1;
    ncg->cards[0].keys[0] = (struct sl_key){
        .use = SAMENLOOP__V1__KEY_USE__KEY_USE_CURVE, .not_before = 1000, .not_after = 2000};
    memcpy(ncg->cards[0].keys[0].public_key, ncg_key, SL_KEY_SIZE);
}

static void good_request(struct sl_bytes *frames)
{
    const char *texts[] = {"1.0", "7", ADMISSION_DOMAIN, "127.0.0.1", "", "CURVE"};
    for (size_t i = 0; i < 6; i++)
        frames[i] = sl_text(texts[i]);
    frames[6] = sl_bytes(ncg_key, SL_KEY_SIZE);
}

static void expect_admission(const struct sl_directory *directory, int64_t now,
                             const struct sl_bytes *frames, size_t count, const char *status)
{
    struct admission admission = {0};
    admission_decide(directory, now, frames, count, &admission);
    assert_string_equal(admission.status, status);
    assert_int_equal(strlen(admission.user), status[0] == '2' ? ADMISSION_USER : 0);
    if (status[0] == '2')
        assert_int_equal(admission_participant(directory, now, admission.user), 1);
}

static void only_a_known_key_is_admitted(void **state)
{
    (void)state;
    struct sl_directory directory;
    struct sl_bytes frames[ADMISSION_FRAMES];
    make_directory(&directory);
    good_request(frames);
    expect_admission(&directory, 1500, frames, 7, "200");
    expect_admission(&directory, 999, frames, 7, "400");
    expect_admission(&directory, 2000, frames, 7, "400");
    expect_admission(&directory, 1500, frames, 6, "400");
    expect_admission(&directory, 1500, frames, 0, "400");
    const struct {
        size_t frame;
        struct sl_bytes value;
    } changes[] = {{0, sl_text("1.1")},    {2, sl_text("")},
                   {2, sl_text("global")}, {5, sl_text("NULL")},
                   {5, sl_text("PLAIN")},  {6, sl_bytes(ncg_key, 31)},
                   {6, sl_bytes(NULL, 0)}, {6, sl_text("this is the curve key of nobody.")}};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        good_request(frames);
        frames[changes[i].frame] = changes[i].value;
        expect_admission(&directory, 1500, frames, 7, "400");
    }
    assert_int_equal(admission_participant(&directory, 1500, NULL), -1);
    assert_int_equal(admission_participant(&directory, 1500, "ncg"), -1);
    sl_directory_free(&directory);
}

static void the_newer_connection_holds(void **state)
{
    (void)state;
    struct connections connections = {0};
    struct sl_error error = {0};
    assert_int_equal(connections_find(&connections, 0), -1);
    struct connection first = {.number = 40, .credit = 10, .heard = 5, .said = 5};
    struct connection second = {.number = 41, .credit = 10, .heard = 6, .said = 6};
    assert_int_equal(connections_greet(&connections, 1, &first), 0);
    assert_int_equal(connections_greet(&connections, 1, &second), 40);
    assert_int_equal(connections.count, 1);
    assert_int_equal(connections_find(&connections, 40), -1);
    assert_int_equal(connections_find(&connections, 41), 1);
    assert_int_equal(connections_wake(&connections), 6 + SL_HEARTBEAT);
    struct connection *one = &connections.of[1];
    one->in_flight[SL_LANE_ORDINARY] = 100;
    assert_int_equal(connections_add_credit(one, SL_CREDIT - 109, &error), -1);
    assert_int_equal(error.code, SL_PROTOCOL);
    assert_int_equal(connections_add_credit(one, UINT32_MAX, &error), -1);
    assert_int_equal(one->credit, 10);
    assert_int_equal(connections_add_credit(one, SL_CREDIT - 110, &error), 0);
    assert_int_equal(connections_take(one, CONNECTIONS_CREDIT, &error), 0);
    assert_int_equal(connections_take(one, 1, &error), -1);
    connections_forget(&connections, 1);
    connections_forget(&connections, 1);
    assert_int_equal(connections.count, 0);
    assert_int_equal(connections_wake(&connections), INT64_MAX);
}

static const char good_file[] = "listen = \"tcp://127.0.0.1:0\"\n"
                                "journal = \"/somewhere/journal\"\n"
                                "agreement = \"agreement.rules\"\n"
                                "cards = \"cards\"\n"
                                "trust = \"ca.pem\"\n"
                                "curve_key = \"router/curve.key\"\n"
                                "segment_bytes = 524288\n"
                                "participants\n"
                                "    img\n"
                                "        oin = \"00000004164164164000\"\n"
                                "        roles = \"back_office, joint_team\"\n"
                                "    gm0014\n"
                                "        oin = \"00000001000000014000\"\n";

static char folder[] = "/tmp/samenloop-XXXXXX";
static char file[64];

static struct config *read_text(const char *text, struct sl_buffer *problems)
{
    struct sl_error error = {0};
    sl_buffer_clear(problems);
    assert_int_equal(sl_file_write(file, sl_text(text), 0600, &error), 0);
    return config_read_file(file, problems);
}

static void the_last_eighth_of_the_credit_is_for_higher_lanes(void **state)
{
    (void)state;
    struct connection one = {.credit = 17, .in_flight = {[SL_LANE_ORDINARY] = 111}};
    assert_int_equal(connections_lowest(&one), SL_LANE_ORDINARY);
    one = (struct connection){.credit = 16, .in_flight = {[SL_LANE_ORDINARY] = 112}};
    assert_int_equal(connections_lowest(&one), SL_LANE_URGENT);
    one = (struct connection){.credit = 1, .in_flight = {[SL_LANE_ORDINARY] = 6}};
    assert_int_equal(connections_lowest(&one), SL_LANE_ORDINARY); /* too little to keep any */
}

/* However much credit a receiver gives. */
static void an_acute_delivery_follows_few_others(void **state)
{
    (void)state;
    struct connection one = {.credit = 8000,
                             .in_flight = {[SL_LANE_ACUTE] = 99, [SL_LANE_ORDINARY] = 511}};
    assert_int_equal(connections_lowest(&one), SL_LANE_ORDINARY);
    one.in_flight[SL_LANE_URGENT] = 1;
    assert_int_equal(connections_lowest(&one), SL_LANE_URGENT);
    one.in_flight[SL_LANE_URGENT] = 257;
    assert_int_equal(connections_lowest(&one), SL_LANE_ACUTE);
    assert_int_equal(connections_in_flight(&one), 867);
}

static void a_configuration_is_read(void **state)
{
    (void)state;
    struct sl_buffer problems = {0};
    struct config *config = read_text(good_file, &problems);
    assert_non_null(config);
    assert_int_equal(problems.size, 0);
    assert_int_equal(config->directory.count, 2);
    assert_int_equal(config->roles[0], 1u << SL_BACK_OFFICE | 1u << SL_JOINT_TEAM);
    assert_int_equal(config->roles[1], 1u << SL_BACK_OFFICE);
    assert_int_equal(config->segment_bytes, 524288);
    assert_string_equal(config->journal, "/somewhere/journal");
    assert_memory_equal(config->agreement, folder, strlen(folder));
    assert_string_equal(config->feed, "");
    /* What is printed says the same when it is read. */
    struct sl_buffer first = {0};
    struct sl_buffer second = {0};
    config_print(config, &first);
    sl_buffer_add(&first, "", 1);
    struct config *again = read_text((const char *)first.data, &problems);
    assert_non_null(again);
    config_print(again, &second);
    assert_int_equal(first.size, second.size + 1);
    assert_memory_equal(first.data, second.data, second.size);
    config_free(again);
    config_free(config);
    sl_buffer_free(&first);
    sl_buffer_free(&second);
    sl_buffer_free(&problems);
}

static void expect_lines(const struct sl_buffer *problems, size_t wanted)
{
    size_t lines = 0;
    for (size_t i = 0; i < problems->size; i++)
        lines += problems->data[i] == '\n' ? 1 : 0;
    if (lines != wanted)
        print_error("%.*s", (int)problems->size, (const char *)problems->data);
    assert_int_equal(lines, wanted);
}

static void every_problem_is_told_at_once(void **state)
{
    (void)state;
    struct sl_buffer problems = {0};
    assert_null(read_text("listen = \"127.0.0.1\"\n"
                          "lisssten = \"tcp://127.0.0.1:0\"\n"
                          "segment_bytes = \"many\"\n"
                          "participants\n"
                          "    img\n"
                          "        oin = \"12\"\n"
                          "        roles = \"boss\"\n",
                          &problems));
    /* five that are missing, the address, the misspelt one, the size, two for roles, the OIN */
    expect_lines(&problems, 11);
    struct sl_error error = {0};
    struct config *config = read_text(good_file, &problems);
    assert_non_null(config);
    assert_int_equal(config_load(config, 1000, &problems), -1);
    expect_lines(&problems, 3); /* key, cards and agreement are not there */
    config_free(config);
    assert_int_equal(unlink(file), 0);
    sl_buffer_clear(&problems);
    assert_null(config_read_file(file, &problems));
    expect_lines(&problems, 1);
    assert_int_equal(error.code, SL_OK);
    sl_buffer_free(&problems);
}

static int make_folder(void **state)
{
    (void)state;
    int size = mkdtemp(folder) == NULL ? -1 : snprintf(file, sizeof file, "%s/router.cfg", folder);
    return size > 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(file);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_known_key_is_admitted),
        cmocka_unit_test(the_newer_connection_holds),
        cmocka_unit_test(the_last_eighth_of_the_credit_is_for_higher_lanes),
        cmocka_unit_test(an_acute_delivery_follows_few_others),
        cmocka_unit_test(a_configuration_is_read),
        cmocka_unit_test(every_problem_is_told_at_once),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
