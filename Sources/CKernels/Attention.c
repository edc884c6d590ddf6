#include "Vectors.h"
#include "CKernels.h"
#include <math.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
typedef int32_t integers __attribute__((ext_vector_type(16)));
typedef uint32_t words __attribute__((ext_vector_type(16)));
typedef uint64_t wide_words __attribute__((ext_vector_type(16)));

// Keys of a tile. The bits of an output depend on it.
enum { tile_keys = 64 };
// Queries that are packed at a time, and those whose scores wait for the keys' gradients. No bit of an output
// or of a queries' gradient depends on them; the sums of the keys' gradients run on from one to the next.
enum { most_queries = 256, block_queries = 64 };

// Queries of one head at neighbouring positions. Matrices lie in panels of 16 columns and `rows` rows.
struct query_rows {
    size_t rows;
    // The first query's position.
    size_t position;
    bool is_causal;
    const float *values;
    // The outputs times the sums; in the backward pass the queries' gradient.
    float *outputs;
    // The largest score so far, and the exponentials' sums, one for each place of a vector.
    float *maxima, *sums;
    // The backward pass knows: dO, the largest scores and the inverse sums of the forward pass, and
    // the products dO · O; the scores and the products are scaled.
    const float *output_gradients, *shifts, *inverses, *deltas;
};

// The keys of a tile and their values.
struct key_tile {
    // The first key's position, and the number of keys.
    size_t first, count;
    // The head's width, and panels of it.
    size_t depth, depth_panels;
    float scale;
    // NULL if no probability is dropped.
    const ckernels_dropout *dropout;
    // Panels `[depth / 16][tile_keys][16]`, and their transposes, `[tile_keys / 16][depth][16]`.
    float *keys, *values, *keys_transposed, *values_transposed;
};

static inline const ckernels_dropout *dropout_of(const ckernels_attention *a) {
    return a->dropout.threshold > 0 ? &a->dropout : NULL;
}

// The number of the tile's keys that a query sees.
static inline size_t keys_seen(const struct query_rows *q, size_t row, const struct key_tile *t) {
    size_t end = q->position + row + 1;
    if (!q->is_causal) return t->count;
    return end <= t->first ? 0 : least(end - t->first, t->count);
}

static inline float larger(float a, float b) { return a > b ? a : b; }

static inline float largest16(const float *x) {
    float s[8];
    for (int i = 0; i < 8; i++) s[i] = larger(x[i], x[i + 8]);
    return larger(
        larger(larger(s[0], s[4]), larger(s[2], s[6])), larger(larger(s[1], s[5]), larger(s[3], s[7])));
}

// In a fixed order.
static inline float sum16(const float *x) {
    float s[8];
    for (int i = 0; i < 8; i++) s[i] = x[i] + x[i + 8];
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

#define NAME(x) base_##x
#define ROWS 6
#include "Attention.h"
#undef NAME
#undef ROWS

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((AVX512)), apply_to = function)
#define NAME(x) avx512_##x
#define ROWS 12
#include "Attention.h"
#undef NAME
#undef ROWS
#pragma clang attribute pop
#endif

// MARK: Panels

static size_t panels_of(size_t columns) { return (columns + 15) / 16; }

// Copies rows that lie `stride` floats apart into panels of `rows` rows.
static void pack_rows(const float *x, size_t stride, size_t rows, size_t columns, float *panels) {
    for (size_t c = 0; c < columns; c += 16)
        ckernels_pack(x + c, stride, rows, least(16, columns - c), panels + rows * c);
}

// Copies some rows of panels, times a factor for each row, to rows that lie `stride` floats apart. A zero
// loses its sign: masked places may have changed that.
static void unpack_rows(
    const float *panels, const float *factors, size_t rows, size_t columns, float *x, size_t stride) {
    for (size_t c = 0; c < columns; c += 16)
        for (size_t r = 0; r < rows; r++) {
            vector y = LOAD_ALIGNED(panels + rows * c + 16 * r);
            if (factors) y *= factors[r];
            y += 0.0f;
            if (columns - c >= 16) {
                STORE(x + r * stride + c, y);
            } else {
                memcpy(x + r * stride + c, &y, (columns - c) * sizeof(float));
            }
        }
}

static void pack_tile(
    const float *x, size_t stride, const struct key_tile *t, float *panels, float *transposed) {
    for (size_t c = 0; panels && c < t->depth; c += 16)
        ckernels_pack(x + c, stride, t->count, least(16, t->depth - c), panels + tile_keys * c);
    for (size_t k = 0; transposed && k < t->count; k += 16)
        ckernels_pack_transposed(
            x + k * stride, stride, t->depth, least(16, t->count - k), transposed + t->depth * k);
}

// MARK: Forward

size_t ckernels_attention_forward_scratch(size_t head_width) {
    size_t width = 16 * panels_of(head_width);
    return most_queries * (2 * width + 16 + 1) + tile_keys * (width + head_width);
}

static void attend_chunk(
    const ckernels_attention *a, struct query_rows *q, const float *query, const float *keys,
    const float *values, size_t count, float *output, float *statistics, struct key_tile *t) {
    size_t width = 16 * panels_of(a->head_width);
    pack_rows(query, a->query_stride, q->rows, a->head_width, (float *)q->values);
    memset(q->outputs, 0, q->rows * width * sizeof(float));
    memset(q->sums, 0, q->rows * 16 * sizeof(float));
    for (size_t r = 0; r < q->rows; r++) q->maxima[r] = -INFINITY;
    size_t end = a->is_causal ? q->position + q->rows : count;
    for (t->first = 0; t->first < end; t->first += tile_keys) {
        t->count = least(tile_keys, end - t->first);
        pack_tile(keys + t->first * a->key_stride, a->key_stride, t, NULL, t->keys_transposed);
        pack_tile(values + t->first * a->key_stride, a->key_stride, t, t->values, NULL);
        CHOSEN(attend_rows)(q, t);
    }
    for (size_t r = 0; r < q->rows; r++) {
        float inverse = 1 / sum16(q->sums + 16 * r);
        if (statistics) {
            statistics[2 * r] = q->maxima[r] * a->scale;
            statistics[2 * r + 1] = inverse;
        }
        q->maxima[r] = inverse;
    }
    unpack_rows(q->outputs, q->maxima, q->rows, a->head_width, output, a->output_stride);
}

void ckernels_attention_forward(
    const ckernels_attention *a, const float *q, size_t first, size_t queries, const float *k, const float *v,
    size_t keys, float *output, float *statistics, float *scratch) {
    size_t width = 16 * panels_of(a->head_width);
    float *packed = scratch, *outputs = packed + most_queries * width, *sums = outputs + most_queries * width,
          *maxima = sums + most_queries * 16, *tile = maxima + most_queries;
    struct key_tile t = {
        .depth = a->head_width, .depth_panels = width / 16, .scale = a->scale,
        .dropout = dropout_of(a), .values = tile,
        .keys_transposed = tile + tile_keys * width};
    for (size_t row = 0; row < queries; row += most_queries) {
        struct query_rows rows = {
            .rows = least(most_queries, queries - row), .position = first + row, .is_causal = a->is_causal,
            .values = packed, .outputs = outputs, .maxima = maxima, .sums = sums};
        attend_chunk(
            a, &rows, q + row * a->query_stride, k, v, keys, output + row * a->output_stride,
            statistics ? statistics + 2 * row : NULL, &t);
    }
}

// MARK: Backward

size_t ckernels_attention_backward_scratch(size_t head_width) {
    size_t width = 16 * panels_of(head_width);
    return most_queries * (3 * width + 3) + 2 * tile_keys * (width + head_width)
        + 2 * block_queries * tile_keys;
}

// Adds a panel of weights or of score gradients, transposed, times a block of queries or of output
// gradients to the gradient of at most 16 keys or values.
static void add_key_gradient(
    const float *a, const float *b, size_t rows, size_t panel_rows, size_t keys, size_t columns, float *to,
    size_t stride) {
    for (size_t c = 0; c < columns; c += 16) {
        float block[16 * 16] __attribute__((aligned(64)));
        size_t width = least(16, columns - c);
        const float *right = b + panel_rows * c;
        if (keys == 16 && width == 16) {
            CHOSEN(add_16_transposed)(a, right, rows, to + c, stride);
            continue;
        }
        memset(block, 0, sizeof block);
        for (size_t r = 0; r < keys; r++) memcpy(block + 16 * r, to + r * stride + c, width * sizeof(float));
        CHOSEN(add_16_transposed)(a, right, rows, block, 16);
        for (size_t r = 0; r < keys; r++) memcpy(to + r * stride + c, block + 16 * r, width * sizeof(float));
    }
}

// Adds what some queries of a chunk give to the gradients of the tile's keys and values.
static void add_key_gradients(
    const ckernels_attention *a, const struct query_rows *q, size_t first, size_t rows,
    const struct key_tile *t, const float *weights, const float *gradients, float *dk, float *dv) {
    size_t position = q->position + first;
    for (size_t k = 0; k < t->count; k += 16) {
        size_t key = t->first + k, hidden = a->is_causal && key > position ? key - position : 0;
        if (hidden >= rows) break;
        size_t left = block_queries * k + 16 * hidden, right = 16 * (first + hidden);
        size_t count = least(16, t->count - k), at = key * a->key_stride;
        add_key_gradient(
            weights + left, q->output_gradients + right, rows - hidden, q->rows, count, a->head_width,
            dv + at, a->key_stride);
        add_key_gradient(
            gradients + left, q->values + right, rows - hidden, q->rows, count, a->head_width, dk + at,
            a->key_stride);
    }
}

static void differentiate_chunk(
    const ckernels_attention *a, const struct query_rows *q, const float *keys, const float *values,
    size_t count, struct key_tile *t, float *weights, float *gradients, float *dk, float *dv) {
    size_t end = a->is_causal ? q->position + q->rows : count;
    for (t->first = 0; t->first < end; t->first += tile_keys) {
        t->count = least(tile_keys, end - t->first);
        pack_tile(keys + t->first * a->key_stride, a->key_stride, t, t->keys, t->keys_transposed);
        pack_tile(values + t->first * a->key_stride, a->key_stride, t, NULL, t->values_transposed);
        for (size_t row = 0; row < q->rows; row += block_queries) {
            size_t rows = least(block_queries, q->rows - row);
            if (a->is_causal && q->position + row + rows <= t->first) continue;
            CHOSEN(differentiate_rows)(q, row, rows, t, weights, gradients);
            add_key_gradients(a, q, row, rows, t, weights, gradients, dk, dv);
        }
    }
}

// Writes the statistics of some queries, and dO · O, scaled.
static void read_statistics(
    const ckernels_attention *a, const float *output, const float *output_gradient, const float *statistics,
    size_t rows, float *shifts, float *inverses, float *deltas) {
    for (size_t r = 0; r < rows; r++) {
        const float *x = output + r * a->output_stride, *y = output_gradient + r * a->output_stride;
        vector sum = (vector)(0);
        for (size_t c = 0; c < a->head_width; c += 16) {
            vector p = (vector)(0), q = (vector)(0);
            size_t bytes = least(16, a->head_width - c) * sizeof(float);
            memcpy(&p, x + c, bytes);
            memcpy(&q, y + c, bytes);
            sum = FMA(p, q, sum);
        }
        (shifts[r] = statistics[2 * r], inverses[r] = statistics[2 * r + 1]);
        deltas[r] = sum16((const float *)&sum) * a->scale;
    }
}

static void clear_rows(float *x, size_t rows, size_t columns, size_t stride) {
    for (size_t r = 0; r < rows; r++) memset(x + r * stride, 0, columns * sizeof(float));
}

void ckernels_attention_backward(
    const ckernels_attention *a, const float *q, const float *k, const float *v, size_t length,
    const float *output, const float *output_gradient, const float *statistics, float *dq, float *dk,
    float *dv, bool accumulates, float *scratch) {
    size_t width = 16 * panels_of(a->head_width);
    float *queries = scratch, *outputs = queries + most_queries * width,
          *gradients = outputs + most_queries * width, *shifts = gradients + most_queries * width,
          *inverses = shifts + most_queries, *deltas = inverses + most_queries, *tile = deltas + most_queries;
    struct key_tile t = {
        .depth = a->head_width, .depth_panels = width / 16, .scale = a->scale,
        .dropout = dropout_of(a), .keys = tile,
        .keys_transposed = tile + tile_keys * width,
        .values_transposed = tile + tile_keys * (width + a->head_width)};
    float *weights = t.values_transposed + tile_keys * a->head_width,
          *score_gradients = weights + block_queries * tile_keys;
    if (!accumulates) {
        clear_rows(dk, length, a->head_width, a->key_stride);
        clear_rows(dv, length, a->head_width, a->key_stride);
    }
    for (size_t first = 0; first < length; first += most_queries) {
        size_t rows = least(most_queries, length - first);
        size_t at = first * a->query_stride, to = first * a->output_stride;
        struct query_rows chunk = {
            .rows = rows, .position = first, .is_causal = a->is_causal, .values = queries,
            .outputs = gradients, .output_gradients = outputs, .shifts = shifts, .inverses = inverses,
            .deltas = deltas};
        pack_rows(q + at, a->query_stride, rows, a->head_width, queries);
        pack_rows(output_gradient + to, a->output_stride, rows, a->head_width, outputs);
        read_statistics(
            a, output + to, output_gradient + to, statistics + 2 * first, rows, shifts, inverses, deltas);
        memset(gradients, 0, rows * width * sizeof(float));
        differentiate_chunk(a, &chunk, k, v, length, &t, weights, score_gradients, dk, dv);
        unpack_rows(gradients, NULL, rows, a->head_width, dq + at, a->query_stride);
    }
}
