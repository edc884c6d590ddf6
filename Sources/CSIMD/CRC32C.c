#include "CRC32C.h"
#include <string.h>

#if defined(__SSE4_2__)
#include <nmmintrin.h>
#include <wmmintrin.h>
#define HAS_FOLDING 1
#define HAS_INSTRUCTION 1
static inline uint64_t step8(uint64_t crc, uint64_t bytes) { return _mm_crc32_u64(crc, bytes); }
static inline uint64_t step1(uint64_t crc, uint8_t byte) { return _mm_crc32_u8((uint32_t)crc, byte); }
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#define HAS_INSTRUCTION 1
static inline uint64_t step8(uint64_t crc, uint64_t bytes) { return __crc32cd((uint32_t)crc, bytes); }
static inline uint64_t step1(uint64_t crc, uint8_t byte) { return __crc32cb((uint32_t)crc, byte); }
#endif

#define POLYNOMIAL 0x82f63b78u  // reflected: bit 31 is the coefficient of x^0

static uint32_t slices[8][256];

// a·b modulo the polynomial.
static uint32_t multiply(uint32_t a, uint32_t b) {
    uint32_t product = 0;
    for (uint32_t bit = 1u << 31; bit; bit >>= 1) {
        if (a & bit) product ^= b;
        b = b & 1 ? (b >> 1) ^ POLYNOMIAL : b >> 1;
    }
    return product;
}

// x^n modulo the polynomial.
static uint32_t power_of_x(uint64_t n) {
    uint32_t result = 1u << 31, square = 1u << 30;
    for (; n; n >>= 1) {
        if (n & 1) result = multiply(result, square);
        square = multiply(square, square);
    }
    return result;
}

#if HAS_INSTRUCTION
// The instruction takes three cycles and starts every cycle: three streams of a block each keep it busy.
// Their checksums are combined by "append `block` zero bytes", a linear map, done a byte of the checksum at a
// time from a table.
enum { LONG_BLOCK = 8192, SHORT_BLOCK = 256 };
static uint32_t long_zeros[4][256], short_zeros[4][256];

static void make_zeros(uint32_t table[4][256], uint64_t bytes) {
    uint32_t shift = power_of_x(8 * bytes);
    for (int k = 0; k < 4; k++)
        for (uint32_t v = 0; v < 256; v++) table[k][v] = multiply(shift, v << (8 * k));
}

static inline uint64_t append_zeros(const uint32_t table[4][256], uint64_t crc) {
    return table[0][crc & 255] ^ table[1][(crc >> 8) & 255] ^ table[2][(crc >> 16) & 255]
        ^ table[3][(crc >> 24) & 255];
}

static inline uint64_t load8(const uint8_t *p) {
    uint64_t v;
    memcpy(&v, p, 8);
    return v;
}

static inline uint64_t three_blocks(
    uint64_t crc, const uint8_t *p, size_t block, const uint32_t zeros[4][256]) {
    uint64_t second = 0, third = 0;
    for (const uint8_t *end = p + block; p < end; p += 8) {
        crc = step8(crc, load8(p));
        second = step8(second, load8(p + block));
        third = step8(third, load8(p + 2 * block));
    }
    crc = append_zeros(zeros, crc) ^ second;
    return append_zeros(zeros, crc) ^ third;
}
#endif

#if HAS_FOLDING
// On AMD's processors the instruction does not start in every cycle, and carry-less multiplication is faster:
// 64 bytes stand for all that came before them, and are moved ahead by multiplying with powers of x (Gopal et
// al., "Fast CRC computation for generic polynomials using PCLMULQDQ", Intel 2009).
static int can_fold;
static uint64_t ahead512[2], ahead128[2];

// Factors that move the lower and the upper half of 16 bytes ahead by so many bits. A product of reflected
// numbers is shifted by one.
static void make_ahead(uint64_t factors[2], uint64_t bits) {
    factors[0] = (uint64_t)power_of_x(bits + 32) << 1;
    factors[1] = (uint64_t)power_of_x(bits - 32) << 1;
}

#define FOLDING __attribute__((target("pclmul,sse4.2")))

FOLDING static inline __m128i move_ahead(__m128i block, __m128i factors) {
    return _mm_xor_si128(
        _mm_clmulepi64_si128(block, factors, 0x00), _mm_clmulepi64_si128(block, factors, 0x11));
}

FOLDING static inline __m128i load16(const uint8_t *p) { return _mm_loadu_si128((const __m128i *)p); }

// The checksum after `count` bytes more, a multiple of 64 and at least 64.
FOLDING static uint64_t fold(uint64_t crc, const uint8_t *p, size_t count) {
    const __m128i by512 = load16((const uint8_t *)ahead512), by128 = load16((const uint8_t *)ahead128);
    __m128i a = _mm_xor_si128(load16(p), _mm_cvtsi32_si128((int)crc));
    __m128i b = load16(p + 16), c = load16(p + 32), d = load16(p + 48);
    for (p += 64, count -= 64; count; p += 64, count -= 64) {
        a = _mm_xor_si128(move_ahead(a, by512), load16(p));
        b = _mm_xor_si128(move_ahead(b, by512), load16(p + 16));
        c = _mm_xor_si128(move_ahead(c, by512), load16(p + 32));
        d = _mm_xor_si128(move_ahead(d, by512), load16(p + 48));
    }
    b = _mm_xor_si128(move_ahead(a, by128), b);
    c = _mm_xor_si128(move_ahead(b, by128), c);
    d = _mm_xor_si128(move_ahead(c, by128), d);
    return step8(step8(0, (uint64_t)_mm_cvtsi128_si64(d)), (uint64_t)_mm_extract_epi64(d, 1));
}
#endif

__attribute__((constructor)) static void make_tables(void) {
    for (uint32_t v = 0; v < 256; v++) {
        uint32_t crc = v;
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ POLYNOMIAL : crc >> 1;
        slices[0][v] = crc;
    }
    for (uint32_t v = 0; v < 256; v++)
        for (int k = 1; k < 8; k++)
            slices[k][v] = (slices[k - 1][v] >> 8) ^ slices[0][slices[k - 1][v] & 255];
#if HAS_INSTRUCTION
    make_zeros(long_zeros, LONG_BLOCK);
    make_zeros(short_zeros, SHORT_BLOCK);
#endif
#if HAS_FOLDING
    make_ahead(ahead512, 512);
    make_ahead(ahead128, 128);
    __builtin_cpu_init();
    can_fold = __builtin_cpu_supports("pclmul") && __builtin_cpu_is("amd");
#endif
}

uint32_t csimd_crc32c_portable(uint32_t initial, const void *bytes, size_t count) {
    const uint8_t *p = bytes;
    uint32_t crc = ~initial;
    for (; count >= 8; count -= 8, p += 8) {
        crc ^= (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
        crc = slices[7][crc & 255] ^ slices[6][(crc >> 8) & 255] ^ slices[5][(crc >> 16) & 255]
            ^ slices[4][crc >> 24]
            ^ slices[3][p[4]] ^ slices[2][p[5]] ^ slices[1][p[6]] ^ slices[0][p[7]];
    }
    for (; count; count--) crc = (crc >> 8) ^ slices[0][(crc ^ *p++) & 255];
    return ~crc;
}

uint32_t csimd_crc32c_instruction(uint32_t initial, const void *bytes, size_t count) {
#if HAS_INSTRUCTION
    const uint8_t *p = bytes;
    uint64_t crc = (uint32_t)~initial;
    for (; count && ((uintptr_t)p & 7); count--) crc = step1(crc, *p++);
    for (; count >= 3 * LONG_BLOCK; count -= 3 * LONG_BLOCK, p += 3 * LONG_BLOCK)
        crc = three_blocks(crc, p, LONG_BLOCK, long_zeros);
    for (; count >= 3 * SHORT_BLOCK; count -= 3 * SHORT_BLOCK, p += 3 * SHORT_BLOCK)
        crc = three_blocks(crc, p, SHORT_BLOCK, short_zeros);
    for (; count >= 8; count -= 8, p += 8) crc = step8(crc, load8(p));
    for (; count; count--) crc = step1(crc, *p++);
    return ~(uint32_t)crc;
#else
    return csimd_crc32c_portable(initial, bytes, count);
#endif
}

uint32_t csimd_crc32c(uint32_t initial, const void *bytes, size_t count) {
#if HAS_FOLDING
    enum { WORTH_FOLDING = 256 };
    if (can_fold && count >= WORTH_FOLDING) {
        size_t folded = count / 64 * 64;
        uint32_t crc = ~(uint32_t)fold((uint32_t)~initial, bytes, folded);
        return csimd_crc32c_instruction(crc, (const uint8_t *)bytes + folded, count - folded);
    }
#endif
    return csimd_crc32c_instruction(initial, bytes, count);
}
