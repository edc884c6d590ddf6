import System
import TestSupport
import Testing

/// A run that version 0.2.0 began is ended as that version would have ended it, though defaults have changed
/// since: the number of microbatches (`batch.microbatches`) and the tensors that AdamW decays.
@Suite struct EarlierVersionTests {
    /// The hash with which version 0.2.0 ended the job, with 1 and with 2 workers.
    private static let hash = "57cbed07aecdca04fd2abb212f4b9c74d2949f4796fc01d0acf59e722259ff9c"

    private static let fixture = Path.join(
        Path.directory(of: Path.directory(of: #filePath)), "Fixtures/run-of-0.2")

    /// A copy of the run directory, which belongs to nobody else.
    private static func copy(into directory: TemporaryDirectory) throws -> String {
        let copy = try ChildProcess(
            "/bin/cp", ["-r", Path.join(fixture, "run"), directory.file("run")],
            environment: Program.environment(directory.path))
        #expect(copy.wait(seconds: 30) == .exited(0))
        let mode = try ChildProcess(
            "/bin/chmod", ["700", directory.file("run")], environment: Program.environment(directory.path))
        #expect(mode.wait(seconds: 30) == .exited(0))
        return directory.file("run")
    }

    private static func resume(_ workers: Int, _ more: [String], in directory: TemporaryDirectory) throws
        -> Program.Finished
    {
        try Program.run(
            [
                "run", Path.join(fixture, "job.json5"), "--resume", "--run-dir", copy(into: directory),
                "--workers", "\(workers)", "--json",
            ] + more, in: directory.path)
    }

    @Test(arguments: [1, 2, 3]) func resumesToItsHash(workers: Int) throws {
        let directory = try TemporaryDirectory()
        let finished = try Self.resume(workers, [], in: directory)
        #expect(finished.status == .exited(0), "\(finished.errors)")
        #expect(field("steps", in: finished.output) == "36")
        #expect(field("state_sha256", in: finished.output) == Self.hash)
    }

    /// A value in the config counts, and must be what it was.
    @Test(arguments: [
        ("batch.microbatches=8", "batch.microbatches is 8, was 2"),
        (
            #"optimizer.adamw.weight_decay_on="all""#,
            #"optimizer.adamw.weight_decay_on is "all", was "weights""#
        ),
    ])
    func anotherJobIsRefused(setting: String, difference: String) throws {
        let directory = try TemporaryDirectory()
        let finished = try Self.resume(1, ["--set", setting], in: directory)
        #expect(finished.status == .exited(1), "\(finished.errors)")
        #expect(finished.errors.contains(difference), "\(finished.errors)")
    }

    /// The run's own values are written down now.
    @Test func theResumedJobIsComplete() throws {
        let directory = try TemporaryDirectory()
        _ = try Self.resume(1, [], in: directory)
        let job = try File.readText(Path.join(directory.file("run"), "job.json5"), limit: 1 << 20)
        #expect(job.contains(#""batch": {"size": 64, "microbatches": 2}"#), "\(job)")
        #expect(job.contains(#""weight_decay_on": "weights""#), "\(job)")
    }
}
