/*
 * A file that holds the number of a running process. The process keeps a lock on it: so a number
 * that a crash left behind, and that may be another process's by now, is never taken for it.
 */
#ifndef ROUTER_PIDFILE_H
#define ROUTER_PIDFILE_H

#include <sys/types.h>

#include "schemas/error.h"

/* Takes it for this process: gives a descriptor, or -1 when another holds it. */
int pidfile_take(const char *path, struct sl_error *error);
/* Empties and closes it; -1 (none was taken) is fine. */
void pidfile_drop(int descriptor);

/* The number of the process that holds it; 0: nobody does. */
pid_t pidfile_holder(const char *path);

#endif
