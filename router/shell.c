#include "router/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>
#include <zmq.h>

#include "router/admission.h"
#include "router/catching.h"
#include "router/complaints.h"
#include "router/control.h"
#include "router/feed.h"
#include "router/followers.h"
#include "router/page.h"
#include "router/peers.h"
#include "router/pidfile.h"
#include "router/router.h"
#include "router/sockets.h"
#include "schemas/arrivals.h"
#include "schemas/clock.h"
#include "schemas/expiry.h"
#include "schemas/log/storage.h"
#include "schemas/timestamp.h"
#include "schemas/wire.h"

enum {
    ROUND_FRAMES = 1024,           /* taken in one round, */
    ROUND_BYTES = 4 * 1024 * 1024, /* more than a credit of events: who sends more is noticed */
    WAIT_MS = 1000, /* the longest wait: systemd's watchdog wants to see the loop turn */
    TRIM_MS = 60 * 1000,
    CLOCK_FILE_MS = 10 /* the same where the time stands in a file */
};

struct shell {
    struct config **config;
    struct sl_storage *storage;
    struct router *router;
    struct feed *feed;
    struct followers *followers; /* NULL: there is no address for them */
    struct page *page;           /* NULL: nowhere */
    struct sockets sockets;
    struct sl_arrivals *arrivals;
    struct complaints complaints;
    int signals;
    int pid; /* descriptor of the pid file; -1: none */
    int64_t now;
    int64_t elapsed;
    int64_t expiry_told; /* when it was told last what ends soon */
    int64_t trimmed;     /* elapsed: when free memory was given back last */
    struct peers peers;
    bool stopping;
    bool asked;    /* an operator waits for an answer; */
    bool answered; /* it is in `answer` */
    struct sl_buffer answer;
};

static struct router_moment moment(struct shell *shell)
{
    shell->now = sl_clock_now((*shell->config)->clock, shell->now);
    shell->elapsed = sl_clock_elapsed();
    return (struct router_moment){shell->now, shell->elapsed};
}

/* ---------------------------------------------------------------- a round */

/* Hands a message to the machine: routing id, one frame, no more. The time is that of the round;
 * but a clock in a file leaps, and a message sent after the leap is not of the moment before. */
static void take_message(struct shell *shell, struct sl_arrival *message)
{
    struct sl_bytes id = sl_bytes(zmq_msg_data(&message->id), zmq_msg_size(&message->id));
    const char *user = zmq_msg_gets(&message->body, "User-Id");
    if ((*shell->config)->clock[0] != '\0')
        router_time(shell->router, moment(shell));
    int participant = admission_participant(&(*shell->config)->directory, shell->now, user);
    if (participant < 0 || id.size > PEER_ID)
        return;
    uint64_t gone = 0;
    struct peer *peer = peers_meet(&shell->peers, id, user, &gone);
    if (gone != 0)
        router_gone(shell->router, gone);
    struct sl_bytes frame = sl_bytes(zmq_msg_data(&message->body),
                                     message->more ? 0 : zmq_msg_size(&message->body));
    router_frame(shell->router, peer->connection, participant, frame);
}

/* Each waits for those before it, but an acute one only for what is dealt with now. */
static void take_messages(struct shell *shell)
{
    struct sl_arrival one;
    size_t bytes = 0;
    sl_arrivals_round(shell->arrivals);
    for (int i = 0; i < ROUND_FRAMES && bytes < ROUND_BYTES; i++) {
        if (!sl_arrivals_next(shell->arrivals, shell->sockets.server, &one))
            return;
        bytes += zmq_msg_size(&one.body);
        take_message(shell, &one);
        sl_arrival_close(&one);
    }
}

/* What cannot be sent now is not waited for: the connection is gone, the journal has it all. */
static void send_one(struct shell *shell, const struct router_send *send)
{
    struct peer *peer = peers_find(&shell->peers, send->connection);
    if (peer == NULL)
        return;
    bool sent =
        send->frame.size > 0 &&
        zmq_send(shell->sockets.server, peer->id, peer->id_size, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0 &&
        zmq_send(shell->sockets.server, send->frame.data, send->frame.size, ZMQ_DONTWAIT) >= 0;
    if (!sent && !send->last)
        router_gone(shell->router, send->connection);
    if (!sent || send->last)
        peers_forget(&shell->peers, peer);
}

static void tell_notes(struct shell *shell)
{
    struct sl_bytes notes = router_notes(shell->router);
    const uint8_t *end = notes.data + notes.size;
    for (const uint8_t *at = notes.data; at < end;) {
        const uint8_t *line_end = memchr(at, '\n', (size_t)(end - at));
        int size = (int)((line_end == NULL ? end : line_end) - at);
        complain(&shell->complaints, shell->elapsed, "%.*s", size, (const char *)at);
        at += size + 1;
    }
}

static void send_all(struct shell *shell)
{
    size_t count = 0;
    const struct router_send *sends = router_sends(shell->router, &count);
    for (size_t i = 0; i < count; i++)
        send_one(shell, &sends[i]);
    feed_write(shell->feed, router_lines(shell->router));
    tell_notes(shell);
    router_sent(shell->router);
}

/* An operator's question; the next one is read when this one is answered. */
static void take_question(struct shell *shell)
{
    zmq_msg_t question;
    if (shell->asked || (*shell->config)->control[0] == '\0')
        return;
    (void)zmq_msg_init(&question);
    if (zmq_msg_recv(&question, shell->sockets.control, ZMQ_DONTWAIT) >= 0) {
        bool more = zmq_msg_more(&question) != 0;
        sl_buffer_clear(&shell->answer);
        shell->asked = true;
        shell->answered = control_ask(
            shell->router, sl_bytes(zmq_msg_data(&question), more ? 0 : zmq_msg_size(&question)),
            &shell->answer);
    }
    (void)zmq_msg_close(&question);
}

/* What was done is on stable storage now. Who asked and has gone is not waited for. */
static void send_answer(struct shell *shell)
{
    if (!shell->asked || (!shell->answered && !control_answered(shell->router, &shell->answer)))
        return;
    (void)zmq_send(shell->sockets.control, shell->answer.data, shell->answer.size, ZMQ_DONTWAIT);
    shell->asked = false;
}

/* A key or certificate that ends soon is told at the start and once a day. */
static void tell_expiry(struct shell *shell)
{
    struct sl_buffer lines = {0};
    if (sl_expiry_is_due(&shell->expiry_told, shell->now) &&
        sl_expiry_tell(&(*shell->config)->directory, shell->now, &lines) > 0)
        (void)fwrite(lines.data, 1, lines.size, stderr);
    sl_buffer_free(&lines);
}

static int take_round(struct shell *shell, struct sl_error *error)
{
    router_time(shell->router, moment(shell));
    tell_expiry(shell);
    complaints_catch_up(&shell->complaints, shell->elapsed);
    sockets_admit(&shell->sockets, &(*shell->config)->directory, shell->now, &shell->complaints,
                  shell->elapsed);
    sockets_watch(&shell->sockets, &shell->complaints, shell->elapsed);
    take_messages(shell);
    take_question(shell);
    if (router_sync(shell->router, error) < 0)
        return -1;
    send_all(shell);
    send_answer(shell);
    followers_round(shell->followers, &(*shell->config)->directory, shell->now);
    return router_aside(shell->router, error);
}

/* ---------------------------------------------------------------- signals */

static struct router_setup setup_of(const struct config *config, struct sl_storage *storage)
{
    return (struct router_setup){
        .directory = &config->directory,
        .roles = config->roles,
        .agreement = sl_buffer_bytes(&config->agreement_text),
        .agreement_name = config->agreement,
        .approvals = config->approvals[0] == '\0' ? NULL : config->approvals_wanted,
        .journal = storage,
        .segment_bytes = config->segment_bytes,
        .beside = true,
        .signing_key = config->signing,
        .checkpoint_records = config->checkpoint_records,
        .checkpoint_wait = (int64_t)config->checkpoint_minutes * 60 * 1000};
}

/* Whose key was taken away is gone at once. */
static void forget_strangers(struct shell *shell)
{
    for (size_t i = 0; i < shell->peers.count;) {
        struct peer *peer = &shell->peers.list[i];
        if (admission_participant(&(*shell->config)->directory, shell->now, peer->user) >= 0) {
            i++;
            continue;
        }
        router_gone(shell->router, peer->connection);
        peers_forget(&shell->peers, peer);
    }
}

/* The journal has an agreement only from its moment on; until then this line says that it came. */
static void tell_waiting(const struct shell *shell)
{
    struct router_figures figures;
    char until[SL_TIMESTAMP_SIZE];
    router_figures(shell->router, &figures);
    if (figures.agreement_waits == INT64_MAX)
        return;
    sl_timestamp_format(until, figures.agreement_waits);
    (void)fprintf(stderr, "samenloop-router: another agreement waits until %s\n", until);
}

/* What is wrong with the new configuration is told, and the old one stays. */
static void reload(struct shell *shell)
{
    struct sl_buffer problems = {0};
    struct sl_error error = {0};
    struct config *config = config_read((*shell->config)->file, shell->now, &problems);
    struct router_setup setup = {0};
    if (config != NULL)
        setup = setup_of(config, shell->storage);
    if (config == NULL) {
        (void)fprintf(stderr, "%.*s", (int)problems.size, (const char *)problems.data);
    } else if (router_reload(shell->router, &setup, &error) < 0) {
        (void)fprintf(stderr, "samenloop-router: not reloaded: %s\n", error.text);
        config_free(config);
    } else {
        (void)fprintf(stderr, "samenloop-router: reloaded\n");
        tell_waiting(shell);
        if (config->warnings.size > 0)
            (void)fwrite(config->warnings.data, 1, config->warnings.size, stderr);
        config_free(*shell->config);
        *shell->config = config;
        shell->expiry_told = 0; /* the cards may be others */
        forget_strangers(shell);
    }
    sl_buffer_free(&problems);
}

static int open_signals(struct sl_error *error)
{
    sigset_t set;
    if (sigemptyset(&set) < 0 || sigaddset(&set, SIGTERM) < 0 || sigaddset(&set, SIGINT) < 0 ||
        sigaddset(&set, SIGHUP) < 0 || sigprocmask(SIG_BLOCK, &set, NULL) < 0 ||
        signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return sl_fail(error, SL_IO, "signals: %s", strerror(errno));
    int descriptor = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return descriptor < 0 ? sl_fail(error, SL_IO, "signals: %s", strerror(errno)) : descriptor;
}

static void take_signals(struct shell *shell)
{
    struct signalfd_siginfo signal;
    while (read(shell->signals, &signal, sizeof signal) == sizeof signal) {
        if (signal.ssi_signo == SIGHUP)
            reload(shell);
        else
            shell->stopping = true;
    }
}

/* ---------------------------------------------------------------- the loop */

static long wait_ms(struct shell *shell)
{
    struct router_moment wake = router_wake(shell->router);
    int64_t most = (*shell->config)->clock[0] == '\0' ? WAIT_MS : CLOCK_FILE_MS;
    int64_t elapsed = sl_clock_elapsed();
    if (wake.now < shell->now + most)
        most = wake.now - shell->now;
    if (wake.elapsed < elapsed + most)
        most = wake.elapsed - elapsed;
    long page = shell->page == NULL ? -1 : page_wait_ms(shell->page);
    if (page >= 0 && page < most)
        most = page;
    return most < 0 || sl_arrivals_any(shell->arrivals) ? 0 : (long)most;
}

/* What grows leaves holes; those that are whole pages go back, or they would be a fifth of all. */
static void give_back(struct shell *shell)
{
    int64_t elapsed = sl_clock_elapsed();
    if (elapsed - shell->trimmed < TRIM_MS)
        return;
    (void)malloc_trim(0);
    shell->trimmed = elapsed;
}

static int run(struct shell *shell, struct sl_error *error)
{
    while (!shell->stopping) {
        zmq_pollitem_t items[] = {{shell->sockets.zap, 0, ZMQ_POLLIN, 0},
                                  {shell->sockets.server, 0, ZMQ_POLLIN, 0},
                                  {shell->sockets.monitor, 0, ZMQ_POLLIN, 0},
                                  {shell->sockets.control, 0, ZMQ_POLLIN, 0},
                                  {shell->sockets.feed, 0, ZMQ_POLLIN, 0},
                                  {NULL, shell->signals, ZMQ_POLLIN, 0},
                                  {NULL, -1, ZMQ_POLLIN, 0}};
        int count = sizeof items / sizeof items[0] - 1;
        if (shell->page != NULL)
            items[count++].fd = page_file(shell->page);
        if (zmq_poll(items, count, wait_ms(shell)) < 0 && zmq_errno() != EINTR)
            return sl_fail(error, SL_IO, "poll: %s", zmq_strerror(zmq_errno()));
        take_signals(shell);
        if (take_round(shell, error) < 0)
            return -1;
        if (shell->page != NULL &&
            (items[count - 1].revents != 0 || page_wait_ms(shell->page) >= 0))
            page_run(shell->page);
        give_back(shell);
        (void)sd_notify(0, "WATCHDOG=1");
    }
    (void)sd_notify(0, "STOPPING=1");
    if (router_finish(shell->router, error) < 0)
        return -1;
    send_all(shell);
    router_goodbye(shell->router);
    send_all(shell);
    if (feed_whole(shell->feed))
        catching_mark((*shell->config)->log);
    router_keep(shell->router);
    return 0;
}

/* A version that decides otherwise than the one that wrote the journal is worth a look. */
static void tell_differences(const struct shell *shell)
{
    struct router_figures figures;
    router_figures(shell->router, &figures);
    if (figures.differing > 0)
        (void)fprintf(stderr,
                      "samenloop-router: %llu records would be decided otherwise now; what "
                      "was decided then holds\n",
                      (unsigned long long)figures.differing);
}

/* Strangers who say nothing hold a descriptor each until they are hung up on; the journal and those
 * who are known need theirs all the same. */
static void take_all_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit); /* what is allowed must do */
    }
}

static int open_page(struct shell *shell, struct sl_error *error)
{
    const char *address = (*shell->config)->metrics;
    if (address[0] == '\0')
        return 0;
    if (page_open(&shell->page, address, &shell->router, error) < 0)
        return -1;
    (void)printf("metrics %s/metrics\n", page_url(shell->page)); /* goes with "ready" */
    return 0;
}

/* Where a snapshot's lines and those behind it do not have the end of the log's file, all are told.
 */
static int open_told(struct shell *shell, struct router_setup *setup, struct catching *catching,
                     struct sl_error *error)
{
    struct router_figures figures;
    if (router_open(&shell->router, setup, moment(shell), error) < 0)
        return -1;
    router_figures(shell->router, &figures);
    if (figures.snapshot == 0 || catching_found(catching))
        return 0;
    router_close(shell->router);
    shell->router = NULL;
    catching_again(catching);
    setup->whole = true;
    return router_open(&shell->router, setup, moment(shell), error);
}

/* The log's file gets what a kill kept from it, and goes on from there. */
static int open_router(struct shell *shell, struct router_setup *setup, struct sl_error *error)
{
    const char *log = (*shell->config)->log;
    struct catching *catching = NULL;
    if (catching_begin(&catching, log, error) < 0)
        return -1;
    setup->told = catching == NULL ? NULL : catching_take;
    setup->told_context = catching;
    int result = open_told(shell, setup, catching, error);
    if (result == 0)
        result = feed_open(&shell->feed, log, error);
    if (result == 0)
        feed_write(shell->feed, catching_missing(catching));
    catching_free(catching);
    return result;
}

static int start(struct shell *shell, struct sl_error *error)
{
    const struct config *config = *shell->config;
    take_all_descriptors();
    shell->signals = open_signals(error);
    if (config->pid[0] != '\0' && (shell->pid = pidfile_take(config->pid, error)) < 0)
        return -1;
    if (shell->signals < 0 || sl_storage_files(&shell->storage, config->journal, true, error) < 0)
        return -1;
    struct router_setup setup = setup_of(config, shell->storage);
    if (sockets_open(&shell->sockets, config, error) < 0)
        return -1;
    if (open_router(shell, &setup, error) < 0)
        return -1;
    if (config->feed[0] != '\0' &&
        followers_open(&shell->followers, shell->sockets.feed, feed_file(shell->feed), error) < 0)
        return -1;
    (void)malloc_trim(0); /* of what the fold needed */
    tell_differences(shell);
    if (router_sync(shell->router, error) < 0)
        return -1;
    send_all(shell); /* what a new agreement brought about */
    tell_waiting(shell);
    if (open_page(shell, error) < 0 || sockets_listen(&shell->sockets, config, error) < 0)
        return -1;
    (void)sd_notify(0, "READY=1");
    return 0;
}

static void stop(struct shell *shell)
{
    page_close(shell->page);
    router_close(shell->router);
    sl_storage_free(shell->storage);
    followers_close(shell->followers);
    feed_close(shell->feed);
    sl_arrivals_free(shell->arrivals);
    sockets_close(&shell->sockets);
    pidfile_drop(shell->pid);
    if (shell->signals >= 0)
        (void)close(shell->signals);
    sl_buffer_free(&shell->answer);
    peers_free(&shell->peers);
}

int shell_run(struct config **config, struct sl_error *error)
{
    struct shell shell = {
        .config = config, .arrivals = sl_arrivals_new(true), .signals = -1, .pid = -1};
    int result = start(&shell, error);
    if (result == 0)
        result = run(&shell, error);
    stop(&shell);
    return result;
}
