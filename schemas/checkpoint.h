/*
 * The signed head of a journal, as a C2SP tlog-checkpoint in a signed note: origin, number of
 * records, root of the tree over them, and the router's Ed25519 signature:
 *
 *     samenloop.example/journal/000102030405060708090a0b0c0d0e0f
 *     1842
 *     CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
 *
 *     — samenloop.example/journal/000102030405060708090a0b0c0d0e0f Az3grlgt...
 *
 * The origin names the journal: a router with another journal has another. A router never signs two
 * heads of which the later is not what the earlier grew to; whoever holds both can show it.
 */
#ifndef SL_CHECKPOINT_H
#define SL_CHECKPOINT_H

#include "schemas/error.h"
#include "schemas/merkle.h"

enum {
    SL_ORIGIN_MAX = 127, /* bytes of an origin, without spaces and plus */
    SL_NOTE_MAX = 1024,  /* bytes of a note that is taken */
    SL_PROOF_MAX = 128   /* hashes of a proof that one head has grown from another */
};

struct sl_checkpoint {
    char origin[SL_ORIGIN_MAX + 1];
    uint64_t size;
    sl_hash root;
};

/* The origin of the journal with this identity (16 bytes). */
void sl_checkpoint_origin(struct sl_checkpoint *checkpoint, const uint8_t *identity);

/* Appends the signed note. */
void sl_checkpoint_write(struct sl_buffer *note, struct sl_crypto *crypto, EVP_PKEY *key,
                         const struct sl_checkpoint *checkpoint);

/*
 * Reads a note with one signature, by this key (Ed25519; NULL: any, it is not looked at). -1:
 * `malformed`, or `bad_signature`.
 */
int sl_checkpoint_read(struct sl_checkpoint *out, struct sl_crypto *crypto, EVP_PKEY *key,
                       struct sl_bytes note, struct sl_error *error);

/* Appends as base64, on one line. */
void sl_base64(struct sl_buffer *out, struct sl_bytes bytes);

#endif
