#include "CImages.h"
#include "Size.h"
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// stdio.h must come first.
#include <jpeglib.h>
#include <jerror.h>

// A progressive file may repeat its scans, and each scan costs a pass over the whole image.
enum { SCAN_LIMIT = 200 };

typedef struct {
    struct jpeg_error_mgr manager; // first, because libjpeg knows only this part
    jmp_buf escape;
    char *reason;
    uint32_t notes; // CIMAGES_LACKS_END, CIMAGES_LACKS_ROWS
} Errors;

// Stores the reason of the failure and leaves libjpeg.
static void fail_with(j_common_ptr decoder, const char *reason) {
    Errors *errors = (Errors *)decoder->err;
    snprintf(errors->reason, CIMAGES_REASON_SIZE, "%s", reason);
    longjmp(errors->escape, 1);
}

static const char *const TRUNCATED = "it is truncated";

// libjpeg calls this for an error.
static void fail(j_common_ptr decoder) {
    char text[JMSG_LENGTH_MAX];
    if (((Errors *)decoder->err)->notes & CIMAGES_LACKS_END) fail_with(decoder, TRUNCATED);
    decoder->err->format_message(decoder, text);
    fail_with(decoder, text);
}

// True in the last row of blocks of an image that has so many of them that a part of one is no great loss.
static int is_in_last_rows(j_decompress_ptr decoder) {
    return !jpeg_has_multiple_scans(decoder) && decoder->total_iMCU_rows >= 8 &&
           decoder->input_iMCU_row + 1 == decoder->total_iMCU_rows;
}

// libjpeg calls this for a warning; a damaged file is an error here.
static void warn(j_common_ptr common, int level) {
    Errors *errors = (Errors *)common->err;
    j_decompress_ptr decoder = (j_decompress_ptr)common;
    if (level >= 0) return; // a trace, not a warning
    switch (errors->manager.msg_code) {
    case JWRN_EXTRANEOUS_DATA: // common and harmless
    case JWRN_ADOBE_XFORM:
    case JWRN_JFIF_MAJOR: return;
    case JWRN_JPEG_EOF:
        errors->notes |= CIMAGES_LACKS_END;
        // The arithmetic decoder goes on with zeros and does not tell.
        if (decoder->arith_code) fail_with(common, TRUNCATED);
        return;
    case JWRN_HIT_MARKER:
        if (!(errors->notes & CIMAGES_LACKS_END) || !is_in_last_rows(decoder)) break;
        errors->notes |= CIMAGES_LACKS_ROWS;
        return;
    default: break;
    }
    fail(common);
}

// True if all bits of all coefficients have been read, in however many scans.
static int has_all_scans(j_decompress_ptr decoder) {
    if (!jpeg_has_multiple_scans(decoder)) return 1;
    if (!decoder->progressive_mode) return 0; // libjpeg does not count the scans of such files
    for (int i = 0; i < decoder->num_components; i++)
        for (int k = 0; k < DCTSIZE2; k++)
            if (decoder->coef_bits[i][k] != 0) return 0;
    return 1;
}

// Turns a row of CMYK, in which 0 is full ink, into RGB in the same memory.
static void remove_black(uint8_t *row, size_t width) {
    for (size_t x = 0; x < width; x++)
        for (size_t color = 0; color < 3; color++)
            row[3 * x + color] = (uint8_t)((row[4 * x + color] * row[4 * x + 3] + 127) / 255);
}

// libjpeg calls this after each part of its work.
static void limit_scans(j_common_ptr decoder) {
    int scan = ((j_decompress_ptr)decoder)->input_scan_number;
    if (scan > SCAN_LIMIT) fail_with(decoder, "it has too many scans");
}

// True if the file cannot hold its image: a block of 8 x 8 samples takes at least one bit. Arithmetic coding
// has no such limit; what packs 512 blocks into a byte is not read.
static int is_too_short(j_decompress_ptr decoder, size_t count) {
    size_t most = 0;
    for (int i = 0; i < decoder->num_components; i++) {
        const jpeg_component_info *component = &decoder->comp_info[i];
        size_t blocks = (size_t)component->width_in_blocks * component->height_in_blocks;
        if (blocks > most) most = blocks;
    }
    return most / (decoder->arith_code ? 512 : 8) > count;
}

// Decodes the image into `*pixels`, which the caller frees after an error.
static void read_image(
    j_decompress_ptr decoder, size_t count, size_t pixel_limit, uint8_t *volatile *pixels, CImage *image) {
    j_common_ptr common = (j_common_ptr)decoder;
    jpeg_read_header(decoder, TRUE);
    size_t width = decoder->image_width;
    size_t height = decoder->image_height;
    char text[CIMAGES_REASON_SIZE];
    if (is_too_large(width, height, pixel_limit, text)) fail_with(common, text);
    if (is_too_short(decoder, count)) fail_with(common, "it is truncated: too short for its size");
    int is_cmyk = decoder->jpeg_color_space == JCS_CMYK || decoder->jpeg_color_space == JCS_YCCK;
    switch (decoder->jpeg_color_space) {
    case JCS_GRAYSCALE: decoder->out_color_space = JCS_GRAYSCALE; break;
    case JCS_RGB:
    case JCS_YCbCr: decoder->out_color_space = JCS_RGB; break;
    case JCS_CMYK:
    case JCS_YCCK: decoder->out_color_space = JCS_CMYK; break;
    default: fail_with(common, "its colours are of an unknown kind; convert it to RGB"); return;
    }
    decoder->dct_method = JDCT_ISLOW; // the exact method: every build gives the same pixels
    jpeg_start_decompress(decoder);
    size_t row = width * (is_cmyk ? 3 : (size_t)decoder->output_components);
    *pixels = calloc(height * row + width, 1); // a row of CMYK has a byte more per pixel
    if (!*pixels) fail_with(common, "there is no memory for it");
    while (decoder->output_scanline < height) {
        JSAMPROW line = *pixels + decoder->output_scanline * row;
        jpeg_read_scanlines(decoder, &line, 1);
        if (is_cmyk) remove_black(line, width);
    }
    image->width = (uint32_t)width;
    image->height = (uint32_t)height;
    image->channels = is_cmyk ? 3 : (uint32_t)decoder->output_components;
    int is_whole = has_all_scans(decoder);
    jpeg_finish_decompress(decoder);
    image->notes = ((Errors *)decoder->err)->notes | (is_cmyk ? CIMAGES_CMYK : 0);
    if (image->notes & CIMAGES_LACKS_END && !is_whole) fail_with(common, TRUNCATED);
}

int cimages_read_jpeg(const uint8_t *bytes, size_t count, size_t pixel_limit, CImage *image, char *reason) {
    struct jpeg_decompress_struct decoder;
    struct jpeg_progress_mgr progress = {.progress_monitor = limit_scans};
    Errors errors = {.reason = reason};
    uint8_t *volatile pixels = NULL; // volatile, because it is read after a longjmp
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
