// PNG and JPEG through libpng and libjpeg. This is C, because both report errors by longjmp, which Swift
// cannot receive.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Bytes of the buffer for a reason: a clause like "it is truncated", ended by 0.
#define CIMAGES_REASON_SIZE 256

// The bits of `CImage.notes`: changes of a file's pixels, or what they lack.
enum {
    CIMAGES_TRANSPARENT = 1, // some pixels were transparent and are now on white
    CIMAGES_CMYK = 2,        // the colours were CMYK
    CIMAGES_LACKS_END = 4,   // the file's end is missing, but all pixels are there
    CIMAGES_LACKS_ROWS = 8,  // the file's end is missing, with a part of the last rows
};

// 8-bit pixels, row by row, with the channels of a pixel side by side.
typedef struct {
    uint32_t width, height;
    uint32_t channels; // 1: grey, 3: RGB
    uint32_t notes;    // CIMAGES_TRANSPARENT, …
    uint32_t greatest; // the greatest colour value of a file with 16 bits; otherwise 0
    uint8_t *pixels;   // allocated with malloc; NULL after an error
} CImage;

// Decodes a file in memory. Returns 0, or 1 and the reason. An image of more than `pixel_limit` pixels is
// refused before memory is taken for it. Palettes become RGB, 16 bits become 8 (divided by 257 and rounded),
// and transparent pixels are laid on white, as viewers do. A file that lacks only what follows its pixels is
// read.
int cimages_read_png(const uint8_t *bytes, size_t count, size_t pixel_limit, CImage *image, char *reason);
// Decodes a file like `cimages_read_png`. CMYK becomes RGB, C · K / 255 of the stored values: 0 is full ink
// in them, as all common programs write and read it. A damaged file is refused, where libjpeg would fill in
// grey; if only the file's end is missing, with at most a part of the last row of blocks of a high image, it
// is read.
int cimages_read_jpeg(const uint8_t *bytes, size_t count, size_t pixel_limit, CImage *image, char *reason);

// Encodes an image. Returns 0, or 1 and the reason; the caller frees `*bytes`.
int cimages_write_png(const CImage *image, uint8_t **bytes, size_t *count, char *reason);
