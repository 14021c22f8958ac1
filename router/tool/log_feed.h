/* The routing log through the router's feed (router/followers.h), until the process ends or
 * something fails. */
#ifndef LOG_FEED_H
#define LOG_FEED_H

#include "router/telling.h"

struct log_feed {
    const char *address;
    const char *router_key; /* file: the router's public CURVE key */
    const char *curve_key;  /* file: the private CURVE key of a participant */
};

/*
 * From now on, or with `past` from the beginning of the router's file. No line is left out, however
 * long the router is away or the reader takes; but that the router's file has been exchanged is
 * told on standard error. Returns -1 only.
 */
int log_feed_read(const struct log_feed *feed, bool past, telling_reader read, void *context,
                  struct sl_error *error);

#endif
