#include "schemas/log/beside.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "schemas/bytes.h"

enum state { IDLE, ASKED, DONE };

struct sl_beside {
    pthread_t thread;
    bool running;
    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t changed;
    enum state state;
    bool stop;
    int file;
    int failure; /* an errno; 0: none */
};

struct sl_beside *sl_beside_new(void)
{
    struct sl_beside *beside = sl_new(1, sizeof *beside);
    if (pthread_mutex_init(&beside->mutex, NULL) != 0 ||
        pthread_cond_init(&beside->changed, NULL) != 0)
        abort(); /* only for want of memory */
    return beside;
}

/* Of a folder fdatasync promises nothing; of a file that grows both are the same. */
static int sync_file(int file)
{
    return fsync(file) < 0 ? errno : 0;
}

static void *work(void *context)
{
    struct sl_beside *beside = context;
    (void)pthread_mutex_lock(&beside->mutex);
    while (!beside->stop || beside->state == ASKED) {
        if (beside->state != ASKED) {
            (void)pthread_cond_wait(&beside->changed, &beside->mutex);
            continue;
        }
        (void)pthread_mutex_unlock(&beside->mutex);
        int failure = sync_file(beside->file); /* nobody else touches it while it is ASKED */
        (void)pthread_mutex_lock(&beside->mutex);
        beside->failure = failure;
        beside->state = DONE;
        (void)pthread_cond_broadcast(&beside->changed);
    }
    (void)pthread_mutex_unlock(&beside->mutex);
    return NULL;
}

/* Signals are for the thread that asked for them. */
static bool run(struct sl_beside *beside)
{
    sigset_t all;
    sigset_t before;
    if (beside->running)
        return true;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    beside->running = pthread_create(&beside->thread, NULL, work, beside) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return beside->running;
}

static int give(int failure)
{
    errno = failure;
    return failure == 0 ? 0 : -1;
}

int sl_beside_sync(struct sl_beside *beside, int file, bool wait)
{
    int result = 1;
    (void)pthread_mutex_lock(&beside->mutex);
    assert(beside->state == IDLE || beside->file == file);
    bool begins = beside->state == IDLE;
    /* Who waits for all of it, and who gets no thread, does it himself. */
    bool alone = begins && (wait || !run(beside));
    if (begins && !alone) {
        beside->file = file;
        beside->state = ASKED;
        (void)pthread_cond_broadcast(&beside->changed);
    }
    while (wait && beside->state == ASKED)
        (void)pthread_cond_wait(&beside->changed, &beside->mutex);
    if (beside->state == DONE) {
        beside->state = IDLE;
        result = give(beside->failure);
    }
    (void)pthread_mutex_unlock(&beside->mutex);
    return alone ? give(sync_file(file)) : result;
}

void sl_beside_free(struct sl_beside *beside)
{
    if (beside == NULL)
        return;
    (void)pthread_mutex_lock(&beside->mutex);
    beside->stop = true;
    (void)pthread_cond_broadcast(&beside->changed);
    (void)pthread_mutex_unlock(&beside->mutex);
    if (beside->running)
        (void)pthread_join(beside->thread, NULL);
    (void)pthread_cond_destroy(&beside->changed);
    (void)pthread_mutex_destroy(&beside->mutex);
    free(beside);
}
