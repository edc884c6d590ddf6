import System

/// The OpenBLAS core that this process has taken over from a job, by starting again with another environment.
///
/// The user's own OPENBLAS_CORETYPE holds for every job. An adopted one does not: a worker that stays for the
/// next job adopts that one's.
package enum AdoptedCore {
    private static let variable = "OPENBLAS_CORETYPE"
    private static let mark = "DIST_TRAIN_ADOPTED_CORE"

    /// Whether the user has chosen the core.
    package static var isFixedByUser: Bool {
        guard let core = Environment.value(variable) else { return false }
        return Environment.value(mark) != core
    }

    /// The variables with which a process starts again to compute with a job's core.
    package static func variables(_ core: String) -> [String: String] { [variable: core, mark: core] }
}
