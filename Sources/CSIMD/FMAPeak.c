#include "FMAPeak.h"

typedef float f8 __attribute__((ext_vector_type(8)));
typedef float f16 __attribute__((ext_vector_type(16)));

// Twelve chains: an instruction takes four or five cycles, and two start in every one.
enum { CHAINS = 12 };

#define PEAK(vector)                                                                                         \
    volatile float factor = 0.999f, term = 0.001f, sink;                                                     \
    vector a = (vector)factor, b = (vector)term, chain[CHAINS];                                              \
    for (int k = 0; k < CHAINS; k++) chain[k] = (vector)(float)k;                                            \
    for (int64_t i = 0; i < rounds; i++) {                                                                   \
        _Pragma("clang loop unroll(full)") for (int k = 0; k < CHAINS; k++)                                  \
            chain[k] = __builtin_elementwise_fma(chain[k], a, b);                                            \
    }                                                                                                        \
    for (int k = 1; k < CHAINS; k++) chain[0] += chain[k];                                                   \
    sink = chain[0][0];                                                                                      \
    (void)sink;                                                                                              \
    return 2.0 * CHAINS * sizeof(vector) / sizeof(float) * (double)rounds

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static double peak16(int64_t rounds) { PEAK(f16); }
#endif

static double peak8(int64_t rounds) { PEAK(f8); }

double csimd_fma_peak(int64_t rounds) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return peak16(rounds);
#endif
    return peak8(rounds);
}
