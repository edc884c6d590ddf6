import CSIMD

/// The peak rates of this machine, for measurements only.
package enum MachinePeak {
    /// Runs fused multiply-adds in registers for a while, and returns the number of floating-point
    /// operations.
    package static func multiplyAdds(rounds: Int) -> Double { csimd_fma_peak(Int64(rounds)) }

    /// `a = b + s · c` over memory (McCalpin's STREAM triad, https://www.cs.virginia.edu/stream): 12 bytes
    /// per element, those that a write fetches not counted.
    package static func triad(
        _ a: UnsafeMutablePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafePointer<Float>, scale: Float,
        count: Int
    ) {
        let s = Vector(repeating: scale)
        for i in stride(from: 0, to: count, by: 16) {
            csimd_fma(s, Vector(at: c + i), Vector(at: b + i)).store(at: a + i)
        }
    }
}
