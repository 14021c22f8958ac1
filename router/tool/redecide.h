/*
 * A journal's past decided again, under the agreement that is asked for: its events, receipts and
 * erasures go through the core anew (history.h tells what was decided then). The journal is only
 * read; a router may be writing it. Deliveries depend on who was there, not on the agreement: the
 * lines `delivered` are left out.
 */
#ifndef REDECIDE_H
#define REDECIDE_H

#include "router/tool/scenario.h"

/*
 * Appends the routing log to `out`; *last is the last moment that was told. -1 when an agreement or
 * the journal cannot be read.
 */
int redecide_log(struct sl_buffer *out, int64_t *last, const char *folder,
                 const struct scenario_agreements *agreements, struct sl_error *error);

#endif
