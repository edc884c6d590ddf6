import CSystem
import Platform

/// The processor of this machine.
package enum Processor {
    /// The number of cores that this process may use, at least 1.
    package static var cores: Int { max(1, Int(csystem_available_cores())) }

    package static var hasAVX512: Bool { csystem_has_avx512() != 0 }

    /// Tells whether OpenBLAS's kernels for `core` run here. Unknown cores are left to OpenBLAS, which
    /// chooses kernels that fit.
    package static func supports(core: String) -> Bool {
        let wide: Set<String> = ["skylakex", "cooperlake", "sapphirerapids"]
        return !wide.contains(core.lowercased()) || hasAVX512
    }
}
