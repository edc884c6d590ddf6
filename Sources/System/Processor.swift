import CSystem

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// What this machine's processor can do.
package enum Processor {
    /// Cores that this process may use.
    package static var cores: Int { max(1, Int(csystem_available_cores())) }

    package static var hasAVX512: Bool { csystem_has_avx512() != 0 }

    /// Whether OpenBLAS's kernels for `core` run here. Unknown cores are left to OpenBLAS, which falls back on what fits.
    package static func supports(core: String) -> Bool {
        let wide: Set<String> = ["skylakex", "cooperlake", "sapphirerapids"]
        return !wide.contains(core.lowercased()) || hasAVX512
    }
}
