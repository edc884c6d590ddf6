// The inner loops of attention. Included once for each kind of processor, as Products.h is.
//
// Keys are computed in tiles of `tile_keys`, which begin at multiples of that number: a query's softmax runs
// over its tiles in order (the online softmax of Milakov and Gimelshein 2018, as in FlashAttention, Dao et
// al. 2022). Nothing else that this file chooses changes a bit: every sum is a chain in the order of keys, of
// queries or of the head's channels, and masked places add exact zeros to it.
//
// Matrices lie in panels of 16 columns, `[columns / 16][rows][16]`, with zeros behind the last column.

// e^x for x ≤ 0 or NaN, with the bits of Swift's `VectorMath.exp`. By a pointer, because a vector as an
// argument is not the same for all processors.
INLINE void NAME(exponentiate)(vector *values) {
    const float shift = 0x1.8p23f;
    const vector x = *values;
    vector shifted = FMA(x, (vector)(1.44269504088896341f), (vector)(shift));
    vector n = shifted - shift;
    vector high = FMA(n, (vector)(-0.693147182464599609375f), x);
    vector low = n * 1.904654323148236017e-9f;
    vector r = high + low;
    vector p = (vector)(1.9875691500e-4f);
    p = FMA(p, r, (vector)(1.3981999507e-3f));
    p = FMA(p, r, (vector)(8.3334519073e-3f));
    p = FMA(p, r, (vector)(4.1665795894e-2f));
    p = FMA(p, r, (vector)(1.6666665459e-1f));
    p = FMA(p, r, (vector)(5.0000001201e-1f));
    p = 1.0f + (high + FMA(p, r * r, low));
    integers power = (integers)shifted - 0x4B400000;
    vector y = (vector)((integers)p + (power << 23));
    y = x < -87.3365402f ? (vector)(0) : y;
    *values = x == x ? y : x;
}

// Writes the factors of a query's probabilities for the tile's keys: 0, or the scale of those that are kept.
static __attribute__((noinline)) void NAME(draw)(
    const ckernels_dropout *d, size_t query, size_t first_key, vector factors[tile_keys / 16]) {
    const words lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    words x[4] = {
        lanes + (uint32_t)(first_key / 4), (words)((uint32_t)query), (words)(d->counter[0]),
        (words)(d->counter[1])};
    uint32_t key[2] = {d->key[0], d->key[1]};
    for (int round = 0; round < 10; round++, key[0] += 0x9E3779B9, key[1] += 0xBB67AE85) {
        wide_words first = __builtin_convertvector(x[0], wide_words) * 0xD2511F53;
        wide_words second = __builtin_convertvector(x[2], wide_words) * 0xCD9E8D57;
        x[0] = __builtin_convertvector(second >> 32, words) ^ x[1] ^ key[0];
        x[2] = __builtin_convertvector(first >> 32, words) ^ x[3] ^ key[1];
        x[1] = __builtin_convertvector(second, words);
        x[3] = __builtin_convertvector(first, words);
    }
    for (size_t p = 0; p < tile_keys / 16; p++)
        factors[p] = x[p] >= d->threshold ? (vector)(d->scale) : (vector)(0);
}

// Drops weights of `count` queries, which lie in panels of `ROWS` rows.
static __attribute__((noinline)) void NAME(drop)(
    size_t count, const struct query_rows *q, size_t row, const struct key_tile *t, size_t panels,
    vector *weights) {
    for (size_t r = 0; r < count; r++) {
        vector factors[tile_keys / 16];
        NAME(draw)(t->dropout, q->position + row + r, t->first, factors);
        for (size_t p = 0; p < panels; p++) weights[p * ROWS + r] *= factors[p];
    }
}

// s[r] += Σ_k a[r, k] · b[k, :] over panels of a that lie `stride` floats apart.
INLINE void NAME(add_panels)(
    const int count, const float *a, size_t stride, const float *b, size_t depth, vector *s) {
    for (; depth >= 16; depth -= 16, a += stride) {
        UNROLL4 for (size_t k = 0; k < 16; k++, b += 16) {
            vector x = LOAD_ALIGNED(b);
            UNROLL for (int r = 0; r < count; r++) s[r] = FMA((vector)(a[16 * r + k]), x, s[r]);
        }
    }
    for (size_t k = 0; k < depth; k++, b += 16) {
        vector x = LOAD_ALIGNED(b);
        UNROLL for (int r = 0; r < count; r++) s[r] = FMA((vector)(a[16 * r + k]), x, s[r]);
    }
}

// s[r] += Σ_k a[k, r] · b[k, :], both of them panels.
INLINE void NAME(add_transposed)(const int count, const float *a, const float *b, size_t depth, vector *s) {
    UNROLL2 for (size_t k = 0; k < depth; k++) {
        vector x = LOAD_ALIGNED(b + 16 * k);
        UNROLL for (int r = 0; r < count; r++) s[r] = FMA((vector)(a[16 * k + r]), x, s[r]);
    }
}

// The scores q · k of `count` queries and the 16 keys of a panel of the tile, -∞ where a query does not see
// the key. `row` is the first query's number among those that are packed.
INLINE void NAME(scores)(
    const int count, const struct query_rows *q, size_t row, const struct key_tile *t, size_t panel,
    vector *s) {
    UNROLL for (int r = 0; r < count; r++) s[r] = (vector)(0);
    NAME(add_panels)(
        count, q->values + 16 * row, 16 * q->rows, t->keys_transposed + 16 * t->depth * panel, t->depth, s);
    if (16 * panel + 16 <= keys_seen(q, row, t)) return;
    const integers places = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const integers number = places + (int)(16 * panel);
    UNROLL for (int r = 0; r < count; r++)
        s[r] = number < (int)keys_seen(q, row + r, t) ? s[r] : (vector)(-INFINITY);
}

// Adds the tile's keys to the softmax and to the outputs of `count` queries.
INLINE void NAME(attend)(const int count, const struct query_rows *q, size_t row, const struct key_tile *t) {
    const size_t seen = keys_seen(q, row + count - 1, t), panels = (seen + 15) / 16;
    vector weights[tile_keys / 16 * ROWS], top[ROWS], factors = (vector)(0);
    float *maxima = q->maxima + row, *factor = (float *)&factors;
    if (panels == 0) return;
    UNROLL for (int r = 0; r < count; r++) top[r] = (vector)(-INFINITY);
    for (size_t p = 0; p < panels; p++) {
        vector s[ROWS];
        NAME(scores)(count, q, row, t, p, s);
        UNROLL for (int r = 0; r < count; r++) {
            top[r] = s[r] > top[r] ? s[r] : top[r];
            weights[p * ROWS + r] = s[r];
        }
    }
    UNROLL for (int r = 0; r < count; r++) {
        float before = maxima[r], now = largest16((const float *)(top + r));
        if (before > now) now = before;
        factor[r] = (before - now) * t->scale;
        maxima[r] = now;
    }
    NAME(exponentiate)(&factors);
    UNROLL for (int r = 0; r < count; r++) {
        float *at = q->sums + 16 * (row + r);
        vector shift = (vector)(-(maxima[r] * t->scale)), sum = LOAD_ALIGNED(at) * factor[r];
        for (size_t p = 0; p < panels; p++) {
            vector e = FMA(weights[p * ROWS + r], (vector)(t->scale), shift);
            NAME(exponentiate)(&e);
            weights[p * ROWS + r] = e;
            sum += e;
        }
        STORE_ALIGNED(at, sum);
    }
    if (t->dropout) NAME(drop)(count, q, row, t, panels, weights);
    for (size_t c = 0; c < t->depth_panels; c++) {
        float *to = q->outputs + 16 * (c * q->rows + row);
        vector s[ROWS];
        UNROLL for (int r = 0; r < count; r++) s[r] = LOAD_ALIGNED(to + 16 * r) * factor[r];
        NAME(add_panels)(
            count, (const float *)weights, 16 * ROWS, t->values + 16 * tile_keys * c, seen, s);
        UNROLL for (int r = 0; r < count; r++) STORE_ALIGNED(to + 16 * r, s[r]);
    }
}

// Writes the weights P, of which dropout leaves some, and the gradient dS of the scores for `count` queries
// and the tile's keys into panels of `block_queries` rows, and adds the keys' part to the queries' gradient.
// `at` is the first query's row in those panels.
INLINE void NAME(differentiate)(
    const int count, const struct query_rows *q, size_t row, const struct key_tile *t, size_t at,
    float *weights, float *gradients) {
    const size_t seen = keys_seen(q, row + count - 1, t), panels = (seen + 15) / 16;
    vector factors[ROWS * (tile_keys / 16)];
    for (int r = 0; t->dropout && panels > 0 && r < count; r++)
        NAME(draw)(t->dropout, q->position + row + r, t->first, factors + r * (tile_keys / 16));
    for (size_t p = 0; p < tile_keys / 16; p++) {
        float *w = weights + 16 * (p * block_queries + at), *g = gradients + 16 * (p * block_queries + at);
        if (p >= panels) {
            UNROLL for (int r = 0; r < count; r++) {
                STORE_ALIGNED(w + 16 * r, (vector)(0));
                STORE_ALIGNED(g + 16 * r, (vector)(0));
            }
            continue;
        }
        vector s[ROWS];
        NAME(scores)(count, q, row, t, p, s);
        UNROLL for (int r = 0; r < count; r++) {
            vector e = FMA(s[r], (vector)(t->scale), (vector)(-q->shifts[row + r]));
            NAME(exponentiate)(&e);
            STORE_ALIGNED(w + 16 * r, e * q->inverses[row + r]);
            s[r] = (vector)(0);
        }
        NAME(add_panels)(
            count, q->output_gradients + 16 * row, 16 * q->rows, t->values_transposed + 16 * t->depth * p,
            t->depth, s);
        if (t->dropout)
            UNROLL for (int r = 0; r < count; r++) s[r] *= factors[r * (tile_keys / 16) + p];
        UNROLL for (int r = 0; r < count; r++) {
            vector d = FMA(s[r], (vector)(t->scale), (vector)(-q->deltas[row + r]));
            STORE_ALIGNED(g + 16 * r, d * LOAD_ALIGNED(w + 16 * r));
        }
        if (t->dropout)
            UNROLL for (int r = 0; r < count; r++)
                STORE_ALIGNED(w + 16 * r, LOAD_ALIGNED(w + 16 * r) * factors[r * (tile_keys / 16) + p]);
    }
    if (panels == 0) return;
    for (size_t c = 0; c < t->depth_panels; c++) {
        float *to = q->outputs + 16 * (c * q->rows + row);
        vector s[ROWS];
        UNROLL for (int r = 0; r < count; r++) s[r] = LOAD_ALIGNED(to + 16 * r);
        NAME(add_panels)(
            count, gradients + 16 * at, 16 * block_queries, t->keys + 16 * tile_keys * c, seen, s);
        UNROLL for (int r = 0; r < count; r++) STORE_ALIGNED(to + 16 * r, s[r]);
    }
}

// C[16, 16] += Aᵀ · B for two panels.
static void NAME(add_16_transposed)(const float *a, const float *b, size_t depth, float *c, size_t ldc) {
#if ROWS > 6
    enum { group = 16 };
#else
    enum { group = 4 };
#endif
    for (size_t first = 0; first < 16; first += group, a += group, c += group * ldc) {
        vector s[group];
        UNROLL for (int r = 0; r < group; r++) s[r] = LOAD(c + r * ldc);
        NAME(add_transposed)(group, a, b, depth, s);
        UNROLL for (int r = 0; r < group; r++) STORE(c + r * ldc, s[r]);
    }
}

#define EACH_GROUP(call) \
    case 1: call(1); break; \
    case 2: call(2); break; \
    case 3: call(3); break; \
    case 4: call(4); break; \
    case 5: call(5); break; \
    case 6: call(6); break;
#if ROWS > 6
#define EACH_LARGE_GROUP(call) \
    case 7: call(7); break; \
    case 8: call(8); break; \
    case 9: call(9); break; \
    case 10: call(10); break; \
    case 11: call(11); break; \
    case 12: call(12); break;
#else
#define EACH_LARGE_GROUP(call)
#endif
// Rows of the next group: the last two groups are nearly equal.
#define group_of(rows) ((rows) >= 2 * ROWS ? ROWS : (rows) <= ROWS ? (rows) : ((rows) + 1) / 2)

static void NAME(attend_rows)(const struct query_rows *q, const struct key_tile *t) {
    for (size_t row = 0, count; row < q->rows; row += count) {
        count = group_of(q->rows - row);
#define CALL(n) NAME(attend)(n, q, row, t)
        switch (count) { EACH_GROUP(CALL) EACH_LARGE_GROUP(CALL) default: break; }
#undef CALL
    }
}

static void NAME(differentiate_rows)(
    const struct query_rows *q, size_t first, size_t rows, const struct key_tile *t, float *weights,
    float *gradients) {
    for (size_t at = 0, count; at < rows; at += count) {
        count = group_of(rows - at);
#define CALL(n) NAME(differentiate)(n, q, first + at, t, at, weights, gradients)
        switch (count) { EACH_GROUP(CALL) EACH_LARGE_GROUP(CALL) default: break; }
#undef CALL
    }
}

#undef EACH_GROUP
#undef EACH_LARGE_GROUP
#undef group_of
