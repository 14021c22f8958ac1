/*
 * What the stations of the adapter's machine share: the house's logs, what it knows, its keys, the
 * time. Only the machine's own files include this.
 *
 *     door      JSON from a back office -> events, sealed and signed, into the outbox
 *     client    the conversation with the router
 *     opening   deliveries -> verified, opened, into the inbox
 *     listing   the joint team's list, as the router has it
 *     window    the inbox and what became of publications, as JSON for the back office
 *     adapter   the rounds: who does what, and what is synced before what
 */
#ifndef ADAPTER_HOUSE_H
#define ADAPTER_HOUSE_H

#include "adapters/adapter.h"
#include "adapters/client.h"
#include "adapters/heads.h"
#include "adapters/inbox.h"
#include "adapters/known.h"
#include "adapters/listing.h"
#include "adapters/outbox.h"

struct door;
struct opening;

struct samenloop {
    struct adapter_setup setup;
    int self; /* this participant in the directory */
    struct adapter_moment moment;
    struct sl_crypto *crypto;
    struct known known;
    struct outbox *outbox;
    struct inbox *inbox;
    struct heads *heads;
    struct door *door;
    struct opening *opening;
    struct client client;
    struct listing listing;
    struct sl_arena frames; /* what a frame is read into; cleared with each */
    struct sl_arena parcel; /* what one delivery of it is opened into; cleared with each */
    struct sl_arena lookup; /* what is looked up in a log; cleared with each */
    struct sl_arena window; /* what was handed out last, */
    struct sl_buffer text;  /* and its text */
    struct samenloop_health counts;
    bool full;              /* a log found no room on the disk; looked at again at `room_at` */
    int64_t room_at;        /* elapsed */
    struct sl_error broken; /* the disk has failed: nothing goes any more */
};

const struct sl_participant *house_self(const struct samenloop *house);

/* Notes that a log could not be written or read; a full disk is one that may get better. */
void house_trouble(struct samenloop *house, const struct sl_error *error);

#endif
