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
    int has_all_pixels; // only what follows the pixels is still to be read
    int is_truncated;
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
    if (count > source->count - source->position) {
        source->is_truncated = 1;
        png_error(png, "it is truncated");
    }
    memcpy(output, source->bytes + source->position, count);
    source->position += count;
}

// Asks libpng for grey or RGB with 8 or 16 bits, and with alpha where the file has transparency of any kind.
static void request_plain_pixels(png_structp png, png_infop info) {
    int color = png_get_color_type(png, info);
    if (color == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
    if (color == PNG_COLOR_TYPE_GRAY && png_get_bit_depth(png, info) < 8)
        png_set_expand_gray_1_2_4_to_8(png);
    if (png_get_valid(png, info, PNG_INFO_tRNS)) png_set_tRNS_to_alpha(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
}

// Returns the next sample as 8 bits, and notes the greatest of 16 bits.
static uint32_t sample(const uint8_t *input, int is_wide, uint32_t *greatest) {
    if (!is_wide) return *input;
    uint32_t value = (uint32_t)input[0] << 8 | input[1];
    if (greatest && value > *greatest) *greatest = value;
    return (value * 255 + 32767) / 65535;
}

// Turns samples of 8 or 16 bits, perhaps with alpha, into 8-bit pixels without alpha, in the same memory.
static void simplify(uint8_t *pixels, size_t count, size_t channels, int is_wide, CImage *image) {
    size_t colors = channels <= 2 ? 1 : 3;
    size_t size = is_wide ? 2 : 1;
    const uint8_t *input = pixels;
    uint8_t *output = pixels;
    for (size_t pixel = 0; pixel < count; pixel++, input += channels * size) {
        uint32_t alpha = channels == colors ? 255 : sample(input + colors * size, is_wide, NULL);
        if (alpha < 255) image->notes |= CIMAGES_TRANSPARENT;
        for (size_t color = 0; color < colors; color++) {
            uint32_t value = sample(input + color * size, is_wide, &image->greatest);
            *output++ = (uint8_t)((value * alpha + 255 * (255 - alpha) + 127) / 255);
        }
    }
    image->channels = (uint32_t)colors;
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
    int is_wide = png_get_bit_depth(png, info) == 16;
    size_t row = width * channels * (is_wide ? 2 : 1);
    if (channels < 1 || channels > 4 || png_get_rowbytes(png, info) != row)
        png_error(png, "its kind of pixels is unknown");
    source->pixels = calloc(height, row);
    source->rows = malloc(height * sizeof *source->rows);
    if (!source->pixels || !source->rows) png_error(png, "there is no memory for it");
    for (size_t y = 0; y < height; y++) source->rows[y] = source->pixels + y * row;
    png_read_image(png, source->rows);
    image->width = (uint32_t)width;
    image->height = (uint32_t)height;
    if (is_wide || channels == 2 || channels == 4)
        simplify(source->pixels, width * height, channels, is_wide, image);
    else
        image->channels = (uint32_t)channels;
    source->has_all_pixels = 1;
    png_read_end(png, NULL);
}

// Reads the image and returns 0, or returns 1 after an error. It is a function of its own, so that longjmp
// leaves no local variable of the caller undefined.
static int attempt(png_structp png, png_infop info, size_t pixel_limit, Source *source, CImage *image) {
    if (setjmp(png_jmpbuf(png))) {
        if (!source->has_all_pixels || !source->is_truncated) return 1;
        image->notes |= CIMAGES_LACKS_END;
    } else {
        read_image(png, info, pixel_limit, source, image);
    }
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
