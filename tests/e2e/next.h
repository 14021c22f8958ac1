/* The function that a preloaded one stands before. */
#ifndef TESTS_E2E_NEXT_H
#define TESTS_E2E_NEXT_H

#include <dlfcn.h>
#include <stdlib.h>

/* dlsym gives an object pointer; ISO C knows no cast from there to a function. */
static inline void *next(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL)
        abort();
    return found;
}

#endif
