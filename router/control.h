/*
 * What an operator asks of a running router, and tells it to do. A question and its answer are JSON
 * objects; the world carries them (one at a time) over a socket that only this machine's operator
 * can open.
 *
 *   {"ask":"status"}
 *   {"ask":"deadletters"}                              at most CONTROL_LETTERS of them
 *   {"ask":"show","to":NAME,"lane":LANE,"number":N}    one of them, with what its receiver said
 *   {"ask":"retry" | "discard","to":…,"lane":…,"number":…,"who":TEXT,"why":TEXT}
 *   {"ask":"erase","subject":HEX64,"who":TEXT,"why":TEXT}
 *
 * The answer to what cannot be done is {"refused":{"code":CODE,"sentence":TEXT}}. What was done is
 * on the record, with who and why, before it is answered; nothing is done twice by asking again: a
 * dead letter is none any more, and what is erased stays so.
 */
#ifndef ROUTER_CONTROL_H
#define ROUTER_CONTROL_H

#include "schemas/bytes.h"

enum { CONTROL_BYTES = 8 * 1024, CONTROL_LETTERS = 1000 };

struct router;

/*
 * Takes a question. True: the answer is in `answer` and may go once router_sync gave 0. False: it
 * takes some rounds (an erasure looks through the journal); control_answered says when.
 */
bool control_ask(struct router *router, struct sl_bytes question, struct sl_buffer *answer);
bool control_answered(struct router *router, struct sl_buffer *answer);

#endif
