/*
 * The page of numbers: GET /metrics over HTTP, for a monitoring system on this machine or behind a
 * proxy. Counts alone are on it; nobody needs a token. Any other request is answered with 404 or
 * 405. No threads: the caller waits for page_file and calls page_run.
 */
#ifndef ROUTER_PAGE_H
#define ROUTER_PAGE_H

#include "schemas/error.h"

struct page;
struct router;

enum { PAGE_CONNECTIONS = 16, PAGE_SILENCE_S = 10 };

/*
 * Listens at "ADDRESS:PORT" (numeric; IPv6 in brackets; port 0: any). Each question is answered by
 * what `router` points to then. The page is closed before its router.
 */
int page_open(struct page **out, const char *address, struct router *const *router,
              struct sl_error *error);
void page_close(struct page *page);

/* "http://ADDRESS:PORT", of the page. */
const char *page_url(const struct page *page);

int page_file(const struct page *page);     /* readable: page_run has something to do */
long page_wait_ms(const struct page *page); /* -1: no need */
void page_run(struct page *page);

#endif
