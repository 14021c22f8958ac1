/*
 * What the stations of the machine share: router.c (a round: time passes, all is synced), frames.c
 * (who is connected and what they say), room.c (is there any on the disk), publish.c (what comes
 * in), outgoing.c (what goes out), decided.c (the core's word as the journal keeps it), fold.c (the
 * journal as state). Nobody else looks in here.
 *
 * Participants are known by their place in `participants`, which holds those of the directory and
 * those that only the journal still names; connections, queues and the core go by it.
 */
#ifndef ROUTER_STATE_H
#define ROUTER_STATE_H

#include "router/cards.h"
#include "router/checking.h"
#include "router/connections.h"
#include "router/delivery.h"
#include "router/heads.h"
#include "router/journal.h"
#include "router/router.h"
#include "router/watch.h"

struct decider; /* decided.c's */
struct publication;
struct erasure;
struct source;

/* Bytes of lines by which the end of the routing log's file is found again (catching.h), and more,
 * should a power cut have taken some. */
enum { LINES_KEPT = 128 * 1024 };

/* Why a participant was cut off last, for those who watch. */
struct violation {
    int64_t at; /* 0: none yet */
    int participant;
    char sentence[SL_MAX_WORD + SL_MAX_SENTENCE + 3]; /* code, colon, words */
};

struct send {
    uint64_t connection;
    size_t offset; /* of its frame among the frames */
    size_t size;
    bool last;
};

struct router {
    struct sl_crypto *crypto;
    const struct sl_directory *directory;
    size_t participant_count;
    char participants[SL_MAX_PARTICIPANTS][SL_NAME_SIZE];
    uint32_t roles[SL_MAX_PARTICIPANTS];

    struct decider *decider;
    struct agreed_later *later; /* agreed.c's: an agreement that waits for its moment, or NULL */
    struct journal *journal;
    struct sl_storage *storage; /* the journal's */
    uint64_t snapshot;          /* the last record in the last snapshot; 0: none */
    uint64_t snapshot_records;  /* of the setup, */
    bool beside;                /* as this is */
    int writer;                 /* pid of the child that writes one; 0: none */
    struct checking checking;   /* of what the start did not read */
    struct deliveries *deliveries;
    struct connections connections;

    struct router_moment moment;
    int64_t at;    /* of the records that are made or folded now: never goes back */
    int publisher; /* of the batch that is folded now */
    bool full;     /* there is no room on the disk: nothing is taken on, until `room_at` at least */
    int64_t room_at; /* elapsed */
    bool more;       /* something could go out that this round had no room for */
    bool acute;      /* an acute batch came in this round; */
    bool hurried;    /* the last one sent only what is acute because of that */
    int64_t waits;   /* elapsed: until when what nobody waits for is not synced; 0: all is */
    bool folding;    /* what the records say has happened */
    bool quiet;      /* lines were told when their records were made */
    bool failed;     /* `failure` ends the process */
    struct sl_error failure;

    struct heads heads;
    struct cards cards;
    const struct watch *watch; /* of telling.h; NULL: nobody's */
    struct erasure *erasure;   /* erasure.c's; NULL: none is under way */
    struct violation violation;
    struct publication *publication; /* publish.c's, made once */
    struct sl_arena incoming;        /* a frame; bounded by SL_MAX_ARENA */
    struct sl_arena arena;           /* what is decided and read while a frame is dealt with */
    struct sl_arena outgoing;        /* what is read for the frames that go out */
    struct sl_buffer frames;
    struct send *sends;
    size_t send_count;
    size_t send_capacity;
    struct router_send *shown; /* the same with pointers, once synced */
    size_t shown_capacity;
    struct sl_buffer lines;
    struct sl_buffer told;  /* the last lines that were, LINES_KEPT bytes at least if there are */
    struct sl_buffer notes; /* what operators should know */
    struct router_figures figures;
};

/* A participant's place by its name; -1: none. The second one gives it one; -1: no more room. */
int router_place(const struct router *router, struct sl_bytes name);
int router_add_place(struct router *router, struct sl_bytes name);

/* Remembers that nothing can go on; always returns -1. */
int router_fail(struct router *router, const struct sl_error *error);

/* The lines have been told: the last ones are remembered. */
void router_told(struct router *router);

/* One with nothing in it; `directory` may be NULL for one that only folds. */
struct router *router_new(const struct sl_directory *directory, struct router_moment moment);

/* Appends a record and queues what it brought about. */
int router_record(struct router *router, Samenloop__V1__RecordKind kind,
                  const ProtobufCMessage *message, struct sl_bytes content, struct sl_error *error);

/* ---------------------------------------------------------------- stations */

/* frames.c */
/* A frame for a connection: begin, write into router->frames, end. */
void router_begin_frame(struct router *router, uint64_t connection);
void router_end_frame(struct router *router);
/* Ends a participant's connection with a Bye. */
void router_end(struct router *router, int participant, enum sl_code code, const char *sentence);

/* room.c */
/* Makes room ahead, a little a call; a disk that was full is looked at once a second, and has room
 * when a whole segment has. */
void room_look(struct router *router);
/* Is there room for what one frame, or one moment, may bring about? Never once the router has
 * failed. */
bool room_for_more(struct router *router);

/* agreed.c */
/*
 * Brings in what the setup says of agreement and participants, unless it holds already. An
 * agreement whose moment is to come waits, in place of one that waited.
 */
int agreed_bring_in(struct router *router, const struct router_setup *setup,
                    struct sl_error *error);
/* The one that waits holds from now on, if router->at is its moment. -1: the router has failed. */
int agreed_time(struct router *router, struct sl_error *error);
int64_t agreed_wake(const struct router *router); /* its moment; INT64_MAX: none waits */
void agreed_free(struct router *router);
/* What a record of the journal says of agreement and participants holds (again). */
int agreed_again(struct router *router, const Samenloop__V1__JournalAgreement *record,
                 struct sl_error *error);
/* Which roles are held, by a record. */
void agreed_roles(struct router *router, const Samenloop__V1__JournalAgreement *record);

/* publish.c: a publication of a greeted participant. -1: SL_PROTOCOL, or the router has failed. */
int publish_batch(struct router *router, int participant, const Samenloop__V1__Publish *publish,
                  struct sl_error *error);
void publish_free(struct publication *publication);

/* outgoing.c */
/* Puts the deliveries that a record brought about into their queues. */
int outgoing_queue(struct router *router, uint64_t record, Samenloop__V1__Queued *const *queued,
                   size_t count, struct sl_error *error);
/* Gives deliveries that were just decided on their numbers, and what they follow. */
void outgoing_number(const struct router *router, Samenloop__V1__Queued *const *queued,
                     size_t count);
/* Reads on what waits on disk where a queue has room for it. */
int outgoing_refill(struct router *router, struct sl_error *error);
/* Frames for everybody who has credit; as much as a round holds. After an acute batch only what is
 * acute: it is not to wait until others' frames are packed. The next round sends those. */
int outgoing_send(struct router *router, struct sl_error *error);
/* answers.c */
/* A receiver's answers. -1 with SL_PROTOCOL, or the router has failed. */
int outgoing_answered(struct router *router, int participant,
                      const Samenloop__V1__Delivered *delivered, struct sl_error *error);
/* The line about a delivery that was had, or (`code` not empty) became a dead letter. */
int outgoing_tell(struct router *router, struct source *source, int receiver,
                  const struct delivery *delivery, struct sl_bytes code, struct sl_error *error);
int outgoing_receipt(struct router *router, int participant, const Samenloop__V1__Receipt *receipt,
                     struct sl_error *error);

/* listing.c */
/* Answers a participant's question for a piece of the joint team's list. -1: the router has
 * failed. */
int listing_answer(struct router *router, int participant, const Samenloop__V1__List *question,
                   struct sl_error *error);

/* fold.c */
/* All records since the last call; `told` (may be NULL) gets the lines of each that has some. */
typedef int (*fold_teller)(void *context, struct sl_bytes lines, struct sl_error *error);
int fold_journal(struct router *router, fold_teller told, void *context, struct sl_error *error);

/* When what waits longest in a queue was accepted (ms since 1970); 0: nothing waits. The arena is
 * used. */
int64_t router_oldest(struct router *router, int participant, enum sl_lane lane);

#endif
