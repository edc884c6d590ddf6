/// The counter-based generator Philox4x32-10: 128 bits of counter and 64 bits of key become 128 random bits.
///
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011 (the Random123
/// library).
package enum Philox {
    package static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        var counter = counter
        var key = key
        for _ in 0..<9 {
            counter = round(counter, key)
            key &+= SIMD2(0x9E37_79B9, 0xBB67_AE85)  // the golden ratio and √3 − 1: Weyl sequences
        }
        return round(counter, key)
    }

    @inline(__always)
    private static func round(_ counter: SIMD4<UInt32>, _ key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        let first = UInt64(counter[0]) &* 0xD251_1F53
        let second = UInt64(counter[2]) &* 0xCD9E_8D57
        return SIMD4(
            UInt32(truncatingIfNeeded: second >> 32) ^ counter[1] ^ key[0],
            UInt32(truncatingIfNeeded: second),
            UInt32(truncatingIfNeeded: first >> 32) ^ counter[3] ^ key[1],
            UInt32(truncatingIfNeeded: first))
    }
}
