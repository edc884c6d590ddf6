#pragma once
#include "CImages.h"
#include <stdio.h>

// The largest width and height in pixels. It is about JPEG's limit; PNG allows 2^31, but no picture is that
// long.
enum { LONGEST_SIDE = 65535 };

// Tells whether an image is too large to be read. If it is, `reason` says so.
static inline int is_too_large(size_t width, size_t height, size_t pixel_limit, char *reason) {
    if (width > LONGEST_SIDE || height > LONGEST_SIDE)
        snprintf(
            reason, CIMAGES_REASON_SIZE, "it claims %zu x %zu pixels, at most %d are read in a row or column",
            width, height, LONGEST_SIDE);
    else if (width > pixel_limit / height)
        snprintf(
            reason, CIMAGES_REASON_SIZE, "it claims %zu x %zu pixels, at most %zu are read", width, height,
            pixel_limit);
    else
        return 0;
    return 1;
}
