import Platform
import System
import Testing

extension Exactness {
    static let isX86: Bool = {
        #if arch(x86_64)
            true
        #else
            false
        #endif
    }()

    /// Workers whose OpenBLAS computes other bits, and jobs that say which core counts. x86-64 has the cores
    /// named here; the environment of the tests must not choose one.
    @Suite(.enabled(if: Exactness.isX86, "OpenBLAS has the cores named here on x86-64 only")) struct Platforms
    {
        static let foreign = ["OPENBLAS_CORETYPE": "Nehalem"]

        @Test func otherArithmeticIsRefused() throws {
            let hands = try ByHand(DigitsJob(stem: DigitsJob.convolution))
            let quiet = try hands.bench.quiet()
            let coordinator = try hands.coordinator(["--min-workers", "2"])
            let first = try hands.worker()
            try hands.log(of: first).wait(for: "session_ready", from: first)
            let other = try hands.worker([], Self.foreign)
            try expectRefusal(
                other, naming: ["refused: ", "OpenBLAS core Nehalem instead of", "--allow-inexact"])
            try hands.log(of: coordinator).wait(for: "worker_refused", from: coordinator)
            let second = try hands.worker()
            #expect(try hands.bits(coordinator) == quiet)
            #expect(field("exact", in: coordinator.standardOutput()) == "true")
            try expectGoodEnd(first)
            try expectGoodEnd(second)
        }

        @Test func otherArithmeticIsLetInWhenAsked() throws {
            let hands = try ByHand(DigitsJob(stem: DigitsJob.convolution))
            let coordinator = try hands.coordinator(["--min-workers", "2", "--allow-inexact"])
            let first = try hands.worker()
            try hands.log(of: first).wait(for: "session_ready", from: first)
            let other = try hands.worker([], Self.foreign)
            let finished = try Program.finish(coordinator)
            #expect(finished.status == .exited(0), "\(finished.errors)")
            #expect(field("exact", in: finished.output) == "false")
            #expect(try hands.log(of: coordinator).has("worker_inexact"), "\(finished.errors)")
            try expectGoodEnd(first)
            try expectGoodEnd(other)
        }

        /// A run in which others have computed differently stays inexact after a resume without them.
        @Test func inexactStaysInexact() throws {
            let hands = try ByHand(DigitsJob(checkpointEvery: "5", stem: DigitsJob.convolution))
            let coordinator = try hands.coordinator(
                ["--min-workers", "2", "--allow-inexact"], fault: "coordinator:checkpoint-written:5:kill")
            let first = try hands.worker(["--rejoin-timeout", "0.1"])
            try hands.log(of: first).wait(for: "session_ready", from: first)
            let other = try hands.worker(["--rejoin-timeout", "0.1"], Self.foreign)
            #expect(try Program.finish(coordinator).status == .killed(signal: SIGKILL))
            for worker in [first, other] { #expect(try Program.finish(worker).status == .exited(1)) }
            let resumed = try hands.bench.run("run", workers: 1, ["--resume"])
            #expect(resumed.status == .exited(0), "\(resumed.errors)")
            #expect(field("exact", in: resumed.output) == "false")
        }

        /// The core of the checkpoint's platform is the job's, also where workers would rather take another.
        @Test func resumingKeepsTheCore() throws {
            let hands = try ByHand(DigitsJob(checkpointEvery: "5", stem: DigitsJob.convolution))
            let coordinator = try hands.coordinator(fault: "coordinator:checkpoint-written:5:kill")
            let first = try hands.worker(["--rejoin-timeout", "0.1"], Self.foreign)
            #expect(try Program.finish(coordinator).status == .killed(signal: SIGKILL))
            #expect(try Program.finish(first).status == .exited(1))
            let resumed = try hands.bench.run("run", workers: 2, ["--resume"])
            #expect(resumed.status == .exited(0), "\(resumed.errors)")
            #expect(field("exact", in: resumed.output) == "true")
            #expect(
                field("platform", in: resumed.output)?.hasPrefix("x86_64-Nehalem-") == true,
                "\(resumed.output)")
        }

        /// Workers start over once with the core that the job names; the token survives in an inherited
        /// descriptor.
        @Test func namedCoreByRun() throws {
            let bench = try Bench(DigitsJob(more: "numerics: {blas_core: \"Haswell\"},"))
            let one = try bench.run("one", workers: 1)
            let three = try bench.run("three", workers: 3)
            #expect(one.status == .exited(0), "\(one.errors)")
            #expect(three.status == .exited(0), "\(three.errors)")
            #expect(try Bits(one, bench.runDirectory("one")) == Bits(three, bench.runDirectory("three")))
            #expect(
                field("platform", in: three.output)?.hasPrefix("x86_64-Haswell-") == true, "\(three.output)")
        }

        @Test func namedCoreByHand() throws {
            let hands = try ByHand(DigitsJob(more: "numerics: {blas_core: \"Haswell\"},"))
            let quiet = try hands.bench.quiet()
            let coordinator = try hands.coordinator(["--min-workers", "2"])
            let pipe = try Pipe()
            try pipe.write(File.read(hands.bench.directory.file("token"), limit: 1000))
            pipe.closeWriteEnd()
            let log = hands.bench.directory.file("from-input.jsonl")
            let fromInput = try hands.start(
                [
                    "worker", "--join", "127.0.0.1:\(hands.port)", "--token-file", "-", "--lanes", "1",
                    "--log-file", log,
                ], [:], descriptors: [0: pipe.readEnd])
            let fromFile = try hands.worker()
            #expect(try hands.bits(coordinator) == quiet)
            for worker in [fromInput, fromFile] { try expectGoodEnd(worker) }
            for log in [EventLog(path: log), try hands.log(of: fromFile)] {
                #expect(try log.events("core_changed").map { $0.text("core") } == ["Haswell"], "\(log.text)")
                let platform = try log.events("session_ready").last?.text("platform")
                #expect(platform?.hasPrefix("x86_64-Haswell-") == true, "\(log.text)")
            }
            #expect(field("platform", in: coordinator.standardOutput())?.hasPrefix("x86_64-Haswell-") == true)
        }
    }
}
