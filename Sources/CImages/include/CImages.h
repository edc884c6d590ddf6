// PNG and JPEG through libpng and libjpeg. In C, because both report errors by longjmp, which Swift cannot receive.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Bytes of a reason's buffer: a sentence's part, "it is truncated", ended by 0.
#define CIMAGES_REASON_SIZE 256

// 8-bit pixels, row by row, the channels of a pixel side by side.
typedef struct {
    uint32_t width, height;
    uint32_t channels; // 1 grey, 3 RGB
    uint8_t *pixels;   // malloc'ed; NULL after an error
} CImage;

// Decode a file in memory; 0 if all went well, otherwise `reason` says what is wrong. An image of more than `pixel_limit` pixels is refused
// before memory is taken for it. Palettes become RGB, 16 bits become 8 (scaled and rounded), and opacity (alpha) is dropped.
int cimages_read_png(const uint8_t *bytes, size_t count, size_t pixel_limit, CImage *image, char *reason);
// CMYK is refused; a damaged or truncated file too, where libjpeg would fill in grey.
int cimages_read_jpeg(const uint8_t *bytes, size_t count, size_t pixel_limit, CImage *image, char *reason);

// Encodes an image; `*bytes` is malloc'ed.
int cimages_write_png(const CImage *image, uint8_t **bytes, size_t *count, char *reason);
