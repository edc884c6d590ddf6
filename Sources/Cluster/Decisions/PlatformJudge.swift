import Training

/// Decides which numeric platforms take part in a run. The first worker's platform is the run's, unless the
/// run is resumed: then a checkpoint has named it.
package struct PlatformJudge: Equatable {
    package enum Verdict: Equatable {
        case accept
        /// The worker computes other bits, which the user allows: the result will not be exact.
        case acceptInexact(differences: String)
        /// The worker computes other bits and is refused; the sentence is for it.
        case refuse(differences: String, sentence: String)
    }

    private enum Reference: Equatable {
        /// No worker has come, and no checkpoint has named a platform.
        case unknown
        /// The platform of an earlier run, by its name.
        case resumed(String)
        /// The platform of the first worker of this run.
        case measured(Fingerprint)
    }

    private let allowsInexact: Bool
    private var reference: Reference
    /// False once a worker of another platform has taken part, in this run or in one that it resumes.
    package private(set) var isExact: Bool
    /// The OpenBLAS core that all workers use; nil until the first worker comes.
    private var blasCore: String?

    /// - Parameters:
    ///   - jobCore: the OpenBLAS core that the job asks for.
    ///   - earlier: the platform of the run that is resumed, by its name.
    package init(jobCore: String? = nil, earlier: String? = nil, wasExact: Bool = true, allowsInexact: Bool) {
        self.allowsInexact = allowsInexact
        isExact = wasExact
        reference = earlier.map { .resumed($0) } ?? .unknown
        blasCore = jobCore ?? earlier.flatMap(Fingerprint.core(ofPlatform:))
    }

    /// The platform's name, as checkpoints and results keep it; empty while it is unknown.
    package var name: String {
        switch reference {
        case .unknown: ""
        case .resumed(let name): name
        case .measured(let fingerprint): fingerprint.platform
        }
    }

    /// Chooses the OpenBLAS core for a worker that joins: the run's, or the worker's own if it is the first.
    package mutating func core(preferred: String) -> String {
        let core = blasCore ?? preferred
        blasCore = core
        return core
    }

    /// Judges a worker's fingerprint.
    package mutating func judge(_ fingerprint: Fingerprint) -> Verdict {
        let differences = differences(of: fingerprint)
        if let differences, !allowsInexact {
            return .refuse(
                differences: differences,
                sentence:
                    "refused: this machine's arithmetic would change the result's bits (\(differences)). "
                    + "Install the same OpenBLAS, or give the job `numerics: "
                    + "{blas_core: \"Haswell\"}`, which every x86 machine here can compute with; "
                    + "to train all the same, start the coordinator with --allow-inexact")
        }
        if case .measured = reference {} else { reference = .measured(fingerprint) }
        guard let differences else { return .accept }
        isExact = false
        return .acceptInexact(differences: differences)
    }

    /// The differences from the run's platform; nil if both compute the same bits.
    private func differences(of fingerprint: Fingerprint) -> String? {
        switch reference {
        case .unknown: nil
        case .resumed(let name):
            fingerprint.matches(platform: name)
                ? nil : "platform \(fingerprint.platform) instead of \(name)"
        case .measured(let first): fingerprint.matches(first) ? nil : fingerprint.differences(from: first)
        }
    }
}
