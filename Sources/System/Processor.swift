import CSystem
import Platform

/// The processor of this machine.
package enum Processor {
    /// The number of cores that this process may use, at least 1: those of its affinity mask (`taskset`,
    /// cpusets), or fewer if a control group limits its time.
    package static var cores: Int { cores(available: available, limit: ControlGroup.ofThisProcess().cores) }

    /// The number of cores in the affinity mask.
    package static var available: Int { max(1, Int(csystem_available_cores())) }

    /// The number of cores of the machine that are in use.
    package static var online: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    /// A part of a core is rounded up from one half: two lanes at 75 % do more than one at 100 %.
    package static func cores(available: Int, limit: Double?) -> Int {
        guard let limit, limit < Double(available) else { return max(1, available) }
        return max(1, Int(limit.rounded(.toNearestOrAwayFromZero)))
    }

    /// The cores whose kernels OpenBLAS may have on this architecture, by the names that OPENBLAS_CORETYPE
    /// takes. OpenBLAS takes its default for any other name, without a word.
    package static var blasCores: [String] {
        #if arch(arm64)
            blasCoresOfARM
        #else
            blasCoresOfX86
        #endif
    }

    /// Those of all architectures: a config may be written on another machine.
    package static var allBLASCores: [String] { blasCoresOfX86 + blasCoresOfARM }

    private static let blasCoresOfARM =
        [
            "ARMV8", "CORTEXA53", "CORTEXA55", "CORTEXA57", "CORTEXA72", "CORTEXA73", "CORTEXA76",
            "FALKOR", "THUNDERX", "THUNDERX2T99", "THUNDERX3T110", "TSV110", "EMAG8180", "NEOVERSEN1",
            "NEOVERSEV1", "NEOVERSEN2", "ARMV8SVE", "A64FX", "VORTEX", "VORTEXM4", "FT2000",
        ]

    private static let blasCoresOfX86 =
        [
            "Prescott", "Core2", "Penryn", "Dunnington", "Nehalem", "Sandybridge", "Haswell", "SkylakeX",
            "Cooperlake", "SapphireRapids", "Atom", "Nano", "Katmai", "Coppermine", "Northwood", "Banias",
            "Athlon", "Opteron", "Opteron_SSE3", "Barcelona", "Bobcat", "Bulldozer", "Piledriver",
            "Steamroller", "Excavator", "Zen",
        ]

    /// Whether OpenBLAS knows a core of this name; letters may be large or small.
    package static func isBLASCore(_ name: String) -> Bool {
        blasCores.contains { $0.lowercased() == name.lowercased() }
    }

    package static var hasAVX512: Bool { csystem_has_avx512() != 0 }

    /// Tells whether OpenBLAS's kernels for `core` run here. Unknown cores are left to OpenBLAS, which
    /// chooses kernels that fit.
    package static func supports(core: String) -> Bool {
        let wide: Set<String> = ["skylakex", "cooperlake", "sapphirerapids"]
        return !wide.contains(core.lowercased()) || hasAVX512
    }
}
