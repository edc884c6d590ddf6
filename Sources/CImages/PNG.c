#include "CImages.h"
#include "Size.h"
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The data of libpng's callbacks, and the memory to be freed in any case.
typedef struct {
    const uint8_t *bytes; // the file
    size_t count, position;
    uint8_t *pixels;
    png_bytep *rows;
    char *reason;
} Source;

// libpng calls this for an error.
static void fail(png_structp png, png_const_charp message) {
    Source *source = png_get_error_ptr(png);
    snprintf(source->reason, CIMAGES_REASON_SIZE, "%s", message);
    longjmp(png_jmpbuf(png), 1);
}

// libpng calls this for a warning.
static void ignore(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

// libpng calls this for the next `count` bytes of the file.
static void take(png_structp png, png_bytep output, size_t count) {
    Source *source = png_get_io_ptr(png);
    if (count > source->count - source->position) png_error(png, "it is truncated");
    memcpy(output, source->bytes + source->position, count);
    source->position += count;
}

// Asks libpng for 8-bit grey or RGB, whatever the file holds: a palette, 1, 2, 4 or 16 bits, alpha.
static void request_plain_pixels(png_structp png, png_infop info) {
    int color = png_get_color_type(png, info);
    if (color == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
    if (color == PNG_COLOR_TYPE_GRAY && png_get_bit_depth(png, info) < 8)
        png_set_expand_gray_1_2_4_to_8(png);
    png_set_scale_16(png);
    png_set_strip_alpha(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
}

static void read_image(png_structp png, png_infop info, size_t pixel_limit, Source *source, CImage *image) {
    png_set_read_fn(png, source, take);
    png_set_user_limits(png, 0x7fffffff, 0x7fffffff); // our own limit gives the better message
    // Texts, profiles and the like are skipped: they may unpack to anything and do not change the pixels.
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_read_info(png, info);
    size_t width = png_get_image_width(png, info);
    size_t height = png_get_image_height(png, info);
    char text[CIMAGES_REASON_SIZE];
    if (is_too_large(width, height, pixel_limit, text)) png_error(png, text);
    // Deflate packs at most 1,032 bytes into one.
    if (png_get_rowbytes(png, info) * height / 1032 > source->count)
        png_error(png, "it is truncated: too short for its size");
    request_plain_pixels(png, info);
    size_t channels = png_get_channels(png, info);
    size_t row = width * channels;
    if ((channels != 1 && channels != 3) || png_get_rowbytes(png, info) != row)
        png_error(png, "its kind of pixels is unknown");
    source->pixels = calloc(height, row);
    source->rows = malloc(height * sizeof *source->rows);
    if (!source->pixels || !source->rows) png_error(png, "there is no memory for it");
    for (size_t y = 0; y < height; y++) source->rows[y] = source->pixels + y * row;
    png_read_image(png, source->rows);
    png_read_end(png, NULL);
    image->width = (uint32_t)width;
    image->height = (uint32_t)height;
    image->channels = (uint32_t)channels;
}

// Reads the image and returns 0, or returns 1 after an error. It is a function of its own, so that longjmp
// leaves no local variable of the caller undefined.
static int attempt(png_structp png, png_infop info, size_t pixel_limit, Source *source, CImage *image) {
    if (setjmp(png_jmpbuf(png))) return 1;
    read_image(png, info, pixel_limit, source, image);
    image->pixels = source->pixels;
    source->pixels = NULL;
    return 0;
}

int cimages_read_png(const uint8_t *bytes, size_t count, size_t pixel_limit, CImage *image, char *reason) {
    Source source = {.bytes = bytes, .count = count, .reason = reason};
    *image = (CImage){0};
    snprintf(reason, CIMAGES_REASON_SIZE, "there is no memory for it");
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, fail, ignore);
    if (!png) return 1;
    png_infop info = png_create_info_struct(png);
    int failed = info ? attempt(png, info, pixel_limit, &source, image) : 1;
    png_destroy_read_struct(&png, &info, NULL);
    free(source.rows);
    free(source.pixels);
    return failed;
}

int cimages_write_png(const CImage *image, uint8_t **bytes, size_t *count, char *reason) {
    // libpng's simple interface reports errors as values.
    png_image output = {
        .version = PNG_IMAGE_VERSION,
        .width = image->width,
        .height = image->height,
        .format = image->channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB,
    };
    *bytes = NULL;
    png_alloc_size_t size = 0;
    if (png_image_write_to_memory(&output, NULL, &size, 0, image->pixels, 0, NULL) &&
        (*bytes = malloc(size)) &&
        png_image_write_to_memory(&output, *bytes, &size, 0, image->pixels, 0, NULL)) {
        *count = size;
        return 0;
    }
    const char *message = output.message[0] ? output.message : "there is no memory for it";
    snprintf(reason, CIMAGES_REASON_SIZE, "%s", message);
    png_image_free(&output);
    free(*bytes);
    *bytes = NULL;
    return 1;
}
