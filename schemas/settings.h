/*
 * Settings of a program from a ZPL file (ZeroMQ RFC 4), by a table: read, checked, shown. Every
 * problem becomes a line, none ends the reading.
 */
#ifndef SL_SETTINGS_H
#define SL_SETTINGS_H

#include <czmq.h>

#include "schemas/bytes.h"

enum sl_setting_kind {
    SL_SETTING_TEXT,
    SL_SETTING_PATH, /* from the folder of the file, unless it begins with a slash */
    SL_SETTING_SIZE, /* uint64_t: bytes; a plain number when it is a multiple of 1 */
};

struct sl_setting {
    const char *name;
    enum sl_setting_kind kind;
    bool required;
    size_t offset; /* in the program's struct: of a char * that is freed, or of a uint64_t */
    const char *otherwise;
    const char *meaning; /* a line of help */
    uint64_t min, max;   /* of a size, */
    uint64_t multiple;   /* which is a multiple of this */
};

struct sl_settings {
    const struct sl_setting *table;
    size_t count;
    const char *const *sections; /* names of other children that the program reads itself; NULL ends
                                    them, each with its line of help behind it */
    void *out;                   /* the program's struct */
    const char *file;
    struct sl_buffer *problems;
};

/* Adds "FILE: sentence". */
void sl_settings_problem(const struct sl_settings *settings, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Reads the file into the program's struct, whose members are set in any case. A name that is none
 * is a problem: it would be a default that nobody meant. The tree is the caller's
 * (zconfig_destroy); NULL when the file is none.
 */
zconfig_t *sl_settings_read(const struct sl_settings *settings);
void sl_settings_free(const struct sl_settings *settings); /* the members */

/* A path as seen from the folder of the file; the caller frees it. */
char *sl_settings_path(const struct sl_settings *settings, const char *path);

/* The settings as they hold, in the file's form; a line a setting for people. */
void sl_settings_print(const struct sl_settings *settings, struct sl_buffer *out);
void sl_settings_help(const struct sl_settings *settings, struct sl_buffer *out);

#endif
