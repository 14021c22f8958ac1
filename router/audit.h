/*
 * A journal, looked at by somebody who trusts neither the router nor its disk: every record's
 * checksum and number, its leaf (the digest of what can be erased and was not), the tree's root
 * from all leaves; each batch's signature over the headers that stand in the journal; each event's
 * sections against its header; its own heads and those that others hold against the tree; and every
 * decision once more. The journal is only read.
 */
#ifndef ROUTER_AUDIT_H
#define ROUTER_AUDIT_H

#include "schemas/checkpoint.h"
#include "schemas/directory.h"
#include "schemas/log/storage.h"
#include "schemas/merkle.h"

struct audit {
    uint64_t records;
    uint64_t events;
    uint64_t refused;
    uint64_t duplicates;
    uint64_t erased;    /* records without the content that they had */
    uint64_t batches;   /* with an event that was accepted */
    uint64_t signed_by; /* of them, those whose signature was verified */
    uint64_t cards;     /* in the journal */
    uint64_t heads;     /* that the journal says were signed */
    uint64_t held;      /* heads that others hold, and that fit */
    uint64_t differing; /* records that would be decided otherwise by this version */
    uint64_t differing_first;
    sl_hash root;
    uint64_t problems;
    struct sl_error first; /* the first problem; SL_OK: none */
};

/* What the journal is held against; all may be empty. */
struct audit_wanted {
    const struct sl_directory
        *directory;                    /* the participants' key cards, by whom one trusts; NULL:
                                          those in the journal, whose certificates are believed */
    const struct sl_checkpoint *heads; /* read with the router's key, by whoever asks */
    size_t head_count;
};

/* What is wrong with the journal stands in `out`; -1 when it cannot be opened. */
int audit_journal(struct audit *out, struct sl_storage *journal, const struct audit_wanted *wanted,
                  struct sl_error *error);

#endif
