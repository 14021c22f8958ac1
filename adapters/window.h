/* What a back office sees of the house, as JSON: items of its inbox, and what became of an event.
 */
#ifndef ADAPTER_WINDOW_H
#define ADAPTER_WINDOW_H

#include "adapters/house.h"

/* An item of the inbox as a CloudEvent, appended to house->text. */
int window_item(struct samenloop *house, uint64_t record, struct sl_error *error);

/*
 * What became of an event, in house->text, as samenloop_event says. 1: there it is; 0: it was never
 * handed in; -1: the disk failed.
 */
int window_event(struct samenloop *house, struct sl_bytes id, struct sl_bytes source,
                 struct sl_error *error);

#endif
