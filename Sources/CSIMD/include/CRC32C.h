// CRC32C (Castagnoli), the checksum of every frame: polynomial 0x1EDC6F41, reflected.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// The CRC32C of a message whose first part has the checksum `crc` (0 for none) and whose rest is `bytes`.
uint32_t csimd_crc32c(uint32_t crc, const void *bytes, size_t count);

/// The same by the processor's checksum instruction alone, where it has one: what processors run on which
/// nothing else is faster.
uint32_t csimd_crc32c_instruction(uint32_t crc, const void *bytes, size_t count);

/// The same by tables alone: what a processor without the instruction runs, and an oracle for the others.
uint32_t csimd_crc32c_portable(uint32_t crc, const void *bytes, size_t count);
