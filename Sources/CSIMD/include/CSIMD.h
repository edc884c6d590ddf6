// Processor instructions that Swift's SIMD types do not reach: each a `static inline` wrapper that
// becomes one instruction (or a short fixed sequence) per vector.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "CRC32C.h"
#include "FMAPeak.h"

typedef float csimd_f16 __attribute__((ext_vector_type(16)));
typedef int32_t csimd_i16 __attribute__((ext_vector_type(16)));
typedef uint8_t csimd_u8x16 __attribute__((ext_vector_type(16)));

static inline csimd_f16 csimd_sqrt(csimd_f16 x) { return __builtin_elementwise_sqrt(x); }
/// One instruction; Swift's `squareRoot()` calls the C library for negative numbers.
static inline double csimd_sqrt_double(double x) { return __builtin_elementwise_sqrt(x); }
/// a·b + c, rounded once.
static inline csimd_f16 csimd_fma(csimd_f16 a, csimd_f16 b, csimd_f16 c) {
    return __builtin_elementwise_fma(a, b, c);
}
static inline csimd_i16 csimd_to_int(csimd_f16 x) { return __builtin_convertvector(x, csimd_i16); }
static inline csimd_f16 csimd_to_float(csimd_i16 x) { return __builtin_convertvector(x, csimd_f16); }

/// Lane by lane −1 where the comparison holds, otherwise 0; with a NaN it does not hold.
static inline csimd_i16 csimd_less(csimd_f16 a, csimd_f16 b) { return a < b; }
static inline csimd_i16 csimd_equal(csimd_f16 a, csimd_f16 b) { return a == b; }
static inline csimd_i16 csimd_less_int(csimd_i16 a, csimd_i16 b) { return a < b; }
/// Lane by lane `a` where the mask is −1, `b` where it is 0.
static inline csimd_f16 csimd_select(csimd_i16 mask, csimd_f16 a, csimd_f16 b) { return mask ? a : b; }
static inline csimd_i16 csimd_select_int(csimd_i16 mask, csimd_i16 a, csimd_i16 b) { return mask ? a : b; }
static inline csimd_i16 csimd_equal_int(csimd_i16 a, csimd_i16 b) { return a == b; }
/// Lane by lane the smaller and the larger number; `b` where either is NaN or both are zeros.
static inline csimd_f16 csimd_min(csimd_f16 a, csimd_f16 b) { return a < b ? a : b; }
static inline csimd_f16 csimd_max(csimd_f16 a, csimd_f16 b) { return a > b ? a : b; }
static inline csimd_f16 csimd_abs(csimd_f16 x) { return __builtin_elementwise_abs(x); }

/// 16 bytes as numbers 0 to 255, and back.
static inline csimd_i16 csimd_load_bytes(const uint8_t *bytes) {
    csimd_u8x16 values;
    memcpy(&values, bytes, 16);
    return __builtin_convertvector(values, csimd_i16);
}
static inline void csimd_store_bytes(uint8_t *bytes, csimd_i16 numbers) {
    csimd_u8x16 values = __builtin_convertvector(numbers, csimd_u8x16);
    memcpy(bytes, &values, 16);
}

/// Tells the processor that a loop waits.
static inline void csimd_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}
