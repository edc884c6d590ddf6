// Winograd's minimal filtering, https://arxiv.org/abs/1509.09308, for F(4×4, 3×3) with the points 0, ±1, ±2,
// ∞. Included once for each kind of processor, behind Products.h.
//
//     y = Aᵀ [(G w Gᵀ) ⊙ (Bᵀ x B)] A      x 6×6, w 3×3, y 4×4
//     dw = Gᵀ [(Bᵀ x B) ⊙ (A dy Aᵀ)] G    the derivative of that
//
// The products over channels are a matrix product for each of the 36 coordinates of a transformed tile.
// Transformed values lie as `[36][channels / 16][tile][16]`, transformed weights as
// `[36][outputs / 16][channel][16]`: 16 channels are a vector, and a product reads and writes one run of
// memory.

static inline void NAME(transform_input)(const vector d[6], vector t[6]) {  // Bᵀ
    vector a = FMA((vector)(-4), d[2], d[4]), b = FMA((vector)(-4), d[1], d[3]);
    vector c = d[4] - d[2], e = d[3] - d[1];
    t[0] = FMA((vector)(4), d[0], FMA((vector)(-5), d[2], d[4]));
    t[1] = a + b;
    t[2] = a - b;
    t[3] = FMA((vector)(2), e, c);
    t[4] = FMA((vector)(-2), e, c);
    t[5] = FMA((vector)(4), d[1], FMA((vector)(-5), d[3], d[5]));
}

static inline void NAME(transform_output)(const vector m[6], vector y[4]) {  // Aᵀ
    vector p = m[1] + m[2], q = m[1] - m[2], r = m[3] + m[4], s = m[3] - m[4];
    y[0] = m[0] + p + r;
    y[1] = FMA((vector)(2), s, q);
    y[2] = FMA((vector)(4), r, p);
    y[3] = FMA((vector)(8), s, q) + m[5];
}

static inline void NAME(transform_gradient)(const vector d[4], vector t[6]) {  // A
    vector even = d[0] + d[2], odd = d[1] + d[3];
    vector even2 = FMA((vector)(4), d[2], d[0]), odd2 = FMA((vector)(8), d[3], (vector)(2) * d[1]);
    t[0] = d[0];
    t[1] = even + odd;
    t[2] = even - odd;
    t[3] = even2 + odd2;
    t[4] = even2 - odd2;
    t[5] = d[3];
}

static inline void NAME(transform_weight)(const vector w[3], vector t[6]) {  // G
    vector even = (vector)(-1.f / 6) * (w[0] + w[2]), odd = (vector)(-1.f / 6) * w[1];
    vector even2 = FMA((vector)(1.f / 6), w[2], (vector)(1.f / 24) * w[0]), odd2 = (vector)(1.f / 12) * w[1];
    t[0] = (vector)(.25f) * w[0];
    t[1] = even + odd;
    t[2] = even - odd;
    t[3] = even2 + odd2;
    t[4] = even2 - odd2;
    t[5] = w[2];
}

static inline void NAME(transform_weight_gradient)(const vector t[6], vector w[3]) {  // Gᵀ
    vector p = t[1] + t[2], q = t[1] - t[2], r = t[3] + t[4], s = t[3] - t[4];
    w[0] = FMA((vector)(.25f), t[0], FMA((vector)(-1.f / 6), p, (vector)(1.f / 24) * r));
    w[1] = FMA((vector)(1.f / 12), s, (vector)(-1.f / 6) * q);
    w[2] = FMA((vector)(1.f / 6), r, FMA((vector)(-1.f / 6), p, t[5]));
}

// One tile and 16 channels. Distances in floats: `row` between pixels below each other, `pixel` between
// pixels beside each other, `coordinate` between the 36 coordinates.

static inline void NAME(input_tile)(const float *x, size_t row, size_t pixel, float *v, size_t coordinate) {
    vector t[6][6];
    for (int j = 0; j < 6; j++) {
        vector d[6], o[6];
        UNROLL for (int i = 0; i < 6; i++) d[i] = LOAD(x + i * row + j * pixel);
        NAME(transform_input)(d, o);
        UNROLL for (int i = 0; i < 6; i++) t[i][j] = o[i];
    }
    for (int i = 0; i < 6; i++) {
        vector o[6];
        NAME(transform_input)(t[i], o);
        UNROLL for (int j = 0; j < 6; j++) STORE_ALIGNED(v + (i * 6 + j) * coordinate, o[j]);
    }
}

static inline void NAME(gradient_tile)(
    const float *dy, size_t row, size_t pixel, float *v, size_t coordinate) {
    vector t[6][4];
    for (int j = 0; j < 4; j++) {
        vector d[4], o[6];
        UNROLL for (int i = 0; i < 4; i++) d[i] = LOAD(dy + i * row + j * pixel);
        NAME(transform_gradient)(d, o);
        UNROLL for (int i = 0; i < 6; i++) t[i][j] = o[i];
    }
    for (int i = 0; i < 6; i++) {
        vector o[6];
        NAME(transform_gradient)(t[i], o);
        UNROLL for (int j = 0; j < 6; j++) STORE_ALIGNED(v + (i * 6 + j) * coordinate, o[j]);
    }
}

static inline void NAME(output_tile)(
    const float *m, size_t coordinate, float *y, size_t row, size_t pixel, size_t rows, size_t columns) {
    vector t[4][6];
    for (int j = 0; j < 6; j++) {
        vector d[6], o[4];
        UNROLL for (int i = 0; i < 6; i++) d[i] = LOAD_ALIGNED(m + (i * 6 + j) * coordinate);
        NAME(transform_output)(d, o);
        UNROLL for (int i = 0; i < 4; i++) t[i][j] = o[i];
    }
    for (size_t i = 0; i < rows; i++) {
        vector o[4];
        NAME(transform_output)(t[i], o);
        if (columns == 4) {
            UNROLL for (int j = 0; j < 4; j++) STORE(y + i * row + j * pixel, o[j]);
        } else {
            for (size_t j = 0; j < columns; j++) STORE(y + i * row + j * pixel, o[j]);
        }
    }
}

static inline void NAME(weight_tile)(const vector w[9], float *u, size_t coordinate) {
    vector t[6][3];
    for (int j = 0; j < 3; j++) {
        vector d[3] = {w[j], w[3 + j], w[6 + j]}, o[6];
        NAME(transform_weight)(d, o);
        UNROLL for (int i = 0; i < 6; i++) t[i][j] = o[i];
    }
    for (int i = 0; i < 6; i++) {
        vector o[6];
        NAME(transform_weight)(t[i], o);
        UNROLL for (int j = 0; j < 6; j++) STORE_ALIGNED(u + (i * 6 + j) * coordinate, o[j]);
    }
}

// MARK: Weights

static void NAME(winograd_weights)(
    const float *w, size_t channels, size_t outputs, size_t first, size_t end, float *u) {
    size_t coordinate = channels * outputs;
    for (size_t p = first; p < end; p++)
        for (size_t c = 0; c < channels; c++) {
            vector d[9];
            UNROLL for (int i = 0; i < 9; i++) d[i] = LOAD(w + i * coordinate + c * outputs + 16 * p);
            NAME(weight_tile)(d, u + 16 * (p * channels + c), coordinate);
        }
}

static void NAME(winograd_weights_rotated)(
    const float *w, size_t channels, size_t outputs, size_t first, size_t end, float *u) {
    size_t coordinate = channels * outputs;
    _Alignas(64) float block[9][16][16];
    for (size_t p = first; p < end; p++)
        for (size_t k = 0; k < outputs; k += 16) {
            for (int i = 0; i < 9; i++)
                transpose16(w + i * coordinate + 16 * p * outputs + k, outputs, block[8 - i][0]);
            for (size_t r = 0; r < 16; r++) {
                vector d[9];
                UNROLL for (int i = 0; i < 9; i++) d[i] = LOAD_ALIGNED(block[i][r]);
                NAME(weight_tile)(d, u + 16 * (p * outputs + k + r), coordinate);
            }
        }
}

// MARK: Tiles

// Transforms the input of `count` tiles, from number `first` on, for channels `from` up to `to`.
static void NAME(winograd_input)(
    const float *x, const ckernels_convolution *s, size_t first, size_t count, size_t from, size_t to,
    float *v) {
    _Alignas(64) float block[36 * 16];
    struct output_tile tile = tile_at(s, first);
    size_t row = s->width * s->channels, coordinate = count * (to - from);
    for (size_t t = 0; t < count; t++, next_tile(s, &tile)) {
        ptrdiff_t y = (ptrdiff_t)(4 * tile.y) - (ptrdiff_t)s->top;
        ptrdiff_t left = (ptrdiff_t)(4 * tile.x) - (ptrdiff_t)s->left;
        const float *image = x + tile.image * s->height * row;
        struct span rows = inside(y, 6, s->height), columns = inside(left, 6, s->width);
        bool whole = rows.first == 0 && rows.end == 6 && columns.first == 0 && columns.end == 6;
        if (!whole) memset(block, 0, sizeof block);
        for (size_t c = from; c < to; c += 16) {
            float *target = v + (c - from) * count + 16 * t;
            if (whole) {
                NAME(input_tile)(
                    image + (size_t)y * row + (size_t)left * s->channels + c, row, s->channels, target,
                    coordinate);
                continue;
            }
            for (ptrdiff_t i = rows.first; i < rows.end; i++)
                for (ptrdiff_t j = columns.first; j < columns.end; j++)
                    STORE_ALIGNED(
                        block + (i * 6 + j) * 16,
                        LOAD(image + (size_t)(y + i) * row + (size_t)(left + j) * s->channels + c));
            NAME(input_tile)(block, 6 * 16, 16, target, coordinate);
        }
    }
}

// Transforms the output's gradient of `count` tiles, from number `first` on.
static void NAME(winograd_gradient)(
    const float *dy, const ckernels_convolution *s, size_t first, size_t count, float *v) {
    _Alignas(64) float block[16 * 16];
    struct output_tile tile = tile_at(s, first);
    size_t row = s->output_width * s->outputs, coordinate = count * s->outputs;
    for (size_t t = 0; t < count; t++, next_tile(s, &tile)) {
        const float *from = dy + (tile.image * s->output_height + 4 * tile.y) * row + 4 * tile.x * s->outputs;
        size_t rows = least(4, s->output_height - 4 * tile.y);
        size_t columns = least(4, s->output_width - 4 * tile.x);
        bool whole = rows == 4 && columns == 4;
        if (!whole) memset(block, 0, sizeof block);
        for (size_t k = 0; k < s->outputs; k += 16) {
            float *target = v + k * count + 16 * t;
            if (whole) {
                NAME(gradient_tile)(from + k, row, s->outputs, target, coordinate);
                continue;
            }
            for (size_t i = 0; i < rows; i++)
                for (size_t j = 0; j < columns; j++)
                    STORE_ALIGNED(block + (i * 4 + j) * 16, LOAD(from + i * row + j * s->outputs + k));
            NAME(gradient_tile)(block, 4 * 16, 16, target, coordinate);
        }
    }
}

// Transforms the products of `count` tiles, from number `first` on, for the outputs `from` up to `to`.
static void NAME(winograd_output)(
    const float *m, const ckernels_convolution *s, size_t first, size_t count, size_t from, size_t to_output,
    float *y) {
    struct output_tile tile = tile_at(s, first);
    size_t row = s->output_width * s->outputs, coordinate = count * (to_output - from);
    for (size_t t = 0; t < count; t++, next_tile(s, &tile)) {
        float *to = y + (tile.image * s->output_height + 4 * tile.y) * row + 4 * tile.x * s->outputs;
        size_t rows = least(4, s->output_height - 4 * tile.y);
        size_t columns = least(4, s->output_width - 4 * tile.x);
        for (size_t k = from; k < to_output; k += 16)
            NAME(output_tile)(
                m + (k - from) * count + 16 * t, coordinate, to + k, row, s->outputs, rows, columns);
    }
}

// MARK: Convolutions

static void NAME(winograd_forward)(
    const float *x, const float *u, float *y, const ckernels_convolution *s, ckernels_part part,
    float *scratch) {
    size_t channels = s->channels, outputs = part.end_output - part.first_output;
    size_t block = tiles_per_block(part.end - part.first);
    float *v = scratch, *m = scratch + 36 * block * channels;
    for (size_t first = part.first; first < part.end; first += block) {
        size_t count = least(block, part.end - first);
        NAME(winograd_input)(x, s, first, count, 0, channels, v);
        for (size_t coordinate = 0; coordinate < 36; coordinate++)
            for (size_t k = 0; k < outputs; k += 16)
                NAME(multiply_panels)(
                    v + coordinate * count * channels, 16 * count, count,
                    u + (coordinate * s->outputs + part.first_output + k) * channels, channels, false,
                    m + (coordinate * outputs + k) * count, 16);
        NAME(winograd_output)(m, s, first, count, part.first_output, part.end_output, y);
    }
}

// The same from weights that are transformed for each block of tiles, some channels of a panel at a time. A
// product goes on where the channels before it have ended: its chains are the same.
static void NAME(winograd_forward_packed)(
    const float *x, const float *packed, float *y, const ckernels_convolution *s, ckernels_part part,
    float *scratch) {
    size_t channels = s->channels, block = tiles_per_block(part.end - part.first);
    float *v = scratch, *m = v + 36 * block * channels, *u = m + 36 * block * 16;
    for (size_t first = part.first; first < part.end; first += block) {
        size_t count = least(block, part.end - first);
        NAME(winograd_input)(x, s, first, count, 0, channels, v);
        for (size_t k = part.first_output; k < part.end_output; k += 16) {
            for (size_t c = 0; c < channels; c += channels_per_block) {
                size_t depth = least(channels_per_block, channels - c);
                const float *w = packed + (k * channels + 16 * c) * 9;
                for (size_t i = 0; i < depth; i++, w += 9 * 16) {
                    vector d[9];
                    UNROLL for (int j = 0; j < 9; j++) d[j] = LOAD_ALIGNED(w + 16 * j);
                    NAME(weight_tile)(d, u + 16 * i, block_stride);
                }
                // The next block's weights lie behind these: a product each fetches a part of them.
                const char *next = (const char *)w;
                for (size_t coordinate = 0; coordinate < 36; coordinate++) {
                    for (size_t i = 0; i < depth * 9 / 36; i++, next += 64) __builtin_prefetch(next, 0, 2);
                    NAME(multiply_panels)(
                        v + (coordinate * channels + c) * count, 16 * count, count,
                        u + coordinate * block_stride, depth, c > 0, m + coordinate * 16 * count, 16);
                }
            }
            NAME(winograd_output)(m, s, first, count, k, k + 16, y);
        }
    }
}

static void NAME(winograd_weight_gradient)(
    const float *x, const float *dy, float *dw, const ckernels_convolution *s, size_t images, size_t from,
    size_t to, float *scratch) {
    size_t tiles = images * tile_count(s), block = tiles_per_block(tiles);
    size_t channels = to - from, outputs = s->outputs;
    float *v = scratch, *m = v + 36 * block * channels, *du = m + 36 * block * outputs;
    for (size_t first = 0; first < tiles; first += block) {
        size_t count = least(block, tiles - first);
        NAME(winograd_input)(x, s, first, count, from, to, v);
        NAME(winograd_gradient)(dy, s, first, count, m);
        for (size_t coordinate = 0; coordinate < 36; coordinate++)
            for (size_t k = 0; k < outputs; k += 16)
                for (size_t c = 0; c < channels; c += 16)
                    NAME(multiply_transposed)(
                        v + (coordinate * channels + c) * count, 16,
                        m + (coordinate * outputs + k) * count, count, first > 0,
                        du + (coordinate * outputs + k) * channels + 16 * c, 16);
    }
    size_t coordinate = channels * outputs, tap = s->channels * outputs;
    for (size_t k = 0; k < outputs; k += 16)
        for (size_t c = 0; c < channels; c++) {
            const float *t = du + k * channels + 16 * c;
            float *w = dw + (from + c) * outputs + k;
            vector rows[3][6];
            for (int j = 0; j < 6; j++) {
                vector d[6], o[3];
                UNROLL for (int i = 0; i < 6; i++) d[i] = LOAD_ALIGNED(t + (i * 6 + j) * coordinate);
                NAME(transform_weight_gradient)(d, o);
                UNROLL for (int i = 0; i < 3; i++) rows[i][j] = o[i];
            }
            for (int i = 0; i < 3; i++) {
                vector o[3];
                NAME(transform_weight_gradient)(rows[i], o);
                UNROLL for (int j = 0; j < 3; j++) STORE(w + (i * 3 + j) * tap, o[j]);
            }
        }
}
