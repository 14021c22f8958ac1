/*
 * A list that grows: items, count and capacity, as a field of a struct. Whoever has it frees its
 * items.
 */
#ifndef CORE_LIST_H
#define CORE_LIST_H

#include "schemas/bytes.h"

#define LIST(type)                                                                                 \
    struct {                                                                                       \
        type *items;                                                                               \
        size_t count;                                                                              \
        size_t capacity;                                                                           \
    }

/* Room for one more, which is given. */
#define LIST_ADD(list)                                                                             \
    ((list)->items = sl_grow((list)->items, &(list)->capacity, (list)->count + 1,                  \
                             sizeof *(list)->items),                                               \
     &(list)->items[(list)->count++])

#endif
