/* Small files, read and written whole. */
#ifndef SL_FILE_H
#define SL_FILE_H

#include "schemas/bytes.h"
#include "schemas/error.h"

/* Appends the file's bytes to `out`. -1 when it cannot be read or has more than `max` bytes. */
int sl_file_read(struct sl_buffer *out, const char *path, size_t max, struct sl_error *error);

/*
 * Writes a file so that it is there whole or not at all, also after a power cut: a file beside it,
 * synced, renamed, the folder synced. An existing file is replaced.
 */
int sl_file_write(const char *path, struct sl_bytes bytes, unsigned mode, struct sl_error *error);

/* Syncs the folder in which `path` stands. */
int sl_file_sync_folder(const char *path, struct sl_error *error);

/* Makes a folder and those above it. */
int sl_folder_make(const char *path, struct sl_error *error);

#endif
