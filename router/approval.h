/*
 * An organisation's word that it agrees: a signature over the agreement's hash, by a signing key on
 * its key card. `samenloop rules approve` makes it, as a file beside the agreement's; the router
 * wants those of img and ncg where its configuration says `approvals = "required"`, and keeps them
 * in the journal with the agreement.
 */
#ifndef ROUTER_APPROVAL_H
#define ROUTER_APPROVAL_H

#include "samenloop/v1/log.pb-c.h"
#include "schemas/directory.h"

enum { APPROVALS = 2, APPROVAL_BYTES_MAX = 1024 };

extern const char *const approval_participants[APPROVALS]; /* whose are wanted: "img", "ncg" */

/* "AGREEMENT.img.approval", ended by a NUL. */
void approval_path(struct sl_buffer *out, const char *agreement, const char *participant);

/*
 * Signs "samenloop.v1 agreement", NUL, hash; `card` is the SHA-256 of the key card that has the
 * key. `out` gets an Approval (log.proto).
 */
void approval_make(struct sl_buffer *out, const char *participant, const uint8_t card[SL_HASH_SIZE],
                   EVP_PKEY *key, const uint8_t agreement[SL_HASH_SIZE]);

/*
 * Is it this participant's approval of the agreement with this hash? Its card must be the
 * participant's, and the key stand on the card that holds, valid at `now`: one that was taken away
 * approves nothing any more. The approval, in the arena; or NULL (`configuration`; empty bytes:
 * there is none).
 */
Samenloop__V1__Approval *approval_read(struct sl_arena *arena, struct sl_bytes bytes,
                                       const struct sl_directory *directory,
                                       const char *participant,
                                       const uint8_t agreement[SL_HASH_SIZE], int64_t now,
                                       struct sl_error *error);

#endif
