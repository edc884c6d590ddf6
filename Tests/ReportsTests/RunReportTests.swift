import Checkpoints
import Configuration
import Kernels
import Reports
import System
import TestSupport
import Testing

/// Reports of run directories in which there is little, and the card beside them.
@Suite struct RunReportTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try Directory.create(directory.file("run"))
        try directory.write("run/job.json5", #"{name: "a </script> b", epochs: 3}"#)
        try directory.write(
            "run/log.jsonl",
            #"{"time":"2026-11-30T12:00:00.000Z","level":"info","source":"coordinator","#
                + #""event":"worker_joined","worker":1,"name":"w/1","address":"10.0.0.1","message":"w"}"#
                + "\n")
        try directory.write(
            "run/metrics.jsonl",
            (1...3).map {
                #"{"kind":"epoch","epoch":\#($0),"step":\#(4 * $0),"train":{"loss":\#(1.0 / Double($0))},"#
                    + #""validation":null,"seconds":\#($0)}"# + "\n"
            }.joined())
    }

    private var run: String { directory.file("run") }

    private func report(_ limits: ReportLimits = ReportLimits(training: nil)) throws -> (
        html: String, leftOut: [String]
    ) {
        let lanes = LanePool(lanes: 1)
        defer { lanes.close() }
        let report = try RunReport(run, limits, lanes: lanes, program: "program 1")
        let written = try report.write()
        let (path, leftOut) = (written.path, written.leftOut)
        #expect(path == directory.file("run/report.html"))
        #expect(try File.permissions(path) == 0o600)
        return (try File.readText(path, limit: 1 << 24), leftOut)
    }

    @Test func aRunWithoutACheckpointHasItsCourse() async throws {
        try await onThread {
            let (html, leftOut) = try report()
            #expect(leftOut.count == 1 && leftOut[0].hasPrefix("evaluation: "), "\(leftOut)")
            #expect(html.contains(#""state":"interrupted""#) && html.contains(#""id":"train.loss""#))
            #expect(html.contains(#""name":"w/1""#) && html.contains(#""step":12"#))
            #expect(html.contains(#"a \u003c/script> b"#) && !html.contains("a </script> b"))
        }
    }

    @Test func aFileThatIsTooLargeLosesItsDrawings() async throws {
        try await onThread {
            var limits = ReportLimits(training: nil)
            limits.bytes = 1
            let html = try report(limits).html
            // The text about the file itself stays.
            #expect(html.contains("About this file"))
        }
    }

    @Test func whatIsNoRunIsRefused() async throws {
        try await onThread {
            try Directory.create(directory.file("empty"))
            let lanes = LanePool(lanes: 1)
            defer { lanes.close() }
            #expect(throws: CheckpointError.self) {
                _ = try RunReport(
                    directory.file("empty"), ReportLimits(training: nil), lanes: lanes, program: "p")
            }
        }
    }

    @Test func timeIsATenthOrFiveSeconds() {
        #expect(ReportLimits(training: 10).seconds == 5 && ReportLimits(training: 100).seconds == 10)
        #expect(ReportLimits(training: nil).seconds == nil)
    }

    // MARK: The card

    @Test func aCardReplacesACardAndNothingElse() async throws {
        try await onThread {
            let path = directory.file("run/README.md")
            _ = try report()
            let card = try File.readText(path, limit: 1 << 20)
            #expect(card.hasPrefix(ModelCard.marker + "\n\n# a &lt;/script&gt; b\n"), "\(card)")
            #expect(card.contains("Its training by dist-train was interrupted."))
            #expect(card.contains("run/job.json5"))
            try File.writeAtomically(card + "more\n", to: path)
            _ = try report()
            #expect(try File.readText(path, limit: 1 << 20) == card)
            for own in ["# mine\n", "\n" + card] {
                try File.writeAtomically(own, to: path)
                _ = try report()
                #expect(try File.readText(path, limit: 1 << 20) == own)
            }
        }
    }
}
