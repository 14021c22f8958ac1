/* The router's feed (router/feed.h), read until the process ends or something fails. */
#ifndef LOG_FEED_H
#define LOG_FEED_H

#include "router/telling.h"

struct log_feed {
    const char *address;
    const char *router_key; /* file: the router's public CURVE key */
    const char *curve_key;  /* file: the private CURVE key of a participant */
};

/* Lines that did not come are told on standard error: the journal has them. Returns -1 only. */
int log_feed_read(const struct log_feed *feed, telling_reader read, void *context,
                  struct sl_error *error);

#endif
