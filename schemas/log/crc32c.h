/* CRC-32C (Castagnoli), as in RFC 3720: polynomial 0x1EDC6F41, reflected. */
#ifndef SL_CRC32C_H
#define SL_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Continues a checksum; begin with 0. */
uint32_t sl_crc32c(uint32_t before, const void *data, size_t size);

#endif
