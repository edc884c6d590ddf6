import Cluster
import Configuration
import System
import TestSupport
import Testing

/// Every line once; a replay that differs is an error.
@Suite struct MetricsLogTests {
    private func step(_ step: Int, loss: Double, seconds: Double = 1) -> ConfigValue {
        .object([("step", .int(step)), ("loss", .number(loss)), ("seconds", .number(seconds))])
    }

    private func epoch(_ step: Int, loss: Double, seconds: Double = 1) -> ConfigValue {
        .object([
            ("epoch", .int(1)), ("step", .int(step)), ("train", .object([("loss", .number(loss))])),
            ("validation", .null),
            ("seconds", .number(seconds)),
        ])
    }

    private func lines(_ path: String) throws -> [String] {
        try File.readText(path, limit: 1 << 20).split(separator: "\n").map(String.init)
    }

    @Test func equalReplaysAreNotWrittenAgain() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("metrics.jsonl")
        let values = [0.1, 1, 1e-300, .nan, .infinity, 1.0 / 3, -0.0, 9_007_199_254_740_992]
        for run in 0..<3 {
            let log = try MetricsLog(path, isExact: true)
            for (i, value) in values.enumerated() {
                #expect(
                    try log.write(step(i + 1, loss: value, seconds: Double(run))) == (run == 0), "\(value)")
                #expect(
                    try log.write(epoch(i + 1, loss: value, seconds: Double(run))) == (run == 0), "\(value)")
            }
        }
        #expect(try lines(path).count == 2 * values.count)
        #expect(try lines(path).allSatisfy { $0.hasSuffix("\"seconds\":0}") })
    }

    /// A generation that begins anew repeats what this very process has written.
    @Test func replaysWithinOneProcess() throws {
        let directory = try TemporaryDirectory()
        let log = try MetricsLog(directory.file("metrics.jsonl"), isExact: true)
        #expect(try log.write(epoch(12, loss: 0.5)))
        #expect(try !log.write(epoch(12, loss: 0.5, seconds: 9)))
        #expect(throws: ReplayDiffers.self) { try log.write(epoch(12, loss: 0.25)) }
        #expect(try lines(directory.file("metrics.jsonl")).count == 1)
    }

    @Test func differingReplays() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("metrics.jsonl")
        #expect(try MetricsLog(path, isExact: true).write(step(5, loss: 0.1)))
        #expect {
            try MetricsLog(path, isExact: true).write(step(5, loss: 0.1.nextUp))
        } throws: {
            "\($0)".hasPrefix("step 5, computed again, gave {\"step\":5,\"loss\":0.1")
        }
        #expect(
            try !MetricsLog(path, isExact: false).write(step(5, loss: 0.1.nextUp)),
            "other platforms may differ")
        #expect(try lines(path).count == 1)
    }

    /// Lines behind which no replay begins are not compared any more, so that a long run's need not be kept
    /// in memory; the others are.
    @Test func whatIsBehindASnapshotIsForgotten() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("metrics.jsonl")
        let log = try MetricsLog(path, isExact: true)
        for i in 1...4 {
            try log.write(step(i, loss: Double(i)))
            try log.write(epoch(i, loss: Double(i)))
        }
        log.forget(before: 3)
        for i in 3...4 {
            #expect(try !log.write(step(i, loss: Double(i))) && !log.write(epoch(i, loss: Double(i))))
            #expect(throws: ReplayDiffers.self) { try log.write(epoch(i, loss: 9)) }
        }
        #expect(try log.write(step(2, loss: 7)) && log.write(epoch(2, loss: 7)))
    }

    /// The last line of a coordinator that was killed in a write does not count, even if only its line feed
    /// is missing.
    @Test(arguments: [1, 2, 10])
    func tornLines(missing: Int) throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("metrics.jsonl")
        let log = try MetricsLog(path, isExact: true)
        try log.write(step(5, loss: 0.5))
        try log.write(step(10, loss: 0.25))
        let text = try File.readText(path, limit: 1 << 20)
        try File.writeAtomically(String(text.dropLast(missing)), to: path)
        let resumed = try MetricsLog(path, isExact: true)
        #expect(try !resumed.write(step(5, loss: 0.5)))
        #expect(try resumed.write(step(10, loss: 0.25)))
        #expect(try File.readText(path, limit: 1 << 20) == text)
    }
}
