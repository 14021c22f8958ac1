/*
 * What adapter and router say to each other (wire.proto; PROTOCOL.md, "The wire"). One ZeroMQ
 * message is one Frame, of at most SL_MAX_FRAME bytes.
 *
 * Reading is strict and bounded: what sl_wire_unpack gives has every pointer that the form asks
 * for, every enumeration known, every number in its range, every text printable, every list within
 * schemas/limits.h. What stays for the reader to judge is what only it can know: signatures,
 * digests, whether a number was ever given out, whether credit was left.
 */
#ifndef SL_WIRE_H
#define SL_WIRE_H

#include "samenloop/v1/wire.pb-c.h"
#include "schemas/catalogue.h"
#include "schemas/error.h"

enum { SL_WIRE_VERSION = 1, SL_IDENTITY_SIZE = 16 };

/* Who sent a frame. Heartbeat and Bye come from both. */
enum sl_wire_side { SL_WIRE_ADAPTER = 1, SL_WIRE_ROUTER = 2 };

/*
 * Reads a frame that came from `side` into the arena (which should have SL_MAX_ARENA as its limit);
 * it points into the arena alone. NULL with SL_PROTOCOL and a sentence when it is none, is too
 * large, is not that side's to send, or breaks a bound; the connection then ends with a Bye.
 */
const Samenloop__V1__Frame *sl_wire_unpack(struct sl_arena *arena, enum sl_wire_side side,
                                           struct sl_bytes frame, struct sl_error *error);

/* Append a frame to a buffer. The bodies are only read; nothing is checked. */
void sl_wire_hello(struct sl_buffer *out, const Samenloop__V1__Hello *body);
void sl_wire_welcome(struct sl_buffer *out, const Samenloop__V1__Welcome *body);
void sl_wire_publish(struct sl_buffer *out, const Samenloop__V1__Publish *body);
void sl_wire_published(struct sl_buffer *out, const Samenloop__V1__Published *body);
void sl_wire_deliver(struct sl_buffer *out, const Samenloop__V1__Deliver *body);
void sl_wire_delivered(struct sl_buffer *out, const Samenloop__V1__Delivered *body);
void sl_wire_receipt(struct sl_buffer *out, const Samenloop__V1__Receipt *body);
void sl_wire_receipted(struct sl_buffer *out, const Samenloop__V1__Receipted *body);
void sl_wire_list(struct sl_buffer *out, const Samenloop__V1__List *body);
void sl_wire_list_piece(struct sl_buffer *out, const Samenloop__V1__ListPiece *body);
void sl_wire_heartbeat(struct sl_buffer *out);

/* The last frame; SL_OK is a peaceful end. The sentence is cut to what a frame may hold. */
void sl_wire_bye(struct sl_buffer *out, enum sl_code code, const char *sentence);

/* The kind's name for messages: "hello", "publish" ... Never NULL. */
const char *sl_wire_name(const Samenloop__V1__Frame *frame);

#endif
