/*
 * The router's machine: what the two organisations' adapters say to it, what it decides by their
 * agreement, and the journal that keeps it.
 *
 * It is told what happened (a frame came on connection 3, it is now T) and answers what to do (send
 * this, the log has these lines, wake me at T). It calls no socket and no clock, and touches the
 * disk only through struct sl_storage. The same machine runs in production, in tests and in
 * simulation.
 *
 * A round:  router_time -> router_frame for each frame -> router_sync -> send router_sends,
 *           write router_lines -> router_sent
 *
 * What it promises
 *   - Nothing that a frame brought about leaves the machine before the journal has it on stable
 *     storage: answers, deliveries and lines come out of router_sync.
 *   - What is decided follows from the journal alone: a restart folds it and goes on where it was.
 *   - A publication that was answered is answered again in the same words.
 *   - Deliveries to a receiver are numbered in each lane without gaps; of one subject they arrive
 * in their order; what waits is a number, not a copy; nobody gets more than the credit it gave.
 *   - A delivery becomes a dead letter after SL_ATTEMPTS failures by the receiver's own word, never
 *     because the receiver is away.
 *   - Memory does not grow with what waits: a queue holds a window of it, the rest is read from the
 *     journal when its turn comes.
 *
 * The states of a connection: unknown -> (Hello) greeted, Welcome is its answer -> (Bye, a broken
 * rule, silence, a newer connection of the same participant) forgotten. A frame other than Hello on
 * an unknown connection is answered with Bye and `protocol`.
 */
#ifndef ROUTER_H
#define ROUTER_H

#include "schemas/directory.h"

struct router;
struct sl_storage;

/* Two clocks: `now` for records (ms since 1970), `elapsed` for waiting (ms, never goes back). */
struct router_moment {
    int64_t now;
    int64_t elapsed;
};

struct router_setup {
    const struct sl_directory *directory; /* who takes part, and their cards; outlives the router */
    const uint32_t *roles;            /* a participant each: bit n: somebody holds role n; copied */
    struct sl_bytes agreement;        /* its text; copied */
    const char *agreement_name;       /* for messages: the file */
    const struct sl_bytes *approvals; /* of the text, by img and ncg; NULL: none are wanted */
    struct sl_storage *journal;       /* the caller's; outlives the router */
    uint64_t segment_bytes;           /* of the journal; 0: the log's own */
    EVP_PKEY *signing_key;            /* of the journal's heads (heads.h); NULL: none are signed */
    uint64_t checkpoint_records;      /* 0: HEADS_RECORDS */
    int64_t checkpoint_wait;          /* ms; 0: HEADS_MINUTES */
    /* Gets the lines of the routing log that the journal tells while it is opened; NULL: nobody.
     * From a snapshot: its last lines, then those that the journal tells behind it. */
    int (*told)(void *context, struct sl_bytes lines, struct sl_error *error);
    void *told_context;
    uint64_t snapshot_records; /* 0: SNAPSHOT_RECORDS */
    bool beside; /* snapshots while the router runs are written by a child process; the journal is
                    on a real disk, then */
    bool whole;  /* all of the journal is read and told, a snapshot (snapshot.h) is not looked at */
};

/*
 * Opens the journal and folds it: all, or what came behind a snapshot that is good; then the rest
 * is read piece by piece by router_aside. An agreement or participants other than those that hold
 * by the journal are brought in; an agreement whose moment (`in force from`) is to come waits for
 * it, under the one that holds. -1 with a sentence when the agreement is none, an approval that is
 * wanted is missing or not good, the journal is damaged, or would be decided otherwise than it was.
 */
int router_open(struct router **out, const struct router_setup *setup, struct router_moment moment,
                struct sl_error *error);
void router_close(struct router *router); /* what was not synced is dropped; NULL is fine */

/* It is now so late: deadlines fall due, the silent are forgotten, back-offs end. */
void router_time(struct router *router, struct router_moment moment);

/*
 * A frame came on a connection, whose participant CURVE has proven. The number is the world's:
 * never used twice, never 0. The bytes are copied where they are kept.
 */
void router_frame(struct router *router, uint64_t connection, int participant,
                  struct sl_bytes frame);

/* A connection is gone, or what should have been sent on it could not be. */
void router_gone(struct router *router, uint64_t connection);

/*
 * Takes another setup (SIGHUP): participants, roles, cards, agreement; the journal stays. A
 * participant keeps its place, new ones come behind; -1, and nothing has changed, when they do not,
 * or the agreement would not be taken by router_open. What is open goes on as it was opened. The
 * old setup's directory is not looked at any more.
 */
int router_reload(struct router *router, const struct router_setup *setup, struct sl_error *error);

/*
 * Brings everything that was told to stable storage and makes what follows from it. -1 when the
 * disk has failed: the process must end, and begin again from what is on disk. That deliveries were
 * done is waited for by nobody: alone it may wait for a later round, its lines too (router_wake).
 */
int router_sync(struct router *router, struct sl_error *error);

/* A frame to be sent; `last`: the world then forgets the connection. */
struct router_send {
    uint64_t connection;
    struct sl_bytes frame;
    bool last;
};

/* What is to be sent, in order, and the routing log's new lines, each ended by a line feed; both
 * since router_sent, which ends their lives. */
const struct router_send *router_sends(const struct router *router, size_t *count);
struct sl_bytes router_lines(const struct router *router);

/* Which rules were broken by whom since router_sent: lines for operators, as router_lines. */
struct sl_bytes router_notes(const struct router *router);
void router_sent(struct router *router);

/* When (both clocks; INT64_MAX: not at all) the machine wants router_time at the latest. */
struct router_moment router_wake(const struct router *router);

/* What nobody waits for, a little a round, once what a round brought about has been sent and told:
 * records that the start did not read are checked, and there is a new snapshot where many records
 * came since the last. -1: as router_sync, or what was read is damaged. */
int router_aside(struct router *router, struct sl_error *error);

/* Writes a snapshot for the next start, if there is news: when all was sent, synced and told. A
 * disk that is full or fails is no harm. */
void router_keep(struct router *router);

/* The last round's end: as router_sync, with a signed head if anything has changed. */
int router_finish(struct router *router, struct sl_error *error);

/* Says Bye to everybody; the sends are ready at once. */
void router_goodbye(struct router *router);

/* An operator's word on a dead letter: try again, or let it be, which both who published it and
 * whom it was for are told. -1: no such dead letter. */
int router_dead_letter(struct router *router, const char *participant, enum sl_lane lane,
                       uint64_t number, bool retry, const char *who, const char *why,
                       struct sl_error *error);

/* Figures for those who watch. */
struct router_figures {
    uint64_t events;          /* in the journal */
    uint64_t refused;         /* events, since the start */
    uint64_t duplicates;      /* events, since the start */
    uint64_t violations;      /* connections ended with `protocol`, since the start */
    uint64_t connections;     /* greeted */
    uint64_t differing;       /* records that would be decided otherwise now, when folded, */
    uint64_t differing_first; /* and the first of them */
    uint64_t dead_letters;    /* not discarded, not tried again */
    uint64_t cards_refused;   /* key cards in the folder that are not good */
    uint64_t snapshot;        /* the last record of the snapshot it was opened from; 0: of none */
    int64_t agreement_waits;  /* until then, ms since 1970; INT64_MAX: none waits */
    uint64_t waiting[SL_MAX_PARTICIPANTS][SL_LANES];
};
void router_figures(const struct router *router, struct router_figures *out);

#endif
