/*
 * Two routing logs of one past, compared event by event. An event is known by its publisher and id;
 * its number may be another one. What time brings about belongs to the event behind it.
 */
#ifndef LOGS_H
#define LOGS_H

#include "schemas/bytes.h"

/* Of one rule: events of which some lines differ, and those lines. */
struct logs_count {
    char *rule;
    size_t events;
    size_t gone;
    size_t come;
    size_t last; /* the differing event that was counted last */
};

/* Over all that was compared; begin with {0}, end with logs_sum_free. */
struct logs_sum {
    size_t events;
    size_t differing;
    struct logs_count *rules;
    size_t rule_count;
    size_t rule_capacity;
};

/* Appends the file's name of `path` and, of each event that differs, what is gone and what comes;
 * nothing where none does. The logs are what core_line_write wrote. */
void logs_compare(struct sl_buffer *out, struct logs_sum *sum, const char *path,
                  struct sl_bytes old, struct sl_bytes new);

void logs_print_sum(struct sl_buffer *out, const struct logs_sum *sum);
void logs_sum_free(struct logs_sum *sum);

#endif
