// The inner loops of matrix products. Included once for each kind of processor, with NAME(x), which names its
// copy, and ROWS, the rows of C that its registers hold.
//
// A, B, C: left operand, right operand and result; a, b, c point into them; lda, ldb, ldc are the floats from
// one row to the next. `depth` is the dimension that is summed over.

// `count` rows of C in registers. The left operand is transposed and lies in a panel.
#define TRANSPOSED_ROWS(count)                                                                            \
    static inline void NAME(transposed_rows##count)(                                                      \
        const float *restrict a, const float *restrict b, size_t depth, bool accumulates, float *restrict c,\
        size_t ldc) {                                                                                     \
        vector s[count];                                                                                  \
        UNROLL for (int r = 0; r < count; r++) s[r] = accumulates ? LOAD(c + r * ldc) : (vector)(0);      \
        UNROLL4 for (size_t k = 0; k < depth; k++) {                                                      \
            vector x = LOAD_ALIGNED(b + 16 * k);                                                          \
            UNROLL for (int r = 0; r < count; r++) s[r] = FMA((vector)(a[16 * k + r]), x, s[r]);          \
        }                                                                                                 \
        UNROLL for (int r = 0; r < count; r++) STORE(c + r * ldc, s[r]);                                  \
    }

// `count` rows of C in registers. The left operand lies in panels of 16 columns, `stride` floats apart.
#define PANEL_ROWS(count)                                                                                 \
    static inline void NAME(panel_rows##count)(                                                           \
        const float *restrict a, size_t stride, const float *restrict b, size_t depth, bool accumulates,  \
        float *restrict c, size_t ldc) {                                                                  \
        vector s[count];                                                                                  \
        UNROLL for (int r = 0; r < count; r++) s[r] = accumulates ? LOAD(c + r * ldc) : (vector)(0);      \
        for (; depth >= 16; depth -= 16, a += stride) {                                                   \
            UNROLL4 for (size_t k = 0; k < 16; k++, b += 16) {                                            \
                vector x = LOAD_ALIGNED(b);                                                               \
                UNROLL for (int r = 0; r < count; r++) s[r] = FMA((vector)(a[16 * r + k]), x, s[r]);      \
            }                                                                                             \
        }                                                                                                 \
        for (size_t k = 0; k < depth; k++, b += 16) {                                                     \
            vector x = LOAD_ALIGNED(b);                                                                   \
            UNROLL for (int r = 0; r < count; r++) s[r] = FMA((vector)(a[16 * r + k]), x, s[r]);          \
        }                                                                                                 \
        UNROLL for (int r = 0; r < count; r++) STORE(c + r * ldc, s[r]);                                  \
    }

// One row of C in `count` neighbouring panels of the right operand, `distance` floats apart. Several panels
// at a time hide the time of an addition, and are as many streams from memory.
#define ROW_PANELS(count)                                                                                 \
    static inline void NAME(row_panels##count)(                                                           \
        const float *restrict a, const float *restrict b, size_t distance, size_t depth,                  \
        float *restrict c) {                                                                              \
        vector s[count];                                                                                  \
        UNROLL for (int p = 0; p < count; p++) s[p] = (vector)(0);                                        \
        UNROLL4 for (size_t k = 0; k < depth; k++)                                                        \
            UNROLL for (int p = 0; p < count; p++)                                                        \
                s[p] = FMA((vector)(a[k]), LOAD_ALIGNED(b + p * distance + 16 * k), s[p]);                \
        UNROLL for (int p = 0; p < count; p++) STORE(c + 16 * p, s[p]);                                   \
    }

// The 16 outputs of `count` neighbouring windows of a convolution. `a` is the first window's first float.
#define WINDOW_ROWS(count)                                                                                \
    static inline void NAME(window_rows##count)(                                                          \
        const float *restrict a, const struct window_layout *w, const float *restrict b,                  \
        float *restrict c) {                                                                              \
        const size_t step = w->window_step, row = w->image_row, run = w->run, rows = w->rows;             \
        const size_t ldc = w->outputs;                                                                    \
        vector s[count];                                                                                  \
        UNROLL for (int r = 0; r < count; r++) s[r] = (vector)(0);                                        \
        for (size_t p = 0; p < rows; p++, a += row)                                                       \
            UNROLL3 for (size_t k = 0; k < run; k++, b += 16) {                                           \
                vector x = LOAD_ALIGNED(b);                                                               \
                UNROLL for (int r = 0; r < count; r++) s[r] = FMA((vector)(a[r * step + k]), x, s[r]);    \
            }                                                                                             \
        UNROLL for (int r = 0; r < count; r++) STORE(c + r * ldc, s[r]);                                  \
    }

// The gradient of `count` neighbouring weights for 16 outputs, added to the values in `c`, over the windows
// of an image.
#define WINDOW_GRADIENT(count)                                                                            \
    static inline void NAME(window_gradient##count)(                                                      \
        const float *restrict a, const struct window_layout *w, const float *restrict dy,                 \
        float *restrict c) {                                                                              \
        const size_t step = w->window_step, line = w->line_step, lines = w->lines, windows = w->windows,  \
            outputs = w->outputs;                                                                         \
        vector s[count];                                                                                  \
        UNROLL for (int r = 0; r < count; r++) s[r] = LOAD(c + r * outputs);                              \
        for (size_t y = 0; y < lines; y++, a += line) {                                                   \
            const float *at = a;                                                                          \
            UNROLL2 for (size_t i = 0; i < windows; i++, at += step, dy += outputs) {                     \
                vector x = LOAD(dy);                                                                      \
                UNROLL for (int r = 0; r < count; r++) s[r] = FMA((vector)(at[r]), x, s[r]);              \
            }                                                                                             \
        }                                                                                                 \
        UNROLL for (int r = 0; r < count; r++) STORE(c + r * outputs, s[r]);                              \
    }

#define EACH_COUNT(define) define(1) define(2) define(3) define(4) define(5) define(6)
#define EACH_CASE(call) \
    case 1: call(1); break; \
    case 2: call(2); break; \
    case 3: call(3); break; \
    case 4: call(4); break; \
    case 5: call(5); break;
#if ROWS > 6
#define EACH_LARGE_COUNT(define) define(7) define(8) define(9) define(10) define(11) define(12)
#define EACH_LARGE_CASE(call) \
    case 6: call(6); break; \
    case 7: call(7); break; \
    case 8: call(8); break; \
    case 9: call(9); break; \
    case 10: call(10); break; \
    case 11: call(11); break; \
    case 12: call(12); break;
#define WHOLE(name) NAME(name##12)
#else
#define EACH_LARGE_COUNT(define)
#define EACH_LARGE_CASE(call) case 6: call(6); break;
#define WHOLE(name) NAME(name##6)
#endif

// Rows of the next group where fewer than two whole groups are left.
#define group_of(rows) ((rows) <= ROWS ? (rows) : ((rows) + 1) / 2)

EACH_COUNT(TRANSPOSED_ROWS)
EACH_LARGE_COUNT(TRANSPOSED_ROWS)
EACH_COUNT(PANEL_ROWS)
EACH_LARGE_COUNT(PANEL_ROWS)
EACH_COUNT(WINDOW_ROWS)
EACH_LARGE_COUNT(WINDOW_ROWS)
EACH_COUNT(WINDOW_GRADIENT)
EACH_LARGE_COUNT(WINDOW_GRADIENT)

ROW_PANELS(1)
ROW_PANELS(4)

static void NAME(multiply_row)(
    const float *a, const float *b, size_t distance, size_t depth, size_t panels, float *c) {
    size_t p = 0;
    for (; p + 4 <= panels; p += 4) NAME(row_panels4)(a, b + p * distance, distance, depth, c + 16 * p);
    for (; p < panels; p++) NAME(row_panels1)(a, b + p * distance, distance, depth, c + 16 * p);
}

static void NAME(multiply_transposed)(
    const float *a, size_t rows, const float *b, size_t depth, bool accumulates, float *c, size_t ldc) {
    size_t r = 0;
    for (; r + ROWS <= rows; r += ROWS)
        WHOLE(transposed_rows)(a + r, b, depth, accumulates, c + r * ldc, ldc);
    a += r;
    c += r * ldc;
#define CALL(count) NAME(transposed_rows##count)(a, b, depth, accumulates, c, ldc)
    switch (rows - r) { EACH_CASE(CALL) EACH_LARGE_CASE(CALL) default: break; }
#undef CALL
}

static void NAME(multiply_panels)(
    const float *a, size_t stride, size_t rows, const float *b, size_t depth, bool accumulates, float *c,
    size_t ldc) {
    size_t r = 0;
    for (; r + 2 * ROWS <= rows; r += ROWS)
        WHOLE(panel_rows)(a + 16 * r, stride, b, depth, accumulates, c + r * ldc, ldc);
    // The last rows in two nearly equal groups: a small one would wait for its own sums.
    for (; r < rows; r += group_of(rows - r)) {
        const float *from = a + 16 * r;
        float *to = c + r * ldc;
#define CALL(count) NAME(panel_rows##count)(from, stride, b, depth, accumulates, to, ldc)
        switch (group_of(rows - r)) { EACH_CASE(CALL) EACH_LARGE_CASE(CALL) default: break; }
#undef CALL
    }
}

// A line of windows, 16 outputs each.
static void NAME(window_line)(const float *a, const struct window_layout *w, const float *b, float *c) {
    size_t r = 0, windows = w->windows;
    for (; r + 2 * ROWS <= windows; r += ROWS)
        WHOLE(window_rows)(a + r * w->window_step, w, b, c + r * w->outputs);
    for (; r < windows; r += group_of(windows - r)) {
        const float *from = a + r * w->window_step;
        float *to = c + r * w->outputs;
#define CALL(count) NAME(window_rows##count)(from, w, b, to)
        switch (group_of(windows - r)) { EACH_CASE(CALL) EACH_LARGE_CASE(CALL) default: break; }
#undef CALL
    }
}

// The gradient of a run of weights: one row of the kernel, for 16 outputs.
static void NAME(window_gradients)(const float *a, const struct window_layout *w, const float *dy, float *c) {
    size_t r = 0;
    for (; r + ROWS <= w->run; r += ROWS) WHOLE(window_gradient)(a + r, w, dy, c + r * w->outputs);
    a += r;
    c += r * w->outputs;
#define CALL(count) NAME(window_gradient##count)(a, w, dy, c)
    switch (w->run - r) { EACH_CASE(CALL) EACH_LARGE_CASE(CALL) default: break; }
#undef CALL
}

#undef TRANSPOSED_ROWS
#undef WINDOW_ROWS
#undef WINDOW_GRADIENT
#undef PANEL_ROWS
#undef ROW_PANELS
#undef EACH_COUNT
#undef EACH_CASE
#undef EACH_LARGE_COUNT
#undef EACH_LARGE_CASE
#undef WHOLE
#undef group_of
