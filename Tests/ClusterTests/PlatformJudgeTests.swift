import Cluster
import Testing
import Training

/// The first worker's numeric platform is the run's; a resumed run has one already.
@Suite struct PlatformJudgeTests {
    private func fingerprint(core: String = "Haswell", products: String = "a") -> Fingerprint {
        Fingerprint(parts: [
            Fingerprint.Part(name: "OpenBLAS core", value: core),
            Fingerprint.Part(name: "matrix products", value: products),
        ])
    }

    @Test func theFirstWorkersPlatformIsTheRuns() {
        var judge = PlatformJudge(allowsInexact: false)
        #expect(judge.name == "")
        #expect(judge.judge(fingerprint()) == .accept)
        #expect(judge.name == fingerprint().platform)
        #expect(judge.judge(fingerprint(core: "Zen")) == .accept, "names decide nothing, bits do")
        #expect(judge.name == fingerprint().platform && judge.isExact)
    }

    @Test func otherPlatformsAreRefused() {
        var judge = PlatformJudge(allowsInexact: false)
        _ = judge.judge(fingerprint())
        guard
            case .refuse(let differences, let sentence) = judge.judge(fingerprint(core: "Zen", products: "b"))
        else {
            Issue.record("another platform was let in")
            return
        }
        #expect(differences == "OpenBLAS core Zen instead of Haswell")
        #expect(sentence.hasPrefix("refused: this machine's arithmetic would change the result's bits ("))
        #expect(sentence.contains(differences) && sentence.hasSuffix("--allow-inexact"))
        #expect(judge.isExact && judge.name == fingerprint().platform)
        #expect(judge.judge(fingerprint()) == .accept, "the run's platform is still the first worker's")
    }

    @Test func otherPlatformsThatAreAllowed() {
        var judge = PlatformJudge(allowsInexact: true)
        _ = judge.judge(fingerprint())
        #expect(judge.isExact)
        #expect(
            judge.judge(fingerprint(products: "b"))
                == .acceptInexact(differences: "matrix products b instead of a"))
        #expect(!judge.isExact)
        #expect(judge.judge(fingerprint()) == .accept)
        #expect(!judge.isExact, "once inexact, always")
    }

    @Test func resumedRunsHaveAPlatform() {
        let earlier = fingerprint().platform
        var judge = PlatformJudge(earlier: earlier, allowsInexact: false)
        #expect(judge.name == earlier, "a run that is stopped before a worker comes keeps it")
        guard case .refuse(let differences, _) = judge.judge(fingerprint(products: "b")) else {
            Issue.record("another platform was let in")
            return
        }
        #expect(differences == "platform \(fingerprint(products: "b").platform) instead of \(earlier)")
        #expect(judge.name == earlier, "a refused worker names no platform")
        #expect(judge.judge(fingerprint()) == .accept)
    }

    /// The platform from then on is that of the workers that compute.
    @Test func resumedOnAnotherPlatform() {
        var judge = PlatformJudge(earlier: fingerprint().platform, allowsInexact: true)
        guard case .acceptInexact = judge.judge(fingerprint(products: "b")) else {
            Issue.record("the user allows it")
            return
        }
        #expect(judge.name == fingerprint(products: "b").platform && !judge.isExact)
        #expect(judge.judge(fingerprint(products: "b")) == .accept)
        let inexact = PlatformJudge(earlier: fingerprint().platform, wasExact: false, allowsInexact: false)
        #expect(!inexact.isExact, "what was inexact stays so")
    }

    /// The job's core holds for all; else that of the earlier run; else the first worker's.
    @Test func blasCores() {
        var first = PlatformJudge(allowsInexact: false)
        #expect(first.core(preferred: "Zen") == "Zen")
        #expect(first.core(preferred: "Haswell") == "Zen")
        let earlier = "\(Fingerprint.architecture)-SkylakeX-0123456789abcdef"
        var resumed = PlatformJudge(earlier: earlier, allowsInexact: false)
        #expect(resumed.core(preferred: "Zen") == "SkylakeX")
        var asked = PlatformJudge(jobCore: "Haswell", earlier: earlier, allowsInexact: false)
        #expect(asked.core(preferred: "Zen") == "Haswell")
    }
}
