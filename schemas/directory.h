/*
 * Who is who: the participants, the key cards that hold for them, and whose a key is.
 *
 * Of two cards of an organisation the one issued later holds, and says of every key from when to
 * when: one that is replaced stays on the new card with the end of its time, so that what it signed
 * until then, and what still waits in an outbox, remains good; one that is missing is revoked.
 * Older cards only tell whose a batch is that names them.
 */
#ifndef SL_DIRECTORY_H
#define SL_DIRECTORY_H

#include "schemas/catalogue.h"
#include "schemas/keycard.h"

enum { SL_NAME_SIZE = 8 };

struct sl_participant {
    char name[SL_NAME_SIZE]; /* "img", "ncg", "gm0014" */
    char oin[SL_OIN_SIZE + 1];
    enum sl_organisation organisation;
    size_t card_count;
    struct sl_card *cards; /* the one that holds first, then as they were issued, later first */
};

/* The participants in the order of the configuration; owned by whoever made it. */
struct sl_directory {
    size_t count;
    struct sl_participant participants[SL_MAX_PARTICIPANTS];
    uint64_t refused; /* cards in the folder that are not good */
};

/* Adds a participant without cards; -1 when the name or OIN is none, or given already. */
int sl_directory_add(struct sl_directory *directory, const char *name, const char *oin,
                     struct sl_error *error);

/*
 * Reads every *.card in a folder that is a file and keeps those of known participants; `trust_file`
 * has the PEM certificates that vouch for them, and the CRLs, which are then wanted for all. A card
 * that is not good stops nobody else: `problems` gets a line for it, with its path, and one for
 * each participant who is left without a card and so cannot connect. -1 only when the folder or the
 * trusted certificates cannot be read.
 */
int sl_directory_load(struct sl_directory *directory, const char *folder, const char *trust_file,
                      int64_t now, struct sl_buffer *problems, struct sl_error *error);
void sl_directory_free(struct sl_directory *directory);

/* Keeps a card with the participant whose OIN it has; false: of nobody here, and freed. */
bool sl_directory_keep(struct sl_directory *directory, struct sl_card *card);

int sl_directory_find(const struct sl_directory *directory, const char *name); /* -1: none */

/* Whose CurveZMQ key is this, on the card that holds? The participant's index, or -1. */
int sl_directory_by_curve(const struct sl_directory *directory, const uint8_t key[SL_KEY_SIZE],
                          int64_t now);

/* The card with this hash; `participant` is set to its owner's index. NULL: none. */
const struct sl_card *sl_directory_card(const struct sl_directory *directory, struct sl_bytes hash,
                                        int *participant);

/* The key for a use that holds for a participant at a moment; NULL: none. */
const struct sl_key *sl_participant_key(const struct sl_participant *participant,
                                        Samenloop__V1__KeyUse use, int64_t at);

#endif
