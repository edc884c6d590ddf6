// The embedded data set "digits" (see ATTRIBUTION.md), as the bytes of a gzip-compressed CSV file.
#pragma once
#include <stddef.h>
#include <stdint.h>

const uint8_t *cdigits_bytes(void);
size_t cdigits_count(void);
