#pragma once
#include "CImages.h"
#include <stdio.h>

// The longest side that JPEG has, more or less; PNG's goes to 2^31, and a line of so many pixels is no picture.
enum { LONGEST_SIDE = 65535 };

// Whether an image is too large to be read; `reason` says so then.
static inline int is_too_large(size_t width, size_t height, size_t pixel_limit, char *reason) {
    if (width > LONGEST_SIDE || height > LONGEST_SIDE)
        snprintf(reason, CIMAGES_REASON_SIZE, "it claims %zu x %zu pixels, at most %d are read in a row or column", width, height, LONGEST_SIDE);
    else if (width > pixel_limit / height)
        snprintf(reason, CIMAGES_REASON_SIZE, "it claims %zu x %zu pixels, at most %zu are read", width, height, pixel_limit);
    else
        return 0;
    return 1;
}
