// PNG and JPEG through libpng and libjpeg. This is C, because both report errors by longjmp, which Swift
// cannot receive.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Bytes of the buffer for a reason: a clause like "it is truncated", ended by 0.
#define CIMAGES_REASON_SIZE 256

// 8-bit pixels, row by row, with the channels of a pixel side by side.
typedef struct {
    uint32_t width, height;
    uint32_t channels; // 1: grey, 3: RGB
    uint8_t *pixels;   // allocated with malloc; NULL after an error
} CImage;

// Decodes a file in memory. Returns 0, or 1 and the reason. An image of more than `pixel_limit` pixels is
// refused before memory is taken for it. Palettes become RGB, 16 bits become 8 (scaled and rounded), and
// alpha is dropped.
int cimages_read_png(const uint8_t *bytes, size_t count, size_t pixel_limit, CImage *image, char *reason);
// Decodes a file like `cimages_read_png`. CMYK is refused, and so is a damaged or truncated file, where
// libjpeg would fill in grey.
int cimages_read_jpeg(const uint8_t *bytes, size_t count, size_t pixel_limit, CImage *image, char *reason);

// Encodes an image. Returns 0, or 1 and the reason; the caller frees `*bytes`.
int cimages_write_png(const CImage *image, uint8_t **bytes, size_t *count, char *reason);
