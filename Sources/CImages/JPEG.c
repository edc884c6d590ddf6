#include "CImages.h"
#include "Size.h"
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// stdio.h must come first.
#include <jpeglib.h>
#include <jerror.h>

// A progressive file may repeat its scans; each costs a pass over the whole image.
enum { SCAN_LIMIT = 200 };

typedef struct {
    struct jpeg_error_mgr manager; // first: libjpeg knows only this part
    jmp_buf escape;
    char *reason;
} Errors;

static void say_and_leave(j_common_ptr decoder, const char *reason) {
    Errors *errors = (Errors *)decoder->err;
    snprintf(errors->reason, CIMAGES_REASON_SIZE, "%s", reason);
    longjmp(errors->escape, 1);
}

static void fail(j_common_ptr decoder) {
    char text[JMSG_LENGTH_MAX];
    decoder->err->format_message(decoder, text);
    say_and_leave(decoder, text);
}

static void warn(j_common_ptr decoder, int level) {
    if (level >= 0) return; // a trace, not a warning
    switch (decoder->err->msg_code) {
    case JWRN_EXTRANEOUS_DATA: // common, and without consequence
    case JWRN_ADOBE_XFORM:
    case JWRN_JFIF_MAJOR: return;
    case JWRN_JPEG_EOF: say_and_leave(decoder, "it is truncated"); return;
    default: fail(decoder);
    }
}

static void limit_scans(j_common_ptr decoder) {
    if (((j_decompress_ptr)decoder)->input_scan_number > SCAN_LIMIT) say_and_leave(decoder, "it has too many scans");
}

// Huffman codes have a bit at least, and every block of 8 x 8 samples has one.
static int is_too_short(j_decompress_ptr decoder, size_t count) {
    size_t most = 0;
    for (int i = 0; i < decoder->num_components; i++) {
        const jpeg_component_info *component = &decoder->comp_info[i];
        size_t blocks = (size_t)component->width_in_blocks * component->height_in_blocks;
        if (blocks > most) most = blocks;
    }
    return most / 8 > count;
}

static void read_image(j_decompress_ptr decoder, size_t count, size_t pixel_limit, uint8_t *volatile *pixels, CImage *image) {
    jpeg_read_header(decoder, TRUE);
    size_t width = decoder->image_width, height = decoder->image_height;
    char text[CIMAGES_REASON_SIZE];
    if (is_too_large(width, height, pixel_limit, text)) say_and_leave((j_common_ptr)decoder, text);
    // Few programs write it, not every libjpeg reads it, and it packs anything into nothing.
    if (decoder->arith_code) say_and_leave((j_common_ptr)decoder, "its coding is arithmetic, which is not read; convert it to a common JPEG");
    if (is_too_short(decoder, count)) say_and_leave((j_common_ptr)decoder, "it is truncated: too short for its size");
    switch (decoder->jpeg_color_space) {
    case JCS_GRAYSCALE: decoder->out_color_space = JCS_GRAYSCALE; break;
    case JCS_RGB:
    case JCS_YCbCr: decoder->out_color_space = JCS_RGB; break;
    case JCS_CMYK:
    case JCS_YCCK: say_and_leave((j_common_ptr)decoder, "it has CMYK colours, which are made for print; convert it to RGB"); return;
    default: say_and_leave((j_common_ptr)decoder, "its colours are of an unknown kind; convert it to RGB"); return;
    }
    decoder->dct_method = JDCT_ISLOW; // the exact one: the same pixels from every build
    jpeg_start_decompress(decoder);
    size_t row = width * (size_t)decoder->output_components;
    *pixels = calloc(height, row);
    if (!*pixels) say_and_leave((j_common_ptr)decoder, "there is no memory for it");
    while (decoder->output_scanline < height) {
        JSAMPROW line = *pixels + decoder->output_scanline * row;
        jpeg_read_scanlines(decoder, &line, 1);
    }
    image->width = (uint32_t)width;
    image->height = (uint32_t)height;
    image->channels = (uint32_t)decoder->output_components;
    jpeg_finish_decompress(decoder);
}

int cimages_read_jpeg(const uint8_t *bytes, size_t count, size_t pixel_limit, CImage *image, char *reason) {
    struct jpeg_decompress_struct decoder;
    struct jpeg_progress_mgr progress = {.progress_monitor = limit_scans};
    Errors errors = {.reason = reason};
    uint8_t *volatile pixels = NULL; // volatile: read after a longjmp
    *image = (CImage){0};
    memset(&decoder, 0, sizeof decoder);
    decoder.err = jpeg_std_error(&errors.manager);
    errors.manager.error_exit = fail;
    errors.manager.emit_message = warn;
    if (setjmp(errors.escape) == 0) {
        jpeg_create_decompress(&decoder);
        decoder.progress = &progress;
        jpeg_mem_src(&decoder, bytes, (unsigned long)count);
        read_image(&decoder, count, pixel_limit, &pixels, image);
        image->pixels = pixels;
    } else {
        free(pixels);
    }
    jpeg_destroy_decompress(&decoder);
    return image->pixels == NULL;
}
