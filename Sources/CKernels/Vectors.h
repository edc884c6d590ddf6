// Shared by the C files of the kernels: vectors, and the choice of a copy of the loops for this processor.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef float vector __attribute__((ext_vector_type(16)));
typedef float unaligned_vector __attribute__((ext_vector_type(16), aligned(4)));

#define FMA(a, b, c) __builtin_elementwise_fma(a, b, c)
#define LOAD(p) ((vector) * (const unaligned_vector *)(p))
#define STORE(p, x) (*(unaligned_vector *)(p) = (x))
#define LOAD_ALIGNED(p) (*(const vector *)(p))
#define STORE_ALIGNED(p, x) (*(vector *)(p) = (x))
#define UNROLL _Pragma("clang loop unroll(full)")
#define UNROLL2 _Pragma("clang loop unroll_count(2)")
#define UNROLL3 _Pragma("clang loop unroll_count(3)")
#define UNROLL4 _Pragma("clang loop unroll_count(4)")

static inline size_t least(size_t a, size_t b) { return a < b ? a : b; }

#if defined(__x86_64__)
#define AVX512 target("avx512f,avx512vl,avx512dq,avx512bw")
static bool has_avx512;
__attribute__((constructor)) static void choose(void) {
    __builtin_cpu_init();
    has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
}
#define CHOSEN(x) (has_avx512 ? avx512_##x : base_##x)
#else
#define CHOSEN(x) base_##x
#endif
