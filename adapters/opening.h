/*
 * What comes from the router: verified as its publisher's, opened with this organisation's key, put
 * into the inbox. Nothing is believed that the publisher has not signed, but for the rules, numbers
 * and moments that are the router's own word.
 */
#ifndef ADAPTER_OPENING_H
#define ADAPTER_OPENING_H

#include "adapters/client.h"

struct opening;

struct opening *opening_new(const struct samenloop *house);
void opening_free(struct opening *opening);

/*
 * Takes the deliveries of a frame, in their order, and fills in an answer for each (`answers` has
 * room for them all): done when the inbox has it, now or already, and an erasure is made; behind
 * when the delivery of its subject before it is missing, or an erasure's house has an event that
 * waits for the router's answer; failed with a code of refusals when it is not what it should be.
 * -1 when the disk failed: those up to *count are answered and in the inbox, the rest is not.
 */
int opening_take(struct samenloop *house, const Samenloop__V1__Deliver *deliver,
                 struct client_answer *answers, size_t *count, struct sl_error *error);

#endif
