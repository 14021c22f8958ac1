/*
 * The adapter's machine: an organisation's house between its back office and the router.
 *
 * It is told what happened (an event was handed in, a frame came, it is now T) and answers what to
 * do (these frames are to be sent, wake me at T). It calls no socket and no clock, and touches the
 * disk only through two struct storage; so tests and the simulator run it as it is. What edges
 * call is in samenloop.h; this header is for the world around the machine (shell.c).
 *
 * What it promises
 *   - An event is answered `accepted` only when the outbox has it on stable storage, and is sent
 *     again until the router has answered it, across any number of restarts.
 *   - A delivery is answered `done` only when the inbox has it on stable storage, and is handed out
 *     once, however often it comes.
 *   - Memory does not grow with what waits: some 16 to 32 bytes an event, 24 a batch that was
 *     published, 80 a house, and what the frames in flight take. So does the disk: what waits, what
 *     is not older than `keep_ms`, and some 300 bytes a house are on it.
 *   - An event is told from another with its id for `keep_ms` here, and for ever by the router.
 *
 * A round:  adapter_time -> adapter_received..., samenloop_publish... -> adapter_sync ->
 *           adapter_frame until there is none -> wait until adapter_wake, a frame or a call
 *
 * The states of the connection: away -> (adapter_connected) greeting: Hello is sent -> (Welcome)
 * talking -> (Bye, silence, a broken rule) ended: adapter_wants says so, the world closes the
 * socket and tells adapter_disconnected -> away, until the back-off has passed.
 */
#ifndef ADAPTER_H
#define ADAPTER_H

#include "adapters/samenloop.h"
#include "schemas/envelope.h"
#include "schemas/directory.h"

struct sl_storage;

enum {
    ADAPTER_RETRY_MIN = 200, /* ms before the first new connection, doubled each time */
    ADAPTER_RETRY_MAX = 30 * 1000,
    ADAPTER_ROOM = 1000,          /* ms between two looks at a disk that was full */
    ADAPTER_LATER = 5 * 1000,     /* ms before what was answered `later` is sent again */
    ADAPTER_MAX_SEALING_KEYS = 4, /* of this organisation: the one that holds and older ones */
    ADAPTER_MAX_PENDING = 4 * SL_MAX_BATCH, /* events handed in between two syncs */
};

/* Everything is the caller's and must outlive the machine. */
struct adapter_setup {
    const char *participant;              /* "img"; one of the directory's */
    const struct sl_directory *directory; /* the participants and their key cards */
    EVP_PKEY *signing_key;                /* of this participant's newest card */
    EVP_PKEY *router_signing_key; /* its public one; NULL: who signed heads is not looked at */
    EVP_PKEY *sealing_keys[ADAPTER_MAX_SEALING_KEYS];
    size_t sealing_key_count;
    const uint8_t *pseudonym_key; /* SL_KEY_SIZE bytes; NULL: a municipality has none */
    const uint8_t *content_key;   /* SL_KEY_SIZE bytes: stays in the house, tells a repetition */
    struct sl_storage *outbox;
    struct sl_storage *inbox;
    uint64_t segment_bytes; /* 0: the log's own */
    int64_t keep_ms; /* how long outbox and inbox keep what is answered and taken; 0: for ever */
};

/* Two clocks: `now` for records (ms since 1970), `elapsed` for waiting (ms, never goes back). */
struct adapter_moment {
    int64_t now;
    int64_t elapsed;
};

/* Opens the house and folds its logs. -1 with a sentence when a log is damaged or a key missing. */
int adapter_open(struct samenloop **out, const struct adapter_setup *setup,
                 struct adapter_moment moment, struct sl_error *error);
/*
 * Takes other keys and key cards: `directory` and the asymmetric keys of another setup, which must
 * be of the same participant and have the same content and pseudonym key; the rest of it is not
 * looked at. A connection that stands is ended, so that the next proves itself anew. -1 with a
 * sentence, also while anything is pending: all stays as it was.
 */
int adapter_reload(struct samenloop *house, const struct adapter_setup *setup,
                   struct sl_error *error);

/* What was not synced is dropped. The logs are closed. NULL is fine. */
void adapter_close(struct samenloop *house);

void adapter_time(struct samenloop *house, struct adapter_moment moment);

/* What the machine wants of the world, beside sending frames. */
enum adapter_want {
    ADAPTER_WANTS_NOTHING,
    ADAPTER_WANTS_CONNECTION, /* open one and tell adapter_connected */
    ADAPTER_WANTS_END         /* send what adapter_frame still gives, close, adapter_disconnected */
};
enum adapter_want adapter_wants(const struct samenloop *house);

/* A fresh connection stands: nothing of an earlier one will come or go on it. */
void adapter_connected(struct samenloop *house);
void adapter_disconnected(struct samenloop *house);
/* No connection came about; one is wanted again when the back-off has passed. */
void adapter_not_connected(struct samenloop *house, const char *why);

/* Says Bye with the next frame; ADAPTER_WANTS_END follows. */
void adapter_goodbye(struct samenloop *house);

/* A frame came. It is not kept. */
void adapter_received(struct samenloop *house, struct sl_bytes frame);

/*
 * Brings to stable storage what was handed in, received and acknowledged; answers are ready
 * afterwards. -1 when the disk has failed: the house must be closed, and opened again from what is
 * on disk. A full disk is no failure: what was handed in is refused with `overload`, what the
 * router says is not answered, and once there is room it is asked to say it again.
 */
int adapter_sync(struct samenloop *house, struct sl_error *error);

/* Is there anything that adapter_sync would do? */
bool adapter_pending(const struct samenloop *house);

/*
 * The next frame for the router, packed into `out` (which is cleared); false when there is none.
 * A frame that was given counts as sent, until the connection ends.
 */
bool adapter_frame(struct samenloop *house, struct sl_buffer *out);

/* When (elapsed) the machine wants adapter_time again at the latest; INT64_MAX: not at all. */
int64_t adapter_wake(const struct samenloop *house);

/*
 * An operator's word: the inbox may from now on be fed by the journal with this identity
 * (SL_LOG_ID_SIZE bytes). Holds after the next sync; nothing when it is fed by it already.
 */
void adapter_accept_journal(struct samenloop *house, const uint8_t *identity);

#endif
