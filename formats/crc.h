/*
 * crc.h - CRC-32, as zlib has it, at the speed of memory
 */
#ifndef SS_CRC_H
#define SS_CRC_H

#include <stddef.h>
#include <stdint.h>

/* Of n more bytes behind those whose CRC is crc; 0 of none. The same as zlib's crc32_z(). */
uint32_t ss_crc32(uint32_t crc, const void *p, size_t n);

#endif
