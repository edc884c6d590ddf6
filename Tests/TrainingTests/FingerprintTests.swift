import Jobs
import System
import TestSupport
import Testing
import Training

@Suite(.serialized) struct FingerprintTests {
    private static func parts(
        _ core: String, build: String = "0.3.29", products: String = "aa", step: String = "bb"
    ) -> Fingerprint {
        Fingerprint(parts: [
            .init(name: "OpenBLAS core", value: core), .init(name: "OpenBLAS build", value: build),
            .init(name: "matrix products", value: products),
            .init(name: "a training step", value: step),
        ])
    }

    @Test func aMachineAgreesWithItself() async throws {
        try await onThread {
            let job = try load(config()).job
            let plan = try TrainingPlan(job, try DecodedData(reading: job.data).facts)
            let (first, second) = (try Fingerprint(of: plan), try Fingerprint(of: plan))
            #expect(first == second)
            #expect(first.matches(second))
            #expect(first.differences(from: second).isEmpty)
            #expect(first.platform == second.platform)
            #expect(first.platform.hasPrefix(Fingerprint.architecture + "-"))
        }
    }

    /// Other shapes make other BLAS calls. The parts of a fingerprint that do not depend on the job stay the
    /// same.
    @Test func anotherJobHasOtherProducts() async throws {
        try await onThread {
            // Dense layers do not use BLAS, whose bits depend on shapes.
            let config = config(["model": #"[{conv: 4, kernel: 3}, "flatten", {dense: 10}]"#])
            let data = try DecodedData(reading: try load(config).job.data)
            func fingerprint(_ override: String) throws -> Fingerprint {
                try Fingerprint(of: TrainingPlan(try load(config, override).job, data.facts))
            }
            let (first, second) = (try fingerprint("batch.size=100"), try fingerprint("batch.size=90"))
            let differing = zip(first.parts, second.parts).filter { $0 != $1 }.map(\.0.name)
            #expect(differing == ["matrix products"])
            #expect(!first.matches(second))
            #expect(first.differences(from: second).hasPrefix("matrix products "))
        }
    }

    @Test func differencesAreDescribedForPeople() {
        let mine = Self.parts("Haswell")
        #expect(
            mine.differences(from: Self.parts("Zen", products: "cc"))
                == "OpenBLAS core Haswell instead of Zen")
        #expect(
            mine.differences(from: Self.parts("Zen", build: "0.3.21", products: "cc"))
                == "OpenBLAS core Haswell instead of Zen, OpenBLAS build 0.3.29 instead of 0.3.21")
        #expect(
            mine.differences(from: Self.parts("Haswell", products: "cc"))
                == "matrix products aa instead of cc")
        #expect(
            mine.differences(from: Fingerprint(parts: [])).hasPrefix(
                "OpenBLAS core Haswell instead of nothing"))
    }

    /// Two processors that compute the same bits are the same platform for a job; only hashes decide.
    @Test func descriptionsDoNotDecide() {
        #expect(Self.parts("Haswell").matches(Self.parts("Zen", build: "other")))
        #expect(!Self.parts("Haswell").matches(Self.parts("Haswell", step: "dd")))
        #expect(Self.parts("Haswell").matches(platform: Self.parts("Zen").platform))
        #expect(!Self.parts("Haswell").matches(platform: Self.parts("Haswell", step: "dd").platform))
        #expect(!Self.parts("Haswell").matches(platform: ""))
        #expect(Self.parts("Haswell").platform != Self.parts("Haswell", step: "dd").platform)
    }
}
