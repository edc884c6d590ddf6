#include "CKernels.h"
#include "Vectors.h"
#include <string.h>

// Writes the transpose of 8×8 floats, by exchanging blocks of 4, 2 and 1 between rows.
static inline void transpose8(const float *from, size_t stride, float *restrict to, size_t to_stride) {
    typedef float row __attribute__((ext_vector_type(8)));
    typedef float unaligned_row __attribute__((ext_vector_type(8), aligned(4)));
    row r[8];
    UNROLL for (int i = 0; i < 8; i++) r[i] = *(const unaligned_row *)(from + i * stride);
#define EXCHANGE(distance, low, high) \
    UNROLL for (int i = 0; i < 8; i++) { \
        if (i & distance) continue; \
        row a = r[i], b = r[i + distance]; \
        r[i] = __builtin_shufflevector(a, b, low); \
        r[i + distance] = __builtin_shufflevector(a, b, high); \
    }
#define LIST(...) __VA_ARGS__
    EXCHANGE(4, LIST(0, 1, 2, 3, 8, 9, 10, 11), LIST(4, 5, 6, 7, 12, 13, 14, 15))
    EXCHANGE(2, LIST(0, 1, 8, 9, 4, 5, 12, 13), LIST(2, 3, 10, 11, 6, 7, 14, 15))
    EXCHANGE(1, LIST(0, 8, 2, 10, 4, 12, 6, 14), LIST(1, 9, 3, 11, 5, 13, 7, 15))
#undef EXCHANGE
#undef LIST
    UNROLL for (int i = 0; i < 8; i++) *(unaligned_row *)(to + i * to_stride) = r[i];
}

// Writes the transpose of 16×16 floats.
static void transpose16(const float *from, size_t stride, float *restrict to) {
    for (int i = 0; i < 16; i += 8)
        for (int j = 0; j < 16; j += 8) transpose8(from + i * stride + j, stride, to + j * 16 + i, 16);
}

// MARK: Winograd's output tiles: 4×4 pixels of the output each, counted over rows and then over images

struct output_tile { size_t image, y, x; };
/// The part of a run of pixels that is inside an image.
struct span { ptrdiff_t first, end; };

static size_t tile_columns(const ckernels_convolution *s) { return (s->output_width + 3) / 4; }
static size_t tile_rows(const ckernels_convolution *s) { return (s->output_height + 3) / 4; }
static size_t tile_count(const ckernels_convolution *s) { return tile_rows(s) * tile_columns(s); }

static struct output_tile tile_at(const ckernels_convolution *s, size_t index) {
    size_t columns = tile_columns(s), count = tile_count(s);
    return (struct output_tile){index / count, index % count / columns, index % columns};
}

static void next_tile(const ckernels_convolution *s, struct output_tile *tile) {
    if (++tile->x < tile_columns(s)) return;
    tile->x = 0;
    if (++tile->y < tile_rows(s)) return;
    tile->y = 0;
    tile->image++;
}

static struct span inside(ptrdiff_t start, ptrdiff_t count, size_t limit) {
    ptrdiff_t end = (ptrdiff_t)limit - start;
    return (struct span){start < 0 ? -start : 0, end < count ? end : count};
}

// The most tiles that are transformed at a time: their values stay in the second-level cache or near it, and
// a product still has whole groups of rows. No bit depends on it.
enum { most_tiles = 66 };

// Channels whose weights are transformed at a time where they are not kept transformed: they stay in the
// second-level cache. No bit depends on it.
enum { channels_per_block = 64 };
// Floats from one coordinate of those weights to the next: a cache line more than a power of two, so that
// the 36 lines that are written together do not fall into one set of the cache.
enum { block_stride = 16 * channels_per_block + 16 };

// Tiles of a block: blocks of nearly equal size, so that the last one is not small.
static size_t tiles_per_block(size_t tiles) {
    size_t blocks = (tiles + most_tiles - 1) / most_tiles;
    return (tiles + blocks - 1) / blocks;
}

// MARK: How the windows of a direct convolution lie, in floats

struct window_layout {
    // From one window to the next in a line of windows, and from one line to the next.
    size_t window_step, line_step;
    // From one row of the padded image to the next.
    size_t image_row;
    // A window is `rows` runs of `run` floats each, one in each row of the image.
    size_t run, rows;
    // Lines of windows on an image, and windows in a line.
    size_t lines, windows;
    // Output channels: from one window's outputs to the next one's.
    size_t outputs;
};

// MARK: A copy of the loops for every kind of processor

#define NAME(x) base_##x
#define ROWS 6  // AVX2 has 16 registers of half a vector, NEON 32 of a quarter
#include "Products.h"
#include "Winograd.h"
#undef NAME
#undef ROWS

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((AVX512)), apply_to = function)
#define NAME(x) avx512_##x
#define ROWS 12  // of 32 registers of a whole vector
#include "Products.h"
#include "Winograd.h"
#undef NAME
#undef ROWS
#pragma clang attribute pop

#endif

// MARK: Products

void ckernels_pack(const float *b, size_t ldb, size_t depth, size_t columns, float *panel) {
    size_t distance = 16 * depth;
    // Several panels at once: a row is read in one run of memory.
    for (; columns >= 64; b += 64, columns -= 64, panel += 4 * distance)
        for (size_t k = 0; k < depth; k++)
            for (size_t p = 0; p < 4; p++)
                STORE_ALIGNED(panel + p * distance + 16 * k, LOAD(b + k * ldb + 16 * p));
    for (; columns >= 16; b += 16, columns -= 16, panel += distance)
        for (size_t k = 0; k < depth; k++) STORE_ALIGNED(panel + 16 * k, LOAD(b + k * ldb));
    if (columns == 0) return;
    for (size_t k = 0; k < depth; k++)
        for (size_t j = 0; j < 16; j++) panel[16 * k + j] = j < columns ? b[k * ldb + j] : 0;
}

void ckernels_pack_transposed(const float *b, size_t ldb, size_t depth, size_t columns, float *panel) {
    size_t k = 0;
    if (columns == 16)
        for (; k + 16 <= depth; k += 16) transpose16(b + k, ldb, panel + 16 * k);
    for (; k < depth; k++)
        for (size_t j = 0; j < 16; j++) panel[16 * k + j] = j < columns ? b[j * ldb + k] : 0;
}

// Copies the first `columns` columns of some rows.
static void copy_columns(
    const float *from, size_t from_stride, float *to, size_t to_stride, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++)
        memcpy(to + r * to_stride, from + r * from_stride, columns * sizeof(float));
}

void ckernels_multiply_panels(
    const float *a, size_t stride, size_t rows, const float *panel, size_t depth, bool accumulates, float *c,
    size_t ldc, size_t columns) {
    if (columns == 16) return CHOSEN(multiply_panels)(a, stride, rows, panel, depth, accumulates, c, ldc);
    // The floats behind the columns belong to others: they are neither read nor written.
    enum { rows_per_block = 48 };
    float block[rows_per_block * 16];
    for (size_t first = 0; first < rows; first += rows_per_block) {
        size_t count = least(rows_per_block, rows - first);
        if (accumulates) {
            memset(block, 0, sizeof block);
            copy_columns(c + first * ldc, ldc, block, 16, count, columns);
        }
        CHOSEN(multiply_panels)(a + 16 * first, stride, count, panel, depth, accumulates, block, 16);
        copy_columns(block, 16, c + first * ldc, ldc, count, columns);
    }
}

void ckernels_multiply_row(
    const float *a, const float *panels, size_t distance, size_t depth, float *c, size_t columns) {
    size_t whole = columns / 16, rest = columns % 16;
    CHOSEN(multiply_row)(a, panels, distance, depth, whole, c);
    if (rest == 0) return;
    // The floats behind the columns belong to others.
    float last[16];
    CHOSEN(multiply_row)(a, panels + whole * distance, distance, depth, 1, last);
    memcpy(c + 16 * whole, last, rest * sizeof(float));
}

void ckernels_multiply_transposed(
    const float *a, size_t rows, const float *b, size_t depth, bool accumulates, float *c, size_t ldc,
    size_t columns) {
    if (columns == 16) return CHOSEN(multiply_transposed)(a, rows, b, depth, accumulates, c, ldc);
    float block[16 * 16];
    if (accumulates) {
        memset(block, 0, sizeof block);
        copy_columns(c, ldc, block, 16, rows, columns);
    }
    CHOSEN(multiply_transposed)(a, rows, b, depth, accumulates, block, 16);
    copy_columns(block, 16, c, ldc, rows, columns);
}

// MARK: Direct convolution

static size_t padded_width(const ckernels_windows *s) { return s->left + s->width + s->right; }
static size_t padded_height(const ckernels_windows *s) { return s->top + s->height + s->bottom; }

size_t ckernels_direct_scratch(const ckernels_windows *s) {
    return (padded_height(s) * padded_width(s) * s->channels + 15) / 16 * 16;
}

static struct window_layout layout(const ckernels_windows *s) {
    size_t row = padded_width(s) * s->channels;
    return (struct window_layout){
        .window_step = s->stride_width * s->channels,
        .line_step = s->stride_height * row,
        .image_row = row,
        .run = s->kernel_width * s->channels,
        .rows = s->kernel_height,
        .lines = s->output_height,
        .windows = s->output_width,
        .outputs = s->outputs,
    };
}

// Returns an image with its padding, or the image itself where there is none. Only the rows `first` up to
// `end`, counted with padding, are written.
static const float *pad(const float *x, const ckernels_windows *s, size_t first, size_t end, float *scratch) {
    if (s->top + s->left + s->bottom + s->right == 0) return x;
    size_t row = s->width * s->channels;
    size_t padded = padded_width(s) * s->channels, before = s->left * s->channels;
    memset(scratch + first * padded, 0, padded * (end - first) * sizeof(float));
    for (size_t y = first < s->top ? s->top : first; y < least(end, s->top + s->height); y++)
        memcpy(scratch + y * padded + before, x + (y - s->top) * row, row * sizeof(float));
    return scratch;
}

void ckernels_direct_forward(
    const float *x, const float *panels, float *y, const ckernels_windows *s, size_t images,
    ckernels_part part, float *scratch) {
    const struct window_layout w = layout(s);
    size_t depth = w.rows * w.run, line = w.windows * w.outputs;
    if (part.first >= part.end) return;
    size_t top = part.first * s->stride_height, bottom = (part.end - 1) * s->stride_height + w.rows;
    for (size_t i = 0; i < images; i++, x += s->height * s->width * s->channels, y += w.lines * line) {
        const float *image = pad(x, s, top, bottom, scratch);
        // Several lines at a time: their pixels stay in the cache for all panels.
        enum { lines_per_block = 4 };
        for (size_t first = part.first; first < part.end; first += lines_per_block)
            for (size_t k = part.first_output; k < part.end_output; k += 16)
                for (size_t l = first; l < least(first + lines_per_block, part.end); l++)
                    CHOSEN(window_line)(image + l * w.line_step, &w, panels + k * depth, y + l * line + k);
    }
}

void ckernels_direct_weight_gradient(
    const float *x, const float *dy, float *dw, const ckernels_windows *s, size_t images, size_t first,
    size_t end, float *scratch) {
    const struct window_layout w = layout(s);
    for (size_t p = 0; p < w.rows * w.run; p++)
        memset(dw + p * w.outputs + first, 0, (end - first) * sizeof(float));
    for (size_t i = 0; i < images; i++) {
        const float *image = pad(x, s, 0, padded_height(s), scratch);
        for (size_t k = first; k < end; k += 16)
            for (size_t p = 0; p < w.rows; p++)
                CHOSEN(window_gradients)(image + p * w.image_row, &w, dy + k, dw + p * w.run * w.outputs + k);
        x += s->height * s->width * s->channels;
        dy += w.lines * w.windows * w.outputs;
    }
}

// MARK: Winograd's convolution

size_t ckernels_winograd_weights_count(size_t channels, size_t outputs) { return 36 * channels * outputs; }

void ckernels_winograd_weights(
    const float *w, size_t channels, size_t outputs, size_t first, size_t end, float *u) {
    CHOSEN(winograd_weights)(w, channels, outputs, first, end, u);
}

void ckernels_winograd_weights_rotated(
    const float *w, size_t channels, size_t outputs, size_t first, size_t end, float *u) {
    CHOSEN(winograd_weights_rotated)(w, channels, outputs, first, end, u);
}

size_t ckernels_winograd_forward_scratch(const ckernels_convolution *s) {
    return 36 * most_tiles * (s->channels + s->outputs);
}

void ckernels_winograd_forward(
    const float *x, const float *u, float *y, const ckernels_convolution *s, ckernels_part part,
    float *scratch) {
    CHOSEN(winograd_forward)(x, u, y, s, part, scratch);
}

void ckernels_winograd_pack(
    const float *w, size_t channels, size_t outputs, size_t first, size_t end, float *packed) {
    for (size_t p = first; p < end; p++)
        for (size_t c = 0; c < channels; c++)
            for (size_t i = 0; i < 9; i++)
                STORE_ALIGNED(
                    packed + ((p * channels + c) * 9 + i) * 16,
                    LOAD(w + (i * channels + c) * outputs + 16 * p));
}

size_t ckernels_winograd_packed_scratch(const ckernels_convolution *s) {
    return 36 * (most_tiles * (s->channels + 16) + block_stride);
}

void ckernels_winograd_forward_packed(
    const float *x, const float *packed, float *y, const ckernels_convolution *s, ckernels_part part,
    float *scratch) {
    CHOSEN(winograd_forward_packed)(x, packed, y, s, part, scratch);
}

size_t ckernels_winograd_gradient_scratch(const ckernels_convolution *s, size_t channels) {
    return 36 * (most_tiles * (channels + s->outputs) + channels * s->outputs);
}

void ckernels_winograd_weight_gradient(
    const float *x, const float *dy, float *dw, const ckernels_convolution *s, size_t images, size_t first,
    size_t end, float *scratch) {
    CHOSEN(winograd_weight_gradient)(x, dy, dw, s, images, first, end, scratch);
}
