// Processor instructions that Swift's SIMD types do not reach: each a `static inline` wrapper that
// becomes one instruction (or a short fixed sequence) per vector.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "CRC32C.h"

typedef float csimd_f16 __attribute__((ext_vector_type(16)));
typedef int32_t csimd_i16 __attribute__((ext_vector_type(16)));

static inline csimd_f16 csimd_sqrt(csimd_f16 x) { return __builtin_elementwise_sqrt(x); }
/// a·b + c, rounded once.
static inline csimd_f16 csimd_fma(csimd_f16 a, csimd_f16 b, csimd_f16 c) { return __builtin_elementwise_fma(a, b, c); }
static inline csimd_i16 csimd_to_int(csimd_f16 x) { return __builtin_convertvector(x, csimd_i16); }
static inline csimd_f16 csimd_to_float(csimd_i16 x) { return __builtin_convertvector(x, csimd_f16); }

/// Tells the processor that a loop waits.
static inline void csimd_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}
