/*
 * The router's world: a process with real sockets, CURVE and signals, and clients of every kind.
 * What it decides is the simple decider's; who may speak, and what a kill leaves, is the router's.
 */
#include "tests/unit/router_parties.h"
#include "tests/unit/router_simple.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "router/shell.h"
#include "schemas/clock.h"
#include "schemas/file.h"
#include "schemas/keyfile.h"

enum { WAIT_MS = 5000, NEVER_MS = 400 };

static uint8_t server_key[SL_KEY_SIZE];
static char address[128];
static pid_t router;
static void *context;
static int64_t now;

/* ---------------------------------------------------------------- the process */

static void run_router(int out)
{
    struct sl_buffer problems = {0};
    struct sl_error error = {0};
    struct config *config = config_read("router.cfg", sl_clock_now("", 0), &problems);
    if (config == NULL || dup2(out, STDOUT_FILENO) < 0) {
        (void)fprintf(stderr, "%.*s", (int)problems.size, (const char *)problems.data);
        _exit(3);
    }
    int result = shell_run(&config, &error);
    if (result < 0)
        (void)fprintf(stderr, "%s\n", error.text);
    config_free(config);
    _exit(result == 0 ? 0 : 1);
}

static void start_router(void)
{
    int pipes[2];
    char line[256];
    assert_int_equal(pipe(pipes), 0);
    router = fork();
    assert_true(router >= 0);
    if (router == 0)
        run_router(pipes[1]);
    assert_int_equal(close(pipes[1]), 0);
    FILE *said = fdopen(pipes[0], "r");
    assert_non_null(said);
    assert_non_null(fgets(line, sizeof line, said));
    assert_int_equal(sscanf(line, "ready %120s", address), 1);
    assert_int_equal(fclose(said), 0);
}

static int stop_router(int signal)
{
    int status = -1;
    assert_int_equal(kill(router, signal), 0);
    assert_int_equal(waitpid(router, &status, 0), router);
    return status;
}

/* ---------------------------------------------------------------- clients */

static void read_key(const char *who, const char *name, bool secret, uint8_t key[SL_KEY_SIZE])
{
    char path[128];
    struct sl_error error = {0};
    (void)snprintf(path, sizeof path, "keys/%s/%s", who, name);
    if ((secret ? sl_keyfile_read_secret(key, path, &error) : sl_keyfile_read(key, path, &error)) <
        0)
        fail_msg("%s", error.text);
}

static void *dial(void)
{
    void *socket = zmq_socket(context, ZMQ_DEALER);
    int zero = 0;
    assert_non_null(socket);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof zero), 0);
    return socket;
}

static void use_key(void *socket, const uint8_t secret[SL_KEY_SIZE])
{
    uint8_t public_key[SL_KEY_SIZE];
    EVP_PKEY *key = sl_key_private(EVP_PKEY_X25519, secret);
    sl_key_raw(key, NULL, public_key);
    EVP_PKEY_free(key);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server_key, SL_KEY_SIZE), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, public_key, SL_KEY_SIZE), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret, SL_KEY_SIZE), 0);
}

static void *dial_as(int who, const char *routing_id)
{
    void *socket = dial();
    uint8_t secret[SL_KEY_SIZE];
    read_key(party_names[who], "curve.key", true, secret);
    use_key(socket, secret);
    if (routing_id != NULL)
        assert_int_equal(zmq_setsockopt(socket, ZMQ_ROUTING_ID, routing_id, strlen(routing_id)), 0);
    assert_int_equal(zmq_connect(socket, address), 0);
    return socket;
}

static void hang_up(void *socket)
{
    assert_int_equal(zmq_close(socket), 0);
}

static void send_frame(void *socket, struct sl_buffer *frame, int flags)
{
    assert_int_equal(zmq_send(socket, frame->data, frame->size, flags), frame->size);
    sl_buffer_free(frame);
}

static bool is_heard(void *socket, long wait_ms)
{
    zmq_pollitem_t item = {socket, 0, ZMQ_POLLIN, 0};
    return zmq_poll(&item, 1, wait_ms) == 1;
}

static const Samenloop__V1__Frame *hear(void *socket, struct sl_arena *arena)
{
    zmq_msg_t message;
    struct sl_error error = {0};
    assert_true(is_heard(socket, WAIT_MS));
    assert_int_equal(zmq_msg_init(&message), 0);
    assert_true(zmq_msg_recv(&message, socket, 0) >= 0);
    const Samenloop__V1__Frame *frame = sl_wire_unpack(
        arena, SL_WIRE_ROUTER, sl_bytes(zmq_msg_data(&message), zmq_msg_size(&message)), &error);
    if (frame == NULL)
        fail_msg("%s", error.text);
    assert_int_equal(zmq_msg_close(&message), 0);
    return frame;
}

static void expect_kind(void *socket, int kind)
{
    struct sl_arena arena;
    sl_arena_init(&arena, 0);
    assert_int_equal(hear(socket, &arena)->body_case, kind);
    sl_arena_free(&arena);
}

static void say_hello(void *socket, uint32_t credit)
{
    static uint8_t identity[SL_IDENTITY_SIZE] = "an outbox or so";
    struct sl_buffer frame = {0};
    Samenloop__V1__Hello hello = SAMENLOOP__V1__HELLO__INIT;
    hello.version = SL_WIRE_VERSION;
    hello.outbox = hello.inbox = (ProtobufCBinaryData){sizeof identity, identity};
    hello.credit = credit;
    sl_wire_hello(&frame, &hello);
    send_frame(socket, &frame, 0);
}

static void *greet_as(int who)
{
    void *socket = dial_as(who, NULL);
    say_hello(socket, 100);
    expect_kind(socket, SAMENLOOP__V1__FRAME__BODY_WELCOME);
    return socket;
}

static void publish(void *socket, uint64_t position, uint64_t first, size_t count)
{
    struct party_event events[8];
    struct sl_buffer frame = {0};
    struct sl_arena arena;
    sl_arena_init(&arena, 0);
    for (size_t i = 0; i < count; i++)
        party_event(&events[i], IMG, "damage_case_opened", first + i, i, now);
    Samenloop__V1__Publish body = SAMENLOOP__V1__PUBLISH__INIT;
    body.lane = SAMENLOOP__V1__LANE__LANE_ORDINARY;
    body.position = position;
    body.bundle = party_seal(&parties, &arena, IMG, events, count);
    sl_wire_publish(&frame, &body);
    send_frame(socket, &frame, 0);
    sl_arena_free(&arena);
}

static void expect_published(void *socket, uint64_t position, uint64_t number)
{
    struct sl_arena arena;
    sl_arena_init(&arena, 0);
    const Samenloop__V1__Frame *frame = hear(socket, &arena);
    assert_int_equal(frame->body_case, SAMENLOOP__V1__FRAME__BODY_PUBLISHED);
    assert_int_equal(frame->published->position, position);
    assert_int_equal(frame->published->results[0]->journal_number, number);
    assert_int_equal(frame->published->results[0]->verdict,
                     SAMENLOOP__V1__VERDICT__VERDICT_ACCEPTED);
    sl_arena_free(&arena);
}

static void take_delivery(void *socket, uint64_t number, bool done)
{
    struct sl_arena arena;
    struct sl_buffer out = {0};
    sl_arena_init(&arena, 0);
    const Samenloop__V1__Frame *frame = hear(socket, &arena);
    assert_int_equal(frame->body_case, SAMENLOOP__V1__FRAME__BODY_DELIVER);
    assert_int_equal(frame->deliver->deliveries[0]->number, number);
    Samenloop__V1__DeliveryAnswer one = SAMENLOOP__V1__DELIVERY_ANSWER__INIT;
    Samenloop__V1__DeliveryAnswer *list[] = {&one};
    Samenloop__V1__Delivered delivered = SAMENLOOP__V1__DELIVERED__INIT;
    one.lane = frame->deliver->deliveries[0]->lane;
    one.number = number;
    one.attempt = 1;
    one.outcome = SAMENLOOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_DONE;
    delivered.n_answers = 1;
    delivered.answers = list;
    sl_wire_delivered(&out, &delivered);
    if (done)
        send_frame(socket, &out, 0);
    sl_buffer_free(&out);
    sl_arena_free(&arena);
}

static void wait_for_line(const char *line)
{
    for (int i = 0; i < WAIT_MS / 10; i++) {
        struct sl_buffer text = {0};
        struct sl_error error = {0};
        bool there = sl_file_read(&text, "routing.log", 1 << 20, &error) == 0;
        sl_buffer_add(&text, "", 1);
        there = there && strstr((const char *)text.data, line) != NULL;
        sl_buffer_free(&text);
        if (there)
            return;
        (void)poll(NULL, 0, 10);
    }
    fail_msg("the routing log does not say %s", line);
}

/* ---------------------------------------------------------------- tests */

static void an_event_goes_from_one_to_the_other(void **state)
{
    (void)state;
    void *img = greet_as(IMG);
    void *ncg = greet_as(NCG);
    publish(img, 1, 1, 1);
    expect_published(img, 1, 1);
    take_delivery(ncg, 1, true);
    wait_for_line("delivered ncg 1\n");
    hang_up(img);
    hang_up(ncg);
}

static void who_is_not_admitted_hears_nothing(void **state)
{
    (void)state;
    uint8_t stranger[SL_KEY_SIZE];
    sl_random(stranger, sizeof stranger);
    void *unknown = dial();
    void *plain = dial();
    use_key(unknown, stranger);
    assert_int_equal(zmq_connect(unknown, address), 0);
    assert_int_equal(zmq_connect(plain, address), 0);
    say_hello(unknown, 1);
    say_hello(plain, 1);
    assert_false(is_heard(unknown, NEVER_MS));
    assert_false(is_heard(plain, 0));
    hang_up(greet_as(IMG)); /* and who is admitted is served */
    hang_up(unknown);
    hang_up(plain);
}

static void a_message_of_many_frames_is_no_frame(void **state)
{
    (void)state;
    void *img = greet_as(IMG);
    struct sl_buffer frame = {0};
    for (int i = 0; i < 1000; i++) {
        sl_wire_heartbeat(&frame);
        send_frame(img, &frame, i < 999 ? ZMQ_SNDMORE : 0);
    }
    expect_kind(img, SAMENLOOP__V1__FRAME__BODY_BYE);
    hang_up(img);
}

/* A peer that takes another's routing id speaks for itself only, and takes nothing of the other. */
static void a_routing_id_is_no_identity(void **state)
{
    (void)state;
    void *ncg = dial_as(NCG, "the adapter");
    say_hello(ncg, 0);
    expect_kind(ncg, SAMENLOOP__V1__FRAME__BODY_WELCOME);
    void *img = dial_as(IMG, "the adapter");
    say_hello(img, 100);
    assert_false(is_heard(img, NEVER_MS)); /* parked, as libzmq does with a second one */
    struct sl_buffer frame = {0};
    sl_wire_publish(&frame, &(Samenloop__V1__Publish)SAMENLOOP__V1__PUBLISH__INIT);
    send_frame(ncg, &frame, 0);
    expect_kind(ncg, SAMENLOOP__V1__FRAME__BODY_BYE);
    hang_up(img);
    hang_up(ncg);
}

static void of_two_connections_the_newer_holds(void **state)
{
    (void)state;
    void *older = greet_as(IMG);
    void *newer = greet_as(IMG);
    expect_kind(older, SAMENLOOP__V1__FRAME__BODY_BYE);
    struct sl_buffer frame = {0};
    sl_wire_hello(&frame, &(Samenloop__V1__Hello)SAMENLOOP__V1__HELLO__INIT);
    send_frame(newer, &frame, 0); /* no good Hello, and a second one */
    expect_kind(newer, SAMENLOOP__V1__FRAME__BODY_BYE);
    hang_up(older);
    hang_up(newer);
}

static void what_was_answered_survives_a_kill(void **state)
{
    (void)state;
    void *img = greet_as(IMG);
    publish(img, 2, 10, 3);
    expect_published(img, 2, 2);
    hang_up(img);
    assert_true(WIFSIGNALED(stop_router(SIGKILL)));
    start_router();
    img = greet_as(IMG);
    publish(img, 2, 10, 3);
    expect_published(img, 2, 2);
    void *ncg = greet_as(NCG);
    take_delivery(ncg, 2, true);
    wait_for_line("delivered ncg 2\n");
    hang_up(img);
    hang_up(ncg);
}

static void a_clean_stop_says_bye(void **state)
{
    (void)state;
    void *img = greet_as(IMG);
    int status = stop_router(SIGTERM);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    expect_kind(img, SAMENLOOP__V1__FRAME__BODY_BYE);
    hang_up(img);
    start_router();
    hang_up(greet_as(IMG));
}

/* A key that is taken away stops at the next message, though its connection stands. */
static void a_reload_takes_a_key_away_and_gives_it_back(void **state)
{
    (void)state;
    struct sl_buffer frame = {0};
    void *img = greet_as(IMG);
    assert_int_equal(rename("keys/cards/img.card", "img.card.away"), 0);
    assert_int_equal(kill(router, SIGHUP), 0);
    (void)poll(NULL, 0, NEVER_MS);
    sl_wire_hello(&frame, &(Samenloop__V1__Hello)SAMENLOOP__V1__HELLO__INIT);
    send_frame(img, &frame, 0); /* a broken protocol: anybody else would hear Bye */
    assert_false(is_heard(img, NEVER_MS));
    hang_up(img);
    assert_int_equal(rename("img.card.away", "keys/cards/img.card"), 0);
    assert_int_equal(kill(router, SIGHUP), 0);
    (void)poll(NULL, 0, NEVER_MS);
    hang_up(greet_as(IMG));
}

/* ---------------------------------------------------------------- the folder */

static int shell(const char *command)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        (void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static const char config_text[] = "listen = \"tcp://127.0.0.1:0\"\n"
                                  "journal = \"journal\"\n"
                                  "agreement = \"agreement.rules\"\n"
                                  "cards = \"keys/cards\"\n"
                                  "trust = \"keys/ca.pem\"\n"
                                  "curve_key = \"keys/router/curve.key\"\n"
                                  "log = \"routing.log\"\n"
                                  "segment_bytes = 524288\n"
                                  "participants\n"
                                  "    img\n"
                                  "        oin = \"00000004164164164000\"\n"
                                  "    ncg\n"
                                  "        oin = \"00000004165165165000\"\n";

static void load_parties(void)
{
    struct sl_error error = {0};
    parties = (struct parties){.crypto = sl_crypto_new()};
    for (int i = 0; i < PARTIES; i++) {
        uint8_t key[SL_KEY_SIZE];
        assert_int_equal(
            sl_directory_add(&parties.directory, party_names[i], party_oins[i], &error), 0);
        read_key(party_names[i], "signing.key", true, key);
        parties.signing[i] = sl_key_private(EVP_PKEY_ED25519, key);
        read_key(party_names[i], "sealing.key", true, key);
        parties.sealing[i] = sl_key_private(EVP_PKEY_X25519, key);
    }
    struct sl_buffer problems = {0};
    if (sl_directory_load(&parties.directory, "keys/cards", "keys/ca.pem", now, &problems, &error) <
        0)
        fail_msg("%s", error.text);
    sl_buffer_free(&problems);
}

static int begin(void **state)
{
    (void)state;
    static char folder[] = "world-XXXXXX";
    char command[512], path[512];
    struct sl_error error = {0};
    const char *build = getenv("BUILD");
    char *here = realpath(build == NULL ? "build/gcc" : build, NULL);
    (void)snprintf(command, sizeof command, "%s/samenloop keys new keys > output 2>&1", here);
    free(here);
    const char *root = getenv("ROOT");
    (void)snprintf(path, sizeof path, "%s/router/agreement.rules", root == NULL ? "." : root);
    char *rules = realpath(path, NULL);
    assert_non_null(rules);
    assert_true(mkdtemp(folder) != NULL && chdir(folder) == 0);
    assert_int_equal(shell(command), 0);
    assert_int_equal(sl_file_write("router.cfg", sl_text(config_text), 0600, &error), 0);
    assert_int_equal(symlink(rules, "agreement.rules"), 0);
    free(rules);
    now = sl_clock_now("", 0);
    load_parties();
    read_key("router", "curve.pub", false, server_key);
    start_router();
    context = zmq_ctx_new();
    return 0;
}

static int finish(void **state)
{
    (void)state;
    int status = stop_router(SIGTERM);
    assert_int_equal(zmq_ctx_term(context), 0);
    parties_free(&parties);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_goes_from_one_to_the_other),
        cmocka_unit_test(who_is_not_admitted_hears_nothing),
        cmocka_unit_test(a_message_of_many_frames_is_no_frame),
        cmocka_unit_test(a_routing_id_is_no_identity),
        cmocka_unit_test(of_two_connections_the_newer_holds),
        cmocka_unit_test(what_was_answered_survives_a_kill),
        cmocka_unit_test(a_clean_stop_says_bye),
        cmocka_unit_test(a_reload_takes_a_key_away_and_gives_it_back),
    };
    return cmocka_run_group_tests(tests, begin, finish);
}
