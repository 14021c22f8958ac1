/*
 * The adapter's world: libsamenloop's lines with real sockets, CURVE and files, and a router's
 * process (with the simple decider) that is killed and started again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <jansson.h>
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/router_simple.h"

#include "adapters/samenloop.h"
#include "router/shell.h"
#include "schemas/clock.h"
#include "schemas/file.h"
#include "schemas/timestamp.h"

enum { IMG, NCG, PARTIES };
enum { PATIENCE_MS = 20000 };

static const char *const party_names[] = {"img", "ncg"};
static const char *const party_oins[] = {"00000004164164164000", "00000004165165165000"};

static char folder[] = "/tmp/samenloop-world-XXXXXX";
static char address[128] = "tcp://127.0.0.1:0";
static const char *cards = "keys/cards"; /* that the router knows */
static pid_t router;

/* ---------------------------------------------------------------- the router's process */

#define PARTICIPANTS                                                                               \
    "participants\n    img\n        oin = \"00000004164164164000\"\n"                              \
    "    ncg\n        oin = \"00000004165165165000\"\n"

static void write_text(const char *path, const char *text)
{
    struct sl_error error = {0};
    if (sl_file_write(path, sl_text(text), 0600, &error) < 0)
        fail_msg("%s", error.text);
}

/* This program is the router too, when it is called so. */
static int run_router(void)
{
    struct sl_buffer problems = {0};
    struct sl_error error = {0};
    struct config *config = config_read("router.cfg", sl_clock_now("", 0), &problems);
    int result = config == NULL ? -1 : shell_run(&config, &error);
    if (result < 0)
        (void)fprintf(stderr, "%s%.*s\n", error.text, (int)problems.size,
                      problems.size > 0 ? (const char *)problems.data : "");
    config_free(config);
    sl_buffer_free(&problems);
    return result < 0;
}

static void start_router(void)
{
    char text[1024], line[256];
    int pipes[2];
    (void)snprintf(text, sizeof text,
                   "listen = \"%s\"\njournal = \"journal\"\nagreement = \"agreement.rules\"\n"
                   "cards = \"%s\"\ntrust = \"keys/ca.pem\"\n"
                   "curve_key = \"keys/router/curve.key\"\nlog = \"routing.log\"\n"
                   "segment_bytes = 1048576\n" PARTICIPANTS,
                   address, cards);
    write_text("router.cfg", text);
    assert_int_equal(pipe(pipes), 0);
    router = fork();
    assert_true(router >= 0);
    if (router == 0) {
        (void)dup2(pipes[1], STDOUT_FILENO);
        (void)execl("/proc/self/exe", "adapter_world", "router", (char *)NULL);
        _exit(127);
    }
    assert_int_equal(close(pipes[1]), 0);
    FILE *said = fdopen(pipes[0], "r");
    assert_non_null(said);
    assert_non_null(fgets(line, sizeof line, said));
    assert_int_equal(sscanf(line, "ready %120s", address), 1);
    assert_int_equal(fclose(said), 0);
}

static void stop_router(int how)
{
    int status = -1;
    assert_int_equal(kill(router, how), 0);
    assert_int_equal(waitpid(router, &status, 0), router);
}

/* ---------------------------------------------------------------- lines */

static struct samenloop_line *lines[PARTIES];

/* `key`: whose CURVE key it uses. */
static void write_config(int who, const char *key)
{
    char text[1024], path[32];
    const char *name = party_names[who];
    (void)snprintf(
        text, sizeof text,
        "participant = \"%s\"\nrouter = \"%s\"\nrouter_key = \"keys/router/curve.pub\"\n"
        "outbox = \"%s-outbox\"\ninbox = \"%s-inbox\"\ncards = \"keys/cards\"\n"
        "trust = \"keys/ca.pem\"\nsigning_key = \"keys/%s/signing.key\"\n"
        "sealing_key = \"keys/%s/sealing.key\"\ncurve_key = \"%s\"\n"
        "content_key = \"keys/%s/content.key\"\n"
        "pseudonym_key = \"keys/%s/pseudonym.key\"\nsegment_bytes = 1048576\n" PARTICIPANTS,
        name, address, name, name, name, name, key, name, name);
    (void)snprintf(path, sizeof path, "%s.cfg", name);
    write_text(path, text);
}

static void open_line(int who)
{
    char path[32], key[64], problems[1024];
    (void)snprintf(path, sizeof path, "%s.cfg", party_names[who]);
    (void)snprintf(key, sizeof key, "keys/%s/curve.key", party_names[who]);
    write_config(who, key);
    if (samenloop_open(&lines[who], path, problems, sizeof problems) < 0)
        fail_msg("%s", problems);
}

static void close_line(int who)
{
    samenloop_close(lines[who]);
    lines[who] = NULL;
}

static void turn(int ms)
{
    for (int who = 0; who < PARTIES; who++) {
        if (lines[who] != NULL && samenloop_turn(lines[who], NULL, 0, ms) < 0)
            fail_msg("%s", samenloop_trouble(lines[who]));
    }
}

static int64_t clock_ms(void)
{
    struct timespec at;
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &at), 0);
    return (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

/* Publishes events first to last - 1 in one call; they must be accepted. */
static void publish(int who, unsigned first, unsigned last)
{
    struct sl_buffer text = {0};
    char when[SL_TIMESTAMP_SIZE];
    struct samenloop_tickets tickets;
    sl_timestamp_format(when, (int64_t)time(NULL) * 1000);
    for (unsigned n = first; n < last; n++)
        sl_buffer_printf(
            &text,
            "%c{\"specversion\":\"1.0\",\"id\":\"doc-%u\",\"source\":\"urn:nld:oin:%s:systeem:z\","
            "\"type\":\"nl.samenloop.acute_unsafe_dismissed\",\"subject\":\"00142000%08u\","
            "\"time\":\"%s\",\"data\":{\"attributes\":{\"occurred_at\":\"%s\"},\"dossier\":"
            "{\"organisation\":\"x\",\"case_number\":\"Z-%u\"}}}",
            n == first ? '[' : ',', n, party_oins[who], 1 + n % 3, when, when, n);
    sl_buffer_add(&text, "]", 1);
    assert_int_equal(samenloop_publish(samenloop_house(lines[who]), SAMENLOOP_BACK_OFFICE,
                                       text.data, text.size, true, &tickets),
                     0);
    sl_buffer_free(&text);
    turn(0);
    for (size_t i = 0; i < tickets.count; i++) {
        struct samenloop_answer answer;
        assert_int_equal(samenloop_answer(samenloop_house(lines[who]), tickets.first + i, &answer),
                         0);
        assert_string_equal(answer.sentence, "");
        assert_int_equal(answer.status, SAMENLOOP_ACCEPTED);
    }
}

/* Takes events first to last - 1, in whatever order of houses, each once. */
static void expect(int who, unsigned first, unsigned last)
{
    struct samenloop *house = samenloop_house(lines[who]);
    struct samenloop_cursor cursor = {0};
    struct samenloop_item item;
    bool *seen = sl_new(last - first, sizeof *seen);
    uint64_t *positions = sl_new(last - first, sizeof *positions);
    unsigned count = 0;
    for (int64_t end = clock_ms() + PATIENCE_MS; count < last - first;) {
        if (samenloop_receive(house, SAMENLOOP_BACK_OFFICE, &cursor, &item) <= 0) {
            if (clock_ms() > end)
                fail_msg("%u of %u events came", count, last - first);
            turn(5);
            continue;
        }
        json_error_t error;
        json_t *event = json_loadb(item.event, item.size, 0, &error);
        const char *id = json_string_value(json_object_get(event, "id"));
        assert_true(id != NULL && strncmp(id, "doc-", 4) == 0);
        unsigned n = (unsigned)strtoul(id + 4, NULL, 10);
        json_decref(event);
        assert_in_range(n, first, last - 1);
        assert_false(seen[n - first]);
        seen[n - first] = true;
        positions[count++] = item.position;
    }
    assert_int_equal(samenloop_acknowledge(house, SAMENLOOP_BACK_OFFICE, positions, count), 0);
    turn(5);
    assert_int_equal(
        samenloop_receive(house, SAMENLOOP_BACK_OFFICE, &(struct samenloop_cursor){0}, &item), 0);
    free(positions);
    free(seen);
}

static bool connected(int who)
{
    struct samenloop_health health;
    samenloop_health(samenloop_house(lines[who]), &health);
    return health.connected;
}

static void wait_connected(int who, bool wanted)
{
    for (int64_t end = clock_ms() + PATIENCE_MS; connected(who) != wanted;) {
        if (clock_ms() > end)
            fail_msg("%s: connected is not %d", party_names[who], wanted);
        turn(5);
    }
}

/* ---------------------------------------------------------------- tests */

static void events_cross_in_both_directions(void **state)
{
    (void)state;
    wait_connected(IMG, true);
    wait_connected(NCG, true);
    publish(IMG, 0, 50);
    publish(NCG, 50, 60);
    expect(NCG, 0, 50);
    expect(IMG, 50, 60);
}

static void a_killed_router_delays_and_loses_nothing(void **state)
{
    (void)state;
    publish(IMG, 100, 200);
    turn(1);
    stop_router(SIGKILL);
    wait_connected(IMG, false);
    publish(IMG, 200, 210);
    start_router();
    expect(NCG, 100, 210);
}

static void a_line_that_was_closed_goes_on_where_it_was(void **state)
{
    (void)state;
    publish(IMG, 300, 310);
    close_line(IMG);
    close_line(NCG);
    open_line(NCG);
    open_line(IMG);
    expect(NCG, 300, 310);
}

static void another_house_cannot_be_opened_twice(void **state)
{
    (void)state;
    struct samenloop_line *second = NULL;
    char problems[1024];
    assert_int_equal(samenloop_open(&second, "img.cfg", problems, sizeof problems), -1);
    assert_non_null(strstr(problems, "outbox"));
}

static void a_key_that_is_not_on_the_card_is_told_at_once(void **state)
{
    (void)state;
    struct samenloop_line *line = NULL;
    char problems[1024];
    close_line(IMG);
    write_config(IMG, "keys/ncg/curve.key");
    assert_int_equal(samenloop_open(&line, "img.cfg", problems, sizeof problems), -1);
    assert_non_null(strstr(problems, "curve_key: is not the key on the newest card of img"));
    open_line(IMG);
}

/* The router has no card of img's. */
static void a_key_that_is_not_admitted_is_told(void **state)
{
    (void)state;
    struct samenloop_health health = {0};
    stop_router(SIGKILL);
    wait_connected(IMG, false);
    cards = "cards";
    start_router();
    wait_connected(NCG, true);
    for (int64_t end = clock_ms() + PATIENCE_MS; strstr(health.trouble, "admit") == NULL;) {
        if (clock_ms() > end)
            fail_msg("%s", health.trouble);
        turn(5);
        samenloop_health(samenloop_house(lines[IMG]), &health);
    }
    assert_false(health.connected);
    publish(IMG, 400, 410);
    stop_router(SIGKILL);
    cards = "keys/cards";
    start_router();
    expect(NCG, 400, 410);
}

static void a_file_of_the_caller_ends_the_wait(void **state)
{
    (void)state;
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    struct pollfd file = {.fd = pipes[0], .events = POLLIN};
    wait_connected(IMG, true);
    int64_t before = clock_ms();
    assert_int_equal(samenloop_turn(lines[IMG], &file, 1, 50), 0);
    assert_int_equal(file.revents, 0);
    assert_int_equal(write(pipes[1], "x", 1), 1);
    assert_int_equal(samenloop_turn(lines[IMG], &file, 1, 4000), 0);
    assert_int_equal(file.revents, POLLIN);
    assert_true(clock_ms() - before < 2000);
    assert_int_equal(close(pipes[0]) + close(pipes[1]), 0);
}

/* ---------------------------------------------------------------- around them */

static int command(const char *program, char *const arguments[])
{
    int status = -1;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)dup2(STDERR_FILENO, STDOUT_FILENO);
        (void)execvp(program, arguments);
        _exit(127);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static int begin(void **state)
{
    (void)state;
    char program[512], tool[600], path[512];
    ssize_t size = readlink("/proc/self/exe", program, sizeof program - 1);
    assert_true(size > 0);
    program[size] = '\0';
    const char *build = dirname(dirname(dirname(program)));
    (void)snprintf(tool, sizeof tool, "%s/samenloop", build);
    const char *root = getenv("ROOT");
    (void)snprintf(path, sizeof path, "%s/router/agreement.rules", root == NULL ? "." : root);
    char *rules = realpath(path, NULL);
    if (rules == NULL || mkdtemp(folder) == NULL || chdir(folder) < 0 ||
        command(tool, (char *[]){tool, "keys", "new", "keys", NULL}) != 0)
        return -1;
    assert_int_equal(symlink(rules, "agreement.rules"), 0);
    free(rules);
    assert_int_equal(mkdir("cards", 0700), 0);
    assert_int_equal(link("keys/cards/ncg.card", "cards/ncg.card"), 0);
    start_router();
    open_line(IMG);
    open_line(NCG);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    close_line(IMG);
    close_line(NCG);
    stop_router(SIGTERM);
    return command("rm", (char *[]){"rm", "-rf", folder, NULL});
}

int main(int count, char **arguments)
{
    if (count > 1 && strcmp(arguments[1], "router") == 0)
        return run_router();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_cross_in_both_directions),
        cmocka_unit_test(a_killed_router_delays_and_loses_nothing),
        cmocka_unit_test(a_line_that_was_closed_goes_on_where_it_was),
        cmocka_unit_test(another_house_cannot_be_opened_twice),
        cmocka_unit_test(a_key_that_is_not_on_the_card_is_told_at_once),
        cmocka_unit_test(a_key_that_is_not_admitted_is_told),
        cmocka_unit_test(a_file_of_the_caller_ends_the_wait),
    };
    return cmocka_run_group_tests(tests, begin, finish);
}
