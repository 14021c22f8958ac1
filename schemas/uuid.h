/* UUIDs (RFC 9562) as 16 bytes. */
#ifndef SL_UUID_H
#define SL_UUID_H

#include "schemas/bytes.h"

enum { SL_UUID_SIZE = 16, SL_UUID_TEXT = 37 };

int sl_uuid_parse(uint8_t out[SL_UUID_SIZE], struct sl_bytes text); /* -1: no UUID */
void sl_uuid_format(char out[SL_UUID_TEXT], const uint8_t uuid[SL_UUID_SIZE]);

/* Version 5 (name based, SHA-1) in Samenloop's own namespace, of the pieces with a NUL between. */
void sl_uuid_from_name(uint8_t out[SL_UUID_SIZE], const struct sl_bytes *pieces, size_t count);

#endif
