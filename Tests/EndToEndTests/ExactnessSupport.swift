import Platform
import Synchronization
import System
import TestSupport
import Testing

/// The suites in which real processes must give the bits of the quiet single-worker run; one after the other,
/// because each starts several processes.
@Suite(.serialized) enum Exactness {
    /// Forbids the memory that workers of one machine share, so that what they say goes over sockets.
    static let socketsAlone = ["DIST_TRAIN_SHARED_MEMORY": "0"]
    /// All combinations instead of a covering few.
    static var isThorough: Bool { Environment.value("DIST_TRAIN_LONG_TESTS") == "1" }
    static var takesLong: Comment { "it takes long: DIST_TRAIN_LONG_TESTS=1 runs it" }
}

/// A small job whose runs are compared.
protocol ExactJob: CustomStringConvertible, Sendable {
    /// The config.
    var text: String { get }
    /// The microbatches of a batch.
    var microbatches: Int { get }
    /// `checkpoint.every`, as a config has it.
    var checkpointEvery: String { get set }
}

/// A small job on the embedded digits: two batch norms, 1,437 training samples, so that the last batch of an
/// epoch is ragged; or one without a model.
struct DigitsJob: ExactJob {
    var batch = 128
    var microbatches = 4
    var optimizer = "{adam: {learning_rate: 3e-3}}"
    var steps = 30
    var checkpointEvery = "\"epoch\""
    /// The layers before the dense ones. These alone use OpenBLAS's products, if they convolve.
    var stem = "\"flatten\","
    var more = ""
    /// The augmentation of the training images, as a config has it.
    var augment = ""
    /// Instead of a model: `kmeans: …` or `pca: …`, as a config has it, of which the microbatches and `more`
    /// count alone.
    var measuring = ""
    var epochs = 100
    var logEvery = 5
    /// Further fields of `logging`, each behind a comma.
    var logging = ""

    static let convolution = "{conv: 4, kernel: 3, activation: \"relu\"}, \"flatten\","

    var description: String {
        measuring.isEmpty
            ? "batch \(batch), V \(microbatches), \(optimizer)\(more.isEmpty ? "" : ", \(more)")" : measuring
    }

    var text: String { measuring.isEmpty ? trainingText : measuringText }

    private var measuringText: String {
        """
        {
          name: "exact", seed: 5,
          data: {train: {builtin: "digits"}, validation: {builtin: "digits"}},
          \(measuring),
          batch: {microbatches: \(microbatches)},
          \(more)
        }
        """
    }

    private var trainingText: String {
        """
        {
          name: "exact", seed: 5,
          data: {
            train: {builtin: "digits"}, validation: {builtin: "digits"}, normalize: "z_score",
            \(augment.isEmpty ? "" : "augment: \(augment)")
          },
          model: [
            \(stem)
            {dense: 64, batch_norm: true, activation: "relu"},
            {dense: 24, batch_norm: true, activation: "tanh"},
            {dense: 10},
          ],
          loss: "cross_entropy",
          optimizer: \(optimizer),
          batch: {size: \(batch), microbatches: \(microbatches)},
          epochs: \(epochs), max_steps: \(steps),
          checkpoint: {every: \(checkpointEvery), keep: 100},
          logging: {every: \(logEvery)\(logging)},
          \(more)
        }
        """
    }
}

/// The results that must be the same, whichever workers computed them.
struct Bits: Equatable, CustomStringConvertible {
    let hash: String
    /// The lines of `metrics.jsonl` in their order, without what a clock measured.
    let metrics: [String]

    /// From what a finished run has printed and written.
    init(_ finished: Program.Finished, _ runDirectory: String) throws {
        hash =
            field("state_sha256", in: finished.output)
            ?? "no state_sha256 in: \(finished.output) \(finished.errors)"
        metrics = try Self.metrics(runDirectory)
    }

    static func metrics(_ runDirectory: String) throws -> [String] {
        try File.readText(Path.join(runDirectory, "metrics.jsonl"), limit: 1 << 24).split(separator: "\n")
            .filter {
                !$0.contains("\"workers\":")
            }.map { line in
                let parts = line.split(separator: ",", omittingEmptySubsequences: false)
                return parts.filter { !$0.hasPrefix("\"seconds\":") }.joined(separator: ",")
            }
    }

    var description: String { "\(hash.prefix(12)) \(metrics.count) lines, last \(metrics.last ?? "none")" }
}

/// A directory with a job in it, in which runs are started.
final class Bench {
    let directory: TemporaryDirectory
    let config: String
    private let job: any ExactJob
    /// Every process of this bench, workers of `run` included, has this in its environment.
    private let mark = "DIST_TRAIN_TEST_MARK=\(randomHex(bytes: 8))"

    init(_ job: any ExactJob) throws {
        self.job = job
        directory = try TemporaryDirectory()
        config = try directory.write("job.json5", job.text)
    }

    var path: String { directory.path }
    func runDirectory(_ name: String) -> String { directory.file(name) }

    /// The events of a run of this bench.
    func log(_ name: String) -> EventLog { EventLog(run: runDirectory(name)) }

    func environment(_ more: [String: String] = [:]) -> [String: String] {
        let parts = mark.split(separator: "=").map(String.init)
        return more.merging([parts[0]: parts[1]]) { $1 }
    }

    func arguments(_ name: String, workers: Int, lanes: Int = 1, _ more: [String] = []) -> [String] {
        [
            "run", config, "--workers", "\(workers)", "--lanes", "\(lanes)", "--json", "--run-dir",
            runDirectory(name),
        ] + more
    }

    func run(
        _ name: String, workers: Int, lanes: Int = 1, _ more: [String] = [],
        _ environment: [String: String] = [:], fault: String? = nil,
        seconds: Double = 180
    ) throws -> Program.Finished {
        try Program.run(
            arguments(name, workers: workers, lanes: lanes, more), in: path,
            self.environment(environment.merging(fault.map { ["DIST_TRAIN_FAULT": $0] } ?? [:]) { $1 }),
            seconds: seconds)
    }

    /// Runs to the end, which must be a good one.
    func bits(_ name: String, workers: Int, lanes: Int = 1, _ more: [String] = [], seconds: Double = 180)
        throws -> Bits
    {
        let finished = try run(name, workers: workers, lanes: lanes, more, seconds: seconds)
        #expect(finished.status == .exited(0), "\(finished.errors)")
        // Nothing is compared if some of them have nothing to do.
        if !more.contains(where: { $0.hasPrefix("assignment.cuts") || $0 == "--resume" }) {
            let busy = min(workers, job.microbatches)
            #expect(field("workers", in: finished.output) == "\(busy)", "each member computes a microbatch")
        }
        return try Bits(finished, runDirectory(name))
    }

    /// The result that everything is compared with: one worker, one lane, nothing happens. Computed once for
    /// each job; when checkpoints are written changes nothing.
    func quiet(seconds: Double = 180) throws -> Bits {
        var job = job
        job.checkpointEvery = "\"epoch\""
        if let known = Self.known.withLock({ $0[job.text] }) { return known }
        let fresh = try Bench(job).bits("quiet", workers: 1, seconds: seconds)
        Self.known.withLock { $0[job.text] = fresh }
        return fresh
    }

    private static let known = Mutex<[String: Bits]>([:])

    /// Processes of this bench that are still there after `seconds`.
    func leftovers(within seconds: Double = 10) -> [Int32] {
        let deadline = Clock.monotonicSeconds() + seconds
        while true {
            let alive = Processes.with(mark)
            if alive.isEmpty || Clock.monotonicSeconds() > deadline { return alive }
            Clock.sleep(seconds: 0.02)
        }
    }
}
