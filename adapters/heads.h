/*
 * What this organisation holds of the router's journal: the last signed head that fits all before
 * it. Every checkpoint that comes is held against it: the router's signature, this journal's
 * origin, and the proof that the tree is what it was, and more. One that does not fit is an alarm,
 * and is kept as evidence: with the one before it, it shows by the router's own signature that the
 * journal is not what it was.
 *
 * They are files beside the inbox's log, each a signed note that any tool can read, named by the
 * number of records under it: `checkpoint-N` fits (the largest; those before it go when the inbox
 * is synced), `refused-N` does not (the first one; it stays,
 * and the alarm with it, until an operator takes it away). The first checkpoint of a journal, and
 * the first after both files were taken away, is believed.
 */
#ifndef ADAPTER_HEADS_H
#define ADAPTER_HEADS_H

#include "samenloop/v1/wire.pb-c.h"
#include "schemas/checkpoint.h"

struct heads;
struct sl_storage;

/* `key`: the router's public signing key; NULL: signatures are not looked at. Both stay the
 * caller's. */
int heads_open(struct heads **out, struct sl_storage *storage, EVP_PKEY *key,
               struct sl_error *error);
void heads_key(struct heads *heads, EVP_PKEY *key); /* another one, from now on */
void heads_close(struct heads *heads);              /* NULL is fine */

/*
 * Takes a checkpoint that came from the journal with this identity (16 bytes). 0 when it, or the
 * evidence, is on stable storage; -1: the storage failed, and it must come again.
 */
int heads_take(struct heads *heads, const uint8_t *journal,
               const Samenloop__V1__Checkpoint *checkpoint, struct sl_error *error);

/* The inbox has all that was taken. If a head came since the last time, none before it will come
 * again, and their files go. */
void heads_synced(struct heads *heads);

/* The same as heads_take for the head that a router greets with. It has no proof, and so is not
 * kept where it fits: it shows at once a journal that was cut back. */
int heads_greeted(struct heads *heads, const uint8_t *journal, struct sl_bytes note,
                  struct sl_error *error);

uint64_t heads_size(const struct heads *heads);     /* records under the last that fits; 0: none */
const char *heads_alarm(const struct heads *heads); /* a sentence; empty: all fits */

#endif
