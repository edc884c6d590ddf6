// Matrix products and convolutions whose inner loops count vector registers: in C, because each kind of
// processor needs a copy of its own.
//
// Every element of a result is one chain of fused multiply-adds in the order of the depth, whatever the
// processor, the number of rows or the position of the element. So a row's bits depend on its own values
// alone, not on the thread that computes it or on the rows beside it.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Columns of a panel: one vector.
enum { CKERNELS_PANEL = 16 };

// MARK: Products. Matrices are row-major; a panel is `[depth, 16]`, aligned to 64 bytes.

/// Copies a matrix `[depth, columns]` into panels of 16 columns, one behind the other, with zeros behind the
/// last column: `panel[c / 16][k, c % 16] = b[k · ldb + c]`.
void ckernels_pack(const float *b, size_t ldb, size_t depth, size_t columns, float *panel);
/// Copies up to 16 columns of a matrix that lies transposed in memory: `panel[k, j] = b[j · ldb + k]`.
void ckernels_pack_transposed(const float *b, size_t ldb, size_t depth, size_t columns, float *panel);
/// `C[rows, columns] = A · panel`, or added to C, at most 16 columns. A `[rows, depth]` lies in panels of 16
/// columns, `stride` floats apart.
void ckernels_multiply_panels(
    const float *a, size_t stride, size_t rows, const float *panel, size_t depth, bool accumulates, float *c,
    size_t ldc, size_t columns);
/// `c[columns] = a · panels` for one row `a[depth]` and neighbouring panels, `distance` floats apart, with
/// the bits of `ckernels_multiply_panels`: memory is read once, from the first panel to the last.
void ckernels_multiply_row(
    const float *a, const float *panels, size_t distance, size_t depth, float *c, size_t columns);
/// `C[rows, columns] = Aᵀ · B`, or added to C. Both are panels of the same depth, with at most 16 rows and
/// columns.
void ckernels_multiply_transposed(
    const float *a, size_t rows, const float *b, size_t depth, bool accumulates, float *c, size_t ldc,
    size_t columns);

// MARK: Direct convolution, window by window

/// A convolution over images `[height, width, channels]`. The padding of each side is no wider than a window;
/// `outputs` is a multiple of 16.
typedef struct {
    size_t height, width, channels;
    size_t kernel_height, kernel_width, stride_height, stride_width;
    size_t top, left, bottom, right;
    size_t output_height, output_width, outputs;
} ckernels_windows;

/// A part of a convolution's outputs: some lines of windows, or tiles of 4×4 outputs counted over the images,
/// and some output channels, from a multiple of 16 up to another. No bit of an output depends on the part.
typedef struct {
    size_t first, end;
    size_t first_output, end_output;
} ckernels_part;

/// Floats of scratch memory for both functions below.
size_t ckernels_direct_scratch(const ckernels_windows *shape);
/// `y = x * w` for a part of the lines of each of `images` images. Each 16 columns of the weights
/// `[kernel height · kernel width · channels, outputs]` are a panel, one behind the other.
void ckernels_direct_forward(
    const float *x, const float *panels, float *y, const ckernels_windows *shape, size_t images,
    ckernels_part part, float *scratch);
/// Writes the gradient of the weights, summed over `images` images, into the columns `first` up to `end` of
/// `dw`, both multiples of 16.
void ckernels_direct_weight_gradient(
    const float *x, const float *dy, float *dw, const ckernels_windows *shape, size_t images, size_t first,
    size_t end, float *scratch);

// MARK: Winograd's convolution, F(4×4, 3×3)

/// A 3×3 convolution with stride 1 over images `[height, width, channels]`; both numbers of channels are
/// multiples of 16.
typedef struct {
    size_t height, width, channels;
    size_t output_height, output_width, outputs;
    /// Padding above and to the left.
    size_t top, left;
} ckernels_convolution;

/// Floats of the transformed weights.
size_t ckernels_winograd_weights_count(size_t channels, size_t outputs);
/// Transforms weights `[3, 3, channels, outputs]`: panels `first` up to `end` of 16 outputs each.
void ckernels_winograd_weights(
    const float *w, size_t channels, size_t outputs, size_t first, size_t end, float *u);
/// The same for the convolution that gives the input's gradient, with `outputs` inputs and `channels`
/// outputs: panels of 16 channels each.
void ckernels_winograd_weights_rotated(
    const float *w, size_t channels, size_t outputs, size_t first, size_t end, float *u);
/// Floats of scratch memory for `ckernels_winograd_forward`.
size_t ckernels_winograd_forward_scratch(const ckernels_convolution *shape);
/// `y = x * w` for a part of the tiles. `u` are the transformed weights.
void ckernels_winograd_forward(
    const float *x, const float *u, float *y, const ckernels_convolution *shape, ckernels_part part,
    float *scratch);
/// Packs weights `[3, 3, channels, outputs]` as `[outputs / 16][channel][3, 3][16]`: panels `first` up to
/// `end`.
void ckernels_winograd_pack(
    const float *w, size_t channels, size_t outputs, size_t first, size_t end, float *packed);
/// Floats of scratch memory for `ckernels_winograd_forward_packed`.
size_t ckernels_winograd_packed_scratch(const ckernels_convolution *shape);
/// `ckernels_winograd_forward` from packed weights, which it transforms as it goes: with few tiles that takes
/// less time than to read transformed weights, four times as many, from memory.
void ckernels_winograd_forward_packed(
    const float *x, const float *packed, float *y, const ckernels_convolution *shape, ckernels_part part,
    float *scratch);
/// Floats of scratch memory for `ckernels_winograd_weight_gradient` with `channels` input channels at a time.
size_t ckernels_winograd_gradient_scratch(const ckernels_convolution *shape, size_t channels);
/// Writes the gradient of the weights of the input channels `first` up to `end`, multiples of 16, summed over
/// `images` images, at least one, into `dw` `[3, 3, channels, outputs]`.
void ckernels_winograd_weight_gradient(
    const float *x, const float *dy, float *dw, const ckernels_convolution *shape, size_t images,
    size_t first, size_t end, float *scratch);

// MARK: Attention

/// Dropout of one head's probabilities in one sample. Keys 64t + j of a query take the words j / 16 of the
/// Philox4x32-10 blocks with this key and the counters (16t + j mod 16, query, counter[0], counter[1]), where
/// queries and keys count from the sample's first position. A probability is kept, and multiplied by `scale`,
/// if its word is at least `threshold`; otherwise it becomes 0.
typedef struct {
    uint32_t key[2], counter[2];
    /// 0: nothing is dropped.
    uint32_t threshold;
    float scale;
} ckernels_dropout;

/// Attention of one head over the positions of one sample. The floats from one position to the next: of the
/// queries, of the keys and the values, and of the outputs.
typedef struct {
    size_t head_width;
    size_t query_stride, key_stride, output_stride;
    /// The factor of the scores, above 0.
    float scale;
    /// True if a query sees the keys up to its own position only.
    bool is_causal;
    ckernels_dropout dropout;
} ckernels_attention;

/// Floats of scratch memory for `ckernels_attention_forward`, aligned to 64 bytes.
size_t ckernels_attention_forward_scratch(size_t head_width);
/// `output[i] = Σ_j softmax_j(scale · q_i · k_j) · v_j` for `queries` queries from position `first` on. The
/// bits of an output depend on its query and on the keys that it sees, not on the queries beside it.
///
/// - `keys`: positions of k and v; causal, at least `first + queries`.
/// - `statistics`: NULL, or `[queries, 2]` for the backward pass: the largest score, scaled, and 1 / Σ exp.
void ckernels_attention_forward(
    const ckernels_attention *shape, const float *q, size_t first, size_t queries, const float *k,
    const float *v, size_t keys, float *output, float *statistics, float *scratch);
/// Floats of scratch memory for `ckernels_attention_backward`, aligned to 64 bytes.
size_t ckernels_attention_backward_scratch(size_t head_width);
/// Writes the gradients of a whole sample's queries, keys and values; those of keys and values are added to
/// what is there if `accumulates`. They are sums over the queries in the order of their positions.
void ckernels_attention_backward(
    const ckernels_attention *shape, const float *q, const float *k, const float *v, size_t length,
    const float *output, const float *output_gradient, const float *statistics, float *dq, float *dk,
    float *dv, bool accumulates, float *scratch);
