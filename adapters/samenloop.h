/*
 * libsamenloop: publish events to the other organisation and receive its events, without losing
 * one. This header is all that a program needs; samenloop-adapter and its edges use nothing else.
 *
 * A `struct samenloop` is an organisation's house: its outbox, its inbox and what it knows. It
 * does nothing by itself. A `struct samenloop_line` is the house's line to the router: it opens
 * the house from a configuration file and, each time samenloop_turn is called, exchanges frames
 * with the router and brings everything that was handed in to stable storage, with one sync.
 *
 *     struct samenloop_line *line;
 *     if (samenloop_open(&line, "adapter.cfg", text, sizeof text) < 0) ...
 *     struct samenloop *house = samenloop_house(line);
 *     samenloop_publish(house, SAMENLOOP_BACK_OFFICE, event, size, false, &tickets);
 *     samenloop_turn(line, NULL, 0, 1000);           until the ticket has its answer:
 *     samenloop_answer(house, tickets.first, &answer);
 *
 * One thread. Text is UTF-8; JSON text has no final NUL unless that is said. Sizes in bytes, times
 * in milliseconds. Functions give 0, or -1 when it did not work out, unless they say otherwise.
 */
#ifndef SAMENLOOP_H
#define SAMENLOOP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct samenloop;
struct samenloop_line;

/* In which role somebody at the organisation speaks or listens. */
enum samenloop_role {
    SAMENLOOP_BACK_OFFICE = 1,
    SAMENLOOP_CONTACT_PERSON,
    SAMENLOOP_INCIDENT_OFFICER,
    SAMENLOOP_JOINT_TEAM
};
enum { SAMENLOOP_LANES = 4 }; /* arrays by lane: 1 acute, 2 urgent, 3 ordinary; 0 is not used */

/* ---------------------------------------------------------------- the line */

/*
 * Opens house and line from a configuration file (adapter.cfg(5)). On -1 every problem stands in
 * `problems`, one a line.
 */
int samenloop_open(struct samenloop_line **out, const char *config_file, char *problems,
                   size_t size);
/*
 * Reads the configuration again, after a turn and before anything is handed in: keys, key cards and
 * the router's address and key are taken, and the connection is made anew; every other setting
 * holds from the next samenloop_open. -1, with the problems as above: all stays as it was.
 */
int samenloop_reload(struct samenloop_line *line, char *problems, size_t size);
/* Ends the connection (what is on its way to the router is given a second) and closes the house. */
void samenloop_close(struct samenloop_line *line);

/* The line's house; it lives as long as the line. */
struct samenloop *samenloop_house(struct samenloop_line *line);

/*
 * One round: waits until the router, a timer of the house or one of the caller's own `files`
 * (filled in as by poll(2)) has something, at most `timeout_ms` (-1: as long as it takes), and not
 * at all when something was handed in; then takes what the router sent, syncs, and sends. -1 when
 * the disk has failed: the house must not be used any more, `samenloop_trouble` says why, and the
 * process should end; it goes on from its logs when it is started again.
 */
int samenloop_turn(struct samenloop_line *line, struct pollfd *files, size_t count, int timeout_ms);
const char *samenloop_trouble(const struct samenloop_line *line);

/* ---------------------------------------------------------------- publishing */

/* The events of one call, in its order: tickets first, first + 1, ... */
struct samenloop_tickets {
    uint64_t first;
    size_t count;
};

enum samenloop_status {
    SAMENLOOP_PENDING, /* not yet on stable storage: ask after the next turn */
    SAMENLOOP_ACCEPTED,
    SAMENLOOP_DUPLICATE, /* the house has this very event: as good as accepted */
    SAMENLOOP_REFUSED
};

struct samenloop_answer {
    enum samenloop_status status;
    char id[129]; /* as the event has them; empty where it has none that is any good */
    char source[129];
    char code[32];      /* refused: "subject_invalid"; a table of them is in PROTOCOL.md */
    char sentence[256]; /* refused: for people, without personal data */
    char field[256];    /* refused: JSON pointer into the event, or empty */
};

/*
 * Hands in one event (CloudEvents 1.0, JSON) or, with `batch`, an array of them. Each is answered
 * for itself: the others of a batch with a refused event are taken, and repeating it is safe. A
 * text that is no JSON, or no array where one is wanted, is one event that was refused. -1, and
 * nothing is taken, when so much is pending already that a turn must come first.
 */
int samenloop_publish(struct samenloop *house, enum samenloop_role role, const void *text,
                      size_t size, bool batch, struct samenloop_tickets *out);

/*
 * The answer for a ticket. It is there after the turn that follows samenloop_publish, and until
 * the turn after that. -1: no such ticket (any more).
 */
int samenloop_answer(const struct samenloop *house, uint64_t ticket, struct samenloop_answer *out);

/*
 * What became of an event that this house published, as JSON:
 *   {"status":"waiting"|"accepted"|"refused","journalseq":"12","code":…,"sentence":…,"remarks":[…]}
 * The text is the house's, ends with a NUL, and is good until the next call. NULL: never handed in.
 */
const char *samenloop_event(struct samenloop *house, const char *id, const char *source);

/* ---------------------------------------------------------------- receiving */

/* How far a reader has come: {0} begins with the first that the role has not acknowledged. */
struct samenloop_cursor {
    uint64_t after[SAMENLOOP_LANES];
};

struct samenloop_item {
    uint64_t position; /* names the item for ever; the event's attribute `inboxposition` */
    const char *event; /* a CloudEvent as JSON; the house's, good until the next call */
    size_t size;
};

/*
 * The next item that this role has not acknowledged, behind the cursor, which moves on: lanes
 * first, then the order in which they came. 1: `out` is filled in; 0: there is none now; -1: the
 * disk cannot be read.
 */
int samenloop_receive(struct samenloop *house, enum samenloop_role role,
                      struct samenloop_cursor *cursor, struct samenloop_item *out);

/* Rises whenever something comes for a role; a reader that waits compares it. */
uint64_t samenloop_arrivals(const struct samenloop *house, enum samenloop_role role);

/*
 * Acknowledges items: they are not handed out again, and whoever waits for the receipt hears of
 * it. It holds after the next turn. Once more is harmless. -1: one of the positions is not in this
 * role's inbox, and nothing is acknowledged; or, where samenloop_health says so, the disk is full,
 * and what could not be acknowledged is handed out again.
 */
int samenloop_acknowledge(struct samenloop *house, enum samenloop_role role,
                          const uint64_t *positions, size_t count);

/* ---------------------------------------------------------------- the joint team's list */

/*
 * Asks the router for the joint team's list, as the agreement shows it to this organisation, and
 * gives a ticket. For the role SAMENLOOP_JOINT_TEAM alone: that is the caller's to see to.
 */
uint64_t samenloop_list_ask(struct samenloop *house);
/*
 * 1: `text` is the list, as JSON that ends with a NUL, the house's and good until the next turn: an
 * array with an object a house, the first in turn first:
 *   {"priority":1,"subject":BAG number, where it is known,"house":"3b5d3105701d","since":…,
 *    "grounds":["acute"],"open":[{"to":"ncg","role":…,"what":…,"due":…,"overdue":false,"rule":…,
 *    "clause":…,"journalseq":"12"}]}
 * 0: not yet, ask after the next turn; -1: the router is away.
 */
int samenloop_list(const struct samenloop *house, uint64_t ticket, const char **text);

/* ---------------------------------------------------------------- health */

struct samenloop_health {
    bool writable;  /* false: no event is accepted now (the disk is full) */
    bool fed;       /* false: the router keeps another journal than the one this inbox is of */
    bool connected; /* the router answered this connection's greeting */
    uint64_t outbox[SAMENLOOP_LANES]; /* events that the router has not answered */
    uint64_t inbox[SAMENLOOP_LANES];  /* deliveries that nobody acknowledged */
    /* Since the house was opened. */
    uint64_t accepted;
    uint64_t duplicates;
    uint64_t refused;   /* at this door */
    uint64_t delivered; /* into the inbox */
    uint64_t repeated;  /* deliveries that were there already */
    uint64_t behind;    /* deliveries whose previous one is missing */
    uint64_t failed;    /* deliveries that could not be taken */
    uint64_t connections;
    uint64_t cards_refused; /* of those in the folder now: key cards that are not good */
    char journal[33]; /* where `fed` is false: identity of the journal that the router keeps */
    uint64_t head;    /* records of the journal under its last signed head that fits; 0: none yet */
    char alarm[256];  /* the journal is not what it was: why, or empty */
    char trouble[256]; /* for people: what is wrong, or empty */
};

void samenloop_health(const struct samenloop *house, struct samenloop_health *out);

#ifdef __cplusplus
}
#endif

#endif
